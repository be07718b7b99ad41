//! The arguments of the commands that need libtorch.
//!
//! Plain data, compiled without libtorch too: `enasc` shows them in its help and
//! hands them to `enasc-torch`, which reads the same command line and runs them.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use crate::data::DataSpec;
use crate::recipe::StrategyName;
use crate::table::TableSpec;

/// The commands that train.
#[derive(Clone, Debug, Subcommand)]
pub enum TorchCommand {
    /// Search a space: train shared weights and a controller, derive the best architecture
    #[command(
        after_help = "Examples:\n  enasc search spaces/tiny.enas --data synthetic --out runs/tiny --epochs 2\n  enasc search spaces/enas_macro.enas \\\n      --data cifar10:data/cifar10 --recipe paper --out runs/macro\n  enasc search spaces/tiny.enas \\\n      --data synthetic --out runs/tiny --epochs 4 --resume"
    )]
    Search(SearchArgs),
    /// Derive the best architecture of a search anew, with more samples or more images
    #[command(after_help = "Examples:\n  enasc derive runs/tiny --samples 100")]
    Derive(DeriveArgs),
    /// Train one architecture, from scratch or from shared weights, and test it
    #[command(
        after_help = "Examples:\n  enasc train spaces/tiny.enas \\\n      --arch runs/tiny/best.json --data synthetic --out runs/final"
    )]
    Train(TrainArgs),
    /// Test a trained network from its saved weights
    #[command(after_help = "Examples:\n  enasc eval runs/final --data synthetic")]
    Eval(EvalArgs),
    /// Say how likely a searched policy makes an architecture, decision by decision
    #[command(
        after_help = "Examples:\n  enasc score spaces/tiny.enas --arch runs/tiny/best.json --run runs/tiny"
    )]
    Score(ScoreArgs),
    /// Train some architectures of a search from scratch: do its shared weights rank them so?
    #[command(after_help = "Examples:\n  enasc correlate runs/tiny -k 20 --epochs 2")]
    Correlate(CorrelateArgs),
}

/// A space: a file and what is set in it.
#[derive(Clone, Debug, Args)]
pub struct SpaceArgs {
    /// The space, a .enas file; - reads standard input
    pub file: PathBuf,
    /// Set a parameter of the space
    #[arg(long, value_name = "NAME=VALUE", value_parser = name_value)]
    pub set: Vec<(String, String)>,
    /// Which space, where the file has several
    #[arg(long, value_name = "NAME")]
    pub space: Option<String>,
}

/// Where and how a run computes; none of it is a hyperparameter.
#[derive(Clone, Debug, Args)]
pub struct MachineArgs {
    /// Where tensors live; auto takes CUDA where there is one
    #[arg(long, value_enum, default_value_t = DeviceArg::Auto)]
    pub device: DeviceArg,
    /// Threads of libtorch: all cores by default; with 1 a run is repeatable to the byte
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t = FormatArg::Human)]
    pub format: FormatArg,
}

/// Hyperparameters.
#[derive(Clone, Debug, Args)]
pub struct RecipeArgs {
    /// Hyperparameters: a recipe of `enasc recipe list`, the space's own one of that ending
    /// (paper, official), a TOML file, or the config.json of a run; later ones go before
    #[arg(long, alias = "config", value_name = "NAME|FILE")]
    pub recipe: Vec<String>,
    /// Set one hyperparameter by its path, such as shared.batch=64
    #[arg(long, value_name = "PATH=VALUE", value_parser = name_value)]
    pub with: Vec<(String, String)>,
    /// Epochs
    #[arg(long, value_name = "N")]
    pub epochs: Option<u64>,
    /// From which everything random is drawn
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Of which numbers convolutions and matrix products are made: f32, or bf16 of half the
    /// size, for GPUs
    #[arg(long, value_enum)]
    pub precision: Option<PrecisionArg>,
}

/// The folder of a run.
#[derive(Clone, Debug, Args)]
pub struct OutArgs {
    /// The run folder to make
    #[arg(long, value_name = "RUN")]
    pub out: PathBuf,
    /// Go on with the run in that folder, from its last checkpoint
    #[arg(long)]
    pub resume: bool,
    /// Train no longer than this, such as 90m or 2h, then go on with what was learnt
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub time_limit: Option<Duration>,
    /// Write the metrics for TensorBoard too, into the run folder
    #[arg(long)]
    pub tensorboard: bool,
}

/// `enasc search`
#[derive(Clone, Debug, Args)]
pub struct SearchArgs {
    /// What is searched.
    #[command(flatten)]
    pub space: SpaceArgs,
    /// The data, such as cifar10:PATH, fashion-mnist:FOLDER, images:FOLDER,size=32, text:PATH or synthetic
    #[arg(long, value_name = "KIND:PATH", required_unless_present = "reward")]
    pub data: Option<DataSpec>,
    /// Judge architectures by a table of results, and train no weights; behind the file may stand
    /// ,map=FILE.toml and ,score=COLUMN
    #[arg(long, value_name = "table:FILE.csv", conflicts_with = "data")]
    pub reward: Option<TableSpec>,
    /// Who proposes architectures: a trained policy (the default), chance, or evolution
    #[arg(long, value_enum)]
    pub strategy: Option<StrategyName>,
    /// Where it goes.
    #[command(flatten)]
    pub out: OutArgs,
    /// Hyperparameters.
    #[command(flatten)]
    pub recipe: RecipeArgs,
    /// The machine.
    #[command(flatten)]
    pub machine: MachineArgs,
}

/// `enasc derive`
#[derive(Clone, Debug, Args)]
pub struct DeriveArgs {
    /// The run folder of a search
    pub run: PathBuf,
    /// How many architectures to sample
    #[arg(long, short = 'n', value_name = "N")]
    pub samples: Option<usize>,
    /// Score on so many validation images or tokens; 0 takes all
    #[arg(long, alias = "images", value_name = "N")]
    pub examples: Option<usize>,
    /// Compare so many architectures of the strategy with as many uniform ones; 0: none
    #[arg(long, value_name = "K")]
    pub compare: Option<usize>,
    /// Where the data of the search is now, if it moved
    #[arg(long, value_name = "KIND:PATH")]
    pub data: Option<DataSpec>,
    /// The machine.
    #[command(flatten)]
    pub machine: MachineArgs,
}

/// `enasc train`
#[derive(Clone, Debug, Args)]
pub struct TrainArgs {
    /// The space that the architecture is of.
    #[command(flatten)]
    pub space: SpaceArgs,
    /// The architecture: a file such as RUN/best.json, the text itself, or - for standard input
    #[arg(long, value_name = "A")]
    pub arch: String,
    /// Start from the shared weights of a search of this space, not from scratch
    #[arg(long, value_name = "RUN")]
    pub inherit: Option<PathBuf>,
    /// The data, such as cifar10:PATH, fashion-mnist:FOLDER, images:FOLDER,size=32, text:PATH or synthetic
    #[arg(long, value_name = "KIND:PATH")]
    pub data: DataSpec,
    /// Where it goes.
    #[command(flatten)]
    pub out: OutArgs,
    /// Hyperparameters.
    #[command(flatten)]
    pub recipe: RecipeArgs,
    /// The machine.
    #[command(flatten)]
    pub machine: MachineArgs,
}

/// `enasc eval`
#[derive(Clone, Debug, Args)]
pub struct EvalArgs {
    /// The run folder of a training
    pub run: PathBuf,
    /// The data whose test part is looked at, named as for `enasc train`
    #[arg(long, value_name = "KIND:PATH")]
    pub data: DataSpec,
    /// The machine.
    #[command(flatten)]
    pub machine: MachineArgs,
}

/// `enasc score`
#[derive(Clone, Debug, Args)]
pub struct ScoreArgs {
    /// The space that was searched.
    #[command(flatten)]
    pub space: SpaceArgs,
    /// The architecture: a file such as RUN/best.json, the text itself, or - for standard input
    #[arg(long, value_name = "A")]
    pub arch: String,
    /// The run folder of the search
    #[arg(long, value_name = "RUN")]
    pub run: PathBuf,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t = FormatArg::Human)]
    pub format: FormatArg,
}

/// `enasc correlate`
#[derive(Clone, Debug, Args)]
pub struct CorrelateArgs {
    /// The run folder of a search
    pub run: PathBuf,
    /// How many architectures: half of the strategy, half uniform
    #[arg(short, value_name = "K", default_value_t = 20)]
    pub k: usize,
    /// Epochs of each from scratch; retrain.epochs of the search unless given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub epochs: Option<u64>,
    /// Where the data of the search is now, if it moved
    #[arg(long, value_name = "KIND:PATH")]
    pub data: Option<DataSpec>,
    /// The machine.
    #[command(flatten)]
    pub machine: MachineArgs,
}

/// Where tensors live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DeviceArg {
    /// The processor
    Cpu,
    /// The first CUDA device
    Cuda,
    /// CUDA where there is one, else the processor
    Auto,
}

/// Of which numbers products are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PrecisionArg {
    /// Single precision
    F32,
    /// bfloat16: half the size, three digits
    Bf16,
}

/// How a result is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FormatArg {
    /// For people
    Human,
    /// One JSON object
    Json,
}

pub(super) fn name_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok((name.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err("write it as NAME=VALUE".to_owned()),
    }
}

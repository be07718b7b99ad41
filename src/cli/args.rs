//! The command line as data: every flag of every command is declared here, in
//! [`super::tool_args`] and, for the commands that train, in [`super::torch_args`].
//!
//! The examples in the help are run by a test.

use std::path::PathBuf;

use num_bigint::BigUint;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::run_args::{ReportArgs, WatchArgs};
use super::tool_args::{CompletionsArgs, DescribeArgs, DiffArgs, ManArgs, NewArgs};
use super::torch_args::{FormatArg, SpaceArgs, TorchCommand, name_value};
use crate::budget::Bound;
use crate::diagnostic::render::Style;
use crate::encoding::Encoding;
use crate::export::Format;

/// What the help of `enasc` ends with.
pub(super) const EXIT_CODES: &str = "\
Exit codes:
  0    what was asked for is done
  1    it could not be done, or something is wrong with the files; standard error says what
  2    the command line is wrong
  130  a search or training was stopped by Ctrl-C or a signal, and goes on with --resume

`enasc COMMAND --help` shows examples; docs/commands.md has all commands on one page.";

/// A compiler for neural-architecture search spaces, and ENAS on every space that compiles
#[derive(Clone, Debug, Parser)]
#[command(name = "enasc", version, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Cli {
    /// Colour in messages; auto: on a terminal, unless `NO_COLOR` is set
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "auto|always|never",
        hide_possible_values = true,
        default_value_t = ColorArg::Auto
    )]
    pub color: ColorArg,
    /// Say nothing but results and what is wrong: no warnings, no progress, no hints
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Say also what is read, compiled, started and written
    #[arg(long, short, global = true, conflicts_with = "quiet")]
    pub verbose: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// A command.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Check spaces: say everything that is wrong with them
    #[command(
        after_help = "Examples:\n  enasc check spaces/*.enas\n  enasc check spaces/enas_macro.enas --set layers=6 --format json\n  enasc check spaces/enas_micro.enas --budget params=10M,activations=200MB"
    )]
    Check(CheckArgs),
    /// Format files: blanks and line breaks, nothing else
    #[command(
        after_help = "Examples:\n  enasc fmt --check spaces/*.enas\n  enasc fmt - < spaces/tiny.enas"
    )]
    Fmt(FmtArgs),
    /// Explain a diagnostic: why it is one, a wrong example and a right one
    #[command(after_help = "Examples:\n  enasc explain shape::candidates_differ\n  enasc explain")]
    Explain(ExplainArgs),
    /// Count the architectures of a space: exactly, or saying that it is an estimate
    #[command(
        after_help = "Examples:\n  enasc count spaces/enas_macro.enas --set layers=6\n  enasc count spaces/tiny.enas --unique\n  enasc count spaces/nasbench101.enas --explain"
    )]
    Count(CountArgs),
    /// Draw architectures at random, one a line, or print the one of a number
    #[command(
        after_help = "Examples:\n  enasc sample spaces/enas_macro.enas -n 5 --seed 1\n  enasc sample spaces/nasbench101.enas --uniform --format json\n  enasc sample spaces/tiny.enas --index 7"
    )]
    Sample(SampleArgs),
    /// Print the number of an architecture, from 0; `sample --index` is the way back
    #[command(
        after_help = "Examples:\n  enasc sample spaces/tiny.enas | enasc rank spaces/tiny.enas --arch -"
    )]
    Rank(RankArgs),
    /// List all architectures of a space in the order of their numbers
    #[command(
        after_help = "Examples:\n  enasc enumerate spaces/tiny.enas\n  enasc enumerate spaces/enas_macro.enas --limit 10 --format json"
    )]
    Enumerate(EnumerateArgs),
    /// Count parameters, FLOPs, nodes and edges, of a space or of one architecture
    #[command(
        after_help = "Examples:\n  enasc stats spaces/enas_macro.enas\n  enasc stats spaces/tiny.enas --range\n  enasc sample spaces/tiny.enas | enasc stats spaces/tiny.enas --arch -"
    )]
    Stats(StatsArgs),
    /// Write a new space from a template, and say what to do next
    #[command(
        after_help = "Examples:\n  enasc new my_space\n  enasc new my_cell.enas --template recurrent\n  enasc new --list"
    )]
    New(NewArgs),
    /// Tell an architecture in words: what each node computes of what, and what it costs
    #[command(
        after_help = "Examples:\n  enasc describe spaces/tiny.enas \\\n      --arch 'h[1].f=max3 h[1].skips={} h[2].f=conv3 h[2].skips={0}'\n  enasc sample spaces/enas_micro.enas \\\n      | enasc describe spaces/enas_micro.enas --arch -"
    )]
    Describe(DescribeArgs),
    /// Say how two architectures of a space differ, decision by decision and in cost; or two spaces
    #[command(
        after_help = "Examples:\n  enasc sample spaces/tiny.enas \\\n      | enasc diff spaces/tiny.enas - \\\n      'h[1].f=max3 h[1].skips={} h[2].f=conv3 h[2].skips={0}'\n  enasc diff spaces/enas_micro.enas spaces/enas_micro_final.enas\n  enasc diff spaces/tiny.enas spaces/tiny.enas --other-set width=16"
    )]
    Diff(DiffArgs),
    /// Draw a space, the network of one architecture, or that in its space
    #[command(
        after_help = "Examples:\n  enasc graph spaces/tiny.enas --format svg -o tiny.svg\n  enasc sample spaces/tiny.enas \\\n      | enasc graph spaces/tiny.enas --arch - --inside --format svg -o a.svg\n  enasc graph spaces/tiny.enas | dot -Tsvg -o operations.svg\n  enasc sample spaces/tiny.enas \\\n      | enasc graph spaces/tiny.enas --arch - --format json"
    )]
    Graph(GraphArgs),
    /// Read an architecture from a published notation
    #[command(
        after_help = "Examples:\n  enasc import spaces/enas_rnn.enas --set n=4 --encoding enas '0 0 1 1 1 0 0'"
    )]
    Import(ImportArgs),
    /// Write an architecture in a published notation
    #[command(
        after_help = "Examples:\n  enasc sample spaces/darts_cnn.enas \\\n      | enasc encode spaces/darts_cnn.enas --encoding darts --arch -"
    )]
    Encode(EncodeArgs),
    /// Write an architecture as a network for other programs: a PyTorch module, ONNX, weights
    #[command(
        after_help = "Examples:\n  enasc sample spaces/tiny.enas \\\n      | enasc export spaces/tiny.enas --arch - --to onnx -o tiny.onnx\n  enasc export spaces/tiny.enas --arch runs/tiny/best.json \\\n      --weights runs/tiny-best --to pytorch -o tiny.py"
    )]
    Export(ExportArgs),
    /// Show what one stage of the compiler makes of a file
    #[command(
        after_help = "Examples:\n  enasc dump spaces/tiny.enas --stage space\n  enasc dump spaces/tiny.enas --stage plan"
    )]
    Dump(DumpArgs),
    /// Recipes: all hyperparameters of a search and of a training, by name or in files
    #[command(
        subcommand,
        after_help = "Examples:\n  enasc recipe list\n  enasc recipe show enas-rnn-paper"
    )]
    Recipe(RecipeCommand),
    /// Write a page about a run: curves, what its strategy prefers, the best architectures
    #[command(after_help = "Examples:\n  enasc report runs/tiny -o tiny.html")]
    Report(ReportArgs),
    /// Watch a run in the terminal until it ends
    #[command(after_help = "Examples:\n  enasc watch runs/tiny\n  enasc watch runs/tiny --once")]
    Watch(WatchArgs),
    /// Serve an editor: diagnostics, hovers, renames and more, as it asks for them
    #[command(
        after_help = "Examples:\n  enasc lsp\n\nAn editor starts it: docs/editors.md tells how VS Code, Neovim and Helix do."
    )]
    Lsp(LspArgs),
    /// Say what a search depends on: versions, libtorch, CUDA, memory, disk
    #[command(after_help = "Examples:\n  enasc doctor\n  enasc doctor --format json")]
    Doctor(DoctorArgs),
    /// Write what a shell needs to complete the command line of enasc
    #[command(
        after_help = "Examples:\n  enasc completions bash > ~/.local/share/bash-completion/completions/enasc\n  enasc completions zsh > _enasc\n  enasc completions fish > enasc.fish"
    )]
    Completions(CompletionsArgs),
    /// Write man pages: one of enasc and one of each command
    #[command(after_help = "Examples:\n  enasc man -o man1\n  enasc man search | man -l -")]
    Man(ManArgs),
    /// The commands that need libtorch.
    #[command(flatten)]
    Torch(Box<TorchCommand>),
}

/// `enasc check`
#[derive(Clone, Debug, Args)]
pub struct CheckArgs {
    /// The spaces, .enas files; - reads standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Set a parameter of every space
    #[arg(long, value_name = "NAME=VALUE", value_parser = name_value)]
    pub set: Vec<(String, String)>,
    /// Warn where a space needs more: shared `params`, or `activations` of one architecture and
    /// one example, in numbers (K, M, G) or bytes (KB, MB, GB) of 4 a number
    #[arg(long, value_name = "OF=SIZE,..", value_delimiter = ',')]
    pub budget: Vec<Bound>,
    /// Check only this space of a file that has several
    #[arg(long, value_name = "NAME")]
    pub space: Option<String>,
    /// How diagnostics are printed
    #[arg(long, value_enum, default_value_t = CheckFormatArg::Human)]
    pub format: CheckFormatArg,
}

/// `enasc fmt`
#[derive(Clone, Debug, Args)]
pub struct FmtArgs {
    /// .enas files, which are rewritten; - reads standard input and writes standard output
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Write nothing, show what would change, and fail if anything would
    #[arg(long)]
    pub check: bool,
    /// json: an object a file, in one array
    #[arg(long, value_enum, default_value_t = FormatArg::Human)]
    pub format: FormatArg,
}

/// `enasc lsp`
#[derive(Clone, Debug, Args)]
pub struct LspArgs {
    /// Over standard input and output, which is the only way; some editors say so
    #[arg(long)]
    pub stdio: bool,
}

/// `enasc explain`
#[derive(Clone, Debug, Args)]
pub struct ExplainArgs {
    /// The code that stands above a message, such as `names::unknown`; without it, all are listed
    #[arg(value_name = "CODE")]
    pub code: Option<String>,
    /// How the page or the list is printed
    #[arg(long, value_enum, default_value_t = FormatArg::Human)]
    pub format: FormatArg,
}

/// `enasc count`
#[derive(Clone, Debug, Args)]
pub struct CountArgs {
    /// What is counted.
    #[command(flatten)]
    pub space: SpaceArgs,
    /// Say of which factors the number is the product, and how it was found
    #[arg(long, conflicts_with = "unique")]
    pub explain: bool,
    /// Count the networks that differ in more than the names of their nodes: by
    /// building all where they are few enough; of more, an estimate
    #[arg(long)]
    pub unique: bool,
    /// How the count is printed
    #[arg(long, value_enum, default_value_t = FormatArg::Human)]
    pub format: FormatArg,
}

/// `enasc sample`
#[derive(Clone, Debug, Args)]
pub struct SampleArgs {
    /// What is sampled.
    #[command(flatten)]
    pub space: SpaceArgs,
    /// How many
    #[arg(short, value_name = "N", default_value_t = 1)]
    pub n: u64,
    /// From which they are drawn; a greater N only adds lines
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub seed: u64,
    /// Draw every architecture as often; without it every decision is uniform
    #[arg(long)]
    pub uniform: bool,
    /// Print the architecture of this number, from 0, and draw none
    #[arg(long, value_name = "I", conflicts_with_all = ["n", "seed", "uniform"])]
    pub index: Option<BigUint>,
    /// human: a line of path=choice; json: an object a line
    #[arg(long, value_enum, default_value_t = FormatArg::Human)]
    pub format: FormatArg,
}

/// `enasc rank`
#[derive(Clone, Debug, Args)]
pub struct RankArgs {
    /// The space.
    #[command(flatten)]
    pub space: SpaceArgs,
    /// The architecture: a file such as RUN/best.json, the text itself, or - for standard input
    #[arg(long, value_name = "A")]
    pub arch: String,
    /// How the number is printed
    #[arg(long, value_enum, default_value_t = FormatArg::Human)]
    pub format: FormatArg,
}

/// `enasc enumerate`
#[derive(Clone, Debug, Args)]
pub struct EnumerateArgs {
    /// What is listed.
    #[command(flatten)]
    pub space: SpaceArgs,
    /// The first so many; without it all, if they are no more than a million
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
    /// human: a line of path=choice; json: an object a line
    #[arg(long, value_enum, default_value_t = FormatArg::Human)]
    pub format: FormatArg,
}

/// `enasc stats`
#[derive(Clone, Debug, Args)]
pub struct StatsArgs {
    /// What is measured.
    #[command(flatten)]
    pub space: SpaceArgs,
    /// Of this architecture alone.
    #[command(flatten)]
    pub architecture: ArchArgs,
    /// The least and the greatest that any architecture costs, each with one that does
    #[arg(long, conflicts_with = "arch")]
    pub range: bool,
    /// How the numbers are printed
    #[arg(long, value_enum, default_value_t = FormatArg::Human)]
    pub format: FormatArg,
}

/// `enasc graph`
#[derive(Clone, Debug, Args)]
pub struct GraphArgs {
    /// What is drawn.
    #[command(flatten)]
    pub space: SpaceArgs,
    /// Of this architecture alone.
    #[command(flatten)]
    pub architecture: ArchArgs,
    /// The whole space, with what the architecture has of it marked
    #[arg(long, requires = "arch")]
    pub inside: bool,
    /// How it is written
    #[arg(long, value_enum, default_value_t = GraphFormatArg::Dot)]
    pub format: GraphFormatArg,
    /// The file to write; without it, standard output
    #[arg(short, long, value_name = "OUT")]
    pub out: Option<PathBuf>,
}

/// `enasc import`
#[derive(Clone, Debug, Args)]
pub struct ImportArgs {
    /// Whose architecture it is.
    #[command(flatten)]
    pub space: SpaceArgs,
    /// The architecture in that notation; - reads standard input
    pub text: String,
    /// The notation
    #[arg(long, value_enum)]
    pub encoding: EncodingArg,
    /// human: a line of path=choice; json: an architecture file
    #[arg(long, value_enum, default_value_t = FormatArg::Human)]
    pub format: FormatArg,
    /// The file to write; without it, standard output
    #[arg(short, long, value_name = "OUT")]
    pub out: Option<PathBuf>,
}

/// `enasc encode`
#[derive(Clone, Debug, Args)]
pub struct EncodeArgs {
    /// Whose architecture it is.
    #[command(flatten)]
    pub space: SpaceArgs,
    /// The architecture: a file such as RUN/best.json, the text itself, or - for standard input
    #[arg(long, value_name = "A")]
    pub arch: String,
    /// The notation
    #[arg(long, value_enum)]
    pub encoding: EncodingArg,
    /// human: the notation alone
    #[arg(long, value_enum, default_value_t = FormatArg::Human)]
    pub format: FormatArg,
    /// The file to write; without it, standard output
    #[arg(short, long, value_name = "OUT")]
    pub out: Option<PathBuf>,
}

/// `enasc export`
#[derive(Clone, Debug, Args)]
pub struct ExportArgs {
    /// Whose architecture it is.
    #[command(flatten)]
    pub space: SpaceArgs,
    /// The architecture: a file such as RUN/best.json, the text itself, or - for standard input
    #[arg(long, value_name = "A")]
    pub arch: String,
    /// The run folder of its training, or of a search (with its shared weights); without it,
    /// weights are drawn as a training would begin with
    #[arg(long, value_name = "RUN")]
    pub weights: Option<PathBuf>,
    /// From which weights are drawn
    #[arg(
        long,
        value_name = "S",
        default_value_t = 0,
        conflicts_with = "weights"
    )]
    pub seed: u64,
    /// What it becomes
    #[arg(long, value_enum)]
    pub to: ExportFormatArg,
    /// The file to write; of PyTorch, the weights go beside it, as OUT with the ending .safetensors
    #[arg(short, long, value_name = "OUT")]
    pub out: PathBuf,
    /// human: nothing; json: which files were written
    #[arg(long, value_enum, default_value_t = FormatArg::Human)]
    pub format: FormatArg,
}

/// `enasc dump`
#[derive(Clone, Debug, Args)]
pub struct DumpArgs {
    /// What is dumped.
    #[command(flatten)]
    pub space: SpaceArgs,
    /// Which stage
    #[arg(long, value_enum)]
    pub stage: StageArg,
    /// How space and plan are printed; ast and graph are JSON always
    #[arg(long, value_enum, default_value_t = FormatArg::Human)]
    pub format: FormatArg,
}

/// `enasc recipe`
#[derive(Clone, Debug, Subcommand)]
pub enum RecipeCommand {
    /// List the recipes that are part of enasc: those of the paper and of the authors' code
    #[command(after_help = "Examples:\n  enasc recipe list\n  enasc recipe list --format json")]
    List(RecipeListArgs),
    /// Print a recipe with its comments, or all hyperparameters as they are with it
    #[command(
        after_help = "Examples:\n  enasc recipe show enas-macro-paper\n  enasc recipe show enas-macro-paper --with shared.epochs=20"
    )]
    Show(RecipeShowArgs),
}

/// `enasc recipe list`
#[derive(Clone, Debug, Args)]
pub struct RecipeListArgs {
    /// How the list is printed
    #[arg(long, value_enum, default_value_t = FormatArg::Human)]
    pub format: FormatArg,
}

/// `enasc recipe show`
#[derive(Clone, Debug, Args)]
pub struct RecipeShowArgs {
    /// A recipe of `enasc recipe list`, a TOML file, or the config.json of a run
    #[arg(value_name = "NAME|FILE")]
    pub recipe: String,
    /// Print all hyperparameters, with the defaults (of images) for those that it leaves out
    #[arg(long)]
    pub resolved: bool,
    /// Set one hyperparameter by its path, and print all
    #[arg(long, value_name = "PATH=VALUE", value_parser = name_value)]
    pub with: Vec<(String, String)>,
    /// json: what it says as one object, or all hyperparameters
    #[arg(long, value_enum, default_value_t = FormatArg::Human)]
    pub format: FormatArg,
}

/// `enasc doctor`
#[derive(Clone, Debug, Args)]
pub struct DoctorArgs {
    /// How the facts are printed
    #[arg(long, value_enum, default_value_t = FormatArg::Human)]
    pub format: FormatArg,
}

/// One architecture of a space, or none.
#[derive(Clone, Debug, Args)]
pub struct ArchArgs {
    /// One architecture: a file such as RUN/best.json, the text itself, or - for standard input
    #[arg(long, value_name = "A")]
    pub arch: Option<String>,
}

/// Colour or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ColorArg {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl ColorArg {
    /// How messages on standard error look.
    #[must_use]
    pub fn style(self) -> Style {
        match self {
            Self::Auto => Style::for_stderr(),
            Self::Always => Style::Colour,
            Self::Never => Style::Plain,
        }
    }
}

/// How diagnostics are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CheckFormatArg {
    /// For people
    Human,
    /// One JSON array
    Json,
    /// One SARIF 2.1.0 log, for code hosts and editors
    Sarif,
}

/// How a network is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum GraphFormatArg {
    /// For Graphviz, every operation
    Dot,
    /// One JSON object, every operation
    Json,
    /// A picture that browsers show: elements, cells and their choices
    Svg,
    /// The same for Mermaid, for Markdown
    Mermaid,
}

/// What a network becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportFormatArg {
    /// A PyTorch module in one Python file that needs torch alone, and its weights
    Pytorch,
    /// An ONNX model with its weights, opset 17
    Onnx,
    /// The weights, by the names that they have in that module
    Safetensors,
    /// The graph: operations, shapes, edges, parameters
    Json,
}

impl From<ExportFormatArg> for Format {
    fn from(arg: ExportFormatArg) -> Self {
        match arg {
            ExportFormatArg::Pytorch => Self::Pytorch,
            ExportFormatArg::Onnx => Self::Onnx,
            ExportFormatArg::Safetensors => Self::Safetensors,
            ExportFormatArg::Json => Self::Json,
        }
    }
}

/// A published notation of architectures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EncodingArg {
    /// Integer strings of the authors of ENAS: recurrent cell, macro space, micro space
    Enas,
    /// Genotypes of DARTS: `Genotype(normal=[..], ..)`, `Genotype(recurrent=[..], ..)`
    Darts,
    /// Strings of NAS-Bench-201: `|nor_conv_3x3~0|+|..|`
    Nasbench201,
}

impl From<EncodingArg> for Encoding {
    fn from(arg: EncodingArg) -> Self {
        match arg {
            EncodingArg::Enas => Self::Enas,
            EncodingArg::Darts => Self::Darts,
            EncodingArg::Nasbench201 => Self::Nasbench201,
        }
    }
}

/// A stage of the compiler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StageArg {
    /// The syntax tree, as JSON
    Ast,
    /// Parameters, decisions and their options, as text
    Space,
    /// The supergraph, as JSON
    Graph,
    /// The steps of the controller, as text
    Plan,
}

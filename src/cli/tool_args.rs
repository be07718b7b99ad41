//! The arguments of the commands that help to write, read and compare spaces and
//! architectures, and of those that set up a shell.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use clap_complete::Shell;

use super::torch_args::{FormatArg, SpaceArgs, name_value};

/// `enasc new`
#[derive(Clone, Debug, Args)]
pub struct NewArgs {
    /// What the space is called, or the file to write: NAME is written to NAME.enas
    #[arg(value_name = "NAME", required_unless_present = "list")]
    pub name: Option<PathBuf>,
    /// What the space begins as
    #[arg(long, short, value_enum, default_value_t = TemplateArg::Macro)]
    pub template: TemplateArg,
    /// List the templates, and write nothing
    #[arg(long, conflicts_with = "name")]
    pub list: bool,
    /// How the answer is printed
    #[arg(long, value_enum, default_value_t = FormatArg::Human)]
    pub format: FormatArg,
}

/// What a new space begins as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TemplateArg {
    /// A chain of linear layers: how wide each is and which function follows
    Mlp,
    /// An image network, layer by layer: operations and skips, as the macro space of ENAS
    Macro,
    /// Two cells that an image network repeats, as the micro space of ENAS
    Micro,
    /// The cell of a recurrent language model, as that of ENAS
    Recurrent,
    /// A chain of inverted residuals: kernels, expansions, depths, as in mobile networks
    Mobile,
}

/// `enasc describe`
#[derive(Clone, Debug, Args)]
pub struct DescribeArgs {
    /// The space.
    #[command(flatten)]
    pub space: SpaceArgs,
    /// The architecture: a file such as RUN/best.json, the text itself, or - for standard input
    #[arg(long, value_name = "A")]
    pub arch: String,
    /// How it is told
    #[arg(long, value_enum, default_value_t = FormatArg::Human)]
    pub format: FormatArg,
}

/// `enasc diff`
#[derive(Clone, Debug, Args)]
pub struct DiffArgs {
    /// The space.
    #[command(flatten)]
    pub space: SpaceArgs,
    /// An architecture of it: a file such as RUN/best.json, the text itself, or - for standard
    /// input. Where it is alone: another space, a .enas file
    #[arg(value_name = "A")]
    pub a: String,
    /// The architecture to compare it with
    #[arg(value_name = "B")]
    pub b: Option<String>,
    /// Set a parameter of the other space; --set is for the first
    #[arg(long, value_name = "NAME=VALUE", value_parser = name_value, conflicts_with = "b")]
    pub other_set: Vec<(String, String)>,
    /// Exit with 1 where they differ, as diff does; without it, 0
    #[arg(long)]
    pub exit_code: bool,
    /// How it is told
    #[arg(long, value_enum, default_value_t = FormatArg::Human)]
    pub format: FormatArg,
}

/// `enasc completions`
#[derive(Clone, Debug, Args)]
pub struct CompletionsArgs {
    /// For which shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// `enasc man`
#[derive(Clone, Debug, Args)]
pub struct ManArgs {
    /// The command whose page is printed; without it, that of enasc
    #[arg(value_name = "COMMAND", num_args = 0..)]
    pub command: Vec<String>,
    /// The folder to write all pages to; it is made if it is not there
    #[arg(short, long, value_name = "DIR", conflicts_with = "command")]
    pub out: Option<PathBuf>,
}

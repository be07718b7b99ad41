//! The arguments of the commands that look at runs.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

/// `enasc report`
#[derive(Clone, Debug, Args)]
pub struct ReportArgs {
    /// The run folder, of a search or a training
    pub run: PathBuf,
    /// The file to write; without it, standard output, unless that is a terminal
    #[arg(short, long, value_name = "OUT")]
    pub out: Option<PathBuf>,
}

/// `enasc watch`
#[derive(Clone, Debug, Args)]
pub struct WatchArgs {
    /// The run folder, of a search or a training
    pub run: PathBuf,
    /// Show it as it is now, and end
    #[arg(long)]
    pub once: bool,
    /// How often to look, such as 500ms or 1m
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = humantime::parse_duration)]
    pub every: Duration,
    /// So many columns, whatever the terminal has
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub width: Option<u16>,
}

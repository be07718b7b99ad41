//! `enasc`: parses the command line and runs it.

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    enasc::cli::run(&enasc::cli::args::Cli::parse())
}

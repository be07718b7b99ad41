//! The command line: what `enasc` does, one file a command.
//!
//! `args` declares every flag; `input` and `output` are where commands meet files
//! and streams. What a command finds out goes to standard output, what is wrong to
//! standard error. Exit codes: 0; 1 for an error; 2 for a wrong command line.

pub mod args;
mod check;
mod count;
mod doctor;
mod dump;
mod encode;
mod enumerate;
mod error;
mod explain;
mod export;
mod fmt;
mod graph;
mod import;
mod input;
mod launch;
mod output;
mod recipe;
mod report;
pub mod run_args;
mod sample;
mod stats;
#[cfg(feature = "torch")]
pub mod torch;
pub mod torch_args;
mod watch;

use std::io::{self, Write as _};
use std::process::ExitCode;

use args::{Cli, Command};
use error::CliError;

use crate::diagnostic::render::Style;

/// Runs a command line.
#[must_use]
pub fn run(cli: &Cli) -> ExitCode {
    let style = cli.color.style();
    let done = |result: Result<(), CliError>| result.map(|()| ExitCode::SUCCESS);
    let result = match &cli.command {
        Command::Check(args) => check::run(args, style),
        Command::Fmt(args) => fmt::run(args, style),
        Command::Explain(args) => done(explain::run(args)),
        Command::Count(args) => done(count::run(args, style)),
        Command::Sample(args) => done(sample::run(args, style)),
        Command::Rank(args) => done(enumerate::rank(args, style)),
        Command::Enumerate(args) => done(enumerate::enumerate(args, style)),
        Command::Stats(args) => done(stats::run(args, style)),
        Command::Graph(args) => done(graph::run(args, style)),
        Command::Import(args) => done(import::run(args, style)),
        Command::Encode(args) => done(encode::run(args, style)),
        Command::Export(args) => done(export::run(args, style)),
        Command::Dump(args) => done(dump::run(args, style)),
        Command::Recipe(command) => done(recipe::run(command)),
        Command::Report(args) => done(report::run(args)),
        Command::Watch(args) => done(watch::run(args, cli.color)),
        Command::Lsp(_) => done(crate::lsp::run().map_err(CliError::from)),
        Command::Doctor(args) => done(doctor::run(args)),
        Command::Torch(command) => launch::run(command),
    };
    match result {
        Ok(code) => code,
        Err(error) if error.is_broken_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            fail(&error, style);
            ExitCode::FAILURE
        }
    }
}

/// Says what went wrong, unless that was said already.
fn fail(error: &CliError, style: Style) {
    if matches!(error, CliError::Reported) {
        return;
    }
    let word = match style {
        Style::Colour => "\x1b[31merror:\x1b[0m",
        Style::Plain => "error:",
    };
    // Nothing is to be done where standard error is closed.
    let _ = writeln!(io::stderr(), "{word} {error}");
}

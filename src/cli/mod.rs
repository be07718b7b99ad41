//! The command line: what `enasc` does, one file a command.
//!
//! `args` declares every flag; `input` and `output` are where commands meet files
//! and standard output, `console` where they meet standard error. What a command finds
//! out goes to standard output, what is wrong to standard error. Exit codes: 0; 1 for
//! an error; 2 for a wrong command line; 130 for a training that was stopped.

pub mod args;
mod check;
mod completions;
pub mod console;
mod count;
mod describe;
mod diff;
mod doctor;
mod dump;
mod dump_json;
mod encode;
mod enumerate;
mod error;
mod explain;
mod export;
mod fmt;
mod formats;
mod graph;
mod import;
mod input;
mod launch;
mod man;
mod near;
mod new;
mod output;
mod recipe;
mod report;
pub mod run_args;
mod sample;
mod stats;
pub mod tool_args;
#[cfg(feature = "torch")]
pub mod torch;
pub mod torch_args;
mod watch;

use std::process::ExitCode;

use clap::Parser as _;
use serde_json::Value;

use args::{Cli, Command};
use console::{Console, error_in_json, say};
use error::CliError;

/// The exit code of a wrong command line.
const USAGE: u8 = 2;

/// Reads the command line of this process.
///
/// # Errors
/// When it is wrong, or asks for help: all is said, and the exit code is given.
pub fn parse() -> Result<Cli, ExitCode> {
    Cli::try_parse().map_err(|error| {
        if error.use_stderr() && formats::asks_for_json(std::env::args_os()) {
            let text = error.to_string();
            // What follows are tips and how the command is used.
            let message = text.split("\n\n").next().unwrap_or(&text);
            let words: Vec<&str> = message.split_whitespace().collect();
            let words = words.join(" ");
            let message = words.strip_prefix("error: ").unwrap_or(&words);
            say(&error_in_json(message, Value::Array(Vec::new())));
        } else {
            // Nothing is to be done where nobody reads.
            let _ = error.print();
        }
        if error.use_stderr() {
            ExitCode::from(USAGE)
        } else {
            ExitCode::SUCCESS
        }
    })
}

/// Runs a command line.
#[must_use]
pub fn run(cli: &Cli) -> ExitCode {
    let console = Console::of(cli);
    let done = |result: Result<(), CliError>| result.map(|()| ExitCode::SUCCESS);
    let result = match &cli.command {
        Command::Check(args) => check::run(args, console),
        Command::Fmt(args) => fmt::run(args, console),
        Command::Explain(args) => done(explain::run(args)),
        Command::Count(args) => done(count::run(args, console)),
        Command::Sample(args) => done(sample::run(args, console)),
        Command::Rank(args) => done(enumerate::rank(args, console)),
        Command::Enumerate(args) => done(enumerate::enumerate(args, console)),
        Command::Stats(args) => done(stats::run(args, console)),
        Command::New(args) => done(new::run(args, console)),
        Command::Describe(args) => done(describe::run(args, console)),
        Command::Diff(args) => diff::run(args, console),
        Command::Graph(args) => done(graph::run(args, console)),
        Command::Import(args) => done(import::run(args, console)),
        Command::Encode(args) => done(encode::run(args, console)),
        Command::Export(args) => done(export::run(args, console)),
        Command::Dump(args) => done(dump::run(args, console)),
        Command::Recipe(command) => done(recipe::run(command)),
        Command::Report(args) => done(report::run(args)),
        Command::Watch(args) => done(watch::run(args, cli.color)),
        Command::Lsp(_) => done(crate::lsp::run().map_err(CliError::from)),
        Command::Doctor(args) => done(doctor::run(args)),
        Command::Completions(args) => done(completions::run(args)),
        Command::Man(args) => done(man::run(args, console)),
        Command::Torch(command) => launch::run(command, console),
    };
    match result {
        Ok(code) => code,
        Err(error) if error.is_broken_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            console.fail(&error);
            ExitCode::FAILURE
        }
    }
}

//! `enasc completions`: the command line as a shell completes it.

use clap::CommandFactory as _;
use clap::builder::PossibleValuesParser;

use super::args::Cli;
use super::error::CliError;
use super::output::print_lines;
use super::tool_args::CompletionsArgs;
use crate::diagnostic::{Code, explain};

pub(super) fn run(args: &CompletionsArgs) -> Result<(), CliError> {
    // Any code may be asked for, so that a wrong one gets a better answer than clap's;
    // a shell offers those that there are.
    let codes = Code::ALL.iter().map(|&code| explain::short(code));
    let codes = PossibleValuesParser::new(codes);
    let mut command = Cli::command().mut_subcommand("explain", |explain| {
        explain.mut_arg("code", |code| code.value_parser(codes))
    });
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "enasc", &mut script);
    print_lines(|out| out.write_all(&script))
}

//! `enasc completions`: the command line as a shell completes it.

use clap::builder::PossibleValuesParser;
use clap::{Command, CommandFactory as _};
use clap_complete::Shell;

use super::args::Cli;
use super::error::CliError;
use super::output::print_lines;
use super::tool_args::CompletionsArgs;
use crate::data::DataSpec;
use crate::diagnostic::{Code, explain};
use crate::recipe::Preset;

pub(super) fn run(args: &CompletionsArgs) -> Result<(), CliError> {
    let mut command = with_values(Cli::command());
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "enasc", &mut script);
    if args.shell == Shell::Bash {
        let text = String::from_utf8_lossy(&script).replace("-F _enasc ", "-F _enasc_words ");
        script = (text + include_str!("words.bash")).into_bytes();
    }
    print_lines(|out| out.write_all(&script))
}

/// The command line with values that a shell offers, where others are taken too: a path
/// in place of the name of a recipe, or a code that does not exist, which gets a better
/// answer than clap's.
fn with_values(command: Command) -> Command {
    let codes = || PossibleValuesParser::new(Code::ALL.iter().map(|&code| explain::short(code)));
    let kinds = || {
        let written = |kind: &&'static str| match *kind {
            "synthetic" => "synthetic".to_owned(),
            kind => format!("{kind}:"),
        };
        PossibleValuesParser::new(DataSpec::KINDS.iter().map(written))
    };
    let names = || Preset::ALL.iter().map(|preset| preset.name);
    let recipes = || PossibleValuesParser::new(names().chain(["paper", "official"]));
    let inner = command.get_subcommands().flat_map(Command::get_subcommands);
    let commands: Vec<String> = command
        .get_subcommands()
        .chain(inner)
        .map(|command| command.get_name().to_owned())
        .collect();
    let has = |command: &Command, name| command.get_arguments().any(|arg| arg.get_id() == name);
    command.mut_subcommands(|mut command| {
        if has(&command, "data") {
            command = command.mut_arg("data", |data| data.value_parser(kinds()));
        }
        if has(&command, "recipe") {
            command = command.mut_arg("recipe", |recipe| recipe.value_parser(recipes()));
        }
        match command.get_name() {
            "explain" => command.mut_arg("code", |code| code.value_parser(codes())),
            "man" => {
                let commands = PossibleValuesParser::new(commands.clone());
                command.mut_arg("command", |words| words.value_parser(commands))
            }
            "recipe" => command.mut_subcommand("show", |show| {
                show.mut_arg("recipe", |recipe| {
                    recipe.value_parser(PossibleValuesParser::new(names()))
                })
            }),
            _ => command,
        }
    })
}

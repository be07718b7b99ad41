//! `enasc man`: the help of every command as man pages.

use std::fs;

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;

use super::args::Cli;
use super::console::Console;
use super::error::CliError;
use super::output::{print_lines, write_bytes};
use super::tool_args::ManArgs;

pub(super) fn run(args: &ManArgs, console: Console) -> Result<(), CliError> {
    let mut enasc = Cli::command().disable_help_subcommand(true);
    enasc.build();
    let Some(folder) = &args.out else {
        let page = page(find(&enasc, &args.command)?)?;
        return print_lines(|out| out.write_all(&page));
    };
    let write_error = |source| CliError::Write {
        file: folder.display().to_string(),
        source,
    };
    fs::create_dir_all(folder).map_err(write_error)?;
    for command in all(&enasc) {
        let path = folder.join(format!("{}.1", name(command)));
        write_bytes(&path, &page(command)?)?;
        console.note(|| format!("wrote {}", path.display()));
    }
    Ok(())
}

/// The command of some words: of none, `enasc` itself.
fn find<'a>(enasc: &'a Command, words: &[String]) -> Result<&'a Command, CliError> {
    words.iter().try_fold(enasc, |command, word| {
        command
            .find_subcommand(word)
            .ok_or_else(|| CliError::NoCommand(words.join(" ")))
    })
}

/// A command and those below it.
fn all(command: &Command) -> Vec<&Command> {
    let below = command.get_subcommands().flat_map(all);
    std::iter::once(command).chain(below).collect()
}

/// `enasc-recipe-show`, by which `man` finds the page.
fn name(command: &Command) -> &str {
    command.get_display_name().unwrap_or(command.get_name())
}

fn page(command: &Command) -> Result<Vec<u8>, CliError> {
    let mut page = Vec::new();
    Man::new(command.clone())
        .title(name(command).to_owned())
        .render(&mut page)
        .map_err(|source| CliError::Write {
            file: name(command).to_owned(),
            source,
        })?;
    Ok(page)
}

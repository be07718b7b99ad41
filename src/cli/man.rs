//! `enasc man`: the help of every command as man pages.

use std::fs;

use clap::{ArgAction, Command, CommandFactory as _};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::args::{Cli, EXIT_CODES};
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

/// What `roff` and `clap_mangen` begin every piece with; a page needs it once.
const PREAMBLE: &str = ".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n";

/// The sections in the order of man-pages(7). Those that say nothing of `enasc` itself are
/// made by `clap_mangen`.
fn page(command: &Command) -> Result<Vec<u8>, CliError> {
    let man = Man::new(command.clone())
        .title(name(command).to_owned())
        .source(format!("enasc {}", env!("CARGO_PKG_VERSION")));
    let mut page = Vec::new();
    let mut render = || {
        man.render_title(&mut page)?;
        man.render_name_section(&mut page)?;
        synopsis(command).to_writer(&mut page)?;
        man.render_description_section(&mut page)?;
        man.render_options_section(&mut page)?;
        if command.has_subcommands() {
            man.render_subcommands_section(&mut page)?;
        }
        exit_status().to_writer(&mut page)?;
        after(command).to_writer(&mut page)
    };
    render().map_err(|source| CliError::Write {
        file: name(command).to_owned(),
        source,
    })?;
    let text = String::from_utf8_lossy(&page).replace(PREAMBLE, "");
    Ok(format!("{PREAMBLE}{text}").into_bytes())
}

/// What can be given, with the names of values. What every command takes is among the
/// options alone.
fn synopsis(command: &Command) -> Roff {
    let mut line = vec![bold(command.get_bin_name().unwrap_or(command.get_name()))];
    let own = |arg: &&clap::Arg| {
        let everywhere = arg.is_global_set() || matches!(arg.get_id().as_str(), "help" | "version");
        !everywhere && !arg.is_hide_set()
    };
    // Shown as `--set <NAME=VALUE>`, and those by place as `<FILE>...` or `[B]`.
    for arg in command.get_arguments().filter(own) {
        let many = matches!(arg.get_action(), ArgAction::Append) && !arg.is_positional();
        line.push(roman(if arg.is_required_set() || arg.is_positional() {
            format!(" {arg}")
        } else if many {
            format!(" [{arg}]...")
        } else {
            format!(" [{arg}]")
        }));
    }
    if command.has_subcommands() {
        line.push(roman(" <COMMAND>"));
    }
    let mut roff = Roff::new();
    roff.control("SH", ["SYNOPSIS"]).text(line);
    roff
}

fn exit_status() -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["EXIT STATUS"]);
    for line in EXIT_CODES
        .lines()
        .skip(1)
        .take_while(|line| !line.is_empty())
    {
        if let Some((code, meaning)) = line.trim().split_once(' ') {
            roff.control("TP", []).text([bold(code)]);
            roff.text([roman(meaning.trim())]);
        }
    }
    roff
}

/// What stands behind the help: examples as they are typed, and notes.
fn after(command: &Command) -> Roff {
    let text = command.get_after_help().map(ToString::to_string);
    let text = text.unwrap_or_default();
    let mut roff = Roff::new();
    for part in text.split("\n\n") {
        if let Some(examples) = part.strip_prefix("Examples:\n") {
            roff.control("SH", ["EXAMPLES"]).control("nf", []);
            for line in examples.lines() {
                roff.text([roman(line)]);
            }
            roff.control("fi", []);
        } else if !EXIT_CODES.starts_with(part) {
            roff.control("SH", ["NOTES"]).text([roman(part)]);
        }
    }
    roff
}

//! `enasc import`: an architecture from a published notation.

use super::args::ImportArgs;
use super::error::CliError;
use super::input;
use super::output::{pretty, write};
use super::torch_args::FormatArg;
use crate::cli::console::Console;
use crate::encoding;

pub(super) fn run(args: &ImportArgs, console: Console) -> Result<(), CliError> {
    let space = input::space(&args.space, console)?;
    let text = input::argument(&args.text, &args.space.file)?;
    let architecture = encoding::import(args.encoding.into(), &text, &space.decisions)?;
    let text = match args.format {
        FormatArg::Human => format!("{}\n", architecture.to_line(&space.decisions)),
        FormatArg::Json => pretty(&architecture.to_json(&space.decisions, &space.name)),
    };
    write(args.out.as_deref(), &text)
}

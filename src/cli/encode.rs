//! `enasc encode`: an architecture in a published notation.

use clap::ValueEnum as _;
use serde_json::json;

use super::args::EncodeArgs;
use super::error::CliError;
use super::input;
use super::output::{pretty, write};
use super::torch_args::FormatArg;
use crate::cli::console::Console;
use crate::encoding;

pub(super) fn run(args: &EncodeArgs, console: Console) -> Result<(), CliError> {
    let space = input::space(&args.space, console)?;
    let architecture = input::architecture(&args.arch, &space, &args.space.file)?;
    let text = encoding::encode(args.encoding.into(), &architecture, &space.decisions)?;
    let text = match args.format {
        FormatArg::Human => format!("{text}\n"),
        FormatArg::Json => pretty(&json!({
            "space": space.name,
            "encoding": args.encoding.to_possible_value().map(|name| name.get_name().to_owned()),
            "text": text,
            "architecture": architecture.to_line(&space.decisions),
        })),
    };
    write(args.out.as_deref(), &text)
}

//! `enasc encode`: an architecture in a published notation.

use super::args::EncodeArgs;
use super::error::CliError;
use super::input;
use super::output::write;
use crate::diagnostic::render::Style;
use crate::encoding;

pub(super) fn run(args: &EncodeArgs, style: Style) -> Result<(), CliError> {
    let space = input::space(&args.space, style)?;
    let architecture = input::architecture(&args.arch, &space, &args.space.file)?;
    let text = encoding::encode(args.encoding.into(), &architecture, &space.decisions)?;
    write(args.out.as_deref(), &format!("{text}\n"))
}

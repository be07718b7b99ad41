//! `enasc enumerate` and `enasc rank`: architectures in the order of their numbers.

use num_bigint::BigUint;
use serde_json::json;

use super::args::{EnumerateArgs, RankArgs};
use super::error::CliError;
use super::input;
use super::output::{pretty, print, print_architecture, print_lines};
use super::torch_args::FormatArg;
use crate::cli::console::Console;
use crate::decision::Diagram;

/// How many architectures are listed without a limit.
const MOST: u32 = 1_000_000;

pub(super) fn enumerate(args: &EnumerateArgs, console: Console) -> Result<(), CliError> {
    let space = input::space(&args.space, console)?;
    let diagram = Diagram::of(&space.decisions).map_err(CliError::TooLarge)?;
    let count = diagram.count();
    if args.limit.is_none() && count > BigUint::from(MOST) {
        return Err(CliError::TooMany {
            space: space.name,
            count,
            most: MOST,
        });
    }
    let limit = args.limit.and_then(|limit| usize::try_from(limit).ok());
    print_lines(|out| {
        for architecture in diagram.iter().take(limit.unwrap_or(usize::MAX)) {
            print_architecture(out, &architecture, &space, args.format)?;
        }
        Ok(())
    })
}

pub(super) fn rank(args: &RankArgs, console: Console) -> Result<(), CliError> {
    let space = input::space(&args.space, console)?;
    let architecture = input::architecture(&args.arch, &space, &args.space.file)?;
    let diagram = Diagram::of(&space.decisions).map_err(CliError::TooLarge)?;
    // What was read is an architecture of the space, so it has a number.
    let rank = diagram.rank(&architecture).unwrap_or_default();
    print(&match args.format {
        FormatArg::Human => format!("{rank}\n"),
        FormatArg::Json => pretty(&json!({
            "space": space.name,
            "rank": rank.to_string(),
            "count": diagram.count().to_string(),
            "architecture": architecture.to_line(&space.decisions),
        })),
    })
}

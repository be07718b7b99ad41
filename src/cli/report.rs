//! `enasc report`: a run as one page.

use std::io::{IsTerminal as _, stdout};

use super::error::CliError;
use super::output::write;
use super::run_args::ReportArgs;
use crate::report::{Facts, page};

pub(super) fn run(args: &ReportArgs) -> Result<(), CliError> {
    if args.out.is_none() && stdout().is_terminal() {
        return Err(CliError::PageOnTerminal);
    }
    let facts = Facts::read(&args.run)?;
    write(args.out.as_deref(), &page(&facts))
}

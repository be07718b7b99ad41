//! `enasc graph`: the supergraph, or the network of one architecture.

use super::args::{GraphArgs, GraphFormatArg};
use super::error::CliError;
use super::input;
use super::output::{pretty, write};
use crate::cli::console::Console;
use crate::graph::write::{Subject, dot, json};

pub(super) fn run(args: &GraphArgs, console: Console) -> Result<(), CliError> {
    let (space, architecture) =
        input::space_and_architecture(&args.space, args.architecture.arch.as_deref(), console)?;
    let subject = Subject {
        name: &space.name,
        graph: &space.graph,
        decisions: &space.decisions,
        architecture: architecture.as_ref(),
    };
    let text = match args.format {
        GraphFormatArg::Dot => dot(subject),
        GraphFormatArg::Json => pretty(&json(subject)),
    };
    write(args.out.as_deref(), &text)
}

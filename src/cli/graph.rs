//! `enasc graph`: the supergraph, or the network of one architecture.

use super::args::{GraphArgs, GraphFormatArg};
use super::error::CliError;
use super::input;
use super::output::{pretty, write};
use crate::diagnostic::render::Style;
use crate::graph::write::{Subject, dot, json};

pub(super) fn run(args: &GraphArgs, style: Style) -> Result<(), CliError> {
    let space = input::space(&args.space, style)?;
    let architecture = args
        .architecture
        .arch
        .as_deref()
        .map(|arch| input::architecture(arch, &space, &args.space.file))
        .transpose()?;
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

//! `enasc graph`: the supergraph, or the network of one architecture.

use super::args::{GraphArgs, GraphFormatArg};
use super::error::CliError;
use super::input;
use super::output::{pretty, write};
use crate::diagnostic::render::Style;
use crate::draw::{Of, mermaid, picture, svg};
use crate::graph::write::{Subject, dot, json};

pub(super) fn run(args: &GraphArgs, style: Style) -> Result<(), CliError> {
    let (space, architecture) =
        input::space_and_architecture(&args.space, args.architecture.arch.as_deref(), style)?;
    let subject = Subject {
        name: &space.name,
        graph: &space.graph,
        decisions: &space.decisions,
        architecture: architecture.as_ref(),
    };
    let of = match &architecture {
        None => Of::Space,
        Some(architecture) if args.inside => Of::Inside(architecture),
        Some(architecture) => Of::Alone(architecture),
    };
    let text = match args.format {
        GraphFormatArg::Dot => dot(subject),
        GraphFormatArg::Json => pretty(&json(subject)),
        GraphFormatArg::Svg => svg(&picture(subject, of)),
        GraphFormatArg::Mermaid => mermaid(&picture(subject, of)),
    };
    write(args.out.as_deref(), &text)
}

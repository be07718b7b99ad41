//! `enasc graph`: the supergraph, the network of one architecture, or that in the
//! supergraph.

use super::args::{GraphArgs, GraphFormatArg};
use super::error::CliError;
use super::input;
use super::output::{pretty, write};
use crate::diagnostic::render::Style;
use crate::draw::{Of, mermaid, picture, svg};
use crate::graph::write::{Subject, dot, dot_inside, json, json_inside};

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
    let text = match (args.format, of) {
        (GraphFormatArg::Dot, Of::Inside(architecture)) => dot_inside(subject, architecture),
        (GraphFormatArg::Dot, _) => dot(subject),
        (GraphFormatArg::Json, Of::Inside(architecture)) => {
            pretty(&json_inside(subject, architecture))
        }
        (GraphFormatArg::Json, _) => pretty(&json(subject)),
        (GraphFormatArg::Svg, _) => svg(&picture(subject, of)),
        (GraphFormatArg::Mermaid, _) => mermaid(&picture(subject, of)),
    };
    write(args.out.as_deref(), &text)
}

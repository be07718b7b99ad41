//! `enasc dump`: what one stage of the compiler makes of a file.

use std::fmt::Write as _;

use serde_json::json;

use super::args::{DumpArgs, StageArg};
use super::error::CliError;
use super::output::{about, grouped, pretty, print};
use super::torch_args::{FormatArg, SpaceArgs};
use super::{dump_json, input};
use crate::cli::console::Console;
use crate::decision::{
    self, Count, DecisionPoint, DecisionSpace, Domain, ElementId, GuardId, Hints, OptionSource,
};
use crate::diagnostic::Diagnostics;
use crate::graph::write::{self, Subject};
use crate::source::SourceMap;
use crate::{Compilation, SearchSpace, syntax};

pub(super) fn run(args: &DumpArgs, console: Console) -> Result<(), CliError> {
    if args.stage == StageArg::Ast {
        return ast(&args.space, console);
    }
    let space = input::space(&args.space, console)?;
    let is_json = args.format == FormatArg::Json;
    print(&match args.stage {
        StageArg::Plan if is_json => {
            let plan = decision::plan(&space.decisions);
            pretty(&dump_json::plan(&space.name, &plan, &space.decisions))
        }
        StageArg::Space if is_json => pretty(&dump_json::space(&space)),
        StageArg::Plan => decision::plan(&space.decisions).write(&space.decisions),
        StageArg::Graph => pretty(&write::json(Subject {
            name: &space.name,
            graph: &space.graph,
            decisions: &space.decisions,
            architecture: None,
        })),
        StageArg::Ast | StageArg::Space => describe(&space),
    })
}

/// The syntax tree, with what could be read of a file that has errors.
fn ast(args: &SpaceArgs, console: Console) -> Result<(), CliError> {
    let text = match input::text(&args.file)? {
        Ok(text) => text,
        Err(failed) => {
            console.report(&failed);
            return Err(CliError::Reported);
        }
    };
    let mut sources = SourceMap::default();
    let mut diagnostics = Diagnostics::default();
    let id = sources.add(input::display_name(&args.file), text);
    let file = sources
        .get(id)
        .map(|source| syntax::parse(source, &mut diagnostics))
        .unwrap_or_default();
    let failed = diagnostics.has_errors();
    console.report(&Compilation {
        sources,
        diagnostics: diagnostics.into_sorted(),
        ..Compilation::default()
    });
    print(&pretty(&json!(file)))?;
    if failed {
        return Err(CliError::Reported);
    }
    Ok(())
}

/// A space as text: its parameters, its node families, and every decision with
/// its options and the condition under which it is made.
fn describe(space: &SearchSpace) -> String {
    let decisions = &space.decisions;
    let mut text = String::new();
    // Writing to a string cannot fail.
    let mut line = |line: String| {
        let _ = writeln!(text, "{line}");
    };
    line(format!("space {}", space.name));
    for (name, value) in &space.settings {
        line(format!("  {name} = {value}"));
    }
    line("\ncandidates".to_owned());
    for table in &decisions.tables {
        line(format!("  {}: {}", table.name, table.size));
    }
    line("\nelements".to_owned());
    for element in &decisions.elements {
        let paths: Vec<&str> = element
            .decisions
            .iter()
            .filter_map(|&id| decisions.point(id))
            .map(|point| point.path.as_str())
            .collect();
        line(match paths.as_slice() {
            [] => format!("  {}", element.name),
            _ => format!("  {}: {}", element.name, paths.join(", ")),
        });
    }
    line(format!(
        "\ndecisions: {} tokens, {} architectures, hash {}",
        grouped(decisions.tokens()),
        about(&Count::of(decisions)),
        decisions.hash()
    ));
    for point in &decisions.points {
        line(format!("  {}", describe_point(point, decisions)));
    }
    text
}

/// A decision in a line, with its path or without.
pub(super) fn describe_point(point: &DecisionPoint, decisions: &DecisionSpace) -> String {
    let how_many = match point.domain {
        Domain::One { .. } => "one of".to_owned(),
        Domain::Subset { n, min: 0, max } if max == n => "any of".to_owned(),
        Domain::Subset { n, min: 1, max } if max == n => "some of".to_owned(),
        Domain::Subset { min, max, .. } if min == max => format!("{min} of"),
        Domain::Subset { min, max, .. } => format!("{min}..={max} of"),
    };
    let element = |id: &ElementId| {
        let element = decisions.elements.get(id.index());
        element.map_or("?", |element| element.name.as_str())
    };
    let options: Vec<String> = match &point.source {
        OptionSource::Table(_) => point.options.clone(),
        OptionSource::Elements(elements) => point
            .options
            .iter()
            .zip(elements)
            .map(|(option, id)| format!("{option}: {}", element(id)))
            .collect(),
    };
    let mut text = format!("{} = {how_many} {{{}}}", point.path, options.join(", "));
    let Hints { near, rate, bias } = &point.hints;
    if let Some(near) = near {
        let _ = write!(text, "; near {near}");
    }
    if let Some(rate) = rate {
        let _ = write!(text, "; rate {rate}");
    }
    // What adds nothing says nothing, and a zero has no sign.
    let bias: Vec<f64> = bias.iter().map(|bias| bias + 0.0).collect();
    if bias.iter().any(|bias| *bias != 0.0) {
        let _ = write!(text, "; bias {bias:?}");
    }
    if point.active != GuardId::ALWAYS {
        let condition = decisions.guards.words(point.active, decisions);
        let _ = write!(text, "; if {condition}");
    }
    text
}

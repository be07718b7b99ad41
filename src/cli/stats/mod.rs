//! `enasc stats`: what a space or one of its architectures costs.

mod range;

use serde_json::{Map, Value, json};

use super::args::StatsArgs;
use super::error::CliError;
use super::input;
use super::output::{grouped, pretty, print};
use super::torch_args::FormatArg;
use crate::SearchSpace;
use crate::cli::console::Console;
use crate::decision::Architecture;
use crate::graph::cost::{self, Cost, Unit};
use crate::graph::describe::{LooseEnds, describe, loose_ends};
use crate::graph::select;

pub(super) fn run(args: &StatsArgs, console: Console) -> Result<(), CliError> {
    if args.range {
        return range::run(args, console);
    }
    let (space, architecture) =
        input::space_and_architecture(&args.space, args.architecture.arch.as_deref(), console)?;
    let architecture = architecture.as_ref();
    let cost = costs(&space, architecture);
    let loose = architecture.map(|architecture| ends(&space, architecture));
    print(&match args.format {
        FormatArg::Human => {
            let loose = loose.iter().flatten().map(line);
            rows(&space, architecture, &cost) + &loose.collect::<String>()
        }
        FormatArg::Json => pretty(&in_json(&space, architecture, &cost, loose.as_deref())),
    })
}

/// The elements of an architecture that no other reads.
fn ends(space: &SearchSpace, architecture: &Architecture) -> Vec<LooseEnds> {
    let (graph, decisions) = (&space.graph, &space.decisions);
    loose_ends(&describe(graph, decisions, &space.name, architecture))
}

/// `loose ends         Cell.h[2], Cell.h[3]: averaged`
fn line(ends: &LooseEnds) -> String {
    let how = ends.how.map(|how| format!(": {}", how.word()));
    let how = how.unwrap_or_default();
    format!("{:<18} {}{how}\n", "loose ends", ends.elements.join(", "))
}

/// What an architecture costs; without one, the supergraph.
pub(super) fn costs(space: &SearchSpace, architecture: Option<&Architecture>) -> Cost {
    match architecture {
        None => cost::supergraph(&space.graph),
        Some(architecture) => {
            let child = select(&space.graph, &space.decisions, architecture);
            cost::child(&space.graph, &child)
        }
    }
}

/// The tokens that a controller emits: for the whole space, or for the
/// decisions that are active in an architecture.
fn tokens(space: &SearchSpace, architecture: Option<&Architecture>) -> u64 {
    let Some(architecture) = architecture else {
        return space.decisions.tokens();
    };
    space
        .decisions
        .iter()
        .filter(|(id, _)| architecture.get(*id).is_some())
        .map(|(_, point)| u64::from(point.domain.tokens()))
        .sum()
}

fn in_json(
    space: &SearchSpace,
    architecture: Option<&Architecture>,
    cost: &Cost,
    loose: Option<&[LooseEnds]>,
) -> Value {
    let decisions = tokens(space, architecture);
    let mut object = Map::new();
    object.insert("space".to_owned(), json!(space.name));
    if let Value::Object(cost) = json!(cost) {
        object.extend(cost);
    }
    object.insert("decisions".to_owned(), json!(decisions));
    let line = architecture.map(|architecture| architecture.to_line(&space.decisions));
    object.insert("architecture".to_owned(), json!(line));
    object.insert("loose_ends".to_owned(), json!(loose));
    Value::Object(object)
}

/// What something costs, a line a figure.
pub(super) fn rows(
    space: &SearchSpace,
    architecture: Option<&Architecture>,
    cost: &Cost,
) -> String {
    let decisions = tokens(space, architecture);
    let of = if architecture.is_some() {
        "one architecture"
    } else {
        "the supergraph"
    };
    let per = per(cost.per);
    let rows = [
        ("parameters", cost.parameters, String::new()),
        ("shared parameters", cost.shared_parameters, String::new()),
        ("FLOPs", cost.flops, format!(" multiply-adds {per}")),
        ("activations", cost.activations, format!(" numbers {per}")),
        ("nodes", cost.nodes, String::new()),
        ("edges", cost.edges, String::new()),
        ("depth", cost.depth, String::new()),
        ("decisions", decisions, String::new()),
    ];
    let width = rows.iter().map(|row| grouped(row.1).len()).max();
    let width = width.unwrap_or_default();
    let lines = rows
        .iter()
        .map(|(name, number, unit)| format!("{name:<18} {:>width$}{unit}\n", grouped(number)));
    format!("{}: {of}\n{}", space.name, lines.collect::<String>())
}

/// Of what costs are counted.
pub(super) fn per(unit: Unit) -> &'static str {
    match unit {
        Unit::Example => "per example",
        Unit::Token => "per token",
    }
}

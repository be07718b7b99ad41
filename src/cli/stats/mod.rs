//! `enasc stats`: what a space or one of its architectures costs.

mod range;

use num_bigint::BigUint;
use serde_json::{Map, Value, json};

use super::args::StatsArgs;
use super::error::CliError;
use super::input;
use super::output::{grouped, pretty, print};
use super::torch_args::FormatArg;
use crate::SearchSpace;
use crate::cli::console::Console;
use crate::decision::{Architecture, Share};
use crate::graph::cost::{self, Cost, Unit};
use crate::graph::describe::{LooseEnds, describe, loose_ends};
use crate::graph::ignored::heeded;
use crate::graph::select;

pub(super) fn run(args: &StatsArgs, console: Console) -> Result<(), CliError> {
    if args.range {
        return range::run(args, console);
    }
    let (mut space, architecture) =
        input::space_and_architecture(&args.space, args.architecture.arch.as_deref(), console)?;
    let architecture = architecture.as_ref();
    let cost = costs(&space, architecture);
    // Of one architecture the picture tells.
    let ignoring = match architecture {
        None => ignoring(&mut space),
        Some(_) => None,
    };
    let loose = architecture.map(|architecture| ends(&space, architecture));
    let facts = Facts {
        ignoring: ignoring.as_ref(),
        loose: loose.as_deref(),
    };
    print(&match args.format {
        FormatArg::Human => rows(&space, architecture, &cost) + &facts.rows(),
        FormatArg::Json => pretty(&in_json(&space, architecture, &cost, facts)),
    })
}

/// What is known besides the costs.
#[derive(Clone, Copy)]
struct Facts<'a> {
    ignoring: Option<&'a Share>,
    loose: Option<&'a [LooseEnds]>,
}

impl Facts<'_> {
    fn rows(self) -> String {
        let ignoring = self.ignoring.filter(|share| share.part != BigUint::ZERO);
        let ignoring = ignoring.map(|share| format!("{:<18} {share}\n", "ignore their input"));
        let loose = self.loose.into_iter().flatten().map(line);
        ignoring.into_iter().chain(loose).collect()
    }
}

/// Which share of the architectures ignores its input, where that is quickly counted.
fn ignoring(space: &mut SearchSpace) -> Option<Share> {
    let guards = &mut space.decisions.guards;
    let heeded = heeded(&space.graph, guards)?;
    let ignoring = guards.not(heeded);
    Share::quick(&mut space.decisions, ignoring).ok()
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
    facts: Facts,
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
    let ignoring = facts
        .ignoring
        .map(|share| json!({ "count": share.part.to_string(), "of": share.of.to_string() }));
    object.insert("ignore_input".to_owned(), json!(ignoring));
    object.insert("loose_ends".to_owned(), json!(facts.loose));
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

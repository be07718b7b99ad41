//! A child model in words: what each node computes of what.
//!
//! In: an architecture of a space. Out: the network as a list of [`Part`]s. The first
//! is the whole network; each other one is called by name in those before it: a cell,
//! a candidate, an operation that the space declares. A part is a chain of operations,
//! or lines such as `t[3] = sep3(t[1]) + max3(t[2])`.
//!
//! Paths say what belongs together (`names`); `units` puts it together, if it has
//! one result and can be computed in one go; `lines` writes it down.

mod lines;
mod loose;
mod names;
mod text;
mod units;

use std::collections::{BTreeSet, HashMap};

use indexmap::IndexMap;
use serde::Serialize;

use super::view::{self, View};
use super::{RegionId, Supergraph, select};
use crate::decision::{Architecture, DecisionSpace};

pub use loose::{Joined, LooseEnds, loose_ends};

/// A network, or what is called by name in one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// What its inputs are called in it.
    pub inputs: Vec<String>,
    /// What it computes.
    #[serde(flatten)]
    pub body: Body,
}

/// What a part computes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Body {
    /// Operations, each of the result of the one before.
    Chain(Vec<String>),
    /// Values, each of inputs and of values before it; the last is the result.
    Lines(Vec<Line>),
}

/// A value.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Line {
    /// What it is called.
    pub name: String,
    /// How it is computed.
    pub value: String,
    /// Its shape, of the whole network alone: a part may be called with several.
    pub shape: Option<Vec<usize>>,
    /// Whether it is an element of a node family that no other element reads.
    pub loose: bool,
}

/// Describes the child of a complete architecture of `decisions`.
#[must_use]
pub fn describe(
    graph: &Supergraph,
    decisions: &DecisionSpace,
    name: &str,
    architecture: &Architecture,
) -> Vec<Part> {
    let mut writer = Writer {
        graph,
        view: view::child(&select(graph, decisions, architecture)),
        candidates: names::candidates(decisions),
        aliases: names::aliases(graph, decisions),
        parts: IndexMap::new(),
        operations: BTreeSet::new(),
    };
    let whole = writer.region(RegionId(0), graph.output_names.clone());
    let mut parts = vec![Part {
        name: name.to_owned(),
        inputs: graph.input_names.clone(),
        body: Body::Lines(whole.lines),
    }];
    // What is called first stands first, and only then has a name that no other has.
    let mut open: Vec<usize> = whole.calls.into_iter().rev().collect();
    let mut seen = BTreeSet::new();
    let mut shown: HashMap<usize, String> = HashMap::new();
    let mut namesakes: HashMap<&str, usize> = HashMap::new();
    while let Some(place) = open.pop() {
        if !seen.insert(place) {
            continue;
        }
        if let Some(((name, body), known)) = writer.parts.get_index(place) {
            open.extend(known.calls.iter().rev());
            // A part is not called as an operation that is something else.
            let taken = usize::from(writer.operations.contains(name));
            let nth = namesakes.entry(name).or_insert(taken);
            *nth += 1;
            let name = match *nth {
                1 => name.clone(),
                nth => format!("{name}.{nth}"),
            };
            shown.insert(place, name.clone());
            parts.push(Part {
                name,
                inputs: known.inputs.clone(),
                body: body.clone(),
            });
        }
    }
    for part in &mut parts {
        match &mut part.body {
            Body::Chain(steps) => steps
                .iter_mut()
                .for_each(|step| *step = named(step, &shown)),
            Body::Lines(lines) => lines.iter_mut().for_each(|line| {
                line.name = named(&line.name, &shown);
                line.value = named(&line.value, &shown);
            }),
        }
    }
    parts
}

/// Stands around the place of a part in a text, until all parts have names.
const MARK: char = '\u{1}';

/// A text with the names of parts.
fn named(text: &str, shown: &HashMap<usize, String>) -> String {
    let pieces = text.split(MARK).enumerate();
    let name = |(nth, piece): (usize, &str)| match piece.parse() {
        Ok(place) if nth % 2 == 1 => shown.get(&place).cloned().unwrap_or_default(),
        _ => piece.to_owned(),
    };
    pieces.map(name).collect()
}

/// What a region comes to.
struct Whole {
    lines: Vec<Line>,
    /// The parts that they name, by place.
    calls: Vec<usize>,
}

/// A part that was met, by its own name and body.
struct Known {
    inputs: Vec<String>,
    calls: Vec<usize>,
}

struct Writer<'a> {
    graph: &'a Supergraph,
    view: View,
    candidates: names::Candidates<'a>,
    aliases: HashMap<(RegionId, usize), Vec<names::Alias<'a>>>,
    parts: IndexMap<(String, Body), Known>,
    /// The operations that were met, as they are written.
    operations: BTreeSet<String>,
}

impl Writer<'_> {
    /// Adds a part, if it is new; gives its place, and what stands for its name.
    fn add(
        &mut self,
        name: String,
        body: Body,
        inputs: Vec<String>,
        calls: Vec<usize>,
    ) -> (usize, String) {
        let known = self.parts.entry((name, body));
        let place = known.index();
        known.or_insert(Known { inputs, calls });
        (place, format!("{MARK}{place}{MARK}"))
    }
}

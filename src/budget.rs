//! `check --budget`: what a search keeps in memory, against what there is to be.
//!
//! Shared parameters are those of the whole supergraph, which a search holds all the
//! time; activations are the results of all operations of the one architecture that has
//! most, for one example (or token), which training keeps for the backward pass.

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::SearchSpace;
use crate::decision::{Range, TooLarge};
use crate::diagnostic::{Code, Diagnostic};
use crate::graph::cost::{self, Unit};
use crate::graph::measure::{Metric, bounds, terms};
use crate::graph::{Child, Op, select};
use crate::numbers::grouped;
use crate::span::Span;

/// Bytes of a number in single precision.
const NUMBER: u64 = 4;

/// At so many places a message points.
const PLACES: usize = 3;

/// The most that there may be of something: `params=100M`, `activations=2GB`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    of: Of,
    /// In numbers.
    most: u64,
    /// As it was written.
    text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    Params,
    Activations,
}

impl FromStr for Bound {
    type Err = String;

    /// Reads `params=SIZE` or `activations=SIZE`; a size counts numbers (`K`, `M`, `G`)
    /// or bytes (`KB`, `MB`, `GB`), of which a number has four.
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, size) = text.split_once('=').unwrap_or((text, ""));
        let of = match name.trim() {
            "params" => Of::Params,
            "activations" => Of::Activations,
            _ => return Err("write `params=SIZE` or `activations=SIZE`".to_owned()),
        };
        let most = numbers(size.trim())
            .ok_or("a size is a number with K, M or G, or KB, MB or GB for bytes: 100M, 2GB")?;
        Ok(Self {
            of,
            most,
            text: size.trim().to_owned(),
        })
    }
}

/// How many numbers a size is.
fn numbers(size: &str) -> Option<u64> {
    let digits = size.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let (unit, is_bytes) = match size.strip_prefix(digits)? {
        "B" => ("", true),
        unit => (unit.trim_end_matches('B'), unit.ends_with('B')),
    };
    let power = ["", "K", "M", "G", "T"]
        .iter()
        .position(|known| *known == unit)?;
    let value: f64 = digits.trim().replace('_', "").parse().ok()?;
    let value = value * 1000f64.powi(power as i32) / if is_bytes { NUMBER as f64 } else { 1.0 };
    (value.is_finite() && value >= 0.0).then_some(value as u64)
}

/// What is at a place of the source: how many numbers, and whose.
#[derive(Default)]
struct Held {
    numbers: u64,
    names: Vec<String>,
}

impl Bound {
    /// What is to be said of a space that does not keep the bound.
    pub fn check(&self, space: &mut SearchSpace) -> Option<Diagnostic> {
        match self.of {
            Of::Params => self.params(space),
            Of::Activations => self.activations(space),
        }
    }

    fn params(&self, space: &SearchSpace) -> Option<Diagnostic> {
        let total = space.graph.params.total();
        if total <= self.most {
            return None;
        }
        let mut seen = vec![false; space.graph.params.banks.len()];
        let mut places: BTreeMap<Span, Held> = BTreeMap::new();
        for node in space
            .graph
            .regions
            .iter()
            .flat_map(|region| region.graph.node_weights())
        {
            for id in &node.params {
                let Some(flag @ false) = seen.get_mut(id.index()) else {
                    continue;
                };
                *flag = true;
                let Some(bank) = space.graph.params.bank(*id) else {
                    continue;
                };
                let held = places.entry(node.span).or_default();
                held.numbers += space.graph.params.trained(bank.params());
                if let Some(first) = space.graph.params.get(bank.first) {
                    held.names.push(first.name.clone());
                }
            }
        }
        let message = format!(
            "the shared parameters are {}, more than {}",
            amount(total),
            self.text
        );
        let help = "the largest are where the labels are: fewer channels there, or `@per` of fewer decisions, so that more is shared";
        warning(&message, places, total, help)
    }

    fn activations(&self, space: &mut SearchSpace) -> Option<Diagnostic> {
        let found = terms(
            &space.graph,
            &mut space.decisions.guards,
            Metric::Activations,
        );
        let (most, child) = match Range::of(&space.decisions, &found) {
            Ok(range) => {
                let range = range?;
                let child = select(&space.graph, &space.decisions, &range.greatest);
                (range.max, Some(child))
            }
            Err(TooLarge) => (bounds(&found).1, None),
        };
        let most = u64::try_from(most).unwrap_or(u64::MAX);
        if most <= self.most {
            return None;
        }
        let of = match cost::supergraph(&space.graph).per {
            Unit::Example => "an example",
            Unit::Token => "a token",
        };
        let message = match child {
            Some(_) => format!(
                "the activations of one architecture are up to {} {of}, more than {}",
                amount(most),
                self.text
            ),
            None => format!(
                "the activations are {} {of} at most, more than {}; no architecture need have so many",
                amount(most),
                self.text
            ),
        };
        let help = "the largest are where the labels are: fewer channels there, or a stride before; a batch needs as many times its size";
        warning(&message, results(space, child.as_ref()), most, help)
    }
}

/// The results of an architecture, or of all nodes, by place.
fn results(space: &SearchSpace, child: Option<&Child>) -> BTreeMap<Span, Held> {
    let mut places: BTreeMap<Span, Held> = BTreeMap::new();
    for (place, region) in space.graph.regions.iter().enumerate() {
        let nodes: Vec<_> = match child.map(|child| child.regions.get(place)) {
            Some(seen) => {
                let steps = seen.into_iter().flat_map(|seen| &seen.steps);
                steps.map(|step| (step.node, step.form)).collect()
            }
            None => region
                .graph
                .node_indices()
                .map(|node| (node, None))
                .collect(),
        };
        for (node, form) in nodes {
            let Some(node) = region.graph.node_weight(node) else {
                continue;
            };
            if matches!(node.op_of(form), Op::Input | Op::Select | Op::Scan { .. }) {
                continue;
            }
            let held = places.entry(node.span).or_default();
            held.numbers = held.numbers.saturating_add(node.shape_of(form).len());
            held.names.push(node.path.to_string());
        }
    }
    places
}

fn warning(
    message: &str,
    places: BTreeMap<Span, Held>,
    total: u64,
    help: &str,
) -> Option<Diagnostic> {
    let mut places: Vec<(Span, Held)> = places.into_iter().collect();
    places.sort_by_key(|(_, held)| std::cmp::Reverse(held.numbers));
    let label = |held: &Held| {
        let share = 100.0 * held.numbers as f64 / total.max(1) as f64;
        let name = held.names.first().filter(|name| !name.is_empty());
        let name = name.map_or_else(String::new, |name| format!(", `{name}`"));
        let others = match held.names.len() {
            0 | 1 => String::new(),
            n => format!(" and {} more", n - 1),
        };
        format!("{} ({share:.0} %){name}{others}", grouped(held.numbers))
    };
    let mut places = places.iter().take(PLACES);
    let (span, held) = places.next()?;
    let warning = Diagnostic::warning(Code::OverBudget, *span, message, label(held)).help(help);
    Some(places.fold(warning, |warning, (span, held)| {
        warning.label(*span, label(held))
    }))
}

/// `1 304 numbers (5.2 KB)`
fn amount(numbers: u64) -> String {
    let bytes = numbers as f64 * NUMBER as f64;
    let units = [("KB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12)];
    let unit = units.iter().rev().find(|(_, size)| bytes >= *size);
    let (unit, size) = unit.copied().unwrap_or(("bytes", 1.0));
    let places = usize::from(size > 1.0);
    format!(
        "{} numbers ({:.places$} {unit})",
        grouped(numbers),
        bytes / size
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_count_numbers_or_bytes() {
        for (text, most) in [
            ("params=100M", 100_000_000),
            ("params=1_000", 1000),
            ("params= 0.5K", 500),
            ("activations=2GB", 500_000_000),
            ("activations=40B", 10),
        ] {
            assert_eq!(text.parse::<Bound>().unwrap().most, most, "{text}");
        }
        for text in [
            "params",
            "params=",
            "params=x",
            "flops=3M",
            "params=3X",
            "params=-1",
        ] {
            assert!(text.parse::<Bound>().is_err(), "{text}");
        }
    }
}

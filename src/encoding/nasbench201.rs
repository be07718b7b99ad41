//! The strings of NAS-Bench-201 (`CellStructure.tostr` of its code): nodes divided
//! by `+`, and of each node the operation on every earlier one:
//! `|operation~node|operation~node|`.

use super::scan::Scan;
use super::structure::Walk;
use super::{Encoding, EncodingError, chosen, options, options_of};
use crate::decision::{Architecture, Choice, DecisionId, DecisionSpace, Element};
use crate::diagnostic::suggest;

pub(super) const NEEDS: &str = "one cell in which each node chooses an operation for every \
    earlier node, from one set of candidates called none, skip, conv1, conv3, avg (or as the \
    benchmark calls them: none, skip_connect, nor_conv_1x1, nor_conv_3x3, avg_pool_3x3)";

/// The candidates of `spaces/nasbench201.enas`, and what the benchmark calls them.
const OPERATIONS: [(&str, &str); 5] = [
    ("none", "none"),
    ("skip", "skip_connect"),
    ("conv1", "nor_conv_1x1"),
    ("conv3", "nor_conv_3x3"),
    ("avg", "avg_pool_3x3"),
];

/// The operation between two nodes.
struct Edge {
    decision: DecisionId,
    /// What the benchmark calls its options.
    names: Vec<&'static str>,
}

pub(super) fn import(text: &str, space: &DecisionSpace) -> Result<Architecture, EncodingError> {
    let mut architecture = Architecture::undecided(space);
    let mut scan = Scan::new(text);
    for (place, node) in nodes(space)?.iter().enumerate() {
        if place > 0 {
            scan.expect("+")?;
        }
        scan.expect("|")?;
        for (from, edge) in node.iter().enumerate() {
            let option = operation(&mut scan, &edge.names)?;
            architecture.set(edge.decision, Choice::One(option));
            scan.expect("~")?;
            scan.expect(&from.to_string())?;
            scan.expect("|")?;
        }
    }
    scan.end()?;
    Ok(architecture)
}

fn operation(scan: &mut Scan, names: &[&str]) -> Result<u32, EncodingError> {
    let word = scan.peek().text;
    let Some(option) = names.iter().position(|name| *name == word) else {
        let help = suggest::did_you_mean(word, names.iter().copied());
        let help = help.map(|help| format!("; {help}")).unwrap_or_default();
        return Err(scan.unexpected(&format!("one of {}{help}", names.join(", "))));
    };
    scan.word();
    Ok(option as u32)
}

pub(super) fn encode(
    architecture: &Architecture,
    space: &DecisionSpace,
) -> Result<String, EncodingError> {
    let mut texts = Vec::new();
    for node in nodes(space)? {
        let mut text = "|".to_owned();
        for (from, edge) in node.iter().enumerate() {
            for &option in options_of(chosen(architecture, edge.decision, space)?) {
                let name = edge.names.get(option as usize).unwrap_or(&"?");
                text.push_str(&format!("{name}~{from}|"));
            }
        }
        texts.push(text);
    }
    Ok(texts.join("+"))
}

/// The edges into each node but the first, in the order of where they come from.
fn nodes(space: &DecisionSpace) -> Result<Vec<Vec<Edge>>, EncodingError> {
    let mut walk = Walk::new(space);
    let mut nodes = space
        .elements
        .iter()
        .enumerate()
        .map(|(before, element)| edges(element, before, &mut walk, space))
        .collect::<Option<Vec<_>>>()
        .unwrap_or_default();
    if nodes.len() < 2 || !walk.is_done() {
        return Err(Encoding::Nasbench201.does_not_fit());
    }
    nodes.remove(0);
    Ok(nodes)
}

/// The edges of a node with so many nodes before it.
fn edges(
    node: &Element,
    before: usize,
    walk: &mut Walk,
    space: &DecisionSpace,
) -> Option<Vec<Edge>> {
    if node.decisions.len() != before {
        return None;
    }
    let edge = |&decision: &DecisionId| {
        let edge = Edge {
            decision,
            names: names(options(space, decision))?,
        };
        (walk.choice() == Some(decision)).then_some(edge)
    };
    node.decisions.iter().map(edge).collect()
}

fn names(candidates: &[String]) -> Option<Vec<&'static str>> {
    let published = |candidate: &String| {
        let known = |(ours, theirs): &&(&str, &str)| candidate == ours || candidate == theirs;
        OPERATIONS.iter().find(known).map(|(_, theirs)| *theirs)
    };
    candidates.iter().map(published).collect()
}

//! What paths of nodes say: places, calls, candidates, and which element a node is.

use std::collections::{BTreeSet, HashMap};

use crate::decision::{DecisionId, DecisionSpace, Guard, GuardId, OptionSource};
use crate::graph::{RegionId, Supergraph};

/// The names of candidates, alone and behind the decision that chose them.
pub(super) struct Candidates<'a> {
    options: BTreeSet<&'a str>,
    pairs: BTreeSet<(&'a str, &'a str)>,
}

pub(super) fn candidates(decisions: &DecisionSpace) -> Candidates<'_> {
    let mut found = Candidates {
        options: BTreeSet::new(),
        pairs: BTreeSet::new(),
    };
    for point in &decisions.points {
        if matches!(point.source, OptionSource::Table(_)) {
            let name = point.path.rsplit('.').next().unwrap_or_default();
            for option in &point.options {
                found.options.insert(option);
                found.pairs.insert((name, option));
            }
        }
    }
    found
}

/// Where a node stands in a part, by its path in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place<'a> {
    /// The element or the round of a loop: `t[3]`, `l=0`; empty outside of any.
    pub place: &'a str,
    /// The call that it belongs to, with its place: `t[3].g.sep3`. None: the part's own.
    pub call: Option<Call<'a>>,
}

/// A call in a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Call<'a> {
    /// Its path in the part.
    pub path: &'a str,
    /// What is called.
    pub callee: &'a str,
    /// Whether a decision chose it.
    pub is_candidate: bool,
}

/// Whether a segment is an element, such as `t[3]`.
pub(super) fn is_element(segment: &str) -> bool {
    segment.contains('[')
}

/// `fit` of `fit#2`.
fn plain(segment: &str) -> &str {
    segment.split('#').next().unwrap_or(segment)
}

/// Reads the path of a node below that of the part it is in.
pub(super) fn place<'a>(path: &'a str, candidates: &Candidates) -> Place<'a> {
    let mut end = 0;
    let mut rest = path;
    let next = |rest: &'a str| rest.split('.').next().unwrap_or_default();
    let after = |rest: &'a str, segment: &str| {
        let rest = rest.get(segment.len()..).unwrap_or_default();
        rest.strip_prefix('.').unwrap_or(rest)
    };
    while is_element(next(rest)) || next(rest).contains('=') {
        end = path.len() - rest.len() + next(rest).len();
        rest = after(rest, next(rest));
    }
    let place = path.get(..end).unwrap_or_default();
    let first = next(rest);
    if first.is_empty() {
        return Place { place, call: None };
    }
    let second = next(after(rest, first));
    let is_pair = candidates.pairs.contains(&(plain(first), plain(second)));
    let last = if is_pair { second } else { first };
    let end = path.len() - rest.len() + first.len() + if is_pair { 1 + second.len() } else { 0 };
    let call = Call {
        path: path.get(..end).unwrap_or_default(),
        callee: plain(last),
        is_candidate: is_pair || candidates.options.contains(plain(first)),
    };
    Place {
        place,
        call: Some(call),
    }
}

/// An element that a node is, as a selection among elements says.
pub(super) struct Alias<'a> {
    /// The path of the selection.
    pub seen_from: &'a str,
    /// `t[1]`
    pub element: &'a str,
}

/// The elements that nodes are, of each region by node.
pub(super) fn aliases<'a>(
    graph: &'a Supergraph,
    decisions: &'a DecisionSpace,
) -> HashMap<(RegionId, usize), Vec<Alias<'a>>> {
    let mut found: HashMap<_, Vec<Alias>> = HashMap::new();
    for (id, region) in graph.regions.iter().enumerate() {
        let id = RegionId(id as u32);
        for node in region.graph.node_indices() {
            let Some(weight) = region.graph.node_weight(node) else {
                continue;
            };
            for (operand, guard) in region.operands(node) {
                let element = chosen(guard, decisions).and_then(|(decision, option)| {
                    let point = decisions.point(decision)?;
                    let OptionSource::Elements(elements) = &point.source else {
                        return None;
                    };
                    let element = decisions.elements.get(elements.get(option)?.index())?;
                    element.name.rsplit('.').next()
                });
                if let Some(element) = element.filter(|element| is_element(element)) {
                    let seen_from = &*weight.path;
                    let known = found.entry((id, operand.index())).or_default();
                    known.push(Alias { seen_from, element });
                }
            }
        }
    }
    found
}

/// The option by which a guard holds.
fn chosen(guard: GuardId, decisions: &DecisionSpace) -> Option<(DecisionId, usize)> {
    match decisions.guards.get(guard) {
        Guard::Has { decision, option } => Some((*decision, *option as usize)),
        Guard::And(parts) => {
            let mut found = parts
                .iter()
                .filter_map(|&part| match decisions.guards.get(part) {
                    Guard::Has { decision, option } => {
                        let source = decisions.point(*decision).map(|point| &point.source);
                        let picks = matches!(source, Some(OptionSource::Elements(_)));
                        picks.then_some((*decision, *option as usize))
                    }
                    _ => None,
                });
            // Of several picks it is not clear which one this is.
            found.next().filter(|_| found.next().is_none())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_places_and_calls() {
        let candidates = Candidates {
            options: BTreeSet::from(["sep3", "conv3"]),
            pairs: BTreeSet::from([("g", "sep3")]),
        };
        let read = |path| {
            let place = place(path, &candidates);
            let call = place
                .call
                .map(|call| (call.path, call.callee, call.is_candidate));
            (place.place, call)
        };
        assert_eq!(read(""), ("", None));
        assert_eq!(read("t[3]"), ("t[3]", None));
        assert_eq!(
            read("t[3].g.sep3.sep_conv.conv"),
            ("t[3]", Some(("t[3].g.sep3", "sep3", true)))
        );
        assert_eq!(
            read("t[2].i=0.conv3.relu_conv_bn"),
            ("t[2].i=0", Some(("t[2].i=0.conv3", "conv3", true)))
        );
        assert_eq!(
            read("l=0.normal.t[2]"),
            ("l=0", Some(("l=0.normal", "normal", false)))
        );
        assert_eq!(
            read("fit#2.relu_conv_bn"),
            ("", Some(("fit#2", "fit", false)))
        );
    }
}

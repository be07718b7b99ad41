//! Why a space has as many architectures as it has.

use std::collections::BTreeSet;

use num_bigint::BigUint;

use super::Diagram;
use super::node::{Node, NodeId};
use crate::decision::{DecisionId, DecisionSpace, Domain, GuardId};

/// Decisions that have nothing to do with the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Factor {
    /// The decisions, in program order.
    pub decisions: Vec<DecisionId>,
    /// How many ways there are to make them.
    pub count: BigUint,
}

/// How many decisions a line names.
const NAMED: usize = 6;

impl Diagram {
    /// The independent parts of the space, in program order; their counts multiply to
    /// the count of the space. Decisions that no architecture makes are in none.
    #[must_use]
    pub fn factors(&self) -> Vec<Factor> {
        let parts = match self.node(self.root) {
            Some(Node::All(parts)) => parts.clone(),
            _ => vec![self.root],
        };
        let mut factors: Vec<(BTreeSet<DecisionId>, BigUint)> = Vec::new();
        // By decision: its factor. Elements of one set may stand in several parts.
        let mut at: Vec<Option<usize>> = vec![None; self.decisions()];
        for part in parts {
            let decisions = self.decisions_below(part);
            let known = decisions
                .iter()
                .find_map(|decision| at.get(decision.index()).copied().flatten());
            let place = known.unwrap_or(factors.len());
            if known.is_none() {
                factors.push((BTreeSet::new(), BigUint::from(1u8)));
            }
            for decision in &decisions {
                if let Some(slot) = at.get_mut(decision.index()) {
                    *slot = Some(place);
                }
            }
            if let Some((all, count)) = factors.get_mut(place) {
                all.extend(decisions);
                *count *= self.count_of(part);
            }
        }
        factors
            .into_iter()
            .map(|(decisions, count)| Factor {
                decisions: decisions.into_iter().collect(),
                count,
            })
            .collect()
    }

    fn decisions_below(&self, root: NodeId) -> BTreeSet<DecisionId> {
        let mut found = BTreeSet::new();
        let mut seen = BTreeSet::from([root]);
        let mut open = vec![root];
        while let Some(id) = open.pop() {
            let mut meet = |child: NodeId| {
                if seen.insert(child) {
                    open.push(child);
                }
            };
            match self.node(id) {
                Some(Node::One { decision, .. } | Node::Set { decision, .. }) => {
                    found.insert(*decision);
                }
                Some(Node::All(parts)) => parts.iter().copied().for_each(meet),
                Some(Node::Branch(branches)) => {
                    for branch in branches {
                        found.insert(branch.picked.decision());
                        meet(branch.rest);
                    }
                }
                None => {}
            }
        }
        found
    }

    /// The count as a product, in lines: one for the decisions of each place that
    /// are independent, one for those that conditions couple, and the total.
    #[must_use]
    pub fn explain(&self, space: &DecisionSpace) -> String {
        let mut text = String::new();
        // The line of independent decisions that is being written.
        let mut open: Option<Line> = None;
        for factor in self.factors() {
            let alone = match factor.decisions.as_slice() {
                [decision] => space.point(*decision).map(|point| {
                    // What `for` and `choose` add to a name is no place of its own.
                    let (place, name) = point.path.rsplit_once('.').unwrap_or(("", &point.path));
                    let shown = match point.domain {
                        Domain::Subset { n, min: 0, max }
                            if n == max && factor.count == point.domain.size() && n > 3 =>
                        {
                            format!("2^{n}")
                        }
                        _ => factor.count.to_string(),
                    };
                    (place.to_owned(), format!("{name} {shown}"))
                }),
                _ => None,
            };
            match alone {
                Some((place, shown)) => {
                    if open.as_ref().is_some_and(|line| line.place != place) {
                        text.extend(open.take().map(Line::write));
                    }
                    let line = open.get_or_insert_with(|| Line::new(place));
                    line.factors.push(shown);
                    line.product *= &factor.count;
                }
                None => {
                    text.extend(open.take().map(Line::write));
                    text.push_str(&coupled(space, &factor));
                }
            }
        }
        text.extend(open.take().map(Line::write));
        if space.require != GuardId::ALWAYS {
            let what = space.guards.words(space.require, space);
            text.push_str(&format!("required: {}\n", shortened(&what)));
        }
        text.push_str(&format!("total: {}\n", self.count()));
        text
    }
}

/// Independent decisions at one place.
struct Line {
    place: String,
    factors: Vec<String>,
    product: BigUint,
}

impl Line {
    fn new(place: String) -> Self {
        Self {
            place,
            factors: Vec::new(),
            product: BigUint::from(1u8),
        }
    }

    fn write(self) -> String {
        let place = match self.place.as_str() {
            "" => String::new(),
            place => format!("{place}: "),
        };
        match self.factors.as_slice() {
            [one] => format!("{place}{one}\n"),
            all => format!("{place}{} = {}\n", all.join(" · "), self.product),
        }
    }
}

fn coupled(space: &DecisionSpace, factor: &Factor) -> String {
    let paths: Vec<&str> = factor
        .decisions
        .iter()
        .filter_map(|&decision| space.point(decision))
        .map(|point| point.path.as_str())
        .collect();
    let named = paths
        .iter()
        .take(NAMED)
        .copied()
        .collect::<Vec<_>>()
        .join(", ");
    let more = match paths.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("together: {named}{more} = {}\n", factor.count)
}

/// Long conditions are cut.
fn shortened(text: &str) -> String {
    const LONGEST: usize = 160;
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let start: String = text.chars().take(LONGEST).collect();
    format!("{start} ..")
}

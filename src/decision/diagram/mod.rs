//! The decision diagram of a space: all its architectures, in a form in which
//! they can be counted, drawn, numbered and measured.
//!
//! A diagram is a graph without cycles whose nodes stand for ways to make some of
//! the decisions. A *branch* makes different choices at one place, each followed
//! by a node of its own; *all of* joins nodes that decide different things
//! independently; a decision that has nothing to do with any other is one node in
//! closed form, however many choices it has. Branches exclude each other, so counts
//! add; parts share no decision, so counts multiply: whatever is asked of a space
//! is one pass over its nodes.
//!
//! Only what conditions read is branched on, and equal remainders are one node, so
//! diagrams are small where conditions are local, whatever the number of
//! architectures. Where they are not, compiling ends with [`TooLarge`].
//!
//! The conditions that count are `active` and `available` of every decision and the
//! space's `require`. An architecture of the space makes a choice of its domain for
//! every active decision, of options that are available, and none for any other;
//! and `require` holds.

mod compile;
mod explain;
mod item;
mod node;
mod order;
mod range;
mod split;
#[cfg(test)]
pub(in crate::decision) mod tests;
mod walk;
mod ways;
mod weighted;

use num_bigint::BigUint;

use super::{Architecture, DecisionSpace, GuardId};
use compile::{Job, Limit, compile};
pub use explain::Factor;
use item::{Items, Known};
use node::{Node, NodeId};
pub use range::Range;
pub(in crate::decision) use ways::ways;
pub use weighted::{Weighted, Weights};

/// The diagram of a space would be too large, or takes too long to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the conditions of the space couple too many decisions")]
pub struct TooLarge;

/// All architectures of a space; see the module.
///
/// # Order
///
/// Architectures are numbered from 0. The order is that of the diagram: parts in
/// program order, the last fastest; branches one after the other; a decision in
/// closed form by [`super::Choice::all`]. Without conditions that is program order, the
/// last decision fastest. It is the same wherever the space's [`DecisionSpace::hash`]
/// is, for one version of `enasc`.
#[derive(Clone, Debug)]
pub struct Diagram {
    nodes: Vec<Node>,
    /// By node.
    counts: Vec<BigUint>,
    root: NodeId,
    /// Where nothing is decided yet.
    undecided: Architecture,
}

/// What is tried: little work with each order, then more.
const LIMITS: [Limit; 3] = [
    Limit {
        nodes: 1 << 12,
        work: 1 << 18,
    },
    Limit {
        nodes: 1 << 16,
        work: 1 << 21,
    },
    Limit {
        nodes: 1 << 20,
        work: 1 << 22,
    },
];

/// How much is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effort {
    /// As much as answers within the time of a keystroke.
    Little,
    /// All [`LIMITS`].
    Full,
}

impl Diagram {
    /// The diagram of a space.
    ///
    /// # Errors
    /// When it has more than 2^20 nodes in each of some orders of the decisions, or
    /// takes too long to find out.
    pub fn of(space: &DecisionSpace) -> Result<Self, TooLarge> {
        Self::requiring(space, space.require, Effort::Full)
    }

    /// The diagram of the architectures of a space that fulfil a condition of its
    /// [`DecisionSpace::guards`] besides.
    ///
    /// # Errors
    /// As [`Diagram::of`].
    pub fn where_holds(space: &mut DecisionSpace, condition: GuardId) -> Result<Self, TooLarge> {
        let both = space.guards.and(space.require, condition);
        Self::requiring(space, both, Effort::Full)
    }

    /// The diagram of a space that requires something else.
    pub(super) fn requiring(
        space: &DecisionSpace,
        require: GuardId,
        effort: Effort,
    ) -> Result<Self, TooLarge> {
        let job = Job {
            space,
            require,
            terms: &[],
        };
        let compiled = in_some_order(job, effort)?;
        let mut counts: Vec<BigUint> = Vec::with_capacity(compiled.nodes.len());
        for node in &compiled.nodes {
            counts.push(node.count(&counts));
        }
        Ok(Self {
            nodes: compiled.nodes,
            counts,
            root: compiled.root,
            undecided: Architecture::undecided(space),
        })
    }

    /// How many architectures there are.
    #[must_use]
    pub fn count(&self) -> BigUint {
        self.count_of(self.root).clone()
    }

    /// How many nodes it has.
    #[must_use]
    pub fn nodes(&self) -> usize {
        // The first is that of no architecture.
        self.nodes.len() - 1
    }

    /// Whether no condition couples decisions: it has no branches.
    #[must_use]
    pub fn is_product(&self) -> bool {
        !self
            .nodes
            .iter()
            .skip(1)
            .any(|node| matches!(node, Node::Branch(_)))
    }

    /// How many decisions the space has.
    fn decisions(&self) -> usize {
        self.undecided.len()
    }

    fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id.index())
    }

    fn count_of(&self, id: NodeId) -> &BigUint {
        static NONE: BigUint = BigUint::ZERO;
        self.counts.get(id.index()).unwrap_or(&NONE)
    }
}

/// Compiles in the first order that is good enough.
fn in_some_order(job: Job, effort: Effort) -> Result<compile::Compiled, TooLarge> {
    let tries = match effort {
        Effort::Little => 1,
        Effort::Full => LIMITS.len(),
    };
    let limits = LIMITS.into_iter().take(tries);
    let most = limits.clone().map(|limit| limit.work).max();
    let (items, open) = Items::of(job, most.unwrap_or(0))?;
    let orders = order::orders(&items, &open, &Known::new(job.space));
    let work = items.work(&open);
    for limit in limits.filter(|limit| work <= limit.work) {
        for order in &orders {
            if let Ok(compiled) = compile(job.space, (&items, &open), order, limit) {
                return Ok(compiled);
            }
        }
    }
    Err(TooLarge)
}

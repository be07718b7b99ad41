//! The nodes of a diagram.

use num_bigint::BigUint;

use super::ways::ways;
use crate::decision::count::product;
use crate::decision::{Architecture, Choice, DecisionId};

/// A node of a [`super::Diagram`], by its place; children stand before parents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct NodeId(pub(super) u32);

impl NodeId {
    /// The node of no architecture.
    pub(super) const NONE: Self = Self(0);

    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// Some ways to make some decisions.
#[derive(Clone, Debug)]
pub(super) enum Node {
    /// A decision takes one of these options, whatever else is chosen.
    One {
        decision: DecisionId,
        options: Vec<u32>,
    },
    /// A set takes `min..=max` of these options besides those that branches above
    /// gave it, whatever else is chosen. Every active set comes by one such node
    /// at least, which also says that it is active.
    Set {
        decision: DecisionId,
        options: Vec<u32>,
        min: u32,
        max: u32,
    },
    /// Independent of each other, in program order.
    All(Vec<NodeId>),
    /// Different choices at one place.
    Branch(Vec<Branch>),
}

/// A choice, and what is left to decide after it.
#[derive(Clone, Debug)]
pub(super) struct Branch {
    pub(super) picked: Picked,
    pub(super) rest: NodeId,
    /// What this choice alone adds to the measure; 0 without one.
    pub(super) weight: u128,
}

/// What a branch chooses.
#[derive(Clone, Debug)]
pub(super) enum Picked {
    /// One of these options, between which no condition tells.
    One(DecisionId, Vec<u32>),
    /// A set with this element.
    With(DecisionId, u32),
    /// A set without this element.
    Without(DecisionId, u32),
    /// There is something to decide.
    Active(DecisionId),
    /// There is nothing to decide.
    Inactive(DecisionId),
}

impl Picked {
    /// The decision that it is about.
    pub(super) fn decision(&self) -> DecisionId {
        match self {
            Self::One(decision, _)
            | Self::With(decision, _)
            | Self::Without(decision, _)
            | Self::Active(decision)
            | Self::Inactive(decision) => *decision,
        }
    }

    /// How many choices it stands for.
    pub(super) fn ways(&self) -> u64 {
        match self {
            Self::One(_, options) => options.len() as u64,
            _ => 1,
        }
    }

    /// Which of its choices an architecture makes.
    pub(super) fn index_in(&self, architecture: &Architecture) -> Option<usize> {
        let index = |holds: bool| holds.then_some(0);
        match self {
            Self::One(decision, options) => match architecture.get(*decision)? {
                Choice::One(chosen) => options.iter().position(|option| option == chosen),
                Choice::Set(_) => None,
            },
            Self::With(decision, option) => index(architecture.has(*decision, *option)),
            Self::Without(decision, option) => index(!architecture.has(*decision, *option)),
            Self::Active(decision) => index(architecture.get(*decision).is_some()),
            Self::Inactive(decision) => index(architecture.get(*decision).is_none()),
        }
    }

    /// Makes one of its choices.
    pub(super) fn apply(&self, index: usize, architecture: &mut Architecture) {
        match self {
            Self::One(decision, options) => {
                if let Some(&option) = options.get(index) {
                    architecture.set(*decision, Choice::One(option));
                }
            }
            Self::With(decision, option) => architecture.include(*decision, &[*option]),
            Self::Without(..) | Self::Active(_) | Self::Inactive(_) => {}
        }
    }
}

impl Node {
    /// How many ways it stands for, from those of the nodes before it.
    pub(super) fn count(&self, counts: &[BigUint]) -> BigUint {
        let of = |id: &NodeId| counts.get(id.index()).cloned().unwrap_or_default();
        match self {
            Self::One { options, .. } => BigUint::from(options.len()),
            Self::Set {
                options, min, max, ..
            } => ways(options.len() as u32, *min, *max),
            Self::All(parts) => product(parts.iter().map(of).collect()),
            Self::Branch(branches) => branches
                .iter()
                .map(|branch| of(&branch.rest) * branch.picked.ways())
                .sum(),
        }
    }
}

//! The least and the greatest value of a measure that adds up.

use super::compile::{Compiled, Job};
use super::node::{Node, NodeId};
use super::{Effort, TooLarge, in_some_order, ways};
use crate::decision::{Architecture, Choice, DecisionSpace, GuardId};

/// What values a measure takes on the architectures of a space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// The least value.
    pub min: u128,
    /// An architecture that has it.
    pub least: Architecture,
    /// The greatest value.
    pub max: u128,
    /// An architecture that has it.
    pub greatest: Architecture,
}

impl Range {
    /// The range of a measure: the sum of the weights of the conditions that hold,
    /// such as the number of parameters, which is a sum over what architectures use.
    /// Exact, by a diagram in which the terms are conditions too; of sums beyond
    /// `u128`, saturates. `None` if the space has no architecture.
    ///
    /// # Errors
    /// When that diagram is too large.
    pub fn of(space: &DecisionSpace, terms: &[(GuardId, u64)]) -> Result<Option<Self>, TooLarge> {
        Self::requiring(space, space.require, terms, Effort::Full)
    }

    /// [`Range::of`] as if the space required nothing, where it is found in a moment.
    ///
    /// # Errors
    /// When it is not.
    pub fn unbound(
        space: &DecisionSpace,
        terms: &[(GuardId, u64)],
    ) -> Result<Option<Self>, TooLarge> {
        Self::requiring(space, GuardId::ALWAYS, terms, Effort::Little)
    }

    fn requiring(
        space: &DecisionSpace,
        require: GuardId,
        terms: &[(GuardId, u64)],
        effort: Effort,
    ) -> Result<Option<Self>, TooLarge> {
        let job = Job {
            space,
            require,
            terms,
        };
        let compiled = in_some_order(job, effort)?;
        if compiled.root == NodeId::NONE {
            return Ok(None);
        }
        let least = Extreme::of(&compiled, |new, old| new < old);
        let greatest = Extreme::of(&compiled, |new, old| new > old);
        let undecided = Architecture::undecided(space);
        Ok(Some(Self {
            min: least.value(&compiled),
            least: least.architecture(&compiled, undecided.clone()),
            max: greatest.value(&compiled),
            greatest: greatest.architecture(&compiled, undecided),
        }))
    }
}

/// The best value of every node, and the branch that has it.
struct Extreme(Vec<(u128, usize)>);

impl Extreme {
    fn of(compiled: &Compiled, better: impl Fn(u128, u128) -> bool) -> Self {
        let mut best: Vec<(u128, usize)> = Vec::with_capacity(compiled.nodes.len());
        for node in &compiled.nodes {
            let of = |id: &NodeId| best.get(id.index()).map_or(0, |best| best.0);
            let found = match node {
                Node::One { .. } | Node::Set { .. } => (0, 0),
                Node::All(parts) => (parts.iter().map(of).fold(0, u128::saturating_add), 0),
                Node::Branch(branches) => {
                    let mut found: Option<(u128, usize)> = None;
                    for (place, branch) in branches.iter().enumerate() {
                        let value = of(&branch.rest).saturating_add(branch.weight);
                        if found.is_none_or(|(old, _)| better(value, old)) {
                            found = Some((value, place));
                        }
                    }
                    found.unwrap_or_default()
                }
            };
            best.push(found);
        }
        Self(best)
    }

    fn value(&self, compiled: &Compiled) -> u128 {
        let best = self.0.get(compiled.root.index()).map_or(0, |best| best.0);
        best.saturating_add(compiled.weight)
    }

    /// The first architecture that has the value.
    fn architecture(&self, compiled: &Compiled, mut made: Architecture) -> Architecture {
        let mut open = vec![compiled.root];
        while let Some(id) = open.pop() {
            match compiled.nodes.get(id.index()) {
                Some(Node::One { decision, options }) => {
                    if let Some(&first) = options.first() {
                        made.set(*decision, Choice::One(first));
                    }
                }
                Some(Node::Set {
                    decision,
                    options,
                    min,
                    max,
                }) => {
                    let places = ways::unrank(options.len() as u32, *min, *max, &0u8.into());
                    made.include(*decision, &super::walk::at(options, &places));
                }
                Some(Node::All(parts)) => open.extend(parts),
                Some(Node::Branch(branches)) => {
                    let place = self.0.get(id.index()).map_or(0, |best| best.1);
                    if let Some(branch) = branches.get(place) {
                        branch.picked.apply(0, &mut made);
                        open.push(branch.rest);
                    }
                }
                None => {}
            }
        }
        made
    }
}

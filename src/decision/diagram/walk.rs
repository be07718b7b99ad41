//! Single architectures of a diagram: at random, by number, one after the other.

use num_bigint::BigUint;
use rand::Rng;

use super::node::{Branch, Node, NodeId};
use super::{Diagram, ways};
use crate::decision::sample::{below, draw};
use crate::decision::{Architecture, Choice, Domain};

impl Diagram {
    /// An architecture at random, every one as likely; `None` if there is none.
    pub fn sample(&self, rng: &mut impl Rng) -> Option<Architecture> {
        if self.root == NodeId::NONE {
            return None;
        }
        let mut architecture = self.undecided.clone();
        let mut open = vec![self.root];
        while let Some(id) = open.pop() {
            match self.node(id)? {
                Node::One { decision, options } => {
                    let place = rng.random_range(0..options.len());
                    architecture.set(*decision, Choice::One(*options.get(place)?));
                }
                Node::Set {
                    decision,
                    options,
                    min,
                    max,
                } => {
                    let domain = Domain::Subset {
                        n: options.len() as u32,
                        min: *min,
                        max: *max,
                    };
                    if let Choice::Set(places) = draw(domain, rng) {
                        architecture.include(*decision, &at(options, &places));
                    }
                }
                Node::All(parts) => open.extend(parts.iter().rev()),
                Node::Branch(branches) => {
                    let rank = below(self.count_of(id), rng);
                    open.push(self.take(branches, rank, &mut architecture)?.0);
                }
            }
        }
        Some(architecture)
    }

    /// The architecture of a number; `None` if there are not so many.
    #[must_use]
    pub fn unrank(&self, rank: &BigUint) -> Option<Architecture> {
        if *rank >= *self.count_of(self.root) {
            return None;
        }
        let mut architecture = self.undecided.clone();
        let mut open = vec![(self.root, rank.clone())];
        while let Some((id, mut rank)) = open.pop() {
            match self.node(id)? {
                Node::One { decision, options } => {
                    let place = usize::try_from(rank).ok()?;
                    architecture.set(*decision, Choice::One(*options.get(place)?));
                }
                Node::Set {
                    decision,
                    options,
                    min,
                    max,
                } => {
                    let places = ways::unrank(options.len() as u32, *min, *max, &rank);
                    architecture.include(*decision, &at(options, &places));
                }
                Node::All(parts) => {
                    for &part in parts.iter().rev() {
                        let count = self.count_of(part);
                        open.push((part, &rank % count));
                        rank /= count;
                    }
                }
                Node::Branch(branches) => {
                    open.push(self.take(branches, rank, &mut architecture)?);
                }
            }
        }
        Some(architecture)
    }

    /// Decides as the branch does in which a number lies; gives what is left to
    /// decide, and the number among the ways to do so.
    fn take(
        &self,
        branches: &[Branch],
        mut rank: BigUint,
        architecture: &mut Architecture,
    ) -> Option<(NodeId, BigUint)> {
        for branch in branches {
            let count = self.count_of(branch.rest);
            let here = count * branch.picked.ways();
            if rank < here {
                let index = usize::try_from(&rank / count).ok()?;
                branch.picked.apply(index, architecture);
                return Some((branch.rest, rank % count));
            }
            rank -= here;
        }
        None
    }

    /// The number of an architecture; `None` if it is none of the space.
    #[must_use]
    pub fn rank(&self, architecture: &Architecture) -> Option<BigUint> {
        // Down: the nodes that stand for it, each with what branches before the one
        // taken stand for. Up: their numbers.
        let mut met: Vec<Met> = vec![Met::new(self.root)];
        let mut place = 0;
        while let Some(id) = met.get(place).map(|met| met.node) {
            let children = match self.node(id)? {
                Node::One { decision, options } => {
                    let Some(Choice::One(chosen)) = architecture.get(*decision) else {
                        return None;
                    };
                    let place_of = options.iter().position(|option| option == chosen)?;
                    met.get_mut(place)?.rank = place_of.into();
                    Vec::new()
                }
                Node::Set {
                    decision,
                    options,
                    min,
                    max,
                } => {
                    let Some(Choice::Set(chosen)) = architecture.get(*decision) else {
                        return None;
                    };
                    let places: Vec<u32> = chosen
                        .iter()
                        .filter_map(|option| options.binary_search(option).ok())
                        .map(|place| place as u32)
                        .collect();
                    met.get_mut(place)?.rank =
                        ways::rank(options.len() as u32, *min, *max, &places)?;
                    Vec::new()
                }
                Node::All(parts) => parts.clone(),
                Node::Branch(branches) => {
                    let mut before = BigUint::ZERO;
                    let mut taken = None;
                    for branch in branches {
                        let count = self.count_of(branch.rest);
                        if let Some(index) = branch.picked.index_in(architecture) {
                            before += count * index;
                            taken = Some(branch.rest);
                            break;
                        }
                        before += count * branch.picked.ways();
                    }
                    met.get_mut(place)?.rank = before;
                    vec![taken?]
                }
            };
            met.get_mut(place)?.children = met.len()..met.len() + children.len();
            met.extend(children.into_iter().map(Met::new));
            place += 1;
        }
        for place in (0..met.len()).rev() {
            let children = met.get(place)?.children.clone();
            if children.is_empty() {
                continue;
            }
            let mut rank = BigUint::ZERO;
            for child in met.get(children)? {
                rank = rank * self.count_of(child.node) + &child.rank;
            }
            met.get_mut(place)?.rank += rank;
        }
        let rank = std::mem::take(&mut met.first_mut()?.rank);
        // The way down looks at what the diagram asks, not at what else is chosen.
        (self.unrank(&rank).as_ref() == Some(architecture)).then_some(rank)
    }

    /// All architectures in order, each found when it is asked for.
    pub fn iter(&self) -> impl Iterator<Item = Architecture> + '_ {
        let mut next = BigUint::ZERO;
        std::iter::from_fn(move || {
            let architecture = self.unrank(&next)?;
            next += 1u8;
            Some(architecture)
        })
    }
}

/// A node that stands for an architecture that is looked for.
struct Met {
    node: NodeId,
    /// Among the nodes that are met.
    children: std::ops::Range<usize>,
    rank: BigUint,
}

impl Met {
    fn new(node: NodeId) -> Self {
        Self {
            node,
            children: 0..0,
            rank: BigUint::ZERO,
        }
    }
}

/// The options at some places.
pub(super) fn at(options: &[u32], places: &[u32]) -> Vec<u32> {
    places
        .iter()
        .filter_map(|&place| options.get(place as usize).copied())
        .collect()
}

//! How many architectures of a space compute the same network.
//!
//! What is counted are pairs of an architecture and an isomorphism from its network to
//! the one that is wanted. Each architecture of the class is in as many pairs as the
//! network has symmetries, so that the size of the class is the number of pairs divided by
//! that, which is the number of pairs of any one of its architectures.
//!
//! Pairs are counted by a dynamic programme. It goes through the nodes of the supergraph
//! from the outputs, so that who reads a node is matched before the node. At each it is
//! decided which node of the wanted network it is, if any, and so which of the nodes that
//! are there read it, and which of its forms it has: the conditions of edges and forms are
//! assumed to hold or not to. What can follow depends only on which nodes of the network
//! are matched, on those that may still read something, and on the decisions about that,
//! whatever these are called (`key`). It is counted once: a recurrent cell of 12 nodes
//! can be built in millions of ways, of which at most 2^12 sets of nodes are the remains.
//!
//! Assumptions exclude each other from branch to branch, and say of all nodes what they are
//! and read. So every pair is met in one end at most. How many architectures fulfil the
//! assumptions of an end is counted there: by decision where nothing couples them, else by
//! a diagram.

mod assumptions;
mod compatible;
mod key;
mod search;
mod spots;
mod target;

use num_bigint::BigUint;
use petgraph::graph::NodeIndex;

use super::canonical::{Canonical, mix};
use super::{Op, RegionId, Supergraph, select};
use crate::decision::{Architecture, DecisionSpace, GuardId};
use assumptions::Assumptions;
use search::Search;
use spots::Spot;
pub(in crate::graph) use spots::{Operand, Spots};
use target::Target;

/// There are too many of them, or what tells them apart is not found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a network can be built in too many ways to find them all")]
pub struct TooManyAlike;

/// The architectures that compute one network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    /// How many they are.
    pub size: BigUint,
    /// How much work it was to find out, in nodes of the supergraph looked at.
    pub work: u64,
}

/// The kind of the outputs of a region.
const OUTPUTS: u64 = u64::MAX;

/// The slot where a scan reads the outputs of its body.
const BODY: u64 = u64::MAX;

/// Finds how many architectures of one space are alike.
#[derive(Debug)]
pub struct Alike<'a> {
    graph: &'a Supergraph,
    /// A copy, whose conditions are those of the space and more.
    space: DecisionSpace,
    canonical: Canonical<'a>,
    spots: Spots,
    /// By spot: what its forms compute.
    kinds: Vec<Vec<u64>>,
    /// Whether no condition bears on any decision.
    is_free: bool,
}

impl<'a> Alike<'a> {
    /// Among the architectures of this space.
    #[must_use]
    pub fn new(graph: &'a Supergraph, space: &DecisionSpace) -> Self {
        let mut points = space.points.iter();
        let is_free = space.require == GuardId::ALWAYS
            && points.all(|point| point.active == GuardId::ALWAYS && point.available.is_empty());
        let mut space = space.clone();
        let mut alike = Self {
            graph,
            canonical: Canonical::new(graph),
            spots: Spots::of(graph, &mut space.guards),
            kinds: Vec::new(),
            space,
            is_free,
        };
        let spots = alike.spots.list.iter();
        alike.kinds = spots.map(|spot| alike.kinds_of(spot)).collect();
        alike
    }

    /// The architectures that compute the network of one, itself among them.
    ///
    /// # Errors
    /// When to find them is more work than `limit`.
    pub fn class(&self, architecture: &Architecture, limit: u64) -> Result<Class, TooManyAlike> {
        let child = select(self.graph, &self.space, architecture);
        let target = Target::of(&child, self);
        let mut symmetries = Search::new(self, &target, Some(architecture), limit);
        let each = symmetries.count()?;
        let mut search = Search::new(self, &target, None, limit);
        let pairs = search.count()?;
        if each == BigUint::ZERO {
            return Err(TooManyAlike);
        }
        Ok(Class {
            size: pairs / each,
            work: symmetries.work + search.work,
        })
    }

    pub(in crate::graph) fn graph(&self) -> &'a Supergraph {
        self.graph
    }

    /// The space, whose conditions are those of the spots as well.
    pub(in crate::graph) fn space(&self) -> &DecisionSpace {
        &self.space
    }

    pub(in crate::graph) fn spots(&self) -> &Spots {
        &self.spots
    }

    /// What the forms of a spot compute.
    pub(in crate::graph) fn kinds(&self, spot: usize) -> &[u64] {
        self.kinds.get(spot).map_or(&[], Vec::as_slice)
    }

    fn kinds_of(&self, spot: &Spot) -> Vec<u64> {
        match spot.node {
            None => vec![OUTPUTS],
            Some(node) => {
                let n = self.canonical.kinds(spot.region, node).len();
                (0..n)
                    .map(|form| self.kind(spot.region, node, form))
                    .collect()
            }
        }
    }

    fn op(&self, region: RegionId, node: NodeIndex) -> Option<&'a Op> {
        let region = self.graph.region(region)?;
        region.graph.node_weight(node).map(|node| &node.op)
    }

    /// What one form of a node computes; inputs are told apart.
    fn kind(&self, id: RegionId, node: NodeIndex, form: usize) -> u64 {
        let kinds = self.canonical.kinds(id, node);
        let kind = kinds.get(form).copied().unwrap_or_default();
        let region = self.graph.region(id);
        let inputs = region.map_or(&[][..], |region| &region.inputs);
        match inputs.iter().position(|input| *input == node) {
            Some(place) => mix(kind, place as u64 + 1),
            None => kind,
        }
    }
}

/// The slot in which an operand is read, as far as isomorphisms keep it.
fn slot(op: Option<&Op>, slot: usize) -> u64 {
    match op {
        Some(op) if op.is_commutative() => 0,
        _ => slot as u64,
    }
}

//! How many architectures of a space compute the same network.
//!
//! Those of one form are found by a search that goes through the nodes of the supergraph
//! from the outputs, so that who reads a node is decided before the node, and nodes with
//! few readers in doubt come first. At each it is decided which of the nodes that are
//! there read it, and which of its forms it has: the conditions of edges and forms are
//! assumed to hold or not to.
//!
//! A node that is read has a *colour*: what it computes, and the colours of those that
//! read it, each with the slot where it does. An isomorphism keeps colours, so that a
//! branch dies where a node has a colour that the network has not, or has not so
//! often. What remains at the end is compared by its canonical form.
//!
//! Assumptions exclude each other from branch to branch, and say of all nodes that are
//! read what they are and read. So every architecture is met in one end at most, and
//! all that fulfil the assumptions of an end select one network. How many do is
//! counted there: by decision where nothing couples them, else by a diagram.

mod assumptions;
mod search;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use num_bigint::BigUint;
use petgraph::graph::NodeIndex;

use super::canonical::{Canonical, mix};
use super::{Child, Op, Region, RegionId, Supergraph, select};
use crate::decision::{Architecture, DecisionSpace, GuardId};
use search::Search;

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

/// A reader: its colour, and where it reads.
type Reader = (u64, u64);

/// What a node of the wanted network computes, who reads it, and how many such nodes
/// are still to be met.
#[derive(Clone, Debug)]
struct Wanted {
    kind: u64,
    readers: Vec<Reader>,
    left: usize,
}

/// Finds how many architectures of one space are alike.
#[derive(Debug)]
pub struct Alike<'a> {
    graph: &'a Supergraph,
    space: &'a DecisionSpace,
    canonical: Canonical<'a>,
    /// Regions before the bodies of their scans, nodes before their operands.
    order: Vec<(RegionId, NodeIndex)>,
    /// Whether no condition bears on any decision.
    is_free: bool,
    /// Whether every concatenation has all its operands always, so that each has its
    /// slot in every network.
    has_slots: bool,
}

impl<'a> Alike<'a> {
    /// Among the architectures of this space.
    #[must_use]
    pub fn new(graph: &'a Supergraph, space: &'a DecisionSpace) -> Self {
        let regions = (0u32..).map(RegionId).zip(&graph.regions);
        let order = regions.flat_map(|(id, region)| {
            let order = from_outputs(region);
            order.into_iter().map(move |node| (id, node))
        });
        let mut concats = graph.regions.iter().flat_map(|region| {
            let nodes = region.graph.node_indices();
            let is_concat = |node: &NodeIndex| {
                region
                    .graph
                    .node_weight(*node)
                    .is_some_and(|node| node.op == Op::Concat)
            };
            nodes
                .filter(is_concat)
                .flat_map(|node| region.operands(node))
        });
        let has_slots = concats.all(|(_, guard)| guard == GuardId::ALWAYS);
        let mut points = space.points.iter();
        Self {
            graph,
            space,
            canonical: Canonical::new(graph),
            order: order.collect(),
            has_slots,
            is_free: space.require == GuardId::ALWAYS
                && points
                    .all(|point| point.active == GuardId::ALWAYS && point.available.is_empty()),
        }
    }

    /// The architectures that compute the network of one, itself among them.
    ///
    /// # Errors
    /// When to find them is more work than `limit`.
    pub fn class(&self, architecture: &Architecture, limit: u64) -> Result<Class, TooManyAlike> {
        let child = select(self.graph, self.space, architecture);
        let form = self.canonical.form(&child).map_err(|_| TooManyAlike)?;
        let mut search = Search::new(self, form, self.wanted(&child), limit);
        search.from(0)?;
        Ok(Class {
            size: search.found,
            work: search.work,
        })
    }

    /// The colours of a network, each with what it stands for.
    fn wanted(&self, child: &Child) -> BTreeMap<u64, Wanted> {
        let mut wanted: BTreeMap<u64, Wanted> = BTreeMap::new();
        let mut seeds: Vec<u64> = vec![0; child.regions.len()];
        for (index, region) in child.regions.iter().enumerate() {
            let id = RegionId(index as u32);
            let seed = seeds.get(index).copied().unwrap_or_default();
            let mut readers: Vec<Vec<Reader>> = vec![Vec::new(); region.steps.len()];
            for (place, &output) in region.outputs.iter().enumerate() {
                if let Some(readers) = readers.get_mut(output) {
                    readers.push(reader_of_output(seed, place));
                }
            }
            for (place, step) in region.steps.iter().enumerate().rev() {
                let mut read = readers
                    .get_mut(place)
                    .map(std::mem::take)
                    .unwrap_or_default();
                read.sort_unstable();
                let kind = self.kind(id, step.node, step.form.unwrap_or(0));
                let colour = colour(kind, &read);
                let op = self.op(id, step.node);
                for (slot, &input) in step.inputs.iter().enumerate() {
                    if let Some(readers) = readers.get_mut(input) {
                        readers.push((colour, self.slot(op, slot)));
                    }
                }
                if let Some(Op::Scan { region }) = op
                    && let Some(seed) = seeds.get_mut(region.index())
                {
                    *seed = colour;
                }
                let entry = wanted.entry(colour).or_insert(Wanted {
                    kind,
                    readers: read,
                    left: 0,
                });
                entry.left += 1;
            }
        }
        wanted
    }

    fn op(&self, region: RegionId, node: NodeIndex) -> Option<&'a Op> {
        let region = self.graph.region(region)?;
        region.graph.node_weight(node).map(|node| &node.op)
    }

    /// The slot in which an operand is read, as far as isomorphisms keep it whatever
    /// operands there are besides.
    fn slot(&self, op: Option<&Op>, slot: usize) -> u64 {
        match op {
            Some(Op::Concat) if !self.has_slots => 0,
            Some(op) if op.is_commutative() => 0,
            _ => slot as u64,
        }
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

/// The nodes of a region, each after all that may read it. Where there is a choice, one
/// comes first of which fewer readers are in doubt: what it decides is checked by what
/// it reads, before other doubts multiply.
fn from_outputs(region: &Region) -> Vec<NodeIndex> {
    let readers = |node| region.graph.edges(node);
    let doubts = |node| {
        let doubtful = readers(node).filter(|edge| edge.weight().guard != GuardId::ALWAYS);
        Reverse(doubtful.count())
    };
    let nodes = || region.graph.node_indices();
    let mut left: Vec<usize> = nodes().map(|node| readers(node).count()).collect();
    let unread = nodes().filter(|node| left.get(node.index()) == Some(&0));
    let mut ready: BinaryHeap<_> = unread.map(|node| (doubts(node), node)).collect();
    let mut order = Vec::with_capacity(left.len());
    while let Some((_, node)) = ready.pop() {
        order.push(node);
        for (operand, _) in region.operands(node) {
            if let Some(left) = left.get_mut(operand.index()) {
                *left -= 1;
                if *left == 0 {
                    ready.push((doubts(operand), operand));
                }
            }
        }
    }
    order
}

/// What reads an output of a region.
fn reader_of_output(seed: u64, place: usize) -> Reader {
    (mix(seed, place as u64), u64::MAX)
}

fn sorted(mut readers: Vec<Reader>) -> Vec<Reader> {
    readers.sort_unstable();
    readers
}

/// Of a kind and sorted readers.
fn colour(kind: u64, readers: &[Reader]) -> u64 {
    let readers = readers.iter();
    readers.fold(mix(1, kind), |hash, &(colour, slot)| {
        mix(mix(hash, colour), slot)
    })
}

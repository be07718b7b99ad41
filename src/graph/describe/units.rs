//! What is told at once: a single operation, or all that belongs to one call.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use petgraph::graph::NodeIndex;

use super::Writer;
use super::names::{Call, Place, place};
use crate::graph::RegionId;
use crate::graph::view::ViewNode;

/// A node of a child, or the nodes of a call.
pub(super) struct Unit<'a> {
    /// The nodes in topological order.
    pub nodes: Vec<NodeIndex>,
    /// The element or the round of a loop that it stands in; empty outside of any.
    pub place: &'a str,
    /// The call; none for a node alone.
    pub call: Option<Call<'a>>,
}

impl Unit<'_> {
    /// The node whose result the unit has.
    pub fn result(&self) -> Option<NodeIndex> {
        self.nodes.last().copied()
    }
}

/// What a part is made of.
#[derive(Clone, Copy)]
pub(super) struct Scope<'s> {
    pub region: RegionId,
    /// How much of each path names the part itself.
    pub prefix: usize,
    /// Its nodes in topological order.
    pub nodes: &'s [NodeIndex],
}

impl<'a> Writer<'a> {
    /// The path of a node below that of the part.
    pub(super) fn path(&self, region: RegionId, node: NodeIndex, prefix: usize) -> &'a str {
        let graph = self.graph;
        let weight = graph.region(region).and_then(|r| r.graph.node_weight(node));
        let path = weight.map_or("", |node| &*node.path);
        let rest = path.get(prefix..).unwrap_or_default();
        rest.strip_prefix('.').unwrap_or(rest)
    }

    pub(super) fn node(&self, region: RegionId, node: NodeIndex) -> Option<&ViewNode> {
        let nodes = &self.view.regions.get(region.index())?.nodes;
        let place = nodes.binary_search_by_key(&node, |node| node.index).ok()?;
        nodes.get(place)
    }

    pub(super) fn operands(&self, region: RegionId, node: NodeIndex) -> Vec<NodeIndex> {
        let node = self.node(region, node);
        let operands = node.map_or(&[][..], |node| node.operands.as_slice());
        operands.iter().map(|&(operand, _)| operand).collect()
    }

    /// The units of a part, by the place of their results.
    pub(super) fn units(&self, scope: Scope) -> Vec<Unit<'a>> {
        let mut groups: IndexMap<&str, Unit> = IndexMap::new();
        let mut units = Vec::new();
        for &node in scope.nodes {
            let path = self.path(scope.region, node, scope.prefix);
            let Place { place, call } = place(path, &self.candidates);
            match call {
                Some(call) => {
                    let group = groups.entry(call.path).or_insert(Unit {
                        nodes: Vec::new(),
                        place,
                        call: Some(call),
                    });
                    group.nodes.push(node);
                }
                None => units.push(Unit {
                    nodes: vec![node],
                    place,
                    call: None,
                }),
            }
        }
        for group in groups.into_values() {
            if self.is_whole(scope.region, &group) {
                units.push(group);
                continue;
            }
            let place = group.place;
            units.extend(group.nodes.into_iter().map(|node| Unit {
                nodes: vec![node],
                place,
                call: None,
            }));
        }
        units.sort_by_key(Unit::result);
        units
    }

    /// Whether a call has one result, its last node, and reads nothing that is computed
    /// of it outside.
    fn is_whole(&self, region: RegionId, unit: &Unit) -> bool {
        let inside: BTreeSet<NodeIndex> = unit.nodes.iter().copied().collect();
        let (Some(seen), Some(&first), Some(last)) = (
            self.view.regions.get(region.index()),
            unit.nodes.first(),
            unit.result(),
        ) else {
            return false;
        };
        let mut of_it: BTreeMap<NodeIndex, bool> = BTreeMap::new();
        for node in seen.nodes.iter().filter(|node| node.index > first) {
            let is_inside = inside.contains(&node.index);
            let mut outside_of_it = false;
            for (operand, _) in &node.operands {
                let reads_inside = inside.contains(operand);
                if reads_inside && !is_inside && *operand != last {
                    return false;
                }
                let depends = of_it.get(operand).copied().unwrap_or(false);
                if is_inside && depends {
                    return false;
                }
                outside_of_it |= reads_inside || depends;
            }
            // Behind the last of its nodes only who reads them matters.
            if !is_inside && outside_of_it && node.index < last {
                of_it.insert(node.index, true);
            }
        }
        let outputs = seen.outputs.iter();
        !outputs
            .clone()
            .any(|output| inside.contains(output) && *output != last)
    }
}

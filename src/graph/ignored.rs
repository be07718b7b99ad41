//! Architectures that ignore their input: no way leads from it to an output but through
//! zeros, so that what they calculate is the same for every input.
//!
//! A `zero` depends on nothing, and a sum of nothing has no operand. What else a network
//! multiplies or subtracts away is not looked at.

use petgraph::Direction;
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef as _;

use super::measure::reached;
use super::{Op, Region, RegionId, Supergraph};
use crate::decision::{GuardId, Guards};

/// How many operands of conditions are looked at before the answer is given up: as many
/// as a moment is enough for.
const WORK: u64 = 1 << 17;

/// When some output depends on some input, by any way that is no zero; `None` where that
/// takes longer than a moment. Of a scan the body counts, through its result or through
/// its states.
#[must_use]
pub fn heeded(graph: &Supergraph, guards: &mut Guards) -> Option<GuardId> {
    let last = guards.work().saturating_add(WORK);
    let heeded = heeded_in(graph, guards, RegionId(0), last);
    (guards.work() <= last).then_some(heeded)
}

fn heeded_in(graph: &Supergraph, guards: &mut Guards, id: RegionId, last: u64) -> GuardId {
    let Some(region) = graph.region(id) else {
        return GuardId::NEVER;
    };
    let reached = reached(region, guards, GuardId::ALWAYS, |guards, op| match op {
        Op::Zero => GuardId::NEVER,
        Op::Scan { region } => heeded_in(graph, guards, *region, last),
        // Given up: nothing more is looked at.
        _ if guards.work() > last => GuardId::NEVER,
        _ => GuardId::ALWAYS,
    });
    let inputs = inputs(region, id).iter();
    let inputs = inputs.filter_map(|input| reached.get(input.index()).copied());
    guards.any(inputs)
}

/// What comes from outside: of the body of a scan not its states.
fn inputs(region: &Region, id: RegionId) -> &[NodeIndex] {
    match id {
        RegionId(0) => &region.inputs,
        _ => region.inputs.get(..1).unwrap_or_default(),
    }
}

/// The nodes that every way from the inputs of a region to its outputs leads through,
/// with the conditions under which it comes to each: where none of them holds, the input
/// is ignored. It takes time in proportion to the edges.
#[must_use]
pub fn bottlenecks(region: &Region, id: RegionId) -> Vec<(NodeIndex, Vec<GuardId>)> {
    let graph = &region.graph;
    let flags = |nodes: &[NodeIndex]| {
        let mut flags = vec![false; graph.node_count()];
        for node in nodes {
            if let Some(flag) = flags.get_mut(node.index()) {
                *flag = true;
            }
        }
        flags
    };
    let has = |flags: &[bool], node: NodeIndex| flags.get(node.index()) == Some(&true);
    let is_zero = |node: NodeIndex| {
        graph
            .node_weight(node)
            .is_none_or(|node| node.op == Op::Zero)
    };
    let edges = |node: NodeIndex, direction| {
        let edges = graph.edges_directed(node, direction);
        edges.filter(|edge| edge.weight().guard != GuardId::NEVER)
    };
    // Nodes stand in topological order.
    let mut from = flags(inputs(region, id));
    for node in graph.node_indices().filter(|node| !is_zero(*node)) {
        let mut before = edges(node, Direction::Incoming);
        if before.any(|edge| has(&from, edge.source()))
            && let Some(flag) = from.get_mut(node.index())
        {
            *flag = true;
        }
    }
    let mut to = flags(&region.outputs);
    for node in graph.node_indices().rev() {
        let mut after = edges(node, Direction::Outgoing);
        if after.any(|edge| has(&to, edge.target()) && !is_zero(edge.target()))
            && let Some(flag) = to.get_mut(node.index())
        {
            *flag = true;
        }
    }
    let is_between = |node: NodeIndex| has(&from, node) && has(&to, node);
    // The edges that pass by: every input begins with one, and every output ends with one.
    let inputs = inputs(region, id).iter();
    let mut passing = inputs.clone().filter(|node| is_between(**node)).count();
    let is_input = flags(&region.inputs);
    let mut found = Vec::new();
    for node in graph.node_indices().filter(|node| is_between(*node)) {
        let before = edges(node, Direction::Incoming).filter(|edge| is_between(edge.source()));
        let guards: Vec<GuardId> = before.map(|edge| edge.weight().guard).collect();
        let is_input = has(&is_input, node);
        passing = passing.saturating_sub(guards.len() + usize::from(is_input));
        if passing == 0 && !is_input {
            found.push((node, guards));
        }
        let after = edges(node, Direction::Outgoing).filter(|edge| is_between(edge.target()));
        let ends = region.outputs.iter().filter(|output| **output == node);
        passing += after.count() + ends.count();
    }
    found
}

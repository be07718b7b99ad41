//! Parts of a network as networks of their own.

use std::collections::{BTreeMap, BTreeSet};

use super::Web;
use crate::graph::{Edge, Node, Op, ParamTable, Region, Shape, Supergraph, Task};

/// The supergraph of some spots. What they read of others are its inputs, those that
/// nothing in it reads its outputs. `None` if it has scans.
pub(super) fn graph(web: &Web, spots: &BTreeSet<usize>, is_fixed: &[bool]) -> Option<Supergraph> {
    let mut region = Region::default();
    let mut places = BTreeMap::new();
    let read = spots.iter().flat_map(|&spot| web.operands(spot));
    let inputs: BTreeSet<usize> = read.map(|operand| operand.spot).collect();
    for &input in inputs.difference(spots) {
        let node = node(web, input, Op::Input, false);
        let place = region.graph.add_node(node);
        region.inputs.push(place);
        places.insert(input, place);
    }
    let is_fixed = |spot: usize| is_fixed.get(spot) == Some(&true);
    // Operands stand after what reads them.
    for &spot in spots.iter().rev() {
        let op = match web.node(spot).map(|node| &node.op) {
            // Its body is another part, of which it is all.
            Some(Op::Scan { .. }) if is_fixed(spot) => Op::Identity,
            Some(Op::Scan { .. }) => return None,
            // An input of its region, which no other is like.
            Some(op) => op.clone(),
            None => Op::Concat,
        };
        let is_input = op == Op::Input;
        let place = region.graph.add_node(node(web, spot, op, true));
        if is_input {
            region.inputs.push(place);
        }
        places.insert(spot, place);
        for one in web.operands(spot) {
            let slot = u32::try_from(one.slot).unwrap_or(u32::MAX);
            let edge = Edge {
                slot,
                guard: one.guard,
            };
            region.graph.add_edge(*places.get(&one.spot)?, place, edge);
        }
    }
    // All that are fixed are known.
    for spot in spots.iter().filter(|&&spot| is_fixed(spot)) {
        region.outputs.push(*places.get(spot)?);
    }
    Some(Supergraph {
        regions: vec![region],
        params: ParamTable::default(),
        input_names: Vec::new(),
        output_names: Vec::new(),
        task: Task::Other,
    })
}

fn node(web: &Web, spot: usize, op: Op, with_forms: bool) -> Node {
    let Some(known) = web.node(spot) else {
        return Node {
            op,
            shape: Shape::default(),
            timed: false,
            params: Vec::new(),
            path: "".into(),
            span: crate::span::Span::default(),
            forms: Vec::new(),
        };
    };
    let mut node = known.clone();
    node.op = op;
    node.params.clear();
    if !with_forms {
        node.forms.clear();
    }
    node
}

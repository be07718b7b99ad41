//! The child model of an architecture: the subgraph that it selects.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::graph::NodeIndex;

use super::{Op, ParamId, RegionId, Supergraph};
use crate::decision::{Architecture, DecisionSpace, GuardId};

/// The subgraph that an architecture selects: what reaches an output, with
/// every [`Op::Select`] replaced by the input it selects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Child {
    /// By [`RegionId`]; a region that is not reached has no steps.
    pub regions: Vec<ChildRegion>,
    /// The parameters it uses, each once, ascending.
    pub params: Vec<ParamId>,
}

/// One region of a child, as steps to run in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChildRegion {
    /// In topological order.
    pub steps: Vec<ChildStep>,
    /// The step of each input of the region; `None` where it is not read.
    pub inputs: Vec<Option<usize>>,
    /// The step of each output of the region.
    pub outputs: Vec<usize>,
}

/// One operation of a child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildStep {
    /// The node of the supergraph's region.
    pub node: NodeIndex,
    /// Which of the node's forms it has, if decisions say its sizes.
    pub form: Option<usize>,
    /// The steps whose results it reads, in order.
    pub inputs: Vec<usize>,
    /// Its parameters, one a role, in the order that [`Op`] states.
    pub params: Vec<ParamId>,
}

/// The supergraph with each parameter of one child as large as this needs it. What is
/// trained alone is cut out of nothing that other architectures would need: it has the
/// numbers that it uses, and starts from those of their shapes.
#[must_use]
pub fn alone(graph: &Supergraph, child: &Child) -> Supergraph {
    let mut needed: BTreeMap<ParamId, Vec<usize>> = BTreeMap::new();
    for (region, selected) in graph.regions.iter().zip(&child.regions) {
        for step in &selected.steps {
            let Some(node) = region.graph.node_weight(step.node) else {
                continue;
            };
            for (role, &id) in step.params.iter().enumerate() {
                let whole = graph.params.get(id).map(|param| &param.shape);
                let part = node.part_of(step.form, role).map(|part| &part.0);
                let Some(shape) = part.or(whole) else {
                    continue;
                };
                let most = needed.entry(id).or_insert_with(|| shape.clone());
                for (most, size) in most.iter_mut().zip(shape) {
                    *most = (*most).max(*size);
                }
            }
        }
    }
    let mut graph = graph.clone();
    for (id, shape) in needed {
        if let Some(param) = graph.params.params.get_mut(id.index()) {
            param.shape = shape;
        }
    }
    graph
}

/// Selects the child model of a complete architecture of `decisions`.
#[must_use]
pub fn select(graph: &Supergraph, decisions: &DecisionSpace, architecture: &Architecture) -> Child {
    let truth = decisions.guards.evaluate(architecture);
    let mut child = Child {
        regions: vec![ChildRegion::default(); graph.regions.len()],
        params: Vec::new(),
    };
    let mut params = BTreeSet::new();
    let mut open = vec![RegionId(0)];
    while let Some(id) = open.pop() {
        let Some(region) = graph.region(id) else {
            continue;
        };
        let selected = select_region(graph, id, architecture, &truth);
        for step in &selected.steps {
            params.extend(step.params.iter().copied());
            if let Some(Op::Scan { region }) =
                region.graph.node_weight(step.node).map(|node| &node.op)
            {
                open.push(*region);
            }
        }
        if let Some(slot) = child.regions.get_mut(id.index()) {
            *slot = selected;
        }
    }
    child.params = params.into_iter().collect();
    child
}

fn select_region(
    graph: &Supergraph,
    id: RegionId,
    architecture: &Architecture,
    truth: &[bool],
) -> ChildRegion {
    let Some(region) = graph.region(id) else {
        return ChildRegion::default();
    };
    let n = region.graph.node_count();
    // What a node reads in this architecture.
    let operands: Vec<Vec<NodeIndex>> = region
        .graph
        .node_indices()
        .map(|node| {
            region
                .operands(node)
                .into_iter()
                .filter(|(_, guard)| truth.get(guard.index()).copied().unwrap_or(false))
                .map(|(input, _)| input)
                .collect()
        })
        .collect();
    let reads = |node: NodeIndex| operands.get(node.index()).map_or(&[][..], Vec::as_slice);

    let holds = |guard: GuardId| truth.get(guard.index()).copied().unwrap_or(false);
    let reached = region.reached(holds);

    // Forward: one step a node, but a selection stands for what it selects.
    let mut selected = ChildRegion::default();
    let mut step_of: Vec<Option<usize>> = vec![None; n];
    for node in region.graph.node_indices() {
        let Some(weight) = region.graph.node_weight(node) else {
            continue;
        };
        if reached.get(node.index()) != Some(&true) {
            continue;
        }
        let inputs: Vec<usize> = reads(node)
            .iter()
            .filter_map(|input| step_of.get(input.index()).copied().flatten())
            .collect();
        let step = if weight.op == Op::Select {
            inputs.first().copied()
        } else {
            let params = weight
                .params
                .iter()
                .filter_map(|&bank| graph.params.bank(bank))
                .map(|bank| bank.param(architecture))
                .collect();
            selected.steps.push(ChildStep {
                node,
                form: weight.forms.iter().position(|form| holds(form.guard)),
                inputs,
                params,
            });
            Some(selected.steps.len() - 1)
        };
        if let Some(slot) = step_of.get_mut(node.index()) {
            *slot = step;
        }
    }
    let step = |node: &NodeIndex| step_of.get(node.index()).copied().flatten();
    selected.inputs = region.inputs.iter().map(step).collect();
    selected.outputs = region.outputs.iter().filter_map(step).collect();
    selected
}

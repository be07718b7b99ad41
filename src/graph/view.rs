//! A network to measure or to draw: the whole supergraph, or one child of it.

use petgraph::graph::NodeIndex;

use super::{Child, Op, ParamId, RegionId, Supergraph};
use crate::decision::GuardId;

/// The nodes that reach an output, by region.
#[derive(Clone, Debug, Default)]
pub(super) struct View {
    /// By [`RegionId`]; a region that is not reached has no nodes.
    pub regions: Vec<ViewRegion>,
}

/// One region of a [`View`].
#[derive(Clone, Debug, Default)]
pub(super) struct ViewRegion {
    /// In topological order.
    pub nodes: Vec<ViewNode>,
    /// By input of the region; `None` where it is not read.
    pub inputs: Vec<Option<NodeIndex>>,
    /// The results in order.
    pub outputs: Vec<NodeIndex>,
}

/// One node of a [`View`].
#[derive(Clone, Debug)]
pub(super) struct ViewNode {
    /// Its place in the supergraph's region.
    pub index: NodeIndex,
    /// Which of its forms it has; `None`: the widest, or the only one.
    pub form: Option<usize>,
    /// What it reads, in order, each with the condition under which it does.
    pub operands: Vec<(NodeIndex, GuardId)>,
    /// What it may use, one list a role.
    pub params: Vec<Vec<ParamId>>,
}

impl View {
    /// Which of its forms a node of a child has.
    pub fn form(&self, region: RegionId, index: NodeIndex) -> Option<usize> {
        let nodes = &self.regions.get(region.index())?.nodes;
        // Ascending: topological order is the order of the supergraph.
        let place = nodes.binary_search_by_key(&index, |node| node.index).ok()?;
        nodes.get(place)?.form
    }
}

/// The supergraph, over every edge that some architecture has.
pub(super) fn supergraph(graph: &Supergraph) -> View {
    let mut view = View {
        regions: vec![ViewRegion::default(); graph.regions.len()],
    };
    let mut open = vec![RegionId(0)];
    while let Some(id) = open.pop() {
        let Some(region) = graph.region(id) else {
            continue;
        };
        let reached = region.reached(|_| true);
        let is_reached = |node: &NodeIndex| reached.get(node.index()) == Some(&true);
        let nodes = region.graph.node_indices().filter(is_reached).map(|index| {
            let node = region.graph.node_weight(index);
            if let Some(Op::Scan { region }) = node.map(|node| &node.op) {
                open.push(*region);
            }
            let banks = node.map_or(&[][..], |node| node.params.as_slice());
            ViewNode {
                index,
                form: None,
                operands: region.operands(index),
                params: banks
                    .iter()
                    .filter_map(|&bank| graph.params.bank(bank))
                    .map(|bank| bank.params().collect())
                    .collect(),
            }
        });
        let seen = ViewRegion {
            nodes: nodes.collect(),
            inputs: region
                .inputs
                .iter()
                .map(|input| is_reached(input).then_some(*input))
                .collect(),
            outputs: region.outputs.clone(),
        };
        if let Some(slot) = view.regions.get_mut(id.index()) {
            *slot = seen;
        }
    }
    view
}

/// One child: its edges are there without condition.
pub(super) fn child(child: &Child) -> View {
    let regions = child.regions.iter().map(|region| {
        let node = |step: usize| region.steps.get(step).map(|step| step.node);
        ViewRegion {
            nodes: region
                .steps
                .iter()
                .map(|step| ViewNode {
                    index: step.node,
                    form: step.form,
                    operands: step
                        .inputs
                        .iter()
                        .filter_map(|&input| Some((node(input)?, GuardId::ALWAYS)))
                        .collect(),
                    params: step.params.iter().map(|&param| vec![param]).collect(),
                })
                .collect(),
            inputs: region.inputs.iter().map(|input| node((*input)?)).collect(),
            outputs: region
                .outputs
                .iter()
                .filter_map(|&output| node(output))
                .collect(),
        }
    });
    View {
        regions: regions.collect(),
    }
}

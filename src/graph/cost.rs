//! What a network costs: the child of an architecture, or the whole supergraph.
//!
//! Only what reaches an output is counted; of the supergraph, over every edge
//! that some architecture has.
//!
//! **FLOPs** are multiply-adds of convolutions, linear maps, attention and
//! squeeze-excite, the border included: every number of a kernel or a matrix is
//! used once at each position of the result, and attention compares and mixes
//! its `t` positions besides (`2 t² d`). Biases, norms, activations, pools,
//! sums, products of tensors and the look-up of an embedding count nothing.
//!
//! **Time** is left out as it is in shapes: what comes after `tokens` counts
//! for one token, the body of a `scan` for one step.

use std::collections::BTreeSet;

use serde::Serialize;

use super::view::{self, View};
use super::{Child, Node, Op, ParamId, ParamTable, RegionId, Role, Supergraph};

/// What a network costs. Numbers that do not fit saturate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// Trained numbers of what reaches an output.
    pub parameters: u64,
    /// Trained numbers of the whole supergraph, whatever is measured.
    pub shared_parameters: u64,
    /// Multiply-adds.
    pub flops: u64,
    /// Numbers that the operations give, all results together.
    pub activations: u64,
    /// What [`Cost::flops`] and [`Cost::activations`] are counted for.
    pub per: Unit,
    /// Nodes, those of scan bodies and the inputs among them.
    pub nodes: u64,
    /// Edges.
    pub edges: u64,
    /// Operations on the longest path from an input to an output, the body of
    /// a scan passed once.
    pub depth: u64,
}

/// One piece of input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// One example, such as an image.
    Example,
    /// One token of a sequence.
    Token,
}

/// The cost of a child model of `graph`.
#[must_use]
pub fn child(graph: &Supergraph, child: &Child) -> Cost {
    measure(graph, &view::child(child))
}

/// The cost of the whole supergraph: all architectures at once.
#[must_use]
pub fn supergraph(graph: &Supergraph) -> Cost {
    measure(graph, &view::supergraph(graph))
}

fn measure(graph: &Supergraph, view: &View) -> Cost {
    let mut nodes = graph.regions.iter().flat_map(|r| r.graph.node_weights());
    let mut cost = Cost {
        parameters: 0,
        shared_parameters: graph.params.total(),
        flops: 0,
        activations: 0,
        per: if nodes.any(|node| node.timed) {
            Unit::Token
        } else {
            Unit::Example
        },
        nodes: 0,
        edges: 0,
        depth: 0,
    };
    let mut params = BTreeSet::new();
    cost.depth = add_region(graph, view, RegionId(0), &mut cost, &mut params);
    cost.parameters = graph.params.trained(params);
    cost
}

/// Adds what a region costs; gives its depth.
fn add_region(
    graph: &Supergraph,
    view: &View,
    id: RegionId,
    cost: &mut Cost,
    params: &mut BTreeSet<ParamId>,
) -> u64 {
    let (Some(region), Some(seen)) = (graph.region(id), view.regions.get(id.index())) else {
        return 0;
    };
    let mut depths = vec![0u64; region.graph.node_count()];
    let depth_of = |depths: &[u64], index: usize| depths.get(index).copied().unwrap_or(0);
    for part in &seen.nodes {
        let Some(node) = region.graph.node_weight(part.index) else {
            continue;
        };
        cost.nodes += 1;
        cost.edges += part.operands.len() as u64;
        params.extend(part.params.iter().flatten());
        let own = match node.op {
            Op::Input | Op::Select => 0,
            Op::Scan { region } => add_region(graph, view, region, cost, params),
            _ => {
                cost.flops = cost.flops.saturating_add(flops(node, &graph.params));
                cost.activations = cost.activations.saturating_add(node.shape.len());
                1
            }
        };
        let before = part
            .operands
            .iter()
            .map(|(input, _)| depth_of(&depths, input.index()))
            .max();
        if let Some(depth) = depths.get_mut(part.index.index()) {
            *depth = before.unwrap_or(0) + own;
        }
    }
    let ends = seen.outputs.iter();
    ends.map(|output| depth_of(&depths, output.index()))
        .max()
        .unwrap_or(0)
}

/// The multiply-adds of one node.
fn flops(node: &Node, params: &ParamTable) -> u64 {
    // The parameters of a bank have one shape, so the first stands for all.
    let weights: u64 = node
        .params
        .iter()
        .filter_map(|&bank| params.get(params.bank(bank)?.first))
        .filter(|param| matches!(param.role, Role::Weight | Role::Embedding))
        .fold(0, |sum, param| sum.saturating_add(param.len()));
    let sizes = &node.shape.0;
    let product = |sizes: &[usize]| {
        sizes
            .iter()
            .fold(1u64, |product, &n| product.saturating_mul(n as u64))
    };
    match &node.op {
        Op::Conv { .. } | Op::Conv1d { .. } | Op::Linear { .. } => {
            weights.saturating_mul(product(sizes.get(1..).unwrap_or_default()))
        }
        Op::SqueezeExcite { .. } => weights,
        Op::Attention { .. } => {
            let positions = sizes.first().map_or(0, |&t| t as u64);
            let mixing = product(sizes).saturating_mul(positions).saturating_mul(2);
            weights.saturating_mul(positions).saturating_add(mixing)
        }
        _ => 0,
    }
}

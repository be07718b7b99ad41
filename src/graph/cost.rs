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

use std::collections::BTreeMap;

use serde::Serialize;

use super::view::{self, View};
use super::{Child, Node, Op, ParamId, ParamTable, RegionId, Role, Shape, Supergraph};

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
    let mut params = BTreeMap::new();
    cost.depth = add_region(graph, view, RegionId(0), &mut cost, &mut params);
    cost.parameters = params
        .into_values()
        .fold(cost.parameters, u64::saturating_add);
    cost
}

/// Adds what a region costs, and how many trained numbers of each parameter it
/// uses; gives its depth.
fn add_region(
    graph: &Supergraph,
    view: &View,
    id: RegionId,
    cost: &mut Cost,
    params: &mut BTreeMap<ParamId, u64>,
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
        for (role, ids) in part.params.iter().enumerate() {
            for &id in ids {
                let Some(used) = used(graph, node, part.form, (role, id)) else {
                    continue;
                };
                let most = params.entry(id).or_default();
                *most = used.max(*most);
            }
        }
        let steps = match node.op {
            Op::Scan { region } => add_region(graph, view, region, cost, params),
            _ => match own(node, part.form, &graph.params) {
                None => 0,
                Some(own) => {
                    cost.parameters = cost.parameters.saturating_add(own.parameters);
                    cost.flops = cost.flops.saturating_add(own.flops);
                    cost.activations = cost.activations.saturating_add(own.activations);
                    1
                }
            },
        };
        let before = part
            .operands
            .iter()
            .map(|(input, _)| depth_of(&depths, input.index()))
            .max();
        if let Some(depth) = depths.get_mut(part.index.index()) {
            *depth = before.unwrap_or(0) + steps;
        }
    }
    let ends = seen.outputs.iter();
    ends.map(|output| depth_of(&depths, output.index()))
        .max()
        .unwrap_or(0)
}

/// What a node costs wherever it stands: all but the parameters that it shares.
pub(super) struct Own {
    /// Trained numbers that are no part of the table.
    pub(super) parameters: u64,
    /// Multiply-adds.
    pub(super) flops: u64,
    /// Numbers of its result.
    pub(super) activations: u64,
}

/// What one form of a node costs; `None` of one that computes nothing itself.
pub(super) fn own(node: &Node, form: Option<usize>, params: &ParamTable) -> Option<Own> {
    match node.op_of(form) {
        Op::Input | Op::Select | Op::Scan { .. } => None,
        op => Some(Own {
            parameters: match op {
                Op::Extern { params, .. } => *params,
                _ => 0,
            },
            flops: flops(node, form, params),
            activations: node.shape_of(form).len(),
        }),
    }
}

/// How many trained numbers of a parameter of a role one form of a node uses;
/// `None` of one that is not trained.
pub(super) fn used(
    graph: &Supergraph,
    node: &Node,
    form: Option<usize>,
    (role, id): (usize, ParamId),
) -> Option<u64> {
    let param = graph
        .params
        .get(id)
        .filter(|param| param.role.is_trained())?;
    Some(node.part_of(form, role).map_or(param.len(), Shape::len))
}

fn flops(node: &Node, form: Option<usize>, params: &ParamTable) -> u64 {
    // The parameters of a bank have one shape, so the first stands for all.
    let weights: u64 = node
        .params
        .iter()
        .enumerate()
        .filter_map(|(role, &bank)| Some((role, params.get(params.bank(bank)?.first)?)))
        .filter(|(_, param)| matches!(param.role, Role::Weight | Role::Embedding))
        .map(|(role, param)| node.part_of(form, role).map_or(param.len(), Shape::len))
        .fold(0, u64::saturating_add);
    let sizes = &node.shape_of(form).0;
    let product = |sizes: &[usize]| {
        sizes
            .iter()
            .fold(1u64, |product, &n| product.saturating_mul(n as u64))
    };
    match node.op_of(form) {
        Op::Conv { .. } | Op::Conv1d { .. } | Op::Linear { .. } => {
            weights.saturating_mul(product(sizes.get(1..).unwrap_or_default()))
        }
        Op::SqueezeExcite { .. } => weights,
        Op::Extern { flops, .. } => *flops,
        Op::Attention { .. } => {
            let positions = sizes.first().map_or(0, |&t| t as u64);
            // All heads together; each of the four matrices has d rows or columns.
            let d = sizes.last().map_or(1, |&d| d as u64).max(1);
            let width = weights / (4 * d);
            let mixing =
                (width.saturating_mul(positions).saturating_mul(positions)).saturating_mul(2);
            weights.saturating_mul(positions).saturating_add(mixing)
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::Architecture;
    use crate::graph::select;
    use crate::unroll::Settings;
    use crate::{Options, SearchSpace, compile};

    fn space_of(text: &str, set: &[(&str, &str)]) -> SearchSpace {
        let pairs = set.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
        let options = Options {
            settings: Settings(pairs.collect()),
            ..Options::default()
        };
        let mut compilation = compile("test.enas", text, &options);
        assert_eq!(compilation.diagnostics, []);
        compilation.spaces.pop().unwrap()
    }

    fn child_of(space: &SearchSpace, line: &str) -> Cost {
        let architecture = Architecture::parse(line, &space.decisions, &space.name).unwrap();
        let selected = select(&space.graph, &space.decisions, &architecture);
        child(&space.graph, &selected)
    }

    /// The cost of `y = ..`, which decides nothing.
    fn cost_of(input: &str, output: &str, body: &str) -> Cost {
        let text = format!(
            "space one {{ input x: {input} output y: {output}\n let _choice = choose {{ a: identity(x), b: relu(x) }}\n y = {body} }}"
        );
        supergraph(&space_of(&text, &[]).graph)
    }

    #[test]
    fn a_tiny_network_counted_by_hand() {
        let space = space_of(include_str!("../../spaces/tiny.enas"), &[]);
        let line = "h[1].f=conv3 h[1].skips={} h[2].f=max3 h[2].skips={0}";
        let stem = 9 * 8 + 2 * 8; // conv 3x3 from 1 to 8 channels, batch norm
        let layer = 9 * 8 * 8 + 2 * 8;
        let head = 8 * 4;
        let image = 12 * 12;
        let expected = Cost {
            parameters: stem + layer + head,
            shared_parameters: stem + 2 * layer + head,
            flops: 9 * 8 * image + 9 * 8 * 8 * image + 8 * 4,
            // Of the size of the stem: conv bn; relu conv bn; the empty sum of
            // skips and the sum with it; pool, sum of skips, sum; the head's relu.
            // Then gap, dropout and the classes.
            activations: 11 * 8 * image + 8 + 8 + 4,
            per: Unit::Example,
            nodes: 1 + 11 + 3,
            // One an operation, but none into the empty sum, and two into each of
            // two sums.
            edges: 13 + 2,
            depth: 2 + 3 + 1 + 1 + 1 + 4,
        };
        assert_eq!(child_of(&space, line), expected);
    }

    #[test]
    fn nasbench201_has_the_published_size() {
        let space = space_of(include_str!("../../spaces/nasbench201.enas"), &[]);
        let edges = ["1].i=0", "2].i=0", "2].i=1", "3].i=0", "3].i=1", "3].i=2"];
        let all = |op: &str| edges.map(|edge| format!("Cell.t[{edge}={op}")).join(" ");

        let cost = child_of(&space, &all("conv3"));
        // A stage has 5 cells with 6 convolutions, each with its batch norm.
        let stage = |f: u64| 5 * 6 * (9 * f * f + 2 * f);
        // Two convolutions with batch norm, and one on the way past them.
        let down = |f: u64| {
            let g = 2 * f;
            9 * f * g + 2 * g + 9 * g * g + 2 * g + f * g
        };
        let stem = 9 * 3 * 16 + 2 * 16;
        let head = 2 * 64 + 64 * 10;
        let parameters = stem + stage(16) + down(16) + stage(32) + down(32) + stage(64) + head;
        assert_eq!(cost.parameters, parameters);
        // The benchmark says 1.531546 M: its classifier has 10 biases.
        assert_eq!(cost.parameters, 1_531_546 - 10);

        let stage = |f: u64, side: u64| 5 * 6 * 9 * f * f * side * side;
        let down = |f: u64, side: u64| (9 * f * 2 * f + 9 * 4 * f * f + f * 2 * f) * side * side;
        let flops = 9 * 3 * 16 * 32 * 32
            + stage(16, 32)
            + down(16, 16)
            + stage(32, 16)
            + down(32, 8)
            + stage(64, 8)
            + 64 * 10;
        assert_eq!(cost.flops, flops);
        // The benchmark says 220.12 M.
        assert_eq!(cost.flops, 220_119_680);

        // Each edge has a 1x1 convolution with batch norm besides.
        let conv1 = |f: u64| 5 * 6 * (f * f + 2 * f);
        let whole = supergraph(&space.graph);
        assert_eq!(
            whole.parameters,
            parameters + conv1(16) + conv1(32) + conv1(64)
        );
        assert_eq!(whole.shared_parameters, whole.parameters);

        // Zeros depend on nothing: what stands before them reaches no output.
        let cost = child_of(&space, &all("none"));
        assert_eq!(cost.parameters, head);
        assert_eq!(cost.shared_parameters, whole.parameters);
        assert_eq!(cost.flops, 64 * 10);
    }

    #[test]
    fn recurrent_costs_are_those_of_a_token() {
        let text = include_str!("../../spaces/enas_rnn.enas");
        let space = space_of(text, &[("vocab", "10"), ("width", "4"), ("n", "3")]);
        let line = "Cell.f0=tanh Cell.h[1].p=0 Cell.h[1].f=relu Cell.h[2].p=0 Cell.h[2].f=tanh";
        let (embedding, first, later, norm) = (10 * 4, 8 * 8, 4 * 8, 2 * 8);
        let cost = child_of(&space, line);
        // The last matrix is the embedding's.
        assert_eq!(
            cost.parameters,
            embedding + (first + norm) + 2 * (later + norm) + 2 * 4
        );
        assert_eq!(cost.flops, first + 2 * later + embedding);
        assert_eq!(cost.per, Unit::Token);
        // A matrix for every activation, and for every predecessor.
        assert_eq!(
            supergraph(&space.graph).parameters,
            embedding + (4 * first + norm) + (4 * later + norm) + (2 * 4 * later + norm) + 2 * 4
        );
        // Every option of a bank is one node, so no option adds FLOPs.
        assert_eq!(supergraph(&space.graph).flops, cost.flops);
    }

    #[test]
    fn every_kind_of_weight_is_counted() {
        let cost = cost_of("[8, 8, 8]", "[8, 4, 4]", "depthwise(x, 3, stride = 2)");
        assert_eq!((cost.parameters, cost.flops), (9 * 8, 9 * 8 * 4 * 4));

        let body = "conv(x, 3, 4, groups = 2, bias = true)";
        let cost = cost_of("[8, 6, 6]", "[4, 6, 6]", body);
        assert_eq!(
            (cost.parameters, cost.flops),
            (9 * 4 * 4 + 4, 9 * 4 * 4 * 6 * 6)
        );

        let cost = cost_of("[3, 10]", "[5, 10]", "conv1d(x, 3, 5)");
        assert_eq!((cost.parameters, cost.flops), (3 * 3 * 5, 3 * 3 * 5 * 10));

        let cost = cost_of("[3, 7]", "[5, 7]", "linear(x, 5, bias = true)");
        assert_eq!((cost.parameters, cost.flops), (3 * 5 + 5, 3 * 5 * 7));

        let cost = cost_of("[8, 4, 4]", "[8, 4, 4]", "squeeze_excite(x, 4)");
        assert_eq!(
            (cost.parameters, cost.flops),
            (8 * 2 + 2 + 2 * 8 + 8, 2 * 8 * 2)
        );

        let cost = cost_of("[5, 6]", "[5, 6]", "attention(x, 2)");
        assert_eq!(
            (cost.parameters, cost.flops),
            (4 * 6 * 6, 4 * 5 * 6 * 6 + 2 * 5 * 5 * 6)
        );

        let cost = cost_of("[5, 6]", "[5, 6]", "layer_norm(bn(x)) + x * x");
        assert_eq!((cost.parameters, cost.flops), (2 * 5 + 2 * 6, 0));
    }

    #[test]
    fn the_largest_sizes_are_counted_exactly() {
        let n = 1u64 << 40;
        let cost = cost_of(
            "[8, 8, 8]",
            &format!("[{n}, 8, 8]"),
            &format!("conv(x, 3, {n})"),
        );
        assert_eq!((cost.parameters, cost.flops), (n * 72, n * 72 * 64));
        assert_eq!(cost.activations, n * 64);
    }
}

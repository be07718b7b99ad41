//! What the tests of the model share: numbers, comparisons, small graphs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use petgraph::graph::NodeIndex;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tch::{Device, Kind, Tensor};

use super::{ModelConfig, SharedModel};
use crate::decision::{Architecture, DecisionSpace, GuardId};
use crate::graph::{
    Bank, BankId, Child, Node, Op, Padding, Param, ParamId, ParamTable, Region, RegionId, Role,
    Shape, Supergraph, Task, Window, select,
};
use crate::span::Span;

/// 0, 1, 2, .. as doubles.
pub(super) fn ramp(sizes: &[i64]) -> Tensor {
    let n: i64 = sizes.iter().product();
    Tensor::arange(n, (Kind::Double, Device::Cpu)).view(sizes)
}

/// Numbers in -1..1 as doubles, other ones at every call, without torch's
/// random numbers, which other tests share.
pub(super) fn noise(sizes: &[i64]) -> Tensor {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    tch::set_num_threads(1);
    let mut rng = ChaCha8Rng::seed_from_u64(CALLS.fetch_add(1, Ordering::Relaxed));
    let n: i64 = sizes.iter().product();
    let numbers: Vec<f64> = (0..n).map(|_| 2.0 * rng.random::<f64>() - 1.0).collect();
    Tensor::from_slice(&numbers).view(sizes)
}

/// The numbers of a tensor, the last dimension fastest.
pub(super) fn numbers(x: &Tensor) -> Vec<f64> {
    let flat = x.detach().to_kind(Kind::Double).contiguous().view([-1]);
    Vec::try_from(flat).unwrap()
}

#[track_caller]
pub(super) fn assert_close(found: &Tensor, expected: &Tensor, tolerance: f64) {
    assert_eq!(found.size(), expected.size());
    for (at, (a, b)) in numbers(found)
        .into_iter()
        .zip(numbers(expected))
        .enumerate()
    {
        assert!(
            (a - b).abs() <= tolerance * (1.0 + b.abs()),
            "number {at} is {a}, not {b}\n{found}\n{expected}"
        );
    }
}

/// The cells that windows take of one side, by the formulas of the language's
/// reference, apart from [`Window`]'s own methods.
pub(super) struct Side {
    pub(super) result: i64,
    before: i64,
    n: i64,
    size: i64,
    stride: i64,
    dilation: i64,
}

impl Side {
    pub(super) fn new(window: Window, n: i64) -> Self {
        let (size, stride) = (window.size as i64, window.stride as i64);
        let dilation = window.dilation as i64;
        let reach = (size - 1) * dilation + 1;
        let (result, before) = match window.padding {
            Padding::Same => {
                let result = (n + stride - 1) / stride;
                let total = ((result - 1) * stride + reach - n).max(0);
                (result, total / 2)
            }
            Padding::Torch => ((n + 2 * (reach / 2) - reach) / stride + 1, reach / 2),
            Padding::Valid => ((n - reach) / stride + 1, 0),
        };
        Self {
            result,
            before,
            n,
            size,
            stride,
            dilation,
        }
    }

    /// (index in the window, index in the side) of the cells of window `i`
    /// that lie inside.
    pub(super) fn cells(&self, i: i64) -> Vec<(i64, i64)> {
        (0..self.size)
            .map(|u| (u, i * self.stride - self.before + u * self.dilation))
            .filter(|&(_, at)| (0..self.n).contains(&at))
            .collect()
    }
}

/// Windows of all sorts with image sizes on which they leave something.
pub(super) fn sides(dilated: bool) -> Vec<(Window, (i64, i64))> {
    let mut found = Vec::new();
    for padding in [Padding::Same, Padding::Torch, Padding::Valid] {
        for size in 1..=5usize {
            for stride in 1..=3 {
                for dilation in if dilated { 1..=2 } else { 1..=1 } {
                    for (h, w) in [(8, 8), (7, 7), (8, 7), (5, 9), (1, 2), (10, 3)] {
                        let window = Window {
                            size,
                            stride,
                            dilation,
                            padding,
                        };
                        let fits = |n: i64| Side::new(window, n).result > 0;
                        // An even kernel with torch's padding reaches beyond every pixel
                        // in a small image, where a pool has nothing to take.
                        let covered = |n: i64| {
                            let side = Side::new(window, n);
                            (0..side.result).all(|i| !side.cells(i).is_empty())
                        };
                        let valid = padding != Padding::Valid || window.extent() as i64 <= h.min(w);
                        if valid && fits(h) && fits(w) && covered(h) && covered(w) {
                            found.push((window, (h, w)));
                        }
                    }
                }
            }
        }
    }
    found
}

/// A supergraph written by hand; nodes go to the region named last.
pub(super) struct Build {
    regions: Vec<Region>,
    params: ParamTable,
    current: usize,
}

impl Build {
    pub(super) fn new() -> Self {
        Self {
            regions: vec![Region::default()],
            params: ParamTable::default(),
            current: 0,
        }
    }

    /// Nodes go to a new region from now on.
    pub(super) fn body(&mut self) -> RegionId {
        self.regions.push(Region::default());
        self.current = self.regions.len() - 1;
        RegionId(self.current as u32)
    }

    /// Nodes go to the whole network again.
    pub(super) fn whole(&mut self) {
        self.current = 0;
    }

    pub(super) fn param(&mut self, name: &str, shape: &[usize], role: Role) -> BankId {
        let first = ParamId(self.params.params.len() as u32);
        self.params.params.push(Param {
            name: name.to_owned(),
            shape: shape.to_vec(),
            role,
        });
        self.params.banks.push(Bank {
            per: Vec::new(),
            sizes: Vec::new(),
            first,
        });
        BankId(self.params.banks.len() as u32 - 1)
    }

    /// The four of a batch norm.
    pub(super) fn bn(&mut self, name: &str, c: usize) -> Vec<BankId> {
        [Role::Scale, Role::Offset, Role::Mean, Role::Variance]
            .map(|role| self.param(&format!("{name}.{role:?}"), &[c], role))
            .to_vec()
    }

    pub(super) fn input(&mut self, shape: &[usize], timed: bool) -> NodeIndex {
        let node = self.node(Op::Input, shape, &[], &[]);
        let region = &mut self.regions[self.current];
        region.graph[node].timed = timed;
        region.inputs.push(node);
        node
    }

    pub(super) fn node(
        &mut self,
        op: Op,
        shape: &[usize],
        inputs: &[NodeIndex],
        params: &[BankId],
    ) -> NodeIndex {
        let inputs: Vec<_> = inputs
            .iter()
            .map(|&input| (input, GuardId::ALWAYS))
            .collect();
        let node = self.guarded(op, shape, &inputs);
        self.regions[self.current].graph[node].params = params.to_vec();
        node
    }

    /// A node that reads each input under its condition.
    pub(super) fn guarded(
        &mut self,
        op: Op,
        shape: &[usize],
        inputs: &[(NodeIndex, GuardId)],
    ) -> NodeIndex {
        let region = &mut self.regions[self.current];
        let timed = inputs.iter().any(|&(input, _)| region.graph[input].timed);
        let node = Node {
            path: format!("n{}", region.graph.node_count()).into(),
            op,
            shape: Shape(shape.to_vec()),
            timed,
            params: Vec::new(),
            span: Span::default(),
            forms: Vec::new(),
        };
        region.add(node, inputs.iter().copied())
    }

    pub(super) fn output(&mut self, node: NodeIndex) {
        self.regions[self.current].outputs.push(node);
    }

    pub(super) fn graph(self) -> Supergraph {
        let outputs = self.regions[0].outputs.len();
        Supergraph {
            input_names: (0..self.regions[0].inputs.len())
                .map(|i| format!("x{i}"))
                .collect(),
            output_names: (0..outputs).map(|i| format!("y{i}")).collect(),
            regions: self.regions,
            params: self.params,
            task: Task::Other,
        }
    }

    /// The model in double precision, and its only child.
    pub(super) fn model(self, config: ModelConfig) -> (SharedModel, Child) {
        tch::set_num_threads(1);
        let graph = self.graph();
        let child = only_child(&graph);
        let model = SharedModel::new(Arc::new(graph), config, 7, Device::Cpu).in_double();
        (model, child)
    }
}

/// The child of a graph without decisions.
pub(super) fn only_child(graph: &Supergraph) -> Child {
    let space = DecisionSpace::default();
    select(graph, &space, &Architecture::undecided(&space))
}

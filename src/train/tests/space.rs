//! A tiny space of image classifiers, built by hand: 6 architectures.
//!
//! stem conv3 -> f in {conv3, conv5, max3} -> g in {conv3, id} -> gap -> linear

use petgraph::graph::NodeIndex;

use crate::SearchSpace;
use crate::decision::{
    DecisionPoint, DecisionSpace, Domain, GuardId, Hints, OptionSource, Table, TableId,
};
use crate::graph::{
    Activation, Bank, BankId, Node, Op, Padding, Param, ParamId, ParamTable, Pool, Region, Role,
    Shape, Supergraph, Task, Window,
};
use crate::span::Span;
use crate::unroll::Ports;

const WIDTH: usize = 6;
const SIZE: usize = 8;
const CLASSES: usize = 4;

#[derive(Default)]
struct Builder {
    region: Region,
    params: ParamTable,
}

impl Builder {
    fn node(
        &mut self,
        path: &str,
        op: Op,
        shape: &[usize],
        inputs: &[(NodeIndex, GuardId)],
        params: &[(&str, Role, &[usize])],
    ) -> NodeIndex {
        let banks = params
            .iter()
            .map(|(name, role, shape)| {
                self.params.params.push(Param {
                    name: format!("{path}.{name}"),
                    shape: shape.to_vec(),
                    role: *role,
                });
                self.params.banks.push(Bank {
                    per: Vec::new(),
                    sizes: Vec::new(),
                    first: ParamId(self.params.params.len() as u32 - 1),
                });
                BankId(self.params.banks.len() as u32 - 1)
            })
            .collect();
        let node = Node {
            op,
            shape: Shape(shape.to_vec()),
            timed: false,
            params: banks,
            path: path.into(),
            span: Span::default(),
            forms: Vec::new(),
        };
        self.region.add(node, inputs.iter().copied())
    }

    /// conv -> bn -> relu
    fn conv(&mut self, path: &str, k: usize, c_in: usize, x: NodeIndex) -> NodeIndex {
        let shape = [WIDTH, SIZE, SIZE];
        let op = Op::Conv {
            window: window(k),
            groups: 1,
            bias: false,
        };
        let kernel: &[usize] = &[WIDTH, c_in, k, k];
        let weight = [("weight", Role::Weight, kernel)];
        let y = self.node(path, op, &shape, &[(x, GuardId::ALWAYS)], &weight);
        let of_bn: [(&str, Role, &[usize]); 4] = [
            ("scale", Role::Scale, &[WIDTH]),
            ("offset", Role::Offset, &[WIDTH]),
            ("mean", Role::Mean, &[WIDTH]),
            ("variance", Role::Variance, &[WIDTH]),
        ];
        let bn = Op::BatchNorm {
            eps: 1e-5,
            decay: 0.9,
        };
        let path = format!("{path}.bn");
        let y = self.node(&path, bn, &shape, &[(y, GuardId::ALWAYS)], &of_bn);
        let relu = Op::Activation(Activation::Relu);
        self.node("relu", relu, &shape, &[(y, GuardId::ALWAYS)], &[])
    }

    fn plain(&mut self, path: &str, op: Op, shape: &[usize], x: NodeIndex) -> NodeIndex {
        self.node(path, op, shape, &[(x, GuardId::ALWAYS)], &[])
    }
}

fn window(size: usize) -> Window {
    Window {
        size,
        stride: 1,
        dilation: 1,
        padding: Padding::Same,
    }
}

pub(super) fn tiny() -> SearchSpace {
    let mut decisions = DecisionSpace::default();
    let mut decide = |path: &str, options: &[&str]| {
        let table = TableId(decisions.tables.len() as u32);
        decisions.tables.push(Table {
            name: path.to_owned(),
            size: options.len() as u32,
        });
        decisions.add(DecisionPoint {
            path: path.to_owned(),
            domain: Domain::One {
                n: options.len() as u32,
            },
            options: options.iter().map(|&o| o.to_owned()).collect(),
            active: GuardId::ALWAYS,
            available: Vec::new(),
            source: OptionSource::Table(table),
            hints: Hints::default(),
            span: Span::default(),
        })
    };
    let f = decide("f", &["conv3", "conv5", "max3"]);
    let g = decide("g", &["conv3", "id"]);
    let is_f = [0, 1, 2].map(|option| decisions.guards.has(f, option));
    let is_g = [0, 1].map(|option| decisions.guards.has(g, option));

    let mut b = Builder::default();
    let shape = [WIDTH, SIZE, SIZE];
    let input = b.node("x", Op::Input, &[1, SIZE, SIZE], &[], &[]);
    let stem = b.conv("stem", 3, 1, input);
    let pool = Op::Pool {
        pool: Pool::Max,
        window: window(3),
    };
    let options = [
        b.conv("f.conv3", 3, WIDTH, stem),
        b.conv("f.conv5", 5, WIDTH, stem),
        b.plain("f.max3", pool, &shape, stem),
    ];
    let edges: Vec<_> = options.into_iter().zip(is_f).collect();
    let y = b.node("f", Op::Select, &shape, &edges, &[]);
    let options = [
        b.conv("g.conv3", 3, WIDTH, y),
        b.plain("g.id", Op::Identity, &shape, y),
    ];
    let edges: Vec<_> = options.into_iter().zip(is_g).collect();
    let y = b.node("g", Op::Select, &shape, &edges, &[]);
    let y = b.plain("gap", Op::GlobalAvgPool, &[WIDTH], y);
    let drop = Op::Dropout {
        site: "head".to_owned(),
    };
    let y = b.plain("drop", drop, &[WIDTH], y);
    let matrix: &[usize] = &[CLASSES, WIDTH];
    let weight = [("weight", Role::Weight, matrix)];
    let linear = Op::Linear { bias: false };
    let y = b.node(
        "linear",
        linear,
        &[CLASSES],
        &[(y, GuardId::ALWAYS)],
        &weight,
    );
    b.region.inputs = vec![input];
    b.region.outputs = vec![y];

    SearchSpace {
        name: "tiny".to_owned(),
        decisions,
        graph: Supergraph {
            regions: vec![b.region],
            params: b.params,
            input_names: vec!["x".to_owned()],
            output_names: vec!["y".to_owned()],
            task: Task::Classification {
                image: [1, SIZE, SIZE],
                classes: CLASSES,
            },
        },
        steps: 0,
        cells: Vec::new(),
        ports: Ports {
            input: vec![None, Some("size".to_owned()), Some("size".to_owned())],
            output: vec![None],
        },
        settings: Vec::new(),
    }
}

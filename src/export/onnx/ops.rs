//! Steps as nodes of ONNX.

use super::proto::AttributeProto;
use super::{Writer, sizes};
use crate::export::network::Step;
use crate::graph::{Activation, Op, Pool, Window};
use crate::recipe::Statistics;

impl Writer<'_> {
    /// Adds the nodes of a step; gives the name of its result. `operands` are the steps
    /// that it reads, and `x` the names of their results.
    pub(super) fn step(&mut self, step: &Step, operands: &[&Step], x: &[String]) -> String {
        let path = step.path.join("/");
        let names: Vec<&str> = x.iter().map(String::as_str).collect();
        let first = names.first().copied().unwrap_or("");
        let rank = step.shape.len();
        // The first dimension of the shape: of vectors the last of the tensor.
        let axis = if rank <= 1 { -1 } else { 1 };
        match &step.op {
            Op::Conv { window, groups, .. } => {
                let mut attributes = sliding(*window, operands, 2);
                attributes.push(AttributeProto::ints(
                    "dilations",
                    &[window.dilation as i64; 2],
                ));
                attributes.push(AttributeProto::int("group", *groups as i64));
                self.with_params(step, "Conv", first, attributes)
            }
            Op::Conv1d { window, .. } => {
                let mut attributes = sliding(*window, operands, 1);
                attributes.push(AttributeProto::ints("dilations", &[window.dilation as i64]));
                self.with_params(step, "Conv", first, attributes)
            }
            Op::Linear { .. } => self.linear(step, first),
            Op::BatchNorm { eps, .. } => self.batch_norm(step, first, *eps),
            Op::LayerNorm { eps } => {
                let attributes = vec![
                    AttributeProto::int("axis", -1),
                    AttributeProto::float("epsilon", *eps),
                ];
                self.with_params(step, "LayerNormalization", first, attributes)
            }
            Op::Activation(function) => self.activation(&path, *function, first),
            Op::Pool { pool, window } => {
                let attributes = sliding(*window, operands, 2);
                let op = match pool {
                    // The border does not count: that is the default.
                    Pool::Avg => "AveragePool",
                    Pool::Max => "MaxPool",
                };
                self.builder.add(&path, op, &[first], attributes)
            }
            Op::GlobalAvgPool => self.mean(&path, first, &[-2, -1], false),
            Op::Shift { dy, dx } => self.shift(&path, first, &operands[0].shape, [*dy, *dx]),
            Op::Chunk { index, .. } => {
                let size = step.shape.first().copied().unwrap_or(1) as i64;
                let start = *index as i64 * size;
                self.slice(&path, first, &[axis], &[start], &[start + size])
            }
            Op::Concat => {
                let attributes = vec![AttributeProto::int("axis", axis)];
                self.builder.add(&path, "Concat", &names, attributes)
            }
            Op::Sum => self.builder.add(&path, "Sum", &names, Vec::new()),
            Op::Mean => self.builder.add(&path, "Mean", &names, Vec::new()),
            Op::Sub => self.builder.add(&path, "Sub", &names, Vec::new()),
            Op::Mul => self.builder.add(&path, "Mul", &names, Vec::new()),
            Op::Affine { scale, offset } => {
                let (scale, offset) = (self.builder.float(*scale), self.builder.float(*offset));
                let scaled = self.builder.add(&path, "Mul", &[first, &scale], Vec::new());
                self.builder
                    .add(&path, "Add", &[&scaled, &offset], Vec::new())
            }
            Op::Zero => self.zeros(step, operands[0], first),
            Op::Embed => {
                let matrix = self.param(step, 0);
                self.builder
                    .add(&path, "Gather", &[&matrix, first], Vec::new())
            }
            Op::Scan { region } => {
                let path = if path.is_empty() { "scan" } else { &path };
                self.scan(path, region.index(), first)
            }
            Op::SqueezeExcite { .. } => self.squeeze_excite(step, first),
            Op::Attention { heads } => self.attention(step, first, *heads),
            // Nothing is dropped in evaluation; of the others a network has none.
            Op::Dropout { .. }
            | Op::DropPath { .. }
            | Op::Input
            | Op::Select
            | Op::Identity
            | Op::Extern { .. } => first.to_owned(),
        }
    }

    /// The name of a parameter of a step, by role.
    fn param(&self, step: &Step, role: usize) -> String {
        let name = step.params.get(role).and_then(|slot| self.names.get(slot));
        name.map_or_else(String::new, |&name| name.to_owned())
    }

    /// A node that reads one tensor and the step's parameters.
    fn with_params(
        &mut self,
        step: &Step,
        op: &str,
        x: &str,
        attributes: Vec<AttributeProto>,
    ) -> String {
        let params: Vec<String> = (0..step.params.len())
            .map(|role| self.param(step, role))
            .collect();
        let inputs = [x].into_iter().chain(params.iter().map(String::as_str));
        let inputs: Vec<&str> = inputs.collect();
        self.builder
            .add(&step.path.join("/"), op, &inputs, attributes)
    }

    /// The product with the transpose of a matrix, along the last dimension.
    fn product(&mut self, path: &str, x: &str, matrix: &str) -> String {
        let builder = &mut self.builder;
        let transposed = builder.add(path, "Transpose", &[matrix], Vec::new());
        builder.add(path, "MatMul", &[x, &transposed], Vec::new())
    }

    fn linear(&mut self, step: &Step, x: &str) -> String {
        let path = step.path.join("/");
        let rank = step.shape.len() as i64;
        if rank <= 1 && !step.timed {
            let attributes = vec![AttributeProto::int("transB", 1)];
            return self.with_params(step, "Gemm", x, attributes);
        }
        let permuted = |writer: &mut Self, x: &str, perm: &[i64]| {
            let attributes = vec![AttributeProto::ints("perm", perm)];
            writer.builder.add(&path, "Transpose", &[x], attributes)
        };
        let mut y = x.to_owned();
        if rank > 1 {
            // (B, D, ..) to (B, .., D)
            let perm: Vec<i64> = [0].into_iter().chain(2..=rank).chain([1]).collect();
            y = permuted(self, &y, &perm);
        }
        let matrix = self.param(step, 0);
        y = self.product(&path, &y, &matrix);
        if step.params.len() > 1 {
            let bias = self.param(step, 1);
            y = self.builder.add(&path, "Add", &[&y, &bias], Vec::new());
        }
        if rank > 1 {
            let perm: Vec<i64> = [0, rank].into_iter().chain(1..rank).collect();
            y = permuted(self, &y, &perm);
        }
        y
    }

    fn batch_norm(&mut self, step: &Step, x: &str, eps: f64) -> String {
        let path = step.path.join("/");
        let rank = step.shape.len();
        if self.statistics == Statistics::Batch {
            return self.norm_of_batch(step, x, eps);
        }
        let attributes = vec![AttributeProto::float("epsilon", eps)];
        if !step.timed {
            return self.with_params(step, "BatchNormalization", x, attributes);
        }
        let channels = step
            .shape
            .first()
            .copied()
            .filter(|_| rank == 1)
            .unwrap_or(1);
        let rows = self.builder.ints(&[-1, channels as i64]);
        let rows = self.builder.add(&path, "Reshape", &[x, &rows], Vec::new());
        let y = self.with_params(step, "BatchNormalization", &rows, attributes);
        let shape = self.builder.add(&path, "Shape", &[x], Vec::new());
        self.builder
            .add(&path, "Reshape", &[&y, &shape], Vec::new())
    }

    /// Batch norm by the mean and the variance of the batch at hand.
    fn norm_of_batch(&mut self, step: &Step, x: &str, eps: f64) -> String {
        let path = step.path.join("/");
        let rank = step.shape.len();
        let axes: Vec<i64> = match (rank, step.timed) {
            (0 | 1, true) => vec![0, 1],
            (0 | 1, false) => vec![0],
            _ => [0].into_iter().chain(2..=rank as i64).collect(),
        };
        let mean = self.mean(&path, x, &axes, true);
        let centred = self.builder.add(&path, "Sub", &[x, &mean], Vec::new());
        let square = self
            .builder
            .add(&path, "Mul", &[&centred, &centred], Vec::new());
        let variance = self.mean(&path, &square, &axes, true);
        let eps = self.builder.float(eps);
        let variance = self
            .builder
            .add(&path, "Add", &[&variance, &eps], Vec::new());
        let deviation = self.builder.add(&path, "Sqrt", &[&variance], Vec::new());
        let mut y = self
            .builder
            .add(&path, "Div", &[&centred, &deviation], Vec::new());
        for (role, op) in [(0, "Mul"), (1, "Add")] {
            let mut param = self.param(step, role);
            if rank > 1 {
                let shape: Vec<i64> = [-1].into_iter().chain((1..rank).map(|_| 1)).collect();
                let shape = self.builder.ints(&shape);
                param = self
                    .builder
                    .add(&path, "Reshape", &[&param, &shape], Vec::new());
            }
            y = self.builder.add(&path, op, &[&y, &param], Vec::new());
        }
        y
    }

    fn mean(&mut self, path: &str, x: &str, axes: &[i64], keep: bool) -> String {
        let attributes = vec![
            AttributeProto::ints("axes", axes),
            AttributeProto::int("keepdims", i64::from(keep)),
        ];
        self.builder.add(path, "ReduceMean", &[x], attributes)
    }

    fn activation(&mut self, path: &str, function: Activation, x: &str) -> String {
        let op = match function {
            Activation::Relu => "Relu",
            Activation::Tanh => "Tanh",
            Activation::Sigmoid => "Sigmoid",
            Activation::Hswish => "HardSwish",
            Activation::Silu => {
                let gate = self.builder.add(path, "Sigmoid", &[x], Vec::new());
                return self.builder.add(path, "Mul", &[x, &gate], Vec::new());
            }
            // x / 2 * (1 + erf(x / sqrt(2)))
            Activation::Gelu => {
                let (root, half) = (
                    self.builder.float(std::f64::consts::FRAC_1_SQRT_2),
                    self.builder.float(0.5),
                );
                let one = self.builder.float(1.0);
                let builder = &mut self.builder;
                let scaled = builder.add(path, "Mul", &[x, &root], Vec::new());
                let erf = builder.add(path, "Erf", &[&scaled], Vec::new());
                let gate = builder.add(path, "Add", &[&erf, &one], Vec::new());
                let gated = builder.add(path, "Mul", &[x, &gate], Vec::new());
                return builder.add(path, "Mul", &[&gated, &half], Vec::new());
            }
        };
        self.builder.add(path, op, &[x], Vec::new())
    }

    fn slice(&mut self, path: &str, x: &str, axes: &[i64], starts: &[i64], ends: &[i64]) -> String {
        let [starts, ends, axes] = [starts, ends, axes].map(|list| self.builder.ints(list));
        self.builder
            .add(path, "Slice", &[x, &starts, &ends, &axes], Vec::new())
    }

    /// At (y, x) what was at (y + dy, x + dx): cut on one side, filled on the other.
    fn shift(&mut self, path: &str, x: &str, shape: &[usize], by: [i64; 2]) -> String {
        let side = |axis: usize| shape.get(axis + 1).copied().unwrap_or(1) as i64;
        let starts = by.map(|d| d.max(0));
        let ends = [0, 1].map(|axis: usize| side(axis) + by[axis].min(0));
        let before = by.map(|d| (-d).max(0));
        let after = by.map(|d| d.max(0));
        let cut = self.slice(path, x, &[2, 3], &starts, &ends);
        let pads = [0, 0, before[0], before[1], 0, 0, after[0], after[1]];
        let pads = self.builder.ints(&pads);
        self.builder.add(path, "Pad", &[&cut, &pads], Vec::new())
    }

    /// Zeros for as many examples (and times) as `like`, a tensor of this name, has.
    fn zeros(&mut self, step: &Step, like: &Step, name: &str) -> String {
        let path = step.path.join("/");
        let shape = self.builder.add(&path, "Shape", &[name], Vec::new());
        let range = match (step.timed, like.timed) {
            (true, _) => [0, 2],
            (false, true) => [1, 2],
            (false, false) => [0, 1],
        };
        let front = self.slice(&path, &shape, &[0], &range[..1], &range[1..]);
        let rest = self.builder.ints(&sizes(&step.shape));
        let attributes = vec![AttributeProto::int("axis", 0)];
        let shape = self
            .builder
            .add(&path, "Concat", &[&front, &rest], attributes);
        self.builder
            .add(&path, "ConstantOfShape", &[&shape], Vec::new())
    }

    fn squeeze_excite(&mut self, step: &Step, x: &str) -> String {
        let path = step.path.join("/");
        let [squeeze, squeeze_bias, excite, excite_bias] =
            [0, 1, 2, 3].map(|role| self.param(step, role));
        let mean = self.mean(&path, x, &[-2, -1], false);
        let axes = self.builder.ints(&[2, 3]);
        let builder = &mut self.builder;
        let transposed = || vec![AttributeProto::int("transB", 1)];
        let inputs = [mean.as_str(), &squeeze, &squeeze_bias];
        let hidden = builder.add(&path, "Gemm", &inputs, transposed());
        let hidden = builder.add(&path, "Relu", &[&hidden], Vec::new());
        let inputs = [hidden.as_str(), &excite, &excite_bias];
        let gate = builder.add(&path, "Gemm", &inputs, transposed());
        let gate = builder.add(&path, "Sigmoid", &[&gate], Vec::new());
        let gate = builder.add(&path, "Unsqueeze", &[&gate, &axes], Vec::new());
        builder.add(&path, "Mul", &[x, &gate], Vec::new())
    }

    fn attention(&mut self, step: &Step, x: &str, heads: usize) -> String {
        let path = step.path.join("/");
        let width = step
            .params
            .first()
            .and_then(|slot| slot.shape.first())
            .copied();
        let head = width.unwrap_or(heads) / heads.max(1);
        // Zeros in a shape keep the sizes that are there.
        let split = self.builder.ints(&[0, 0, heads as i64, -1]);
        let joined = self.builder.ints(&[0, 0, -1]);
        let scale = self.builder.float(1.0 / (head as f64).sqrt());
        let [query, key, value, result] = [0, 1, 2, 3].map(|role| self.param(step, role));
        let perm = |perm: [i64; 4]| vec![AttributeProto::ints("perm", &perm)];
        let mut part = |matrix: &str, order: [i64; 4]| {
            let y = self.product(&path, x, matrix);
            let y = self
                .builder
                .add(&path, "Reshape", &[&y, &split], Vec::new());
            self.builder.add(&path, "Transpose", &[&y], perm(order))
        };
        let query = part(&query, [0, 2, 1, 3]); // (B, HEADS, T, HEAD)
        let key = part(&key, [0, 2, 3, 1]); // (B, HEADS, HEAD, T)
        let value = part(&value, [0, 2, 1, 3]);
        let builder = &mut self.builder;
        let scores = builder.add(&path, "MatMul", &[&query, &key], Vec::new());
        let scores = builder.add(&path, "Mul", &[&scores, &scale], Vec::new());
        let last = vec![AttributeProto::int("axis", -1)];
        let shares = builder.add(&path, "Softmax", &[&scores], last);
        let mixed = builder.add(&path, "MatMul", &[&shares, &value], Vec::new());
        let mixed = builder.add(&path, "Transpose", &[&mixed], perm([0, 2, 1, 3]));
        let mixed = builder.add(&path, "Reshape", &[&mixed, &joined], Vec::new());
        self.product(&path, &mixed, &result)
    }
}

/// The size, the steps and the border of a window over so many sides of an operand.
fn sliding(window: Window, operands: &[&Step], sides: usize) -> Vec<AttributeProto> {
    let shape = operands.first().map_or(&[][..], |step| &step.shape);
    let pads = (0..sides).map(|side| window.pads(shape.get(side + 1).copied().unwrap_or(1)));
    let (before, after): (Vec<usize>, Vec<usize>) = pads.unzip();
    let all = |n: usize| vec![n as i64; sides];
    vec![
        AttributeProto::ints("kernel_shape", &all(window.size)),
        AttributeProto::ints("strides", &all(window.stride)),
        AttributeProto::ints("pads", &sizes(&[before, after].concat())),
    ]
}

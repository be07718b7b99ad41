//! The run of a child: its steps in order, each on the results of earlier ones.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use tch::{Kind, TchError, Tensor};

use super::half::{self, Halves};
use super::norm::{self, BatchNorm, Use};
use super::params::Params;
use super::products::{Product, Products};
use super::recurrence::Recurrence;
use super::{Mode, ModelConfig, ModelError, Precision, Statistics, dropout, lanes, layout, ops};
use crate::graph::{Child, ChildRegion, ChildStep, Node, Op, Region, RegionId, Shape, Supergraph};
use crate::recipe::WORDS;

/// The result of a step; `None` stands for zeros of the node's shape, which
/// are not written down unless something other than a sum reads them.
type Value = Option<Tensor>;

/// Under what a child runs.
#[derive(Clone, Copy)]
pub(super) struct Conditions<'a> {
    pub config: &'a ModelConfig,
    /// See [`super::SharedModel::set_progress`].
    pub progress: f64,
    pub mode: Mode,
}

/// Runs a child whose parameters exist. See [`super::SharedModel::forward`].
pub(super) fn run(
    graph: &Supergraph,
    child: &Child,
    params: &Params,
    inputs: &[Tensor],
    conditions: Conditions,
    recurrence: &mut Recurrence,
    products: &mut Vec<Product>,
) -> Result<Vec<Tensor>, ModelError> {
    let Conditions {
        config,
        progress,
        mode,
    } = conditions;
    // Undone when dropped, also when an error leaves early.
    let _guard = (mode != Mode::Train).then(tch::no_grad_guard);
    let (region, selected) = parts(graph, child, RegionId(0))?;
    let (inputs, batch) = take_inputs(graph, region, params, inputs)?;
    let mut walk = Walk {
        graph,
        child,
        config,
        progress,
        params,
        mode,
        batch,
        masks: None,
        halves: Halves::default(),
        recurrence,
        products: None,
        finished: products,
    };
    walk.recurrence.begin();
    let results = walk.region(RegionId(0), inputs)?;
    let whole = |value: Tensor| {
        let whole = value.f_to_kind(params.kind);
        whole.map_err(|why| ModelError::torch("the outputs", &why))
    };
    selected
        .outputs
        .iter()
        .zip(results)
        .map(|(&output, value)| match value {
            Some(value) => whole(value),
            None => walk.zeros(region, selected, output),
        })
        .collect()
}

/// How many examples, and how many times where time is implicit.
#[derive(Clone, Copy, Debug)]
struct Batch {
    size: i64,
    time: i64,
}

/// What one run of a child reads and remembers.
struct Walk<'a> {
    graph: &'a Supergraph,
    child: &'a Child,
    config: &'a ModelConfig,
    /// See [`super::SharedModel::set_progress`].
    progress: f64,
    params: &'a Params,
    mode: Mode,
    batch: Batch,
    /// Inside a scan, its dropout masks by site and size: the same at all times.
    masks: Option<BTreeMap<(&'a str, Vec<i64>), Tensor>>,
    halves: Halves,
    /// The states between batches.
    recurrence: &'a mut Recurrence,
    /// The products of the scan at hand, whose matrices get their gradients later.
    products: Option<Products>,
    /// Those of the scans that are done.
    finished: &'a mut Vec<Product>,
}

impl<'a> Walk<'a> {
    /// Runs the steps of a region; the values of its outputs.
    fn region(&mut self, id: RegionId, inputs: Vec<Value>) -> Result<Vec<Value>, ModelError> {
        let (region, selected) = parts(self.graph, self.child, id)?;
        let mut values: Vec<Value> = selected.steps.iter().map(|_| None).collect();
        for (step, input) in selected.inputs.iter().zip(inputs) {
            if let Some(slot) = step.and_then(|step| values.get_mut(step)) {
                *slot = input;
            }
        }
        // What nothing reads any more is dropped: its memory serves the next step.
        let last = last_reads(selected);
        for (index, step) in selected.steps.iter().enumerate() {
            let node = node(region, step.node)?;
            if node.op != Op::Input {
                let value = self.step(region, selected, step, node, &values)?;
                values[index] = value;
            }
            for &input in &step.inputs {
                if last[input] == index {
                    values[input] = None;
                }
            }
        }
        let output = |&step: &usize| {
            let value = values.get(step).and_then(Option::as_ref);
            value.map(|v| cut(region, selected, step, v)).transpose()
        };
        selected.outputs.iter().map(output).collect()
    }

    /// Runs one step on the values so far.
    fn step(
        &mut self,
        region: &'a Region,
        selected: &'a ChildRegion,
        step: &'a ChildStep,
        node: &'a Node,
        values: &[Value],
    ) -> Result<Value, ModelError> {
        let batch = self.batch.size;
        let at = |why: TchError| ModelError::at(node, batch, &why);
        let read = |&input: &usize| values.get(input).and_then(Option::as_ref);

        // What need not write zeros down.
        let terms = || step.inputs.iter().filter_map(read).collect::<Vec<_>>();
        match node.op {
            Op::Zero => return Ok(None),
            Op::Sum => return ops::sum(&terms()).map_err(at),
            Op::Mean => return ops::mean(&terms(), step.inputs.len()).map_err(at),
            Op::Identity | Op::Select => {
                return Ok(terms().first().map(|only| only.shallow_clone()));
            }
            _ => {}
        }

        let wide = lanes::carries(node.op_of(step.form));
        let operands: Vec<Tensor> = step
            .inputs
            .iter()
            .map(|input| match read(input) {
                Some(tensor) if wide => Ok(tensor.shallow_clone()),
                Some(tensor) => cut(region, selected, *input, tensor),
                None => self.zeros(region, selected, *input),
            })
            .collect::<Result<_, _>>()?;
        if let Op::Scan { region: body } = node.op {
            return self.scan(body, node, &operands);
        }
        let shape = node.shape_of(step.form);
        if let (Op::BatchNorm { .. }, [x]) = (&node.op, operands.as_slice())
            && self.statistics() == Use::BatchAndMove
            && numbers_of_a_channel(x, shape) <= 1
        {
            let path = node.path.to_string();
            return Err(ModelError::SingleNumber { path });
        }
        let half =
            self.config.precision == Precision::Bf16 && half::multiplies(node.op_of(step.form));
        let operands = if half {
            half::halved(&operands).map_err(at)?
        } else {
            operands
        };
        let mut params = Vec::with_capacity(step.params.len());
        for (role, &id) in step.params.iter().enumerate() {
            let Some(whole) = self.params.get(id) else {
                continue;
            };
            let tensor = if half {
                self.halves.of(id, whole).map_err(at)?
            } else {
                whole.shallow_clone()
            };
            let part = |tensor: Tensor| match node.part_of(step.form, role) {
                Some(part) => ops::part(&tensor, &part.0),
                None => Ok(tensor),
            };
            params.push(part(tensor).map_err(at)?);
        }
        let params: Vec<&Tensor> = params.iter().collect();
        if let (Some(products), Op::Linear { .. }) = (&mut self.products, node.op_of(step.form))
            && let ([x], [matrix, bias @ ..], [id, ..]) = (
                operands.as_slice(),
                params.as_slice(),
                step.params.as_slice(),
            )
            && shape.0.len() <= 1
            && node.part_of(step.form, 0).is_none()
        {
            let product = products.multiply(step.node, *id, x, matrix).map_err(at)?;
            let biased = match bias.first() {
                Some(bias) => product.f_add(bias).map_err(at)?,
                None => product,
            };
            return Ok(Some(biased));
        }
        self.compute(node, step.form, &operands, &params)
            .map(Some)
            .map_err(at)
    }

    /// The tensor that an operation makes of its operands.
    fn compute(
        &mut self,
        node: &'a Node,
        form: Option<usize>,
        operands: &[Tensor],
        params: &[&Tensor],
    ) -> Result<Tensor, TchError> {
        let shape = node.shape_of(form);
        let rank = shape.0.len();
        let first = first(shape);
        match (node.op_of(form), operands, params) {
            (Op::Conv { window, groups, .. }, [x], [kernel, bias @ ..]) => {
                ops::conv(x, *window, *groups, kernel, bias.first().copied())
            }
            (Op::Conv1d { window, .. }, [x], [kernel, bias @ ..]) => {
                ops::conv1d(x, *window, kernel, bias.first().copied())
            }
            (Op::Linear { .. }, [x], [matrix, bias @ ..]) => {
                ops::linear(x, matrix, bias.first().copied(), rank)
            }
            (Op::BatchNorm { eps, decay }, [x], &[scale, offset, mean, variance]) => {
                let params = BatchNorm {
                    scale,
                    offset,
                    mean,
                    variance,
                };
                norm::batch_norm(x, &params, self.statistics(), *eps, *decay, rank)
            }
            (Op::LayerNorm { eps }, [x], [scale, offset]) => {
                norm::layer_norm(x, scale, offset, *eps)
            }
            (Op::Activation(function), [x], []) => ops::activation(x, *function),
            (Op::Pool { pool, window }, [x], []) => ops::pool(x, *pool, *window),
            (Op::GlobalAvgPool, [x], []) => ops::global_avg_pool(x),
            (Op::Shift { dy, dx }, [x], []) => ops::shift(x, *dy, *dx),
            (Op::Chunk { index, .. }, [x], []) => {
                let size = shape.0.first().copied().unwrap_or(1);
                ops::chunk(x, *index, size, first)
            }
            (Op::Concat, parts, []) => ops::concat(parts, first),
            (Op::Sub, [a, b], []) => a.f_sub(b),
            (Op::Mul, [a, b], []) => a.f_mul(b),
            (Op::Affine { scale, offset }, [x], []) => ops::affine(x, *scale, *offset),
            (Op::Embed, [tokens], [matrix]) => self.embed(tokens, matrix),
            (Op::Dropout { site }, [x], []) => self.dropout(node, site, x),
            (Op::DropPath { share }, [x], []) => self.drop_path(node, *share, x),
            (Op::SqueezeExcite { .. }, [x], &[w1, b1, w2, b2]) => {
                ops::squeeze_excite(x, [w1, b1, w2, b2])
            }
            (Op::Attention { heads }, [x], &[query, key, value, result]) => {
                ops::attention(x, *heads, [query, key, value, result])
            }
            (Op::Extern { name, .. }, ..) => Err(TchError::Shape(format!(
                "`{name}` is an `extern op`, of which the space says the cost alone"
            ))),
            (_, operands, params) => Err(TchError::Shape(format!(
                "it has {} operands and {} parameters",
                operands.len(),
                params.len()
            ))),
        }
    }

    /// A recurrence: the body once a time, from the states of the batch before.
    fn scan(
        &mut self,
        body: RegionId,
        node: &'a Node,
        operands: &[Tensor],
    ) -> Result<Value, ModelError> {
        let batch = self.batch.size;
        let at = |why: TchError| ModelError::at(node, batch, &why);
        let [sequence] = operands else {
            let why = format!("`{}` scans {} sequences", node.path, operands.len());
            return Err(ModelError::Malformed(why));
        };
        let outer = self.masks.replace(BTreeMap::new());
        // A scan in a scan runs many times: its matrices are multiplied by as others.
        let trains = self.mode == Mode::Train;
        let time = sequence.size().first().copied();
        let time = time.filter(|_| outer.is_none());
        let products = time.map(|time| Products::new(time, trains));
        let outer_products = std::mem::replace(&mut self.products, products);
        let mut states = self.states(body)?;
        let mut results = Vec::new();
        // One `unbind`, whose gradient is one tensor; of `select` it would be
        // one of the whole sequence a time.
        for x in sequence.f_unbind(0).map_err(at)? {
            let mut inputs = vec![Some(x)];
            inputs.append(&mut states);
            states = self.region(body, inputs)?;
            match states.first() {
                Some(Some(state)) => results.push(state.shallow_clone()),
                _ => {
                    let (region, selected) = parts(self.graph, self.child, body)?;
                    let output = selected.outputs.first().copied().unwrap_or(0);
                    results.push(self.zeros(region, selected, output)?);
                }
            }
        }
        self.masks = outer;
        let products = std::mem::replace(&mut self.products, outer_products);
        self.finished
            .extend(products.into_iter().flat_map(Products::finish));
        let sequence = Tensor::f_stack(&results, 0).map_err(at)?; // (T, B, D)
        self.recurrence.keep(body, &states, &sequence);
        Ok(Some(sequence))
    }

    /// The states that a scan starts from; zeros where those of another batch do
    /// not fit this one.
    fn states(&mut self, body: RegionId) -> Result<Vec<Value>, ModelError> {
        let (region, selected) = parts(self.graph, self.child, body)?;
        let batch = self.batch.size;
        let fits = |place: usize, state: &Tensor| {
            let step = selected.inputs.get(place + 1).copied().flatten();
            let Some(step) = step.and_then(|step| selected.steps.get(step)) else {
                return false;
            };
            let shape = region.graph.node_weight(step.node);
            let shape = shape.map(|node| node.shape_of(step.form).0.iter().map(|&n| n as i64));
            shape.is_some_and(|shape| {
                state
                    .size()
                    .into_iter()
                    .eq([batch].into_iter().chain(shape))
            })
        };
        let mut states = self.recurrence.take(body);
        for (place, state) in states.iter_mut().enumerate() {
            if state.as_ref().is_some_and(|state| !fits(place, state)) {
                *state = None;
            }
        }
        // The first input is x(t).
        let n = region.inputs.len().saturating_sub(1);
        states.resize_with(n, || None);
        Ok(states)
    }

    fn embed(&self, tokens: &Tensor, matrix: &Tensor) -> Result<Tensor, TchError> {
        let embedded = ops::embed(tokens, matrix)?;
        match self.rate(WORDS) {
            Some(rate) => dropout::words(&embedded, tokens, matrix, rate),
            None => Ok(embedded),
        }
    }

    fn dropout(&mut self, node: &Node, site: &'a str, x: &Tensor) -> Result<Tensor, TchError> {
        let Some(rate) = self.rate(site) else {
            return Ok(x.shallow_clone());
        };
        match &mut self.masks {
            Some(masks) => {
                let mask = match masks.entry((site, x.size())) {
                    Entry::Occupied(entry) => entry.into_mut(),
                    Entry::Vacant(entry) => entry.insert(dropout::mask(&x.size(), rate, x)?),
                };
                x.f_mul(mask)
            }
            None if node.timed => dropout::sequences(x, rate),
            None => dropout::numbers(x, rate),
        }
    }

    fn drop_path(&self, node: &Node, share: f64, x: &Tensor) -> Result<Tensor, TchError> {
        let grown = if self.config.drop_path_grows {
            self.progress
        } else {
            1.0
        };
        let rate = self.config.drop_path * share * grown;
        if self.mode != Mode::Train || rate == 0.0 {
            return Ok(x.shallow_clone());
        }
        dropout::paths(x, usize::from(self.has_time(node)), rate)
    }

    /// The rate of a dropout site; `None` where nothing is to be dropped.
    fn rate(&self, site: &str) -> Option<f64> {
        let rate = self.config.rate(site);
        (self.mode != Mode::Eval && rate > 0.0).then_some(rate)
    }

    fn statistics(&self) -> Use {
        match (self.mode, self.config.statistics) {
            (Mode::Train, _) => Use::BatchAndMove,
            (_, Statistics::Batch) => Use::Batch,
            (_, Statistics::Moving) => Use::Moving,
        }
    }

    /// Whether the tensor of a node has a dimension of time: not in a scan,
    /// which takes one time after the other.
    fn has_time(&self, node: &Node) -> bool {
        node.timed && self.masks.is_none()
    }

    /// Zeros of the shape of a step's result.
    fn zeros(
        &self,
        region: &Region,
        selected: &ChildRegion,
        step: usize,
    ) -> Result<Tensor, ModelError> {
        let Some(step) = selected.steps.get(step) else {
            return Err(ModelError::Malformed(format!("it has no step {step}")));
        };
        let node = node(region, step.node)?;
        let time = self.has_time(node).then_some(self.batch.time);
        let shape = node.shape_of(step.form).0.iter().map(|&n| n as i64);
        let sizes: Vec<i64> = time
            .into_iter()
            .chain([self.batch.size])
            .chain(shape)
            .collect();
        Tensor::f_zeros(sizes.as_slice(), (self.params.kind, self.params.device()))
            .and_then(|zeros| layout::channels_last(&zeros))
            .map_err(|why| ModelError::at(node, self.batch.size, &why))
    }
}

/// A region of the graph and what the child selects of it.
fn parts<'a>(
    graph: &'a Supergraph,
    child: &'a Child,
    id: RegionId,
) -> Result<(&'a Region, &'a ChildRegion), ModelError> {
    graph
        .region(id)
        .zip(child.regions.get(id.index()))
        .ok_or_else(|| ModelError::Malformed(format!("it has no region {}", id.index())))
}

fn node(region: &Region, index: petgraph::graph::NodeIndex) -> Result<&Node, ModelError> {
    region
        .graph
        .node_weight(index)
        .ok_or_else(|| ModelError::Malformed(format!("it has no node {}", index.index())))
}

/// Where the first dimension of a shape is in its tensor: last of vectors, else after
/// the batch.
fn first(shape: &Shape) -> i64 {
    if shape.0.len() <= 1 { -1 } else { 1 }
}

fn numbers_of_a_channel(x: &Tensor, shape: &Shape) -> i64 {
    let sizes = x.size();
    let channels = if first(shape) < 0 {
        sizes.last()
    } else {
        sizes.get(1)
    };
    x.numel() as i64 / channels.map_or(1, |&n| n.max(1))
}

/// The result of a step without the channels that fill it up (see `lanes`).
fn cut(
    region: &Region,
    selected: &ChildRegion,
    step: usize,
    value: &Tensor,
) -> Result<Tensor, ModelError> {
    let Some(step) = selected.steps.get(step) else {
        return Err(ModelError::Malformed(format!("it has no step {step}")));
    };
    let node = node(region, step.node)?;
    let channels = node.shape_of(step.form).0.first().copied().unwrap_or(1);
    lanes::cut(value, channels as i64).map_err(|why| ModelError::torch("an image", &why))
}

/// The last step that reads each step's result; outputs are read after all.
fn last_reads(selected: &ChildRegion) -> Vec<usize> {
    let mut last = vec![usize::MAX; selected.steps.len()];
    for (index, step) in selected.steps.iter().enumerate() {
        for &input in &step.inputs {
            last[input] = index;
        }
    }
    for &output in &selected.outputs {
        last[output] = usize::MAX;
    }
    last
}

/// Checks the inputs of the whole network against its declarations and lays
/// them out.
fn take_inputs(
    graph: &Supergraph,
    region: &Region,
    params: &Params,
    inputs: &[Tensor],
) -> Result<(Vec<Value>, Batch), ModelError> {
    if inputs.len() != region.inputs.len() {
        return Err(ModelError::Input {
            input: "the list of inputs".to_owned(),
            expected: format!("{} long", region.inputs.len()),
            found: inputs.len().to_string(),
        });
    }
    let mut batch = Batch { size: 1, time: 1 };
    let mut values = Vec::new();
    for (index, (&declared, tensor)) in region.inputs.iter().zip(inputs).enumerate() {
        let node = node(region, declared)?;
        let sizes = tensor.size();
        let is_tokens = tensor.kind() == Kind::Int64;
        let (front, shape) = sizes.split_at(sizes.len().min(1 + usize::from(node.timed)));
        let fits = is_tokens
            || shape
                .iter()
                .map(|&n| n as usize)
                .eq(node.shape.0.iter().copied());
        batch = match (front, fits) {
            (&[size], true) if !node.timed => Batch { size, ..batch },
            (&[time, size], true) => Batch { size, time },
            _ => {
                let name = graph.input_names.get(index).map_or("?", String::as_str);
                let front = if node.timed {
                    "times, examples"
                } else {
                    "examples"
                };
                return Err(ModelError::Input {
                    input: format!("`{name}`"),
                    expected: format!("{} behind [{front}]", node.shape),
                    found: format!("{sizes:?}"),
                });
            }
        };
        let place = || -> Result<Tensor, TchError> {
            let tensor = tensor.f_to_device(params.device())?;
            if is_tokens {
                return Ok(tensor);
            }
            layout::channels_last(&tensor.f_to_kind(params.kind)?)
        };
        values.push(Some(
            place().map_err(|why| ModelError::torch("the inputs", &why))?,
        ));
    }
    Ok((values, batch))
}

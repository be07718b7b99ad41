//! The network of an architecture, reduced to what is computed.
//!
//! In: a [`Child`]. Out: its steps without those that change nothing: identities, sums
//! of one, zeros that are added, dropout of nothing. What is left computes the same
//! numbers, in the shapes that [`crate::model`] states.
//!
//! Invariants, of every body:
//! - the inputs stand first, read or not;
//! - the inputs of a step stand before it;
//! - an [`Op::Zero`] has one input, whose size says how many examples there are.

use petgraph::graph::NodeIndex;

use super::ExportError;
use crate::graph::{Child, ChildStep, Node, Op, ParamId, RegionId, Shape, Supergraph};
use crate::recipe::{ModelConfig, WORDS};

/// A network, as the whole and the bodies of its scans.
#[derive(Clone, Debug)]
pub(super) struct Network {
    /// By [`RegionId`]; one that is not reached has no steps but its inputs.
    pub bodies: Vec<Body>,
}

/// The steps of a region.
#[derive(Clone, Debug, Default)]
pub(super) struct Body {
    pub steps: Vec<Step>,
    /// How many of the first steps are the inputs, in order.
    pub n_inputs: usize,
    /// The steps that are the outputs, in order.
    pub outputs: Vec<usize>,
}

/// An operation, or an input.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub op: Op,
    /// Of the result, without batch and time.
    pub shape: Vec<usize>,
    /// Whether the result has a dimension of time, in front of the batch.
    pub timed: bool,
    pub inputs: Vec<usize>,
    /// One a role, in the order that [`Op`] states.
    pub params: Vec<Slot>,
    /// The rate of a dropout or of an embedding's words; else 0.
    pub rate: f64,
    /// Where it stands in the program, outermost first: `l=0`, `normal`, `t[2]`, `conv`.
    pub path: Vec<String>,
}

/// The part of a shared parameter that the network uses.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Slot {
    pub id: ParamId,
    /// Of every dimension the first numbers, of the sides of a kernel the centre.
    pub shape: Vec<usize>,
}

impl Network {
    /// Reduces a child; rates of dropout are those of `config`.
    pub fn of(
        graph: &Supergraph,
        child: &Child,
        config: &ModelConfig,
    ) -> Result<Self, ExportError> {
        let ids = (0..).map(RegionId).take(graph.regions.len());
        let bodies = ids.map(|id| Reduction::new(graph, child, config, id).run());
        Ok(Self {
            bodies: bodies.collect::<Result<_, _>>()?,
        })
    }

    /// The network itself.
    pub fn main(&self) -> &Body {
        // INVARIANT: a supergraph has the region of the whole network.
        &self.bodies[0]
    }
}

/// What a step of the child came to.
#[derive(Clone, Copy, Debug)]
enum Value {
    /// The result of a step of the body.
    Step(usize),
    /// Zeros, not written down.
    Zero,
}

struct Reduction<'a> {
    graph: &'a Supergraph,
    child: &'a Child,
    config: &'a ModelConfig,
    id: RegionId,
    body: Body,
}

impl<'a> Reduction<'a> {
    fn new(graph: &'a Supergraph, child: &'a Child, config: &'a ModelConfig, id: RegionId) -> Self {
        Self {
            graph,
            child,
            config,
            id,
            body: Body::default(),
        }
    }

    fn run(mut self) -> Result<Body, ExportError> {
        let (Some(region), Some(selected)) = (
            self.graph.region(self.id),
            self.child.regions.get(self.id.index()),
        ) else {
            return Ok(self.body);
        };
        let mut values = vec![Value::Zero; selected.steps.len()];
        for (&input, &step) in region.inputs.iter().zip(&selected.inputs) {
            let form = step.and_then(|step| selected.steps.get(step)?.form);
            let added = self.input(input, form);
            if let Some(slot) = step.and_then(|step| values.get_mut(step)) {
                *slot = Value::Step(added);
            }
        }
        self.body.n_inputs = region.inputs.len();
        for (index, step) in selected.steps.iter().enumerate() {
            let Some(node) = region.graph.node_weight(step.node) else {
                continue;
            };
            if node.op != Op::Input {
                values[index] = self.step(node, step, &values)?;
            }
        }
        for &output in &selected.outputs {
            let node = selected.steps.get(output);
            let shape = node.and_then(|step| {
                let node = region.graph.node_weight(step.node)?;
                Some((node, step.form))
            });
            let step = match (values.get(output), shape) {
                (Some(&Value::Step(step)), _) => step,
                (_, Some((node, form))) => self.zeros(&node.shape_of(form).0, node, Vec::new()),
                (_, None) => continue,
            };
            self.body.outputs.push(step);
        }
        Ok(self.body)
    }

    /// Whether the result of a node has a dimension of time: not in the body of a scan,
    /// which takes one time after the other.
    fn has_time(&self, node: &Node) -> bool {
        node.timed && self.id.index() == 0
    }

    fn input(&mut self, node: NodeIndex, form: Option<usize>) -> usize {
        let region = self.graph.region(self.id);
        let node = region.and_then(|region| region.graph.node_weight(node));
        let step = Step {
            op: Op::Input,
            shape: node.map_or_else(Vec::new, |node| node.shape_of(form).0.clone()),
            timed: node.is_some_and(|node| self.has_time(node)),
            inputs: Vec::new(),
            params: Vec::new(),
            rate: 0.0,
            path: Vec::new(),
        };
        self.add(step)
    }

    fn add(&mut self, step: Step) -> usize {
        self.body.steps.push(step);
        self.body.steps.len() - 1
    }

    fn step(
        &mut self,
        node: &'a Node,
        step: &ChildStep,
        values: &[Value],
    ) -> Result<Value, ExportError> {
        let op = node.op_of(step.form);
        let n = step.inputs.len();
        let operands: Vec<Value> = step
            .inputs
            .iter()
            .filter_map(|&input| values.get(input).copied())
            .collect();
        let terms: Vec<usize> = operands
            .iter()
            .filter_map(|value| match value {
                Value::Step(step) => Some(*step),
                Value::Zero => None,
            })
            .collect();
        let rate = self.rate(op);
        let same = matches!(op, Op::Identity | Op::Select)
            || matches!(op, Op::Dropout { .. } | Op::DropPath { .. }) && (rate == 0.0)
            || *op
                == Op::Affine {
                    scale: 1.0,
                    offset: 0.0,
                }
            || *op == Op::Shift { dy: 0, dx: 0 }
            || *op == Op::Concat && n == 1;
        match (op, terms.as_slice()) {
            (Op::Extern { name, .. }, _) => {
                return Err(ExportError::Extern { name: name.clone() });
            }
            (Op::Zero, _) | (Op::Sum | Op::Mean | Op::Dropout { .. } | Op::DropPath { .. }, []) => {
                return Ok(Value::Zero);
            }
            (_, []) if same => return Ok(Value::Zero),
            (_, &[one]) if same || *op == Op::Sum || (*op == Op::Mean && n == 1) => {
                return Ok(Value::Step(one));
            }
            _ => {}
        }
        let path: Vec<String> = match &*node.path {
            "" => Vec::new(),
            path => path.split('.').map(str::to_owned).collect(),
        };
        let mut added = Step {
            op: op.clone(),
            shape: node.shape_of(step.form).0.clone(),
            timed: self.has_time(node),
            inputs: terms,
            params: self.params(node, step),
            rate,
            path,
        };
        match op {
            // What is left of the terms says their sum, and what is left out counts.
            Op::Mean if added.inputs.len() < n => {
                let mut mean = added.clone();
                mean.op = Op::Affine {
                    scale: 1.0 / n as f64,
                    offset: 0.0,
                };
                added.op = Op::Sum;
                let sum = match added.inputs[..] {
                    [one] => one,
                    _ => self.add(added),
                };
                mean.inputs = vec![sum];
                return Ok(Value::Step(self.add(mean)));
            }
            Op::Sum | Op::Mean => {}
            _ => {
                added.inputs = operands
                    .iter()
                    .zip(&step.inputs)
                    .map(|(value, &input)| match value {
                        Value::Step(step) => *step,
                        Value::Zero => self.zeros_of(input, added.path.clone()),
                    })
                    .collect();
            }
        }
        Ok(Value::Step(self.add(added)))
    }

    /// Zeros of the shape of a step of the child, written down.
    fn zeros_of(&mut self, step: usize, path: Vec<String>) -> usize {
        let region = self.graph.region(self.id);
        let step = self.child.regions[self.id.index()].steps.get(step);
        let node = step.zip(region).and_then(|(step, region)| {
            let node = region.graph.node_weight(step.node)?;
            Some((node, node.shape_of(step.form)))
        });
        match node {
            Some((node, Shape(shape))) => self.zeros(shape, node, path),
            None => 0,
        }
    }

    fn zeros(&mut self, shape: &[usize], node: &Node, path: Vec<String>) -> usize {
        let step = Step {
            op: Op::Zero,
            shape: shape.to_vec(),
            timed: self.has_time(node),
            inputs: vec![0],
            params: Vec::new(),
            rate: 0.0,
            path,
        };
        self.add(step)
    }

    fn rate(&self, op: &Op) -> f64 {
        match op {
            Op::Dropout { site } => self.config.rate(site),
            Op::DropPath { share } => self.config.drop_path * share,
            Op::Embed => self.config.rate(WORDS),
            _ => 0.0,
        }
    }

    fn params(&self, node: &Node, step: &ChildStep) -> Vec<Slot> {
        let slot = |(role, &id): (usize, &ParamId)| {
            let whole = self.graph.params.get(id)?;
            let part = node.part_of(step.form, role);
            let shape = part.map_or(&whole.shape, |Shape(part)| part).clone();
            Some(Slot { id, shape })
        };
        step.params.iter().enumerate().filter_map(slot).collect()
    }
}

impl Step {
    /// Whether it is an input of tokens, which are integers.
    pub fn is_tokens(&self) -> bool {
        self.op == Op::Input && self.timed && self.shape.is_empty()
    }

    /// Whether it is a recurrence.
    pub fn is_scan(&self) -> bool {
        matches!(self.op, Op::Scan { .. })
    }
}

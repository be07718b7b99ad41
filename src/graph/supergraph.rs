//! Nodes, edges and regions.

use std::fmt;
use std::sync::Arc;

use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef as _;

use super::{BankId, Op, ParamTable};
use crate::decision::{DecisionId, Guard, GuardId, Guards, id};
use crate::span::Span;

id!(
    /// A region of a [`Supergraph`].
    RegionId
);

/// The shape of a tensor without the batch, and without time where it is implicit.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Shape(pub Vec<usize>);

impl Shape {
    /// How many numbers a tensor of it holds; saturates.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.0
            .iter()
            .fold(1, |product: u64, &n| product.saturating_mul(n as u64))
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// `[36, 32, 32]`
impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

/// A primitive operation at its place.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it computes.
    pub op: Op,
    /// The shape of its result.
    pub shape: Shape,
    /// Whether its result has an implicit time axis.
    pub timed: bool,
    /// Its parameters, one bank a role, in the order that [`Op`] states.
    pub params: Vec<BankId>,
    /// The instance it belongs to, in words: `h[3].conv5.branch`.
    pub path: Arc<str>,
    /// The call in the source.
    pub span: Span,
    /// Where decisions say its sizes: what it is under each condition, exactly
    /// one of which holds wherever the node is reached. `op` and `shape` are
    /// then the widest. Empty: it has one form, which they say.
    pub forms: Vec<Form>,
}

/// What a node is under some choices.
#[derive(Clone, Debug)]
pub struct Form {
    /// When it is this.
    pub guard: GuardId,
    /// What it computes.
    pub op: Op,
    /// The shape of its result.
    pub shape: Shape,
    /// The part of each parameter that it uses, as a shape: of every dimension
    /// the first numbers, of the sides of a kernel the centre.
    pub params: Vec<Shape>,
}

impl Node {
    /// What it computes in one of its forms, by place.
    #[must_use]
    pub fn op_of(&self, form: Option<usize>) -> &Op {
        self.form(form).map_or(&self.op, |form| &form.op)
    }

    /// The shape of its result in one of its forms.
    #[must_use]
    pub fn shape_of(&self, form: Option<usize>) -> &Shape {
        self.form(form).map_or(&self.shape, |form| &form.shape)
    }

    /// The part of its parameter of a role, by place, that a form uses; `None`:
    /// all of it.
    #[must_use]
    pub fn part_of(&self, form: Option<usize>, role: usize) -> Option<&Shape> {
        self.form(form)?.params.get(role)
    }

    fn form(&self, form: Option<usize>) -> Option<&Form> {
        self.forms.get(form?)
    }
}

/// An input of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Which operand it is; operands are read in this order.
    pub slot: u32,
    /// When it is there.
    pub guard: GuardId,
}

/// What a program calls the result of a node: a parameter of a cell or a block, or an
/// element that a node family starts with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// With the instance that calls it so: `l=0.normal.a`, `l=0.normal.t[1]`.
    pub path: Arc<str>,
    /// The node.
    pub node: NodeIndex,
}

/// A graph of its own: the whole network, or the body of a scan.
#[derive(Clone, Debug, Default)]
pub struct Region {
    /// In topological order.
    pub graph: DiGraph<Node, Edge>,
    /// Its [`Op::Input`] nodes in order; of a scan: x(t), then the state.
    pub inputs: Vec<NodeIndex>,
    /// Its results in order.
    pub outputs: Vec<NodeIndex>,
    /// What nodes are called, in program order. For people alone: computations and
    /// comparisons do not read it.
    pub names: Vec<Name>,
}

/// What is learnt, by the declared input and output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Images `[c, h, w]` to `[classes]`.
    Classification {
        /// The shape of an image.
        image: [usize; 3],
        /// How many classes.
        classes: usize,
    },
    /// `tokens[vocab]` to `[vocab]`.
    LanguageModel {
        /// How many words.
        vocab: usize,
    },
    /// Anything else that compiles: it can be drawn and counted, and searched
    /// by a program that brings its own reward.
    Other,
}

/// Every architecture of a space in one graph.
#[derive(Clone, Debug)]
pub struct Supergraph {
    /// The whole network first, then the bodies of scans.
    pub regions: Vec<Region>,
    /// The shared parameters.
    pub params: ParamTable,
    /// The names of the whole network's inputs and of its outputs.
    pub input_names: Vec<String>,
    /// See `input_names`.
    pub output_names: Vec<String>,
    /// What is learnt.
    pub task: Task,
}

impl Region {
    /// Adds a node with its operands in order, each there under its guard.
    pub fn add(
        &mut self,
        node: Node,
        inputs: impl IntoIterator<Item = (NodeIndex, GuardId)>,
    ) -> NodeIndex {
        let index = self.graph.add_node(node);
        for (slot, (input, guard)) in inputs.into_iter().enumerate() {
            let slot = slot as u32;
            self.graph.add_edge(input, index, Edge { slot, guard });
        }
        index
    }

    /// The operands of a node in order, each with its guard.
    #[must_use]
    pub fn operands(&self, node: NodeIndex) -> Vec<(NodeIndex, GuardId)> {
        let mut edges: Vec<_> = self
            .graph
            .edges_directed(node, petgraph::Direction::Incoming)
            .map(|edge| (edge.weight().slot, edge.source(), edge.weight().guard))
            .collect();
        edges.sort_unstable_by_key(|&(slot, ..)| slot);
        edges
            .into_iter()
            .map(|(_, source, guard)| (source, guard))
            .collect()
    }

    /// The decision by which an [`Op::Select`] selects; `None` where more than one says.
    #[must_use]
    pub fn selector(&self, node: NodeIndex, guards: &Guards) -> Option<DecisionId> {
        let mut operands = self.operands(node).into_iter();
        operands.find_map(|(_, guard)| match guards.get(guard) {
            Guard::Has { decision, .. } => Some(*decision),
            _ => None,
        })
    }

    /// Which nodes reach an output by edges whose conditions hold, by index.
    #[must_use]
    pub fn reached(&self, holds: impl Fn(GuardId) -> bool) -> Vec<bool> {
        let mut reached = vec![false; self.graph.node_count()];
        let mut open = self.outputs.clone();
        while let Some(node) = open.pop() {
            if let Some(flag @ false) = reached.get_mut(node.index()) {
                *flag = true;
                let edges = self
                    .graph
                    .edges_directed(node, petgraph::Direction::Incoming);
                let there = edges.filter(|edge| holds(edge.weight().guard));
                open.extend(there.map(|edge| edge.source()));
            }
        }
        reached
    }
}

impl Supergraph {
    /// The region of an id of this graph.
    #[must_use]
    pub fn region(&self, id: RegionId) -> Option<&Region> {
        self.regions.get(id.index())
    }
}

//! A whole run: parameters, inputs, the program, outputs, and what follows.

use super::{HashMap, HashSet};

use indexmap::IndexMap;
use petgraph::graph::NodeIndex;

use super::facts::{Facts, Recorder};
use super::paths::Path;
use super::stmt::Flow;
use super::value::{Sizes, Value};
use super::{Evaluator, Frame, Settings, Unrolled, diagnostics};
use crate::decision::{DecisionSpace, GuardId};
use crate::diagnostic::Diagnostics;
use crate::graph::{Op, ParamTable, Region, RegionId, Shape, Supergraph, Task};
use crate::hir::{self, Dim, Expr, ExprKind, LocalId, Port, Res, Stmt, TypeKind};
use crate::span::Span;
use crate::syntax::ast::Direction;

/// Which parameters of the space give the sizes of its first input and first
/// output, so that a message can say which `--set` makes the space fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ports {
    /// By dimension of the input.
    pub input: Vec<Option<String>>,
    /// By dimension of the output.
    pub output: Vec<Option<String>>,
}

pub(super) fn run(
    space: &hir::Space,
    settings: &Settings,
    left: &mut u64,
    facts: Option<Recorder>,
    diagnostics: &mut Diagnostics,
) -> (Option<Unrolled>, Facts) {
    let mut evaluator = Evaluator {
        space,
        diagnostics,
        reported: HashSet::default(),
        failed: false,
        steps: 0,
        budget: *left,
        exhausted: false,
        frames: vec![Frame {
            locals: vec![None; space.n_locals],
            site: space.span,
        }],
        settings: Vec::new(),
        consts: vec![None; space.consts.len()],
        ops: vec![None; space.ops.len()],
        callables: HashMap::default(),
        evaluating: Vec::new(),
        decisions: DecisionSpace::default(),
        regions: vec![Region::default()],
        region: RegionId(0),
        params: ParamTable::default(),
        banks: HashMap::default(),
        path: GuardId::ALWAYS,
        active: GuardId::ALWAYS,
        case: None,
        requirements: Vec::new(),
        metrics: None,
        decision_path: Path::default(),
        instance_path: Path::default(),
        applied_at: None,
        binding: None,
        per: Vec::new(),
        items: Vec::new(),
        cells: IndexMap::default(),
        inside: Vec::new(),
        tables: HashMap::default(),
        defining: Vec::new(),
        elements: Vec::new(),
        n_families: 0,
        widest: IndexMap::default(),
        facts,
    };
    let settings = evaluator.settings(settings);
    let inputs = evaluator.inputs();
    if let Flow::Return(value) = evaluator.body(&space.body)
        && !matches!(value, Value::Unknown)
    {
        evaluator.report(diagnostics::return_outside(space.span));
    }
    let outputs = evaluator.outputs();
    if !evaluator.exhausted {
        evaluator.requirements();
    }
    evaluator.warn();
    let steps = evaluator.steps_so_far();
    *left = left.saturating_sub(steps);
    let facts = evaluator.facts.take().map(Recorder::finish);
    let facts = facts.unwrap_or_default();
    if evaluator.failed {
        return (None, facts);
    }
    let (input_names, input_sizes) = inputs.into_iter().unzip();
    let (output_names, output_sizes) = outputs.into_iter().unzip();
    let task = task(space, input_sizes, output_sizes);
    let port = |direction| {
        let port = space.ports.iter().find(|port| port.direction == direction);
        port.map(|port| sizes_from(space, port)).unwrap_or_default()
    };
    let unrolled = Unrolled {
        steps,
        decisions: evaluator.decisions,
        graph: Supergraph {
            regions: evaluator.regions,
            params: evaluator.params,
            input_names,
            output_names,
            task,
        },
        settings,
        cells: evaluator.cells.into_keys().collect(),
        ports: Ports {
            input: port(Direction::Input),
            output: port(Direction::Output),
        },
    };
    (Some(unrolled), facts)
}

impl Evaluator<'_> {
    /// Makes the input nodes: their names and sizes.
    fn inputs(&mut self) -> Vec<(String, Vec<usize>)> {
        let space = self.space;
        let mut made = Vec::new();
        for port in ports(space, Direction::Input) {
            let name = &port.name.name;
            let sizes = self.port_sizes(port);
            let value = match (&port.ty.kind, sizes) {
                (_, None) => Value::Unknown,
                (TypeKind::Tensor(_), Some(sizes)) => {
                    made.push((name.clone(), sizes.clone()));
                    self.input_node(Sizes::of(&Shape(sizes)), false, name, port.name.span)
                }
                (_, Some(sizes)) => {
                    let vocab = sizes.first().copied().unwrap_or(0);
                    made.push((name.clone(), sizes));
                    match self.input_node(Sizes::default(), true, name, port.name.span) {
                        Value::Tensor(tensor) => Value::Tokens {
                            node: tensor.node,
                            vocab,
                        },
                        other => other,
                    }
                }
            };
            self.note(port.name.span, &value);
            self.set_local(port.local, value);
        }
        if ports(space, Direction::Input).next().is_none() {
            self.report(diagnostics::no_port(space.span, "input"));
        }
        if ports(space, Direction::Output).next().is_none() {
            self.report(diagnostics::no_port(space.span, "output"));
        }
        made
    }

    fn port_sizes(&mut self, port: &Port) -> Option<Vec<usize>> {
        let dims: Vec<&hir::Expr> = match &port.ty.kind {
            TypeKind::Tensor(dims) => dims
                .iter()
                .filter_map(|dim| match dim {
                    Dim::Is(expr) => Some(expr),
                    Dim::Bind(..) => None,
                })
                .collect(),
            TypeKind::Tokens(vocab) => vec![vocab],
            TypeKind::Error => return None,
            _ => {
                self.report(diagnostics::port_kind(port.ty.span, &port.name.name));
                return None;
            }
        };
        let mut sizes = Vec::with_capacity(dims.len());
        for expr in dims {
            let size = self.int(expr)?;
            match usize::try_from(size).ok().filter(|size| *size > 0) {
                Some(size) => sizes.push(size),
                None => {
                    self.report(diagnostics::empty_dimension(expr.span, size));
                    return None;
                }
            }
        }
        Some(sizes)
    }

    /// Takes the values of the outputs: their names and sizes.
    fn outputs(&mut self) -> Vec<(String, Vec<usize>)> {
        let space = self.space;
        let mut made = Vec::new();
        let mut nodes: Vec<NodeIndex> = Vec::new();
        for port in ports(space, Direction::Output) {
            let name = &port.name.name;
            let value = self
                .frames
                .first()
                .and_then(|frame| frame.locals.get(port.local.index()))
                .cloned()
                .flatten();
            let Some(value) = value else {
                if !self.exhausted && !self.failed {
                    self.report(diagnostics::output_without_value(port.name.span, name));
                }
                continue;
            };
            // What does not fit is shown where it was made, if that is one place.
            let span = made_at(&space.body, port.local).unwrap_or(port.name.span);
            let value = self.convert(value, Some(&port.ty), span);
            self.note(port.name.span, &value);
            if let Value::Tensor(tensor) = value {
                // Declared sizes are numbers, so that decisions touch none.
                made.push((name.clone(), tensor.sizes.widest().0));
                nodes.push(tensor.node);
            }
        }
        if let Some(region) = self.regions.first_mut() {
            region.outputs = nodes;
        }
        made
    }

    /// What is probably not meant.
    fn warn(&mut self) {
        if self.failed {
            return;
        }
        if self.decisions.points.is_empty() {
            let warning = diagnostics::no_decision(self.space.span, &self.space.name.name);
            self.diagnostics.push(warning);
        }
        for (span, (widest, path)) in &self.widest {
            if *widest == 1 {
                self.diagnostics
                    .push(diagnostics::single_option(*span, path));
            }
        }
        self.warn_of_unused(ports(self.space, Direction::Input));
        self.warn_of_ignored();
        debug_assert!(self.regions.first().is_none_or(|region| {
            let mut nodes = region.graph.node_weights();
            nodes.all(|node| node.op != Op::Select || !node.shape.is_empty())
        }));
    }
}

fn ports(space: &hir::Space, direction: Direction) -> impl Iterator<Item = &Port> {
    space
        .ports
        .iter()
        .filter(move |port| port.direction == direction)
}

/// The expression that an output is made by, the last step of a pipe; `None` where it is
/// assigned in several places.
fn made_at(body: &[Stmt], output: LocalId) -> Option<Span> {
    fn collect<'a>(body: &'a [Stmt], output: LocalId, values: &mut Vec<&'a Expr>) {
        for stmt in body {
            match stmt {
                Stmt::Assign { local, value, .. } if *local == output => values.push(value),
                Stmt::If {
                    then, otherwise, ..
                } => {
                    collect(then, output, values);
                    collect(otherwise, output, values);
                }
                Stmt::For { body, .. } => collect(body, output, values),
                _ => {}
            }
        }
    }
    let mut values = Vec::new();
    collect(body, output, &mut values);
    let &[value] = values.as_slice() else {
        return None;
    };
    Some(match &value.kind {
        ExprKind::Pipe { into, .. } => into.span,
        _ => value.span,
    })
}

fn task(space: &hir::Space, inputs: Vec<Vec<usize>>, outputs: Vec<Vec<usize>>) -> Task {
    let tokens = ports(space, Direction::Input)
        .next()
        .is_some_and(|port| matches!(port.ty.kind, TypeKind::Tokens(_)));
    match (
        inputs.first().map(Vec::as_slice),
        outputs.first().map(Vec::as_slice),
    ) {
        (Some(&[vocab]), Some(&[out])) if tokens && out == vocab => Task::LanguageModel { vocab },
        (Some(&[c, h, w]), Some(&[classes])) => Task::Classification {
            image: [c, h, w],
            classes,
        },
        _ => Task::Other,
    }
}

/// For every dimension the parameter of the space that it is, if it is one.
fn sizes_from(space: &hir::Space, port: &Port) -> Vec<Option<String>> {
    let setting = |expr: &hir::Expr| match expr.kind {
        ExprKind::Name(Res::Setting(id)) => space
            .settings
            .get(id.index())
            .map(|param| param.name.name.clone()),
        _ => None,
    };
    match &port.ty.kind {
        TypeKind::Tensor(dims) => dims
            .iter()
            .map(|dim| match dim {
                Dim::Is(expr) => setting(expr),
                Dim::Bind(..) => None,
            })
            .collect(),
        TypeKind::Tokens(vocab) => vec![setting(vocab)],
        _ => Vec::new(),
    }
}

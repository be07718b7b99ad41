//! A network as a drawing for Graphviz: `dot -Tsvg`.
//!
//! A box encloses what belongs to one element of a node family, one round of a
//! loop, one candidate of a choice, or the body of a scan. A diamond is a
//! selection, named by its decision. A dashed edge is there in some
//! architectures; it says when, if that is short. Shapes stand on the edges.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use indexmap::IndexMap;
use petgraph::graph::NodeIndex;

use super::super::view::{View, ViewRegion};
use super::super::{Kind, Node, Op, Region, RegionId};
use super::Subject;
use super::inside::Inside;
use crate::decision::{Architecture, Domain, Guard, GuardId, OptionSource};

/// The whole drawing.
#[must_use]
pub fn dot(subject: Subject) -> String {
    drawn(subject, None)
}

/// The supergraph, with what the architecture has in bold lines and all else pale.
#[must_use]
pub fn dot_inside(subject: Subject, architecture: &Architecture) -> String {
    let subject = Subject {
        architecture: None,
        ..subject
    };
    let inside = Inside::of(subject.graph, subject.decisions, architecture);
    drawn(subject, Some(inside))
}

fn drawn(subject: Subject, inside: Option<Inside>) -> String {
    let mut drawing = Drawing {
        subject,
        view: subject.view(),
        boxes: boxes(subject),
        inside,
        drawn: 0,
        text: String::new(),
    };
    drawing.draw();
    drawing.text
}

/// Longer conditions are left out: the edge stays dashed.
const LONGEST_CONDITION: usize = 40;

const STYLE: &str = r##"  graph [fontname="Helvetica", fontsize=11, color="#b0b0b0", style="rounded", ranksep=0.35]
  node [fontname="Helvetica", fontsize=11, shape=box, style="rounded,filled", fillcolor="#ffffff", height=0.3, margin="0.12,0.04"]
  edge [fontname="Helvetica", fontsize=8, color="#505050", fontcolor="#505050", arrowsize=0.6]
"##;

struct Drawing<'a> {
    subject: Subject<'a>,
    view: View,
    /// The paths of all boxes, by region.
    boxes: BTreeSet<(RegionId, &'a str)>,
    /// What the architecture has that is marked.
    inside: Option<Inside>,
    /// How many boxes are drawn.
    drawn: usize,
    text: String,
}

/// What is in a box: nodes, and boxes by the next segment of the path.
#[derive(Default)]
struct Group<'a> {
    nodes: Vec<NodeIndex>,
    groups: IndexMap<&'a str, Group<'a>>,
}

impl<'a> Drawing<'a> {
    fn draw(&mut self) {
        self.line(0, &format!("digraph {} {{", quoted(self.subject.name)));
        self.text.push_str(STYLE);
        self.region(RegionId(0), 1);
        self.outputs();
        let view = std::mem::take(&mut self.view);
        for (index, seen) in view.regions.iter().enumerate() {
            self.edges(RegionId(index as u32), seen, &view);
        }
        self.line(0, "}");
    }

    fn line(&mut self, depth: usize, line: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "{:1$}{line}", "", 2 * depth);
    }

    fn open_box(&mut self, depth: usize, label: &str) {
        self.drawn += 1;
        self.line(depth, &format!("subgraph cluster_{} {{", self.drawn));
        self.line(depth + 1, &format!("label={}", quoted(label)));
    }

    // ---- nodes

    fn region(&mut self, id: RegionId, depth: usize) {
        let graph = self.subject.graph;
        let Some(region) = graph.region(id) else {
            return;
        };
        let mut root = Group::default();
        let seen = self.view.regions.get(id.index());
        for part in seen.map_or(&[][..], |seen| seen.nodes.as_slice()) {
            if let Some(node) = region.graph.node_weight(part.index) {
                let segments = self.segments(id, &node.path);
                let group = segments.into_iter().fold(&mut root, |group, segment| {
                    group.groups.entry(segment).or_default()
                });
                group.nodes.push(part.index);
            }
        }
        self.group(id, region, &root, depth);
    }

    /// The segments of a path up to the innermost box.
    fn segments(&self, id: RegionId, path: &'a str) -> Vec<&'a str> {
        let innermost = prefixes(path).rfind(|prefix| self.boxes.contains(&(id, prefix)));
        innermost.map_or_else(Vec::new, |path| path.split('.').collect())
    }

    fn group(&mut self, id: RegionId, region: &'a Region, group: &Group<'a>, depth: usize) {
        for &index in &group.nodes {
            if let Some(node) = region.graph.node_weight(index) {
                self.node(id, index, node, depth);
            }
        }
        for (&segment, inner) in &group.groups {
            // One box for a chain of boxes, none for a single node.
            let mut name = segment.to_owned();
            let mut inner = inner;
            while let (true, Some((next, only)), 1) = (
                inner.nodes.is_empty(),
                inner.groups.first(),
                inner.groups.len(),
            ) {
                name = format!("{name}.{next}");
                inner = only;
            }
            if inner.groups.is_empty() && inner.nodes.len() == 1 {
                self.group(id, region, inner, depth);
                continue;
            }
            self.open_box(depth, &name);
            self.group(id, region, inner, depth + 1);
            self.line(depth, "}");
        }
    }

    fn node(&mut self, id: RegionId, index: NodeIndex, node: &Node, depth: usize) {
        if let Op::Scan { region } = node.op {
            self.open_box(depth, "scan: once a time step");
            self.region(region, depth + 1);
            self.line(depth, "}");
            return;
        }
        let (label, look) = match &node.op {
            Op::Input => {
                let name = node.path.rsplit('.').next().unwrap_or_default();
                (name.to_owned(), "shape=ellipse, fillcolor=\"#e8e8e8\"")
            }
            Op::Select => (
                self.decision_of(id, index),
                "shape=diamond, style=filled, fillcolor=\"#ffd9a0\", margin=\"0.01,0.01\"",
            ),
            // The sum of a list that is empty in every architecture.
            Op::Sum if self.operands(id, index).is_empty() => {
                ("sum of none".to_owned(), colour(&node.op))
            }
            op => (self.label(id, index, node), colour(op)),
        };
        let separator = if look.is_empty() { "" } else { ", " };
        let chosen = self.inside.as_ref().map(|inside| inside.node(id, index));
        let mark = mark(chosen);
        self.line(
            depth,
            &format!(
                "{} [label={}, tooltip={}{separator}{look}{mark}]",
                name(id, index),
                quoted(&label),
                quoted(&node.path)
            ),
        );
    }

    /// What a node computes: in its form, or in all its forms.
    fn label(&self, id: RegionId, index: NodeIndex, node: &Node) -> String {
        match self.view.form(id, index) {
            form @ Some(_) => node.op_of(form).to_string(),
            None => several(node.forms.iter().map(|form| form.op.to_string()))
                .unwrap_or_else(|| node.op.to_string()),
        }
    }

    fn operands(&self, id: RegionId, index: NodeIndex) -> Vec<(NodeIndex, GuardId)> {
        let region = self.subject.graph.region(id);
        region.map_or_else(Vec::new, |region| region.operands(index))
    }

    /// The last part of the name of the decision by which a selection selects.
    fn decision_of(&self, id: RegionId, index: NodeIndex) -> String {
        let guards = &self.subject.decisions.guards;
        let region = self.subject.graph.region(id);
        let decision = region.and_then(|region| region.selector(index, guards));
        let point = decision.and_then(|decision| self.subject.decisions.point(decision));
        let path = point.map_or("", |point| point.path.as_str());
        path.rsplit('.').next().unwrap_or_default().to_owned()
    }

    fn outputs(&mut self) {
        let outputs = self.view.regions.first().map(|seen| seen.outputs.clone());
        let names = &self.subject.graph.output_names;
        for (place, (node, output)) in outputs.iter().flatten().zip(names).enumerate() {
            self.line(
                1,
                &format!(
                    "out{place} [label={}, shape=ellipse, fillcolor=\"#e8e8e8\"]",
                    quoted(output)
                ),
            );
            let from = self.source(&self.view, RegionId(0), *node);
            let shape = self.shape(RegionId(0), *node);
            if let Some(from) = from {
                self.line(
                    1,
                    &format!("{from} -> out{place} [label={}]", quoted(&shape)),
                );
            }
        }
    }

    // ---- edges

    fn edges(&mut self, id: RegionId, seen: &ViewRegion, view: &View) {
        let graph = self.subject.graph;
        let Some(region) = graph.region(id) else {
            return;
        };
        for part in &seen.nodes {
            let Some(node) = region.graph.node_weight(part.index) else {
                continue;
            };
            let to = match node.op {
                Op::Scan { region } => view
                    .regions
                    .get(region.index())
                    .and_then(|body| body.inputs.first().copied().flatten())
                    .map(|input| name(region, input)),
                _ => Some(name(id, part.index)),
            };
            let Some(to) = to else { continue };
            for &(from, guard) in &part.operands {
                let Some(source) = self.source(view, id, from) else {
                    continue;
                };
                let selects = node.op == Op::Select;
                let mut label = self.condition(guard, selects);
                if !selects {
                    let shape = self.shape(id, from);
                    label = if label.is_empty() {
                        shape
                    } else {
                        format!("{label}\n{shape}")
                    };
                }
                let style = match guard {
                    GuardId::ALWAYS => "",
                    _ => ", style=dashed",
                };
                let inside = self.inside.as_ref();
                let mark = mark(inside.map(|inside| inside.edge(id, [from, part.index], guard)));
                self.line(
                    1,
                    &format!("{source} -> {to} [label={}{style}{mark}]", quoted(&label)),
                );
            }
        }
        // The result of a scan's body is its next state.
        if id != RegionId(0) {
            for (output, state) in seen.outputs.iter().zip(seen.inputs.iter().skip(1)) {
                if let (Some(from), Some(state)) = (self.source(view, id, *output), state) {
                    let to = name(id, *state);
                    self.line(
                        1,
                        &format!(
                            "{from} -> {to} [label=\"next step\", style=dotted, constraint=false]"
                        ),
                    );
                }
            }
        }
    }

    /// Where the edges of a node start: of a scan, at the result of its body.
    fn source(&self, view: &View, id: RegionId, index: NodeIndex) -> Option<String> {
        let node = self.subject.graph.region(id)?.graph.node_weight(index)?;
        match node.op {
            Op::Scan { region } => {
                let output = *view.regions.get(region.index())?.outputs.first()?;
                self.source(view, region, output)
            }
            _ => Some(name(id, index)),
        }
    }

    fn shape(&self, id: RegionId, index: NodeIndex) -> String {
        let region = self.subject.graph.region(id);
        let node = region.and_then(|region| region.graph.node_weight(index));
        match node {
            Some(node) if !node.shape.0.is_empty() => match self.view.form(id, index) {
                form @ Some(_) => node.shape_of(form).to_string(),
                None => several(node.forms.iter().map(|form| form.shape.to_string()))
                    .unwrap_or_else(|| node.shape.to_string()),
            },
            _ => String::new(),
        }
    }

    /// When an edge is there, if that is short to say; of a selection, the option.
    fn condition(&self, guard: GuardId, selects: bool) -> String {
        let decisions = self.subject.decisions;
        let guards = &decisions.guards;
        if guard == GuardId::ALWAYS {
            return String::new();
        }
        let simple = |guard: &GuardId| match guards.get(*guard) {
            Guard::Has { .. } => true,
            Guard::Not(inner) => matches!(guards.get(*inner), Guard::Has { .. }),
            _ => false,
        };
        let text = match guards.get(guard) {
            Guard::Has { decision, option } if selects => decisions
                .point(*decision)
                .and_then(|point| point.options.get(*option as usize))
                .cloned()
                .unwrap_or_default(),
            Guard::And(operands) | Guard::Or(operands) if !operands.iter().all(simple) => {
                return String::new();
            }
            Guard::Not(inner) if !simple(inner) => return String::new(),
            _ => guards.words(guard, decisions),
        };
        if text.chars().count() > LONGEST_CONDITION {
            return String::new();
        }
        text
    }
}

/// Elements, rounds of loops and candidates make boxes, and so does all that
/// stands before them in a path; the calls inside them do not.
fn boxes(subject: Subject<'_>) -> BTreeSet<(RegionId, &str)> {
    let candidates: BTreeSet<&str> = subject
        .decisions
        .points
        .iter()
        .filter(|point| {
            matches!(point.domain, Domain::One { .. })
                && matches!(point.source, OptionSource::Table(_))
        })
        .flat_map(|point| point.options.iter().map(String::as_str))
        .collect();
    let makes_box = |prefix: &&str| {
        let segment = prefix.rsplit('.').next().unwrap_or_default();
        let name = segment.split('#').next().unwrap_or_default();
        segment.contains(['[', '=']) || candidates.contains(name)
    };
    let regions = subject.graph.regions.iter().enumerate();
    regions
        .flat_map(|(index, region)| {
            let id = RegionId(index as u32);
            let nodes = region.graph.node_weights();
            let innermost = nodes.filter_map(|node| prefixes(&node.path).rfind(makes_box));
            innermost
                .flat_map(prefixes)
                .map(move |path| (id, path))
                .collect::<Vec<_>>()
        })
        .collect()
}

/// `a`, `a.b`, `a.b.c` of `a.b.c`.
fn prefixes(path: &str) -> impl DoubleEndedIterator<Item = &str> {
    let ends = path.match_indices('.').map(|(at, _)| at);
    let whole = (!path.is_empty()).then_some(path);
    ends.map(|end| &path[..end]).chain(whole)
}

/// How it looks whether an architecture has something.
fn mark(chosen: Option<bool>) -> &'static str {
    match chosen {
        None => "",
        Some(true) => ", color=\"#c2410c\", penwidth=2",
        Some(false) => ", color=\"#d0d0d0\", fontcolor=\"#b0b0b0\"",
    }
}

fn name(id: RegionId, index: NodeIndex) -> String {
    format!("r{}n{}", id.index(), index.index())
}

/// What tells the kinds of operations apart.
fn colour(op: &Op) -> &'static str {
    match op.kind() {
        Kind::Weights => "fillcolor=\"#cfe3f7\"",
        Kind::Norm => "fillcolor=\"#ececf4\"",
        Kind::Activation => "fillcolor=\"#fdf3c8\"",
        Kind::Pool => "fillcolor=\"#d5efd3\"",
        Kind::Merge => "fillcolor=\"#f5dcec\"",
        Kind::Other => "",
    }
}

/// A text between quotes.
fn quoted(text: &str) -> String {
    let escaped = text
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n");
    format!("\"{escaped}\"")
}

/// Different texts beside each other, the first and the last of many; `None` of
/// none.
pub fn several(texts: impl Iterator<Item = String>) -> Option<String> {
    let mut different: Vec<String> = Vec::new();
    for text in texts {
        if !different.contains(&text) {
            different.push(text);
        }
    }
    match different.as_slice() {
        [] => None,
        [first, .., last] if different.len() > 3 => Some(format!("{first} .. {last}")),
        few => Some(few.join(" | ")),
    }
}

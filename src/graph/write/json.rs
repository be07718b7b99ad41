//! A network as JSON.
//!
//! Nodes keep the numbers of the supergraph, and parameters theirs, so a child
//! can be laid over it. An edge's `when` is the number of a condition, null
//! where the edge is always there; operands of conditions stand before them.

use std::collections::BTreeSet;

use petgraph::graph::NodeIndex;
use serde_json::{Map, Value, json};

use super::super::view::{View, ViewNode};
use super::super::{Node, Op, Padding, ParamId, RegionId, Role, Supergraph, Task, Window};
use super::Subject;
use super::inside::Inside;
use crate::decision::{Architecture, DecisionId, DecisionSpace, Guard, GuardId};

/// The whole document.
#[must_use]
pub fn json(subject: Subject) -> Value {
    document(subject, subject.architecture, None)
}

/// The supergraph, and of each node and edge whether the architecture has it: `chosen`.
#[must_use]
pub fn json_inside(subject: Subject, architecture: &Architecture) -> Value {
    let subject = Subject {
        architecture: None,
        ..subject
    };
    let inside = Inside::of(subject.graph, subject.decisions, architecture);
    document(subject, Some(architecture), Some(&inside))
}

fn document(subject: Subject, named: Option<&Architecture>, inside: Option<&Inside>) -> Value {
    let Subject {
        name,
        graph,
        decisions,
        architecture,
    } = subject;
    let view = subject.view();
    json!({
        "space": name,
        "architecture": named.map(|chosen| chosen.to_json(decisions, name)),
        "task": task(graph.task),
        "inputs": graph.input_names,
        "outputs": graph.output_names,
        "regions": regions(&subject, &view, inside),
        "params": params(graph, &view),
        "conditions": match architecture {
            None => conditions(decisions),
            Some(_) => Value::Array(Vec::new()),
        },
    })
}

fn task(task: Task) -> Value {
    match task {
        Task::Classification { image, classes } => {
            json!({"kind": "classification", "image": image, "classes": classes})
        }
        Task::LanguageModel { vocab } => json!({"kind": "language_model", "vocab": vocab}),
        Task::Other => json!({"kind": "other"}),
    }
}

fn regions(subject: &Subject, view: &View, inside: Option<&Inside>) -> Value {
    let regions = subject.graph.regions.iter().zip(&view.regions);
    regions
        .zip(0..)
        .map(|((region, seen), id)| {
            let id = RegionId(id);
            let nodes: Vec<Value> = seen
                .nodes
                .iter()
                .filter_map(|part| {
                    let node = region.graph.node_weight(part.index)?;
                    let mut object = Map::new();
                    object.insert("id".to_owned(), json!(part.index.index()));
                    let op = node.op_of(part.form);
                    object.insert("op".to_owned(), json!(op.name()));
                    object.extend(attributes(op));
                    object.insert("shape".to_owned(), json!(node.shape_of(part.form).0));
                    object.insert("timed".to_owned(), json!(node.timed));
                    object.insert("path".to_owned(), json!(&*node.path));
                    object.insert(
                        "params".to_owned(),
                        node_params(subject, &node.params, part),
                    );
                    if !node.forms.is_empty() {
                        object.insert("forms".to_owned(), forms(node, part));
                    }
                    if let Some(inside) = inside {
                        let chosen = inside.node(id, part.index);
                        object.insert("chosen".to_owned(), json!(chosen));
                    }
                    Some(Value::Object(object))
                })
                .collect();
            let edges: Vec<Value> = seen
                .nodes
                .iter()
                .flat_map(|part| {
                    let operands = part.operands.iter().enumerate();
                    operands.map(|(slot, (from, guard))| {
                        let when = (*guard != GuardId::ALWAYS).then_some(guard.index());
                        let mut edge = json!({
                            "from": from.index(),
                            "to": part.index.index(),
                            "slot": slot,
                            "when": when,
                        });
                        if let (Some(inside), Value::Object(edge)) = (inside, &mut edge) {
                            let chosen = inside.edge(id, [*from, part.index], *guard);
                            edge.insert("chosen".to_owned(), json!(chosen));
                        }
                        edge
                    })
                })
                .collect();
            let inputs: Vec<_> = seen
                .inputs
                .iter()
                .map(|i| i.map(NodeIndex::index))
                .collect();
            let outputs: Vec<usize> = seen.outputs.iter().map(|o| o.index()).collect();
            json!({"inputs": inputs, "outputs": outputs, "nodes": nodes, "edges": edges})
        })
        .collect()
}

/// What decisions make of a node: every form and when it has it, or of a child
/// the one that it has. `params` are the parts of the parameters that it uses.
fn forms(node: &Node, part: &ViewNode) -> Value {
    let chosen = |place: usize| part.form.is_none_or(|form| form == place);
    node.forms
        .iter()
        .enumerate()
        .filter(|(place, _)| chosen(*place))
        .map(|(_, form)| {
            let mut object = Map::new();
            if part.form.is_none() {
                object.insert("when".to_owned(), json!(form.guard.index()));
            }
            object.extend(attributes(&form.op));
            object.insert("shape".to_owned(), json!(form.shape.0));
            let parts: Vec<&Vec<usize>> = form.params.iter().map(|shape| &shape.0).collect();
            object.insert("params".to_owned(), json!(parts));
            Value::Object(object)
        })
        .collect()
}

/// One object a role: which parameters, and by which decisions one is chosen
/// (none in a child, where it is).
fn node_params(subject: &Subject, banks: &[super::super::BankId], part: &ViewNode) -> Value {
    let table = &subject.graph.params;
    banks
        .iter()
        .zip(&part.params)
        .map(|(&bank, ids)| {
            let role = ids.first().and_then(|&id| table.get(id));
            let per: Vec<&str> = match (subject.architecture, table.bank(bank)) {
                (None, Some(bank)) => bank
                    .per
                    .iter()
                    .map(|&decision| path(subject.decisions, decision))
                    .collect(),
                _ => Vec::new(),
            };
            let ids: Vec<usize> = ids.iter().map(|id| id.index()).collect();
            json!({"role": role.map(|param| role_name(param.role)), "per": per, "ids": ids})
        })
        .collect()
}

/// The parameters that the nodes use, each once.
fn params(graph: &Supergraph, view: &View) -> Value {
    let nodes = view.regions.iter().flat_map(|region| &region.nodes);
    let used: BTreeSet<ParamId> = nodes
        .flat_map(|node| node.params.iter().flatten().copied())
        .collect();
    used.into_iter()
        .filter_map(|id| {
            let param = graph.params.get(id)?;
            Some(json!({
                "id": id.index(),
                "name": param.name,
                "role": role_name(param.role),
                "shape": param.shape,
                "trained": param.role.is_trained(),
            }))
        })
        .collect()
}

fn conditions(decisions: &DecisionSpace) -> Value {
    let indices = |operands: &[GuardId]| -> Vec<usize> {
        operands.iter().map(|operand| operand.index()).collect()
    };
    decisions
        .guards
        .iter()
        .map(|guard| match guard {
            Guard::Always => json!({"always": true}),
            Guard::Never => json!({"always": false}),
            Guard::Has { decision, option } => {
                let point = decisions.point(*decision);
                let text = point.and_then(|point| point.options.get(*option as usize));
                json!({"decision": path(decisions, *decision), "has": text})
            }
            Guard::Not(operand) => json!({"not": operand.index()}),
            Guard::And(operands) => json!({"all": indices(operands)}),
            Guard::Or(operands) => json!({"any": indices(operands)}),
            Guard::AtMost { terms, bound } => {
                let terms: Vec<Value> = terms
                    .iter()
                    .map(|(term, weight)| json!({"if": term.index(), "weight": weight}))
                    .collect();
                json!({"at_most": bound, "sum": terms})
            }
        })
        .collect()
}

fn path(decisions: &DecisionSpace, decision: DecisionId) -> &str {
    decisions.point(decision).map_or("?", |point| &point.path)
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::Weight => "weight",
        Role::Embedding => "embedding",
        Role::Bias => "bias",
        Role::Scale => "scale",
        Role::Offset => "offset",
        Role::Mean => "mean",
        Role::Variance => "variance",
    }
}

/// What an operation has besides its name, its shape and its parameters.
fn attributes(op: &Op) -> Map<String, Value> {
    let value = match op {
        Op::Conv {
            window,
            groups,
            bias,
        } => with_window(*window, json!({"groups": groups, "bias": bias})),
        Op::Conv1d { window, bias } => with_window(*window, json!({"bias": bias})),
        Op::Pool { window, .. } => with_window(*window, json!({})),
        Op::Linear { bias } => json!({"bias": bias}),
        Op::BatchNorm { eps, decay } => json!({"eps": eps, "decay": decay}),
        Op::LayerNorm { eps } => json!({"eps": eps}),
        Op::Shift { dy, dx } => json!({"dy": dy, "dx": dx}),
        Op::Chunk { index, of } => json!({"index": index, "of": of}),
        Op::Affine { scale, offset } => json!({"scale": scale, "offset": offset}),
        Op::Scan { region } => json!({"region": region.index()}),
        Op::Dropout { site } => json!({"site": site}),
        Op::DropPath { share } => json!({"share": share}),
        Op::SqueezeExcite { hidden } => json!({"hidden": hidden}),
        Op::Attention { heads } => json!({"heads": heads}),
        Op::Extern {
            name,
            params,
            flops,
        } => json!({"name": name, "own_params": params, "flops": flops}),
        Op::Input
        | Op::Select
        | Op::Activation(_)
        | Op::Identity
        | Op::Zero
        | Op::GlobalAvgPool
        | Op::Concat
        | Op::Sum
        | Op::Mean
        | Op::Sub
        | Op::Mul
        | Op::Embed => json!({}),
    };
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn with_window(window: Window, rest: Value) -> Value {
    let padding = match window.padding {
        Padding::Same => "same",
        Padding::Torch => "torch",
        Padding::Valid => "valid",
    };
    let mut object = json!({
        "window": window.size,
        "stride": window.stride,
        "dilation": window.dilation,
        "padding": padding,
    });
    if let (Value::Object(object), Value::Object(rest)) = (&mut object, rest) {
        object.extend(rest);
    }
    object
}

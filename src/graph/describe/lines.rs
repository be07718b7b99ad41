//! A part as a chain of operations, or as lines.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::graph::NodeIndex;

use super::names::is_element;
use super::text::{Level, Text};
use super::units::{Scope, Unit};
use super::{Body, Line, Whole, Writer};
use crate::graph::{Op, RegionId};

/// A longer expression gets lines for what it is made of.
const LONGEST: usize = 72;

/// What a scan runs at every step.
const STEP: &str = "step";

/// What a unit computes, and of what.
struct Function {
    name: String,
    /// What is told of it elsewhere; none of a single operation.
    part: Option<Inner>,
    operands: Vec<NodeIndex>,
}

/// What a part comes to, before it is known as one.
struct Inner {
    body: Body,
    /// The nodes outside that it reads, each once.
    reads: Vec<NodeIndex>,
    calls: Vec<usize>,
}

impl Writer<'_> {
    /// Writes a region: the whole network, or the body of a scan.
    pub(super) fn region(&mut self, id: RegionId, outputs: Vec<String>) -> Whole {
        let seen = self.view.regions.get(id.index());
        let nodes: Vec<NodeIndex> = seen.map_or_else(Vec::new, |seen| {
            seen.nodes.iter().map(|node| node.index).collect()
        });
        let results = seen.map_or_else(Vec::new, |seen| seen.outputs.clone());
        let scope = Scope {
            region: id,
            prefix: 0,
            nodes: &nodes,
        };
        let units = self.units(scope);
        let functions: Vec<Function> = units
            .iter()
            .map(|unit| self.function(scope, unit))
            .collect();
        let results = results.into_iter().zip(outputs).collect();
        let (lines, _, calls) = self.lines(scope, &units, functions, results, true);
        Whole { lines, calls }
    }

    fn function(&mut self, scope: Scope, unit: &Unit) -> Function {
        let (Some(call), Some(result)) = (unit.call, unit.result()) else {
            return self.operation(scope.region, unit.result());
        };
        if unit.nodes.len() == 1 {
            let alone = self.operation(scope.region, Some(result));
            if !call.is_candidate || alone.name == call.callee {
                return alone;
            }
            self.operations.insert(alone.name.clone());
            let body = Body::Chain(vec![alone.name]);
            let reads = distinct(&alone.operands);
            return Function {
                name: call.callee.to_owned(),
                operands: reads.clone(),
                part: Some(Inner {
                    body,
                    reads,
                    calls: Vec::new(),
                }),
            };
        }
        let whole = self.path(scope.region, result, 0).len();
        let below = self.path(scope.region, result, scope.prefix).len();
        let inner = self.inner(Scope {
            prefix: whole - below + call.path.len(),
            nodes: &unit.nodes,
            ..scope
        });
        Function {
            name: call.callee.to_owned(),
            operands: inner.reads.clone(),
            part: Some(inner),
        }
    }

    /// A node alone.
    fn operation(&mut self, region: RegionId, node: Option<NodeIndex>) -> Function {
        let seen = node.and_then(|node| self.node(region, node));
        let form = seen.and_then(|seen| seen.form);
        let graph = self.graph;
        let weight = node.and_then(|node| graph.region(region)?.graph.node_weight(node));
        let op = weight.map(|weight| weight.op_of(form));
        let mut part = None;
        let name = match (op, weight) {
            (Some(Op::Input), Some(weight)) => weight.path.to_string(),
            (Some(Op::Scan { region }), _) => {
                let whole = self.region(*region, vec!["next state".to_owned()]);
                part = Some(Inner {
                    body: Body::Lines(whole.lines),
                    reads: Vec::new(),
                    calls: whole.calls,
                });
                STEP.to_owned()
            }
            (Some(op), _) => op.to_string(),
            (None, _) => String::new(),
        };
        Function {
            name,
            part,
            operands: node.map_or_else(Vec::new, |node| self.operands(region, node)),
        }
    }

    /// What belongs to a call.
    fn inner(&mut self, scope: Scope) -> Inner {
        let units = self.units(scope);
        let mut functions: Vec<Function> = units
            .iter()
            .map(|unit| self.function(scope, unit))
            .collect();
        if let [only] = functions.as_mut_slice() {
            // A call that does nothing but call another is that one.
            if let Some(part) = only.part.take() {
                return part;
            }
        }
        let result = scope.nodes.last().copied();
        if is_chain(&units, &functions) {
            let reads = functions.first().map(|first| first.operands.clone());
            let mut calls = Vec::new();
            // Of one value these are that value.
            let is_step = |step: &Function| !matches!(&*step.name, "sum" | "mean" | "concat");
            let names = functions.into_iter().filter(is_step);
            let names = names
                .map(|function| self.called(function, &mut calls))
                .collect();
            return Inner {
                body: Body::Chain(names),
                reads: reads.unwrap_or_default(),
                calls,
            };
        }
        let results = result.map(|node| (node, "result".to_owned()));
        let results = results.into_iter().collect();
        let (lines, reads, calls) = self.lines(scope, &units, functions, results, false);
        Inner {
            body: Body::Lines(lines),
            reads,
            calls,
        }
    }

    /// The name of a function, whose part is added.
    fn called(&mut self, function: Function, calls: &mut Vec<usize>) -> String {
        let Some(part) = function.part else {
            self.operations.insert(function.name.clone());
            return function.name;
        };
        let inputs = match function.name.as_str() {
            STEP => vec!["x".to_owned(), "state".to_owned()],
            _ => (0..part.reads.len()).map(letter).collect(),
        };
        let is_scan = function.name == STEP;
        let (place, name) = self.add(function.name, part.body, inputs, part.calls);
        calls.push(place);
        if is_scan {
            return format!("scan {name}");
        }
        name
    }

    /// The lines of a part, the nodes outside that it reads, and the parts it calls.
    fn lines(
        &mut self,
        scope: Scope,
        units: &[Unit],
        functions: Vec<Function>,
        results: Vec<(NodeIndex, String)>,
        is_region: bool,
    ) -> (Vec<Line>, Vec<NodeIndex>, Vec<usize>) {
        let of_result: BTreeMap<NodeIndex, usize> = units
            .iter()
            .enumerate()
            .filter_map(|(place, unit)| Some((unit.result()?, place)))
            .collect();
        let mut readers: Vec<Vec<usize>> = vec![Vec::new(); units.len()];
        let mut reads = Vec::new();
        for (reader, function) in functions.iter().enumerate() {
            for operand in &function.operands {
                match of_result.get(operand) {
                    Some(&unit) => readers[unit].push(reader),
                    None if !reads.contains(operand) => reads.push(*operand),
                    None => {}
                }
            }
        }
        // Older values first, whichever is used first.
        reads.sort_unstable();
        let mut text = Text {
            lines: Vec::new(),
            values: BTreeMap::new(),
            taken: BTreeSet::new(),
        };
        for (place, &node) in reads.iter().enumerate() {
            let input = letter(place);
            text.taken.insert(input.clone());
            let value = match self.element(scope, node) {
                Some(element) => {
                    text.line(&element, input, None, false);
                    element
                }
                None => input,
            };
            text.values.insert(node, (value, Level::Atom));
        }
        let last_of_place: BTreeMap<&str, usize> = units
            .iter()
            .enumerate()
            .filter(|(place, unit)| escapes(unit, &readers[*place], units))
            .map(|(place, unit)| (unit.place, place))
            .collect();
        let mut calls = Vec::new();
        for (place, (unit, function)) in units.iter().zip(functions).enumerate() {
            let Some(node) = unit.result() else {
                continue;
            };
            if self.is_input(scope.region, node) {
                text.taken.insert(function.name.clone());
                text.values.insert(node, (function.name, Level::Atom));
                continue;
            }
            let operands = function.operands.clone();
            let symbol = if function.part.is_none() {
                self.symbol(scope.region, node)
            } else {
                None
            };
            let name = self.called(function, &mut calls);
            let (value, level) = text.expression(&name, &operands, symbol);

            let element = self.element(scope, node);
            let own = last_of_place.get(unit.place) == Some(&place);
            let own = own.then(|| unit.place.to_owned());
            let own = own.filter(|place| place.rsplit('.').next().is_some_and(is_element));
            let element = element.or(own);
            let outputs: Vec<&String> = results
                .iter()
                .filter_map(|(result, name)| (*result == node).then_some(name))
                .collect();
            let needs_line = element.is_some()
                || readers[place].len() > 1
                || escapes(unit, &readers[place], units)
                || value.len() > LONGEST;
            let shape = self.shape(scope.region, node).filter(|_| is_region);
            if needs_line && (outputs.is_empty() || element.is_some()) {
                let loose = element.is_some()
                    && !readers[place]
                        .iter()
                        .any(|&reader| stands_in_element(&units[reader]));
                let fallback = || match unit.call {
                    Some(call) if call.is_candidate => {
                        let path = call.path.rsplit_once('.');
                        path.map_or(call.path, |(path, _)| path).to_owned()
                    }
                    Some(call) => call.path.to_owned(),
                    None if unit.place.is_empty() => name.clone(),
                    None => format!("{}.{name}", unit.place),
                };
                let name = text.free(element.unwrap_or_else(fallback));
                text.line(&name, value, shape.clone(), loose);
                text.values.insert(node, (name, Level::Atom));
            } else {
                text.values.insert(node, (value, level));
            }
            for output in outputs {
                let value = text.value(node).0;
                text.line(output, value, shape.clone(), false);
                if readers[place].is_empty() {
                    continue;
                }
                text.values.insert(node, (output.clone(), Level::Atom));
            }
        }
        (text.lines, reads, calls)
    }

    /// The element that a node is in a part, as a selection in it says.
    fn element(&self, scope: Scope, node: NodeIndex) -> Option<String> {
        let aliases = self.aliases.get(&(scope.region, node.index()))?;
        let any = *scope.nodes.first()?;
        let whole = self.path(scope.region, any, 0);
        let prefix = whole.get(..scope.prefix).unwrap_or_default();
        let alias = aliases.iter().find(|alias| {
            let rest = alias.seen_from.strip_prefix(prefix);
            let rest = rest.map(|rest| rest.strip_prefix('.').unwrap_or(rest));
            rest.is_some_and(|rest| rest.split('.').next().is_some_and(is_element))
        });
        alias.map(|alias| alias.element.to_owned())
    }

    fn is_input(&self, region: RegionId, node: NodeIndex) -> bool {
        let region = self.graph.region(region);
        let weight = region.and_then(|region| region.graph.node_weight(node));
        weight.is_some_and(|weight| weight.op == Op::Input)
    }

    fn symbol(&self, region: RegionId, node: NodeIndex) -> Option<&'static str> {
        let weight = self.graph.region(region)?.graph.node_weight(node)?;
        match weight.op {
            Op::Sum => Some(" + "),
            Op::Mul => Some(" * "),
            Op::Sub => Some(" - "),
            _ => None,
        }
    }

    fn shape(&self, region: RegionId, node: NodeIndex) -> Option<Vec<usize>> {
        let form = self.node(region, node)?.form;
        let weight = self.graph.region(region)?.graph.node_weight(node)?;
        Some(weight.shape_of(form).0.clone())
    }
}

/// Whether each unit reads the one before it alone.
fn is_chain(units: &[Unit], functions: &[Function]) -> bool {
    let follows = |(unit, function): (&Unit, &Function)| {
        let one = function.operands.as_slice();
        matches!((one, unit.result()), ([operand], Some(result)) if *operand == result)
    };
    let first = functions
        .first()
        .is_some_and(|first| first.operands.len() == 1);
    first && units.iter().zip(functions.iter().skip(1)).all(follows)
}

/// Whether an element, or a call in the round of a loop, is read outside of it.
fn escapes(unit: &Unit, readers: &[usize], units: &[Unit]) -> bool {
    let is_inside = |reader: &Unit| {
        let rest = unit.place.strip_prefix(reader.place);
        !reader.place.is_empty()
            && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    !unit.place.is_empty() && !readers.iter().all(|&reader| is_inside(&units[reader]))
        || (stands_in_element(unit) && readers.is_empty())
}

fn stands_in_element(unit: &Unit) -> bool {
    unit.place.split('.').any(is_element)
}

fn distinct(nodes: &[NodeIndex]) -> Vec<NodeIndex> {
    let mut seen = BTreeSet::new();
    nodes
        .iter()
        .copied()
        .filter(|&node| seen.insert(node))
        .collect()
}

/// What the inputs of a part are called: a, b, ..
fn letter(place: usize) -> String {
    match u8::try_from(place) {
        Ok(place @ 0..26) => char::from(b'a' + place).to_string(),
        _ => format!("in{place}"),
    }
}

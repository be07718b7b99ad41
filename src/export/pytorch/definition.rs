//! Definitions of classes and functions.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::super::network::Slot;
use super::class::{Argument, Class, STRIDE, Value, is_width};
use super::construct::{Call, Given, construct, layout};
use super::forward::{Context, statements};
use super::helpers::Helper;
use super::unit::{PartKind, Unit, UnitId};
use super::{Writer, document, names};

impl Writer<'_> {
    pub(super) fn function(&self, class: &Class, unit: &Unit) -> String {
        let inputs = input_names(unit.n_inputs);
        let (body, outputs) = statements(Context {
            unit,
            class,
            classes: &self.classes.classes,
            inputs: &inputs,
            scope: self.scope(),
            indent: 4,
            states: BTreeMap::new(),
        });
        let parameters: Vec<String> = inputs
            .iter()
            .map(|name| format!("{name}: Tensor"))
            .collect();
        let head = Call {
            callee: class.name.clone(),
            arguments: parameters,
        };
        let head = layout(0, "def ", &head, " -> Tensor:");
        let output = outputs.first().map_or("", String::as_str);
        let name = &unit.name;
        let about = format!("    \"\"\"`{name}` of the space.\"\"\"\n");
        format!("\n\n{head}{about}{body}    return {output}\n")
    }

    pub(super) fn class(
        &self,
        class: &Class,
        instances: &[UnitId],
        tensors: &[(String, Slot)],
        helpers: &mut BTreeSet<Helper>,
    ) -> String {
        let unit = &self.units.all[instances[0]];
        let body = self
            .units
            .bodies
            .iter()
            .position(|&id| id == Some(instances[0]));
        let is_main = body == Some(0);
        let mut text = format!("\n\nclass {}(nn.Module):\n", class.name);
        text.push_str(&document::class(unit, instances.len(), body));
        let mut arguments = vec!["self".to_owned()];
        arguments.extend(
            class
                .parameters
                .iter()
                .map(|name| format!("{name}: {}", type_of(name))),
        );
        let init = Call {
            callee: "__init__".to_owned(),
            arguments,
        };
        if !unit.parts.is_empty() {
            text.push_str(&layout(4, "def ", &init, " -> None:"));
            text.push_str("        super().__init__()\n");
            for (place, part) in unit.parts.iter().enumerate() {
                let before = format!("self.{} = ", class.parts[place].name);
                let call = self.call(class, place, &part.what, helpers);
                text.push_str(&layout(8, &before, &call, ""));
            }
            if is_main {
                text.push_str(&ties(tensors));
            }
            text.push('\n');
        }
        if is_main && self.has_states() {
            text.push_str(&self.initial_state());
        }
        text + &self.forward(class, unit, body, helpers)
    }

    /// The call that makes a part of a class.
    fn call(
        &self,
        class: &Class,
        place: usize,
        what: &PartKind,
        helpers: &mut BTreeSet<Helper>,
    ) -> Call {
        let arguments = &class.parts[place].arguments;
        let text = |value: &Value| match value {
            Value::Number(number) => number.clone(),
            Value::Parameter(place) => class.parameters[*place].clone(),
            Value::Share { place, of } => format!("{} // {of}", class.parameters[*place]),
        };
        match what {
            PartKind::Module(module) => {
                let given: Vec<Given> = arguments
                    .iter()
                    .map(|argument| Given {
                        text: text(&argument.value),
                        is_number: matches!(argument.value, Value::Number(_)),
                    })
                    .collect();
                let (call, helper) = construct(module.kind, &given);
                helpers.extend(helper);
                call
            }
            PartKind::Unit(id) => self.made(*id, arguments, text),
            PartKind::Repeat(units) => {
                let one = layout(0, "", &self.made(units[0], arguments, text), "");
                Call {
                    callee: "nn.Sequential".to_owned(),
                    arguments: vec![format!(
                        "*({} for _ in range({}))",
                        one.trim_end(),
                        units.len()
                    )],
                }
            }
        }
    }

    /// The call that makes a unit.
    fn made(&self, id: UnitId, arguments: &[Argument], text: impl Fn(&Value) -> String) -> Call {
        let made = &self.classes.classes[self.units.all[id].class];
        let n = made
            .parameters
            .iter()
            .take_while(|name| is_width(name))
            .count();
        let is_default = |argument: &&Argument| {
            argument.name == STRIDE && argument.value == Value::Number("1".to_owned())
        };
        let given = arguments.iter().filter(|argument| !is_default(argument));
        let arguments = given.enumerate().map(|(place, argument)| {
            let value = text(&argument.value);
            if place < n {
                value
            } else {
                format!("{}={value}", argument.name)
            }
        });
        Call {
            callee: made.name.clone(),
            arguments: arguments.collect(),
        }
    }

    fn forward(
        &self,
        class: &Class,
        unit: &Unit,
        body: Option<usize>,
        helpers: &mut BTreeSet<Helper>,
    ) -> String {
        let mut scope = self.scope();
        let inputs: Vec<String> = match body {
            Some(0) => {
                let names = &self.subject.space.graph.input_names;
                names
                    .iter()
                    .map(|name| scope.take(&names::snake(name)))
                    .collect()
            }
            Some(_) if self.one_state() => vec!["x".to_owned(), "state".to_owned()],
            Some(_) => (0..unit.n_inputs)
                .map(|place| match place {
                    0 => "x".to_owned(),
                    _ => format!("state_{}", place - 1),
                })
                .collect(),
            None => input_names(unit.n_inputs),
        };
        let is_main = body == Some(0);
        let states = if is_main {
            self.states()
        } else {
            BTreeMap::new()
        };
        let keeps = is_main && !states.is_empty();
        if keeps {
            helpers.insert(if self.one_state() {
                Helper::Scan
            } else {
                Helper::ScanStates
            });
        }
        let ranges: Vec<Range<usize>> = states.values().cloned().collect();
        let (text, outputs) = statements(Context {
            unit,
            class,
            classes: &self.classes.classes,
            inputs: &inputs,
            scope,
            indent: 8,
            states,
        });
        let mut arguments = vec!["self".to_owned()];
        arguments.extend(inputs.iter().map(|name| format!("{name}: Tensor")));
        if keeps {
            arguments.push("state: State | None = None".to_owned());
        }
        let in_tuple = body.is_some_and(|body| body > 0) && !self.one_state();
        let several = outputs.len() > 1 || in_tuple;
        let returned = match (keeps, several) {
            (true, false) => "tuple[Tensor, State]".to_owned(),
            (true, true) => format!("tuple[{}State]", "Tensor, ".repeat(outputs.len())),
            (false, false) => "Tensor".to_owned(),
            (false, true) if in_tuple => "State".to_owned(),
            (false, true) => format!("tuple[{}]", vec!["Tensor"; outputs.len()].join(", ")),
        };
        let head = Call {
            callee: "forward".to_owned(),
            arguments,
        };
        let mut all = layout(4, "def ", &head, &format!(" -> {returned}:"));
        if is_main {
            all.push_str(&document::forward(
                self.subject,
                self.network.main(),
                &inputs,
            ));
        }
        if keeps {
            let tokens = inputs.first().map_or("", String::as_str);
            all.push_str("        if state is None:\n");
            all.push_str(&format!(
                "            state = self.initial_state({tokens}.shape[1])\n"
            ));
        }
        all.push_str(&text);
        let mut results = outputs.join(", ");
        if keeps {
            let state = match ranges.as_slice() {
                [_] => "state".to_owned(),
                many => {
                    let parts = many.iter().map(|range| format!("*state_{}", range.start));
                    format!("({})", parts.collect::<Vec<_>>().join(", "))
                }
            };
            results = format!("{results}, {state}");
        } else if in_tuple && outputs.len() == 1 {
            results = format!("({results},)");
        }
        all.push_str(&format!("        return {results}\n"));
        all
    }
}

/// Tensors that are one: those behind the first get its.
fn ties(tensors: &[(String, Slot)]) -> String {
    let mut first: BTreeMap<&Slot, &str> = BTreeMap::new();
    let mut text = String::new();
    for (name, slot) in tensors {
        match first.get(slot) {
            Some(owner) => {
                let (name, owner) = (attribute(name), attribute(owner));
                text.push_str(&format!("        self.{name} = self.{owner}\n"));
            }
            None => {
                first.insert(slot, name);
            }
        }
    }
    text
}

/// The name of a tensor as Python reads it: `cells.0.bn.weight` is `cells[0].bn.weight`.
fn attribute(name: &str) -> String {
    let mut text = String::new();
    for segment in name.split('.') {
        if segment.bytes().all(|b| b.is_ascii_digit()) {
            text.push_str(&format!("[{segment}]"));
        } else {
            text.push_str(if text.is_empty() { "" } else { "." });
            text.push_str(segment);
        }
    }
    text
}

/// The names of the inputs of what is no whole network.
fn input_names(n: usize) -> Vec<String> {
    match n {
        1 => vec!["x".to_owned()],
        _ => (0..n)
            .map(|place| match u8::try_from(place) {
                Ok(place) if place < 20 => char::from(b'a' + place).to_string(),
                _ => format!("x{place}"),
            })
            .collect(),
    }
}

/// The type of a number, by its name, with its default.
fn type_of(name: &str) -> &'static str {
    let is = |of: &str| name.ends_with(of);
    if name == STRIDE {
        "int = 1"
    } else if is("eps") || is("momentum") || is("rate") {
        "float"
    } else {
        "int"
    }
}

//! A network as the source of a `PyTorch` module.
//!
//! In: a [`Network`]. Out: one Python file that needs nothing but torch, with a class for
//! each operation, block and cell of the program, and the name that each parameter has in
//! the module's state.
//!
//! `leaf` says what a step is in torch; `unit` makes instances of the groups of
//! [`super::group`], those of one structure of one class; `class` names these and says
//! what they are made with; `construct` and `forward` write their two methods.

mod class;
mod construct;
mod document;
mod forward;
mod helpers;
mod leaf;
mod names;
mod unit;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use self::class::{Class, Classes, Value, classes};
use self::construct::{Call, Given, construct, layout};
use self::forward::{Context, statements};
use self::helpers::Helper;
use self::leaf::Form;
use self::names::Scope;
use self::unit::{LineForm, PartKind, Unit, UnitId, Units, units};
use super::Subject;
use super::network::{Network, Slot};
use crate::recipe::Statistics;

/// A written module.
#[derive(Clone, Debug)]
pub(super) struct Module {
    /// The Python file.
    pub source: String,
    /// Its tensors by name, in the order of the module's state.
    pub tensors: Vec<(String, Slot)>,
}

/// Writes a network.
pub(super) fn write(subject: &Subject, network: &Network, statistics: Statistics) -> Module {
    let units = units(
        network,
        &subject.space.cells,
        statistics,
        &subject.space.name,
    );
    let classes = classes(&units);
    let writer = Writer {
        subject,
        network,
        units: &units,
        classes: &classes,
    };
    let mut tensors = Vec::new();
    writer.tensors(writer.main(), "", &mut tensors);
    let source = writer.file(&tensors);
    Module { source, tensors }
}

struct Writer<'a> {
    subject: &'a Subject<'a>,
    network: &'a Network,
    units: &'a Units,
    classes: &'a Classes,
}

impl Writer<'_> {
    fn main(&self) -> UnitId {
        // INVARIANT: the whole network is a unit.
        self.units.bodies.first().copied().flatten().unwrap_or(0)
    }

    /// The tensors of a unit's modules, by name.
    fn tensors(&self, unit: UnitId, prefix: &str, found: &mut Vec<(String, Slot)>) {
        let unit = &self.units.units[unit];
        let class = &self.classes.classes[unit.class];
        for (part, of_class) in unit.parts.iter().zip(&class.parts) {
            let path = format!("{prefix}{}.", of_class.name);
            match &part.what {
                PartKind::Module(module) => {
                    let tensors = module.tensors.iter();
                    found.extend(tensors.map(|(name, slot)| (path.clone() + name, slot.clone())));
                }
                PartKind::Unit(id) => self.tensors(*id, &path, found),
            }
        }
    }

    fn file(&self, tensors: &[(String, Slot)]) -> String {
        let mut helpers = BTreeSet::new();
        let mut functions = String::new();
        let mut modules = String::new();
        for (class, instances) in self.classes.classes.iter().zip(&self.units.classes) {
            let unit = &self.units.units[instances[0]];
            if class.is_function {
                functions.push_str(&self.function(class, unit));
            } else {
                modules.push_str(&self.class(class, instances, tensors, &mut helpers));
            }
        }
        let needed: Vec<Helper> = helpers.iter().filter_map(|helper| helper.needs()).collect();
        helpers.extend(needed);
        let mut text = document::head(self.subject);
        if self.has_states() {
            let state = if self.one_state() {
                "Tensor"
            } else {
                "tuple[Tensor, ...]"
            };
            text.push_str(&format!("\nState = {state}\n"));
        }
        for helper in &helpers {
            text.push_str(&format!("\n\n{}", helper.text(&helpers)));
        }
        let inputs = self.network.main();
        text + &functions + &modules + &document::tail(self.subject, inputs, self.main_name())
    }

    fn function(&self, class: &Class, unit: &Unit) -> String {
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
        format!("\n\n{head}{body}    return {output}\n")
    }

    fn class(
        &self,
        class: &Class,
        instances: &[UnitId],
        tensors: &[(String, Slot)],
        helpers: &mut BTreeSet<Helper>,
    ) -> String {
        let unit = &self.units.units[instances[0]];
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
                .map(|name| format!("{name}: {}", kind_of(name))),
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
            PartKind::Unit(id) => {
                let made = &self.classes.classes[self.units.units[*id].class];
                let by_place = |name: &str| {
                    ["channels", "features", "width"]
                        .iter()
                        .any(|end| name.contains(end))
                };
                let n = made
                    .parameters
                    .iter()
                    .take_while(|name| by_place(name))
                    .count();
                let arguments = arguments.iter().enumerate().map(|(place, argument)| {
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

    /// The scans of the whole network, by line, and the places of their states.
    fn states(&self) -> BTreeMap<usize, Range<usize>> {
        let unit = &self.units.units[self.main()];
        let mut states = BTreeMap::new();
        let mut start = 0;
        for (at, line) in unit.lines.iter().enumerate() {
            if let LineForm::Step(Form::Scan { region }) = line.form {
                let n = self.network.bodies[region].n_inputs.saturating_sub(1);
                states.insert(at, start..start + n);
                start += n;
            }
        }
        states
    }

    fn has_states(&self) -> bool {
        !self.states().is_empty()
    }

    fn one_state(&self) -> bool {
        let states = self.states();
        states.len() == 1 && states.values().all(|range| range.len() == 1)
    }

    fn initial_state(&self) -> String {
        let unit = &self.units.units[self.main()];
        let mut zeros = Vec::new();
        for line in &unit.lines {
            if let LineForm::Step(Form::Scan { region }) = line.form {
                let body = &self.network.bodies[region];
                for state in body.steps.iter().take(body.n_inputs).skip(1) {
                    let sizes: Vec<String> = state.shape.iter().map(usize::to_string).collect();
                    zeros.push(format!("zeros(batch, {})", sizes.join(", ")));
                }
            }
        }
        let value = match zeros.as_slice() {
            [one] if self.one_state() => one.clone(),
            [one] => format!("({one},)"),
            many => format!("({})", many.join(", ")),
        };
        format!(
            "    def initial_state(self, batch: int) -> State:\n        \
             \"\"\"The state in which sequences begin: zeros.\"\"\"\n        \
             zeros = next(self.parameters()).new_zeros\n        return {value}\n\n"
        )
    }

    fn main_name(&self) -> &str {
        let class = self.units.units.get(self.main()).map(|unit| unit.class);
        let class = class.and_then(|class| self.classes.classes.get(class));
        class.map_or("Network", |class| &class.name)
    }

    /// Names that variables must not have.
    fn scope(&self) -> Scope {
        let mut scope = Scope::file();
        for class in &self.classes.classes {
            scope.take(&class.name);
        }
        scope
    }
}

/// Tensors that are one: those behind the first get its.
fn ties(tensors: &[(String, Slot)]) -> String {
    let mut first: BTreeMap<&Slot, &str> = BTreeMap::new();
    let mut text = String::new();
    for (name, slot) in tensors {
        match first.get(slot) {
            Some(owner) => text.push_str(&format!("        self.{name} = self.{owner}\n")),
            None => {
                first.insert(slot, name);
            }
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

/// The type of a number, by its name.
fn kind_of(name: &str) -> &'static str {
    let is = |of: &str| name.starts_with(of);
    if is("eps") || is("momentum") || is("rate") {
        "float"
    } else {
        "int"
    }
}

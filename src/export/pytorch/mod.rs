//! A network as the source of a `PyTorch` module.
//!
//! In: a [`Network`]. Out: one Python file that needs nothing but torch, with a class for
//! each operation, block and cell of the program, and the name that each parameter has in
//! the module's state.
//!
//! `leaf` says what a step is in torch; `unit` makes instances of the groups of
//! [`super::group`], those of one structure of one class; `class` names these and says
//! what they are made with; `repeat` makes one part of the rounds of a loop. `definition` writes a class, `construct` the calls that make
//! its parts, `forward` the statements that run them, of the expressions of `expr`;
//! `helpers` and `document` are the rest of the file.

mod class;
mod construct;
mod definition;
mod document;
mod expr;
mod forward;
mod helpers;
mod leaf;
mod names;
mod repeat;
mod states;
mod unit;

use std::collections::BTreeSet;

use self::class::{Classes, classes};
use self::helpers::Helper;
use self::names::Scope;
use self::unit::{PartKind, UnitId, Units, units};
use super::network::{Network, Slot};
use super::{Subject, Weights};
use crate::run::Normalisation;

/// A written module.
#[derive(Clone, Debug)]
pub(super) struct Module {
    /// The Python file.
    pub source: String,
    /// Its tensors by name, in the order of the module's state.
    pub tensors: Vec<(String, Slot)>,
}

/// Writes a network.
pub(super) fn write(subject: &Subject, network: &Network, weights: &Weights) -> Module {
    let statistics = weights.config().statistics;
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
        normalisation: weights.normalisation(),
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
    normalisation: Option<&'a Normalisation>,
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
        let unit = &self.units.all[unit];
        let class = &self.classes.classes[unit.class];
        for (part, of_class) in unit.parts.iter().zip(&class.parts) {
            let path = format!("{prefix}{}.", of_class.name);
            match &part.what {
                PartKind::Module(module) => {
                    let tensors = module.tensors.iter();
                    found.extend(tensors.map(|(name, slot)| (path.clone() + name, slot.clone())));
                }
                PartKind::Unit(id) => self.tensors(*id, &path, found),
                PartKind::Repeat(units) => {
                    for (round, id) in units.iter().enumerate() {
                        self.tensors(*id, &format!("{path}{round}."), found);
                    }
                }
            }
        }
    }

    fn file(&self, tensors: &[(String, Slot)]) -> String {
        let mut helpers = BTreeSet::new();
        let mut functions = String::new();
        let mut modules = String::new();
        for (class, instances) in self.classes.classes.iter().zip(&self.units.classes) {
            let unit = &self.units.all[instances[0]];
            if class.is_function {
                functions.push_str(&self.function(class, unit));
            } else {
                modules.push_str(&self.class(class, instances, tensors, &mut helpers));
            }
        }
        let needed: Vec<Helper> = helpers.iter().filter_map(|helper| helper.needs()).collect();
        helpers.extend(needed);
        let mut text = document::head(self.subject, self.normalisation);
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

    fn main_name(&self) -> &str {
        let class = self.units.all.get(self.main()).map(|unit| unit.class);
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

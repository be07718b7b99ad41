//! Groups as instances of classes: those of one structure are of one class.
//!
//! Two groups have one structure when they have the same name, the same steps on the
//! same operands, and modules of the same kinds; the numbers that these are made with
//! may differ.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use super::super::group::{Group, Item, What, base, root, structure};
use super::super::network::{Body, Network, Slot};
use super::leaf::{Form, Leaf, Module, leaf};
use super::repeat::fold;
use crate::recipe::Statistics;

/// By place in [`Units::all`].
pub(super) type UnitId = usize;
/// By place in [`Units::classes`].
pub(super) type ClassId = usize;

/// All groups of a network, those inside before those that they are in.
#[derive(Debug, Default)]
pub(super) struct Units {
    pub all: Vec<Unit>,
    /// The units of each class; classes inside stand before those that they are in.
    pub classes: Vec<Vec<UnitId>>,
    /// The units that are whole bodies, by region; the whole network first.
    pub bodies: Vec<Option<UnitId>>,
    keys: IndexMap<String, ClassId>,
}

/// A group.
#[derive(Clone, Debug)]
pub(super) struct Unit {
    pub class: ClassId,
    /// What the program calls it.
    pub name: String,
    /// Whether it is a whole body.
    pub is_body: bool,
    /// The path that leads to it, from the group that it is in.
    pub path: Vec<String>,
    pub lines: Vec<Line>,
    pub parts: Vec<Part>,
    pub n_inputs: usize,
    pub outputs: Vec<Operand>,
}

/// One value that is computed.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub form: LineForm,
    pub operands: Vec<Operand>,
    /// The module that it runs, by place in [`Unit::parts`].
    pub part: Option<usize>,
    /// Where it stands in the group.
    pub path: Vec<String>,
}

/// What a line does.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum LineForm {
    Step(Form),
    /// Calls the part, a group.
    Call,
    /// Calls a group that has no module, as a function.
    Function(ClassId),
}

/// What a line reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operand {
    Input(usize),
    Line(usize),
}

/// A module of a group; several lines may run it.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// Where the first line stands that runs it.
    pub path: Vec<String>,
    pub what: PartKind,
}

/// A module: of torch, or of the file.
#[derive(Clone, Debug)]
pub(super) enum PartKind {
    Module(Module),
    Unit(UnitId),
    /// Several of one class, made with the same numbers, one after the other.
    Repeat(Vec<UnitId>),
}

/// Makes units of the groups of a network.
///
/// Where the instances of a cell differ in what they make of their inputs first, that is
/// left to who calls them, if they are of fewer structures then.
pub(super) fn units(
    network: &Network,
    cells: &[String],
    statistics: Statistics,
    name: &str,
) -> Units {
    let whole = made(network, cells, statistics, name, &BTreeSet::new());
    let mut structures: BTreeMap<&str, usize> = BTreeMap::new();
    for class in &whole.classes {
        *structures.entry(&whole.all[class[0]].name).or_default() += 1;
    }
    let mut peeled: BTreeSet<&str> = cells.iter().map(String::as_str).collect();
    peeled.retain(|cell| structures.get(cell).is_some_and(|&n| n > 1));
    if peeled.is_empty() {
        return whole;
    }
    let without = made(network, cells, statistics, name, &peeled);
    if without.classes.len() < whole.classes.len() {
        without
    } else {
        whole
    }
}

/// Units; the cells of these names without what they make of their inputs first.
fn made(
    network: &Network,
    cells: &[String],
    statistics: Statistics,
    name: &str,
    peeled: &BTreeSet<&str>,
) -> Units {
    let mut units = Units {
        bodies: vec![None; network.bodies.len()],
        ..Units::default()
    };
    // Bodies of scans first: their classes stand before the one that runs them.
    for (region, body) in network.bodies.iter().enumerate().rev() {
        if region > 0 && body.outputs.is_empty() {
            continue;
        }
        let root = root(body).filter(|_| region > 0);
        let builder = Builder {
            body,
            statistics,
            in_scan: region > 0,
        };
        let mut group = structure(body, cells, usize::from(root.is_some()));
        group.peel(body, peeled);
        let name = if region > 0 {
            root.unwrap_or("Step")
        } else {
            name
        };
        let path = root.map(str::to_owned).into_iter().collect();
        let id = builder.unit(&mut units, &group, name, path, true);
        units.bodies[region] = Some(id);
    }
    units
}

struct Builder<'a> {
    body: &'a Body,
    statistics: Statistics,
    in_scan: bool,
}

impl Builder<'_> {
    fn unit(
        &self,
        units: &mut Units,
        group: &Group,
        name: &str,
        path: Vec<String>,
        is_body: bool,
    ) -> UnitId {
        let mut unit = Unit {
            class: 0,
            name: name.to_owned(),
            is_body,
            path,
            lines: Vec::new(),
            parts: Vec::new(),
            n_inputs: group.inputs.len(),
            outputs: Vec::new(),
        };
        let mut made: IndexMap<usize, Operand> = IndexMap::new();
        for (place, &input) in group.inputs.iter().enumerate() {
            made.insert(input, Operand::Input(place));
        }
        for item in &group.items {
            let (form, what) = self.item(units, item);
            let part = what.map(|what| {
                let known = unit
                    .parts
                    .iter()
                    .position(|part| units.same(&part.what, &what));
                known.unwrap_or_else(|| {
                    let mut path = item.path.clone();
                    match &what {
                        PartKind::Module(module) => path.extend(module.name.clone()),
                        // The path of a scan does not name its body.
                        PartKind::Unit(id) if units.all[*id].is_body => {
                            path.extend(units.all[*id].path.clone());
                        }
                        PartKind::Unit(_) | PartKind::Repeat(_) => {}
                    }
                    unit.parts.push(Part { path, what });
                    unit.parts.len() - 1
                })
            });
            let inputs = item.inputs(self.body).iter();
            unit.lines.push(Line {
                form,
                operands: inputs
                    .filter_map(|input| made.get(input).copied())
                    .collect(),
                part,
                path: item.path.clone(),
            });
            made.insert(item.output(), Operand::Line(unit.lines.len() - 1));
        }
        let outputs = group.outputs.iter();
        unit.outputs = outputs
            .filter_map(|output| made.get(output).copied())
            .collect();
        fold(units, &mut unit);
        units.add(unit)
    }

    fn item(&self, units: &mut Units, item: &Item) -> (LineForm, Option<PartKind>) {
        match &item.what {
            What::Step(index) => {
                let step = &self.body.steps[*index];
                let input = step.inputs.first().map_or(step, |&at| &self.body.steps[at]);
                let Leaf { module, form } = leaf(step, input, self.statistics, self.in_scan);
                let what = match form {
                    Form::Scan { region } => units
                        .bodies
                        .get(region)
                        .copied()
                        .flatten()
                        .map(PartKind::Unit),
                    _ => module.map(PartKind::Module),
                };
                (LineForm::Step(form), what)
            }
            What::Group(group) => {
                let segment = item.path.last().map_or("block", String::as_str);
                let id = self.unit(units, group, base(segment), item.path.clone(), false);
                let unit = &units.all[id];
                let function = |line: &Line| {
                    line.part.is_none() && !matches!(line.form, LineForm::Step(Form::Zeros { .. }))
                };
                if unit.lines.iter().all(function) {
                    (LineForm::Function(unit.class), None)
                } else {
                    (LineForm::Call, Some(PartKind::Unit(id)))
                }
            }
        }
    }
}

impl Units {
    fn add(&mut self, mut unit: Unit) -> UnitId {
        let key = self.key(&unit);
        let next = self.classes.len();
        unit.class = *self.keys.entry(key).or_insert(next);
        if unit.class == next {
            self.classes.push(Vec::new());
        }
        let id = self.all.len();
        self.classes[unit.class].push(id);
        self.all.push(unit);
        id
    }

    /// The structure of a unit in words.
    fn key(&self, unit: &Unit) -> String {
        use std::fmt::Write as _;
        let mut key = format!(
            "{} {} {} {:?}",
            unit.name, unit.is_body, unit.n_inputs, unit.outputs
        );
        for line in &unit.lines {
            // Writing to a string cannot fail.
            let _ = write!(key, "; {:?} {:?} {:?}", line.form, line.operands, line.part);
        }
        for part in &unit.parts {
            let _ = match &part.what {
                PartKind::Module(module) => write!(key, "; {:?}", module.kind),
                PartKind::Unit(id) => write!(key, "; class {}", self.all[*id].class),
                PartKind::Repeat(units) => {
                    let class = self.all[units[0]].class;
                    write!(key, "; {} of class {class}", units.len())
                }
            };
        }
        key
    }

    /// Whether two modules are one: of the same numbers and the same parameters, of which
    /// there are some. Of dropout whose mask lasts, those of a site and a size are one too.
    fn same(&self, a: &PartKind, b: &PartKind) -> bool {
        match (a, b) {
            (PartKind::Module(a), PartKind::Module(b)) => {
                a.kind == b.kind
                    && a.arguments == b.arguments
                    && a.tensors == b.tensors
                    && a.mask == b.mask
                    && (!a.tensors.is_empty() || a.mask.is_some())
            }
            (PartKind::Unit(a), PartKind::Unit(b)) => {
                let (a, b) = (self.flat(*a), self.flat(*b));
                a == b && a.iter().any(|module| !module.2.is_empty())
            }
            _ => false,
        }
    }

    /// All modules inside a unit, and its class with theirs.
    fn flat(&self, id: UnitId) -> Vec<(ClassId, Vec<Argument<'_>>, Vec<&Slot>)> {
        let unit = &self.all[id];
        let mut all = vec![(unit.class, Vec::new(), Vec::new())];
        for part in &unit.parts {
            match &part.what {
                PartKind::Module(module) => {
                    let slots = module.tensors.iter().map(|(_, slot)| slot).collect();
                    let arguments = module.arguments.iter();
                    let arguments = arguments.map(|(name, value)| (*name, value.as_str()));
                    all.push((usize::MAX, arguments.collect(), slots));
                }
                PartKind::Unit(id) => all.extend(self.flat(*id)),
                PartKind::Repeat(units) => {
                    all.extend(units.iter().flat_map(|&id| self.flat(id)));
                }
            }
        }
        all
    }

    /// Whether two units are of one class and made with the same numbers.
    pub fn alike(&self, a: UnitId, b: UnitId) -> bool {
        let (a, b) = (self.flat(a), self.flat(b));
        let numbers = |(class, arguments, _)| (class, arguments);
        a.into_iter().map(numbers).eq(b.into_iter().map(numbers))
    }
}

/// A number that a module is made with, by its name.
type Argument<'a> = (&'static str, &'a str);

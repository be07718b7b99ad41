//! Classes: what they are called, what they are made with, and what their parts are.

use std::collections::{BTreeMap, BTreeSet};

use super::super::group::is_index;
use super::names::{Scope, camel, snake};
use super::unit::{ClassId, Part, PartKind, UnitId, Units};

/// A class of modules, or a function.
#[derive(Clone, Debug)]
pub(super) struct Class {
    pub name: String,
    /// What its instances are made with, where that differs.
    pub parameters: Vec<String>,
    /// By place in [`super::unit::Unit::parts`].
    pub parts: Vec<ClassPart>,
    /// Whether it has no part, and is a function.
    pub is_function: bool,
}

/// An attribute of a class.
#[derive(Clone, Debug)]
pub(super) struct ClassPart {
    pub name: String,
    pub arguments: Vec<Argument>,
}

/// What a part is made with.
#[derive(Clone, Debug)]
pub(super) struct Argument {
    pub name: String,
    pub value: Value,
}

/// A number, or one that the instances of the class are made with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Number(String),
    /// By place in [`Class::parameters`].
    Parameter(usize),
    /// One of several equal parts of such a number.
    Share {
        place: usize,
        of: usize,
    },
}

/// The classes of a network, and what each of its units is made with.
#[derive(Clone, Debug)]
pub(super) struct Classes {
    /// By [`ClassId`].
    pub classes: Vec<Class>,
    /// By [`UnitId`].
    pub numbers: Vec<Vec<String>>,
}

/// Finds the classes of some units.
pub(super) fn classes(units: &Units) -> Classes {
    let mut found = Classes {
        classes: Vec::new(),
        numbers: vec![Vec::new(); units.all.len()],
    };
    let names = class_names(units);
    for (instances, name) in units.classes.iter().zip(names) {
        found.add(units, instances, name);
    }
    found
}

impl Classes {
    fn add(&mut self, units: &Units, instances: &[UnitId], name: String) {
        let first = &units.all[instances[0]];
        let mut columns = Columns::default();
        let mut parts = Vec::new();
        let parts_named = part_names(&first.parts);
        for (place, name) in parts_named.iter().enumerate() {
            let rows: Vec<Vec<(String, String)>> = instances
                .iter()
                .map(|&unit| self.arguments(units, &units.all[unit].parts[place]))
                .collect();
            let arguments = (0..rows[0].len()).map(|at| {
                let values = rows.iter().map(|row| row[at].1.clone()).collect();
                let name = rows[0][at].0.clone();
                let value = columns.value(&parts_named[place], &name, values);
                Argument { name, value }
            });
            parts.push(ClassPart {
                name: name.clone(),
                arguments: arguments.collect(),
            });
        }
        let settled = columns.settle();
        for part in &mut parts {
            for argument in &mut part.arguments {
                if let Value::Parameter(place) = argument.value {
                    argument.value = settled[place].clone();
                }
            }
        }
        for (row, &unit) in instances.iter().enumerate() {
            let values = columns.list.iter().map(|column| column.values[row].clone());
            self.numbers[unit] = values.collect();
        }
        self.classes.push(Class {
            name,
            parameters: columns.names(),
            parts,
            is_function: first.parts.is_empty() && !first.is_body,
        });
    }

    /// The names and the numbers that a part is made with.
    fn arguments(&self, units: &Units, part: &Part) -> Vec<(String, String)> {
        match &part.what {
            PartKind::Module(module) => {
                let arguments = module.arguments.iter();
                arguments
                    .map(|(name, value)| ((*name).to_owned(), value.clone()))
                    .collect()
            }
            PartKind::Unit(id) => self.numbers_of(units, *id),
            PartKind::Repeat(alike) => self.numbers_of(units, alike[0]),
        }
    }

    fn numbers_of(&self, units: &Units, id: UnitId) -> Vec<(String, String)> {
        let class = &self.classes[units.all[id].class];
        let values = self.numbers[id].iter().cloned();
        class.parameters.iter().cloned().zip(values).collect()
    }
}

/// The numbers in which instances of a class differ.
#[derive(Debug, Default)]
struct Columns {
    list: Vec<Column>,
}

/// A number of each instance.
#[derive(Debug)]
struct Column {
    /// What the parts call it.
    names: BTreeSet<String>,
    /// The first part that it is for.
    part: String,
    values: Vec<String>,
}

impl Columns {
    /// One number where all are equal, else the column of these values.
    fn value(&mut self, part: &str, name: &str, values: Vec<String>) -> Value {
        if values.iter().all(|value| *value == values[0]) {
            return Value::Number(values[0].clone());
        }
        let known = self.list.iter().position(|column| column.values == values);
        let place = known.unwrap_or_else(|| {
            self.list.push(Column {
                names: BTreeSet::new(),
                part: part.to_owned(),
                values,
            });
            self.list.len() - 1
        });
        self.list[place].names.insert(name.to_owned());
        Value::Parameter(place)
    }

    /// Puts widths first, and last what has a default, without what follows from another
    /// one; gives what stands for each.
    fn settle(&mut self) -> Vec<Value> {
        let shares: Vec<Option<(usize, usize)>> =
            self.list.iter().map(|column| self.whole(column)).collect();
        let own = |&place: &usize| shares[place].is_none();
        let mut sorted: Vec<usize> = (0..shares.len()).filter(own).collect();
        sorted.sort_by_key(|&place| {
            let name = self.list[place].name();
            (!is_width(name), name == STRIDE)
        });
        let place = |old: usize| sorted.iter().position(|&other| other == old).unwrap_or(0);
        let each = shares.iter().enumerate();
        let settled = each.map(|(old, share)| match *share {
            None => Value::Parameter(place(old)),
            Some((whole, of)) => Value::Share {
                place: place(whole),
                of,
            },
        });
        let settled = settled.collect();
        let mut list: Vec<Option<Column>> = self.list.drain(..).map(Some).collect();
        self.list = sorted.iter().filter_map(|&old| list[old].take()).collect();
        settled
    }

    /// Of the channels of convolutions whose results are joined and then normalised: the
    /// number of all, and how many times it is theirs.
    fn whole(&self, column: &Column) -> Option<(usize, usize)> {
        let is_only = |column: &Column, name: &str| column.names.iter().eq([name]);
        if !is_only(column, "out_channels") {
            return None;
        }
        let times = |of: &Column| {
            let numbers = |column: &Column| -> Option<Vec<usize>> {
                let values = column.values.iter();
                values.map(|value| value.parse().ok()).collect()
            };
            let (part, whole) = (numbers(column)?, numbers(of)?);
            let times = whole.first()?.checked_div(*part.first()?)?;
            let fits = part
                .iter()
                .zip(whole)
                .all(|(part, whole)| part * times == whole);
            (times > 1 && fits && is_only(of, "num_features")).then_some(times)
        };
        let mut columns = self.list.iter().enumerate();
        columns.find_map(|(place, of)| Some((place, times(of)?)))
    }

    /// Unique names. One that is taken, or means the input of a part inside, says of which
    /// part it is.
    fn names(&self) -> Vec<String> {
        let mut scope = Scope::file();
        let mut names: Vec<String> = Vec::new();
        for (place, column) in self.list.iter().enumerate() {
            let name = column.name();
            let inside = place > 0 && name.starts_with("in_");
            let is_norm = column.names.iter().all(|name| name == "num_features");
            let wish = if is_norm && !names.iter().any(|name| name == "out_channels") && place > 0 {
                "out_channels".to_owned()
            } else if inside || names.iter().any(|other| other == name) {
                format!("{}_{name}", column.part)
            } else {
                name.to_owned()
            };
            names.push(scope.take(&wish));
        }
        names
    }
}

/// What is 1 unless it is said.
pub(super) const STRIDE: &str = "stride";

/// Whether a number is one of channels or the like.
pub(super) fn is_width(name: &str) -> bool {
    ["channels", "features", "width"]
        .iter()
        .any(|end| name.ends_with(end))
}

impl Column {
    /// What goes in and comes out is the number of channels.
    fn name(&self) -> &str {
        let has = |name: &str| self.names.contains(name);
        for (one, other, both) in [
            ("in_channels", "out_channels", "channels"),
            ("in_features", "out_features", "features"),
        ] {
            if has(both) || has(one) && has(other) {
                return both;
            }
        }
        let better = [
            "in_channels",
            "out_channels",
            "in_features",
            "out_features",
            "width",
        ];
        let found = better.into_iter().find(|name| has(name));
        let first = self.names.first().map_or("n", String::as_str);
        found.unwrap_or(if first == "num_features" {
            "channels"
        } else {
            first
        })
    }
}

/// The names of the parts of a class, which are unique: of `t[2].f.sep3.sep_conv` the
/// last segment where no other part ends so, else the indices and the first name behind.
fn part_names(parts: &[Part]) -> Vec<String> {
    let mut ends: BTreeMap<String, usize> = BTreeMap::new();
    let end = |part: &Part| {
        part.path
            .last()
            .map_or_else(|| "block".to_owned(), |last| snake(last))
    };
    for part in parts {
        *ends.entry(family(&end(part)).to_owned()).or_default() += 1;
    }
    let mut scope = Scope::module();
    let wish = |part: &Part| {
        let end = end(part);
        let alone = ends.get(family(&end)) == Some(&1);
        let n = part
            .path
            .iter()
            .take_while(|segment| is_index(segment))
            .count();
        if alone || part.path.len() == 1 {
            return end;
        }
        let near = part.path.iter().take(n + 1).map(|segment| snake(segment));
        near.collect::<Vec<_>>().join("_")
    };
    parts.iter().map(|part| scope.take(&wish(part))).collect()
}

/// A name without the number of a second use: `conv_2` is of the family `conv`.
fn family(name: &str) -> &str {
    match name.rsplit_once('_') {
        Some((family, number)) if number.bytes().all(|b| b.is_ascii_digit()) => family,
        _ => name,
    }
}

/// The names of classes and functions. Where several structures have one name, the choice
/// that led to each tells them apart: `sep5.branch` is `Sep5Branch`.
fn class_names(units: &Units) -> Vec<String> {
    let first = |class: &Vec<UnitId>| &units.all[class[0]];
    let mut of_name: BTreeMap<&str, Vec<ClassId>> = BTreeMap::new();
    for (id, class) in units.classes.iter().enumerate() {
        of_name.entry(&first(class).name).or_default().push(id);
    }
    let mut wishes = vec![String::new(); units.classes.len()];
    for (name, ids) in of_name {
        let choices: Vec<Option<String>> = ids
            .iter()
            .map(|&id| choice(units, &units.classes[id]))
            .collect();
        let different: BTreeSet<&Option<String>> = choices.iter().collect();
        let told_apart = different.len() == ids.len() && !different.contains(&None);
        for (&id, choice) in ids.iter().zip(&choices) {
            wishes[id] = match choice {
                Some(choice) if ids.len() > 1 && told_apart => format!("{choice}_{name}"),
                _ => name.to_owned(),
            };
        }
    }
    let mut scope = Scope::file();
    let names = units.classes.iter().zip(wishes).map(|(class, wish)| {
        let unit = first(class);
        if unit.parts.is_empty() && !unit.is_body {
            scope.take(&snake(&wish))
        } else {
            let name = camel(&wish);
            let ends_so = name.ends_with(|c: char| c.is_ascii_digit());
            scope.numbered(&name, if ends_so { "_" } else { "" })
        }
    });
    names.collect()
}

/// The segment before the last, which all units of a class have but for numbers at its end.
fn choice(units: &Units, class: &[UnitId]) -> Option<String> {
    let before = |&unit: &UnitId| {
        let path = &units.all[unit].path;
        let segment = path.len().checked_sub(2).and_then(|at| path.get(at))?;
        (!is_index(segment)).then(|| snake(segment))
    };
    let all: Option<BTreeSet<String>> = class.iter().map(before).collect();
    let all = all?;
    match all.len() {
        1 => all.into_iter().next(),
        _ => {
            let bare = all
                .iter()
                .map(|name| name.trim_end_matches(|c: char| c.is_ascii_digit()));
            let bare: BTreeSet<&str> = bare.collect();
            match bare.len() {
                1 => bare
                    .into_iter()
                    .next()
                    .filter(|name| !name.is_empty())
                    .map(str::to_owned),
                _ => None,
            }
        }
    }
}

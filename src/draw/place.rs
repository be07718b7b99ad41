//! What belongs together, read off paths: `l=0.normal.t[3].f.sep3.conv` is in the cell
//! `normal`, and there in the element `t[3]`.

use std::collections::{BTreeMap, BTreeSet};

use crate::decision::{DecisionSpace, Domain, OptionSource};

/// The paths of a space that own decisions.
#[derive(Debug, Default)]
pub(super) struct Owners {
    /// What decisions or elements stand under; whether deeper than directly.
    parents: BTreeMap<String, bool>,
    elements: BTreeSet<String>,
    decisions: BTreeSet<String>,
    /// The options of choices, each after the path where the choice stands.
    candidates: BTreeSet<String>,
    /// Whether what owns deeper decisions is a panel of its own.
    is_divided: bool,
}

/// Where a path leads to in one panel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place<'a> {
    /// The path of the panel's instance of a cell, empty for the whole.
    pub base: &'a str,
    /// The name of the cell, as decisions call it.
    pub cell: &'a str,
    /// The group.
    pub group: Group<'a>,
}

/// What a path belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Group<'a> {
    /// An element of a node family or a call that chooses, by its path.
    Element(&'a str),
    /// Candidates of a choice that has no name, by where it stands.
    Choice(&'a str),
    /// An instance of a cell, by its path.
    Cell(&'a str),
    /// A call without decisions, by its path.
    Call(&'a str),
    /// Nothing: a single operation, or a decision that no box has.
    Alone,
}

impl Owners {
    pub fn of(space: &DecisionSpace) -> Self {
        let mut all = Self::default();
        for point in &space.points {
            let direct = parent(&point.path);
            for owner in ends(&point.path).map(|end| &point.path[..end]) {
                let deeper = all.parents.entry(owner.to_owned()).or_default();
                *deeper |= Some(owner) != direct;
            }
            all.decisions.insert(point.path.clone());
            if let (Domain::One { .. }, OptionSource::Table(_)) = (point.domain, &point.source) {
                for owner in [Some(&*point.path), direct].into_iter().flatten() {
                    let options = point.options.iter();
                    all.candidates
                        .extend(options.map(|option| full(owner, option)));
                }
                if direct.is_none() {
                    all.candidates.extend(point.options.iter().cloned());
                }
            }
        }
        for element in &space.elements {
            all.elements.insert(element.name.clone());
            for end in ends(&element.name) {
                all.parents.insert(element.name[..end].to_owned(), true);
            }
        }
        all
    }

    /// Whether decisions stand under a name.
    pub fn owns(&self, name: &str) -> bool {
        self.parents.contains_key(name)
    }

    /// Whether a name is that of a decision.
    pub fn decides(&self, name: &str) -> bool {
        self.decisions.contains(name)
    }

    /// Makes a panel of each call that owns decisions deep inside.
    pub fn divide(&mut self) {
        self.is_divided = true;
    }

    /// The places of a path, from the whole network's panel inward.
    pub fn places<'a>(&'a self, path: &'a str) -> Vec<Place<'a>> {
        let mut places = Vec::new();
        let (mut base, mut cell) = ("", "");
        // Where the names of the panel begin.
        let mut start = 0;
        let mut group = None;
        let ends = ends(path).chain((!path.is_empty()).then_some(path.len()));
        for end in ends {
            let inner = self.cell(path, start, end, cell);
            if let Some(inner) = inner.or_else(|| self.part(path, start, end, cell)) {
                let outer = group.unwrap_or(Group::Cell(&path[..end]));
                places.push(Place {
                    base,
                    cell,
                    group: outer,
                });
                (base, cell, start, group) = (&path[..end], inner, end + 1, None);
                continue;
            }
            if group.is_none() {
                group = self.group(path, start, end, cell);
            }
        }
        places.push(Place {
            base,
            cell,
            group: group.unwrap_or(Group::Alone),
        });
        places
    }

    /// The name of the cell of which a path is an instance: decisions know it by less.
    fn cell<'a>(&self, path: &'a str, start: usize, end: usize, cell: &str) -> Option<&'a str> {
        let names = path.get(start..end)?;
        let name = full(cell, names);
        if self.parents.contains_key(&name) || self.decisions.contains(&name) {
            return None;
        }
        let starts = ends(names).map(|end| end + 1);
        let inner = starts.filter_map(|at| names.get(at..));
        let mut inner = std::iter::once(names).chain(inner).map(first_use);
        inner.find(|name| self.parents.contains_key(*name))
    }

    /// The name of a call that is divided.
    fn part<'a>(&'a self, path: &str, start: usize, end: usize, cell: &str) -> Option<&'a str> {
        let names = path.get(start..end).filter(|_| self.is_divided)?;
        let name = full(cell, names);
        let is_part = !last(names).contains('=') && !self.elements.contains(&name);
        let (name, deeper) = self.parents.get_key_value(&name).filter(|_| is_part)?;
        deeper.then_some(name)
    }

    /// Of a path in an element: the group of what it belongs to in a loop there of which no
    /// decision is a part.
    pub fn round<'a>(&self, place: &Place, path: &'a str) -> Option<Group<'a>> {
        let Group::Element(element) = place.group else {
            return None;
        };
        let mut ends = ends(path).chain([path.len()]);
        ends.by_ref().find(|end| {
            let names = path.get(place.base.len()..*end).unwrap_or_default();
            let names = names.trim_start_matches('.');
            let name = full(place.cell, names);
            *end > element.len()
                && last(names).contains('=')
                && !self.parents.contains_key(&name)
                && !self.decisions.contains(&name)
        })?;
        let call = ends.next();
        Some(call.map_or(Group::Alone, |end| Group::Call(&path[..end])))
    }

    fn group<'a>(&self, path: &'a str, start: usize, end: usize, cell: &str) -> Option<Group<'a>> {
        let whole = &path[..end];
        let names = path.get(start..end)?;
        let name = full(cell, names);
        let segment = last(names);
        let owns = self.parents.get(&name);
        if self.elements.contains(&name) {
            return Some(Group::Element(whole));
        }
        let is_round = segment.contains('=');
        match owns {
            Some(true) => None,
            Some(false) if is_round => None,
            Some(false) => Some(Group::Element(whole)),
            None if self.decisions.contains(&name) => Some(Group::Element(whole)),
            None if self.candidates.contains(&name) => {
                Some(Group::Choice(parent(whole).unwrap_or_default()))
            }
            None if is_round => None,
            None => Some(Group::Call(whole)),
        }
    }
}

impl<'a> Group<'a> {
    /// Its path; of what is alone none.
    pub fn path(self) -> Option<&'a str> {
        match self {
            Self::Element(path) | Self::Choice(path) | Self::Cell(path) | Self::Call(path) => {
                Some(path)
            }
            Self::Alone => None,
        }
    }
}

impl Place<'_> {
    /// The name of its group as decisions would write it, the same in every instance of
    /// the cell.
    pub fn name(&self) -> Option<String> {
        let path = self.group.path()?;
        let inside = path.get(self.base.len()..).unwrap_or_default();
        Some(full(self.cell, inside.trim_start_matches('.')))
    }
}

/// `normal` of `normal#2`, its second use.
pub(super) fn first_use(name: &str) -> &str {
    let is_use = |(_, number): &(&str, &str)| !number.contains('.');
    let use_of = name.rsplit_once('#').filter(is_use);
    use_of.map_or(name, |(name, _)| name)
}

/// A name inside a cell, as decisions write it.
fn full(cell: &str, names: &str) -> String {
    match (cell, names) {
        ("", _) => names.to_owned(),
        (_, "") => cell.to_owned(),
        _ => format!("{cell}.{names}"),
    }
}

/// Where the proper prefixes of a path end.
fn ends(path: &str) -> impl Iterator<Item = usize> {
    path.match_indices('.').map(|(at, _)| at)
}

fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or_default()
}

pub(super) fn parent(path: &str) -> Option<&str> {
    path.rsplit_once('.').map(|(parent, _)| parent)
}

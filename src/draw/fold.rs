//! From a supergraph to panels of blocks.

use foldhash::fast::FixedState;
use indexmap::{IndexMap, IndexSet};
use petgraph::Direction;
use petgraph::graph::NodeIndex;

use super::block::{Builder, Built};
use super::names::{names, seeds};
use super::place::{Group, Owners, Place};
use super::{Mark, Of, Panel, Picture, Slot};
use crate::decision::{Choice, DecisionId, DecisionPoint, Domain, GuardId, OptionSource};
use crate::graph::write::Subject;
use crate::graph::{Op, Region, RegionId};

pub(super) type Map<K, V> = IndexMap<K, V, FixedState>;
pub(super) type Set<T> = IndexSet<T, FixedState>;

/// The nodes of a panel with the groups they are in.
pub(super) type Members<'a> = Map<NodeIndex, Group<'a>>;

/// A panel of more blocks is divided: what owns choices deep inside gets one of its own.
const BLOCKS: usize = 400;
/// No more panels are drawn.
const PANELS: usize = 24;
/// A panel has no more notes.
const NOTES: usize = 12;

/// The picture of a space: of its `subject` all, whatever architecture that names, as
/// `of` says.
#[must_use]
pub fn picture(subject: Subject, of: Of) -> Picture {
    let mut owners = Owners::of(subject.decisions);
    let mut built = Fold::of(subject, of, &owners).build();
    if built.iter().any(|built| built.panel.blocks.len() > BLOCKS) {
        drop(built);
        owners.divide();
        built = Fold::of(subject, of, &owners).build();
    }
    let panels = finish(built, of);
    Picture {
        title: subject.name.to_owned(),
        panels,
    }
}

/// Leaves out what is not drawn, and makes the rest short.
fn finish(mut built: Vec<Built>, of: Of) -> Vec<Panel> {
    if let Of::Alone(_) = of {
        built.retain(|built| built.panel.times > 0);
        for built in &mut built {
            built.panel.keep_marked();
        }
    }
    let left = built.len().saturating_sub(PANELS);
    if left > 0 {
        // What the architecture has first, then the outer ones.
        built.sort_by_key(|built| {
            let depth = built.base.split('.').count() * usize::from(!built.base.is_empty());
            (built.panel.times == 0, depth)
        });
        built.truncate(PANELS);
    }
    for built in &mut built {
        built.panel.tidy();
        built.panel.tell_apart(built.base);
    }
    let mut panels: Vec<Panel> = built.into_iter().map(|built| built.panel).collect();
    if let (Some(whole), 1..) = (panels.first_mut(), left) {
        whole.notes.push(format!("{left} more cells are not drawn"));
    }
    panels
}

/// What is the same for all panels.
pub(super) struct Fold<'a> {
    pub subject: Subject<'a>,
    of: Of<'a>,
    pub owners: &'a Owners,
    /// By [`GuardId`], of the architecture that is drawn.
    truth: Option<Vec<bool>>,
    /// The decisions that are slots, by the name of the group they are in.
    pub slots: Map<String, Vec<DecisionId>>,
}

impl<'a> Fold<'a> {
    fn of(subject: Subject<'a>, of: Of<'a>, owners: &'a Owners) -> Self {
        let mut slots: Map<String, Vec<DecisionId>> = Map::default();
        for (id, point) in subject.decisions.iter() {
            if let (OptionSource::Table(_), Some(name)) = (&point.source, group_of(owners, point)) {
                slots.entry(name).or_default().push(id);
            }
        }
        let guards = &subject.decisions.guards;
        let truth = of.architecture().map(|made| guards.evaluate(made));
        Self {
            subject,
            of,
            owners,
            truth,
            slots,
        }
    }

    /// All panels, the whole network's first.
    fn build(&self) -> Vec<Built<'a>> {
        let mut built = Vec::new();
        // Whether the architecture has them.
        let mut open: Map<RegionId, bool> = Map::default();
        open.insert(RegionId(0), true);
        let mut next = 0;
        while let Some((&id, &is_alive)) = open.get_index(next) {
            next += 1;
            if let Some(region) = self.subject.graph.region(id) {
                let alive = region.reached(|guard| self.holds(guard));
                for (node, alive) in region.graph.node_weights().zip(alive) {
                    if let Op::Scan { region } = node.op {
                        *open.entry(region).or_default() |= is_alive && alive;
                    }
                }
                built.extend(self.region(id, region, is_alive));
            }
        }
        self.notes(&mut built);
        built
    }

    /// Whether nothing but an architecture is drawn.
    pub fn is_alone(&self) -> bool {
        matches!(self.of, Of::Alone(_))
    }

    pub fn holds(&self, guard: GuardId) -> bool {
        let truth = self.truth.as_ref();
        truth.is_none_or(|truth| truth.get(guard.index()).copied().unwrap_or(false))
    }

    /// The mark of what is there if an architecture has it.
    pub fn mark(&self, has: bool) -> Mark {
        match (&self.truth, has) {
            (None, _) => Mark::Open,
            (Some(_), true) => Mark::On,
            (Some(_), false) => Mark::Off,
        }
    }

    /// The panels of a region: itself, and the cells that stand in it, each once.
    fn region(&self, id: RegionId, region: &'a Region, is_alive: bool) -> Vec<Built<'a>> {
        let seen = region.reached(|_| true);
        let mut cells: Map<&str, Map<&str, Members>> = Map::default();
        for index in region.graph.node_indices() {
            let node = region.graph.node_weight(index);
            let (Some(node), Some(true)) = (node, seen.get(index.index())) else {
                continue;
            };
            let mut places = self.owners.places(&node.path);
            self.choice_of(region, index, &mut places);
            for Place { base, cell, group } in places {
                let instances = cells.entry(cell).or_default();
                instances.entry(base).or_default().insert(index, group);
            }
        }
        let alive = if is_alive {
            region.reached(|guard| self.holds(guard))
        } else {
            vec![false; seen.len()]
        };
        let names = names(region, self.owners);
        let panels = cells.into_iter().filter_map(|(cell, instances)| {
            let mut instances: Vec<(&str, Members)> = instances.into_iter().collect();
            let is_alive = |(_, members): &(&str, Members)| {
                let mut nodes = members.keys();
                nodes.any(|node| alive.get(node.index()) == Some(&true))
            };
            let times = instances.iter().filter(|one| is_alive(one)).count();
            if times > 0 {
                instances.retain(is_alive);
            }
            // The first cell of a network may read one thing twice: that tells the least.
            let inputs = |(_, members): &(&str, Members)| outside(region, members).len();
            let most = instances.iter().map(inputs).max()?;
            let mut instances = instances.into_iter();
            let (base, mut members) = instances.find(|instance| inputs(instance) == most)?;
            self.part_tails(region, base, cell, &mut members);
            let called = names.get(base).map_or(&[][..], Vec::as_slice);
            let seeds = seeds(self, region, (base, cell), &mut members, called);
            let whole = cell.is_empty();
            let title = match (whole, id) {
                (true, RegionId(0)) => self.subject.name,
                (true, _) => "scan: once a time step",
                (false, _) => cell,
            };
            let builder = Builder {
                fold: self,
                region,
                alive: &alive,
                seen: &seen,
                members: &members,
                names: &names,
                seeds,
                base,
                cell,
                blocks: Map::default(),
                places: Map::default(),
                selectors: Map::default(),
                arrows: Map::default(),
            };
            Some(builder.build(title, times, (whole && id == RegionId(0)).then_some(id)))
        });
        panels.collect()
    }

    /// Puts a selection into the group of its decision, where that is a group.
    fn choice_of(&self, region: &Region, index: NodeIndex, places: &mut [Place<'a>]) {
        let is_select = region.graph.node_weight(index).map(|node| &node.op) == Some(&Op::Select);
        let Some(place) = places
            .last_mut()
            .filter(|place| is_select && place.group == Group::Alone)
        else {
            return;
        };
        let decisions = self.subject.decisions;
        let decision = region.selector(index, &decisions.guards);
        let Some(point) = decision.and_then(|decision| decisions.point(decision)) else {
            return;
        };
        let found = self.owners.places(&point.path).pop();
        if let Some(Place {
            group: group @ (Group::Element(_) | Group::Choice(_)),
            base,
            ..
        }) = found
            && base == place.base
        {
            place.group = group;
        }
    }

    /// Takes out of elements what loops do with all elements once these are defined, such
    /// as `h = [for v in h: pool(v)]`: no part of the element leads on from it.
    fn part_tails(
        &self,
        region: &'a Region,
        base: &'a str,
        cell: &'a str,
        members: &mut Members<'a>,
    ) {
        let mut tails: Map<NodeIndex, Group> = Map::default();
        for (&index, &group) in members.iter().rev() {
            let Some(node) = region.graph.node_weight(index) else {
                continue;
            };
            let place = Place { base, cell, group };
            let Some(round) = self.owners.round(&place, &node.path) else {
                continue;
            };
            let mut readers = region
                .graph
                .neighbors_directed(index, Direction::Outgoing)
                .filter(|reader| members.get(reader) == Some(&group));
            if readers.all(|reader| tails.contains_key(&reader)) {
                tails.insert(index, round);
            }
        }
        members.extend(tails);
    }

    /// Puts decisions that are no slots where they belong.
    fn notes(&self, panels: &mut [Built<'a>]) {
        let groups: Set<String> = panels
            .iter_mut()
            .flat_map(|built| std::mem::take(&mut built.groups))
            .collect();
        let mut left = vec![0_usize; panels.len()];
        for (id, point) in self.subject.decisions.iter() {
            let OptionSource::Table(_) = point.source else {
                continue;
            };
            if group_of(self.owners, point).is_some_and(|group| groups.contains(&group)) {
                continue;
            }
            let cells = panels.iter().enumerate();
            let inner = cells.filter(|(_, built)| is_in(&point.path, built.cell));
            let inmost = inner.rev().max_by_key(|(_, built)| built.cell.len());
            let position = inmost.map_or(0, |(position, _)| position);
            let Some(built) = panels.get_mut(position) else {
                continue;
            };
            let slot = self.slot(id, point);
            let options: Vec<&str> = slot
                .options
                .iter()
                .filter(|(_, mark)| *mark != Mark::Off)
                .map(|(option, _)| option.as_str())
                .collect();
            if options.is_empty() {
                continue;
            }
            if built.panel.notes.len() < NOTES {
                let what = alternatives(point.domain, &options, self.truth.is_some());
                let note = format!("{}: {what}", point.path);
                built.panel.notes.push(note);
            } else if let Some(left) = left.get_mut(position) {
                *left += 1;
            }
        }
        for (built, left) in panels.iter_mut().zip(left) {
            if left > 0 {
                built.panel.notes.push(format!("and {left} decisions more"));
            }
        }
    }

    pub fn slot(&self, id: DecisionId, point: &DecisionPoint) -> Slot {
        let choice = self.of.architecture().map(|made| made.get(id));
        let has = |option: u32| match choice {
            Some(Some(Choice::One(chosen))) => *chosen == option,
            Some(Some(Choice::Set(chosen))) => chosen.contains(&option),
            Some(None) => false,
            None => true,
        };
        let options = point.options.iter().zip(0..);
        Slot {
            name: last(&point.path).to_owned(),
            options: options
                .map(|(option, number)| (option.clone(), self.mark(has(number))))
                .collect(),
        }
    }
}

/// `2, 3 or 4`; of a set `any of 1, 2, 3`, or where it is chosen `1 and 3`.
fn alternatives(domain: Domain, options: &[&str], is_chosen: bool) -> String {
    let joined = |word: &str| match options {
        [before @ .., last] if !before.is_empty() => {
            format!("{} {word} {last}", before.join(", "))
        }
        _ => options.concat(),
    };
    match domain {
        Domain::One { .. } => joined("or"),
        Domain::Subset { .. } if is_chosen => joined("and"),
        Domain::Subset { min, max, .. } if min == max => format!("{min} of {}", options.join(", ")),
        Domain::Subset { min: 0, .. } => format!("any of {}", options.join(", ")),
        Domain::Subset { .. } => format!("some of {}", options.join(", ")),
    }
}

/// The name of the group that a decision is in.
pub(super) fn group_of(owners: &Owners, point: &DecisionPoint) -> Option<String> {
    let place = owners.places(&point.path).pop()?;
    match place.group {
        Group::Element(_) | Group::Choice(_) => place.name(),
        _ => None,
    }
}

/// Whether a path is that of a cell, or of something in it.
pub(super) fn is_in(path: &str, cell: &str) -> bool {
    let inside = path.strip_prefix(cell);
    inside.is_some_and(|rest| cell.is_empty() || rest.is_empty() || rest.starts_with('.'))
}

/// The last name of a path.
pub(super) fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or_default()
}

/// What nodes read that is not among them.
pub(super) fn outside(region: &Region, members: &Members) -> Set<NodeIndex> {
    let read = members.keys().flat_map(|&index| region.operands(index));
    let mut sources: Set<NodeIndex> = read.map(|(source, _)| source).collect();
    sources.retain(|source| !members.contains_key(source));
    sources.sort_unstable();
    sources
}

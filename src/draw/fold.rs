//! From a supergraph to panels of blocks.

use foldhash::fast::FixedState;
use indexmap::{IndexMap, IndexSet};
use petgraph::graph::NodeIndex;

use super::place::{Group, Owners, Place, first_use};
use super::{Arrow, Block, Look, Mark, Of, Panel, Picture, Slot};
use crate::decision::{Choice, DecisionId, DecisionPoint, GuardId, OptionSource};
use crate::graph::write::{Subject, several};
use crate::graph::{Node, Op, Region, RegionId};

type Map<K, V> = IndexMap<K, V, FixedState>;
type Set<T> = IndexSet<T, FixedState>;

/// No block that was put together of operations has more lines.
const LINES: usize = 5;

/// The picture of a space.
#[must_use]
pub fn picture(subject: Subject, of: Of) -> Picture {
    let fold = Fold::of(subject, of);
    let mut panels = Vec::new();
    let mut open = Set::default();
    open.insert(RegionId(0));
    let mut next = 0;
    while let Some(&id) = open.get_index(next) {
        next += 1;
        if let Some(region) = subject.graph.region(id) {
            let nodes = region.graph.node_weights();
            open.extend(nodes.filter_map(|node| match node.op {
                Op::Scan { region } => Some(region),
                _ => None,
            }));
            panels.extend(fold.region(id, region));
        }
    }
    fold.notes(&mut panels);
    let mut picture = Picture {
        title: subject.name.to_owned(),
        panels: panels.into_iter().map(|built| built.panel).collect(),
    };
    if matches!(of, Of::Alone(_)) {
        picture.panels.iter_mut().for_each(Panel::keep_marked);
    }
    picture.panels.iter_mut().for_each(Panel::join_chains);
    picture.panels.retain(|panel| !panel.blocks.is_empty());
    picture
}

struct Fold<'a> {
    subject: Subject<'a>,
    of: Of<'a>,
    owners: Owners,
    /// By [`GuardId`], of the architecture that is drawn.
    truth: Option<Vec<bool>>,
    /// The decisions that are slots, by the name of the group they are in.
    slots: Map<String, Vec<DecisionId>>,
}

/// A panel, and what is needed to put into it what is not in its graph.
struct Built<'a> {
    cell: &'a str,
    groups: Set<String>,
    panel: Panel,
}

/// What stands in one panel, or around it.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Key<'a> {
    Input(NodeIndex),
    Group(Group<'a>),
    Node(NodeIndex),
    Output(usize),
}

/// The nodes of a panel with the groups they are in.
type Members<'a> = Map<NodeIndex, Group<'a>>;

impl<'a> Fold<'a> {
    fn of(subject: Subject<'a>, of: Of<'a>) -> Self {
        let owners = Owners::of(subject.decisions);
        let mut slots: Map<String, Vec<DecisionId>> = Map::default();
        for (id, point) in subject.decisions.iter() {
            if let (OptionSource::Table(_), Some(name)) = (&point.source, group_of(&owners, point))
            {
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

    fn holds(&self, guard: GuardId) -> bool {
        let truth = self.truth.as_ref();
        truth.is_none_or(|truth| truth.get(guard.index()).copied().unwrap_or(false))
    }

    /// The mark of what is there if an architecture has it.
    fn mark(&self, has: bool) -> Mark {
        match (&self.truth, has) {
            (None, _) => Mark::Open,
            (Some(_), true) => Mark::On,
            (Some(_), false) => Mark::Off,
        }
    }

    /// The panels of a region: itself, and the cells that stand in it, each once.
    fn region(&self, id: RegionId, region: &'a Region) -> Vec<Built<'a>> {
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
        let alive = region.reached(|guard| self.holds(guard));
        let panels = cells.into_iter().filter_map(|(cell, instances)| {
            let times = instances.len();
            // The first cell of a network may read one thing twice: that tells the least.
            let inputs = |members: &Members| outside(region, members).len();
            let most = instances.values().map(inputs).max()?;
            let mut instances = instances.into_iter();
            let (base, members) = instances.find(|(_, members)| inputs(members) == most)?;
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
                members: &members,
                base,
                cell,
                blocks: Map::default(),
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
            ..
        }) = found
            && place.base.is_empty()
        {
            place.group = group;
        }
    }

    /// Puts decisions that are no slots where they belong.
    fn notes(&self, panels: &mut [Built<'a>]) {
        for (id, point) in self.subject.decisions.iter() {
            let OptionSource::Table(_) = point.source else {
                continue;
            };
            let group = group_of(&self.owners, point);
            let is_slot =
                group.is_some_and(|group| panels.iter().any(|panel| panel.groups.contains(&group)));
            if is_slot {
                continue;
            }
            let is_in =
                |panel: &&mut Built| !panel.cell.is_empty() && point.path.starts_with(panel.cell);
            let position = panels.iter_mut().position(|mut panel| is_in(&&mut panel));
            let Some(built) = panels.get_mut(position.unwrap_or(0)) else {
                continue;
            };
            let slot = self.slot(id, point);
            let options: Vec<&str> = slot
                .options
                .iter()
                .filter(|(_, mark)| *mark != Mark::Off)
                .map(|(option, _)| option.as_str())
                .collect();
            if !options.is_empty() {
                built
                    .panel
                    .notes
                    .push(format!("{} = {}", point.path, options.join(" | ")));
            }
        }
    }

    fn slot(&self, id: DecisionId, point: &DecisionPoint) -> Slot {
        let choice = self.of.architecture().map(|made| made.get(id));
        let has = |option: u32| match choice {
            Some(Some(Choice::One(chosen))) => *chosen == option,
            Some(Some(Choice::Set(chosen))) => chosen.contains(&option),
            Some(None) => false,
            None => true,
        };
        let name = point.path.rsplit('.').next().unwrap_or_default();
        let options = point.options.iter().zip(0..);
        Slot {
            name: name.to_owned(),
            options: options
                .map(|(option, number)| (option.clone(), self.mark(has(number))))
                .collect(),
        }
    }
}

/// The name of the group that a decision is in.
fn group_of(owners: &Owners, point: &DecisionPoint) -> Option<String> {
    let place = owners.places(&point.path).pop()?;
    match place.group {
        Group::Element(_) | Group::Choice(_) => place.name(),
        _ => None,
    }
}

/// What nodes read that is not among them.
fn outside(region: &Region, members: &Members) -> Set<NodeIndex> {
    let read = members.keys().flat_map(|&index| region.operands(index));
    let mut sources: Set<NodeIndex> = read.map(|(source, _)| source).collect();
    sources.retain(|source| !members.contains_key(source));
    sources.sort_unstable();
    sources
}

/// Of one panel.
struct Builder<'a, 'b> {
    fold: &'b Fold<'a>,
    region: &'a Region,
    alive: &'b [bool],
    members: &'b Members<'a>,
    base: &'a str,
    cell: &'a str,
    blocks: Map<Key<'a>, Block>,
    /// The slot that nodes of a group select for, by node.
    selectors: Map<NodeIndex, Option<usize>>,
    arrows: Map<(usize, usize, Option<usize>), Arrow>,
}

impl<'a> Builder<'a, '_> {
    fn build(mut self, title: &str, times: usize, whole: Option<RegionId>) -> Built<'a> {
        let mut inputs: Set<NodeIndex> = outside(self.region, self.members);
        let is_inner = !inputs.is_empty() || !self.base.is_empty();
        if !is_inner {
            let is_member = |input: &&NodeIndex| self.members.contains_key(*input);
            inputs = self
                .region
                .inputs
                .iter()
                .filter(is_member)
                .copied()
                .collect();
        }
        for (number, &input) in inputs.iter().enumerate() {
            let name = match self.node(input) {
                Some(node) if !is_inner => node.path.to_string(),
                _ if inputs.len() == 1 => "input".to_owned(),
                _ => format!("input {}", number + 1),
            };
            self.end(Key::Input(input), name, self.is_alive(input));
        }
        let nodes: Vec<NodeIndex> = self.members.keys().copied().collect();
        for &index in nodes.iter().filter(|index| !inputs.contains(*index)) {
            self.block(index);
        }
        self.find_selectors();
        for &index in nodes.iter().filter(|index| !inputs.contains(*index)) {
            for (source, guard) in self.region.operands(index) {
                let there = self.is_alive(index) && self.is_alive(source) && self.fold.holds(guard);
                let slot = self.selectors.get(&index).copied().flatten();
                let ends = (self.place(&self.key(source)), self.place(&self.key(index)));
                self.arrow(ends, slot, guard, self.fold.mark(there));
            }
        }
        self.outputs(whole);
        let groups = self.members.iter().filter_map(|(_, &group)| {
            let place = Place {
                base: self.base,
                cell: self.cell,
                group,
            };
            place.name()
        });
        Built {
            cell: self.cell,
            groups: groups.collect(),
            panel: Panel {
                title: title.to_owned(),
                times,
                notes: Vec::new(),
                blocks: self.blocks.into_values().collect(),
                arrows: self.arrows.into_values().collect(),
            },
        }
    }

    fn node(&self, index: NodeIndex) -> Option<&'a Node> {
        self.region.graph.node_weight(index)
    }

    fn is_alive(&self, index: NodeIndex) -> bool {
        self.alive.get(index.index()) == Some(&true)
    }

    fn place(&self, key: &Key<'a>) -> Option<usize> {
        self.blocks.get_index_of(key)
    }

    /// Where a node is drawn.
    fn key(&self, index: NodeIndex) -> Key<'a> {
        match self.members.get(&index) {
            _ if self.blocks.contains_key(&Key::Input(index)) => Key::Input(index),
            None => Key::Input(index),
            Some(Group::Alone) => Key::Node(index),
            Some(&group) => Key::Group(group),
        }
    }

    fn end(&mut self, key: Key<'a>, name: String, there: bool) {
        let block = Block {
            path: name.clone(),
            lines: vec![name],
            look: Look::End,
            slots: Vec::new(),
            mark: self.fold.mark(there),
        };
        self.blocks.insert(key, block);
    }

    /// Adds a node to its block.
    fn block(&mut self, index: NodeIndex) {
        let Some(node) = self.node(index) else {
            return;
        };
        let mark = self.fold.mark(self.is_alive(index));
        let key = self.key(index);
        if let Some(block) = self.blocks.get_mut(&key) {
            block.mark = block.mark.max(mark);
            if let Look::Op(kind) = &mut block.look {
                *kind = (*kind).min(node.op.kind());
            }
            return;
        }
        let group = self.members.get(&index).copied().unwrap_or(Group::Alone);
        let last = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
        let (lines, look) = match group {
            Group::Element(path) => (vec![last(path)], Look::Element),
            Group::Choice(_) => (vec!["choice".to_owned()], Look::Element),
            Group::Cell(path) => {
                let inside = path.get(self.base.len()..).unwrap_or_default();
                let rounds: Vec<&str> = inside
                    .split('.')
                    .filter(|name| name.contains('='))
                    .collect();
                let mut lines = vec![first_use(&last(path)).to_owned()];
                lines.extend((!rounds.is_empty()).then(|| rounds.join(", ")));
                (lines, Look::Cell)
            }
            Group::Call(path) => (
                vec![first_use(&last(path)).to_owned()],
                Look::Op(node.op.kind()),
            ),
            Group::Alone if matches!(node.op, Op::Scan { .. }) => {
                (vec!["scan".to_owned()], Look::Cell)
            }
            Group::Alone => {
                let forms = several(node.forms.iter().map(|form| form.op.to_string()));
                let line = forms.unwrap_or_else(|| node.op.to_string());
                (vec![line], Look::Op(node.op.kind()))
            }
        };
        let slots = self.slots(group);
        let path = group.path().unwrap_or(&node.path).to_owned();
        self.blocks.insert(
            key,
            Block {
                lines,
                path,
                look,
                slots,
                mark,
            },
        );
    }

    fn slots(&self, group: Group<'a>) -> Vec<Slot> {
        let decisions = self.decisions(group).iter();
        let points = decisions.filter_map(|&id| Some((id, self.fold.subject.decisions.point(id)?)));
        points
            .map(|(id, point)| self.fold.slot(id, point))
            .collect()
    }

    /// The decisions of a group that are slots.
    fn decisions(&self, group: Group<'a>) -> &[DecisionId] {
        let place = Place {
            base: self.base,
            cell: self.cell,
            group,
        };
        let slots = place.name().and_then(|name| self.fold.slots.get(&name));
        slots.map_or(&[], Vec::as_slice)
    }

    /// Finds for each node of a group the one slot that all ways from it inside the
    /// group lead to.
    fn find_selectors(&mut self) {
        let guards = &self.fold.subject.decisions.guards;
        let members: Vec<(NodeIndex, Group)> = self.members.iter().map(|(&i, &g)| (i, g)).collect();
        for (index, group) in members.into_iter().rev() {
            let decisions = self.decisions(group);
            if decisions.is_empty() {
                continue;
            }
            let decision = self.region.selector(index, guards);
            let own = decision.and_then(|id| decisions.iter().position(|other| *other == id));
            let is_select = self.node(index).map(|node| &node.op) == Some(&Op::Select);
            let slot = if let (true, Some(slot)) = (is_select, own) {
                Some(slot)
            } else {
                let readers = self
                    .region
                    .graph
                    .neighbors_directed(index, petgraph::Direction::Outgoing);
                let inside = readers.filter(|reader| self.members.get(reader) == Some(&group));
                let mut slots: Set<Option<usize>> = inside
                    .map(|reader| self.selectors.get(&reader).copied().flatten())
                    .collect();
                slots.pop().flatten().filter(|_| slots.is_empty())
            };
            self.selectors.insert(index, slot);
        }
    }

    fn arrow(
        &mut self,
        ends: (Option<usize>, Option<usize>),
        slot: Option<usize>,
        guard: GuardId,
        mark: Mark,
    ) {
        let (Some(from), Some(to)) = ends else {
            return;
        };
        if from == to {
            return;
        }
        let optional = guard != GuardId::ALWAYS;
        let new = Arrow {
            from,
            to,
            slot,
            optional,
            mark,
        };
        let known = self.arrows.entry((from, to, slot)).or_insert(new);
        known.optional &= optional;
        known.mark = known.mark.max(mark);
    }

    /// What others read of the panel.
    fn outputs(&mut self, whole: Option<RegionId>) {
        let results: Vec<NodeIndex> = if self.base.is_empty() {
            self.region.outputs.clone()
        } else {
            let read_outside = |index: &NodeIndex| {
                let mut readers = self
                    .region
                    .graph
                    .neighbors_directed(*index, petgraph::Direction::Outgoing);
                readers.any(|reader| !self.members.contains_key(&reader))
                    || self.region.outputs.contains(index)
            };
            self.members.keys().copied().filter(read_outside).collect()
        };
        let names = &self.fold.subject.graph.output_names;
        for (number, &result) in results.iter().enumerate() {
            let name = match (whole, results.len()) {
                (Some(_), _) => names.get(number).cloned().unwrap_or_default(),
                (None, 1) => "output".to_owned(),
                _ => format!("output {}", number + 1),
            };
            let there = self.is_alive(result);
            self.end(Key::Output(number), name, there);
            let ends = (
                self.place(&self.key(result)),
                self.place(&Key::Output(number)),
            );
            self.arrow(ends, None, GuardId::ALWAYS, self.fold.mark(there));
        }
    }
}

impl Panel {
    /// Leaves out what the architecture has not.
    fn keep_marked(&mut self) {
        let keep: Vec<bool> = self
            .blocks
            .iter()
            .map(|block| block.mark != Mark::Off)
            .collect();
        self.arrows.retain(|arrow| arrow.mark != Mark::Off);
        for arrow in &mut self.arrows {
            arrow.optional = false;
        }
        for slot in self.blocks.iter_mut().flat_map(|block| &mut block.slots) {
            slot.options.retain(|(_, mark)| *mark != Mark::Off);
        }
        self.renumber(&keep);
    }

    /// Drops blocks; no arrow that is left ends at one of them.
    fn renumber(&mut self, keep: &[bool]) {
        let mut next = 0;
        let places: Vec<usize> = keep
            .iter()
            .map(|&keep| {
                next += usize::from(keep);
                next - usize::from(keep)
            })
            .collect();
        let place = |block: usize| places.get(block).copied().unwrap_or(block);
        let mut keep = keep.iter();
        self.blocks.retain(|_| keep.next() == Some(&true));
        for arrow in &mut self.arrows {
            (arrow.from, arrow.to) = (place(arrow.from), place(arrow.to));
        }
    }

    /// Makes one block of operations that only follow each other.
    fn join_chains(&mut self) {
        let n = self.blocks.len();
        let (mut inputs, mut outputs) = (vec![0; n], vec![0; n]);
        for arrow in &self.arrows {
            if let (Some(from), Some(to)) = (outputs.get_mut(arrow.from), inputs.get_mut(arrow.to))
            {
                (*from, *to) = (*from + 1, *to + 1);
            }
        }
        let mut into: Vec<usize> = (0..n).collect();
        let mut keep = vec![true; n];
        self.arrows.sort_by_key(|arrow| (arrow.to, arrow.from));
        for arrow in self.arrows.clone() {
            let from = into.get(arrow.from).copied().unwrap_or(arrow.from);
            let only = outputs.get(arrow.from) == Some(&1) && inputs.get(arrow.to) == Some(&1);
            let (Some(a), Some(b)) = (self.blocks.get(from), self.blocks.get(arrow.to)) else {
                continue;
            };
            let (Look::Op(kind), Look::Op(other)) = (a.look, b.look) else {
                continue;
            };
            let fits = a.lines.len() + b.lines.len() <= LINES;
            if !only
                || !fits
                || a.mark != b.mark
                || arrow.optional
                || !a.slots.is_empty()
                || !b.slots.is_empty()
            {
                continue;
            }
            let lines = b.lines.clone();
            if let (Some(a), Some(into), Some(keep)) = (
                self.blocks.get_mut(from),
                into.get_mut(arrow.to),
                keep.get_mut(arrow.to),
            ) {
                a.lines.extend(lines);
                a.look = Look::Op(kind.min(other));
                *into = from;
                *keep = false;
            }
        }
        for arrow in &mut self.arrows {
            arrow.from = into.get(arrow.from).copied().unwrap_or(arrow.from);
            arrow.to = into.get(arrow.to).copied().unwrap_or(arrow.to);
        }
        self.arrows.retain(|arrow| arrow.from != arrow.to);
        self.renumber(&keep);
    }
}

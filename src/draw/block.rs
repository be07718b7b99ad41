//! The blocks and arrows of one panel.

use std::collections::BTreeSet;

use petgraph::Direction;
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef as _;

use super::fold::{Fold, Map, Members, Set, group_of, is_in, last, outside};
use super::names::{Called, Names, Seeds, label};
use super::place::{Group, Place, first_use};
use super::sure::{Ends, settle};
use super::{Arrow, Block, Look, Mark, Panel, Slot};
use crate::decision::{DecisionId, Domain};
use crate::graph::write::several;
use crate::graph::{Node, Op, Region, RegionId};

/// A panel, and what is needed to put into it what is not in its graph.
pub(super) struct Built<'a> {
    pub base: &'a str,
    pub cell: &'a str,
    /// The names of its groups.
    pub groups: Set<String>,
    pub panel: Panel,
}

/// What stands in one panel, or around it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Key<'a> {
    Input(NodeIndex),
    Group(Group<'a>),
    Node(NodeIndex),
    /// All parts into which this node is split.
    Parts(NodeIndex),
    Output(usize),
}

/// Of one panel.
pub(super) struct Builder<'a, 'b> {
    pub fold: &'b Fold<'a>,
    pub region: &'a Region,
    /// Which nodes the architecture has that is drawn, by index.
    pub alive: &'b [bool],
    /// Which nodes any architecture has.
    pub seen: &'b [bool],
    pub members: &'b Members<'a>,
    pub names: &'b Names<'a>,
    pub seeds: Seeds<'a>,
    pub base: &'a str,
    pub cell: &'a str,
    pub blocks: Map<Key<'a>, Block>,
    /// The block in which each node is drawn that the panel shows.
    pub places: Map<NodeIndex, usize>,
    /// The slot that nodes of a group select for, by node.
    pub selectors: Map<NodeIndex, Option<usize>>,
    pub arrows: Map<Ends, Arrow>,
}

impl<'a, 'b> Builder<'a, 'b> {
    pub fn build(mut self, title: &str, times: usize, whole: Option<RegionId>) -> Built<'a> {
        let inputs = self.inputs();
        let nodes: Vec<NodeIndex> = self.members.keys().copied().collect();
        for &index in nodes.iter().filter(|index| !inputs.contains(*index)) {
            self.block(index);
        }
        let drawn = nodes.iter().chain(&inputs);
        let places = drawn.filter_map(|&index| Some((index, self.place(&self.key(index))?)));
        self.places = places.collect();
        self.sizes();
        self.find_selectors();
        let sure = self.sure();
        let mut selections = BTreeSet::new();
        for &index in nodes.iter().filter(|index| !inputs.contains(*index)) {
            for (source, guard) in self.region.operands(index) {
                let there = self.is_alive(index) && self.is_alive(source) && self.fold.holds(guard);
                for ends in self.ends(source, index) {
                    if self.is_selection(index) {
                        selections.insert(ends);
                    }
                    self.arrow(ends, !sure.contains(&ends), self.fold.mark(there));
                }
            }
        }
        self.outputs(whole);
        settle(&self.blocks, &mut self.arrows, &selections);
        let groups: Set<Group> = self.members.values().copied().collect();
        let groups = groups.iter().filter_map(|&group| self.name(group));
        Built {
            base: self.base,
            cell: self.cell,
            groups: groups.chain(self.seeds.taken.iter().cloned()).collect(),
            panel: Panel {
                title: title.to_owned(),
                times,
                notes: Vec::new(),
                blocks: self.blocks.into_values().collect(),
                arrows: self.arrows.into_values().collect(),
            },
        }
    }

    /// Adds the blocks of what is read from outside, in the order declared; of a region, of
    /// its inputs.
    fn inputs(&mut self) -> Set<NodeIndex> {
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
        let called = self.called(self.base);
        let declared = |input: &NodeIndex| called.iter().position(|called| called.node == *input);
        inputs.sort_by_key(|input| declared(input).unwrap_or(usize::MAX));
        for (number, &input) in inputs.iter().enumerate() {
            let own = self.node(input).filter(|_| !is_inner);
            let name = label(called, input, own.map(|node| &*node.path));
            let name = name.unwrap_or_else(|| match inputs.len() {
                1 => "input".to_owned(),
                _ => format!("input {}", number + 1),
            });
            let there = if is_inner {
                self.is_read(input, true)
            } else {
                self.is_alive(input)
            };
            self.end(Key::Input(input), name, there);
        }
        inputs
    }

    /// The names that an instance of a cell gives.
    fn called(&self, base: &str) -> &'b [Called<'a>] {
        self.names.get(base).map_or(&[], Vec::as_slice)
    }

    /// Whether something inside or outside of the panel reads a node in the architecture that
    /// is drawn.
    fn is_read(&self, index: NodeIndex, inside: bool) -> bool {
        let edges = self.region.graph.edges_directed(index, Direction::Outgoing);
        let mut edges = edges.filter(|edge| self.fold.holds(edge.weight().guard));
        self.is_alive(index)
            && (!inside && self.region.outputs.contains(&index)
                || edges.any(|edge| {
                    let reader = edge.target();
                    self.members.contains_key(&reader) == inside && self.is_alive(reader)
                }))
    }

    pub fn node(&self, index: NodeIndex) -> Option<&'a Node> {
        self.region.graph.node_weight(index)
    }

    pub fn is_selection(&self, index: NodeIndex) -> bool {
        self.node(index).map(|node| &node.op) == Some(&Op::Select)
    }

    fn is_alive(&self, index: NodeIndex) -> bool {
        self.alive.get(index.index()) == Some(&true)
    }

    /// The name of a group as decisions would write it.
    fn name(&self, group: Group<'a>) -> Option<String> {
        let place = Place {
            base: self.base,
            cell: self.cell,
            group,
        };
        place.name()
    }

    fn place(&self, key: &Key<'a>) -> Option<usize> {
        self.blocks.get_index_of(key)
    }

    /// Where a node is drawn.
    fn key(&self, index: NodeIndex) -> Key<'a> {
        match self.members.get(&index) {
            _ if self.blocks.contains_key(&Key::Input(index)) => Key::Input(index),
            None => Key::Input(index),
            // What an architecture has alone selects nothing.
            Some(Group::Alone) if self.fold.is_alone() && self.is_selection(index) => {
                let mut operands = self.region.operands(index).into_iter();
                let chosen = operands.find(|(_, guard)| self.fold.holds(*guard));
                chosen.map_or(Key::Node(index), |(source, _)| self.key(source))
            }
            Some(Group::Alone) => self.parts(index).map_or(Key::Node(index), Key::Parts),
            Some(&group) => Key::Group(group),
        }
    }

    /// The block in which a node is drawn.
    pub fn block_of(&self, index: NodeIndex) -> Option<usize> {
        self.places.get(&index).copied()
    }

    /// Between which blocks an edge is drawn: a cell may be given one thing twice.
    pub fn ends(&self, source: NodeIndex, index: NodeIndex) -> Vec<Ends> {
        let (Some(from), Some(to)) = (self.block_of(source), self.block_of(index)) else {
            return Vec::new();
        };
        let slots: Vec<Option<usize>> = match self.members.get(&index) {
            Some(Group::Cell(path)) => {
                let ports = self.ports(path).into_iter().enumerate();
                let given = ports.filter(|(_, port)| port.node == source);
                given.map(|(slot, _)| Some(slot)).collect()
            }
            _ => vec![self.selectors.get(&index).copied().flatten()],
        };
        let ends = slots.into_iter().map(|slot| (from, to, slot));
        let ends: Vec<Ends> = ends.collect();
        if ends.is_empty() {
            return vec![(from, to, None)];
        }
        ends
    }

    /// The parameters of an instance of a cell, where there are several.
    fn ports(&self, path: &str) -> Vec<Called<'a>> {
        let called = self.called(path).iter();
        let ports: Vec<Called> = called
            .filter(|port| port.element.is_none())
            .copied()
            .collect();
        if ports.len() < 2 {
            return Vec::new();
        }
        ports
    }

    /// What a node is a part of, if it is split.
    fn parts(&self, index: NodeIndex) -> Option<NodeIndex> {
        let is_part = matches!(self.node(index)?.op, Op::Chunk { .. });
        let source = self.region.operands(index).first()?.0;
        is_part.then_some(source)
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
        let (mut lines, look) = match group {
            Group::Element(path) => (vec![last(path).to_owned()], Look::Element),
            Group::Choice(_) => (vec!["choice".to_owned()], Look::Element),
            Group::Cell(path) => {
                let inside = path.get(self.base.len()..).unwrap_or_default();
                let rounds: Vec<&str> = inside
                    .split('.')
                    .filter(|name| name.contains('='))
                    .collect();
                let name = last(path);
                // Some have a panel of their own for each use.
                let is_own = self
                    .name(group)
                    .is_some_and(|name| self.fold.owners.owns(&name));
                let name = if is_own { name } else { first_use(name) };
                let mut lines = vec![name.to_owned()];
                lines.extend((!rounds.is_empty()).then(|| rounds.join(", ")));
                (lines, Look::Cell)
            }
            Group::Call(path) => (
                vec![first_use(last(path)).to_owned()],
                Look::Op(node.op.kind()),
            ),
            Group::Alone if matches!(node.op, Op::Scan { .. }) => {
                (vec!["scan".to_owned()], Look::Cell)
            }
            Group::Alone if matches!(node.op, Op::Chunk { .. }) => {
                (vec!["split".to_owned()], Look::Op(node.op.kind()))
            }
            Group::Alone if node.op == Op::Select => {
                let line = self.selector(index).unwrap_or_else(|| "select".to_owned());
                (vec![line], Look::Op(node.op.kind()))
            }
            Group::Alone => {
                let forms = several(node.forms.iter().map(|form| form.op.to_string()));
                let line = forms.unwrap_or_else(|| node.op.to_string());
                (vec![line], Look::Op(node.op.kind()))
            }
        };
        lines.extend(self.seeds.lines.get(&group).cloned());
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

    /// The one decision by which a node selects that is in no slot.
    fn selector(&self, index: NodeIndex) -> Option<String> {
        let decisions = self.fold.subject.decisions;
        let operands = self.region.operands(index);
        let mut read: Set<DecisionId> = operands
            .iter()
            .flat_map(|(_, guard)| decisions.guards.reads(*guard))
            .collect();
        let decision = read.pop().filter(|_| read.is_empty())?;
        Some(last(&decisions.point(decision)?.path).to_owned())
    }

    fn slots(&self, group: Group<'a>) -> Vec<Slot> {
        if let Group::Cell(path) = group {
            let ports = self.ports(path).into_iter();
            return ports.map(|port| Slot::parameter(port.name)).collect();
        }
        let own = group.path().map_or("", last);
        let decisions = self.decisions(group).iter();
        let points = decisions.filter_map(|&id| Some((id, self.fold.subject.decisions.point(id)?)));
        let slots = points.map(|(id, point)| self.fold.slot(id, point));
        slots
            .map(|mut slot| {
                // It would say the same twice.
                if slot.name == own {
                    slot.name.clear();
                }
                slot
            })
            .collect()
    }

    /// The decisions of a group that are slots.
    fn decisions(&self, group: Group<'a>) -> &[DecisionId] {
        let own = || self.name(group).and_then(|name| self.fold.slots.get(&name));
        let slots = self.seeds.slots.get(&group).or_else(own);
        slots.map_or(&[], Vec::as_slice)
    }

    /// Puts decisions that are in no group, such as the width of a layer, into the first call
    /// or operation whose size they say.
    fn sizes(&mut self) {
        let decisions = self.fold.subject.decisions;
        let groups: Set<Group> = self.members.values().copied().collect();
        let groups = groups.iter().filter_map(|&group| self.name(group));
        let mut placed: Set<String> = groups.chain(self.seeds.taken.iter().cloned()).collect();
        let mut seen: Set<DecisionId> = Set::default();
        for (&index, &group) in self.members {
            let forms = self.node(index).map_or(&[][..], |node| &node.forms);
            for form in forms {
                for id in decisions.guards.reads(form.guard) {
                    let Some(point) = decisions.point(id).filter(|_| seen.insert(id)) else {
                        continue;
                    };
                    let name = group_of(self.fold.owners, point);
                    let is_here = is_in(&point.path, self.cell)
                        && matches!(point.domain, Domain::One { .. })
                        && matches!(group, Group::Alone | Group::Call(_));
                    let is_slot = |name: &String| self.fold.slots.contains_key(name);
                    let name =
                        name.filter(|name| is_here && is_slot(name) && placed.insert(name.clone()));
                    let block = self.block_of(index).and_then(|block| {
                        let (_, block) = self.blocks.get_index_mut(block)?;
                        Some(block)
                    });
                    if let (Some(name), Some(block)) = (name, block) {
                        block.slots.push(self.fold.slot(id, point));
                        self.seeds.taken.insert(name);
                    }
                }
            }
        }
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
            let slot = if let (true, Some(slot)) = (self.is_selection(index), own) {
                Some(slot)
            } else {
                let readers = self
                    .region
                    .graph
                    .neighbors_directed(index, Direction::Outgoing);
                let inside = readers.filter(|reader| self.members.get(reader) == Some(&group));
                let mut slots: Set<Option<usize>> = inside
                    .map(|reader| self.selectors.get(&reader).copied().flatten())
                    .collect();
                slots.pop().flatten().filter(|_| slots.is_empty())
            };
            self.selectors.insert(index, slot);
        }
    }

    fn arrow(&mut self, ends: Ends, optional: bool, mark: Mark) {
        let (from, to, slot) = ends;
        if from == to {
            return;
        }
        let new = Arrow {
            from,
            to,
            slot,
            optional,
            mark,
        };
        let known = self.arrows.entry(ends).or_insert(new);
        known.optional &= optional;
        known.mark = known.mark.max(mark);
    }

    /// What others read of the panel.
    pub fn results(&self) -> Vec<NodeIndex> {
        if self.base.is_empty() {
            return self.region.outputs.clone();
        }
        let read_outside = |index: &NodeIndex| {
            let mut readers = self
                .region
                .graph
                .neighbors_directed(*index, Direction::Outgoing);
            readers.any(|reader| !self.members.contains_key(&reader))
                || self.region.outputs.contains(index)
        };
        self.members.keys().copied().filter(read_outside).collect()
    }

    /// Adds the blocks of the results.
    fn outputs(&mut self, whole: Option<RegionId>) {
        let results = self.results();
        let names = &self.fold.subject.graph.output_names;
        for (number, &result) in results.iter().enumerate() {
            let name = match (whole, results.len()) {
                (Some(_), _) => names.get(number).cloned().unwrap_or_default(),
                (None, 1) => "output".to_owned(),
                _ => format!("output {}", number + 1),
            };
            let there = self.is_read(result, false);
            self.end(Key::Output(number), name, there);
            let ends = (self.block_of(result), self.place(&Key::Output(number)));
            if let (Some(from), Some(to)) = ends {
                self.arrow((from, to, None), false, self.fold.mark(there));
            }
        }
    }
}

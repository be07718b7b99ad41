//! What blocks read whatever is chosen.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::Direction;
use petgraph::graph::NodeIndex;

use super::block::Builder;
use super::fold::{Map, Set};
use super::place::Group;
use super::{Arrow, Block, Look};
use crate::decision::GuardId;

/// From a block, to a block, and to which of its slots.
pub(super) type Ends = (usize, usize, Option<usize>);

impl Builder<'_, '_> {
    /// The arrows by which a block reads another under every choice that has the block: what
    /// all of its results read, and what those read that are there whatever is chosen.
    /// Selections read what all their operands do, others what is given to them under
    /// no condition. Cells read what they are given.
    pub fn sure(&self) -> BTreeSet<Ends> {
        let mut read: Map<NodeIndex, BTreeSet<Ends>> = Map::default();
        let mut results: BTreeMap<usize, BTreeSet<Ends>> = BTreeMap::new();
        let mut sure = BTreeSet::new();
        let always = self.always();
        // Nodes stand in topological order.
        for (&index, &group) in self.members {
            let Some(own) = self.block_of(index) else {
                continue;
            };
            let operands = self.region.operands(index);
            let reads = operands.iter().map(|&(source, guard)| {
                let ends = if self.block_of(source) == Some(own) {
                    read.get(&source).cloned().unwrap_or_default()
                } else {
                    self.ends(source, index).into_iter().collect()
                };
                (guard, ends)
            });
            let all: BTreeSet<Ends> = if self.is_selection(index) {
                let common = reads.map(|(_, ends)| ends).reduce(|a, b| &a & &b);
                common.unwrap_or_default()
            } else {
                reads
                    .filter(|(guard, _)| *guard == GuardId::ALWAYS)
                    .flat_map(|(_, ends)| ends)
                    .collect()
            };
            if matches!(group, Group::Cell(_)) || always.contains(&index) {
                sure.extend(all.iter().copied());
            }
            if self.is_result(index, own) {
                let known = results.entry(own).or_insert_with(|| all.clone());
                *known = &*known & &all;
            }
            read.insert(index, all);
        }
        sure.extend(results.into_values().flatten());
        sure
    }

    /// The nodes that the panel has whatever is chosen.
    fn always(&self) -> Set<NodeIndex> {
        let results = self.results();
        let mut always: Set<NodeIndex> = match results.as_slice() {
            [one] => std::iter::once(*one).collect(),
            // What reads several of a cell does not always read all.
            _ if !self.base.is_empty() => Set::default(),
            all => all.iter().copied().collect(),
        };
        for &index in self.members.keys().rev() {
            if !always.contains(&index) {
                continue;
            }
            let operands = self.region.operands(index).into_iter();
            let given = operands.filter(|(_, guard)| *guard == GuardId::ALWAYS);
            always.extend(given.map(|(source, _)| source));
        }
        always
    }

    /// Whether something outside of its block reads a node.
    fn is_result(&self, index: NodeIndex, own: usize) -> bool {
        let mut readers = self
            .region
            .graph
            .neighbors_directed(index, Direction::Outgoing)
            .filter(|reader| self.seen.get(reader.index()) == Some(&true));
        self.region.outputs.contains(&index)
            || readers.any(|reader| {
                !self.members.contains_key(&reader) || self.block_of(reader) != Some(own)
            })
    }
}

/// Makes arrows optional that lead to operations which are not always read, directly or by
/// the next. Selections read all that they may select.
pub(super) fn settle(
    blocks: &Map<super::block::Key, Block>,
    arrows: &mut Map<Ends, Arrow>,
    selections: &BTreeSet<Ends>,
) {
    let is_op = |block: &Block| matches!(block.look, Look::Op(_));
    let mut is_sure: Vec<bool> = blocks.values().map(|block| !is_op(block)).collect();
    let mut sources: Vec<Vec<usize>> = vec![Vec::new(); is_sure.len()];
    let reads = arrows
        .iter()
        .filter(|(ends, arrow)| !arrow.optional || selections.contains(*ends));
    for (_, arrow) in reads {
        if let Some(sources) = sources.get_mut(arrow.to) {
            sources.push(arrow.from);
        }
    }
    let mut open: Vec<usize> = (0..is_sure.len())
        .filter(|&block| is_sure.get(block) == Some(&true))
        .collect();
    while let Some(block) = open.pop() {
        for &source in sources.get(block).into_iter().flatten() {
            if let Some(flag @ false) = is_sure.get_mut(source) {
                *flag = true;
                open.push(source);
            }
        }
    }
    for arrow in arrows.values_mut() {
        arrow.optional |= is_sure.get(arrow.to) == Some(&false);
    }
}

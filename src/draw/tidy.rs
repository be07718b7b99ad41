//! What makes a panel shorter: chains of operations become one block, and so do
//! operations that do the same side by side.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use super::place::first_use;
use super::{Block, Look, Mark, Panel};

/// No block that was put together of operations has more lines.
const LINES: usize = 5;

impl Panel {
    /// Puts blocks together, and all of them into topological order.
    pub(super) fn tidy(&mut self) {
        self.sort();
        self.join_twins();
        self.join_chains();
        self.sort();
        for block in &mut self.blocks {
            block.lines = counted(&block.lines);
        }
    }

    /// Leaves out what the architecture has not; of the rest nothing need be marked.
    pub(super) fn keep_marked(&mut self) {
        let keep: Vec<bool> = self
            .blocks
            .iter()
            .map(|block| block.mark != Mark::Off)
            .collect();
        self.arrows.retain(|arrow| arrow.mark != Mark::Off);
        for arrow in &mut self.arrows {
            (arrow.optional, arrow.mark) = (false, Mark::Open);
        }
        let into: Vec<usize> = (0..keep.len()).collect();
        self.merge(&into, &keep);
        // Where the slots of each block go; those in which nothing is chosen go away.
        let mut slots: Vec<Vec<Option<usize>>> = Vec::with_capacity(self.blocks.len());
        for block in &mut self.blocks {
            block.mark = Mark::Open;
            let mut next = 0;
            let mut places = Vec::with_capacity(block.slots.len());
            block.slots.retain_mut(|slot| {
                let is_choice = !slot.options.is_empty();
                slot.options.retain(|(_, mark)| *mark != Mark::Off);
                for (_, mark) in &mut slot.options {
                    *mark = Mark::Open;
                }
                let keep = !is_choice || !slot.options.is_empty();
                places.push(keep.then_some(next));
                next += usize::from(keep);
                keep
            });
            slots.push(places);
        }
        for arrow in &mut self.arrows {
            let places = slots.get(arrow.to);
            arrow.slot = arrow
                .slot
                .and_then(|slot| places?.get(slot).copied().flatten());
        }
    }

    /// Says of calls and elements of the same name in which rounds and elements they stand,
    /// inside of a path.
    pub(super) fn tell_apart(&mut self, base: &str) {
        let names = self.blocks.iter().map(|block| block.lines.clone());
        let mut counts: BTreeMap<Vec<String>, usize> = BTreeMap::new();
        for name in names {
            *counts.entry(name).or_default() += 1;
        }
        for block in &mut self.blocks {
            let path = block.path.get(base.len()..).unwrap_or_default();
            let (places, own) = path.rsplit_once('.').unwrap_or(("", path));
            let is_named = block
                .lines
                .first()
                .is_some_and(|line| line == first_use(own));
            // A line more below several operations would look like the next of them.
            let is_one = block.lines.len() == 1 || !matches!(block.look, Look::Op(_));
            if !is_named || !is_one || counts.get(&block.lines).is_none_or(|&count| count < 2) {
                continue;
            }
            let places = places.split('.').filter(|name| name.contains(['=', '[']));
            let places = places.collect::<Vec<&str>>().join(", ");
            // Cells say already in which rounds they stand.
            block.lines.retain(|line| *line != places);
            let number = own
                .strip_prefix(first_use(own))
                .filter(|_| matches!(block.look, Look::Cell | Look::Element));
            let parts = [places.as_str(), number.unwrap_or_default()];
            let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
            if !parts.is_empty() {
                block.lines.push(parts.join(", "));
            }
        }
    }

    /// Replaces each block by what it goes `into`, and drops those that are not kept.
    fn merge(&mut self, into: &[usize], keep: &[bool]) {
        let mut next = 0;
        let places: Vec<usize> = keep
            .iter()
            .map(|&keep| {
                next += usize::from(keep);
                next - usize::from(keep)
            })
            .collect();
        let place = |block: usize| {
            let kept = into.get(block).copied().unwrap_or(block);
            places.get(kept).copied().unwrap_or(kept)
        };
        let mut keep = keep.iter();
        self.blocks.retain(|_| keep.next() == Some(&true));
        for arrow in &mut self.arrows {
            (arrow.from, arrow.to) = (place(arrow.from), place(arrow.to));
        }
        self.arrows.retain(|arrow| arrow.from != arrow.to);
    }

    /// Topological order, as near to the order before as that allows. Where blocks wait for
    /// each other the first goes on.
    fn sort(&mut self) {
        let n = self.blocks.len();
        let mut waits = vec![0_usize; n];
        let mut readers = vec![Vec::new(); n];
        for arrow in &self.arrows {
            if let (Some(readers), Some(waits)) =
                (readers.get_mut(arrow.from), waits.get_mut(arrow.to))
            {
                readers.push(arrow.to);
                *waits += 1;
            }
        }
        let mut ready: BinaryHeap<Reverse<usize>> = (0..n)
            .filter(|&block| waits.get(block) == Some(&0))
            .map(Reverse)
            .collect();
        let mut places = vec![usize::MAX; n];
        let mut first = 0;
        let mut next = 0;
        while next < n {
            let block = ready.pop().map_or(first, |Reverse(block)| block);
            first += usize::from(block == first);
            let Some(place @ &mut usize::MAX) = places.get_mut(block) else {
                continue;
            };
            *place = next;
            next += 1;
            for &reader in readers.get(block).into_iter().flatten() {
                if let Some(waits) = waits.get_mut(reader) {
                    *waits = waits.saturating_sub(1);
                    if *waits == 0 {
                        ready.push(Reverse(reader));
                    }
                }
            }
        }
        let mut blocks: Vec<(usize, Block)> = std::mem::take(&mut self.blocks)
            .into_iter()
            .enumerate()
            .map(|(block, what)| (places.get(block).copied().unwrap_or(block), what))
            .collect();
        blocks.sort_by_key(|(place, _)| *place);
        self.blocks = blocks.into_iter().map(|(_, block)| block).collect();
        for arrow in &mut self.arrows {
            arrow.from = places.get(arrow.from).copied().unwrap_or(arrow.from);
            arrow.to = places.get(arrow.to).copied().unwrap_or(arrow.to);
        }
    }

    /// Makes one block of operations that are the same and that one operation alone reads:
    /// `sum(for v in h: conv(relu(v)))`.
    fn join_twins(&mut self) {
        let n = self.blocks.len();
        let mut readers: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); n];
        for arrow in &self.arrows {
            if let Some(readers) = readers.get_mut(arrow.from) {
                readers.insert(arrow.to);
            }
        }
        let mut firsts: BTreeMap<(usize, &[String]), usize> = BTreeMap::new();
        let mut into: Vec<usize> = (0..n).collect();
        let mut keep = vec![true; n];
        let mut marks: Vec<Mark> = self.blocks.iter().map(|block| block.mark).collect();
        let is_op = |block: &Block| matches!(block.look, Look::Op(_)) && block.slots.is_empty();
        // From below, so that what is above twins has one reader.
        for block in (0..n).rev() {
            let (Some(what), Some(readers)) = (self.blocks.get(block), readers.get(block)) else {
                continue;
            };
            let readers: BTreeSet<usize> = readers
                .iter()
                .map(|&reader| into.get(reader).copied().unwrap_or(reader))
                .collect();
            let mut readers = readers.into_iter();
            let (Some(reader), None) = (readers.next(), readers.next()) else {
                continue;
            };
            if !is_op(what) || !self.blocks.get(reader).is_some_and(is_op) {
                continue;
            }
            let first = *firsts.entry((reader, &what.lines)).or_insert(block);
            if first == block {
                continue;
            }
            if let (Some(into), Some(keep)) = (into.get_mut(block), keep.get_mut(block)) {
                (*into, *keep) = (first, false);
            }
            if let Some(mark) = marks.get_mut(first) {
                *mark = (*mark).max(what.mark);
            }
        }
        for (block, mark) in self.blocks.iter_mut().zip(marks) {
            block.mark = mark;
        }
        self.merge(&into, &keep);
        self.join_arrows();
    }

    /// Makes one arrow of those between the same two ends.
    fn join_arrows(&mut self) {
        let mut places = BTreeMap::new();
        let mut joined = Vec::with_capacity(self.arrows.len());
        for arrow in self.arrows.drain(..) {
            let ends = (arrow.from, arrow.to, arrow.slot);
            let place = *places.entry(ends).or_insert(joined.len());
            match joined.get_mut(place) {
                None => joined.push(arrow),
                Some(known) => {
                    known.optional &= arrow.optional;
                    known.mark = known.mark.max(arrow.mark);
                }
            }
        }
        self.arrows = joined;
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
        for arrow in &self.arrows {
            let from = into.get(arrow.from).copied().unwrap_or(arrow.from);
            let only = outputs.get(arrow.from) == Some(&1) && inputs.get(arrow.to) == Some(&1);
            let (Some(a), Some(b)) = (self.blocks.get(from), self.blocks.get(arrow.to)) else {
                continue;
            };
            let (Look::Op(kind), Look::Op(other)) = (a.look, b.look) else {
                continue;
            };
            let lines = [a.lines.as_slice(), b.lines.as_slice()].concat();
            let fits = counted(&lines).len() <= LINES;
            let has_slots = !a.slots.is_empty() || !b.slots.is_empty();
            // A step that is not always made may be joined to what is not always read.
            if !only || !fits || a.mark != b.mark || has_slots {
                continue;
            }
            if let (Some(a), Some(into), Some(keep)) = (
                self.blocks.get_mut(from),
                into.get_mut(arrow.to),
                keep.get_mut(arrow.to),
            ) {
                a.lines = lines;
                a.look = Look::Op(kind.min(other));
                (*into, *keep) = (from, false);
            }
        }
        self.merge(&into, &keep);
    }
}

/// `residual (3 in a row)` of three lines that follow each other.
fn counted(lines: &[String]) -> Vec<String> {
    let runs = lines.chunk_by(|a, b| a == b);
    runs.filter_map(|run| match run {
        [one] => Some(one.clone()),
        [first, ..] => Some(format!("{first} ({} in a row)", run.len())),
        [] => None,
    })
    .collect()
}

//! The orders in which variables are tried.
//!
//! No one order is good for all spaces, and which is good cannot be told before.
//! So a few are tried with little work each, then with more.

use std::collections::{BTreeMap, BTreeSet};

use super::item::{Item, ItemId, Items, Known, Var};
use crate::decision::GuardId;

/// The orders that are tried, each as the place of every variable:
///
/// 1. program order, but what a choice alone switches on stands right after it,
///    so that a set's elements are each followed by what they decide;
/// 2. the same backwards: of nodes that pick earlier ones, the last determines
///    the most;
/// 3. by halves: first what separates the rest into parts that do not touch, then
///    each part so. A chain of decisions is cut in its middle.
pub(super) fn orders(items: &Items, open: &[ItemId], known: &Known) -> Vec<Vec<u32>> {
    let forward = depth_first(items, open, known);
    let backward: Vec<Var> = forward.iter().rev().copied().collect();
    let halves = halves(items, open, known, &forward);
    [forward, backward, halves]
        .into_iter()
        .map(|sequence| places(&sequence, known.variables()))
        .collect()
}

fn places(sequence: &[Var], n: usize) -> Vec<u32> {
    let mut places = vec![u32::MAX; n];
    for (place, &var) in sequence.iter().enumerate() {
        if let Some(slot) = places.get_mut(var) {
            *slot = place as u32;
        }
    }
    places
}

/// Every variable with the conditions on its choice alone.
fn variables(item: &Item, known: &Known) -> Vec<(Var, Vec<GuardId>)> {
    match item {
        Item::One {
            decision,
            active,
            options,
        } => {
            let guards = options.iter().map(|(_, available)| *available);
            vec![(known.var(*decision, 0), guards.chain([*active]).collect())]
        }
        Item::Set {
            decision,
            active,
            options,
            ..
        } => options
            .iter()
            .map(|&(option, available)| (known.var(*decision, option), vec![available, *active]))
            .collect(),
        Item::Element {
            decision,
            option,
            available,
        } => vec![(known.var(*decision, *option), vec![*available])],
        Item::Condition(_) | Item::Term { .. } => Vec::new(),
    }
}

fn depth_first(items: &Items, open: &[ItemId], known: &Known) -> Vec<Var> {
    let mut below: BTreeMap<Var, Vec<Var>> = BTreeMap::new();
    let mut roots = Vec::new();
    for item in open.iter().filter_map(|&id| items.get(id)) {
        for (var, guards) in variables(item, known) {
            // After the last that it reads.
            let reads = guards
                .into_iter()
                .filter(|guard| *guard != GuardId::ALWAYS)
                .flat_map(|guard| items.guards.literals(guard))
                .map(|(decision, option)| known.var(decision, option));
            match reads.filter(|&read| read < var).max() {
                Some(parent) => below.entry(parent).or_default().push(var),
                None => roots.push(var),
            }
        }
    }
    let mut sequence = Vec::new();
    let mut stack = roots;
    stack.reverse();
    while let Some(var) = stack.pop() {
        sequence.push(var);
        stack.extend(below.remove(&var).into_iter().flatten().rev());
    }
    sequence
}

/// Which variables stand together in an item, among those that are read.
struct Web {
    /// By item.
    ties: Vec<Vec<Var>>,
    /// By variable: its items.
    of: Vec<Vec<u32>>,
    /// By variable: the part that it is in now.
    part: Vec<u32>,
    tie_seen: Vec<u32>,
    var_seen: Vec<u32>,
    round: u32,
}

/// A part that is cut no more.
const SMALL: usize = 3;

fn halves(items: &Items, open: &[ItemId], known: &Known, forward: &[Var]) -> Vec<Var> {
    let n = known.variables();
    let mut is_read = vec![false; n];
    let mut ties: Vec<Vec<Var>> = Vec::new();
    for &id in open {
        let reads = items.reads(id).iter();
        let reads: BTreeSet<Var> = reads.map(|&(d, o)| known.var(d, o)).collect();
        for &var in &reads {
            if let Some(flag) = is_read.get_mut(var) {
                *flag = true;
            }
        }
        let own = items.get(id).map(|item| variables(item, known));
        let own = own.into_iter().flatten().map(|(var, _)| var);
        ties.push(reads.into_iter().chain(own).collect());
    }
    let mut of = vec![Vec::new(); n];
    for (tie, vars) in ties.iter_mut().enumerate() {
        vars.retain(|&var| is_read.get(var) == Some(&true));
        for &var in vars.iter() {
            if let Some(list) = of.get_mut(var) {
                list.push(tie as u32);
            }
        }
    }
    let mut web = Web {
        tie_seen: vec![0; ties.len()],
        var_seen: vec![0; n],
        part: vec![0; n],
        ties,
        of,
        round: 0,
    };
    let read = forward.iter().copied();
    let read: Vec<Var> = read
        .filter(|&var| is_read.get(var) == Some(&true))
        .collect();
    let mut sequence = Vec::with_capacity(n);
    let mut parts = 0;
    let mut stack = vec![read];
    while let Some(vars) = stack.pop() {
        parts += 1;
        web.enter(&vars, parts);
        if vars.len() <= SMALL {
            sequence.extend(vars);
            continue;
        }
        // From one of the ends that are farthest apart.
        let levels = web.levels(vars.first().copied());
        let levels = web.levels(levels.last().and_then(|level| level.first().copied()));
        let reached: usize = levels.iter().map(Vec::len).sum();
        if reached < vars.len() {
            let inside: BTreeSet<Var> = levels.into_iter().flatten().collect();
            let (here, rest) = vars.into_iter().partition(|var| inside.contains(var));
            stack.push(rest);
            stack.push(here);
            continue;
        }
        let Some(cut) = middle(&levels) else {
            sequence.extend(vars);
            continue;
        };
        let level =
            |range: &[Vec<Var>]| -> BTreeSet<Var> { range.iter().flatten().copied().collect() };
        let (before, after) = levels.split_at(cut);
        let before = level(before);
        let at: BTreeSet<Var> = after.first().into_iter().flatten().copied().collect();
        let pick = |wanted: &dyn Fn(&Var) -> bool| -> Vec<Var> {
            vars.iter().copied().filter(|var| wanted(var)).collect()
        };
        sequence.extend(pick(&|var| at.contains(var)));
        stack.push(pick(&|var| !at.contains(var) && !before.contains(var)));
        stack.push(pick(&|var| before.contains(var)));
    }
    sequence
}

/// The smallest level that leaves a quarter on each side, the most even of them.
fn middle(levels: &[Vec<Var>]) -> Option<usize> {
    let total: usize = levels.iter().map(Vec::len).sum();
    let mut before = 0;
    let mut best: Option<(usize, usize, usize)> = None;
    for (place, level) in levels.iter().enumerate() {
        let after = total - before - level.len();
        if before > 0 && after > 0 && 4 * before.min(after) + level.len() >= total / 2 {
            let candidate = (level.len(), before.abs_diff(after), place);
            if best.is_none_or(|best| candidate < best) {
                best = Some(candidate);
            }
        }
        before += level.len();
    }
    best.map(|(_, _, place)| place)
}

impl Web {
    fn enter(&mut self, vars: &[Var], part: u32) {
        for &var in vars {
            if let Some(slot) = self.part.get_mut(var) {
                *slot = part;
            }
        }
    }

    /// The variables of a part by their distance from one of them.
    fn levels(&mut self, start: Option<Var>) -> Vec<Vec<Var>> {
        self.round += 1;
        let mut levels = Vec::new();
        let part = start.and_then(|start| self.part.get(start).copied());
        let mut level: Vec<Var> = start.into_iter().collect();
        for &var in &level {
            if let Some(slot) = self.var_seen.get_mut(var) {
                *slot = self.round;
            }
        }
        while !level.is_empty() {
            let mut next = Vec::new();
            for &var in &level {
                for &tie in self.of.get(var).into_iter().flatten() {
                    match self.tie_seen.get_mut(tie as usize) {
                        Some(slot) if *slot != self.round => *slot = self.round,
                        _ => continue,
                    }
                    for &other in self.ties.get(tie as usize).into_iter().flatten() {
                        if self.part.get(other).copied() != part {
                            continue;
                        }
                        if let Some(slot) = self.var_seen.get_mut(other)
                            && *slot != self.round
                        {
                            *slot = self.round;
                            next.push(other);
                        }
                    }
                }
            }
            levels.push(std::mem::replace(&mut level, next));
        }
        levels
    }
}

//! How many architectures a space has: exactly, as a big integer.

use std::collections::HashMap;

use num_bigint::BigUint;

use super::{Architecture, Choice, DecisionId, DecisionSpace, Domain, Guard, GuardId};

/// The exact number of architectures.
///
/// Decisions are taken in program order. One that no later condition reads is
/// a factor. One of which an option is read is split on, and sub-counts are
/// remembered by the values of the decisions that are still to be read. A set
/// whose options each switch on decisions of their own is not split into its
/// subsets: its count follows from the counts below each option. A space without
/// conditions is a plain product.
#[must_use]
pub fn count(space: &DecisionSpace) -> BigUint {
    Counter::new(space).count(0, 0, &mut Architecture::undecided(space))
}

/// The choices that later conditions still read, by decision.
type Live = Vec<(u32, Option<Choice>)>;

struct Counter<'a> {
    space: &'a DecisionSpace,
    /// The last decision whose condition reads this one; 0: none.
    last_read: Vec<usize>,
    /// Decisions that are counted together, in program order: those of the whole
    /// space, then those below one option of a set.
    lists: Vec<Vec<usize>>,
    /// By decision: for a set that is not split, the list below each option.
    below: Vec<Option<Vec<usize>>>,
    memo: HashMap<(usize, usize, Live), BigUint>,
}

impl<'a> Counter<'a> {
    fn new(space: &'a DecisionSpace) -> Self {
        let n = space.points.len();
        let reads: Vec<Vec<usize>> = space
            .points
            .iter()
            .map(|point| {
                let reads = space.guards.reads(point.active);
                reads.into_iter().map(DecisionId::index).collect()
            })
            .collect();
        let mut last_read = vec![0usize; n];
        for (index, reads) in reads.iter().enumerate() {
            for &decision in reads {
                if let Some(last) = last_read.get_mut(decision) {
                    *last = index;
                }
            }
        }
        let mut counter = Self {
            space,
            last_read,
            lists: vec![Vec::new()],
            below: vec![None; n],
            memo: HashMap::new(),
        };
        // Inner sets first: what they take stays with them.
        let mut owner: Vec<Option<usize>> = vec![None; n];
        for set in (0..n).rev() {
            let Some(options) = separate(space, &reads, set) else {
                continue;
            };
            let first = counter.lists.len();
            let n_options = space.points.get(set).map_or(0, |p| p.domain.options());
            counter.lists.resize(first + n_options as usize, Vec::new());
            for (point, option) in options {
                if let Some(slot @ None) = owner.get_mut(point) {
                    *slot = Some(set);
                    if let Some(list) = counter.lists.get_mut(first + option as usize) {
                        list.push(point);
                    }
                }
            }
            if let Some(slot) = counter.below.get_mut(set) {
                *slot = Some((first..first + n_options as usize).collect());
            }
        }
        if let Some(list) = counter.lists.first_mut() {
            list.extend((0..n).filter(|&index| owner.get(index) == Some(&None)));
        }
        counter
    }

    /// How many ways there are to make the decisions of a list from a place on.
    fn count(&mut self, list: usize, start: usize, made: &mut Architecture) -> BigUint {
        let mut factor = BigUint::from(1u8);
        let mut place = start;
        while let Some(&index) = self.lists.get(list).and_then(|list| list.get(place)) {
            place += 1;
            let Some(point) = self.space.points.get(index) else {
                break;
            };
            if point.active != GuardId::ALWAYS && !self.space.guards.holds(point.active, made) {
                continue;
            }
            let domain = point.domain;
            if self.last_read.get(index).copied().unwrap_or(0) <= index {
                factor *= domain.size();
            } else if let Some(lists) = self.below.get(index).cloned().flatten() {
                factor *= self.count_set(index, domain, &lists, made);
            } else {
                let mut total = BigUint::from(0u8);
                for choice in Choice::all(domain) {
                    made.set(DecisionId(index as u32), choice);
                    total += self.remembered(list, place, made);
                }
                made.clear(DecisionId(index as u32));
                return factor * total;
            }
        }
        factor
    }

    /// The sets of a domain, each times the ways below its options: the sum over
    /// its sizes of the elementary symmetric polynomials of the ways.
    fn count_set(
        &mut self,
        set: usize,
        domain: Domain,
        lists: &[usize],
        made: &mut Architecture,
    ) -> BigUint {
        let (min, max) = match domain {
            Domain::One { .. } => (1, 1),
            Domain::Subset { min, max, .. } => (min as usize, max as usize),
        };
        let id = DecisionId(set as u32);
        // By size, over the options so far.
        let mut by_size = vec![BigUint::from(0u8); max + 1];
        if let Some(empty) = by_size.first_mut() {
            *empty = BigUint::from(1u8);
        }
        for (option, &list) in lists.iter().enumerate() {
            made.set(id, Choice::Set(vec![option as u32]));
            let ways = self.count(list, 0, made);
            for size in (1..=max).rev() {
                let with = by_size.get(size - 1).map(|smaller| smaller * &ways);
                if let (Some(slot), Some(with)) = (by_size.get_mut(size), with) {
                    *slot += with;
                }
            }
        }
        made.clear(id);
        by_size.into_iter().skip(min).sum()
    }

    fn remembered(&mut self, list: usize, place: usize, made: &mut Architecture) -> BigUint {
        let next = self.lists.get(list).and_then(|list| list.get(place));
        let start = next.copied().unwrap_or(usize::MAX);
        let live: Live = (0..start.min(self.last_read.len()))
            .filter(|&index| self.last_read.get(index).is_some_and(|&last| last >= start))
            .map(|index| {
                let id = DecisionId(index as u32);
                (id.0, made.get(id).cloned())
            })
            .collect();
        let key = (list, place, live);
        if let Some(known) = self.memo.get(&key) {
            return known.clone();
        }
        let answer = self.count(list, place, made);
        self.memo.insert(key, answer.clone());
        answer
    }
}

/// The decisions below a set, each with the one option that switches it on; `None`
/// where the set is no such set, so that its subsets must be split on.
///
/// What stands below an option may read that option, decisions before the set and
/// others below the same option; nothing else may read what stands there.
fn separate(space: &DecisionSpace, reads: &[Vec<usize>], set: usize) -> Option<Vec<(usize, u32)>> {
    if !matches!(space.points.get(set)?.domain, Domain::Subset { .. }) {
        return None;
    }
    let mut below: HashMap<usize, u32> = HashMap::new();
    for (index, read) in reads.iter().enumerate().skip(set + 1) {
        let inner: Vec<Option<u32>> = read
            .iter()
            .filter(|&&decision| decision > set)
            .map(|decision| below.get(decision).copied())
            .collect();
        if !read.contains(&set) {
            if inner.iter().any(Option::is_some) {
                return None;
            }
            continue;
        }
        let option = needed(space, space.points.get(index)?.active, set)?;
        if inner.iter().any(|other| *other != Some(option)) {
            return None;
        }
        below.insert(index, option);
    }
    let mut below: Vec<(usize, u32)> = below.into_iter().collect();
    below.sort_unstable();
    (!below.is_empty()).then_some(below)
}

/// The option of a set that a condition needs, if it is a conjunction that has it
/// and says nothing else of the set.
fn needed(space: &DecisionSpace, guard: GuardId, set: usize) -> Option<u32> {
    let operands = match space.guards.get(guard) {
        Guard::And(operands) => operands.clone(),
        _ => vec![guard],
    };
    let mut found = None;
    for operand in operands {
        match space.guards.get(operand) {
            Guard::Has { decision, option } if decision.index() == set => {
                if found.replace(*option).is_some() {
                    return None;
                }
            }
            _ => {
                let reads = space.guards.reads(operand);
                if reads.iter().any(|decision| decision.index() == set) {
                    return None;
                }
            }
        }
    }
    found
}

//! How many architectures a space has: exactly, as a big integer.

use std::collections::HashMap;

use num_bigint::BigUint;

use super::{Architecture, Choice, DecisionId, DecisionSpace, GuardId};

/// The exact number of architectures.
///
/// Decisions are taken in program order. One that no later condition reads is
/// a factor; one that is read is split on, and sub-counts are remembered by
/// the values of the decisions that are still to be read. A space without
/// conditions is a plain product.
#[must_use]
pub fn count(space: &DecisionSpace) -> BigUint {
    let mut last_read = vec![0usize; space.points.len()];
    for (index, point) in space.points.iter().enumerate() {
        for decision in space.guards.reads(point.active) {
            if let Some(last) = last_read.get_mut(decision.index()) {
                *last = index;
            }
        }
    }
    Counter {
        space,
        last_read,
        memo: HashMap::new(),
    }
    .from(0, &mut Architecture::undecided(space))
}

/// The choices that later conditions still read, by decision.
type Live = Vec<(u32, Option<Choice>)>;

struct Counter<'a> {
    space: &'a DecisionSpace,
    /// The last decision whose condition reads this one; 0: none.
    last_read: Vec<usize>,
    memo: HashMap<(usize, Live), BigUint>,
}

impl Counter<'_> {
    /// How many ways there are to make the decisions from `start` on.
    fn from(&mut self, start: usize, made: &mut Architecture) -> BigUint {
        let mut factor = BigUint::from(1u8);
        for index in start..self.space.points.len() {
            let Some(point) = self.space.points.get(index) else {
                break;
            };
            if point.active != GuardId::ALWAYS && !self.space.guards.holds(point.active, made) {
                continue;
            }
            if self.last_read.get(index).copied().unwrap_or(0) <= index {
                factor *= point.domain.size();
                continue;
            }
            let mut total = BigUint::from(0u8);
            for choice in Choice::all(point.domain) {
                made.set(DecisionId(index as u32), choice);
                total += self.remembered(index + 1, made);
            }
            made.clear(DecisionId(index as u32));
            return factor * total;
        }
        factor
    }

    fn remembered(&mut self, start: usize, made: &mut Architecture) -> BigUint {
        let live: Live = (0..start)
            .filter(|&index| self.last_read.get(index).is_some_and(|&last| last >= start))
            .map(|index| {
                let id = DecisionId(index as u32);
                (id.0, made.get(id).cloned())
            })
            .collect();
        let key = (start, live);
        if let Some(known) = self.memo.get(&key) {
            return known.clone();
        }
        let answer = self.from(start, made);
        self.memo.insert(key, answer.clone());
        answer
    }
}

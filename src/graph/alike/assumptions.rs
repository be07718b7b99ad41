//! What a branch of the search assumes of conditions, and what decisions are left.

use num_bigint::BigUint;

use crate::decision::{Architecture, Choice, DecisionId, DecisionSpace, Domain, Guard, GuardId};

/// Conditions that are assumed to hold or not to, and what follows for options.
pub(super) struct Assumptions<'a> {
    space: &'a DecisionSpace,
    /// By decision: its first literal.
    first: Vec<usize>,
    /// By decision and option: whether it is chosen, as far as assumed.
    literals: Vec<Option<bool>>,
    /// The literals that were assumed, to be forgotten again.
    trail: Vec<usize>,
    assumed: Vec<(GuardId, bool)>,
    /// Assumptions that literals may not tell yet.
    open: Vec<(GuardId, bool)>,
}

/// What was assumed at some time.
pub(super) struct Mark(usize, usize, usize);

impl<'a> Assumptions<'a> {
    pub(super) fn none(space: &'a DecisionSpace) -> Self {
        let mut n = 0;
        let first = space.points.iter().map(|point| {
            let first = n;
            n += point.domain.options() as usize;
            first
        });
        let first = first.collect();
        Self {
            space,
            first,
            literals: vec![None; n],
            trail: Vec::new(),
            assumed: Vec::new(),
            open: Vec::new(),
        }
    }

    /// All of them as one condition of the guards of a copy of the space.
    pub(super) fn together(&self, space: &mut DecisionSpace) -> GuardId {
        let mut all = Vec::with_capacity(self.assumed.len());
        for &(guard, holds) in &self.assumed {
            let not = space.guards.not(guard);
            all.push(if holds { guard } else { not });
        }
        space.guards.all(all)
    }

    /// The product of how many choices the literals leave each decision, and the first.
    pub(super) fn ways(&self) -> (BigUint, Option<Architecture>) {
        let mut ways = BigUint::from(1u8);
        let mut made = Architecture::undecided(self.space);
        for (id, point) in self.space.iter() {
            let n = point.domain.options();
            let with = |truth: Option<bool>| -> Vec<u32> {
                (0..n)
                    .filter(|&option| self.literal(id, option) == truth)
                    .collect()
            };
            let (chosen, open) = (with(Some(true)), with(None));
            match point.domain {
                Domain::One { .. } => {
                    let first = chosen.first().or(open.first());
                    let Some(&first) = first else {
                        return (BigUint::ZERO, None);
                    };
                    if chosen.is_empty() {
                        ways *= open.len();
                    }
                    made.set(id, Choice::One(first));
                }
                Domain::Subset { min, max, .. } => {
                    let n = open.len() as u32;
                    let taken = chosen.len() as u32;
                    let min = min.saturating_sub(taken);
                    let Some(max) = max.checked_sub(taken).filter(|_| min <= n) else {
                        return (BigUint::ZERO, None);
                    };
                    let rest = Domain::Subset {
                        n,
                        min,
                        max: max.min(n),
                    };
                    ways *= rest.size();
                    let mut set: Vec<u32> = open.into_iter().take(min as usize).collect();
                    set.extend(chosen);
                    set.sort_unstable();
                    made.set(id, Choice::Set(set));
                }
            }
        }
        (ways, Some(made))
    }

    pub(super) fn mark(&self) -> Mark {
        Mark(self.trail.len(), self.assumed.len(), self.open.len())
    }

    pub(super) fn forget(&mut self, mark: &Mark) {
        for literal in self.trail.drain(mark.0..) {
            if let Some(slot) = self.literals.get_mut(literal) {
                *slot = None;
            }
        }
        self.assumed.truncate(mark.1);
        self.open.truncate(mark.2);
    }

    /// Assumes that a condition holds, or does not; `false` if that cannot be.
    pub(super) fn assume(&mut self, guard: GuardId, holds: bool) -> bool {
        self.assumed.push((guard, holds));
        self.suppose(guard, holds)
            && self
                .open
                .iter()
                .all(|&(guard, holds)| self.truth(guard) != Some(!holds))
    }

    /// Whether literals tell all that is assumed.
    pub(super) fn is_settled(&self) -> bool {
        let mut open = self.open.iter();
        open.all(|&(guard, holds)| self.truth(guard) == Some(holds))
    }

    fn suppose(&mut self, guard: GuardId, holds: bool) -> bool {
        let guards = &self.space.guards;
        match (guards.get(guard), holds) {
            (Guard::Has { decision, option }, _) => self.choose(*decision, *option, holds),
            (Guard::Not(inner), _) => self.suppose(*inner, !holds),
            (Guard::And(all), true) | (Guard::Or(all), false) => {
                all.iter().all(|&one| self.suppose(one, holds))
            }
            _ => match self.truth(guard) {
                Some(truth) => truth == holds,
                None => {
                    self.open.push((guard, holds));
                    true
                }
            },
        }
    }

    fn choose(&mut self, decision: DecisionId, option: u32, holds: bool) -> bool {
        match self.literal(decision, option) {
            Some(known) => return known == holds,
            None => self.set(decision, option, holds),
        }
        let point = self.space.point(decision);
        if let Some(Domain::One { n }) = point.map(|point| point.domain)
            && holds
        {
            for other in (0..n).filter(|&other| other != option) {
                match self.literal(decision, other) {
                    Some(true) => return false,
                    Some(false) => {}
                    None => self.set(decision, other, false),
                }
            }
        }
        true
    }

    fn place(&self, decision: DecisionId, option: u32) -> Option<usize> {
        let first = self.first.get(decision.index())?;
        Some(first + option as usize)
    }

    fn literal(&self, decision: DecisionId, option: u32) -> Option<bool> {
        let place = self.place(decision, option)?;
        self.literals.get(place).copied().flatten()
    }

    fn set(&mut self, decision: DecisionId, option: u32, holds: bool) {
        if let Some(place) = self.place(decision, option)
            && let Some(slot) = self.literals.get_mut(place)
        {
            *slot = Some(holds);
            self.trail.push(place);
        }
    }

    /// Whether a condition holds, as far as literals tell.
    pub(super) fn truth(&self, guard: GuardId) -> Option<bool> {
        match self.space.guards.get(guard) {
            Guard::Always => Some(true),
            Guard::Never => Some(false),
            Guard::Has { decision, option } => self.literal(*decision, *option),
            Guard::Not(inner) => self.truth(*inner).map(|holds| !holds),
            Guard::And(all) => self.truth_of(all, true),
            Guard::Or(all) => self.truth_of(all, false),
            Guard::AtMost { terms, bound } => {
                let sum = |truth: fn(Option<bool>) -> bool| {
                    let held = terms.iter().filter(|(term, _)| truth(self.truth(*term)));
                    held.fold(0u64, |sum, (_, weight)| sum.saturating_add(*weight))
                };
                if sum(|truth| truth == Some(true)) > *bound {
                    Some(false)
                } else if sum(|truth| truth != Some(false)) <= *bound {
                    Some(true)
                } else {
                    None
                }
            }
        }
    }

    /// Of several that all must have one truth for it: of all for *and*, of none for
    /// *or*.
    fn truth_of(&self, all: &[GuardId], each: bool) -> Option<bool> {
        let mut is_known = true;
        for &one in all {
            match self.truth(one) {
                Some(truth) if truth != each => return Some(!each),
                Some(_) => {}
                None => is_known = false,
            }
        }
        is_known.then_some(each)
    }
}

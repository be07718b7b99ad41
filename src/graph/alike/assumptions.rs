//! What a branch of the search assumes of conditions, and what decisions are left.

use num_bigint::BigUint;

use crate::decision::{Architecture, DecisionId, DecisionSpace, Domain, Guard, GuardId};

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

    /// All literals as an architecture has them.
    pub(super) fn assume_all(&mut self, architecture: &Architecture) {
        let space = self.space;
        for (id, point) in space.iter() {
            for option in 0..point.domain.options() {
                if self.literal(id, option).is_none() {
                    self.set(id, option, architecture.has(id, option));
                }
            }
        }
    }

    /// How many choices the literals leave a decision.
    pub(super) fn ways(&self, id: DecisionId) -> BigUint {
        self.rest(id).map_or(BigUint::ZERO, Domain::size)
    }

    /// What the literals leave to decide of a decision: over its options that are open.
    /// `None` where nothing is left that it could choose.
    pub(super) fn rest(&self, id: DecisionId) -> Option<Domain> {
        let domain = self.space.point(id)?.domain;
        let (mut taken, mut open) = (0, 0);
        for option in 0..domain.options() {
            match self.literal(id, option) {
                Some(true) => taken += 1,
                Some(false) => {}
                None => open += 1,
            }
        }
        match domain {
            Domain::One { .. } if taken > 0 => Some(Domain::One { n: 1 }),
            Domain::One { .. } => (open > 0).then_some(Domain::One { n: open }),
            Domain::Subset { min, max, .. } => {
                let min = min.saturating_sub(taken);
                let max = max.checked_sub(taken).filter(|_| min <= open)?;
                Some(Domain::Subset {
                    n: open,
                    min,
                    max: max.min(open),
                })
            }
        }
    }

    /// Whether any option of a decision is decided.
    pub(super) fn is_touched(&self, id: DecisionId) -> bool {
        let n = self.space.point(id);
        let n = n.map_or(0, |point| point.domain.options());
        (0..n).any(|option| self.literal(id, option).is_some())
    }

    /// Assumptions that literals do not tell.
    pub(super) fn unsettled(&self) -> impl Iterator<Item = (GuardId, bool)> + '_ {
        let open = self.open.iter().copied();
        open.filter(|&(guard, _)| self.truth(guard).is_none())
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

    /// How many literals there are.
    pub(super) fn literals(&self) -> usize {
        self.literals.len()
    }

    /// The number of a literal.
    pub(super) fn place(&self, decision: DecisionId, option: u32) -> Option<usize> {
        let first = self.first.get(decision.index())?;
        Some(first + option as usize)
    }

    /// The numbers of the literals of a decision.
    pub(super) fn places(&self, decision: DecisionId) -> std::ops::Range<usize> {
        let at = |index: usize| self.first.get(index).copied();
        let first = at(decision.index()).unwrap_or(self.literals.len());
        first..at(decision.index() + 1).unwrap_or(self.literals.len())
    }

    /// Whether an option is chosen, as far as assumed.
    pub(super) fn literal(&self, decision: DecisionId, option: u32) -> Option<bool> {
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

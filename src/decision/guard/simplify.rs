//! Making conditions: negation, conjunction, disjunction, sums, kept small.

use std::collections::HashMap;
use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use indexmap::IndexMap;

use super::{Guard, GuardId, Guards};
use crate::decision::DecisionId;

/// More operands than this are not compared with each other.
const MANY: usize = 64;

impl Guards {
    /// The operand does not hold.
    pub fn not(&mut self, guard: GuardId) -> GuardId {
        match *self.get(guard) {
            Guard::Always => GuardId::NEVER,
            Guard::Never => GuardId::ALWAYS,
            Guard::Not(inner) => inner,
            _ => self.intern(Guard::Not(guard)),
        }
    }

    /// Both hold.
    pub fn and(&mut self, a: GuardId, b: GuardId) -> GuardId {
        let pair = (a.min(b), a.max(b));
        if let Some(&known) = self.pairs.get(&pair) {
            return known;
        }
        let both = self.all([a, b]);
        self.pairs.insert(pair, both);
        both
    }

    /// One of the two holds, or both.
    pub fn or(&mut self, a: GuardId, b: GuardId) -> GuardId {
        self.any([a, b])
    }

    /// All hold.
    ///
    /// Simplified: no operand twice; two options of one choice, or an operand
    /// and its negation, are [`GuardId::NEVER`]; "active" is left out beside an
    /// option of the same decision; of a disjunction, what contradicts another
    /// operand is left out, and all of it where another operand makes it true.
    pub fn all(&mut self, guards: impl IntoIterator<Item = GuardId>) -> GuardId {
        let mut operands = Vec::new();
        for guard in guards {
            match self.get(guard) {
                Guard::Always => {}
                Guard::Never => return GuardId::NEVER,
                Guard::And(inner) => operands.extend_from_slice(inner),
                _ => operands.push(guard),
            }
        }
        operands.sort_unstable();
        operands.dedup();
        self.work += operands.len() as u64;
        if operands.len() < 2 {
            return operands.first().copied().unwrap_or(GuardId::ALWAYS);
        }
        if operands.len() > MANY {
            return self.intern(Guard::And(operands));
        }
        self.work += (operands.len() * operands.len()) as u64;
        for (place, &a) in operands.iter().enumerate() {
            for &b in operands.iter().skip(place + 1) {
                if self.contradict(a, b) {
                    return GuardId::NEVER;
                }
            }
        }
        // Disjunctions under the other operands.
        let mut again = false;
        for place in 0..operands.len() {
            let Some(&operand) = operands.get(place) else {
                continue;
            };
            let Guard::Or(inner) = self.get(operand) else {
                continue;
            };
            let others = || operands.iter().filter(|other| **other != operand);
            let holds = |g: GuardId| others().any(|&other| self.implies_at_once(other, g));
            let fails = |g: GuardId| others().any(|&other| self.contradict(other, g));
            let simpler = if inner.iter().any(|&g| holds(g)) {
                Vec::new()
            } else {
                let kept: Vec<GuardId> = inner.iter().copied().filter(|&g| !fails(g)).collect();
                if kept.len() == inner.len() {
                    continue;
                }
                if kept.is_empty() {
                    return GuardId::NEVER;
                }
                kept
            };
            let simpler = if simpler.is_empty() {
                GuardId::ALWAYS
            } else {
                self.any(simpler)
            };
            if let Some(slot) = operands.get_mut(place) {
                *slot = simpler;
            }
            again = true;
        }
        if again {
            return self.all(operands);
        }
        let mut implied: Vec<GuardId> = Vec::new();
        for &operand in &operands {
            let Guard::Has { decision, option } = self.get(operand) else {
                continue;
            };
            for guard in self.implied_by(*decision, *option) {
                match self.get(guard) {
                    Guard::Always => {}
                    Guard::And(parts) => implied.extend_from_slice(parts),
                    _ => implied.push(guard),
                }
            }
        }
        operands.retain(|operand| !implied.contains(operand));
        match operands.as_slice() {
            [] => GuardId::ALWAYS,
            [one] => *one,
            _ => self.intern(Guard::And(operands)),
        }
    }

    /// At least one holds.
    ///
    /// Simplified: no operand twice; an operand and its negation are
    /// [`GuardId::ALWAYS`]; all options of one choice are its "active"; what
    /// another operand makes superfluous is left out.
    pub fn any(&mut self, guards: impl IntoIterator<Item = GuardId>) -> GuardId {
        let mut operands = Vec::new();
        for guard in guards {
            match self.get(guard) {
                Guard::Never => {}
                Guard::Always => return GuardId::ALWAYS,
                Guard::Or(inner) => operands.extend_from_slice(inner),
                _ => operands.push(guard),
            }
        }
        operands.sort_unstable();
        operands.dedup();
        self.work += operands.len() as u64;
        if operands.len() < 2 {
            return operands.first().copied().unwrap_or(GuardId::NEVER);
        }
        // All options of a choice.
        let mut options: IndexMap<DecisionId, usize, FixedState> = IndexMap::default();
        for &operand in &operands {
            if let Guard::Has { decision, .. } = self.get(operand) {
                *options.entry(*decision).or_default() += 1;
            }
        }
        for (decision, n) in options {
            if self.one_of(decision) == Some(n as u32) {
                let active = self.declared(decision).map(|known| known.active);
                let list = &self.list;
                operands.retain(|operand| {
                    !matches!(list.get(operand.index()), Some(Guard::Has { decision: d, .. }) if *d == decision)
                });
                operands.extend(active);
                return self.any(operands);
            }
        }
        let is_operand = |guard: &GuardId| operands.binary_search(guard).is_ok();
        let is_opposed = |operand: &GuardId| match self.get(*operand) {
            Guard::Not(inner) => match self.get(*inner) {
                Guard::Or(parts) => parts.iter().all(is_operand),
                _ => is_operand(inner),
            },
            _ => false,
        };
        if operands.iter().any(is_opposed) {
            return GuardId::ALWAYS;
        }
        // `a` makes `a and b` superfluous.
        let needed = |operand: &GuardId| match self.get(*operand) {
            Guard::And(parts) => !parts.iter().any(is_operand),
            _ => true,
        };
        let needed: Vec<GuardId> = operands.iter().copied().filter(needed).collect();
        match needed.as_slice() {
            [] => GuardId::NEVER,
            [one] => *one,
            _ => self.intern(Guard::Or(needed)),
        }
    }

    /// The weights of the terms that hold sum to at most the bound.
    pub fn at_most(&mut self, terms: &[(GuardId, u64)], bound: u64) -> GuardId {
        self.work += terms.len() as u64;
        let mut bound = bound;
        let mut kept: Vec<(GuardId, u64)> = Vec::with_capacity(terms.len());
        for &(guard, weight) in terms {
            match guard {
                _ if weight == 0 => {}
                GuardId::NEVER => {}
                GuardId::ALWAYS => match bound.checked_sub(weight) {
                    Some(rest) => bound = rest,
                    None => return GuardId::NEVER,
                },
                _ => kept.push((guard, weight)),
            }
        }
        kept.sort_unstable();
        kept.dedup_by(|next, first| {
            let same = next.0 == first.0;
            if same {
                first.1 = first.1.saturating_add(next.1);
            }
            same
        });
        let total = kept
            .iter()
            .fold(0u64, |sum, (_, weight)| sum.saturating_add(*weight));
        if total <= bound {
            return GuardId::ALWAYS;
        }
        if kept.iter().all(|(_, weight)| *weight > bound) {
            let any = self.any(kept.iter().map(|(guard, _)| *guard));
            return self.not(any);
        }
        self.intern(Guard::AtMost { terms: kept, bound })
    }

    /// Whether two conditions cannot hold together, as far as that is seen at once.
    fn contradict(&self, a: GuardId, b: GuardId) -> bool {
        match (self.get(a), self.get(b)) {
            (Guard::Never, _) | (_, Guard::Never) => true,
            (
                Guard::Has { decision, option },
                Guard::Has {
                    decision: other,
                    option: second,
                },
            ) => decision == other && option != second && self.one_of(*decision).is_some(),
            (Guard::Not(inner), _) if self.implies_at_once(b, *inner) => true,
            (_, Guard::Not(inner)) if self.implies_at_once(a, *inner) => true,
            (Guard::And(parts), _) => parts.iter().any(|&part| self.contradict(part, b)),
            (_, Guard::And(parts)) => parts.iter().any(|&part| self.contradict(a, part)),
            _ => false,
        }
    }

    /// Whether one condition makes another true, as far as that is seen at once.
    pub(super) fn implies_at_once(&self, a: GuardId, b: GuardId) -> bool {
        if a == b || a == GuardId::NEVER || b == GuardId::ALWAYS {
            return true;
        }
        match (self.get(a), self.get(b)) {
            (_, Guard::And(parts)) => parts.iter().all(|&part| self.implies_at_once(a, part)),
            (Guard::And(parts), _) => parts.iter().any(|&part| self.implies_at_once(part, b)),
            (_, Guard::Or(parts)) => parts.contains(&a),
            (Guard::Has { .. }, Guard::Not(inner)) => self.contradict(a, *inner),
            _ => false,
        }
    }

    /// What is left of a condition when some of its [`Guard::Has`] are known.
    pub fn restrict(
        &mut self,
        guard: GuardId,
        known: &dyn Fn(DecisionId, u32) -> Option<bool>,
    ) -> GuardId {
        self.restrict_with(guard, known, &mut HashMap::new())
    }

    /// [`Guards::restrict`] with a memory, which holds for one `known`.
    pub fn restrict_with<S: BuildHasher>(
        &mut self,
        guard: GuardId,
        known: &dyn Fn(DecisionId, u32) -> Option<bool>,
        memory: &mut HashMap<GuardId, GuardId, S>,
    ) -> GuardId {
        if guard == GuardId::ALWAYS || guard == GuardId::NEVER {
            return guard;
        }
        if let Some(&done) = memory.get(&guard) {
            return done;
        }
        let whole = self.get(guard).clone();
        self.work += whole.operands() as u64 + 1;
        let rest = match whole {
            Guard::Always | Guard::Never => guard,
            Guard::Has { decision, option } => match known(decision, option) {
                Some(true) => GuardId::ALWAYS,
                Some(false) => GuardId::NEVER,
                None => guard,
            },
            Guard::Not(inner) => {
                let inner = self.restrict_with(inner, known, memory);
                self.not(inner)
            }
            Guard::And(parts) => {
                let mut rest = Vec::with_capacity(parts.len());
                for &part in &parts {
                    let part = self.restrict_with(part, known, memory);
                    rest.push(part);
                    if part == GuardId::NEVER {
                        break;
                    }
                }
                if rest == parts { guard } else { self.all(rest) }
            }
            Guard::Or(parts) => {
                let mut rest = Vec::with_capacity(parts.len());
                for &part in &parts {
                    let part = self.restrict_with(part, known, memory);
                    rest.push(part);
                    if part == GuardId::ALWAYS {
                        break;
                    }
                }
                if rest == parts { guard } else { self.any(rest) }
            }
            Guard::AtMost { terms, bound } => {
                let terms: Vec<(GuardId, u64)> = terms
                    .into_iter()
                    .map(|(term, weight)| (self.restrict_with(term, known, memory), weight))
                    .collect();
                self.at_most(&terms, bound)
            }
        };
        memory.insert(guard, rest);
        rest
    }
}

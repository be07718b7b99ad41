//! Conditions on decisions: when a decision is active, when an edge is there.

mod bdd;
mod possible;
mod search;
mod simplify;
#[cfg(test)]
mod tests;
mod words;

pub use search::{Example, TooHard};

use std::collections::{HashMap, HashSet};

use foldhash::fast::FixedState;

use super::{Architecture, DecisionId, DecisionPoint, Domain};

/// An interned condition of a [`Guards`] arena.
///
/// The default is [`GuardId::ALWAYS`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GuardId(u32);

impl GuardId {
    /// Holds in every architecture.
    pub const ALWAYS: Self = Self(0);
    /// Holds in no architecture.
    pub const NEVER: Self = Self(1);

    /// Its place in [`Guards::evaluate`]'s answer.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// One condition; its operands stand before it in the arena.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Guard {
    /// Holds in every architecture.
    Always,
    /// Holds in no architecture.
    Never,
    /// The decision is active and chose this option, or a set that has it.
    Has {
        /// The decision.
        decision: DecisionId,
        /// The option.
        option: u32,
    },
    /// The operand does not hold.
    Not(GuardId),
    /// All operands hold; two or more, sorted.
    And(Vec<GuardId>),
    /// Some operand holds; two or more, sorted.
    Or(Vec<GuardId>),
    /// The weights of the terms that hold sum to at most the bound.
    AtMost {
        /// Conditions with their weights, which are positive; sorted, each once.
        terms: Vec<(GuardId, u64)>,
        /// Less than the sum of all weights.
        bound: u64,
    },
}

impl Guard {
    /// How many there are.
    fn operands(&self) -> usize {
        match self {
            Self::Always | Self::Never | Self::Has { .. } => 0,
            Self::Not(_) => 1,
            Self::And(operands) | Self::Or(operands) => operands.len(),
            Self::AtMost { terms, .. } => terms.len(),
        }
    }
}

/// The arena of all conditions of a space.
///
/// Equal conditions get equal ids, as far as the rules of [`Guards::all`] and
/// [`Guards::any`] see that they are equal. The map is for look-ups alone;
/// nothing iterates over it.
#[derive(Clone, Debug)]
pub struct Guards {
    list: Vec<Guard>,
    ids: HashMap<Guard, GuardId, FixedState>,
    /// What is known of decisions, by [`DecisionId`].
    declared: Vec<Option<Declared>>,
    /// Answers of [`Guards::possible`], and what they are made of.
    known: possible::Known,
    /// Answers of [`Guards::and`], which the cases of sizes ask for again and again.
    pairs: HashMap<(GuardId, GuardId), GuardId, FixedState>,
    /// How many operands were looked at so far.
    work: u64,
}

/// The truth of conditions under one architecture.
type Truth = HashMap<GuardId, bool, FixedState>;

/// What simplification may use about a decision.
#[derive(Clone, Debug)]
struct Declared {
    domain: Domain,
    active: GuardId,
    available: Vec<GuardId>,
    /// What its domain says of a set's size, where the decision is active.
    size: GuardId,
}

impl Default for Guards {
    fn default() -> Self {
        let mut guards = Self {
            list: Vec::new(),
            ids: HashMap::default(),
            declared: Vec::new(),
            known: possible::Known::default(),
            pairs: HashMap::default(),
            work: 0,
        };
        guards.intern(Guard::Always);
        guards.intern(Guard::Never);
        guards
    }
}

impl Guards {
    fn intern(&mut self, guard: Guard) -> GuardId {
        if let Some(&id) = self.ids.get(&guard) {
            return id;
        }
        let id = GuardId(self.list.len() as u32);
        self.list.push(guard.clone());
        self.ids.insert(guard, id);
        id
    }

    /// A condition as another arena simplified it, of this one's: its operands are
    /// sorted.
    pub(super) fn simplest(&mut self, guard: Guard) -> GuardId {
        self.intern(guard)
    }

    /// How many operands all calls so far looked at: what their time grows with.
    #[must_use]
    pub fn work(&self) -> u64 {
        self.work
    }

    /// Says what a decision is, so that conditions on it can be simplified: one
    /// that chooses exactly one option has no two of them, and an inactive one
    /// has none.
    pub fn declare(&mut self, decision: DecisionId, point: &DecisionPoint) {
        let size = match point.domain {
            Domain::One { .. } => GuardId::ALWAYS,
            Domain::Subset { n, min: 0, max } if n == max => GuardId::ALWAYS,
            Domain::Subset { n, min, max } => {
                let terms: Vec<(GuardId, u64)> = (0..n)
                    .map(|option| (self.has(decision, option), 1))
                    .collect();
                let enough = match u64::from(min).checked_sub(1) {
                    Some(less) => {
                        let less = self.at_most(&terms, less);
                        self.not(less)
                    }
                    None => GuardId::ALWAYS,
                };
                let few = self.at_most(&terms, u64::from(max));
                let size = self.and(enough, few);
                let inactive = self.not(point.active);
                self.or(size, inactive)
            }
        };
        self.known.declare(self.declared(decision).is_some());
        if self.declared.len() <= decision.index() {
            self.declared.resize(decision.index() + 1, None);
        }
        if let Some(slot) = self.declared.get_mut(decision.index()) {
            *slot = Some(Declared {
                domain: point.domain,
                active: point.active,
                available: point.available.clone(),
                size,
            });
        }
    }

    fn declared(&self, decision: DecisionId) -> Option<&Declared> {
        self.declared.get(decision.index())?.as_ref()
    }

    /// What holds wherever a decision has an option.
    fn implied_by(&self, decision: DecisionId, option: u32) -> [GuardId; 2] {
        self.declared(decision)
            .map_or([GuardId::ALWAYS; 2], |known| {
                let available = known.available.get(option as usize);
                [known.active, available.copied().unwrap_or(GuardId::ALWAYS)]
            })
    }

    /// How many options a decision is known to choose exactly one of.
    fn one_of(&self, decision: DecisionId) -> Option<u32> {
        match self.declared(decision)?.domain {
            Domain::One { n } => Some(n),
            Domain::Subset { .. } => None,
        }
    }

    /// The condition of an id.
    #[must_use]
    pub fn get(&self, id: GuardId) -> &Guard {
        self.list.get(id.index()).unwrap_or(&Guard::Never)
    }

    /// The decision is active and chose `option`, or a set that has it.
    pub fn has(&mut self, decision: DecisionId, option: u32) -> GuardId {
        self.intern(Guard::Has { decision, option })
    }

    /// The truth of every condition under an architecture, by
    /// [`GuardId::index`]. One pass: operands stand before their users.
    ///
    /// A decision without a choice makes its [`Guard::Has`] false, so a
    /// partial architecture answers for the decisions made so far.
    #[must_use]
    pub fn evaluate(&self, architecture: &Architecture) -> Vec<bool> {
        let mut truth: Vec<bool> = Vec::with_capacity(self.list.len());
        for guard in &self.list {
            let of = |id: &GuardId| truth.get(id.index()).copied().unwrap_or(false);
            truth.push(match guard {
                Guard::Always => true,
                Guard::Never => false,
                Guard::Has { decision, option } => architecture.has(*decision, *option),
                Guard::Not(inner) => !of(inner),
                Guard::And(operands) => operands.iter().all(of),
                Guard::Or(operands) => operands.iter().any(of),
                Guard::AtMost { terms, bound } => sum_of(terms, of) <= *bound,
            });
        }
        truth
    }

    /// Whether one condition holds under a (partial) architecture.
    #[must_use]
    pub fn holds(&self, guard: GuardId, architecture: &Architecture) -> bool {
        self.compute(guard, architecture, &mut HashMap::default())
    }

    /// [`Guards::holds`], with a memory: conditions share their parts.
    fn compute(&self, guard: GuardId, made: &Architecture, memory: &mut Truth) -> bool {
        match self.get(guard) {
            Guard::Always => true,
            Guard::Never => false,
            Guard::Has { decision, option } => made.has(*decision, *option),
            Guard::Not(inner) => !self.recall(*inner, made, memory),
            Guard::And(operands) => operands.iter().all(|&g| self.recall(g, made, memory)),
            Guard::Or(operands) => operands.iter().any(|&g| self.compute(g, made, memory)),
            Guard::AtMost { terms, bound } => {
                sum_of(terms, |&g| self.recall(g, made, memory)) <= *bound
            }
        }
    }

    /// The truth of an operand, remembered; but for those of disjunctions, which are
    /// no disjunctions, so that every way through a condition comes by here.
    fn recall(&self, guard: GuardId, made: &Architecture, memory: &mut Truth) -> bool {
        if matches!(self.get(guard), Guard::Has { .. } | Guard::Not(_)) {
            return self.compute(guard, made, memory);
        }
        if let Some(&known) = memory.get(&guard) {
            return known;
        }
        let truth = self.compute(guard, made, memory);
        memory.insert(guard, truth);
        truth
    }

    /// All conditions, by [`GuardId::index`]; operands stand before their users.
    pub fn iter(&self) -> impl Iterator<Item = &Guard> {
        self.list.iter()
    }

    /// The decisions that a condition reads, sorted.
    #[must_use]
    pub fn reads(&self, guard: GuardId) -> Vec<DecisionId> {
        let mut found: Vec<DecisionId> = self
            .literals(guard)
            .into_iter()
            .map(|(decision, _)| decision)
            .collect();
        found.dedup();
        found
    }

    /// The options that a condition reads, each with its decision, sorted.
    #[must_use]
    pub fn literals(&self, guard: GuardId) -> Vec<(DecisionId, u32)> {
        self.literals_counted(guard).0
    }

    /// [`Guards::literals`], and at how many operands that looked.
    pub(super) fn literals_counted(&self, guard: GuardId) -> (Vec<(DecisionId, u32)>, u64) {
        let mut found = Vec::new();
        let mut seen: HashSet<GuardId, FixedState> = HashSet::default();
        let mut open = vec![guard];
        let mut looked = 0;
        while let Some(id) = open.pop() {
            looked += 1;
            if !seen.insert(id) {
                continue;
            }
            match self.get(id) {
                Guard::Always | Guard::Never => {}
                Guard::Has { decision, option } => found.push((*decision, *option)),
                Guard::Not(inner) => open.push(*inner),
                Guard::And(operands) | Guard::Or(operands) => open.extend_from_slice(operands),
                Guard::AtMost { terms, .. } => open.extend(terms.iter().map(|(term, _)| *term)),
            }
        }
        found.sort_unstable();
        (found, looked)
    }
}

/// The weights of the terms that hold, together; saturates.
fn sum_of(terms: &[(GuardId, u64)], mut holds: impl FnMut(&GuardId) -> bool) -> u64 {
    terms
        .iter()
        .filter(|(term, _)| holds(term))
        .fold(0, |sum, (_, weight)| sum.saturating_add(*weight))
}

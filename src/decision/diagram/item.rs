//! What is still open while a space is compiled: decisions and conditions, under
//! what is decided already. Equal items are one.

use foldhash::fast::FixedState;
use indexmap::IndexSet;

use super::TooLarge;
use super::compile::Job;
use crate::decision::{DecisionId, DecisionSpace, Domain, Guard, GuardId, Guards};

/// An item of an [`Items`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct ItemId(pub(super) u32);

/// Something still open.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Item {
    /// A decision takes one of these options, if it is active.
    One {
        decision: DecisionId,
        active: GuardId,
        /// Each with the condition under which it is available.
        options: Vec<(u32, GuardId)>,
    },
    /// A set takes `min..=max` more of these options, if it is active.
    Set {
        decision: DecisionId,
        active: GuardId,
        options: Vec<(u32, GuardId)>,
        min: u32,
        max: u32,
    },
    /// An active set has this element, where it is available, or has it not; its
    /// size does not matter any more.
    Element {
        decision: DecisionId,
        option: u32,
        available: GuardId,
    },
    /// Must hold.
    Condition(GuardId),
    /// Adds to the measure where it holds.
    Term { guard: GuardId, weight: u128 },
}

/// What conditions became under one assignment.
pub(super) type Memory = std::collections::HashMap<GuardId, GuardId, FixedState>;

/// So many conditions can be looked at in the time of a unit of work.
const LOOKED_PER_WORK: u64 = 2;

/// Nothing fulfils the conditions.
pub(super) struct Dead;

/// The items of one compilation.
#[derive(Clone)]
pub(super) struct Items {
    /// Conditions, under what is decided. An arena of its own, which knows
    /// nothing of decisions: so no simplification speaks of decided ones again.
    pub(super) guards: Guards,
    list: IndexSet<Item, FixedState>,
    literals: std::collections::HashMap<GuardId, Vec<(DecisionId, u32)>, FixedState>,
    /// At how many conditions was looked for these.
    looked: u64,
    /// What the conditions of each item read, sorted.
    reads: Vec<Vec<(DecisionId, u32)>>,
}

/// What can be decided at one place, by number: a decision for one option, or one
/// element of a set.
pub(super) type Var = usize;

/// The variables of a space, and what is known of them on a branch.
pub(super) struct Known {
    first: Vec<usize>,
    is_set: Vec<bool>,
    values: Vec<u32>,
    assigned: Vec<Var>,
}

const UNKNOWN: u32 = u32::MAX;
const NOTHING: u32 = u32::MAX - 1;

impl Known {
    pub(super) fn new(space: &DecisionSpace) -> Self {
        let mut known = Self {
            first: Vec::with_capacity(space.points.len()),
            is_set: Vec::with_capacity(space.points.len()),
            values: Vec::new(),
            assigned: Vec::new(),
        };
        let mut n = 0;
        for point in &space.points {
            known.first.push(n);
            let is_set = matches!(point.domain, Domain::Subset { .. });
            known.is_set.push(is_set);
            n += if is_set {
                point.domain.options() as usize
            } else {
                1
            };
        }
        known.values = vec![UNKNOWN; n];
        known
    }

    /// How many variables there are.
    pub(super) fn variables(&self) -> usize {
        self.values.len()
    }

    /// The variable of an option.
    pub(super) fn var(&self, decision: DecisionId, option: u32) -> Var {
        let first = self.first.get(decision.index()).copied();
        let first = first.unwrap_or(usize::MAX);
        match self.is_set.get(decision.index()) {
            Some(true) => first.saturating_add(option as usize),
            _ => first,
        }
    }

    fn value(&self, decision: DecisionId, option: u32) -> Option<bool> {
        let is_set = self.is_set.get(decision.index()).copied();
        match self.values.get(self.var(decision, option)).copied() {
            // Of no decision of the space.
            None => Some(false),
            Some(UNKNOWN) => None,
            Some(value) if is_set == Some(true) => Some(value == 1),
            Some(value) => Some(value == option),
        }
    }

    fn assign(&mut self, var: Var, value: u32) {
        if let Some(slot) = self.values.get_mut(var) {
            *slot = value;
            self.assigned.push(var);
        }
    }

    /// A decision for one option takes it, or none.
    pub(super) fn choose(&mut self, decision: DecisionId, option: Option<u32>) {
        self.assign(self.var(decision, 0), option.unwrap_or(NOTHING));
    }

    /// A set has an element, or has it not.
    pub(super) fn include(&mut self, decision: DecisionId, option: u32, has: bool) {
        self.assign(self.var(decision, option), u32::from(has));
    }

    /// What was assigned, in order.
    pub(super) fn assigned(&self) -> &[Var] {
        &self.assigned
    }

    /// Forgets what was assigned.
    pub(super) fn clear(&mut self) {
        for var in self.assigned.drain(..) {
            if let Some(slot) = self.values.get_mut(var) {
                *slot = UNKNOWN;
            }
        }
    }
}

/// What was made of items under what is known.
#[derive(Default)]
pub(super) struct Outcome {
    /// What is still open of an item.
    pub(super) open: Vec<ItemId>,
    /// What its terms add to the measure.
    pub(super) weight: u128,
}

impl Items {
    /// All that a space leaves open.
    ///
    /// # Errors
    /// When looking at it takes more work than this.
    pub(super) fn of(job: Job, most: u64) -> Result<(Self, Vec<ItemId>), TooLarge> {
        let Job {
            space,
            require,
            terms,
        } = job;
        let mut items = Self {
            guards: Guards::default(),
            list: IndexSet::default(),
            literals: std::collections::HashMap::default(),
            looked: 0,
            reads: Vec::new(),
        };
        let roots = space
            .points
            .iter()
            .flat_map(|point| point.available.iter().copied().chain([point.active]))
            .chain([require])
            .chain(terms.iter().map(|(guard, _)| *guard));
        let copies = items.import(&space.guards, roots);
        let copy = |guard: GuardId| {
            let copy = copies.get(guard.index()).copied().flatten();
            copy.unwrap_or(GuardId::NEVER)
        };
        let mut open = Vec::new();
        for (decision, point) in space.iter() {
            let active = copy(point.active);
            let available = |option: u32| {
                let guard = point.available.get(option as usize);
                guard.map_or(GuardId::ALWAYS, |&guard| copy(guard))
            };
            let options = (0..point.domain.options())
                .map(|option| (option, available(option)))
                .collect();
            open.push(items.intern(match point.domain {
                Domain::One { .. } => Item::One {
                    decision,
                    active,
                    options,
                },
                Domain::Subset { min, max, .. } => Item::Set {
                    decision,
                    active,
                    options,
                    min,
                    max,
                },
            }));
        }
        let mut outcome = Outcome::default();
        if items.require(copy(require), &mut outcome).is_err() {
            outcome.open = vec![items.intern(Item::Condition(GuardId::NEVER))];
        }
        open.extend(outcome.open);
        let mut work = items.work(&open);
        for &(guard, weight) in terms {
            let term = items.intern(Item::Term {
                guard: copy(guard),
                weight: u128::from(weight),
            });
            work += items.work(&[term]);
            if work > most || items.looked / LOOKED_PER_WORK > most {
                return Err(TooLarge);
            }
            open.push(term);
        }
        Ok((items, open))
    }

    /// How much work it is to look at items once.
    pub(super) fn work(&self, items: &[ItemId]) -> u64 {
        let reads = items.iter().map(|&item| 1 + self.reads(item).len() as u64);
        reads.sum()
    }

    /// Copies conditions, by their place in the other arena. They keep their order.
    fn import(
        &mut self,
        from: &Guards,
        roots: impl Iterator<Item = GuardId>,
    ) -> Vec<Option<GuardId>> {
        let all: Vec<&Guard> = from.iter().collect();
        let mut needed = vec![false; all.len()];
        let need = |needed: &mut Vec<bool>, guard: GuardId| {
            if let Some(slot) = needed.get_mut(guard.index()) {
                *slot = true;
            }
        };
        for root in roots {
            need(&mut needed, root);
        }
        // Operands stand before their users.
        for (index, guard) in all.iter().enumerate().rev() {
            if needed.get(index) != Some(&true) {
                continue;
            }
            match guard {
                Guard::Always | Guard::Never | Guard::Has { .. } => {}
                Guard::Not(inner) => need(&mut needed, *inner),
                Guard::And(operands) | Guard::Or(operands) => {
                    for &operand in operands {
                        need(&mut needed, operand);
                    }
                }
                Guard::AtMost { terms, .. } => {
                    for &(term, _) in terms {
                        need(&mut needed, term);
                    }
                }
            }
        }
        let mut copies: Vec<Option<GuardId>> = Vec::with_capacity(all.len());
        for (guard, needed) in all.into_iter().zip(needed) {
            let of = |id: &GuardId| {
                let copy = copies.get(id.index()).copied().flatten();
                copy.unwrap_or(GuardId::NEVER)
            };
            let copy = needed.then(|| match guard {
                Guard::Always => GuardId::ALWAYS,
                Guard::Never => GuardId::NEVER,
                Guard::Has { .. } => self.guards.simplest(guard.clone()),
                Guard::Not(inner) => self.guards.simplest(Guard::Not(of(inner))),
                Guard::And(operands) => {
                    let operands = operands.iter().map(of).collect();
                    self.guards.simplest(Guard::And(operands))
                }
                Guard::Or(operands) => {
                    let operands = operands.iter().map(of).collect();
                    self.guards.simplest(Guard::Or(operands))
                }
                Guard::AtMost { terms, bound } => {
                    let terms = terms.iter().map(|(term, w)| (of(term), *w)).collect();
                    let bound = *bound;
                    self.guards.simplest(Guard::AtMost { terms, bound })
                }
            });
            copies.push(copy);
        }
        copies
    }

    pub(super) fn intern(&mut self, item: Item) -> ItemId {
        if let Some(known) = self.list.get_index_of(&item) {
            return ItemId(known as u32);
        }
        let mut guards: Vec<GuardId> = match &item {
            Item::One {
                active, options, ..
            }
            | Item::Set {
                active, options, ..
            } => options
                .iter()
                .map(|option| option.1)
                .chain([*active])
                .collect(),
            Item::Element { available, .. } => vec![*available],
            Item::Condition(guard) | Item::Term { guard, .. } => vec![*guard],
        };
        guards.sort_unstable();
        guards.dedup();
        guards.retain(|guard| *guard != GuardId::ALWAYS);
        let mut reads = Vec::new();
        for guard in guards {
            reads.extend(self.literals(guard).iter().copied());
        }
        reads.sort_unstable();
        reads.dedup();
        let (place, _) = self.list.insert_full(item);
        self.reads.push(reads);
        ItemId(place as u32)
    }

    /// What a condition reads; the same conditions come again and again.
    fn literals(&mut self, guard: GuardId) -> &[(DecisionId, u32)] {
        let Self {
            guards,
            literals,
            looked,
            ..
        } = self;
        literals.entry(guard).or_insert_with(|| {
            let (found, more) = guards.literals_counted(guard);
            *looked += more;
            found
        })
    }

    pub(super) fn get(&self, id: ItemId) -> Option<&Item> {
        self.list.get_index(id.0 as usize)
    }

    /// What the conditions of an item read, sorted.
    pub(super) fn reads(&self, id: ItemId) -> &[(DecisionId, u32)] {
        self.reads.get(id.0 as usize).map_or(&[], Vec::as_slice)
    }

    /// What is left of an item under what is known. That may make more known: an
    /// inactive decision has no option.
    pub(super) fn restrict(
        &mut self,
        id: ItemId,
        known: &mut Known,
        memory: &mut Memory,
        outcome: &mut Outcome,
    ) -> Result<(), Dead> {
        let Some(item) = self.get(id).cloned() else {
            return Ok(());
        };
        let mut rest = |guard: GuardId| {
            if guard == GuardId::ALWAYS {
                return guard;
            }
            self.guards
                .restrict_with(guard, &|d, o| known.value(d, o), memory)
        };
        match item {
            Item::One {
                decision,
                active,
                options,
            } => {
                let active = rest(active);
                let mut options: Vec<_> = options.into_iter().map(|(o, g)| (o, rest(g))).collect();
                options.retain(|(_, available)| *available != GuardId::NEVER);
                if active == GuardId::NEVER || options.is_empty() {
                    known.choose(decision, None);
                    let inactive = self.guards.not(active);
                    return self.require(inactive, outcome);
                }
                outcome.open.push(self.intern(Item::One {
                    decision,
                    active,
                    options,
                }));
            }
            Item::Set {
                decision,
                active,
                options,
                min,
                max,
            } => {
                let active = rest(active);
                let options: Vec<_> = options.into_iter().map(|(o, g)| (o, rest(g))).collect();
                let open = options.iter().filter(|(_, g)| *g != GuardId::NEVER).count() as u32;
                let dead = active == GuardId::NEVER || open < min;
                let mut kept = Vec::with_capacity(open as usize);
                for (option, available) in options {
                    if dead || max == 0 || available == GuardId::NEVER {
                        known.include(decision, option, false);
                    } else {
                        kept.push((option, available));
                    }
                }
                if dead {
                    let inactive = self.guards.not(active);
                    return self.require(inactive, outcome);
                }
                let max = max.min(kept.len() as u32);
                outcome.open.push(self.intern(Item::Set {
                    decision,
                    active,
                    options: kept,
                    min,
                    max,
                }));
            }
            Item::Element {
                decision,
                option,
                available,
            } => match rest(available) {
                GuardId::NEVER => known.include(decision, option, false),
                available => outcome.open.push(self.intern(Item::Element {
                    decision,
                    option,
                    available,
                })),
            },
            Item::Condition(guard) => {
                let guard = rest(guard);
                return self.require(guard, outcome);
            }
            Item::Term { guard, weight } => match rest(guard) {
                GuardId::ALWAYS => outcome.weight += weight,
                GuardId::NEVER => {}
                guard => outcome.open.push(self.intern(Item::Term { guard, weight })),
            },
        }
        Ok(())
    }

    /// A condition as several, each as small as can be: they may be independent.
    fn require(&mut self, guard: GuardId, outcome: &mut Outcome) -> Result<(), Dead> {
        let mut open = vec![guard];
        while let Some(guard) = open.pop() {
            match self.guards.get(guard).clone() {
                Guard::Always => {}
                Guard::Never => return Err(Dead),
                Guard::And(parts) => open.extend(parts),
                Guard::Not(inner) => match self.guards.get(inner).clone() {
                    Guard::Or(parts) => {
                        for part in parts {
                            open.push(self.guards.not(part));
                        }
                    }
                    _ => outcome.open.push(self.intern(Item::Condition(guard))),
                },
                _ => outcome.open.push(self.intern(Item::Condition(guard))),
            }
        }
        Ok(())
    }
}

//! Conditions on decisions: when a decision is active, when an edge is there.

use std::collections::HashMap;

use super::{Architecture, DecisionId, DecisionSpace, Domain};

/// An interned condition of a [`Guards`] arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
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
}

/// The arena of all conditions of a space.
///
/// Equal conditions get equal ids. The map is for look-ups alone; nothing
/// iterates over it.
#[derive(Clone, Debug)]
pub struct Guards {
    list: Vec<Guard>,
    ids: HashMap<Guard, GuardId>,
}

impl Default for Guards {
    fn default() -> Self {
        let mut guards = Self {
            list: Vec::new(),
            ids: HashMap::new(),
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

    /// The condition of an id.
    #[must_use]
    pub fn get(&self, id: GuardId) -> &Guard {
        self.list.get(id.index()).unwrap_or(&Guard::Never)
    }

    /// The decision is active and chose `option`, or a set that has it.
    pub fn has(&mut self, decision: DecisionId, option: u32) -> GuardId {
        self.intern(Guard::Has { decision, option })
    }

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
        self.all([a, b])
    }

    /// One of the two holds, or both.
    pub fn or(&mut self, a: GuardId, b: GuardId) -> GuardId {
        self.any([a, b])
    }

    /// All hold.
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
        self.join(operands, GuardId::ALWAYS, Guard::And)
    }

    /// At least one holds.
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
        self.join(operands, GuardId::NEVER, Guard::Or)
    }

    fn join(
        &mut self,
        mut operands: Vec<GuardId>,
        empty: GuardId,
        make: fn(Vec<GuardId>) -> Guard,
    ) -> GuardId {
        operands.sort_unstable();
        operands.dedup();
        match operands.as_slice() {
            [] => empty,
            [one] => *one,
            _ => self.intern(make(operands)),
        }
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
            });
        }
        truth
    }

    /// Whether one condition holds under a (partial) architecture.
    #[must_use]
    pub fn holds(&self, guard: GuardId, architecture: &Architecture) -> bool {
        match self.get(guard) {
            Guard::Always => true,
            Guard::Never => false,
            Guard::Has { decision, option } => architecture.has(*decision, *option),
            Guard::Not(inner) => !self.holds(*inner, architecture),
            Guard::And(operands) => operands.iter().all(|&g| self.holds(g, architecture)),
            Guard::Or(operands) => operands.iter().any(|&g| self.holds(g, architecture)),
        }
    }

    /// A condition in words, by the paths and options of `space`: `t.f = conv3`,
    /// `h[2].skips has 0`.
    #[must_use]
    pub fn words(&self, guard: GuardId, space: &DecisionSpace) -> String {
        let join = |operands: &[GuardId], word: &str| {
            let all: Vec<String> = operands
                .iter()
                .map(|&operand| match self.get(operand) {
                    Guard::And(_) | Guard::Or(_) => format!("({})", self.words(operand, space)),
                    _ => self.words(operand, space),
                })
                .collect();
            all.join(word)
        };
        match self.get(guard) {
            Guard::Always => "always".to_owned(),
            Guard::Never => "never".to_owned(),
            Guard::Has { decision, option } => {
                let Some(point) = space.point(*decision) else {
                    return "?".to_owned();
                };
                let verb = match point.domain {
                    Domain::One { .. } => "=",
                    Domain::Subset { .. } => "has",
                };
                let option = point.options.get(*option as usize);
                format!(
                    "{} {verb} {}",
                    point.path,
                    option.map_or("?", String::as_str)
                )
            }
            Guard::Not(inner) => format!("not ({})", self.words(*inner, space)),
            Guard::And(operands) => join(operands, " and "),
            Guard::Or(operands) => join(operands, " or "),
        }
    }

    /// All conditions, by [`GuardId::index`]; operands stand before their users.
    pub fn iter(&self) -> impl Iterator<Item = &Guard> {
        self.list.iter()
    }

    /// The decisions that a condition reads, sorted.
    #[must_use]
    pub fn reads(&self, guard: GuardId) -> Vec<DecisionId> {
        let mut found = Vec::new();
        let mut open = vec![guard];
        while let Some(id) = open.pop() {
            match self.get(id) {
                Guard::Always | Guard::Never => {}
                Guard::Has { decision, .. } => found.push(*decision),
                Guard::Not(inner) => open.push(*inner),
                Guard::And(operands) | Guard::Or(operands) => open.extend_from_slice(operands),
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

//! Whether a condition can hold.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use foldhash::fast::FixedState;

use super::bdd::{Bdd, Bdds, TooLarge, Var};
use super::{Declared, GuardId, Guards};
use crate::decision::DecisionId;

/// So many steps may go into the diagram of one condition.
const STEPS: u64 = 1 << 13;

/// Of more nodes, all are forgotten.
const MANY_NODES: usize = 1 << 17;

/// Conditions that read more options than this are searched.
const MANY_OPTIONS: usize = 512;

/// What [`Guards::possible`] remembers. Conditions do not change, so it stays right.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// Only conditions on declared decisions get in.
    answers: HashMap<GuardId, bool, FixedState>,
    bdds: Bdds,
    /// By the options that a condition reads: what was declared of them.
    declared: HashMap<Vec<Var>, Bdd, FixedState>,
}

impl Guards {
    /// Whether some choices make a condition hold; `true` also where
    /// [`Guards::example`] gives up.
    ///
    /// When decisions are active, which options are available and how large sets are
    /// counts as far as it was declared.
    pub fn possible(&mut self, guard: GuardId) -> bool {
        if guard == GuardId::ALWAYS || guard == GuardId::NEVER {
            return guard == GuardId::ALWAYS;
        }
        if let Some(&known) = self.known.answers.get(&guard) {
            return known;
        }
        let literals = self.literals(guard);
        let mut known = std::mem::take(&mut self.known);
        known.bdds.allow(STEPS);
        let found = self.satisfiable(guard, &literals, &mut known);
        self.work += literals.len() as u64 + STEPS - known.bdds.left();
        self.known = known;
        let possible = found.unwrap_or_else(|TooLarge| !matches!(self.example(guard), Ok(None)));
        if literals.iter().all(|(read, _)| self.declared(*read).is_some()) {
            self.known.answers.insert(guard, possible);
        }
        possible
    }

    /// Whether `a` holds only where `b` holds; exact as [`Guards::possible`].
    pub fn implies(&mut self, a: GuardId, b: GuardId) -> bool {
        if self.implies_at_once(a, b) {
            return true;
        }
        let not = self.not(b);
        let both = self.and(a, not);
        !self.possible(both)
    }

    /// [`Guards::possible`] by diagrams.
    fn satisfiable(
        &self,
        guard: GuardId,
        literals: &[Var],
        known: &mut Known,
    ) -> Result<bool, TooLarge> {
        if known.bdds.len() > MANY_NODES {
            known.bdds = Bdds::default();
            known.declared.clear();
            known.bdds.allow(STEPS);
        }
        let declared = match known.declared.get(literals) {
            Some(&declared) => declared,
            None => {
                let declared = self.all_declared(literals, &mut known.bdds)?;
                // What is not declared yet may be later.
                if literals.iter().all(|(read, _)| self.declared(*read).is_some()) {
                    known.declared.insert(literals.to_vec(), declared);
                }
                declared
            }
        };
        let bdd = known.bdds.of(&self.list, guard)?;
        Ok(known.bdds.and(bdd, declared)? != Bdd::FALSE)
    }

    /// What was declared of the decisions that a condition with these literals reads,
    /// and of those that this reads.
    fn all_declared(&self, literals: &[Var], bdds: &mut Bdds) -> Result<Bdd, TooLarge> {
        let mut all = Bdd::TRUE;
        for (&decision, options) in self.closure(literals)?.iter().rev() {
            if let Some(declared) = self.declared(decision) {
                let vars: Vec<Var> = options.iter().map(|&option| (decision, option)).collect();
                let own = self.own(declared, &vars, bdds)?;
                all = bdds.and(own, all)?;
            }
        }
        Ok(all)
    }

    /// The options that these literals read, those that their declarations read, and so
    /// on, by decision.
    fn closure(&self, literals: &[Var]) -> Result<BTreeMap<DecisionId, BTreeSet<u32>>, TooLarge> {
        let mut read: BTreeMap<DecisionId, BTreeSet<u32>> = BTreeMap::new();
        let mut open: Vec<Var> = literals.to_vec();
        let mut n = 0;
        loop {
            while let Some((decision, option)) = open.pop() {
                let known = self.declared(decision);
                let options = read.entry(decision).or_default();
                let is_first = options.is_empty();
                if !options.insert(option) {
                    continue;
                }
                n += 1;
                if n > MANY_OPTIONS {
                    return Err(TooLarge);
                }
                let Some(known) = known else { continue };
                if is_first {
                    open.extend(self.literals(known.active));
                    open.extend(self.literals(known.size));
                }
                if let Some(&available) = known.available.get(option as usize) {
                    open.extend(self.literals(available));
                }
            }
            // Where no other option can always be had, it matters which can.
            for (&decision, options) in &read {
                let Some(Declared {
                    one_of: Some(n),
                    available,
                    ..
                }) = self.declared(decision)
                else {
                    continue;
                };
                if options.len() < *n as usize {
                    let others = || (0..*n).filter(|option| !options.contains(option));
                    let always = |option: u32| {
                        let available = available.get(option as usize);
                        available.is_none_or(|guard| *guard == GuardId::ALWAYS)
                    };
                    if !others().any(always) {
                        open.extend(others().map(|option| (decision, option)));
                    }
                }
            }
            if open.is_empty() {
                return Ok(read);
            }
        }
    }

    /// What was declared of one decision, of which these options are read.
    fn own(&self, declared: &Declared, vars: &[Var], bdds: &mut Bdds) -> Result<Bdd, TooLarge> {
        let chosen = match declared.one_of {
            Some(n) => bdds.one_of(vars, vars.len() == n as usize),
            None => bdds.of(&self.list, declared.size)?,
        };
        let none = bdds.none_of(vars);
        let active = bdds.of(&self.list, declared.active)?;
        let mut own = bdds.choose(active, chosen, none)?;
        for &(decision, option) in vars {
            let available = declared.available.get(option as usize);
            let available = available.copied().unwrap_or(GuardId::ALWAYS);
            if available != GuardId::ALWAYS {
                let has = bdds.node((decision, option), Bdd::TRUE, Bdd::FALSE);
                let available = bdds.of(&self.list, available)?;
                let only_then = bdds.implies(has, available)?;
                own = bdds.and(own, only_then)?;
            }
        }
        Ok(own)
    }
}

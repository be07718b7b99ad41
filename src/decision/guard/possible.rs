//! Whether a condition can hold.
//!
//! A disjunction can hold where one of its operands can, and a conjunction where all
//! of its operands can that have to do with each other. What is left is read off a
//! decision diagram; where that is too large, [`Guards::example`] searches.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use foldhash::fast::FixedState;
use petgraph::unionfind::UnionFind;

use super::bdd::{Bdd, Bdds, TooLarge, Var};
use super::{Declared, Guard, GuardId, Guards};
use crate::decision::DecisionId;

/// So many steps may go into the diagram of one condition.
const STEPS: u64 = 1 << 12;

/// Of more nodes and options, all are forgotten.
const MANY_NODES: usize = 1 << 17;

/// Conditions that read more options than this are searched.
const MANY_OPTIONS: usize = 512;

/// What [`Guards::possible`] remembers: conditions do not change.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// Whether conditions can hold together.
    answers: HashMap<Box<[GuardId]>, bool, FixedState>,
    /// What conditions read, and how much that is.
    closures: HashMap<GuardId, Arc<[Var]>, FixedState>,
    n_read: usize,
    bdds: Bdds,
    /// By options: what was declared of them.
    declared: HashMap<Box<[Var]>, Bdd, FixedState>,
    /// Whether some were read before they were declared.
    undeclared: bool,
}

impl Known {
    /// Forgets what a declaration makes wrong.
    pub(super) fn declare(&mut self, again: bool) {
        if again || self.undeclared {
            *self = Self::default();
        }
    }
}

impl Guards {
    /// Whether some choices make a condition hold; `true` also where
    /// [`Guards::example`] gives up.
    ///
    /// When decisions are active, which options are available and how large sets are
    /// counts as far as it was declared.
    pub fn possible(&mut self, guard: GuardId) -> bool {
        self.together(&[guard])
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

    /// Whether several conditions can hold together.
    fn together(&mut self, guards: &[GuardId]) -> bool {
        if let Some(&known) = self.known.answers.get(guards) {
            return known;
        }
        let found = match guards {
            [one] => match self.get(*one).clone() {
                Guard::Always => Ok(true),
                Guard::Never => Ok(false),
                Guard::Or(operands) => Ok(operands.iter().any(|&guard| self.possible(guard))),
                Guard::And(operands) => self
                    .apart(&operands)
                    .map(|groups| groups.iter().all(|group| self.together(group))),
                _ => self.by_diagram(guards),
            },
            _ => self.by_diagram(guards),
        };
        let possible = found.unwrap_or_else(|TooLarge| {
            let all = self.all(guards.iter().copied());
            !matches!(self.example(all), Ok(None))
        });
        self.known.answers.insert(guards.into(), possible);
        possible
    }

    /// The options that a condition reads, and those that count for their decisions,
    /// sorted: what says when these are active, and which options are available.
    fn closure(&mut self, guard: GuardId) -> Result<Arc<[Var]>, TooLarge> {
        if let Some(known) = self.known.closures.get(&guard) {
            return Ok(Arc::clone(known));
        }
        let mut read: BTreeSet<Var> = BTreeSet::new();
        let mut open = self.literals(guard);
        while let Some(var) = open.pop() {
            let (decision, option) = var;
            let mut options = read.range((decision, 0)..=(decision, u32::MAX));
            let is_first = options.next().is_none();
            if !read.insert(var) {
                continue;
            }
            if read.len() > MANY_OPTIONS {
                return Err(TooLarge);
            }
            let Some(declared) = self.declared(decision) else {
                self.known.undeclared = true;
                continue;
            };
            let available = |option: u32| {
                let available = declared.available.get(option as usize).copied();
                available.filter(|guard| *guard != GuardId::ALWAYS)
            };
            if is_first {
                open.extend(self.literals(declared.active));
                open.extend(self.literals(declared.size));
                let n = declared.available.len() as u32;
                let conditional = (0..n).filter(|&option| available(option).is_some());
                open.extend(conditional.map(|option| (decision, option)));
            }
            if let Some(available) = available(option) {
                open.extend(self.literals(available));
            }
        }
        self.work += read.len() as u64;
        let read: Arc<[Var]> = read.into_iter().collect();
        self.known.n_read += read.len();
        self.known.closures.insert(guard, Arc::clone(&read));
        Ok(read)
    }

    /// Conditions in groups of which each reads decisions of its own.
    fn apart(&mut self, guards: &[GuardId]) -> Result<Vec<Vec<GuardId>>, TooLarge> {
        let mut union = UnionFind::new(guards.len());
        let mut readers: HashMap<DecisionId, usize, FixedState> = HashMap::default();
        for (place, &guard) in guards.iter().enumerate() {
            for &(decision, _) in &*self.closure(guard)? {
                let first = *readers.entry(decision).or_insert(place);
                union.union(first, place);
            }
        }
        let mut groups: BTreeMap<usize, Vec<GuardId>> = BTreeMap::new();
        for (place, &guard) in guards.iter().enumerate() {
            groups.entry(union.find(place)).or_default().push(guard);
        }
        Ok(groups.into_values().collect())
    }

    /// [`Guards::together`] by a diagram.
    fn by_diagram(&mut self, guards: &[GuardId]) -> Result<bool, TooLarge> {
        let mut reads: Vec<Var> = Vec::new();
        for &guard in guards {
            reads.extend(&*self.closure(guard)?);
        }
        reads.sort_unstable();
        reads.dedup();
        let mut known = std::mem::take(&mut self.known);
        if known.bdds.len() + known.n_read > MANY_NODES {
            known = Known {
                answers: known.answers,
                undeclared: known.undeclared,
                ..Known::default()
            };
        }
        known.bdds.allow(STEPS);
        let found = self.satisfiable(guards, reads, &mut known);
        self.work += STEPS - known.bdds.left();
        self.known = known;
        found
    }

    fn satisfiable(
        &self,
        guards: &[GuardId],
        reads: Vec<Var>,
        known: &mut Known,
    ) -> Result<bool, TooLarge> {
        let mut all = match known.declared.get(reads.as_slice()) {
            Some(&declared) => declared,
            None => {
                let declared = self.all_declared(&reads, &mut known.bdds)?;
                known.declared.insert(reads.into(), declared);
                declared
            }
        };
        for &guard in guards {
            let guard = known.bdds.of(&self.list, guard)?;
            all = known.bdds.and(guard, all)?;
        }
        Ok(all != Bdd::FALSE)
    }

    /// What was declared of the decisions with these options.
    fn all_declared(&self, reads: &[Var], bdds: &mut Bdds) -> Result<Bdd, TooLarge> {
        let mut all = Bdd::TRUE;
        for options in reads.chunk_by(|a, b| a.0 == b.0).rev() {
            let declared = options.first().and_then(|(read, _)| self.declared(*read));
            if let Some(declared) = declared {
                let own = self.own(declared, options, bdds)?;
                all = bdds.and(own, all)?;
            }
        }
        Ok(all)
    }

    /// What was declared of one decision, of which these options are read.
    fn own(&self, declared: &Declared, vars: &[Var], bdds: &mut Bdds) -> Result<Bdd, TooLarge> {
        let chosen = match declared.one_of {
            // An option that is not read is always available.
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

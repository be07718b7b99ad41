//! Whether a condition can hold.
//!
//! A disjunction can hold where one of its operands can, and a conjunction where all
//! of its operands can that have to do with each other. What is left is read off a
//! decision diagram; where that is too large, [`Guards::example`] searches.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use foldhash::fast::FixedState;
use indexmap::IndexSet;
use petgraph::unionfind::UnionFind;

use super::bdd::{Bdd, Bdds, TooLarge, Var};
use super::{Declared, Guard, GuardId, Guards};
use crate::decision::{DecisionId, Domain};

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

impl Declared {
    /// The condition under which an option is available, if it is not always.
    fn available(&self, option: u32) -> Option<GuardId> {
        let available = self.available.get(option as usize).copied();
        available.filter(|guard| *guard != GuardId::ALWAYS)
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

    /// What [`Guards::complete`] makes of what a condition reads.
    fn closure(&mut self, guard: GuardId) -> Result<Arc<[Var]>, TooLarge> {
        if let Some(known) = self.known.closures.get(&guard) {
            return Ok(Arc::clone(known));
        }
        let read: Arc<[Var]> = self.complete(self.literals(guard))?.into();
        self.known.n_read += read.len();
        self.known.closures.insert(guard, Arc::clone(&read));
        Ok(read)
    }

    /// Options, and those that count for their decisions, sorted: what says when these
    /// are active, options that are not always available with what says when they are,
    /// and all where the size of a set matters.
    fn complete(&mut self, options: Vec<Var>) -> Result<Vec<Var>, TooLarge> {
        let mut read: IndexSet<Var, FixedState> = options.into_iter().collect();
        let mut counts: HashMap<DecisionId, u32, FixedState> = HashMap::default();
        let mut next = 0;
        while let Some(&(decision, option)) = read.get_index(next) {
            next += 1;
            if next > MANY_OPTIONS {
                return Err(TooLarge);
            }
            let Some(declared) = self.declared(decision) else {
                self.known.undeclared = true;
                continue;
            };
            let count = counts.entry(decision).or_default();
            *count += 1;
            if *count == 1 {
                read.extend(self.literals(declared.active));
                let n = declared.available.len() as u32;
                let conditional = (0..n).filter(|&option| declared.available(option).is_some());
                read.extend(conditional.map(|option| (decision, option)));
            }
            if let Some(available) = declared.available(option) {
                read.extend(self.literals(available));
            }
            if let Domain::Subset { n, min, max } = declared.domain
                && (*count > max || n - *count < min)
            {
                read.extend((0..n).map(|option| (decision, option)));
            }
        }
        self.work += next as u64;
        let mut read: Vec<Var> = read.into_iter().collect();
        read.sort_unstable();
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
        let reads = match guards {
            [one] => self.closure(*one)?.to_vec(),
            _ => {
                let mut reads: Vec<Var> = Vec::new();
                for &guard in guards {
                    reads.extend(&*self.closure(guard)?);
                }
                self.complete(reads)?
            }
        };
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
        // An option that is not read is always available.
        let all_read = vars.len() == declared.domain.options() as usize;
        let chosen = match declared.domain {
            Domain::One { .. } => bdds.one_of(vars, all_read),
            Domain::Subset { .. } if all_read => bdds.of(&self.list, declared.size)?,
            Domain::Subset { .. } => Bdd::TRUE,
        };
        let none = bdds.none_of(vars);
        let active = bdds.of(&self.list, declared.active)?;
        let mut own = bdds.choose(active, chosen, none)?;
        for &(decision, option) in vars {
            if let Some(available) = declared.available(option) {
                let has = bdds.node((decision, option), Bdd::TRUE, Bdd::FALSE);
                let available = bdds.of(&self.list, available)?;
                let only_then = bdds.implies(has, available)?;
                own = bdds.and(own, only_then)?;
            }
        }
        Ok(own)
    }
}

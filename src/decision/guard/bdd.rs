//! Binary decision diagrams of conditions (Bryant 1986): reduced and ordered, so that
//! equal conditions are one node, and one that cannot hold is [`Bdd::FALSE`].
//!
//! A variable is "the decision has the option"; they stand in program order. What
//! was computed once is remembered for as long as the diagrams live: conditions of a
//! program grow out of each other, and so do their diagrams.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::{Guard, GuardId};
use crate::decision::DecisionId;

/// A condition's diagram, by the place of its root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Bdd(u32);

impl Bdd {
    pub(super) const FALSE: Self = Self(0);
    pub(super) const TRUE: Self = Self(1);
}

/// The decision has the option.
pub(super) type Var = (DecisionId, u32);

/// A diagram would be too large.
#[derive(Clone, Copy, Debug)]
pub(super) struct TooLarge;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Node {
    var: Var,
    /// What is left where the decision has the option, and where it has it not.
    with: Bdd,
    without: Bdd,
}

type Memory<K> = HashMap<K, Bdd, FixedState>;

/// Diagrams that share their nodes.
#[derive(Clone, Debug, Default)]
pub(super) struct Bdds {
    /// All nodes but the two constants.
    nodes: Vec<Node>,
    unique: Memory<Node>,
    choices: Memory<(Bdd, Bdd, Bdd)>,
    conditions: Memory<GuardId>,
    /// So many steps may still be taken.
    left: u64,
}

impl Bdds {
    /// Says how many steps may be taken from now on.
    pub(super) fn allow(&mut self, steps: u64) {
        self.left = steps;
    }

    /// How many of them are left.
    pub(super) fn left(&self) -> u64 {
        self.left
    }

    /// How many nodes there are.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    fn get(&self, bdd: Bdd) -> Option<&Node> {
        self.nodes.get((bdd.0 as usize).checked_sub(2)?)
    }

    /// `with` where a variable holds, otherwise `without`; both read later variables.
    pub(super) fn node(&mut self, var: Var, with: Bdd, without: Bdd) -> Bdd {
        if with == without {
            return with;
        }
        let node = Node { var, with, without };
        let next = Bdd(self.nodes.len() as u32 + 2);
        let known = *self.unique.entry(node).or_insert(next);
        if known == next {
            self.nodes.push(node);
        }
        known
    }

    /// `then` where `test` holds, otherwise `other`.
    pub(super) fn choose(&mut self, test: Bdd, then: Bdd, other: Bdd) -> Result<Bdd, TooLarge> {
        match (test, then, other) {
            (Bdd::TRUE, _, _) => return Ok(then),
            (Bdd::FALSE, _, _) => return Ok(other),
            (_, Bdd::TRUE, Bdd::FALSE) => return Ok(test),
            _ if then == other => return Ok(then),
            _ => {}
        }
        let key = (test, then, other);
        if let Some(&known) = self.choices.get(&key) {
            return Ok(known);
        }
        self.left = self.left.checked_sub(1).ok_or(TooLarge)?;
        let nodes = [test, then, other].map(|bdd| (bdd, self.get(bdd).copied()));
        let vars = nodes
            .iter()
            .filter_map(|(_, node)| node.map(|node| node.var));
        let Some(var) = vars.min() else {
            return Ok(then);
        };
        let split = nodes.map(|(bdd, node)| match node {
            Some(node) if node.var == var => (node.with, node.without),
            _ => (bdd, bdd),
        });
        let [test, then, other] = split;
        let with = self.choose(test.0, then.0, other.0)?;
        let without = self.choose(test.1, then.1, other.1)?;
        let made = self.node(var, with, without);
        self.choices.insert(key, made);
        Ok(made)
    }

    pub(super) fn and(&mut self, a: Bdd, b: Bdd) -> Result<Bdd, TooLarge> {
        self.choose(a, b, Bdd::FALSE)
    }

    pub(super) fn implies(&mut self, a: Bdd, b: Bdd) -> Result<Bdd, TooLarge> {
        self.choose(a, b, Bdd::TRUE)
    }

    /// The diagram of a condition among all that there are.
    pub(super) fn of(&mut self, list: &[Guard], guard: GuardId) -> Result<Bdd, TooLarge> {
        if let Some(&known) = self.conditions.get(&guard) {
            return Ok(known);
        }
        let found = match list.get(guard.index()).unwrap_or(&Guard::Never) {
            Guard::Always => Bdd::TRUE,
            Guard::Never => Bdd::FALSE,
            Guard::Has { decision, option } => {
                self.node((*decision, *option), Bdd::TRUE, Bdd::FALSE)
            }
            Guard::Not(inner) => {
                let inner = self.of(list, *inner)?;
                self.choose(inner, Bdd::FALSE, Bdd::TRUE)?
            }
            // The last first: it reads the latest variables, and stands below.
            Guard::And(operands) => {
                let mut all = Bdd::TRUE;
                for &operand in operands.iter().rev() {
                    let operand = self.of(list, operand)?;
                    all = self.choose(operand, all, Bdd::FALSE)?;
                }
                all
            }
            Guard::Or(operands) => {
                let mut any = Bdd::FALSE;
                for &operand in operands.iter().rev() {
                    let operand = self.of(list, operand)?;
                    any = self.choose(operand, Bdd::TRUE, any)?;
                }
                any
            }
            Guard::AtMost { terms, bound } => {
                let mut parts = Vec::with_capacity(terms.len());
                let mut rest = 0u64;
                for &(term, weight) in terms.iter().rev() {
                    rest = rest.saturating_add(weight);
                    parts.push((self.of(list, term)?, weight, rest));
                }
                self.at_most(&parts, *bound, &mut HashMap::default())?
            }
        };
        self.conditions.insert(guard, found);
        Ok(found)
    }

    /// That the weights of the terms which hold sum to at most the bound. Each term
    /// has its weight, and what the terms up to it weigh together; the last comes
    /// first.
    fn at_most(
        &mut self,
        terms: &[(Bdd, u64, u64)],
        bound: u64,
        memory: &mut Memory<(usize, u64)>,
    ) -> Result<Bdd, TooLarge> {
        let Some((&(term, weight, all), rest)) = terms.split_last() else {
            return Ok(Bdd::TRUE);
        };
        if all <= bound {
            return Ok(Bdd::TRUE);
        }
        let key = (terms.len(), bound);
        if let Some(&known) = memory.get(&key) {
            return Ok(known);
        }
        self.left = self.left.checked_sub(1).ok_or(TooLarge)?;
        let with = match bound.checked_sub(weight) {
            Some(bound) => self.at_most(rest, bound, memory)?,
            None => Bdd::FALSE,
        };
        let without = self.at_most(rest, bound, memory)?;
        let made = self.choose(term, with, without)?;
        memory.insert(key, made);
        Ok(made)
    }

    /// That exactly one of several variables holds, or at most one; they are sorted.
    pub(super) fn one_of(&mut self, vars: &[Var], at_least: bool) -> Bdd {
        let (mut none, mut one) = (Bdd::TRUE, if at_least { Bdd::FALSE } else { Bdd::TRUE });
        for &var in vars.iter().rev() {
            one = self.node(var, none, one);
            none = self.node(var, Bdd::FALSE, none);
        }
        one
    }

    /// That none of several variables holds; they are sorted.
    pub(super) fn none_of(&mut self, vars: &[Var]) -> Bdd {
        vars.iter()
            .rev()
            .fold(Bdd::TRUE, |none, &var| self.node(var, Bdd::FALSE, none))
    }
}

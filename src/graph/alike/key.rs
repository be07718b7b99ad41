//! What the rest of a search depends on.
//!
//! Of a decision of which some options are open, only these count, and of each what it
//! would make read what. So two decisions may exchange their names: in a recurrent cell
//! it does not count which node reads a node of the network, if both may read what is
//! left. Where a condition reads several decisions at once, they are called by what
//! their options do, or by their names where that does not tell them apart.

use std::collections::{BTreeMap, BTreeSet};

use num_bigint::BigUint;

use super::search::Search;
use crate::decision::{DecisionId, Domain, Guard, GuardId};
use crate::graph::canonical::mix;

/// A hash of 128 bits.
#[derive(Clone, Copy)]
struct Hash(u64, u64);

impl Hash {
    fn new(kind: u64) -> Self {
        Self(mix(1, kind), mix(2, kind))
    }

    fn add(&mut self, word: u64) {
        self.0 = mix(self.0, word);
        self.1 = mix(self.1, word ^ self.0.rotate_left(32));
    }

    fn add_all(&mut self, words: &[u128]) {
        self.add(words.len() as u64);
        for &word in words {
            self.add(word as u64);
            self.add((word >> 64) as u64);
        }
    }

    fn end(self) -> u128 {
        (u128::from(self.0) << 64) | u128::from(self.1)
    }
}

type Literal = (DecisionId, u32);

/// What the open options of decisions do.
#[derive(Default)]
struct Doing {
    /// By literal: the uses of which it is the condition, in hashes.
    alone: BTreeMap<Literal, Vec<u128>>,
    /// Conditions of several literals, each with its use.
    joint: Vec<(u128, GuardId)>,
    /// Decisions that go by their names.
    named: BTreeSet<DecisionId>,
    /// By literal: what it is called in conditions of several.
    names: BTreeMap<Literal, u128>,
}

impl Search<'_> {
    /// What the rest of the search at a spot depends on, and how many choices there are
    /// for all decisions that it does not depend on. `None` where conditions on
    /// decisions couple all.
    pub(super) fn key(&self, place: usize) -> Option<(u128, BigUint)> {
        let of = self.of;
        let spot = of.spots.list.get(place)?;
        if !of.is_free || !of.spots.has_live || spot.live.is_empty() {
            return None;
        }
        let mut doing = Doing::default();
        let mut certain: Vec<u128> = Vec::new();
        for &(later, k) in &spot.live {
            let one = of.spots.list.get(later)?.uses.get(k)?;
            let Some(reader) = self.node_at(one.reader) else {
                continue;
            };
            let truth = self.assumptions.truth(one.guard);
            if truth == Some(false) {
                continue;
            }
            let mut hash = Hash::new(3);
            hash.add(later as u64);
            hash.add(reader as u64);
            hash.add(one.slot);
            if self.is_loose(one.reader) {
                // Between which places it would be.
                let slots = self.slots(one.reader);
                let before = slots.iter().filter(|(slot, _)| *slot < one.slot);
                let after = slots.iter().filter(|(slot, _)| *slot > one.slot);
                hash.add(before.map(|(_, at)| at + 1).max().unwrap_or(0));
                hash.add(after.map(|(_, at)| *at).min().unwrap_or(u64::MAX));
            }
            let hash = hash.end();
            match (truth, of.space.guards.get(one.guard)) {
                (Some(_), _) => certain.push(hash),
                (None, Guard::Has { decision, option }) => {
                    let known = doing.alone.entry((*decision, *option)).or_default();
                    known.push(hash);
                }
                (None, _) => {
                    doing.joint.push((hash, one.guard));
                    let unknown = one.literals.iter().copied();
                    let unknown = unknown.filter(|&(id, o)| self.is_unknown(id, o));
                    doing.named.extend(unknown.map(|(id, _)| id));
                }
            }
        }
        let mut unsettled: Vec<(GuardId, bool)> = self.assumptions.unsettled().collect();
        unsettled.sort_unstable();
        unsettled.dedup();
        let reads = unsettled
            .iter()
            .flat_map(|(g, _)| of.space.guards.reads(*g));
        let reads: Vec<DecisionId> = reads.collect();
        self.name(&mut doing);
        doing.named.extend(reads);
        // What later spots read goes by its name, if anything is known of it.
        let needed = |id: DecisionId| of.spots.is_needed_from(place, id);
        let alone = doing.alone.keys().map(|(id, _)| *id);
        let alone: Vec<DecisionId> = alone.filter(|&id| needed(id)).collect();
        doing.named.extend(alone);
        let ids = of.space.iter().map(|(id, _)| id);
        let ids = ids.filter(|&id| needed(id) && self.assumptions.is_touched(id));
        doing.named.extend(ids);

        let mut hash = Hash::new(4);
        hash.add(place as u64);
        for chunk in self.spot_of.chunks(64) {
            let bits = chunk.iter().enumerate();
            hash.add(bits.fold(0, |all, (k, spot)| all | (u64::from(spot.is_some()) << k)));
        }
        certain.sort_unstable();
        hash.add_all(&certain);
        for (guard, holds) in unsettled {
            hash.add(guard.index() as u64);
            hash.add(u64::from(holds));
        }
        let mut descriptors: Vec<u128> = Vec::new();
        let mut decisions: BTreeSet<DecisionId> = doing.named.clone();
        decisions.extend(doing.alone.keys().map(|(id, _)| *id));
        for &id in &decisions {
            descriptors.push(self.describe(id, &doing));
        }
        descriptors.sort_unstable();
        hash.add_all(&descriptors);
        let joint = std::mem::take(&mut doing.joint).into_iter();
        let mut joint: Vec<u128> = joint
            .map(|(one, guard)| {
                let mut hash = Hash::new(5);
                hash.add_all(&[one, self.condition(guard, &doing)]);
                hash.end()
            })
            .collect();
        joint.sort_unstable();
        hash.add_all(&joint);
        let rest = of.space.iter();
        let rest = rest.filter(|(id, _)| !decisions.contains(id) && !needed(*id));
        let rest = rest.map(|(id, _)| self.assumptions.ways(id)).product();
        Some((hash.end(), rest))
    }

    fn is_unknown(&self, decision: DecisionId, option: u32) -> bool {
        self.assumptions.literal(decision, option).is_none()
    }

    /// Leaves those decisions of conditions of several their names that are not told apart
    /// by what they do, and names the options of the others.
    fn name(&self, doing: &mut Doing) {
        if doing.joint.is_empty() {
            return;
        }
        let coupled = std::mem::take(&mut doing.named);
        let mut of_name: BTreeMap<u128, Vec<Literal>> = BTreeMap::new();
        for &literal in doing.alone.keys() {
            let what = self.describe(literal.0, doing);
            let mut hash = Hash::new(6);
            let own = doing.alone.get(&literal).cloned().unwrap_or_default();
            hash.add_all(&[what]);
            hash.add_all(&sorted(own));
            of_name.entry(hash.end()).or_default().push(literal);
        }
        for (name, literals) in of_name {
            match literals[..] {
                [literal] => {
                    doing.names.insert(literal, name);
                }
                _ => doing.named.extend(literals.iter().map(|(id, _)| *id)),
            }
        }
        // Options that do nothing alone have no name.
        for (_, guard) in &doing.joint {
            for (id, option) in self.of.space.guards.literals(*guard) {
                if self.is_unknown(id, option) && !doing.alone.contains_key(&(id, option)) {
                    doing.named.insert(id);
                }
            }
        }
        doing.named.retain(|id| coupled.contains(id));
    }

    /// A decision by what its options do, or by its name.
    fn describe(&self, id: DecisionId, doing: &Doing) -> u128 {
        let mut hash = Hash::new(7);
        let of_decision = doing.alone.range((id, 0)..=(id, u32::MAX));
        if doing.named.contains(&id) {
            hash.add(1 + id.index() as u64);
            let point = self.of.space.point(id);
            for option in 0..point.map_or(0, |point| point.domain.options()) {
                hash.add(match self.assumptions.literal(id, option) {
                    Some(true) => 1,
                    Some(false) => 0,
                    None => 2,
                });
            }
            for (&(_, option), uses) in of_decision {
                hash.add(u64::from(option));
                hash.add_all(&sorted(uses.clone()));
            }
            return hash.end();
        }
        hash.add(0);
        let rest = match self.assumptions.rest(id) {
            None => [0; 4],
            Some(Domain::One { n }) => [1, n, 0, 0],
            Some(Domain::Subset { n, min, max }) => [2, n, min, max],
        };
        for word in rest {
            hash.add(u64::from(word));
        }
        let mut options: Vec<u128> = of_decision
            .map(|(_, uses)| {
                let mut hash = Hash::new(8);
                hash.add_all(&sorted(uses.clone()));
                hash.end()
            })
            .collect();
        options.sort_unstable();
        hash.add_all(&options);
        hash.end()
    }

    /// A condition as far as it is open, with its options by their names.
    fn condition(&self, guard: GuardId, doing: &Doing) -> u128 {
        let mut hash = Hash::new(9);
        if let Some(truth) = self.assumptions.truth(guard) {
            hash.add(u64::from(truth));
            return hash.end();
        }
        let all = |of: &[GuardId]| -> Vec<u128> {
            let unknown = of.iter().filter(|&&g| self.assumptions.truth(g).is_none());
            sorted(unknown.map(|&g| self.condition(g, doing)).collect())
        };
        match self.of.space.guards.get(guard) {
            Guard::Always | Guard::Never => {}
            Guard::Has { decision, option } => {
                let name = doing.names.get(&(*decision, *option));
                match name.filter(|_| !doing.named.contains(decision)) {
                    Some(&name) => {
                        hash.add(2);
                        hash.add_all(&[name]);
                    }
                    None => {
                        hash.add(3);
                        hash.add(decision.index() as u64);
                        hash.add(u64::from(*option));
                    }
                }
            }
            Guard::Not(inner) => {
                hash.add(4);
                hash.add_all(&[self.condition(*inner, doing)]);
            }
            Guard::And(operands) => {
                hash.add(5);
                hash.add_all(&all(operands));
            }
            Guard::Or(operands) => {
                hash.add(6);
                hash.add_all(&all(operands));
            }
            Guard::AtMost { terms, bound } => {
                hash.add(7);
                let holds = |g: GuardId| self.assumptions.truth(g) == Some(true);
                let held = terms.iter().filter(|(g, _)| holds(*g));
                hash.add(bound - held.map(|(_, weight)| weight).sum::<u64>());
                let open = terms
                    .iter()
                    .filter(|(g, _)| self.assumptions.truth(*g).is_none());
                let open = open.map(|&(g, weight)| {
                    let mut hash = Hash::new(10);
                    hash.add(weight);
                    hash.add_all(&[self.condition(g, doing)]);
                    hash.end()
                });
                hash.add_all(&sorted(open.collect()));
            }
        }
        hash.end()
    }
}

fn sorted(mut words: Vec<u128>) -> Vec<u128> {
    words.sort_unstable();
    words
}

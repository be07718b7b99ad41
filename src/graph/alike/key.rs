//! What the rest of a search depends on.
//!
//! Of a decision of which some options are open, only these count, and of each what it
//! would make read what. So two decisions may exchange their names: in a recurrent cell
//! it does not count which node reads a node of the network, if both may read what is
//! left. Where a condition reads several decisions at once, they are called by what
//! their options do, or by their names where that does not tell them apart.

use num_bigint::BigUint;

use super::search::Search;
use super::spots::Use;
use crate::decision::{DecisionId, Domain, Guard, GuardId};

/// A hash of 128 bits of words in order.
#[derive(Clone, Copy)]
struct Hash(u64, u64);

impl Hash {
    fn new(kind: u64) -> Self {
        let mut hash = Self(0x9e37_79b9_7f4a_7c15, 0xc2b2_ae3d_27d4_eb4f);
        hash.add(kind);
        hash
    }

    /// Two products of 128 bits, each folded; this is where the time of a search goes.
    fn add(&mut self, word: u64) {
        let folded = |a: u64, b: u64| {
            let product = u128::from(a) * u128::from(b);
            (product as u64) ^ (product >> 64) as u64
        };
        self.0 = folded(self.0 ^ word, 0xa076_1d64_78bd_642f);
        self.1 = folded(self.1.wrapping_add(word), 0xe703_7ed1_a0b4_28db);
    }

    fn add_hash(&mut self, hash: u128) {
        self.add(hash as u64);
        self.add((hash >> 64) as u64);
    }

    fn end(self) -> u128 {
        (u128::from(self.0) << 64) | u128::from(self.1)
    }
}

/// The hash of several hashes in whatever order.
fn together(hashes: impl Iterator<Item = u128>) -> u128 {
    hashes.fold(0, u128::wrapping_add)
}

/// What the open options of decisions do.
struct Doing<'a> {
    /// By literal: the uses of which it is the condition; 0 if there are none.
    alone: Vec<u128>,
    /// Conditions of several literals, each with its use.
    joint: Vec<(u128, &'a Use)>,
    /// By decision: whether it goes by its name.
    is_named: Vec<bool>,
    /// By literal: what it is called in conditions of several, if it is not by its name.
    names: Vec<Option<u128>>,
}

impl Doing<'_> {
    fn is_named(&self, decision: DecisionId) -> bool {
        self.is_named.get(decision.index()) == Some(&true)
    }

    fn name(&mut self, decision: DecisionId) {
        if let Some(slot) = self.is_named.get_mut(decision.index()) {
            *slot = true;
        }
    }
}

impl<'a> Search<'a> {
    /// What the rest of the search at a spot depends on, and how many choices there are
    /// for all decisions that it does not depend on. `None` where conditions on
    /// decisions couple all.
    pub(super) fn key(&self, place: usize) -> Option<(u128, BigUint)> {
        let of = self.of;
        let spot = of.spots.list.get(place)?;
        if !of.is_free || !of.spots.has_live || spot.live.is_empty() {
            return None;
        }
        let literals = self.assumptions.literals();
        let mut doing = Doing {
            alone: vec![0; literals],
            joint: Vec::new(),
            is_named: vec![false; of.space.points.len()],
            names: Vec::new(),
        };
        let mut certain = 0u128;
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
                (Some(_), _) => certain = certain.wrapping_add(hash),
                (None, Guard::Has { decision, option }) => {
                    let literal = self.assumptions.place(*decision, *option)?;
                    let known = doing.alone.get_mut(literal)?;
                    *known = known.wrapping_add(hash);
                }
                (None, _) => {
                    doing.joint.push((hash, one));
                    for &(id, option) in &one.literals {
                        if self.is_unknown(id, option) {
                            doing.name(id);
                        }
                    }
                }
            }
        }
        let mut unsettled: Vec<(GuardId, bool)> = self.assumptions.unsettled().collect();
        unsettled.sort_unstable();
        unsettled.dedup();
        self.name(&mut doing);
        for &(guard, _) in &unsettled {
            for id in of.space.guards.reads(guard) {
                doing.name(id);
            }
        }

        let mut hash = Hash::new(4);
        hash.add(place as u64);
        for chunk in self.spot_of.chunks(64) {
            let bits = chunk.iter().enumerate();
            hash.add(bits.fold(0, |all, (k, spot)| all | (u64::from(spot.is_some()) << k)));
        }
        hash.add_hash(certain);
        for (guard, holds) in unsettled {
            hash.add(guard.index() as u64);
            hash.add(u64::from(holds));
        }
        let mut decisions = 0u128;
        let mut rest = Product::default();
        for (id, _) in of.space.iter() {
            let is_needed = of.spots.is_needed_from(place, id);
            let does = self.alone(id, &doing).any(|uses| uses != 0);
            // What later spots read goes by its name, if anything is known of it.
            if is_needed && (does || self.assumptions.is_touched(id)) {
                doing.name(id);
            }
            if does || doing.is_named(id) {
                decisions = decisions.wrapping_add(self.describe(id, &doing));
            } else if !is_needed {
                rest.multiply(self.assumptions.rest(id));
            }
        }
        hash.add_hash(decisions);
        let joint = doing.joint.iter().map(|(what, one)| {
            let mut hash = Hash::new(5);
            hash.add_hash(*what);
            hash.add_hash(self.condition(one.guard, &doing));
            hash.end()
        });
        hash.add_hash(together(joint));
        Some((hash.end(), rest.end()))
    }

    fn is_unknown(&self, decision: DecisionId, option: u32) -> bool {
        self.assumptions.literal(decision, option).is_none()
    }

    /// By option of a decision: the uses of which it is the condition.
    fn alone<'d>(&self, id: DecisionId, doing: &'d Doing) -> impl Iterator<Item = u128> + 'd {
        let own = self.assumptions.places(id);
        doing.alone.get(own).into_iter().flatten().copied()
    }

    /// Leaves those decisions of conditions of several their names that are not told apart
    /// by what they do, and names the options of the others.
    fn name(&self, doing: &mut Doing<'a>) {
        if doing.joint.is_empty() {
            return;
        }
        let n = doing.is_named.len();
        let coupled = std::mem::replace(&mut doing.is_named, vec![false; n]);
        doing.names = vec![None; doing.alone.len()];
        let mut named: Vec<(u128, DecisionId, usize)> = Vec::new();
        for (id, _) in self.of.space.iter() {
            if coupled.get(id.index()) != Some(&true) {
                continue;
            }
            let what = self.describe(id, doing);
            for (literal, uses) in self.assumptions.places(id).zip(self.alone(id, doing)) {
                if uses != 0 {
                    let mut hash = Hash::new(6);
                    hash.add_hash(what);
                    hash.add_hash(uses);
                    named.push((hash.end(), id, literal));
                }
            }
        }
        named.sort_unstable();
        for same in named.chunk_by(|a, b| a.0 == b.0) {
            match *same {
                [(name, _, literal)] => {
                    if let Some(slot) = doing.names.get_mut(literal) {
                        *slot = Some(name);
                    }
                }
                _ => same.iter().for_each(|&(_, id, _)| doing.name(id)),
            }
        }
        // Options that do nothing alone have no name.
        let joint = std::mem::take(&mut doing.joint);
        for &(id, option) in joint.iter().flat_map(|(_, one)| &one.literals) {
            let place = self.assumptions.place(id, option);
            let uses = place.and_then(|place| doing.alone.get(place));
            if self.is_unknown(id, option) && uses.is_none_or(|uses| *uses == 0) {
                doing.name(id);
            }
        }
        doing.joint = joint;
    }

    /// A decision by what its options do, or by its name.
    fn describe(&self, id: DecisionId, doing: &Doing) -> u128 {
        let mut hash = Hash::new(7);
        let uses = (0u32..).zip(self.alone(id, doing));
        let uses = uses.filter(|(_, uses)| *uses != 0);
        if doing.is_named(id) {
            hash.add(1 + id.index() as u64);
            let point = self.of.space.point(id);
            for option in 0..point.map_or(0, |point| point.domain.options()) {
                hash.add(match self.assumptions.literal(id, option) {
                    Some(true) => 1,
                    Some(false) => 0,
                    None => 2,
                });
            }
            for (option, uses) in uses {
                hash.add(u64::from(option));
                hash.add_hash(uses);
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
        hash.add_hash(together(uses.map(|(_, uses)| {
            let mut hash = Hash::new(8);
            hash.add_hash(uses);
            hash.end()
        })));
        hash.end()
    }

    /// A condition as far as it is open, with its options by their names.
    fn condition(&self, guard: GuardId, doing: &Doing) -> u128 {
        let mut hash = Hash::new(9);
        if let Some(truth) = self.assumptions.truth(guard) {
            hash.add(u64::from(truth));
            return hash.end();
        }
        let all = |of: &[GuardId]| -> u128 {
            let unknown = of.iter().filter(|&&g| self.assumptions.truth(g).is_none());
            together(unknown.map(|&g| self.condition(g, doing)))
        };
        match self.of.space.guards.get(guard) {
            Guard::Always | Guard::Never => {}
            Guard::Has { decision, option } => {
                let place = self.assumptions.place(*decision, *option);
                let name = place.and_then(|place| doing.names.get(place).copied().flatten());
                match name.filter(|_| !doing.is_named(*decision)) {
                    Some(name) => {
                        hash.add(2);
                        hash.add_hash(name);
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
                hash.add_hash(self.condition(*inner, doing));
            }
            Guard::And(operands) => {
                hash.add(5);
                hash.add_hash(all(operands));
            }
            Guard::Or(operands) => {
                hash.add(6);
                hash.add_hash(all(operands));
            }
            Guard::AtMost { terms, bound } => {
                hash.add(7);
                let holds = |g: GuardId| self.assumptions.truth(g) == Some(true);
                let held = terms.iter().filter(|(g, _)| holds(*g));
                hash.add(bound - held.map(|(_, weight)| weight).sum::<u64>());
                let open = terms
                    .iter()
                    .filter(|(g, _)| self.assumptions.truth(*g).is_none());
                hash.add_hash(together(open.map(|&(g, weight)| {
                    let mut hash = Hash::new(10);
                    hash.add(weight);
                    hash.add_hash(self.condition(g, doing));
                    hash.end()
                })));
            }
        }
        hash.end()
    }
}

/// A product of numbers of choices, most of them small.
struct Product {
    small: u64,
    large: BigUint,
}

impl Default for Product {
    fn default() -> Self {
        Self {
            small: 1,
            large: 1u8.into(),
        }
    }
}

impl Product {
    fn multiply(&mut self, domain: Option<Domain>) {
        let small = match domain {
            None => Some(0),
            Some(Domain::One { n }) => self.small.checked_mul(n.into()),
            Some(Domain::Subset { .. }) => None,
        };
        match small {
            Some(small) => self.small = small,
            None => {
                self.large *= self.small;
                self.large *= domain.map_or(BigUint::ZERO, Domain::size);
                self.small = 1;
            }
        }
    }

    fn end(self) -> BigUint {
        self.large * self.small
    }
}

//! Which nodes every isomorphism of two networks maps to themselves.
//!
//! A node is fixed by what reads it, where a fixed node always reads it alone in a slot.
//! Other nodes that are in every network are fixed together: if no isomorphism can map one
//! of a set of them to a node that is not in the set, it permutes the set; and if each of
//! those that could be exchanged is computed from the next in every network, it cannot
//! change their order. Whether one can be mapped to another is said by what they compute,
//! and by what their operands may compute and read, some steps deep.

use std::collections::{BTreeSet, HashMap};

use foldhash::fast::FixedState;
use petgraph::unionfind::UnionFind;

use super::Web;
use crate::decision::{GuardId, Guards};
use crate::graph::Op;

/// So many steps deep operands are compared.
const DEPTH: u32 = 4;

/// So much work conditions may be.
const WORK: u64 = 1 << 26;

/// By spot: whether it is fixed.
pub(super) fn fixed(web: &Web) -> Option<Vec<bool>> {
    let n = web.spots.list.len();
    let mut guards = web.alike.space().guards.clone();
    let is_there = there(web, &mut guards, 0, n, &|_| true)?;
    let pinned = pinned(web);
    let mut like = Like {
        web,
        kinds: (0..n).map(|spot| web.kinds(spot)).collect(),
        known: HashMap::default(),
    };
    let mut candidates: BTreeSet<usize> = (0..n)
        .filter(|&spot| is_there.get(spot) == Some(&true) && pinned.get(spot) != Some(&true))
        .collect();
    let is_pinned = |spot: usize| pinned.get(spot) == Some(&true);
    let others: Vec<usize> = (0..n).filter(|&spot| !is_pinned(spot)).collect();
    let mut confused: HashMap<usize, Vec<usize>, FixedState> = HashMap::default();
    for &spot in &candidates {
        let other = others.iter().copied();
        let other = other.filter(|&other| other != spot && like.alike(spot, other, DEPTH));
        confused.insert(spot, other.collect());
    }
    loop {
        // Those that may be mapped out of the set.
        let out = candidates.iter().copied().find(|spot| {
            let others = confused.get(spot).into_iter().flatten();
            others.into_iter().any(|other| !candidates.contains(other))
        });
        if let Some(out) = out {
            candidates.remove(&out);
            continue;
        }
        let mut union = UnionFind::new(n);
        for &spot in &candidates {
            for &other in confused.get(&spot).into_iter().flatten() {
                union.union(spot, other);
            }
        }
        let mut sets: HashMap<usize, Vec<usize>, FixedState> = HashMap::default();
        for &spot in &candidates {
            sets.entry(union.find(spot)).or_default().push(spot);
        }
        let mut sets: Vec<Vec<usize>> = sets.into_values().collect();
        sets.sort_unstable();
        let mut is_changed = false;
        for set in sets {
            if !in_order(web, &mut guards, &set, &|spot| {
                is_pinned(spot) || candidates.contains(&spot)
            })? {
                for spot in &set {
                    candidates.remove(spot);
                }
                is_changed = true;
                break;
            }
        }
        if !is_changed {
            let is_fixed = |spot| is_pinned(spot) || candidates.contains(&spot);
            return Some((0..n).map(is_fixed).collect());
        }
    }
}

/// Whether each of a set is computed from the next in every network.
fn in_order(
    web: &Web,
    guards: &mut Guards,
    set: &[usize],
    may: &dyn Fn(usize) -> bool,
) -> Option<bool> {
    for pair in set.windows(2) {
        if let &[later, earlier] = pair {
            let is_there = there(web, guards, later, earlier + 1, may)?;
            if is_there.last() != Some(&true) {
                return Some(false);
            }
        }
    }
    Some(true)
}

/// Which spots from one on are read, directly or not, by that in every network that has it;
/// of those that are asked for.
fn there(
    web: &Web,
    guards: &mut Guards,
    from: usize,
    to: usize,
    asked: &dyn Fn(usize) -> bool,
) -> Option<Vec<bool>> {
    let limit = guards.work().saturating_add(WORK);
    let mut when = vec![GuardId::NEVER; to];
    *when.get_mut(from)? = GuardId::ALWAYS;
    for place in from + 1..to {
        let mut ways = Vec::new();
        for one in &web.spots.list.get(place)?.uses {
            let reader = when.get(one.reader).copied().unwrap_or(GuardId::NEVER);
            ways.push(guards.and(reader, one.guard));
        }
        let mut any = guards.any(ways);
        if any != GuardId::ALWAYS && any != GuardId::NEVER && asked(place) {
            let not = guards.not(any);
            if !guards.possible(not) {
                any = GuardId::ALWAYS;
            }
        }
        *when.get_mut(place)? = any;
        if guards.work() > limit {
            return None;
        }
    }
    Some(
        when.into_iter()
            .map(|when| when == GuardId::ALWAYS)
            .collect(),
    )
}

impl Web<'_> {
    /// Whether a spot may have no operands, as the sum of what is picked.
    fn may_read_nothing(&self, spot: usize) -> bool {
        let operands = self.region(spot).zip(self.spots.list.get(spot));
        let operands = operands.and_then(|(region, spot)| Some(region.operands(spot.node?)));
        operands.is_some_and(|all| all.iter().all(|(_, guard)| *guard != GuardId::ALWAYS))
    }
}

/// Those that are fixed by what reads them.
fn pinned(web: &Web) -> Vec<bool> {
    let mut pinned = vec![false; web.spots.list.len()];
    for (place, spot) in web.spots.list.iter().enumerate() {
        let is = place == 0
            || spot.uses.iter().any(|one| {
                let op = web.node(one.reader).map(|node| &node.op);
                let reader = web.spots.list.get(one.reader);
                let mut same = web.operands(one.reader).iter();
                one.guard == GuardId::ALWAYS
                    && pinned.get(one.reader) == Some(&true)
                    && !op.is_some_and(Op::is_commutative)
                    && reader.is_some_and(|reader| !reader.is_loose)
                    && same.all(|&(slot, _, other)| slot != one.slot || other == place)
            });
        if let Some(slot) = pinned.get_mut(place) {
            *slot = is;
        }
    }
    pinned
}

/// Which spots an isomorphism may map to each other, as far as operands say.
struct Like<'a> {
    web: &'a Web<'a>,
    kinds: Vec<Vec<u64>>,
    known: HashMap<(usize, usize, u32), bool, FixedState>,
}

impl Like<'_> {
    fn alike(&mut self, a: usize, b: usize, depth: u32) -> bool {
        if a == b {
            return true;
        }
        let Some((of_a, of_b)) = self.kinds.get(a).zip(self.kinds.get(b)) else {
            return true;
        };
        if !of_a.iter().any(|kind| of_b.contains(kind)) {
            return false;
        }
        if depth == 0 {
            return true;
        }
        let key = (a.min(b), a.max(b), depth);
        if let Some(&known) = self.known.get(&key) {
            return known;
        }
        let web = self.web;
        let (left, right) = (web.operands(a), web.operands(b));
        let is_loose = |spot: usize| web.spots.list.get(spot).is_some_and(|spot| spot.is_loose);
        // Slots of loose concatenations say nothing.
        let is_any = is_loose(a) || is_loose(b);
        let slots: BTreeSet<u64> = left.iter().chain(right).map(|operand| operand.0).collect();
        let pools: Vec<Option<u64>> = if is_any {
            vec![None]
        } else {
            slots.into_iter().map(Some).collect()
        };
        let mut is = true;
        for slot in pools {
            let of = |list: &[super::Operand]| -> Vec<(GuardId, usize)> {
                let list = list
                    .iter()
                    .filter(|one| slot.is_none_or(|slot| one.0 == slot));
                list.map(|&(_, guard, spot)| (guard, spot)).collect()
            };
            let (left, right) = (of(left), of(right));
            let mut any = false;
            for &(_, x) in &left {
                any = any || right.iter().any(|&(_, y)| self.alike(x, y, depth - 1));
            }
            any = any || (web.may_read_nothing(a) && web.may_read_nothing(b));
            // What is always read has a counterpart.
            let certain = |one: &&(GuardId, usize)| one.0 == GuardId::ALWAYS;
            for (these, those) in [(&left, &right), (&right, &left)] {
                for &(_, x) in these.iter().filter(certain) {
                    any = any && those.iter().any(|&(_, y)| self.alike(x, y, depth - 1));
                }
            }
            is = is && any;
        }
        self.known.insert(key, is);
        is
    }
}

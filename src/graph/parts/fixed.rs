//! Which nodes every isomorphism of two networks maps to themselves.
//!
//! A node is fixed by what reads it, where a fixed node always reads it alone in a slot.
//! Other nodes that are in every network are fixed together: if no isomorphism can map one
//! of a set of them to a node that is not in the set, it permutes the set; and if each of
//! those that could be exchanged is computed from the next in every network, it cannot
//! change their order. Whether one can be mapped to another is said by what they compute,
//! and by what their operands may compute and read, some steps deep.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use foldhash::fast::FixedState;
use petgraph::unionfind::UnionFind;

use super::Web;
use crate::decision::{DecisionId, DecisionSpace, Domain, Guard, GuardId, Guards};
use crate::graph::Op;
use crate::graph::alike::Operand;

/// So many steps deep operands are compared.
const DEPTH: u32 = 4;

/// So much work conditions may be.
const WORK: u64 = 1 << 26;

/// By spot: whether it is fixed.
pub(super) fn fixed(web: &Web) -> Option<Vec<bool>> {
    let n = web.spots.list.len();
    let mut guards = web.alike.space().guards.clone();
    let there = there(web, &mut guards, 0, n, &|_| true)?;
    let mut is_fixed = vec![false; n];
    loop {
        pin(web, &mut is_fixed);
        let more = together(web, &mut guards, &there, &is_fixed)?;
        if more.is_empty() {
            return Some(is_fixed);
        }
        for spot in more {
            if let Some(slot) = is_fixed.get_mut(spot) {
                *slot = true;
            }
        }
    }
}

/// Those that are fixed together, if these are.
fn together(
    web: &Web,
    guards: &mut Guards,
    there: &[There],
    is_fixed: &[bool],
) -> Option<BTreeSet<usize>> {
    let others = (0..is_fixed.len()).filter(|&spot| is_fixed.get(spot) != Some(&true));
    let others: Vec<usize> = others.collect();
    let is_there = |spot: &usize| {
        let there = there.get(*spot);
        there.is_some_and(|there| there.when == GuardId::ALWAYS)
    };
    let mut candidates: BTreeSet<usize> = others.iter().copied().filter(is_there).collect();
    let mut like = Like {
        web,
        is_fixed,
        above: above(web, is_fixed),
        known: HashMap::default(),
    };
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
        let mut union = UnionFind::new(is_fixed.len());
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
            if !in_order(web, guards, &set, &|spot| {
                there.get(spot).is_some_and(|there| there.is_plain)
            })? {
                for spot in &set {
                    candidates.remove(spot);
                }
                is_changed = true;
                break;
            }
        }
        if !is_changed {
            return Some(candidates);
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
            let there = there(web, guards, later, earlier + 1, may)?;
            if there.last().is_none_or(|last| last.when != GuardId::ALWAYS) {
                return Some(false);
            }
        }
    }
    Some(true)
}

/// When a spot is there.
#[derive(Clone, Copy)]
struct There {
    when: GuardId,
    /// Whether that is no more than what all that may read it have in common.
    is_plain: bool,
}

/// When spots from one on are read, directly or not, by that; those that are asked for as
/// plainly as can be said.
fn there(
    web: &Web,
    guards: &mut Guards,
    from: usize,
    to: usize,
    asked: &dyn Fn(usize) -> bool,
) -> Option<Vec<There>> {
    let limit = guards.work().saturating_add(WORK);
    let never = There {
        when: GuardId::NEVER,
        is_plain: true,
    };
    let mut there = vec![never; to];
    there.get_mut(from)?.when = GuardId::ALWAYS;
    for place in from + 1..to {
        let mut ways = Vec::new();
        for one in &web.spots.list.get(place)?.uses {
            let reader = there
                .get(one.reader)
                .map_or(GuardId::NEVER, |there| there.when);
            ways.push(guards.and(reader, one.guard));
        }
        ways.retain(|way| *way != GuardId::NEVER);
        let Some(&first) = ways.first() else {
            continue;
        };
        let mut common = conjuncts(guards, first);
        for &way in &ways {
            let has = conjuncts(guards, way);
            common.retain(|one| has.contains(one));
        }
        for way in &mut ways {
            let mut rest = conjuncts(guards, *way);
            rest.retain(|one| !common.contains(one));
            *way = guards.all(rest);
        }
        let mut any = any_of(guards, ways, web.alike.space());
        if any != GuardId::ALWAYS && asked(place) {
            let not = guards.not(any);
            if !guards.possible(not) {
                any = GuardId::ALWAYS;
            }
        }
        common.push(any);
        *there.get_mut(place)? = There {
            when: guards.all(common),
            is_plain: any == GuardId::ALWAYS,
        };
        if guards.work() > limit {
            return None;
        }
    }
    Some(there)
}

/// The conditions that together are one.
fn conjuncts(guards: &Guards, guard: GuardId) -> Vec<GuardId> {
    match guards.get(guard) {
        Guard::And(all) => all.clone(),
        _ => vec![guard],
    }
}

/// Whether any of some conditions holds. Where one stands for every option of a decision
/// with the same rest, that is the rest: which of its operations a node applies does not
/// count for what it is applied to.
fn any_of(guards: &mut Guards, mut ways: Vec<GuardId>, space: &DecisionSpace) -> GuardId {
    loop {
        // By what else must hold, and decision: the options, and which conditions they are.
        let mut split: BTreeMap<(GuardId, DecisionId), BTreeMap<u32, GuardId>> = BTreeMap::new();
        for &way in &ways {
            let all = conjuncts(guards, way);
            for &one in &all {
                if let Guard::Has { decision, option } = *guards.get(one) {
                    let rest: Vec<GuardId> =
                        all.iter().copied().filter(|&other| other != one).collect();
                    let rest = guards.all(rest);
                    split
                        .entry((rest, decision))
                        .or_default()
                        .insert(option, way);
                }
            }
        }
        let whole = split.into_iter().find(|((_, decision), options)| {
            space.point(*decision).is_some_and(|point| {
                matches!(point.domain, Domain::One { n } if n as usize == options.len())
                    && point.active == GuardId::ALWAYS
            })
        });
        let Some(((rest, _), options)) = whole else {
            return guards.any(ways);
        };
        ways.retain(|way| !options.values().any(|one| one == way));
        ways.push(rest);
    }
}

impl Web<'_> {
    /// Whether a spot may have no operands, as the sum of what is picked.
    fn may_read_nothing(&self, spot: usize) -> bool {
        let operands = self.region(spot).zip(self.spots.list.get(spot));
        let operands = operands.and_then(|(region, spot)| Some(region.operands(spot.node?)));
        operands.is_some_and(|all| all.iter().all(|(_, guard)| *guard != GuardId::ALWAYS))
    }
}

/// Fixes what fixed spots fix that read it.
fn pin(web: &Web, is_fixed: &mut [bool]) {
    for (place, spot) in web.spots.list.iter().enumerate() {
        let is = place == 0
            || spot.uses.iter().any(|one| {
                let op = web.node(one.reader).map(|node| &node.op);
                let mut same = web.operands(one.reader).iter();
                one.guard == GuardId::ALWAYS
                    && is_fixed.get(one.reader) == Some(&true)
                    && !op.is_some_and(Op::is_commutative)
                    && !web.spots.is_loose(one.reader)
                    && same.all(|other| other.slot != one.slot || other.spot == place)
            });
        if let Some(slot) = is_fixed.get_mut(place) {
            *slot |= is;
        }
    }
}

/// By spot: the fixed spots that may be the first on its ways to the outputs. Some are so
/// in every network that has the spot, and an isomorphism keeps which.
fn above(web: &Web, is_fixed: &[bool]) -> Vec<BTreeSet<usize>> {
    let mut above: Vec<BTreeSet<usize>> = Vec::with_capacity(web.spots.list.len());
    for spot in &web.spots.list {
        let mut first = BTreeSet::new();
        for one in &spot.uses {
            match above.get(one.reader) {
                Some(more) if is_fixed.get(one.reader) != Some(&true) => first.extend(more),
                _ => {
                    first.insert(one.reader);
                }
            }
        }
        above.push(first);
    }
    above
}

/// Which spots an isomorphism may map to each other, as far as operands say.
struct Like<'a> {
    web: &'a Web<'a>,
    is_fixed: &'a [bool],
    above: Vec<BTreeSet<usize>>,
    known: HashMap<(usize, usize, u32), bool, FixedState>,
}

impl Like<'_> {
    fn alike(&mut self, a: usize, b: usize, depth: u32) -> bool {
        if a == b {
            return true;
        }
        let is_fixed = |spot: usize| self.is_fixed.get(spot) == Some(&true);
        if is_fixed(a) || is_fixed(b) {
            return false;
        }
        if let (Some(of_a), Some(of_b)) = (self.above.get(a), self.above.get(b))
            && of_a.is_disjoint(of_b)
        {
            return false;
        }
        let (of_a, of_b) = (self.web.kinds(a), self.web.kinds(b));
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
        let is_loose = |spot: usize| web.spots.is_loose(spot);
        // Slots of loose concatenations say nothing.
        let is_any = is_loose(a) || is_loose(b);
        let slots: BTreeSet<u64> = left
            .iter()
            .chain(right)
            .map(|operand| operand.slot)
            .collect();
        let pools: Vec<Option<u64>> = if is_any {
            vec![None]
        } else {
            slots.into_iter().map(Some).collect()
        };
        let mut is = true;
        for slot in pools {
            let of = |list: &[Operand]| -> Vec<(GuardId, usize)> {
                let list = list
                    .iter()
                    .filter(|one| slot.is_none_or(|slot| one.slot == slot));
                list.map(|one| (one.guard, one.spot)).collect()
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

//! The dynamic programme that counts pairs of an architecture and an isomorphism.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use num_bigint::BigUint;

use super::assumptions::Assumptions;
use super::compatible::Compatible;
use super::spots::Spot;
use super::target::Target;
use super::{Alike, TooManyAlike};
use crate::decision::{Architecture, Diagram, GuardId};

/// How many branches deep the search goes.
const DEEPEST: usize = 1_000;

/// A reader that a node needs: which, in which slot, and how often.
type Need = (usize, u64, u32);

pub(super) struct Search<'a> {
    pub(super) of: &'a Alike<'a>,
    pub(super) target: &'a Target,
    pub(super) assumptions: Assumptions<'a>,
    /// What each spot may be at all.
    compatible: Compatible,
    /// By spot: the node of the network that it is, if it is one.
    met: Vec<Option<usize>>,
    /// By node of the network: its spot.
    pub(super) spot_of: Vec<Option<usize>>,
    /// By spot: of a loose concatenation, the slots that are matched and their places.
    slots: Vec<Vec<(u64, u64)>>,
    /// What may follow, without what the key does not say.
    known: HashMap<u128, BigUint, FixedState>,
    pub(super) work: u64,
    limit: u64,
    /// How many branches deep the search is.
    depth: usize,
    /// Whether all is decided, as an architecture has it.
    is_decided: bool,
}

impl<'a> Search<'a> {
    /// For the pairs of all architectures, or of one.
    pub(super) fn new(
        of: &'a Alike<'a>,
        target: &'a Target,
        only: Option<&Architecture>,
        limit: u64,
    ) -> Self {
        let n = of.spots.list.len();
        let mut assumptions = Assumptions::none(&of.space);
        if let Some(architecture) = only {
            assumptions.assume_all(architecture);
        }
        let (compatible, work) = Compatible::of(of, target, &assumptions);
        Self {
            of,
            target,
            assumptions,
            compatible,
            met: vec![None; n],
            spot_of: vec![None; target.nodes.len()],
            slots: vec![Vec::new(); n],
            known: HashMap::default(),
            // Looking at one is quick.
            work: work / 16,
            limit,
            depth: 0,
            is_decided: only.is_some(),
        }
    }

    /// How many pairs there are.
    pub(super) fn count(&mut self) -> Result<BigUint, TooManyAlike> {
        self.be(0, 0);
        if self.is_complete(0) {
            self.from(1)
        } else {
            Ok(BigUint::ZERO)
        }
    }

    /// Goes on at a spot.
    fn from(&mut self, first: usize) -> Result<BigUint, TooManyAlike> {
        let mut done = Vec::new();
        let found = self.run(first, &mut done);
        for (spot, node) in done {
            self.undo(spot, node);
        }
        found
    }

    /// As far as nothing branches, in a loop: networks may have many nodes.
    fn run(
        &mut self,
        mut place: usize,
        done: &mut Vec<(usize, usize)>,
    ) -> Result<BigUint, TooManyAlike> {
        let of = self.of;
        while let Some(spot) = of.spots.list.get(place) {
            self.work += 1;
            if self.work > self.limit {
                return Err(TooManyAlike);
            }
            let (is_read, is_open) = self.readers(spot);
            if is_open {
                return self.branch(place, spot, is_read);
            }
            if is_read {
                let candidates = self.candidates(place, spot);
                let [node] = candidates[..] else {
                    if candidates.is_empty() {
                        return Ok(BigUint::ZERO);
                    }
                    return self.branch(place, spot, true);
                };
                if self.of.kinds(place).len() > 1 || !self.fits_as_is(spot, node) {
                    return self.branch(place, spot, true);
                }
                self.be(place, node);
                done.push((place, node));
            }
            if !self.is_complete(place) {
                return Ok(BigUint::ZERO);
            }
            place += 1;
        }
        self.end()
    }

    /// Whether something reads a spot for certain, and whether something may.
    fn readers(&self, spot: &Spot) -> (bool, bool) {
        let (mut is_read, mut is_open) = (false, false);
        for one in &spot.uses {
            if self.node_at(one.reader).is_some() {
                match self.assumptions.truth(one.guard) {
                    Some(true) => is_read = true,
                    Some(false) => {}
                    None => is_open = true,
                }
            }
        }
        (is_read, is_open)
    }

    /// The nodes of the network that a spot may be, which is read: of its kinds, of which
    /// all readers are there, and that have those that it has for certain.
    fn candidates(&self, place: usize, spot: &Spot) -> Vec<usize> {
        let kinds = self.of.kinds(place);
        let certain = spot.uses.iter().find_map(|one| {
            let reader = self.node_at(one.reader)?;
            let is_there = self.assumptions.truth(one.guard) == Some(true);
            is_there.then_some(reader)
        });
        let fits = |node: usize| {
            self.spot_of(node).is_none()
                && self.compatible.has(place, node)
                && self.target.get(node).is_some_and(|wanted| {
                    let mut readers = wanted.readers.iter();
                    readers.all(|&(reader, ..)| self.spot_of(reader).is_some())
                })
        };
        let mut found: Vec<usize> = match certain {
            Some(reader) => {
                let operands = self.target.get(reader).map_or(&[][..], |r| &r.operands);
                operands
                    .iter()
                    .map(|&(node, _)| node)
                    .filter(|&node| fits(node))
                    .collect()
            }
            None => {
                let of_kind = kinds.iter().flat_map(|&kind| self.target.of_kind(kind));
                of_kind.copied().filter(|&node| fits(node)).collect()
            }
        };
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Whether the readers of a spot, of which all are certain, are those of a node.
    fn fits_as_is(&self, spot: &Spot, node: usize) -> bool {
        let Some(wanted) = self.target.get(node) else {
            return false;
        };
        let mut have: Vec<(usize, u64)> = Vec::new();
        for one in &spot.uses {
            if let Some(reader) = self.node_at(one.reader)
                && self.assumptions.truth(one.guard) == Some(true)
            {
                if self.is_loose(one.reader) {
                    return false;
                }
                have.push((reader, one.slot));
            }
        }
        have.sort_unstable();
        let wanted = wanted
            .readers
            .iter()
            .flat_map(|&(reader, slot, n)| std::iter::repeat_n((reader, slot), n as usize));
        have.into_iter().eq(wanted)
    }

    /// Goes down all branches at a spot, as deep as the stack of a thread allows; once
    /// from where the same is left.
    fn branch(
        &mut self,
        place: usize,
        spot: &'a Spot,
        is_read: bool,
    ) -> Result<BigUint, TooManyAlike> {
        // To see what may follow costs less than to go there.
        self.work += spot.live.len() as u64 / 16;
        let key = self.key(place);
        if let Some((key, rest)) = &key
            && let Some(known) = self.known.get(key)
        {
            return Ok(known * rest);
        }
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(TooManyAlike);
        }
        let mut found = BigUint::ZERO;
        for node in self.candidates(place, spot) {
            let needs = self.target.get(node).map(|wanted| wanted.readers.clone());
            found += self.read(place, spot, 0, Some(node), &mut needs.unwrap_or_default())?;
        }
        if !is_read {
            found += self.read(place, spot, 0, None, &mut Vec::new())?;
        }
        self.depth -= 1;
        if let Some((key, rest)) = key
            && rest != BigUint::ZERO
        {
            self.known.insert(key, &found / rest);
        }
        Ok(found)
    }

    /// Decides for each use from a place on whether it is there, such that the node has the
    /// readers that it needs.
    fn read(
        &mut self,
        place: usize,
        spot: &'a Spot,
        mut from: usize,
        node: Option<usize>,
        needs: &mut Vec<Need>,
    ) -> Result<BigUint, TooManyAlike> {
        while let Some(one) = spot.uses.get(from) {
            from += 1;
            let Some(reader) = self.node_at(one.reader) else {
                continue;
            };
            let truth = self.assumptions.truth(one.guard);
            if truth == Some(false) {
                continue;
            }
            self.work += 1;
            let mut found = BigUint::ZERO;
            let needed = self.needed(one.reader, reader, one.slot, needs);
            if let Some(slot) = needed {
                let mark = self.assumptions.mark();
                if self.assumptions.assume(one.guard, true) {
                    let is_loose = self.is_loose(one.reader);
                    if is_loose && let Some(slots) = self.slots.get_mut(one.reader) {
                        slots.push((one.slot, slot));
                    }
                    let mut rest = needs.clone();
                    if let Some(need) = rest.iter_mut().find(|n| (n.0, n.1) == (reader, slot)) {
                        need.2 -= 1;
                    }
                    rest.retain(|need| need.2 > 0);
                    found += self.read(place, spot, from, node, &mut rest)?;
                    if is_loose && let Some(slots) = self.slots.get_mut(one.reader) {
                        slots.pop();
                    }
                }
                self.assumptions.forget(&mark);
            }
            // Without it, later ones must do.
            let is_last =
                needed.is_some_and(|slot| !self.may_do(spot, from, (reader, slot), needs));
            if truth == Some(true) || is_last {
                return Ok(found);
            }
            let mark = self.assumptions.mark();
            if self.assumptions.assume(one.guard, false) {
                found += self.read(place, spot, from, node, needs)?;
            }
            self.assumptions.forget(&mark);
            return Ok(found);
        }
        if !needs.is_empty() {
            return Ok(BigUint::ZERO);
        }
        match node {
            Some(node) => self.forms(place, spot, node),
            None if self.is_complete(place) => self.from(place + 1),
            None => Ok(BigUint::ZERO),
        }
    }

    /// The slot of a reader in the network that a slot of a spot may be, if it is needed:
    /// of a loose concatenation, the first that keeps the order.
    fn needed(&self, spot: usize, reader: usize, slot: u64, needs: &[Need]) -> Option<u64> {
        let mut of_reader = needs.iter().filter(|need| need.0 == reader);
        if !self.is_loose(spot) {
            return of_reader.find(|need| need.1 == slot).map(|need| need.1);
        }
        // Uses come by slot, so that of several places the first is next.
        let place = of_reader.next()?.1;
        let known = self.slots.get(spot)?;
        let keeps = |&(other, at): &(u64, u64)| (other < slot) == (at < place);
        known.iter().all(keeps).then_some(place)
    }

    /// Whether the uses from a place on may be as many as a node needs in a slot of a reader.
    fn may_do(&self, spot: &Spot, from: usize, at: (usize, u64), needs: &[Need]) -> bool {
        let is_other = |need: &&Need| (need.0, need.1) == at;
        let wanted = needs.iter().find(is_other).map_or(0, |need| need.2);
        let later = spot.uses.get(from..).unwrap_or_default().iter();
        let may = later.filter(|one| {
            self.node_at(one.reader) == Some(at.0)
                && (one.slot == at.1 || self.is_loose(one.reader))
                && self.assumptions.truth(one.guard) != Some(false)
        });
        may.take(wanted as usize).count() == wanted as usize
    }

    /// Goes on with each form of a spot that is of the kind of a node.
    fn forms(
        &mut self,
        place: usize,
        spot: &'a Spot,
        node: usize,
    ) -> Result<BigUint, TooManyAlike> {
        let wanted = self.target.get(node).map(|wanted| wanted.kind);
        let region = self.of.graph.region(spot.region);
        let forms = region
            .zip(spot.node)
            .and_then(|(region, node)| region.graph.node_weight(node));
        let forms = forms.map_or(&[][..], |node| &node.forms);
        let mut found = BigUint::ZERO;
        for (form, kind) in self.of.kinds(place).iter().enumerate() {
            if Some(*kind) != wanted {
                continue;
            }
            let mark = self.assumptions.mark();
            let guard = forms.get(form).map_or(GuardId::ALWAYS, |form| form.guard);
            if self.assumptions.assume(guard, true) {
                self.be(place, node);
                if self.is_complete(place) {
                    found += self.from(place + 1)?;
                }
                self.undo(place, node);
            }
            self.assumptions.forget(&mark);
        }
        Ok(found)
    }

    /// Counts the architectures that fulfil all assumptions.
    fn end(&mut self) -> Result<BigUint, TooManyAlike> {
        if self.spot_of.iter().any(Option::is_none) {
            return Ok(BigUint::ZERO);
        }
        if self.is_decided {
            return Ok(1u8.into());
        }
        if self.of.is_free && self.assumptions.unsettled().next().is_none() {
            let decisions = self.of.space.iter();
            return Ok(decisions.map(|(id, _)| self.assumptions.ways(id)).product());
        }
        self.work += 100;
        let mut space = self.of.space.clone();
        let all = self.assumptions.together(&mut space);
        let diagram = Diagram::where_holds(&mut space, all).map_err(|_| TooManyAlike)?;
        Ok(diagram.count())
    }

    /// Whether all that spots read which read no more after this one are matched.
    fn is_complete(&self, place: usize) -> bool {
        let closes = self.of.spots.list.get(place).map(|spot| &spot.closes);
        closes.into_iter().flatten().all(|&spot| {
            let node = self.node_at(spot).and_then(|node| self.target.get(node));
            node.is_none_or(|node| {
                let mut operands = node.operands.iter();
                operands.all(|&(operand, _)| self.spot_of(operand).is_some())
            })
        }) && {
            let mut due = self.compatible.last(place).iter();
            due.all(|&node| self.spot_of(node).is_some())
        }
    }

    pub(super) fn is_loose(&self, spot: usize) -> bool {
        self.of.spots.is_loose(spot)
    }

    /// What is matched of a loose concatenation.
    pub(super) fn slots(&self, spot: usize) -> &[(u64, u64)] {
        self.slots.get(spot).map_or(&[], Vec::as_slice)
    }

    pub(super) fn node_at(&self, spot: usize) -> Option<usize> {
        self.met.get(spot).copied().flatten()
    }

    fn spot_of(&self, node: usize) -> Option<usize> {
        self.spot_of.get(node).copied().flatten()
    }

    fn be(&mut self, spot: usize, node: usize) {
        self.match_with(spot, node, true);
    }

    fn undo(&mut self, spot: usize, node: usize) {
        self.match_with(spot, node, false);
    }

    fn match_with(&mut self, spot: usize, node: usize, is: bool) {
        if let Some(slot) = self.met.get_mut(spot) {
            *slot = is.then_some(node);
        }
        if let Some(slot) = self.spot_of.get_mut(node) {
            *slot = is.then_some(spot);
        }
    }
}

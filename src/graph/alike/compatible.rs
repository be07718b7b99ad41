//! Which nodes of the wanted network each spot may be at all.
//!
//! A spot may be a node if it is of its kind, if each operand of the node is what an
//! operand of the spot may be, in the slot where it is read, and if each reader of the node
//! is what a reader of the spot may be. What is left after this has been asked until it
//! changes nothing (arc consistency) has most often one node for a spot: the place in the
//! network tells apart what is computed alike.

use super::target::Target;
use super::{Alike, Assumptions};
use crate::decision::GuardId;

/// Which nodes each spot may be.
pub(super) struct Compatible {
    /// How many words a spot has.
    words: usize,
    /// By spot: a bit for every node.
    bits: Vec<u64>,
    /// By spot: the nodes that no later spot may be.
    last: Vec<Vec<usize>>,
}

/// So often all spots are looked at.
const ROUNDS: usize = 8;

impl Compatible {
    /// As far as is known of conditions; with how many operands and uses that looked at.
    pub(super) fn of(alike: &Alike, target: &Target, known: &Assumptions) -> (Self, u64) {
        let (spots, nodes) = (alike.spots.list.len(), target.nodes.len());
        let words = nodes.div_ceil(64);
        let mut compatible = Self {
            words,
            bits: vec![0; spots * words],
            last: vec![Vec::new(); spots],
        };
        for spot in 0..spots {
            for &kind in alike.kinds(spot) {
                for &node in target.of_kind(kind) {
                    compatible.set(spot, node, true);
                }
            }
        }
        let mut work = 0;
        for _ in 0..ROUNDS {
            let mut is_changed = false;
            // Operands stand after what reads them.
            for spot in (0..spots).rev() {
                is_changed |= compatible.keep(spot, |this, node| {
                    this.has_operands(alike, target, known, (spot, node), &mut work)
                });
            }
            for spot in 1..spots {
                is_changed |= compatible.keep(spot, |this, node| {
                    this.has_readers(alike, target, known, (spot, node), &mut work)
                });
            }
            if !is_changed {
                break;
            }
        }
        for node in 0..nodes {
            let last = (0..spots).rev().find(|&spot| compatible.has(spot, node));
            if let Some(due) = last.and_then(|spot| compatible.last.get_mut(spot)) {
                due.push(node);
            }
        }
        (compatible, work)
    }

    /// Whether a spot may be a node.
    pub(super) fn has(&self, spot: usize, node: usize) -> bool {
        let word = self.bits.get(spot * self.words + node / 64);
        word.is_some_and(|word| word >> (node % 64) & 1 == 1)
    }

    /// The nodes that a spot may be and no later one.
    pub(super) fn last(&self, spot: usize) -> &[usize] {
        self.last.get(spot).map_or(&[], Vec::as_slice)
    }

    fn set(&mut self, spot: usize, node: usize, is: bool) {
        if let Some(word) = self.bits.get_mut(spot * self.words + node / 64) {
            let bit = 1 << (node % 64);
            *word = if is { *word | bit } else { *word & !bit };
        }
    }

    /// Keeps of the nodes of a spot those of which something holds; whether that changes
    /// anything.
    fn keep(&mut self, spot: usize, mut holds: impl FnMut(&Self, usize) -> bool) -> bool {
        let mut is_changed = false;
        for word in 0..self.words {
            let mut left = self
                .bits
                .get(spot * self.words + word)
                .copied()
                .unwrap_or(0);
            while left != 0 {
                let node = word * 64 + left.trailing_zeros() as usize;
                left &= left - 1;
                if !holds(self, node) {
                    self.set(spot, node, false);
                    is_changed = true;
                }
            }
        }
        is_changed
    }

    /// Whether the operands of a spot may be those of a node.
    fn has_operands(
        &self,
        alike: &Alike,
        target: &Target,
        known: &Assumptions,
        (spot, node): (usize, usize),
        work: &mut u64,
    ) -> bool {
        let Some(wanted) = target.get(node) else {
            return false;
        };
        let is_loose = alike.spots.is_loose(spot);
        let may = alike.spots.operands(spot).iter();
        let may = may.filter(|operand| known.truth(operand.guard) != Some(false));
        let certain = may
            .clone()
            .filter(|operand| operand.guard == GuardId::ALWAYS);
        let n = wanted.operands.len();
        *work += alike.spots.operands(spot).len() as u64;
        (may.clone().count() >= n || n == 0)
            && certain.count() <= n
            && wanted.operands.iter().all(|&(operand, slot)| {
                let mut may = may.clone();
                may.any(|one| (is_loose || one.slot == slot) && self.has(one.spot, operand))
            })
    }

    /// Whether the readers of a spot may be those of a node.
    fn has_readers(
        &self,
        alike: &Alike,
        target: &Target,
        known: &Assumptions,
        (spot, node): (usize, usize),
        work: &mut u64,
    ) -> bool {
        let uses = alike
            .spots
            .list
            .get(spot)
            .map_or(&[][..], |spot| &spot.uses);
        *work += uses.len() as u64;
        target.get(node).is_some_and(|wanted| {
            wanted.readers.iter().all(|&(reader, slot, _)| {
                uses.iter().any(|one| {
                    (one.slot == slot || alike.spots.is_loose(one.reader))
                        && self.has(one.reader, reader)
                        && known.truth(one.guard) != Some(false)
                })
            })
        })
    }
}

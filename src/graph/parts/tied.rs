//! Parts that are instances of one cell.

use std::collections::{BTreeMap, BTreeSet};

use super::Web;
use crate::decision::GuardId;

/// Of the parts that decisions say, those whose forms say the forms of all others.
pub(super) fn representatives(
    web: &Web,
    mut segments: Vec<Vec<usize>>,
    is_fixed: &[bool],
) -> Vec<Vec<usize>> {
    segments.retain(|segment| !web.decisions(segment).is_empty());
    // Some instances have more about them.
    segments.sort_by_key(|segment| (segment.len(), segment.first().copied()));
    let mut kept: Vec<Vec<usize>> = Vec::new();
    for segment in segments {
        if !kept
            .iter()
            .any(|other| says(web, other, &segment, is_fixed))
        {
            kept.push(segment);
        }
    }
    kept
}

/// Whether architectures in which one part has one form have one form of the other: its
/// nodes correspond to nodes of the other, with the same conditions, so that what is the
/// same there is the same here, and nothing else there depends on decisions.
fn says(web: &Web, one: &[usize], other: &[usize], is_fixed: &[bool]) -> bool {
    let own: BTreeSet<usize> = one.iter().copied().collect();
    let there: BTreeSet<usize> = other.iter().copied().collect();
    let results = |segment: &BTreeSet<usize>| -> Vec<usize> {
        let is_result = |&&spot: &&usize| {
            let uses = web.spots.list.get(spot).map(|spot| &spot.uses);
            !uses
                .into_iter()
                .flatten()
                .any(|one| segment.contains(&one.reader))
        };
        segment.iter().filter(is_result).copied().collect()
    };
    let (left, right) = (results(&own), results(&there));
    if left.len() != right.len() {
        return false;
    }
    let mut map: BTreeMap<usize, usize> = left.into_iter().zip(right).collect();
    let mut open: Vec<(usize, usize)> = map.iter().map(|(&a, &b)| (a, b)).collect();
    let mut kinds: BTreeMap<u64, u64> = BTreeMap::new();
    while let Some((a, b)) = open.pop() {
        let fixed = |spot: usize| is_fixed.get(spot) == Some(&true);
        if !there.contains(&b) || (fixed(b) && !fixed(a)) {
            return false;
        }
        let (of_a, of_b) = (web.kinds(a), web.kinds(b));
        let same_forms = || {
            let forms = |spot| {
                let forms = web.node(spot).map_or(&[][..], |node| &node.forms);
                forms
                    .iter()
                    .map(|form| form.guard)
                    .collect::<Vec<GuardId>>()
            };
            forms(a) == forms(b)
        };
        let is_loose = |spot: usize| web.spots.is_loose(spot);
        if of_a.len() != of_b.len() || !same_forms() || is_loose(a) != is_loose(b) {
            return false;
        }
        for (&x, &y) in of_a.iter().zip(of_b) {
            if *kinds.entry(x).or_insert(y) != y {
                return false;
            }
        }
        let (reads, reads_there) = (web.operands(a), web.operands(b));
        if reads.len() != reads_there.len() {
            return false;
        }
        for (x, y) in reads.iter().zip(reads_there) {
            if (x.slot, x.guard) != (y.slot, y.guard) {
                return false;
            }
            match map.get(&x.spot) {
                Some(&known) if known != y.spot => return false,
                Some(_) => {}
                None => {
                    map.insert(x.spot, y.spot);
                    if own.contains(&x.spot) {
                        open.push((x.spot, y.spot));
                    }
                }
            }
        }
    }
    let image: BTreeSet<usize> = own
        .iter()
        .filter_map(|spot| map.get(spot))
        .copied()
        .collect();
    if image.len() != own.len() {
        return false;
    }
    // What has no counterpart is as it is, and reads nothing that has.
    there.difference(&image).all(|&rest| {
        let mut reads = web.operands(rest).iter();
        web.node(rest).is_some_and(|node| node.forms.is_empty())
            && reads.all(|one| one.guard == GuardId::ALWAYS && !image.contains(&one.spot))
    })
}

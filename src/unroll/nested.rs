//! Whether the weights of the sizes that a decision leaves open lie in each other, so that
//! all can be cut out of the widest.

use super::primitives::Signature;
use super::value::PerPart;
use super::{Evaluator, diagnostics};
use crate::decision::GuardId;
use crate::graph::Op;
use crate::span::Span;

/// Why the weights of one operation are no part of those of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotNested {
    /// Kernels of an even and an odd side have no common centre.
    Sides(usize, usize),
    /// So many groups; the channels of a group differ too.
    Groups(usize, usize),
    /// One has a bias and the other none: they own other parameters.
    Bias,
}

impl Evaluator<'_> {
    /// Reports the first two signatures whose weights would be shared and do not nest.
    pub(super) fn nested(&mut self, signatures: &[(GuardId, Signature)], site: Span) -> bool {
        for (place, (guard, signature)) in signatures.iter().enumerate() {
            for (other, earlier) in signatures.iter().take(place) {
                if let Some(why) = not_nested(earlier, signature)
                    && (why == NotNested::Bias || !self.kept_apart(*other, *guard))
                {
                    self.report(diagnostics::not_nested(site, why));
                    return false;
                }
                if !self.step(1, site) {
                    return false;
                }
            }
        }
        true
    }

    /// Whether `@per` gives two cases weights of their own: no choice that it names is
    /// that of both.
    fn kept_apart(&mut self, a: GuardId, b: GuardId) -> bool {
        let parts = self.per.clone();
        parts.iter().any(|part| {
            let PerPart::Decision(decision) = part else {
                return false;
            };
            let point = self.decisions.point(*decision);
            let n = point.map_or(0, |point| point.domain.options());
            !(0..n).any(|option| {
                let guards = &mut self.decisions.guards;
                let has = guards.has(*decision, option);
                [a, b].into_iter().all(|case| {
                    let both = guards.and(case, has);
                    guards.possible(both)
                })
            })
        })
    }
}

fn not_nested(a: &Signature, b: &Signature) -> Option<NotNested> {
    if a.params.len() != b.params.len() {
        return Some(NotNested::Bias);
    }
    let (Some((_, _, a_shape)), Some((_, _, b_shape))) = (a.params.first(), b.params.first())
    else {
        return None;
    };
    let sides = |a: usize, b: usize| (a % 2 != b % 2).then_some(NotNested::Sides(a, b));
    match (&a.op, &b.op) {
        (Op::Conv1d { window: a, .. }, Op::Conv1d { window: b, .. }) => sides(a.size, b.size),
        (
            Op::Conv {
                window, groups: n, ..
            },
            Op::Conv {
                window: other,
                groups: m,
                ..
            },
        ) => {
            // Of every group the channels that come out, and those that go in.
            let of_group = |shape: &[usize], groups: &usize| {
                let out = shape.first().map(|out| out / groups.max(&1));
                (out, shape.get(1).copied())
            };
            let nest = (*n, *m) == (1, 1) || of_group(a_shape, n) == of_group(b_shape, m);
            sides(window.size, other.size).or_else(|| (!nest).then_some(NotNested::Groups(*n, *m)))
        }
        _ => None,
    }
}

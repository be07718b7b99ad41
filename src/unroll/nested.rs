//! Whether the weights of the sizes that a decision leaves open lie in each other, so that
//! all can be cut out of the widest.

use super::primitives::Signature;
use super::value::{PerPart, Tensor};
use super::{Evaluator, diagnostics};
use crate::decision::GuardId;
use crate::graph::Op;
use crate::span::{SourceId, Span};

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

    /// Warns of a matrix or a kernel that reads a concatenation of what decisions say:
    /// it has one place for the first, one for the second and so on, whoever that is.
    pub(super) fn warn_of_entangled(&mut self, x: &Tensor, site: Span) {
        let Some(region) = self.regions.get(x.region.index()) else {
            return;
        };
        let mut at = x.node;
        // What works number by number, or channel by channel, keeps the places.
        while let Some(node) = region.graph.node_weight(at)
            && matches!(
                node.op,
                Op::Activation(_) | Op::Identity | Op::BatchNorm { .. } | Op::Dropout { .. }
            )
            && let [(before, _)] = region.operands(at)[..]
        {
            at = before;
        }
        let Some(concat) = region
            .graph
            .node_weight(at)
            .filter(|node| node.op == Op::Concat)
        else {
            return;
        };
        // In the same body, or one call of the library further: what a call is given is
        // not its own doing.
        let user = SourceId::default();
        let inside = self.instance_path.as_str().strip_prefix(&*concat.path);
        let is_here = inside.is_some_and(|rest| {
            let rest = rest.trim_start_matches('.');
            rest.is_empty() || site.source != user && !rest.contains('.')
        });
        let operands = region.operands(at);
        let is_open = operands.iter().any(|(_, guard)| *guard != GuardId::ALWAYS);
        if is_here && is_open && operands.len() > 1 {
            let calls = self.frames.iter().rev().map(|frame| frame.site);
            let place = std::iter::once(site).chain(calls);
            let place = place.into_iter().find(|span| span.source == user);
            self.diagnostics
                .push(diagnostics::entangled(place.unwrap_or(site)));
        }
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

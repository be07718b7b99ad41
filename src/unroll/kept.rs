//! What requirements leave of a space: none of its architectures, or hardly one.
//!
//! Editors ask at every keystroke, so that nothing is said where the answer takes
//! longer than a moment.

use super::arith::measure_of;
use super::require::Requirement;
use super::value::Value;
use super::{Evaluator, diagnostics};
use crate::decision::{GuardId, Kept, Range};
use crate::hir::{Builtin, Expr, ExprKind, Res};
use crate::span::Span;
use crate::syntax::ast::BinaryOp;

/// Fewer than one of so many is hardly one.
const FEW: u32 = 1000;

/// The value nearest to a bound that no architecture keeps.
pub(super) struct Nearest {
    pub(super) value: i128,
    /// Whether no architecture has less, or none more.
    pub(super) is_least: bool,
    /// Of what, in words.
    pub(super) of: Measured,
}

/// What is bound.
pub(super) enum Measured {
    /// A metric of the network.
    Metric(&'static str),
    /// One side of a comparison.
    Side(&'static str),
}

impl Evaluator<'_> {
    /// Reports where the requirements leave too little.
    pub(super) fn kept(&mut self, requirements: &[Requirement]) {
        if self.failed || self.decisions.require == GuardId::ALWAYS {
            return;
        }
        let mut spans: Vec<Span> = requirements.iter().map(|one| one.span).collect();
        // A loop requires several times.
        spans.dedup();
        match Kept::quick(&self.decisions) {
            Ok(kept) if kept.kept == 0u8.into() => {
                let nearest = requirements.iter().find_map(|one| self.nearest(one));
                self.report(diagnostics::require_none(&spans, nearest));
            }
            Ok(kept) if &kept.kept * FEW < kept.of => {
                let warning = diagnostics::require_few(&spans, &kept.kept, &kept.of);
                self.diagnostics.push(warning);
            }
            Ok(_) => {}
            // What cannot be counted may still be out of reach.
            Err(_) => {
                for one in requirements {
                    if let Some(nearest) = self.nearest(one) {
                        self.report(diagnostics::require_never(one.span, Some(nearest)));
                    }
                }
            }
        }
    }

    /// The first bound of a requirement that no architecture keeps, others aside.
    pub(super) fn nearest(&mut self, requirement: &Requirement) -> Option<Nearest> {
        if requirement.active != GuardId::ALWAYS {
            return None;
        }
        let mut open = vec![&requirement.condition];
        while let Some(expr) = open.pop() {
            let ExprKind::Binary { op, left, right } = &expr.kind else {
                continue;
            };
            let found = match op {
                BinaryOp::And => {
                    open.extend([right.as_ref(), left.as_ref()]);
                    None
                }
                op => self.there(requirement, |this| this.beyond(*op, left, right)),
            };
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// What a comparison asks for in vain.
    fn beyond(&mut self, op: BinaryOp, left: &Expr, right: &Expr) -> Option<Nearest> {
        let (a, b) = (self.eval(left), self.eval(right));
        let number = |value: &Value| match *value {
            Value::Int(number) => Some(number as f64),
            Value::Float(number) => Some(number),
            _ => None,
        };
        let is_bound =
            |expr: &Expr, value: &Value| metric(expr).is_none() && number(value).is_some();
        let (bound, of, value, op) = if is_bound(right, &b) {
            (
                number(&b)?,
                metric(left).unwrap_or(Measured::Side("left")),
                a,
                op,
            )
        } else if is_bound(left, &a) {
            let mirrored = match op {
                BinaryOp::Lt => BinaryOp::Gt,
                BinaryOp::Le => BinaryOp::Ge,
                BinaryOp::Gt => BinaryOp::Lt,
                BinaryOp::Ge => BinaryOp::Le,
                other => other,
            };
            (
                number(&a)?,
                metric(right).unwrap_or(Measured::Side("right")),
                b,
                mirrored,
            )
        } else {
            return None;
        };
        let (constant, terms) = self.positive(&measure_of(&value)?);
        let range = Range::unbound(&self.decisions, &terms).ok()??;
        let value = |sum: u128| {
            let sum = i128::try_from(sum).unwrap_or(i128::MAX);
            sum.saturating_add(constant.into())
        };
        let (least, most) = (value(range.min), value(range.max));
        let is_least = match op {
            BinaryOp::Lt if least as f64 >= bound => true,
            BinaryOp::Le | BinaryOp::Eq if least as f64 > bound => true,
            BinaryOp::Gt if most as f64 <= bound => false,
            BinaryOp::Ge | BinaryOp::Eq if (most as f64) < bound => false,
            _ => return None,
        };
        Some(Nearest {
            value: if is_least { least } else { most },
            is_least,
            of,
        })
    }
}

fn metric(expr: &Expr) -> Option<Measured> {
    match expr.kind {
        ExprKind::Name(Res::Builtin(Builtin::Params)) => Some(Measured::Metric("parameters")),
        ExprKind::Name(Res::Builtin(Builtin::Flops)) => Some(Measured::Metric("FLOPs")),
        _ => None,
    }
}

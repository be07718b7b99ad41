//! Arithmetic and comparison, of numbers and of tensors.

use std::cmp::Ordering;

use super::value::{Tag, Tensor, Value};
use super::{Evaluator, diagnostics};
use crate::decision::GuardId;
use crate::graph::Op;
use crate::hir::Expr;
use crate::span::Span;
use crate::syntax::ast::{BinaryOp, UnaryOp};

impl Evaluator<'_> {
    pub(super) fn unary(&mut self, op: UnaryOp, operand: &Expr, span: Span) -> Value {
        match (op, self.eval(operand)) {
            (_, Value::Unknown) => Value::Unknown,
            (UnaryOp::Not, Value::Bool(value)) => Value::Bool(!value),
            (UnaryOp::Neg, Value::Int(value)) => match value.checked_neg() {
                Some(value) => Value::Int(value),
                None => self.report(diagnostics::overflow(span)),
            },
            (UnaryOp::Neg, Value::Float(value)) => Value::Float(-value),
            (UnaryOp::Neg, Value::Tensor(x)) => self.affine(&x, -1.0, 0.0, span),
            (UnaryOp::Not, other) => {
                self.report(diagnostics::wrong_kind(operand.span, "a condition", &other))
            }
            (UnaryOp::Neg, other) => {
                self.report(diagnostics::wrong_kind(operand.span, "a number", &other))
            }
        }
    }

    pub(super) fn binary(&mut self, op: BinaryOp, left: &Expr, right: &Expr, span: Span) -> Value {
        let a = self.eval(left);
        // The right side is not computed when the left side decides.
        match (op, &a) {
            (BinaryOp::And, Value::Bool(false)) => return Value::Bool(false),
            (BinaryOp::Or, Value::Bool(true)) => return Value::Bool(true),
            _ => {}
        }
        let b = self.eval(right);
        if matches!(a, Value::Unknown) || matches!(b, Value::Unknown) {
            return Value::Unknown;
        }
        match op {
            BinaryOp::And | BinaryOp::Or => match (a, b) {
                (Value::Bool(_), Value::Bool(b)) => Value::Bool(b),
                (Value::Bool(_), other) => {
                    self.report(diagnostics::wrong_kind(right.span, "a condition", &other))
                }
                (other, _) => {
                    self.report(diagnostics::wrong_kind(left.span, "a condition", &other))
                }
            },
            BinaryOp::Range | BinaryOp::RangeInclusive => match (a, b) {
                (Value::Int(start), Value::Int(end)) => {
                    let end = if op == BinaryOp::RangeInclusive {
                        end.saturating_add(1)
                    } else {
                        end
                    };
                    Value::Range { start, end }
                }
                (Value::Int(_), other) => self.report(diagnostics::wrong_kind(
                    right.span,
                    "a whole number",
                    &other,
                )),
                (other, _) => {
                    self.report(diagnostics::wrong_kind(left.span, "a whole number", &other))
                }
            },
            BinaryOp::Eq | BinaryOp::Ne => match equal(&a, &b) {
                Some(same) => Value::Bool(same == (op == BinaryOp::Eq)),
                None => self.report(diagnostics::cannot_compare(span, &a, &b)),
            },
            BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge => match order(&a, &b) {
                Some(order) => Value::Bool(match op {
                    BinaryOp::Lt => order == Ordering::Less,
                    BinaryOp::Le => order != Ordering::Greater,
                    BinaryOp::Gt => order == Ordering::Greater,
                    _ => order != Ordering::Less,
                }),
                None => self.report(diagnostics::cannot_compare(span, &a, &b)),
            },
            BinaryOp::In => self.member(&a, &b, span),
            BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div | BinaryOp::Rem => {
                self.arithmetic(op, (a, left.span), (b, right.span), span)
            }
        }
    }

    fn member(&mut self, a: &Value, b: &Value, span: Span) -> Value {
        match (a, b) {
            (Value::Int(value), Value::Range { start, end }) => {
                Value::Bool((start..end).contains(&value))
            }
            (_, Value::List(list)) if !list.dynamic => {
                let mut found = false;
                for item in &list.items {
                    match equal(a, &item.value) {
                        Some(same) => found |= same,
                        None => {
                            return self.report(diagnostics::cannot_compare(span, a, &item.value));
                        }
                    }
                }
                Value::Bool(found)
            }
            _ => self.report(diagnostics::cannot_compare(span, a, b)),
        }
    }

    fn arithmetic(
        &mut self,
        op: BinaryOp,
        (a, a_span): (Value, Span),
        (b, b_span): (Value, Span),
        span: Span,
    ) -> Value {
        match (a, b) {
            (Value::Int(a), Value::Int(b)) => self.int_arithmetic(op, a, b, span),
            (Value::Tensor(a), Value::Tensor(b)) => {
                self.tensor_arithmetic(op, (&a, a_span), (&b, b_span), span)
            }
            (Value::Tensor(x), number) if as_float(&number).is_some() => {
                let n = as_float(&number).unwrap_or_default();
                match op {
                    BinaryOp::Add => self.affine(&x, 1.0, n, span),
                    BinaryOp::Sub => self.affine(&x, 1.0, -n, span),
                    BinaryOp::Mul => self.affine(&x, n, 0.0, span),
                    BinaryOp::Div if n != 0.0 => self.affine(&x, 1.0 / n, 0.0, span),
                    _ => self.report(diagnostics::no_result(span, "this", "tensors")),
                }
            }
            (number, Value::Tensor(x)) if as_float(&number).is_some() => {
                let n = as_float(&number).unwrap_or_default();
                match op {
                    BinaryOp::Add => self.affine(&x, 1.0, n, span),
                    BinaryOp::Sub => self.affine(&x, -1.0, n, span),
                    BinaryOp::Mul => self.affine(&x, n, 0.0, span),
                    _ => self.report(diagnostics::no_result(span, "this", "tensors")),
                }
            }
            (Value::Tensor(_), b) => {
                self.report(diagnostics::wrong_kind(b_span, "a tensor or a number", &b))
            }
            (a, Value::Tensor(_)) => {
                self.report(diagnostics::wrong_kind(a_span, "a tensor or a number", &a))
            }
            (a, b) => match (as_float(&a), as_float(&b)) {
                (Some(a), Some(b)) => {
                    let value = match op {
                        BinaryOp::Add => a + b,
                        BinaryOp::Sub => a - b,
                        BinaryOp::Mul => a * b,
                        BinaryOp::Div => a / b,
                        _ => a % b,
                    };
                    if value.is_finite() {
                        Value::Float(value)
                    } else {
                        self.report(diagnostics::overflow(span))
                    }
                }
                (None, _) => {
                    self.report(diagnostics::wrong_kind(a_span, "a tensor or a number", &a))
                }
                (_, None) => {
                    self.report(diagnostics::wrong_kind(b_span, "a tensor or a number", &b))
                }
            },
        }
    }

    fn int_arithmetic(&mut self, op: BinaryOp, a: i64, b: i64, span: Span) -> Value {
        let value = match op {
            BinaryOp::Add => a.checked_add(b),
            BinaryOp::Sub => a.checked_sub(b),
            BinaryOp::Mul => a.checked_mul(b),
            _ if b == 0 => return self.report(diagnostics::division_by_zero(span)),
            BinaryOp::Div => {
                if a.checked_rem(b).is_some_and(|rest| rest != 0) {
                    return self.report(diagnostics::indivisible(span, a, b));
                }
                a.checked_div(b)
            }
            _ => a.checked_rem_euclid(b),
        };
        match value {
            Some(value) => Value::Int(value),
            None => self.report(diagnostics::overflow(span)),
        }
    }

    fn tensor_arithmetic(
        &mut self,
        op: BinaryOp,
        (a, a_span): (&Tensor, Span),
        (b, b_span): (&Tensor, Span),
        span: Span,
    ) -> Value {
        let (node, verb) = match op {
            BinaryOp::Add => (Op::Sum, "add"),
            BinaryOp::Sub => (Op::Sub, "subtract"),
            BinaryOp::Mul => (Op::Mul, "multiply"),
            _ => return self.report(diagnostics::no_result(span, "division", "tensors")),
        };
        if a.shape != b.shape {
            return self.report(diagnostics::operands_differ(
                verb,
                (a_span, &a.shape),
                (b_span, &b.shape),
            ));
        }
        let timed = a.timed || b.timed;
        let inputs = [(a, GuardId::ALWAYS), (b, GuardId::ALWAYS)];
        self.node(node, a.shape.clone(), timed, &inputs, Vec::new(), span)
    }

    fn affine(&mut self, x: &Tensor, scale: f64, offset: f64, span: Span) -> Value {
        let op = Op::Affine { scale, offset };
        let inputs = [(x, GuardId::ALWAYS)];
        self.node(op, x.shape.clone(), x.timed, &inputs, Vec::new(), span)
    }
}

/// A number as a float.
pub(super) fn as_float(value: &Value) -> Option<f64> {
    match value {
        Value::Int(value) => Some(*value as f64),
        Value::Float(value) => Some(*value),
        _ => None,
    }
}

/// Whether two values are the same; `None` where that has no answer.
fn equal(a: &Value, b: &Value) -> Option<bool> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => Some(a == b),
        (Value::Bool(a), Value::Bool(b)) => Some(a == b),
        (Value::Text(a), Value::Text(b)) => Some(a == b),
        (Value::Word(a), Value::Word(b)) => Some(a == b),
        (Value::Tuple(a), Value::Tuple(b)) if a.len() == b.len() => {
            let parts: Option<Vec<bool>> =
                a.iter().zip(b.iter()).map(|(a, b)| equal(a, b)).collect();
            Some(parts?.into_iter().all(|same| same))
        }
        _ => order(a, b).map(|order| order == Ordering::Equal),
    }
}

fn order(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        _ => as_float(a)?.partial_cmp(&as_float(b)?),
    }
}

/// A tensor that nothing marks.
pub(super) fn plain(tensor: &Tensor) -> Tensor {
    Tensor {
        tag: Tag::Plain,
        ..tensor.clone()
    }
}

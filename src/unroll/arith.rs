//! Arithmetic and comparison, of numbers and of tensors.

use std::cmp::Ordering;
use std::rc::Rc;

use super::value::{List, MAX_COMPARED, Measure, Tag, Tensor, Value};
use super::{Evaluator, diagnostics};
use crate::decision::GuardId;
use crate::graph::Op;
use crate::hir::Expr;
use crate::span::Span;
use crate::syntax::ast::{BinaryOp, UnaryOp};

/// A comparison of more terms is not tried out.
const MANY_TERMS: usize = 64;

impl Evaluator<'_> {
    pub(super) fn unary(&mut self, op: UnaryOp, operand: &Expr, span: Span) -> Value {
        match (op, self.eval(operand)) {
            (_, Value::Unknown) => Value::Unknown,
            (UnaryOp::Neg, Value::Measure(measure)) => {
                let negative = measure_of(&Value::Measure(measure)).and_then(|m| m.times(-1));
                match negative.and_then(|measure| self.simplified(measure)) {
                    Some(value) => value,
                    None => self.report(diagnostics::overflow(span)),
                }
            }
            (UnaryOp::Neg, Value::Tensor(x)) => self.affine(&x, -1.0, 0.0, span),
            (op, value) => self.lift(&[value], span, &mut |this, args| match (op, args) {
                (UnaryOp::Not, [Value::Bool(value)]) => Value::Bool(!value),
                (UnaryOp::Neg, [Value::Int(value)]) => match value.checked_neg() {
                    Some(value) => Value::Int(value),
                    None => this.report(diagnostics::overflow(span)),
                },
                (UnaryOp::Neg, [Value::Float(value)]) => Value::Float(-value),
                (op, args) => {
                    let found = args.first().unwrap_or(&Value::Unknown);
                    let wanted = match op {
                        UnaryOp::Not => "a condition",
                        UnaryOp::Neg => "a number",
                    };
                    this.report(diagnostics::wrong_kind(operand.span, wanted, found))
                }
            }),
        }
    }

    pub(super) fn binary(&mut self, op: BinaryOp, left: &Expr, right: &Expr, span: Span) -> Value {
        if matches!(op, BinaryOp::And | BinaryOp::Or) {
            return self.connective(op, left, right);
        }
        let a = self.eval(left);
        let b = self.eval(right);
        if matches!(a, Value::Unknown) || matches!(b, Value::Unknown) {
            return Value::Unknown;
        }
        if let Some(value) = self.of_measures(op, &a, &b, span) {
            return value;
        }
        if let (BinaryOp::In, Value::List(list)) = (op, &b) {
            return self.member(&a, list, span);
        }
        let is_tensor = |value: &Value| matches!(value, Value::Tensor(_));
        if is_tensor(&a) || is_tensor(&b) {
            return self.arithmetic(op, (a, left.span), (b, right.span), span);
        }
        self.lift(&[a, b], span, &mut |this, args| match args {
            [a, b] => this.of_numbers(op, (a, left.span), (b, right.span), span),
            _ => Value::Unknown,
        })
    }

    /// `and` and `or`: the right side is computed only where the left side does
    /// not decide.
    fn connective(&mut self, op: BinaryOp, left: &Expr, right: &Expr) -> Value {
        let Some(a) = self.condition(left) else {
            return Value::Unknown;
        };
        let open = match op {
            BinaryOp::And => a,
            _ => self.decisions.guards.not(a),
        };
        if open == GuardId::NEVER {
            return Value::Bool(op == BinaryOp::Or);
        }
        let Some(b) = self.where_holds(open, |this| this.condition(right)) else {
            return Value::Unknown;
        };
        let both = match op {
            BinaryOp::And => self.decisions.guards.and(a, b),
            _ => {
                let right = self.decisions.guards.and(open, b);
                self.decisions.guards.or(a, right)
            }
        };
        match both {
            GuardId::ALWAYS => Value::Bool(true),
            GuardId::NEVER => Value::Bool(false),
            both => Value::Cond(both),
        }
    }

    /// Sums, differences, multiples and comparisons of numbers of which one is a
    /// measure; `None` where that is not what is asked.
    fn of_measures(&mut self, op: BinaryOp, a: &Value, b: &Value, span: Span) -> Option<Value> {
        let is_measure = |value: &Value| matches!(value, Value::Measure(_));
        if !is_measure(a) && !is_measure(b) {
            return None;
        }
        let overflow = |this: &mut Self, value: Option<Value>| match value {
            Some(value) => value,
            None => this.report(diagnostics::overflow(span)),
        };
        if let BinaryOp::Mul = op {
            let product = match (a, b) {
                (Value::Int(n), measure) | (measure, Value::Int(n)) => {
                    measure_of(measure)?.times(*n)
                }
                _ => return None,
            };
            let value = product.and_then(|measure| self.simplified(measure));
            return Some(overflow(self, value));
        }
        // Numbers with a fraction only bound a measure, which is whole.
        let (a, b) = (measure_of(a)?, measure_of(b)?);
        if !self.copy(a.terms.len() * b.terms.len(), span) {
            return Some(Value::Unknown);
        }
        let difference = || b.times(-1).and_then(|b| a.plus(&b));
        match op {
            BinaryOp::Add => {
                let value = a.plus(&b).and_then(|sum| self.simplified(sum));
                Some(overflow(self, value))
            }
            BinaryOp::Sub => {
                let value = difference().and_then(|rest| self.simplified(rest));
                Some(overflow(self, value))
            }
            BinaryOp::Lt
            | BinaryOp::Le
            | BinaryOp::Gt
            | BinaryOp::Ge
            | BinaryOp::Eq
            | BinaryOp::Ne => {
                let Some(difference) = difference() else {
                    return Some(self.report(diagnostics::overflow(span)));
                };
                let at_most = self.at_most(&difference, 0);
                let less = self.at_most(&difference, -1);
                let guards = &mut self.decisions.guards;
                let guard = match op {
                    BinaryOp::Le => at_most,
                    BinaryOp::Lt => less,
                    BinaryOp::Gt => guards.not(at_most),
                    BinaryOp::Ge => guards.not(less),
                    _ => {
                        let not_less = guards.not(less);
                        let equal = guards.and(at_most, not_less);
                        if op == BinaryOp::Eq {
                            equal
                        } else {
                            guards.not(equal)
                        }
                    }
                };
                // Whether large sums can be otherwise is the business of counting.
                Some(match guard {
                    GuardId::ALWAYS => Value::Bool(true),
                    GuardId::NEVER => Value::Bool(false),
                    guard if difference.terms.len() > MANY_TERMS => Value::Cond(guard),
                    guard => self.truth(guard),
                })
            }
            _ => None,
        }
    }

    /// Where a measure is at most a number.
    fn at_most(&mut self, measure: &Measure, bound: i64) -> GuardId {
        let (constant, terms) = self.positive(measure);
        match bound.checked_sub(constant).map(u64::try_from) {
            Some(Ok(bound)) => self.decisions.guards.at_most(&terms, bound),
            _ => GuardId::NEVER,
        }
    }

    /// A measure as a value: a plain number where no decision touches it.
    pub(super) fn simplified(&mut self, measure: Measure) -> Option<Value> {
        let mut simple = Measure {
            constant: measure.constant,
            terms: Vec::with_capacity(measure.terms.len()),
        };
        for (guard, weight) in measure.terms {
            if weight == 0 || guard == GuardId::NEVER {
                continue;
            }
            if self.is_certain(guard) {
                simple.constant = simple.constant.checked_add(weight)?;
            } else {
                simple.terms.push((guard, weight));
            }
        }
        Some(if simple.terms.is_empty() {
            Value::Int(simple.constant)
        } else {
            Value::Measure(Rc::new(simple))
        })
    }

    fn of_numbers(
        &mut self,
        op: BinaryOp,
        (a, a_span): (&Value, Span),
        (b, b_span): (&Value, Span),
        span: Span,
    ) -> Value {
        match op {
            BinaryOp::Range | BinaryOp::RangeInclusive => match (a, b) {
                (&Value::Int(start), &Value::Int(end)) => {
                    let end = if op == BinaryOp::RangeInclusive {
                        end.saturating_add(1)
                    } else {
                        end
                    };
                    Value::Range { start, end }
                }
                (Value::Int(_), other) => self.report(diagnostics::range_bound(b_span, other)),
                (other, _) => self.report(diagnostics::range_bound(a_span, other)),
            },
            BinaryOp::Eq | BinaryOp::Ne => match equal(a, b) {
                Some(same) => Value::Bool(same == (op == BinaryOp::Eq)),
                None => self.report(diagnostics::cannot_compare(span, a, b)),
            },
            BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge => match order(a, b) {
                Some(order) => Value::Bool(match op {
                    BinaryOp::Lt => order == Ordering::Less,
                    BinaryOp::Le => order != Ordering::Greater,
                    BinaryOp::Gt => order == Ordering::Greater,
                    _ => order != Ordering::Less,
                }),
                None => self.report(diagnostics::cannot_compare(span, a, b)),
            },
            BinaryOp::In => match (a, b) {
                (Value::Int(value), Value::Range { start, end }) => {
                    Value::Bool((start..end).contains(&value))
                }
                _ => self.report(diagnostics::cannot_compare(span, a, b)),
            },
            _ => self.arithmetic(op, (a.clone(), a_span), (b.clone(), b_span), span),
        }
    }

    /// Whether a list has a value: where one of the items that are there is it.
    fn member(&mut self, a: &Value, list: &List, span: Span) -> Value {
        if !self.step(list.items.len() as u64, span) {
            return Value::Unknown;
        }
        let mut found = Vec::with_capacity(list.items.len());
        for item in &list.items {
            let same = self.lift(&[a.clone(), item.value.clone()], span, &mut |this, args| {
                let [a, b] = args else { return Value::Unknown };
                match equal(a, b) {
                    Some(same) => Value::Bool(same),
                    None => this.report(diagnostics::cannot_compare(span, a, b)),
                }
            });
            match same {
                Value::Bool(true) => found.push(item.guard),
                Value::Cond(guard) => found.push(self.decisions.guards.and(item.guard, guard)),
                Value::Bool(false) => {}
                _ => return Value::Unknown,
            }
        }
        let found = self.decisions.guards.any(found);
        self.truth(found)
    }

    fn arithmetic(
        &mut self,
        op: BinaryOp,
        (a, a_span): (Value, Span),
        (b, b_span): (Value, Span),
        span: Span,
    ) -> Value {
        if matches!(op, BinaryOp::Range | BinaryOp::RangeInclusive) {
            let (bound, at) = match a {
                Value::Tensor(_) => (a, a_span),
                _ => (b, b_span),
            };
            return self.report(diagnostics::range_bound(at, &bound));
        }
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
        let both = [(GuardId::ALWAYS, &a.sizes), (GuardId::ALWAYS, &b.sizes)];
        let sizes = match self.agree(&both) {
            Ok(sizes) => sizes,
            Err((_, _, at)) => {
                let diagnostic =
                    diagnostics::operands_differ(verb, (a_span, &a.sizes), (b_span, &b.sizes));
                return self.in_case(at, |this| this.report(diagnostic));
            }
        };
        let timed = a.timed || b.timed;
        let inputs = [(a, GuardId::ALWAYS), (b, GuardId::ALWAYS)];
        self.node(node, sizes, timed, &inputs, Vec::new(), span)
    }

    fn affine(&mut self, x: &Tensor, scale: f64, offset: f64, span: Span) -> Value {
        let op = Op::Affine { scale, offset };
        let inputs = [(x, GuardId::ALWAYS)];
        self.node(op, x.sizes.clone(), x.timed, &inputs, Vec::new(), span)
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
    equal_within(a, b, &mut { MAX_COMPARED })
}

/// [`equal`], with so many comparisons.
fn equal_within(a: &Value, b: &Value, left: &mut u32) -> Option<bool> {
    *left = left.checked_sub(1)?;
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => Some(a == b),
        (Value::Bool(a), Value::Bool(b)) => Some(a == b),
        (Value::Text(a), Value::Text(b)) => Some(a == b),
        (Value::Word(a), Value::Word(b)) => Some(a == b),
        (Value::Tuple(a), Value::Tuple(b)) if Rc::ptr_eq(a, b) => Some(true),
        (Value::Tuple(a), Value::Tuple(b)) if a.len() == b.len() => {
            let mut same = true;
            for (a, b) in a.iter().zip(b.iter()) {
                same &= equal_within(a, b, left)?;
            }
            Some(same)
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

impl Measure {
    fn times(&self, n: i64) -> Option<Self> {
        let terms = self
            .terms
            .iter()
            .map(|(guard, weight)| Some((*guard, weight.checked_mul(n)?)));
        Some(Self {
            constant: self.constant.checked_mul(n)?,
            terms: terms.collect::<Option<_>>()?,
        })
    }

    fn plus(&self, other: &Self) -> Option<Self> {
        let mut sum = self.clone();
        sum.constant = sum.constant.checked_add(other.constant)?;
        for (guard, weight) in &other.terms {
            match sum.terms.iter_mut().find(|(known, _)| known == guard) {
                Some((_, known)) => *known = known.checked_add(*weight)?,
                None => sum.terms.push((*guard, *weight)),
            }
        }
        Some(sum)
    }
}

/// A whole number as a measure; of a number with a fraction the whole part
/// below it.
pub(super) fn measure_of(value: &Value) -> Option<Measure> {
    match value {
        Value::Int(constant) => Some(Measure {
            constant: *constant,
            terms: Vec::new(),
        }),
        Value::Float(number) if number.fract() == 0.0 && number.abs() < 9e15 => Some(Measure {
            constant: *number as i64,
            terms: Vec::new(),
        }),
        Value::Measure(measure) => Some(Measure::clone(measure)),
        Value::Cases(cases) => {
            let terms = cases.iter().map(|(guard, value)| match value {
                Value::Int(value) => Some((*guard, *value)),
                _ => None,
            });
            Some(Measure {
                constant: 0,
                terms: terms.collect::<Option<_>>()?,
            })
        }
        _ => None,
    }
}

/// A tensor that nothing marks.
pub(super) fn plain(tensor: &Tensor) -> Tensor {
    Tensor {
        tag: Tag::Plain,
        ..tensor.clone()
    }
}

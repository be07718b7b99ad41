//! Annotations: `@per`, by what parameters are told apart, and `@tie`, whose matrix is used.

use std::rc::Rc;

use super::expr::Round;
use super::value::{Callable, PerPart, Tag, Value};
use super::{Evaluator, diagnostics};
use crate::decision::{Domain, Guard, GuardId};
use crate::graph::{BankId, Op};
use crate::hir::{Expr, ExprKind};
use crate::span::Span;

/// What a loop over picked values is at.
#[derive(Clone, Debug)]
pub(super) struct PickedItem {
    value: Value,
    /// As keys of parameters call it.
    name: Rc<str>,
}

impl PickedItem {
    fn is(&self, value: &Value) -> bool {
        match &self.value {
            Value::Tuple(parts) => parts.iter().any(|part| part.same(value)),
            item => item.same(value),
        }
    }
}

impl Evaluator<'_> {
    /// Runs one round of a loop over what was picked, in which the item that it is at
    /// may be named by `@per`; or of any other loop.
    pub(super) fn at_item<T>(&mut self, round: &Round, run: impl FnOnce(&mut Self) -> T) -> T {
        let n = self.items.len();
        if round.picked {
            let plain = match &round.value {
                Value::Tensor(_) | Value::Callable(_) | Value::List(_) => round.label.to_string(),
                value => value.text(),
            };
            let (value, name) = (round.value.clone(), plain.into());
            self.items.push(PickedItem { value, name });
        }
        let result = run(self);
        self.items.truncate(n);
        result
    }

    pub(super) fn per(&mut self, base: &Expr, args: &[Expr]) -> Value {
        let n = self.per.len();
        for arg in args {
            let value = self.eval(arg);
            match self.per_part(&value, arg.span) {
                Some(part) => self.per.push(part),
                None => {
                    self.per.truncate(n);
                    return Value::Unknown;
                }
            }
        }
        let value = self.eval(base);
        let parts = self.per.split_off(n);
        match value {
            // `x |> f(a) @per(p)`: the parameters are built when it is applied.
            Value::Callable(callable) => {
                Value::Callable(super::call::with_notes(&callable, base.span, &parts, None))
            }
            other => other,
        }
    }

    fn per_part(&mut self, value: &Value, span: Span) -> Option<PerPart> {
        let part = match value {
            Value::Unknown => return None,
            Value::Tensor(tensor) => match tensor.tag {
                Tag::Decided(decision) => Some(PerPart::Decision(decision)),
                Tag::Element(element) => Some(PerPart::Element(element)),
                Tag::Plain => self.item(value),
            },
            Value::Callable(callable) => match &**callable {
                Callable::Choice { decision, .. } => decision.map(PerPart::Decision),
                _ => None,
            }
            .or_else(|| self.item(value)),
            Value::Cases(cases) => self.decision_of(cases.iter().map(|(guard, _)| *guard)),
            Value::Cond(guard) => self.decision_of([*guard]),
            value => self.item(value),
        };
        if part.is_none() {
            self.report(diagnostics::per_not_decision(span, value));
        }
        part
    }

    /// The item that is this value, of the innermost loop over picked ones that has it.
    fn item(&self, value: &Value) -> Option<PerPart> {
        let found = self.items.iter().rev().find(|item| item.is(value))?;
        Some(PerPart::Item(found.name.clone()))
    }

    /// The decision whose options some conditions are.
    fn decision_of(&self, guards: impl IntoIterator<Item = GuardId>) -> Option<PerPart> {
        let mut found = None;
        for guard in guards {
            let Guard::Has { decision, .. } = self.decisions.guards.get(guard) else {
                return None;
            };
            if found
                .replace(*decision)
                .is_some_and(|other| other != *decision)
            {
                return None;
            }
        }
        let point = self.decisions.point(found?)?;
        matches!(point.domain, Domain::One { .. }).then_some(PerPart::Decision(found?))
    }

    pub(super) fn tie(&mut self, base: &Expr, to: &Expr) -> Value {
        let owner = self.eval(to);
        let Some(bank) = self.only_matrix(&owner, to.span) else {
            return Value::Unknown;
        };
        if let ExprKind::Call { callee, args } = &base.kind {
            return self.eval_call(callee, args, base.span, Some(bank));
        }
        match self.eval(base) {
            Value::Callable(callable) => Value::Callable(super::call::with_notes(
                &callable,
                base.span,
                &[],
                Some(bank),
            )),
            Value::Unknown => Value::Unknown,
            _ => self.report(diagnostics::tie_of_no_call(base.span)),
        }
    }

    /// The one matrix of the call that made a tensor.
    fn only_matrix(&mut self, owner: &Value, span: Span) -> Option<BankId> {
        let Value::Tensor(tensor) = owner else {
            if !matches!(owner, Value::Unknown) {
                self.report(diagnostics::tie_to_no_matrix(span));
            }
            return None;
        };
        let node = self
            .regions
            .get(tensor.region.index())
            .and_then(|region| region.graph.node_weight(tensor.node));
        let found = node.and_then(|node| match (&node.op, node.params.as_slice()) {
            (Op::Embed | Op::Linear { bias: false }, [bank]) => Some(*bank),
            _ => None,
        });
        if found.is_none() {
            self.report(diagnostics::tie_to_no_matrix(span));
        }
        found
    }
}

//! Operations that a space declares by their shape and cost.

use super::value::{Sizes, Tensor, Value};
use super::{Evaluator, diagnostics};
use crate::decision::GuardId;
use crate::graph::{Form, Op, Shape};
use crate::hir::{self, Dim, TypeKind};
use crate::span::Span;
use crate::syntax::ast::Ident;

impl Evaluator<'_> {
    /// A node of an operation that the space declares and does not define.
    pub(super) fn extern_op(
        &mut self,
        function: &hir::Fn,
        cost: &[(Ident, hir::Expr)],
        site: Span,
    ) -> Value {
        let inputs: Vec<Tensor> = function
            .params
            .iter()
            .filter_map(|param| match self.local(param.local) {
                Some(Value::Tensor(tensor)) => Some(tensor),
                _ => None,
            })
            .collect();
        let Some(TypeKind::Tensor(dims)) = function.result.as_ref().map(|ty| &ty.kind) else {
            return self.report(diagnostics::extern_result(function.name.span));
        };
        let mut numbers = Vec::with_capacity(dims.len() + 2);
        let exprs = dims.iter().filter_map(|dim| match dim {
            Dim::Is(expr) => Some(expr),
            Dim::Bind(..) => None,
        });
        let mut sizes = Vec::with_capacity(dims.len());
        for expr in exprs {
            let value = self.eval(expr);
            let Some(size) = self.size(&value, expr.span) else {
                return Value::Unknown;
            };
            numbers.push(value);
            sizes.push(size);
        }
        for metric in ["params", "flops"] {
            let given = cost.iter().find(|(name, _)| name.name == metric);
            let value = match given {
                Some((_, expr)) => match self.eval(expr) {
                    Value::Unknown => return Value::Unknown,
                    value => value,
                },
                None => Value::Int(0),
            };
            numbers.push(value);
        }
        let name = &function.name.name;
        let rank = sizes.len();
        let table = self.table(&numbers, site, |this, numbers| {
            let mut whole = Vec::with_capacity(numbers.len());
            for number in numbers {
                match super::arith::as_float(number) {
                    Some(number) if number >= 0.0 => whole.push(number as u64),
                    _ => {
                        this.report(diagnostics::wrong_kind(site, "a cost", number));
                        return None;
                    }
                }
            }
            let shape = Shape(whole.iter().take(rank).map(|&size| size as usize).collect());
            let mut cost = whole.into_iter().skip(rank);
            let op = Op::Extern {
                name: name.clone(),
                params: cost.next().unwrap_or(0),
                flops: cost.next().unwrap_or(0),
            };
            Some((op, shape))
        });
        let Some(table) = table else {
            return Value::Unknown;
        };
        let forms = self.group(&table, Clone::clone, |a, b| a == b);
        let Some((_, (widest, _))) = forms.iter().max_by_key(|(_, (op, _))| match op {
            Op::Extern { params, .. } => *params,
            _ => 0,
        }) else {
            return Value::Unknown;
        };
        let widest = widest.clone();
        let forms = match forms.as_slice() {
            [_] => Vec::new(),
            _ => forms
                .into_iter()
                .map(|(guard, (op, shape))| Form {
                    guard,
                    op,
                    shape,
                    params: Vec::new(),
                })
                .collect(),
        };
        let timed = inputs.iter().any(|tensor| tensor.timed);
        let inputs: Vec<(&Tensor, GuardId)> = inputs
            .iter()
            .map(|tensor| (tensor, GuardId::ALWAYS))
            .collect();
        self.node_of(
            widest,
            Sizes(sizes.into()),
            timed,
            &inputs,
            Vec::new(),
            forms,
            site,
        )
    }
}

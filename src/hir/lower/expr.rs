//! Expressions and their annotations.

use super::super::{
    Arg, Choose, Expr, ExprKind, Generator, HintExprs, Index, Pick, PickCount, PickOrder, Res,
    diagnostics,
};
use super::Lowerer;
use crate::span::Span;
use crate::syntax::ast;

impl Lowerer<'_> {
    pub(super) fn expr(&mut self, expr: &ast::Expr) -> Expr {
        let kind = match &expr.kind {
            ast::ExprKind::Int(value) => ExprKind::Int(*value),
            ast::ExprKind::Float(value) => ExprKind::Float(*value),
            ast::ExprKind::Text(value) => ExprKind::Text(value.clone()),
            ast::ExprKind::Bool(value) => ExprKind::Bool(*value),
            ast::ExprKind::Path(path) => match self.resolve(path) {
                Some(res) => ExprKind::Name(res),
                None => ExprKind::Error,
            },
            ast::ExprKind::List(items) => ExprKind::List(self.exprs(items)),
            ast::ExprKind::Tuple(items) => ExprKind::Tuple(self.exprs(items)),
            ast::ExprKind::Generator(generator) => self.generator(generator, expr.span),
            ast::ExprKind::Unary { op, operand } => ExprKind::Unary {
                op: *op,
                operand: self.boxed(operand),
            },
            ast::ExprKind::Binary { op, left, right } => ExprKind::Binary {
                op: *op,
                left: self.boxed(left),
                right: self.boxed(right),
            },
            ast::ExprKind::Pipe { value, into } => ExprKind::Pipe {
                value: self.boxed(value),
                into: self.boxed(into),
            },
            ast::ExprKind::Call { callee, args } => {
                let callee = self.boxed(callee);
                if let ExprKind::Name(Res::Fn(id)) = callee.kind {
                    let named = args.iter().filter_map(|arg| arg.name.clone());
                    self.named_args.extend(named.map(|name| (id, name)));
                }
                ExprKind::Call {
                    callee,
                    args: self.args(args),
                }
            }
            ast::ExprKind::Index { base, index } => ExprKind::Index {
                base: self.boxed(base),
                index: Box::new(self.index(index)),
            },
            ast::ExprKind::Field { base, name } => {
                self.boxed(base);
                self.diagnostics
                    .push(diagnostics::no_field(name.span, &name.name));
                ExprKind::Error
            }
            ast::ExprKind::Note { base, name, args } => return self.note(base, name, args, expr),
            ast::ExprKind::Choose(choose) => ExprKind::Choose(Box::new(Choose {
                from: match choose {
                    ast::Choose::Candidates(candidates) => Ok(self.candidates(candidates)),
                    ast::Choose::From(source) => Err(self.expr(source)),
                },
                hints: HintExprs::default(),
            })),
            ast::ExprKind::Pick { count, source } => ExprKind::Pick(Box::new(Pick {
                count: match count {
                    ast::PickCount::Any => PickCount::Any,
                    ast::PickCount::Some => PickCount::Some,
                    ast::PickCount::Count(count) => PickCount::Count(self.expr(count)),
                },
                source: self.expr(source),
                order: PickOrder::Set,
                hints: HintExprs::default(),
            })),
            ast::ExprKind::If {
                condition,
                then,
                otherwise,
            } => ExprKind::If {
                condition: self.boxed(condition),
                then: self.boxed(then),
                otherwise: self.boxed(otherwise),
            },
            ast::ExprKind::Error => ExprKind::Error,
        };
        Expr {
            kind,
            span: expr.span,
        }
    }

    fn boxed(&mut self, expr: &ast::Expr) -> Box<Expr> {
        Box::new(self.expr(expr))
    }

    fn exprs(&mut self, exprs: &[ast::Expr]) -> Vec<Expr> {
        exprs.iter().map(|expr| self.expr(expr)).collect()
    }

    fn args(&mut self, args: &[ast::Arg]) -> Vec<Arg> {
        args.iter()
            .map(|arg| Arg {
                name: arg.name.clone(),
                value: self.expr(&arg.value),
            })
            .collect()
    }

    pub(super) fn index(&mut self, index: &ast::Index) -> Index {
        match index {
            ast::Index::At(at) => Index::At(self.expr(at)),
            ast::Index::To(end) => Index::To(end.as_ref().map(|end| self.expr(end))),
            ast::Index::From(start) => Index::From(self.expr(start)),
        }
    }

    fn generator(&mut self, generator: &ast::Generator, span: Span) -> ExprKind {
        let iterable = self.expr(&generator.iterable);
        self.open(span);
        let pattern = self.loop_pattern(&generator.pattern);
        let condition = generator.condition.as_ref().map(|c| self.expr(c));
        let body = self.expr(&generator.body);
        self.close();
        ExprKind::Generator(Box::new(Generator {
            pattern,
            iterable,
            condition,
            body,
        }))
    }

    fn note(
        &mut self,
        base: &ast::Expr,
        name: &ast::Ident,
        args: &[ast::Arg],
        whole: &ast::Expr,
    ) -> Expr {
        let mut base = self.expr(base);
        let named = args.iter().any(|arg| arg.name.is_some());
        let kind = match name.name.as_str() {
            "per" if !named && !args.is_empty() => ExprKind::Per {
                args: args.iter().map(|arg| self.expr(&arg.value)).collect(),
                base: Box::new(base),
            },
            "tie" if !named && args.len() == 1 => {
                let Some(to) = args.first() else { return base };
                ExprKind::Tie {
                    to: Box::new(self.expr(&to.value)),
                    base: Box::new(base),
                }
            }
            "near" | "rate" if !named && args.len() == 1 => {
                let value = args.first().map(|arg| self.expr(&arg.value));
                match pick_of(&mut base) {
                    Some(pick) if name.name == "near" => pick.hints.near = value,
                    Some(pick) => pick.hints.rate = value,
                    None => self.misplaced(name, "belongs to a `pick`"),
                }
                return base;
            }
            "bias" if args.iter().all(|arg| arg.name.is_some()) => {
                let biases: Vec<_> = args
                    .iter()
                    .filter_map(|arg| Some((arg.name.clone()?, self.expr(&arg.value))))
                    .collect();
                match choose_hints(&mut base) {
                    Some(hints) => hints.bias.extend(biases),
                    None => self.misplaced(name, "belongs to a `choose`"),
                }
                return base;
            }
            "ordered" | "repeat" if args.is_empty() => {
                let order = match name.name.as_str() {
                    "ordered" => PickOrder::Ordered,
                    _ => PickOrder::Repeat,
                };
                match pick_of(&mut base) {
                    Some(pick) => pick.order = order,
                    None => self.misplaced(name, "belongs to a `pick`"),
                }
                return base;
            }
            _ => {
                self.misplaced(name, "has other arguments");
                return base;
            }
        };
        Expr {
            kind,
            span: whole.span,
        }
    }

    fn misplaced(&mut self, name: &ast::Ident, why: &str) {
        self.diagnostics
            .push(diagnostics::bad_annotation(name.span, &name.name, why));
    }
}

/// The `pick` that an annotated expression is.
fn pick_of(expr: &mut Expr) -> Option<&mut Pick> {
    match &mut expr.kind {
        ExprKind::Pick(pick) => Some(pick),
        ExprKind::Per { base, .. } => pick_of(base),
        _ => None,
    }
}

/// The hints of the `choose` that an annotated expression is, or calls.
fn choose_hints(expr: &mut Expr) -> Option<&mut HintExprs> {
    match &mut expr.kind {
        ExprKind::Choose(choose) => Some(&mut choose.hints),
        ExprKind::Call { callee: base, .. } | ExprKind::Per { base, .. } => choose_hints(base),
        _ => None,
    }
}

/// The name of a candidate without a label: a name's last part, the text of a
/// number, a call's name and its plain arguments (`conv_3`).
pub(super) fn label(expr: &ast::Expr) -> String {
    fn parts(expr: &ast::Expr, out: &mut Vec<String>) {
        match &expr.kind {
            ast::ExprKind::Path(path) => {
                out.extend(path.segments.last().map(|last| last.name.clone()));
            }
            ast::ExprKind::Int(value) => out.push(value.to_string()),
            ast::ExprKind::Float(value) => out.push(value.to_string()),
            ast::ExprKind::Bool(value) => out.push(value.to_string()),
            ast::ExprKind::Text(value) => out.push(value.clone()),
            ast::ExprKind::Call { callee, args } => {
                parts(callee, out);
                for arg in args {
                    out.extend(arg.name.iter().map(|name| name.name.clone()));
                    parts(&arg.value, out);
                }
            }
            ast::ExprKind::Pipe { value, into } => {
                parts(value, out);
                parts(into, out);
            }
            ast::ExprKind::Binary { left, right, .. } => {
                parts(left, out);
                parts(right, out);
            }
            ast::ExprKind::Index { base, index } => {
                parts(base, out);
                if let ast::Index::At(at) = &**index {
                    parts(at, out);
                }
            }
            ast::ExprKind::Note { base, .. } | ast::ExprKind::Field { base, .. } => {
                parts(base, out);
            }
            ast::ExprKind::Unary { operand, .. } => parts(operand, out),
            _ => {}
        }
    }
    let mut out = Vec::new();
    parts(expr, &mut out);
    if out.is_empty() {
        out.push("candidate".to_owned());
    }
    out.join("_")
        .chars()
        .map(|c| {
            if c.is_alphanumeric() || "._-".contains(c) {
                c
            } else {
                '_'
            }
        })
        .collect()
}

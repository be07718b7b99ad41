//! Checks on the resolved tree, before it runs.

use super::{Arg, Choose, Expr, ExprKind, FnBody, Index, PickCount, Res, Space, Stmt, diagnostics};
use crate::diagnostic::Diagnostics;
use crate::syntax::ast::FnKind;

/// An `op` neither decides nor calls what decides by name.
pub(super) fn decisions_in_ops(space: &Space, diagnostics: &mut Diagnostics) {
    for function in space.fns.iter().filter(|f| f.kind == FnKind::Op) {
        let mut visit = |expr: &Expr| {
            let what = match &expr.kind {
                ExprKind::Choose(_) => "has a `choose`".to_owned(),
                ExprKind::Pick(_) => "has a `pick`".to_owned(),
                ExprKind::Name(Res::Fn(id)) => match space.fns.get(id.index()) {
                    Some(callee) if callee.kind != FnKind::Op => {
                        format!("calls `{}`, which decides", callee.name.name)
                    }
                    _ => return,
                },
                ExprKind::Name(Res::Cell(_)) => "calls a cell".to_owned(),
                _ => return,
            };
            diagnostics.push(diagnostics::decision_in_op(
                expr.span,
                &what,
                &function.name.name,
                function.name.span,
            ));
        };
        match &function.body {
            FnBody::Expr(expr) => walk(expr, &mut visit),
            FnBody::Block(body) => walk_body(body, &mut visit),
            FnBody::Extern(cost) => {
                for (_, expr) in cost {
                    walk(expr, &mut visit);
                }
            }
        }
    }
}

fn walk_body(body: &[Stmt], visit: &mut dyn FnMut(&Expr)) {
    for stmt in body {
        match stmt {
            Stmt::For { iterable, body, .. } => {
                walk(iterable, visit);
                walk_body(body, visit);
            }
            Stmt::If {
                condition,
                then,
                otherwise,
                ..
            } => {
                walk(condition, visit);
                walk_body(then, visit);
                walk_body(otherwise, visit);
            }
            Stmt::Let { value, .. } | Stmt::Return { value, .. } => walk(value, visit),
            Stmt::NodesSeed { seeds, .. } => walk(seeds, visit),
            Stmt::NodesFamily { range, body, .. } => {
                walk(range, visit);
                walk_body(body, visit);
            }
            Stmt::Require { condition, .. } => walk(condition, visit),
            Stmt::Assign { indices, value, .. } => {
                for index in indices {
                    walk_index(index, visit);
                }
                walk(value, visit);
            }
        }
    }
}

fn walk_index(index: &Index, visit: &mut dyn FnMut(&Expr)) {
    match index {
        Index::At(expr) | Index::From(expr) | Index::To(Some(expr)) => walk(expr, visit),
        Index::To(None) => {}
    }
}

/// Visits an expression and all inside it.
fn walk(expr: &Expr, visit: &mut dyn FnMut(&Expr)) {
    visit(expr);
    match &expr.kind {
        ExprKind::Int(_)
        | ExprKind::Float(_)
        | ExprKind::Text(_)
        | ExprKind::Bool(_)
        | ExprKind::Name(_)
        | ExprKind::Error => {}
        ExprKind::List(items) | ExprKind::Tuple(items) => {
            for item in items {
                walk(item, visit);
            }
        }
        ExprKind::Generator(generator) => {
            walk(&generator.iterable, visit);
            if let Some(condition) = &generator.condition {
                walk(condition, visit);
            }
            walk(&generator.body, visit);
        }
        ExprKind::Unary { operand, .. } => walk(operand, visit),
        ExprKind::Binary { left, right, .. } => {
            walk(left, visit);
            walk(right, visit);
        }
        ExprKind::Pipe { value, into } => {
            walk(value, visit);
            walk(into, visit);
        }
        ExprKind::Call { callee, args } => {
            walk(callee, visit);
            for Arg { value, .. } in args {
                walk(value, visit);
            }
        }
        ExprKind::Index { base, index } => {
            walk(base, visit);
            walk_index(index, visit);
        }
        ExprKind::Choose(choose) => {
            let Choose { from, .. } = &**choose;
            match from {
                Ok(candidates) => {
                    for candidate in candidates {
                        walk(&candidate.value, visit);
                    }
                }
                Err(source) => walk(source, visit),
            }
        }
        ExprKind::Pick(pick) => {
            if let PickCount::Count(count) = &pick.count {
                walk(count, visit);
            }
            walk(&pick.source, visit);
        }
        ExprKind::If {
            condition,
            then,
            otherwise,
        } => {
            walk(condition, visit);
            walk(then, visit);
            walk(otherwise, visit);
        }
        ExprKind::Per { base, args } => {
            walk(base, visit);
            for arg in args {
                walk(arg, visit);
            }
        }
        ExprKind::Tie { base, to } => {
            walk(base, visit);
            walk(to, visit);
        }
    }
}

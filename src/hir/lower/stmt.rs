//! Statements.

use super::super::{LocalId, Pattern, Referent, Stmt, What, diagnostics};
use super::Lowerer;
use crate::span::Span;
use crate::syntax::ast;

impl Lowerer<'_> {
    /// A block: what it declares ends with it. `extent` is its text, and maybe more.
    pub(super) fn body(&mut self, stmts: &[ast::Stmt], extent: Span) -> Vec<Stmt> {
        self.open(extent);
        let mut body = Vec::with_capacity(stmts.len());
        for stmt in stmts {
            self.stmt(stmt, &mut body);
        }
        self.close();
        body
    }

    pub(super) fn stmt(&mut self, stmt: &ast::Stmt, out: &mut Vec<Stmt>) {
        let lowered = match stmt {
            ast::Stmt::For {
                pattern,
                iterable,
                body,
                span,
            } => {
                let iterable = self.expr(iterable);
                self.open(*span);
                let pattern = self.loop_pattern(pattern);
                let body = self.body(body, *span);
                self.close();
                Stmt::For {
                    pattern,
                    iterable,
                    body,
                    span: *span,
                }
            }
            ast::Stmt::If {
                condition,
                then,
                otherwise,
                span,
            } => {
                let condition = self.expr(condition);
                // Where the second arm begins, if there is one, the first has ended.
                let first = otherwise.first().map_or(span.end, |stmt| stmt.span().start);
                let then = self.body(
                    then,
                    Span {
                        end: first,
                        ..*span
                    },
                );
                let otherwise = self.body(otherwise, *span);
                Stmt::If {
                    condition,
                    then,
                    otherwise,
                    span: *span,
                }
            }
            ast::Stmt::Let {
                pattern,
                ty,
                value,
                span,
            } => {
                // The value first: it may read what the pattern shadows.
                if let ast::Pattern::Name(name) = pattern
                    && decides(value)
                {
                    self.decided.insert(name.span);
                }
                let value = self.expr(value);
                let ty = ty.as_ref().map(|ty| self.ty(ty));
                let pattern = self.pattern(pattern, span.end);
                Stmt::Let {
                    pattern,
                    ty,
                    value,
                    span: *span,
                }
            }
            ast::Stmt::NodesSeed { name, seeds, span } => {
                let seeds = self.expr(seeds);
                let local = self.declare_local(name, What::Family, span.end);
                Stmt::NodesSeed {
                    local,
                    name: name.clone(),
                    seeds,
                    span: *span,
                }
            }
            ast::Stmt::NodesFamily {
                name,
                index,
                range,
                body,
                span,
            } => {
                let Some(local) = self.target(name) else {
                    self.diagnostics
                        .push(diagnostics::unknown_family(name.span, &name.name));
                    return;
                };
                let range = self.expr(range);
                self.open(*span);
                let index_local = self.declare_local(index, What::Local, index.span.end);
                self.locals.find(&index.name);
                let body = self.body(body, *span);
                self.close();
                Stmt::NodesFamily {
                    local,
                    name: name.clone(),
                    index: index_local,
                    range,
                    body,
                    span: *span,
                }
            }
            ast::Stmt::Require { condition, span } => Stmt::Require {
                condition: self.expr(condition),
                span: *span,
            },
            ast::Stmt::Return { value, span } => Stmt::Return {
                value: self.expr(value),
                span: *span,
            },
            ast::Stmt::Assign {
                name,
                indices,
                value,
                span,
            } => {
                let value = self.expr(value);
                let Some(local) = self.target(name) else {
                    self.report_unknown(name.span, &name.name);
                    return;
                };
                if indices.len() > 1 {
                    self.diagnostics
                        .push(diagnostics::index_of_plain(*span, &name.name));
                }
                let indices = indices.iter().map(|index| self.index(index)).collect();
                Stmt::Assign {
                    local,
                    name: name.clone(),
                    indices,
                    value,
                    span: *span,
                }
            }
        };
        out.push(lowered);
    }

    /// The local that an assignment writes to.
    fn target(&mut self, name: &ast::Ident) -> Option<LocalId> {
        let (local, declared) = self.locals.find_target(&name.name)?;
        self.refer(name.span, Referent::Declared(declared));
        Some(local)
    }

    /// What a pattern binds, to be used from the byte `from` on.
    fn pattern(&mut self, pattern: &ast::Pattern, from: u32) -> Pattern {
        let mut declare = |name: &ast::Ident| {
            let local = self.declare_local(name, What::Local, from);
            (local, name.clone())
        };
        match pattern {
            ast::Pattern::Name(name) => {
                let (local, name) = declare(name);
                Pattern::Name(local, name)
            }
            ast::Pattern::Tuple(names, span) => {
                Pattern::Tuple(names.iter().map(declare).collect(), *span)
            }
        }
    }

    /// The variable of a loop need not be read.
    pub(super) fn loop_pattern(&mut self, pattern: &ast::Pattern) -> Pattern {
        let end = match pattern {
            ast::Pattern::Name(name) => name.span.end,
            ast::Pattern::Tuple(_, span) => span.end,
        };
        let lowered = self.pattern(pattern, end);
        match pattern {
            ast::Pattern::Name(name) => {
                self.locals.find(&name.name);
            }
            ast::Pattern::Tuple(names, _) => {
                for name in names {
                    self.locals.find(&name.name);
                }
            }
        }
        lowered
    }
}

/// Whether an expression is a decision, or what one gives for a tensor.
fn decides(expr: &ast::Expr) -> bool {
    match &expr.kind {
        ast::ExprKind::Choose(_) | ast::ExprKind::Pick { .. } => true,
        ast::ExprKind::Note { base, .. } => decides(base),
        ast::ExprKind::Call { callee, .. } => decides(callee),
        ast::ExprKind::Pipe { into, .. } => decides(into),
        _ => false,
    }
}

//! Statements.

use super::super::{Pattern, Stmt, diagnostics};
use super::Lowerer;
use crate::syntax::ast;

impl Lowerer<'_> {
    /// A block: what it declares ends with it.
    pub(super) fn body(&mut self, stmts: &[ast::Stmt]) -> Vec<Stmt> {
        self.locals.open();
        let mut body = Vec::with_capacity(stmts.len());
        for stmt in stmts {
            self.stmt(stmt, &mut body);
        }
        self.locals.close();
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
                self.locals.open();
                let pattern = self.loop_pattern(pattern);
                let body = self.body(body);
                self.locals.close();
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
                ..
            } => Stmt::If {
                condition: self.expr(condition),
                then: self.body(then),
                otherwise: self.body(otherwise),
            },
            ast::Stmt::Let {
                pattern, ty, value, ..
            } => {
                // The value first: it may read what the pattern shadows.
                let value = self.expr(value);
                let ty = ty.as_ref().map(|ty| self.ty(ty));
                let pattern = self.pattern(pattern);
                Stmt::Let { pattern, ty, value }
            }
            ast::Stmt::NodesSeed { name, seeds, .. } => {
                let seeds = self.expr(seeds);
                let local = self.locals.declare(&name.name, name.span);
                Stmt::NodesSeed {
                    local,
                    name: name.clone(),
                    seeds,
                }
            }
            ast::Stmt::NodesFamily {
                name,
                index,
                range,
                body,
                span,
            } => {
                let Some(local) = self.locals.find_target(&name.name) else {
                    self.diagnostics
                        .push(diagnostics::unknown_family(name.span, &name.name));
                    return;
                };
                let range = self.expr(range);
                self.locals.open();
                let index_local = self.locals.declare(&index.name, index.span);
                self.locals.find(&index.name);
                let body = self.body(body);
                self.locals.close();
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
            ast::Stmt::Return { value, .. } => Stmt::Return {
                value: self.expr(value),
            },
            ast::Stmt::Assign {
                name,
                indices,
                value,
                span,
            } => {
                let value = self.expr(value);
                let Some(local) = self.locals.find_target(&name.name) else {
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

    pub(super) fn pattern(&mut self, pattern: &ast::Pattern) -> Pattern {
        match pattern {
            ast::Pattern::Name(name) => {
                Pattern::Name(self.locals.declare(&name.name, name.span), name.clone())
            }
            ast::Pattern::Tuple(names, span) => Pattern::Tuple(
                names
                    .iter()
                    .map(|name| (self.locals.declare(&name.name, name.span), name.clone()))
                    .collect(),
                *span,
            ),
        }
    }

    /// The variable of a loop need not be read.
    pub(super) fn loop_pattern(&mut self, pattern: &ast::Pattern) -> Pattern {
        let lowered = self.pattern(pattern);
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

//! Statements.

use super::Rule;
use super::builder::Builder;
use super::pairs::{Pair, parts};
use super::trap::Slot;
use crate::span::Span;
use crate::syntax::ast;

impl Builder<'_, '_, '_> {
    pub fn body(&mut self, pair: Pair<'_>) -> Vec<ast::Stmt> {
        let mut body = Vec::new();
        let mut previous = None;
        for part in parts(pair) {
            let start = part.as_span().start();
            if part.as_rule() == Rule::bad_stmt {
                self.trap(&part, Slot::Stmt, previous);
            } else {
                body.extend(self.or_report(&part, |builder, part| builder.stmt(part)));
            }
            previous = Some(start);
        }
        body
    }

    pub fn stmt(&mut self, pair: Pair<'_>) -> Option<ast::Stmt> {
        match pair.as_rule() {
            Rule::for_stmt => self.for_stmt(pair),
            Rule::if_stmt => self.if_stmt(pair),
            Rule::let_stmt => self.let_stmt(pair),
            Rule::nodes_stmt => self.nodes_stmt(pair),
            Rule::require_stmt => self.require_stmt(pair),
            Rule::return_stmt => self.return_stmt(pair),
            Rule::assign_stmt => self.assign_stmt(pair),
            _ => None,
        }
    }

    fn for_stmt(&mut self, pair: Pair<'_>) -> Option<ast::Stmt> {
        let span = self.span(&pair);
        let mut outer = parts(pair);
        self.nested(1, span, |builder| {
            let head = builder.head(outer.next()?, Slot::ForHead, span);
            let body = builder.body(outer.one(Rule::body)?);
            let mut head = parts(head?);
            Some(ast::Stmt::For {
                pattern: builder.pattern(head.one(Rule::pattern)?)?,
                iterable: builder.expr(head.one(Rule::expr)?),
                body,
                span,
            })
        })
    }

    /// What stands before a body; nothing where it was trapped.
    fn head<'i>(&mut self, pair: Pair<'i>, slot: Slot, statement: Span) -> Option<Pair<'i>> {
        if matches!(pair.as_rule(), Rule::bad_head | Rule::bad_index) {
            self.trap(&pair, slot, Some(statement.start as usize));
            return None;
        }
        Some(pair)
    }

    /// The arms come as a list; in the tree each lies in the one before.
    fn if_stmt(&mut self, pair: Pair<'_>) -> Option<ast::Stmt> {
        let span = self.span(&pair);
        let arms: Vec<_> = parts(pair).collect();
        let else_ifs = arms.iter().filter(|arm| arm.as_rule() == Rule::else_if_arm);
        let levels = 1 + else_ifs.count();
        self.nested(levels, span, |builder| builder.if_arms(arms, span))
    }

    fn if_arms(&mut self, arms: Vec<Pair<'_>>, span: Span) -> Option<ast::Stmt> {
        let mut arms = arms.into_iter();
        let (head, body) = (arms.next()?, arms.next()?);
        let mut built = vec![(span.start, self.if_arm(head, body, span))];
        let mut otherwise = Vec::new();
        for arm in arms {
            let start = arm
                .clone()
                .into_inner()
                .find(|part| part.as_rule() == Rule::k_if)
                .map_or(span.start, |word| self.span(&word).start);
            let is_last = arm.as_rule() == Rule::else_arm;
            let mut parts = parts(arm);
            if is_last {
                otherwise = self.body(parts.one(Rule::body)?);
            } else {
                let (head, body) = (parts.next()?, parts.one(Rule::body)?);
                built.push((start, self.if_arm(head, body, Span { start, ..span })));
            }
        }
        let mut nested = None;
        for (start, arm) in built.into_iter().rev() {
            otherwise = nested.take().map_or(otherwise, |inner| vec![inner]);
            let (condition, then) = arm?;
            nested = Some(ast::Stmt::If {
                condition,
                then,
                otherwise: std::mem::take(&mut otherwise),
                span: Span { start, ..span },
            });
        }
        nested
    }

    /// The condition and the body of one arm.
    fn if_arm(
        &mut self,
        head: Pair<'_>,
        body: Pair<'_>,
        arm: Span,
    ) -> Option<(ast::Expr, Vec<ast::Stmt>)> {
        let head = self.head(head, Slot::IfHead, arm);
        let condition = head.and_then(|head| Some(self.expr(parts(head).one(Rule::expr)?)));
        let body = self.body(body);
        Some((condition?, body))
    }

    fn let_stmt(&mut self, pair: Pair<'_>) -> Option<ast::Stmt> {
        let span = self.span(&pair);
        let mut parts = parts(pair);
        let pattern = self.pattern(parts.one(Rule::pattern)?)?;
        let ty = match parts.one(Rule::ty) {
            Some(ty) => Some(self.ty(ty)?),
            None => None,
        };
        Some(ast::Stmt::Let {
            pattern,
            ty,
            value: self.expr(parts.one(Rule::expr)?),
            span,
        })
    }

    fn nodes_stmt(&mut self, pair: Pair<'_>) -> Option<ast::Stmt> {
        let span = self.span(&pair);
        let mut outer = parts(pair);
        let name = self.ident(&outer.one(Rule::ident)?);
        if let Some(seed) = outer.one(Rule::nodes_seed) {
            return Some(ast::Stmt::NodesSeed {
                name,
                seeds: self.expr(parts(seed).one(Rule::expr)?),
                span,
            });
        }
        let mut family = parts(outer.one(Rule::nodes_family)?);
        self.nested(1, span, |builder| {
            let head = builder.head(family.next()?, Slot::FamilyHead, span);
            let body = builder.body(family.one(Rule::body)?);
            let mut head = parts(head?);
            Some(ast::Stmt::NodesFamily {
                name,
                index: builder.ident(&head.one(Rule::ident)?),
                range: builder.expr(head.one(Rule::expr)?),
                body,
                span,
            })
        })
    }

    fn require_stmt(&mut self, pair: Pair<'_>) -> Option<ast::Stmt> {
        let span = self.span(&pair);
        Some(ast::Stmt::Require {
            condition: self.expr(parts(pair).one(Rule::expr)?),
            span,
        })
    }

    fn return_stmt(&mut self, pair: Pair<'_>) -> Option<ast::Stmt> {
        let span = self.span(&pair);
        Some(ast::Stmt::Return {
            value: self.expr(parts(pair).one(Rule::expr)?),
            span,
        })
    }

    fn assign_stmt(&mut self, pair: Pair<'_>) -> Option<ast::Stmt> {
        let span = self.span(&pair);
        let mut parts = parts(pair);
        let name = self.ident(&parts.one(Rule::ident)?);
        let mut indices = Vec::new();
        while let Some(index) = parts.one(Rule::index) {
            indices.push(self.index(index)?);
        }
        Some(ast::Stmt::Assign {
            name,
            indices,
            value: self.expr(parts.one(Rule::expr)?),
            span,
        })
    }

    pub fn pattern(&mut self, pair: Pair<'_>) -> Option<ast::Pattern> {
        let span = self.span(&pair);
        let inner = parts(pair).next()?;
        if inner.as_rule() == Rule::ident {
            return Some(ast::Pattern::Name(self.ident(&inner)));
        }
        let names = parts(inner).map(|name| self.ident(&name)).collect();
        Some(ast::Pattern::Tuple(names, span))
    }
}

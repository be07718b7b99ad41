//! Statements.

use super::Rule;
use super::builder::Builder;
use super::pairs::{Pair, parts};
use super::trap::Place;
use crate::syntax::ast;

impl Builder<'_, '_, '_> {
    pub fn body(&mut self, pair: Pair<'_>) -> Vec<ast::Stmt> {
        let mut body = Vec::new();
        let mut previous = None;
        for part in parts(pair) {
            let start = part.as_span().start();
            if part.as_rule() == Rule::bad_stmt {
                self.trap(&part, previous, Place::Body);
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
        let mut parts = parts(pair);
        let pattern = self.pattern(parts.one(Rule::pattern)?)?;
        self.nested(1, span, |builder| {
            Some(ast::Stmt::For {
                pattern,
                iterable: builder.expr(parts.one(Rule::expr)?),
                body: builder.body(parts.one(Rule::body)?),
                span,
            })
        })
    }

    /// The arms come as a list; in the tree each lies in the one before.
    fn if_stmt(&mut self, pair: Pair<'_>) -> Option<ast::Stmt> {
        let span = self.span(&pair);
        let arms: Vec<_> = parts(pair).collect();
        let levels = arms.len().saturating_sub(1);
        self.nested(levels, span, |builder| builder.if_arms(arms, span))
    }

    fn if_arms(&mut self, arms: Vec<Pair<'_>>, span: crate::span::Span) -> Option<ast::Stmt> {
        let mut arms = arms.into_iter();
        let mut built = vec![(span.start, self.expr(arms.next()?), self.body(arms.next()?))];
        let mut otherwise = Vec::new();
        for arm in arms {
            let is_last = arm.as_rule() == Rule::else_arm;
            let start = arm
                .clone()
                .into_inner()
                .find(|part| part.as_rule() == Rule::k_if)
                .map_or(span.start, |word| self.span(&word).start);
            let mut parts = parts(arm);
            if is_last {
                otherwise = self.body(parts.one(Rule::body)?);
            } else {
                let condition = self.expr(parts.one(Rule::expr)?);
                built.push((start, condition, self.body(parts.one(Rule::body)?)));
            }
        }
        let mut nested = None;
        for (start, condition, then) in built.into_iter().rev() {
            otherwise = nested.take().map_or(otherwise, |inner| vec![inner]);
            nested = Some(ast::Stmt::If {
                condition,
                then,
                otherwise: std::mem::take(&mut otherwise),
                span: crate::span::Span { start, ..span },
            });
        }
        nested
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
        let index = self.ident(&family.one(Rule::ident)?);
        self.nested(1, span, |builder| {
            Some(ast::Stmt::NodesFamily {
                name,
                index,
                range: builder.expr(family.one(Rule::expr)?),
                body: builder.body(family.one(Rule::body)?),
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

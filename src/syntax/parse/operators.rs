//! Operators: from the flat list that the grammar reads to a tree by precedence.

use std::iter::Peekable;

use super::Rule;
use super::builder::Builder;
use super::pairs::{Pair, parts};
use crate::span::Span;
use crate::syntax::operators::Level;
use crate::syntax::{ast, diagnostics};

/// Whether a part of an expression may add a level to the tree.
pub(super) fn is_operator(rule: Rule) -> bool {
    matches!(rule, Rule::prefix | Rule::infix) || is_postfix(rule)
}

fn is_postfix(rule: Rule) -> bool {
    matches!(rule, Rule::call | Rule::index | Rule::field | Rule::note)
}

/// An expression, and the place that it takes with its parentheses: what stands
/// around it covers those too.
type Operand = (ast::Expr, Span);

impl Builder<'_, '_, '_> {
    /// The expression of an `expr` pair.
    pub fn operators(&mut self, pair: Pair<'_>) -> Option<Operand> {
        let mut list = parts(pair).peekable();
        self.climb(&mut list, Level::Pipe)
    }

    /// An expression whose operators bind at least as tightly as `loosest`.
    fn climb<'i>(
        &mut self,
        list: &mut Peekable<impl Iterator<Item = Pair<'i>>>,
        loosest: Level,
    ) -> Option<Operand> {
        let mut left = self.operand(list)?;
        while let Some((infix, level)) = list
            .peek()
            .and_then(infix)
            .filter(|&(_, level)| level >= loosest)
        {
            list.next();
            let right = self.climb(list, level.tighter())?;
            let span = left.1.to(right.1);
            let (left_expr, right_expr) = (Box::new(left.0), Box::new(right.0));
            let kind = match infix {
                Infix::Pipe => ast::ExprKind::Pipe {
                    value: left_expr,
                    into: right_expr,
                },
                Infix::Binary(op) => ast::ExprKind::Binary {
                    op,
                    left: left_expr,
                    right: right_expr,
                },
            };
            left = (ast::Expr { kind, span }, span);
            if level.never_chains()
                && let Some(next) = list.peek()
                && infix_level(next) == Some(level)
            {
                let next = self.span(next);
                self.reporter
                    .report(diagnostics::chained(next, span, level));
            }
        }
        Some(left)
    }

    /// What stands on one side of an infix operator.
    fn operand<'i>(
        &mut self,
        list: &mut Peekable<impl Iterator<Item = Pair<'i>>>,
    ) -> Option<Operand> {
        let first = list.next()?;
        if first.as_rule() == Rule::prefix {
            let op = if first.as_str() == "-" {
                ast::UnaryOp::Neg
            } else {
                ast::UnaryOp::Not
            };
            let (operand, outer) = self.climb(list, op.level())?;
            let span = self.span(&first).to(outer);
            let operand = Box::new(operand);
            let kind = ast::ExprKind::Unary { op, operand };
            return Some((ast::Expr { kind, span }, span));
        }
        let (mut expr, mut outer) = self.primary(first)?;
        while let Some(postfix) = list.next_if(|pair| is_postfix(pair.as_rule())) {
            (expr, outer) = self.postfix(expr, outer, postfix)?;
        }
        Some((expr, outer))
    }

    /// `base`, which takes the place `outer`, with a postfix behind it.
    pub fn postfix(&mut self, base: ast::Expr, outer: Span, pair: Pair<'_>) -> Option<Operand> {
        let span = outer.to(self.span(&pair));
        let base = Box::new(base);
        let kind = match pair.as_rule() {
            Rule::call => ast::ExprKind::Call {
                callee: base,
                args: self.args(pair),
            },
            Rule::index => ast::ExprKind::Index {
                base,
                index: Box::new(self.index(pair)?),
            },
            Rule::field => ast::ExprKind::Field {
                base,
                name: self.ident(&parts(pair).one(Rule::ident)?),
            },
            Rule::note => {
                let mut parts = parts(pair);
                ast::ExprKind::Note {
                    base,
                    name: self.ident(&parts.one(Rule::ident)?),
                    args: parts
                        .one(Rule::call)
                        .map(|call| self.args(call))
                        .unwrap_or_default(),
                }
            }
            _ => return None,
        };
        Some((ast::Expr { kind, span }, span))
    }
}

#[derive(Clone, Copy)]
enum Infix {
    Pipe,
    Binary(ast::BinaryOp),
}

/// The infix operator of a pair, and how tightly it binds.
fn infix(pair: &Pair<'_>) -> Option<(Infix, Level)> {
    if pair.as_rule() != Rule::infix {
        return None;
    }
    if pair.as_str() == "|>" {
        return Some((Infix::Pipe, Level::Pipe));
    }
    let op = ast::BinaryOp::from_symbol(pair.as_str())?;
    Some((Infix::Binary(op), op.level()))
}

fn infix_level(pair: &Pair<'_>) -> Option<Level> {
    infix(pair).map(|(_, level)| level)
}

//! Expressions, but for operators.

use super::Rule;
use super::builder::Builder;
use super::pairs::{Pair, has, parts};
use super::{number, operators};
use crate::span::Span;
use crate::syntax::{ast, diagnostics};

impl Builder<'_, '_, '_> {
    /// An expression; [`ast::ExprKind::Error`] where it was given up.
    pub fn expr(&mut self, pair: Pair<'_>) -> ast::Expr {
        self.grouped(pair).0
    }

    /// An expression and the place that it takes with its parentheses.
    fn grouped(&mut self, pair: Pair<'_>) -> (ast::Expr, Span) {
        let span = self.span(&pair);
        let built = self.or_report(&pair, |builder, pair| {
            // Each operator may be a level of its own.
            let levels = pair
                .clone()
                .into_inner()
                .filter(|part| operators::is_operator(part.as_rule()))
                .count();
            builder.nested(levels, span, |builder| builder.operators(pair))
        });
        built.unwrap_or((
            ast::Expr {
                kind: ast::ExprKind::Error,
                span,
            },
            span,
        ))
    }

    /// What stands between operators, and the place that it takes with its
    /// parentheses.
    pub fn primary(&mut self, pair: Pair<'_>) -> Option<(ast::Expr, Span)> {
        let span = self.span(&pair);
        if pair.as_rule() == Rule::paren && parts(pair.clone()).count() == 1 {
            let inner = self.expr(parts(pair).one(Rule::expr)?);
            return Some((inner, span));
        }
        let kind = match pair.as_rule() {
            Rule::number => self.number(pair.as_str(), span),
            Rule::text => ast::ExprKind::Text(pair.as_str().trim_matches('"').to_owned()),
            Rule::boolean => ast::ExprKind::Bool(pair.as_str() == "true"),
            Rule::path => ast::ExprKind::Path(self.path(pair)),
            Rule::range => self.range(pair)?,
            rule => self.nested(1, span, |builder| match rule {
                Rule::list => Some(ast::ExprKind::List(builder.exprs(pair))),
                Rule::paren => Some(ast::ExprKind::Tuple(builder.exprs(pair))),
                Rule::choose => builder.choose(pair).map(ast::ExprKind::Choose),
                Rule::pick => builder.pick(pair),
                Rule::if_expr => builder.if_expr(pair),
                _ => None,
            })?,
        };
        Some((ast::Expr { kind, span }, span))
    }

    fn number(&mut self, text: &str, span: Span) -> ast::ExprKind {
        match number::value(text) {
            Ok(number::Value::Int(value)) => ast::ExprKind::Int(value),
            Ok(number::Value::Float(value)) => ast::ExprKind::Float(value),
            Err(fault) => {
                self.reporter
                    .report(diagnostics::bad_number(span, text, &fault));
                ast::ExprKind::Error
            }
        }
    }

    pub fn path(&mut self, pair: Pair<'_>) -> ast::Path {
        let span = self.span(&pair);
        ast::Path {
            segments: parts(pair).map(|segment| self.ident(&segment)).collect(),
            span,
        }
    }

    /// The elements of a list or tuple.
    fn exprs(&mut self, pair: Pair<'_>) -> Vec<ast::Expr> {
        parts(pair)
            .map(|element| {
                if element.as_rule() == Rule::generator {
                    self.generator(element)
                } else {
                    self.expr(element)
                }
            })
            .collect()
    }

    /// The arguments of a call, an annotation or a cost: `pair` holds `args`, or
    /// nothing.
    pub fn args(&mut self, pair: Pair<'_>) -> Vec<ast::Arg> {
        let Some(args) = parts(pair).one(Rule::args) else {
            return Vec::new();
        };
        parts(args)
            .filter_map(|arg| self.or_report(&arg, |builder, arg| builder.arg(arg)))
            .collect()
    }

    fn arg(&mut self, pair: Pair<'_>) -> Option<ast::Arg> {
        let span = self.span(&pair);
        if pair.as_rule() == Rule::generator {
            return Some(ast::Arg {
                name: None,
                value: self.generator(pair),
                span,
            });
        }
        let mut parts = parts(pair);
        let name = parts.one(Rule::ident).map(|name| self.ident(&name));
        Some(ast::Arg {
            name,
            value: self.expr(parts.one(Rule::expr)?),
            span,
        })
    }

    fn generator(&mut self, pair: Pair<'_>) -> ast::Expr {
        let span = self.span(&pair);
        let built = self.or_report(&pair, |builder, pair| {
            builder.nested(1, span, |builder| {
                let mut outer = parts(pair);
                let pattern = builder.pattern(outer.one(Rule::pattern)?)?;
                let iterable = builder.expr(outer.one(Rule::expr)?);
                let condition = match outer.one(Rule::guard) {
                    Some(guard) => Some(builder.expr(parts(guard).one(Rule::expr)?)),
                    None => None,
                };
                Some(ast::Generator {
                    pattern,
                    iterable,
                    condition,
                    body: builder.expr(outer.one(Rule::expr)?),
                })
            })
        });
        ast::Expr {
            kind: built.map_or(ast::ExprKind::Error, |generator| {
                ast::ExprKind::Generator(Box::new(generator))
            }),
            span,
        }
    }

    pub fn index(&mut self, pair: Pair<'_>) -> Option<ast::Index> {
        let mut outer = parts(pair);
        if let Some(slice) = outer.one(Rule::slice_to) {
            let end = parts(slice).one(Rule::expr).map(|end| self.expr(end));
            return Some(ast::Index::To(end));
        }
        let at = self.expr(outer.one(Rule::expr)?);
        Some(if outer.one(Rule::open_end).is_some() {
            ast::Index::From(at)
        } else {
            ast::Index::At(at)
        })
    }

    fn choose(&mut self, pair: Pair<'_>) -> Option<ast::Choose> {
        let inner = parts(pair).next()?;
        if inner.as_rule() == Rule::cands {
            return Some(ast::Choose::Candidates(self.candidates(inner)));
        }
        Some(ast::Choose::From(Box::new(self.primary(inner)?.0)))
    }

    pub fn candidates(&mut self, pair: Pair<'_>) -> Vec<ast::Candidate> {
        parts(pair)
            .filter_map(|cand| self.or_report(&cand, |builder, cand| builder.candidate(cand)))
            .collect()
    }

    fn candidate(&mut self, pair: Pair<'_>) -> Option<ast::Candidate> {
        let span = self.span(&pair);
        let mut parts = parts(pair);
        let name = parts.one(Rule::ident).map(|name| self.ident(&name));
        Some(ast::Candidate {
            name,
            value: self.expr(parts.one(Rule::expr)?),
            span,
        })
    }

    fn pick(&mut self, pair: Pair<'_>) -> Option<ast::ExprKind> {
        let mut outer = parts(pair);
        let count = parts(outer.one(Rule::count)?).next()?;
        let count = match (count.as_rule(), count.as_str()) {
            (Rule::count_word, "any") => ast::PickCount::Any,
            (Rule::count_word, _) => ast::PickCount::Some,
            _ => ast::PickCount::Count(Box::new(self.primary(count)?.0)),
        };
        let source = self.source(outer.one(Rule::source)?)?;
        Some(ast::ExprKind::Pick {
            count,
            source: Box::new(source),
        })
    }

    /// What is picked from, with its indices and fields.
    fn source(&mut self, pair: Pair<'_>) -> Option<ast::Expr> {
        let span = self.span(&pair);
        let mut chain = parts(pair);
        let base = chain.next()?;
        let postfixes: Vec<_> = chain.collect();
        self.nested(postfixes.len(), span, |builder| {
            let (mut expr, mut outer) = builder.primary(base)?;
            for postfix in postfixes {
                (expr, outer) = builder.postfix(expr, outer, postfix)?;
            }
            Some(expr)
        })
    }

    fn range(&mut self, pair: Pair<'_>) -> Option<ast::ExprKind> {
        let mut bounds = parts(pair);
        let left = self.primary(bounds.next()?)?.0;
        let op = ast::BinaryOp::from_symbol(bounds.one(Rule::range_op)?.as_str())?;
        let right = self.primary(bounds.next()?)?.0;
        Some(ast::ExprKind::Binary {
            op,
            left: Box::new(left),
            right: Box::new(right),
        })
    }

    /// The arms come as a list; in the tree each lies in the one before.
    fn if_expr(&mut self, pair: Pair<'_>) -> Option<ast::ExprKind> {
        let span = self.span(&pair);
        let arms: Vec<_> = parts(pair).collect();
        let levels = arms.len().saturating_sub(3);
        self.nested(levels, span, |builder| builder.if_values(arms, span))
    }

    fn if_values(&mut self, arms: Vec<Pair<'_>>, span: Span) -> Option<ast::ExprKind> {
        let mut arms = arms.into_iter();
        let mut built = vec![(
            span.start,
            self.expr(arms.next()?),
            self.value(arms.next()?)?,
        )];
        let mut otherwise = None;
        for arm in arms {
            let start = arm
                .clone()
                .into_inner()
                .find(|part| part.as_rule() == Rule::k_if)
                .map_or(span.start, |word| self.span(&word).start);
            let is_last = !has(&arm, Rule::k_if);
            let mut parts = parts(arm);
            if is_last {
                otherwise = Some(self.value(parts.one(Rule::value)?)?);
            } else {
                let condition = self.expr(parts.one(Rule::expr)?);
                built.push((start, condition, self.value(parts.one(Rule::value)?)?));
            }
        }
        let mut otherwise = otherwise?;
        for (start, condition, then) in built.into_iter().rev() {
            otherwise = ast::Expr {
                kind: ast::ExprKind::If {
                    condition: Box::new(condition),
                    then: Box::new(then),
                    otherwise: Box::new(otherwise),
                },
                span: Span { start, ..span },
            };
        }
        Some(otherwise.kind)
    }

    fn value(&mut self, pair: Pair<'_>) -> Option<ast::Expr> {
        Some(self.expr(parts(pair).one(Rule::expr)?))
    }
}

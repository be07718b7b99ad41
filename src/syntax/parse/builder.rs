//! The state of building one file's tree from pest's pairs.
//!
//! The functions that build a node return `Option`: nothing where the node was
//! given up and the error reported. A statement or item that is nothing is left
//! out of the tree, an expression becomes [`ast::ExprKind::Error`].

use pest::iterators::Pairs;

use super::pairs::{self, Pair};
use super::report::Reporter;
use super::trap::Slot;
use super::{MAX_DEPTH, Rule, token};
use crate::span::Span;
use crate::syntax::{ast, diagnostics};

/// Builds the tree.
pub(super) struct Builder<'t, 'r, 'd> {
    /// The file as it is: what messages quote.
    pub text: &'t str,
    /// The text that pest read.
    pub repaired: &'t str,
    /// Where something was repaired, in order.
    pub faults: &'t [usize],
    pub reporter: &'r mut Reporter<'d>,
    /// The furthest place that an error spoke of: what begins before it belongs to
    /// that error.
    pub reported_to: Option<usize>,
    /// The end of the last trap.
    pub trapped_to: usize,
    /// How many parts of the file were given up so far, each for a reason.
    pub given_up: usize,
    /// The levels of the tree above what is being built.
    depth: usize,
}

impl<'t, 'r, 'd> Builder<'t, 'r, 'd> {
    pub fn new(
        text: &'t str,
        repaired: &'t str,
        faults: &'t [usize],
        reporter: &'r mut Reporter<'d>,
    ) -> Self {
        Self {
            text,
            repaired,
            faults,
            reporter,
            reported_to: None,
            trapped_to: 0,
            given_up: 0,
            depth: 0,
        }
    }

    pub fn file(&mut self, pairs: Pairs<'_, Rule>) -> ast::File {
        let mut items = Vec::new();
        let mut previous = None;
        for pair in pairs.flat_map(Pair::into_inner) {
            let start = pair.as_span().start();
            match pair.as_rule() {
                Rule::EOI => {}
                Rule::bad_item => self.trap(&pair, Slot::Item, previous),
                _ => items.extend(self.or_report(&pair, |builder, pair| builder.item(pair))),
            }
            previous = Some(start);
        }
        ast::File { items }
    }

    /// The span of a pair, without blanks and comments at its end.
    pub fn span(&self, pair: &Pair<'_>) -> Span {
        self.reporter.span(pair.as_span().start()..pairs::end(pair))
    }

    pub fn ident(&self, pair: &Pair<'_>) -> ast::Ident {
        ast::Ident {
            name: pair.as_str().to_owned(),
            span: self.span(pair),
        }
    }

    /// Builds what lies `levels` levels deeper, unless that is too deep.
    pub fn nested<T>(
        &mut self,
        levels: usize,
        span: Span,
        build: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        let depth = self.depth + levels;
        if depth > MAX_DEPTH {
            self.given_up += 1;
            // A label over all of it would hide the source.
            let line = token::line_end(self.text, span.start as usize);
            let span = self
                .reporter
                .span(span.start as usize..line.min(span.end as usize));
            self.reporter
                .report(diagnostics::too_deep(span, levels, MAX_DEPTH));
            return None;
        }
        let outer = std::mem::replace(&mut self.depth, depth);
        let built = build(self);
        self.depth = outer;
        built
    }

    /// Builds a node, and makes sure that none is lost in silence.
    pub fn or_report<'i, T>(
        &mut self,
        pair: &Pair<'i>,
        build: impl FnOnce(&mut Self, Pair<'i>) -> Option<T>,
    ) -> Option<T> {
        let before = self.given_up;
        let built = build(self, pair.clone());
        if built.is_none() && self.given_up == before {
            // The grammar and the functions that build from it disagree.
            debug_assert!(false, "{:?} was not built: {pair}", pair.as_rule());
            let span = self.span(pair);
            self.reporter.report(diagnostics::not_understood(span));
        }
        built
    }
}

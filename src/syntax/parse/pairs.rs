//! What pest hands out, without the keywords and marks.

use super::Rule;

/// A rule that matched, and where.
pub(super) type Pair<'i> = pest::iterators::Pair<'i, Rule>;

/// The meaningful parts of a pair, in order.
pub(super) struct Parts<'i> {
    inner: pest::iterators::Pairs<'i, Rule>,
}

impl<'i> Parts<'i> {
    /// The next part if it is of this rule.
    pub fn one(&mut self, rule: Rule) -> Option<Pair<'i>> {
        while self.inner.peek().is_some_and(|pair| is_mark(&pair)) {
            self.inner.next();
        }
        let is_wanted = self.inner.peek()?.as_rule() == rule;
        if is_wanted { self.inner.next() } else { None }
    }
}

impl<'i> Iterator for Parts<'i> {
    type Item = Pair<'i>;

    fn next(&mut self) -> Option<Self::Item> {
        self.inner.find(|pair| !is_mark(pair))
    }
}

/// The parts of a pair.
pub(super) fn parts(pair: Pair<'_>) -> Parts<'_> {
    Parts {
        inner: pair.into_inner(),
    }
}

/// Whether `pair` has a direct part of this rule, keywords and marks included.
pub(super) fn has(pair: &Pair<'_>, rule: Rule) -> bool {
    pair.clone().into_inner().any(|part| part.as_rule() == rule)
}

/// Where a pair ends. A rule that ends in `x*` has the blanks and comments behind
/// its last part in its own span; its last token has none.
pub(super) fn end(pair: &Pair<'_>) -> usize {
    let mut last = pair.clone();
    loop {
        let end = last.as_span().end();
        match last.into_inner().next_back() {
            Some(part) => last = part,
            None => return end,
        }
    }
}

/// Whether a pair is a keyword or a mark, which say nothing that the rule around
/// them does not.
fn is_mark(pair: &Pair<'_>) -> bool {
    matches!(
        pair.as_rule(),
        Rule::EOI
            | Rule::k_use
            | Rule::k_space
            | Rule::k_op
            | Rule::k_ops
            | Rule::k_cell
            | Rule::k_const
            | Rule::k_extern
            | Rule::k_cost
            | Rule::k_input
            | Rule::k_output
            | Rule::k_nodes
            | Rule::k_let
            | Rule::k_for
            | Rule::k_in
            | Rule::k_if
            | Rule::k_else
            | Rule::k_require
            | Rule::k_return
            | Rule::k_choose
            | Rule::k_pick
            | Rule::k_of
            | Rule::open_paren
            | Rule::close_paren
            | Rule::open_bracket
            | Rule::close_bracket
            | Rule::open_brace
            | Rule::close_brace
            | Rule::comma
            | Rule::colon
            | Rule::dot
            | Rule::dots
            | Rule::at
            | Rule::arrow
            | Rule::equals
    )
}

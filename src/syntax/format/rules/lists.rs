//! What stands between brackets with commas.
//!
//! A list breaks where it does not fit, one element a line. A list whose first
//! element the author wrote into a new line stays broken, and elements that shared
//! a line share it still.

use super::{Rules, expr};
use crate::syntax::format::doc::{Doc, Place};
use crate::syntax::format::tree::Node;
use crate::syntax::parse::Rule;

/// The parts of a list.
struct List<'n> {
    open: &'n Node,
    elements: Vec<&'n Node>,
    close: &'n Node,
    /// The comma behind each element but the last.
    commas: Vec<&'n Node>,
    /// Whether a comma may stand behind the last.
    may_trail: bool,
}

impl<'n> List<'n> {
    fn new(parts: &'n [Node]) -> Option<Self> {
        let [open, inner @ .., close] = parts else {
            return None;
        };
        let inner = match inner {
            [args] if args.rule == Rule::args => args.children.as_slice(),
            inner => inner,
        };
        let is_comma = |node: &&Node| node.rule == Rule::comma;
        let elements: Vec<_> = inner.iter().filter(|node| !is_comma(node)).collect();
        Some(Self {
            open,
            may_trail: elements
                .first()
                .is_some_and(|first| first.rule != Rule::generator),
            commas: inner.iter().filter(is_comma).collect(),
            elements,
            close,
        })
    }
}

impl Rules<'_, '_> {
    /// `(a, b)`, `[a, b]`
    pub(super) fn list(&self, node: &Node) -> Doc {
        match List::new(&node.children) {
            Some(list) => self.brackets(node, &list, 0),
            None => self.row(&node.children),
        }
    }

    /// `{ a: x, b: y }`, which also stays broken if the author began a new line
    /// somewhere else than with the first.
    pub(super) fn candidates(&self, node: &Node) -> Doc {
        match List::new(&node.children) {
            Some(list) => self.brackets(node, &list, 1),
            None => self.row(&node.children),
        }
    }

    /// `use std::vision.{a, b}`
    pub(super) fn import(&self, node: &Node) -> Doc {
        let is_open = |part: &Node| part.rule == Rule::open_brace;
        let Some(open) = node.children.iter().position(is_open) else {
            return self.row(&node.children);
        };
        let (head, names) = node.children.split_at(open);
        let names = List::new(names).map(|list| self.brackets(node, &list, 0));
        let docs = std::iter::once(self.row(head)).chain(names);
        Doc::Sequence(docs.collect())
    }

    /// `[c, h, w]`, which never breaks.
    pub(super) fn dims(&self, node: &Node) -> Doc {
        let has_comments = self.has_comments(node);
        let mut docs = Vec::new();
        let mut comma = None;
        for part in &node.children {
            // A comma behind the last is left out.
            if part.rule != Rule::close_bracket
                && let Some(comma) = comma.take()
            {
                docs.extend([Doc::Token(comma), Doc::BLANK]);
            }
            if part.rule == Rule::comma {
                comma = Some(part.tokens.start);
            } else {
                let part = self.doc(part);
                docs.push(if has_comments { part } else { part.flat() });
            }
        }
        Doc::Sequence(docs)
    }

    /// `(a)` groups, `(a, b)` is a tuple.
    pub(super) fn paren(&self, node: &Node) -> Doc {
        match List::new(&node.children) {
            Some(mut list) => {
                list.may_trail = list.elements.len() > 1;
                self.brackets(node, &list, 0)
            }
            None => self.row(&node.children),
        }
    }

    /// `for v in h if c: f(v)`
    pub(super) fn generator(&self, node: &Node) -> Doc {
        let [head @ .., body] = node.children.as_slice() else {
            return self.row(&node.children);
        };
        let is_broken = self.begins_line(body);
        let body = Doc::Indent(vec![Doc::line(Place::Inside), self.doc(body)]);
        Doc::group(vec![self.row(head), body], is_broken)
    }

    /// A list; `blanks` stand inside of its brackets where it is not broken.
    fn brackets(&self, node: &Node, list: &List<'_>, blanks: usize) -> Doc {
        let (open, close) = (self.doc(list.open), self.doc(list.close));
        let Some(first) = list.elements.first() else {
            let gap = &self.tree.gaps[list.close.tokens.start];
            let comments = (!gap.comments.is_empty()).then_some(Doc::Newline(Place::Empty));
            let docs = std::iter::once(open).chain(comments).chain([close]);
            return Doc::Sequence(docs.collect());
        };
        let has_comments = self.has_comments(node);
        // What stands alone in brackets and has its own needs no lines of its own.
        if let [only] = list.elements.as_slice()
            && !has_comments
            && blanks == 0
            && expr::is_bracketed(only)
        {
            return Doc::Sequence(vec![open, self.doc(only), close]);
        }
        let begins_row = |nth: usize| self.begins_row(list, nth);
        let keeps_rows =
            self.begins_line(first) || blanks > 0 && (1..list.elements.len()).any(begins_row);
        let mut docs = vec![Doc::Line {
            blanks,
            place: Place::First,
        }];
        docs.extend(self.elements(list, keeps_rows));
        if list.may_trail {
            docs.push(Doc::TrailingComma);
        }
        let is_broken = keeps_rows || has_comments || docs.iter().any(Doc::is_forced);
        let last = Doc::Line {
            blanks,
            place: Place::Last,
        };
        Doc::group(vec![open, Doc::Indent(docs), last, close], is_broken)
    }

    /// Whether the author began a line with an element, or with the comma before it.
    fn begins_row(&self, list: &List<'_>, nth: usize) -> bool {
        let comma = nth.checked_sub(1).and_then(|nth| list.commas.get(nth));
        let element = list.elements.get(nth);
        comma
            .into_iter()
            .chain(element)
            .any(|n| self.begins_line(n))
    }

    /// The elements with their commas and the lines between them; with `keeps_rows`
    /// in the author's rows, each of which is a group.
    fn elements(&self, list: &List<'_>, keeps_rows: bool) -> Vec<Doc> {
        let mut rows = Vec::new();
        let mut row = Vec::new();
        for (nth, element) in list.elements.iter().enumerate() {
            if nth > 0 && keeps_rows && self.begins_row(list, nth) {
                rows.push(Doc::group(std::mem::take(&mut row), false));
                rows.push(Doc::Newline(Place::Between));
            } else if nth > 0 {
                row.push(Doc::line(Place::Inside));
            }
            row.push(self.doc(element));
            if nth + 1 < list.elements.len() {
                row.extend(list.commas.get(nth).map(|comma| self.doc(comma)));
            }
        }
        if !keeps_rows {
            return row;
        }
        rows.push(Doc::group(row, false));
        rows
    }
}

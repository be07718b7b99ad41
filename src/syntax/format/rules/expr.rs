//! Chains of operators, and what clings to their operands.
//!
//! A chain breaks before its loosest operators; where the author began a new line
//! at one of them, there it breaks whatever fits.

use super::Rules;
use crate::syntax::ast::BinaryOp;
use crate::syntax::format::doc::{Doc, Place};
use crate::syntax::format::tree::Node;
use crate::syntax::operators::Level;
use crate::syntax::parse::Rule;

/// Whether an expression has a better place to break than before it.
pub(super) fn breaks_inside(expr: &Node) -> bool {
    match expr.children.as_slice() {
        [primary] => matches!(
            primary.rule,
            Rule::choose | Rule::if_expr | Rule::list | Rule::paren
        ),
        _ => false,
    }
}

/// Whether an element of a list is a bracketed list itself, or `choose` from one.
pub(super) fn is_bracketed(element: &Node) -> bool {
    match (element.rule, element.children.as_slice()) {
        (Rule::list | Rule::cands, _) => true,
        (Rule::arg | Rule::expr, [only]) => is_bracketed(only),
        (Rule::choose, [_, from]) => is_bracketed(from),
        _ => false,
    }
}

impl Rules<'_, '_> {
    /// Operands with operators between them.
    pub(super) fn expr(&self, node: &Node) -> Doc {
        let is_operator = |node: &Node| node.rule == Rule::infix;
        let operands: Vec<_> = node.children.split(is_operator).collect();
        let operators: Vec<_> = node.children.iter().filter(|n| is_operator(n)).collect();
        self.chain(&operands, &operators)
    }

    /// Breaks at the loosest operators; what stands between is a chain again.
    fn chain(&self, operands: &[&[Node]], operators: &[&Node]) -> Doc {
        let Some(level) = operators.iter().map(|op| self.level(op)).min() else {
            return operands
                .first()
                .map_or(Doc::Sequence(Vec::new()), |operand| self.operand(operand));
        };
        let mut parts = Vec::new();
        let mut splits = Vec::new();
        let mut start = 0;
        for (nth, operator) in operators.iter().enumerate() {
            if self.level(operator) == level {
                parts.push(self.chain(&operands[start..=nth], &operators[start..nth]));
                splits.push(*operator);
                start = nth + 1;
            }
        }
        parts.push(self.chain(&operands[start..], &operators[start..]));
        let mut parts = parts.into_iter();
        let first = parts.next();
        if level == Level::Range {
            let rest = splits.into_iter().zip(parts);
            let rest = rest.flat_map(|(operator, part)| [self.doc(operator), part]);
            return Doc::Sequence(first.into_iter().chain(rest).collect());
        }
        // The operands that share a line with the first, then the lines after it.
        let mut row = Vec::new();
        let mut rows = Vec::new();
        for (operator, part) in splits.into_iter().zip(parts) {
            if self.is_broken_at(operator) {
                rows.push(std::mem::take(&mut row));
            } else {
                row.push(Doc::line(Place::Inside));
            }
            row.extend([self.doc(operator), Doc::BLANK, part]);
        }
        rows.push(row);
        let mut rows = rows.into_iter();
        let beside = rows.next().map(Doc::Indent);
        let beside = Doc::group(first.into_iter().chain(beside).collect(), false);
        let below: Vec<_> = rows
            .flat_map(|row| [Doc::Newline(Place::Inside), Doc::group(row, false)])
            .collect();
        if below.is_empty() {
            return beside;
        }
        Doc::group(vec![beside, Doc::Indent(below)], true)
    }

    /// Whether the author began a new line at an operator, before or behind it.
    fn is_broken_at(&self, operator: &Node) -> bool {
        self.begins_line(operator) || self.is_after_newline(operator.tokens.end)
    }

    /// How tightly the operator of a node binds.
    fn level(&self, operator: &Node) -> Level {
        let symbol = self.tree.tokens[operator.tokens.start].text;
        BinaryOp::from_symbol(symbol).map_or(Level::Pipe, BinaryOp::level)
    }

    /// Signs, a value, and the calls, indices and annotations behind it.
    fn operand(&self, parts: &[Node]) -> Doc {
        let mut docs = Vec::new();
        let mut notes = parts
            .iter()
            .filter(|part| part.rule == Rule::note)
            .peekable();
        let has_notes = notes.peek().is_some();
        let is_broken = notes.any(|note| self.begins_line(note));
        for (nth, part) in parts.iter().enumerate() {
            let before = nth.checked_sub(1).and_then(|nth| parts.get(nth));
            match (before, part.rule) {
                (_, Rule::note) => {
                    let note = vec![Doc::line(Place::Inside), self.doc(part)];
                    docs.push(Doc::Indent(note));
                    continue;
                }
                // Without the blank `%` would be an operator.
                (Some(before), Rule::call | Rule::index) if self.is_percentage(before) => {
                    docs.push(Doc::BLANK);
                }
                (Some(before), _) if self.is_word(before, "not") => docs.push(Doc::BLANK),
                _ => {}
            }
            docs.push(self.doc(part));
        }
        if has_notes {
            Doc::group(docs, is_broken)
        } else {
            Doc::Sequence(docs)
        }
    }

    fn is_percentage(&self, node: &Node) -> bool {
        node.rule == Rule::number && self.tree.tokens[node.tokens.start].text.ends_with('%')
    }

    fn is_word(&self, node: &Node, word: &str) -> bool {
        node.rule == Rule::prefix && self.tree.tokens[node.tokens.start].text == word
    }
}

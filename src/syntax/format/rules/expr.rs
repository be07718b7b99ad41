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

    /// Signs, a value with calls and indices, and the annotations behind it. Those
    /// stand in lines of their own where the value fits into one and they do not.
    fn operand(&self, parts: &[Node]) -> Doc {
        let is_note = |part: &Node| part.rule == Rule::note;
        let end = parts.iter().position(is_note).unwrap_or(parts.len());
        let (value, notes) = parts.split_at(end);
        let mut docs = Vec::new();
        for (nth, part) in value.iter().enumerate() {
            let before = nth.checked_sub(1).and_then(|nth| value.get(nth));
            if before.is_some_and(|before| self.is_parted(before, part)) {
                docs.push(Doc::BLANK);
            }
            docs.push(self.doc(part));
        }
        if !notes.is_empty() {
            let mut lines = Vec::new();
            for part in notes {
                if is_note(part) {
                    lines.push(Doc::line(Place::Inside));
                }
                lines.push(self.doc(part));
            }
            let is_broken = notes.iter().any(|n| is_note(n) && self.begins_line(n));
            docs.push(Doc::group(vec![Doc::Indent(lines)], is_broken));
        }
        Doc::Sequence(docs)
    }

    /// Whether a blank parts two parts of an operand.
    fn is_parted(&self, before: &Node, part: &Node) -> bool {
        let text = self.tree.tokens[before.tokens.start].text;
        match (before.rule, part.rule) {
            (Rule::prefix, _) => text == "not",
            // Without the blank `%` would be an operator.
            (Rule::number, Rule::call | Rule::index) => text.ends_with('%'),
            _ => false,
        }
    }
}

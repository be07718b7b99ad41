//! Bodies in braces, and the branches of `if`.

use super::Rules;
use crate::syntax::format::doc::{Doc, Place};
use crate::syntax::format::tree::Node;
use crate::syntax::parse::Rule;

impl Rules<'_, '_> {
    /// `{ .. }`. A body of one short statement may share the line of its head, if
    /// the author wrote it there.
    pub(super) fn body(&self, node: &Node) -> Doc {
        let docs = self.braces(&node.children);
        let is_broken = self.is_broken(node) || docs.iter().any(Doc::is_forced);
        Doc::group(docs, is_broken)
    }

    /// An `if`, whose branches break together.
    pub(super) fn branches(&self, node: &Node) -> Doc {
        let mut docs = Vec::new();
        let is_broken = self.add_branches(node, &mut docs) || docs.iter().any(Doc::is_forced);
        Doc::group(docs, is_broken)
    }

    /// Adds a branch, or several; gives whether they have to break.
    fn add_branches(&self, node: &Node, docs: &mut Vec<Doc>) -> bool {
        let mut is_broken = false;
        for part in &node.children {
            match part.rule {
                Rule::k_else => {
                    let gap = &self.tree.gaps[part.tokens.start];
                    docs.push(if gap.comments.is_empty() {
                        Doc::BLANK
                    } else {
                        Doc::Newline(Place::Inside)
                    });
                    docs.push(self.doc(part));
                }
                Rule::else_if_arm | Rule::else_arm | Rule::else_if_value | Rule::else_value => {
                    is_broken |= self.add_branches(part, docs);
                }
                Rule::body | Rule::value => {
                    docs.push(Doc::BLANK);
                    docs.extend(self.braces(&part.children));
                    is_broken |= self.is_broken(part);
                }
                // `if`, behind `else` or as the first word, and the condition.
                rule => {
                    let follows = rule != Rule::k_if || node.rule == Rule::else_if_arm;
                    let follows = follows || node.rule == Rule::else_if_value;
                    if follows {
                        docs.push(Doc::BLANK);
                    }
                    docs.push(self.doc(part));
                }
            }
        }
        is_broken
    }

    /// Whether a body cannot share the line of its head.
    fn is_broken(&self, node: &Node) -> bool {
        let [_, inner @ .., _] = node.children.as_slice() else {
            return false;
        };
        node.rule == Rule::space_body && !inner.is_empty()
            || inner.len() > 1
            || inner.first().is_some_and(|first| self.begins_line(first))
            || self.has_comments(node)
    }

    fn braces(&self, parts: &[Node]) -> Vec<Doc> {
        let [open, inner @ .., close] = parts else {
            return Vec::new();
        };
        if inner.is_empty() {
            let gap = &self.tree.gaps[close.tokens.start];
            let between = if gap.comments.is_empty() {
                Doc::BLANK
            } else {
                Doc::Newline(Place::Empty)
            };
            return vec![self.doc(open), between, self.doc(close)];
        }
        let mut docs = vec![Doc::line(Place::First)];
        for (nth, part) in inner.iter().enumerate() {
            if nth > 0 {
                docs.push(Doc::Newline(Place::Between));
            }
            docs.push(self.doc(part));
        }
        vec![
            self.doc(open),
            Doc::Indent(docs),
            Doc::line(Place::Last),
            self.doc(close),
        ]
    }
}

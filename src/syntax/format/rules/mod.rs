//! Where lines may break in each construct; one file a subject.
//!
//! What has no function of its own is a row: its parts in one line with blanks
//! between them, see [`Rules::row`].
//!
//! Each line break that is made here because a line was too long is one that an
//! author's is kept at: laid out twice, a text would otherwise change again, since
//! what was too long is so no longer.

mod bodies;
mod expr;
mod lists;

use super::doc::{Doc, Place};
use super::tree::{Node, Tree};
use crate::syntax::parse::Rule;

/// Makes documents of the nodes of a tree.
pub(super) struct Rules<'a, 'd> {
    tree: &'a Tree<'d>,
}

impl<'a, 'd> Rules<'a, 'd> {
    pub fn new(tree: &'a Tree<'d>) -> Self {
        Self { tree }
    }

    /// The whole file.
    pub fn file(&self) -> Doc {
        let mut docs = Vec::new();
        for (nth, item) in self.tree.root.children.iter().enumerate() {
            docs.push(Doc::Newline(if nth == 0 {
                Place::First
            } else {
                Place::Between
            }));
            docs.push(self.doc(item));
        }
        Doc::Sequence(docs)
    }

    fn doc(&self, node: &Node) -> Doc {
        if node.children.is_empty() {
            return Doc::Token(node.tokens.start);
        }
        match node.rule {
            Rule::fn_rest => self.fn_rest(node),
            Rule::space_body | Rule::body => self.body(node),
            Rule::if_stmt | Rule::if_expr => self.branches(node),
            Rule::use_decl => self.import(node),
            Rule::params | Rule::cost | Rule::call | Rule::list | Rule::tuple_pattern => {
                self.list(node)
            }
            Rule::cands => self.candidates(node),
            Rule::tensor_ty => self.dims(node),
            Rule::paren => self.paren(node),
            Rule::generator => self.generator(node),
            Rule::expr => self.expr(node),
            _ => self.row(&node.children),
        }
    }

    /// Parts in one line.
    fn row(&self, parts: &[Node]) -> Doc {
        let mut docs = Vec::new();
        for (nth, part) in parts.iter().enumerate() {
            match nth.checked_sub(1).and_then(|nth| parts.get(nth)) {
                // The names of inputs and outputs stand below each other.
                Some(before) if before.rule == Rule::k_input => docs.push(Doc::Blanks(2)),
                Some(before) if is_parted(before.rule, part.rule) => docs.push(Doc::BLANK),
                _ => {}
            }
            docs.push(self.doc(part));
        }
        Doc::Sequence(docs)
    }

    /// The result and the value or body of a function.
    fn fn_rest(&self, node: &Node) -> Doc {
        let mut docs = Vec::new();
        for (nth, part) in node.children.iter().enumerate() {
            if part.rule == Rule::equals {
                docs.push(self.value(part, node.children.get(nth + 1)));
                break;
            }
            docs.extend([Doc::BLANK, self.doc(part)]);
        }
        Doc::Sequence(docs)
    }

    /// `= value`, in a line of its own where that is needed and helps, or where the
    /// author put it there.
    fn value(&self, equals: &Node, value: Option<&Node>) -> Doc {
        let docs = [self.doc(equals), Doc::BLANK]
            .into_iter()
            .chain(value.map(|value| self.doc(value)));
        if value.is_some_and(expr::breaks_inside) {
            let mut all = vec![Doc::BLANK];
            all.extend(docs);
            return Doc::Sequence(all);
        }
        let mut all = vec![Doc::line(Place::Inside)];
        all.extend(docs);
        Doc::group(vec![Doc::Indent(all)], self.begins_line(equals))
    }

    /// Whether the author began a line with the first token of a node.
    fn begins_line(&self, node: &Node) -> bool {
        self.is_after_newline(node.tokens.start)
    }

    fn is_after_newline(&self, token: usize) -> bool {
        self.tree.gaps.get(token).is_some_and(|gap| gap.newline)
    }

    /// Whether comments stand between the tokens of a node.
    fn has_comments(&self, node: &Node) -> bool {
        let gaps = self.tree.gaps.get(node.tokens.start + 1..node.tokens.end);
        gaps.is_some_and(|gaps| gaps.iter().any(|gap| !gap.comments.is_empty()))
    }
}

/// Whether a blank parts two parts of a row.
fn is_parted(before: Rule, part: Rule) -> bool {
    let clings_to_the_next = matches!(
        before,
        Rule::at | Rule::dot | Rule::dots | Rule::open_bracket | Rule::range_op
    );
    let clings_to_the_last = matches!(
        part,
        Rule::colon
            | Rule::params
            | Rule::cost
            | Rule::fn_rest
            | Rule::call
            | Rule::index
            | Rule::field
            | Rule::cell_count
            | Rule::nodes_family
            | Rule::dots
            | Rule::open_end
            | Rule::dot
            | Rule::close_bracket
            | Rule::range_op
    );
    !clings_to_the_next && !clings_to_the_last
}

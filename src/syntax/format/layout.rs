//! A [`Doc`] as text: which groups break, and where comments go.

use super::doc::{Doc, Place};
use super::gaps::Comment;
use super::tree::Tree;
use super::{STEP, WIDTH};

/// Writes a document.
pub(super) fn write(doc: &Doc, tree: &Tree<'_>) -> String {
    let mut writer = Writer {
        tree,
        out: String::new(),
        column: 0,
        line_begin: 0,
        pending: Pending::Blanks(0),
    };
    writer.run(doc);
    let len = writer.out.trim_end_matches('\n').len();
    writer.out.truncate(len);
    if len > 0 {
        writer.out.push('\n');
    }
    writer.out
}

/// A document still to be written.
#[derive(Clone, Copy)]
struct Todo<'d> {
    doc: &'d Doc,
    indent: usize,
    /// Whether the group around it is broken.
    is_broken: bool,
}

/// What stands before the next token, which is not written yet, since comments may
/// come in between.
#[derive(Clone, Copy)]
enum Pending {
    Blanks(usize),
    Newline { indent: usize, place: Place },
}

struct Writer<'a, 'd> {
    tree: &'a Tree<'d>,
    out: String,
    /// The characters in the last line.
    column: usize,
    /// The first token in the last line.
    line_begin: usize,
    pending: Pending,
}

impl Writer<'_, '_> {
    fn run(&mut self, doc: &Doc) {
        let mut todo = vec![Todo {
            doc,
            indent: 0,
            is_broken: true,
        }];
        while let Some(next) = todo.pop() {
            match next.doc {
                Doc::Token(token) => self.token(*token, next.indent),
                Doc::TrailingComma if next.is_broken => self.push(","),
                Doc::TrailingComma => {}
                Doc::Blanks(blanks) => self.blanks(*blanks),
                Doc::Line { place, .. } if next.is_broken => self.newline(next.indent, *place),
                Doc::Line { blanks, .. } => self.blanks(*blanks),
                Doc::Newline(place) => self.newline(next.indent, *place),
                Doc::Sequence(docs) => {
                    todo.extend(docs.iter().rev().map(|doc| Todo { doc, ..next }));
                }
                Doc::Indent(docs) => {
                    let indent = next.indent + if next.is_broken { STEP } else { 0 };
                    let inner = docs.iter().rev();
                    todo.extend(inner.map(|doc| Todo {
                        doc,
                        indent,
                        ..next
                    }));
                }
                Doc::Group(group) => {
                    let is_broken = group.is_broken || !self.fits(next, &todo);
                    let inner = group.docs.iter().rev();
                    todo.extend(inner.map(|doc| Todo {
                        doc,
                        is_broken,
                        ..next
                    }));
                }
            }
        }
    }

    /// Whether a group, unbroken, fits into the line, and with it what follows up
    /// to the next place where a line can break.
    fn fits(&self, group: Todo<'_>, rest: &[Todo<'_>]) -> bool {
        // Where its first token will stand, and where if comments stand before it.
        let (mut column, behind_comments) = match self.pending {
            Pending::Blanks(blanks) => (self.column + blanks, group.indent + STEP),
            Pending::Newline { indent, .. } => (indent, indent),
        };
        let mut inside = vec![Todo {
            is_broken: false,
            ..group
        }];
        let mut rest = rest.iter().rev();
        let mut is_first = true;
        loop {
            let Some(next) = inside.pop().or_else(|| rest.next().copied()) else {
                return true;
            };
            match next.doc {
                Doc::Token(token) => {
                    if !self.tree.gaps[*token].comments.is_empty() {
                        if !is_first {
                            return true;
                        }
                        column = behind_comments;
                    }
                    is_first = false;
                    column += self.tree.tokens[*token].text.chars().count();
                }
                Doc::TrailingComma => column += usize::from(next.is_broken),
                Doc::Blanks(blanks) => column += blanks,
                Doc::Line { .. } if next.is_broken => return true,
                Doc::Line { blanks, .. } => column += blanks,
                Doc::Newline(_) => return true,
                Doc::Sequence(docs) | Doc::Indent(docs) => {
                    inside.extend(docs.iter().rev().map(|doc| Todo { doc, ..next }));
                }
                Doc::Group(group) => {
                    let is_broken = next.is_broken || group.is_broken;
                    let docs = group.docs.iter().rev();
                    inside.extend(docs.map(|doc| Todo {
                        doc,
                        is_broken,
                        ..next
                    }));
                }
            }
            if column > WIDTH {
                return false;
            }
        }
    }

    fn push(&mut self, text: &str) {
        self.out.push_str(text);
        self.column += text.chars().count();
    }

    fn blanks(&mut self, more: usize) {
        if let Pending::Blanks(blanks) = &mut self.pending {
            *blanks += more;
        }
    }

    fn newline(&mut self, indent: usize, place: Place) {
        self.pending = Pending::Newline { indent, place };
    }

    /// Begins a line, after a blank one if `blank`.
    fn begin_line(&mut self, indent: usize, blank: bool) {
        if !self.out.is_empty() {
            self.out.push_str(if blank { "\n\n" } else { "\n" });
        }
        self.column = 0;
        self.push(&" ".repeat(indent));
    }

    /// Writes what is before a token, and the token.
    fn token(&mut self, token: usize, indent: usize) {
        let gap = &self.tree.gaps[token];
        let pending = std::mem::replace(&mut self.pending, Pending::Blanks(0));
        let (indent, place, begins_line) = match pending {
            Pending::Newline { indent, place } => (indent, place, true),
            // Behind a comment the line cannot go on, wherever that is.
            Pending::Blanks(_) => (indent + STEP, Place::Inside, !gap.comments.is_empty()),
        };
        let comment_indent = indent + if place.indents_comments() { STEP } else { 0 };
        let mut keeps_blank = place.keeps_blank_first();
        for comment in &gap.comments {
            if comment.is_trailing {
                self.trailing(comment);
            } else {
                self.begin_line(comment_indent, keeps_blank && comment.blank);
                self.push(comment.text);
                keeps_blank = place != Place::Inside;
            }
        }
        if begins_line {
            let blank = keeps_blank && gap.blank && place.keeps_blank_before_token();
            self.begin_line(indent, blank);
            self.line_begin = token;
        } else if let Pending::Blanks(blanks) = pending {
            self.push(&" ".repeat(blanks));
        }
        self.push(self.tree.tokens[token].text);
    }

    /// A comment behind code. It stays in its column if it stood behind the same
    /// line, so that what an author aligned stays aligned.
    fn trailing(&mut self, comment: &Comment<'_>) {
        let mut blanks = 2;
        if comment.line_begin == self.line_begin {
            blanks = blanks.max(comment.column.saturating_sub(self.column));
        }
        self.push(&" ".repeat(blanks));
        self.push(comment.text);
    }
}

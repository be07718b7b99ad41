//! The layout of `.enas` text: what `enasc fmt` writes, and [`super::print`] too.
//!
//! The formatter takes the author's tokens one by one, as the grammar read them,
//! and decides only what stands between them: blanks, line breaks and the comma
//! behind the last element of a list. So parentheses, numbers and strings stay
//! what they were, no comment can get lost, and the tree cannot change.
//!
//! ```text
//!  text ─pest─▶ Tree ─rules─▶ Doc ─layout─▶ text
//!              tokens, gaps   where lines may break
//! ```
//!
//! `tree` holds the tokens, `gaps` what the author wrote between them; `rules` make
//! a `Doc` of each construct, and `layout` fits that into 100 columns.
//!
//! What the author decides: where blank lines stand; whether a list, a body or a
//! chain of operators is broken over lines, and which of its parts share a line;
//! the column of a comment behind code. All else is decided here.

mod doc;
mod gaps;
mod layout;
mod rules;
mod tree;

use crate::diagnostic::Diagnostics;
use crate::source::SourceFile;
use crate::syntax::parse;

/// The columns that a line may take. Comments may go beyond.
const WIDTH: usize = 100;

/// The columns of one level of indentation.
const STEP: usize = 2;

/// A file in its layout; nothing where it has errors, which go to `diagnostics`.
#[must_use]
pub fn format(file: &SourceFile, diagnostics: &mut Diagnostics) -> Option<String> {
    let mut found = Diagnostics::default();
    super::parse(file, &mut found);
    let formatted = if found.has_errors() {
        None
    } else {
        text(&file.text)
    };
    for diagnostic in found.into_sorted() {
        diagnostics.push(diagnostic);
    }
    formatted
}

/// A text without errors in its layout.
pub(super) fn text(text: &str) -> Option<String> {
    // A byte order mark means nothing; the parser skips it too.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let formatted = parse::concrete(text, |pairs| {
        let tree = tree::Tree::new(pairs, text);
        let doc = rules::Rules::new(&tree).file();
        layout::write(&doc, &tree)
    })?;
    // Lines end as the first line of the author's does.
    let first_line = text.split_inclusive('\n').next().unwrap_or_default();
    Some(if first_line.ends_with("\r\n") {
        formatted.replace('\n', "\r\n")
    } else {
        formatted
    })
}

//! Stage 1: text to tree.
//!
//! In: a [`SourceFile`]. Out: an [`ast::File`], always. What could not be
//! understood is reported and left out, or stands in the tree as
//! [`ast::ExprKind::Error`]; if no error is reported, nothing was left out.
//!
//! Invariants of the tree: every span lies in the file and on boundaries of
//! characters; the span of a node covers those of its children; no more than
//! about 256 expressions and bodies lie inside each other, so that whoever walks
//! the tree may recurse.
//!
//! What is printed by [`print::print`] reads as the same tree again, and so does a
//! text that [`format::format`] laid out.

pub mod ast;
mod diagnostics;
pub mod format;
pub mod operators;
mod parse;
pub mod print;

use crate::diagnostic::Diagnostics;
use crate::source::SourceFile;

/// Reads a file. Never fails: what is wrong goes to `diagnostics`.
pub fn parse(file: &SourceFile, diagnostics: &mut Diagnostics) -> ast::File {
    parse::file(file, diagnostics)
}

/// Whether a text can be a name.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    begins && text.chars().all(is_part) && !is_keyword(text)
}

/// The words of the language that cannot be names.
#[must_use]
pub fn keywords() -> &'static [&'static str] {
    parse::KEYWORDS
}

/// Whether a word is one of [`keywords`].
#[must_use]
pub fn is_keyword(word: &str) -> bool {
    keywords().contains(&word)
}

#[cfg(test)]
mod tests;

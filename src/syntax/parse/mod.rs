//! Text to tree, in three steps: look at characters and brackets, let pest read
//! the repaired text by `grammar/enas.pest`, build the tree from what pest found.
//!
//! One file for each subject: [`item`], [`stmt`] and [`expr`] build what the
//! sections of the grammar describe, under the same names; [`trap`] turns what the
//! grammar could not read into errors.

mod brackets;
mod builder;
mod expected;
mod expr;
mod habits;
mod item;
mod number;
mod operators;
mod pairs;
mod repair;
mod report;
mod scan;
mod stmt;
mod token;
mod trap;

pub(super) use self::habits::Foreign;
pub(super) use self::number::{Fault as NumberFault, UNITS_IN_WORDS};

use pest::Parser as _;

use self::builder::Builder;
use self::report::Reporter;
use crate::diagnostic::Diagnostics;
use crate::source::SourceFile;
use crate::syntax::{ast, diagnostics};

/// How deep brackets nest at most, and how many levels a tree has below each
/// other. Whoever walks a tree by recursion relies on it.
pub(super) const MAX_DEPTH: usize = 256;

/// The longest file, in bytes. Spans count in 32 bits; and no space that a
/// person wrote comes near.
pub(super) const MAX_LEN: usize = 16 << 20;

/// The rules of the grammar, and what runs them.
#[derive(pest_derive::Parser)]
#[grammar = "grammar/enas.pest"]
struct Grammar;

/// Reads a file; see [`super::parse`].
pub(super) fn file(file: &SourceFile, diagnostics: &mut Diagnostics) -> ast::File {
    let mut reporter = Reporter::new(file, diagnostics);
    if file.text.len() > MAX_LEN {
        reporter.report(diagnostics::file_too_long(reporter.span(0..0), MAX_LEN));
        return ast::File::default();
    }
    let Some(repaired) = scan::scan(file, &mut reporter) else {
        return ast::File::default();
    };
    let (text, faults) = repaired.finish();
    match Grammar::parse(Rule::file, &text) {
        Ok(pairs) => Builder::new(&file.text, &text, &faults, &mut reporter).file(pairs),
        // The traps take whatever does not fit, so only pest's guard of the stack
        // can end here.
        Err(_) => {
            reporter.report(diagnostics::no_stack(reporter.span(0..0)));
            ast::File::default()
        }
    }
}

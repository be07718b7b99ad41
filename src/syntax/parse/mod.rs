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
mod failure;
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
pub(super) use self::token::KEYWORDS;

use pest::Parser as _;
use pest::iterators::Pairs;

use self::builder::Builder;
use self::report::Reporter;
use crate::diagnostic::Diagnostics;
use crate::source::SourceFile;
use crate::syntax::{ast, diagnostics};

/// How deep brackets nest at most, and how many levels a tree has below each
/// other. Whoever walks a tree by recursion relies on it.
pub(super) const MAX_DEPTH: usize = 256;

/// The longest file, in bytes. No space that a person wrote comes near.
const MAX_LEN: usize = 2 << 20;

/// Reading takes stack for each level of brackets. The caller's stack, which may
/// be a small thread's, is enough for this many levels.
const SHALLOW: usize = 24;

/// The stack for deeper files, enough for [`MAX_DEPTH`] levels in a build without
/// optimisation. Only what is used of it takes memory.
const STACK: usize = 64 << 20;

/// The rules of the grammar, and what runs them.
#[derive(pest_derive::Parser)]
#[grammar = "grammar/enas.pest"]
struct Grammar;

/// Reads a file; see [`super::parse()`].
pub(super) fn file(file: &SourceFile, diagnostics: &mut Diagnostics) -> ast::File {
    let mut reporter = Reporter::new(file, diagnostics);
    if file.text.len() > MAX_LEN {
        reporter.report(diagnostics::file_too_long(reporter.span(0..0), MAX_LEN));
        return ast::File::default();
    }
    let Some(scanned) = scan::scan(file, &mut reporter) else {
        return ast::File::default();
    };
    let (text, faults) = scanned.repaired.finish();
    let read = {
        let mut run = || read(file, &text, &faults, &mut reporter);
        if scanned.depth <= SHALLOW {
            return run();
        }
        on_large_stack(run)
    };
    read.unwrap_or_else(|| {
        // There was no memory for another stack.
        reporter.report(diagnostics::no_stack(reporter.span(0..0)));
        ast::File::default()
    })
}

/// Reads a text in which [`file`] found no error, and hands on what the grammar
/// made of each of its tokens; nothing where there is no memory for a stack.
pub(super) fn concrete<T: Send>(
    text: &str,
    build: impl FnOnce(Pairs<'_, Rule>) -> T + Send,
) -> Option<T> {
    on_large_stack(|| Grammar::parse(Rule::file, text).ok().map(build)).flatten()
}

/// Runs `run` where there is stack for any depth; nothing without memory for it.
fn on_large_stack<T: Send>(run: impl FnOnce() -> T + Send) -> Option<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK);
        let thread = thread.spawn_scoped(scope, run).ok()?;
        let done = thread.join();
        Some(done.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}

/// Runs the grammar on the repaired text, and builds the tree.
fn read(file: &SourceFile, text: &str, faults: &[usize], reporter: &mut Reporter<'_>) -> ast::File {
    match Grammar::parse(Rule::file, text) {
        Ok(pairs) => Builder::new(&file.text, text, faults, reporter).file(pairs),
        // The traps take whatever does not fit, so only pest's guard of the stack
        // can end here.
        Err(_) => {
            reporter.report(diagnostics::no_stack(reporter.span(0..0)));
            ast::File::default()
        }
    }
}

//! What the parser says: one constructor for each diagnostic.
//!
//! A message says what is wrong in general, the label what is wrong *there*, the
//! help what to do. None speaks of rules of the grammar.

use super::operators::Level;
use super::parse::{Foreign, NumberFault, UNITS_IN_WORDS};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::span::Span;

/// Something else is needed here: `expected` in words, `after` what precedes it.
pub(super) fn expected(
    span: Span,
    expected: &str,
    after: Option<&str>,
    found: impl Into<String>,
) -> Diagnostic {
    let message = match after {
        Some(after) => format!("expected {expected} after {after}"),
        None => format!("expected {expected}"),
    };
    Diagnostic::error(Code::UnexpectedToken, span, message, found)
}

/// A keyword where a name belongs.
pub(super) fn keyword_as_name(span: Span, word: &str) -> Diagnostic {
    Diagnostic::error(
        Code::UnexpectedToken,
        span,
        format!("`{word}` is a keyword and cannot be a name"),
        "a name is expected here",
    )
    .help(format!("another name, such as `{word}_`, will do"))
}

/// A declaration or statement that belongs elsewhere.
pub(super) fn misplaced(span: Span, what: &str, place: &str, help: &str) -> Diagnostic {
    Diagnostic::error(
        Code::UnexpectedToken,
        span,
        format!("{what} cannot stand {place}"),
        "not here",
    )
    .help(help)
}

/// An expression where a statement belongs.
pub(super) fn expression_statement(span: Span, in_space: bool) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        Code::UnexpectedToken,
        span,
        "an expression alone is no statement",
        "its value goes nowhere",
    );
    diagnostic.help(if in_space {
        "give the value a name, `y = ..` or `let y = ..`"
    } else {
        "give the value a name, `let y = ..`, or `return` it"
    })
}

/// Two comparisons, or two ranges, in a row.
pub(super) fn chained(operator: Span, left: Span, level: Level) -> Diagnostic {
    let (message, help) = if level == Level::Range {
        (
            "ranges do not chain",
            "a range has two ends, `a..b`; parentheses say what else is meant",
        )
    } else {
        (
            "comparisons do not chain",
            "compare twice, `a < b and b < c`, or say by parentheses what is meant",
        )
    };
    Diagnostic::error(Code::UnexpectedToken, operator, message, "a second one")
        .label(left, "the first one")
        .help(help)
}

/// A character that nothing in the language is made of.
pub(super) fn unknown_character(span: Span, found: &str) -> Diagnostic {
    let is_letter = found.chars().next().is_some_and(char::is_alphabetic);
    let first = found.chars().next().unwrap_or_default();
    let shown = if first.is_control() || first.is_whitespace() {
        format!("U+{:04X}", u32::from(first))
    } else {
        format!("`{}`", clip(found))
    };
    let diagnostic = Diagnostic::error(
        Code::UnexpectedToken,
        span,
        format!("{shown} means nothing here"),
        "unknown character",
    );
    if is_letter {
        diagnostic.help("names are made of the letters a to z and A to Z, digits and `_`")
    } else {
        diagnostic
    }
}

/// What another language has and this one has not, and what is written in its place,
/// where that is certain.
pub(super) fn foreign(span: Span, habit: Foreign, instead: Option<&str>) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        Code::UnexpectedToken,
        span,
        habit.message,
        "not part of the language",
    )
    .help(habit.help);
    match instead {
        Some(text) => diagnostic.write_instead(text),
        None => diagnostic,
    }
}

/// A string that does not end on its line.
pub(super) fn unclosed_text(span: Span) -> Diagnostic {
    Diagnostic::error(
        Code::UnclosedDelimiter,
        span,
        "a string is never closed",
        "it begins here",
    )
    .help("a string ends with `\"` on the line that it begins on")
}

/// Where a bracket is missing.
pub(super) enum Missing {
    /// The file ends first; this is its end.
    AtEnd(Span),
    /// It belongs before this.
    Before(Span),
}

/// A bracket without the one that closes it.
pub(super) fn unclosed_bracket(open: Span, mark: u8, partner: u8, missing: &Missing) -> Diagnostic {
    let (mark, partner) = (char::from(mark), char::from(partner));
    let diagnostic = Diagnostic::error(
        Code::UnclosedDelimiter,
        open,
        format!("`{mark}` is never closed"),
        format!("this needs a `{partner}`"),
    );
    match *missing {
        Missing::AtEnd(end) => diagnostic.label(end, "the file ends here"),
        Missing::Before(next) => {
            diagnostic.label(next, format!("`{partner}` is missing before this"))
        }
    }
}

/// A bracket that closes nothing.
pub(super) fn extra_bracket(span: Span, mark: u8) -> Diagnostic {
    Diagnostic::error(
        Code::UnexpectedToken,
        span,
        format!("`{}` closes nothing", char::from(mark)),
        "nothing is open here that this could close",
    )
    .help("take it out, or add the bracket that it closes")
    .write_instead("")
}

/// A number that has no value.
pub(super) fn bad_number(span: Span, text: &str, fault: &NumberFault) -> Diagnostic {
    let error =
        |message: String, label: &str| Diagnostic::error(Code::BadNumber, span, message, label);
    match fault {
        NumberFault::TooLarge => error(
            format!("`{}` is too large a number", clip(text)),
            "does not fit",
        )
        .help(format!(
            "whole numbers go up to {}, others to 1.8e308",
            i64::MAX
        )),
        NumberFault::LonePoint => error(
            format!("a digit is missing in `{}`", clip(text)),
            "nothing follows the point",
        )
        .help(format!("write `{}0`", clip(text))),
        NumberFault::Underscore => error(
            format!("a `_` is out of place in `{}`", clip(text)),
            "not between two digits",
        )
        .help("`_` separates digits, `10_000`"),
        NumberFault::Unit(unit) => error(
            format!("`{}` is no unit", clip(unit)),
            "a number with an unknown unit",
        )
        .help(UNITS_IN_WORDS),
    }
}

/// More brackets inside each other than anyone can read.
pub(super) fn too_many_brackets(span: Span, limit: usize) -> Diagnostic {
    Diagnostic::error(
        Code::TooDeep,
        span,
        format!("brackets are nested more than {limit} deep"),
        "this one is too deep",
    )
    .help("give inner parts a name by `let`, or make them an `op` of their own")
}

/// A tree of more levels than the compiler walks.
pub(super) fn too_deep(span: Span, levels: usize, limit: usize) -> Diagnostic {
    let message = if levels > limit {
        format!("a chain of {levels} parts is too long; {limit} is the limit")
    } else {
        format!("this is nested more than {limit} levels deep")
    };
    Diagnostic::error(Code::TooDeep, span, message, "too deep from here on")
        .help("give parts of it a name by `let`, or repeat by `for`")
}

/// A file that nobody wrote by hand.
pub(super) fn file_too_long(start: Span, limit: usize) -> Diagnostic {
    Diagnostic::error(
        Code::TooDeep,
        start,
        format!(
            "the file is too long: {} MiB is the limit",
            limit / (1 << 20)
        ),
        "not read",
    )
}

/// The machine's stack ended before the file did.
pub(super) fn no_stack(start: Span) -> Diagnostic {
    Diagnostic::error(
        Code::TooDeep,
        start,
        "the file is nested too deeply for the memory at hand",
        "not read",
    )
    .help("give inner parts a name by `let`, or make them an `op` of their own")
}

/// A part of the tree that could not be built; this would be a mistake of ours.
pub(super) fn not_understood(span: Span) -> Diagnostic {
    Diagnostic::error(
        Code::UnexpectedToken,
        span,
        "this could not be read",
        "a mistake of the compiler, worth a report",
    )
}

/// Further errors are left out.
pub(super) fn too_many_errors(span: Span, limit: usize) -> Diagnostic {
    Diagnostic {
        severity: Severity::Note,
        ..Diagnostic::error(
            Code::UnexpectedToken,
            span,
            format!("more errors follow; the first {limit} are shown"),
            "from here on",
        )
    }
}

/// A piece of source, short enough for a sentence.
pub(super) fn clip(text: &str) -> String {
    const LEN: usize = 32;
    match text.char_indices().nth(LEN) {
        None => text.to_owned(),
        Some(_) => text.chars().take(LEN - 2).chain("..".chars()).collect(),
    }
}

//! Before the grammar runs: characters, strings and nesting.
//!
//! A grammar without recovery stops at the first character that it does not
//! know. This pass reports what needs no grammar to be wrong, and repairs the
//! text so that the grammar sees only what is left.

use super::brackets::{self, Bracket};
use super::repair::Repaired;
use super::report::Reporter;
use super::token::{self, Kind, Token};
use super::{MAX_DEPTH, habits};
use crate::source::SourceFile;
use crate::syntax::diagnostics;

/// What the grammar is to read.
pub(super) struct Scanned<'a> {
    pub repaired: Repaired<'a>,
    /// How deep its brackets nest.
    pub depth: usize,
}

/// Reports what is wrong with the characters and brackets of `file`; what the
/// grammar is to read, or nothing where that would be no use.
pub(super) fn scan<'a>(file: &'a SourceFile, reporter: &mut Reporter<'_>) -> Option<Scanned<'a>> {
    let mut repaired = Repaired::new(&file.text);
    let text = &*file.text;
    let mut brackets = Vec::new();
    let (mut depth, mut deepest) = (0_usize, 0_usize);
    let mut too_deep = None;
    let mut line = Line::default();
    // Editors of one system put a byte order mark in front; it means nothing.
    let mut at = if text.starts_with('\u{feff}') {
        repaired.blank(0..'\u{feff}'.len_utf8());
        '\u{feff}'.len_utf8()
    } else {
        0
    };
    loop {
        let token = token::next(text, at);
        line.advance(text, at, token.start);
        at = token.end;
        match token.kind {
            Kind::End => break,
            Kind::Open => {
                depth += 1;
                deepest = deepest.max(depth);
                if depth == MAX_DEPTH + 1 && too_deep.is_none() {
                    too_deep = Some(token);
                    reporter.report(diagnostics::too_many_brackets(
                        reporter.span(token.start..token.end),
                        MAX_DEPTH,
                    ));
                }
            }
            Kind::Close => {
                depth = depth.saturating_sub(1);
                if depth <= MAX_DEPTH
                    && let Some(start) = too_deep.take()
                {
                    repaired.blank(start.start..token.end);
                    repaired.fault(start.start);
                    continue;
                }
            }
            Kind::OpenText | Kind::Unknown => {
                report_fault(text, token, reporter);
                repaired.blank(token.start..token.end);
                repaired.fault(token.start);
                if reporter.is_full() {
                    return None;
                }
            }
            Kind::Word | Kind::Number | Kind::Text | Kind::Mark => {}
        }
        if too_deep.is_none() && matches!(token.kind, Kind::Open | Kind::Close) {
            brackets.push(Bracket::new(
                text,
                token,
                line.indent,
                line.first == token.start,
            ));
        }
    }
    if too_deep.is_some() {
        return None;
    }
    brackets::balance(text, brackets, reporter, &mut repaired);
    (!reporter.is_full()).then_some(Scanned {
        repaired,
        depth: deepest.min(MAX_DEPTH),
    })
}

fn report_fault(text: &str, token: Token, reporter: &mut Reporter<'_>) {
    let span = reporter.span(token.start..token.end);
    let found = token.text(text);
    reporter.report(if token.kind == Kind::OpenText {
        diagnostics::unclosed_text(span)
    } else {
        match habits::foreign(found) {
            Some(habit) => {
                // A word needs blanks around it that a mark does not.
                let part = |at: usize| text.as_bytes().get(at).copied().is_some_and(is_part);
                let blank = |is_glued: bool| if is_glued { " " } else { "" };
                let before = token.start.checked_sub(1).is_some_and(part);
                let instead = habit.instead.map(|instead| {
                    let is_word = instead.bytes().next().is_some_and(is_part);
                    let (before, after) = (is_word && before, is_word && part(token.end));
                    format!("{}{instead}{}", blank(before), blank(after))
                });
                diagnostics::foreign(span, habit, instead.as_deref())
            }
            None => diagnostics::unknown_character(span, found),
        }
    });
}

fn is_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The line that the scan stands in.
#[derive(Default)]
struct Line {
    /// Where its first token begins.
    first: usize,
    /// The blanks before that token.
    indent: usize,
}

impl Line {
    /// Notes the line of the token at `start` when it is the first of its line;
    /// `from` is the end of the token before.
    fn advance(&mut self, text: &str, from: usize, start: usize) {
        let skipped = text.as_bytes().get(from..start).unwrap_or_default();
        if from == 0 || skipped.contains(&b'\n') {
            self.first = start;
            self.indent = start - token::line_start(text, start);
        }
    }
}

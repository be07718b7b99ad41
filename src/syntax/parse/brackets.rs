//! Matching of brackets, before the grammar runs.
//!
//! One bracket too few would make the grammar give up on the rest of the file,
//! and the end of the file is the last place where a reader would look for it.
//! Which bracket is the wrong one is a guess; indentation makes it a good one: a
//! bracket whose partner stands further left than its own line most likely lost
//! its partner.

use super::repair::Repaired;
use super::report::Reporter;
use super::token::{self, Token};
use crate::syntax::diagnostics;

/// A bracket of the file, or one that a repair added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bracket {
    at: usize,
    mark: u8,
    /// Whether a repair put it right behind byte `at`.
    is_inserted: bool,
    /// The blanks that its line begins with.
    indent: usize,
    /// Whether it is the first thing on its line.
    leads: bool,
}

impl Bracket {
    pub fn new(text: &str, token: Token, indent: usize, leads: bool) -> Self {
        Self {
            at: token.start,
            mark: text.as_bytes().get(token.start).copied().unwrap_or(b'('),
            is_inserted: false,
            indent,
            leads,
        }
    }

    fn opens(self) -> bool {
        matches!(self.mark, b'(' | b'[' | b'{')
    }

    /// The bracket that it needs.
    fn partner(self) -> u8 {
        match self.mark {
            b'(' => b')',
            b')' => b'(',
            b'[' => b']',
            b']' => b'[',
            b'{' => b'}',
            _ => b'{',
        }
    }
}

/// The first thing that is wrong with a list of brackets.
enum Problem {
    /// This one is never closed; `by` closes a bracket around it, unless the file
    /// ends first.
    Unclosed { open: Bracket, by: Option<Bracket> },
    /// This one closes nothing.
    Extra(Bracket),
}

/// A pair that fits by its marks and not by its indentation.
struct Misfit {
    open: Bracket,
    close: Bracket,
}

/// Reports each bracket without a partner, and repairs the text: what is missing
/// is put where indentation says that it belongs, what is too much goes.
pub(super) fn balance(
    text: &str,
    mut brackets: Vec<Bracket>,
    reporter: &mut Reporter<'_>,
    repaired: &mut Repaired<'_>,
) {
    // Each round reports a bracket that it closes or takes out, or takes one out for
    // good that an earlier round reported or put there: the rounds come to an end.
    let mut unclosed = Vec::new();
    while !reporter.is_full() {
        let mut misfits = Vec::new();
        match first_problem(&brackets, &mut misfits) {
            None => return,
            Some(Problem::Extra(close)) => {
                let blamed = misfits
                    .iter()
                    .rfind(|pair| {
                        pair.close.mark == close.mark && pair.close.indent > pair.open.indent
                    })
                    .map_or(close, |pair| pair.close);
                if !blamed.is_inserted {
                    reporter.report(diagnostics::extra_bracket(
                        reporter.span(blamed.at..blamed.at + 1),
                        blamed.mark,
                    ));
                    repaired.fault(blamed.at);
                }
                take_out(&mut brackets, blamed, repaired);
            }
            Some(Problem::Unclosed { open, by }) => {
                let blamed = misfits.iter().find(|pair| {
                    pair.open.at >= open.at
                        && pair.open.mark == open.mark
                        && pair.close.indent < pair.open.indent
                });
                let (open, by) = match blamed {
                    Some(pair) => (pair.open, Some(pair.close)),
                    None => (open, by),
                };
                if unclosed.contains(&open) {
                    // What was to close it closes another one.
                    take_out(&mut brackets, open, repaired);
                } else {
                    unclosed.push(open);
                    close_bracket(text, &mut brackets, open, by, reporter, repaired);
                }
            }
        }
    }
}

fn take_out(brackets: &mut Vec<Bracket>, bracket: Bracket, repaired: &mut Repaired<'_>) {
    if bracket.is_inserted {
        repaired.take_back(bracket.at + 1, bracket.mark);
    } else {
        repaired.blank(bracket.at..bracket.at + 1);
    }
    if let Some(index) = brackets.iter().position(|&other| other == bracket) {
        brackets.remove(index);
    }
}

fn first_problem(brackets: &[Bracket], misfits: &mut Vec<Misfit>) -> Option<Problem> {
    let mut stack: Vec<Bracket> = Vec::new();
    for &bracket in brackets {
        if bracket.opens() {
            stack.push(bracket);
            continue;
        }
        match stack.last().copied() {
            Some(open) if open.partner() == bracket.mark => {
                stack.pop();
                if bracket.leads && bracket.indent != open.indent {
                    misfits.push(Misfit {
                        open,
                        close: bracket,
                    });
                }
            }
            // A brace holds statements, so a parenthesis inside it never closes
            // one outside.
            Some(open)
                if stack
                    .iter()
                    .rev()
                    .take_while(|outer| bracket.mark == b'}' || outer.mark != b'{')
                    .any(|outer| outer.partner() == bracket.mark) =>
            {
                return Some(Problem::Unclosed {
                    open,
                    by: Some(bracket),
                });
            }
            _ => return Some(Problem::Extra(bracket)),
        }
    }
    stack.pop().map(|open| Problem::Unclosed { open, by: None })
}

/// Reports that `open` is never closed, and closes it: before the first line that
/// is not indented further, or before `by`, or else takes it out.
fn close_bracket(
    text: &str,
    brackets: &mut Vec<Bracket>,
    open: Bracket,
    by: Option<Bracket>,
    reporter: &mut Reporter<'_>,
    repaired: &mut Repaired<'_>,
) {
    let limit = by.map_or(text.len(), |close| close.at);
    let place = [before_body(text, brackets, open), outdent(text, open)]
        .into_iter()
        .flatten()
        .find(|&place| place < limit && is_balanced(brackets, open.at + 1, place))
        .unwrap_or(limit);
    let missing = if by.is_none() && place == text.len() {
        diagnostics::Missing::AtEnd(reporter.end_span())
    } else {
        diagnostics::Missing::Before(reporter.token_span(place))
    };
    reporter.report(diagnostics::unclosed_bracket(
        reporter.span(open.at..open.at + 1),
        open.mark,
        open.partner(),
        &missing,
    ));
    repaired.fault(open.at);
    let after = brackets.partition_point(|bracket| bracket.at < place);
    if repaired.insert(place, open.partner()) {
        repaired.fault(place);
        brackets.insert(
            after,
            Bracket {
                // Behind all that stands before `place`, before all from it on.
                at: place.saturating_sub(1),
                mark: open.partner(),
                is_inserted: true,
                indent: open.indent,
                leads: true,
            },
        );
    } else {
        take_out(brackets, open, repaired);
    }
}

/// The first token behind `open`'s line that begins a line and is not indented
/// further than that line.
fn outdent(text: &str, open: Bracket) -> Option<usize> {
    let mut at = token::line_end(text, open.at);
    while at < text.len() {
        let start = token::skip_trivia(text, at);
        if start >= text.len() {
            break;
        }
        if start - token::line_start(text, start) <= open.indent {
            return Some(start);
        }
        at = token::line_end(text, start);
    }
    None
}

/// For a parenthesis: the first brace behind it that ends its line. It opens a
/// body, which no parentheses hold.
fn before_body(text: &str, brackets: &[Bracket], open: Bracket) -> Option<usize> {
    if open.mark == b'{' {
        return None;
    }
    brackets
        .iter()
        .filter(|bracket| bracket.at > open.at && bracket.mark == b'{')
        .map(|bracket| bracket.at)
        .find(|&at| token::skip_trivia(text, at + 1) > token::line_end(text, at))
}

/// Whether every bracket between two places has its partner between them.
fn is_balanced(brackets: &[Bracket], from: usize, to: usize) -> bool {
    let start = brackets.partition_point(|bracket| bracket.at < from);
    let mut depth = 0_usize;
    for bracket in brackets.iter().skip(start) {
        if bracket.at >= to {
            break;
        }
        if bracket.opens() {
            depth += 1;
        } else if depth == 0 {
            return false;
        } else {
            depth -= 1;
        }
    }
    depth == 0
}

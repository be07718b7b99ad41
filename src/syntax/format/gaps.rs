//! What an author wrote between two tokens: comments and line breaks.

use super::tree::Token;
use crate::syntax::parse::Rule;

/// What stands before a token.
#[derive(Default)]
pub(super) struct Gap<'a> {
    /// In order.
    pub comments: Vec<Comment<'a>>,
    /// Whether the token begins another line than the one before it ends in.
    pub newline: bool,
    /// Whether a blank line stands right before the token.
    pub blank: bool,
}

/// `// ..`, up to the end of its line.
pub(super) struct Comment<'a> {
    /// With the slashes, without blanks at its end.
    pub text: &'a str,
    /// Whether it stands behind a token in a line; only the first of a gap can.
    pub is_trailing: bool,
    /// Whether a blank line stands before it.
    pub blank: bool,
    /// The characters before it in its line.
    pub column: usize,
    /// The first token that begins in its line, or the one behind it.
    pub line_begin: usize,
}

/// The gap before each token. Comments before a comma or an opening brace are
/// moved behind it, and those behind an operator before it: lines break behind the
/// former and before the latter.
pub(super) fn between<'a>(tokens: &[Token<'a>], text: &'a str) -> Vec<Gap<'a>> {
    let mut gaps: Vec<Gap<'a>> = Vec::with_capacity(tokens.len());
    let mut end = 0;
    for (nth, token) in tokens.iter().enumerate() {
        gaps.push(gap(text, end, tokens, nth));
        end = token.start + token.text.len();
    }
    for nth in 1..gaps.len() {
        if matches!(tokens[nth - 1].rule, Rule::comma | Rule::open_brace) {
            let moved = std::mem::take(&mut gaps[nth - 1].comments);
            gaps[nth].comments.splice(0..0, moved);
        }
    }
    for nth in (1..gaps.len()).rev() {
        if tokens[nth - 1].rule == Rule::infix {
            let moved = std::mem::take(&mut gaps[nth].comments);
            gaps[nth - 1].comments.extend(moved);
        }
    }
    for gap in &mut gaps {
        for comment in gap.comments.iter_mut().skip(1) {
            comment.is_trailing = false;
        }
    }
    gaps
}

/// What stands between the byte `start`, where a token ended, and the token `next`.
fn gap<'a>(text: &'a str, start: usize, tokens: &[Token<'a>], next: usize) -> Gap<'a> {
    let end = tokens[next].start;
    let mut gap = Gap::default();
    let mut at = start;
    let mut newlines = 0;
    let mut is_first_line = next > 0;
    loop {
        let rest = &text[at..end];
        let len = rest.find("//").unwrap_or(rest.len());
        newlines += rest[..len].matches('\n').count();
        is_first_line &= newlines == 0;
        at += len;
        if at == end {
            break;
        }
        let comment = text[at..end].lines().next().unwrap_or_default();
        let line_start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let before = tokens[..next].iter().rev();
        gap.comments.push(Comment {
            text: comment.trim_end(),
            is_trailing: is_first_line,
            blank: newlines > 1,
            column: text[line_start..at].chars().count(),
            line_begin: next - before.take_while(|t| t.start >= line_start).count(),
        });
        at += comment.len();
        newlines = 0;
        is_first_line = false;
    }
    gap.newline = text[start..end].contains('\n');
    gap.blank = newlines > 1;
    gap
}

//! The words and marks of a text, for everything that looks at a file without
//! the grammar: bracket matching before it, messages after it.
//!
//! The grammar has no tokens of its own, pest reads characters. This lexer
//! agrees with it on strings, comments, words and numbers.

use super::habits::QUOTES;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name or a keyword.
    Word,
    /// A number with what is glued to it, `3`, `0.5`, `5M`.
    Number,
    /// `"head"`
    Text,
    /// A quote that nothing closes on its line.
    OpenText,
    /// `(`, `[` or `{`
    Open,
    /// `)`, `]` or `}`
    Close,
    /// An operator or another mark of the language.
    Mark,
    /// What the language does not know.
    Unknown,
    /// The end of the text; empty.
    End,
}

/// A token: bytes `start..end` of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub kind: Kind,
    pub start: usize,
    pub end: usize,
}

impl Token {
    /// Its text.
    pub fn text(self, source: &str) -> &str {
        source.get(self.start..self.end).unwrap_or_default()
    }
}

/// Marks of more than one character, longest first, then the short ones.
const MARKS: &[&str] = &[
    "..=", "..", "::", "|>", "->", "==", "!=", "<=", ">=", "=", "<", ">", "+", "-", "*", "/", "%",
    "@", ".", ",", ":",
];

/// What other languages have, so that one message speaks of the whole of it.
const FOREIGN: &[&str] = &["&&", "||", "??", "<<", ">>"];

/// All words that cannot be names.
pub(in crate::syntax) const KEYWORDS: &[&str] = &[
    "use", "space", "op", "ops", "block", "cell", "const", "extern", "input", "output", "nodes",
    "let", "for", "in", "if", "else", "return", "require", "choose", "pick", "of", "and", "or",
    "not", "true", "false",
];

/// The first token at or after byte `at`.
pub(super) fn next(text: &str, at: usize) -> Token {
    lex(text, skip_trivia(text, at))
}

/// The first byte at or after `at` that is neither white space nor comment.
pub(super) fn skip_trivia(text: &str, mut at: usize) -> usize {
    let bytes = text.as_bytes();
    loop {
        match bytes.get(at) {
            Some(b' ' | b'\t' | b'\r' | b'\n') => at += 1,
            Some(b'/') if bytes.get(at + 1) == Some(&b'/') => at = line_end(text, at),
            _ => return at,
        }
    }
}

/// The end of the line that byte `at` lies in, without its line break.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    let rest = text.as_bytes().get(at..).unwrap_or_default();
    at + rest
        .iter()
        .position(|&byte| byte == b'\n')
        .unwrap_or(rest.len())
}

/// The start of the line that byte `at` lies in.
pub(super) fn line_start(text: &str, at: usize) -> usize {
    let before = text.as_bytes().get(..at).unwrap_or_default();
    before
        .iter()
        .rposition(|&byte| byte == b'\n')
        .map_or(0, |newline| newline + 1)
}

fn lex(text: &str, start: usize) -> Token {
    let rest = text.get(start..).unwrap_or_default();
    let Some(first) = rest.chars().next() else {
        return Token {
            kind: Kind::End,
            start,
            end: start,
        };
    };
    let (kind, len) = match first {
        '(' | '[' | '{' => (Kind::Open, 1),
        ')' | ']' | '}' => (Kind::Close, 1),
        '"' => quoted(rest),
        '0'..='9' => (Kind::Number, number(rest.as_bytes())),
        'a'..='z' | 'A'..='Z' | '_' => (Kind::Word, word(rest.as_bytes())),
        _ => mark(rest),
    };
    Token {
        kind,
        start,
        end: start + len,
    }
}

fn word(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .position(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_')
        .unwrap_or(bytes.len())
}

/// Digits, a fraction, and whatever letters and digits are glued to them.
fn number(bytes: &[u8]) -> usize {
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut len = word(bytes);
    if bytes.get(len) == Some(&b'.') && digit(len + 1) {
        len += 1 + word(bytes.get(len + 1..).unwrap_or_default());
    }
    let exponent = matches!(bytes.get(len - 1), Some(b'e' | b'E'));
    if exponent && matches!(bytes.get(len), Some(b'+' | b'-')) && digit(len + 1) {
        len += 1 + word(bytes.get(len + 1..).unwrap_or_default());
    }
    let operand = |byte: &u8| byte.is_ascii_alphanumeric() || b"_([\"".contains(byte);
    if bytes.get(len) == Some(&b'%') && !bytes.get(len + 1).is_some_and(operand) {
        len += 1;
    }
    len
}

/// A string ends on its line. One that does not is taken to end before the
/// bracket or comma that most likely followed it, so that brackets stay balanced.
fn quoted(rest: &str) -> (Kind, usize) {
    let inner = rest.get(1..).unwrap_or_default();
    match inner.find(['"', '\n']) {
        Some(close) if inner.as_bytes().get(close) == Some(&b'"') => (Kind::Text, close + 2),
        end => {
            let line = inner.get(..end.unwrap_or(inner.len())).unwrap_or_default();
            let content = line
                .find([')', ']', '}', ','])
                .unwrap_or_else(|| line.trim_end().len());
            (Kind::OpenText, 1 + content)
        }
    }
}

fn mark(rest: &str) -> (Kind, usize) {
    let starts = |marks: &[&str]| {
        marks
            .iter()
            .find(|mark| rest.starts_with(**mark))
            .map(|mark| mark.len())
    };
    if let Some(len) = block_comment(rest)
        .or_else(|| foreign_quote(rest))
        .or_else(|| terminal_sequence(rest))
    {
        return (Kind::Unknown, len);
    }
    if rest.starts_with('#') {
        let line = rest.get(..line_end(rest, 0)).unwrap_or(rest);
        return (Kind::Unknown, line.trim_end().len());
    }
    if let Some(len) = starts(FOREIGN) {
        return (Kind::Unknown, len);
    }
    if let Some(len) = starts(MARKS) {
        return (Kind::Mark, len);
    }
    (Kind::Unknown, unknown_run(rest))
}

/// `/* .. */`, to the end of the text where nothing closes it.
fn block_comment(rest: &str) -> Option<usize> {
    rest.starts_with("/*").then(|| {
        rest.get(2..)
            .and_then(|inner| inner.find("*/"))
            .map_or(rest.len(), |close| close + 4)
    })
}

/// `'head'`, when it closes on its line.
fn foreign_quote(rest: &str) -> Option<usize> {
    let quote = rest.chars().next().filter(|c| QUOTES.contains(c))?;
    let inner = rest.get(quote.len_utf8()..)?;
    let closes = |c: char| c == quote || !c.is_ascii() && QUOTES.contains(&c);
    let (at, close) = inner
        .char_indices()
        .find(|&(_, c)| c == '\n' || closes(c))?;
    (close != '\n').then_some(quote.len_utf8() + at + close.len_utf8())
}

/// What makes a terminal change colours, as copied from one.
fn terminal_sequence(rest: &str) -> Option<usize> {
    let parameters = rest.strip_prefix("\u{1b}[")?;
    let end = parameters.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    parameters
        .get(end..)?
        .starts_with(|c: char| c.is_ascii_alphabetic())
        .then_some(2 + end + 1)
}

/// A run of characters of one sort: several letters of another alphabet are one
/// word to the reader.
fn unknown_run(rest: &str) -> usize {
    let mut chars = rest.char_indices();
    let first = chars.next().map(|(_, c)| c);
    let letters = first.is_some_and(char::is_alphabetic);
    chars
        .find(|&(_, c)| {
            if letters {
                !c.is_alphanumeric() && c != '_'
            } else {
                Some(c) != first
            }
        })
        .map_or(rest.len(), |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lexed(text: &str) -> Vec<(Kind, &str)> {
        let mut tokens = Vec::new();
        let mut at = 0;
        loop {
            let token = next(text, at);
            if token.kind == Kind::End {
                return tokens;
            }
            assert!(token.end > token.start, "{text:?} at {at}");
            tokens.push((token.kind, token.text(text)));
            at = token.end;
        }
    }

    #[test]
    fn ranges_are_not_floats() {
        use Kind::{Mark, Number, Word};
        assert_eq!(
            lexed("0..3 1.5..=n x.y 1e-5 5.4M"),
            [
                (Number, "0"),
                (Mark, ".."),
                (Number, "3"),
                (Number, "1.5"),
                (Mark, "..="),
                (Word, "n"),
                (Word, "x"),
                (Mark, "."),
                (Word, "y"),
                (Number, "1e-5"),
                (Number, "5.4M"),
            ]
        );
    }

    #[test]
    fn comments_and_strings_hide_brackets() {
        use Kind::{Mark, Text, Word};
        assert_eq!(
            lexed("a // ( \" \n = \"(// {\""),
            [(Word, "a"), (Mark, "="), (Text, "\"(// {\"")]
        );
    }

    #[test]
    fn an_open_string_ends_before_the_bracket() {
        use Kind::{Close, Open, OpenText, Word};
        assert_eq!(
            lexed("drop(\"head)"),
            [
                (Word, "drop"),
                (Open, "("),
                (OpenText, "\"head"),
                (Close, ")")
            ]
        );
    }

    #[test]
    fn what_other_languages_have_is_one_token() {
        use Kind::{Unknown, Word};
        assert_eq!(
            lexed("a && 'b' größe /* x */ # c"),
            [
                (Word, "a"),
                (Unknown, "&&"),
                (Unknown, "'b'"),
                (Word, "gr"),
                (Unknown, "öße"),
                (Unknown, "/* x */"),
                (Unknown, "# c"),
            ]
        );
    }
}

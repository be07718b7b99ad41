//! What stands at a place: its declaration, its shape, what it decides and weighs.

use std::ops::Range;

use super::Analysis;
use crate::decision::{Count, Domain, How};
use crate::hir::{Builtin, Declaration, Referent, What};
use crate::source::SourceFile;
use crate::span::{SourceId, Span};
use crate::syntax::ast::{Direction, FnKind};
use crate::unroll::Fact;

/// The reference of the language, whose table of primitives hovers quote.
const REFERENCE: &str = include_str!("../../docs/language.md");

/// What is said of a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hover {
    /// Of what it speaks.
    pub range: Range<usize>,
    /// In Markdown.
    pub text: String,
}

/// What stands at a byte of the text.
#[must_use]
pub fn hover(analysis: &Analysis, offset: usize) -> Option<Hover> {
    let name = analysis.name_at(offset);
    let mut parts: Vec<String> = Vec::new();
    let declared = name.and_then(|(_, referent)| match referent {
        Referent::Declared(span) => analysis.names.declaration(span),
        _ => None,
    });
    match name {
        Some((_, Referent::Builtin(builtin))) => parts.push(reference(builtin)),
        Some((_, Referent::Module(source))) => {
            let file = analysis.sources.get(source)?;
            parts.push(format!("the module `{}`", file.name));
        }
        _ => {}
    }
    if let Some(declared) = declared {
        parts.extend(declaration(analysis, declared));
    }
    let seen = match declared {
        Some(declared) if name.is_some_and(|(span, _)| span == declared.span) => {
            let fact = analysis.fact(declared.span);
            fact.map(|fact| (declared.span, fact))
        }
        _ => value_at(analysis, offset, name.map(|(span, _)| span)),
    };
    parts.extend(decisions(analysis, offset));
    if let Some(said) = seen.and_then(|(_, fact)| fact_in_words(fact)) {
        parts.push(said);
    }
    if parts.is_empty() {
        return None;
    }
    let span = name.map(|(span, _)| span).or(seen.map(|(span, _)| span))?;
    Some(Hover {
        range: span.range(),
        text: parts.join("\n\n"),
    })
}

/// Which decisions the `choose` or `pick` at a byte makes, and among what the first.
fn decisions(analysis: &Analysis, offset: usize) -> Option<String> {
    const WORD: usize = "choose".len();
    const MOST: usize = 8;
    let here = |span: Span| {
        let start = span.range().start;
        span.source == SourceId::default() && start <= offset && offset < start + WORD
    };
    let points = analysis
        .spaces
        .iter()
        .flat_map(|space| &space.decisions.points);
    let made: Vec<_> = points.filter(|point| here(point.span)).collect();
    let first = made.first()?;
    let paths: Vec<&str> = made.iter().map(|point| point.path.as_str()).collect();
    let how = match first.domain {
        Domain::One { .. } => "one of".to_owned(),
        Domain::Subset { min, max, .. } if min == max => format!("{min} of"),
        Domain::Subset { min, max, .. } => format!("{min} to {max} of"),
    };
    let options: Vec<&str> = first.options.iter().map(String::as_str).collect();
    Some(format!(
        "{}: {how} {}",
        few(&paths, MOST),
        few(&options, 2 * MOST)
    ))
}

/// The first of some names, and how many more there are.
fn few(names: &[&str], most: usize) -> String {
    let shown = names.iter().take(most).map(|name| format!("`{name}`"));
    let mut shown: Vec<String> = shown.collect();
    if let Some(more @ 1..) = names.len().checked_sub(most) {
        shown.push(format!("{more} more"));
    }
    shown.join(", ")
}

/// The innermost place around a byte with a value to show. Of an operation that is
/// named, or that waits for its tensor, the call that applies it.
fn value_at(analysis: &Analysis, offset: usize, name: Option<Span>) -> Option<(Span, &Fact)> {
    let around = |span: &Span| {
        let range = span.range();
        let is_name = name.is_none_or(|name| span.start <= name.start && name.end <= span.end);
        range.start <= offset && offset <= range.end && is_name
    };
    let facts = analysis.facts.iter().flat_map(|facts| &facts.0);
    let mut found: Vec<_> = facts.filter(|(span, _)| around(span)).collect();
    found.sort_by_key(|(span, _)| span.range().len());
    let mut found = found.into_iter();
    let inner = found.next()?;
    if !inner.1.is_operation {
        return Some((*inner.0, inner.1));
    }
    let value = found.find(|(_, fact)| !fact.is_operation)?;
    // A statement has no value: what it does is more than what is asked about.
    (!value.1.values.is_empty()).then_some((*value.0, value.1))
}

fn fact_in_words(fact: &Fact) -> Option<String> {
    let mut words: Vec<String> = Vec::new();
    if !fact.values.is_empty() && !fact.is_operation {
        let values: Vec<String> = fact
            .values
            .iter()
            .map(|value| format!("`{value}`"))
            .collect();
        words.push(values.join(", ").replace("`..`", ".."));
    }
    if fact.decisions > 0 {
        words.push(counted(fact.decisions, "decision"));
    }
    if fact.parameters > 0 {
        words.push(counted(fact.parameters, "parameter"));
    }
    if fact.runs > 1 && !words.is_empty() {
        words.push(format!("in {} runs", fact.runs));
    }
    (!words.is_empty()).then(|| words.join(" · "))
}

/// `1 decision`, `12_000 parameters`
pub(super) fn counted(n: u64, what: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{} {what}{plural}", grouped(n))
}

/// A number as the language writes it.
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push('_');
        }
        out.push(digit);
    }
    out
}

fn declaration(analysis: &Analysis, declared: &Declaration) -> Vec<String> {
    let Some(file) = analysis.sources.get(declared.span.source) else {
        return Vec::new();
    };
    let name = file.slice(declared.span);
    let mut parts = match declared.what {
        What::Fn(_) | What::Ops | What::Cell | What::Const => {
            vec![format!("```enas\n{}\n```", head(file, declared.span))]
        }
        What::Space => vec![format!("the space `{name}`")],
        What::Setting => vec![format!(
            "`{}`, a parameter of the space",
            declared_text(file, declared.span)
        )],
        What::Port(Direction::Input) => vec![format!("the input `{name}`")],
        What::Port(Direction::Output) => vec![format!("the output `{name}`")],
        What::Param => vec![format!(
            "`{}`, a parameter",
            declared_text(file, declared.span)
        )],
        What::Dimension => vec![format!("`{name}`, a dimension")],
        What::Family => vec![format!("`{name}`, a family of nodes")],
        What::Local => vec![format!("`{name}`")],
    };
    let is_item = matches!(
        declared.what,
        What::Fn(_) | What::Ops | What::Cell | What::Const | What::Space
    );
    parts.extend(comment(file, declared.span).filter(|_| is_item));
    if declared.what == What::Space {
        let of_space = |space: &&crate::SearchSpace| space.name == name;
        parts.extend(analysis.spaces.iter().find(of_space).map(summary));
    } else if declared.span.source != SourceId::default() {
        parts.push(format!("declared in `{}`", file.name));
    }
    parts
}

fn summary(space: &crate::SearchSpace) -> String {
    let count = Count::quick(&space.decisions);
    let about = match count.how {
        How::Estimate(_) => "about ",
        _ => "",
    };
    let digits = count.value.to_string();
    let n = match digits.len() {
        0..=18 => digits.parse().map_or(digits, grouped),
        len => {
            let (first, rest) = digits.split_at(1);
            format!("{first}.{}e{}", rest.get(..3).unwrap_or(rest), len - 1)
        }
    };
    format!(
        "{about}{n} architecture{} · {} · {}",
        if n == "1" { "" } else { "s" },
        counted(space.decisions.tokens(), "decision"),
        counted(space.graph.params.total(), "shared parameter"),
    )
}

/// So many lines of a declaration are shown.
const MAX_LINES: usize = 12;

/// A declaration up to its body, or all of one that has none.
pub(super) fn head(file: &SourceFile, name: Span) -> String {
    let text = &*file.text;
    let start = line_start(text, name.range().start);
    let rest = text.get(start..).unwrap_or_default();
    let is_function = ["op ", "block ", "cell ", "extern "]
        .iter()
        .any(|word| rest.trim_start().starts_with(word))
        && text
            .get(name.range().end..)
            .unwrap_or_default()
            .starts_with('(');
    let mut depth = 0_i32;
    let mut end = rest.len();
    for (at, c) in rest.char_indices() {
        match c {
            '{' if depth == 0 && is_function => end = at,
            '=' if depth == 0 && is_function => end = at,
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            '\n' if depth <= 0 && !is_function => end = at,
            _ => {}
        }
        if end == at {
            break;
        }
    }
    let head = rest.get(..end).unwrap_or_default();
    let mut lines: Vec<&str> = head.trim().lines().collect();
    if lines.len() > MAX_LINES {
        lines.truncate(MAX_LINES);
        lines.push("..");
    }
    lines.join("\n")
}

/// `k: int = 3`
fn declared_text(file: &SourceFile, name: Span) -> String {
    let rest = file.text.get(name.range().start..).unwrap_or_default();
    let mut depth = 0;
    let end = rest.find(|c| {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' if depth == 0 => return true,
            ')' | ']' => depth -= 1,
            ',' if depth == 0 => return true,
            '\n' => return true,
            _ => {}
        }
        false
    });
    rest.get(..end.unwrap_or(rest.len()))
        .unwrap_or_default()
        .trim()
        .to_owned()
}

/// The comment right above a declaration.
fn comment(file: &SourceFile, name: Span) -> Option<String> {
    let text = &*file.text;
    let above = text.get(..line_start(text, name.range().start))?;
    let lines = above.lines().rev().map(str::trim);
    let mut lines: Vec<&str> = lines
        .map_while(|line| line.strip_prefix("//"))
        .map(str::trim)
        .collect();
    lines.reverse();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

fn line_start(text: &str, at: usize) -> usize {
    let before = text.get(..at).unwrap_or_default();
    before.rfind('\n').map_or(0, |newline| newline + 1)
}

/// What the reference says of a builtin, or else its parameters.
pub(super) fn reference(builtin: Builtin) -> String {
    let name = builtin.name();
    let rows = REFERENCE.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| ")?.split(" | ");
        Some((cells.next()?, cells.next()?, cells.next()?))
    });
    for (written, result, parameters) in rows {
        let mut codes = written.split('`').skip(1).step_by(2);
        let whole = codes.find(|code| {
            let called = code.split('(').next().unwrap_or_default();
            called.split(' ').any(|word| word == name)
        });
        let Some(whole) = whole else { continue };
        let shown = if whole.contains('(') && !whole.contains("(..)") {
            whole.to_owned()
        } else {
            signature(builtin)
        };
        let parameters = match parameters.trim_end_matches('|').trim() {
            "" => String::new(),
            some => format!(" · parameters: {some}"),
        };
        return format!("```enas\n{shown}\n```\n\nresult: {result}{parameters}");
    }
    format!("```enas\n{}\n```", signature(builtin))
}

/// `conv(x, k, c_out?, ..)`
pub(super) fn signature(builtin: Builtin) -> String {
    let params: Vec<String> = builtin
        .params()
        .iter()
        .map(|param| format!("{}{}", param.name, if param.optional { "?" } else { "" }))
        .collect();
    if params.is_empty() {
        return builtin.name().to_owned();
    }
    format!("{}({})", builtin.name(), params.join(", "))
}

/// What a completion calls a kind of function.
pub(super) fn word(kind: FnKind) -> &'static str {
    match kind {
        FnKind::Op => "op",
        FnKind::Block => "block",
        FnKind::Cell => "cell",
    }
}

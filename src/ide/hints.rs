//! How many decisions each statement makes, beside it.

use std::ops::Range;

use super::Analysis;
use crate::span::Span;
use crate::syntax::ast::{Fn, FnBody, Item, Member, SpaceItem, Stmt};
use crate::unroll::Fact;

/// A remark beside the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// The byte behind which it stands.
    pub offset: usize,
    /// What it says: `3 decisions`.
    pub label: String,
    /// The same in more words.
    pub tooltip: String,
}

/// The hints of a range of the text, in order: one a line at most, of the outermost
/// statement that begins there.
#[must_use]
pub fn hints(analysis: &Analysis, range: &Range<usize>) -> Vec<Hint> {
    let mut spans = Vec::new();
    for item in &analysis.file.items {
        match item {
            Item::Use(_) => {}
            Item::Member(decl) => member(decl, &mut spans),
            Item::Space(space) => {
                for item in &space.body {
                    match item {
                        SpaceItem::Port(_) => {}
                        SpaceItem::Member(decl) => member(decl, &mut spans),
                        SpaceItem::Stmt(stmt) => statement(stmt, &mut spans),
                    }
                }
            }
        }
    }
    let mut found: Vec<Hint> = spans
        .into_iter()
        .filter_map(|span| {
            let fact = analysis.fact(span).filter(|fact| fact.decisions > 0)?;
            let offset = end_of_line(analysis.text(), span);
            (range.start <= offset && offset <= range.end).then(|| hint(offset, fact))
        })
        .collect();
    found.sort_by_key(|hint| hint.offset);
    // The sort is stable, and outer statements were met first.
    found.dedup_by_key(|hint| hint.offset);
    found
}

fn hint(offset: usize, fact: &Fact) -> Hint {
    let label = super::hover::counted(fact.decisions, "decision");
    let tooltip = match fact.runs {
        0 | 1 => format!("{label}, here and in what is called here"),
        runs => format!("{label} in {runs} runs, here and in what is called here"),
    };
    Hint {
        offset,
        label,
        tooltip,
    }
}

/// Where a statement ends, or its first line if it has several.
fn end_of_line(text: &str, span: Span) -> usize {
    let range = span.range();
    let line = text.get(range.clone()).unwrap_or_default();
    let line = line.split('\n').next().unwrap_or_default();
    range.start + line.trim_end().len()
}

fn member(member: &Member, spans: &mut Vec<Span>) {
    match member {
        Member::Fn(Fn {
            body: FnBody::Block(body),
            ..
        }) => {
            for stmt in body {
                statement(stmt, spans);
            }
        }
        Member::Fn(Fn {
            body: FnBody::Expr(expr),
            ..
        }) => spans.push(expr.span),
        _ => {}
    }
}

fn statement(stmt: &Stmt, spans: &mut Vec<Span>) {
    spans.push(stmt.span());
    let (first, second): (&[Stmt], &[Stmt]) = match stmt {
        Stmt::For { body, .. } | Stmt::NodesFamily { body, .. } => (body, &[]),
        Stmt::If {
            then, otherwise, ..
        } => (then, otherwise),
        _ => (&[], &[]),
    };
    for stmt in first.iter().chain(second) {
        statement(stmt, spans);
    }
}

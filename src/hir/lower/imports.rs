//! The `use`s of a file, changed: what fixes write.

use crate::diagnostic::Edit;
use crate::span::{SourceId, Span};
use crate::syntax::ast;

/// The change that uses one more name of a module.
pub(super) fn with(file: &ast::File, source: SourceId, module: &str, name: &str) -> Edit {
    let mut uses = uses(file);
    let same = uses.find(|known| super::path_text(&known.module) == module);
    if let Some(last) = same.and_then(|known| known.names.last()) {
        return Edit {
            span: Span {
                start: last.span.end,
                ..last.span
            },
            text: format!(", {name}"),
        };
    }
    // Before what the file begins with, so behind the comment at its top.
    let start = file
        .items
        .first()
        .map_or(0, |item| item.span().start as usize);
    let gap = match file.items.first() {
        Some(ast::Item::Use(_)) => "",
        _ => "\n",
    };
    Edit {
        span: Span::new(source, start, start),
        text: format!("use {module}.{{{name}}}\n{gap}"),
    }
}

/// What is taken out of the file so that the name at `span` is used no more: it and a
/// comma, or the whole `use`.
pub(super) fn without(file: &ast::File, span: Span) -> Option<Span> {
    uses(file).find_map(|known| {
        let place = known.names.iter().position(|name| name.span == span)?;
        let before = place
            .checked_sub(1)
            .and_then(|place| known.names.get(place));
        Some(match (before, known.names.get(place + 1)) {
            (Some(before), _) => Span {
                start: before.span.end,
                ..span
            },
            (None, Some(next)) => Span {
                end: next.span.start,
                ..span
            },
            (None, None) => known.span,
        })
    })
}

fn uses(file: &ast::File) -> impl Iterator<Item = &ast::Use> {
    file.items.iter().filter_map(|item| match item {
        ast::Item::Use(usage) => Some(usage),
        _ => None,
    })
}

//! The layout of a text, as changes of it.

use std::ops::Range;

use similar::{ChangeTag, TextDiff};

use crate::diagnostic::Diagnostics;
use crate::source::SourceMap;
use crate::syntax;

/// The changes that lay a text out, in order; nothing where it has errors.
#[must_use]
pub fn format(text: &str) -> Option<Vec<(Range<usize>, String)>> {
    let mut sources = SourceMap::default();
    let id = sources.add("", text);
    let after = syntax::format::format(sources.get(id)?, &mut Diagnostics::default())?;
    let diff = TextDiff::from_lines(text, &after);
    let mut changes: Vec<(Range<usize>, String)> = Vec::new();
    let mut at = 0;
    let mut is_open = false;
    for change in diff.iter_all_changes() {
        if change.tag() == ChangeTag::Equal {
            at += change.value().len();
            is_open = false;
            continue;
        }
        if !is_open {
            changes.push((at..at, String::new()));
            is_open = true;
        }
        let Some((range, new)) = changes.last_mut() else {
            continue;
        };
        match change.tag() {
            ChangeTag::Delete => {
                at += change.value().len();
                range.end = at;
            }
            _ => new.push_str(change.value()),
        }
    }
    Some(changes)
}

//! Where names are declared and used, over several files.

use std::ops::Range;

use super::Analysis;
use crate::hir::{Referent, What};
use crate::source::SourceFile;
use crate::span::{SourceId, Span};

/// A piece of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// The file: its whole path, or `std::vision`.
    pub file: String,
    /// The bytes of it.
    pub range: (usize, usize),
}

impl Location {
    /// The bytes as a range.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        self.range.0..self.range.1
    }
}

/// Where the thing is declared whose name stands at a byte of the text. A module is
/// the whole of its file.
#[must_use]
pub fn definition(analysis: &Analysis, offset: usize) -> Option<Location> {
    let (_, referent) = analysis.name_at(offset)?;
    match referent {
        Referent::Declared(span) => analysis.location(span),
        Referent::Module(source) => analysis.location(Span::new(source, 0, 0)),
        Referent::Builtin(_) => None,
    }
}

/// The name at a byte of the text, and where what it refers to is declared; nothing
/// for what is part of the language.
#[must_use]
pub fn symbol(analysis: &Analysis, offset: usize) -> Option<(Range<usize>, Location)> {
    let (span, referent) = analysis.name_at(offset)?;
    let Referent::Declared(declared) = referent else {
        return None;
    };
    Some((span.range(), analysis.location(declared)?))
}

/// Whether other files can name what is named at a byte of the text.
#[must_use]
pub fn is_shared(analysis: &Analysis, offset: usize) -> bool {
    let name = analysis.name_at(offset);
    let declared = name.and_then(|(_, referent)| match referent {
        Referent::Declared(span) => analysis.names.declaration(span),
        _ => None,
    });
    declared.is_some_and(|declared| match declared.what {
        What::Fn(_) | What::Ops | What::Cell | What::Const | What::Param => true,
        _ => declared.span.source != SourceId::default(),
    })
}

/// Every place in some analyses, and in what they use, that names what is declared at
/// a location, the declaration first, then in order.
#[must_use]
pub fn occurrences(analyses: &[&Analysis], declared: &Location) -> Vec<Location> {
    let mut found = Vec::new();
    for analysis in analyses {
        let Some(span) = analysis.span(declared) else {
            continue;
        };
        let uses = analysis.names.uses_of(span);
        found.extend(uses.filter_map(|span| analysis.location(span)));
    }
    found.sort_unstable();
    found.dedup();
    found.retain(|location| location != declared);
    found.insert(0, declared.clone());
    found
}

impl Analysis {
    pub(super) fn location(&self, span: Span) -> Option<Location> {
        let file = self.sources.get(span.source)?;
        Some(Location {
            file: file.name.clone(),
            range: (span.range().start, span.range().end),
        })
    }

    fn span(&self, location: &Location) -> Option<Span> {
        let file = self.sources.find(&location.file)?;
        Some(Span::new(file.id, location.range.0, location.range.1))
    }

    /// The text of a file that this one uses.
    pub(super) fn file(&self, location: &Location) -> Option<&SourceFile> {
        self.sources.find(&location.file)
    }
}

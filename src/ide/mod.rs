//! What an editor asks, answered as plain data: texts and places in bytes.
//!
//! [`Analysis::of`] compiles a text by the compiler's own stages and keeps what it
//! saw; every other function here answers one question about it. Nothing is kept
//! between two texts, and nothing here knows the protocol of editors; that is `lsp`'s.
//! Running a space takes longest: [`Analysis::of_names`] leaves it out.
//!
//! A broken file is read as far as it can be: its names are resolved, so that
//! definitions, references, completion and symbols go on; shapes and counts come back
//! when it compiles.

mod complete;
mod format;
mod hints;
mod hover;
mod outline;
mod places;
mod rename;
#[cfg(test)]
mod tests;

use std::ops::Range;

use crate::diagnostic::{Code, Diagnostic, Fix};
use crate::hir::{Names, Referent};
use crate::source::{SourceFile, SourceMap};
use crate::span::{SourceId, Span};
use crate::syntax::ast;
use crate::unroll::{Fact, Facts};
use crate::{Depth, Options, SearchSpace};

pub use complete::{Completion, CompletionKind, complete};
pub use format::format;
pub use hints::{Hint, hints};
pub use hover::{Hover, hover};
pub use outline::{Outline, OutlineKind, outline};
pub use places::{Location, definition, is_shared, occurrences, symbol};
pub use rename::{Refusal, can_rename, rename};

/// One text, compiled for an editor.
#[derive(Clone, Debug)]
pub struct Analysis {
    /// The text with what it uses; the text itself comes first.
    pub sources: SourceMap,
    /// What is wrong, in order of place.
    pub diagnostics: Vec<Diagnostic>,
    /// The spaces without errors.
    pub spaces: Vec<SearchSpace>,
    names: Names,
    file: ast::File,
    facts: Vec<Facts>,
    options: Options,
}

impl Analysis {
    /// Compiles a text. `name` is its whole path, so that places in files that it uses
    /// and that are open themselves have the same names.
    #[must_use]
    pub fn of(name: &str, text: &str, options: Options) -> Self {
        Self::to(Depth::Spaces, name, text, options)
    }

    /// As [`Analysis::of`], and runs no space: in a moment it knows everything but
    /// shapes, counts, and what is wrong with those.
    #[must_use]
    pub fn of_names(name: &str, text: &str, options: Options) -> Self {
        Self::to(Depth::Names, name, text, options)
    }

    fn to(depth: Depth, name: &str, text: &str, options: Options) -> Self {
        let (compilation, observed) = crate::observe(name, text, &options, depth);
        Self {
            sources: compilation.sources,
            diagnostics: compilation.diagnostics,
            spaces: compilation.spaces,
            names: observed.names,
            file: observed.file,
            facts: observed.facts,
            options,
        }
    }

    /// The text's own file.
    #[must_use]
    pub fn source(&self) -> Option<&SourceFile> {
        self.sources.get(SourceId::default())
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        self.source().map_or("", |source| &source.text)
    }

    /// The first place where the text uses a file.
    #[must_use]
    pub fn use_of(&self, file: SourceId) -> Option<Span> {
        let to = Referent::Module(file);
        let here = |span: &Span| span.source == SourceId::default();
        let uses = self.names.uses.iter();
        let mut uses = uses.filter(|used| here(&used.span) && used.to == to);
        uses.next().map(|used| used.span)
    }

    /// Whether it uses a module that was not there.
    #[must_use]
    pub fn lacks_module(&self) -> bool {
        let mut all = self.diagnostics.iter();
        all.any(|diagnostic| diagnostic.code == Code::UnknownModule)
    }

    /// What the first space that came to a place saw there.
    fn fact(&self, span: Span) -> Option<&Fact> {
        self.facts.iter().find_map(|facts| facts.0.get(&span))
    }

    /// The innermost name at a byte of the text: one that is used, or that is declared.
    fn name_at(&self, offset: usize) -> Option<(Span, Referent)> {
        let uses = self.names.uses.iter().map(|used| (used.span, used.to));
        let declared = self.names.declarations.iter();
        let declared = declared.map(|known| (known.span, Referent::Declared(known.span)));
        let here = |span: Span| {
            let range = span.range();
            span.source == SourceId::default() && range.start <= offset && offset <= range.end
        };
        uses.chain(declared)
            .filter(|(span, _)| here(*span))
            // Behind one name may stand another: `a` and `b` of `a::b`.
            .min_by_key(|(span, _)| (span.range().end == offset, span.range().len()))
    }
}

/// The fixes of the diagnostics that touch a range of the text, each with its
/// diagnostic. All change this text only.
pub fn fixes<'a>(
    analysis: &'a Analysis,
    range: &Range<usize>,
) -> impl Iterator<Item = (&'a Diagnostic, &'a Fix)> {
    let is_here = |span: Span| span.source == SourceId::default();
    analysis.diagnostics.iter().filter_map(move |diagnostic| {
        let place = diagnostic.labels.first()?.span;
        let touches = place.range().start <= range.end && range.start <= place.range().end;
        let fix = diagnostic.fix.as_ref()?;
        let is_whole = fix.edits.iter().all(|edit| is_here(edit.span));
        (is_here(place) && touches && is_whole).then_some((diagnostic, fix))
    })
}

//! Where the parser reports to.

use std::ops::Range;

use super::token;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::SourceFile;
use crate::span::Span;
use crate::syntax::diagnostics;

/// The errors of one file that are shown. Who sees more than that fixes the first
/// ones and looks again.
pub(super) const MAX_ERRORS: usize = 50;

/// The sink of one file, with a limit.
pub(super) struct Reporter<'a> {
    file: &'a SourceFile,
    diagnostics: &'a mut Diagnostics,
    count: usize,
}

impl<'a> Reporter<'a> {
    pub fn new(file: &'a SourceFile, diagnostics: &'a mut Diagnostics) -> Self {
        Self {
            file,
            diagnostics,
            count: 0,
        }
    }

    /// Reports one error, or, past the limit, once that there are more.
    pub fn report(&mut self, diagnostic: Diagnostic) {
        self.count += 1;
        if self.count <= MAX_ERRORS {
            self.diagnostics.push(diagnostic);
        } else if self.count == MAX_ERRORS + 1
            && let Some(label) = diagnostic.labels.first()
        {
            self.diagnostics
                .push(diagnostics::too_many_errors(label.span, MAX_ERRORS));
        }
    }

    /// Whether nothing more will be shown.
    pub fn is_full(&self) -> bool {
        self.count > MAX_ERRORS
    }

    /// The span of a range of this file's bytes. The repaired text may be longer
    /// than the file; spans never are.
    pub fn span(&self, range: Range<usize>) -> Span {
        let len = self.file.text.len();
        Span::new(self.file.id, range.start.min(len), range.end.min(len))
    }

    /// The end of the file, but for blanks there: an empty last line shows nothing.
    pub fn end_span(&self) -> Span {
        let len = self.file.text.trim_end().len();
        self.span(len..len)
    }

    /// The token at or after `at`.
    pub fn token_span(&self, at: usize) -> Span {
        let token = token::next(&self.file.text, at);
        self.span(token.start..token.end)
    }
}

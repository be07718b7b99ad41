//! What the compiler says about the user's source.
//!
//! Stages do not fail, they report: each takes `&mut Diagnostics`, pushes as
//! many diagnostics as there are, and returns a value anyway. A stage is
//! skipped when an earlier one reported an error.
//!
//! Diagnostics are built by constructor functions in the stage's own
//! `diagnostics`, so that the wording of a stage lives in one place.

mod code;
pub mod explain;
pub mod render;
pub mod sarif;
pub mod suggest;

pub use code::Code;

use crate::span::Span;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Something worth knowing.
    Note,
    /// Probably not what was meant; the file still compiles.
    Warning,
    /// The file does not compile.
    Error,
}

/// A piece of source that a diagnostic points at, and what is to be said there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What is wrong *here*; may be empty.
    pub text: String,
}

/// One message about the user's source. The first label is where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its stable name.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// One sentence without a full stop.
    pub message: String,
    /// Where it is; the first label is the place of the diagnostic.
    pub labels: Vec<Label>,
    /// What to do about it.
    pub help: Option<String>,
    /// The same as a change of the text, where it is certain enough to be made at a
    /// key press.
    pub fix: Option<Fix>,
}

/// A change of the source that takes a diagnostic away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What it does: "write `conv`".
    pub title: String,
    /// The parts that change, none inside another.
    pub edits: Vec<Edit>,
}

/// The text that a piece of source is replaced by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced; nothing, to insert.
    pub span: Span,
    /// By what.
    pub text: String,
}

impl Diagnostic {
    /// An error at `span`, with a label there.
    pub fn error(
        code: Code,
        span: Span,
        message: impl Into<String>,
        label: impl Into<String>,
    ) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            labels: vec![Label {
                span,
                text: label.into(),
            }],
            help: None,
            fix: None,
        }
    }

    /// A warning at `span`, with a label there.
    pub fn warning(
        code: Code,
        span: Span,
        message: impl Into<String>,
        label: impl Into<String>,
    ) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, span, message, label)
        }
    }

    /// Adds a label.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label {
            span,
            text: text.into(),
        });
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// Says how the text is changed to take the diagnostic away.
    #[must_use]
    pub fn fix(mut self, title: impl Into<String>, edits: Vec<Edit>) -> Self {
        self.fix = Some(Fix {
            title: title.into(),
            edits,
        });
        self
    }

    /// A fix that writes something else at the place of the diagnostic.
    #[must_use]
    pub fn write_instead(self, text: &str) -> Self {
        let title = match text.trim() {
            "" if text.is_empty() => "take it out".to_owned(),
            "" => "write a space".to_owned(),
            shown => format!("write `{shown}`"),
        };
        let Some(span) = self.labels.first().map(|label| label.span) else {
            return self;
        };
        let text = text.to_owned();
        self.fix(title, vec![Edit { span, text }])
    }

    /// Helps by the known name that is closest to the one at the place of the
    /// diagnostic, which is also its fix; or by `otherwise`, if none is close.
    #[must_use]
    pub fn help_closest<'a>(
        self,
        name: &str,
        known: impl IntoIterator<Item = &'a str>,
        otherwise: impl FnOnce() -> Option<String>,
    ) -> Self {
        match suggest::closest(name, known) {
            Some(close) => self
                .help(format!("did you mean `{close}`?"))
                .write_instead(close),
            None => match otherwise() {
                Some(help) => self.help(help),
                None => self,
            },
        }
    }
}

/// How many diagnostics of each severity are kept. Who has more fixes the first
/// ones and looks again; a log of millions of lines serves nobody.
const MAX_KEPT: usize = 200;

/// The sink that every stage reports to.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    /// How many there are in the list of every severity, the least first.
    kept: [usize; 3],
}

impl Diagnostics {
    /// Reports one diagnostic. The same one at the same place is kept once, and
    /// of each severity the first 200 are.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        let Some(kept) = self.kept.get_mut(diagnostic.severity as usize) else {
            return;
        };
        if *kept < MAX_KEPT && !self.list.contains(&diagnostic) {
            *kept += 1;
            self.list.push(diagnostic);
        }
    }

    /// Whether one more error would not be kept, so that no work need go into its
    /// words.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.kept[Severity::Error as usize] >= MAX_KEPT
    }

    /// Reports several.
    pub fn extend(&mut self, diagnostics: impl IntoIterator<Item = Diagnostic>) {
        for diagnostic in diagnostics {
            self.push(diagnostic);
        }
    }

    /// Whether anything of severity [`Severity::Error`] was reported.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.kept[Severity::Error as usize] > 0
    }

    /// All of them, in order of file and place.
    #[must_use]
    pub fn into_sorted(mut self) -> Vec<Diagnostic> {
        self.list
            .sort_by_key(|d| d.labels.first().map(|label| label.span));
        self.list
    }

    /// What was reported so far, in order of report.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter()
    }
}

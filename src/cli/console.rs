//! How a command speaks to who started it: what goes to standard error.
//!
//! Results go to standard output and are no matter of this file.

use std::io::{self, Write as _};

use serde_json::{Value, json};

use super::args::Cli;
use super::error::CliError;
use crate::Compilation;
use crate::diagnostic::render::{self, Style};
use crate::diagnostic::{Diagnostic, Severity};

/// How loud standard error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Volume {
    /// What is wrong, and nothing else (`--quiet`).
    Quiet,
    /// Also warnings, progress and what may be done next.
    Normal,
    /// Also what is read, compiled, started and written (`--verbose`).
    Verbose,
}

/// Who listens at standard error, and to how much.
#[derive(Clone, Copy, Debug)]
pub struct Console {
    /// Whether messages have colours.
    pub style: Style,
    /// How much is said.
    pub volume: Volume,
    /// Whether a program listens (`--format json`): each error is then one line
    /// with one JSON object.
    pub json: bool,
}

impl Console {
    /// The one that a command line asks for.
    #[must_use]
    pub fn of(cli: &Cli) -> Self {
        Self {
            style: cli.color.style(),
            volume: match (cli.quiet, cli.verbose) {
                (true, _) => Volume::Quiet,
                (_, true) => Volume::Verbose,
                _ => Volume::Normal,
            },
            json: cli.command.answers_in_json(),
        }
    }

    /// Whether nothing is said but what is wrong.
    #[must_use]
    pub fn is_quiet(self) -> bool {
        self.volume == Volume::Quiet
    }

    /// Says what went wrong, unless that was said already.
    pub(super) fn fail(self, error: &CliError) {
        if !matches!(error, CliError::Reported) {
            self.error(&error.to_string());
        }
    }

    /// Says in a sentence what went wrong.
    pub(super) fn error(self, message: &str) {
        if self.json {
            say(&error_in_json(message, Value::Array(Vec::new())));
            return;
        }
        let word = match self.style {
            Style::Colour => "\x1b[31merror:\x1b[0m",
            Style::Plain => "error:",
        };
        say(&format!("{word} {message}"));
    }

    /// Says that a run was stopped from outside, which is no fault.
    #[cfg(feature = "torch")]
    pub(super) fn stopped(self, message: &str) {
        if self.json {
            self.error(message);
        } else {
            say(message);
        }
    }

    /// Says what is wrong with a file, and what may be.
    pub(super) fn report(self, compilation: &Compilation) {
        let is_error = |diagnostic: &&Diagnostic| diagnostic.severity == Severity::Error;
        let Compilation {
            diagnostics,
            sources,
            ..
        } = compilation;
        if self.json {
            if diagnostics.iter().any(|diagnostic| is_error(&diagnostic)) {
                let found = render::json(diagnostics, sources);
                say(&error_in_json(&CliError::Reported.to_string(), found));
            }
            return;
        }
        let errors: Vec<Diagnostic>;
        let told = if self.is_quiet() {
            errors = diagnostics.iter().filter(is_error).cloned().collect();
            &errors
        } else {
            diagnostics
        };
        // Nothing is to be done where standard error is closed.
        let text = render::human(told, sources, self.style);
        let _ = io::stderr().write_all(text.as_bytes());
    }

    /// Says what is done, to who wants to know.
    pub(super) fn note(self, text: impl FnOnce() -> String) {
        if self.volume == Volume::Verbose && !self.json {
            say(&format!("note: {}", text()));
        }
    }

    /// Says what is worth waiting for or may be done next, to a person.
    pub(super) fn hint(self, text: &str) {
        if !self.is_quiet() && !self.json {
            say(text);
        }
    }
}

/// `{"error": {"message": .., "diagnostics": ..}}`, in one line.
pub(super) fn error_in_json(message: &str, diagnostics: Value) -> String {
    json!({"error": {"message": message, "diagnostics": diagnostics}}).to_string()
}

/// A line on standard error.
pub(super) fn say(line: &str) {
    // Nothing is to be done where standard error is closed.
    let _ = writeln!(io::stderr(), "{line}");
}

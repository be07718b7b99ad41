//! `enasc fmt`: files in their layout.

use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};
use similar::TextDiff;

use super::args::FmtArgs;
use super::error::CliError;
use super::input;
use super::output::{pretty, print, write};
use super::torch_args::FormatArg;
use crate::Compilation;
use crate::cli::console::Console;
use crate::diagnostic::Diagnostics;
use crate::source::SourceMap;
use crate::syntax::format;

pub(super) fn run(args: &FmtArgs, console: Console) -> Result<ExitCode, CliError> {
    let mut good = true;
    let mut told = Vec::new();
    for file in &args.files {
        // A file that cannot be laid out leaves the others to be.
        let outcome = match lay_out(file, args, console) {
            Err(error) if error.is_broken_pipe() => return Err(error),
            Err(error) => {
                console.fail(&error);
                Outcome::Failed
            }
            Ok(outcome) => outcome,
        };
        good &= match outcome {
            Outcome::Unchanged => true,
            Outcome::Changed(_) => !args.check,
            Outcome::Failed => false,
        };
        let text = match &outcome {
            Outcome::Changed(text) if input::is_stdin(file) || args.check => Some(text),
            _ => None,
        };
        told.push(json!({
            "file": input::display_name(file),
            "changed": matches!(outcome, Outcome::Changed(_)),
            "failed": matches!(outcome, Outcome::Failed),
            "text": text,
        }));
    }
    if args.format == FormatArg::Json {
        print(&pretty(&Value::Array(told)))?;
    }
    Ok(if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// What came of a file.
enum Outcome {
    /// It is in its layout.
    Unchanged,
    /// It was not, or in a check it is not: its text in its layout.
    Changed(String),
    /// It has errors, which are reported.
    Failed,
}

/// Lays out one file; in a check, and for programs, people see no text.
fn lay_out(file: &Path, args: &FmtArgs, console: Console) -> Result<Outcome, CliError> {
    let before = match input::text(file)? {
        Ok(text) => text,
        Err(failed) => {
            console.report(&failed);
            return Ok(Outcome::Failed);
        }
    };
    let Some(after) = formatted(file, &before, console) else {
        return Ok(Outcome::Failed);
    };
    let is_for_people = args.format == FormatArg::Human;
    let name = input::display_name(file);
    let is_changed = before != after;
    if args.check {
        if is_changed && is_for_people {
            let diff = TextDiff::from_lines(&before, &after);
            let header = (name.as_str(), &*format!("{name} (formatted)"));
            print(&diff.unified_diff().header(header.0, header.1).to_string())?;
        }
    } else if input::is_stdin(file) {
        if is_for_people {
            print(&after)?;
        }
    } else if is_changed {
        write(Some(file), &after)?;
    }
    console.note(|| {
        format!(
            "{name}: {}",
            if is_changed { "formatted" } else { "unchanged" }
        )
    });
    Ok(if is_changed {
        Outcome::Changed(after)
    } else {
        Outcome::Unchanged
    })
}

/// A text in its layout, or nothing, its errors being reported.
fn formatted(file: &Path, text: &str, console: Console) -> Option<String> {
    let mut sources = SourceMap::default();
    let id = sources.add(input::display_name(file), text);
    let mut diagnostics = Diagnostics::default();
    let formatted = format::format(sources.get(id)?, &mut diagnostics);
    let failed = Compilation {
        diagnostics: diagnostics.into_sorted(),
        sources,
        ..Compilation::default()
    };
    console.report(&failed);
    formatted
}

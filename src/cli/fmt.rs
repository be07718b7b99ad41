//! `enasc fmt`: files in their layout.

use std::path::Path;
use std::process::ExitCode;

use similar::TextDiff;

use super::args::FmtArgs;
use super::error::CliError;
use super::output::{print, write};
use super::{fail, input};
use crate::Compilation;
use crate::diagnostic::Diagnostics;
use crate::diagnostic::render::Style;
use crate::source::SourceMap;
use crate::syntax::format;

pub(super) fn run(args: &FmtArgs, style: Style) -> Result<ExitCode, CliError> {
    let mut good = true;
    for file in &args.files {
        // A file that cannot be laid out leaves the others to be.
        good &= match lay_out(file, args.check, style) {
            Ok(done) => done,
            Err(error) if error.is_broken_pipe() => return Err(error),
            Err(error) => {
                fail(&error, style);
                false
            }
        };
    }
    Ok(if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Lays out one file. False if it has errors, or would change in a check.
fn lay_out(file: &Path, check: bool, style: Style) -> Result<bool, CliError> {
    let before = match input::text(file)? {
        Ok(text) => text,
        Err(failed) => {
            input::report(&failed, style);
            return Ok(false);
        }
    };
    let Some(after) = formatted(file, &before, style) else {
        return Ok(false);
    };
    if check {
        if before == after {
            return Ok(true);
        }
        let name = input::display_name(file);
        let diff = TextDiff::from_lines(&before, &after);
        let header = (name.as_str(), &*format!("{name} (formatted)"));
        print(&diff.unified_diff().header(header.0, header.1).to_string())?;
        return Ok(false);
    }
    if input::is_stdin(file) {
        print(&after)?;
    } else if before != after {
        write(Some(file), &after)?;
    }
    Ok(true)
}

/// A text in its layout, or nothing, its errors being reported.
fn formatted(file: &Path, text: &str, style: Style) -> Option<String> {
    let mut sources = SourceMap::default();
    let id = sources.add(input::display_name(file), text);
    let mut diagnostics = Diagnostics::default();
    let formatted = format::format(sources.get(id)?, &mut diagnostics);
    let failed = Compilation {
        diagnostics: diagnostics.into_sorted(),
        sources,
        ..Compilation::default()
    };
    input::report(&failed, style);
    formatted
}

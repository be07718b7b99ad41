//! `enasc check`: everything that is wrong with some files.

use std::io::{self, IsTerminal as _};
use std::process::ExitCode;

use serde_json::Value;

use super::args::{CheckArgs, CheckFormatArg};
use super::error::CliError;
use super::input;
use super::output::{about, grouped, pretty, print};
use crate::budget::Bound;
use crate::cli::console::Console;
use crate::decision::Count;
use crate::diagnostic::render;
use crate::diagnostic::{Code, Diagnostic, Severity, explain, sarif};
use crate::{Compilation, SearchSpace};

pub(super) fn run(args: &CheckArgs, console: Console) -> Result<ExitCode, CliError> {
    let mut good = true;
    let mut first_error = None;
    let mut found: Vec<Value> = Vec::new();
    let mut log = sarif::Log::default();
    for file in &args.files {
        // A file that cannot be read leaves the others to be checked.
        let compilation = match input::compile(file, &args.set, args.space.as_deref()) {
            Ok(compilation) => within(compilation, &args.budget),
            Err(error) => {
                console.fail(&error);
                log.fail(&error.to_string());
                good = false;
                continue;
            }
        };
        good &= !input::has_errors(&compilation);
        match args.format {
            CheckFormatArg::Human => {
                console.report(&compilation);
                first_error = first_error.or_else(|| error_of(&compilation));
                if !console.is_quiet() {
                    for space in &compilation.spaces {
                        print(&summary(space))?;
                    }
                }
            }
            CheckFormatArg::Json => {
                let array = render::json(&compilation.diagnostics, &compilation.sources);
                found.extend(array.as_array().into_iter().flatten().cloned());
            }
            CheckFormatArg::Sarif => log.add(&compilation.diagnostics, &compilation.sources),
        }
        // Taking a large space apart would take a tenth of the time; the process ends.
        std::mem::forget(compilation);
    }
    match args.format {
        CheckFormatArg::Human => {
            if let Some(code) = first_error.filter(|_| io::stderr().is_terminal()) {
                let name = explain::short(code);
                console.hint(&format!("\n`enasc explain {name}` tells more"));
            }
        }
        CheckFormatArg::Json => print(&pretty(&Value::Array(found)))?,
        CheckFormatArg::Sarif => print(&pretty(&log.finish()))?,
    }
    Ok(if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Warns of spaces that need more than the budget, too.
fn within(mut compilation: Compilation, budget: &[Bound]) -> Compilation {
    let spaces = compilation.spaces.iter_mut();
    let warnings = spaces.flat_map(|space| budget.iter().filter_map(|bound| bound.check(space)));
    let warnings: Vec<_> = warnings.collect();
    if !warnings.is_empty() {
        compilation.diagnostics.extend(warnings);
        let place = |said: &Diagnostic| said.labels.first().map(|label| label.span);
        compilation.diagnostics.sort_by_key(place);
    }
    compilation
}

fn error_of(compilation: &Compilation) -> Option<Code> {
    let mut all = compilation.diagnostics.iter();
    let error = all.find(|diagnostic| diagnostic.severity == Severity::Error);
    error.map(|diagnostic| diagnostic.code)
}

/// A space in a line.
pub(super) fn summary(space: &SearchSpace) -> String {
    let count = Count::quick(&space.decisions);
    let plural = |n: u64| if n == 1 { "" } else { "s" };
    let tokens = space.decisions.tokens();
    format!(
        "{}: {} architecture{}, {} decision{}, {} shared parameters\n",
        space.name,
        about(&count),
        plural(u64::try_from(&count.value).unwrap_or(2)),
        grouped(tokens),
        plural(tokens),
        grouped(space.graph.params.total()),
    )
}

//! `enasc check`: everything that is wrong with some files.

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use serde_json::Value;

use super::args::{CheckArgs, CheckFormatArg};
use super::error::CliError;
use super::output::{about, grouped, pretty, print};
use super::{fail, input};
use crate::decision::Count;
use crate::diagnostic::render::{self, Style};
use crate::diagnostic::{Code, Severity, explain, sarif};
use crate::{Compilation, SearchSpace};

pub(super) fn run(args: &CheckArgs, style: Style) -> Result<ExitCode, CliError> {
    let mut good = true;
    let mut first_error = None;
    let mut found: Vec<Value> = Vec::new();
    let mut log = sarif::Log::default();
    for file in &args.files {
        // A file that cannot be read leaves the others to be checked.
        let compilation = match input::compile(file, &args.set, args.space.as_deref()) {
            Ok(compilation) => compilation,
            Err(error) => {
                fail(&error, style);
                log.fail(&error.to_string());
                good = false;
                continue;
            }
        };
        good &= !input::has_errors(&compilation);
        match args.format {
            CheckFormatArg::Human => {
                input::report(&compilation, style);
                first_error = first_error.or_else(|| error_of(&compilation));
                for space in &compilation.spaces {
                    print(&summary(space))?;
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
            if let Some(code) = first_error {
                tell_of_explain(code);
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

fn error_of(compilation: &Compilation) -> Option<Code> {
    let mut all = compilation.diagnostics.iter();
    let error = all.find(|diagnostic| diagnostic.severity == Severity::Error);
    error.map(|diagnostic| diagnostic.code)
}

/// Says that there is more to read, to a person and not to a log.
fn tell_of_explain(code: Code) {
    if !io::stderr().is_terminal() {
        return;
    }
    let name = explain::short(code);
    // Nothing is to be done where standard error is closed.
    let _ = writeln!(io::stderr(), "\n`enasc explain {name}` tells more");
}

fn summary(space: &SearchSpace) -> String {
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

//! `enasc check`: everything that is wrong with some files.

use std::process::ExitCode;

use serde_json::Value;

use super::args::CheckArgs;
use super::error::CliError;
use super::output::{about, grouped, pretty, print};
use super::torch_args::FormatArg;
use super::{fail, input};
use crate::SearchSpace;
use crate::decision::Count;
use crate::diagnostic::render::{self, Style};

pub(super) fn run(args: &CheckArgs, style: Style) -> Result<ExitCode, CliError> {
    let mut good = true;
    let mut found: Vec<Value> = Vec::new();
    for file in &args.files {
        // A file that cannot be read leaves the others to be checked.
        let compilation = match input::compile(file, &args.set, args.space.as_deref()) {
            Ok(compilation) => compilation,
            Err(error) => {
                fail(&error, style);
                good = false;
                continue;
            }
        };
        good &= !input::has_errors(&compilation);
        match args.format {
            FormatArg::Human => {
                input::report(&compilation, style);
                for space in &compilation.spaces {
                    print(&summary(space))?;
                }
            }
            FormatArg::Json => {
                let array = render::json(&compilation.diagnostics, &compilation.sources);
                found.extend(array.as_array().into_iter().flatten().cloned());
            }
        }
    }
    if args.format == FormatArg::Json {
        print(&pretty(&Value::Array(found)))?;
    }
    Ok(if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn summary(space: &SearchSpace) -> String {
    let count = Count::of(&space.decisions);
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

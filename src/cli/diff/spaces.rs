//! How two spaces differ: in their parameters, decisions and sizes.

use std::path::PathBuf;

use indexmap::IndexMap;
use serde_json::json;

use super::{Difference, costs_in_json, costs_in_words, in_json, is_space, listed};
use crate::SearchSpace;
use crate::cli::console::Console;
use crate::cli::dump::describe_point;
use crate::cli::error::CliError;
use crate::cli::input;
use crate::cli::output::{about, pretty};
use crate::cli::stats::costs;
use crate::cli::tool_args::DiffArgs;
use crate::cli::torch_args::{FormatArg, SpaceArgs};
use crate::decision::Count;

/// The space of a command line against its other one, and whether they are the same.
pub(super) fn compare(
    args: &DiffArgs,
    space: &SearchSpace,
    console: Console,
) -> Result<(String, bool), CliError> {
    if !is_space(&args.a) {
        return Err(CliError::OneArchitecture(args.a.clone()));
    }
    if args.a == "-" && input::is_stdin(&args.space.file) {
        return Err(CliError::StandardInputTwice);
    }
    let other = SpaceArgs {
        file: PathBuf::from(&args.a),
        set: args.other_set.clone(),
        space: None,
    };
    let other = input::space(&other, console)?;
    let both = [space, &other];
    let settings = differences(&both.map(|space| {
        let settings = space.settings.iter();
        settings
            .map(|(name, value)| (name.as_str(), value.to_string()))
            .collect()
    }));
    let decisions = differences(&both.map(|space| {
        let points = space.decisions.points.iter();
        points
            .map(|point| {
                let line = describe_point(point, &space.decisions);
                let options = line.split_once(" = ").map_or("", |(_, options)| options);
                (point.path.as_str(), options.to_owned())
            })
            .collect()
    }));
    let cost = both.map(|space| costs(space, None));
    let is_same = settings.is_empty() && decisions.is_empty() && cost[0] == cost[1];
    let count = both.map(|space| Count::of(&space.decisions));
    let tokens = both.map(|space| space.decisions.tokens());
    let text = match args.format {
        FormatArg::Human if is_same => {
            format!(
                "{} and {}: the same decisions and costs\n",
                space.name, other.name
            )
        }
        FormatArg::Human => {
            let section = |name: &str, found: &[Difference]| match found {
                [] => String::new(),
                found => format!("\n{name}\n{}", listed(found)),
            };
            format!(
                "{} -> {}\narchitectures {} -> {}\ndecisions     {} -> {}\n{}{}\nof the supergraph\n{}",
                space.name,
                other.name,
                about(&count[0]),
                about(&count[1]),
                tokens[0],
                tokens[1],
                section("parameters of the space", &settings),
                section("decisions", &decisions),
                costs_in_words(&cost)
            )
        }
        FormatArg::Json => pretty(&json!({
            "a": space.name,
            "b": other.name,
            "same": is_same,
            "architectures": {
                "a": count[0].value.to_string(),
                "b": count[1].value.to_string(),
                "exact": count.iter().all(Count::is_exact),
            },
            "tokens": {"a": tokens[0], "b": tokens[1]},
            "parameters": in_json(&settings),
            "decisions": in_json(&decisions),
            "cost": costs_in_json(&cost),
        })),
    };
    Ok((text, is_same))
}

/// What is not the same on both sides: in the order of the first, then what is new.
fn differences([a, b]: &[IndexMap<&str, String>; 2]) -> Vec<Difference> {
    let new = b.keys().filter(|name| !a.contains_key(*name));
    a.keys()
        .chain(new)
        .filter(|name| a.get(*name) != b.get(*name))
        .map(|name| Difference {
            path: (*name).to_owned(),
            a: a.get(name).cloned(),
            b: b.get(name).cloned(),
        })
        .collect()
}

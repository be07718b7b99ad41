//! `enasc describe`: an architecture in words.

use serde_json::{Map, Value, json};

use super::console::Console;
use super::error::CliError;
use super::input;
use super::output::{grouped, pretty, print};
use super::stats::{costs, rows};
use super::tool_args::DescribeArgs;
use super::torch_args::FormatArg;
use crate::SearchSpace;
use crate::decision::{Architecture, Choice, DecisionPoint, DecisionSpace, OptionSource};
use crate::graph::cost::Cost;
use crate::graph::describe::{Body, Line, Part, describe};

pub(super) fn run(args: &DescribeArgs, console: Console) -> Result<(), CliError> {
    let space = input::space(&args.space, console)?;
    let architecture = input::architecture(&args.arch, &space, &args.space.file)?;
    let cost = costs(&space, Some(&architecture));
    let parts = describe(&space.graph, &space.decisions, &space.name, &architecture);
    print(&match args.format {
        FormatArg::Human => human(&space, &architecture, &cost, &parts),
        FormatArg::Json => pretty(&in_json(&space, &architecture, &cost, &parts)),
    })
}

fn human(space: &SearchSpace, architecture: &Architecture, cost: &Cost, parts: &[Part]) -> String {
    let mut text = rows(space, Some(architecture), cost);
    let decisions = decisions(space, architecture);
    if !decisions.is_empty() {
        text.push_str("\ndecisions\n");
    }
    let width = decisions.iter().map(|(path, _)| path.len()).max();
    for (path, choice) in &decisions {
        text.push_str(&format!("  {path:0$}  {choice}\n", width.unwrap_or(0)));
    }
    let (whole, called) = parts.split_first().unzip();
    if let Some(whole) = whole {
        text.push_str(&format!("\n{}\n", head(whole)));
        text.push_str(&body(whole));
    }
    for part in called.unwrap_or_default() {
        text.push_str(&match &part.body {
            Body::Chain(steps) => format!("\n{}: {}\n", head(part), steps.join(", ")),
            Body::Lines(_) => format!("\n{}:\n{}", head(part), body(part)),
        });
    }
    text
}

/// `normal(a, b)`
fn head(part: &Part) -> String {
    format!("{}({})", part.name, part.inputs.join(", "))
}

fn body(part: &Part) -> String {
    let lines = match &part.body {
        Body::Chain(steps) => return format!("  {}\n", steps.join(", ")),
        Body::Lines(lines) => lines,
    };
    let width = lines.iter().map(|line| line.name.len()).max().unwrap_or(0);
    let line = |line: &Line| {
        let shape = line.shape.as_ref().map(|shape| format!("  {shape:?}"));
        let loose = if line.loose { "  (loose end)" } else { "" };
        let shape = shape.unwrap_or_default();
        format!("  {:width$} = {}{shape}{loose}\n", line.name, line.value)
    };
    lines.iter().map(line).collect()
}

/// The active decisions with their choices, which name the elements that are picked.
fn decisions(space: &SearchSpace, architecture: &Architecture) -> Vec<(String, String)> {
    let all = space.decisions.iter();
    all.filter_map(|(id, point)| {
        let choice = words(architecture.get(id)?, point, &space.decisions);
        Some((point.path.clone(), choice))
    })
    .collect()
}

/// A choice in words: candidates and elements by their names.
pub(super) fn words(choice: &Choice, point: &DecisionPoint, decisions: &DecisionSpace) -> String {
    let name = |option: &u32| {
        let option = *option as usize;
        let element = match &point.source {
            OptionSource::Elements(elements) => elements
                .get(option)
                .and_then(|id| decisions.elements.get(id.index()))
                .map(|element| &element.name),
            OptionSource::Table(_) => None,
        };
        let name = element.or(point.options.get(option));
        name.map_or("?", String::as_str)
    };
    match choice {
        Choice::One(option) => name(option).to_owned(),
        Choice::Set(options) if options.is_empty() => "none".to_owned(),
        Choice::Set(options) => options.iter().map(name).collect::<Vec<_>>().join(", "),
    }
}

fn in_json(space: &SearchSpace, architecture: &Architecture, cost: &Cost, parts: &[Part]) -> Value {
    let mut object = Map::new();
    object.insert("space".to_owned(), json!(space.name));
    let line = architecture.to_line(&space.decisions);
    object.insert("architecture".to_owned(), json!(line));
    object.insert("cost".to_owned(), json!(cost));
    let decisions: Map<String, Value> = decisions(space, architecture)
        .into_iter()
        .map(|(path, choice)| (path, json!(choice)))
        .collect();
    object.insert("decisions".to_owned(), Value::Object(decisions));
    object.insert("parts".to_owned(), json!(parts));
    Value::Object(object)
}

/// A number with its digits in groups, and by how much it differs from another.
pub(super) fn change(before: u64, after: u64) -> String {
    let sign = if after < before { '-' } else { '+' };
    let difference = grouped(after.abs_diff(before));
    let share = 100.0 * (after as f64 - before as f64) / before as f64;
    match (before == after, before) {
        (true, _) => "the same".to_owned(),
        (_, 0) => format!("{sign}{difference}"),
        _ => format!("{sign}{difference} ({share:+.1} %)"),
    }
}

//! `enasc diff`: how two architectures of a space differ, or two spaces.

mod spaces;

use std::path::Path;
use std::process::ExitCode;

use serde_json::{Map, Value, json};

use super::console::Console;
use super::describe::{change, words};
use super::error::CliError;
use super::input;
use super::output::{grouped, pretty, print};
use super::stats::{costs, per};
use super::tool_args::DiffArgs;
use super::torch_args::FormatArg;
use crate::SearchSpace;
use crate::decision::{Architecture, DecisionId};
use crate::graph::canonical::Canonical;
use crate::graph::cost::Cost;
use crate::graph::select;

pub(super) fn run(args: &DiffArgs, console: Console) -> Result<ExitCode, CliError> {
    let space = input::space(&args.space, console)?;
    let (text, is_same) = match &args.b {
        Some(b) => architectures(args, &space, b)?,
        None => spaces::compare(args, &space, console)?,
    };
    print(&text)?;
    Ok(if args.exit_code && !is_same {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// How two architectures differ, and whether they do not.
fn architectures(
    args: &DiffArgs,
    space: &SearchSpace,
    b: &str,
) -> Result<(String, bool), CliError> {
    if args.a == "-" && b == "-" {
        return Err(CliError::StandardInputTwice);
    }
    let read = |text: &str| input::architecture(text, space, &args.space.file);
    let both = [read(&args.a)?, read(b)?];
    let differ: Vec<Difference> = space
        .decisions
        .iter()
        .filter(|&(id, _)| both[0].get(id) != both[1].get(id))
        .map(|(id, point)| {
            let [a, b] = [&both[0], &both[1]].map(|of| choice(of, id, space));
            Difference {
                path: point.path.clone(),
                a,
                b,
            }
        })
        .collect();
    let is_same = differ.is_empty();
    let cost = [&both[0], &both[1]].map(|architecture| costs(space, Some(architecture)));
    let text = match args.format {
        FormatArg::Human if is_same => format!("{}: the same architecture\n", space.name),
        FormatArg::Human => {
            let n = decided(space, &both[0]).max(decided(space, &both[1]));
            let head = format!("{}: {} of {n} decisions differ", space.name, differ.len());
            let network = match is_same_network(space, &both) {
                Some(true) => "both compute the same network, but for the names of its nodes\n",
                _ => "",
            };
            format!(
                "{head}\n{}{network}\n{}",
                listed(&differ),
                costs_in_words(&cost)
            )
        }
        FormatArg::Json => pretty(&json!({
            "space": space.name,
            "same": is_same,
            "same_network": is_same_network(space, &both),
            "a": both[0].to_line(&space.decisions),
            "b": both[1].to_line(&space.decisions),
            "decisions": in_json(&differ),
            "cost": costs_in_json(&cost),
        })),
    };
    Ok((text, is_same))
}

/// Whether both compute the same, but for the names of nodes; none where it is not clear.
fn is_same_network(space: &SearchSpace, [a, b]: &[Architecture; 2]) -> Option<bool> {
    let canonical = Canonical::new(&space.graph);
    let form = |of| {
        let child = select(&space.graph, &space.decisions, of);
        canonical.form(&child).ok()
    };
    Some(form(a)? == form(b)?)
}

fn decided(space: &SearchSpace, architecture: &Architecture) -> usize {
    let all = space.decisions.iter();
    all.filter(|(id, _)| architecture.get(*id).is_some())
        .count()
}

fn choice(architecture: &Architecture, id: DecisionId, space: &SearchSpace) -> Option<String> {
    let point = space.decisions.point(id)?;
    Some(words(architecture.get(id)?, point, &space.decisions))
}

/// Something with a name that is not the same on both sides; none where it is not.
struct Difference {
    path: String,
    a: Option<String>,
    b: Option<String>,
}

fn listed(differ: &[Difference]) -> String {
    let width = differ.iter().map(|one| one.path.len()).max().unwrap_or(0);
    let line = |one: &Difference| {
        let side = |side: &Option<String>| side.clone().unwrap_or_else(|| "(not there)".to_owned());
        format!(
            "  {:width$}  {} -> {}\n",
            one.path,
            side(&one.a),
            side(&one.b)
        )
    };
    differ.iter().map(line).collect()
}

fn in_json(differ: &[Difference]) -> Value {
    let one = |one: &Difference| json!({"path": one.path, "a": one.a, "b": one.b});
    differ.iter().map(one).collect()
}

/// The name of a figure for programs, that for people, and what it is of a cost.
type Figure = (&'static str, &'static str, fn(&Cost) -> u64);

/// The figures that are compared.
const FIGURES: [Figure; 6] = [
    ("parameters", "parameters", |cost| cost.parameters),
    ("flops", "FLOPs", |cost| cost.flops),
    ("activations", "activations", |cost| cost.activations),
    ("nodes", "nodes", |cost| cost.nodes),
    ("edges", "edges", |cost| cost.edges),
    ("depth", "depth", |cost| cost.depth),
];

fn costs_in_words([a, b]: &[Cost; 2]) -> String {
    let width = |of: &Cost| {
        let all = FIGURES.iter().map(|(.., figure)| grouped(figure(of)).len());
        all.max().unwrap_or(0)
    };
    let (left, right) = (width(a), width(b));
    let line = |(_, name, figure): &Figure| {
        let (a, b) = (figure(a), figure(b));
        format!(
            "{name:12} {:>left$} -> {:>right$}  {}\n",
            grouped(a),
            grouped(b),
            change(a, b)
        )
    };
    let text: String = FIGURES.iter().map(line).collect();
    format!("{text}FLOPs and activations {}\n", per(a.per))
}

fn costs_in_json([a, b]: &[Cost; 2]) -> Value {
    let figures = FIGURES.iter().map(|(name, _, figure)| {
        let both = json!({"a": figure(a), "b": figure(b)});
        ((*name).to_owned(), both)
    });
    Value::Object(figures.collect::<Map<_, _>>())
}

/// Whether a text names a space, and no architecture.
fn is_space(text: &str) -> bool {
    text == "-"
        || Path::new(text)
            .extension()
            .is_some_and(|ending| ending == "enas")
}

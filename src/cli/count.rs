//! `enasc count`: how many architectures a space has.

use serde_json::{Value, json};

use super::args::CountArgs;
use super::error::CliError;
use super::input;
use super::output::{about, grouped, log10, pretty, print};
use super::torch_args::FormatArg;
use crate::SearchSpace;
use crate::cli::console::Console;
use crate::decision::{Count, Diagram, Estimate, How, SampleError, TooLarge};
use crate::graph::unique::{self, Unknown};

pub(super) fn run(args: &CountArgs, console: Console) -> Result<(), CliError> {
    let space = input::space(&args.space, console)?;
    let diagram = Diagram::of(&space.decisions);
    let count = match &diagram {
        Ok(diagram) => Count::by(diagram),
        Err(_) => Count::of(&space.decisions),
    };
    let unique = args
        .unique
        .then(|| unique(&space, diagram.as_ref(), &count, console));
    let unique = unique.transpose()?;
    let diagram = diagram.ok().filter(|_| args.explain);
    if let (FormatArg::Human, Some(unique)) = (args.format, &unique) {
        return print(&match unique.how {
            How::Estimate(estimate) => format!(
                "{}\nestimated from {} architectures drawn at random (seed {}) and how many others compute the network of each, within that of them with a chance of 95 %\n",
                about(unique),
                grouped(estimate.samples),
                estimate.seed
            ),
            _ => format!("{}\n", unique.value),
        });
    }
    print(&match (args.format, diagram) {
        (FormatArg::Json, diagram) => pretty(&in_json(&space, &count, unique, diagram.as_ref())),
        (FormatArg::Human, Some(diagram)) => {
            format!(
                "{}{}\n",
                diagram.explain(&space.decisions),
                sentence(&count)
            )
        }
        // The number alone, for scripts; an estimate does not look like one.
        (FormatArg::Human, None) if count.is_exact() => format!("{}\n", count.value),
        (FormatArg::Human, None) => format!("{}\n{}\n", about(&count), sentence(&count)),
    })
}

/// How a space was counted.
fn sentence(count: &Count) -> String {
    match count.how {
        How::Product => "exact: the decisions are independent".to_owned(),
        How::Diagram { nodes } => format!("exact: by a diagram of {} nodes", grouped(nodes)),
        How::Estimate(Estimate { samples, seed, .. }) => format!(
            "estimated from {} samples (seed {seed}), within that of them with a chance of 95 %: the conditions of the space couple too many decisions to count exactly",
            grouped(samples)
        ),
    }
}

/// How many networks differ: exactly, or an estimate.
fn unique(
    space: &SearchSpace,
    diagram: Result<&Diagram, &TooLarge>,
    count: &Count,
    console: Console,
) -> Result<Count, CliError> {
    if count.value > LARGE.into() {
        console.hint("comparing networks, for up to a minute");
    }
    let refused = |why: String| CliError::TooManyToCompare {
        space: space.name.clone(),
        count: about(count),
        most: unique::MOST,
        why,
    };
    let diagram = diagram.map_err(|why| refused(why.to_string()))?;
    let found = unique::count(&space.graph, &space.decisions, diagram, SEED);
    let found = found.map_err(|why| match why {
        Unknown::TooAlike(why) => CliError::TooAlike(why),
        Unknown::TooManyAlike(why) => refused(why.to_string()),
    })?;
    found.ok_or(CliError::Sample(SampleError::Empty))
}

/// Of more architectures it is said that this takes a while.
const LARGE: u32 = 100_000;

/// From which samples are drawn.
const SEED: u64 = 0;

fn in_json(
    space: &SearchSpace,
    count: &Count,
    unique: Option<Count>,
    diagram: Option<&Diagram>,
) -> Value {
    let estimated = |estimate: Estimate| {
        json!({
            "method": "estimate",
            "relative_error": estimate.relative_error,
            "samples": estimate.samples,
            "seed": estimate.seed,
        })
    };
    let how = match count.how {
        How::Product => json!({"method": "product"}),
        How::Diagram { nodes } => json!({"method": "diagram", "nodes": nodes}),
        How::Estimate(estimate) => estimated(estimate),
    };
    let mut value = json!({
        "space": space.name,
        "count": count.value.to_string(),
        "exact": count.is_exact(),
        "how": how,
        "decisions": space.decisions.tokens(),
        "log10": log10(&count.value),
    });
    let Some(object) = value.as_object_mut() else {
        return value;
    };
    if let Some(unique) = unique {
        let how = match unique.how {
            How::Estimate(estimate) => estimated(estimate),
            _ => json!({"method": "enumeration"}),
        };
        object.insert("unique".to_owned(), json!(unique.value.to_string()));
        object.insert("unique_how".to_owned(), how);
    }
    if let Some(diagram) = diagram {
        let path = |decision| space.decisions.point(decision).map(|point| &point.path);
        let factors: Vec<Value> = diagram
            .factors()
            .into_iter()
            .map(|factor| {
                let decisions: Vec<_> = factor.decisions.iter().map(|&id| path(id)).collect();
                json!({"decisions": decisions, "count": factor.count.to_string()})
            })
            .collect();
        object.insert("factors".to_owned(), json!(factors));
    }
    value
}

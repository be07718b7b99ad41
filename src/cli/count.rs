//! `enasc count`: how many architectures a space has.

use serde_json::{Value, json};

use super::args::CountArgs;
use super::error::CliError;
use super::input;
use super::output::{about, grouped, log10, pretty, print};
use super::torch_args::FormatArg;
use crate::SearchSpace;
use crate::decision::{Count, Diagram, Estimate, How};
use crate::diagnostic::render::Style;

pub(super) fn run(args: &CountArgs, style: Style) -> Result<(), CliError> {
    let space = input::space(&args.space, style)?;
    let diagram = Diagram::of(&space.decisions);
    let count = match &diagram {
        Ok(diagram) => Count::by(diagram),
        Err(_) => Count::of(&space.decisions),
    };
    let diagram = diagram.ok().filter(|_| args.explain);
    print(&match (args.format, diagram) {
        (FormatArg::Json, diagram) => pretty(&in_json(&space, &count, diagram.as_ref())),
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

fn in_json(space: &SearchSpace, count: &Count, diagram: Option<&Diagram>) -> Value {
    let how = match count.how {
        How::Product => json!({"method": "product"}),
        How::Diagram { nodes } => json!({"method": "diagram", "nodes": nodes}),
        How::Estimate(estimate) => json!({
            "method": "estimate",
            "relative_error": estimate.relative_error,
            "samples": estimate.samples,
            "seed": estimate.seed,
        }),
    };
    let mut value = json!({
        "space": space.name,
        "count": count.value.to_string(),
        "exact": count.is_exact(),
        "how": how,
        "decisions": space.decisions.tokens(),
        "log10": log10(&count.value),
    });
    if let (Some(diagram), Some(object)) = (diagram, value.as_object_mut()) {
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

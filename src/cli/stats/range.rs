//! `enasc stats --range`: between what the architectures of a space lie.

use serde_json::{Map, Value, json};

use super::per;
use crate::SearchSpace;
use crate::cli::args::StatsArgs;
use crate::cli::console::Console;
use crate::cli::error::CliError;
use crate::cli::input;
use crate::cli::output::{grouped, pretty, print};
use crate::cli::torch_args::FormatArg;
use crate::decision::{Range, TooLarge};
use crate::graph::cost;
use crate::graph::measure::{Metric, bounds, terms};

const METRICS: [(Metric, &str, &str); 3] = [
    (Metric::Parameters, "parameters", "parameters"),
    (Metric::Flops, "flops", "FLOPs"),
    (Metric::Activations, "activations", "activations"),
];

/// What is known of a metric.
enum Known {
    Exactly(Range),
    Between(u128, u128),
}

pub(super) fn run(args: &StatsArgs, console: Console) -> Result<(), CliError> {
    let mut space = input::space(&args.space, console)?;
    let mut all = Vec::with_capacity(METRICS.len());
    for (metric, ..) in METRICS {
        all.push(find(&mut space, metric)?);
    }
    print(&match args.format {
        FormatArg::Human => human(&space, &all),
        FormatArg::Json => pretty(&in_json(&space, &all)),
    })
}

fn find(space: &mut SearchSpace, metric: Metric) -> Result<Known, CliError> {
    let decisions = &mut space.decisions;
    let terms = terms(&space.graph, &mut decisions.guards, metric);
    match Range::of(decisions, &terms) {
        Ok(Some(range)) => Ok(Known::Exactly(range)),
        Ok(None) => Err(CliError::Sample(crate::decision::SampleError::Empty)),
        Err(TooLarge) => {
            let (least, most) = bounds(&terms);
            Ok(Known::Between(least, most))
        }
    }
}

fn human(space: &SearchSpace, all: &[Known]) -> String {
    let per = per(cost::supergraph(&space.graph).per);
    let ends = |known: &Known| match known {
        Known::Exactly(range) => (range.min, range.max),
        Known::Between(least, most) => (*least, *most),
    };
    let widths = |end: fn((u128, u128)) -> u128| {
        let all = all.iter().map(|known| grouped(end(ends(known))).len());
        all.max().unwrap_or_default().max("greatest".len())
    };
    let (left, right) = (widths(|ends| ends.0), widths(|ends| ends.1));
    let mut text = format!(
        "{}: all architectures\n{:<18} {:>left$} {:>right$}\n",
        space.name, "", "least", "greatest"
    );
    let mut found = String::new();
    for ((metric, _, name), known) in METRICS.iter().zip(all) {
        let (least, most) = ends(known);
        let unit = match metric {
            Metric::Parameters => String::new(),
            Metric::Flops => format!(" multiply-adds {per}"),
            Metric::Activations => format!(" numbers {per}"),
        };
        let within = match known {
            Known::Exactly(_) => "",
            Known::Between(..) => ", bounds that no architecture need reach",
        };
        text.push_str(&format!(
            "{name:<18} {:>left$} {:>right$}{unit}{within}\n",
            grouped(least),
            grouped(most)
        ));
        if let Known::Exactly(range) = known {
            for (end, architecture) in [("least", &range.least), ("greatest", &range.greatest)] {
                let line = architecture.to_line(&space.decisions);
                found.push_str(&format!("\n{end} {name}: {line}\n"));
            }
        }
    }
    text + &found
}

fn in_json(space: &SearchSpace, all: &[Known]) -> Value {
    let range = |known: &Known| match known {
        Known::Exactly(range) => json!({
            "exact": true,
            "min": number(range.min),
            "max": number(range.max),
            "least": range.least.to_line(&space.decisions),
            "greatest": range.greatest.to_line(&space.decisions),
        }),
        Known::Between(least, most) => json!({
            "exact": false,
            "min": number(*least),
            "max": number(*most),
            "least": null,
            "greatest": null,
        }),
    };
    let mut object = Map::new();
    object.insert("space".to_owned(), json!(space.name));
    for ((_, name, _), known) in METRICS.iter().zip(all) {
        object.insert((*name).to_owned(), range(known));
    }
    let per = cost::supergraph(&space.graph).per;
    object.insert("per".to_owned(), json!(per));
    Value::Object(object)
}

/// JSON has no larger numbers; costs end there too.
fn number(value: u128) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}

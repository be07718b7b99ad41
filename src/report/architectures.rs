//! The best architectures: drawn, with what they were judged and what they cost.

use std::fmt::Write as _;

use maud::{Markup, html};
use serde_json::Value;

use super::{Facts, Found, State, table};
use crate::SearchSpace;
use crate::decision::Architecture;
use crate::draw::{Of, picture, svg};
use crate::graph::cost::{self, Cost, Unit};
use crate::graph::select;
use crate::graph::write::Subject;
use crate::numbers::{figure, grouped};

/// So many are listed, and of those so many drawn.
const LISTED: usize = 10;
const DRAWN: usize = 3;

/// Those that a search found.
pub(super) fn found(facts: &Facts, space: Option<&SearchSpace>) -> Markup {
    let ranked = facts.ranked();
    let best: Vec<&Found> = ranked.found.iter().take(LISTED).collect();
    if best.is_empty() {
        return html! { p { "No architecture was judged yet." } };
    }
    let made = |found: &Found| space.and_then(|space| Some((space, found.architecture(space)?)));
    let costs: Vec<Option<Cost>> = best
        .iter()
        .map(|found| made(found).map(|(space, architecture)| cost_of(space, &architecture)))
        .collect();
    let per = costs
        .iter()
        .flatten()
        .next()
        .map_or(Unit::Example, |cost| cost.per);
    let rows: Vec<Vec<String>> = best
        .iter()
        .zip(&costs)
        .enumerate()
        .map(|(place, (found, cost))| {
            let of = |cost: fn(&Cost) -> u64| move |found: &Cost| grouped(cost(found));
            let cost = cost.as_ref();
            vec![
                (place + 1).to_string(),
                figure(found.value),
                found.drawn.map(|n| n.to_string()).unwrap_or_default(),
                cost.map(of(|cost| cost.parameters)).unwrap_or_default(),
                cost.map(of(|cost| cost.flops)).unwrap_or_default(),
                found.line.clone(),
            ]
        })
        .collect();
    let flops = flops(per);
    html! {
        p class="note" { (judged(facts, ranked.at)) }
        div class="found" {
            (table(&["rank", facts.measure(), "drawn", "parameters", &flops, "architecture"], &rows))
        }
        @for (place, found) in best.iter().take(DRAWN).enumerate() {
            @if let Some((space, architecture)) = made(found) {
                details open[place == 0] {
                    summary { (format!("Number {}: {} {}", place + 1, facts.measure(), figure(found.value))) }
                    (drawing(space, &architecture, &found.line))
                }
            }
        }
    }
}

/// On what those that are listed were judged.
fn judged(facts: &Facts, at: Option<u64>) -> String {
    if let Some(step) = at {
        return format!(
            "The search has derived none yet: these are the samples of its report at step {step}, judged with the shared weights of then on one minibatch of the validation part. Read their order with care."
        );
    }
    let number = |name: &str| {
        let best = facts.best.as_ref();
        best.and_then(|best| best.get(name)?.as_u64())
            .map(grouped)
            .unwrap_or_default()
    };
    if facts.is_by_table() {
        return "The best of those that were looked up in the table.".to_owned();
    }
    let what = if facts.measure() == "perplexity" {
        "tokens"
    } else {
        "examples"
    };
    format!(
        "The best of {} samples, judged with shared weights on {} {what} of the validation part. A training from scratch tells what each is worth. FLOPs are multiply-adds.",
        number("samples"),
        number("examples")
    )
}

/// The one that a training trains.
pub(super) fn trained(facts: &Facts, space: Option<&SearchSpace>) -> Markup {
    let architecture = space.and_then(|space| {
        let text = facts.architecture.as_ref()?.to_string();
        let architecture = Architecture::parse(&text, &space.decisions, &space.name).ok()?;
        Some((space, architecture))
    });
    let Some((space, architecture)) = architecture else {
        return html! { p { "The space cannot be compiled, so its architecture is not drawn." } };
    };
    let cost = cost_of(space, &architecture);
    let mut rows = vec![
        vec!["parameters".to_owned(), grouped(cost.parameters)],
        vec![flops(cost.per), grouped(cost.flops)],
        vec!["nodes".to_owned(), grouped(cost.nodes)],
        vec!["depth".to_owned(), grouped(cost.depth)],
    ];
    let results = facts.result.as_ref().and_then(Value::as_object);
    for (name, value) in results
        .into_iter()
        .flatten()
        .filter(|(name, _)| *name != "parameters")
    {
        if let Some(value) = value.as_f64().filter(|_| facts.state == State::Finished) {
            rows.push(vec![format!("test {name}"), figure(value)]);
        }
    }
    let line = architecture.to_line(&space.decisions);
    html! {
        p { code { (line) } }
        (table(&["", "number"], &rows))
        (drawing(space, &architecture, &line))
    }
}

fn flops(per: Unit) -> String {
    match per {
        Unit::Example => "FLOPs an example".to_owned(),
        Unit::Token => "FLOPs a token".to_owned(),
    }
}

fn cost_of(space: &SearchSpace, architecture: &Architecture) -> Cost {
    cost::child(
        &space.graph,
        &select(&space.graph, &space.decisions, architecture),
    )
}

/// A picture whose styles stay its own, as an image is.
fn drawing(space: &SearchSpace, architecture: &Architecture, line: &str) -> Markup {
    let subject = Subject {
        name: &space.name,
        graph: &space.graph,
        decisions: &space.decisions,
        architecture: Some(architecture),
    };
    let text = svg(&picture(subject, Of::Alone(architecture)));
    html! {
        div class="drawing" {
            img alt=(format!("The network of {line}")) src=(format!("data:image/svg+xml,{}", encoded(&text)));
        }
    }
}

/// A text as part of an address.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() * 5 / 4);
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => encoded.push(char::from(byte)),
            b' ' | b'=' | b':' | b'/' | b'.' | b',' | b'-' | b'(' | b')' | b'{' | b'}' | b';' => {
                encoded.push(char::from(byte));
            }
            _ => {
                // Writing to a string cannot fail.
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    encoded
}

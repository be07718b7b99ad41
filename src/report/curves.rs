//! The curves of a run, and their numbers by epoch.

use maud::{Markup, html};

use super::chart::{Chart, Over};
use super::{Facts, table};
use crate::numbers::figure;
use crate::run::{Command, Point};

pub(super) fn curves(facts: &Facts) -> Markup {
    let charts = charts(facts);
    if charts.is_empty() {
        return html! { p { "There are no figures yet." } };
    }
    // Charts of the same steps have the same axis, so that they can be compared.
    let end = |over| {
        let alike = charts.iter().filter(|chart| chart.over == over);
        alike.map(Chart::end).max().unwrap_or(1)
    };
    html! {
        p class="note" {
            "Where there are more steps than can be shown, a line is the mean of neighbouring steps, and "
            "the band around it shows their least and greatest. Each line is labelled with its last value."
        }
        div class="charts" { @for chart in &charts { (chart.draw(end(chart.over))) } }
        (epochs(facts))
    }
}

fn charts(facts: &Facts) -> Vec<Chart> {
    let of = |phase, name| facts.history.series(phase, name);
    let (measure, updates) = (facts.measure(), of("controller", "reward"));
    let (trained, sampled) = match facts.info.command {
        Command::Search => ("shared weights", "samples, mean"),
        Command::Train => ("training", "validation"),
    };
    // Other strategies have neither an entropy nor a learning rate.
    let policy = of("controller", "entropy");
    let policy_lr = constant(policy, facts.setting(&["controller", "policy", "lr"]));
    let valid = format!("valid_{measure}");
    let (steps, updated) = (Over::Steps, Over::Updates);
    let charts = [
        Chart::of("Loss", "nats", steps, &[(trained, of("shared", "loss"))]),
        Chart::of(
            &capital(measure),
            measure,
            steps,
            &[
                (trained, of("shared", measure)),
                (sampled, of("report", &valid)),
                ("samples, best", of("report", "valid_best")),
            ],
        ),
        Chart::of(
            "Reward of the strategy's samples",
            "reward",
            updated,
            &[
                ("mean", updates),
                ("best", of("controller", "best")),
                ("baseline", of("controller", "baseline")),
                ("population", of("controller", "population")),
            ],
        ),
        Chart::of(
            "Entropy of the policy",
            "nats",
            updated,
            &[("entropy", of("controller", "entropy"))],
        ),
        Chart::of(
            "Loss of the policy",
            "loss",
            updated,
            &[("policy", of("controller", "loss"))],
        ),
        Chart::of(
            "Learning rates",
            "learning rate",
            steps,
            &[(trained, of("shared", "lr")), ("policy", &policy_lr)],
        ),
        Chart::of(
            "Norm of the gradient of the loss",
            "norm",
            steps,
            &[(trained, of("shared", "grad_norm"))],
        ),
        Chart::of(
            "Norm of the gradient of the policy",
            "norm",
            updated,
            &[("policy", of("controller", "grad_norm"))],
        ),
        Chart::of(
            "Rows looked up",
            "rows",
            steps,
            &[("rows", of("report", "rows"))],
        ),
    ];
    charts.into_iter().flatten().collect()
}

/// A hyperparameter as a figure of all steps of others.
fn constant(steps: &[Point], value: Option<&serde_json::Value>) -> Vec<Point> {
    let Some(value) = value.and_then(serde_json::Value::as_f64) else {
        return Vec::new();
    };
    steps
        .iter()
        .map(|point| Point { value, ..*point })
        .collect()
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

/// What a column of the table says of an epoch.
enum Of {
    Mean,
    Last,
}

/// The numbers behind the curves.
fn epochs(facts: &Facts) -> Markup {
    let measure = facts.measure();
    let (train, valid) = (format!("train_{measure}"), format!("valid_{measure}"));
    let columns = [
        ("training loss", "report", "train_loss", Of::Last),
        ("training measure", "report", train.as_str(), Of::Last),
        ("learning rate, last", "shared", "lr", Of::Last),
        ("reward, mean", "controller", "reward", Of::Mean),
        ("baseline, last", "controller", "baseline", Of::Last),
        ("entropy, last (nats)", "controller", "entropy", Of::Last),
        ("validation", "report", valid.as_str(), Of::Last),
        ("best sample", "report", "valid_best", Of::Last),
    ];
    let columns: Vec<_> = columns
        .iter()
        .map(|(title, phase, name, of)| (*title, facts.history.series(phase, name), of))
        .filter(|(_, points, _)| !points.is_empty())
        .collect();
    let mut titles = vec!["epoch"];
    titles.extend(columns.iter().map(|(title, ..)| *title));
    let row = |epoch: u64| {
        let cell = |(_, points, of): &(_, &[Point], &Of)| {
            let first = points.partition_point(|point| point.epoch < epoch);
            let end = points.partition_point(|point| point.epoch <= epoch);
            let values = points.get(first..end).unwrap_or_default();
            match of {
                _ if values.is_empty() => String::new(),
                Of::Last => figure(values.last().map_or(f64::NAN, |p| p.value)),
                Of::Mean => {
                    let sum: f64 = values.iter().map(|point| point.value).sum();
                    figure(sum / values.len() as f64)
                }
            }
        };
        let mut row = vec![epoch.to_string()];
        row.extend(columns.iter().map(cell));
        row
    };
    let rows: Vec<Vec<String>> = (1..=facts.history.epoch).map(row).collect();
    html! {
        details {
            summary { "The numbers, by epoch" }
            (table(&titles, &rows))
        }
    }
}

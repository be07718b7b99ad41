//! What the strategy came to prefer: of each decision, how often each option is chosen.

use indexmap::IndexMap;
use maud::{Markup, html};

use super::axis::pixels;
use super::{Facts, table};
use crate::SearchSpace;
use crate::decision::{Architecture, Choice, DecisionPoint, Domain};
use crate::run::Choices;

/// So many decisions are drawn.
const DECISIONS: usize = 240;
/// So many options of a decision are drawn, those that are chosen most at the end.
const OPTIONS: usize = 12;
/// So many points in time.
const TIMES: usize = 40;
/// Pixels: a name, all points in time, a row, a line of text.
const NAME: f64 = 84.0;
const STRIP: f64 = 150.0;
const ROW: f64 = 15.0;
const SHARE: f64 = 40.0;

pub(super) fn policy(facts: &Facts, space: Option<&SearchSpace>) -> Markup {
    let Some(space) = space else {
        return html! { p { "The space cannot be compiled, so its decisions have no names here." } };
    };
    let (times, of) = match facts.history.choices.as_slice() {
        [] => (from_samples(facts, space), "samples of each report"),
        all => (all.to_vec(), "architectures that the strategy drew then"),
    };
    let times = spread(times);
    let (Some(first), Some(last)) = (times.first(), times.last()) else {
        return html! { p { "Nothing was counted yet." } };
    };
    let chosen = |point: &DecisionPoint| last.chosen.contains_key(&point.path);
    let points: Vec<&DecisionPoint> = space
        .decisions
        .points
        .iter()
        .filter(|p| chosen(p))
        .collect();
    let shown = points.iter().take(DECISIONS);
    html! {
        p class="note" {
            "How often each option of a decision is chosen among " (last.samples) " " (of)
            ", of the times that the decision is made: estimates of the probabilities. Time goes from left (step "
            (first.step) ") to right (step " (last.step) "), the stronger the colour the more often; the number is the last share. "
            "Where any number of options may be chosen, shares need not sum to 100 %."
            @if points.len() > DECISIONS {
                " The first " (DECISIONS) " of " (points.len()) " decisions are drawn; the table has all."
            }
        }
        div class="decisions" { @for point in shown { (decision(point, &times)) } }
        details {
            summary { "The shares at the start and at the end" }
            (shares(&points, first, last))
        }
    }
}

/// No more points in time than can be told apart, the first and the last among them.
fn spread(times: Vec<Choices>) -> Vec<Choices> {
    let n = times.len();
    if n <= TIMES {
        return times;
    }
    let place = |i: usize| i * (n - 1) / (TIMES - 1);
    (0..TIMES)
        .filter_map(|i| times.get(place(i)).cloned())
        .collect()
}

fn decision(point: &DecisionPoint, times: &[Choices]) -> Markup {
    let path = &point.path;
    let shares: Vec<Vec<f64>> = times
        .iter()
        .map(|choices| choices.shares(path).unwrap_or_default())
        .collect();
    let share = |time: usize, option: usize| {
        let found = shares.get(time).and_then(|shares| shares.get(option));
        found.copied().unwrap_or(0.0)
    };
    let last = times.len().saturating_sub(1);
    let mut options: Vec<usize> = (0..point.options.len()).collect();
    if options.len() > OPTIONS {
        options.sort_by(|&a, &b| share(last, b).total_cmp(&share(last, a)));
        options.truncate(OPTIONS);
        options.sort_unstable();
    }
    let left_out = point.options.len() - options.len();
    let what = match point.domain {
        Domain::One { .. } => "one of",
        Domain::Subset { .. } => "any of",
    };
    let width = STRIP / times.len().max(1) as f64;
    let height = ROW * options.len() as f64;
    let words = |option: usize| {
        let shares: Vec<String> = (0..times.len())
            .map(|t| percent(share(t, option)))
            .collect();
        format!("{}: {}", named(point, option), shares.join(", "))
    };
    let all: Vec<String> = options.iter().map(|&option| words(option)).collect();
    html! {
        figure class="decision" {
            figcaption { (path) " " span class="what" { (what) } }
            svg viewBox=(format!("0 0 {} {}", NAME + STRIP + SHARE, height)) role="img"
                width=(NAME + STRIP + SHARE) height=(height)
                aria-label=(format!("{path}: {}", all.join("; "))) {
                @for (row, &option) in options.iter().enumerate() {
                    @let y = ROW * row as f64;
                    text class="tick end" x=(NAME - 5.0) y=(y + 11.0) { (short(named(point, option))) }
                    @for time in 0..times.len() {
                        @let share = share(time, option);
                        rect class="share" x=(pixels(NAME + width * time as f64)) y=(y + 1.0)
                            width=(format!("{:.2}", width + 0.2)) height=(ROW - 2.0) fill-opacity=(format!("{share:.2}")) {
                            title { (format!("{path}, {}, step {}: {}", named(point, option), times.get(time).map_or(0, |t| t.step), percent(share))) }
                        }
                    }
                    text class="tick" x=(NAME + STRIP + 5.0) y=(y + 11.0) { (percent(share(last, option))) }
                }
                rect class="frame" x=(NAME) y="0" width=(STRIP) height=(height) {}
            }
            @if left_out > 0 { p class="note" { (left_out) " options more" } }
        }
    }
}

fn named(point: &DecisionPoint, option: usize) -> &str {
    point.options.get(option).map_or("?", String::as_str)
}

/// A name that fits beside a strip.
fn short(name: &str) -> String {
    const LONGEST: usize = 13;
    if name.chars().count() <= LONGEST {
        return name.to_owned();
    }
    let start: String = name.chars().take(LONGEST - 1).collect();
    format!("{start}…")
}

fn percent(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}

fn shares(points: &[&DecisionPoint], first: &Choices, last: &Choices) -> Markup {
    let mut rows = Vec::new();
    for point in points {
        let of = |choices: &Choices| choices.shares(&point.path).unwrap_or_default();
        let (first, last) = (of(first), of(last));
        for (option, name) in point.options.iter().enumerate() {
            let share = |shares: &[f64]| shares.get(option).map_or(String::new(), |&s| percent(s));
            rows.push(vec![
                point.path.clone(),
                name.clone(),
                share(&first),
                share(&last),
            ]);
        }
    }
    let steps = [first.step, last.step].map(|step| format!("step {step}"));
    let [start, end] = &steps;
    table(&["decision", "option", start, end], &rows)
}

/// Of a run that counted no choices: what its few samples tell.
fn from_samples(facts: &Facts, space: &SearchSpace) -> Vec<Choices> {
    let of = |(step, samples): &(u64, Vec<(String, f64)>)| {
        let read = |line: &str| Architecture::parse(line, &space.decisions, &space.name).ok();
        let samples: Vec<_> = samples.iter().filter_map(|(line, _)| read(line)).collect();
        let (mut chosen, mut decided) = (IndexMap::new(), IndexMap::new());
        for (id, point) in space.decisions.iter().filter(|(_, p)| p.domain.is_open()) {
            let made: Vec<&Choice> = samples.iter().filter_map(|sample| sample.get(id)).collect();
            let has = |option: u32| samples.iter().filter(|s| s.has(id, option)).count() as u64;
            chosen.insert(
                point.path.clone(),
                (0..point.domain.options()).map(has).collect(),
            );
            decided.insert(point.path.clone(), made.len() as u64);
        }
        Choices {
            step: *step,
            samples: samples.len() as u64,
            chosen,
            decided,
        }
    };
    facts
        .history
        .samples
        .iter()
        .map(of)
        .filter(|choices| choices.samples > 0)
        .collect()
}

//! What became of a run, for people: a page to read, a frame to watch in a terminal.
//!
//! In: a run folder, of a search or a training, that is written, was stopped or is done.
//! Out: one HTML page that needs nothing else, no network and no script; or lines of
//! text. Both depend on the folder alone. Nothing here needs libtorch or writes to the
//! folder.

mod architectures;
mod axis;
mod chart;
mod comparison;
mod curves;
mod facts;
mod frame;
mod policy;
mod recipe;

use maud::{DOCTYPE, Markup, PreEscaped, html};

pub use facts::{Facts, Found, Ranked, State};
pub use frame::{Look, frame};

use crate::numbers::figure;
use crate::run::Command;

/// The page of a run.
#[must_use]
pub fn page(facts: &Facts) -> String {
    let space = facts.space();
    let found = space.as_ref().ok();
    let (title, search) = match facts.info.command {
        Command::Search => ("Search of", true),
        Command::Train => ("Training of", false),
    };
    let title = format!("{title} {}", facts.info.space.name);
    let section = |id: &str, title: &str, body: Markup| {
        html! { section id=(id) { h2 { (title) } (body) } }
    };
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                // Else a browser asks for one, of the network or beside the file.
                link rel="icon" href="data:,";
                title { (title) }
                style { (PreEscaped(include_str!("style.css"))) }
            }
            body {
                header { h1 { (title) } (summary(facts)) }
                main {
                    @if let Err(why) = &space {
                        p class="warning" { "Architectures cannot be drawn: " (why) "." }
                    }
                    (section("curves", "Curves", curves::curves(facts)))
                    @if search {
                        @if facts.learns() {
                            (section("policy", "What the strategy prefers", policy::policy(facts, found)))
                        }
                        (section("architectures", "Best architectures", architectures::found(facts, found)))
                        @if let Some(compared) = &facts.history.comparison {
                            (section("comparison", "Against chance", comparison::comparison(facts, compared)))
                        }
                    } @else {
                        (section("architectures", "Architecture", architectures::trained(facts, found)))
                    }
                    (section("recipe", "What it was made of", recipe::recipe(facts, found)))
                    (section("commands", "How to make it again", recipe::commands(facts)))
                }
            }
        }
    };
    page.into_string()
}

/// The run in a line of figures.
fn summary(facts: &Facts) -> Markup {
    let mut figures = vec![
        ("state".to_owned(), state(facts)),
        (
            "epoch".to_owned(),
            format!("{} of {}", facts.history.epoch, facts.epochs()),
        ),
    ];
    if let Some(best) = facts.ranked().found.first() {
        figures.push((format!("best {}", facts.measure()), figure(best.value)));
    }
    let result = |name: &str| facts.result.as_ref()?.get(name)?.as_f64();
    if let Some(value) = result(facts.measure()) {
        figures.push((format!("test {}", facts.measure()), figure(value)));
    }
    if let Some(reward) = facts.history.series("controller", "reward").last() {
        figures.push(("last reward".to_owned(), figure(reward.value)));
    }
    html! {
        dl class="summary" {
            @for (name, value) in figures { div { dt { (name) } dd { (value) } } }
        }
    }
}

/// How far a run is, in words.
fn state(facts: &Facts) -> String {
    let step = facts.history.step;
    let place = match facts.history.total {
        Some(total) if total != step => format!(" at step {step} of {total}"),
        _ => format!(" at step {step}"),
    };
    match facts.state {
        State::Running => format!("running{place}"),
        State::Stopped => format!("stopped{place}"),
        State::Finished => format!("finished{place}"),
    }
}

/// A table whose last column may be long.
fn table(titles: &[&str], rows: &[Vec<String>]) -> Markup {
    let has_titles = titles.iter().any(|title| !title.is_empty());
    html! {
        div class="table" {
            table {
                @if has_titles { thead { tr { @for title in titles { th scope="col" { (title) } } } } }
                tbody {
                    @for row in rows {
                        tr {
                            @for (place, cell) in row.iter().enumerate() {
                                @if place == 0 { th scope="row" { (cell) } } @else { td { (cell) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

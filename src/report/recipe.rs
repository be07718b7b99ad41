//! Of what a run is made, and the commands that make it again.

use std::fmt::Write as _;

use maud::{Markup, html};
use serde_json::{Map, Value};

use super::{Facts, State, table};
use crate::SearchSpace;
use crate::recipe::SearchConfig;
use crate::run::{Command, MachineInfo, RunInfo, name};

pub(super) fn recipe(facts: &Facts, space: Option<&SearchSpace>) -> Markup {
    let info = &facts.info;
    let seed = facts
        .setting(&["run", "seed"])
        .map(Value::to_string)
        .unwrap_or_default();
    let mut rows = vec![
        (
            "space",
            format!("{} of {}", info.space.name, info.space.file),
        ),
        ("settings", info.space.set.join(" ")),
        ("data", format!("{} ({})", info.data.source, info.data.name)),
        ("fingerprint of the data", info.data.fingerprint.clone()),
        ("hash of the decisions", info.space.decisions.clone()),
        ("hash of the graph", info.space.graph.clone()),
        ("seed", seed),
        ("written by", writer(info)),
        (
            "computed on",
            info.machine.as_ref().map(machine).unwrap_or_default(),
        ),
        ("precision", precision(facts)),
    ];
    let this = env!("CARGO_PKG_VERSION");
    if info.version != this {
        rows.push(("this page by", format!("enasc {this}")));
    }
    if let Some(inherited) = &info.inherited {
        rows.push(("starts from the shared weights of", inherited.run.clone()));
    }
    let rows: Vec<Vec<String>> = rows
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| vec![name.to_owned(), value])
        .collect();
    let usual = space.map(|space| flat(&defaults(space)));
    let all = flat(&facts.config);
    let is_usual = |path: &str, value: &str| {
        let usual = usual.iter().flatten().find(|(other, _)| other == path);
        usual.is_none_or(|(_, usual)| usual == value)
    };
    let changed: Vec<Vec<String>> = all
        .iter()
        .filter(|(path, value)| !is_usual(path, value))
        .map(|(path, value)| vec![path.clone(), value.clone()])
        .collect();
    let all: Vec<Vec<String>> = all
        .into_iter()
        .map(|(path, value)| vec![path, value])
        .collect();
    html! {
        (table(&["", ""], &rows))
        @if usual.is_some() {
            h3 { "Hyperparameters that are not the default" }
            @if changed.is_empty() { p { "None." } } @else { (table(&["path", "value"], &changed)) }
        }
        details {
            summary { "All hyperparameters" }
            (table(&["path", "value"], &all))
        }
    }
}

/// What wrote a run.
fn writer(info: &RunInfo) -> String {
    let machine = info.machine.as_ref();
    match machine.and_then(|machine| machine.libtorch.as_ref()) {
        Some(libtorch) => format!("enasc {}, libtorch {libtorch}", info.version),
        None => format!("enasc {}", info.version),
    }
}

/// `cuda (NVIDIA H200), 8 threads`
fn machine(machine: &MachineInfo) -> String {
    let MachineInfo { device, gpu, .. } = machine;
    let device = match gpu {
        Some(gpu) => format!("{device} ({gpu})"),
        None => device.clone(),
    };
    match machine.threads {
        1 => format!("{device}, 1 thread"),
        n => format!("{device}, {n} threads"),
    }
}

/// Of which numbers the products of a run are made; nothing where it trains no weights.
fn precision(facts: &Facts) -> String {
    let weights = match facts.info.command {
        Command::Search => "shared",
        Command::Train => "retrain",
    };
    let name = facts.setting(&[weights, "model", "precision"]);
    let name = name.and_then(Value::as_str).unwrap_or_default();
    if facts.is_by_table() { "" } else { name }.to_owned()
}

fn defaults(space: &SearchSpace) -> Value {
    serde_json::to_value(SearchConfig::of(space.graph.task)).unwrap_or_default()
}

/// The leaves of a tree by their paths.
fn flat(value: &Value) -> Vec<(String, String)> {
    fn walk(path: &str, object: &Map<String, Value>, found: &mut Vec<(String, String)>) {
        for (name, value) in object {
            let path = if path.is_empty() {
                name.clone()
            } else {
                format!("{path}.{name}")
            };
            match value {
                Value::Object(inner) if !inner.is_empty() => walk(&path, inner, found),
                Value::String(text) => found.push((path, text.clone())),
                other => found.push((path, other.to_string())),
            }
        }
    }
    let mut found = Vec::new();
    if let Value::Object(object) = value {
        walk("", object, &mut found);
    }
    found
}

/// How a run is made again.
pub(super) fn commands(facts: &Facts) -> Markup {
    let again = command(facts, "AGAIN");
    let repeatable = facts
        .info
        .machine
        .as_ref()
        .is_some_and(|machine| machine.device == "cpu" && machine.threads == 1);
    html! {
        p {
            @if repeatable {
                "With the same enasc and libtorch, on a processor of the same kind, this gives the same run, byte for byte."
            } @else {
                "This does the same again. Two runs are equal, byte for byte, only with "
                code { "--threads 1 --device cpu" }
                " and the same enasc and libtorch; otherwise sums may be rounded in another order."
            }
            " Paths are those of the machine that made this page."
        }
        pre { code { (again) } }
        @if facts.state == State::Stopped {
            p { "The run was stopped. This goes on with it:" }
            pre { code { (command(facts, &facts.folder.display().to_string())) " --resume" } }
        }
    }
}

/// The command that makes the run in a folder.
fn command(facts: &Facts, out: &str) -> String {
    let info = &facts.info;
    let inside = |file: &str| facts.folder.join(file).display().to_string();
    let verb = match info.command {
        Command::Search => "search",
        Command::Train => "train",
    };
    // A copy alone would not find the files that it uses.
    let space = if facts.folder.join(name::MODULES).is_dir() {
        info.space.file.clone()
    } else {
        inside(name::SPACE)
    };
    let mut text = format!(
        "enasc {verb} {} --space {}",
        quoted(&space),
        quoted(&info.space.name)
    );
    let mut add = |flag: &str, value: &str| {
        // Writing to a string cannot fail.
        let _ = write!(text, " {flag} {}", quoted(value));
    };
    for set in &info.space.set {
        add("--set", set);
    }
    if info.command == Command::Train {
        add("--arch", &inside(name::ARCHITECTURE));
    }
    if let Some(inherited) = &info.inherited {
        add("--inherit", &inherited.run);
    }
    add(
        if facts.is_by_table() {
            "--reward"
        } else {
            "--data"
        },
        &info.data.source,
    );
    add("--recipe", &inside(name::CONFIG));
    if let Some(machine) = &info.machine {
        add("--device", &machine.device);
        add("--threads", &machine.threads.to_string());
    }
    add("--out", out);
    text
}

/// A word as a shell reads it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_./:=-,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

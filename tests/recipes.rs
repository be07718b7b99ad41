//! The page of the recipes is true: every hyperparameter is on it, with its default and
//! what the recipes of the paper and of the authors' code say.

use std::collections::BTreeMap;
use std::path::Path;

use enasc::graph::Task;
use enasc::recipe::{Preset, SearchConfig};
use serde_json::Value;

/// The columns of values: a title, and the recipes whose values they have.
const COLUMNS: [(&str, &[&str]); 4] = [
    ("macro", &["enas-macro-paper", "enas-macro-official"]),
    ("micro", &["enas-micro-paper", "enas-micro-official"]),
    ("recurrent", &["enas-rnn-paper", "enas-rnn-official"]),
    ("corrected", &["enas-rnn-lm-official"]),
];

/// Every hyperparameter by its path, in order; one of several forms is a whole.
fn leaves(config: &SearchConfig) -> Vec<(String, String)> {
    fn walk(path: &str, value: &Value, found: &mut Vec<(String, String)>) {
        let Value::Object(inner) = value else {
            return found.push((path.to_owned(), shown(value)));
        };
        let is_whole = ["schedule", "init", "dropout"]
            .iter()
            .any(|name| path.ends_with(name));
        if is_whole {
            return found.push((path.to_owned(), shown(value)));
        }
        for (name, value) in inner {
            let path = format!("{path}.{name}");
            walk(path.trim_start_matches('.'), value, found);
        }
    }
    let mut found = Vec::new();
    walk("", &serde_json::to_value(config).unwrap(), &mut found);
    found
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(word) => word.clone(),
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        Value::Number(number) => number.as_f64().unwrap().to_string(),
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(" "),
        Value::Object(map) if map.is_empty() => "none".to_owned(),
        Value::Object(map) => {
            let pair = |(name, value): (&String, &Value)| match name.as_str() {
                "kind" => shown(value),
                _ => format!("{name} {}", shown(value)),
            };
            map.iter().map(pair).collect::<Vec<_>>().join(", ")
        }
        Value::Null => String::new(),
    }
}

/// Values that several have, once if they are the same.
fn together(values: &[String]) -> String {
    match values {
        [first, rest @ ..] if rest.iter().all(|value| value == first) => first.clone(),
        values => values.join(" / "),
    }
}

#[test]
fn every_hyperparameter_is_on_its_page_with_what_the_recipes_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/recipes.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let is_row = |line: &&str| line.starts_with("| `");
    let meanings: BTreeMap<&str, &str> = page
        .lines()
        .filter(is_row)
        .map(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            (cells[1].trim_matches('`'), cells[2])
        })
        .collect();

    let images = SearchConfig::default();
    let text = SearchConfig::of(Task::LanguageModel { vocab: 2 });
    let values = |config: &SearchConfig| leaves(config).into_iter().map(|leaf| leaf.1);
    let mut columns = vec![vec![values(&images).collect(), values(&text).collect()]];
    for (_, names) in COLUMNS {
        let of = |name: &&str| {
            let preset = Preset::find(name, "").unwrap();
            values(&preset.resolve(&images).unwrap()).collect::<Vec<String>>()
        };
        columns.push(names.iter().map(of).collect());
    }
    let mut rows: Vec<(String, String)> = Vec::new();
    for (place, (path, _)) in leaves(&images).into_iter().enumerate() {
        let meaning = meanings.get(path.as_str()).copied().unwrap_or_default();
        let mut row = format!("| `{path}` | {meaning} |");
        for column in &columns {
            let values: Vec<String> = column.iter().map(|values| values[place].clone()).collect();
            row.push_str(&format!(" {} |", together(&values)));
        }
        rows.push((path, row));
    }

    // A section a group, in which its rows stand in order.
    let mut expected = String::new();
    let mut written = false;
    let mut group = "";
    for line in page.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            group = title.trim_matches('`');
            written = false;
        }
        if !is_row(&line) {
            expected.push_str(&format!("{line}\n"));
        } else if !written {
            written = true;
            for (path, row) in &rows {
                if path.split('.').next() == Some(group) {
                    expected.push_str(&format!("{row}\n"));
                }
            }
        }
    }
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, &expected).unwrap();
    }
    assert!(
        page == expected,
        "docs/recipes.md is not up to date: UPDATE_EXPECT=1 writes it"
    );
    for (path, row) in &rows {
        assert!(page.contains(row.as_str()), "{path} has no section");
        assert!(
            meanings.get(path.as_str()).is_some_and(|m| !m.is_empty()),
            "{path} has no meaning"
        );
    }
}

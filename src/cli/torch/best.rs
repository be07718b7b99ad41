//! Prints what a search came to: its `best.json`, to people or to programs.

use std::path::Path;

use serde_json::{Value, json};

use super::{Failure, print as print_result};
use crate::cli::torch_args::FormatArg;
use crate::run::{self, Run, RunInfo, name};
use crate::train::Measure;

pub(super) fn print(run: &Run, info: &RunInfo, format: FormatArg) -> Result<(), Failure> {
    let path = run.path(name::BEST);
    let mut best = run::read_json(&path)?;
    // Runs of before there were texts say nothing of their measure.
    let measure = best["measure"].as_str().and_then(Measure::of_name);
    let measure = measure.unwrap_or(Measure::Accuracy);
    let folder = run.folder().display().to_string();
    let line = &best["candidates"][0]["architecture"];
    let value = best[measure.name()].as_f64().unwrap_or(f64::NAN);
    let mut lines = vec![format!(
        "best architecture  {}",
        line.as_str().unwrap_or_default()
    )];
    if measure == Measure::Score {
        lines.push(format!(
            "score              {value:.5} in {}",
            info.data.source
        ));
        for (name, text) in best["table"].as_object().into_iter().flatten() {
            lines.push(format!("{name:18} {}", text.as_str().unwrap_or_default()));
        }
    } else {
        lines.push(format!(
            "{:19}{value:.4} on {} validation {}, with shared weights",
            measure.name(),
            best["examples"],
            measure.examples()
        ));
    }
    lines.extend(compared(&best["comparison"]));
    lines.push(format!("run folder         {folder}"));
    if measure != Measure::Score {
        lines.push(format!("next               {}", next(run, info, &folder)));
    }
    best["run"] = json!(folder);
    print_result(format, &best, &lines);
    Ok(())
}

/// How the strategy does against chance.
fn compared(comparison: &Value) -> Vec<String> {
    let number = |value: &Value| value.as_f64().unwrap_or(f64::NAN);
    let side = |name: &str| {
        let side = &comparison[name];
        let (mean, best) = (number(&side["mean"]), number(&side["best"]));
        format!("mean {mean:.4}, best {best:.4}")
    };
    let n = &comparison["samples"];
    if n.is_null() {
        return Vec::new();
    }
    let better = number(&comparison["better_by"]);
    let interval = &comparison["interval"];
    let interval = if interval.is_null() {
        String::new()
    } else {
        let (low, high) = (number(&interval[0]), number(&interval[1]));
        format!(" (95 %: {low:.4} to {high:.4})")
    };
    vec![
        format!("{:19}{}", format!("{n} samples"), side("strategy")),
        format!("{:19}{}", format!("{n} uniform"), side("uniform")),
        format!("better by          {better:.4}{interval}"),
    ]
}

/// The command that trains the best architecture.
fn next(run: &Run, info: &RunInfo, folder: &str) -> String {
    let set = |set: &String| format!(" --set {}", quoted(set));
    let set: String = info.space.set.iter().map(set).collect();
    // The copy in the run folder serves where the space came from elsewhere.
    let file = match Path::new(&info.space.file) {
        file if file.is_file() => info.space.file.clone(),
        _ => run.path(name::SPACE).display().to_string(),
    };
    format!(
        "enasc train {}{set} --arch {} --data {} --out {}",
        quoted(&file),
        quoted(&run.path(name::BEST).display().to_string()),
        quoted(&info.data.source),
        quoted(&format!("{folder}-best")),
    )
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

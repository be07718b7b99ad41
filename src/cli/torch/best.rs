//! Prints what a search came to: its `best.json`, to people or to programs.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{Failure, inputs, print as print_result};
use crate::cli::input;
use crate::cli::torch_args::FormatArg;
use crate::run::{self, Run, RunInfo, SpaceInfo, name};
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
    let searched = Path::new(&info.space.file);
    // The copy in the run folder serves where the space came from elsewhere.
    let file = final_network(searched, &info.space).unwrap_or_else(|| match searched {
        file if file.is_file() => file.to_owned(),
        _ => run.path(name::SPACE),
    });
    format!(
        "enasc train {}{set} --arch {} --data {} --out {}",
        quoted(&file.display().to_string()),
        quoted(&run.path(name::BEST).display().to_string()),
        quoted(&info.data.source),
        quoted(&format!("{folder}-best")),
    )
}

/// `NAME_final.enas` beside a searched `NAME.enas`: what its networks are when they are
/// trained alone. None where that is missing, or does not take the same settings and
/// architectures.
fn final_network(searched: &Path, space: &SpaceInfo) -> Option<PathBuf> {
    let stem = searched.file_stem()?.to_str()?;
    let file = searched.with_file_name(format!("{stem}_final.enas"));
    let compilation = input::compile(&file, &inputs::settings(space), None).ok()?;
    match compilation.spaces.as_slice() {
        [only] if !input::has_errors(&compilation) => {
            (only.decisions.hash() == space.decisions).then_some(file)
        }
        _ => None,
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unroll::Settings;
    use crate::{Options, compile};

    /// The name of the file in which what a search of `file` found is trained.
    fn trained_in(file: &Path, set: &[&str]) -> Option<String> {
        let mut space = SpaceInfo {
            file: file.display().to_string(),
            name: String::new(),
            set: set.iter().map(|&pair| pair.to_owned()).collect(),
            decisions: String::new(),
            graph: String::new(),
        };
        let options = Options {
            settings: Settings(inputs::settings(&space)),
            folder: Some(input::folder_of(file)),
            ..Options::default()
        };
        let text = std::fs::read_to_string(file).unwrap();
        let compiled = compile(&space.file, &text, &options).spaces.remove(0);
        space.decisions = compiled.decisions.hash();
        let name = |file: PathBuf| file.file_name().unwrap().to_str().unwrap().to_owned();
        final_network(file, &space).map(name)
    }

    #[test]
    fn what_was_found_is_trained_in_the_final_network_where_there_is_one() {
        let spaces = Path::new(env!("CARGO_MANIFEST_DIR")).join("spaces");
        for (name, set) in [
            ("enas_macro", &["layers=4", "width=8"] as &[_]),
            ("enas_micro", &[]),
            ("enas_rnn", &["n=3"]),
        ] {
            let found = trained_in(&spaces.join(format!("{name}.enas")), set);
            assert_eq!(found, Some(format!("{name}_final.enas")));
        }
        assert_eq!(trained_in(&spaces.join("tiny.enas"), &[]), None);

        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, parameters: &str, options: &str| {
            let text = format!(
                "space s({parameters}) {{
                   input x: [4]
                   output y: [2]
                   y = linear(choose {{ {options} }}(x), 2)
                 }}"
            );
            std::fs::write(folder.path().join(name), text).unwrap();
        };
        let searched = folder.path().join("a.enas");
        write("a.enas", "n: int = 1", "relu, tanh");
        write("a_final.enas", "n: int = 2", "relu, tanh");
        assert!(trained_in(&searched, &["n=3"]).is_some());
        write("a_final.enas", "", "relu, tanh");
        assert_eq!(trained_in(&searched, &["n=3"]), None);
        assert!(trained_in(&searched, &[]).is_some());
        write("a_final.enas", "", "relu, sigmoid");
        assert_eq!(trained_in(&searched, &[]), None);
    }
}

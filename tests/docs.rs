//! The pages of docs/ are true: every block of `.enas` code on them compiles, and is
//! laid out as `enasc fmt` would.

use std::path::Path;

use enasc::diagnostic::Severity;
use enasc::diagnostic::render::{Style, human};
use enasc::{Options, compile};

use crate::format::formatted;

/// What the page of the language says a block without a space stands in.
const FRAME: (&str, &str) = (
    "use std::vision.{conv_bn, relu_conv_bn, sep_conv, factorized_reduce, fit, head}
space page(n: int = 4) {
  input  x: [16, 32, 32]
  output y: [10]
",
    "  y = x |> gap |> linear(10)\n}\n",
);

/// The fenced blocks of a language on a page, with the line each starts at.
pub fn blocks<'a>(page: &'a str, language: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut open: Option<(usize, Vec<&'a str>)> = None;
    for (number, line) in page.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) if info.trim() == language => open = Some((number + 2, Vec::new())),
            (None, _) => {}
            (Some(_), Some(_)) => {
                let (start, lines) = open.take().unwrap();
                found.push((start, lines.join("\n")));
            }
            (Some((_, lines)), None) => lines.push(line),
        }
    }
    found
}

#[test]
fn every_block_of_the_language_page_compiles() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/language.md");
    let page = std::fs::read_to_string(path).unwrap();
    let blocks = blocks(&page, "enas");
    assert!(blocks.len() >= 9, "the page lost its examples");
    for (line, text) in blocks {
        let whole = text
            .lines()
            .any(|line| line.trim_start().starts_with("space "));
        let file = if whole {
            text
        } else {
            let lines = text.lines().map(|line| format!("  {line}\n"));
            let text: String = lines.collect();
            format!("{}{}{}", FRAME.0, text.replace("  \n", "\n"), FRAME.1)
        };
        let name = format!("docs/language.md:{line}");
        let file = file.trim_end().to_owned() + "\n";
        assert_eq!(file, formatted(&file).unwrap(), "{name}");
        let compiled = compile(&name, &file, &Options::default());
        let errors: Vec<_> = compiled
            .diagnostics
            .iter()
            .filter(|d| d.severity == Severity::Error)
            .cloned()
            .collect();
        let shown = human(&errors, &compiled.sources, Style::Plain);
        assert!(errors.is_empty(), "{shown}");
        assert_eq!(compiled.spaces.len(), 1, "{name}");
    }
}

/// The commands of a page's transcripts with what it shows of their output.
fn transcripts(page: &str) -> Vec<(Vec<String>, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    let page = std::fs::read_to_string(path).unwrap();
    let mut found: Vec<(Vec<String>, String)> = Vec::new();
    for (_, text) in blocks(&page, "console") {
        for line in text.lines() {
            if let Some(command) = line.strip_prefix("$ enasc ") {
                found.push((words(command), String::new()));
            } else if let Some((_, output)) = found.last_mut() {
                output.push_str(line);
                output.push('\n');
            }
        }
    }
    found
}

/// The words of a command as a shell splits it: quotes hold blanks and each other.
pub fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in command.chars() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, ' ') => words.push(String::new()),
            _ => words.last_mut().unwrap().push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether a command needs libtorch.
pub fn trains(command: &[String]) -> bool {
    matches!(
        command[0].as_str(),
        "search" | "derive" | "train" | "eval" | "score" | "correlate"
    )
}

/// Whether a command looks at a run, which another must have made.
fn looks(command: &[String]) -> bool {
    matches!(command[0].as_str(), "report" | "watch")
}

/// Runs a command in a folder, with the names of spaces made absolute.
fn run(command: &[String], folder: &Path) -> std::process::Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let words = command.iter().map(|word| {
        if word.starts_with("spaces/") {
            root.join(word).display().to_string()
        } else {
            word.clone()
        }
    });
    std::process::Command::new(env!("CARGO_BIN_EXE_enasc"))
        .args(words)
        .current_dir(folder)
        .output()
        .unwrap()
}

#[test]
fn commands_answer_as_the_pages_show() {
    for (page, least) in [
        ("README.md", 8),
        ("docs/encodings.md", 5),
        ("docs/counting.md", 6),
        ("docs/export.md", 3),
        ("docs/pictures.md", 4),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut n = 0;
        for (command, shown) in transcripts(page) {
            if trains(&command) || looks(&command) {
                continue;
            }
            n += 1;
            let output = run(&command, folder.path());
            // The doctor's exit code tells whether a search can run.
            assert!(
                output.status.success() || command[0] == "doctor",
                "{command:?}: {}",
                String::from_utf8_lossy(&output.stderr)
            );
            if !shown.is_empty() {
                let output = String::from_utf8_lossy(&output.stdout);
                assert_eq!(output, shown, "{command:?}");
            }
        }
        assert!(n >= least, "{page} lost its commands");
    }
}

/// The spaces that a page tells to write down, by the name in their first line.
fn files(page: &str) -> Vec<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    let page = std::fs::read_to_string(path).unwrap();
    let blocks = blocks(&page, "enas").into_iter();
    let named = blocks.filter_map(|(_, text)| {
        let name = text.lines().next()?.strip_prefix("// ")?.to_owned();
        Some((name, text + "\n"))
    });
    named.collect()
}

#[test]
fn spaces_that_a_page_tells_to_write_are_laid_out_and_clean() {
    for (page, n) in [("docs/tutorial.md", 1), ("docs/own-data.md", 1)] {
        let files = files(page);
        assert_eq!(files.len(), n, "{page}");
        for (name, text) in files {
            assert_eq!(text, formatted(&text).unwrap(), "{page}: {name}");
            let compiled = compile(&name, &text, &Options::default());
            let shown = human(&compiled.diagnostics, &compiled.sources, Style::Plain);
            assert!(shown.is_empty(), "{page}: {shown}");
        }
    }
}

/// Puts what a page works on into a folder: its spaces, and the images and the text that
/// docs/own-data.md is about.
#[cfg(feature = "torch")]
fn prepare(page: &str, folder: &Path) {
    for (name, text) in files(page) {
        std::fs::write(folder.join(name), text).unwrap();
    }
    for (class, part, n) in [
        ("crow", "train", 8),
        ("owl", "train", 8),
        ("crow", "test", 2),
        ("owl", "test", 2),
    ] {
        let folder = folder.join("birds").join(part).join(class);
        std::fs::create_dir_all(&folder).unwrap();
        for i in 0..n {
            let image = image::RgbImage::from_fn(16, 16, |x, y| {
                let bright = if class == "owl" { x } else { y };
                image::Rgb([(bright * 16) as u8, (i * 30) as u8, 0])
            });
            image.save(folder.join(format!("{i}.png"))).unwrap();
        }
    }
    let lines: Vec<String> = (0..200)
        .map(|i| format!("line {} of the {} poem\n", i % 50, i % 11))
        .collect();
    std::fs::write(folder.join("poems.txt"), lines.concat()).unwrap();
}

/// Runs the commands of a page one after the other; `n` of them train.
#[cfg(feature = "torch")]
fn follow(page: &str, n: usize) {
    let folder = tempfile::tempdir().unwrap();
    prepare(page, folder.path());
    let mut trained = 0;
    for (mut command, shown) in transcripts(page) {
        if trains(&command) {
            trained += 1;
            command.extend(["--device", "cpu", "--threads", "1"].map(str::to_owned));
        }
        let output = run(&command, folder.path());
        assert!(
            output.status.success() || command[0] == "doctor",
            "{command:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let said = String::from_utf8_lossy(&output.stdout);
        if !shown.is_empty() {
            assert_eq!(said, shown, "{command:?}");
        } else if trains(&command) {
            assert!(!said.is_empty(), "{command:?} says nothing");
        }
    }
    assert_eq!(trained, n);
}

#[cfg(feature = "torch")]
#[test]
fn the_searches_of_the_readme_run() {
    follow("README.md", 5);
}

#[cfg(feature = "torch")]
#[test]
fn the_tutorial_can_be_followed() {
    follow("docs/tutorial.md", 4);
}

#[cfg(feature = "torch")]
#[test]
fn the_guide_to_data_of_ones_own_can_be_followed() {
    follow("docs/own-data.md", 2);
}

#[cfg(all(feature = "torch", unix))]
#[test]
fn the_demo_runs_at_a_small_size() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = folder.path().join("recipe.json");
    let small = r#"{
        "shared": {"epochs": 1, "batch": 500},
        "controller": {"warmup_epochs": 0, "updates": 2, "samples": 2},
        "derive": {"examples": 100},
        "retrain": {"epochs": 1, "batch": 500}
    }"#;
    std::fs::write(&recipe, small).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/demo.sh");
    let output = std::process::Command::new(script)
        .env("ENASC", env!("CARGO_BIN_EXE_enasc"))
        .env("DATA", "synthetic")
        .env("OUT", folder.path().join("runs"))
        .env("RECIPE", &recipe)
        .env("SEEDS", "3")
        .env(
            "SETS",
            "--set layers=3 --set width=8 --set ch=1 --set size=12 --set classes=4",
        )
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{shown}{errors}");
    for line in ["derived 3", "random 3"] {
        assert!(shown.contains(line), "{shown}");
    }
}

/// The three searches of the paper, each from its space to a tested network, with the
/// recipes that the example has but for what makes them small.
#[cfg(all(feature = "torch", unix))]
#[test]
fn the_three_searches_run_from_space_to_tested_network() {
    let folder = tempfile::tempdir().unwrap();
    let words = [
        "a", "quick", "brown", "fox", "jumps", "over", "lazy", "dogs",
    ];
    let line = |i: usize| (0..12).map(move |j| words[(i * i + j * (i % 3 + 1)) % words.len()]);
    let text: Vec<String> = (0..400)
        .map(|i| line(i).collect::<Vec<_>>().join(" "))
        .collect();
    let corpus = folder.path().join("corpus.txt");
    std::fs::write(&corpus, text.join("\n")).unwrap();
    let text = format!("text:{}", corpus.display());

    let recipe = folder.path().join("small.toml");
    let images = "--set width=4 --set ch=1 --set size=12 --set classes=4 --set layers=";
    let cell = "--set n=3 --set width=8 --set vocab=10";
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/enas.sh");
    for (search, data, sets, batch) in [
        ("macro", "synthetic", &*format!("{images}3"), 500),
        ("micro", "synthetic", &*format!("{images}1"), 500),
        ("recurrent", &*text, cell, 4),
    ] {
        let small = format!(
            "shared = {{ epochs = 1, batch = {batch} }}
            controller = {{ warmup_epochs = 0, updates = 2, samples = 2 }}
            derive = {{ samples = 2, compare = 3 }}
            retrain = {{ epochs = 1, batch = {batch} }}"
        );
        std::fs::write(&recipe, small).unwrap();
        let out = folder.path().join(search);
        let output = std::process::Command::new(&script)
            .args([search, data])
            .env("ENASC", env!("CARGO_BIN_EXE_enasc"))
            .env("OUT", &out)
            .env("RECIPE", &recipe)
            .env("SETS", sets)
            .env("FINAL", sets)
            .env("THREADS", "1")
            .output()
            .unwrap();
        let shown = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{search}: {shown}{errors}");
        assert!(shown.contains("better by"), "{shown}");
        let (trained, tested) = shown.split_once("== test it").unwrap();
        let tested = tested.trim();
        assert!(tested.starts_with("test "), "{shown}");
        assert!(trained.contains(tested), "{shown}");
        assert!(out.join("final/result.json").exists());
    }
}

//! The repository itself: every diagnostic is shown by a test, every file says
//! what it is for.

use std::fs;
use std::path::{Path, PathBuf};

use enasc::diagnostic::Code;

fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn every_code_is_shown_by_a_test() {
    let shown: String = files("tests/ui", "stderr")
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    // A file that is not UTF-8 has no text to keep here; the tests of the command
    // line write one.
    let elsewhere = [Code::NotUtf8, Code::OverBudget];
    let missing: Vec<&str> = Code::ALL
        .iter()
        .filter(|code| !elsewhere.contains(code))
        .map(|code| code.path())
        .filter(|path| !shown.contains(path))
        .collect();
    assert!(missing.is_empty(), "no file in tests/ui shows {missing:?}");
}

#[test]
fn every_source_file_says_what_it_is_for() {
    for folder in ["src", "tests", "examples"] {
        for path in files(folder, "rs") {
            let text = fs::read_to_string(&path).unwrap();
            assert!(
                text.starts_with("//!"),
                "{} has no module doc",
                path.display()
            );
        }
    }
}

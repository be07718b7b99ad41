//! What users see: each `tests/ui/**/*.enas` is compiled, and what is said of it
//! is compared with the `.stderr` beside it. A file without one must be valid.
//!
//! `UPDATE_EXPECT=1 cargo test ui` writes the `.stderr` files anew, and with part
//! of a path for `1` only those. Look at what changed before it is committed.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use enasc::diagnostic::Fix;
use enasc::diagnostic::render::{Style, human};
use enasc::span::SourceId;
use enasc::{Options, compile};

/// What the front end says of a text, as a person sees it.
fn diagnose(text: &str, name: &str) -> String {
    let options = Options {
        folder: Some("tests/ui/modules".into()),
        ..Options::default()
    };
    let compiled = compile(name, text, &options);
    human(&compiled.diagnostics, &compiled.sources, Style::Plain)
}

/// All `.enas` files below a folder, in order.
fn cases(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with("modules") {
            // What the others use.
        } else if path.is_dir() {
            found.extend(cases(&path));
        } else if path
            .extension()
            .is_some_and(|extension| extension == "enas")
        {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn messages_are_what_the_files_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui");
    let update = std::env::var("UPDATE_EXPECT").unwrap_or_default();
    let cases = cases(&folder);
    assert!(cases.len() > 50, "the test files are gone");
    let mut failures = String::new();
    for path in cases {
        let name = path.file_name().unwrap().to_str().unwrap();
        let shown_path = path.strip_prefix(&folder).unwrap().display();
        let actual = diagnose(&fs::read_to_string(&path).unwrap(), name);
        let expected_path = path.with_extension("stderr");
        let expected = fs::read_to_string(&expected_path).unwrap_or_default();
        if actual == expected {
            continue;
        }
        let is_updated = match update.as_str() {
            "" => false,
            "1" => true,
            part => shown_path.to_string().contains(part),
        };
        if !is_updated {
            writeln!(
                failures,
                "==== {shown_path}\n---- expected\n{expected}\n---- actual\n{actual}"
            )
            .unwrap();
        } else if actual.is_empty() {
            fs::remove_file(&expected_path).unwrap();
        } else {
            fs::write(&expected_path, actual).unwrap();
        }
    }
    assert!(
        failures.is_empty(),
        "{failures}\nUPDATE_EXPECT=1 accepts what is said now"
    );
}

/// What a fix changes, changed.
fn fixed(text: &str, fix: &Fix) -> String {
    let mut edits: Vec<_> = fix.edits.iter().collect();
    edits.sort_by_key(|edit| std::cmp::Reverse(edit.span.start));
    let mut new = text.to_owned();
    for edit in edits {
        new.replace_range(edit.span.range(), &edit.text);
    }
    new
}

#[test]
fn a_fix_takes_its_diagnostic_away() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui");
    let options = Options {
        folder: Some(folder.join("modules")),
        ..Options::default()
    };
    let mut n_fixes = 0;
    for path in cases(&folder) {
        let text = fs::read_to_string(&path).unwrap();
        let count = |text: &str, message: &str| {
            let said = compile("", text, &options).diagnostics;
            said.iter().filter(|said| said.message == message).count()
        };
        for said in compile("", &text, &options).diagnostics {
            let Some(fix) = &said.fix else { continue };
            if said.labels[0].span.source != SourceId::default() {
                continue;
            }
            n_fixes += 1;
            let new = fixed(&text, fix);
            assert!(
                count(&new, &said.message) < count(&text, &said.message),
                "{}: {} is still so after: {}\n{new}",
                path.display(),
                said.message,
                fix.title,
            );
        }
    }
    assert!(n_fixes > 15, "the fixes are gone: {n_fixes}");
}

#[test]
fn every_expectation_belongs_to_a_file() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui");
    let mut open = vec![folder];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path
                .extension()
                .is_some_and(|extension| extension == "stderr")
            {
                let source = path.with_extension("enas");
                assert!(source.is_file(), "{} is missing", source.display());
            }
        }
    }
}

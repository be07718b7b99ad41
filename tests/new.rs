//! `enasc new`: every template is a good space under any name, and nothing is lost.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

const TEMPLATES: [&str; 5] = ["mlp", "macro", "micro", "recurrent", "mobile"];

fn enasc(folder: &Path, line: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_enasc"))
        .args(line.split(' '))
        .current_dir(folder)
        .output()
        .unwrap()
}

#[track_caller]
fn good(folder: &Path, line: &str) -> String {
    let output = enasc(folder, line);
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && err.is_empty(), "{line}: {err}");
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn bad(folder: &Path, line: &str) -> String {
    let output = enasc(folder, line);
    assert_eq!(output.status.code(), Some(1), "{line}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn templates_are_good_spaces_under_any_name() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let listed: Vec<Value> =
        serde_json::from_str(&good(folder, "new --list --format json")).unwrap();
    let listed: Vec<&Value> = listed.iter().map(|one| &one["name"]).collect();
    assert_eq!(listed, TEMPLATES);
    for template in TEMPLATES {
        // A long name breaks lines that a short one does not.
        for name in [
            "a",
            "a-name-that-is-so-long-that-no-line-of-a-space-holds-it-and-all-of-its-parameters",
        ] {
            let name = format!("{name}-{template}");
            let text = good(
                folder,
                &format!("new {name} --template {template} --format json"),
            );
            let answer: Value = serde_json::from_str(&text).unwrap();
            let file = format!("{name}.enas");
            assert_eq!(answer["file"], file.as_str());
            assert_eq!(answer["space"], name.replace('-', "_"));
            assert_eq!(good(folder, &format!("check {file} --format json")), "[]\n");
            assert_eq!(good(folder, &format!("fmt --check {file}")), "");
            // What it says to do next works, as far as it does not train.
            for next in answer["next"].as_array().unwrap() {
                let next = next.as_str().unwrap().strip_prefix("enasc ").unwrap();
                if !next.contains('|') && !next.starts_with("search") {
                    good(folder, next);
                }
            }
        }
    }
}

/// The comments in the templates say how many architectures there are.
#[test]
fn templates_have_the_sizes_that_they_state() {
    let folder = tempfile::tempdir().unwrap();
    for (template, count) in [
        ("mlp", "20736"),
        ("macro", "134217728"),
        ("micro", "5566277615616"),
        ("recurrent", "491520"),
        ("mobile", "17173512"),
    ] {
        good(folder.path(), &format!("new {template} -t {template}"));
        let counted = good(folder.path(), &format!("count {template}.enas"));
        assert_eq!(counted.trim(), count);
    }
}

#[test]
fn a_file_that_is_there_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("mine.enas"), "precious").unwrap();
    for name in ["mine", "mine.enas"] {
        assert_eq!(
            bad(folder, &format!("new {name}")),
            "error: mine.enas is there already, and is not overwritten: choose another name, or remove it\n"
        );
    }
    let text = std::fs::read_to_string(folder.join("mine.enas")).unwrap();
    assert_eq!(text, "precious");
    assert!(bad(folder, "new no/where").ends_with("there is no such folder\n"));
    let names = std::fs::read_dir(folder).unwrap().count();
    assert_eq!(names, 1, "something was left beside it");
}

#[test]
fn names_that_no_space_can_have_are_told_with_a_better_one() {
    let folder = tempfile::tempdir().unwrap();
    for (name, better) in [
        ("9x", "`space_9x`"),
        ("a+b", "`a_b`"),
        ("let", "`let_space`"),
    ] {
        let err = bad(folder.path(), &format!("new {name}"));
        assert!(err.contains(better), "{err}");
    }
    let err = bad(folder.path(), "new tiny/");
    assert_eq!(
        err,
        "error: tiny/ names a folder, and a space is a file: write tiny/NAME to put it in there\n"
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn missing_files_are_told_with_near_ones() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    good(folder, "new network");
    std::fs::create_dir(folder.join("spaces")).unwrap();
    good(folder, "new spaces/published");
    for (name, near) in [
        ("netwrok.enas", "network.enas"),
        ("network", "network.enas"),
        ("published", "spaces/published.enas"),
        ("spaces/publshed.enas", "spaces/published.enas"),
    ] {
        let expected = format!("error: cannot read {name}: no such file; did you mean {near}?\n");
        assert_eq!(bad(folder, &format!("count {name}")), expected);
    }
    assert_eq!(
        bad(folder, "count something_else.enas"),
        "error: cannot read something_else.enas: no such file\n"
    );
}

#[test]
fn who_wants_quiet_hears_errors_alone_and_who_wants_more_hears_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let warned = "space a { input x: [1] output y: [1] y = x }";
    std::fs::write(folder.join("a.enas"), warned).unwrap();
    assert!(!enasc(folder, "check a.enas").stderr.is_empty());
    assert_eq!(good(folder, "check a.enas --quiet"), "");
    assert_eq!(good(folder, "-q count a.enas"), "1\n");
    std::fs::write(folder.join("b.enas"), warned.replace("y = x", "y = z")).unwrap();
    assert!(bad(folder, "check b.enas -q").contains("unknown name `z`"));
    assert_eq!(good(folder, "new c -q"), "");

    let loud = enasc(folder, "-v count c.enas");
    assert_eq!(loud.stdout, b"134217728\n");
    let err = String::from_utf8(loud.stderr).unwrap();
    assert!(
        err.starts_with("note: c.enas declares c: 134 217 728 architectures"),
        "{err}"
    );
    assert!(err.contains("layers=6"), "{err}");
    assert_eq!(enasc(folder, "-q -v count c.enas").status.code(), Some(2));
}

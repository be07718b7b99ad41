//! What programs read: every command answers in JSON with the keys that `docs/json.md`
//! lists, and tells its errors in JSON too.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::docs::words;

const ARCH: &str = "'h[1].f=max3 h[1].skips={} h[2].f=conv3 h[2].skips={0}'";

/// The keys of a section of the page, each with whether it is always there.
type Keys = BTreeMap<String, bool>;

/// By command (or command and stage), the keys that the page lists.
fn page() -> BTreeMap<String, Keys> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/json.md");
    let text = std::fs::read_to_string(path).unwrap();
    let mut found = BTreeMap::new();
    for section in text.split("\n## ").skip(1) {
        let (title, rest) = section.split_once('\n').unwrap();
        let mut keys = Keys::new();
        for line in rest.lines().filter(|line| line.starts_with("| ")) {
            let cell = line.trim_start_matches("| ").split(" | ").next().unwrap();
            for name in cell.split('`').skip(1).step_by(2) {
                keys.insert(name.to_owned(), !cell.starts_with('('));
            }
        }
        for command in title.split('`').skip(1).step_by(2) {
            found.insert(command.to_owned(), keys.clone());
        }
    }
    found
}

fn run(command: &str, folder: &Path) -> Output {
    let spaces = Path::new(env!("CARGO_MANIFEST_DIR")).join("spaces");
    let given = words(command).into_iter().map(|word| {
        let name = word.strip_prefix("spaces/").map(PathBuf::from);
        name.map_or(word, |name| spaces.join(name).display().to_string())
    });
    Command::new(env!("CARGO_BIN_EXE_enasc"))
        .args(given)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// The objects that a command prints: one, those of an array, or one a line.
fn objects(output: &Output, command: &str) -> Vec<Value> {
    let err = String::from_utf8_lossy(&output.stderr);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.code().is_some_and(|code| code < 2),
        "{command}: {err}"
    );
    match serde_json::from_str(&text) {
        Ok(Value::Array(all)) => all,
        Ok(value) => vec![value],
        Err(_) => {
            let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
            lines.collect()
        }
    }
}

/// Checks that commands print the keys of their sections, each in some answer.
fn check(commands: &[(&str, String)], folder: &Path) {
    let page = page();
    let mut missing: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (section, command) in commands {
        let listed = &page[*section];
        let unseen = missing
            .entry(section)
            .or_insert_with(|| listed.keys().cloned().collect());
        let found = objects(&run(&format!("{command} --format json"), folder), command);
        assert!(!found.is_empty(), "{command} prints nothing");
        for object in found {
            let object = object.as_object().unwrap();
            for key in object.keys() {
                assert!(
                    listed.contains_key(key),
                    "docs/json.md does not list {key} of {command}"
                );
            }
            for (key, always) in listed {
                assert!(
                    !always || object.contains_key(key),
                    "{command} has no {key}"
                );
            }
            unseen.retain(|key| !object.contains_key(key));
        }
    }
    missing.retain(|_, keys| !keys.is_empty());
    assert!(missing.is_empty(), "no command prints {missing:?}");
}

#[test]
fn answers_have_the_keys_of_the_page() {
    let folder = tempfile::tempdir().unwrap();
    let bad = "space a { input x: [4] output y: [2] y = liner(x, 2) }";
    std::fs::write(folder.path().join("bad.enas"), bad).unwrap();
    let commands = [
        ("check", "check bad.enas".to_owned()),
        (
            "fmt",
            "fmt --check bad.enas spaces/tiny.enas nowhere.enas".to_owned(),
        ),
        ("explain", "explain".to_owned()),
        ("explain", "explain names::unknown".to_owned()),
        ("count", "count spaces/tiny.enas --unique".to_owned()),
        ("count", "count spaces/tiny.enas --explain".to_owned()),
        ("sample", "sample spaces/tiny.enas -n 3".to_owned()),
        ("enumerate", "enumerate spaces/tiny.enas".to_owned()),
        (
            "import",
            "import spaces/enas_rnn.enas --set n=4 --encoding enas '0 0 1 1 1 0 0'".to_owned(),
        ),
        ("rank", format!("rank spaces/tiny.enas --arch {ARCH}")),
        ("stats", "stats spaces/tiny.enas".to_owned()),
        ("stats", format!("stats spaces/tiny.enas --arch {ARCH}")),
        ("stats", "stats spaces/tiny.enas --range".to_owned()),
        ("new", "new first".to_owned()),
        (
            "describe",
            format!("describe spaces/tiny.enas --arch {ARCH}"),
        ),
        ("diff", format!("diff spaces/tiny.enas {ARCH} {ARCH}")),
        (
            "diff",
            "diff spaces/tiny.enas spaces/enas_rnn.enas".to_owned(),
        ),
        ("graph", "graph spaces/tiny.enas".to_owned()),
        (
            "encode",
            "encode spaces/nasbench201.enas --encoding nasbench201 --arch \
             'Cell.t[1].i=0=conv3 Cell.t[2].i=0=skip Cell.t[2].i=1=none Cell.t[3].i=0=none \
             Cell.t[3].i=1=none Cell.t[3].i=2=skip'"
                .to_owned(),
        ),
        (
            "export",
            format!("export spaces/tiny.enas --arch {ARCH} --to pytorch -o tiny.py"),
        ),
        (
            "dump --stage space",
            "dump spaces/tiny.enas --stage space".to_owned(),
        ),
        (
            "dump --stage plan",
            "dump spaces/tiny.enas --stage plan".to_owned(),
        ),
        ("recipe list", "recipe list".to_owned()),
        ("doctor", "doctor".to_owned()),
    ];
    check(&commands, folder.path());
    let command = "recipe show enas-rnn-paper --format json";
    let recipe = objects(&run(command, folder.path()), command);
    assert!(recipe[0]["shared"].is_object());
    let command = "recipe show enas-rnn-paper --resolved --format json";
    assert!(objects(&run(command, folder.path()), command)[0]["derive"]["samples"].is_u64());
}

#[cfg(feature = "torch")]
#[test]
fn answers_of_trainings_have_the_keys_of_the_page() {
    let folder = tempfile::tempdir().unwrap();
    let machine = "--device cpu --threads 1";
    let small = "--with derive.examples=50 --with derive.samples=2 --with derive.compare=2 \
                 --with controller.updates=1 --with controller.samples=2 \
                 --with shared.batch=500 --with retrain.batch=500";
    let data = "--data synthetic";
    let best = "--arch run/best.json";
    let commands = [
        (
            "search",
            format!("search spaces/tiny.enas {data} {small} --epochs 1 --out run {machine}"),
        ),
        ("derive", format!("derive run {machine}")),
        (
            "train",
            format!("train spaces/tiny.enas {best} {data} {small} --epochs 1 --out end {machine}"),
        ),
        // What it prints has the section of `train`.
        ("train", format!("eval end {data} {machine}")),
        ("score", format!("score spaces/tiny.enas {best} --run run")),
        (
            "correlate",
            format!("correlate run -k 4 --epochs 1 {machine}"),
        ),
    ];
    check(&commands, folder.path());
    // Progress is JSON too, and silent when asked to be.
    let command = format!("derive run {machine} --format json");
    let told = run(&command, folder.path());
    let told = String::from_utf8(told.stderr).unwrap();
    let events: Vec<Value> = told
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(
        events
            .iter()
            .any(|event| event["progress"]["event"] == "derive"),
        "{told}"
    );
    let quiet = run(&format!("derive run {machine} -q"), folder.path());
    assert_eq!(String::from_utf8_lossy(&quiet.stderr), "");
    let failed = run(
        &format!("derive nowhere {machine} --format json"),
        folder.path(),
    );
    assert_eq!(failed.status.code(), Some(1));
    let error: Value = serde_json::from_slice(&failed.stderr).unwrap();
    assert!(error["error"]["message"].is_string());
}

#[test]
fn errors_are_json_too() {
    let folder = tempfile::tempdir().unwrap();
    let bad = "space a { input x: [4] output y: [2] y = liner(x, 2) }";
    std::fs::write(folder.path().join("bad.enas"), bad).unwrap();
    let error = |command: &str, code: i32| -> Value {
        let output = run(command, folder.path());
        assert_eq!(output.status.code(), Some(code), "{command}");
        assert!(output.stdout.is_empty(), "{command}");
        let value: Value = serde_json::from_slice(&output.stderr).unwrap();
        let error = value["error"].as_object().unwrap();
        let keys: Vec<&String> = error.keys().collect();
        assert_eq!(keys, ["message", "diagnostics"]);
        assert_eq!(String::from_utf8_lossy(&output.stderr).lines().count(), 1);
        value["error"].clone()
    };
    for command in [
        "count nowhere.enas --format json",
        "sample nowhere.enas --format json",
        "stats nowhere.enas --arch a --format=json",
        "describe nowhere.enas --arch a --format json",
        "diff nowhere.enas a b --format json",
        "graph nowhere.enas --format json",
        "dump nowhere.enas --stage plan --format json",
    ] {
        let found = error(command, 1);
        assert_eq!(found["message"], "cannot read nowhere.enas: no such file");
        assert_eq!(found["diagnostics"], Value::Array(Vec::new()));
    }
    let found = error("explain nothing --format json", 1);
    assert!(
        found["message"]
            .as_str()
            .unwrap()
            .starts_with("there is no diagnostic")
    );
    let found = error("recipe show nothing --format json", 1);
    assert!(
        found["message"]
            .as_str()
            .unwrap()
            .starts_with("there is no recipe")
    );
    // What does not compile says where, as check does.
    let found = error("count bad.enas --format json", 1);
    assert_eq!(found["message"], "the file does not compile");
    assert_eq!(found["diagnostics"][0]["code"], "enasc::names::unknown");
    assert_eq!(found["diagnostics"][0]["fix"]["title"], "write `linear`");
    // Wrong command lines.
    for command in [
        "count --format json",
        "frobnicate --format json",
        "stats a.enas --format json --quiet --verbose",
    ] {
        let found = error(command, 2);
        assert!(
            !found["message"].as_str().unwrap().starts_with("error"),
            "{found}"
        );
    }
    // Files that are wrong leave the answer for the others.
    let output = run(
        "check nowhere.enas spaces/tiny.enas --format json",
        folder.path(),
    );
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(output.stdout, b"[]\n");
    let value: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert!(value["error"]["message"].is_string());
}

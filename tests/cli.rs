//! The command line as scripts see it: standard output, standard error, exit codes.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

/// What a run of `enasc` leaves.
#[derive(Debug)]
struct Run {
    code: Option<i32>,
    out: String,
    err: String,
}

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_enasc"));
    command
        .args(args)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("NO_COLOR");
    command
}

fn enasc_with(args: &[&str], stdin: &[u8]) -> Run {
    let mut child = command(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that reads nothing may be gone already.
    let _ = child.stdin.take().unwrap().write_all(stdin);
    let output = child.wait_with_output().unwrap();
    Run {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn enasc(args: &[&str]) -> Run {
    enasc_with(args, b"")
}

/// A run that must succeed in silence: its output.
#[track_caller]
fn good(args: &[&str]) -> String {
    let run = enasc(args);
    assert_eq!((run.code, run.err.as_str()), (Some(0), ""), "{args:?}");
    run.out
}

#[track_caller]
fn good_json(args: &[&str]) -> Value {
    serde_json::from_str(&good(args)).unwrap()
}

/// A run that must fail with nothing on standard output: what it says.
#[track_caller]
fn bad(args: &[&str]) -> String {
    let run = enasc(args);
    assert_eq!((run.code, run.out.as_str()), (Some(1), ""), "{args:?}");
    run.err
}

/// A folder with one file in it.
fn file_with(content: &[u8]) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("space.enas");
    std::fs::write(&path, content).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

const TINY: &str = "spaces/tiny.enas";

// ---- check

#[test]
fn check_says_a_line_a_space() {
    let run = enasc(&[
        "check",
        TINY,
        "spaces/enas_macro.enas",
        "spaces/nasbench201.enas",
    ]);
    assert_eq!(run.err, "");
    assert_eq!(
        run.out,
        "tiny: 8 architectures, 3 decisions, 1 304 shared parameters\n\
         enas_macro: 1.6062e29 architectures, 78 decisions, 697 860 shared parameters\n\
         nasbench201: 15 625 architectures, 6 decisions, 1 699 536 shared parameters\n"
    );
    assert_eq!(run.code, Some(0));
}

#[test]
fn check_shows_errors_and_goes_on_with_the_next_file() {
    let (_folder, path) =
        file_with(b"space a { input x: [8, 4, 4] output y: [2] y = x |> gapp |> linear(2) }");
    let run = enasc(&["check", &path, "nowhere.enas", TINY]);
    assert_eq!(run.code, Some(1));
    assert_eq!(
        run.out,
        "tiny: 8 architectures, 3 decisions, 1 304 shared parameters\n"
    );
    assert!(
        run.err.starts_with("enasc::names::unknown\n"),
        "{}",
        run.err
    );
    assert!(run.err.contains("unknown name `gapp`"), "{}", run.err);
    assert!(run.err.contains("help: did you mean `gap`?"), "{}", run.err);
    assert!(
        run.err
            .ends_with("error: cannot read nowhere.enas: no such file\n"),
        "{}",
        run.err
    );
}

#[test]
fn check_in_json_is_one_array_for_all_files() {
    assert_eq!(good_json(&["check", TINY, "--format", "json"]), json!([]));

    let text = b"space a {\n  input x: [4]\n  output y: [2]\n  y = liner(x, 2)\n}\n";
    let (_folder, path) = file_with(text);
    let run = enasc(&["check", &path, TINY, &path, "--format", "json"]);
    assert_eq!((run.code, run.err.as_str()), (Some(1), ""));
    let array: Value = serde_json::from_str(&run.out).unwrap();
    let expected = json!({
        "code": "enasc::names::unknown",
        "severity": "error",
        "message": "unknown name `liner`",
        "file": path,
        "line": 4,
        "column": 7,
        "end_line": 4,
        "end_column": 12,
        "labels": [{
            "message": "nothing of this name is in scope",
            "file": path,
            "line": 4,
            "column": 7,
            "end_line": 4,
            "end_column": 12,
        }],
        "help": "did you mean `linear`?",
        "fix": {
            "title": "write `linear`",
            "edits": [{
                "file": path,
                "line": 4,
                "column": 7,
                "end_line": 4,
                "end_column": 12,
                "text": "linear",
            }],
        },
    });
    assert_eq!(array, json!([expected, expected]));
}

#[test]
fn warnings_alone_are_no_failure() {
    let (_folder, path) = file_with(b"space a { input x: [1] output y: [1] y = x }");
    let run = enasc(&["check", &path]);
    assert_eq!(run.code, Some(0));
    assert_eq!(
        run.out,
        "a: 1 architecture, 0 decisions, 0 shared parameters\n"
    );
    assert!(
        run.err.contains("`a` leaves nothing to decide"),
        "{}",
        run.err
    );
    assert_eq!(good(&["count", &path]), "1\n");
    // Its one architecture is the empty line.
    assert_eq!(good(&["sample", &path]), "\n");
    assert!(good(&["stats", &path, "--arch", ""]).starts_with("a: one architecture\n"));
}

#[test]
fn colour_is_for_terminals_unless_asked_for() {
    let (_folder, path) = file_with(b"space a { }");
    assert!(!bad(&["check", &path]).contains('\x1b'));
    assert!(!bad(&["check", &path, "--color", "never"]).contains('\x1b'));
    assert!(bad(&["--color", "always", "check", &path]).contains('\x1b'));
    assert_eq!(
        bad(&["count", "nowhere", "--color=always"]),
        "\x1b[31merror:\x1b[0m cannot read nowhere: no such file\n"
    );
}

// ---- count

#[test]
fn count_prints_the_number_alone() {
    for (file, count) in [
        ("spaces/enas_macro.enas", "160618186625454535808756219904\n"),
        ("spaces/nasbench201.enas", "15625\n"),
        ("spaces/enas_rnn.enas", "669692775628800\n"),
        ("spaces/enas_micro.enas", "25628906250000000000000000\n"),
        (TINY, "8\n"),
    ] {
        assert_eq!(good(&["count", file]), count);
    }
    // 6^6 * 2^15
    let args = [
        "count",
        "spaces/enas_macro.enas",
        "--set",
        "layers=6",
        "--set",
        "ch=1",
    ];
    assert_eq!(good(&args), "1528823808\n");
}

#[test]
fn count_in_json() {
    let args = ["count", "spaces/enas_rnn.enas", "--format", "json"];
    let mut value = good_json(&args);
    let log10 = value["log10"].as_f64().unwrap();
    assert!((log10 - 669_692_775_628_800f64.log10()).abs() < 1e-9);
    value.as_object_mut().unwrap().remove("log10");
    assert_eq!(
        value,
        json!({
            "space": "enas_rnn",
            "count": "669692775628800",
            "exact": true,
            "how": {"method": "product"},
            "decisions": 23
        })
    );
}

#[test]
fn a_space_may_come_from_standard_input() {
    let text = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(TINY)).unwrap();
    let run = enasc_with(&["count", "-"], &text);
    assert_eq!((run.code, run.out.as_str()), (Some(0), "8\n"));
    let run = enasc_with(&["check", "-"], b"space");
    assert_eq!(run.code, Some(1));
    assert!(run.err.contains("[standard input:1:"), "{}", run.err);
    let run = enasc_with(&["stats", "-", "--arch", "-"], &text);
    assert_eq!(run.code, Some(1));
    assert!(run.err.contains("not both"), "{}", run.err);
}

// ---- sample

#[test]
fn a_sampled_line_depends_on_the_seed_and_its_number_alone() {
    let sample =
        |n: &str, seed: &str| good(&["sample", "spaces/enas_macro.enas", "-n", n, "--seed", seed]);
    let five = sample("5", "1");
    assert_eq!(five.lines().count(), 5);
    assert!(five.starts_with(&sample("2", "1")));
    assert_eq!(five, sample("5", "1"));
    assert_ne!(five, sample("5", "2"));
    assert_eq!(sample("0", "1"), "");
    // The same bytes in every release: scripts may rely on seeds.
    assert_eq!(
        good(&["sample", TINY, "-n", "3", "--seed", "5"]),
        "h[1].f=conv3 h[1].skips={} h[2].f=conv3 h[2].skips={}\n\
         h[1].f=conv3 h[1].skips={} h[2].f=max3 h[2].skips={}\n\
         h[1].f=max3 h[1].skips={} h[2].f=conv3 h[2].skips={0}\n"
    );
}

#[test]
fn samples_in_json_are_an_object_a_line() {
    let args = ["sample", TINY, "-n", "3", "--seed", "5"];
    let json = good(&[&args[..], &["--format", "json"]].concat());
    let lines: Vec<Value> = json
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0]["space"], "tiny");
    assert_eq!(
        lines[2]["decisions"],
        json!({"h[1].f": "max3", "h[1].skips": [], "h[2].f": "conv3", "h[2].skips": ["0"]})
    );
}

#[test]
fn who_reads_no_further_is_no_error() {
    let mut child = command(&["sample", "spaces/enas_macro.enas", "-n", "100000"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut line).unwrap();
    drop(out);
    let mut err = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut err)
        .unwrap();
    let code = child.wait().unwrap().code();
    assert!(line.starts_with("h[1].f="));
    assert_eq!((code, err.as_str()), (Some(0), ""));
}

#[test]
fn what_exceeds_a_budget_is_told_with_where_it_comes_from() {
    let check = |budget| enasc(&["check", TINY, "--budget", budget]);
    for enough in [
        "params=1304",
        "activations=60KB",
        "params=6KB,activations=15K",
    ] {
        let run = check(enough);
        assert_eq!((run.code, run.err.as_str()), (Some(0), ""), "{enough}");
    }
    let run = check("params=1K,activations=60.0KB");
    assert_eq!(run.code, Some(0), "a warning");
    assert!(
        run.err
            .contains("the shared parameters are 1 304 numbers (5.2 KB), more than 1K\n"),
        "{}",
        run.err
    );
    assert!(
        run.err.contains("1 152 (88 %), `h[1].f.conv3"),
        "{}",
        run.err
    );
    assert!(!run.err.contains("activations are"), "{}", run.err);
    let args = [
        "check",
        TINY,
        "--budget",
        "activations=1B",
        "--format",
        "json",
    ];
    let found = good_json(&args);
    assert_eq!(found[0]["code"], "enasc::weights::over_budget");
    // The most that `stats --range` finds.
    let range = good_json(&["stats", TINY, "--range", "--format", "json"]);
    let most = range["activations"]["max"].to_string();
    let message = found[0]["message"].as_str().unwrap().replace(' ', "");
    assert!(message.contains(&format!("upto{most}numbers")), "{message}");
    assert_eq!(check("params=many").code, Some(2));
}

// ---- stats

#[test]
fn stats_of_a_space_and_of_an_architecture() {
    let value = good_json(&["stats", TINY, "--format", "json"]);
    assert_eq!(
        value,
        json!({
            "space": "tiny",
            "parameters": 1304,
            "shared_parameters": 1304,
            "flops": 176_288,
            "activations": 17_300,
            "per": "example",
            "nodes": 21,
            "edges": 23,
            "depth": 14,
            "decisions": 3,
            "architecture": null,
            "ignore_input": { "count": "0", "of": "8" },
            "loose_ends": null,
        })
    );
    let line = "h[1].f=conv3 h[1].skips={} h[2].f=max3 h[2].skips={0}";
    let value = good_json(&["stats", TINY, "--format", "json", "--arch", line]);
    assert_eq!(value["parameters"], 712);
    assert_eq!(value["shared_parameters"], 1304);
    assert_eq!(value["architecture"], line);
    assert_eq!(
        good(&["stats", TINY, "--arch", line]),
        "tiny: one architecture\n\
         parameters            712\n\
         shared parameters   1 304\n\
         FLOPs              93 344 multiply-adds per example\n\
         activations        12 692 numbers per example\n\
         nodes                  15\n\
         edges                  15\n\
         depth                  12\n\
         decisions               3\n\
         loose ends         h[2]\n"
    );
    let value = good_json(&["stats", "spaces/enas_rnn.enas", "--format", "json"]);
    assert_eq!(value["per"], "token");
    let cells = good(&["stats", "spaces/nasbench201.enas"]);
    let last = "ignore their input 341 of 15 625 architectures (2.2 %)";
    assert_eq!(cells.lines().last(), Some(last));
}

#[test]
fn an_architecture_comes_in_any_form() {
    let line = good(&["sample", TINY]);
    let json = good(&["sample", TINY, "--format", "json"]);
    let (_folder, file) = file_with(json.as_bytes());
    let args = |arch| ["stats", TINY, "--arch", arch];
    let expected = good(&args(line.trim()));
    assert_eq!(good(&args(&json)), expected);
    assert_eq!(good(&args(&file)), expected);
    assert_eq!(enasc_with(&args("-"), line.as_bytes()).out, expected);
}

#[test]
fn what_is_no_architecture_of_the_space_is_refused() {
    let refused = |arch: &str| bad(&["stats", TINY, "--arch", arch]);
    assert_eq!(
        refused("nowhere.json"),
        "error: `nowhere.json` is no file, and no architecture either \
         (path=choice path=choice .., or JSON)\n"
    );
    assert_eq!(
        refused("h[1].f=conv5 h[1].skips={} h[2].f=max3 h[2].skips={0}"),
        "error: `h[1].f` cannot be `conv5`; it is one of conv3, max3\n"
    );
    assert!(refused("h[1].f=conv3").contains("makes no choice for `h[1].skips`"));
    assert!(refused("h[1].g=conv3").contains("did you mean `h[1].f`?"));
    let other = good(&["sample", "spaces/nasbench201.enas"]);
    let err = refused(other.trim());
    assert_eq!(
        err,
        "error: the space has no decision `Cell.t[1].i=0`; 6 of the 6 decisions given are unknown: \
         the architecture may belong to another space, or to other `--set` values\n"
    );
    assert!(refused("{").starts_with("error: the architecture cannot be read"));
    let (_folder, file) = file_with(b"{bad");
    let expected = format!("error: {file}: the architecture cannot be read");
    assert!(refused(&file).starts_with(&expected));
    let other = good(&["sample", "spaces/nasbench201.enas", "--format", "json"]);
    assert!(refused(&other).contains("belongs to another space"));
    // Another number of layers makes other decisions.
    let macro_space = "spaces/enas_macro.enas";
    let other = good(&["sample", macro_space, "--format", "json"]);
    let run = enasc(&["stats", macro_space, "--set", "layers=6", "--arch", &other]);
    assert_eq!(run.code, Some(1));
    assert!(run.err.contains("belongs to another space"), "{}", run.err);
}

// ---- graph and dump

#[test]
fn graphs_go_to_standard_output_or_into_a_file() {
    let dot = good(&["graph", TINY]);
    assert!(dot.starts_with("digraph \"tiny\" {\n") && dot.ends_with("}\n"));
    let value = good_json(&["graph", TINY, "--format", "json"]);
    let keys: Vec<&String> = value.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "space",
            "architecture",
            "task",
            "inputs",
            "outputs",
            "regions",
            "params",
            "conditions"
        ]
    );
    assert_eq!(good_json(&["dump", TINY, "--stage", "graph"]), value);

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.dot");
    let name = path.to_str().unwrap();
    assert_eq!(good(&["graph", TINY, "-o", name]), "");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), dot);
    let nowhere = folder.path().join("no/tiny.dot");
    let nowhere = nowhere.to_str().unwrap();
    assert_eq!(
        bad(&["graph", TINY, "-o", nowhere]),
        format!("error: cannot write {nowhere}: there is no such folder\n")
    );

    let arch = good(&["sample", TINY]);
    let child = good(&["graph", TINY, "--arch", arch.trim()]);
    assert!(
        child.len() < dot.len() && !child.contains("dashed"),
        "{child}"
    );
}

#[test]
fn an_architecture_is_drawn_inside_its_space() {
    let arch = "h[1].f=max3 h[1].skips={} h[2].f=conv3 h[2].skips={}";
    let draw = |format: &str| {
        let args = [
            "graph", TINY, "--arch", arch, "--inside", "--format", format,
        ];
        good(&args)
    };
    let svg = draw("svg");
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    let marked = |class: &str| svg.matches(class).count();
    // One operation of each layer is chosen and one is not; the one skip is left out.
    assert_eq!(marked("<text class=\"on\""), 2);
    assert_eq!(marked("<text class=\"off\""), 2);
    assert_eq!(marked("class=\"arrow off optional\""), 1);
    let mermaid = draw("mermaid");
    assert!(
        mermaid.contains("<br>f: max3") && mermaid.contains("-.->"),
        "{mermaid}"
    );
    let dot = draw("dot");
    assert!(
        dot.contains("dashed, color=\"#d0d0d0\"") && dot.contains("penwidth=2"),
        "{dot}"
    );

    // JSON is the supergraph's, and says of each part whether the child has it.
    let inside: Value = serde_json::from_str(&draw("json")).unwrap();
    let space = good_json(&["graph", TINY, "--format", "json"]);
    let child = good_json(&["graph", TINY, "--format", "json", "--arch", arch]);
    assert_eq!(inside["architecture"], child["architecture"]);
    assert_eq!(inside["conditions"], space["conditions"]);
    let nodes = |value: &Value| value["regions"][0]["nodes"].as_array().unwrap().clone();
    assert_eq!(nodes(&inside).len(), nodes(&space).len());
    let chosen = nodes(&inside)
        .into_iter()
        .filter(|node| node["chosen"] == true);
    // A child has no selections: they stand for what they select.
    let chosen = chosen.filter(|node| node["op"] != "select");
    let ids = |nodes: Vec<Value>| {
        nodes
            .iter()
            .map(|node| node["id"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(chosen.collect()), ids(nodes(&child)));
    let edges = inside["regions"][0]["edges"].as_array().unwrap();
    let dropped = edges.iter().filter(|edge| edge["chosen"] == false);
    assert!(dropped.clone().count() > 2 && dropped.count() < edges.len() / 2);

    let run = enasc(&["graph", TINY, "--inside"]);
    assert!(
        run.code == Some(2) && run.err.contains("--arch"),
        "{}",
        run.err
    );
}

#[test]
fn every_stage_can_be_dumped() {
    assert_eq!(
        good(&["dump", TINY, "--stage", "space"]),
        "space tiny\n\
        \x20 classes = 4\n\
        \x20 width = 8\n\
        \x20 ch = 1\n\
        \x20 size = 12\n\
         \n\
         candidates\n\
        \x20 Layer: 2\n\
         \n\
         elements\n\
        \x20 h[0]\n\
        \x20 h[1]: h[1].f, h[1].skips\n\
        \x20 h[2]: h[2].f, h[2].skips\n\
         \n\
         decisions: 3 tokens, 8 architectures, hash 4bf14acf6927500b\n\
        \x20 h[1].f = one of {conv3, max3}\n\
        \x20 h[1].skips = any of {}\n\
        \x20 h[2].f = one of {conv3, max3}\n\
        \x20 h[2].skips = any of {0: h[0]}\n"
    );
    assert_eq!(
        good(&["dump", TINY, "--stage", "plan"]),
        "\x20  0  no decision; anchor h[0]\n\
         \x20  1  h[1].f = one of 2 of table Layer\n\
         \x20  2  h[1].skips = any of 0 elements; anchor h[1]\n\
         \x20  3  h[2].f = one of 2 of table Layer\n\
         \x20  4  h[2].skips = any of 1 elements; anchor h[2]\n"
    );
    let ast = good_json(&["dump", TINY, "--stage", "ast"]);
    assert!(
        ast["items"]
            .as_array()
            .is_some_and(|items| items.len() == 2)
    );
    // What can be read of a file with errors is shown.
    let run = enasc_with(&["dump", "-", "--stage", "ast"], b"const N = 1\nspace {");
    assert_eq!(run.code, Some(1));
    assert!(run.err.starts_with("enasc::syntax::"), "{}", run.err);
    assert!(run.out.contains("\"N\""), "{}", run.out);
}

#[test]
fn conditions_stand_in_a_dump() {
    let text = b"ops A = { relu, tanh }\n\
        space a { input x: [2] output y: [2]\n\
        let f = choose { plain: x, deep: choose A(x) } y = f }";
    let run = enasc_with(&["dump", "-", "--stage", "space"], text);
    assert!(
        run.out.contains("; if f = deep\n"),
        "{}{}",
        run.out,
        run.err
    );
}

// ---- import and encode

/// Section 2.1 of the ENAS paper: four nodes, of which the last two are loose ends.
#[test]
fn the_worked_example_of_the_paper_is_imported() {
    fn with<'a>(command: &'a str, rest: &[&'a str]) -> Vec<&'a str> {
        [&[command, "spaces/enas_rnn.enas", "--set", "n=4"], rest].concat()
    }
    let text = "0 0 1 1 1 0 0";
    let line = good(&with("import", &["--encoding", "enas", text]));
    assert_eq!(
        line,
        "Cell.f0=tanh Cell.h[1].p=0 Cell.h[1].f=relu \
         Cell.h[2].p=1 Cell.h[2].f=relu Cell.h[3].p=0 Cell.h[3].f=tanh\n"
    );
    let arch = line.trim();

    let graph = good_json(&with("graph", &["--format", "json", "--arch", arch]));
    let cell = &graph["regions"][1];
    let nodes = cell["nodes"].as_array().unwrap();
    let means: Vec<&Value> = nodes.iter().filter(|node| node["op"] == "mean").collect();
    assert_eq!(means.len(), 1);
    let averaged: Vec<&Value> = cell["edges"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|edge| edge["to"] == means[0]["id"])
        .map(|edge| &nodes.iter().find(|n| n["id"] == edge["from"]).unwrap()["path"])
        .collect();
    assert_eq!(averaged, ["Cell.h[2].highway", "Cell.h[3].highway"]);
    let stats = good_json(&with("stats", &["--format", "json", "--arch", arch]));
    assert_eq!(stats["decisions"], 7);
    assert_eq!(
        stats["loose_ends"],
        json!([{"elements": ["Cell.h[2]", "Cell.h[3]"], "how": "averaged"}])
    );
    let stats = good(&with("stats", &["--arch", arch]));
    assert!(stats.ends_with("\nloose ends         Cell.h[2], Cell.h[3]: averaged\n"));

    assert_eq!(
        good(&with("encode", &["--encoding", "enas", "--arch", arch])),
        format!("{text}\n")
    );
}

#[test]
fn what_is_imported_is_an_architecture_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("arch.json");
    let file = path.to_str().unwrap();
    let space = "spaces/nasbench201.enas";
    let text = "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+\
                |skip_connect~0|nor_conv_1x1~1|nor_conv_3x3~2|";
    let import = |text, rest: &[&str]| {
        let args = ["import", space, "--encoding", "nasbench201", text];
        enasc_with(&[&args[..], rest].concat(), b"|none~0|")
    };
    let run = import(text, &["--format", "json", "-o", file]);
    assert_eq!(
        (run.code, run.out.as_str(), run.err.as_str()),
        (Some(0), "", "")
    );
    let value: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(value["space"], "nasbench201");
    assert!(value["hash"].is_string());
    assert_eq!(value["decisions"]["Cell.t[3].i=1"], "conv1");
    let encode = ["encode", space, "--encoding", "nasbench201", "--arch", file];
    assert_eq!(good(&encode), format!("{text}\n"));

    // A text that is refused leaves the file.
    let run = import("-", &["-o", file]);
    assert_eq!(run.code, Some(1));
    assert_eq!(
        run.err,
        "error: the text cannot be read: character 9: the text ends, expected `+`\n"
    );
    assert_eq!(good(&encode), format!("{text}\n"));
}

#[test]
fn a_space_that_an_encoding_does_not_describe_is_one_sentence() {
    for encoding in ["darts", "nasbench201"] {
        let err = bad(&["import", TINY, "--encoding", encoding, "0"]);
        let start = format!("error: the encoding `{encoding}` does not describe this space: ");
        assert!(err.starts_with(&start), "{err}");
        assert_eq!(err.lines().count(), 1);
    }
}

// ---- doctor and the commands that need libtorch

#[test]
fn doctor_tells_people_and_programs() {
    let text = good(&["doctor"]);
    assert!(text.starts_with(concat!("enasc      ", env!("CARGO_PKG_VERSION"), "\n")));
    let value = good_json(&["doctor", "--format", "json"]);
    assert_eq!(value["version"], env!("CARGO_PKG_VERSION"));
    assert!(value["problems"].is_array());
}

/// `enasc` alone in a folder, or with `enasc-torch` of some content beside it.
#[cfg(unix)]
fn installed(torch: Option<&str>) -> (tempfile::TempDir, PathBuf) {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let enasc = folder.path().join("enasc");
    std::fs::copy(env!("CARGO_BIN_EXE_enasc"), &enasc).unwrap();
    if let Some(text) = torch {
        let path = folder.path().join("enasc-torch");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    (folder, enasc)
}

#[cfg(unix)]
fn run_installed(enasc: &Path, args: &[&str]) -> Run {
    // A test beside this one that starts a process at the wrong moment keeps the
    // files that were just written open, and the system does not run such a file.
    for _ in 0..100 {
        let output = Command::new(enasc)
            .args(args)
            .env_remove("LD_LIBRARY_PATH")
            .output();
        let output = match output {
            Err(error) if error.kind() == std::io::ErrorKind::ExecutableFileBusy => continue,
            output => output.unwrap(),
        };
        let err = String::from_utf8(output.stderr).unwrap();
        if !err.contains("text file busy") {
            return Run {
                code: output.status.code(),
                out: String::from_utf8(output.stdout).unwrap(),
                err,
            };
        }
    }
    panic!("{} stays busy", enasc.display());
}

#[cfg(unix)]
const EVAL: [&str; 4] = ["eval", "run", "--data", "synthetic"];

#[cfg(unix)]
#[test]
fn without_its_sibling_a_search_says_what_is_missing() {
    let (folder, enasc) = installed(None);
    let run = run_installed(&enasc, &EVAL);
    assert_eq!((run.code, run.out.as_str()), (Some(1), ""));
    let path = folder.path().join("enasc-torch");
    let expected = format!(
        "error: `enasc eval` needs {}, which is not there",
        path.display()
    );
    assert!(run.err.starts_with(&expected), "{}", run.err);
    assert!(run.err.contains("cargo build --release"), "{}", run.err);
    assert_eq!(run.err.lines().count(), 1);
}

#[cfg(unix)]
#[test]
fn without_libtorch_a_search_says_what_to_do() {
    // A script in the place of an executable that the loader does not start.
    let script = "#!/bin/sh\necho loader: no libtorch_cpu.so >&2\nexit 127\n";
    let (_folder, enasc) = installed(Some(script));
    let run = run_installed(&enasc, &EVAL);
    assert_eq!((run.code, run.out.as_str()), (Some(1), ""));
    assert!(
        run.err.starts_with("error: `enasc eval` needs libtorch"),
        "{}",
        run.err
    );
    assert!(run.err.contains("make setup"), "{}", run.err);
    assert_eq!(run.err.lines().count(), 1);
}

#[cfg(unix)]
#[test]
fn the_sibling_gets_the_command_line_and_gives_the_exit_code() {
    let script = "#!/bin/sh\n[ \"$1\" = --version ] && exit 0\necho \"$@\"\nexit 42\n";
    let (_folder, enasc) = installed(Some(script));
    let run = run_installed(&enasc, &EVAL);
    assert_eq!((run.code, run.err.as_str()), (Some(42), ""));
    assert_eq!(run.out, "eval run --data synthetic\n");
    // A wrong command line does not reach it.
    let run = run_installed(&enasc, &["eval", "run"]);
    assert_eq!(run.code, Some(2));
}

#[cfg(unix)]
#[test]
fn a_sibling_that_cannot_start_is_an_error() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, enasc) = installed(Some("#!/bin/sh\n"));
    let path = folder.path().join("enasc-torch");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let run = run_installed(&enasc, &EVAL);
    assert_eq!(run.code, Some(1));
    let expected = format!(
        "error: cannot start {}: permission denied\n",
        path.display()
    );
    assert_eq!(run.err, expected);
}

// ---- the command line itself

#[test]
fn wrong_command_lines_have_a_code_of_their_own() {
    for args in [
        &["frobnicate"][..],
        &[],
        &["check"],
        &["count", "a", "b"],
        &["count", TINY, "--set", "layers"],
        &["dump", TINY],
        &["stats", TINY, "--format", "xml"],
    ] {
        let run = enasc(args);
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{args:?}");
        assert!(!run.err.is_empty());
    }
}

#[test]
fn the_help_and_the_version_are_results() {
    assert!(good(&["--help"]).contains("neural-architecture search"));
    assert!(good(&["count", "--help"]).contains("Examples:\n  enasc count "));
    assert_eq!(
        good(&["--version"]),
        concat!("enasc ", env!("CARGO_PKG_VERSION"), "\n")
    );
}

// ---- bad input

#[test]
fn files_that_cannot_be_read_are_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().to_str().unwrap();
    for command in ["check", "count", "sample", "enumerate", "stats", "graph"] {
        assert_eq!(
            bad(&[command, "no/such.enas"]),
            "error: cannot read no/such.enas: no such file\n"
        );
        assert_eq!(
            bad(&[command, name]),
            format!("error: cannot read {name}: it is a folder\n")
        );
    }
}

#[test]
fn a_file_that_is_not_utf8_is_told_by_its_first_bad_byte() {
    let (_folder, path) = file_with(b"space a {\n  // caf\xe9\n}\n");
    let run = enasc(&["check", &path, "--format", "json"]);
    assert_eq!(run.code, Some(1));
    let array: Value = serde_json::from_str(&run.out).unwrap();
    let found = &array[0];
    assert_eq!(found["code"], "enasc::syntax::not_utf8");
    assert_eq!((&found["line"], &found["column"]), (&json!(2), &json!(9)));
    assert_eq!(found["labels"][0]["message"], "byte 18 is 0xe9");
    assert_eq!(found["help"], "save the file as UTF-8");
    assert!(bad(&["count", &path]).contains("the file is not UTF-8 text"));

    let utf16: Vec<u8> = "\u{feff}space"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let (_folder, path) = file_with(&utf16);
    assert!(bad(&["check", &path]).contains("it looks like UTF-16"));
}

/// Bytes without order, the same in every run.
fn noise(n: usize) -> Vec<u8> {
    use rand::{RngCore, SeedableRng};
    let mut bytes = vec![0; n];
    rand_chacha::ChaCha8Rng::seed_from_u64(0).fill_bytes(&mut bytes);
    bytes
}

#[test]
fn noise_is_refused_quickly_and_briefly() {
    let mut noise = noise(10_000_000);
    let (_folder, binary) = file_with(&noise);
    for byte in &mut noise {
        *byte = b' ' + *byte % 95;
    }
    let (_folder2, long) = file_with(&noise);
    noise.truncate(1_000_000);
    let (_folder3, text) = file_with(&noise);
    for path in [binary, long, text] {
        let err = bad(&["check", &path]);
        assert!(err.starts_with("enasc::syntax::"), "{err}");
        assert!(err.len() < 100_000, "{} bytes", err.len());
    }
}

#[test]
fn a_hundred_thousand_brackets_are_too_deep() {
    for bracket in ["(", "[", "{"] {
        let (_folder, path) = file_with(bracket.repeat(100_000).as_bytes());
        let err = bad(&["check", &path]);
        assert!(err.contains("enasc::syntax::too_deep"), "{err}");
        let run = enasc(&["dump", &path, "--stage", "ast"]);
        assert_eq!(run.code, Some(1));
    }
    // What is just allowed does not overflow the stack either.
    let nested = format!(
        "space a {{ input x: [1] output y: [1] y = {}x{} }}",
        "(".repeat(250),
        ")".repeat(250)
    );
    let (_folder, path) = file_with(nested.as_bytes());
    assert_eq!(good(&["count", &path]), "1\n");
    good(&["dump", &path, "--stage", "ast"]);
}

#[test]
fn spaces_that_are_none_are_told_what_they_lack() {
    for (text, message) in [
        ("", "the file declares no space"),
        ("// nothing\n", "the file declares no space"),
        ("space a { output y: [1] y = y }", "the space has no input"),
        (
            "space a { input x: [1] let z = x }",
            "the space has no output",
        ),
        ("space a { input x: [1] output y: [1] }", "`y`"),
        (
            "use std::vision.{conv_bm}\nspace a { input x: [1] output y: [1] y = x }",
            "did you mean `conv_bn`?",
        ),
    ] {
        let (_folder, path) = file_with(text.as_bytes());
        let err = bad(&["check", &path]);
        assert!(err.contains(message), "{err}");
        assert_eq!(bad(&["stats", &path]), err);
    }
}

#[test]
fn no_nodes_are_a_network_all_the_same() {
    let run = enasc(&["check", "spaces/enas_macro.enas", "--set", "layers=0"]);
    assert_eq!(run.code, Some(0));
    assert!(
        run.err.contains("`enas_macro` leaves nothing to decide"),
        "{}",
        run.err
    );
    assert_eq!(
        good(&["count", "spaces/enas_macro.enas", "--set", "layers=0"]),
        "1\n"
    );
    // The first node is there in any case.
    assert_eq!(
        good(&["count", "spaces/enas_rnn.enas", "--set", "n=0"]),
        "4\n"
    );
    let err = bad(&["count", TINY, "--set", "width=0"]);
    assert!(err.starts_with("enasc::shape::empty_dimension\n"), "{err}");
}

#[test]
fn unknown_settings_are_refused() {
    let refused = |set: &str| bad(&["count", "spaces/enas_macro.enas", "--set", set]);
    let err = refused("layer=3");
    assert!(err.starts_with("enasc::names::bad_setting\n"), "{err}");
    assert!(err.contains("help: did you mean `layers`?"), "{err}");
    assert!(refused("layers=three").contains("takes a whole number"));
    assert!(refused("layers=99999999999999999999").contains("takes a whole number"));
    assert!(refused("layers=100000000").contains("enasc::eval::step_budget"));
}

#[test]
fn a_file_with_several_spaces_needs_a_name() {
    let text = b"space a { input x: [1] output y: [1] y = x }\n\
                 space b { input x: [2] output y: [2] y = choose { relu(x), tanh(x) } }\n";
    let (_folder, path) = file_with(text);
    let run = enasc(&["check", &path]);
    assert_eq!(run.code, Some(0));
    assert_eq!(run.out.lines().count(), 2);
    assert_eq!(
        bad(&["count", &path]),
        format!("error: {path} declares 2 spaces: a, b; name one with --space\n")
    );
    assert_eq!(good(&["count", &path, "--space", "b"]), "2\n");
    let err = bad(&["count", &path, "--space", "c"]);
    assert!(err.contains("the file has no space `c`"), "{err}");
    assert_eq!(
        enasc(&["check", &path, "--space", "b"]).out.lines().count(),
        1
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
    let output = command(&["count", TINY])
        .stdout(full.unwrap())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "error: cannot write standard output: no space left on device\n"
    );
}

// ---- what scripts rely on

/// The keys of an object, in the order they were printed.
fn keys(value: &Value) -> Vec<&str> {
    value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

#[test]
fn objects_have_their_keys_in_the_order_of_the_contract() {
    let (_folder, path) = file_with(b"space a { input x: [1] output y: [1] y = z }");
    let run = enasc(&["check", &path, "--format", "json"]);
    let array: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(
        keys(&array[0]),
        [
            "code",
            "severity",
            "message",
            "file",
            "line",
            "column",
            "end_line",
            "end_column",
            "labels",
            "help",
            "fix"
        ]
    );
    // Also where there is nothing to say, and at the first character of a file.
    let run = enasc_with(&["check", "-", "--format", "json"], b"?");
    let array: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(keys(&array[0]).len(), 11);
    assert_eq!(
        (&array[0]["line"], &array[0]["column"]),
        (&json!(1), &json!(1))
    );

    for (space, decisions) in [
        ("nasbench201", 6),
        ("enas_rnn", 23),
        ("enas_micro", 40),
        ("enas_macro", 78),
    ] {
        let file = format!("spaces/{space}.enas");
        let value = good_json(&["count", &file, "--format", "json"]);
        assert_eq!(
            keys(&value),
            ["space", "count", "exact", "how", "decisions", "log10"]
        );
        assert_eq!(value["space"], space);
        assert_eq!(value["decisions"], decisions);
        let value = good_json(&["stats", &file, "--format", "json"]);
        for key in [
            "parameters",
            "shared_parameters",
            "flops",
            "nodes",
            "edges",
            "decisions",
        ] {
            assert!(value[key].is_u64(), "{space}: {key}");
        }
        assert_eq!(value["decisions"], decisions);
    }
}

#[test]
fn an_architecture_costs_no_more_than_its_space() {
    for space in [
        "tiny",
        "nasbench201",
        "enas_rnn",
        "enas_micro",
        "enas_macro",
    ] {
        let file = format!("spaces/{space}.enas");
        let whole = good_json(&["stats", &file, "--format", "json"]);
        for arch in good(&["sample", &file, "-n", "3", "--seed", "9"]).lines() {
            let one = good_json(&["stats", &file, "--arch", arch, "--format", "json"]);
            let number = |key: &str| one[key].as_u64().unwrap();
            assert!(number("parameters") <= number("shared_parameters"));
            assert_eq!(one["shared_parameters"], whole["shared_parameters"]);
            assert!(number("flops") <= whole["flops"].as_u64().unwrap());
            assert!(number("decisions") <= whole["decisions"].as_u64().unwrap());
        }
    }
}

#[test]
fn no_color_is_heeded_and_an_order_is_stronger() {
    let (_folder, path) = file_with(b"space a { }");
    let run = |args: &[&str]| {
        let output = command(args).env("NO_COLOR", "1").output().unwrap();
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(!run(&["check", &path]).contains('\x1b'));
    assert!(!run(&["check", &path, "--color", "auto"]).contains('\x1b'));
    assert!(run(&["check", &path, "--color", "always"]).contains('\x1b'));
}

#[test]
fn graphs_in_json_go_into_a_file_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.json");
    let args = ["graph", TINY, "--format", "json"];
    let text = good(&args);
    let out = ["-o", path.to_str().unwrap()];
    assert_eq!(good(&[&args[..], &out].concat()), "");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn doctor_speaks_of_what_a_search_needs() {
    let text = good(&["doctor"]);
    for word in ["libtorch", "CUDA", "threads", "memory", "disk"] {
        assert!(text.contains(word), "no word of {word}:\n{text}");
    }
}

#[cfg(unix)]
#[test]
fn every_training_command_without_its_sibling_is_one_sentence() {
    let (_folder, enasc) = installed(None);
    let data = ["--data", "synthetic"];
    for args in [
        &["search", TINY, "--out", "run", data[0], data[1]][..],
        &["derive", "run"],
        &[
            "train", TINY, "--arch", "a", "--out", "run", data[0], data[1],
        ],
        &["eval", "run", data[0], data[1]],
        &["score", TINY, "--arch", "a", "--run", "run"],
        &["correlate", "run"],
    ] {
        let run = run_installed(&enasc, args);
        assert_eq!((run.code, run.out.as_str()), (Some(1), ""), "{args:?}");
        let start = format!("error: `enasc {}` needs ", args[0]);
        assert!(run.err.starts_with(&start), "{}", run.err);
        assert_eq!(run.err.lines().count(), 1);
    }
}

/// What is hopeless is answered within 10 seconds, in words: no signal (which has
/// no exit code) and no panic (which has 101).
#[test]
fn hopeless_files_are_refused_in_time() {
    let deep = 100_000;
    let pairs = |open: &str, close: &str| open.repeat(deep) + &close.repeat(deep);
    let inside = |value: String| {
        format!("space a {{ input x: [1] output y: [1] y = {value} }}").into_bytes()
    };
    for (what, text) in [
        ("pairs of round ones", pairs("(", ")").into_bytes()),
        ("pairs in a space", inside(pairs("(", ")"))),
        ("lists in a space", inside(pairs("[", "]"))),
        ("mixed", inside("([{".repeat(deep / 3))),
        ("calls", inside(pairs("relu(", ")"))),
        ("closing only", ")".repeat(deep).into_bytes()),
        ("signs", inside("-".repeat(deep) + "1")),
        ("negations", inside("not ".repeat(deep) + "true")),
        ("a long sum", inside("x + ".repeat(deep) + "x")),
        (
            "a long pipe",
            inside("x".to_owned() + &" |> relu".repeat(deep)),
        ),
        ("ifs", inside("if true { ".repeat(deep))),
        ("noise", noise(10_000_000)),
        ("zeros", vec![0; 1_000_000]),
    ] {
        let (_folder, path) = file_with(&text);
        let start = std::time::Instant::now();
        let run = enasc(&["check", &path]);
        let took = start.elapsed();
        assert_eq!((run.code, run.out.as_str()), (Some(1), ""), "{what}");
        assert!(
            run.err.starts_with("enasc::syntax::"),
            "{what}: {}",
            run.err
        );
        assert!(took.as_secs() < 10, "{what} took {took:?}");
    }
}

// ---- fmt, explain

#[test]
fn fmt_rewrites_what_would_change_and_nothing_else() {
    let (folder, path) = file_with(b"const  A=1 // one\n");
    let other = folder.path().join("other.enas");
    std::fs::write(&other, "const B = 2\n").unwrap();
    let before = std::fs::metadata(&other).unwrap().modified().unwrap();
    assert_eq!(good(&["fmt", &path, other.to_str().unwrap()]), "");
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        "const A = 1  // one\n"
    );
    let after = std::fs::metadata(&other).unwrap().modified().unwrap();
    assert_eq!(before, after);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);

    let run = enasc_with(&["fmt", "-"], b"const  A=1");
    assert_eq!((run.code, run.err.as_str()), (Some(0), ""));
    assert_eq!(run.out, "const A = 1\n");
}

#[test]
fn fmt_check_writes_nothing_and_shows_the_difference() {
    let text = "const A = 1\nconst  B=2\n";
    let (_folder, path) = file_with(text.as_bytes());
    let run = enasc(&["fmt", "--check", TINY, &path]);
    assert_eq!((run.code, run.err.as_str()), (Some(1), ""));
    let expected = format!(
        "--- {path}\n+++ {path} (formatted)\n@@ -1,2 +1,2 @@\n const A = 1\n-const  B=2\n+const B = 2\n"
    );
    assert_eq!(run.out, expected);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    assert_eq!(good(&["fmt", "--check", TINY]), "");
}

#[test]
fn fmt_refuses_a_file_with_errors_and_goes_on() {
    let (folder, path) = file_with(b"op  f(x = x\n");
    let other = folder.path().join("other.enas");
    std::fs::write(&other, "const  B=2\n").unwrap();
    let run = enasc(&["fmt", &path, "nowhere.enas", other.to_str().unwrap()]);
    assert_eq!((run.code, run.out.as_str()), (Some(1), ""));
    assert!(
        run.err.contains("enasc::syntax::unclosed_delimiter"),
        "{}",
        run.err
    );
    assert!(
        run.err
            .ends_with("error: cannot read nowhere.enas: no such file\n"),
        "{}",
        run.err
    );
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "op  f(x = x\n");
    assert_eq!(std::fs::read_to_string(&other).unwrap(), "const B = 2\n");
}

#[cfg(unix)]
#[test]
fn fmt_leaves_links_and_permissions_as_they_are() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let (folder, path) = file_with(b"const  A=1\n");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let link = folder.path().join("link.enas");
    symlink(&path, &link).unwrap();
    assert_eq!(good(&["fmt", link.to_str().unwrap()]), "");
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "const A = 1\n");
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
}

#[test]
fn explain_lists_explains_and_suggests() {
    let list = good(&["explain"]);
    assert_eq!(list.lines().count(), enasc::diagnostic::Code::ALL.len());
    assert!(list.contains("shape::candidates_differ       The candidates of a choice give"));
    let page = good(&["explain", "shape::candidates_differ"]);
    assert_eq!(page, good(&["explain", "enasc::shape::candidates_differ"]));
    assert!(page.starts_with(
        "enasc::shape::candidates_differ\nThe candidates of a choice give different shapes.\n\n"
    ));
    assert_eq!(
        bad(&["explain", "shape::candidate_differs"]),
        "error: there is no diagnostic `shape::candidate_differs`; did you mean `shape::candidates_differ`?\n"
    );
    assert_eq!(
        bad(&["explain", "E0308"]),
        "error: there is no diagnostic `E0308`; `enasc explain` lists them all\n"
    );
}

// ---- check --format sarif

#[test]
fn check_in_sarif_is_one_log_for_all_files() {
    let (_folder, path) = file_with(b"// \xf0\x9d\x92\xb3\nspace s { x = conw(3) }\n");
    let run = enasc(&[
        "check",
        &path,
        TINY,
        "nowhere.enas",
        &path,
        "--format",
        "sarif",
    ]);
    assert_eq!(run.code, Some(1));
    let log: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let runs = log["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0]["columnKind"], "unicodeCodePoints");
    assert_eq!(runs[0]["invocations"][0]["executionSuccessful"], false);
    let rules = runs[0]["tool"]["driver"]["rules"].as_array().unwrap();
    let results = runs[0]["results"].as_array().unwrap();
    assert!(!results.is_empty() && results.len().is_multiple_of(2));
    let (first, second) = results.split_at(results.len() / 2);
    assert_eq!(first, second);
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()));
        let place = &result["locations"][0]["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().unwrap();
        assert_eq!(uri, format!("file://{path}"));
        let at = |key: &str| place["region"][key].as_u64().unwrap();
        assert!((1, 1) <= (at("startLine"), at("startColumn")));
        assert!((at("startLine"), at("startColumn")) <= (at("endLine"), at("endColumn")));
    }
    for rule in rules {
        for text in [&rule["shortDescription"]["text"], &rule["help"]["text"]] {
            assert!(!text.as_str().unwrap().is_empty());
        }
    }
    let clean = good_json(&["check", TINY, "--format", "sarif"]);
    assert_eq!(clean["runs"][0]["results"], json!([]));
    assert_eq!(enasc(&["count", TINY, "--format", "sarif"]).code, Some(2));
}

// ---- rank and enumerate

#[test]
fn numbers_and_architectures_are_each_others_way_back() {
    let list = good(&["enumerate", TINY]);
    let lines: Vec<&str> = list.lines().collect();
    assert_eq!(lines.len(), 8);
    for (number, line) in lines.iter().enumerate() {
        let number = number.to_string();
        assert_eq!(good(&["rank", TINY, "--arch", line]), format!("{number}\n"));
        let line = format!("{line}\n");
        assert_eq!(good(&["sample", TINY, "--index", &number]), line);
    }
    assert_eq!(
        good(&["enumerate", TINY, "--limit", "2"]),
        format!("{}\n{}\n", lines[0], lines[1])
    );
    assert_eq!(
        bad(&["sample", TINY, "--index", "8"]),
        "error: there is no architecture 8: those of tiny have the numbers 0 to 7\n"
    );
    let large = "spaces/enas_macro.enas";
    assert!(bad(&["enumerate", large]).contains("--limit"));
    let big = "160618186625454535808756219903";
    let last = good(&["sample", large, "--index", big]);
    assert_eq!(good(&["rank", large, "--arch", &last]), format!("{big}\n"));
    let uniform = good(&["sample", large, "--uniform", "-n", "3"]);
    assert_eq!(uniform.lines().count(), 3);
    let layers = ["--set", "layers=200"];
    let line = good(&[&["sample", large, "--uniform"], &layers[..]].concat());
    let rank = good(&[&["rank", large, "--arch", line.trim_end()], &layers[..]].concat());
    assert!(rank.len() > 6000);
    // An operation for each of 200 layers, and a bit for each of 199 * 200 / 2 skips.
    let count = good(&[&["count", large], &layers[..]].concat());
    let expected = num_bigint::BigUint::from(6u8).pow(200) << (199 * 200 / 2);
    assert_eq!(count, format!("{expected}\n"));
    let picture = good(
        &[
            &["graph", large, "--format", "svg", "--arch", line.trim_end()],
            &layers[..],
        ]
        .concat(),
    );
    assert!(picture.starts_with("<svg") && picture.trim_end().ends_with("</svg>"));
    assert!(picture.contains("h[200]"));
}

#[test]
fn counts_are_explained() {
    assert_eq!(
        good(&["count", TINY, "--explain"]),
        "h[1]: f 2 · skips 1 = 2\n\
         h[2]: f 2 · skips 2 = 4\n\
         total: 8\n\
         exact: the decisions are independent\n"
    );
    let text = "
        space s {
          input  x: [8, 6, 6]
          output y: [3]
          let base = choose { relu, tanh }
          x = base(x)
          x = choose { plain: x, deep: choose { conv(3), conv(5), relu }(x) }
          y = x |> gap |> linear(3)
        }";
    let (_folder, path) = file_with(text.as_bytes());
    assert_eq!(
        good(&["count", &path, "--explain"]),
        "base 2\n\
         together: x, x.deep = 4\n\
         total: 8\n\
         exact: by a diagram of 5 nodes\n"
    );
}

#[test]
fn ranges_name_who_has_the_least_and_the_most() {
    let value = good_json(&["stats", TINY, "--range", "--format", "json"]);
    for metric in ["parameters", "flops", "activations"] {
        let range = &value[metric];
        assert_eq!(range["exact"], json!(true));
        for (end, who) in [("min", "least"), ("max", "greatest")] {
            let who = range[who].as_str().unwrap();
            let of_one = good_json(&["stats", TINY, "--arch", who, "--format", "json"]);
            assert_eq!(of_one[metric], range[end], "{metric}: {who}");
        }
    }
    assert!(good(&["stats", TINY, "--range"]).contains("\nparameters              120    1 304\n"));
}

#[test]
fn networks_that_are_the_same_are_counted_once() {
    assert_eq!(good(&["count", TINY, "--unique"]), "8\n");
    let set = ["--set", "n=3", "--format", "json"];
    let value = good_json(&[&["count", "spaces/enas_rnn.enas", "--unique"], &set[..]].concat());
    assert_eq!(
        (&value["count"], &value["unique"]),
        (&json!("128"), &json!("104"))
    );
    // Of more than ten million, an estimate: here no two are the same.
    let candidates = ["relu", "tanh", "gelu", "silu"].map(|f| format!("{f}: {f}"));
    let text = format!(
        "space s {{ input x: [2] output y: [2]\n ops F = {{ {} }}\n for i in 0..12 {{ x = choose F(x) }}\n y = x }}",
        candidates.join(", ")
    );
    let (_folder, path) = file_with(text.as_bytes());
    let value = good_json(&["count", &path, "--unique", "--format", "json"]);
    assert_eq!(
        (&value["count"], &value["unique"]),
        (&json!("16777216"), &json!("16777216"))
    );
    assert_eq!(value["unique_how"]["method"], json!("estimate"));
    let why = bad(&["count", "spaces/einspace_small.enas", "--unique"]);
    assert!(why.contains("cannot be estimated: a network can be built in too many ways"));
}

// ---- recipe

#[test]
fn recipes_are_listed_shown_with_their_sources_and_resolved() {
    let list = good(&["recipe", "list"]);
    assert!(
        list.contains("enas-macro-paper      The paper: macro search on CIFAR-10"),
        "{list}"
    );
    assert_eq!(list.lines().count(), 7);
    let text = good(&["recipe", "show", "enas-micro-official"]);
    assert!(
        text.contains("tanh = 1.1                      # S\n"),
        "{text}"
    );
    let changed = [
        "recipe",
        "show",
        "enas-micro-official",
        "--with",
        "retrain.epochs=3",
    ];
    let all = good(&changed);
    assert!(
        all.contains("[retrain]\nepochs = 3\nbatch = 144\n"),
        "{all}"
    );
    // What is printed is a recipe.
    let (_folder, path) = file_with(all.as_bytes());
    assert_eq!(good(&["recipe", "show", &path, "--resolved"]), all);
}

#[test]
fn a_mistake_in_a_recipe_is_told_with_its_line() {
    let (_folder, path) = file_with(b"[shared]\nepochs = 2\nbach = 64\n");
    assert_eq!(
        bad(&["recipe", "show", &path]),
        format!(
            "error: {path}:3: there is no hyperparameter `shared.bach`; did you mean `batch`?\n"
        )
    );
    assert_eq!(
        bad(&["recipe", "show", "enas-micro-oficial"]),
        "error: there is no recipe `enas-micro-oficial`; did you mean `enas-micro-official`?\n"
    );
}

//! Architectures in words: all shipped spaces, and what a few look like.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use enasc::decision::sample;
use enasc::graph::describe::{Body, Part, describe};
use enasc::graph::{Supergraph, select};
use enasc::{Options, SearchSpace, compile};
use rand::SeedableRng as _;

/// Operations that a description must have as often as the network.
const COUNTED: [&str; 13] = [
    "conv",
    "depthwise",
    "conv1d",
    "linear",
    "bn",
    "max_pool",
    "avg_pool",
    "relu",
    "tanh",
    "sigmoid",
    "split",
    "embed",
    "extern",
];

type Counts = BTreeMap<&'static str, usize>;

fn spaces() -> Vec<SearchSpace> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["spaces", "spaces/templates"] {
        let entries = std::fs::read_dir(root.join(folder)).unwrap();
        files.extend(entries.map(|entry| entry.unwrap().path()));
    }
    files.retain(|path| path.extension().is_some_and(|ending| ending == "enas"));
    files.sort();
    let compiled = |path: std::path::PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        compile(&path.display().to_string(), &text, &Options::default()).spaces
    };
    files.into_iter().flat_map(compiled).collect()
}

fn counted(op: &str) -> Option<&'static str> {
    let first = op.split(' ').next().unwrap();
    COUNTED.into_iter().find(|name| *name == first)
}

/// What is called in an expression: the words before its brackets.
fn called(value: &str) -> Vec<&str> {
    let pieces: Vec<&str> = value.split_inclusive('(').collect();
    let calls = pieces.iter().filter_map(|piece| piece.strip_suffix('('));
    calls
        .map(|before| {
            let from = [", ", ") ", "+ ", "* ", "- "];
            let start = from
                .iter()
                .filter_map(|mark| Some(before.rfind(mark)? + mark.len()));
            before[start.max().unwrap_or(0)..].trim()
        })
        .filter(|name| !name.is_empty())
        .collect()
}

fn add(of: &str, parts: &BTreeMap<&str, &Part>, counts: &mut Counts) {
    let name = of.strip_prefix("scan ").unwrap_or(of);
    let Some(part) = parts.get(name) else {
        if let Some(op) = counted(name) {
            *counts.entry(op).or_default() += 1;
        }
        return;
    };
    match &part.body {
        Body::Chain(steps) => steps.iter().for_each(|step| add(step, parts, counts)),
        Body::Lines(lines) => {
            for line in lines {
                for name in called(&line.value) {
                    add(name, parts, counts);
                }
            }
        }
    }
}

fn of_network(
    graph: &Supergraph,
    space: &SearchSpace,
    chosen: &enasc::decision::Architecture,
) -> Counts {
    let child = select(graph, &space.decisions, chosen);
    let mut counts = Counts::new();
    for (region, seen) in graph.regions.iter().zip(&child.regions) {
        for step in &seen.steps {
            let node = region.graph.node_weight(step.node).unwrap();
            if let Some(op) = counted(&node.op_of(step.form).to_string()) {
                *counts.entry(op).or_default() += 1;
            }
        }
    }
    counts
}

/// Every operation is told once for each time that it is computed, and every part by the
/// name that it has.
#[test]
fn descriptions_tell_every_operation_of_every_shipped_space() {
    let spaces = spaces();
    assert!(spaces.len() > 30);
    for space in &spaces {
        for seed in 0..2 {
            let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
            let chosen = sample(&space.decisions, &mut rng).unwrap();
            let parts = describe(&space.graph, &space.decisions, &space.name, &chosen);
            let by_name: BTreeMap<&str, &Part> = parts
                .iter()
                .skip(1)
                .map(|part| (part.name.as_str(), part))
                .collect();
            assert_eq!(
                by_name.len(),
                parts.len() - 1,
                "{}: two of a name",
                space.name
            );
            let mut told = Counts::new();
            let Body::Lines(lines) = &parts[0].body else {
                panic!("{} is no list of lines", space.name);
            };
            for name in lines.iter().flat_map(|line| called(&line.value)) {
                add(name, &by_name, &mut told);
            }
            assert_eq!(
                told,
                of_network(&space.graph, space, &chosen),
                "{}",
                space.name
            );
            for part in &parts {
                let Body::Lines(lines) = &part.body else {
                    continue;
                };
                let mut names: BTreeSet<&str> = part.inputs.iter().map(String::as_str).collect();
                for line in lines {
                    assert!(
                        names.insert(&line.name),
                        "{}: {} twice",
                        space.name,
                        line.name
                    );
                    assert!(!line.value.contains(['?', '\u{1}']), "{}", line.value);
                }
            }
        }
    }
}

fn enasc(args: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_enasc"))
        .args(args)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(err, "", "{args:?}");
    let out = String::from_utf8(output.stdout).unwrap();
    (output.status.code().unwrap(), out)
}

#[test]
fn a_macro_network_is_a_line_a_layer() {
    let arch = "h[1].f=max3 h[1].skips={} h[2].f=conv3 h[2].skips={0}";
    let (_, text) = enasc(&["describe", "spaces/tiny.enas", "--arch", arch]);
    let (_, words) = text.split_once("\n\n").unwrap();
    assert_eq!(
        words,
        "decisions
  h[1].f      max3
  h[1].skips  none
  h[2].f      conv3
  h[2].skips  h[0]

tiny(x)
  h[0] = conv_bn(x)  [8, 12, 12]
  h[1] = max3(h[0])  [8, 12, 12]
  h[2] = conv3(h[1]) + h[0]  [8, 12, 12]  (loose end)
  y    = head(h[2])  [4]

conv_bn(a): conv 3x3, bn

max3(a): max_pool 3x3

conv3(a): relu, conv 3x3, bn

head(a): relu, gap, drop head, linear
"
    );
}

#[test]
fn the_recurrent_cell_of_the_paper_is_as_its_figure() {
    // Figure 1 of the paper, with 4 nodes: tanh; relu of 0; relu of 1; tanh of 0.
    let arch = "Cell.f0=tanh Cell.h[1].p=0 Cell.h[1].f=relu Cell.h[2].p=1 Cell.h[2].f=relu \
                Cell.h[3].p=0 Cell.h[3].f=tanh";
    let file = "spaces/enas_rnn.enas";
    let (_, text) = enasc(&["describe", file, "--set", "n=4", "--arch", arch]);
    for line in [
        "  logits = linear(drop o(scan step(embed(tokens))))  [10000]",
        "  next state = Cell(x, state)  [720]",
        "  h[2]    = highway(h[1], split 2 of 2(h[2].bn), relu(split 1 of 2(h[2].bn)))  (loose end)",
        "  h[3]    = highway(h[0], split 2 of 2(h[3].bn), tanh(split 1 of 2(h[3].bn)))  (loose end)",
        "  result  = bn(mean(h[2], h[3]))",
        "  result = a + sigmoid(b) * (c - a)",
    ] {
        assert!(text.lines().any(|known| known == line), "no {line}\n{text}");
    }
    assert_eq!(text.matches("loose end").count(), 2);
}

#[test]
fn cells_are_told_once_for_all_their_instances() {
    let file = "spaces/enas_micro.enas";
    let (_, line) = enasc(&["sample", file, "--seed", "3"]);
    let (_, text) = enasc(&["describe", file, "--arch", line.trim()]);
    for line in [
        "  l=0.normal            = normal(conv_bn)  [20, 32, 32]",
        "  l=7.normal            = normal.3(l=5.reduce, l=6.normal)  [80, 8, 8]",
        "  y                     = head(l=7.normal)  [10]",
        "  t[2]   = max3(t[0]) + sep3(t[1])",
        "sep3(a): relu, depthwise 3x3, conv 1x1, bn, relu, depthwise 3x3, conv 1x1, bn",
    ] {
        assert!(text.lines().any(|known| known == line), "no {line}\n{text}");
    }
}

// ---- diff

const ONE: &str = "h[1].f=max3 h[1].skips={} h[2].f=conv3 h[2].skips={0}";
const OTHER: &str = "h[1].f=conv3 h[1].skips={} h[2].f=conv3 h[2].skips={}";

#[test]
fn architectures_differ_decision_by_decision_and_in_cost() {
    let file = "spaces/tiny.enas";
    let (code, text) = enasc(&["diff", file, ONE, OTHER]);
    assert_eq!(code, 0);
    assert_eq!(
        text,
        "tiny: 2 of 4 decisions differ
  h[1].f      max3 -> conv3
  h[2].skips  h[0] -> none

parameters      712 ->   1 304  +592 (+83.1 %)
FLOPs        93 344 -> 176 288  +82 944 (+88.9 %)
activations  12 692 ->  14 996  +2 304 (+18.2 %)
nodes            15 ->      17  +2 (+13.3 %)
edges            15 ->      16  +1 (+6.7 %)
depth            12 ->      14  +2 (+16.7 %)
FLOPs and activations per example
"
    );
    // As diff does, if it is asked to.
    assert_eq!(enasc(&["diff", file, ONE, OTHER, "--exit-code"]).0, 1);
    let same = enasc(&["diff", file, ONE, ONE, "--exit-code"]);
    assert_eq!(same, (0, "tiny: the same architecture\n".to_owned()));
}

#[test]
fn architectures_that_compute_the_same_are_told_so() {
    let file = "spaces/enas_rnn.enas";
    // Both nodes read node 0, one by tanh and one by relu: which is which is no matter.
    let line = |f1: &str, f2: &str| {
        format!("Cell.f0=tanh Cell.h[1].p=0 Cell.h[1].f={f1} Cell.h[2].p=0 Cell.h[2].f={f2}")
    };
    let (one, other) = (line("tanh", "relu"), line("relu", "tanh"));
    let same = "both compute the same network";
    let args = ["diff", file, "--set", "n=3", &one, &other];
    let (_, text) = enasc(&args);
    assert!(
        text.contains(same) && text.contains("2 of 5 decisions differ"),
        "{text}"
    );
    let (_, text) = enasc(&["diff", "spaces/tiny.enas", ONE, OTHER]);
    assert!(!text.contains(same), "{text}");
}

#[test]
fn spaces_differ_in_parameters_decisions_and_sizes() {
    let file = "spaces/tiny.enas";
    let (code, text) = enasc(&["diff", file, file, "--exit-code"]);
    assert_eq!(
        (code, text.as_str()),
        (0, "tiny and tiny: the same decisions and costs\n")
    );
    let (code, text) = enasc(&["diff", file, file, "--other-set", "width=16", "--exit-code"]);
    assert_eq!(code, 1);
    assert!(
        text.contains("\nparameters of the space\n  width  8 -> 16\n"),
        "{text}"
    );
    assert!(
        text.contains("\nparameters     1 304 ->   4 912  +3 608 (+276.7 %)\n"),
        "{text}"
    );
    let file = "spaces/enas_macro.enas";
    let (_, text) = enasc(&[
        "diff",
        file,
        file,
        "--set",
        "layers=3",
        "--other-set",
        "layers=4",
    ]);
    assert!(text.contains("\narchitectures 1 728 -> 82 944\n"), "{text}");
    let new = "\n  h[4].f      (not there) -> one of {";
    assert!(text.contains(new), "{text}");
    // A hint that adds nothing is none, and a zero has no sign.
    let (_, text) = enasc(&[
        "diff",
        "spaces/enas_micro.enas",
        "spaces/enas_micro_final.enas",
    ]);
    assert!(
        text.contains("normal.t[2].f") && !text.contains("reduce."),
        "{text}"
    );
    assert!(!text.contains("-0.0"), "{text}");
}

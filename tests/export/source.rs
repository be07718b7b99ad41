//! What is written, and what is refused.
//!
//! The Python files beside this one are exported networks, to be read: `UPDATE_EXPECT=1`
//! writes them anew.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use enasc::SearchSpace;
use enasc::decision::sample;
use enasc::export::{Format, Subject, Weights, export};
use enasc::recipe::SearchConfig;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

#[cfg(not(feature = "torch"))]
use super::shipped;
use super::{root, spaces};

fn space(name: &str, set: &[(&str, &str)]) -> SearchSpace {
    let file = root().join("spaces").join(format!("{name}.enas"));
    spaces(&file, set).remove(0)
}

fn exported(space: &SearchSpace, format: Format) -> Vec<u8> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let architecture = sample(&space.decisions, &mut rng).unwrap();
    let subject = Subject {
        space,
        architecture: &architecture,
    };
    let config = SearchConfig::of(space.graph.task);
    let weights = Weights::fresh(config.retrain.model, 0);
    export(&subject, &weights, format).unwrap().main
}

#[track_caller]
fn check(name: &str, set: &[(&str, &str)]) {
    let space = space(name, set);
    let source = exported(&space, Format::Pytorch);
    assert_eq!(
        source,
        exported(&space, Format::Pytorch),
        "it differs each time"
    );
    let source = String::from_utf8(source).unwrap();
    let expected = root().join("tests/export").join(format!("{name}.py"));
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&expected, &source).unwrap();
    }
    let expected = fs::read_to_string(&expected).unwrap_or_default();
    assert!(
        source == expected,
        "{}\nUPDATE_EXPECT=1 accepts it",
        similar::TextDiff::from_lines(&expected, &source).unified_diff()
    );
    let long = |line: &&str| line.chars().count() > 88;
    assert_eq!(source.lines().filter(long).collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn the_micro_network_reads_as_if_a_person_had_written_it() {
    check(
        "enas_micro",
        &[("layers", "6"), ("width", "8"), ("size", "16")],
    );
}

#[test]
fn the_macro_network_reads_as_if_a_person_had_written_it() {
    check(
        "enas_macro",
        &[("layers", "6"), ("width", "8"), ("size", "16")],
    );
}

#[test]
fn rounds_that_are_alike_are_a_sequence() {
    check("nasbench201", &[("n", "3"), ("c", "8"), ("size", "16")]);
}

#[test]
fn the_recurrent_network_reads_as_if_a_person_had_written_it() {
    check("enas_rnn", &[("n", "5"), ("width", "16"), ("vocab", "50")]);
}

#[test]
fn names_of_weights_are_those_of_the_parts_of_the_module() {
    let space = space("tiny", &[]);
    let file = exported(&space, Format::Safetensors);
    let source = String::from_utf8(exported(&space, Format::Pytorch)).unwrap();
    let tensors = safetensors::SafeTensors::deserialize(&file).unwrap();
    assert!(tensors.names().len() > 5);
    for name in tensors.names() {
        for part in name.split('.').rev().skip(1) {
            assert!(source.contains(&format!("self.{part} = ")), "{name}");
        }
    }
    // The same bytes, though the file has tables.
    assert_eq!(file, exported(&space, Format::Safetensors));
    assert_eq!(
        exported(&space, Format::Onnx),
        exported(&space, Format::Onnx)
    );
}

// With libtorch they are compared with the model.
#[cfg(not(feature = "torch"))]
#[test]
fn shipped_spaces_are_written_as_python() {
    let folder = tempfile::tempdir().unwrap();
    let mut n = 0;
    // To draw the weights of the largest takes long.
    let small = |space: &SearchSpace| space.graph.params.total() < 1_000_000;
    for space in shipped().filter(small) {
        let source = exported(&space, Format::Pytorch);
        fs::write(folder.path().join(format!("{n}.py")), source).unwrap();
        n += 1;
    }
    // `make setup` needs a Python, so there is one; it compiles them and runs none.
    let output = Command::new("python3")
        .args(["-m", "compileall", "-q"])
        .arg(folder.path())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    assert!(n > 15, "{n}");
}

fn enasc(folder: &Path, words: &str) -> Output {
    let root = root().display().to_string();
    Command::new(env!("CARGO_BIN_EXE_enasc"))
        .args(
            words
                .replace("spaces/", &format!("{root}/spaces/"))
                .split(' '),
        )
        .current_dir(folder)
        .output()
        .unwrap()
}

#[test]
fn files_are_written_where_they_are_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let sampled = enasc(folder, "sample spaces/tiny.enas --seed 3");
    fs::write(folder.join("arch"), sampled.stdout).unwrap();
    for (to, files) in [
        ("pytorch", &["a.py", "a.safetensors"][..]),
        ("onnx", &["b.onnx"]),
        ("safetensors", &["c.safetensors"]),
        ("json", &["d.json"]),
    ] {
        let command = format!(
            "export spaces/tiny.enas --arch arch --to {to} -o {}",
            files[0]
        );
        let output = enasc(folder, &command);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        for file in files {
            assert!(fs::metadata(folder.join(file)).unwrap().len() > 0, "{file}");
        }
    }
    let read = |name: &str| fs::read(folder.join(name)).unwrap();
    assert_eq!(read("a.safetensors"), read("c.safetensors"));
    let graph = enasc(folder, "graph spaces/tiny.enas --arch arch --format json");
    assert_eq!(graph.stdout, read("d.json"));
    let shown = enasc(folder, "export spaces/tiny.enas --arch arch --to json -o -");
    assert_eq!(shown.stdout, graph.stdout);
    let refused = enasc(folder, "export spaces/tiny.enas --arch arch --to onnx -o -");
    assert_eq!(
        String::from_utf8(refused.stderr).unwrap(),
        "error: a network with its weights is written to a file, not to standard output: name one with -o\n"
    );
}

#[test]
fn operations_that_only_have_a_cost_are_drawn_and_not_run() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let sampled = enasc(folder, "sample spaces/nasbench_graph.enas --seed 1");
    fs::write(folder.join("arch"), sampled.stdout).unwrap();
    let command = "export spaces/nasbench_graph.enas --arch arch -o x --to";
    let refused = enasc(folder, &format!("{command} onnx"));
    let message = String::from_utf8(refused.stderr).unwrap();
    assert!(
        message.starts_with("error: the network uses `"),
        "{message}"
    );
    assert!(
        message.ends_with("so it can be exported to json alone\n"),
        "{message}"
    );
    assert!(!folder.join("x").exists());
    assert!(enasc(folder, &format!("{command} json")).status.success());
}

//! The page of the shipped spaces is true: each is there, with its source and its exact
//! size. Networks that papers print cost what these say.

use std::collections::BTreeSet;
use std::path::Path;

use enasc::decision::{Architecture, Count, Diagram};
use enasc::encoding::{Encoding, import};
use enasc::graph::{cost, select, unique};
use enasc::{Compilation, Options, compile};
use num_bigint::BigUint;

use crate::golden::space_with;

/// A row of the table of docs/spaces.md.
struct Row {
    file: String,
    space: String,
    source: String,
    size: String,
}

fn rows() -> Vec<Row> {
    let page = std::fs::read_to_string(root().join("docs/spaces.md")).unwrap();
    let row = |line: &str| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, file, space, source, _, size, _, _] = cells[..] else {
            panic!("{line}");
        };
        Row {
            file: file.replace('`', ""),
            space: space.replace('`', ""),
            source: source.to_owned(),
            size: size.replace(' ', ""),
        }
    };
    let lines = page.lines().filter(|line| line.starts_with("| `"));
    lines.map(row).collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn shipped(file: &str) -> (String, Compilation) {
    let text = std::fs::read_to_string(root().join("spaces").join(file)).unwrap();
    let compiled = compile(file, &text, &Options::default());
    (text, compiled)
}

#[test]
fn every_shipped_space_is_on_its_page_with_its_source_and_exact_size() {
    let rows = rows();
    let listed: BTreeSet<String> = rows.iter().map(|row| row.file.clone()).collect();
    let files: BTreeSet<String> = std::fs::read_dir(root().join("spaces"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| Path::new(name).extension().is_some_and(|e| e == "enas"))
        .collect();
    assert_eq!(listed, files);
    for file in &files {
        let (text, compiled) = shipped(file);
        assert_eq!(compiled.diagnostics, [], "{file}");
        let rows: Vec<&Row> = rows.iter().filter(|row| row.file == *file).collect();
        let names: Vec<&str> = compiled.spaces.iter().map(|s| s.name.as_str()).collect();
        let expected: Vec<&str> = rows.iter().map(|row| row.space.as_str()).collect();
        assert_eq!(names, expected, "{file}");
        for (row, space) in rows.iter().zip(&compiled.spaces) {
            let count = Count::of(&space.decisions);
            assert!(count.is_exact(), "{}", row.space);
            assert_eq!(count.value.to_string(), row.size, "{}", row.space);
            assert!(text.contains(&row.source), "{file} names {}", row.source);
        }
    }
}

/// The networks of the authors' configuration files, and the millions of parameters in
/// the abstract of arXiv:2107.00651.
#[test]
fn the_autoformers_have_the_parameters_of_their_paper() {
    let (_, compiled) = shipped("autoformer.enas");
    for (name, width, heads, ratios, expected) in [
        (
            "autoformer_small",
            384,
            "6 6 5 7 5 5 5 6 6 7 7 6 7",
            "3 3.5 3 3.5 4 4 4 4 4 4 4 3.5 4",
            "22.9",
        ),
        (
            "autoformer_base",
            576,
            "9 9 9 9 9 10 9 9 10 9 10 9 9 10",
            "3.5 3.5 4 3.5 4 3.5 3.5 3 4 4 3 4 3 3.5",
            "53.7",
        ),
    ] {
        let layers = heads.split(' ').zip(ratios.split(' ')).enumerate();
        let layers: Vec<String> = layers
            .map(|(i, (n, ratio))| format!("i={i}.layer.n={n} i={i}.layer.ratio={ratio}"))
            .collect();
        let line = format!("width={width} depth={} {}", layers.len(), layers.join(" "));
        let space = compiled.spaces.iter().find(|s| s.name == name).unwrap();
        let architecture = Architecture::parse(&line, &space.decisions, name).unwrap();
        let child = select(&space.graph, &space.decisions, &architecture);
        let parameters = cost::child(&space.graph, &child).parameters;
        assert_eq!(
            format!("{:.1}", parameters as f64 / 1e6),
            expected,
            "{name}"
        );
    }
}

/// The architecture of the authors' `ptb_final.sh`, then of `cifar10_macro_final.sh` and
/// `cifar10_micro_final.sh`.
const RECURRENT: &str = "0 0 0 1 1 2 1 2 0 2 0 5 1 1 0 6 1 8 1 8 1 8 1";
const MACRO: &str = "0 \
    3 0 \
    0 1 0 \
    2 0 0 1 \
    2 0 0 0 0 \
    3 1 1 0 1 0 \
    2 0 0 0 0 0 1 \
    2 0 1 1 0 1 1 1 \
    1 0 1 1 1 0 1 0 1 \
    0 0 0 0 0 0 0 0 0 0 \
    2 0 0 0 0 0 1 0 0 0 0 \
    0 1 0 0 1 1 0 0 0 0 1 1 \
    2 0 1 0 0 0 0 0 1 0 1 1 0 \
    1 0 0 1 0 0 0 1 1 1 0 1 0 1 \
    0 1 1 0 1 0 1 0 0 0 0 0 1 0 0 \
    2 0 0 1 0 0 0 0 0 0 0 1 0 1 0 1 \
    2 0 1 0 0 0 1 0 0 1 1 1 1 0 0 1 0 \
    2 0 0 0 0 1 0 1 0 1 0 0 1 0 1 0 0 1 \
    3 0 1 1 0 1 0 0 0 0 0 1 0 1 0 1 0 0 0 \
    3 0 1 1 0 0 0 0 0 0 0 0 0 1 1 0 0 0 0 1 \
    0 1 0 0 1 0 1 1 0 0 0 1 0 0 0 0 0 1 1 0 0 \
    3 0 1 0 1 1 0 0 1 0 1 1 0 1 1 0 1 0 0 1 0 0 \
    0 1 0 1 0 1 0 0 0 0 0 0 0 0 1 0 1 0 0 1 0 0 0 \
    0 1 1 0 0 0 1 1 1 0 1 0 0 0 1 0 1 0 0 1 1 0 0 0";
const MICRO: &str = "0 2 0 0 0 4 0 1 0 4 1 1 1 0 0 1 0 2 1 1 \
    1 0 1 0 0 3 0 2 1 1 3 1 1 0 0 4 0 3 1 1";

#[test]
fn the_authors_networks_have_the_parameters_that_their_pages_say() {
    let file = |name: &str| std::fs::read_to_string(root().join("spaces").join(name)).unwrap();
    // The second head of the micro network: 1x1 from five loose ends of 144 channels, 2x2,
    // two batch norms and the classes.
    let head = 5 * 144 * 128 + 2 * 128 + 2 * 2 * 128 * 768 + 2 * 768 + 768 * 10;
    for (name, architecture, set, expected) in [
        (
            "enas_rnn",
            RECURRENT,
            vec![],
            10_000 * 748 + (4 + 2 * 11) * 748 * 748,
        ),
        ("enas_macro", MACRO, vec![("layers", "24")], 30_947_424),
        (
            "enas_macro",
            MACRO,
            vec![("layers", "24"), ("separable", "false")],
            42_559_392,
        ),
        ("enas_micro", MICRO, vec![], 3_894_372 + head),
        (
            "enas_micro",
            MICRO,
            vec![("layers", "18")],
            4_587_372 + head,
        ),
    ] {
        let last = space_with(&file(&format!("{name}_final.enas")), &set);
        // What was searched can be trained: the decisions are the same.
        let set = &set[..set.len().min(1)];
        let searched = space_with(&file(&format!("{name}.enas")), set);
        assert_eq!(last.decisions.hash(), searched.decisions.hash(), "{name}");
        let architecture = import(Encoding::Enas, architecture, &last.decisions).unwrap();
        let child = select(&last.graph, &last.decisions, &architecture);
        let parameters = cost::child(&last.graph, &child).parameters;
        assert_eq!(parameters, expected, "{name}");
        #[cfg(feature = "torch")]
        built(enasc::graph::alone(&last.graph, &child), &child, expected);
    }
}

/// The network in libtorch at its full size, and what it says of two images, or of a text of
/// three words.
#[cfg(feature = "torch")]
fn built(graph: enasc::graph::Supergraph, child: &enasc::graph::Child, parameters: u64) {
    use enasc::graph::Task;
    use enasc::model::{Mode, ModelConfig, SharedModel};
    use tch::{Device, Kind, Tensor};

    let is_text = matches!(graph.task, Task::LanguageModel { .. });
    let mut model = SharedModel::new(
        std::sync::Arc::new(graph),
        ModelConfig::default(),
        1,
        Device::Cpu,
    );
    let trained = model.trained(child).unwrap();
    let numbers: usize = trained.iter().map(|(_, tensor)| tensor.numel()).sum();
    assert_eq!(numbers as u64, parameters);
    let (input, expected) = if is_text {
        (
            Tensor::from_slice(&[3i64, 1, 7]).view([3, 1]),
            vec![3, 1, 10_000],
        )
    } else {
        let sizes = [2, 3, 32, 32];
        (
            Tensor::zeros(sizes, (Kind::Float, Device::Cpu)),
            vec![2, 10],
        )
    };
    let outputs = model.forward(child, &[input], Mode::Eval).unwrap();
    assert_eq!(outputs[0].size(), expected);
    assert!(bool::try_from(outputs[0].isfinite().all()).unwrap());
}

fn unique_of(text: &str, set: &[(&str, &str)]) -> Count {
    let space = space_with(text, set);
    let diagram = Diagram::of(&space.decisions).unwrap();
    let found = unique::count(&space.graph, &space.decisions, &diagram, 0);
    found.unwrap().unwrap()
}

/// The cells of NAS-Bench-101 by their number of vertices are 1, 6, 84, 2 441, 62 010 and
/// 359 082, together 423 624 (arXiv:1902.09635).
fn cells_of_nasbench101(vertices: u32) -> Count {
    let (text, _) = shipped("nasbench101.enas");
    let fewer = text.replace("choose 2..=7", &format!("choose 2..={vertices}"));
    let one_cell = [
        ("stacks", "1"),
        ("repeats", "1"),
        ("width", "4"),
        ("size", "8"),
    ];
    unique_of(&fewer, &one_cell)
}

#[test]
fn networks_that_differ_are_as_many_as_published() {
    for (vertices, published) in [(3, 1 + 6), (4, 1 + 6 + 84), (5, 1 + 6 + 84 + 2441)] {
        let found = cells_of_nasbench101(vertices);
        assert!(found.is_exact());
        assert_eq!(found.value, BigUint::from(published as u32), "{vertices}");
    }
}

#[test]
#[cfg_attr(debug_assertions, ignore = "takes minutes without optimization")]
fn all_cells_of_nasbench101_are_as_many_as_published() {
    assert_eq!(cells_of_nasbench101(7).value, 423_624u32.into());
}

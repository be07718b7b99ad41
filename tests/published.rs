//! The page of the shipped spaces is true: each is there, with its source and its exact
//! size. Networks that papers print cost what these say.

use std::collections::BTreeSet;
use std::path::Path;

use enasc::decision::{Architecture, Count};
use enasc::graph::{cost, select};
use enasc::{Compilation, Options, compile};

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

//! How long the stages of the compiler take:
//! `cargo bench --no-default-features --bench compile`.

// The configuration of clippy allows these in tests alone.
#![expect(clippy::expect_used, reason = "a benchmark fails by a panic")]

#[path = "../tests/long_files.rs"]
mod long_files;

use std::sync::LazyLock;

use divan::Bencher;
use enasc::decision::Count;
use enasc::diagnostic::Diagnostics;
use enasc::source::SourceMap;
use enasc::{Options, compile, hir, syntax, unroll};

/// Names and texts: shipped spaces, and the long files.
static TEXTS: LazyLock<Vec<(&str, String)>> = LazyLock::new(|| {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let shipped = ["enas_micro", "darts_cnn", "hierarchical"].map(|name| {
        let file = root.join(format!("spaces/{name}.enas"));
        let text = std::fs::read_to_string(file).expect("the space ships with the program");
        (name, text)
    });
    let long = long_files::SHAPES.iter();
    let long = long.map(|(name, text)| (*name, text(10_000)));
    shipped.into_iter().chain(long).collect()
});

const NAMES: [&str; 10] = [
    "enas_micro",
    "darts_cnn",
    "hierarchical",
    "chain",
    "blocks",
    "decisions",
    "calls",
    "conditions",
    "names",
    "nodes",
];

fn text(name: &str) -> &'static str {
    let found = TEXTS.iter().find(|(known, _)| *known == name);
    found.map(|(_, text)| text.as_str()).expect("a known name")
}

/// A text, ready to be parsed.
fn source(name: &str) -> SourceMap {
    let mut sources = SourceMap::default();
    sources.add(name, text(name));
    sources
}

fn parsed(sources: &SourceMap) -> syntax::ast::File {
    let file = sources.get(enasc::span::SourceId::default());
    syntax::parse(file.expect("it was added"), &mut Diagnostics::default())
}

fn lowered(sources: &mut SourceMap) -> hir::Space {
    let file = parsed(sources);
    let mut diagnostics = Diagnostics::default();
    let modules = hir::load(&file, None, sources, &mut diagnostics);
    let name = hir::spaces(&file).next().expect("it has a space");
    hir::lower(&file, &name.name, &modules, &mut diagnostics).expect("it has this space")
}

#[divan::bench(args = NAMES, max_time = 3)]
fn parse(bencher: Bencher, name: &str) {
    let sources = source(name);
    bencher.bench(|| parsed(&sources));
}

/// The parse of the modules that it uses is part of it.
#[divan::bench(args = NAMES, max_time = 3)]
fn lower(bencher: Bencher, name: &str) {
    let sources = source(name);
    let file = parsed(&sources);
    bencher
        .with_inputs(|| sources.clone())
        .bench_values(|mut sources| {
            let mut diagnostics = Diagnostics::default();
            let modules = hir::load(&file, None, &mut sources, &mut diagnostics);
            let name = hir::spaces(&file).next().expect("it has a space");
            hir::lower(&file, &name.name, &modules, &mut diagnostics)
        });
}

#[divan::bench(args = NAMES, max_time = 3)]
fn unroll(bencher: Bencher, name: &str) {
    let space = lowered(&mut source(name));
    bencher.bench(|| {
        unroll::unroll(
            &space,
            &unroll::Settings::default(),
            &mut { unroll::STEP_BUDGET },
            &mut Diagnostics::default(),
        )
    });
}

/// All that `enasc check` does.
#[divan::bench(args = NAMES, max_time = 3)]
fn check(bencher: Bencher, name: &str) {
    bencher.bench(|| {
        let compiled = compile(name, text(name), &Options::default());
        let counts = compiled.spaces.iter();
        counts
            .map(|space| Count::quick(&space.decisions))
            .collect::<Vec<_>>()
    });
}

fn main() {
    divan::main();
}

//! Exported networks: their source, and that they compute what the model computes.

#[cfg(feature = "torch")]
mod compared;
mod source;

use std::fs;
use std::path::{Path, PathBuf};

use enasc::unroll::Settings;
use enasc::{Options, SearchSpace, compile};

/// Sizes that make the shipped spaces small, by the name of the file.
const SIZES: &[(&str, &[(&str, &str)])] = &[
    (
        "amoebanet",
        &[("repeats", "1"), ("width", "8"), ("size", "16")],
    ),
    ("autoformer", &[]),
    (
        "darts_cnn",
        &[("layers", "3"), ("width", "4"), ("size", "16")],
    ),
    ("darts_rnn", &[("vocab", "20"), ("width", "8")]),
    ("einspace_small", &[("size", "16")]),
    (
        "enas_macro",
        &[("layers", "6"), ("width", "4"), ("size", "16")],
    ),
    (
        "enas_macro_final",
        &[("layers", "6"), ("width", "4"), ("size", "16")],
    ),
    (
        "enas_micro",
        &[("layers", "3"), ("width", "4"), ("size", "16")],
    ),
    (
        "enas_micro_final",
        &[("layers", "3"), ("width", "4"), ("size", "32")],
    ),
    ("enas_rnn", &[("vocab", "20"), ("width", "8")]),
    ("enas_rnn_final", &[("vocab", "20"), ("width", "8")]),
    ("enas_rnn_lm", &[("vocab", "20"), ("width", "8")]),
    ("genetic_cnn", &[("size", "16")]),
    ("hierarchical", &[("width", "4"), ("size", "16")]),
    ("mobilenet_v3", &[("classes", "10"), ("size", "64")]),
    ("nasbench101", &[("size", "16")]),
    ("nasbench201", &[("c", "4"), ("n", "1"), ("size", "16")]),
    ("nasbench_asr", &[]),
    ("nasbench_graph", &[]),
    ("nasbench_macro", &[("width", "4"), ("size", "16")]),
    (
        "nasnet",
        &[("repeats", "1"), ("width", "8"), ("size", "16")],
    ),
    ("nats_size", &[("size", "16")]),
    ("pnas", &[("repeats", "1"), ("width", "8"), ("size", "16")]),
    ("proxylessnas", &[("classes", "10"), ("size", "64")]),
    ("shufflenet_oneshot", &[("classes", "10"), ("size", "64")]),
    ("tiny", &[]),
    ("transnas_macro", &[("width", "4"), ("size", "64")]),
    ("transnas_micro", &[("width", "4"), ("size", "64")]),
];

/// Spaces with an operation that only has a cost.
const EXTERN: &[&str] = &["autoformer", "nasbench_asr", "nasbench_graph"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The spaces of a file, as sizes make them.
fn spaces(file: &Path, set: &[(&str, &str)]) -> Vec<SearchSpace> {
    let text = fs::read_to_string(file).unwrap();
    let set = set.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
    let options = Options {
        settings: Settings(set.collect()),
        ..Options::default()
    };
    let compilation = compile("export.enas", &text, &options);
    let found = compilation.diagnostics;
    assert!(!compilation.spaces.is_empty(), "{found:?}");
    compilation.spaces
}

/// The small relatives of all shipped spaces that can be run.
fn shipped() -> impl Iterator<Item = SearchSpace> {
    let entries = fs::read_dir(root().join("spaces")).unwrap();
    let files = entries.map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = files.filter(|path| path.is_file()).collect();
    files.sort();
    files.into_iter().flat_map(|file| {
        let stem = file.file_stem().unwrap().to_str().unwrap();
        let set = SIZES.iter().find(|(name, _)| *name == stem);
        let (_, set) = set.unwrap_or_else(|| panic!("{stem} has no size"));
        if EXTERN.contains(&stem) {
            return Vec::new();
        }
        spaces(&file, set)
    })
}

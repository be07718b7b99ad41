//! The sizes of the shipped spaces, each as the header of its file derives it.

use enasc::decision::Count;
use enasc::{Options, compile};

/// File, and how many architectures it has.
const SIZES: &[(&str, &str)] = &[
    ("amoebanet", "309834464941077422470594560000"),
    ("darts_cnn", "1076746950455072400"),
    ("darts_rnn", "2642411520"),
    ("einspace_small", "2019716906727828025"),
    ("enas_macro", "160618186625454535808756219904"),
    ("enas_micro", "25628906250000000000000000"),
    ("enas_rnn", "669692775628800"),
    ("enas_rnn_lm", "2642411520"),
    ("genetic_cnn", "524288"),
    ("hierarchical", "749048330965186233494494102694564493649"),
    ("mobilenet_v3", "21758655492572485851"),
    ("nasbench101", "1293208"),
    ("nasbench201", "15625"),
    ("nasbench_asr", "13824"),
    ("nasbench_graph", "157464"),
    ("nasbench_macro", "6561"),
    ("nasnet", "5229943396058757337940161399357440000"),
    ("nats_size", "32768"),
    ("pnas", "556627761561600"),
    ("proxylessnas", "221502229807900608"),
    ("shufflenet_oneshot", "1099511627776"),
    ("tiny", "8"),
    ("transnas_micro", "4096"),
];

#[test]
fn every_shipped_space_is_exactly_so_large() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/spaces");
    let mut shipped: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "enas"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    shipped.sort();
    let listed: Vec<&str> = SIZES.iter().map(|(name, _)| *name).collect();
    assert_eq!(shipped, listed);
    for (name, size) in SIZES {
        let text = std::fs::read_to_string(format!("{folder}/{name}.enas")).unwrap();
        let compiled = compile(name, &text, &Options::default());
        assert_eq!(compiled.diagnostics, [], "{name}");
        let count = Count::of(&compiled.spaces[0].decisions);
        assert!(count.is_exact(), "{name}");
        assert_eq!(count.value.to_string(), *size, "{name}");
    }
}

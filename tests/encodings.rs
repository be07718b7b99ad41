//! Published notations: what was published reads as it was meant, and every
//! architecture comes back.

use enasc::SearchSpace;
use enasc::decision::{self, Architecture};
use enasc::encoding::{Encoding, EncodingError, encode, import};
use enasc::graph::{cost, select};
use proptest::prelude::*;
use rand::SeedableRng;

use crate::golden::space_with;

const RNN: &str = include_str!("../spaces/enas_rnn.enas");
const MACRO: &str = include_str!("../spaces/enas_macro.enas");
const MICRO: &str = include_str!("../spaces/enas_micro.enas");
const NASBENCH: &str = include_str!("../spaces/nasbench201.enas");
const DARTS: &str = include_str!("../spaces/darts_cnn.enas");
const DARTS_RNN: &str = include_str!("../spaces/darts_rnn.enas");

/// `DARTS_V2` of the authors' `genotypes.py`, the better one of the paper.
const DARTS_V2: &str = "Genotype(normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), \
    ('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 1), ('skip_connect', 0), \
    ('skip_connect', 0), ('dil_conv_3x3', 2)], normal_concat=[2, 3, 4, 5], \
    reduce=[('max_pool_3x3', 0), ('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 1), \
    ('max_pool_3x3', 0), ('skip_connect', 2), ('skip_connect', 2), ('max_pool_3x3', 1)], \
    reduce_concat=[2, 3, 4, 5])";

/// A space's text with some words replaced.
fn edited(text: &str, changes: &[(&str, &str)]) -> String {
    changes.iter().fold(text.to_owned(), |text, (old, new)| {
        assert!(text.contains(old), "{old}");
        text.replace(old, new)
    })
}

#[track_caller]
fn line(encoding: Encoding, text: &str, space: &SearchSpace) -> String {
    let architecture = import(encoding, text, &space.decisions).unwrap();
    architecture.to_line(&space.decisions)
}

#[track_caller]
fn error(encoding: Encoding, text: &str, space: &SearchSpace) -> String {
    let error = import(encoding, text, &space.decisions).unwrap_err();
    error.to_string()
}

/// Every space of an encoding: as shipped, renamed, and of other sizes.
fn spaces() -> Vec<(Encoding, SearchSpace)> {
    let renamed = edited(
        RNN,
        &[
            ("space enas_rnn", "space other"),
            ("Act", "Functions"),
            ("Cell", "Unit"),
            ("let p =", "let from ="),
            ("drop(p,", "drop(from,"),
            ("@per(p, f)", "@per(from, f)"),
            ("highway(p,", "highway(from,"),
        ],
    );
    // With two layers the network begins with a reduction cell.
    let reduction_first = space_with(MICRO, &[("layers", "2")]);
    let first = &reduction_first.decisions.points[0].path;
    assert!(first.starts_with("reduce"), "{first}");
    let micro = edited(MICRO, &[("n: int = 5", "n: int = 3")]);
    let three_nodes = edited(DARTS, &[("2..6", "2..5"), ("[4 * c,", "[3 * c,")]);
    let nodes = edited(NASBENCH, &[("1..4", "1..6"), ("t[3]", "t[5]")]);
    let of = |encoding, text: &str, set: &[(&str, &str)]| (encoding, space_with(text, set));
    vec![
        of(Encoding::Enas, RNN, &[]),
        of(Encoding::Enas, RNN, &[("n", "2")]),
        of(Encoding::Enas, &renamed, &[("n", "6")]),
        of(Encoding::Enas, MACRO, &[]),
        of(Encoding::Enas, MACRO, &[("layers", "6")]),
        of(Encoding::Enas, MICRO, &[]),
        of(Encoding::Enas, MICRO, &[("layers", "2")]),
        of(Encoding::Enas, &micro, &[]),
        of(Encoding::Enas, DARTS_RNN, &[]),
        of(Encoding::Darts, DARTS, &[("layers", "4")]),
        of(Encoding::Darts, &three_nodes, &[("layers", "3")]),
        of(Encoding::Darts, DARTS_RNN, &[("n", "5")]),
        of(Encoding::Nasbench201, NASBENCH, &[("n", "1")]),
        of(Encoding::Nasbench201, &nodes, &[("n", "1")]),
    ]
}

#[test]
fn what_is_written_reads_back() {
    let spaces = spaces();
    proptest!(|(seed in any::<u64>())| {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        for (encoding, space) in &spaces {
            let architecture = decision::sample(&space.decisions, &mut rng).unwrap();
            let text = encode(*encoding, &architecture, &space.decisions).unwrap();
            let read = import(*encoding, &text, &space.decisions);
            prop_assert_eq!(read.as_ref(), Ok(&architecture), "{}", text);
            // Blanks are free.
            let spread = format!(" {} ", text.replace(' ', "\n  "));
            prop_assert_eq!(&import(*encoding, &spread, &space.decisions), &read);
            prop_assert_eq!(encode(*encoding, &read.unwrap(), &space.decisions), Ok(text));
        }
    });
}

#[test]
fn a_text_with_a_fault_is_refused_and_never_panics() {
    let spaces = spaces();
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(0);
    let texts: Vec<String> = spaces
        .iter()
        .map(|(encoding, space)| {
            let architecture = decision::sample(&space.decisions, &mut rng).unwrap();
            encode(*encoding, &architecture, &space.decisions).unwrap()
        })
        .collect();
    proptest!(|(cut in any::<prop::sample::Index>(), put in "[0-9a-z|+~,' =()\\[\\]é]{0,3}")| {
        for ((encoding, space), text) in spaces.iter().zip(&texts) {
            let at = cut.index(text.len());
            let torn = format!("{}{put}{}", &text[..at], &text[at + 1..]);
            // It may still be an architecture; then it is one in every sense.
            if let Ok(read) = import(*encoding, &torn, &space.decisions) {
                let line = read.to_line(&space.decisions);
                prop_assert_eq!(&Architecture::parse(&line, &space.decisions, "").unwrap(), &read);
            }
            prop_assert!(import(*encoding, &text[..at], &space.decisions).is_err());
        }
    });
}

#[test]
fn the_recurrent_cells_of_the_authors() {
    // The published cell: its loose ends are 3, 4, 7, 9, 10 and 11.
    let space = space_with(RNN, &[]);
    let text = "0 0 0 1 1 2 1 2 0 2 0 5 1 1 0 6 1 8 1 8 1 8 1";
    let read = line(Encoding::Enas, text, &space);
    let start = "Cell.f0=tanh Cell.h[1].p=0 Cell.h[1].f=tanh Cell.h[2].p=1 Cell.h[2].f=relu ";
    assert!(read.starts_with(start), "{read}");
    assert!(
        read.ends_with(" Cell.h[11].p=8 Cell.h[11].f=relu"),
        "{read}"
    );
    let used: Vec<String> = (0..11).map(|node| format!(".p={node} ")).collect();
    let loose: Vec<usize> = (0..11)
        .filter(|&node| !read.contains(&used[node]))
        .collect();
    assert_eq!(loose, [3, 4, 7, 9, 10]);

    // The cell of the authors' later code, where node 0 has nothing to decide.
    let space = space_with(DARTS_RNN, &[]);
    let text = "0 2 1 0 2 1 2 2 4 0 5 0 3 2 6 2";
    let read = line(Encoding::Enas, text, &space);
    let start = "Cell.s[1].p=0 Cell.s[1].f=sigmoid Cell.s[2].p=1 Cell.s[2].f=tanh ";
    assert!(read.starts_with(start), "{read}");
}

#[test]
fn bits_of_the_macro_space_begin_at_the_stem() {
    let space = space_with(MACRO, &[("layers", "3")]);
    // Layer 0: sep5. Layer 1: max3, adds the stem. Layer 2: conv3, adds layer 0.
    assert_eq!(
        line(Encoding::Enas, "3\n5 1\n0 0 1", &space),
        "h[1].f=sep5 h[1].skips={} h[2].f=max3 h[2].skips={0} h[3].f=conv3 h[3].skips={1}"
    );
}

#[test]
fn the_micro_cells_of_the_authors() {
    let space = space_with(MICRO, &[]);
    let text = "0 2 0 0 0 4 0 1 0 4 1 1 1 0 0 1 0 2 1 1 \
                1 0 1 0 0 3 0 2 1 1 3 1 1 0 0 4 0 3 1 1";
    let read = line(Encoding::Enas, text, &space);
    let node = |path: &str, [p, q, f, g]: [&str; 4]| {
        let node = format!("{path}.p={p} {path}.q={q} {path}.f={f} {path}.g={g}");
        assert!(read.contains(&node), "{node} is not in {read}");
    };
    node("normal.t[2]", ["0", "0", "avg3", "sep3"]);
    node("normal.t[3]", ["0", "0", "id", "sep5"]);
    node("reduce.t[2]", ["1", "1", "sep3", "sep3"]);
    node("reduce.t[4]", ["1", "3", "sep5", "sep5"]);
    // The string begins with the normal cell, whichever stands first in the network.
    let short = space_with(MICRO, &[("layers", "2")]);
    let read = import(Encoding::Enas, text, &short.decisions).unwrap();
    let read = read.to_line(&short.decisions);
    assert!(read.starts_with("reduce.t[2].p=1 reduce.t[2].q=1 reduce.t[2].f=sep3"));
}

#[test]
fn the_genotypes_of_darts() {
    let space = space_with(DARTS, &[("layers", "20"), ("width", "36")]);
    let architecture = import(Encoding::Darts, DARTS_V2, &space.decisions).unwrap();
    let read = architecture.to_line(&space.decisions);
    for node in [
        "normal.t[4].from={0,1} normal.t[4].p=0=skip_connect normal.t[4].p=1=sep_conv_3x3",
        "normal.t[5].from={0,2} normal.t[5].p=0=skip_connect normal.t[5].p=2=dil_conv_3x3",
        "reduce.t[5].from={1,2} reduce.t[5].p=1=max_pool_3x3 reduce.t[5].p=2=skip_connect",
    ] {
        assert!(read.contains(node), "{node} is not in {read}");
    }
    // The paper says 3.3 M; the authors' code, counted by hand, this.
    let child = select(&space.graph, &space.decisions, &architecture);
    assert_eq!(cost::child(&space.graph, &child).parameters, 3_349_342);
    // Written, edges ascend and a range says what is concatenated.
    let written = encode(Encoding::Darts, &architecture, &space.decisions).unwrap();
    let expected = DARTS_V2
        .replace("[2, 3, 4, 5]", "range(2, 6)")
        .replace(
            "('sep_conv_3x3', 1), ('skip_connect', 0)",
            "('skip_connect', 0), ('sep_conv_3x3', 1)",
        )
        .replace(
            "('skip_connect', 2), ('max_pool_3x3', 1)",
            "('max_pool_3x3', 1), ('skip_connect', 2)",
        );
    assert_eq!(written, expected);

    let space = space_with(DARTS_RNN, &[("width", "850")]);
    let text = "Genotype(recurrent=[('relu', 0), ('relu', 1), ('tanh', 2), ('relu', 3), \
                ('relu', 4), ('identity', 1), ('relu', 5), ('relu', 1)], concat=range(1, 9))";
    let architecture = import(Encoding::Darts, text, &space.decisions).unwrap();
    let line = architecture.to_line(&space.decisions);
    assert!(line.ends_with(" Cell.s[8].p=1 Cell.s[8].f=relu"), "{line}");
    // The paper says 23 M: embedding, first matrix, a matrix a node. Its decoder has a
    // bias besides.
    let child = select(&space.graph, &space.decisions, &architecture);
    let expected = 10_000 * 850 + 1700 * 1700 + 8 * 850 * 1700;
    assert_eq!(cost::child(&space.graph, &child).parameters, expected);
}

#[test]
fn a_string_of_nasbench201() {
    let space = space_with(NASBENCH, &[]);
    let text = "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+\
                |skip_connect~0|nor_conv_1x1~1|none~2|";
    assert_eq!(
        line(Encoding::Nasbench201, text, &space),
        "Cell.t[1].i=0=conv3 Cell.t[2].i=0=conv3 Cell.t[2].i=1=avg \
         Cell.t[3].i=0=skip Cell.t[3].i=1=conv1 Cell.t[3].i=2=none"
    );
}

#[test]
fn spaces_of_another_structure_are_refused() {
    let all = [RNN, MACRO, MICRO, NASBENCH, DARTS, DARTS_RNN].map(|text| space_with(text, &[]));
    for encoding in [Encoding::Enas, Encoding::Darts, Encoding::Nasbench201] {
        let fitting: Vec<&str> = all
            .iter()
            .filter(|space| {
                let refusal = EncodingError::Structure { encoding };
                import(encoding, "", &space.decisions) != Err(refusal)
            })
            .map(|space| space.name.as_str())
            .collect();
        match encoding {
            Encoding::Enas => {
                assert_eq!(
                    fitting,
                    ["enas_rnn", "enas_macro", "enas_micro", "darts_rnn"]
                );
            }
            Encoding::Darts => assert_eq!(fitting, ["darts_cnn", "darts_rnn"]),
            Encoding::Nasbench201 => assert_eq!(fitting, ["nasbench201"]),
        }
    }
    // Names of candidates are part of the benchmark's strings.
    let renamed = edited(NASBENCH, &[("conv3:", "big:")]);
    let message = error(Encoding::Nasbench201, "", &space_with(&renamed, &[]));
    assert!(
        message.starts_with(
            "the encoding `nasbench201` does not describe this space: it needs one cell in which"
        ),
        "{message}"
    );
}

#[test]
fn faults_are_told_by_place() {
    let space = space_with(RNN, &[("n", "4")]);
    for (text, message) in [
        (
            "0 0 1 1 1 0",
            "the text cannot be read: expected 7 integers, found 6",
        ),
        (
            "0 0 1 1 1 5 0",
            "the text cannot be read: character 11: predecessor 5 of node 3: must be below 3",
        ),
        (
            "0 0 1 1 4 0 0",
            "the text cannot be read: character 9: operation 4 of node 2: must be below 4",
        ),
        (
            "0 0 1 relu 1 0 0",
            "the text cannot be read: character 7: found `relu`, expected an integer",
        ),
    ] {
        assert_eq!(error(Encoding::Enas, text, &space), message);
    }
    let space = space_with(MACRO, &[("layers", "2")]);
    assert_eq!(
        error(Encoding::Enas, "0 0 2", &space),
        "the text cannot be read: character 5: skip bit 2 of node 1: must be below 2"
    );

    let space = space_with(DARTS, &[]);
    for (old, new, message) in [
        (
            "Genotype(normal",
            "Genotype(reduce",
            "character 10: found `reduce`, expected `normal`",
        ),
        (
            "('dil_conv_3x3', 2)",
            "('dil_conv_3x4', 2)",
            "character 166: found `dil_conv_3x4`, expected one of max_pool_3x3, avg_pool_3x3, \
             skip_connect, sep_conv_3x3, sep_conv_5x5, dil_conv_3x3, dil_conv_5x5; \
             did you mean `dil_conv_3x3`?",
        ),
        (
            "('dil_conv_3x3', 2)",
            "('dil_conv_3x3', 5)",
            "character 182: predecessor 5 of node 5: must be below 5",
        ),
        (
            "('dil_conv_3x3', 2)",
            "('dil_conv_3x3', 0)",
            "character 182: node 5 reads node 0 twice",
        ),
        (
            ", ('dil_conv_3x3', 2)",
            "",
            "expected 8 edges in `normal`, found 7",
        ),
        (
            "reduce_concat=[2, 3, 4, 5]",
            "reduce_concat=[3, 4, 5]",
            "character 406: `reduce_concat` must be range(2, 6): the cells of this space give all \
             computed nodes",
        ),
        (
            "reduce_concat=[2, 3, 4, 5])",
            "reduce_concat=[2, 3, 4, 5]",
            "character 418: the text ends, expected `)`",
        ),
    ] {
        let text = edited(DARTS_V2, &[(old, new)]);
        assert_eq!(
            error(Encoding::Darts, &text, &space),
            format!("the text cannot be read: {message}")
        );
    }

    let space = space_with(NASBENCH, &[]);
    for (text, message) in [
        (
            "|nor_conv_3x3~0|+|nor_conv_3x2~0|none~1|",
            "character 19: found `nor_conv_3x2`, expected one of none, skip_connect, \
             nor_conv_1x1, nor_conv_3x3, avg_pool_3x3; did you mean `nor_conv_3x3`?",
        ),
        ("|none~0|+|none~1|", "character 16: found `1`, expected `0`"),
        (
            "|none~0|+|none~0|none~1|",
            "character 25: the text ends, expected `+`",
        ),
    ] {
        assert_eq!(
            error(Encoding::Nasbench201, text, &space),
            format!("the text cannot be read: {message}")
        );
    }
}

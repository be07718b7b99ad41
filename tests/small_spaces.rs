//! All shipped spaces at sizes at which every architecture can be looked at.

/// A file of `spaces/`, which of its spaces, what is said otherwise in its text, and its
/// parameters.
pub struct Small {
    pub file: &'static str,
    pub space: usize,
    pub edits: &'static [(&'static str, &'static str)],
    pub set: &'static [(&'static str, &'static str)],
}

const fn small(
    file: &'static str,
    edits: &'static [(&'static str, &'static str)],
    set: &'static [(&'static str, &'static str)],
) -> Small {
    Small {
        file,
        space: 0,
        edits,
        set,
    }
}

/// One node, of three operations.
const MICRO: &[(&str, &str)] = &[
    ("n: int = 5", "n: int = 1"),
    ("  sep3: sep_conv(3), sep5: sep_conv(5),\n", ""),
    ("sep3 = prior, sep5 = prior, ", ""),
    ("sep3 = prior, sep5 = prior, ", ""),
];

/// One pair of inputs, and three operations.
const AMOEBANET: &[(&str, &str)] = &[
    ("2..7", "2..3"),
    ("sep5: sep_conv(5), sep7: sep_conv(7),", ""),
    ("max3: max_pool(3), dil3: dil_conv(3), line7: line(7),", ""),
];

const SIZED: &[(&str, &str)] = &[("layers", "1"), ("width", "4"), ("size", "8")];

pub const SMALL: &[Small] = &[
    small("tiny", &[], &[]),
    small("enas_macro", &[], &[("layers", "3"), ("width", "4")]),
    small("enas_macro_final", &[], &[("layers", "3"), ("width", "8")]),
    small("enas_micro", MICRO, SIZED),
    // Cells that read cells of their kind.
    small(
        "enas_micro",
        MICRO,
        &[("layers", "5"), ("width", "4"), ("size", "8")],
    ),
    small(
        "enas_micro_final",
        &[
            ("n: int = 5", "n: int = 1"),
            ("  sep3: drop_sep(3), sep5: drop_sep(5),\n", ""),
        ],
        SIZED,
    ),
    small(
        "enas_rnn",
        &[],
        &[("n", "4"), ("width", "8"), ("vocab", "9")],
    ),
    small(
        "enas_rnn_final",
        &[],
        &[("n", "4"), ("width", "8"), ("vocab", "9")],
    ),
    small(
        "enas_rnn_lm",
        &[],
        &[("n", "3"), ("width", "8"), ("vocab", "9")],
    ),
    small(
        "darts_rnn",
        &[],
        &[("n", "3"), ("width", "8"), ("vocab", "9")],
    ),
    small(
        "darts_cnn",
        &[("2..6", "2..3"), ("[4 * c", "[c")],
        &[("layers", "3"), ("width", "4"), ("size", "8")],
    ),
    small(
        "nasbench101",
        &[("choose 2..=7", "choose 2..=5")],
        &[
            ("stacks", "1"),
            ("repeats", "1"),
            ("width", "4"),
            ("size", "8"),
        ],
    ),
    small(
        "nasbench201",
        &[("    avg: avg_pool(3),\n", "")],
        &[("n", "1"), ("c", "4"), ("size", "8")],
    ),
    small("nats_size", &[("in 0..5", "in 0..3")], &[("size", "8")]),
    small("nasbench_macro", &[("(1, 3), (2, 3)]", "(1, 3)]")], &[]),
    small(
        "nasbench_asr",
        &[("1..=3", "1..=2"), ("bn(h[3])", "bn(h[2])")],
        &[],
    ),
    small("nasbench_graph", &[("1..=4", "1..=3")], &[]),
    small(
        "transnas_micro",
        &[(", conv3x3: relu_conv_bn(3)", "")],
        &[("width", "8")],
    ),
    small("transnas_macro", &[("4..=6", "4..=5")], &[("width", "8")]),
    small(
        "nasnet",
        &[
            ("2..7", "2..3"),
            ("line3: line(3), line7: line(7), dil3: dil_conv(3),\n  ", ""),
            (
                "max3: max_pool(3), max5: max_pool(5), max7: max_pool(7),",
                "",
            ),
            ("  conv1: relu_conv_bn(1),\n", ""),
            ("  conv3: relu_conv_bn(3),\n  sep3: sep_conv(3),\n", ""),
            ("  sep5: sep_conv(5),\n  sep7: sep_conv(7),\n", ""),
        ],
        &[("repeats", "1"), ("width", "4")],
    ),
    small("amoebanet", AMOEBANET, &[("repeats", "1"), ("width", "4")]),
    small("amoebanet", AMOEBANET, &[("repeats", "2"), ("width", "4")]),
    small(
        "pnas",
        &[("2..7", "2..3")],
        &[("repeats", "1"), ("width", "4")],
    ),
    small(
        "hierarchical",
        &[
            ("cell m[6] = dense(4, L1)", "cell m[2] = dense(2, L1)"),
            (", m3: m[2], m4: m[3], m5: m[4], m6: m[5]", ""),
            ("dense(5, L2)", "dense(3, L2)"),
        ],
        &[("width", "4")],
    ),
    small(
        "genetic_cnn",
        &[("(1, 5)]", "(1, 4)]")],
        &[("three", "false"), ("width", "4")],
    ),
    small(
        "proxylessnas",
        &[(
            "(24, 4, 2), (40, 4, 2), (80, 4, 2), (96, 4, 1), (192, 4, 2), (320, 1, 1)",
            "(24, 3, 2)",
        )],
        &[("size", "16")],
    ),
    small(
        "mobilenet_v3",
        &[
            ("2..=4", "1..=2"),
            (
                "    (80, 2, hswish, false),\n    (112, 1, hswish, true),\n",
                "",
            ),
            ("    (160, 2, hswish, true),\n", ""),
            ("choose { 3, 5, 7 }", "choose { 3, 5 }"),
        ],
        &[("size", "16")],
    ),
    small(
        "shufflenet_oneshot",
        &[("(64, 4), (160, 4), (320, 8), (640, 4)", "(64, 3), (160, 2)")],
        &[("size", "16")],
    ),
    small("autoformer", &[("12..=14", "1..=2")], &[("size", "32")]),
    Small {
        space: 1,
        ..small(
            "autoformer",
            &[("12..=14", "13..=14"), ("12..=14", "1..=2")],
            &[("size", "32")],
        )
    },
    Small {
        space: 2,
        ..small("autoformer", &[("14..=16", "1..=2")], &[("size", "32")])
    },
    small(
        "einspace_small",
        &[("linear: conv(1), ", ""), ("norm: bn, ", "")],
        &[("depth", "1"), ("width", "4"), ("size", "8")],
    ),
];

impl Small {
    /// Its text.
    pub fn text(&self) -> String {
        let root = env!("CARGO_MANIFEST_DIR");
        let path = format!("{root}/spaces/{}.enas", self.file);
        let mut text = std::fs::read_to_string(path).unwrap();
        for (from, to) in self.edits {
            assert!(text.contains(from), "{}: {from}", self.file);
            text = text.replacen(from, to, 1);
        }
        text
    }
}

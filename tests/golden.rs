//! The shipped spaces: their sizes in the papers, and what follows for every
//! architecture.

use std::collections::{BTreeMap, BTreeSet};

use enasc::decision::{self, Architecture, ArchitectureError};
use enasc::graph::{ChildRegion, Op, ParamId, cost, select};
use enasc::unroll::Settings;
use enasc::{Options, SearchSpace, compile};
use num_bigint::BigUint;
use rand::SeedableRng;

use crate::spaces::{check_child, enumerate};

const TINY: &str = include_str!("../spaces/tiny.enas");
const RNN: &str = include_str!("../spaces/enas_rnn.enas");
const MACRO: &str = include_str!("../spaces/enas_macro.enas");
const MICRO: &str = include_str!("../spaces/enas_micro.enas");
const NASBENCH: &str = include_str!("../spaces/nasbench201.enas");
const DARTS: &str = include_str!("../spaces/darts_cnn.enas");
const DARTS_RNN: &str = include_str!("../spaces/darts_rnn.enas");

/// The last space of a text, with parameters of its own.
pub fn space_with(text: &str, set: &[(&str, &str)]) -> SearchSpace {
    let pairs = set.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
    let options = Options {
        settings: Settings(pairs.collect()),
        ..Options::default()
    };
    let compilation = compile("golden.enas", text, &options);
    let mut spaces = compilation.spaces;
    spaces
        .pop()
        .unwrap_or_else(|| panic!("{:?}", compilation.diagnostics))
}

/// Small relatives of all shipped spaces, with how many architectures they have.
fn small() -> Vec<(SearchSpace, u32)> {
    // The number of nodes of a cell is no parameter of the space.
    let micro = MICRO.replace("n: int = 5", "n: int = 1");
    assert_ne!(micro, MICRO);
    let darts = DARTS
        .replace("2..6", "2..3")
        .replace("t[2], t[3], t[4], t[5]", "t[2]")
        .replace("[4 * c", "[c");
    vec![
        (space_with(TINY, &[]), 8),
        (space_with(RNN, &[("n", "1")]), 4),
        (space_with(RNN, &[("n", "4")]), 4u32.pow(4) * 6),
        (space_with(MACRO, &[("layers", "0")]), 1),
        (
            space_with(MACRO, &[("layers", "3")]),
            6u32.pow(3) * 2u32.pow(3),
        ),
        (
            space_with(&micro, &[("layers", "1")]),
            (5u32.pow(2) * 2 * 2).pow(2),
        ),
        (space_with(&darts, &[("layers", "3")]), 7u32.pow(4)),
        (space_with(DARTS_RNN, &[("n", "3")]), 4u32.pow(3) * 6),
    ]
}

#[test]
fn counts_are_those_of_the_papers() {
    for (text, count, tokens) in [
        // 4^12 * 11!
        (RNN, "669692775628800", 23),
        // (5^10 * (2 * 3 * 4 * 5 * 6)^2)^2
        (MICRO, "25628906250000000000000000", 40),
        // 6^12 * 2^66
        (MACRO, "160618186625454535808756219904", 78),
        // 5^6
        (NASBENCH, "15625", 6),
        // (1 * 3 * 6 * 10 * 7^8)^2
        (DARTS, "1076746950455072400", 44),
        // 8! * 4^8
        (DARTS_RNN, "2642411520", 16),
        (TINY, "8", 3),
    ] {
        let space = space_with(text, &[]);
        let counted = decision::count(&space.decisions).to_string();
        assert_eq!(
            (counted.as_str(), space.decisions.tokens()),
            (count, tokens)
        );
    }
}

#[test]
fn counts_are_those_of_enumeration() {
    for (space, n) in small() {
        assert_eq!(
            decision::count(&space.decisions),
            n.into(),
            "{}",
            space.name
        );
        let all = enumerate(&space.decisions);
        let different: BTreeSet<&Architecture> = all.iter().collect();
        assert_eq!((all.len(), different.len()), (n as usize, n as usize));
    }
    let all = enumerate(&space_with(NASBENCH, &[]).decisions);
    assert_eq!(all.len(), 15625);
}

#[test]
fn every_architecture_has_a_child_and_every_parameter_a_use() {
    for (space, n) in small() {
        // Some thousands of micro networks tell no more than some hundreds.
        let all = enumerate(&space.decisions);
        let whole = cost::supergraph(&space.graph);
        let mut used: BTreeSet<ParamId> = BTreeSet::new();
        for architecture in all.iter().step_by(if n > 5000 { 7 } else { 1 }) {
            let child = select(&space.graph, &space.decisions, architecture);
            check_child(&space, &child);
            let cost = cost::child(&space.graph, &child);
            assert!(cost.parameters <= whole.parameters && cost.flops <= whole.flops);
            assert!(cost.depth <= whole.depth);
            assert_eq!(
                cost.parameters,
                space.graph.params.trained(child.params.clone())
            );
            used.extend(child.params);
        }
        assert_eq!(
            used.len(),
            space.graph.params.params.len(),
            "{}",
            space.name
        );
    }
}

#[test]
fn architectures_read_back_from_both_forms() {
    for text in [TINY, RNN, MACRO, MICRO, NASBENCH, DARTS, DARTS_RNN] {
        let space = space_with(text, &[]);
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(7);
        for _ in 0..20 {
            let architecture = decision::sample(&space.decisions, &mut rng).unwrap();
            let line = architecture.to_line(&space.decisions);
            let json = architecture.to_json(&space.decisions, &space.name);
            for form in [line, json.to_string(), format!("{json:#}")] {
                let read = Architecture::parse(&form, &space.decisions, &space.name);
                assert_eq!(read.as_ref(), Ok(&architecture), "{form}");
            }
        }
    }
}

#[test]
fn no_two_operations_of_a_network_share_what_is_not_tied() {
    for text in [TINY, RNN, MACRO, MICRO, NASBENCH, DARTS, DARTS_RNN] {
        let space = space_with(text, &[]);
        let params = &space.graph.params.params;
        let names: BTreeSet<&str> = params.iter().map(|param| param.name.as_str()).collect();
        assert_eq!(names.len(), params.len(), "{}", space.name);

        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(3);
        for _ in 0..10 {
            let architecture = decision::sample(&space.decisions, &mut rng).unwrap();
            let child = select(&space.graph, &space.decisions, &architecture);
            let mut uses: BTreeMap<ParamId, u32> = BTreeMap::new();
            for step in child.regions.iter().flat_map(|region| &region.steps) {
                for param in &step.params {
                    *uses.entry(*param).or_default() += 1;
                }
            }
            let shared: Vec<&str> = uses
                .iter()
                .filter(|(_, n)| **n > 1)
                .map(|(id, _)| space.graph.params.get(*id).unwrap().name.as_str())
                .collect();
            match space.name.as_str() {
                "enas_rnn" | "darts_rnn" => assert_eq!(shared, ["embed.weight"]),
                _ => assert_eq!(shared, [""; 0]),
            }
        }
    }
}

/// The paths of what a step reads.
fn reads<'a>(space: &'a SearchSpace, region: usize, child: &ChildRegion, op: &Op) -> Vec<&'a str> {
    let graph = &space.graph.regions[region].graph;
    let step = child
        .steps
        .iter()
        .find(|step| graph[step.node].op == *op)
        .unwrap();
    step.inputs
        .iter()
        .map(|&input| &*graph[child.steps[input].node].path)
        .collect()
}

/// Section 2.1 of the ENAS paper: node 1 applies tanh to the input; node 2 relu to
/// node 1; node 3 relu to node 2; node 4 tanh to node 1. Nodes 3 and 4 are loose
/// ends, and the cell's output is their mean.
#[test]
fn the_recurrent_cell_of_the_paper() {
    let space = space_with(RNN, &[("n", "4")]);
    let line = "Cell.f0=tanh Cell.h[1].p=0 Cell.h[1].f=relu \
                Cell.h[2].p=1 Cell.h[2].f=relu Cell.h[3].p=0 Cell.h[3].f=tanh";
    let architecture = Architecture::parse(line, &space.decisions, &space.name).unwrap();
    let child = select(&space.graph, &space.decisions, &architecture);
    let body = &child.regions[1];
    assert_eq!(
        reads(&space, 1, body, &Op::Mean),
        ["Cell.h[2].highway", "Cell.h[3].highway"]
    );
    let matrices: Vec<&str> = child
        .params
        .iter()
        .map(|id| space.graph.params.get(*id).unwrap().name.as_str())
        .filter(|name| name.contains("linear"))
        .collect();
    assert_eq!(
        matrices,
        [
            "Cell.linear@tanh.weight",
            "Cell.h[1].linear@0,relu.weight",
            "Cell.h[2].linear@1,relu.weight",
            "Cell.h[3].linear@0,tanh.weight",
        ]
    );
}

/// Section 2.3 of the paper: a layer adds what it skips to, and nothing else.
#[test]
fn skips_of_the_macro_space_are_what_was_picked() {
    let space = space_with(MACRO, &[("layers", "4")]);
    let skips = |sets: [&str; 4]| {
        let layers = sets.iter().enumerate();
        layers
            .map(|(l, set)| format!("h[{0}].f=max3 h[{0}].skips={{{set}}}", l + 1))
            .collect::<Vec<_>>()
            .join(" ")
    };
    let edges = |line: &str| {
        let architecture = Architecture::parse(line, &space.decisions, &space.name).unwrap();
        let child = select(&space.graph, &space.decisions, &architecture);
        cost::child(&space.graph, &child).edges
    };
    let none = edges(&skips(["", "", "", ""]));
    // h[1] and h[2] stand after both reductions, on the way to h[3] already.
    assert_eq!(edges(&skips(["", "", "", "2"])), none + 1);
    assert!(edges(&skips(["", "", "1", "1,2"])) > none + 3);
}

fn count_of(text: &str, set: &[(&str, &str)]) -> BigUint {
    decision::count(&space_with(text, set).decisions)
}

fn big(n: u32) -> BigUint {
    n.into()
}

/// The sizes of the papers are values of formulas in the number of nodes.
#[test]
fn counts_follow_the_formulas_for_any_number_of_nodes() {
    for n in 1u32..=14 {
        let n_text = n.to_string();
        // An activation a node, and for node l one of the l nodes before it.
        let picks: BigUint = (1..n).map(big).product();
        let expected = big(4).pow(n) * picks;
        assert_eq!(count_of(RNN, &[("n", &n_text)]), expected, "n={n}");

        // An operation a layer, and any set of the layers before the direct input.
        let expected = big(6).pow(n) * big(2).pow(n * (n - 1) / 2);
        assert_eq!(count_of(MACRO, &[("layers", &n_text)]), expected, "n={n}");
    }
    for n in 1u32..=6 {
        let text = MICRO.replace("n: int = 5", &format!("n: int = {n}"));
        // Two operations and two inputs a node, in each of two cells.
        let picks: BigUint = (2..2 + n).map(|i| big(i).pow(2)).product();
        let expected = (big(5).pow(2 * n) * picks).pow(2);
        assert_eq!(count_of(&text, &[]), expected, "n={n}");
    }
}

fn parameters(space: &SearchSpace, line: &str) -> u64 {
    let architecture = Architecture::parse(line, &space.decisions, &space.name).unwrap();
    let child = select(&space.graph, &space.decisions, &architecture);
    cost::child(&space.graph, &child).parameters
}

#[test]
fn parameters_of_macro_networks_counted_by_hand() {
    // Two layers have no reduction: div(2, 3) is 0.
    let space = space_with(MACRO, &[("layers", "2"), ("width", "4")]);
    let stem = 9 * 3 * 4 + 2 * 4; // conv 3x3 from 3 to 4 channels, batch norm
    let enter = 4 * 4 + 2 * 4; // conv 1x1, batch norm: every branch begins so
    let conv = |k: u64| enter + k * k * 4 * 4 + 2 * 4;
    let sep = |k: u64| enter + k * k * 4 + 4 * 4 + 2 * 4;
    let norm = 2 * 4; // around the second layer's sum; the first has none
    let head = 4 * 10; // no bias
    for (line, layers, total) in [
        (
            "h[1].f=conv3 h[1].skips={} h[2].f=sep5 h[2].skips={0}",
            conv(3) + sep(5),
            488,
        ),
        // A skip adds no weights.
        (
            "h[1].f=conv3 h[1].skips={} h[2].f=sep5 h[2].skips={}",
            conv(3) + sep(5),
            488,
        ),
        (
            "h[1].f=max3 h[1].skips={} h[2].f=avg3 h[2].skips={}",
            2 * enter,
            212,
        ),
        (
            "h[1].f=sep3 h[1].skips={} h[2].f=conv5 h[2].skips={}",
            sep(3) + conv(5),
            680,
        ),
    ] {
        assert_eq!(stem + layers + norm + head, total);
        assert_eq!(parameters(&space, line), total, "{line}");
    }
    // Each layer has a branch of each operation, with weights of its own.
    let layer = conv(3) + conv(5) + sep(3) + sep(5) + 2 * enter;
    assert_eq!(space.graph.params.total(), stem + 2 * layer + norm + head);
}

#[test]
fn parameters_of_nasbench201_are_the_published_ones() {
    let space = space_with(NASBENCH, &[]);
    let all = |op: &str| {
        ["1].i=0", "2].i=0", "2].i=1", "3].i=0", "3].i=1", "3].i=2"]
            .map(|edge| format!("Cell.t[{edge}={op}"))
            .join(" ")
    };
    // The benchmark says 1.531546 M and 0.073306 M, with a classifier of 10 biases.
    assert_eq!(parameters(&space, &all("conv3")), 1_531_546 - 10);
    assert_eq!(parameters(&space, &all("skip")), 73_306 - 10);
    // Without an edge nothing reaches the output but the last norm and classifier.
    assert_eq!(parameters(&space, &all("none")), 2 * 64 + 64 * 10);
}

#[test]
fn an_architecture_stays_with_its_space() {
    let spaces = [TINY, RNN, MACRO, MICRO, NASBENCH].map(|text| space_with(text, &[]));
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    for from in &spaces {
        let architecture = decision::sample(&from.decisions, &mut rng).unwrap();
        let json = architecture
            .to_json(&from.decisions, &from.name)
            .to_string();
        for to in &spaces {
            let read = Architecture::parse(&json, &to.decisions, &to.name);
            if from.name == to.name {
                assert_eq!(read, Ok(architecture.clone()));
            } else {
                let expected = ArchitectureError::OtherSpace {
                    space: to.name.clone(),
                    expected: to.decisions.hash(),
                    found: from.decisions.hash(),
                };
                assert_eq!(read, Err(expected));
            }
        }
    }
}

#[test]
fn the_hash_of_a_space_is_that_of_its_decisions() {
    let hash = |text: &str| space_with(text, &[]).decisions.hash();
    let edited = |text: &str, old: &str, new: &str| {
        assert!(text.contains(old), "{old}");
        hash(&text.replace(old, new))
    };
    // Weights, hints, and what is said about them.
    for (text, old, new) in [
        (MACRO, "@rate(0.4)", "@rate(0.1)"),
        (MACRO, " @rate(0.4)", ""),
        (MACRO, "width: int = 36", "width: int = 8"),
        (MACRO, "branch(cbr(3))", "branch(cbr(7))"),
        (MICRO, "Cell(prior = 0.25)", "Cell"),
        (MICRO, " @per(q)", ""),
        (RNN, "@near(6)", "@near(2)"),
        (RNN, " @tie(e)", ""),
        (TINY, "space tiny(", "// words\nspace small("),
    ] {
        assert_eq!(edited(text, old, new), hash(text), "{old}");
    }
    // What can be decided.
    for (text, old, new) in [
        (
            TINY,
            "max3: max_pool(3) }",
            "max3: max_pool(3), avg3: avg_pool(3) }",
        ),
        (TINY, "max3: max_pool(3)", "pool: max_pool(3)"),
        (RNN, "{ tanh, relu,", "{ relu, tanh,"),
        (MACRO, "layers: int = 12", "layers: int = 11"),
    ] {
        assert_ne!(edited(text, old, new), hash(text), "{old}");
    }
}

#[test]
fn two_thousand_samples_reach_every_architecture_of_tiny() {
    let space = space_with(TINY, &[]);
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(0);
    let mut seen: BTreeMap<Architecture, u32> = BTreeMap::new();
    for _ in 0..2000 {
        let drawn = decision::sample(&space.decisions, &mut rng).unwrap();
        *seen.entry(drawn).or_default() += 1;
    }
    let all: BTreeSet<Architecture> = enumerate(&space.decisions).into_iter().collect();
    assert_eq!(seen.keys().cloned().collect::<BTreeSet<_>>(), all);
    // No decision is conditional, so all are as likely: 250, give or take 6 deviations.
    assert!(
        seen.values().all(|n| (160..=340).contains(n)),
        "{:?}",
        seen.values()
    );
}

/// The executable that users start answers in milliseconds: it loads no libtorch.
#[cfg(target_os = "linux")]
#[cfg(not(feature = "torch"))]
#[test]
fn enasc_links_no_libtorch() {
    let output = std::process::Command::new("readelf")
        .args(["-d", env!("CARGO_BIN_EXE_enasc")])
        .env("LC_ALL", "C")
        .output();
    let Ok(output) = output else {
        println!("skipped: there is no readelf");
        return;
    };
    let text = String::from_utf8(output.stdout).unwrap();
    let needed: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("(NEEDED)"))
        .collect();
    assert!(needed.iter().any(|line| line.contains("libc.so")), "{text}");
    for library in ["torch", "c10", "cuda"] {
        assert!(
            needed.iter().all(|line| !line.contains(library)),
            "{needed:?}"
        );
    }
}

/// Sets of many elements are neither drawn by trying nor counted one by one.
#[test]
fn large_sets_are_counted_and_sampled_at_once() {
    let space = |body: &str| {
        let text = format!(
            "ops F = {{ conv(3), relu, tanh }}
space s(n: int = 60) {{
  input x: [4, 8, 8]
  output y: [3]
  nodes h = [x]
  nodes h[l in 1..n] {{ h[l] = conv(h[l - 1], 1) }}
  x = {body}
  y = x |> gap |> linear(3)
}}"
        );
        let compiled = compile("sets.enas", &text, &Options::default());
        compiled.spaces.into_iter().next().expect("it compiles")
    };
    let few = space("sum(pick 1..=2 of h)");
    assert_eq!(
        decision::count(&few.decisions),
        (60u32 + 60 * 59 / 2).into()
    );
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    let (mut ones, n) = (0, 3000);
    for _ in 0..n {
        let drawn = decision::sample(&few.decisions, &mut rng)
            .unwrap()
            .to_line(&few.decisions);
        ones += usize::from(!drawn.contains(','));
    }
    // 60 of 1,830 sets have one element: 98 of 3,000 expected, deviation 10.
    assert!((60..=140).contains(&ones), "{ones}");

    // Each element is left out, or there with one of three operations.
    let any = space("sum(for v in pick any of h: choose F(v) @per(v))");
    assert_eq!(decision::count(&any.decisions), BigUint::from(4u8).pow(60));
    let two = space("sum(for v in pick 2 of h: choose F(v) @per(v))");
    assert_eq!(decision::count(&two.decisions), (60u32 * 59 / 2 * 9).into());
}

#[test]
fn picked_values_that_per_names_have_weights_of_their_own() {
    let text = |per: &str| {
        format!(
            "space s {{ input x: [8, 4, 4] output y: [10]
               for a in pick some of [3, 5] {{ x = x |> depthwise(3) {per} }}
               y = x |> gap |> linear(10) }}"
        )
    };
    let names = |per: &str| {
        let space = space_with(&text(per), &[]);
        let names = space.graph.params.params.iter().map(|p| p.name.clone());
        names
            .filter(|name| name.contains("depthwise"))
            .collect::<Vec<_>>()
    };
    assert_eq!(names(""), ["depthwise.weight"]);
    assert_eq!(
        names("@per(a)"),
        ["depthwise@3.weight", "depthwise@5.weight"]
    );
    // An architecture uses those of what it picks.
    let space = space_with(&text("@per(a)"), &[]);
    let used = enumerate(&space.decisions).into_iter().map(|architecture| {
        let child = select(&space.graph, &space.decisions, &architecture);
        let names = child.params.iter();
        let names = names.filter_map(|id| space.graph.params.get(*id));
        names.filter(|p| p.name.contains("depthwise")).count()
    });
    let mut used: Vec<usize> = used.collect();
    used.sort_unstable();
    assert_eq!(used, [1, 1, 2]);
}

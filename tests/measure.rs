//! A metric as a sum over conditions is, of every architecture, what is counted on
//! its network.

use enasc::decision::{self, Architecture, Range, Share};
use enasc::graph::ignored::heeded;
use enasc::graph::measure::{Metric, bounds, terms};
use enasc::graph::{Op, cost, select};
use enasc::{Options, SearchSpace, compile};
use rand::SeedableRng;

use crate::golden::space_with;
use crate::spaces::enumerate;

/// What decides sizes, whether nodes are there, and which parameters are used.
const EVERYTHING: &str = r"
ops Act = { relu, tanh }
extern op mixer(x: [c, h, w], k: int) -> [c, h, w] cost(params = k * c, flops = k * c * h * w)

space everything {
  input  x: [4, 8, 8]
  output y: [10]
  let wide = choose { 4, 8, 12 }
  let k = choose { 3, 5 }
  let z = x |> conv(k, wide, bias = true) |> bn |> choose Act
  if choose { false, true } { z = squeeze_excite(z, 2) }
  for i in 0..choose 1..=3 { z = z |> depthwise(choose { 3, 7 }) |> bn }
  nodes h = [conv(z, 1, 4)]
  nodes h[l in 1..choose 2..=4] {
    let p = pick 1 of h[..l]
    h[l] = choose { none: zero, conv: conv(3), mix: mixer(choose { 2, 3 }) }(p) @per(p)
  }
  let out = pick some of h
  y = concat(out) |> gap |> linear(10)
}
";

const METRICS: [Metric; 3] = [Metric::Parameters, Metric::Flops, Metric::Activations];

fn check(space: &SearchSpace) {
    let mut guards = space.decisions.guards.clone();
    let measured = METRICS.map(|metric| terms(&space.graph, &mut guards, metric));
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(0);
    for _ in 0..40 {
        let architecture = decision::sample(&space.decisions, &mut rng).unwrap();
        let expected = costs(space, &architecture);
        for ((terms, expected), metric) in measured.iter().zip(expected).zip(METRICS) {
            let sum: u128 = terms
                .iter()
                .filter(|(guard, _)| guards.holds(*guard, &architecture))
                .map(|(_, weight)| u128::from(*weight))
                .sum();
            let line = architecture.to_line(&space.decisions);
            assert_eq!(sum, expected, "{}: {metric:?} of {line}", space.name);
        }
    }
}

fn compiled(name: &str, text: &str) -> SearchSpace {
    let mut compilation = compile(name, text, &Options::default());
    assert_eq!(compilation.diagnostics, [], "{name}");
    compilation.spaces.remove(0)
}

#[test]
fn the_terms_of_a_metric_sum_to_the_cost_of_the_network() {
    check(&compiled("everything", EVERYTHING));
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/spaces");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "enas")
        {
            let text = std::fs::read_to_string(&path).unwrap();
            let name = path.display().to_string();
            for space in compile(&name, &text, &Options::default()).spaces {
                check(&space);
            }
        }
    }
}

/// Each metric of a network.
fn costs(space: &SearchSpace, architecture: &decision::Architecture) -> [u128; 3] {
    let child = select(&space.graph, &space.decisions, architecture);
    let cost = cost::child(&space.graph, &child);
    [cost.parameters, cost.flops, cost.activations].map(u128::from)
}

#[test]
fn ranges_are_those_of_all_architectures() {
    let small = EVERYTHING
        .replace("choose 2..=4", "choose 2..=3")
        .replace("choose 1..=3", "choose 1..=2")
        .replace("{ 4, 8, 12 }", "{ 4, 12 }");
    assert_ne!(small, EVERYTHING);
    // As few and as many numbers as no architecture has that is free to choose.
    let bound = small.replace(
        "y = concat",
        "require params >= 1500 and params <= 2500 and flops <= 100K\n  y = concat",
    );
    for text in [small, bound] {
        let mut space = compiled("everything", &text);
        let all = decision::Diagram::of(&space.decisions).unwrap();
        let costs_of_all: Vec<[u128; 3]> = all.iter().map(|one| costs(&space, &one)).collect();
        assert!(costs_of_all.len() > 100, "{}", costs_of_all.len());
        for (place, metric) in METRICS.into_iter().enumerate() {
            let found = terms(&space.graph, &mut space.decisions.guards, metric);
            let range = Range::of(&space.decisions, &found).unwrap().unwrap();
            let all = || costs_of_all.iter().map(|costs| costs[place]);
            assert_eq!(Some(range.min), all().min(), "{metric:?}");
            assert_eq!(Some(range.max), all().max(), "{metric:?}");
            assert_eq!(costs(&space, &range.least)[place], range.min, "{metric:?}");
            assert_eq!(
                costs(&space, &range.greatest)[place],
                range.max,
                "{metric:?}"
            );
            let (below, above) = bounds(&found);
            assert!(below <= range.min && range.max <= above, "{metric:?}");
        }
    }
}

/// Whether no way of an architecture leads from an input to an output but through zeros.
fn ignores_input(space: &SearchSpace, architecture: &Architecture) -> bool {
    let child = select(&space.graph, &space.decisions, architecture);
    let steps = &child.regions[0].steps;
    let mut heeds: Vec<bool> = Vec::with_capacity(steps.len());
    for step in steps {
        let op = &space.graph.regions[0].graph[step.node].op;
        let is_heeding = *op == Op::Input || step.inputs.iter().any(|input| heeds[*input]);
        heeds.push(*op != Op::Zero && is_heeding);
    }
    let mut outputs = child.regions[0].outputs.iter();
    !outputs.any(|output| heeds[*output])
}

#[test]
fn as_many_architectures_ignore_their_input_as_ways_are_counted() {
    let sums = include_str!("ui/graph/input_ignored_where_nothing_is_picked.enas");
    let rows = include_str!("ui/graph/input_ignored.enas");
    let micro = include_str!("../spaces/transnas_micro.enas");
    for (text, expected) in [(sums, None), (rows, Some(52)), (micro, Some(169))] {
        let mut space = space_with(text, &[]);
        let all = enumerate(&space.decisions);
        let counted = all.iter().filter(|one| ignores_input(&space, one)).count();
        assert!(expected.is_none_or(|expected| expected == counted));
        let guards = &mut space.decisions.guards;
        let heeded = heeded(&space.graph, guards).unwrap();
        let ignoring = guards.not(heeded);
        let share = Share::quick(&mut space.decisions, ignoring).unwrap();
        assert_eq!(share.part, counted.into());
        assert_eq!(share.of, all.len().into());
    }
}

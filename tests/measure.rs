//! A metric as a sum over conditions is, of every architecture, what is counted on
//! its network.

use enasc::decision::{self, Range};
use enasc::graph::measure::{Metric, terms};
use enasc::graph::{cost, select};
use enasc::{Options, SearchSpace, compile};
use rand::SeedableRng;

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

fn check(space: &SearchSpace) {
    let mut guards = space.decisions.guards.clone();
    let metrics = [Metric::Parameters, Metric::Flops, Metric::Activations];
    let measured = metrics.map(|metric| terms(&space.graph, &mut guards, metric));
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(0);
    for _ in 0..40 {
        let architecture = decision::sample(&space.decisions, &mut rng).unwrap();
        let child = select(&space.graph, &space.decisions, &architecture);
        let cost = cost::child(&space.graph, &child);
        let expected = [cost.parameters, cost.flops, cost.activations];
        for ((terms, expected), metric) in measured.iter().zip(expected).zip(metrics) {
            let sum: u64 = terms
                .iter()
                .filter(|(guard, _)| guards.holds(*guard, &architecture))
                .map(|(_, weight)| weight)
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

#[test]
fn the_range_of_parameters_is_that_of_all_architectures() {
    let text = EVERYTHING
        .replace("choose 2..=4", "choose 2..=3")
        .replace("{ 4, 8, 12 }", "{ 4, 12 }");
    assert_ne!(text, EVERYTHING);
    let mut space = compiled("everything", &text);
    let decisions = &mut space.decisions;
    let found = terms(&space.graph, &mut decisions.guards, Metric::Parameters);
    let range = Range::of(decisions, &found).unwrap().unwrap();
    let all = decision::Diagram::of(decisions).unwrap();
    let cost = |architecture: &decision::Architecture| {
        let child = select(&space.graph, decisions, architecture);
        u128::from(cost::child(&space.graph, &child).parameters)
    };
    let costs: Vec<u128> = all.iter().map(|architecture| cost(&architecture)).collect();
    assert!(costs.len() > 1000, "{}", costs.len());
    assert_eq!(Some(&range.min), costs.iter().min());
    assert_eq!(Some(&range.max), costs.iter().max());
    assert_eq!(cost(&range.least), range.min);
}

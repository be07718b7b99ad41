//! Every strategy: searches go on exactly where they were stopped, and find what was
//! planted in a table.

use super::*;
use crate::decision::{Architecture, Choice, DecisionSpace, Diagram, uniform_log_probs};
use crate::derive::Candidate;
use crate::table::Table;

const ALL: [StrategyName; 3] = [
    StrategyName::Enas,
    StrategyName::Random,
    StrategyName::Evolution,
];

#[test]
fn every_strategy_goes_on_to_the_same_result() {
    for name in [StrategyName::Random, StrategyName::Evolution] {
        let mut case = Case::new();
        case.config.strategy = StrategyConfig {
            name,
            population: 4,
            tournament: 2,
        };
        stopped_and_resumed(&case);
    }
}

#[test]
fn a_search_says_how_it_does_against_chance() {
    let case = Case::new();
    case.finish(case.path());
    let best = crate::run::read_json(&case.path().join(name::BEST)).unwrap();
    let lines = lines(case.path());
    let last = lines.last().unwrap();
    assert_eq!(last["phase"], "derive");
    assert_eq!(last["comparison"], best["comparison"]);
    assert_eq!(best["comparison"]["samples"], 20);
    let [low, high] = [0, 1].map(|i| best["comparison"]["interval"][i].as_f64().unwrap());
    let better = best["comparison"]["better_by"].as_f64().unwrap();
    assert!(low <= better && better <= high);
}

/// The tiny space, of whose architectures some are refused.
fn required(mut case: Case) -> Case {
    let source = "
        ops Op = { conv3: conv(3), conv5: conv(5), max3: max_pool(3) }
        space some {
          input  x: [1, 8, 8]
          output y: [4]
          x = conv(x, 3, 4)
          nodes h = [x]
          nodes h[l in 1..=2] { h[l] = (choose Op)(sum(pick some of h[..l])) |> bn }
          require params <= 600 and edges(h) <= 2
          y = h[2] |> gap |> linear(4)
        }";
    let compiled = crate::compile("some.enas", source, &crate::Options::default());
    assert!(!compiled.spaces.is_empty(), "{:?}", compiled.diagnostics);
    case.space = compiled.spaces.into_iter().next().unwrap();
    case
}

#[test]
fn every_strategy_searches_what_a_space_requires() {
    for name in ALL {
        let mut case = required(Case::new());
        case.config.strategy.name = name;
        case.config.strategy.population = 4;
        let (result, _) = case.search(case.path(), (0, 0), case.path());
        let space = &case.space.decisions;
        for candidate in result.unwrap() {
            assert!(candidate.architecture.is_of(space), "{name:?}");
        }
        for line in lines(case.path()).iter().skip(1) {
            for sample in line["samples"].as_array().into_iter().flatten() {
                case.architecture(sample["architecture"].as_str().unwrap());
            }
        }
    }
}

/// Six layers of three operations: 729 architectures.
const LAYERS: &str = "
ops Op = { a: conv(3), b: conv(5), c: max_pool(3) }
space layers(n: int = 6) {
  input  x: [3, 8, 8]
  output y: [10]
  x = conv(x, 3, 4)
  for i in 0..n { x = choose Op(x) }
  y = x |> gap |> linear(10)
}";

/// A table of the space in which each `b` is worth 0.1, and one in a row of two a
/// further 0.02, so that all `b` are best.
fn planted(space: &DecisionSpace) -> String {
    let paths: Vec<&str> = space.points.iter().map(|p| p.path.as_str()).collect();
    let mut text = format!("{},score\n", paths.join(","));
    for architecture in Diagram::of(space).unwrap().iter() {
        let is_b = |(id, _)| architecture.has(id, 1);
        let bs: Vec<bool> = space.iter().map(is_b).collect();
        let single = bs.iter().filter(|b| **b).count() as f64;
        let double = bs.windows(2).filter(|pair| pair == &[true; 2]).count() as f64;
        let cell = |(id, _)| match architecture.get(id) {
            Some(Choice::One(option)) => option.to_string(),
            _ => String::new(),
        };
        let cells: Vec<String> = space.iter().map(cell).collect();
        text += &format!("{},{}\n", cells.join(","), 0.1 * single + 0.02 * double);
    }
    text
}

struct Tabular {
    space: SearchSpace,
    folder: TempDir,
    config: SearchConfig,
}

impl Tabular {
    /// 400 look-ups.
    fn new(name: StrategyName) -> Self {
        one_thread();
        let compiled = crate::compile("layers.enas", LAYERS, &crate::Options::default());
        let space = compiled.spaces.into_iter().next().unwrap();
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("t.csv"), planted(&space.decisions)).unwrap();
        let mut config = SearchConfig::default();
        config.shared.epochs = 2;
        config.controller.updates = 20;
        config.controller.samples = 10;
        config.controller.policy.lr = 2e-2;
        config.controller.network.hidden = 16;
        config.strategy = StrategyConfig {
            name,
            population: 20,
            tournament: 5,
        };
        Self {
            space,
            folder,
            config,
        }
    }

    fn search(&self, run: &str, stop_after: u64) -> Result<Vec<Candidate>, TrainError> {
        let mut case = Case::new();
        case.config = self.config.clone();
        let spec = format!("table:{}", self.folder.path().join("t.csv").display());
        let table = Table::load(&spec.parse().unwrap(), &self.space).unwrap();
        let run = self.folder.path().join(run);
        let run = Run::resume(&run, &case.recipe(Command::Search)).unwrap();
        let interrupt = Interrupt::default();
        let mut watcher = Watcher {
            interrupt: &interrupt,
            stop_after,
            copy_after: 0,
            from: self.folder.path(),
            to: self.folder.path(),
            notices: Vec::new(),
        };
        let mut watch = Watch {
            interrupt: &interrupt,
            observer: &mut watcher,
        };
        search_table(&self.space, &table, &self.config, &run, &mut watch)
    }
}

/// Of how many seeds the planted optimum is found.
fn found(name: StrategyName) -> usize {
    let finds = |seed: u64| {
        let mut case = Tabular::new(name);
        case.config.run.seed = seed;
        let best = case.search("run", 0).unwrap().remove(0).architecture;
        case.space.decisions.iter().all(|(id, _)| best.has(id, 1))
    };
    (0..5).filter(|&seed| finds(seed)).count()
}

#[test]
fn policy_and_evolution_find_what_chance_may_miss() {
    assert_eq!(found(StrategyName::Enas), 5);
    assert_eq!(found(StrategyName::Evolution), 5);
    // 400 of 729: each seed finds it with probability 0.42.
    assert!(found(StrategyName::Random) < 5);
}

#[test]
fn a_search_by_a_table_goes_on_to_the_same_result() {
    for name in ALL {
        let case = Tabular::new(name);
        case.search("whole", 0).unwrap();
        for stop in [5, 21, 30] {
            let run = format!("stopped-{stop}");
            assert!(case.search(&run, stop).unwrap_err().is_interrupt());
            case.search(&run, 0).unwrap();
            let path = |run: &str| case.folder.path().join(run);
            assert_same(&path("whole"), &path(&run), name::BEST);
        }
    }
}

#[test]
fn a_policy_scores_an_architecture_decision_by_decision() {
    let case = Case::new();
    case.finish(case.path());
    let run = Run::open(case.path()).unwrap();
    let space = &case.space.decisions;
    let all: Vec<Architecture> = Diagram::of(space).unwrap().iter().collect();
    let scored = |a: &Architecture| score(&case.space, a, &case.config, &run).unwrap();
    let total: f64 = all.iter().map(|a| scored(a).log_prob.exp()).sum();
    assert!((total - 1.0).abs() < 1e-5, "{total}");
    let uniform = |a: &Architecture| uniform_log_probs(space, a).map(|(_, log)| log).sum::<f64>();
    let total: f64 = all.iter().map(|a| uniform(a).exp()).sum();
    assert!((total - 1.0).abs() < 1e-12, "{total}");
    let one = scored(&all[0]);
    let sum: f64 = one.decisions.iter().map(|(_, of, _)| of).sum();
    assert!((sum - one.log_prob).abs() < 1e-5);
    assert!((one.uniform - uniform(&all[0])).abs() < 1e-12);
    let mut config = case.config.clone();
    config.strategy.name = StrategyName::Random;
    let error = score(&case.space, &all[0], &config, &run).unwrap_err();
    assert!(error.to_string().contains("was not searched by a policy"));
}

#[test]
fn scores_are_correlated_and_what_was_done_is_not_done_again() {
    let case = Case::new();
    case.finish(case.path());
    let run = Run::open(case.path()).unwrap();
    let correlate_as = |k: usize, interrupt: &Interrupt| {
        let mut watch = Watch {
            interrupt,
            observer: &mut (),
        };
        let (space, data, config) = (&case.space, &case.data, &case.config);
        correlate(space, data, config, &run, k, Device::Cpu, &mut watch)
    };
    let first = correlate_as(2, &Interrupt::default()).unwrap();
    let whole = correlate_as(4, &Interrupt::default()).unwrap();
    assert_eq!(whole.pairs[..2], first.pairs);
    let drawn: Vec<&str> = whole.pairs.iter().map(|p| p.drawn_by.as_str()).collect();
    assert_eq!(drawn, ["strategy", "uniform", "strategy", "uniform"]);
    assert!(
        whole
            .pairs
            .iter()
            .all(|p| p.examples == 10 && p.epochs == 2)
    );
    // Whoever stops it loses nothing that was done: nothing is left to do here.
    let stopped = Interrupt::default();
    stopped.raise();
    assert_eq!(correlate_as(4, &stopped).unwrap(), whole);
    // The tiny space has six architectures.
    assert!(correlate_as(6, &stopped).unwrap_err().is_interrupt());
}

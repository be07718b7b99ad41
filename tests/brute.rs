//! What is said of all architectures of a space, against a look at every one: of small
//! relatives of all shipped spaces.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
#[cfg(feature = "torch")]
use std::sync::Arc;

use enasc::decision::{Architecture, Choice, Count, DecisionSpace, Diagram};
use enasc::graph::alike::Alike;
use enasc::graph::canonical::{Canonical, Form};
#[cfg(feature = "torch")]
use enasc::graph::{Op, alone, cost};
use enasc::graph::{select, unique};
#[cfg(feature = "torch")]
use enasc::model::{ModelConfig, SharedModel};
use enasc::unroll::Settings;
use enasc::{Options, SearchSpace, compile};
use num_bigint::BigUint;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use crate::small_spaces::{SMALL, Small};

fn space(small: &Small) -> SearchSpace {
    let set = small.set.iter();
    let set = set.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let options = Options {
        settings: Settings(set.collect()),
        ..Options::default()
    };
    let mut compiled = compile(small.file, &small.text(), &options);
    assert!(
        compiled.spaces.len() > small.space,
        "{}: {:?}",
        small.file,
        compiled.diagnostics
    );
    compiled.spaces.remove(small.space)
}

/// All architectures, by going through all choices.
fn all(space: &DecisionSpace) -> BTreeSet<Architecture> {
    let mut all = vec![Architecture::undecided(space)];
    for (id, point) in space.iter() {
        let mut more = Vec::new();
        for made in all {
            if !space.guards.holds(point.active, &made) {
                more.push(made);
                continue;
            }
            let available = space.available(point, &made);
            for choice in Choice::all(point.domain) {
                let is_there = match &choice {
                    Choice::One(option) => available.contains(option),
                    Choice::Set(options) => options.iter().all(|o| available.contains(o)),
                };
                if is_there {
                    let mut made = made.clone();
                    made.set(id, choice);
                    more.push(made);
                }
            }
        }
        all = more;
    }
    let fulfil = |made: &Architecture| space.guards.holds(space.require, made);
    all.into_iter().filter(fulfil).collect()
}

#[test]
fn the_table_has_all_shipped_spaces() {
    let files = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("spaces")).unwrap();
    let files = files.map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|e| e == "enas"));
    let files = files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned());
    let files: BTreeSet<String> = files.collect();
    let listed: BTreeSet<String> = SMALL.iter().map(|small| small.file.to_owned()).collect();
    assert_eq!(listed, files);
}

#[test]
fn counts_and_numbers_are_those_of_a_look_at_every_architecture() {
    for small in SMALL {
        let space = space(small);
        let name = &space.name;
        let all = all(&space.decisions);
        assert!(all.len() > 7 && all.len() < 20_000, "{name}: {}", all.len());
        assert_eq!(
            Count::of(&space.decisions).value,
            all.len().into(),
            "{name}"
        );
        let diagram = Diagram::of(&space.decisions).unwrap();
        let numbered: Vec<Architecture> = diagram.iter().collect();
        assert_eq!(numbered.len(), all.len(), "{name}");
        assert!(numbered.iter().all(|one| all.contains(one)), "{name}");
        assert_eq!(
            numbered.iter().collect::<BTreeSet<_>>().len(),
            all.len(),
            "{name}"
        );
        for (rank, one) in numbered.iter().enumerate().step_by(1 + all.len() / 500) {
            let rank = BigUint::from(rank);
            assert_eq!(diagram.unrank(&rank).as_ref(), Some(one), "{name} {rank}");
            assert_eq!(diagram.rank(one), Some(rank), "{name}");
        }
    }
}

/// Numbers of architectures at random fall into equal parts as often as these are large,
/// by the chi-square test: its statistic has as its mean the degrees of freedom, and twice
/// them as its variance.
#[test]
fn uniform_samples_are_uniform() {
    for small in SMALL {
        let space = space(small);
        let diagram = Diagram::of(&space.decisions).unwrap();
        let n = usize::try_from(diagram.count()).unwrap();
        let parts = n.min(40);
        let part = |rank: usize| rank * parts / n;
        let mut sizes = vec![0u32; parts];
        for rank in 0..n {
            sizes[part(rank)] += 1;
        }
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let mut found = vec![0u32; parts];
        let samples = 20 * parts;
        for _ in 0..samples {
            let rank = diagram.rank(&diagram.sample(&mut rng).unwrap()).unwrap();
            found[part(usize::try_from(rank).unwrap())] += 1;
        }
        let terms = sizes.iter().zip(&found).map(|(&size, &found)| {
            let expected = samples as f64 * f64::from(size) / n as f64;
            (f64::from(found) - expected).powi(2) / expected
        });
        let freedom = (parts - 1) as f64;
        let statistic: f64 = terms.sum();
        let limit = freedom + 4.0 * (2.0 * freedom).sqrt();
        assert!(
            statistic < limit,
            "{}: {statistic} of {freedom}",
            space.name
        );
    }
}

/// What the cost model says is what libtorch allocates: of every shipped space that can be
/// trained, though its operations may be of sizes that other decisions say.
#[cfg(feature = "torch")]
#[test]
fn architectures_have_as_many_parameters_as_their_models() {
    let mut compared = 0;
    for small in SMALL {
        let space = space(small);
        let mut nodes = space
            .graph
            .regions
            .iter()
            .flat_map(|r| r.graph.node_weights());
        // Operations that only have a cost are in no model.
        if nodes.any(|node| matches!(node.op, Op::Extern { .. })) {
            continue;
        }
        compared += 1;
        let diagram = Diagram::of(&space.decisions).unwrap();
        let n = usize::try_from(diagram.count()).unwrap();
        for rank in (0..n).step_by(1 + n / 100) {
            let one = diagram.unrank(&rank.into()).unwrap();
            let child = select(&space.graph, &space.decisions, &one);
            let graph = Arc::new(alone(&space.graph, &child));
            let config = ModelConfig::default();
            let mut model = SharedModel::new(graph, config, 1, tch::Device::Cpu);
            let trained = model.trained(&child).unwrap();
            let numbers: usize = trained.iter().map(|(_, tensor)| tensor.numel()).sum();
            let counted = cost::child(&space.graph, &child).parameters;
            let line = one.to_line(&space.decisions);
            assert_eq!(numbers as u64, counted, "{}: {line}", space.name);
        }
    }
    // AutoFormer's three, NAS-Bench-ASR and NAS-Bench-Graph.
    assert_eq!(SMALL.len() - compared, 5);
}

#[test]
fn networks_differ_as_often_as_their_forms_do() {
    for small in SMALL {
        let space = space(small);
        let (graph, decisions, name) = (&space.graph, &space.decisions, &space.name);
        let canonical = Canonical::new(graph);
        let mut of_form: BTreeMap<Form, Vec<Architecture>> = BTreeMap::new();
        let all = all(decisions);
        // Large families of large networks tell no more than some hundreds.
        if all.len() > 2_000 {
            continue;
        }
        for one in all {
            let form = canonical.form(&select(graph, decisions, &one)).unwrap();
            of_form.entry(form).or_default().push(one);
        }
        let diagram = Diagram::of(decisions).unwrap();
        let counted = unique::exact(graph, decisions, &diagram);
        assert_eq!(counted, Ok(of_form.len()), "{name}");
        let of_parts = unique::count(graph, decisions, &diagram, 0);
        let of_parts = of_parts.unwrap().unwrap();
        assert!(of_parts.is_exact(), "{name}");
        assert_eq!(of_parts.value, of_form.len().into(), "{name}");
        let alike = Alike::new(graph, decisions);
        for class in of_form.values().step_by(1 + of_form.len() / 12) {
            let found = alike.class(&class[0], 1 << 24).map(|class| class.size);
            let line = class[0].to_line(decisions);
            assert_eq!(found, Ok(class.len().into()), "{name}: {line}");
        }
    }
}

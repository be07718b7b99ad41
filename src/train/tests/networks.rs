//! The seven networks of ENAS against the same networks in plain loops, which
//! `tests/networks/forward.py` has from the paper: their logits with moving and with
//! batch statistics, the loss of a training step, and what it moves.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use tch::{Device, Kind, Tensor};

use super::task::Made;
use crate::encoding::{Encoding, import};
use crate::graph::{Child, Param, Role, cost, select};
use crate::model::{Mode, ModelConfig, Precision, SharedModel};
use crate::recipe::RunConfig;
use crate::train::log::Figure;
use crate::train::task::{Batch, Measure};
use crate::train::weights::Weights;
use crate::train::{Phase, Step, WeightsConfig};
use crate::unroll::Settings;
use crate::{Options, SearchSpace, compile};

const CLOSE: f64 = 1e-9;

/// A number in -1..1 for the place `i` of what is called `name`.
fn wave(name: &str, i: i64) -> f64 {
    let key = name
        .bytes()
        .fold(0, |key, b| (31 * key + i64::from(b)) % 9973);
    ((key + i * i % 7919) as f64).sin()
}

fn waves(name: &str, sizes: &[i64], start: f64, spread: f64) -> Tensor {
    let values: Vec<f64> = (0..sizes.iter().product())
        .map(|i| start + spread * wave(name, i))
        .collect();
    Tensor::from_slice(&values).view(sizes)
}

/// A parameter by formula in the part of it that an architecture uses, whose sizes
/// decisions may say; the rest is nothing that anyone may compute with.
fn parameter(param: &Param, used: &[usize]) -> (String, Tensor) {
    let sizes = |shape: &[usize]| -> Vec<i64> { shape.iter().map(|&n| n as i64).collect() };
    let (whole, used) = (sizes(&param.shape), sizes(used));
    let fan_in: i64 = used[1..].iter().product();
    let (start, spread) = match param.role {
        Role::Weight | Role::Embedding => (0.0, 2.0 / (fan_in as f64).sqrt()),
        Role::Scale => (1.0, 0.25),
        Role::Offset | Role::Mean | Role::Bias => (0.0, 0.5),
        Role::Variance => (3.0, 1.0),
    };
    let tensor = Tensor::full(whole, f64::NAN, (Kind::Double, Device::Cpu));
    let mut part = tensor.shallow_clone();
    for (dim, &n) in (0..).zip(&used) {
        part = part.narrow(dim, 0, n);
    }
    part.copy_(&waves(&param.name, &used, start, spread));
    (param.name.clone(), tensor)
}

/// A space of the paper at a small size, one of its networks, and what is expected.
struct Network {
    golden: Value,
    space: SearchSpace,
    child: Child,
}

impl Network {
    fn of(name: &str) -> Self {
        let all: Vec<Value> =
            serde_json::from_str(include_str!("../../../tests/networks/golden.json")).unwrap();
        let golden = all.into_iter().find(|g| g["space"] == name).unwrap();
        let set = golden["set"].as_object().unwrap().iter();
        let set = set.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()));
        let options = Options {
            settings: Settings(set.collect()),
            ..Options::default()
        };
        let file = format!("{}/spaces/{name}.enas", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(file).unwrap();
        let space = compile(name, &text, &options).spaces.remove(0);
        let line = golden["architecture"].as_str().unwrap();
        let architecture = import(Encoding::Enas, line, &space.decisions).unwrap();
        let child = select(&space.graph, &space.decisions, &architecture);
        Self {
            golden,
            space,
            child,
        }
    }

    fn numbers(&self, place: &str) -> Vec<f64> {
        let list = self.golden.pointer(place).and_then(Value::as_array);
        list.unwrap().iter().map(|n| n.as_f64().unwrap()).collect()
    }

    /// A model with such parameters, in double precision or in half.
    fn model(&self, parameters: &BTreeMap<String, Tensor>, half: bool) -> SharedModel {
        let graph = Arc::new(self.space.graph.clone());
        let mut config = ModelConfig::default();
        if half {
            config.precision = Precision::Bf16;
        }
        let mut model = SharedModel::new(graph, config, 0, Device::Cpu);
        if !half {
            model = model.in_double();
        }
        let named = |(name, tensor): (&String, &Tensor)| (name.clone(), tensor.shallow_clone());
        model
            .load_state(parameters.iter().map(named).collect())
            .unwrap();
        model
    }

    /// Its parameters by formula.
    fn parameters(&self) -> BTreeMap<String, Tensor> {
        let mut state = BTreeMap::new();
        for (region, selected) in self.space.graph.regions.iter().zip(&self.child.regions) {
            for step in &selected.steps {
                let node = &region.graph[step.node];
                for (role, &id) in step.params.iter().enumerate() {
                    let param = self.space.graph.params.get(id).unwrap();
                    let part = node.part_of(step.form, role);
                    let used = part.map_or(&param.shape, |part| &part.0);
                    let (name, tensor) = parameter(param, used);
                    state.insert(name, tensor);
                }
            }
        }
        state
    }

    /// One step: its loss, and what the moving statistics come to.
    fn step(&self, parameters: &BTreeMap<String, Tensor>, half: bool) -> (f64, Tensor) {
        let (config, run) = (WeightsConfig::shared(), RunConfig::default());
        let batch = self.batch();
        let task = Box::new(Made {
            measure: match batch.input.kind() {
                Kind::Int64 => Measure::Perplexity,
                _ => Measure::Accuracy,
            },
            batches: 1,
            make: move |_| Batch {
                input: batch.input.shallow_clone(),
                targets: batch.targets.shallow_clone(),
            },
        });
        let mut weights = Weights::new(self.model(parameters, half), task, &config, &run);
        let step = Step {
            number: 1,
            epoch: 1,
            phase: Phase::Shared,
            index: 0,
            of: 1,
        };
        let child = std::slice::from_ref(&self.child);
        let record = weights.step(step, child, &String::new).unwrap();
        let loss = record.figures.into_iter().find(|(name, _)| *name == "loss");
        let Some((_, Figure::Known(loss))) = loss else {
            panic!("on a CPU it is read")
        };
        (loss, moving(&weights.model).0)
    }

    fn batch(&self) -> Batch {
        let setting = |name: &str| {
            let text = self.golden["set"].get(name)?.as_str()?;
            text.parse::<i64>().ok()
        };
        let targets = |n: i64, classes: i64| {
            let targets: Vec<i64> = (0..n).map(|i| (5 * i + 1) % classes).collect();
            Tensor::from_slice(&targets)
        };
        if let Some(vocab) = setting("vocab") {
            let tokens: Vec<i64> = (0..12).map(|i| i * (i + 3) % vocab).collect();
            return Batch {
                input: Tensor::from_slice(&tokens).view([4, 3]),
                targets: targets(12, vocab).view([4, 3]),
            };
        }
        let size = setting("size").unwrap();
        Batch {
            input: waves("x", &[3, 3, size, size], 0.0, 1.0),
            targets: targets(3, 10),
        }
    }
}

#[track_caller]
fn close(what: &str, found: &Tensor, expected: &[f64]) {
    let found = Vec::<f64>::try_from(found.detach().to_kind(Kind::Double).flatten(0, -1)).unwrap();
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!(
            (found - expected).abs() < CLOSE,
            "{what} {i}: {found} for {expected}"
        );
    }
}

/// The sums of the moving means and of the moving variances, and how many both are.
fn moving(model: &SharedModel) -> (Tensor, u64) {
    let state = model.state().unwrap();
    let all = |last: &str| {
        let of = |(name, _): &&(String, Tensor)| name.rsplit('.').next() == Some(last);
        let flat = state.iter().filter(of).map(|(_, t)| t.flatten(0, -1));
        let none = Tensor::zeros([0], (Kind::Double, Device::Cpu));
        Tensor::cat(&flat.chain([none]).collect::<Vec<_>>(), 0)
    };
    let [mean, variance] = ["mean", "variance"].map(all);
    let sums = [mean.sum(Kind::Double), variance.sum(Kind::Double)];
    (Tensor::stack(&sums, 0), 2 * mean.numel() as u64)
}

fn check(name: &str) {
    super::one_thread();
    let network = Network::of(name);
    let trained = cost::child(&network.space.graph, &network.child).parameters;
    let parameters = network.parameters();
    let mut model = network.model(&parameters, false);
    let batch = network.batch();
    for (mode, place) in [(Mode::Eval, "evaluation"), (Mode::Train, "training")] {
        let inputs = [batch.input.shallow_clone()];
        let outputs = model.forward(&network.child, &inputs, mode).unwrap();
        for (i, output) in outputs.iter().enumerate() {
            let expected = network.numbers(&format!("/{place}/logits/{i}"));
            close(&format!("{place}: output {i}, number"), output, &expected);
        }
    }
    let moved = network.numbers("/moved");
    let (sums, statistics) = moving(&model);
    close("moved statistics", &sums, &moved);
    assert_eq!(network.golden["parameters"], trained + statistics);

    let expected = network.golden["training"]["loss"].as_f64().unwrap();
    // Losses are summed in single precision.
    let (loss, sums) = network.step(&parameters, false);
    assert!((loss - expected).abs() < 1e-6, "{loss} for {expected}");
    close("moved statistics", &sums, &moved);
    let (loss, _) = network.step(&parameters, true);
    assert!(
        (loss - expected).abs() < 0.05 * expected,
        "{loss} for {expected} in half precision"
    );
}

#[test]
fn the_recurrent_cell_computes_what_the_paper_says() {
    check("enas_rnn");
    check("enas_rnn_final");
    check("enas_rnn_lm");
}

#[test]
fn the_macro_networks_compute_what_the_paper_says() {
    check("enas_macro");
    check("enas_macro_final");
}

#[test]
fn the_micro_networks_compute_what_the_paper_says() {
    check("enas_micro");
    check("enas_micro_final");
}

//! Steps whose loss or gradient is no number, and figures that are read later, as on a
//! GPU: what is learnt is the same to the last bit, and what goes wrong is told alike.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use tch::{Device, Kind, Tensor};
use tempfile::TempDir;

use super::task::Made;
use super::{Case, lines, one_thread, recurrent, space, tensors};
use crate::decision::Architecture;
use crate::graph::select;
use crate::model::{ModelConfig, SharedModel};
use crate::recipe::{RunConfig, Schedule, WeightsConfig};
use crate::run::name;
use crate::train::log::Log;
use crate::train::task::{Batch, Measure};
use crate::train::weights::Weights;
use crate::train::{Event, Observer, Phase, Step};

/// The same but for `config.json`, which says when figures are read.
#[track_caller]
fn assert_same(a: &Path, b: &Path) {
    for file in [name::METRICS, name::BEST] {
        let read = |folder: &Path| fs::read_to_string(folder.join(file)).unwrap();
        assert_eq!(read(a), read(b), "{file}");
    }
    for ((name, a), (other, b)) in tensors(a).iter().zip(&tensors(b)) {
        assert!(name == other && a.equal(b), "{name} differs");
    }
}

fn read_later(case: &mut Case) {
    case.finish(case.path());
    case.config.run.log_steps = 3;
    let later = TempDir::new().unwrap();
    case.finish(later.path());
    assert_same(case.path(), later.path());
    // Stopped where figures are waiting, and gone on with at another pace.
    let stopped = TempDir::new().unwrap();
    for (stop_after, log_steps) in [(2, 3), (7, 100)] {
        case.config.run.log_steps = log_steps;
        let (result, _) = case.search(stopped.path(), (stop_after, 0), stopped.path());
        assert!(result.unwrap_err().is_interrupt());
    }
    case.finish(stopped.path());
    assert_same(case.path(), stopped.path());
}

#[test]
fn what_is_learnt_does_not_depend_on_when_figures_are_read() {
    read_later(&mut Case::new());
}

#[test]
fn nor_does_it_of_a_text() {
    read_later(&mut recurrent(include_str!(
        "../../../spaces/enas_rnn.enas"
    )));
}

#[test]
fn a_loss_that_is_no_number_stops_the_run_and_names_the_architecture() {
    let stopped = |log_steps| {
        let mut case = Case::new();
        case.config.shared.schedule = Schedule::Constant { lr: 1e30 };
        case.config.shared.clip = 0.0;
        case.config.run.log_steps = log_steps;
        let (result, _) = case.search(case.path(), (0, 0), case.path());
        let message = result.unwrap_err().to_string();
        assert!(
            message.contains("of step ") && message.contains("f="),
            "{message}"
        );
        assert!(
            message.contains("what was saved before is good"),
            "{message}"
        );
        let metrics = fs::read_to_string(case.path().join(name::METRICS)).unwrap();
        (message, metrics)
    };
    // However long it went on without looking.
    assert_eq!(stopped(1), stopped(5));
}

/// A loss that is a number still, and far from any that says something.
#[test]
fn a_loss_that_explodes_stops_the_run() {
    let mut case = Case::new();
    // The first loss of four classes is about 1.4.
    case.config.shared.loss_limit = 0.5;
    let (result, _) = case.search(case.path(), (0, 0), case.path());
    let message = result.unwrap_err().to_string();
    assert!(
        message.starts_with("the loss of step 1 (epoch 1) is 1."),
        "{message}"
    );
    case.config.shared.loss_limit = 0.0;
    let folder = TempDir::new().unwrap();
    case.finish(folder.path());
}

#[test]
fn steps_that_are_tolerated_are_counted_over_a_stop() {
    let mut case = Case::new();
    case.config.shared.schedule = Schedule::Constant { lr: 1e30 };
    case.config.shared.clip = 0.0;
    case.config.controller.updates = 0;
    let step = |error: String| {
        let words = error.split("of step ").nth(1).unwrap();
        let number = words.split(' ').next().unwrap();
        number.parse::<u64>().unwrap()
    };
    let first = step(
        case.search(case.path(), (0, 0), case.path())
            .0
            .unwrap_err()
            .to_string(),
    );
    // Reports are steps too.
    case.config.shared.bad_steps = 2;
    let folder = TempDir::new().unwrap();
    let (result, notices) = case.search(folder.path(), (first + 1, 0), folder.path());
    assert!(result.unwrap_err().is_interrupt());
    assert!(
        notices
            .iter()
            .any(|notice| notice.contains("was left out: its ")),
        "{notices:?}"
    );
    let (result, _) = case.search(folder.path(), (0, 0), folder.path());
    let last = step(result.unwrap_err().to_string());
    let left_out = lines(folder.path());
    let left_out = left_out
        .iter()
        .filter(|line| line["left_out"] == 1.0)
        .count();
    assert_eq!(left_out, 2, "the third ends the run");
    assert!((first + 2..=first + 3).contains(&last), "{first} {last}");
}

/// Images of waves; those of the broken step are no numbers.
fn waves(step: Step, broken: u64) -> Batch {
    let place = if step.index == broken {
        f64::NAN
    } else {
        step.number as f64
    };
    let sizes = [2, 1, 8, 8];
    let ramp = Tensor::arange(128, (Kind::Float, Device::Cpu)).view(sizes);
    Batch {
        input: (ramp * place).sin(),
        targets: Tensor::from_slice(&[0i64, 3]),
    }
}

/// Makes these steps of an epoch of four, and says what is left.
fn after(steps: &[u64], broken: u64, log_steps: u64) -> Vec<(String, Tensor)> {
    one_thread();
    let space = space::tiny();
    let line = "f=conv3 g=conv3";
    let architecture = Architecture::parse(line, &space.decisions, &space.name).unwrap();
    let child = select(&space.graph, &space.decisions, &architecture);
    let graph = Arc::new(space.graph.clone());
    let model = SharedModel::new(graph, ModelConfig::default(), 1, Device::Cpu);
    let config = WeightsConfig {
        bad_steps: 1,
        ..WeightsConfig::shared()
    };
    let run = RunConfig {
        log_steps,
        ..RunConfig::default()
    };
    let task = Box::new(Made {
        measure: Measure::Accuracy,
        batches: 4,
        make: move |step| waves(step, broken),
    });
    let mut weights = Weights::new(model, task, &config, &run);
    let mut log = Log::new((), run.read_every(), 0);
    for &index in steps {
        let step = Step {
            number: index + 1,
            epoch: 1,
            phase: Phase::Shared,
            index,
            of: 4,
        };
        let children = std::slice::from_ref(&child);
        let record = weights.step(step, children, &String::new).unwrap();
        log.add(step, record, &mut ()).unwrap();
    }
    log.flush(&mut ()).unwrap();
    assert_eq!(log.left_out(), 0);
    weights.state().unwrap()
}

#[test]
fn a_step_that_is_left_out_leaves_no_trace() {
    for log_steps in [1, 3] {
        let with = after(&[0, 1, 2, 3], 1, log_steps);
        let without = after(&[0, 2, 3], 1, log_steps);
        assert_eq!(with.len(), without.len());
        for ((name, a), (other, b)) in with.iter().zip(&without) {
            assert!(name == other && a.equal(b), "{name} differs");
        }
    }
}

struct Seen(Vec<u64>);

impl Observer for Seen {
    fn event(&mut self, event: &Event) {
        if let Event::Step { step, .. } = event {
            self.0.push(step.number);
        }
    }
}

#[test]
fn figures_are_read_together_and_in_order() {
    use crate::train::log::{Figure, Record};

    let step = |number, phase| Step {
        number,
        epoch: 1,
        phase,
        index: number - 1,
        of: 9,
    };
    let pending = || Record {
        figures: vec![("loss", Figure::Pending(Tensor::from(1.5f32)))],
        ..Record::default()
    };
    let mut seen = Seen(Vec::new());
    let mut log = Log::new((), 3, 0);
    let mut told = Vec::new();
    for (number, phase, record) in [
        (1, Phase::Shared, pending()),
        (2, Phase::Shared, pending()),
        (3, Phase::Shared, pending()),
        (4, Phase::Shared, pending()),
        // Known figures wait for nothing, and what is before them is told before.
        (5, Phase::Controller, Record::of(vec![("reward", 1.0)])),
        (6, Phase::Shared, pending()),
    ] {
        log.add(step(number, phase), record, &mut seen).unwrap();
        told.push(seen.0.len());
    }
    log.flush(&mut seen).unwrap();
    assert_eq!(told, [0, 0, 3, 3, 5, 5]);
    assert_eq!(seen.0, [1, 2, 3, 4, 5, 6]);
}

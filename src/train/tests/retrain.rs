//! Trainings of one architecture: what they learn, when they end, and that a stop changes
//! nothing of it.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use super::{Case, assert_same, lines, recurrent, tensors};
use crate::recipe::Schedule;
use crate::run::name;
use crate::train::Measure;

#[test]
fn a_training_that_averages_goes_on_to_the_same_result() {
    let mut case = recurrent(include_str!("../../../spaces/enas_rnn_lm.enas"));
    case.config.retrain.epochs = 8;
    case.config.retrain.average_after = 1;
    // Too fast to settle.
    case.config.retrain.schedule = Schedule::Constant { lr: 8.0 };
    let line = "Cell.h[1].p=0 Cell.h[1].f=relu Cell.h[2].p=1 Cell.h[2].f=tanh \
                Cell.h[3].p=0 Cell.h[3].f=identity";
    let trained = case.train(case.path(), line, 0).unwrap();
    let means = |folder: &Path| {
        let named = tensors(folder);
        let means = named
            .iter()
            .filter(|(name, _)| name.starts_with("averaging/mean."));
        means.count()
    };
    assert_eq!(means(case.path()), 5, "averaging has begun");
    let lines = lines(case.path());
    let valid: Vec<f64> = lines
        .iter()
        .filter_map(|line| line["valid_perplexity"].as_f64())
        .collect();
    assert_eq!(valid.len(), 8);
    // The mean is what is tested and kept.
    let last = (valid[7], trained.test.loss.exp());
    assert!((last.0 - last.1).abs() < 0.3 * last.1, "{last:?}");
    for stop in [60, 75] {
        let other = TempDir::new().unwrap();
        assert!(
            case.train(other.path(), line, stop)
                .unwrap_err()
                .is_interrupt()
        );
        let again = case.train(other.path(), line, 0).unwrap();
        assert_eq!(again, trained);
        assert_same(case.path(), other.path(), name::RESULT);
    }
}

#[test]
fn a_training_learns_and_its_weights_give_its_accuracy_again() {
    let mut case = Case::of_images(400, 100);
    case.config.retrain.epochs = 6;
    case.config.retrain.batch = 20;
    case.config.run.checkpoint_steps = 100;
    let line = "f=conv3 g=conv3";
    let trained = case.train(case.path(), line, 0).unwrap();
    let loss = |line: &Value| line["train_loss"].as_f64();
    let losses: Vec<f64> = lines(case.path()).iter().filter_map(loss).collect();
    assert_eq!(losses.len(), 6);
    assert!(losses[5] < 0.8 * losses[0], "{losses:?}");
    assert!(trained.test.accuracy > 0.4, "{trained:?}");
    assert_eq!(trained.test.examples, 100);
    let tested = case.test(line).unwrap();
    assert_eq!(tested, (Measure::Accuracy, trained.test));
    // Weights of another architecture are not taken for these.
    let error = case.test("f=conv5 g=id");
    let message = error.unwrap_err().to_string();
    assert!(message.contains("it has no tensor"), "{message}");
}

#[test]
fn a_training_that_is_stopped_goes_on_to_the_same_result() {
    let case = Case::new();
    let line = "f=max3 g=id";
    case.train(case.path(), line, 0).unwrap();
    let other = TempDir::new().unwrap();
    for step in [2, 5] {
        let error = case.train(other.path(), line, step).unwrap_err();
        assert!(error.is_interrupt(), "{error}");
    }
    case.train(other.path(), line, 0).unwrap();
    assert_same(case.path(), other.path(), name::RESULT);
    let weights = |folder: &Path| fs::read(folder.join(name::WEIGHTS)).unwrap();
    assert_eq!(weights(case.path()), weights(other.path()));
}

#[test]
fn a_training_that_gets_no_better_ends_with_its_best_weights() {
    let mut case = Case::of_images(200, 50);
    case.config.retrain.epochs = 40;
    case.config.retrain.batch = 50;
    case.config.retrain.patience = 3;
    let line = "f=conv3 g=conv3";
    let trained = case.train(case.path(), line, 0).unwrap();
    let metrics = lines(case.path());
    let valid: Vec<f64> = metrics
        .iter()
        .filter_map(|line| line["valid_accuracy"].as_f64())
        .collect();
    assert!((4..40).contains(&valid.len()), "{valid:?}");
    let best = valid.iter().copied().fold(0.0, f64::max);
    let first = valid.iter().position(|&score| score >= best).unwrap();
    assert_eq!(valid.len(), first + 1 + 3, "{valid:?}");
    // 150 images in 3 minibatches: the validation part is not trained on.
    let shared = metrics.iter().filter(|line| line["phase"] == "shared");
    assert_eq!(shared.count(), 3 * valid.len());
    let total = 4 * valid.len() as u64;
    for stop in [4 * first as u64 + 2, total - 2, total - 1] {
        let other = TempDir::new().unwrap();
        let error = case.train(other.path(), line, stop).unwrap_err();
        assert!(error.is_interrupt(), "{error}");
        assert_eq!(case.train(other.path(), line, 0).unwrap(), trained);
        assert_same(case.path(), other.path(), name::RESULT);
        let weights = |folder: &Path| fs::read(folder.join(name::WEIGHTS)).unwrap();
        assert_eq!(weights(case.path()), weights(other.path()));
        // Once more trains nothing.
        assert_eq!(case.train(other.path(), line, 0).unwrap(), trained);
    }
    assert_eq!(case.test(line).unwrap(), (Measure::Accuracy, trained.test));
}

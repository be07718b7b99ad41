//! Trainings whose products are of half precision: they come to what single precision
//! comes to, within what its three digits say, and resume as exactly.

use std::fs;

use serde_json::Value;
use tch::{Kind, Tensor};
use tempfile::TempDir;

use super::{Case, assert_same, lines, recurrent, tensors};
use crate::model::Precision;
use crate::run::name;

/// The mean loss of each epoch.
fn losses(case: &Case, line: &str, precision: Precision) -> (Vec<f64>, f64) {
    let mut config = case.config.clone();
    config.retrain.model.precision = precision;
    let folder = TempDir::new().unwrap();
    let case = Case {
        config,
        space: case.space.clone(),
        data: case.data.clone(),
        folder: TempDir::new().unwrap(),
    };
    let trained = case.train(folder.path(), line, 0).unwrap();
    let loss = |line: &Value| line["train_loss"].as_f64();
    // Weights are kept in single precision, whatever multiplies them.
    for (_, tensor) in Tensor::read_safetensors(folder.path().join(name::WEIGHTS)).unwrap() {
        assert_eq!(tensor.kind(), Kind::Float);
    }
    (
        lines(folder.path()).iter().filter_map(loss).collect(),
        trained.test.loss,
    )
}

#[track_caller]
fn learns_alike(case: &Case, line: &str, to: f64) {
    let (single, single_test) = losses(case, line, Precision::F32);
    let (half, half_test) = losses(case, line, Precision::Bf16);
    assert_ne!(single, half, "nothing was of half precision");
    let last = single.len() - 1;
    assert!(half[last] < to * half[0], "{half:?}");
    for (single, half) in single.iter().zip(&half) {
        assert!((single - half).abs() < 0.05 * single, "{half} for {single}");
    }
    assert!(
        (single_test - half_test).abs() < 0.1 * single_test,
        "{half_test} for {single_test}"
    );
}

#[test]
fn images_are_learnt_alike() {
    let mut case = Case::of_images(400, 100);
    case.config.retrain.epochs = 6;
    case.config.retrain.batch = 20;
    learns_alike(&case, "f=conv3 g=conv3", 0.8);
}

#[test]
fn a_text_is_learnt_alike() {
    let mut case = recurrent(include_str!("../../../spaces/enas_rnn_lm.enas"));
    case.config.retrain.epochs = 6;
    let line = "Cell.h[1].p=0 Cell.h[1].f=relu Cell.h[2].p=1 Cell.h[2].f=tanh \
                Cell.h[3].p=0 Cell.h[3].f=identity";
    learns_alike(&case, line, 0.6);
}

#[test]
fn and_by_a_cell_with_batch_norm() {
    let mut case = recurrent(include_str!("../../../spaces/enas_rnn.enas"));
    case.config.retrain.epochs = 2;
    let line = "Cell.f0=tanh Cell.h[1].p=0 Cell.h[1].f=relu Cell.h[2].p=1 Cell.h[2].f=sigmoid";
    learns_alike(&case, line, 1.0);
}

#[test]
fn a_search_in_half_precision_goes_on_to_the_same_result() {
    let mut case = Case::new();
    case.config.shared.model.precision = Precision::Bf16;
    case.finish(case.path());
    let other = TempDir::new().unwrap();
    for stop in [2, 8] {
        case.stop(other.path(), stop);
    }
    case.finish(other.path());
    assert_same(case.path(), other.path(), name::BEST);
    for (name, tensor) in tensors(case.path()) {
        assert_ne!(tensor.kind(), Kind::BFloat16, "{name}");
    }
    let config = fs::read_to_string(case.path().join(name::CONFIG)).unwrap();
    assert!(config.contains("bf16"));
}

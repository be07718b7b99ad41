//! Trainings that start from the shared weights of a search.

use std::fs;

use tch::Tensor;
use tempfile::TempDir;

use super::{Case, assert_same, tensors};
use crate::recipe::Schedule;
use crate::run::{Run, name};
use crate::train::inherit;

const LINE: &str = "f=conv3 g=conv3";

/// What is trained starts as it was in the search: a rate of next to nothing leaves it so.
#[test]
fn shared_weights_are_where_a_training_starts() {
    let mut case = Case::new();
    case.config.retrain.schedule = Schedule::Constant { lr: 1e-12 };
    case.config.shared.epochs = 20;
    case.finish(case.path());
    let search = Run::open(case.path()).unwrap();
    let inherited = inherit(&case.space, &search).unwrap();
    drop(search);
    let folder = TempDir::new().unwrap();
    case.train_from(Some(inherited), folder.path(), LINE, 0)
        .unwrap();

    let shared = tensors(case.path());
    let trained = Tensor::read_safetensors(folder.path().join(name::WEIGHTS)).unwrap();
    assert!(
        trained.len()
            < shared
                .iter()
                .filter(|(name, _)| name.starts_with("model/"))
                .count()
    );
    for (name, tensor) in trained {
        // These move whatever the rate is.
        if matches!(name.rsplit('.').next(), Some("mean" | "variance")) {
            continue;
        }
        let place = format!("model/{name}");
        let (_, start) = shared.iter().find(|(name, _)| *name == place).unwrap();
        assert!(tensor.allclose(start, 0.0, 1e-6, false), "{name}");
    }
}

#[test]
fn such_a_training_goes_on_without_its_search() {
    let case = Case::new();
    let search = TempDir::new().unwrap();
    case.finish(search.path());
    let inherited = inherit(&case.space, &Run::open(search.path()).unwrap()).unwrap();
    let start = Some(inherited.clone());
    case.train_from(start.clone(), case.path(), LINE, 0)
        .unwrap();

    let other = TempDir::new().unwrap();
    let stopped = case.train_from(start, other.path(), LINE, 2).unwrap_err();
    assert!(stopped.is_interrupt(), "{stopped}");
    drop(search);
    case.train(other.path(), LINE, 0).unwrap();
    assert_same(case.path(), other.path(), name::RESULT);

    let anew = TempDir::new().unwrap();
    case.train(anew.path(), LINE, 0).unwrap();
    let weights = |folder: &TempDir| fs::read(folder.path().join(name::WEIGHTS)).unwrap();
    assert_ne!(weights(&other), weights(&anew));
    // One that started anew is not taken for one that did not.
    let mut recipe = case.recipe(crate::run::Command::Train);
    recipe.info.inherited = Some(inherited);
    let refused = Run::resume(anew.path(), &recipe).unwrap_err().to_string();
    assert!(
        refused.contains("did not start from the shared weights"),
        "{refused}"
    );
}

#[test]
fn weights_of_another_space_and_of_a_search_that_went_on_are_refused() {
    let case = Case::new();
    case.stop(case.path(), 6);
    let search = Run::open(case.path()).unwrap();
    let other = super::recurrent(include_str!("../../../spaces/enas_rnn_lm.enas"));
    let refused = inherit(&other.space, &search).unwrap_err().to_string();
    assert!(refused.contains("fit no other network"), "{refused}");
    let inherited = inherit(&case.space, &search).unwrap();
    drop(search);
    case.finish(case.path());
    let folder = TempDir::new().unwrap();
    let late = case.train_from(Some(inherited), folder.path(), LINE, 0);
    let late = late.unwrap_err().to_string();
    assert!(late.contains("start another run"), "{late}");
}

/// Of sizes that decisions say, a network that is trained alone has its own, and takes its part
/// of what is shared: of channels the first, of kernels the centre.
#[test]
fn a_network_is_no_larger_alone_than_it_needs_to_be() {
    let source = "space s {
        input  x: [1, 8, 8]
        output y: [4]
        y = x |> conv(choose { 3, 5 }, choose { 2, 4 }) |> bn |> gap |> linear(4)
    }";
    let compiled = crate::compile("s.enas", source, &crate::Options::default());
    let mut case = Case::new();
    case.space = compiled.spaces.into_iter().next().unwrap();
    case.config.retrain.schedule = Schedule::Constant { lr: 1e-12 };
    case.finish(case.path());
    let sizes = |decided: &str| {
        let search = Run::open(case.path()).unwrap();
        let inherited = inherit(&case.space, &search).unwrap();
        drop(search);
        let folder = TempDir::new().unwrap();
        case.train_from(Some(inherited), folder.path(), decided, 0)
            .unwrap();
        let trained = Tensor::read_safetensors(folder.path().join(name::WEIGHTS)).unwrap();
        let (_, kernel) = trained
            .into_iter()
            .find(|(name, _)| name == "conv.weight")
            .unwrap();
        kernel
    };
    let points = case.space.decisions.points.iter();
    let paths: Vec<&str> = points.map(|point| point.path.as_str()).collect();
    let line = |side: u32, width: u32| format!("{}={side} {}={width}", paths[0], paths[1]);
    let small = sizes(&line(3, 2));
    assert_eq!(small.size(), [2, 1, 3, 3]);
    let whole = sizes(&line(5, 4));
    assert_eq!(whole.size(), [4, 1, 5, 5]);
    let centre = whole.narrow(0, 0, 2).narrow(2, 1, 3).narrow(3, 1, 3);
    assert!(small.allclose(&centre, 0.0, 1e-6, false));
}

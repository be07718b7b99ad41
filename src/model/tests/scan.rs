//! A recurrence: its states in time, across batches, and the masks of its dropout.

use tch::{Device, Kind, Tensor};

use super::super::testing::{Build, assert_close, numbers};
use super::super::*;
use crate::graph::{Activation, Op};

/// s' = tanh(W x + U drop(drop(s))), twice the same site.
pub(super) fn recurrent(config: ModelConfig) -> (SharedModel, Child) {
    let mut b = Build::new();
    let tokens = b.input(&[], true);
    let matrix = b.param("embedding", &[9, 3], Role::Embedding);
    let e = b.node(Op::Embed, &[3], &[tokens], &[matrix]);
    let body = b.body();
    let x = b.input(&[3], false);
    let s = b.input(&[3], false);
    let site = || Op::Dropout {
        site: "h".to_owned(),
    };
    let (dx, ds) = (
        b.node(site(), &[3], &[x], &[]),
        b.node(site(), &[3], &[s], &[]),
    );
    let w = b.param("w", &[3, 3], Role::Weight);
    let u = b.param("u", &[3, 3], Role::Weight);
    let linear = || Op::Linear { bias: false };
    let (wx, us) = (
        b.node(linear(), &[3], &[dx], &[w]),
        b.node(linear(), &[3], &[ds], &[u]),
    );
    let sum = b.node(Op::Sum, &[3], &[wx, us], &[]);
    let next = b.node(Op::Activation(Activation::Tanh), &[3], &[sum], &[]);
    b.output(next);
    b.whole();
    let h = b.node(Op::Scan { region: body }, &[3], &[e], &[]);
    // Tied to the embedding.
    let y = b.node(linear(), &[9], &[h], &[matrix]);
    b.output(y);
    b.output(h);
    b.model(config)
}

fn tokens() -> Tensor {
    Tensor::from_slice(&[0i64, 8, 3, 3, 5, 0, 1, 2]).view([4, 2]) // (T, B)
}

#[test]
fn a_scan_runs_its_body_in_time_from_a_state_of_zeros() {
    let (mut model, child) = recurrent(ModelConfig::default());
    let found = model.forward(&child, &[tokens()], Mode::Train).unwrap();
    let params = model.trained(&child).unwrap();
    let [matrix, w, u] = [0, 1, 2].map(|i| &params[i].1);
    let mut state = Tensor::zeros([2, 3], (Kind::Double, Device::Cpu));
    let mut states = Vec::new();
    for t in 0..4 {
        let x = matrix.index_select(0, &tokens().get(t));
        state = (x.matmul(&w.tr()) + state.matmul(&u.tr())).tanh();
        states.push(state.shallow_clone());
    }
    let expected = Tensor::stack(&states, 0);
    assert_close(&found[1], &expected, 1e-12);
    assert_close(&found[0], &expected.matmul(&matrix.tr()), 1e-12);

    let loss = |outputs: &Tensor| outputs.square().sum(Kind::Double);
    let a = model.gradients(&loss(&found[0]), &params).unwrap();
    let b = model
        .gradients(&loss(&expected.matmul(&matrix.tr())), &params)
        .unwrap();
    for (a, b) in a.iter().zip(&b) {
        assert_close(a, b, 1e-10);
    }
}

#[test]
fn a_loss_of_two_runs_has_the_gradients_of_both() {
    let (mut model, child) = recurrent(ModelConfig::default());
    let loss = |model: &mut SharedModel, at: i64| {
        let found = model.forward(&child, &[tokens().narrow(0, at, 2)], Mode::Train);
        found.unwrap()[0].square().sum(Kind::Double)
    };
    let first = loss(&mut model, 0);
    let params = model.trained(&child).unwrap();
    let mut alone = vec![model.gradients(&first, &params).unwrap()];
    let second = loss(&mut model, 2);
    alone.push(model.gradients(&second, &params).unwrap());
    let both = loss(&mut model, 0) + loss(&mut model, 2);
    let both = model.gradients(&both, &params).unwrap();
    for (place, both) in both.iter().enumerate() {
        assert_close(both, &(&alone[0][place] + &alone[1][place]), 1e-12);
    }
}

#[test]
fn a_scan_goes_on_where_it_stopped_without_gradients() {
    let (mut model, child) = recurrent(ModelConfig::default());
    let whole = model.forward(&child, &[tokens()], Mode::Train).unwrap();
    let mut recurrence = Recurrence::default();
    let mut halves = Vec::new();
    for half in tokens().split(2, 0) {
        // What is saved in between is all there is.
        recurrence = Recurrence::of_state(recurrence.state()).unwrap();
        let inputs = [half.copy()];
        let outputs = model.resume(&child, &inputs, Mode::Train, &mut recurrence);
        halves.push(outputs.unwrap().swap_remove(1));
        assert_close(&recurrence.sequences()[0], halves.last().unwrap(), 0.0);
    }
    assert_close(&Tensor::cat(&halves, 0), &whole[1], 1e-12);
    assert!(
        recurrence
            .state()
            .iter()
            .all(|(_, state)| !state.requires_grad())
    );
    // Other sequences begin with zeros.
    let one = [tokens().narrow(1, 0, 1)];
    let after = model.resume(&child, &one, Mode::Eval, &mut recurrence);
    let fresh = model.forward(&child, &one, Mode::Eval).unwrap();
    assert_close(&after.unwrap()[1], &fresh[1], 1e-12);
}

#[test]
fn a_scan_drops_the_same_numbers_at_all_times_and_places_of_a_site() {
    let dropout = [("h".to_owned(), 0.5)].into();
    let (mut model, child) = recurrent(ModelConfig {
        dropout,
        ..ModelConfig::default()
    });
    let params = model.trained(&child).unwrap();
    let _guard = tch::no_grad_guard();
    // x and the state go through unchanged, but for the mask and the squashing.
    for (id, tensor) in &params {
        let mut tensor = tensor.shallow_clone();
        let ones = Tensor::ones(tensor.size().as_slice(), (Kind::Double, Device::Cpu));
        let eye = Tensor::eye(3, (Kind::Double, Device::Cpu));
        tensor.copy_(if id.0 == 0 { &ones } else { &eye });
    }
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..40 {
        let h = model
            .forward(&child, &[tokens()], Mode::Train)
            .unwrap()
            .swap_remove(1);
        let dropped: Vec<bool> = numbers(&h).iter().map(|&v| v == 0.0).collect();
        for t in 1..4 {
            assert_eq!(dropped[6 * t..6 * t + 6], dropped[..6]);
        }
        seen.insert(dropped[..6].to_vec());
    }
    assert!(seen.len() > 10, "{} masks", seen.len());
    let h = model
        .forward(&child, &[tokens()], Mode::Eval)
        .unwrap()
        .swap_remove(1);
    assert!(numbers(&h).iter().all(|&v| v != 0.0));
}

//! The model as its users see it, on small graphs written by hand.

use std::sync::Arc;

use tch::{Device, Kind, Tensor};

use super::testing::{Build, assert_close, noise, numbers, ramp};
use super::*;
use crate::decision::{
    Architecture, Choice, DecisionId, DecisionPoint, DecisionSpace, Domain, GuardId, Hints,
    OptionSource, TableId,
};
use crate::graph::{Activation, Op, Padding, Pool, Window, select};
use crate::span::Span;

mod scan;

fn same(size: usize, stride: usize) -> Window {
    Window {
        size,
        stride,
        dilation: 1,
        padding: Padding::Same,
    }
}

fn conv(size: usize, groups: usize) -> Op {
    Op::Conv {
        window: same(size, 1),
        groups,
        bias: false,
    }
}

const BN: Op = Op::BatchNorm {
    eps: 1e-3,
    decay: 0.9,
};

/// One layer of the macro space with a pool beside it, its skip, and a head.
fn block() -> Build {
    let mut b = Build::new();
    let x = b.input(&[2, 6, 6], false);
    let w = b.param("stem", &[3, 2, 1, 1], Role::Weight);
    let stem = b.node(conv(1, 1), &[3, 6, 6], &[x], &[w]);
    let bn = b.bn("bn1", 3);
    let stem = b.node(BN, &[3, 6, 6], &[stem], &bn);
    let smooth = b.node(Op::Activation(Activation::Tanh), &[3, 6, 6], &[stem], &[]);
    let w = b.param("depthwise", &[3, 1, 3, 3], Role::Weight);
    let h = b.node(conv(3, 3), &[3, 6, 6], &[smooth], &[w]);
    let w = b.param("pointwise", &[3, 3, 1, 1], Role::Weight);
    let h = b.node(conv(1, 1), &[3, 6, 6], &[h], &[w]);
    let avg = Op::Pool {
        pool: Pool::Avg,
        window: same(3, 1),
    };
    let pool = b.node(avg, &[3, 6, 6], &[smooth], &[]);
    let skips = b.node(Op::Sum, &[3, 6, 6], &[pool, stem], &[]);
    let sum = b.node(Op::Sum, &[3, 6, 6], &[h, skips], &[]);
    let bn = b.bn("bn2", 3);
    let h = b.node(BN, &[3, 6, 6], &[sum], &bn);
    let w = b.param("down", &[4, 3, 3, 3], Role::Weight);
    let strided = Op::Conv {
        window: same(3, 2),
        groups: 1,
        bias: false,
    };
    let h = b.node(strided, &[4, 3, 3], &[h], &[w]);
    let gap = b.node(Op::GlobalAvgPool, &[4], &[h], &[]);
    let w = b.param("linear", &[5, 4], Role::Weight);
    let bias = b.param("bias", &[5], Role::Bias);
    let y = b.node(Op::Linear { bias: true }, &[5], &[gap], &[w, bias]);
    b.output(y);
    b
}

#[test]
fn gradients_of_a_block_agree_with_differences() {
    let (mut model, child) = block().model(ModelConfig::default());
    let (x, weights) = (noise(&[3, 2, 6, 6]), noise(&[3, 5]));
    let loss = |model: &mut SharedModel| {
        let y = model
            .forward(&child, &[x.shallow_clone()], Mode::Train)
            .unwrap();
        (&y[0] * &weights).sum(Kind::Double).tanh()
    };
    let params = model.trained(&child).unwrap();
    assert_eq!(params.len(), 10);
    let loss_here = loss(&mut model);
    let found = model.gradients(&loss_here, &params).unwrap();
    let _guard = tch::no_grad_guard();
    for ((id, tensor), gradient) in params.iter().zip(&found) {
        for (mut entry, gradient) in entries(tensor).into_iter().zip(numbers(gradient)) {
            let start = entry.double_value(&[]);
            let mut at = |value: f64| {
                let _ = entry.fill_(value);
                loss(&mut model).double_value(&[])
            };
            let step = 1e-6;
            let slope = (at(start + step) - at(start - step)) / (2.0 * step);
            at(start);
            assert!(
                (slope - gradient).abs() < 1e-8 + 1e-5 * slope.abs(),
                "{id}: {gradient} against {slope}"
            );
        }
    }
}

/// Views of the single numbers of a tensor, the last dimension fastest.
fn entries(tensor: &Tensor) -> Vec<Tensor> {
    match tensor.size().first() {
        None => vec![tensor.shallow_clone()],
        Some(&n) => (0..n).flat_map(|i| entries(&tensor.get(i))).collect(),
    }
}

/// Two candidates, each a convolution with batch norm, of one decision; the
/// child of each.
fn choice() -> (Arc<Supergraph>, [Child; 2]) {
    let mut space = DecisionSpace::default();
    space.add(DecisionPoint {
        path: "f".to_owned(),
        domain: Domain::One { n: 2 },
        options: vec!["a".to_owned(), "b".to_owned()],
        active: GuardId::ALWAYS,
        available: Vec::new(),
        source: OptionSource::Table(TableId(0)),
        hints: Hints::default(),
        span: Span::default(),
    });
    let chosen = [0, 1].map(|option| space.guards.has(DecisionId(0), option));

    let mut b = Build::new();
    let x = b.input(&[3, 4, 4], false);
    let candidates = ["a", "b"].map(|name| {
        let w = b.param(&format!("{name}.weight"), &[3, 3, 3, 3], Role::Weight);
        let h = b.node(conv(3, 1), &[3, 4, 4], &[x], &[w]);
        let bn = b.bn(name, 3);
        b.node(BN, &[3, 4, 4], &[h], &bn)
    });
    let guarded = [(candidates[0], chosen[0]), (candidates[1], chosen[1])];
    let selected = b.guarded(Op::Select, &[3, 4, 4], &guarded);
    let y = b.node(Op::GlobalAvgPool, &[3], &[selected], &[]);
    b.output(y);

    let graph = b.graph();
    let children = [0, 1].map(|option| {
        let mut architecture = Architecture::undecided(&space);
        architecture.set(DecisionId(0), Choice::One(option));
        select(&graph, &space, &architecture)
    });
    (Arc::new(graph), children)
}

fn shared(graph: &Arc<Supergraph>, seed: u64) -> SharedModel {
    tch::set_num_threads(1);
    SharedModel::new(Arc::clone(graph), ModelConfig::default(), seed, Device::Cpu)
}

fn images(sizes: &[i64]) -> Tensor {
    noise(sizes).to_kind(Kind::Float)
}

/// One step of plain gradient descent on a child.
fn step(model: &mut SharedModel, child: &Child, x: &Tensor) {
    let y = model
        .forward(child, &[x.shallow_clone()], Mode::Train)
        .unwrap();
    let loss = y[0].square().sum(Kind::Float);
    let params = model.trained(child).unwrap();
    let gradients = model.gradients(&loss, &params).unwrap();
    let _guard = tch::no_grad_guard();
    for ((_, mut tensor), gradient) in params.into_iter().zip(gradients) {
        tensor -= gradient * 0.1;
    }
}

/// Names with the bits of their numbers.
fn bits(model: &SharedModel) -> Vec<(String, Vec<u32>)> {
    let bits = |tensor: Tensor| {
        let flat = Vec::<f32>::try_from(tensor.view([-1])).unwrap();
        flat.into_iter().map(f32::to_bits).collect()
    };
    let state = model.state().unwrap();
    state
        .into_iter()
        .map(|(name, tensor)| (name, bits(tensor)))
        .collect()
}

#[test]
fn a_step_changes_all_of_its_child_and_nothing_else() {
    let (graph, [a, b]) = choice();
    let mut model = shared(&graph, 1);
    let x = images(&[2, 3, 4, 4]);
    step(&mut model, &a, &x);
    step(&mut model, &b, &x);
    let before = bits(&model);
    step(&mut model, &a, &x);
    for ((name, old), (_, new)) in before.iter().zip(&bits(&model)) {
        // A batch norm's mean over all is its offset, whatever its scale and weights.
        let constant = matches!(name.as_str(), "a.weight" | "a.Scale");
        let touched = name.starts_with('a');
        assert!(constant || (old != new) == touched, "{name}");
    }
}

#[test]
fn tensors_are_created_at_first_use_and_do_not_depend_on_when() {
    let (graph, [a, b]) = choice();
    let (mut first, mut second) = (shared(&graph, 1), shared(&graph, 1));
    assert!(first.state().unwrap().is_empty());
    first.trained(&a).unwrap();
    assert_eq!(first.state().unwrap().len(), 5);
    first.trained(&b).unwrap();
    second.trained(&b).unwrap();
    tch::manual_seed(99);
    second.trained(&a).unwrap();
    assert_eq!(bits(&first), bits(&second));
    let mut other = shared(&graph, 2);
    other.trained(&a).unwrap();
    assert_ne!(bits(&first)[0], bits(&other)[0]);
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let (graph, [a, b]) = choice();
    let x = images(&[2, 3, 4, 4]);
    let run = || {
        let mut model = shared(&graph, 3);
        for child in [&a, &b, &a] {
            step(&mut model, child, &x);
        }
        bits(&model)
    };
    assert_eq!(run(), run());
}

#[test]
fn trained_leaves_out_moving_statistics_and_what_is_not_reached() {
    let (graph, [a, _]) = choice();
    let params = shared(&graph, 1).trained(&a).unwrap();
    let ids: Vec<u32> = params.iter().map(|(id, _)| id.0).collect();
    assert_eq!(ids, [0, 1, 2]);
    assert!(params.iter().all(|(_, tensor)| tensor.requires_grad()));
}

#[test]
fn a_stored_state_brings_back_the_same_model() {
    let (graph, [a, b]) = choice();
    let x = images(&[2, 3, 4, 4]);
    let mut model = shared(&graph, 1);
    step(&mut model, &a, &x);
    let state = model.state().unwrap();
    assert!(
        state
            .iter()
            .all(|(_, tensor)| tensor.is_contiguous() && !tensor.requires_grad())
    );
    let stored = bits(&model);

    // Another seed: what was stored wins, and what was not is the seed's.
    let mut other = shared(&graph, 2);
    other.trained(&b).unwrap();
    other.load_state(state).unwrap();
    assert_eq!(bits(&other), stored);
    step(&mut other, &a, &x);
    step(&mut model, &a, &x);
    assert_eq!(bits(&other), bits(&model));
}

#[test]
fn a_state_is_a_copy_both_ways() {
    let (graph, [a, _]) = choice();
    let x = images(&[2, 3, 4, 4]);
    let mut model = shared(&graph, 1);
    model.trained(&a).unwrap();
    let state = model.state().unwrap();
    let copies: Vec<Tensor> = state.iter().map(|(_, tensor)| tensor.copy()).collect();
    let shallow = state
        .iter()
        .map(|(n, t)| (n.clone(), t.shallow_clone()))
        .collect();
    model.load_state(shallow).unwrap();
    step(&mut model, &a, &x);
    for ((name, tensor), copy) in state.iter().zip(&copies) {
        assert_eq!(tensor, copy, "{name}");
    }
}

#[test]
fn a_state_of_another_space_is_refused_and_changes_nothing() {
    let (graph, [a, _]) = choice();
    let mut model = shared(&graph, 1);
    model.trained(&a).unwrap();
    let before = bits(&model);
    let good = || ("a.Scale".to_owned(), ramp(&[3]).to_kind(Kind::Float));
    let unknown = vec![good(), ("c.weight".to_owned(), ramp(&[3]))];
    assert_eq!(
        model.load_state(unknown).unwrap_err().to_string(),
        "the stored parameters are of another space: this one has no parameter `c.weight`"
    );
    let wide = vec![good(), ("a.weight".to_owned(), ramp(&[3, 4, 3, 3]))];
    assert_eq!(
        model.load_state(wide).unwrap_err().to_string(),
        "the stored parameters are of another space: \
         `a.weight` is [3, 3, 3, 3] here, but [3, 4, 3, 3] in what was stored"
    );
    assert_eq!(bits(&model), before);
}

#[test]
fn evaluation_records_no_gradient_and_ends_when_it_fails() {
    let (graph, [a, _]) = choice();
    let mut model = shared(&graph, 1);
    let x = images(&[2, 3, 4, 4]);
    let before = {
        model.trained(&a).unwrap();
        bits(&model)
    };
    let y = model.forward(&a, &[x.shallow_clone()], Mode::Eval).unwrap();
    assert!(!y[0].requires_grad());
    assert_eq!(bits(&model), before);
    // A child without any region fails after gradients were switched off.
    let broken = Child {
        regions: Vec::new(),
        params: Vec::new(),
    };
    model
        .forward(&broken, &[x.shallow_clone()], Mode::Eval)
        .unwrap_err();
    let y = model.forward(&a, &[x], Mode::Train).unwrap();
    assert!(y[0].requires_grad());
}

#[test]
fn inputs_that_do_not_fit_are_told_from_those_that_do() {
    let (graph, [a, _]) = choice();
    let mut model = shared(&graph, 1);
    let mut error = |inputs: &[Tensor]| {
        model
            .forward(&a, inputs, Mode::Train)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        error(&[images(&[2, 1, 4, 4])]),
        "`x0` of the space is [3, 4, 4] behind [examples], but the batch holds [2, 1, 4, 4]"
    );
    assert_eq!(
        error(&[]),
        "the list of inputs of the space is 1 long, but the batch holds 0"
    );
}

#[test]
fn images_of_bytes_are_taken_as_numbers() {
    let (graph, [a, _]) = choice();
    let mut model = shared(&graph, 1);
    let bytes = ramp(&[2, 3, 4, 4]).to_kind(Kind::Uint8);
    let floats = bytes.to_kind(Kind::Float);
    let [from_bytes, from_floats] =
        [bytes, floats].map(|x| model.forward(&a, &[x], Mode::Eval).unwrap());
    assert_eq!(from_bytes, from_floats);
}

#[test]
fn gradients_are_zeros_where_the_loss_does_not_depend() {
    let leaf = || noise(&[2]).set_requires_grad(true);
    let params = [(ParamId(0), leaf()), (ParamId(1), leaf())];
    let loss = (&params[0].1 * 2.0).sum(Kind::Double);
    let found = gradients(&loss, &params, Vec::new()).unwrap();
    assert_eq!(numbers(&found[0]), [2.0, 2.0]);
    assert_eq!(numbers(&found[1]), [0.0, 0.0]);
    let constant = gradients(&noise(&[]), &params, Vec::new()).unwrap();
    assert!(
        constant
            .iter()
            .all(|gradient| numbers(gradient) == [0.0, 0.0])
    );
}

#[test]
fn batch_norm_refuses_to_train_on_a_single_number() {
    let mut b = Build::new();
    let x = b.input(&[3], false);
    let bn = b.bn("bn", 3);
    let y = b.node(BN, &[3], &[x], &bn);
    b.output(y);
    let (mut model, child) = b.model(ModelConfig::default());
    let x = noise(&[1, 3]);
    let error = model
        .forward(&child, &[x.shallow_clone()], Mode::Train)
        .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("batch norm at `n1` has a single number a channel")
    );
    model.forward(&child, &[x], Mode::Eval).unwrap();
}

#[test]
fn sums_of_nothing_and_zeros_are_zeros_of_the_shape() {
    let mut b = Build::new();
    let x = b.input(&[2, 3, 3], false);
    let nothing = b.node(Op::Sum, &[2, 3, 3], &[], &[]);
    let zero = b.node(Op::Zero, &[2, 3, 3], &[], &[]);
    let sum = b.node(Op::Sum, &[2, 3, 3], &[x, nothing, zero], &[]);
    let mean = b.node(Op::Mean, &[2, 3, 3], &[x, nothing, zero, x], &[]);
    let product = b.node(Op::Mul, &[2, 3, 3], &[x, zero], &[]);
    for output in [nothing, zero, sum, mean, product] {
        b.output(output);
    }
    let (mut model, child) = b.model(ModelConfig::default());
    let x = noise(&[4, 2, 3, 3]);
    let found = model
        .forward(&child, &[x.shallow_clone()], Mode::Train)
        .unwrap();
    let zeros = x.zeros_like();
    for (found, expected) in found.iter().zip([&zeros, &zeros, &x, &(&x / 2.0), &zeros]) {
        assert_close(found, expected, 1e-12);
    }
}

#[test]
fn an_input_survives_what_reads_it() {
    let mut b = Build::new();
    let x = b.input(&[3], false);
    let same = b.node(Op::Identity, &[3], &[x], &[]);
    let relu = b.node(Op::Activation(Activation::Relu), &[3], &[same], &[]);
    let sum = b.node(Op::Sum, &[3], &[x, relu, same], &[]);
    b.output(sum);
    b.output(same);
    let (mut model, child) = b.model(ModelConfig::default());
    let x = noise(&[2, 3]);
    let found = model
        .forward(&child, &[x.shallow_clone()], Mode::Train)
        .unwrap();
    assert_close(&found[0], &(&x * 2.0 + x.relu()), 1e-12);
    assert_close(&found[1], &x, 1e-12);
}

#[test]
fn every_operation_without_parameters_finds_its_operands() {
    let mut b = Build::new();
    let x = b.input(&[4], false);
    let (lo, hi) = (Op::Chunk { index: 0, of: 2 }, Op::Chunk { index: 1, of: 2 });
    let lo = b.node(lo, &[2], &[x], &[]);
    let hi = b.node(hi, &[2], &[x], &[]);
    let sub = b.node(Op::Sub, &[2], &[lo, hi], &[]);
    let mul = b.node(Op::Mul, &[2], &[lo, hi], &[]);
    let affine = Op::Affine {
        scale: 2.0,
        offset: 1.0,
    };
    let affine = b.node(affine, &[2], &[mul], &[]);
    let concat = b.node(Op::Concat, &[4], &[sub, affine], &[]);
    b.output(concat);
    let (mut model, child) = b.model(ModelConfig::default());
    let x = Tensor::from_slice(&[1.0, 2.0, 3.0, 5.0]).view([1, 4]);
    let found = model.forward(&child, &[x], Mode::Train).unwrap();
    assert_eq!(numbers(&found[0]), [-2.0, -3.0, 7.0, 21.0]);
}

#[test]
fn a_configuration_is_checked_against_the_space() {
    let (model, _) = scan::recurrent(ModelConfig::default());
    let graph = model.graph();
    let rates = |site: &str, rate: f64| ModelConfig {
        dropout: [(site.to_owned(), rate)].into(),
        ..ModelConfig::default()
    };
    let error = |config: ModelConfig| config.check(graph).unwrap_err();
    rates("h", 0.5).check(graph).unwrap();
    rates("e", 0.1).check(graph).unwrap();
    assert_eq!(
        error(rates("h", 1.0)),
        "the rate of `h` is 1; it must be at least 0 and below 1"
    );
    assert_eq!(
        error(rates("head", 0.5)),
        "the space has no dropout site `head`; it has e, h"
    );
    let drop_path = f64::NAN;
    assert_eq!(
        error(ModelConfig {
            drop_path,
            ..ModelConfig::default()
        }),
        "the rate of `drop_path` is NaN; it must be at least 0 and below 1"
    );
}

#[test]
fn a_path_is_dropped_by_its_share_of_a_rate_that_grows() {
    let mut build = Build::new();
    let x = build.input(&[1, 1, 1], false);
    let y = build.node(Op::DropPath { share: 0.5 }, &[1, 1, 1], &[x], &[]);
    build.output(y);
    let (mut model, child) = build.model(ModelConfig {
        drop_path: 0.8,
        drop_path_grows: true,
        ..ModelConfig::default()
    });
    let x = Tensor::ones([400, 1, 1, 1], (Kind::Double, Device::Cpu));
    let mut kept = |progress: f64, mode| {
        model.set_progress(progress);
        let y = model.forward(&child, &[x.shallow_clone()], mode).unwrap();
        numbers(&y[0])
    };
    // Rate 0.8, half of it here, three quarters of that so far: 0.3.
    let values = kept(0.75, Mode::Train);
    let is_kept = |v: &f64| (v - 1.0 / 0.7).abs() < 1e-9;
    assert!(values.iter().all(|v| *v == 0.0 || is_kept(v)), "{values:?}");
    let share = values.iter().filter(|v| is_kept(v)).count() as f64 / 400.0;
    // Four standard deviations are 0.092.
    assert!((share - 0.7).abs() < 0.092, "{share}");
    assert_eq!(kept(0.0, Mode::Train), [1.0; 400]);
    assert_eq!(kept(1.0, Mode::NoisyEval), [1.0; 400]);
}

#[test]
fn a_noisy_evaluation_drops_out_and_changes_nothing() {
    let mut build = Build::new();
    let x = build.input(&[4], false);
    let site = "head".to_owned();
    let dropped = build.node(Op::Dropout { site }, &[4], &[x], &[]);
    let params = build.bn("bn", 4);
    let op = Op::BatchNorm {
        eps: 1e-5,
        decay: 0.9,
    };
    let y = build.node(op, &[4], &[x], &params);
    build.output(dropped);
    build.output(y);
    let (mut model, child) = build.model(ModelConfig {
        dropout: [("head".to_owned(), 0.5)].into(),
        ..ModelConfig::default()
    });
    let x = noise(&[50, 4]);
    model.trained(&child).unwrap();
    let before = model.state().unwrap();
    let noisy = model
        .forward(&child, &[x.shallow_clone()], Mode::NoisyEval)
        .unwrap();
    let quiet = model
        .forward(&child, &[x.shallow_clone()], Mode::Eval)
        .unwrap();
    let zeros = numbers(&noisy[0]).iter().filter(|v| **v == 0.0).count();
    assert!((60..140).contains(&zeros), "{zeros}");
    assert_eq!(quiet[0], x);
    assert_eq!(noisy[1], quiet[1]);
    assert!(!noisy[1].requires_grad());
    assert_eq!(model.state().unwrap(), before);
}

#[test]
fn a_few_steps_lower_a_loss() {
    let (mut model, child) = block().model(ModelConfig::default());
    let (x, target) = (noise(&[8, 2, 6, 6]), noise(&[8, 5]));
    let mut losses = Vec::new();
    for _ in 0..40 {
        let y = model
            .forward(&child, &[x.shallow_clone()], Mode::Train)
            .unwrap();
        let loss = (&y[0] - &target).square().mean(Kind::Double);
        let params = model.trained(&child).unwrap();
        let gradients = model.gradients(&loss, &params).unwrap();
        let _guard = tch::no_grad_guard();
        for ((_, mut tensor), gradient) in params.into_iter().zip(gradients) {
            tensor -= gradient * 0.1;
        }
        losses.push(loss.double_value(&[]));
    }
    assert!(losses[39] < 0.7 * losses[0], "{losses:?}");
}

//! The model of spaces that the compiler made: what decisions do to sizes.

use std::sync::Arc;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tch::{Device, Kind, Tensor};

use super::testing::{assert_close, noise};
use super::*;
use crate::decision::{Architecture, sample};
use crate::graph::select;
use crate::unroll::Settings;
use crate::{Options, SearchSpace, compile};

fn compiled(text: &str, set: &[(&str, &str)]) -> SearchSpace {
    let pairs = set.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
    let options = Options {
        settings: Settings(pairs.collect()),
        ..Options::default()
    };
    let mut compilation = compile("test.enas", text, &options);
    assert_eq!(compilation.diagnostics, []);
    compilation.spaces.remove(0)
}

fn model(space: &SearchSpace) -> SharedModel {
    let graph = Arc::new(space.graph.clone());
    SharedModel::new(graph, ModelConfig::default(), 1, Device::Cpu)
}

fn parameter(model: &SharedModel, name: &str) -> Tensor {
    let state = model.state().unwrap();
    let found = state.iter().find(|(other, _)| other == name);
    let names: Vec<&String> = state.iter().map(|(name, _)| name).collect();
    found
        .unwrap_or_else(|| panic!("{name} of {names:?}"))
        .1
        .shallow_clone()
}

/// Runs an architecture at random as in training.
fn trains_on(
    model: &mut SharedModel,
    space: &SearchSpace,
    rng: &mut ChaCha8Rng,
    x: &Tensor,
) -> (Child, Vec<Tensor>) {
    let architecture = sample(&space.decisions, rng).unwrap();
    let child = select(&space.graph, &space.decisions, &architecture);
    let outputs = model.forward(&child, &[x.shallow_clone()], Mode::Train);
    let outputs = outputs.unwrap_or_else(|why| {
        let line = architecture.to_line(&space.decisions);
        panic!("{line}: {why}")
    });
    (child, outputs)
}

#[test]
fn an_operation_of_a_decided_size_uses_the_first_channels_and_the_centre() {
    let space = compiled(
        "space s {
           input  x: [2, 6, 6]
           output y: [3]
           let c = choose { 2, 4 }
           let k = choose { 3, 5 }
           y = x |> conv(k, c) |> bn |> gap |> linear(3, bias = true)
         }",
        &[],
    );
    let mut model = model(&space);
    let x = noise(&[2, 2, 6, 6]).to_kind(Kind::Float);
    for (line, c, k) in [("c=4 k=5", 4, 5), ("c=2 k=3", 2, 3), ("c=2 k=5", 2, 5)] {
        let architecture = Architecture::parse(line, &space.decisions, "s").unwrap();
        let child = select(&space.graph, &space.decisions, &architecture);
        let outputs = model
            .forward(&child, &[x.shallow_clone()], Mode::Eval)
            .unwrap();
        let kernel = parameter(&model, "conv.weight");
        assert_eq!(kernel.size(), [4, 2, 5, 5]);
        let start = (5 - k) / 2;
        let kernel = kernel
            .narrow(0, 0, c)
            .narrow(2, start, k)
            .narrow(3, start, k);
        let h = x.conv2d(&kernel, None::<Tensor>, [1, 1], [k / 2, k / 2], [1, 1], 1);
        let part = |name: &str| parameter(&model, name).narrow(0, 0, c);
        let h = match ModelConfig::default().statistics {
            Statistics::Moving => h.batch_norm(
                Some(part("bn.scale")),
                Some(part("bn.offset")),
                Some(part("bn.mean")),
                Some(part("bn.variance")),
                false,
                0.1,
                1e-5,
                false,
            ),
            Statistics::Batch => h.batch_norm(
                Some(part("bn.scale")),
                Some(part("bn.offset")),
                None::<Tensor>,
                None::<Tensor>,
                true,
                0.1,
                1e-5,
                false,
            ),
        };
        let h = h.mean_dim([2i64, 3].as_slice(), false, Kind::Float);
        let matrix = parameter(&model, "linear.weight").narrow(1, 0, c);
        let expected = h.linear(&matrix, Some(parameter(&model, "linear.bias")));
        assert_close(&outputs[0], &expected, 1e-5);
    }
}

#[test]
fn every_way_that_decisions_lead_runs() {
    let space = compiled(
        "space s {
           input  x: [4, 8, 8]
           output y: [3]
           let wide = choose { 4, 8 }
           let z = x |> conv(choose { 3, 5 }, wide, bias = true) |> bn
           if choose { false, true } { z = squeeze_excite(z, 2) }
           for i in 0..choose 1..=3 { z = z |> depthwise(choose { 3, 7 }) |> bn }
           nodes h = [conv(z, 1, 4)]
           nodes h[l in 1..choose 2..=4] {
             let p = pick 1 of h[..l]
             h[l] = choose { none: zero, conv: conv(3) }(p) @per(p)
           }
           let two = pick 2 of [h[0], h[1], relu(h[0])] @ordered
           y = concat(two[0], sum(two), concat(pick some of h)) |> gap |> linear(3)
         }",
        &[],
    );
    let mut model = model(&space);
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let x = noise(&[2, 4, 8, 8]);
    for _ in 0..60 {
        let (_, outputs) = trains_on(&mut model, &space, &mut rng, &x);
        assert_eq!(outputs[0].size(), [2, 3]);
        assert!(bool::try_from(outputs[0].isfinite().all()).unwrap());
    }
}

#[test]
fn a_scan_carries_several_states() {
    let space = compiled(
        "cell Two(x: [d], a: [d], b: [d]) {
           let f = choose { tanh, sigmoid }
           return (f(x + b), a - x)
         }
         space s(vocab: int = 5) {
           input  t: tokens[vocab]
           output y: [vocab]
           y = scan(Two, embed(t, 3)) |> linear(vocab)
         }",
        &[],
    );
    let mut model = model(&space);
    let architecture = Architecture::parse("Two.f=tanh", &space.decisions, "s").unwrap();
    let child = select(&space.graph, &space.decisions, &architecture);
    let tokens = Tensor::from_slice(&[0i64, 3, 4, 1, 2, 2]).view([3, 2]);
    let outputs = model
        .forward(&child, &[tokens.shallow_clone()], Mode::Eval)
        .unwrap();
    let embedded = Tensor::embedding(
        &parameter(&model, "embed.weight"),
        &tokens,
        -1,
        false,
        false,
    );
    let (mut a, mut b) = (Tensor::zeros_like(&embedded.get(0)), embedded.get(0) * 0.0);
    let mut results = Vec::new();
    for time in 0..3 {
        let x = embedded.get(time);
        (a, b) = ((&x + &b).tanh(), &a - &x);
        results.push(a.shallow_clone());
    }
    let matrix = parameter(&model, "linear.weight");
    let expected = Tensor::stack(&results, 0).linear(&matrix, None::<Tensor>);
    assert_close(&outputs[0], &expected, 1e-5);
}

/// A cell of several shapes, a concatenation as wide as decisions say, dropped paths and
/// a second head.
#[test]
fn the_final_micro_network_runs_whatever_its_cells_are() {
    let space = compiled(
        include_str!("../../spaces/enas_micro_final.enas"),
        &[("layers", "1"), ("width", "4"), ("size", "8")],
    );
    let graph = Arc::new(space.graph.clone());
    let config = ModelConfig {
        drop_path: 0.4,
        ..ModelConfig::default()
    };
    let mut model = SharedModel::new(graph, config, 1, Device::Cpu);
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let x = noise(&[4, 3, 8, 8]);
    for _ in 0..10 {
        let (child, outputs) = trains_on(&mut model, &space, &mut rng, &x);
        for output in &outputs {
            assert_eq!(output.size(), [4, 10]);
        }
        assert_eq!(outputs.len(), 2);
        let params = model.trained(&child).unwrap();
        let loss = (&outputs[0] + &outputs[1]).square().sum(Kind::Float);
        assert_eq!(model.gradients(&loss, &params).unwrap().len(), params.len());
    }
}

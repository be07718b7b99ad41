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
        let y = model.forward(&child, &[x.shallow_clone()], Mode::Train).unwrap();
        (&y[0] * &weights).sum(Kind::Double).tanh()
    };
    let params = model.trained(&child).unwrap();
    assert_eq!(params.len(), 10);
    let found = gradients(&loss(&mut model), &params).unwrap();
    let _guard = tch::no_grad_guard();
    for ((id, tensor), gradient) in params.iter().zip(&found) {
        let flat = tensor.permute_all().view([-1]);
        let gradient = numbers(&gradient.permute_all());
        for (at, gradient) in gradient.into_iter().enumerate() {
            let entry = flat.get(at as i64);
            let start = entry.double_value(&[]);
            let mut at_offset = |offset: f64| {
                let _ = entry.shallow_clone().fill_(start + offset);
                loss(&mut model).double_value(&[])
            };
            let step = 1e-6;
            let slope = (at_offset(step) - at_offset(-step)) / (2.0 * step);
            let _ = at_offset(0.0);
            assert!(
                (slope - gradient).abs() < 1e-7 + 1e-5 * slope.abs(),
                "{id} [{at}]: {gradient} against {slope}"
            );
        }
    }
}

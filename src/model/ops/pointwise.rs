//! Functions of each number, and sums.

use tch::{TchError, Tensor};

use crate::graph::Activation;
use crate::model::lanes;

/// An activation of every number.
pub(in crate::model) fn activation(x: &Tensor, function: Activation) -> Result<Tensor, TchError> {
    match function {
        Activation::Relu => x.f_relu(),
        Activation::Tanh => x.f_tanh(),
        Activation::Sigmoid => x.f_sigmoid(),
        Activation::Gelu => x.f_gelu("none"),
        Activation::Silu => x.f_silu(),
        Activation::Hswish => x.f_hardswish(),
    }
}

/// `scale` times every number, plus `offset`.
#[expect(clippy::float_cmp, reason = "only exactly one is no factor")]
pub(in crate::model) fn affine(x: &Tensor, scale: f64, offset: f64) -> Result<Tensor, TchError> {
    let scaled = if scale == 1.0 {
        x.shallow_clone()
    } else {
        x.f_mul_scalar(scale)?
    };
    if offset == 0.0 {
        Ok(scaled)
    } else {
        scaled.f_add_scalar(offset)
    }
}

/// The sum of tensors of one shape; `None` of none. Images may be wider than others, which
/// cuts them (see `lanes`).
pub(in crate::model) fn sum(terms: &[&Tensor]) -> Result<Option<Tensor>, TchError> {
    let terms = lanes::level(terms)?;
    let [first, rest @ ..] = terms.as_slice() else {
        return Ok(None);
    };
    let [second, rest @ ..] = rest else {
        return Ok(Some(first.shallow_clone()));
    };
    let mut total = first.f_add(second)?;
    for term in rest {
        // In place: nothing else holds the total, and a sum's gradient does not read it.
        total = total.f_add_(term)?;
    }
    Ok(Some(total))
}

/// The sum of `terms` over `n`, which counts zeros that are not among them.
pub(in crate::model) fn mean(terms: &[&Tensor], n: usize) -> Result<Option<Tensor>, TchError> {
    sum(terms)?
        .map(|total| affine(&total, 1.0 / n as f64, 0.0))
        .transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::{assert_close, noise};

    /// A table of x and f(x), to six digits.
    #[track_caller]
    fn check(function: Activation, table: [(f64, f64); 4]) {
        let x = Tensor::from_slice(&table.map(|(x, _)| x));
        let expected = Tensor::from_slice(&table.map(|(_, y)| y));
        assert_close(&activation(&x, function).unwrap(), &expected, 1e-6);
    }

    #[test]
    fn activations_agree_with_tables() {
        check(
            Activation::Relu,
            [(-1.0, 0.0), (0.0, 0.0), (0.5, 0.5), (2.0, 2.0)],
        );
        check(
            Activation::Tanh,
            [
                (-1.0, -0.761_594),
                (0.0, 0.0),
                (0.5, 0.462_117),
                (2.0, 0.964_028),
            ],
        );
        check(
            Activation::Sigmoid,
            [
                (-1.0, 0.268_941),
                (0.0, 0.5),
                (0.5, 0.622_459),
                (2.0, 0.880_797),
            ],
        );
        // x times the normal distribution's cumulative function.
        check(
            Activation::Gelu,
            [
                (-1.0, -0.158_655),
                (0.0, 0.0),
                (0.5, 0.345_731),
                (2.0, 1.954_500),
            ],
        );
        check(
            Activation::Silu,
            [
                (-1.0, -0.268_941),
                (0.0, 0.0),
                (0.5, 0.311_230),
                (2.0, 1.761_594),
            ],
        );
        check(
            Activation::Hswish,
            [(-4.0, 0.0), (-1.0, -1.0 / 3.0), (0.6, 0.36), (4.0, 4.0)],
        );
    }

    #[test]
    fn affine_scales_then_adds() {
        let x = Tensor::from_slice(&[1.0, -2.0]);
        let found = affine(&x, 3.0, 0.5).unwrap();
        assert_eq!(found, Tensor::from_slice(&[3.5, -5.5]));
        assert_eq!(affine(&x, 1.0, 0.0).unwrap(), x);
    }

    #[test]
    fn a_sum_leaves_its_terms_alone() {
        let terms = [noise(&[2, 3]), noise(&[2, 3]), noise(&[2, 3])];
        let before = terms.each_ref().map(Tensor::copy);
        let expected = &terms[0] + &terms[1] + &terms[2];
        let all = terms.each_ref();
        assert_close(&sum(&all).unwrap().unwrap(), &expected, 1e-12);
        assert_close(&mean(&all, 4).unwrap().unwrap(), &(&expected / 4.0), 1e-12);
        assert_eq!(terms, before);
        assert!(sum(&[]).unwrap().is_none());
    }
}

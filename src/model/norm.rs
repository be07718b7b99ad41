//! Batch norm and layer norm.

use tch::{Device, TchError, Tensor};

use super::{lanes, layout};

/// The four tensors of a batch norm, each `(C)`.
pub(super) struct BatchNorm<'a> {
    pub(super) scale: &'a Tensor,
    pub(super) offset: &'a Tensor,
    pub(super) mean: &'a Tensor,
    pub(super) variance: &'a Tensor,
}

/// Whose statistics batch norm uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// The batch's, which then move the moving ones.
    BatchAndMove,
    /// The batch's.
    Batch,
    /// The moving ones.
    Moving,
}

/// Batch norm over all dimensions but the channels: the last of a vector,
/// `(.., C)`, else the first after the batch, `(B, C, ..)`.
///
/// The moving statistics keep `decay` of themselves; their variance is the
/// unbiased one, as is usual.
///
/// Images on a CPU go as a matrix with a row a pixel, and may be wider than the scale,
/// or become so (see `lanes`).
pub(super) fn batch_norm(
    x: &Tensor,
    params: &BatchNorm,
    which: Use,
    eps: f64,
    decay: f64,
    rank: usize,
) -> Result<Tensor, TchError> {
    if x.dim() == 4 && x.device() == Device::Cpu {
        let rows = layout::rows(x)?; // (B * H * W, C)
        return layout::images(&wide(&rows, params, which, eps, decay)?, x);
    }
    if rank == 1 && x.dim() > 2 {
        let channels = x.size().last().copied().unwrap_or(1);
        let rows = x.f_reshape([-1, channels])?; // (T * B, C)
        return plain(&rows, params, which, eps, decay)?.f_view_as(x);
    }
    plain(x, params, which, eps, decay)
}

fn plain(
    x: &Tensor, // (B, C, ..)
    params: &BatchNorm,
    which: Use,
    eps: f64,
    decay: f64,
) -> Result<Tensor, TchError> {
    let moving = which != Use::Batch;
    x.f_batch_norm(
        Some(params.scale),
        Some(params.offset),
        moving.then_some(params.mean),
        moving.then_some(params.variance),
        which != Use::Moving,
        1.0 - decay,
        eps,
        true,
    )
}

fn wide(
    rows: &Tensor, // (N, C), or wider
    params: &BatchNorm,
    which: Use,
    eps: f64,
    decay: f64,
) -> Result<Tensor, TchError> {
    let channels = params.scale.size1()?;
    let extra = lanes::missing(rows, channels);
    if extra == 0 {
        return plain(rows, params, which, eps, decay);
    }
    let fill = |tensor: &Tensor| lanes::longer(tensor, extra);
    let (scale, offset) = (fill(params.scale)?, fill(params.offset)?);
    let (mean, variance) = (fill(params.mean)?, fill(params.variance)?);
    let filled = BatchNorm {
        scale: &scale,
        offset: &offset,
        mean: &mean,
        variance: &variance,
    };
    let unfilled = channels + extra - rows.size2()?.1;
    let result = plain(&lanes::longer(rows, unfilled)?, &filled, which, eps, decay)?;
    let cut = |tensor: &Tensor| tensor.f_narrow(-1, 0, channels);
    if which == Use::BatchAndMove {
        params.mean.shallow_clone().f_copy_(&cut(&mean)?)?;
        params.variance.shallow_clone().f_copy_(&cut(&variance)?)?;
    }
    // Without an ε, channels of zeros are divided by zero.
    if eps > 0.0 {
        Ok(result)
    } else {
        cut(&result)?.f_contiguous()
    }
}

/// Layer norm over the last dimension, `(.., D)`; `scale` and `offset` are `(D)`.
pub(super) fn layer_norm(
    x: &Tensor,
    scale: &Tensor,
    offset: &Tensor,
    eps: f64,
) -> Result<Tensor, TchError> {
    // On a GPU both have to be of one kind.
    x.f_to_kind(scale.kind())?.f_layer_norm(
        scale.size().as_slice(),
        Some(scale),
        Some(offset),
        eps,
        true,
    )
}

#[cfg(test)]
#[expect(clippy::many_single_char_names, reason = "the names of the formulas")]
mod tests {
    use super::*;
    use crate::model::testing::{assert_close, noise, numbers};
    use tch::Kind;

    const EPS: f64 = 1e-3;

    struct Owned([Tensor; 4]);

    impl Owned {
        /// Scales and offsets at random, moving statistics at their start.
        fn new(c: i64) -> Self {
            let options = (Kind::Double, Device::Cpu);
            Self([
                noise(&[c]),
                noise(&[c]),
                Tensor::zeros([c], options),
                Tensor::ones([c], options),
            ])
        }

        fn run(&self, x: &Tensor, which: Use, rank: usize) -> Tensor {
            let [scale, offset, mean, variance] = &self.0;
            let params = BatchNorm {
                scale,
                offset,
                mean,
                variance,
            };
            let found = batch_norm(x, &params, which, EPS, 0.9, rank).unwrap();
            lanes::cut(&found, scale.size1().unwrap()).unwrap()
        }

        /// (x - mean) / sqrt(variance + ε) γ + β, of images.
        fn by_hand(&self, x: &Tensor, mean: &[f64], variance: &[f64]) -> Tensor {
            let (_, c, h, w) = x.size4().unwrap();
            let (scale, offset) = (numbers(&self.0[0]), numbers(&self.0[1]));
            let result: Vec<f64> = numbers(x)
                .into_iter()
                .enumerate()
                .map(|(at, x)| {
                    let c = at / (h * w) as usize % c as usize;
                    (x - mean[c]) / (variance[c] + EPS).sqrt() * scale[c] + offset[c]
                })
                .collect();
            Tensor::from_slice(&result).view_as(x)
        }
    }

    /// Mean, biased variance and how many numbers, of each channel of images.
    fn statistics(x: &Tensor) -> (Vec<f64>, Vec<f64>, f64) {
        let (b, c, h, w) = x.size4().unwrap();
        let n = (b * h * w) as f64;
        let values = numbers(x);
        let channel = |c_at: i64| {
            let values = &values;
            (0..b * h * w).map(move |i| {
                let (b, pixel) = (i / (h * w), i % (h * w));
                values[((b * c + c_at) * h * w + pixel) as usize]
            })
        };
        let mean: Vec<f64> = (0..c).map(|c| channel(c).sum::<f64>() / n).collect();
        let variance = (0..c)
            .map(|c| {
                channel(c)
                    .map(|x| (x - mean[c as usize]).powi(2))
                    .sum::<f64>()
                    / n
            })
            .collect();
        (mean, variance, n)
    }

    #[test]
    fn training_uses_the_batch_and_moves_the_moving_statistics() {
        // Below, at and above a multiple of the lanes, channels first and last.
        for c in [1, 3, 8, 9] {
            for last in [false, true] {
                let x = noise(&[2, c, 3, 2]);
                let x = if last {
                    layout::channels_last(&x).unwrap()
                } else {
                    x
                };
                let bn = Owned::new(c);
                let (mean, variance, n) = statistics(&x);
                let found = bn.run(&x, Use::BatchAndMove, 3);
                assert_close(&found, &bn.by_hand(&x, &mean, &variance), 1e-9);
                let moved: Vec<f64> = mean.iter().map(|m| 0.1 * m).collect();
                assert_close(&bn.0[2], &Tensor::from_slice(&moved), 1e-9);
                let unbiased = n / (n - 1.0);
                let moved: Vec<f64> = variance.iter().map(|v| 0.9 + 0.1 * v * unbiased).collect();
                assert_close(&bn.0[3], &Tensor::from_slice(&moved), 1e-9);
            }
        }
    }

    #[test]
    fn evaluation_changes_nothing_and_uses_what_it_is_told() {
        for c in [3, 8] {
            let x = noise(&[2, c, 3, 2]);
            let mut bn = Owned::new(c);
            bn.0[2] = noise(&[c]);
            bn.0[3] = noise(&[c]).square() + 0.5;
            let (mean, variance) = (numbers(&bn.0[2]), numbers(&bn.0[3]));
            let found = bn.run(&x, Use::Moving, 3);
            assert_close(&found, &bn.by_hand(&x, &mean, &variance), 1e-9);
            let (batch_mean, batch_variance, _) = statistics(&x);
            let found = bn.run(&x, Use::Batch, 3);
            assert_close(&found, &bn.by_hand(&x, &batch_mean, &batch_variance), 1e-9);
            assert_eq!((numbers(&bn.0[2]), numbers(&bn.0[3])), (mean, variance));
        }
    }

    #[test]
    fn vectors_are_normalised_over_examples_and_times() {
        let x = noise(&[4, 3, 5]); // (T, B, C)
        let bn = Owned::new(5);
        let found = bn.run(&x, Use::Batch, 1);
        let images = x.permute([1, 2, 0]).unsqueeze(3); // (B, C, T, 1)
        let (mean, variance, _) = statistics(&images);
        let expected = bn.by_hand(&images, &mean, &variance);
        assert_close(&found, &expected.squeeze_dim(3).permute([2, 0, 1]), 1e-9);
    }

    #[test]
    fn the_filling_of_channels_changes_no_gradient() {
        let c = 3;
        let bn = Owned::new(c);
        let weights = noise(&[2, c, 4, 4]);
        let gradients = |with: &dyn Fn(&Tensor, &BatchNorm) -> Tensor| {
            let x = (weights.square() + 1.0).set_requires_grad(true);
            let [scale, offset, mean, variance] = bn.0.each_ref().map(Tensor::copy);
            let leaves = [
                x,
                scale.set_requires_grad(true),
                offset.set_requires_grad(true),
            ];
            let params = BatchNorm {
                scale: &leaves[1],
                offset: &leaves[2],
                mean: &mean,
                variance: &variance,
            };
            let loss = (with(&leaves[0], &params) * &weights).sum(Kind::Double);
            Tensor::run_backward(&[loss], &leaves, false, false)
        };
        let filled = gradients(&|x, params| {
            let found = batch_norm(x, params, Use::BatchAndMove, EPS, 0.9, 3).unwrap();
            lanes::cut(&found, c).unwrap()
        });
        let unfilled =
            gradients(&|x, params| plain(x, params, Use::BatchAndMove, EPS, 0.9).unwrap());
        for (a, b) in filled.iter().zip(&unfilled) {
            assert_close(a, b, 1e-9);
        }
    }

    #[test]
    fn layer_norm_takes_each_place_by_itself() {
        let x = noise(&[2, 3, 4]);
        let (scale, offset) = (noise(&[4]), noise(&[4]));
        let found = layer_norm(&x, &scale, &offset, EPS).unwrap();
        let (x, scale, offset) = (numbers(&x), numbers(&scale), numbers(&offset));
        let mut expected = Vec::new();
        for row in x.chunks(4) {
            let mean = row.iter().sum::<f64>() / 4.0;
            let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 4.0;
            for (i, x) in row.iter().enumerate() {
                expected.push((x - mean) / (variance + EPS).sqrt() * scale[i] + offset[i]);
            }
        }
        assert_close(&found, &Tensor::from_slice(&expected).view([2, 3, 4]), 1e-9);
    }
}

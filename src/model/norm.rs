//! Batch norm and layer norm.

use tch::{Device, TchError, Tensor};

use super::layout;

/// libtorch's batch norm on a CPU takes eight channels at a time, and what is
/// left over one by one at many times the price.
const LANES: i64 = 8;

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
/// Images on a CPU go as a matrix with a row a pixel, zeros filling its columns
/// up to a multiple of [`LANES`]. Measured against channels first and against
/// channels last without that (64 x 28 x 28, one layer of the macro space,
/// forward and backward, two threads): at 32 channels 20 ms against 47 and 20
/// (sep5) and 12 against 35 and 12 (max3), at 36 channels 43 against 57 and 51
/// and 22 against 41 and 32; a batch norm from reductions of our own gave
/// 52 and 26 there, one in channels first between two copies 53 and 33.
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
        return layout::images(&padded(&rows, params, which, eps, decay)?, x);
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

fn padded(
    rows: &Tensor, // (N, C)
    params: &BatchNorm,
    which: Use,
    eps: f64,
    decay: f64,
) -> Result<Tensor, TchError> {
    let channels = rows.size2()?.1;
    let extra = channels.next_multiple_of(LANES) - channels;
    if extra == 0 {
        return plain(rows, params, which, eps, decay);
    }
    let pad = |tensor: &Tensor| tensor.f_constant_pad_nd([0, extra]);
    let cut = |tensor: &Tensor, dim| tensor.f_narrow(dim, 0, channels);
    let (scale, offset) = (pad(params.scale)?, pad(params.offset)?);
    let (mean, variance) = (pad(params.mean)?, pad(params.variance)?);
    let wide = BatchNorm {
        scale: &scale,
        offset: &offset,
        mean: &mean,
        variance: &variance,
    };
    let result = plain(&pad(rows)?, &wide, which, eps, decay)?;
    if which == Use::BatchAndMove {
        params.mean.shallow_clone().f_copy_(&cut(&mean, 0)?)?;
        params.variance.shallow_clone().f_copy_(&cut(&variance, 0)?)?;
    }
    cut(&result, 1)?.f_contiguous()
}

/// Layer norm over the last dimension, `(.., D)`; `scale` and `offset` are `(D)`.
pub(super) fn layer_norm(
    x: &Tensor,
    scale: &Tensor,
    offset: &Tensor,
    eps: f64,
) -> Result<Tensor, TchError> {
    x.f_layer_norm(scale.size().as_slice(), Some(scale), Some(offset), eps, true)
}

//! Images wider than their channels.
//!
//! On a CPU libtorch's batch norm takes eight channels at a time, and what is left over
//! one by one at many times the price. So images of 36 channels lie in memory as ones of
//! 40: convolutions make such images, and whatever treats each channel by itself hands
//! them on. What stands in the channels beyond is some finite number that nothing reads:
//! kernels are zero there, and whoever looks across channels gets the image cut to its
//! own ([`cut`], a view).
//!
//! A step of the macro space takes 209 ms so, where each batch norm filled its channels
//! and cut them again 234 ms (36 channels, batch 64, two threads, `make bench`). What led
//! to that, on a layer at 64 x 28 x 28, forward and backward on two threads:
//!
//! | ms | sep5, C 32 | max3, C 32 | sep5, C 36 | max3, C 36 |
//! |---|---|---|---|---|
//! | everything channels first | 47 | 35 | 57 | 41 |
//! | channels last, unfilled | 20 | 12 | 51 | 32 |
//! | channels last, a batch norm of sums and products | 31 | 20 | 52 | 26 |
//! | channels last, batch norm first between two copies | 45 | 28 | 53 | 33 |
//! | channels last, filled in batch norm alone | 20 | 12 | 43 | 22 |

use tch::{Device, TchError, Tensor};

use crate::graph::Op;

const LANES: i64 = 8;

/// Whether an operation takes images that are wider than their channels. One that does
/// not gets them cut.
pub(super) fn carries(op: &Op) -> bool {
    matches!(
        op,
        Op::Conv { .. }
            | Op::BatchNorm { .. }
            | Op::Activation(_)
            | Op::Pool { .. }
            | Op::Shift { .. }
            | Op::Affine { .. }
            | Op::Dropout { .. }
            | Op::DropPath { .. }
    )
}

/// How many channels fill up images like `x` that have so many.
pub(super) fn missing(x: &Tensor, channels: i64) -> i64 {
    if x.device() == Device::Cpu {
        (LANES - channels % LANES) % LANES
    } else {
        0
    }
}

/// The first `channels` of images, a view; anything else as it is.
pub(super) fn cut(x: &Tensor, channels: i64) -> Result<Tensor, TchError> {
    match x.size4() {
        Ok((_, wide, _, _)) if wide > channels => x.f_narrow(1, 0, channels),
        _ => Ok(x.shallow_clone()),
    }
}

/// The zeros that fill up images one after another in their channels; `None` of others.
pub(super) fn filling(parts: &[Tensor]) -> Result<Option<Tensor>, TchError> {
    let channels = parts.iter().map(|part| Some(part.size4().ok()?.1)).sum();
    let (Some(first), Some(channels)) = (parts.first(), channels) else {
        return Ok(None);
    };
    let (batch, _, height, width) = first.size4()?;
    let missing = missing(first, channels);
    if missing == 0 {
        return Ok(None);
    }
    // One number that stands for all.
    let zero = Tensor::f_zeros([1, 1, 1, 1], (first.kind(), first.device()))?;
    zero.f_expand([batch, missing, height, width], false)
        .map(Some)
}

/// Cuts all to the narrowest of them.
pub(super) fn level(images: &[&Tensor]) -> Result<Vec<Tensor>, TchError> {
    let narrowest = images.iter().filter_map(|x| Some(x.size4().ok()?.1)).min();
    let channels = narrowest.unwrap_or(i64::MAX);
    images.iter().map(|x| cut(x, channels)).collect()
}

/// A vector of channels `(C)` that is zero in `missing` more.
pub(super) fn longer(vector: &Tensor, missing: i64) -> Result<Tensor, TchError> {
    if missing == 0 {
        return Ok(vector.shallow_clone());
    }
    vector.f_constant_pad_nd([0, missing])
}

/// What a convolution is made of.
pub(super) struct Filled {
    pub(super) x: Tensor,
    pub(super) kernel: Tensor,
    pub(super) groups: i64,
    /// How many channels of the result are beyond its own.
    pub(super) missing: i64,
}

/// The convolution of `x` that makes images as wide as [`LANES`] ask for; its kernel is
/// `(C_out, C / groups, K, K)`.
pub(super) fn filled(x: &Tensor, kernel: &Tensor, groups: i64) -> Result<Filled, TchError> {
    let (out, inputs, _, _) = kernel.size4()?;
    let wide = x.size4()?.1;
    let fill = |unread, missing| kernel.f_constant_pad_nd([0, 0, 0, 0, 0, unread, 0, missing]);
    let (groups, unread, missing) = if groups == 1 {
        (1, wide - inputs, missing(x, out))
    } else if (out, inputs) == (groups, 1) {
        // A channel each: as many as come.
        (wide, 0, wide - out)
    } else {
        let x = cut(x, inputs * groups)?;
        let kernel = kernel.shallow_clone();
        return Ok(Filled {
            x,
            kernel,
            groups,
            missing: 0,
        });
    };
    Ok(Filled {
        x: x.shallow_clone(),
        kernel: if (unread, missing) == (0, 0) {
            kernel.shallow_clone()
        } else {
            fill(unread, missing)?
        },
        groups,
        missing,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::noise;

    #[test]
    fn images_are_cut_to_their_channels_or_the_narrowest() {
        let x = noise(&[2, 8, 3, 3]);
        assert_eq!(cut(&x, 5).unwrap(), x.narrow(1, 0, 5));
        assert_eq!(cut(&x, 8).unwrap(), x);
        let matrix = noise(&[2, 8]);
        assert_eq!(cut(&matrix, 5).unwrap(), matrix);
        let narrow = noise(&[2, 5, 3, 3]);
        let level = level(&[&x, &narrow]).unwrap();
        assert_eq!(level, [x.narrow(1, 0, 5), narrow]);
    }

    #[test]
    fn what_is_one_after_another_is_filled_up_with_zeros() {
        let parts = [noise(&[2, 3, 4, 4]), noise(&[2, 2, 4, 4])];
        let filling = filling(&parts).unwrap().unwrap();
        assert_eq!(
            filling,
            Tensor::zeros([2, 3, 4, 4], (tch::Kind::Double, Device::Cpu))
        );
        let full = [noise(&[2, 3, 4, 4]), noise(&[2, 5, 4, 4])];
        assert!(super::filling(&full).unwrap().is_none());
        assert!(super::filling(&[noise(&[2, 3])]).unwrap().is_none());
    }

    #[test]
    fn a_kernel_reads_no_more_than_its_channels_and_makes_images_full() {
        let x = noise(&[2, 8, 4, 4]);
        let made = filled(&x, &noise(&[5, 6, 3, 3]), 1).unwrap();
        assert_eq!((made.kernel.size(), made.missing), (vec![8, 8, 3, 3], 3));
        let depthwise = filled(&x, &noise(&[6, 1, 3, 3]), 6).unwrap();
        assert_eq!(
            (depthwise.kernel.size(), depthwise.groups),
            (vec![8, 1, 3, 3], 8)
        );
        // Groups of several channels stay as they are.
        let grouped = filled(&x, &noise(&[6, 2, 3, 3]), 3).unwrap();
        assert_eq!((grouped.x.size(), grouped.missing), (vec![2, 6, 4, 4], 0));
    }
}

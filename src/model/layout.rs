//! How images lie in memory: channels last, `(B, H, W, C)` behind `(B, C, H, W)`.
//!
//! On a CPU this is what makes convolutions and pools fast, and on a GPU it is
//! what tensor cores read. Every operation keeps the layout of its operands,
//! so that converting the inputs and the kernels once suffices.

use tch::{TchError, Tensor};

/// A tensor of the same numbers that lies channels last; one that is not
/// four-dimensional is left as it is.
///
/// For tensors without a gradient history: inputs and new parameters.
pub(super) fn channels_last(x: &Tensor) -> Result<Tensor, TchError> {
    let Ok((batch, channels, height, width)) = x.size4() else {
        return x.f_contiguous();
    };
    let rows = x.f_permute([0, 2, 3, 1])?.f_contiguous()?; // (B, H, W, C)
    // Not permuted back: with a single channel torch would take the strides
    // of that for channels first, and compute the whole network so.
    let row = width * channels;
    let sizes = [batch, channels, height, width];
    rows.f_as_strided(sizes, [height * row, 1, row, channels], None::<i64>)
}

/// Images as a matrix with a row a pixel; without a copy where they lie
/// channels last.
pub(super) fn rows(x: &Tensor) -> Result<Tensor, TchError> {
    let channels = x.size4()?.1;
    x.f_permute([0, 2, 3, 1])?.f_reshape([-1, channels]) // (B * H * W, C)
}

/// The inverse of [`rows`], for images as many, tall and wide as `like`.
pub(super) fn images(rows: &Tensor, like: &Tensor) -> Result<Tensor, TchError> {
    let (b, _, h, w) = like.size4()?;
    rows.f_view([b, h, w, -1])?.f_permute([0, 3, 1, 2]) // (B, C, H, W)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::ramp;

    #[test]
    fn channels_last_keeps_the_numbers_and_changes_the_strides() {
        let x = ramp(&[2, 3, 4, 5]);
        let y = channels_last(&x).unwrap();
        assert_eq!(y, x);
        assert_eq!(y.stride(), [60, 1, 15, 3]);
        let one = channels_last(&ramp(&[2, 1, 4, 5])).unwrap();
        assert_eq!(one.stride(), [20, 1, 5, 1]);
    }

    #[test]
    fn rows_of_channels_last_images_share_their_memory() {
        let x = channels_last(&ramp(&[2, 3, 4, 5])).unwrap();
        let matrix = rows(&x).unwrap();
        assert_eq!(matrix.data_ptr(), x.data_ptr());
        assert_eq!(images(&matrix, &x).unwrap(), x);
    }
}

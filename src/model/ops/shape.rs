//! What moves numbers without changing them.

use tch::{TchError, Tensor};

/// `(B, C, H, W)`: at (y, x) what was at (y + dy, x + dx), zero from outside.
pub(in crate::model) fn shift(x: &Tensor, dy: i64, dx: i64) -> Result<Tensor, TchError> {
    // A negative pad cuts.
    x.f_constant_pad_nd([-dx, dx, -dy, dy])
}

/// The `index`th part of `size` along `dim`; a view.
pub(in crate::model) fn chunk(
    x: &Tensor,
    index: usize,
    size: usize,
    dim: i64,
) -> Result<Tensor, TchError> {
    x.f_narrow(dim, (index * size) as i64, size as i64)
}

/// One after another along `dim`.
pub(in crate::model) fn concat(parts: &[Tensor], dim: i64) -> Result<Tensor, TchError> {
    match parts {
        [one] => Ok(one.shallow_clone()),
        _ => Tensor::f_cat(parts, dim),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::layout::channels_last;
    use crate::model::testing::{noise, ramp};

    #[test]
    fn shift_moves_up_and_left_and_fills_with_zeros() {
        let x = ramp(&[1, 1, 2, 3]); // 0 1 2 / 3 4 5
        let found = shift(&x, 1, 1).unwrap();
        let expected = Tensor::from_slice(&[4.0, 5.0, 0.0, 0.0, 0.0, 0.0]).view([1, 1, 2, 3]);
        assert_eq!(found, expected);
        let back = shift(&x, -1, 0).unwrap();
        let expected = Tensor::from_slice(&[0.0, 0.0, 0.0, 0.0, 1.0, 2.0]).view([1, 1, 2, 3]);
        assert_eq!(back, expected);
    }

    #[test]
    fn shift_keeps_channels_last() {
        let x = channels_last(&noise(&[2, 3, 4, 4])).unwrap();
        assert_eq!(shift(&x, 1, 1).unwrap().stride(), x.stride());
    }

    #[test]
    fn chunks_one_after_another_are_the_whole() {
        let x = noise(&[2, 6, 3]);
        let parts = [0, 1, 2].map(|index| chunk(&x, index, 2, 1).unwrap());
        assert_eq!(parts[1], x.narrow(1, 2, 2));
        assert_eq!(concat(&parts, 1).unwrap(), x);
    }
}

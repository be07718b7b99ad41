//! What moves numbers without changing them.

use tch::{TchError, Tensor};

use crate::model::lanes;

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

/// One after another along `dim`. Images are filled up (see `lanes`).
pub(in crate::model) fn concat(parts: &[Tensor], dim: i64) -> Result<Tensor, TchError> {
    match parts {
        [one] => Ok(one.shallow_clone()),
        _ => {
            let filling = lanes::filling(parts)?;
            let all: Vec<&Tensor> = parts.iter().chain(&filling).collect();
            Tensor::f_cat(&all, dim)
        }
    }
}

/// The part of a parameter that a form of an operation uses; a view. Of
/// channels it is the first, of the sides of a kernel (every dimension after
/// the second) the centre.
pub(crate) fn part(parameter: &Tensor, shape: &[usize]) -> Result<Tensor, TchError> {
    let mut view = parameter.shallow_clone();
    for (dim, (&whole, &size)) in parameter.size().iter().zip(shape).enumerate() {
        let size = size as i64;
        if size < whole {
            let start = if dim < 2 { 0 } else { (whole - size) / 2 };
            view = view.f_narrow(dim as i64, start, size)?;
        }
    }
    Ok(view)
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
    fn a_part_has_the_first_channels_and_the_centre_of_the_kernel() {
        let kernel = noise(&[4, 3, 5, 5]);
        let found = part(&kernel, &[2, 3, 3, 3]).unwrap();
        let expected = kernel.narrow(0, 0, 2).narrow(2, 1, 3).narrow(3, 1, 3);
        assert_eq!(found, expected);
        assert_eq!(part(&noise(&[4]), &[4]).unwrap().size(), [4]);
    }

    #[test]
    fn chunks_one_after_another_are_the_whole() {
        let x = noise(&[2, 6, 3]);
        let parts = [0, 1, 2].map(|index| chunk(&x, index, 2, 1).unwrap());
        assert_eq!(parts[1], x.narrow(1, 2, 2));
        assert_eq!(concat(&parts, 1).unwrap(), x);
    }
}

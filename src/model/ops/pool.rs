//! Pools.

use tch::{TchError, Tensor};

use crate::graph::{Pool, Window};

/// `(B, C, H, W)` to `(B, C, H', W')`. Cells outside the image count for
/// nothing: the mean is of the others, and the greatest is one of the others.
///
/// libtorch pads both sides alike, so where one pixel more goes after than
/// before, the windows are laid out so that the last row and column simply
/// reach over the border: with a stride they are asked for (`ceil_mode`);
/// without one, all are moved back by a pixel and the first is left out.
pub(in crate::model) fn pool(x: &Tensor, kind: Pool, window: Window) -> Result<Tensor, TchError> {
    let (_, _, h, w) = x.size4()?;
    let (top, bottom) = window.pads(h as usize);
    let (left, right) = window.pads(w as usize);
    let uneven = (top, left) != (bottom, right);
    let back = uneven && window.stride == 1;
    let reach = uneven && window.stride > 1;

    let padding = if back { [bottom, right] } else { [top, left] }.map(|n| n as i64);
    let (size, stride) = ([window.size as i64; 2], [window.stride as i64; 2]);
    let pooled = match kind {
        Pool::Avg => x.f_avg_pool2d(size, stride, padding, reach, false, None)?,
        Pool::Max => {
            let dilation = [window.dilation as i64; 2];
            x.f_max_pool2d(size, stride, padding, dilation, reach)?
        }
    };
    if !back {
        return Ok(pooled);
    }
    let (_, _, tall, wide) = pooled.size4()?;
    let (row, column) = ((bottom - top) as i64, (right - left) as i64);
    pooled
        .f_narrow(2, row, tall - row)?
        .f_narrow(3, column, wide - column)
}

/// `(B, C, H, W)` to `(B, C)`.
pub(in crate::model) fn global_avg_pool(x: &Tensor) -> Result<Tensor, TchError> {
    x.f_mean_dim(&[-2i64, -1][..], false, x.kind())
}

#[cfg(test)]
#[expect(clippy::many_single_char_names, reason = "the names of the formulas")]
mod tests {
    use super::*;
    use crate::model::layout::channels_last;
    use crate::model::testing::{Side, assert_close, noise, numbers, sides};

    /// A pool in loops over the cells inside the image.
    fn by_hand(x: &Tensor, kind: Pool, window: Window) -> Tensor {
        let (b, c, h, w) = x.size4().unwrap();
        let (rows, cols) = (Side::new(window, h), Side::new(window, w));
        let x = numbers(x);
        let mut result = Vec::new();
        for plane in 0..b * c {
            for i in 0..rows.result {
                for j in 0..cols.result {
                    let cells: Vec<f64> = rows
                        .cells(i)
                        .into_iter()
                        .flat_map(|(_, y)| {
                            cols.cells(j)
                                .into_iter()
                                .map(move |(_, z)| ((plane * h + y) * w + z) as usize)
                        })
                        .map(|at| x[at])
                        .collect();
                    result.push(match kind {
                        Pool::Avg => cells.iter().sum::<f64>() / cells.len() as f64,
                        Pool::Max => cells.iter().copied().fold(f64::NEG_INFINITY, f64::max),
                    });
                }
            }
        }
        Tensor::from_slice(&result).view([b, c, rows.result, cols.result])
    }

    #[test]
    fn pools_agree_with_loops_at_every_size_and_stride() {
        for (window, (h, w)) in sides(false) {
            // All negative: a border of zeros would win over them.
            let x = noise(&[2, 3, h, w]) - 5.0;
            for kind in [Pool::Avg, Pool::Max] {
                let expected = by_hand(&x, kind, window);
                for x in [x.shallow_clone(), channels_last(&x).unwrap()] {
                    let found = pool(&x, kind, window).unwrap();
                    assert_close(&found, &expected, 1e-12);
                }
            }
        }
    }

    #[test]
    fn a_corner_is_divided_by_its_four_valid_cells() {
        let x = Tensor::ones([1, 1, 4, 4], (tch::Kind::Double, tch::Device::Cpu));
        let window = Window {
            size: 3,
            stride: 1,
            dilation: 1,
            padding: crate::graph::Padding::Same,
        };
        assert_close(&pool(&x, Pool::Avg, window).unwrap(), &x, 1e-12);
    }

    #[test]
    fn global_avg_pool_is_the_mean_of_a_channel() {
        let x = Tensor::from_slice(&[1.0, 2.0, 3.0, 6.0, 0.0, 0.0, 0.0, 4.0]).view([1, 2, 2, 2]);
        let found = global_avg_pool(&x).unwrap();
        assert_eq!(found, Tensor::from_slice(&[3.0, 1.0]).view([1, 2]));
    }
}

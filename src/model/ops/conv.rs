//! Convolutions.

use tch::{TchError, Tensor};

use crate::graph::Window;
use crate::model::lanes;

/// `(B, C, H, W)` to `(B, C_out, H', W')`; the kernel is `(C_out, C / groups, K, K)`.
/// The images may be wider than the kernel, and may become so (see `lanes`).
pub(in crate::model) fn conv(
    x: &Tensor,
    window: Window,
    groups: usize,
    kernel: &Tensor,
    bias: Option<&Tensor>,
) -> Result<Tensor, TchError> {
    let lanes::Filled {
        mut x,
        kernel,
        groups,
        missing,
    } = lanes::filled(x, kernel, groups as i64)?;
    let bias = bias.map(|bias| lanes::longer(bias, missing)).transpose()?;
    let (_, _, h, w) = x.size4()?;
    let ((top, bottom), (left, right)) = (pads(window, h), pads(window, w));
    let (mut stride, dilation) = (window.stride as i64, window.dilation as i64);
    if window.size == 1 && stride > 1 {
        // The pixels between are not looked at. Besides, libtorch 2.11 on the CPU writes
        // outside of some memory when it makes the kernel's gradient of such a convolution
        // of images in channels-last order, on one thread: seen with 1 and 4 channels, not
        // from 7 on.
        x = x.f_slice(2, 0, None, stride)?.f_slice(3, 0, None, stride)?;
        stride = 1;
    }
    let run = |x: &Tensor, padding: [i64; 2]| {
        let (stride, dilation) = ([stride; 2], [dilation; 2]);
        x.f_conv2d(&kernel, bias.as_ref(), stride, padding, dilation, groups)
    };
    if (top, left) == (bottom, right) {
        run(&x, [top, left])
    } else {
        // libtorch pads both sides alike.
        run(&x.f_constant_pad_nd([left, right, top, bottom])?, [0, 0])
    }
}

/// `(B, C, T)` to `(B, C_out, T')`; the kernel is `(C_out, C, K)`.
pub(in crate::model) fn conv1d(
    x: &Tensor,
    window: Window,
    kernel: &Tensor,
    bias: Option<&Tensor>,
) -> Result<Tensor, TchError> {
    let (before, after) = pads(window, x.size3()?.2);
    let (stride, dilation) = ([window.stride as i64], [window.dilation as i64]);
    if before == after {
        return x.f_conv1d(kernel, bias, stride, [before], dilation, 1);
    }
    let x = x.f_constant_pad_nd([before, after])?;
    x.f_conv1d(kernel, bias, stride, [0], dilation, 1)
}

fn pads(window: Window, n: i64) -> (i64, i64) {
    let (before, after) = window.pads(n as usize);
    (before as i64, after as i64)
}

#[cfg(test)]
#[expect(clippy::many_single_char_names, reason = "the names of the formulas")]
mod tests {
    use super::*;
    use crate::graph::Padding;
    use crate::model::layout::channels_last;
    use crate::model::testing::{Side, assert_close, noise, numbers, sides};

    /// A convolution in loops, padded by TensorFlow's formula or as asked.
    fn by_hand(x: &Tensor, kernel: &Tensor, window: Window, groups: usize) -> Tensor {
        let (b, c, h, w) = x.size4().unwrap();
        let (out, per_group, k, _) = kernel.size4().unwrap();
        let (rows, cols) = (Side::new(window, h), Side::new(window, w));
        let (x, kernel) = (numbers(x), numbers(kernel));
        let mut result = Vec::new();
        for b in 0..b {
            for o in 0..out {
                let group = o / (out / groups as i64);
                for i in 0..rows.result {
                    for j in 0..cols.result {
                        let mut sum = 0.0;
                        for p in 0..per_group {
                            for (u, y) in rows.cells(i) {
                                for (v, z) in cols.cells(j) {
                                    let channel = group * per_group + p;
                                    sum += x[(((b * c + channel) * h + y) * w + z) as usize]
                                        * kernel[(((o * per_group + p) * k + u) * k + v) as usize];
                                }
                            }
                        }
                        result.push(sum);
                    }
                }
            }
        }
        Tensor::from_slice(&result).view([b, out, rows.result, cols.result])
    }

    #[track_caller]
    fn check(window: Window, groups: usize, (h, w): (i64, i64)) {
        let x = noise(&[2, 4, h, w]);
        let size = window.size as i64;
        let kernel = noise(&[8, 4 / groups as i64, size, size]);
        let expected = by_hand(&x, &kernel, window, groups);
        for x in [x.shallow_clone(), channels_last(&x).unwrap()] {
            let found = conv(&x, window, groups, &kernel, None).unwrap();
            assert_close(&found, &expected, 1e-12);
            // The same of images that are wider than their channels.
            let more = x.constant_pad_nd([0, 0, 0, 0, 0, 3]);
            let found = conv(&more, window, groups, &kernel, None).unwrap();
            assert_close(&lanes::cut(&found, 8).unwrap(), &expected, 1e-12);
        }
    }

    #[test]
    fn convolutions_agree_with_loops_at_every_size_stride_and_dilation() {
        for (window, side) in sides(true) {
            check(window, 1, side);
        }
    }

    /// Where libtorch writes outside of its memory, the process ends after a few steps.
    #[test]
    fn a_kernel_of_one_pixel_with_a_stride_leaves_the_memory_of_others_alone() {
        let window = Window {
            size: 1,
            stride: 2,
            dilation: 1,
            padding: Padding::Same,
        };
        tch::set_num_threads(1);
        let cpu = (tch::Kind::Float, tch::Device::Cpu);
        for _ in 0..60 {
            let x = Tensor::rand([64, 4, 6, 6], cpu);
            let gradients = [x.shallow_clone(), channels_last(&x).unwrap()].map(|x| {
                let x = x.detach().set_requires_grad(true);
                let kernel = Tensor::ones([2, 4, 1, 1], cpu).set_requires_grad(true);
                let y = conv(&x, window, 1, &kernel, None).unwrap();
                let of = [x, kernel];
                Tensor::run_backward(&[y.square().mean(tch::Kind::Float)], &of, false, false)
            });
            let [expected, found] = gradients;
            for (found, expected) in found.iter().zip(expected) {
                let double = |tensor: &Tensor| tensor.to_kind(tch::Kind::Double);
                assert_close(&double(found), &double(&expected), 1e-5);
            }
            // Memory in small pieces, where what is broken is noticed.
            let pieces: Vec<Tensor> = (1..200).map(|n| Tensor::rand([n], cpu)).collect();
            drop(pieces);
        }
    }

    #[test]
    fn groups_and_depthwise_agree_with_loops() {
        for groups in [2, 4] {
            for stride in [1, 2] {
                let window = Window {
                    size: 3,
                    stride,
                    dilation: 1,
                    padding: Padding::Same,
                };
                check(window, groups, (6, 5));
            }
        }
    }

    #[test]
    fn a_bias_is_added_to_its_channel() {
        let window = Window {
            size: 1,
            stride: 1,
            dilation: 1,
            padding: Padding::Same,
        };
        let (x, kernel) = (noise(&[1, 2, 2, 2]), noise(&[3, 2, 1, 1]));
        let bias = noise(&[3]);
        let run = |bias| lanes::cut(&conv(&x, window, 1, &kernel, bias).unwrap(), 3).unwrap();
        let (plain, found) = (run(None), run(Some(&bias)));
        assert_close(&found, &(plain + bias.view([1, 3, 1, 1])), 1e-12);
    }

    #[test]
    fn conv1d_is_a_convolution_of_height_one() {
        for stride in [1, 2] {
            let window = Window {
                size: 3,
                stride,
                dilation: 1,
                padding: Padding::Same,
            };
            let (x, kernel) = (noise(&[2, 3, 8]), noise(&[4, 3, 3]));
            let found = conv1d(&x, window, &kernel, None).unwrap();
            // In two dimensions, on the middle row of three with zeros around.
            let image = x.unsqueeze(2);
            let square = Tensor::zeros([4, 3, 3, 3], (tch::Kind::Double, tch::Device::Cpu));
            square.select(2, 1).copy_(&kernel);
            let one_row = Window {
                stride: 1,
                ..window
            };
            let padded = conv(&image, one_row, 1, &square, None).unwrap();
            let padded = lanes::cut(&padded, 4).unwrap().squeeze_dim(2);
            // Stride two of an even length pads nothing before, so it takes the odd ones.
            let expected = match stride {
                1 => padded,
                _ => padded.slice(2, 1, None, 2),
            };
            assert_close(&found, &expected, 1e-12);
        }
    }
}

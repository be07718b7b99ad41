//! Minibatches as tensors.

use tch::{Device, Tensor};

use crate::data::batch::{self, Placement};
use crate::data::{Dataset, Images};

/// A minibatch of images with their classes.
#[derive(Debug)]
pub struct Batch {
    /// Normalised pixels. // (B, C, H, W), f32
    pub images: Tensor,
    /// Classes. // (B), i64
    pub labels: Tensor,
}

impl Batch {
    /// How many images it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.labels.numel()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Assembles minibatches of one data set on one device.
#[derive(Debug)]
pub struct Loader<'a> {
    mean: &'a [f32],
    std: &'a [f32],
    device: Device,
    buffer: Vec<f32>,
}

impl<'a> Loader<'a> {
    /// A loader for images of `data`.
    #[must_use]
    pub fn new(data: &'a Dataset, device: Device) -> Self {
        Self {
            mean: &data.mean,
            std: &data.std,
            device,
            buffer: Vec::new(),
        }
    }

    /// The images at `indices`, varied as `placements` says if given (one each).
    pub fn load(
        &mut self,
        images: &Images,
        indices: &[u32],
        placements: Option<&[Placement]>,
    ) -> Batch {
        batch::assemble(
            images,
            indices,
            placements,
            self.mean,
            self.std,
            &mut self.buffer,
        );
        let [b, c, h, w] =
            [indices.len(), images.channels, images.height, images.width].map(|n| n as i64);
        let labels = batch::labels(images, indices);
        Batch {
            images: Tensor::from_slice(&self.buffer)
                .view([b, c, h, w])
                .to_device(self.device),
            labels: Tensor::from_slice(&labels).to_device(self.device),
        }
    }
}

/// Parts `n` images into minibatches of at most `size` that differ by at most one:
/// where batch norm takes its statistics from the batch, a last batch of a few
/// images would be judged by other rules than the rest.
pub fn even_parts(n: usize, size: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    let parts = n.div_ceil(size.max(1));
    (0..parts).map(move |i| i * n / parts..(i + 1) * n / parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Synthetic;

    #[test]
    fn a_batch_has_the_images_and_their_classes() {
        let data = Synthetic {
            train: 8,
            test: 4,
            ..Synthetic::default()
        }
        .make();
        let batch = Loader::new(&data, Device::Cpu).load(&data.train, &[5, 2], None);
        assert_eq!(batch.images.size(), [2, 1, 12, 12]);
        assert_eq!(Vec::<i64>::try_from(&batch.labels).unwrap(), [1, 2]);
        assert_eq!(batch.len(), 2);
        let (pixels, _) = data.train.get(5).unwrap();
        let back =
            batch.images.get(0).flatten(0, -1) * f64::from(data.std[0]) + f64::from(data.mean[0]);
        let back = Vec::<f32>::try_from(back).unwrap();
        for (a, b) in back.iter().zip(pixels) {
            assert!((a * 255.0 - f32::from(*b)).abs() < 1e-3);
        }
    }

    #[test]
    fn parts_are_even_and_cover_all() {
        let sizes = |n, size| even_parts(n, size).map(|r| r.len()).collect::<Vec<_>>();
        assert_eq!(sizes(10, 4), [3, 3, 4]);
        assert_eq!(sizes(8, 4), [4, 4]);
        assert_eq!(sizes(3, 100), [3]);
        assert_eq!(sizes(0, 4), [0; 0]);
        let all: Vec<usize> = even_parts(10, 4).flatten().collect();
        assert_eq!(all, (0..10).collect::<Vec<_>>());
    }
}

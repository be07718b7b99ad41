//! Images by class.

use tch::{Device, Tensor};

use super::{Batch, Batches, Measure, Task};
use crate::data::batch::{self, Placement, batches, order};
use crate::data::{Dataset, Images, split};
use crate::train::seed::{Purpose, seed};
use crate::train::timeline::{Phase, Step};
use crate::train::{DataConfig, TrainError, WeightsConfig};

/// A data set of images, parted, on a device.
pub(super) struct Classification<'a> {
    data: &'a Dataset,
    config: &'a WeightsConfig,
    device: Device,
    /// The images that are trained on.
    train: Vec<u32>,
    /// Those that say how good an architecture is.
    valid: Vec<u32>,
    split_seed: u64,
    /// The seed of the run.
    seed: u64,
    /// The epoch whose order is at hand, and the order.
    order: (u64, Vec<u32>),
    buffer: Vec<f32>,
}

impl<'a> Classification<'a> {
    /// Sets validation images apart; without `parts` all are trained on.
    pub(super) fn new(
        data: &'a Dataset,
        parts: Option<&DataConfig>,
        config: &'a WeightsConfig,
        run_seed: u64,
        device: Device,
    ) -> Result<Self, TrainError> {
        let n = data.train.len();
        let (train, valid) = match parts {
            None => ((0..n as u32).collect(), Vec::new()),
            Some(parts) => {
                let n_valid = (n as f64 * parts.validation).round().max(1.0) as usize;
                let parts = split(&data.train, n_valid, parts.holdout, parts.split_seed)?;
                (parts.train, parts.valid)
            }
        };
        Ok(Self {
            data,
            config,
            device,
            train,
            valid,
            split_seed: parts.map_or(0, |parts| parts.split_seed),
            seed: run_seed,
            order: (0, Vec::new()),
            buffer: Vec::new(),
        })
    }

    fn load(&mut self, images: &Images, at: &[u32], placements: Option<&[Placement]>) -> Batch {
        let (mean, std) = (&self.data.mean, &self.data.std);
        batch::assemble(images, at, placements, mean, std, &mut self.buffer);
        let sizes = [at.len(), images.channels, images.height, images.width];
        let labels = batch::labels(images, at);
        Batch {
            input: Tensor::from_slice(&self.buffer)
                .view(sizes.map(|n| n as i64))
                .to_device(self.device),
            targets: Tensor::from_slice(&labels).to_device(self.device),
        }
    }

    /// The images at `indices`, in minibatches of at most `size`.
    fn batches_of(&mut self, test: bool, indices: Vec<u32>, size: usize) -> Batches<'_> {
        let data = self.data;
        let images = if test { &data.test } else { &data.train };
        let total = indices.len();
        let batches = even_parts(total, size).map(move |part| {
            let at = indices.get(part).unwrap_or_default();
            self.load(images, at, None)
        });
        Batches {
            total,
            batches: Box::new(batches),
        }
    }
}

impl Task for Classification<'_> {
    fn measure(&self) -> Measure {
        Measure::Accuracy
    }

    fn batches(&self) -> u64 {
        self.train.len().div_ceil(self.config.batch.max(1)) as u64
    }

    fn train(&mut self, step: Step) -> Batch {
        let seed = |purpose| seed(self.seed, purpose, 0);
        if self.order.0 != step.epoch {
            let order = order(&self.train, seed(Purpose::TrainOrder), step.epoch);
            self.order = (step.epoch, order);
        }
        let at = batches(&self.order.1, self.config.batch)
            .nth(step.index as usize)
            .unwrap_or_default()
            .to_vec();
        let images = &self.data.train;
        let placements = self.config.augment.draw(
            at.len(),
            [images.height, images.width],
            seed(Purpose::Augment),
            step.epoch,
            step.index,
        );
        self.load(images, &at, Some(&placements))
    }

    /// The validation images are gone through in an order of the epoch, and again
    /// in another one where they do not suffice.
    fn reward(&mut self, step: Step, size: usize) -> Batch {
        let size = size.min(self.valid.len());
        let an_order = (self.valid.len() / size.max(1)).max(1) as u64;
        let round = (step.epoch << 32) + step.index / an_order;
        let purpose = match step.phase {
            Phase::Report => Purpose::ReportOrder,
            _ => Purpose::RewardOrder,
        };
        let order = order(&self.valid, seed(self.seed, purpose, 0), round);
        let place = (step.index % an_order) as usize;
        let at = batches(&order, size).nth(place).unwrap_or_default();
        let data = self.data;
        self.load(&data.train, at, None)
    }

    fn valid(&mut self, most: usize, size: usize) -> Batches<'_> {
        let mut order = order(&self.valid, self.split_seed, 0);
        if most > 0 {
            order.truncate(most);
        }
        self.batches_of(false, order, size)
    }

    fn test(&mut self, size: usize) -> Batches<'_> {
        let all = (0..self.data.test.len() as u32).collect();
        self.batches_of(true, all, size)
    }
}

/// Parts `n` images into minibatches of at most `size` that differ by at most one:
/// where batch norm takes its statistics from the batch, a last batch of a few
/// images would be judged by other rules than the rest.
fn even_parts(n: usize, size: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
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
        let config = WeightsConfig::shared();
        let task = Classification::new(&data, None, &config, 0, Device::Cpu);
        let batch = task.unwrap().load(&data.train, &[5, 2], None);
        assert_eq!(batch.input.size(), [2, 1, 12, 12]);
        assert_eq!(Vec::<i64>::try_from(&batch.targets).unwrap(), [1, 2]);
        assert_eq!(batch.len(), 2);
        let (pixels, _) = data.train.get(5).unwrap();
        let back =
            batch.input.get(0).flatten(0, -1) * f64::from(data.std[0]) + f64::from(data.mean[0]);
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

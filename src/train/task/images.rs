//! Images by class.

use tch::{Device, Tensor};

use super::resident::{self, ResidentImages};
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
    epoch: Epoch,
    buffer: Vec<f32>,
    /// The images on the device, where that is a GPU and they fit.
    resident: Option<[ResidentImages; 2]>,
}

/// The parts of a data set, as places in what is resident.
#[derive(Clone, Copy)]
enum Part {
    Train,
    Test,
}

/// In what order an epoch goes through the training images.
#[derive(Default)]
struct Epoch {
    /// Its number; 0 for none.
    number: u64,
    order: Vec<u32>,
    /// The same on the device, with the numbers of all placements, where images are
    /// resident: one copy an epoch. // (N), (N, ..)
    on_device: Option<[Tensor; 2]>,
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
        let mut task = Self {
            data,
            config,
            device,
            train,
            valid,
            split_seed: parts.map_or(0, |parts| parts.split_seed),
            seed: run_seed,
            epoch: Epoch::default(),
            buffer: Vec::new(),
            resident: None,
        };
        if device.is_cuda() {
            task.settle()?;
        }
        Ok(task)
    }

    /// Puts the images on the device, if they fit.
    fn settle(&mut self) -> Result<(), TrainError> {
        let Dataset { mean, std, .. } = self.data;
        let part = |images| ResidentImages::new(images, mean, std, self.device);
        let parts = (part(&self.data.train)?, part(&self.data.test)?);
        if let (Some(train), Some(test)) = parts {
            self.resident = Some([train, test]);
        }
        Ok(())
    }

    fn images(&self, part: Part) -> &'a Images {
        match part {
            Part::Train => &self.data.train,
            Part::Test => &self.data.test,
        }
    }

    /// Puts a minibatch together in main memory.
    fn copy(
        &mut self,
        part: Part,
        at: &[u32],
        placements: Option<&[Placement]>,
    ) -> Result<Batch, TrainError> {
        let images = self.images(part);
        let (mean, std) = (&self.data.mean, &self.data.std);
        batch::assemble(images, at, placements, mean, std, &mut self.buffer);
        let sizes = [at.len(), images.channels, images.height, images.width];
        let labels = batch::labels(images, at);
        Ok(Batch {
            input: Tensor::f_from_slice(&self.buffer)?
                .f_view(sizes.map(|n| n as i64))?
                .f_to_device(self.device)?,
            targets: Tensor::f_from_slice(&labels)?.f_to_device(self.device)?,
        })
    }

    /// The images at `indices`, in minibatches of at most `size`.
    fn batches_of(
        &mut self,
        part: Part,
        indices: Vec<u32>,
        size: usize,
    ) -> Result<Batches<'_>, TrainError> {
        let total = indices.len();
        let on_device = match &self.resident {
            Some(_) => Some(places(&indices, self.device)?),
            None => None,
        };
        let batches =
            even_parts(total, size).map(move |range| match (&self.resident, &on_device) {
                (Some(parts), Some(at)) => {
                    let at = at.f_narrow(0, range.start as i64, range.len() as i64)?;
                    parts[part as usize].batch(&at, None)
                }
                _ => self.copy(part, indices.get(range).unwrap_or_default(), None),
            });
        Ok(Batches {
            total,
            batches: Box::new(batches),
        })
    }

    fn placements(&self, n: usize, epoch: u64, index: u64) -> Vec<Placement> {
        let seed = seed(self.seed, Purpose::Augment, 0);
        self.config.augment.draw(n, self.size(), seed, epoch, index)
    }

    /// Height and width of an image.
    fn size(&self) -> [usize; 2] {
        [self.data.train.height, self.data.train.width]
    }

    fn begin(&mut self, epoch: u64) -> Result<(), TrainError> {
        if self.epoch.number == epoch {
            return Ok(());
        }
        let order = order(&self.train, seed(self.seed, Purpose::TrainOrder, 0), epoch);
        let on_device = if self.resident.is_some() {
            let drawn = batches(&order, self.config.batch)
                .zip(0..)
                .flat_map(|(at, index)| self.placements(at.len(), epoch, index));
            let drawn: Vec<Placement> = drawn.collect();
            let drawn = resident::numbers(&drawn, self.size(), self.device)?;
            Some([places(&order, self.device)?, drawn])
        } else {
            None
        };
        self.epoch = Epoch {
            number: epoch,
            order,
            on_device,
        };
        Ok(())
    }
}

/// Places on the device. // (B)
fn places(at: &[u32], device: Device) -> Result<Tensor, TrainError> {
    let at: Vec<i64> = at.iter().map(|&at| i64::from(at)).collect();
    Ok(Tensor::f_from_slice(&at)?.f_to_device(device)?)
}

impl Task for Classification<'_> {
    fn measure(&self) -> Measure {
        Measure::Accuracy
    }

    fn batches(&self) -> u64 {
        self.train.len().div_ceil(self.config.batch.max(1)) as u64
    }

    fn train(&mut self, step: Step) -> Result<Batch, TrainError> {
        self.begin(step.epoch)?;
        let at = batches(&self.epoch.order, self.config.batch)
            .nth(step.index as usize)
            .unwrap_or_default();
        if let (Some([images, _]), Some([order, drawn])) = (&self.resident, &self.epoch.on_device) {
            let start = step.index as i64 * self.config.batch as i64;
            let part = |tensor: &Tensor| tensor.f_narrow(0, start, at.len() as i64);
            return images.batch(&part(order)?, Some(&part(drawn)?));
        }
        let at = at.to_vec();
        let placements = self.placements(at.len(), step.epoch, step.index);
        self.copy(Part::Train, &at, Some(&placements))
    }

    /// The validation images are gone through in an order of the epoch, and again
    /// in another one where they do not suffice.
    fn reward(&mut self, step: Step, size: usize) -> Result<Batch, TrainError> {
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
        match &self.resident {
            Some([images, _]) => images.batch(&places(at, self.device)?, None),
            None => self.copy(Part::Train, at, None),
        }
    }

    fn valid(&mut self, most: usize, size: usize) -> Result<Batches<'_>, TrainError> {
        let mut order = order(&self.valid, self.split_seed, 0);
        if most > 0 {
            order.truncate(most);
        }
        self.batches_of(Part::Train, order, size)
    }

    fn test(&mut self, size: usize) -> Result<Batches<'_>, TrainError> {
        let all = (0..self.data.test.len() as u32).collect();
        self.batches_of(Part::Test, all, size)
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
        let batch = task.unwrap().copy(Part::Train, &[5, 2], None).unwrap();
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

    /// As on a GPU.
    #[test]
    fn minibatches_of_resident_images_are_the_same() {
        let data = Synthetic {
            train: 50,
            test: 7,
            ..Synthetic::default()
        }
        .make();
        let mut config = WeightsConfig::shared();
        config.batch = 16;
        config.augment.cutout = 3;
        let parts = DataConfig::default();
        let new = || Classification::new(&data, Some(&parts), &config, 3, Device::Cpu).unwrap();
        let (mut copied, mut resident) = (new(), new());
        resident.settle().unwrap();
        let step = |phase, epoch, index| Step {
            number: 1,
            epoch,
            phase,
            index,
            of: 3,
        };
        let mut pairs = Vec::new();
        for (epoch, index) in [(1, 0), (1, 2), (2, 1), (2, 2)] {
            let step = step(Phase::Shared, epoch, index);
            pairs.push((copied.train(step), resident.train(step)));
        }
        let reward = step(Phase::Controller, 1, 1);
        pairs.push((copied.reward(reward, 4), resident.reward(reward, 4)));
        pairs.extend(
            copied
                .valid(0, 3)
                .unwrap()
                .batches
                .zip(resident.valid(0, 3).unwrap().batches),
        );
        pairs.extend(
            copied
                .test(4)
                .unwrap()
                .batches
                .zip(resident.test(4).unwrap().batches),
        );
        assert_eq!(pairs.len(), 5 + 2 + 2);
        for (a, b) in pairs {
            let (a, b) = (a.unwrap(), b.unwrap());
            assert!(a.input.equal(&b.input) && a.targets.equal(&b.targets));
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

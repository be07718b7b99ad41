//! The next token of a text.

use tch::{Device, TchError, Tensor};

use super::resident::ResidentText;
use super::{Batch, Batches, Measure, Task};
use crate::data::Corpus;
use crate::data::sequence::{Rows, Window};
use crate::train::seed::{Purpose, seed};
use crate::train::timeline::{Phase, Step};
use crate::train::{DataConfig, TrainError, WeightsConfig};

/// A text in rows, on a device.
pub(super) struct LanguageModel<'a> {
    corpus: &'a Corpus,
    parts: &'a DataConfig,
    device: Device,
    /// The text that is trained on.
    train: Rows<'a>,
    /// The seed of the run.
    seed: u64,
    /// The epoch whose windows are at hand, and the windows.
    windows: (u64, Vec<Window>),
    buffers: [Vec<i64>; 2],
    /// The text on the device, where that is a GPU.
    resident: Option<[ResidentText; 3]>,
}

/// The parts of a text, as places in what is resident.
#[derive(Clone, Copy)]
enum Part {
    Train,
    Valid,
    Test,
}

impl<'a> LanguageModel<'a> {
    pub(super) fn new(
        corpus: &'a Corpus,
        parts: &'a DataConfig,
        config: &WeightsConfig,
        seed: u64,
        device: Device,
    ) -> Result<Self, TrainError> {
        // So that one row at least can be cut from every part.
        Rows::new(&corpus.valid, 1, parts.bptt)?;
        Rows::new(&corpus.test, 1, parts.bptt)?;
        let mut task = Self {
            corpus,
            parts,
            device,
            train: Rows::new(&corpus.train, config.batch, parts.bptt)?,
            seed,
            windows: (0, Vec::new()),
            buffers: Default::default(),
            resident: None,
        };
        if device.is_cuda() {
            task.settle()?;
        }
        Ok(task)
    }

    /// Puts the text on the device.
    fn settle(&mut self) -> Result<(), TrainError> {
        let Corpus {
            train, valid, test, ..
        } = self.corpus;
        let part = |tokens: &[u32]| ResidentText::new(tokens, self.device);
        self.resident = Some([part(train)?, part(valid)?, part(test)?]);
        Ok(())
    }

    fn load(&mut self, part: Part, rows: &Rows, window: Window) -> Result<Batch, TrainError> {
        if let Some(parts) = &self.resident {
            return parts[part as usize].window(rows, window);
        }
        let [inputs, targets] = &mut self.buffers;
        rows.read(window, inputs, targets);
        let sizes = [rows.batch() as i64, window.len as i64];
        let device = self.device;
        let tensor = |ids: &[i64]| -> Result<Tensor, TchError> {
            let rows = Tensor::f_from_slice(ids)?.f_view(sizes)?; // (B, T)
            rows.f_tr()?.f_contiguous()?.f_to_device(device) // (T, B)
        };
        Ok(Batch {
            input: tensor(inputs)?,
            targets: tensor(targets)?,
        })
    }

    /// Rows of a part that judges; fewer where it is too short for so many.
    fn rows(&self, part: Part, size: usize) -> Rows<'a> {
        let tokens = match part {
            Part::Train => &self.corpus.train,
            Part::Valid => &self.corpus.valid,
            Part::Test => &self.corpus.test,
        };
        let most = tokens.len() / (self.parts.bptt + 1);
        let rows = Rows::new(tokens, size.min(most).max(1), self.parts.bptt);
        // INVARIANT: every part has a row of one window.
        rows.unwrap_or(self.train)
    }

    fn along(&mut self, part: Part, most: usize, size: usize) -> Batches<'_> {
        let rows = self.rows(part, size);
        let mut windows = rows.all_windows();
        let mut total = 0;
        let enough = windows.iter().position(|window| {
            total += window.len * rows.batch();
            most > 0 && total >= most
        });
        if let Some(enough) = enough {
            windows.truncate(enough + 1);
        }
        let batches = windows
            .into_iter()
            .map(move |window| self.load(part, &rows, window));
        Batches {
            total,
            batches: Box::new(batches),
        }
    }
}

impl Task for LanguageModel<'_> {
    fn measure(&self) -> Measure {
        Measure::Perplexity
    }

    fn batches(&self) -> u64 {
        self.train.windows().len() as u64
    }

    /// The windows of an epoch follow each other along the rows; of random lengths,
    /// again from the start where they reach the end before the epoch does.
    fn train(&mut self, step: Step) -> Result<Batch, TrainError> {
        if self.windows.0 != step.epoch {
            let windows = if self.parts.random_lengths {
                let seed = seed(self.seed, Purpose::TrainOrder, 0);
                self.train.random_windows(seed, step.epoch)
            } else {
                self.train.windows()
            };
            self.windows = (step.epoch, windows);
        }
        let windows = &self.windows.1;
        let place = step.index as usize % windows.len().max(1);
        let window = windows.get(place).copied();
        let rows = self.train;
        let window = window.unwrap_or(Window { start: 0, len: 1 });
        self.load(Part::Train, &rows, window)
    }

    /// A window of random length moves the weights by as much as it is long.
    fn pace(&self, batch: &Batch) -> f64 {
        match batch.targets.size()[..] {
            [time, _] if self.parts.random_lengths => time as f64 / self.parts.bptt as f64,
            _ => 1.0,
        }
    }

    /// One window at a random place, from a state of zeros.
    fn reward(&mut self, step: Step, size: usize) -> Result<Batch, TrainError> {
        let purpose = match step.phase {
            Phase::Report => Purpose::ReportOrder,
            _ => Purpose::RewardOrder,
        };
        let seed = seed(self.seed, purpose, 0);
        let rows = self.rows(Part::Valid, size);
        let window = rows.reward_window(seed, step.epoch, step.index);
        self.load(Part::Valid, &rows, window)
    }

    fn valid(&mut self, most: usize, size: usize) -> Result<Batches<'_>, TrainError> {
        Ok(self.along(Part::Valid, most, size))
    }

    /// In [`DataConfig::test_rows`] rows, whatever the size.
    fn test(&mut self, _: usize) -> Result<Batches<'_>, TrainError> {
        Ok(self.along(Part::Test, 0, self.parts.test_rows))
    }
}

//! The next token of a text.

use tch::{Device, Tensor};

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
        Ok(Self {
            corpus,
            parts,
            device,
            train: Rows::new(&corpus.train, config.batch, parts.bptt)?,
            seed,
            windows: (0, Vec::new()),
            buffers: Default::default(),
        })
    }

    fn load(&mut self, rows: &Rows, window: Window) -> Batch {
        let [inputs, targets] = &mut self.buffers;
        rows.read(window, inputs, targets);
        let sizes = [rows.batch() as i64, window.len as i64];
        let device = self.device;
        let tensor = |ids: &[i64]| {
            let rows = Tensor::from_slice(ids).view(sizes); // (B, T)
            rows.tr().contiguous().to_device(device) // (T, B)
        };
        Batch {
            input: tensor(inputs),
            targets: tensor(targets),
        }
    }

    /// Rows of a part that judges; fewer where it is too short for so many.
    fn rows(&self, tokens: &'a [u32], size: usize) -> Rows<'a> {
        let most = tokens.len() / (self.parts.bptt + 1);
        let rows = Rows::new(tokens, size.min(most).max(1), self.parts.bptt);
        // INVARIANT: every part has a row of one window.
        rows.unwrap_or(self.train)
    }

    fn along(&mut self, tokens: &'a [u32], most: usize, size: usize) -> Batches<'_> {
        let rows = self.rows(tokens, size);
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
            .map(move |window| self.load(&rows, window));
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
    fn train(&mut self, step: Step) -> Batch {
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
        self.load(&rows, window.unwrap_or(Window { start: 0, len: 1 }))
    }

    /// A window of random length moves the weights by as much as it is long.
    fn pace(&self, batch: &Batch) -> f64 {
        match batch.targets.size()[..] {
            [time, _] if self.parts.random_lengths => time as f64 / self.parts.bptt as f64,
            _ => 1.0,
        }
    }

    /// One window at a random place, from a state of zeros.
    fn reward(&mut self, step: Step, size: usize) -> Batch {
        let corpus = self.corpus;
        let purpose = match step.phase {
            Phase::Report => Purpose::ReportOrder,
            _ => Purpose::RewardOrder,
        };
        let seed = seed(self.seed, purpose, 0);
        let rows = self.rows(&corpus.valid, size);
        self.load(&rows, rows.reward_window(seed, step.epoch, step.index))
    }

    fn valid(&mut self, most: usize, size: usize) -> Batches<'_> {
        let corpus = self.corpus;
        self.along(&corpus.valid, most, size)
    }

    /// In [`DataConfig::test_rows`] rows, whatever the size.
    fn test(&mut self, _: usize) -> Batches<'_> {
        let corpus = self.corpus;
        self.along(&corpus.test, 0, self.parts.test_rows)
    }
}

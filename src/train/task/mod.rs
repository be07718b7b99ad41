//! What is learnt: the class of an image, or the next token of a text.
//!
//! A task turns data into minibatches (for a step, for a reward, for an evaluation)
//! and says by what measure an architecture is good. The rest of the training is
//! the same for all.

mod images;
mod resident;
mod text;

use tch::{Device, Kind, Reduction, Tensor};

use super::evaluate::Evaluation;
use super::timeline::Step;
use super::{DataConfig, TrainError, WeightsConfig};
use crate::data::Data;

/// A minibatch: what a network reads, and what it is to say.
#[derive(Debug)]
pub(super) struct Batch {
    /// Normalised pixels `(B, C, H, W)`, or token ids `(T, B)`.
    pub input: Tensor,
    /// Classes `(B)`, or the next tokens `(T, B)`; 64-bit integers.
    pub targets: Tensor,
}

impl Batch {
    /// How many targets it has: images, or tokens.
    pub(super) fn len(&self) -> usize {
        self.targets.numel()
    }
}

/// The minibatches of an evaluation.
pub(super) struct Batches<'a> {
    /// How many targets they have together.
    pub total: usize,
    /// Those of a text follow each other along its rows.
    pub batches: Box<dyn Iterator<Item = Result<Batch, TrainError>> + 'a>,
}

/// Minibatches of one data set.
pub(super) trait Task {
    /// By what an architecture is good.
    fn measure(&self) -> Measure;
    /// How many minibatches an epoch has.
    fn batches(&self) -> u64;
    /// The minibatch of a step of the shared phase.
    fn train(&mut self, step: Step) -> Result<Batch, TrainError>;
    /// By how much the learning rate of a step on a minibatch differs.
    fn pace(&self, _batch: &Batch) -> f64 {
        1.0
    }
    /// The minibatch on which a step judges architectures: `size` validation
    /// images, or one window of so many rows of the validation text.
    fn reward(&mut self, step: Step, size: usize) -> Result<Batch, TrainError>;
    /// At most so many validation examples (0: all), the same at every call, at
    /// most `size` at once.
    fn valid(&mut self, most: usize, size: usize) -> Result<Batches<'_>, TrainError>;
    /// All that tests, at most `size` examples at once.
    fn test(&mut self, size: usize) -> Result<Batches<'_>, TrainError>;
}

/// The task that data pose, on a device; on a GPU they lie there. A search sets
/// validation images apart; without `search` all images are trained on. A text has a
/// part of its own.
pub(super) fn task<'a>(
    data: &'a Data,
    parts: &'a DataConfig,
    search: bool,
    config: &'a WeightsConfig,
    seed: u64,
    device: Device,
) -> Result<Box<dyn Task + 'a>, TrainError> {
    Ok(match data {
        Data::Images(data) => {
            let parts = search.then_some(parts);
            let task = images::Classification::new(data, parts, config, seed, device)?;
            Box::new(task)
        }
        Data::Text(corpus) => {
            let task = text::LanguageModel::new(corpus, parts, config, seed, device)?;
            Box::new(task)
        }
    })
}

/// By what an architecture is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// The share of images whose class is right.
    Accuracy,
    /// e to the mean cross-entropy of the next token; the less the better.
    Perplexity,
    /// What a table says.
    Score,
}

impl Measure {
    /// Its name in metrics and results.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Accuracy => "accuracy",
            Self::Perplexity => "perplexity",
            Self::Score => "score",
        }
    }

    /// The measure of a name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        [Self::Accuracy, Self::Perplexity, Self::Score]
            .into_iter()
            .find(|measure| measure.name() == name)
    }

    /// Whether less is better.
    #[must_use]
    pub fn is_loss(self) -> bool {
        self == Self::Perplexity
    }

    /// What it is taken of, in the plural.
    #[must_use]
    pub fn examples(self) -> &'static str {
        match self {
            Self::Accuracy => "images",
            Self::Perplexity => "tokens",
            Self::Score => "look-ups",
        }
    }

    /// Its name in the means of an epoch's training.
    pub(super) fn name_of_training(self) -> &'static str {
        match self {
            Self::Accuracy | Self::Score => "train_accuracy",
            Self::Perplexity => "train_perplexity",
        }
    }

    /// Its names in the report of an epoch: of the samples' mean, and of the best.
    pub(super) fn names_of_samples(self) -> [&'static str; 2] {
        match self {
            Self::Accuracy => ["valid_accuracy", "valid_best"],
            Self::Perplexity => ["valid_perplexity", "valid_best"],
            Self::Score => ["valid_score", "valid_best"],
        }
    }

    /// What it says.
    #[must_use]
    pub fn of(self, found: &Evaluation) -> f64 {
        match self {
            Self::Accuracy | Self::Score => found.accuracy,
            Self::Perplexity => found.loss.exp(),
        }
    }

    /// A score by which architectures are ranked, the greater the better; see
    /// [`Measure::of_score`].
    #[must_use]
    pub fn score(self, found: &Evaluation) -> f64 {
        match self {
            Self::Accuracy | Self::Score => found.accuracy,
            Self::Perplexity => -found.loss,
        }
    }

    /// What it says, from a score.
    #[must_use]
    pub fn of_score(self, score: f64) -> f64 {
        match self {
            Self::Accuracy | Self::Score => score,
            Self::Perplexity => (-score).exp(),
        }
    }

    /// The reward of the policy: the accuracy, or `scale` / perplexity (section 2.2
    /// of the ENAS paper, with 80).
    #[must_use]
    pub fn reward(self, found: &Evaluation, scale: f64) -> f64 {
        match self {
            Self::Accuracy | Self::Score => found.accuracy,
            Self::Perplexity => scale / found.loss.exp(),
        }
    }
}

/// The cross-entropy of logits, in nats. // (.., classes), (..) -> ()
pub(super) fn cross_entropy(
    logits: &Tensor,
    targets: &Tensor,
    reduction: Reduction,
    label_smoothing: f64,
) -> Result<Tensor, TrainError> {
    let (rows, labels) = (logits.f_flatten(0, -2)?, targets.f_flatten(0, -1)?);
    Ok(rows.f_cross_entropy_loss::<Tensor>(
        &labels,
        None,
        reduction,
        -100, // libtorch's label to ignore; there is none here
        label_smoothing,
    )?)
}

/// How many rows of logits are greatest at their target; 64-bit.
/// // (.., classes), (..) -> ()
pub(super) fn right(logits: &Tensor, targets: &Tensor) -> Result<Tensor, TrainError> {
    let right = logits.f_argmax(-1, false)?.f_eq_tensor(targets)?;
    Ok(right.f_sum(Kind::Double)?)
}

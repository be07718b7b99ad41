//! What can go wrong in a run.

use crate::data::DataError;
use crate::decision::SampleError;
use crate::doctor::Bytes;
use crate::model::ModelError;
use crate::run::RunError;
use crate::table::TableError;

use super::FitError;
use super::controller_phase::PolicyError;

/// Why a search, a training or an evaluation ended early. Each is one sentence.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// It was asked to stop, and saved a checkpoint before it did.
    #[error("stopped after step {done} of {total}, which is saved: --resume goes on from there")]
    Interrupted {
        /// Steps done.
        done: u64,
        /// Steps of the whole run.
        total: u64,
    },
    /// It was asked to stop while it looked at a result, the training being done.
    #[error(
        "stopped during an evaluation; nothing that was trained is lost: run the command again (a search or a training with --resume)"
    )]
    InterruptedEvaluation,
    /// A loss or a gradient is no number any more, or a loss explodes.
    #[error(
        "the {what} of step {step} (epoch {epoch}) is {value}, so the weights were left as they were and the run stopped; the architecture of that step: {architecture}; what was saved before is good: try a smaller learning rate or a smaller clip"
    )]
    NotFinite {
        /// `loss` or `gradient`.
        what: &'static str,
        /// NaN or an infinity.
        value: f64,
        /// The number of the step.
        step: u64,
        /// Its epoch.
        epoch: u64,
        /// The sampled architectures, in the line form.
        architecture: String,
    },
    /// The space and the data do not belong together.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// There is nothing to search.
    #[error(transparent)]
    Sample(#[from] SampleError),
    /// There is too little memory.
    #[error(
        "training needs at least {needed} of memory on minibatches of {batch}, and there are {available}: {remedy}"
    )]
    Memory {
        /// What it needs.
        needed: Bytes,
        /// What there is.
        available: Bytes,
        /// Examples or rows of a minibatch.
        batch: u64,
        /// What to do.
        remedy: String,
    },
    /// The hyperparameters make no sense.
    #[error("{0}")]
    Config(String),
    /// The run folder.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The data.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The model.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The policy cannot be updated.
    #[error("{0}; what was saved before is good")]
    Policy(#[from] PolicyError),
    /// The table that rewards the policy.
    #[error(transparent)]
    Table(#[from] TableError),
    /// Saved tensors that are not those of this run.
    #[error("{file} does not hold the tensors of this run: {why}")]
    State {
        /// The file.
        file: String,
        /// What is wrong.
        why: String,
    },
    /// libtorch.
    #[error("libtorch: {0}")]
    Torch(String),
}

impl TrainError {
    /// Whether it was asked to stop, and nothing is wrong.
    #[must_use]
    pub fn is_interrupt(&self) -> bool {
        matches!(self, Self::Interrupted { .. } | Self::InterruptedEvaluation)
    }
}

impl From<tch::TchError> for TrainError {
    fn from(error: tch::TchError) -> Self {
        // The rest of the text is a stack of C++ functions.
        let text = error.to_string();
        Self::Torch(text.lines().next().unwrap_or_default().to_owned())
    }
}

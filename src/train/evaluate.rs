//! Accuracy and loss of an architecture on examples.
//!
//! Batch norm in evaluation uses moving or batch statistics, as
//! [`crate::model::ModelConfig`] says. The sane default differs by use. A network
//! that is trained alone has moving statistics of its own: a retrained network uses
//! those, and its result does not depend on which images share a batch. Shared
//! weights serve many architectures, whose activations differ, so a moving average
//! over them suits none: a search uses the statistics of the batch at hand, as the
//! authors' micro space does everywhere (their macro space uses moving ones, see
//! `shared.model.statistics` in the configuration).

use tch::Reduction;

use super::drive::Watch;
use super::task::{Batch, Batches, cross_entropy, right};
use super::{Event, TrainError};
use crate::graph::Child;
use crate::model::{Mode, Recurrence, SharedModel};

/// How well an architecture does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evaluation {
    /// The share of images whose class is right, of tokens that come out as the
    /// most probable; or the score that a table gives.
    pub accuracy: f64,
    /// The mean cross-entropy, in nats.
    pub loss: f64,
    /// How many images or tokens were looked at.
    pub examples: usize,
}

/// The sums of an [`Evaluation`].
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    right: f64,
    loss: f64,
    examples: usize,
}

/// Evaluates a child on minibatches; a text is read from its beginning to its end.
///
/// # Errors
/// When the model cannot run, or the run is interrupted.
pub(super) fn evaluate(
    model: &mut SharedModel,
    child: &Child,
    batches: Batches,
    watch: &mut Watch,
) -> Result<Evaluation, TrainError> {
    let mut sums = Sums::default();
    let mut recurrence = Recurrence::default();
    for batch in batches.batches {
        if watch.interrupt.is_raised() {
            return Err(TrainError::InterruptedEvaluation);
        }
        add(&mut sums, model, child, &batch, Mode::Eval, &mut recurrence)?;
        watch.observer.event(&Event::Evaluate {
            done: sums.examples,
            total: batches.total,
        });
    }
    Ok(sums.mean())
}

/// Evaluates a child on one minibatch, in a mode of evaluation.
///
/// # Errors
/// When the model cannot run.
pub(super) fn score(
    model: &mut SharedModel,
    child: &Child,
    batch: &Batch,
    mode: Mode,
) -> Result<Evaluation, TrainError> {
    let mut sums = Sums::default();
    let recurrence = &mut Recurrence::default();
    add(&mut sums, model, child, batch, mode, recurrence)?;
    Ok(sums.mean())
}

fn add(
    sums: &mut Sums,
    model: &mut SharedModel,
    child: &Child,
    batch: &Batch,
    mode: Mode,
    recurrence: &mut Recurrence,
) -> Result<(), TrainError> {
    let _guard = tch::no_grad_guard();
    let inputs = [batch.input.shallow_clone()];
    let outputs = model.resume(child, &inputs, mode, recurrence)?;
    let Some(logits) = outputs.first() else {
        return Err(TrainError::Torch("the network has no output".to_owned()));
    };
    let loss = cross_entropy(logits, &batch.targets, Reduction::Sum, 0.0)?;
    sums.loss += loss.double_value(&[]);
    sums.right += right(logits, &batch.targets);
    sums.examples += batch.len();
    Ok(())
}

impl Sums {
    fn mean(self) -> Evaluation {
        let n = self.examples.max(1) as f64;
        Evaluation {
            accuracy: self.right / n,
            loss: self.loss / n,
            examples: self.examples,
        }
    }
}

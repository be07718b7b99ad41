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

use tch::{Device, Kind, Reduction, Tensor};

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

/// The sums of an [`Evaluation`], on the device that computes them.
#[derive(Debug, Default)]
pub(super) struct Sums {
    /// How many are right, and the cross-entropy; 64-bit. // (2)
    both: Option<Tensor>,
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
        let batch = batch?;
        add(&mut sums, model, child, &batch, Mode::Eval, &mut recurrence)?;
        watch.observer.event(&Event::Evaluate {
            done: sums.examples,
            total: batches.total,
        });
    }
    let found = Sums::means(&[sums])?.pop();
    found.ok_or_else(|| TrainError::Torch("nothing was evaluated".to_owned()))
}

/// Evaluates a child on one minibatch, in a mode of evaluation; nothing is read back.
///
/// # Errors
/// When the model cannot run.
pub(super) fn score(
    model: &mut SharedModel,
    child: &Child,
    batch: &Batch,
    mode: Mode,
) -> Result<Sums, TrainError> {
    let mut sums = Sums::default();
    let recurrence = &mut Recurrence::default();
    add(&mut sums, model, child, batch, mode, recurrence)?;
    Ok(sums)
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
    let right = right(logits, &batch.targets)?;
    let both = Tensor::f_stack(&[right, loss.f_to_kind(Kind::Double)?], 0)?;
    sums.both = Some(match sums.both.take() {
        Some(before) => before.f_add(&both)?,
        None => both,
    });
    sums.examples += batch.len();
    Ok(())
}

impl Sums {
    /// The means of several, read from the device at once.
    pub(super) fn means(several: &[Self]) -> Result<Vec<Evaluation>, TrainError> {
        let known: Vec<&Tensor> = several
            .iter()
            .filter_map(|sums| sums.both.as_ref())
            .collect();
        let read = if known.is_empty() {
            Vec::new()
        } else {
            let all = Tensor::f_stack(&known, 0)?.f_to_device(Device::Cpu)?; // (N, 2)
            Vec::<Vec<f64>>::try_from(all)?
        };
        let mut read = read.into_iter();
        let mean = |sums: &Self| {
            let both = sums.both.as_ref().and_then(|_| read.next());
            let [right, loss] = both
                .and_then(|both| both.try_into().ok())
                .unwrap_or_default();
            let n = sums.examples.max(1) as f64;
            Evaluation {
                accuracy: right / n,
                loss: loss / n,
                examples: sums.examples,
            }
        };
        Ok(several.iter().map(mean).collect())
    }
}

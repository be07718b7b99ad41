//! Accuracy and loss of an architecture on images.
//!
//! Batch norm in evaluation uses moving or batch statistics, as
//! [`crate::model::ModelConfig`] says. The sane default differs by use. A network
//! that is trained alone has moving statistics of its own: a retrained network uses
//! those, and its result does not depend on which images share a batch. Shared
//! weights serve many architectures, whose activations differ, so a moving average
//! over them suits none: a search uses the statistics of the batch at hand, as the
//! authors' micro space does everywhere (their macro space uses moving ones, see
//! `shared.model.statistics` in the configuration).

use tch::{Kind, Reduction, Tensor};

use super::batch::{Batch, Loader, even_parts};
use super::drive::Watch;
use super::{Event, TrainError};
use crate::data::Images;
use crate::graph::Child;
use crate::model::{Mode, SharedModel};

/// How well an architecture does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evaluation {
    /// The share of images whose class is right.
    pub accuracy: f64,
    /// The mean cross-entropy, in nats.
    pub loss: f64,
    /// How many images were looked at.
    pub images: usize,
}

/// The sums of an [`Evaluation`].
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    right: f64,
    loss: f64,
    images: usize,
}

/// Evaluates a child on the images at `indices`, in batches of at most `size`;
/// [`super::even_parts`] says why they are of one size.
///
/// # Errors
/// When the model cannot run, or the run is interrupted.
pub fn evaluate(
    model: &mut SharedModel,
    child: &Child,
    (loader, images): (&mut Loader, &Images),
    indices: &[u32],
    size: usize,
    watch: &mut Watch,
) -> Result<Evaluation, TrainError> {
    let mut sums = Sums::default();
    for part in even_parts(indices.len(), size) {
        if watch.interrupt.is_raised() {
            return Err(TrainError::InterruptedEvaluation);
        }
        let total = indices.len();
        let indices = indices.get(part).unwrap_or_default();
        add(&mut sums, model, child, &loader.load(images, indices, None))?;
        watch.observer.event(&Event::Evaluate {
            done: sums.images,
            total,
        });
    }
    Ok(sums.mean())
}

/// Evaluates a child on one minibatch.
///
/// # Errors
/// When the model cannot run.
pub fn score(
    model: &mut SharedModel,
    child: &Child,
    batch: &Batch,
) -> Result<Evaluation, TrainError> {
    let mut sums = Sums::default();
    add(&mut sums, model, child, batch)?;
    Ok(sums.mean())
}

fn add(
    sums: &mut Sums,
    model: &mut SharedModel,
    child: &Child,
    batch: &Batch,
) -> Result<(), TrainError> {
    let _guard = tch::no_grad_guard();
    let outputs = model.forward(child, &[batch.images.shallow_clone()], Mode::Eval)?;
    let Some(logits) = outputs.first() else {
        return Err(TrainError::Torch("the network has no output".to_owned()));
    };
    let loss = logits.f_cross_entropy_loss::<Tensor>(
        &batch.labels,
        None,
        Reduction::Sum,
        -100, // libtorch's label to ignore; there is none here
        0.0,
    )?;
    sums.loss += loss.double_value(&[]);
    sums.right += right(logits, &batch.labels);
    sums.images += batch.len();
    Ok(())
}

impl Sums {
    fn mean(self) -> Evaluation {
        let n = self.images.max(1) as f64;
        Evaluation {
            accuracy: self.right / n,
            loss: self.loss / n,
            images: self.images,
        }
    }
}

/// How many rows of `logits` are greatest at their label. // (B, classes), (B)
pub(super) fn right(logits: &Tensor, labels: &Tensor) -> f64 {
    logits
        .argmax(-1, false)
        .eq_tensor(labels)
        .sum(Kind::Int64)
        .double_value(&[])
}

//! Training weights ω by gradient descent: a minibatch a step, on the path of the
//! architectures that the step is given. A search gives fresh samples of the
//! policy (phase 1), a retraining always the same one.

use tch::{Reduction, Tensor};

use super::TrainError;
use super::drive::Record;
use super::evaluate::Evaluation;
use super::optim::{Sgd, clip_each_norm, clip_global_norm, global_norm};
use super::task::{Batch, Measure, Task, cross_entropy, right};
use super::tensors::{State, prefixed, take};
use super::timeline::Step;
use crate::graph::{Child, ParamId};
use crate::model::{Mode, Recurrence, SharedModel, gradients};
use crate::recipe::WeightsConfig;

/// Weights, their optimiser, and the task that they are trained on.
pub(super) struct Weights<'a> {
    pub model: SharedModel,
    pub task: Box<dyn Task + 'a>,
    sgd: Sgd,
    config: &'a WeightsConfig,
    /// Where the sequences of the epoch at hand are.
    recurrence: Recurrence,
    means: Means,
}

/// Sums over the shared phase of the epoch at hand. Part of the state, so that the
/// report of a resumed epoch covers all of it.
#[derive(Clone, Copy, Debug, Default)]
struct Means {
    loss: f64,
    accuracy: f64,
    steps: f64,
}

impl<'a> Weights<'a> {
    pub(super) fn new(
        model: SharedModel,
        task: Box<dyn Task + 'a>,
        config: &'a WeightsConfig,
    ) -> Self {
        Self {
            model,
            task,
            sgd: Sgd::new(config.sgd),
            config,
            recurrence: Recurrence::default(),
            means: Means::default(),
        }
    }

    /// One step of gradient descent on the mean loss of `children`; `lines` are
    /// their architectures, for messages.
    pub(super) fn step(
        &mut self,
        step: Step,
        children: &[Child],
        lines: &dyn Fn() -> String,
    ) -> Result<Record, TrainError> {
        if step.index == 0 {
            self.means = Means::default();
            self.recurrence = Recurrence::default();
        }
        let batch = self.task.train(step);
        // The share of the training that this step completes.
        let done = step.progress() + 1.0 / step.of.max(1) as f64;
        self.model.set_progress(done / self.config.epochs as f64);
        let lr = self.config.lr(step.progress()) * self.task.pace(&batch);
        let mut loss = Tensor::from(0f32).to_device(batch.input.device());
        let mut cross = loss.copy();
        let mut correct = 0.0;
        let mut params: Vec<(ParamId, Tensor)> = Vec::new();
        // All children read on from the same place; the last one's states go on.
        let begin = self.recurrence.clone();
        for child in children {
            self.recurrence = begin.clone();
            let inputs = [batch.input.shallow_clone()];
            let recurrence = &mut self.recurrence;
            let outputs = self.model.resume(child, &inputs, Mode::Train, recurrence)?;
            let [descended, first] = self.loss(&outputs, &batch)?;
            loss += descended;
            cross += first;
            if self.task.measure() == Measure::Accuracy {
                correct += outputs.first().map_or(0.0, |y| right(y, &batch.targets));
            }
            params.extend(self.model.trained(child)?);
        }
        let n = children.len().max(1) as f64;
        let loss = loss / n;
        // A parameter that several children use is one leaf: its gradient is taken once.
        params.sort_by_key(|(id, _)| *id);
        params.dedup_by_key(|(id, _)| *id);
        let not_finite = |what, value: f64| TrainError::NotFinite {
            what,
            value,
            step: step.number,
            epoch: step.epoch,
            architecture: lines(),
        };
        let value = loss.double_value(&[]);
        if !value.is_finite() {
            return Err(not_finite("loss", value));
        }
        let norm = self.descend(&loss, params, lr)?;
        if !norm.is_finite() {
            return Err(not_finite("gradient", norm));
        }
        let found = Evaluation {
            accuracy: correct / (n * batch.len().max(1) as f64),
            loss: cross.double_value(&[]) / n,
            examples: batch.len(),
        };
        self.means.loss += found.loss;
        self.means.accuracy += found.accuracy;
        self.means.steps += 1.0;
        let measure = self.task.measure();
        Ok(Record {
            figures: vec![
                ("lr", lr),
                ("loss", value),
                (measure.name(), measure.of(&found)),
                ("grad_norm", norm),
            ],
            samples: Vec::new(),
        })
    }

    /// The figures of the epoch's shared phase so far, for its report.
    pub(super) fn means(&self) -> Vec<(&'static str, f64)> {
        let n = self.means.steps.max(1.0);
        let found = Evaluation {
            accuracy: self.means.accuracy / n,
            loss: self.means.loss / n,
            examples: 0,
        };
        let measure = self.task.measure();
        vec![
            ("train_loss", found.loss),
            (measure.name_of_training(), measure.of(&found)),
        ]
    }

    /// What is descended on: the mean cross-entropy of the first output, plus that
    /// of the others (auxiliary heads) times their weight, and what slow states
    /// have less of. Second, the cross-entropy of the first alone.
    /// // (B, classes) each or (T, B, classes), targets -> (), ()
    fn loss(&self, outputs: &[Tensor], batch: &Batch) -> Result<[Tensor; 2], TrainError> {
        let smoothing = self.config.label_smoothing;
        let mut losses = outputs
            .iter()
            .map(|output| cross_entropy(output, &batch.targets, Reduction::Mean, smoothing));
        let Some(first) = losses.next() else {
            return Err(TrainError::Torch("the network has no output".to_owned()));
        };
        let first = first?;
        let mut sum = first.shallow_clone();
        for loss in losses {
            sum += loss? * self.config.aux_weight;
        }
        if self.config.sum_over_time
            && let [time, _] = batch.targets.size()[..]
        {
            sum *= time as f64;
        }
        if self.config.slowness > 0.0 {
            for states in self.recurrence.sequences() {
                sum += slowness(states)? * self.config.slowness;
            }
        }
        Ok([sum, first.detach()])
    }

    /// Changes the parameters by one step, unless their gradient is not finite;
    /// returns its global norm before clipping.
    fn descend(
        &mut self,
        loss: &Tensor,
        params: Vec<(ParamId, Tensor)>,
        lr: f64,
    ) -> Result<f64, TrainError> {
        let params = if self.config.sgd.unused {
            self.model.all_trained()?
        } else {
            params
        };
        let mut grads = gradients(loss, &params)?;
        let params: Vec<(u32, Tensor)> =
            params.into_iter().map(|(id, leaf)| (id.0, leaf)).collect();
        let norm = match self.config.clip {
            0.0 => global_norm(&grads),
            most if self.config.clip_each => clip_each_norm(&mut grads, most),
            most => clip_global_norm(&mut grads, most),
        };
        if norm.is_finite() {
            self.sgd.step(&params, &grads, lr);
        }
        Ok(norm)
    }

    pub(super) fn state(&self) -> Result<State, TrainError> {
        let Means {
            loss,
            accuracy,
            steps,
        } = self.means;
        let means = Tensor::from_slice(&[loss, accuracy, steps]);
        let model = self.model.state()?;
        Ok(prefixed("model", model)
            .chain(prefixed("sgd", self.sgd.state()))
            .chain(prefixed("recurrence", self.recurrence.state()))
            .chain([("epoch/means".to_owned(), means)])
            .collect())
    }

    pub(super) fn load_state(&mut self, state: &mut State) -> Result<(), String> {
        let model = take(state, "model");
        self.model
            .load_state(model)
            .map_err(|why| why.to_string())?;
        let sgd = take(state, "sgd");
        self.sgd.load_state(sgd).map_err(|why| why.to_string())?;
        let recurrence = take(state, "recurrence");
        self.recurrence = Recurrence::of_state(recurrence).map_err(|why| why.to_string())?;
        let means = take(state, "epoch");
        let means: Vec<f64> = means
            .first()
            .and_then(|(_, tensor)| Vec::try_from(tensor).ok())
            .ok_or("it has no tensor `epoch/means`")?;
        if let [loss, accuracy, steps] = means[..] {
            self.means = Means {
                loss,
                accuracy,
                steps,
            };
        }
        Ok(())
    }
}

/// How fast states change: the squared difference of each from the one before,
/// summed, an example. // (T, B, D) -> ()
fn slowness(states: &Tensor) -> Result<Tensor, TrainError> {
    let (time, batch) = match states.size()[..] {
        [time, batch, ..] if time > 1 => (time, batch),
        _ => return Ok(Tensor::from(0f32).to_device(states.device())),
    };
    let later = states.f_narrow(0, 1, time - 1)?;
    let change = later.f_sub(&states.f_narrow(0, 0, time - 1)?)?;
    Ok(change.f_square()?.f_sum(change.kind())? / batch.max(1) as f64)
}

//! Training weights ω by gradient descent: a minibatch a step, on the path of the
//! architectures that the step is given. A search gives fresh samples of the
//! policy (phase 1), a retraining always the same one.

use tch::{Kind, Reduction, Tensor};

use super::TrainError;
use super::evaluate::Evaluation;
use super::log::{Descent, Record};
use super::optim::{Sgd, clip_each_norm, clip_global_norm, global_norm};
use super::task::{Batch, Measure, Task, cross_entropy, right};
use super::tensors::{State, prefixed, take};
use super::timeline::Step;
use crate::graph::{Child, ParamId};
use crate::model::{Mode, Recurrence, SharedModel};
use crate::recipe::{RunConfig, WeightsConfig};
use crate::run::name::MODEL;

/// Weights, their optimiser, and the task that they are trained on.
pub(super) struct Weights<'a> {
    pub model: SharedModel,
    pub task: Box<dyn Task + 'a>,
    sgd: Sgd,
    config: &'a WeightsConfig,
    /// Whether nothing of a step is read from its device before the next.
    reads_later: bool,
    /// Where the sequences of the epoch at hand are.
    recurrence: Recurrence,
    /// Loss, accuracy and number of the steps of the shared phase of the epoch at hand,
    /// summed; 64-bit. Part of the state, so that the report of a resumed epoch covers
    /// all of it. // (3)
    sums: Tensor,
}

impl<'a> Weights<'a> {
    pub(super) fn new(
        model: SharedModel,
        task: Box<dyn Task + 'a>,
        config: &'a WeightsConfig,
        run: &RunConfig,
    ) -> Self {
        let device = model.device();
        Self {
            model,
            task,
            sgd: Sgd::new(config.sgd),
            config,
            reads_later: run.reads_later(device.is_cuda()),
            recurrence: Recurrence::default(),
            sums: Tensor::zeros([3], (Kind::Double, device)),
        }
    }

    /// One step of gradient descent on the mean loss of `children`; `lines` are
    /// their architectures, for messages.
    ///
    /// Nothing is read back from a GPU. Where loss or gradient are no finite numbers,
    /// the weights and all that goes with them stay as they are.
    pub(super) fn step(
        &mut self,
        step: Step,
        children: &[Child],
        lines: &dyn Fn() -> String,
    ) -> Result<Record, TrainError> {
        if step.index == 0 {
            self.sums = self.sums.zeros_like();
            self.recurrence = Recurrence::default();
        }
        let batch = self.task.train(step)?;
        // The share of the training that this step completes.
        let done = step.progress() + 1.0 / step.of.max(1) as f64;
        self.model.set_progress(done / self.config.epochs as f64);
        let lr = self.config.lr(step.progress()) * self.task.pace(&batch);
        let before = self.unless_bad(children)?;

        let device = batch.input.device();
        let mut loss = Tensor::zeros([0i64; 0], (Kind::Float, device));
        let mut cross = loss.copy();
        let mut correct = Tensor::zeros([0i64; 0], (Kind::Double, device));
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
            if let (Measure::Accuracy, Some(logits)) = (self.task.measure(), outputs.first()) {
                correct += right(logits, &batch.targets)?;
            }
            params.extend(self.model.trained(child)?);
        }
        let n = children.len().max(1) as f64;
        let loss = loss / n;
        // A parameter that several children use is one leaf: its gradient is taken once.
        params.sort_by_key(|(id, _)| *id);
        params.dedup_by_key(|(id, _)| *id);
        let (norm, ok) = self.descend(&loss, params, lr)?;
        for (mut moving, kept) in before {
            let _guard = tch::no_grad_guard();
            moving.copy_(&moving.where_self(&ok, &kept));
        }
        if self.config.bad_steps > 0 {
            self.recurrence.where_ok(&ok, &begin)?;
        }

        let found = [
            cross.to_kind(Kind::Double) / n,
            correct / (n * batch.len().max(1) as f64),
        ];
        let [cross, accuracy] = &found;
        let added = Tensor::f_stack(&[cross, accuracy, &cross.ones_like()], 0)?;
        self.sums += added.f_where_scalarother(&ok, 0.0)?;
        let measure = self.task.measure();
        let measured = match measure {
            Measure::Perplexity => cross.exp(),
            Measure::Accuracy | Measure::Score => accuracy.shallow_clone(),
        };
        let mut record = Record {
            figures: vec![
                ("lr", lr.into()),
                ("loss", loss.detach().into()),
                (measure.name(), measured.into()),
                ("grad_norm", norm.into()),
            ],
            samples: Vec::new(),
            choices: None,
            descent: Some(Descent {
                architectures: lines(),
                loss_limit: self.config.loss_limit,
                tolerated: self.config.bad_steps,
            }),
        };
        if !self.reads_later {
            record.read()?;
        }
        Ok(record)
    }

    /// The moving statistics of children, with copies of them as they are: a step that
    /// is left out has changed them by the time that it is seen to be bad. None where
    /// the first such step ends the run.
    fn unless_bad(&mut self, children: &[Child]) -> Result<Vec<(Tensor, Tensor)>, TrainError> {
        if self.config.bad_steps == 0 {
            return Ok(Vec::new());
        }
        let mut moving: Vec<(ParamId, Tensor)> = Vec::new();
        for child in children {
            moving.extend(self.model.moving(child)?);
        }
        moving.sort_by_key(|(id, _)| *id);
        moving.dedup_by_key(|(id, _)| *id);
        let kept = |(_, tensor): (ParamId, Tensor)| {
            let copy = tensor.copy();
            (tensor, copy)
        };
        Ok(moving.into_iter().map(kept).collect())
    }

    /// The figures of the epoch's shared phase so far, for its report.
    pub(super) fn means(&self) -> Result<Vec<(&'static str, f64)>, TrainError> {
        let sums = Vec::<f64>::try_from(&self.sums)?;
        let [loss, accuracy, steps] = sums.try_into().unwrap_or_default();
        let n = f64::max(steps, 1.0);
        let found = Evaluation {
            accuracy: accuracy / n,
            loss: loss / n,
            examples: 0,
        };
        let measure = self.task.measure();
        Ok(vec![
            ("train_loss", found.loss),
            (measure.name_of_training(), measure.of(&found)),
        ])
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

    /// Changes the parameters by one step, unless loss or gradient are no finite
    /// numbers or the loss explodes; returns the global norm of the gradient before clipping, and whether
    /// they were. // (), ()
    fn descend(
        &mut self,
        loss: &Tensor,
        params: Vec<(ParamId, Tensor)>,
        lr: f64,
    ) -> Result<(Tensor, Tensor), TrainError> {
        let params = if self.config.sgd.unused {
            self.model.all_trained()?
        } else {
            params
        };
        let mut grads = self.model.gradients(loss, &params)?;
        let params: Vec<(u32, Tensor)> =
            params.into_iter().map(|(id, leaf)| (id.0, leaf)).collect();
        let norm = match self.config.clip {
            0.0 => global_norm(&grads),
            most if self.config.clip_each => clip_each_norm(&mut grads, most),
            most => clip_global_norm(&mut grads, most),
        };
        let norm = norm.f_to_device(loss.device())?;
        let mut ok = loss.f_isfinite()?.f_logical_and(&norm.f_isfinite()?)?;
        if self.config.loss_limit > 0.0 {
            ok = ok.f_logical_and(&loss.f_le(self.config.loss_limit)?)?;
        }
        if self.reads_later {
            self.sgd.step_if(&ok, &params, &grads, lr);
        } else if ok.f_int64_value(&[])? != 0 {
            self.sgd.step(&params, &grads, lr);
        }
        Ok((norm, ok))
    }

    pub(super) fn state(&self) -> Result<State, TrainError> {
        let model = self.model.state()?;
        Ok(prefixed(MODEL, model)
            .chain(prefixed("sgd", self.sgd.state()))
            .chain(prefixed("recurrence", self.recurrence.state()))
            .chain([("epoch/means".to_owned(), self.sums.copy())])
            .collect())
    }

    pub(super) fn load_state(&mut self, state: &mut State) -> Result<(), String> {
        let model = take(state, MODEL);
        self.model
            .load_state(model)
            .map_err(|why| why.to_string())?;
        let sgd = take(state, "sgd");
        self.sgd.load_state(sgd).map_err(|why| why.to_string())?;
        let recurrence = take(state, "recurrence");
        self.recurrence = Recurrence::of_state(recurrence).map_err(|why| why.to_string())?;
        let sums = take(state, "epoch").pop().map(|(_, sums)| sums);
        let sums = sums.filter(|sums| sums.numel() == 3);
        let sums = sums.ok_or("it has no tensor `epoch/means` of three numbers")?;
        self.sums = sums.to_device(self.model.device());
        Ok(())
    }
}

/// How fast states change: the squared difference of each from the one before,
/// summed, an example. // (T, B, D) -> ()
fn slowness(states: &Tensor) -> Result<Tensor, TrainError> {
    let (time, batch) = match states.size()[..] {
        [time, batch, ..] if time > 1 => (time, batch),
        _ => return Ok(Tensor::zeros([0i64; 0], (Kind::Float, states.device()))),
    };
    // Three digits do not suffice for such a sum.
    let states = states.f_to_kind(Kind::Float)?;
    let later = states.f_narrow(0, 1, time - 1)?;
    let change = later.f_sub(&states.f_narrow(0, 0, time - 1)?)?;
    Ok(change.f_square()?.f_sum(change.kind())? / batch.max(1) as f64)
}

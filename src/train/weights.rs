//! Training weights ω by gradient descent: a minibatch a step, on the path of the
//! architectures that the step is given. A search gives fresh samples of the
//! policy (phase 1), a retraining always the same one.

use tch::Tensor;

use super::TrainError;
use super::batch::{Batch, Loader};
use super::config::WeightsConfig;
use super::drive::Record;
use super::evaluate::right;
use super::optim::{Sgd, clip_global_norm, global_norm};
use super::seed::{Purpose, seed};
use super::tensors::{State, prefixed, take};
use super::timeline::Step;
use crate::data::Dataset;
use crate::data::batch::{batches, order};
use crate::graph::{Child, ParamId};
use crate::model::{Mode, SharedModel, gradients};

/// Weights, their optimiser, and the images that they are trained on.
pub(super) struct Weights<'a> {
    pub model: SharedModel,
    pub loader: Loader<'a>,
    sgd: Sgd,
    config: &'a WeightsConfig,
    data: &'a Dataset,
    /// The images that are trained on.
    indices: Vec<u32>,
    /// The seed of the run.
    seed: u64,
    /// The epoch whose order is at hand, and the order.
    order: (u64, Vec<u32>),
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
        loader: Loader<'a>,
        config: &'a WeightsConfig,
        data: &'a Dataset,
        indices: Vec<u32>,
        seed: u64,
    ) -> Self {
        Self {
            model,
            loader,
            sgd: Sgd::new(config.sgd),
            config,
            data,
            indices,
            seed,
            order: (0, Vec::new()),
            means: Means::default(),
        }
    }

    /// How many minibatches an epoch has.
    pub(super) fn batches(&self) -> u64 {
        self.indices.len().div_ceil(self.config.batch.max(1)) as u64
    }

    /// One step of gradient descent on the mean loss of `children`; `lines` are
    /// their architectures, for messages.
    pub(super) fn step(
        &mut self,
        step: Step,
        children: &[Child],
        lines: &dyn Fn() -> String,
    ) -> Result<Record, TrainError> {
        let batch = self.batch(step);
        let lr = self.config.lr(step.progress());
        let mut loss = Tensor::from(0f32).to_device(batch.images.device());
        let mut correct = 0.0;
        let mut params: Vec<(ParamId, Tensor)> = Vec::new();
        for child in children {
            let images = [batch.images.shallow_clone()];
            let outputs = self.model.forward(child, &images, Mode::Train)?;
            loss += self.loss(&outputs, &batch.labels)?;
            correct += outputs.first().map_or(0.0, |y| right(y, &batch.labels));
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
        let accuracy = correct / (n * batch.len().max(1) as f64);
        if step.index == 0 {
            self.means = Means::default();
        }
        self.means.loss += value;
        self.means.accuracy += accuracy;
        self.means.steps += 1.0;
        Ok(Record {
            figures: vec![
                ("lr", lr),
                ("loss", value),
                ("accuracy", accuracy),
                ("grad_norm", norm),
            ],
            samples: Vec::new(),
        })
    }

    /// The figures of the epoch's shared phase so far, for its report.
    pub(super) fn means(&self) -> Vec<(&'static str, f64)> {
        let n = self.means.steps.max(1.0);
        vec![
            ("train_loss", self.means.loss / n),
            ("train_accuracy", self.means.accuracy / n),
        ]
    }

    fn batch(&mut self, step: Step) -> Batch {
        if self.order.0 != step.epoch {
            let seed = seed(self.seed, Purpose::TrainOrder, 0);
            self.order = (step.epoch, order(&self.indices, seed, step.epoch));
        }
        let indices = batches(&self.order.1, self.config.batch)
            .nth(step.index as usize)
            .unwrap_or_default();
        let augment_seed = seed(self.seed, Purpose::Augment, 0);
        let images = &self.data.train;
        let placements = self.config.augment.draw(
            indices.len(),
            [images.height, images.width],
            augment_seed,
            step.epoch,
            step.index,
        );
        self.loader.load(images, indices, Some(&placements))
    }

    /// Mean cross-entropy of the first output, plus that of the others (auxiliary
    /// heads) times their weight. // (B, classes) each, (B) -> ()
    fn loss(&self, outputs: &[Tensor], labels: &Tensor) -> Result<Tensor, TrainError> {
        let mut sum = Tensor::from(0f32).to_device(labels.device());
        for (i, output) in outputs.iter().enumerate() {
            let loss = output.f_cross_entropy_loss::<Tensor>(
                labels,
                None,
                tch::Reduction::Mean,
                -100,
                self.config.label_smoothing,
            )?;
            let weight = if i == 0 { 1.0 } else { self.config.aux_weight };
            sum += loss * weight;
        }
        Ok(sum)
    }

    /// Changes the parameters by one step, unless their gradient is not finite;
    /// returns its global norm before clipping.
    fn descend(
        &mut self,
        loss: &Tensor,
        params: Vec<(ParamId, Tensor)>,
        lr: f64,
    ) -> Result<f64, TrainError> {
        let mut grads = gradients(loss, &params)?;
        let params: Vec<(u32, Tensor)> =
            params.into_iter().map(|(id, leaf)| (id.0, leaf)).collect();
        let norm = match self.config.clip {
            0.0 => global_norm(&grads),
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

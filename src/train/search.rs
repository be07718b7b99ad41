//! The search: shared weights ω and the policy θ are trained in turn (ENAS,
//! arXiv 1802.03268, section 2.2), then the best architecture is derived.

use std::collections::HashMap;
use std::sync::Arc;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use tch::Device;

use super::batch::Loader;
use super::controller_phase::Policy;
use super::drive::{Job, Record, drive, restore};
use super::evaluate::{evaluate, score};
use super::seed::{Purpose, seed};
use super::tensors::{State, prefixed, take};
use super::timeline::{Phase, Step, Timeline};
use super::weights::Weights;
use super::{Event, SearchConfig, TrainError, Watch, fit};
use crate::SearchSpace;
use crate::controller::Controller;
use crate::data::batch::{batches, order};
use crate::data::{Dataset, Holdout, split};
use crate::decision::{Architecture, Sampler, plan};
use crate::derive::{Candidate, derive, distinct};
use crate::graph::{Child, select};
use crate::model::SharedModel;
use crate::run::{Run, name, with_schema};

/// Searches `space` on `data` in a run folder, from its last checkpoint on where it
/// has one, and derives the best architecture, which it writes to `best.json`.
///
/// Returns the candidates that were scored, best first.
///
/// # Errors
/// When the space does not fit the data, the hyperparameters make no sense, a loss
/// is not finite, the run is interrupted, or the disk does not take what is written.
pub fn search(
    space: &SearchSpace,
    data: &Dataset,
    config: &SearchConfig,
    run: &Run,
    device: Device,
    watch: &mut Watch,
) -> Result<Vec<Candidate>, TrainError> {
    let mut search = Search::new(space, data, config, device)?;
    drive(&mut search, run, &config.run, watch)?;
    search.derive(run, watch)
}

/// Derives the best architecture of a search anew, from its last checkpoint.
///
/// # Errors
/// As [`search`], and when the run has no checkpoint yet.
pub fn derive_again(
    space: &SearchSpace,
    data: &Dataset,
    config: &SearchConfig,
    run: &Run,
    device: Device,
    watch: &mut Watch,
) -> Result<Vec<Candidate>, TrainError> {
    let mut search = Search::new(space, data, config, device)?;
    let total = search.timeline().total();
    match restore(&mut search, run, watch)? {
        None => {
            return Err(TrainError::Config(format!(
                "{} has no checkpoint yet: let the search go on with --resume first",
                run.folder().display()
            )));
        }
        Some((done, _)) if done < total => {
            let notice = format!("the search is at step {done} of {total}, not at its end");
            watch.observer.event(&Event::Notice(&notice));
        }
        Some(_) => {}
    }
    search.derive(run, watch)
}

struct Search<'a> {
    space: &'a SearchSpace,
    data: &'a Dataset,
    config: &'a SearchConfig,
    /// The images that reward the policy.
    valid: Vec<u32>,
    /// ω, and what trains it.
    weights: Weights<'a>,
    /// θ, and what trains it.
    policy: Policy,
}

impl Job for Search<'_> {
    fn timeline(&self) -> Timeline {
        Timeline {
            epochs: self.config.shared.epochs,
            batches: self.weights.batches(),
            updates: self.config.controller.updates,
            warmup: self.config.controller.warmup_epochs,
        }
    }

    fn step(&mut self, step: Step) -> Result<Record, TrainError> {
        match step.phase {
            Phase::Shared => self.train_weights(step),
            Phase::Controller => self.train_policy(step),
            Phase::Report => self.report(step),
        }
    }

    fn state(&self) -> Result<State, TrainError> {
        let mut state = self.weights.state()?;
        state.extend(prefixed("policy", self.policy.state()));
        Ok(state)
    }

    fn load_state(&mut self, mut state: State) -> Result<(), String> {
        self.weights.load_state(&mut state)?;
        let policy = take(&mut state, "policy");
        self.policy
            .load_state(policy)
            .map_err(|why| why.to_string())
    }
}

impl<'a> Search<'a> {
    fn new(
        space: &'a SearchSpace,
        data: &'a Dataset,
        config: &'a SearchConfig,
        device: Device,
    ) -> Result<Self, TrainError> {
        fit::check(space.graph.task, &space.ports, &data.summary())?;
        fit::check_operations(&space.graph)?;
        fit::check_requirements(&space.decisions)?;
        config.check(&space.graph).map_err(TrainError::Config)?;
        let n = data.train.len();
        let n_valid = (n as f64 * config.data.validation).round().max(1.0) as usize;
        let parts = split(
            &data.train,
            n_valid,
            Holdout::Random,
            config.data.split_seed,
        )?;
        let of = |purpose| seed(config.run.seed, purpose, 0);
        let model = SharedModel::new(
            Arc::new(space.graph.clone()),
            config.shared.model.clone(),
            of(Purpose::Weights),
            device,
        );
        let controller = Controller::new(
            plan(&space.decisions),
            config.controller.network,
            of(Purpose::Policy),
            device,
        );
        let loader = Loader::new(data, device);
        Ok(Self {
            space,
            data,
            config,
            valid: parts.valid,
            weights: Weights::new(
                model,
                loader,
                &config.shared,
                data,
                parts.train,
                config.run.seed,
            ),
            policy: Policy::new(controller, config.controller.policy),
        })
    }

    /// Phase 1: one step on ω, along the path of a fresh sample of π(m; θ).
    fn train_weights(&mut self, step: Step) -> Result<Record, TrainError> {
        let n = self.config.shared.children;
        let seed = self.seed(Purpose::SharedSamples, step.number);
        let architectures = if step.epoch <= self.config.controller.warmup_epochs {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let mut sampler = Sampler::new(&self.space.decisions);
            let drawn = std::iter::repeat_with(|| sampler.draw(&mut rng)).take(n);
            drawn.collect::<Result<Vec<_>, _>>()?
        } else {
            self.sample(n, seed)
        };
        let children: Vec<Child> = architectures.iter().map(|a| self.child(a)).collect();
        let decisions = &self.space.decisions;
        self.weights.step(step, &children, &|| {
            let lines: Vec<String> = architectures.iter().map(|a| a.to_line(decisions)).collect();
            lines.join("; ")
        })
    }

    /// Phase 2: one step on θ. All samples are scored on one minibatch of the
    /// validation images, the shared weights fixed.
    fn train_policy(&mut self, step: Step) -> Result<Record, TrainError> {
        let batch = self.reward_images(step);
        let seed = self.seed(Purpose::PolicySamples, step.number);
        let Self {
            space,
            data,
            config,
            weights,
            policy,
            ..
        } = self;
        let report = policy.update(config.controller.samples, seed, &mut |samples| {
            rewards(space, data, weights, &batch, samples)
        })?;
        let best = report.best.as_ref().map_or(0.0, |(reward, _)| *reward);
        Ok(Record {
            figures: vec![
                ("reward", report.mean_reward),
                ("best", best),
                ("baseline", report.baseline),
                ("entropy", report.entropy),
                ("log_prob", report.log_prob),
                ("skip_penalty", report.skip_penalty),
                ("loss", report.loss),
                ("grad_norm", report.grad_norm),
            ],
            samples: Vec::new(),
        })
    }

    /// Phase 3: some samples of the policy with their accuracy on one minibatch.
    fn report(&mut self, step: Step) -> Result<Record, TrainError> {
        let batch = self.reward_images(step);
        let seed = self.seed(Purpose::ReportSamples, step.number);
        let samples = self.sample(self.config.controller.report_samples, seed);
        let scores = rewards(self.space, self.data, &mut self.weights, &batch, &samples)?;
        let mut figures = self.weights.means();
        if !scores.is_empty() {
            let mean = scores.iter().sum::<f64>() / scores.len() as f64;
            let best = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            figures.extend([("valid_accuracy", mean), ("valid_best", best)]);
        }
        let line = |a: &Architecture| a.to_line(&self.space.decisions);
        let samples = samples.iter().map(line).zip(scores).collect();
        Ok(Record { figures, samples })
    }

    /// Ranks samples of the policy by their accuracy on the same validation images.
    fn derive(&mut self, run: &Run, watch: &mut Watch) -> Result<Vec<Candidate>, TrainError> {
        let config = self.config.derive;
        let samples = self.sample(config.samples, self.seed(Purpose::DeriveSamples, 0));
        let order = order(&self.valid, self.config.data.split_seed, 0);
        let n = match config.images {
            0 => order.len(),
            n => n.min(order.len()),
        };
        let images = order.get(..n).unwrap_or_default();
        let ranked = derive(&samples, &mut |architectures| {
            let total = architectures.len();
            let mut scores = Vec::with_capacity(total);
            for architecture in architectures {
                let child = self.child(architecture);
                let Weights { model, loader, .. } = &mut self.weights;
                let images_of = (loader, &self.data.train);
                let found = evaluate(model, &child, images_of, images, config.batch, watch)?;
                scores.push(found.accuracy);
                let done = scores.len();
                watch.observer.event(&Event::Derive { done, total });
            }
            Ok::<_, TrainError>(scores)
        })?;
        run.write_json(name::BEST, &self.best(&ranked, samples.len(), n))?;
        Ok(ranked)
    }

    /// `best.json`: an architecture that any command reads, and how it was chosen.
    fn best(&self, ranked: &[Candidate], samples: usize, images: usize) -> Value {
        let decisions = &self.space.decisions;
        let mut best = ranked.first().map_or_else(
            || json!({}),
            |best| best.architecture.to_json(decisions, &self.space.name),
        );
        let candidates: Vec<Value> = ranked
            .iter()
            .take(10)
            .map(|c| {
                json!({
                    "accuracy": c.score,
                    "drawn": c.drawn,
                    "architecture": c.architecture.to_line(decisions),
                })
            })
            .collect();
        best["accuracy"] = json!(ranked.first().map(|best| best.score));
        best["samples"] = json!(samples);
        best["images"] = json!(images);
        best["candidates"] = json!(candidates);
        with_schema(&best)
    }

    fn seed(&self, purpose: Purpose, position: u64) -> u64 {
        seed(self.config.run.seed, purpose, position)
    }

    fn sample(&self, n: usize, seed: u64) -> Vec<Architecture> {
        let _guard = tch::no_grad_guard();
        self.policy.controller().sample(n, seed).architectures
    }

    fn child(&self, architecture: &Architecture) -> Child {
        select(&self.space.graph, &self.space.decisions, architecture)
    }

    /// The minibatch of a step that rewards: the validation images are gone through
    /// in an order of the epoch, and again in another one where they do not suffice.
    fn reward_images(&self, step: Step) -> Vec<u32> {
        let size = self.config.controller.reward_batch.min(self.valid.len());
        let an_order = (self.valid.len() / size.max(1)).max(1) as u64;
        let round = (step.epoch << 32) + step.index / an_order;
        let purpose = match step.phase {
            Phase::Report => Purpose::ReportOrder,
            _ => Purpose::RewardOrder,
        };
        let order = order(&self.valid, self.seed(purpose, 0), round);
        let place = (step.index % an_order) as usize;
        batches(&order, size)
            .nth(place)
            .unwrap_or_default()
            .to_vec()
    }
}

/// The accuracy of each architecture on the images at `batch`; each different one
/// is run once.
fn rewards(
    space: &SearchSpace,
    data: &Dataset,
    weights: &mut Weights,
    batch: &[u32],
    samples: &[Architecture],
) -> Result<Vec<f64>, TrainError> {
    let batch = weights.loader.load(&data.train, batch, None);
    let (different, _) = distinct(samples);
    let mut known = HashMap::new();
    for architecture in different {
        let child = select(&space.graph, &space.decisions, &architecture);
        let found = score(&mut weights.model, &child, &batch)?;
        known.insert(architecture, found.accuracy);
    }
    Ok(samples
        .iter()
        .map(|sample| known.get(sample).copied().unwrap_or(f64::NAN))
        .collect())
}

//! The search: shared weights ω and the policy θ are trained in turn (ENAS,
//! arXiv 1802.03268, section 2.2), then the best architecture is derived.

use std::collections::HashMap;
use std::sync::Arc;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use tch::Device;

use super::controller_phase::Policy;
use super::drive::{Job, Record, drive, restore};
use super::evaluate::{Evaluation, evaluate, score};
use super::memory::{Forecast, forecast};
use super::seed::{Purpose, seed};
use super::task::{Batch, task};
use super::tensors::{State, prefixed, take};
use super::timeline::{Phase, Step, Timeline};
use super::weights::Weights;
use super::{Event, PhaseConfig, SearchConfig, TrainError, Watch, fit};
use crate::SearchSpace;
use crate::controller::Controller;
use crate::data::Data;
use crate::decision::{Architecture, Sampler, plan};
use crate::derive::{Candidate, derive, distinct};
use crate::graph::{Child, select};
use crate::model::{Mode, SharedModel};
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
    data: &Data,
    config: &SearchConfig,
    run: &Run,
    device: Device,
    watch: &mut Watch,
) -> Result<Vec<Candidate>, TrainError> {
    let mut search = Search::new(space, data, config, device)?;
    let forecast = search.forecast()?;
    forecast.check(device, "shared")?;
    watch.observer.event(&Event::Memory(forecast.bytes()));
    drive(&mut search, run, &config.run, watch)?;
    search.derive(run, watch)
}

/// Derives the best architecture of a search anew, from its last checkpoint.
///
/// # Errors
/// As [`search`], and when the run has no checkpoint yet.
pub fn derive_again(
    space: &SearchSpace,
    data: &Data,
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
    config: &'a SearchConfig,
    /// ω, and what trains it.
    weights: Weights<'a>,
    /// θ, and what trains it.
    policy: Policy,
}

impl Job for Search<'_> {
    fn timeline(&self) -> Timeline {
        Timeline {
            epochs: self.config.shared.epochs,
            batches: self.weights.task.batches(),
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
        data: &'a Data,
        config: &'a SearchConfig,
        device: Device,
    ) -> Result<Self, TrainError> {
        fit::check(space.graph.task, &space.ports, data)?;
        fit::check_operations(&space.graph)?;
        fit::check_requirements(&space.decisions)?;
        config.check(&space.graph).map_err(TrainError::Config)?;
        let of = |purpose| seed(config.run.seed, purpose, 0);
        let model = SharedModel::new(
            Arc::new(space.graph.clone()),
            config.shared.model.clone(),
            of(Purpose::Weights),
            device,
        );
        let controller = Controller::new(
            plan(&space.decisions),
            config.controller.network.clone(),
            of(Purpose::Policy),
            device,
        );
        let shared = &config.shared;
        let task = task(data, &config.data, true, shared, config.run.seed, device)?;
        Ok(Self {
            space,
            config,
            weights: Weights::new(model, task, shared),
            policy: Policy::new(controller, config.controller.policy),
        })
    }

    /// The memory that the largest of some architectures at random needs.
    fn forecast(&self) -> Result<Forecast, TrainError> {
        const N: usize = 20;
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let mut sampler = Sampler::new(&self.space.decisions);
        let drawn = std::iter::repeat_with(|| sampler.draw(&mut rng)).take(N);
        let drawn = drawn.collect::<Result<Vec<_>, _>>()?;
        let children: Vec<Child> = drawn.iter().map(|a| self.child(a)).collect();
        let Self { space, config, .. } = self;
        let bptt = config.data.bptt;
        Ok(forecast(&space.graph, &children, &config.shared, bptt))
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

    /// Phase 2: one step on θ. All samples are judged on one minibatch of the
    /// validation part, the shared weights fixed.
    fn train_policy(&mut self, step: Step) -> Result<Record, TrainError> {
        let seed = self.seed(Purpose::PolicySamples, step.number);
        let Self {
            space,
            config,
            weights,
            policy,
        } = self;
        let phase = &config.controller;
        let batch = weights.task.reward(step, phase.reward_batch);
        let measure = weights.task.measure();
        let report = policy.update(phase.samples, seed, &mut |samples| {
            let found = judge(space, weights, &batch, reward_mode(phase), samples)?;
            let reward = |found| measure.reward(found, phase.perplexity_reward);
            Ok::<_, TrainError>(found.iter().map(reward).collect())
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

    /// Phase 3: some samples of the policy, judged on one minibatch.
    fn report(&mut self, step: Step) -> Result<Record, TrainError> {
        let phase = &self.config.controller;
        let batch = self.weights.task.reward(step, phase.reward_batch);
        let measure = self.weights.task.measure();
        let seed = self.seed(Purpose::ReportSamples, step.number);
        let mode = reward_mode(phase);
        let samples = self.sample(phase.report_samples, seed);
        let found = judge(self.space, &mut self.weights, &batch, mode, &samples)?;
        let mut figures = self.weights.means();
        let best = found.iter().max_by(|a, b| {
            let of = |found| measure.score(found);
            of(a).total_cmp(&of(b))
        });
        if let Some(best) = best {
            let sum: f64 = found.iter().map(|found| measure.of(found)).sum();
            let [mean, name] = measure.names_of_samples();
            figures.extend([(mean, sum / found.len() as f64), (name, measure.of(best))]);
        }
        let line = |a: &Architecture| a.to_line(&self.space.decisions);
        let values = found.iter().map(|found| measure.of(found));
        let samples = samples.iter().map(line).zip(values).collect();
        Ok(Record { figures, samples })
    }

    /// Ranks samples of the policy on the same validation examples.
    fn derive(&mut self, run: &Run, watch: &mut Watch) -> Result<Vec<Candidate>, TrainError> {
        let config = self.config.derive;
        let samples = self.sample(config.samples, self.seed(Purpose::DeriveSamples, 0));
        let measure = self.weights.task.measure();
        let mut examples = 0;
        let ranked = derive(&samples, &mut |architectures| {
            let total = architectures.len();
            let mut scores = Vec::with_capacity(total);
            for architecture in architectures {
                let child = self.child(architecture);
                let Weights { model, task, .. } = &mut self.weights;
                let batches = task.valid(config.examples, config.batch);
                let found = evaluate(model, &child, batches, watch)?;
                examples = found.examples;
                scores.push(measure.score(&found));
                let done = scores.len();
                watch.observer.event(&Event::Derive { done, total });
            }
            Ok::<_, TrainError>(scores)
        })?;
        let best = self.best(&ranked, samples.len(), examples);
        run.write_json(name::BEST, &best)?;
        Ok(ranked)
    }

    /// `best.json`: an architecture that any command reads, and how it was chosen.
    fn best(&self, ranked: &[Candidate], samples: usize, examples: usize) -> Value {
        let measure = self.weights.task.measure();
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
                    measure.name(): measure.of_score(c.score),
                    "drawn": c.drawn,
                    "architecture": c.architecture.to_line(decisions),
                })
            })
            .collect();
        let score = ranked.first().map(|best| measure.of_score(best.score));
        best["measure"] = json!(measure.name());
        best[measure.name()] = json!(score);
        best["samples"] = json!(samples);
        best["examples"] = json!(examples);
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
}

fn reward_mode(phase: &PhaseConfig) -> Mode {
    if phase.reward_dropout {
        Mode::NoisyEval
    } else {
        Mode::Eval
    }
}

/// How good each architecture is on one minibatch; each different one is run once.
fn judge(
    space: &SearchSpace,
    weights: &mut Weights,
    batch: &Batch,
    mode: Mode,
    samples: &[Architecture],
) -> Result<Vec<Evaluation>, TrainError> {
    let (different, _) = distinct(samples);
    let mut known = HashMap::new();
    for architecture in different {
        let child = select(&space.graph, &space.decisions, &architecture);
        let found = score(&mut weights.model, &child, batch, mode)?;
        known.insert(architecture, found);
    }
    Ok(samples
        .iter()
        .filter_map(|sample| known.get(sample).copied())
        .collect())
}

//! The search: what judges architectures (the shared weights ω) and who proposes
//! them (the policy θ) are trained in turn (ENAS, arXiv 1802.03268, section 2.2),
//! then the best architecture is derived.

use std::collections::HashMap;

use serde_json::{Map, Value, json};
use tch::Device;

use super::choices;
use super::drive::{Job, Standing, drive, no_checkpoint, restore};
use super::evaluator::{Evaluator, Lookups, SharedWeights};
use super::log::Record;
use super::memory::{Forecast, forecast};
use super::seed::{Purpose, seed};
use super::strategy::{Strategy, Uniform, strategy};
use super::tensors::{State, prefixed, take};
use super::timeline::{Phase, Step, Timeline};
use super::{Comparison, Evaluation, Event, SearchConfig, StrategyName, TrainError, Watch};
use crate::SearchSpace;
use crate::data::Data;
use crate::decision::Architecture;
use crate::derive::{Candidate, derive, distinct};
use crate::graph::cost::{self, Cost};
use crate::graph::select;
use crate::run::{Run, name, with_schema};
use crate::table::{Table, TableError};

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
    search.finish(run, watch)
}

/// As [`search`], with a table in place of shared weights: the best architecture is
/// the best of those that were looked up. An update of the strategy looks
/// [`super::PhaseConfig::samples`] up, and nothing else does.
///
/// # Errors
/// As [`search`], and when the table lacks what it should have.
pub fn search_table(
    space: &SearchSpace,
    table: &Table,
    config: &SearchConfig,
    run: &Run,
    watch: &mut Watch,
) -> Result<Vec<Candidate>, TrainError> {
    config.check(&space.graph).map_err(TrainError::Config)?;
    let evaluator = Box::new(Lookups::new(table));
    Search::with(space, evaluator, config).finish(run, watch)
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
    search.restore(run, watch)?;
    let (ranked, _) = search.derive(run, watch)?;
    Ok(ranked)
}

/// A search at some step.
pub(super) struct Search<'a> {
    space: &'a SearchSpace,
    config: &'a SearchConfig,
    /// Who judges architectures.
    pub(super) evaluator: Box<dyn Evaluator + 'a>,
    /// Who proposes them.
    pub(super) strategy: Box<dyn Strategy + 'a>,
    /// Who proposes them while nothing is learnt, and what the strategy is compared
    /// with.
    pub(super) uniform: Uniform<'a>,
}

impl Job for Search<'_> {
    fn timeline(&self) -> Timeline {
        let batches = self.evaluator.batches();
        let warmup = self.config.controller.warmup_epochs;
        Timeline {
            epochs: self.config.shared.epochs,
            batches,
            updates: self.config.controller.updates,
            // Where there is nothing to train, there is nothing to warm up.
            warmup: if batches == 0 { 0 } else { warmup },
        }
    }

    fn step(&mut self, step: Step) -> Result<Record, TrainError> {
        match step.phase {
            Phase::Shared => self.train_evaluator(step),
            Phase::Controller => self.train_strategy(step),
            Phase::Report => self.report(step),
        }
    }

    fn state(&self) -> Result<State, TrainError> {
        let mut state = self.evaluator.state()?;
        state.extend(prefixed(POLICY, self.strategy.state()));
        Ok(state)
    }

    fn load_state(&mut self, mut state: State) -> Result<(), String> {
        self.evaluator.load_state(&mut state)?;
        self.strategy.load_state(take(&mut state, POLICY))
    }
}

/// The prefix of the strategy's tensors in a checkpoint.
pub(super) const POLICY: &str = "policy";

impl<'a> Search<'a> {
    pub(super) fn new(
        space: &'a SearchSpace,
        data: &'a Data,
        config: &'a SearchConfig,
        device: Device,
    ) -> Result<Self, TrainError> {
        config.check(&space.graph).map_err(TrainError::Config)?;
        let evaluator = Box::new(SharedWeights::new(space, data, config, device)?);
        Ok(Self::with(space, evaluator, config))
    }

    fn with(
        space: &'a SearchSpace,
        evaluator: Box<dyn Evaluator + 'a>,
        config: &'a SearchConfig,
    ) -> Self {
        Self {
            space,
            config,
            evaluator,
            strategy: strategy(&space.decisions, config),
            uniform: Uniform::new(&space.decisions),
        }
    }

    /// The memory that the largest of some architectures at random needs; the weights
    /// of all come to be used.
    fn forecast(&mut self) -> Result<Forecast, TrainError> {
        const SAMPLES: usize = 20;
        let Self { space, config, .. } = *self;
        let drawn = self.uniform.sample(SAMPLES, 0)?;
        let costs: Vec<Cost> = drawn
            .iter()
            .map(|a| cost::child(&space.graph, &select(&space.graph, &space.decisions, a)))
            .collect();
        let all = space.graph.params.total();
        Ok(forecast(&costs, all, &config.shared, config.data.bptt))
    }

    fn finish(mut self, run: &Run, watch: &mut Watch) -> Result<Vec<Candidate>, TrainError> {
        let config = self.config;
        let mut metrics = drive(&mut self, run, &config.run, watch)?;
        let (ranked, comparison) = self.derive(run, watch)?;
        let mut line = json!({"step": self.timeline().total(), "phase": "derive"});
        if let Some(comparison) = comparison {
            line["comparison"] = json!(comparison);
        }
        metrics.append(&line)?;
        metrics.sync()?;
        Ok(ranked)
    }

    /// Goes to where the last checkpoint is; returns the steps done.
    pub(super) fn restore(&mut self, run: &Run, watch: &mut Watch) -> Result<u64, TrainError> {
        let total = self.timeline().total();
        let Some(Standing { step: done, .. }) = restore(self, run, watch)? else {
            return Err(no_checkpoint(run));
        };
        if done < total {
            let notice = format!("the search is at step {done} of {total}, not at its end");
            watch.observer.event(&Event::Notice(&notice));
        }
        Ok(done)
    }

    /// Phase 1: one step on ω, along the path of a fresh sample of π(m; θ).
    fn train_evaluator(&mut self, step: Step) -> Result<Record, TrainError> {
        let n = self.config.shared.children;
        let seed = self.seed(Purpose::SharedSamples, step.number);
        let architectures = if step.epoch <= self.config.controller.warmup_epochs {
            self.uniform.sample(n, seed)?
        } else {
            self.strategy.sample(n, seed)?
        };
        self.evaluator.train(step, &architectures)
    }

    /// Phase 2: one step on θ. All samples are judged on one minibatch of the
    /// validation part, the shared weights fixed.
    fn train_strategy(&mut self, step: Step) -> Result<Record, TrainError> {
        let seed = self.seed(Purpose::PolicySamples, step.number);
        let phase = &self.config.controller;
        let evaluator = &mut self.evaluator;
        let measure = evaluator.measure();
        let figures = self.strategy.update(phase.samples, seed, &mut |samples| {
            let found = evaluator.judge(step, samples)?;
            let reward = |found| measure.reward(found, phase.perplexity_reward);
            Ok(found.iter().map(reward).collect())
        })?;
        Ok(Record {
            choices: self.choices(step),
            ..Record::of(figures)
        })
    }

    /// What the strategy chooses now, where it learns and `step` is one of those whose
    /// metrics say so: some updates of an epoch, and its end.
    fn choices(&mut self, step: Step) -> Option<Value> {
        let learns = self.config.strategy.name != StrategyName::Random;
        if !learns || !choices::is_due(step) {
            return None;
        }
        let seed = self.seed(Purpose::ReportSamples, step.number);
        // Where too few draws fulfil what the space requires, this is no reason to stop.
        let samples = self.strategy.sample(choices::SAMPLES, seed).ok()?;
        Some(choices::count(&self.space.decisions, &samples))
    }

    /// Phase 3: some samples of the strategy, judged on one minibatch.
    fn report(&mut self, step: Step) -> Result<Record, TrainError> {
        let mut figures = self.evaluator.means()?;
        let choices = self.choices(step);
        if self.evaluator.known(0).is_some() {
            // Every look-up counts, and these would come on top.
            return Ok(Record {
                choices,
                ..Record::of(figures)
            });
        }
        let measure = self.evaluator.measure();
        let seed = self.seed(Purpose::ReportSamples, step.number);
        let n = self.config.controller.report_samples;
        let samples = self.strategy.sample(n, seed)?;
        let found = self.evaluator.judge(step, &samples)?;
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
        Ok(Record {
            samples,
            choices,
            ..Record::of(figures)
        })
    }

    /// Ranks what the strategy proposes, and compares it with chance, all on the same
    /// validation examples.
    fn derive(
        &mut self,
        run: &Run,
        watch: &mut Watch,
    ) -> Result<(Vec<Candidate>, Option<Comparison>), TrainError> {
        let config = self.config.derive;
        let seed = self.seed(Purpose::DeriveSamples, 0);
        let finalists = match self.evaluator.known(config.samples) {
            Some(known) if known.is_empty() => return Err(TableError::NothingFound.into()),
            Some(known) => known,
            None => self.strategy.finalists(config.samples, seed)?,
        };
        // With the same seed these are the first finalists of a policy.
        let ours = self.strategy.sample(config.compare, seed)?;
        let chance = self.seed(Purpose::UniformSamples, 0);
        let uniform = self.uniform.sample(config.compare, chance)?;
        let (different, _) = distinct(&[&finalists[..], &ours, &uniform].concat());
        let found = self.evaluator.validate(&different, watch)?;
        let measure = self.evaluator.measure();
        let examples = found.first().map_or(0, |found| found.examples);
        let known: HashMap<&Architecture, Evaluation> = different.iter().zip(found).collect();
        let all = |architectures: &[Architecture], of: &dyn Fn(&Evaluation) -> f64| {
            let found = architectures.iter().filter_map(|a| known.get(a));
            found.map(of).collect::<Vec<f64>>()
        };
        let score = |found: &Evaluation| measure.score(found);
        let value = |found: &Evaluation| measure.of(found);
        let ranked = derive(&finalists, &mut |different| {
            Ok::<_, TrainError>(all(different, &score))
        })?;
        let comparison = Comparison::of(measure, &all(&ours, &value), &all(&uniform, &value));
        let mut best = self.best(&ranked, finalists.len(), examples);
        if let Some(comparison) = comparison {
            best["comparison"] = json!(comparison);
        }
        run.write_json(name::BEST, &best)?;
        Ok((ranked, comparison))
    }

    /// `best.json`: an architecture that any command reads, and how it was chosen.
    fn best(&self, ranked: &[Candidate], samples: usize, examples: usize) -> Value {
        let measure = self.evaluator.measure();
        let decisions = &self.space.decisions;
        let first = ranked.first().map(|best| &best.architecture);
        let mut best = first.map_or_else(
            || json!({}),
            |first| first.to_json(decisions, &self.space.name),
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
        best["strategy"] = json!(self.config.strategy.name);
        best["measure"] = json!(measure.name());
        best[measure.name()] = json!(score);
        best["samples"] = json!(samples);
        best["examples"] = json!(examples);
        best["candidates"] = json!(candidates);
        let facts = first.map(|first| self.evaluator.facts(first));
        if let Some(facts) = facts.filter(|facts| !facts.is_empty()) {
            let facts = facts.into_iter().map(|(name, text)| (name, json!(text)));
            best["table"] = Value::Object(facts.collect::<Map<_, _>>());
        }
        with_schema(&best)
    }

    pub(super) fn seed(&self, purpose: Purpose, position: u64) -> u64 {
        seed(self.config.run.seed, purpose, position)
    }
}

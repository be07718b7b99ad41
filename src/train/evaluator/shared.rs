//! Judging by weights that all architectures share, the idea of ENAS.

use std::collections::HashMap;
use std::sync::Arc;

use tch::Device;

use super::Evaluator;
use crate::SearchSpace;
use crate::data::Data;
use crate::decision::Architecture;
use crate::derive::distinct;
use crate::graph::{Child, select};
use crate::model::{Mode, SharedModel};
use crate::train::evaluate::{Evaluation, Sums, evaluate, score};
use crate::train::log::Record;
use crate::train::seed::{Purpose, seed};
use crate::train::task::{Batch, Measure, task};
use crate::train::tensors::State;
use crate::train::timeline::Step;
use crate::train::weights::Weights;
use crate::train::{Event, SearchConfig, TrainError, Watch, fit};

/// ω, and what trains it.
pub(in crate::train) struct SharedWeights<'a> {
    space: &'a SearchSpace,
    config: &'a SearchConfig,
    weights: Weights<'a>,
    /// The step that was judged last, and its minibatch.
    batch: Option<(Step, Batch)>,
}

impl<'a> SharedWeights<'a> {
    pub(in crate::train) fn new(
        space: &'a SearchSpace,
        data: &'a Data,
        config: &'a SearchConfig,
        device: Device,
    ) -> Result<Self, TrainError> {
        fit::check(space.graph.task, &space.ports, data)?;
        fit::check_operations(&space.graph)?;
        let shared = &config.shared;
        let start = seed(config.run.seed, Purpose::Weights, 0);
        let graph = Arc::new(space.graph.clone());
        let model = SharedModel::new(graph, shared.model.clone(), start, device);
        let task = task(data, &config.data, true, shared, config.run.seed, device)?;
        Ok(Self {
            space,
            config,
            weights: Weights::new(model, task, shared, &config.run),
            batch: None,
        })
    }

    fn child(&self, architecture: &Architecture) -> Child {
        select(&self.space.graph, &self.space.decisions, architecture)
    }
}

impl Evaluator for SharedWeights<'_> {
    fn measure(&self) -> Measure {
        self.weights.task.measure()
    }

    fn batches(&self) -> u64 {
        self.weights.task.batches()
    }

    fn train(&mut self, step: Step, architectures: &[Architecture]) -> Result<Record, TrainError> {
        let children: Vec<Child> = architectures.iter().map(|a| self.child(a)).collect();
        let decisions = &self.space.decisions;
        self.weights.step(step, &children, &|| {
            let lines: Vec<String> = architectures.iter().map(|a| a.to_line(decisions)).collect();
            lines.join("; ")
        })
    }

    /// Each different architecture is run once.
    fn judge(
        &mut self,
        step: Step,
        architectures: &[Architecture],
    ) -> Result<Vec<Evaluation>, TrainError> {
        let (different, _) = distinct(architectures);
        let children: Vec<Child> = different.iter().map(|a| self.child(a)).collect();
        let Weights { model, task, .. } = &mut self.weights;
        let phase = &self.config.controller;
        let size = phase.reward_batch;
        let mode = if phase.reward_dropout {
            Mode::NoisyEval
        } else {
            Mode::Eval
        };
        let (_, batch) = match self.batch.take() {
            Some(judged) if judged.0 == step => self.batch.insert(judged),
            _ => self.batch.insert((step, task.reward(step, size)?)),
        };
        let sums = children
            .iter()
            .map(|child| score(model, child, batch, mode));
        let found = Sums::means(&sums.collect::<Result<Vec<_>, _>>()?)?;
        let known: HashMap<_, _> = different.into_iter().zip(found).collect();
        Ok(architectures
            .iter()
            .filter_map(|architecture| known.get(architecture).copied())
            .collect())
    }

    fn validate(
        &mut self,
        architectures: &[Architecture],
        watch: &mut Watch,
    ) -> Result<Vec<Evaluation>, TrainError> {
        let config = self.config.derive;
        let total = architectures.len();
        let mut found = Vec::with_capacity(total);
        for architecture in architectures {
            let child = self.child(architecture);
            let Weights { model, task, .. } = &mut self.weights;
            let batches = task.valid(config.examples, config.batch)?;
            found.push(evaluate(model, &child, batches, watch)?);
            let done = found.len();
            watch.observer.event(&Event::Derive { done, total });
        }
        Ok(found)
    }

    fn means(&self) -> Result<Vec<(&'static str, f64)>, TrainError> {
        self.weights.means()
    }

    fn state(&self) -> Result<State, TrainError> {
        self.weights.state()
    }

    fn load_state(&mut self, state: &mut State) -> Result<(), String> {
        self.weights.load_state(state)
    }
}

//! Training one architecture alone, and testing what came of it.
//!
//! The network is the child model of the supergraph that the search used, with fresh
//! weights of the shapes that it needs or the shared ones, of which it takes its part;
//! nothing is built twice. It is trained on the whole
//! training part (a search keeps a share of it for validation) and tested once, at the
//! end.

use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use tch::Device;

use super::averaging::Averaging;
use super::best::Best;
use super::drive::{Job, drive, drive_unsaved};
use super::evaluate::{Evaluation, evaluate};
use super::log::Record;
use super::memory::forecast;
use super::seed::{Purpose, seed};
use super::task::{Measure, task};
use super::tensors::{self, State, prefixed, take};
use super::timeline::{Phase, Step, Timeline};
use super::weights::Weights;
use super::{Event, Interrupt, SearchConfig, TrainError, Watch, fit, inherit};
use crate::SearchSpace;
use crate::data::Data;
use crate::decision::Architecture;
use crate::graph::{Child, alone, cost, select};
use crate::model::SharedModel;
use crate::run::{Run, name, replace, with_schema};

/// A trained network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trained {
    /// On what tests.
    pub test: Evaluation,
    /// By what it is good.
    pub measure: Measure,
    /// How many numbers were trained.
    pub parameters: u64,
}

/// Trains `architecture` in a run folder, from its last checkpoint on where it has one,
/// writes its weights, and tests it. It starts from scratch, or from what
/// [`crate::run::RunInfo::inherited`] says.
///
/// # Errors
/// As [`super::search`].
pub fn retrain(
    space: &SearchSpace,
    architecture: &Architecture,
    data: &Data,
    config: &SearchConfig,
    run: &Run,
    device: Device,
    watch: &mut Watch,
) -> Result<Trained, TrainError> {
    let mut training = Training::new(space, architecture, data, config, device)?;
    let cost = cost::child(&space.graph, &training.child);
    let kept = cost.parameters;
    let forecast = forecast(&[cost], kept, &config.retrain, config.data.bptt);
    forecast.check(device, "retrain")?;
    watch.observer.event(&Event::Memory(forecast.bytes()));
    drive(&mut training, run, &config.run, watch)?;
    training.settle(watch)?;
    let weights = training.weights.model.state()?;
    replace(&run.path(name::WEIGHTS), &mut |path| {
        tensors::write(&weights, path)
    })?;
    let test = training.test(watch)?;
    let parameters = cost::child(&space.graph, &training.child).parameters;
    let measure = training.weights.task.measure();
    let result = json!({
        measure.name(): measure.of(&test),
        "loss": test.loss,
        "examples": test.examples,
        "parameters": parameters,
    });
    run.write_json(name::RESULT, &with_schema(&result))?;
    Ok(Trained {
        test,
        measure,
        parameters,
    })
}

/// Tests a network whose weights a training wrote to `weights`.
///
/// # Errors
/// When the weights are not those of `architecture`, or as [`retrain`].
pub fn test(
    space: &SearchSpace,
    architecture: &Architecture,
    weights: &Path,
    data: &Data,
    config: &SearchConfig,
    device: Device,
    watch: &mut Watch,
) -> Result<(Measure, Evaluation), TrainError> {
    let mut training = Training::new(space, architecture, data, config, device)?;
    let state = tensors::read(weights)?;
    let unfit = |why: String| TrainError::State {
        file: weights.display().to_string(),
        why,
    };
    // What is not in the file would be drawn at random.
    let missing = training
        .child
        .params
        .iter()
        .filter_map(|&id| space.graph.params.get(id))
        .find(|param| !state.iter().any(|(name, _)| *name == param.name));
    if let Some(param) = missing {
        return Err(unfit(format!("it has no tensor `{}`", param.name)));
    }
    let model = &mut training.weights.model;
    model
        .load_state(state)
        .map_err(|why| unfit(why.to_string()))?;
    let test = training.test(watch)?;
    Ok((training.weights.task.measure(), test))
}

/// Trains `architecture` from scratch on what a search trains on, saves nothing, and
/// says what it comes to on the search's validation examples, as they are taken to
/// derive an architecture.
pub(super) fn validated(
    space: &SearchSpace,
    architecture: &Architecture,
    data: &Data,
    config: &SearchConfig,
    device: Device,
    watch: &mut Watch,
) -> Result<Evaluation, TrainError> {
    let mut training = Training::on_part(space, architecture, data, config, true, device)?;
    drive_unsaved(&mut training, &config.run, watch)?;
    training.settle(watch)?;
    let config = config.derive;
    let Weights { model, task, .. } = &mut training.weights;
    let batches = task.valid(config.examples, config.batch)?;
    evaluate(model, &training.child, batches, watch)
}

struct Training<'a> {
    child: Child,
    line: String,
    config: &'a SearchConfig,
    weights: Weights<'a>,
    averaging: Averaging,
    best: Best,
}

impl Job for Training<'_> {
    fn timeline(&self) -> Timeline {
        Timeline {
            epochs: self.config.retrain.epochs,
            batches: self.weights.task.batches(),
            updates: 0,
            warmup: 0,
        }
    }

    fn begin(&mut self, run: &Run, watch: &mut Watch) -> Result<(), TrainError> {
        let Some(inherited) = run.info()?.inherited else {
            return Ok(());
        };
        let weights = inherit::weights(&inherited, self.weights.model.graph(), &self.child)?;
        let (known, all) = (weights.len(), self.child.params.len());
        let notice = format!(
            "{known} of {all} tensors are the shared ones of {}",
            inherited.run
        );
        self.weights.model.load_state(weights)?;
        watch.observer.event(&Event::Notice(&notice));
        Ok(())
    }

    fn step(&mut self, step: Step) -> Result<Record, TrainError> {
        if step.phase == Phase::Report {
            let mut figures = self.weights.means()?;
            if self.averaging.is_wanted() || self.best.is_wanted() {
                figures.push(self.validate()?);
            }
            return Ok(Record::of(figures));
        }
        let child = std::slice::from_ref(&self.child);
        let record = self.weights.step(step, child, &|| self.line.clone())?;
        let params = self.weights.model.trained(&self.child)?;
        self.averaging.step(&params);
        Ok(record)
    }

    fn is_over(&self) -> bool {
        self.best.is_over()
    }

    fn state(&self) -> Result<State, TrainError> {
        let mut state = self.weights.state()?;
        if self.averaging.is_wanted() {
            state.extend(prefixed("averaging", self.averaging.state()));
        }
        if self.best.is_wanted() {
            state.extend(prefixed("best", self.best.state()));
        }
        Ok(state)
    }

    fn load_state(&mut self, mut state: State) -> Result<(), String> {
        self.weights.load_state(&mut state)?;
        self.averaging.load_state(take(&mut state, "averaging"))?;
        if self.best.is_wanted() {
            self.best.load_state(take(&mut state, "best"))?;
        }
        Ok(())
    }
}

impl<'a> Training<'a> {
    fn new(
        space: &'a SearchSpace,
        architecture: &Architecture,
        data: &'a Data,
        config: &'a SearchConfig,
        device: Device,
    ) -> Result<Self, TrainError> {
        let apart = config.retrain.patience > 0;
        Self::on_part(space, architecture, data, config, apart, device)
    }

    /// Trains on what a `search` trains on and sets the rest apart, or trains on all
    /// there is.
    fn on_part(
        space: &'a SearchSpace,
        architecture: &Architecture,
        data: &'a Data,
        config: &'a SearchConfig,
        search: bool,
        device: Device,
    ) -> Result<Self, TrainError> {
        fit::check(space.graph.task, &space.ports, data)?;
        fit::check_operations(&space.graph)?;
        config.check(&space.graph).map_err(TrainError::Config)?;
        let of = &config.retrain;
        let seed_of = seed(config.run.seed, Purpose::Weights, 0);
        let child = select(&space.graph, &space.decisions, architecture);
        let graph = Arc::new(alone(&space.graph, &child));
        let model = SharedModel::new(graph, of.model.clone(), seed_of, device);
        let task = task(data, &config.data, search, of, config.run.seed, device)?;
        Ok(Self {
            child,
            line: architecture.to_line(&space.decisions),
            config,
            weights: Weights::new(model, task, of, &config.run),
            averaging: Averaging::new(of.average_after),
            best: Best::new(of.patience),
        })
    }

    /// Puts the mean of the weights in their place, or them back.
    fn average(&mut self) -> Result<(), TrainError> {
        let params = self.weights.model.trained(&self.child)?;
        self.averaging.swap(&params);
        Ok(())
    }

    /// Puts the weights in their place that are to be kept.
    fn settle(&mut self, watch: &mut Watch) -> Result<(), TrainError> {
        let Some(best) = self.best.weights() else {
            return self.average();
        };
        self.weights.model.load_state(best)?;
        if self.best.is_over() {
            let measure = self.weights.task.measure().name();
            let patience = self.config.retrain.patience;
            let notice = format!(
                "no better validation {measure} in {patience} epochs: the training ends with the weights of the best"
            );
            watch.observer.event(&Event::Notice(&notice));
        }
        Ok(())
    }

    /// The measure of the weights, or of their mean, on the validation part.
    fn validate(&mut self) -> Result<(&'static str, f64), TrainError> {
        let silent = &mut Watch {
            interrupt: &Interrupt::default(),
            observer: &mut (),
        };
        self.average()?;
        let Weights { model, task, .. } = &mut self.weights;
        let measure = task.measure();
        let batches = task.valid(0, self.config.derive.batch)?;
        let found = evaluate(model, &self.child, batches, silent)?;
        let weights = || Ok(model.state()?);
        self.best.epoch(measure.score(&found), weights)?;
        self.average()?;
        self.averaging.epoch(found.loss);
        Ok((measure.names_of_samples()[0], measure.of(&found)))
    }

    fn test(&mut self, watch: &mut Watch) -> Result<Evaluation, TrainError> {
        let Weights { model, task, .. } = &mut self.weights;
        let batches = task.test(self.config.derive.batch)?;
        evaluate(model, &self.child, batches, watch)
    }
}

//! Runs the steps of a run one after another, such that it can be stopped at any
//! moment and goes on to the same result.
//!
//! Before every step libtorch's generator is seeded from the seed of the run and
//! the number of the step, and everything else that is random comes from there too
//! (see [`super::seed`]). A checkpoint is therefore the tensors and the number of
//! steps done; the metrics are cut back to it.

use serde_json::{Map, Value, json};

use super::seed::{Purpose, seed};
use super::tensors::{self, State};
use super::timeline::{Step, Timeline};
use super::{Event, Interrupt, Observer, RunConfig, TrainError};
use crate::run::{Metrics, Run};

/// Who may stop a run, and who watches it.
pub struct Watch<'a> {
    /// Raised to stop after the step at hand.
    pub interrupt: &'a Interrupt,
    /// Told what happens.
    pub observer: &'a mut dyn Observer,
}

/// What is done step by step.
pub(super) trait Job {
    /// The steps.
    fn timeline(&self) -> Timeline;
    /// Does one.
    fn step(&mut self, step: Step) -> Result<Record, TrainError>;
    /// All that steps change.
    fn state(&self) -> Result<State, TrainError>;
    /// Puts a saved state in its place; says in words what does not fit.
    fn load_state(&mut self, state: State) -> Result<(), String>;
}

/// What a step leaves in the metrics.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// Figures by name.
    pub figures: Vec<(&'static str, f64)>,
    /// Architectures with their scores.
    pub samples: Vec<(String, f64)>,
}

impl Record {
    fn to_json(&self, step: Step) -> Value {
        let mut line = Map::new();
        line.insert("step".to_owned(), json!(step.number));
        line.insert("epoch".to_owned(), json!(step.epoch));
        line.insert("phase".to_owned(), json!(step.phase.name()));
        for &(name, value) in &self.figures {
            line.insert(name.to_owned(), json!(value));
        }
        if !self.samples.is_empty() {
            let sample = |(architecture, accuracy): &(String, f64)| json!({"architecture": architecture, "accuracy": accuracy});
            let samples: Vec<Value> = self.samples.iter().map(sample).collect();
            line.insert("samples".to_owned(), Value::Array(samples));
        }
        Value::Object(line)
    }
}

/// Does all steps of `job` that are not done yet, according to the last good
/// checkpoint of `run`.
///
/// A checkpoint is saved at the end of every epoch, after every
/// [`RunConfig::checkpoint_steps`] steps, and when the run is interrupted or its time
/// is over; the latter is no error. Returns the metrics; what is appended to them is
/// cut off when the run is resumed once more.
pub(super) fn drive(
    job: &mut dyn Job,
    run: &Run,
    config: &RunConfig,
    watch: &mut Watch,
) -> Result<Metrics, TrainError> {
    let timeline = job.timeline();
    let total = timeline.total();
    let (mut done, mut metrics) = match restore(job, run, watch)? {
        Some((done, bytes)) => (done, run.resume_metrics(bytes)?),
        None => (0, run.new_metrics()?),
    };
    let mut saved = done;
    watch.observer.event(&Event::Start { done, total });
    while let Some(step) = timeline.step(done) {
        let late = watch.interrupt.is_late();
        if !watch.interrupt.is_raised() && !late {
            tch::manual_seed(seed(config.seed, Purpose::Torch, step.number) as i64);
            let record = job.step(step)?;
            metrics.append(&record.to_json(step))?;
            done = step.number;
            watch.observer.event(&Event::Step {
                step,
                figures: &record.figures,
            });
        }
        let stop = watch.interrupt.is_raised() && done < total;
        let due = timeline.ends_epoch(done) || done % config.checkpoint_steps.max(1) == 0;
        if (stop || late || due) && done > saved {
            let bytes = metrics.sync()?;
            save(job, run, done, bytes)?;
            saved = done;
            watch.observer.event(&Event::Checkpoint { step: done });
        }
        if stop {
            return Err(TrainError::Interrupted { done, total });
        }
        if late {
            let notice = format!(
                "the time is over at step {done} of {total}; --resume with more time goes on from there"
            );
            watch.observer.event(&Event::Notice(&notice));
            break;
        }
    }
    Ok(metrics)
}

/// Does all steps of `job`, and saves nothing.
pub(super) fn drive_unsaved(
    job: &mut dyn Job,
    seed_of_run: u64,
    watch: &mut Watch,
) -> Result<(), TrainError> {
    let timeline = job.timeline();
    let mut done = 0;
    while let Some(step) = timeline.step(done) {
        if watch.interrupt.is_raised() {
            return Err(TrainError::InterruptedEvaluation);
        }
        tch::manual_seed(seed(seed_of_run, Purpose::Torch, step.number) as i64);
        job.step(step)?;
        done = step.number;
    }
    Ok(())
}

/// Something is asked of a search that has nothing to answer with.
pub(super) fn no_checkpoint(run: &Run) -> TrainError {
    let folder = run.folder().display();
    TrainError::Config(format!(
        "{folder} has no checkpoint yet: let the search go on with --resume first"
    ))
}

/// Loads the last good checkpoint, if there is one: the steps done, and the length
/// of the metrics then.
pub(super) fn restore(
    job: &mut dyn Job,
    run: &Run,
    watch: &mut Watch,
) -> Result<Option<(u64, u64)>, TrainError> {
    let Some(checkpoint) = run.last_checkpoint()? else {
        return Ok(None);
    };
    for damaged in &checkpoint.damaged {
        let notice = format!("{damaged}; going on from step {}", checkpoint.step);
        watch.observer.event(&Event::Notice(&notice));
    }
    let unfit = |why: String| TrainError::State {
        file: checkpoint.tensors.display().to_string(),
        why,
    };
    let tensors = tensors::read(&checkpoint.tensors)?;
    job.load_state(tensors).map_err(unfit)?;
    let bytes = checkpoint
        .state
        .get("metrics_bytes")
        .and_then(Value::as_u64);
    let bytes = bytes.ok_or_else(|| unfit("its state.json has no metrics_bytes".to_owned()))?;
    Ok(Some((checkpoint.step, bytes)))
}

fn save(job: &dyn Job, run: &Run, done: u64, metrics_bytes: u64) -> Result<(), TrainError> {
    let state = json!({"step": done, "metrics_bytes": metrics_bytes});
    let tensors = job.state()?;
    run.save_checkpoint(done, &state, &mut |path| tensors::write(&tensors, path))?;
    Ok(())
}

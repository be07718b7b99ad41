//! Runs the steps of a run one after another, such that it can be stopped at any
//! moment and goes on to the same result.
//!
//! Before every step libtorch's generator is seeded from the seed of the run and
//! the number of the step, and everything else that is random comes from there too
//! (see [`super::seed`]). A checkpoint is therefore the tensors and the number of
//! steps done; the metrics are cut back to it.

use serde_json::{Value, json};

use super::log::{Lines, Log, Record};
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
    /// Is called before the first step, when there is no checkpoint of `run`.
    fn begin(&mut self, _run: &Run, _watch: &mut Watch) -> Result<(), TrainError> {
        Ok(())
    }
    /// Does one.
    fn step(&mut self, step: Step) -> Result<Record, TrainError>;
    /// Whether it needs no more steps, though there are.
    fn is_over(&self) -> bool {
        false
    }
    /// All that steps change.
    fn state(&self) -> Result<State, TrainError>;
    /// Puts a saved state in its place; says in words what does not fit.
    fn load_state(&mut self, state: State) -> Result<(), String>;
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
    let (mut done, metrics, left_out) = match restore(job, run, watch)? {
        Some(at) => (at.step, run.resume_metrics(at.metrics_bytes)?, at.left_out),
        None => {
            job.begin(run, watch)?;
            (0, run.new_metrics(total)?, 0)
        }
    };
    let mut log = Log::new(metrics, config.read_every(), left_out);
    let mut saved = done;
    watch.observer.event(&Event::Start { done, total });
    while let Some(step) = timeline.step(done)
        && !job.is_over()
    {
        let late = watch.interrupt.is_late();
        if !watch.interrupt.is_raised() && !late {
            take_step(job, step, config.seed, &mut log, watch)?;
            done = step.number;
        }
        let stop = watch.interrupt.is_raised() && done < total && !job.is_over();
        let due = timeline.ends_epoch(done) || done % config.checkpoint_steps.max(1) == 0;
        if (stop || late || due) && done > saved {
            log.flush(watch.observer)?;
            save(job, run, done, &mut log)?;
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
    Ok(log.into_metrics())
}

/// Does all steps of `job`, and saves nothing.
pub(super) fn drive_unsaved(
    job: &mut dyn Job,
    config: &RunConfig,
    watch: &mut Watch,
) -> Result<(), TrainError> {
    let timeline = job.timeline();
    let mut log = Log::new((), config.read_every(), 0);
    let mut done = 0;
    while let Some(step) = timeline.step(done)
        && !job.is_over()
    {
        if watch.interrupt.is_raised() {
            return Err(TrainError::InterruptedEvaluation);
        }
        // Who watches is told of the whole, of which this is a part.
        let silent = &mut Watch {
            interrupt: watch.interrupt,
            observer: &mut (),
        };
        take_step(job, step, config.seed, &mut log, silent)?;
        done = step.number;
    }
    log.flush(&mut ())
}

/// Does one step, from a seed of its own.
fn take_step<L: Lines>(
    job: &mut dyn Job,
    step: Step,
    seed_of_run: u64,
    log: &mut Log<L>,
    watch: &mut Watch,
) -> Result<(), TrainError> {
    tch::manual_seed(seed(seed_of_run, Purpose::Torch, step.number) as i64);
    match job.step(step) {
        Ok(record) => log.add(step, record, watch.observer),
        Err(error) => {
            // Where an earlier step was no number, that is why.
            log.flush(watch.observer)?;
            Err(error)
        }
    }
}

/// Something is asked of a search that has nothing to answer with.
pub(super) fn no_checkpoint(run: &Run) -> TrainError {
    let folder = run.folder().display();
    TrainError::Config(format!(
        "{folder} has no checkpoint yet: let the search go on with --resume first"
    ))
}

/// Where a checkpoint stands.
pub(super) struct Standing {
    /// The steps done.
    pub step: u64,
    /// The length of the metrics then.
    metrics_bytes: u64,
    /// How many steps in a row were left out at last.
    left_out: u64,
}

/// Loads the last good checkpoint, if there is one.
pub(super) fn restore(
    job: &mut dyn Job,
    run: &Run,
    watch: &mut Watch,
) -> Result<Option<Standing>, TrainError> {
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
    let number = |name| checkpoint.state.get(name).and_then(Value::as_u64);
    let bytes = number("metrics_bytes");
    Ok(Some(Standing {
        step: checkpoint.step,
        metrics_bytes: bytes
            .ok_or_else(|| unfit("its state.json has no metrics_bytes".to_owned()))?,
        left_out: number("left_out").unwrap_or(0),
    }))
}

fn save(job: &dyn Job, run: &Run, done: u64, log: &mut Log<Metrics>) -> Result<(), TrainError> {
    let metrics_bytes = log.sync()?;
    let mut state = json!({"step": done, "metrics_bytes": metrics_bytes});
    if log.left_out() > 0 {
        state["left_out"] = json!(log.left_out());
    }
    let tensors = job.state()?;
    run.save_checkpoint(done, &state, &mut |path| tensors::write(&tensors, path))?;
    Ok(())
}

//! What steps leave in the metrics, and when it is read.
//!
//! A GPU computes behind the program, and whoever asks it for a number waits until it
//! has caught up. So the figures of a step may stay on the device; those of several
//! steps are read together, before anything depends on them.

use serde_json::{Map, Value, json};
use tch::{Device, Kind, Tensor};

use super::timeline::{Phase, Step};
use super::{Event, Observer, TrainError};
use crate::run::{Metrics, RunError};

/// A number by which a step is described.
#[derive(Debug)]
pub(super) enum Figure {
    /// It is known.
    Known(f64),
    /// It may still be computed. // ()
    Pending(Tensor),
}

impl From<f64> for Figure {
    fn from(value: f64) -> Self {
        Self::Known(value)
    }
}

impl From<Tensor> for Figure {
    fn from(value: Tensor) -> Self {
        Self::Pending(value)
    }
}

/// What a step leaves in the metrics.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// Figures by name.
    pub figures: Vec<(&'static str, Figure)>,
    /// Architectures with their scores.
    pub samples: Vec<(String, f64)>,
    /// What is chosen how often now; see [`super::choices`].
    pub choices: Option<Value>,
    /// Of a step of gradient descent.
    pub descent: Option<Descent>,
}

/// A step of gradient descent, which was left out where `loss` or `grad_norm` of its
/// record is no finite number, or the loss is above a limit.
#[derive(Debug)]
pub(super) struct Descent {
    /// The architectures, in the line form.
    pub architectures: String,
    /// 0 for none.
    pub loss_limit: f64,
    /// How many such steps in a row do not end the run.
    pub tolerated: u64,
}

impl Record {
    /// Figures that are known.
    pub(super) fn of(figures: Vec<(&'static str, f64)>) -> Self {
        let figures = figures
            .into_iter()
            .map(|(name, value)| (name, value.into()));
        Self {
            figures: figures.collect(),
            ..Self::default()
        }
    }

    /// Reads what is pending.
    pub(super) fn read(&mut self) -> Result<(), TrainError> {
        let figures = read(&[self])?.pop().unwrap_or_default();
        let known = figures
            .into_iter()
            .map(|(name, value)| (name, value.into()));
        self.figures = known.collect();
        Ok(())
    }

    fn is_pending(&self) -> bool {
        let pending = |(_, figure): &(_, Figure)| matches!(figure, Figure::Pending(_));
        self.figures.iter().any(pending)
    }
}

/// The figures of several records, read from their device at once.
fn read(records: &[&Record]) -> Result<Vec<Vec<(&'static str, f64)>>, TrainError> {
    let figures = || records.iter().flat_map(|record| &record.figures);
    let pending: Vec<Tensor> = figures()
        .filter_map(|(_, figure)| match figure {
            Figure::Pending(tensor) => Some(tensor.to_kind(Kind::Double)),
            Figure::Known(_) => None,
        })
        .collect();
    let mut read = if pending.is_empty() {
        Vec::new()
    } else {
        Vec::<f64>::try_from(Tensor::f_stack(&pending, 0)?.f_to_device(Device::Cpu)?)?
    }
    .into_iter();
    let mut value = |figure: &Figure| match figure {
        Figure::Known(value) => *value,
        Figure::Pending(_) => read.next().unwrap_or(f64::NAN),
    };
    let known = |record: &&Record| {
        let figures = record.figures.iter();
        figures
            .map(|(name, figure)| (*name, value(figure)))
            .collect()
    };
    Ok(records.iter().map(known).collect())
}

/// Which of some figures of a step of gradient descent is no finite number.
fn broken(figures: &[(&'static str, f64)], loss_limit: f64) -> Option<(&'static str, f64)> {
    let most = if loss_limit > 0.0 {
        loss_limit
    } else {
        f64::MAX
    };
    [("loss", "loss", most), ("grad_norm", "gradient", f64::MAX)]
        .into_iter()
        .find_map(|(name, what, most)| {
            let (_, value) = figures.iter().find(|(other, _)| *other == name)?;
            (!value.is_finite() || *value > most).then_some((what, *value))
        })
}

/// Where lines go.
pub(super) trait Lines {
    fn append(&mut self, line: &Value) -> Result<(), RunError>;
}

impl Lines for Metrics {
    fn append(&mut self, line: &Value) -> Result<(), RunError> {
        self.append(line)
    }
}

/// Nowhere, as of a run that saves nothing.
impl Lines for () {
    fn append(&mut self, _: &Value) -> Result<(), RunError> {
        Ok(())
    }
}

/// The steps whose figures are not read yet.
pub(super) struct Log<L> {
    lines: L,
    /// After how many steps figures are read at the latest.
    every: u64,
    waiting: Vec<(Step, Record)>,
    /// How many steps in a row were left out, up to the last that was read.
    left_out: u64,
}

impl Log<Metrics> {
    /// Makes sure that what was read is on the disk; how many bytes it is.
    pub(super) fn sync(&mut self) -> Result<u64, RunError> {
        self.lines.sync()
    }

    /// The metrics, for what comes after the last step.
    pub(super) fn into_metrics(self) -> Metrics {
        self.lines
    }
}

impl<L: Lines> Log<L> {
    /// A log that goes on after `left_out` steps that were left out.
    pub(super) fn new(lines: L, every: u64, left_out: u64) -> Self {
        Self {
            lines,
            every: every.max(1),
            waiting: Vec::new(),
            left_out,
        }
    }

    /// How many steps in a row were left out at last.
    pub(super) fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Takes a record up. It is read at once where nothing of it is pending.
    pub(super) fn add(
        &mut self,
        step: Step,
        record: Record,
        observer: &mut dyn Observer,
    ) -> Result<(), TrainError> {
        let now = !record.is_pending() || step.phase == Phase::Report;
        self.waiting.push((step, record));
        if now || self.waiting.len() as u64 >= self.every {
            self.flush(observer)?;
        }
        Ok(())
    }

    /// Reads all records, writes their lines and tells the observer.
    ///
    /// # Errors
    /// When a step was left out and its recipe does not tolerate that; the lines of the
    /// steps before are written then.
    pub(super) fn flush(&mut self, observer: &mut dyn Observer) -> Result<(), TrainError> {
        let waiting = std::mem::take(&mut self.waiting);
        let records: Vec<&Record> = waiting.iter().map(|(_, record)| record).collect();
        let figures = read(&records)?;
        for ((step, record), mut figures) in waiting.iter().zip(figures) {
            if let Some(descent) = &record.descent {
                match broken(&figures, descent.loss_limit) {
                    None => self.left_out = 0,
                    Some((what, value)) => {
                        self.left_out += 1;
                        tolerate(self.left_out, descent, *step, what, value)?;
                        figures.push(("left_out", 1.0));
                        let notice =
                            format!("step {} was left out: its {what} is {value}", step.number);
                        observer.event(&Event::Notice(&notice));
                    }
                }
            }
            self.lines.append(&line(*step, &figures, record))?;
            observer.event(&Event::Step {
                step: *step,
                figures: &figures,
            });
        }
        Ok(())
    }
}

fn tolerate(
    in_a_row: u64,
    descent: &Descent,
    step: Step,
    what: &'static str,
    value: f64,
) -> Result<(), TrainError> {
    if in_a_row <= descent.tolerated {
        return Ok(());
    }
    Err(TrainError::NotFinite {
        what,
        value,
        step: step.number,
        epoch: step.epoch,
        architecture: descent.architectures.clone(),
    })
}

fn line(step: Step, figures: &[(&'static str, f64)], record: &Record) -> Value {
    let samples = &record.samples;
    let mut line = Map::new();
    line.insert("step".to_owned(), json!(step.number));
    line.insert("epoch".to_owned(), json!(step.epoch));
    line.insert("phase".to_owned(), json!(step.phase.name()));
    for &(name, value) in figures {
        line.insert(name.to_owned(), json!(value));
    }
    if !samples.is_empty() {
        let sample = |(architecture, accuracy): &(String, f64)| json!({"architecture": architecture, "accuracy": accuracy});
        let samples: Vec<Value> = samples.iter().map(sample).collect();
        line.insert("samples".to_owned(), Value::Array(samples));
    }
    if let Some(choices) = &record.choices {
        line.insert("choices".to_owned(), choices.clone());
    }
    Value::Object(line)
}

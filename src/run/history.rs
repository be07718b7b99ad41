//! What a run has left in its `metrics.jsonl` so far: its figures as series.
//!
//! It is read while another process writes it: a last line that is not whole yet is left
//! for later, and a file that was cut back (its run is resumed) is read anew.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use serde_json::Value;

use super::{RunError, name};

/// A figure of a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// The number of the step, from 1.
    pub step: u64,
    /// Its epoch, from 1.
    pub epoch: u64,
    /// The figure; NaN where it is no number.
    pub value: f64,
}

/// A figure of all steps that have it.
pub type Series = Vec<Point>;

/// In how many of some architectures of the strategy each option was chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct Choices {
    /// After which step.
    pub step: u64,
    /// Of how many architectures.
    pub samples: u64,
    /// By decision, for each of its options.
    pub chosen: IndexMap<String, Vec<u64>>,
    /// In how many a decision was made, where not in all.
    pub decided: IndexMap<String, u64>,
}

/// The metrics of a run.
#[derive(Clone, Debug)]
pub struct History {
    path: PathBuf,
    /// Of the file, how much was read.
    bytes: u64,
    /// How many steps the run has, where its metrics say so.
    pub total: Option<u64>,
    /// The last step.
    pub step: u64,
    /// Its epoch.
    pub epoch: u64,
    /// Figures by phase and name, in the order of their first line.
    series: IndexMap<String, IndexMap<String, Series>>,
    /// What the strategy chose, by step.
    pub choices: Vec<Choices>,
    /// Architectures of reports in the line form: step, and architecture with what was
    /// measured.
    pub samples: Vec<(u64, Vec<(String, f64)>)>,
    /// How the strategy does against chance, as the last line says that has it.
    pub comparison: Option<Value>,
    /// Whether the line is there that a search ends with.
    pub derived: bool,
}

impl History {
    /// The metrics of a run folder; none where there are none yet.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn read(folder: &Path) -> Result<Self, RunError> {
        let mut history = Self::empty(folder.join(name::METRICS));
        history.update()?;
        Ok(history)
    }

    fn empty(path: PathBuf) -> Self {
        Self {
            path,
            bytes: 0,
            total: None,
            step: 0,
            epoch: 0,
            series: IndexMap::new(),
            choices: Vec::new(),
            samples: Vec::new(),
            comparison: None,
            derived: false,
        }
    }

    /// Reads what was written since; says whether there was anything.
    ///
    /// # Errors
    /// When a whole line is no JSON object, or the disk does not answer.
    pub fn update(&mut self) -> Result<bool, RunError> {
        let failed = |source| RunError::read(&self.path, source);
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(failed(error)),
        };
        let length = file.metadata().map_err(failed)?.len();
        let before = self.bytes;
        if length < before {
            *self = Self::empty(std::mem::take(&mut self.path));
            return self.update().map(|_| true);
        }
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(before))
            .and_then(|_| file.read_to_end(&mut bytes))
            .map_err(failed)?;
        let whole = bytes
            .iter()
            .rposition(|&byte| byte == b'\n')
            .map_or(0, |end| end + 1);
        for line in bytes
            .get(..whole)
            .unwrap_or_default()
            .split(|&byte| byte == b'\n')
        {
            if line.is_empty() {
                continue;
            }
            match serde_json::from_slice::<Value>(line) {
                Ok(line) => self.add(&line),
                // Cut back and grown again since the last look.
                Err(_) if before > 0 => {
                    *self = Self::empty(std::mem::take(&mut self.path));
                    return self.update().map(|_| true);
                }
                Err(why) => {
                    return Err(RunError::Unreadable {
                        path: self.path.clone(),
                        why: format!("a line after step {} is no JSON: {why}", self.step),
                    });
                }
            }
        }
        self.bytes = before + whole as u64;
        Ok(whole > 0)
    }

    fn add(&mut self, line: &Value) {
        let number = |name: &str| line.get(name).and_then(Value::as_u64);
        if let Some(total) = number("steps") {
            self.total = Some(total);
        }
        let (Some(step), Some(phase)) = (number("step"), line.get("phase").and_then(Value::as_str))
        else {
            return;
        };
        self.step = self.step.max(step);
        self.epoch = number("epoch").unwrap_or(self.epoch);
        let series = self.series.entry(phase.to_owned()).or_default();
        for (name, value) in line.as_object().into_iter().flatten() {
            if matches!(name.as_str(), "step" | "epoch") || !(value.is_number() || value.is_null())
            {
                continue;
            }
            series.entry(name.clone()).or_default().push(Point {
                step,
                epoch: self.epoch,
                value: value.as_f64().unwrap_or(f64::NAN),
            });
        }
        if let Some(samples) = line.get("samples").and_then(Value::as_array) {
            let sample = |sample: &Value| {
                let architecture = sample.get("architecture")?.as_str()?.to_owned();
                Some((architecture, sample.get("accuracy")?.as_f64()?))
            };
            let samples = samples.iter().filter_map(sample).collect();
            self.samples.push((step, samples));
        }
        if let Some(choices) = line
            .get("choices")
            .and_then(|found| Choices::read(step, found))
        {
            self.choices.push(choices);
        }
        self.derived = phase == "derive";
        if let Some(comparison) = line.get("comparison") {
            self.comparison = Some(comparison.clone());
        }
    }

    /// A figure of a phase; empty where there is none.
    #[must_use]
    pub fn series(&self, phase: &str, name: &str) -> &[Point] {
        let found = self.series.get(phase).and_then(|figures| figures.get(name));
        found.map_or(&[], Vec::as_slice)
    }
}

impl Choices {
    fn read(step: u64, found: &Value) -> Option<Self> {
        let counts = |(path, counts): (&String, &Value)| {
            let counts = counts.as_array()?.iter().filter_map(Value::as_u64);
            Some((path.clone(), counts.collect()))
        };
        let decided = found.get("decided").and_then(Value::as_object);
        let decided = decided.into_iter().flatten();
        Some(Self {
            step,
            samples: found.get("samples")?.as_u64()?,
            chosen: found
                .get("chosen")?
                .as_object()?
                .iter()
                .filter_map(counts)
                .collect(),
            decided: decided
                .filter_map(|(path, n)| Some((path.clone(), n.as_u64()?)))
                .collect(),
        })
    }

    /// How often each option of a decision was chosen, of the times it was made.
    #[must_use]
    pub fn shares(&self, path: &str) -> Option<Vec<f64>> {
        let counts = self.chosen.get(path)?;
        let made = *self.decided.get(path).unwrap_or(&self.samples);
        Some(
            counts
                .iter()
                .map(|&n| n as f64 / made.max(1) as f64)
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;

    use super::*;

    const HEADER: &str = "{\"schema\":1,\"file\":\"metrics\",\"steps\":3}\n";
    const FIRST: &str = "{\"step\":1,\"epoch\":1,\"phase\":\"shared\",\"loss\":2.5}\n";
    const SECOND: &str = "{\"step\":2,\"epoch\":1,\"phase\":\"report\",\"samples\":[{\"architecture\":\"a=b\",\"accuracy\":0.5}],\"choices\":{\"samples\":8,\"chosen\":{\"a\":[2,6],\"c\":[1,1]},\"decided\":{\"c\":2}}}\n";

    #[test]
    fn a_file_is_read_while_it_grows_and_after_it_was_cut_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name::METRICS);
        let mut history = History::read(folder.path()).unwrap();
        assert!(!history.update().unwrap());
        let (torn, rest) = SECOND.split_at(20);
        fs::write(&path, format!("{HEADER}{FIRST}{torn}")).unwrap();
        assert!(history.update().unwrap());
        assert_eq!((history.total, history.step), (Some(3), 1));
        let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(rest.as_bytes()).unwrap();
        assert!(history.update().unwrap() && !history.update().unwrap());
        assert_eq!(history.samples, [(2, vec![("a=b".to_owned(), 0.5)])]);
        let choices = &history.choices[0];
        assert_eq!(choices.shares("a").unwrap(), [0.25, 0.75]);
        assert_eq!(choices.shares("c").unwrap(), [0.5, 0.5]);
        assert_eq!(choices.shares("d"), None);

        fs::write(&path, format!("{HEADER}{}", FIRST.replace("2.5", "null"))).unwrap();
        assert!(history.update().unwrap());
        assert_eq!((history.step, history.choices.len()), (1, 0));
        assert!(history.series("shared", "loss")[0].value.is_nan());
        fs::write(&path, "{\n").unwrap();
        let error = history.update().unwrap_err().to_string();
        assert!(error.contains("no JSON"), "{error}");
    }
}

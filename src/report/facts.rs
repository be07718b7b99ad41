//! What a run folder says, whether its run goes on, was stopped or is done.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::decision::Architecture;
use crate::diagnostic::Severity;
use crate::run::{
    Command, History, RunError, RunInfo, graph_fingerprint, is_locked, name, read_info, read_json,
};
use crate::unroll::Settings;
use crate::{Options, SearchSpace, compile};

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// A process writes it.
    Running,
    /// No process writes it, and its result is not there.
    Stopped,
    /// Its result is there.
    Finished,
}

/// A run folder, read without a lock.
#[derive(Debug)]
pub struct Facts {
    /// The folder.
    pub folder: PathBuf,
    /// What runs there.
    pub info: RunInfo,
    /// Every hyperparameter.
    pub config: Value,
    /// Its metrics so far.
    pub history: History,
    /// How far it is.
    pub state: State,
    /// The derived architecture, of a search.
    pub best: Option<Value>,
    /// Accuracy and loss at the end, of a training.
    pub result: Option<Value>,
    /// The architecture that is trained, of a training.
    pub architecture: Option<Value>,
}

impl Facts {
    /// Reads a run folder.
    ///
    /// # Errors
    /// When it holds no run, or one that cannot be read.
    pub fn read(folder: &Path) -> Result<Self, RunError> {
        let architecture = folder.join(name::ARCHITECTURE);
        let mut facts = Self {
            folder: folder.to_owned(),
            info: read_info(folder)?,
            config: read_json(&folder.join(name::CONFIG))?,
            history: History::read(folder)?,
            state: State::Stopped,
            best: None,
            result: None,
            architecture: architecture
                .is_file()
                .then(|| read_json(&architecture))
                .transpose()?,
        };
        facts.look()?;
        Ok(facts)
    }

    /// Reads what was written since; says whether there were new metrics.
    ///
    /// # Errors
    /// When that cannot be read.
    pub fn update(&mut self) -> Result<bool, RunError> {
        let new = self.history.update()?;
        self.look()?;
        Ok(new)
    }

    fn look(&mut self) -> Result<(), RunError> {
        // First the lock: who lets it go has written all that there will be.
        let running = is_locked(&self.folder);
        let read = |file: &str| {
            let path = self.folder.join(file);
            path.is_file().then(|| read_json(&path)).transpose()
        };
        (self.best, self.result) = (read(name::BEST)?, read(name::RESULT)?);
        let done = match self.info.command {
            // What an earlier part of the run had derived is not the end of this one.
            Command::Search => self.best.is_some() && self.history.derived,
            Command::Train => self.result.is_some(),
        };
        self.state = match (running, done) {
            (true, _) => State::Running,
            (false, true) => State::Finished,
            (false, false) => State::Stopped,
        };
        Ok(())
    }

    /// The space, compiled from the copy in the folder.
    ///
    /// # Errors
    /// A sentence, where this enasc does not make the same of it.
    pub fn space(&self) -> Result<SearchSpace, String> {
        let path = self.folder.join(name::SPACE);
        let text = std::fs::read_to_string(&path)
            .map_err(|why| format!("{} cannot be read: {why}", path.display()))?;
        let pair = |text: &String| {
            let (name, value) = text.split_once('=').unwrap_or((text, ""));
            (name.to_owned(), value.to_owned())
        };
        let options = Options {
            settings: Settings(self.info.space.set.iter().map(pair).collect()),
            space: Some(self.info.space.name.clone()),
            folder: Some(self.folder.join(name::MODULES)),
            ..Options::default()
        };
        let mut compilation = compile(&path.display().to_string(), &text, &options);
        let failed = compilation
            .diagnostics
            .iter()
            .any(|d| d.severity == Severity::Error);
        let space = compilation.spaces.pop().filter(|_| !failed);
        space
            .filter(|space| {
                graph_fingerprint(&space.decisions, &space.graph) == self.info.space.graph
            })
            .ok_or_else(|| {
                format!(
                    "this enasc compiles the space of the run to something else: it was written by enasc {}",
                    self.info.version
                )
            })
    }

    /// By what architectures are judged: `accuracy`, `perplexity` or `score`.
    #[must_use]
    pub fn measure(&self) -> &'static str {
        let named = self
            .best
            .as_ref()
            .and_then(|best| best.get("measure")?.as_str());
        let has = |phase, name| !self.history.series(phase, name).is_empty();
        if named == Some("score") || self.is_by_table() {
            "score"
        } else if named == Some("perplexity") || has("shared", "perplexity") {
            "perplexity"
        } else {
            "accuracy"
        }
    }

    /// Whether a search is judged by a table of results.
    #[must_use]
    pub fn is_by_table(&self) -> bool {
        self.info.data.source.starts_with("table:")
    }

    /// Whether what is chosen depends on the rewards.
    #[must_use]
    pub fn learns(&self) -> bool {
        self.setting(&["strategy", "name"]) != Some(&Value::from("random"))
    }

    /// Whether less of the measure is better.
    #[must_use]
    pub fn less_is_better(&self) -> bool {
        self.measure() == "perplexity"
    }

    /// The epochs of the whole run.
    #[must_use]
    pub fn epochs(&self) -> u64 {
        let phase = match self.info.command {
            Command::Search => "shared",
            Command::Train => "retrain",
        };
        self.setting(&[phase, "epochs"])
            .and_then(Value::as_u64)
            .unwrap_or(0)
    }

    /// A hyperparameter by its path.
    #[must_use]
    pub fn setting(&self, path: &[&str]) -> Option<&Value> {
        path.iter().try_fold(&self.config, |at, name| at.get(name))
    }

    /// The best architectures that there are, with what was measured of each, best first.
    #[must_use]
    pub fn ranked(&self) -> Ranked {
        let measure = self.measure();
        let candidates = self
            .best
            .as_ref()
            .and_then(|best| best.get("candidates")?.as_array());
        if let Some(candidates) = candidates.filter(|_| self.state == State::Finished) {
            let one = |candidate: &Value| {
                Some(Found {
                    line: candidate.get("architecture")?.as_str()?.to_owned(),
                    value: candidate.get(measure)?.as_f64()?,
                    drawn: candidate.get("drawn").and_then(Value::as_u64),
                })
            };
            return Ranked {
                found: candidates.iter().filter_map(one).collect(),
                at: None,
            };
        }
        let Some((step, samples)) = self.history.samples.last() else {
            return Ranked::default();
        };
        let mut found: Vec<Found> = Vec::new();
        for (line, value) in samples {
            match found.iter_mut().find(|other| other.line == *line) {
                Some(same) => same.drawn = same.drawn.map(|n| n + 1),
                None => found.push(Found {
                    line: line.clone(),
                    value: *value,
                    drawn: Some(1),
                }),
            }
        }
        let sign = if self.less_is_better() { 1.0 } else { -1.0 };
        found.sort_by(|a, b| (sign * a.value).total_cmp(&(sign * b.value)));
        Ranked {
            found,
            at: Some(*step),
        }
    }
}

/// Architectures, best first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ranked {
    /// The architectures.
    pub found: Vec<Found>,
    /// Where they are samples of a report: after which step, judged on one minibatch.
    /// `None`: they are those that the search derived.
    pub at: Option<u64>,
}

/// An architecture that was judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// In the line form.
    pub line: String,
    /// What was measured.
    pub value: f64,
    /// How many of the samples it was.
    pub drawn: Option<u64>,
}

impl Found {
    /// The architecture; `None` where it is none of `space`.
    #[must_use]
    pub fn architecture(&self, space: &SearchSpace) -> Option<Architecture> {
        Architecture::parse(&self.line, &space.decisions, &space.name).ok()
    }
}

//! The run folder: all that one search or one training leaves behind.
//!
//! ```text
//! RUN/
//!   run.json               what runs here: command, space, settings, data, machine
//!   config.json            every hyperparameter, resolved
//!   space.enas             the source of the space
//!   modules/               the files that it uses
//!   architecture.json      the architecture that is trained (of a training)
//!   metrics.jsonl          a header, then one JSON object a line, by step
//!   events.out.tfevents.enasc   its numbers for TensorBoard (with `--tensorboard`)
//!   best.json              the derived architecture and its score (of a search)
//!   result.json            accuracy and loss at the end (of a training)
//!   correlate/0000.json    an architecture's scores, shared and retrained (of a search)
//!   weights.safetensors    the trained network (of a training)
//!   checkpoint-00000120/   where `--resume` goes on; the last two are kept
//!     state.json           counters
//!     tensors.safetensors  weights, batch-norm statistics, optimiser states, policy
//!     manifest.json        length and SHA-256 of the other two
//!   lock                   held by the process that writes here
//! ```
//!
//! Invariants:
//! - a file is whole or not there: it is written beside its place, under a name
//!   that starts with a dot, brought to the disk and renamed; `metrics.jsonl` and
//!   the events alone grow, and are cut back to the checkpoint when a run is resumed;
//! - `run.json` is written last, so a folder that has it is a run, and a folder
//!   in which a run was being created when the process was killed is not;
//! - every file states its schema version ([`SCHEMA`]).
//!
//! Nothing here needs libtorch.

mod atomic;
mod checkpoint;
mod error;
mod events;
mod history;
mod info;
mod lock;
mod metrics;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

pub use atomic::{replace, write_atomic};
pub use checkpoint::{Checkpoint, Damaged};
pub use error::RunError;
pub use history::{Choices, History, Point, Series};
pub(crate) use info::hex;
pub use info::{
    Command, DataInfo, Inherited, MachineInfo, Normalisation, RunInfo, SpaceInfo, graph_fingerprint,
};
pub use lock::is_locked;
pub use metrics::Metrics;

use lock::Lock;

/// The version of the layout of a run folder and of every file in it.
pub const SCHEMA: u64 = 1;

/// File names of a run folder.
pub mod name {
    /// What runs here.
    pub const RUN: &str = "run.json";
    /// Every hyperparameter.
    pub const CONFIG: &str = "config.json";
    /// The source of the space.
    pub const SPACE: &str = "space.enas";
    /// The files that the source uses.
    pub const MODULES: &str = "modules";
    /// The architecture that is trained.
    pub const ARCHITECTURE: &str = "architecture.json";
    /// One JSON object a line.
    pub const METRICS: &str = "metrics.jsonl";
    /// The same for TensorBoard, which looks for `tfevents` in names.
    pub const EVENTS: &str = "events.out.tfevents.enasc";
    /// The derived architecture.
    pub const BEST: &str = "best.json";
    /// Accuracy and loss at the end of a training.
    pub const RESULT: &str = "result.json";
    /// The weights of a trained network.
    pub const WEIGHTS: &str = "weights.safetensors";
    /// A file an architecture whose scores are correlated.
    pub const CORRELATE: &str = "correlate";
    /// Of the tensors of a checkpoint, the group of the parameters: `model/conv.weight`.
    pub const MODEL: &str = "model";
    /// Held by the process that writes.
    pub const LOCK: &str = "lock";
}

/// What a run is made from; on `--resume` it must be what the folder says.
#[derive(Clone, Debug)]
pub struct Recipe<'a> {
    /// What is run, on which space and data.
    pub info: RunInfo,
    /// Every hyperparameter, as JSON.
    pub config: Value,
    /// The source of the space.
    pub source: &'a str,
    /// The files that the source uses: path below its folder, and text.
    pub modules: &'a [(PathBuf, String)],
    /// For a training: the architecture, in its JSON form.
    pub architecture: Option<Value>,
}

/// A run folder that this process alone writes.
#[derive(Debug)]
pub struct Run {
    folder: PathBuf,
    /// Whether metrics are written for TensorBoard too.
    events: bool,
    /// Released when the run is dropped, and by the system when the process ends.
    _lock: Lock,
}

/// Hyperparameters that may differ when a run is resumed: they do not change
/// what is computed.
const FREE: &[&str] = &["run.checkpoint_steps", "run.log_steps"];

impl Run {
    /// Makes a run in a folder that does not exist or is empty.
    ///
    /// # Errors
    /// When the folder holds a run or other files, another process writes it,
    /// or the disk does not take it.
    pub fn create(folder: &Path, recipe: &Recipe) -> Result<Self, RunError> {
        if folder.join(name::RUN).exists() {
            return Err(RunError::Exists(folder.to_owned()));
        }
        if folder.exists() && !is_ours(folder)? {
            return Err(RunError::NotEmpty(folder.to_owned()));
        }
        fs::create_dir_all(folder).map_err(|source| RunError::write(folder, source))?;
        let run = Self::locked(folder)?;
        // Another process may have made a run between the first look and the lock.
        if folder.join(name::RUN).exists() {
            return Err(RunError::Exists(folder.to_owned()));
        }
        write_atomic(&folder.join(name::SPACE), recipe.source.as_bytes())?;
        for (path, text) in recipe.modules {
            let path = folder.join(name::MODULES).join(path);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent).map_err(|source| RunError::write(parent, source))?;
            }
            write_atomic(&path, text.as_bytes())?;
        }
        run.write_json(name::CONFIG, &with_schema(&recipe.config))?;
        if let Some(architecture) = &recipe.architecture {
            run.write_json(name::ARCHITECTURE, &with_schema(architecture))?;
        }
        let info = serde_json::to_value(&recipe.info).unwrap_or_default();
        run.write_json(name::RUN, &with_schema(&info))?;
        Ok(run)
    }

    /// Opens the run of a folder to go on with it. A folder in which no run was
    /// completely made (it is missing, empty, or its process was killed in the
    /// first moment) gets a new one.
    ///
    /// # Errors
    /// When the folder's run was started from something else, with a sentence
    /// that names the difference; and as [`Run::create`].
    pub fn resume(folder: &Path, recipe: &Recipe) -> Result<Self, RunError> {
        if !folder.join(name::RUN).exists() {
            return Self::create(folder, recipe);
        }
        let run = Self::open(folder)?;
        let info = run.info()?;
        if let Some(difference) = info.difference(&recipe.info) {
            return Err(run.differs(difference));
        }
        let config = run.config()?;
        if let Some(difference) = difference("", &config, &recipe.config) {
            return Err(run.differs(format!("its config.json has {difference}")));
        }
        if let Some(architecture) = &recipe.architecture {
            let path = folder.join(name::ARCHITECTURE);
            if read_json(&path)? != *architecture {
                return Err(run.differs("it trains another architecture".to_owned()));
            }
        }
        Ok(run)
    }

    /// Opens the run of a folder, to write it.
    ///
    /// # Errors
    /// When there is none, or another process writes it.
    pub fn open(folder: &Path) -> Result<Self, RunError> {
        if !folder.join(name::RUN).is_file() {
            return Err(RunError::NoRun(folder.to_owned()));
        }
        let run = Self::locked(folder)?;
        remove_unfinished(folder)?;
        Ok(run)
    }

    fn locked(folder: &Path) -> Result<Self, RunError> {
        Ok(Self {
            folder: folder.to_owned(),
            events: folder.join(name::EVENTS).exists(),
            _lock: Lock::take(folder)?,
        })
    }

    fn differs(&self, difference: String) -> RunError {
        RunError::Differs {
            folder: self.folder.clone(),
            difference,
        }
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The path of one of its files.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// What runs here.
    ///
    /// # Errors
    /// When `run.json` cannot be read.
    pub fn info(&self) -> Result<RunInfo, RunError> {
        read_info(&self.folder)
    }

    /// The saved hyperparameters.
    ///
    /// # Errors
    /// When `config.json` cannot be read.
    pub fn config(&self) -> Result<Value, RunError> {
        read_json(&self.folder.join(name::CONFIG))
    }

    /// Writes one of its JSON files atomically.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn write_json(&self, name: &str, value: &Value) -> Result<(), RunError> {
        let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
        text.push('\n');
        write_atomic(&self.path(name), text.as_bytes())
    }

    /// Asks for metrics that TensorBoard reads ([`name::EVENTS`]), besides those that
    /// are written anyway. A run that has them goes on with them unasked.
    #[must_use]
    pub fn with_events(mut self, wanted: bool) -> Self {
        self.events |= wanted;
        self
    }

    /// The metrics of a run of `steps` steps that starts: the header alone.
    ///
    /// # Errors
    /// When the disk does not take them.
    pub fn new_metrics(&self, steps: u64) -> Result<Metrics, RunError> {
        let header = json!({"schema": SCHEMA, "file": "metrics", "steps": steps});
        self.and_events(Metrics::create(&self.path(name::METRICS), &header)?)
    }

    /// The metrics of a run that is resumed, cut back to `bytes`.
    ///
    /// # Errors
    /// When there are fewer, or the disk does not answer.
    pub fn resume_metrics(&self, bytes: u64) -> Result<Metrics, RunError> {
        self.and_events(Metrics::cut_back(&self.path(name::METRICS), bytes)?)
    }

    fn and_events(&self, metrics: Metrics) -> Result<Metrics, RunError> {
        if self.events {
            metrics.with_events(&self.path(name::EVENTS))
        } else {
            Ok(metrics)
        }
    }

    /// Saves a checkpoint after `step` steps and drops all but the last two.
    /// `write_tensors` writes the tensors to the path that it is given.
    ///
    /// # Errors
    /// When the disk does not take it; the checkpoints before are whole then.
    pub fn save_checkpoint(
        &self,
        step: u64,
        state: &Value,
        write_tensors: &mut dyn FnMut(&Path) -> Result<(), RunError>,
    ) -> Result<(), RunError> {
        checkpoint::save(&self.folder, step, state, write_tensors)
    }

    /// The last good checkpoint, if there is any. Damaged ones that are newer are
    /// set aside (renamed to `damaged-..`) and reported with it.
    ///
    /// # Errors
    /// When there are checkpoints and all are damaged.
    pub fn last_checkpoint(&self) -> Result<Option<Checkpoint>, RunError> {
        checkpoint::last(&self.folder)
    }
}

/// What runs in a folder, without locking it.
///
/// # Errors
/// When it holds no run, or one that cannot be read.
pub fn read_info(folder: &Path) -> Result<RunInfo, RunError> {
    let path = folder.join(name::RUN);
    if !path.is_file() {
        return Err(RunError::NoRun(folder.to_owned()));
    }
    serde_json::from_value(read_json(&path)?).map_err(|why| RunError::Unreadable {
        path,
        why: why.to_string(),
    })
}

/// Reads a JSON file of a run folder and takes the schema version off.
///
/// # Errors
/// When it cannot be read or has another schema version.
pub fn read_json(path: &Path) -> Result<Value, RunError> {
    let text = fs::read_to_string(path).map_err(|source| RunError::read(path, source))?;
    let unreadable = |why: String| RunError::Unreadable {
        path: path.to_owned(),
        why,
    };
    let mut value: Value =
        serde_json::from_str(&text).map_err(|why| unreadable(why.to_string()))?;
    let object = value
        .as_object_mut()
        .ok_or_else(|| unreadable("it is no JSON object".to_owned()))?;
    match object
        .shift_remove("schema")
        .and_then(|found| found.as_u64())
    {
        Some(SCHEMA) => Ok(value),
        Some(found) => Err(RunError::Schema {
            path: path.to_owned(),
            found,
        }),
        None => Err(unreadable("it states no schema version".to_owned())),
    }
}

/// Puts the schema version first.
#[must_use]
pub fn with_schema(value: &Value) -> Value {
    let mut all = json!({"schema": SCHEMA});
    if let (Some(all), Some(rest)) = (all.as_object_mut(), value.as_object()) {
        all.extend(rest.clone());
    }
    all
}

/// The first place where two trees of hyperparameters differ, in words; what may
/// differ is skipped.
fn difference(path: &str, saved: &Value, given: &Value) -> Option<String> {
    match (saved, given) {
        (Value::Object(saved), Value::Object(given)) => {
            let missing = given.keys().filter(|key| !saved.contains_key(*key));
            saved.keys().chain(missing).find_map(|key| {
                let inner = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                let of = |object: &serde_json::Map<String, Value>| {
                    object.get(key).cloned().unwrap_or(Value::Null)
                };
                difference(&inner, &of(saved), &of(given))
            })
        }
        _ if saved == given || FREE.contains(&path) => None,
        _ => Some(format!("{path} = {saved} where {given} is asked for")),
    }
}

/// Whether a folder holds nothing but what a run that was being made left there.
fn is_ours(folder: &Path) -> Result<bool, RunError> {
    let ours = [
        name::LOCK,
        name::CONFIG,
        name::SPACE,
        name::MODULES,
        name::ARCHITECTURE,
    ];
    let entries = fs::read_dir(folder).map_err(|source| RunError::read(folder, source))?;
    for entry in entries {
        let entry = entry.map_err(|source| RunError::read(folder, source))?;
        let file = entry.file_name();
        let file = file.to_string_lossy();
        if !ours.contains(&file.as_ref()) && !atomic::is_unfinished(&file) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Removes what a killed process was writing.
fn remove_unfinished(folder: &Path) -> Result<(), RunError> {
    let entries = fs::read_dir(folder).map_err(|source| RunError::read(folder, source))?;
    for entry in entries.flatten() {
        let path = entry.path();
        if atomic::is_unfinished(&entry.file_name().to_string_lossy()) {
            let removed = if path.is_dir() {
                fs::remove_dir_all(&path)
            } else {
                fs::remove_file(&path)
            };
            removed.map_err(|source| RunError::write(&path, source))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;

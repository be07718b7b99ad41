//! Metrics as JSON lines.

use std::fs::{self, File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::events::Events;
use super::{RunError, atomic};

/// The open `metrics.jsonl` of a run.
///
/// A line is one write, so a killed process leaves at most one torn line, and
/// that is cut off when the run is resumed.
#[derive(Debug)]
pub struct Metrics {
    path: PathBuf,
    file: File,
    bytes: u64,
    /// The same for TensorBoard, where that is wanted.
    events: Option<Events>,
}

impl Metrics {
    /// A new file with one line, in place of any that is there.
    pub(super) fn create(path: &Path, header: &Value) -> Result<Self, RunError> {
        let mut metrics = File::create(path)
            .map(|file| Self {
                path: path.to_owned(),
                file,
                bytes: 0,
                events: None,
            })
            .map_err(|source| RunError::write(path, source))?;
        metrics.append(header)?;
        metrics.sync()?;
        atomic::sync_folder(path).map_err(|source| RunError::write(path, source))?;
        Ok(metrics)
    }

    /// The file of a checkpoint that was `bytes` long then; what came after is
    /// cut off.
    pub(super) fn cut_back(path: &Path, bytes: u64) -> Result<Self, RunError> {
        let mut file = OpenOptions::new()
            .write(true)
            .open(path)
            .map_err(|source| RunError::write(path, source))?;
        let failed = |source| RunError::write(path, source);
        let found = file.metadata().map_err(failed)?.len();
        if found < bytes {
            return Err(RunError::Unreadable {
                path: path.to_owned(),
                why: format!(
                    "it has {found} bytes, {bytes} when the checkpoint was saved; without the lines that are missing the run cannot be resumed"
                ),
            });
        }
        let failed = |source| RunError::write(path, source);
        file.set_len(bytes).map_err(failed)?;
        file.seek(SeekFrom::End(0)).map_err(failed)?;
        Ok(Self {
            path: path.to_owned(),
            file,
            bytes,
            events: None,
        })
    }

    /// Writes all that there is, and all that will be appended, to a file of events too.
    pub(super) fn with_events(mut self, path: &Path) -> Result<Self, RunError> {
        let text = fs::read_to_string(&self.path);
        let text = text.map_err(|source| RunError::read(&self.path, source))?;
        let lines: Vec<Value> = text
            .lines()
            .filter_map(|l| serde_json::from_str(l).ok())
            .collect();
        self.events = Some(Events::of(path, &lines)?);
        Ok(self)
    }

    /// Appends one line.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn append(&mut self, record: &Value) -> Result<(), RunError> {
        let mut line = serde_json::to_vec(record).map_err(|why| RunError::Unreadable {
            path: self.path.clone(),
            why: why.to_string(),
        })?;
        line.push(b'\n');
        self.file
            .write_all(&line)
            .map_err(|source| RunError::write(&self.path, source))?;
        self.bytes += line.len() as u64;
        match &mut self.events {
            Some(events) => events.append(record),
            None => Ok(()),
        }
    }

    /// Brings all lines to the disk; how many bytes they are.
    ///
    /// # Errors
    /// When the disk does not take them.
    pub fn sync(&mut self) -> Result<u64, RunError> {
        self.file
            .sync_all()
            .map_err(|source| RunError::write(&self.path, source))?;
        Ok(self.bytes)
    }
}

//! What can go wrong with a run folder.

use std::io;
use std::path::{Path, PathBuf};

use super::{Damaged, SCHEMA};

/// Why a run folder cannot be made, read or written. Each is one sentence that
/// says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The folder holds a run, and `--resume` was not asked for.
    #[error(
        "{} holds a run already: --resume goes on with it; for a new one name another folder with --out", .0.display()
    )]
    Exists(PathBuf),
    /// The folder holds other files.
    #[error(
        "{} is not empty and holds no run: name a new or an empty folder with --out", .0.display()
    )]
    NotEmpty(PathBuf),
    /// The folder holds no run.
    #[error("{} holds no run: there is no run.json in it", .0.display())]
    NoRun(PathBuf),
    /// Another process writes the run.
    #[error(
        "{} is in use by another process{}: wait for it or stop it first", folder.display(),
        process.map(|id| format!(" ({id})")).unwrap_or_default()
    )]
    Locked {
        /// The run folder.
        folder: PathBuf,
        /// Its process id, where it could be read.
        process: Option<u32>,
    },
    /// The run was started from something else.
    #[error(
        "{} cannot be resumed with this: {difference}; run the command it was started with, or name another folder with --out", folder.display()
    )]
    Differs {
        /// The run folder.
        folder: PathBuf,
        /// What differs.
        difference: String,
    },
    /// The file has another schema version.
    #[error(
        "{} has schema version {found}, and this enasc reads {SCHEMA}: use the enasc that wrote it", path.display()
    )]
    Schema {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u64,
    },
    /// The file is not what it should be.
    #[error("{} cannot be read: {why}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Every checkpoint is damaged.
    #[error(
        "{} has no checkpoint that is whole: {}; start the search anew with another --out", folder.display(),
        damaged.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    )]
    NoGoodCheckpoint {
        /// The run folder.
        folder: PathBuf,
        /// The damaged ones, newest first.
        damaged: Vec<Damaged>,
    },
    /// The disk does not take it.
    #[error("cannot write {}: {}{}", path.display(), cause(source), storage_help(source))]
    Write {
        /// What was written.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The disk does not give it.
    #[error("cannot read {}: {}", path.display(), cause(source))]
    Read {
        /// What was read.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}

impl RunError {
    pub(super) fn write(path: &Path, source: io::Error) -> Self {
        Self::Write {
            path: path.to_owned(),
            source,
        }
    }

    /// The same for whoever knows the file under its final name.
    pub(super) fn at(self, path: &Path) -> Self {
        match self {
            Self::Write { source, .. } => Self::write(path, source),
            other => other,
        }
    }

    pub(super) fn read(path: &Path, source: io::Error) -> Self {
        Self::Read {
            path: path.to_owned(),
            source,
        }
    }
}

/// The message of an IO error without its number.
fn cause(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((words, _)) => words.to_owned(),
        None => text,
    }
}

fn storage_help(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "; what was saved before is whole: make room and go on with --resume"
        }
        _ => "",
    }
}

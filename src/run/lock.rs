//! One writer at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use super::{RunError, name};

/// The right to write a run folder. The system takes it back when the process
/// ends, however it ends, so no lock is ever stale.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of a folder.
    pub(super) fn take(folder: &Path) -> Result<Self, RunError> {
        let path = folder.join(name::LOCK);
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(|source| RunError::write(&path, source))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                let _ = file.read_to_string(&mut text);
                return Err(RunError::Locked {
                    folder: folder.to_owned(),
                    process: text.trim().parse().ok(),
                });
            }
            Err(TryLockError::Error(source)) => return Err(RunError::write(&path, source)),
        }
        // The process id is for the message of the next one alone.
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(|source| RunError::write(&path, source))?;
        Ok(Self { _file: file })
    }
}

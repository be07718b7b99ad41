//! One writer at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

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
        let mut taken = file.try_lock();
        for _ in 0..LOOKS {
            if !matches!(taken, Err(TryLockError::WouldBlock)) {
                break;
            }
            sleep(LOOK);
            taken = file.try_lock();
        }
        match taken {
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

/// Whether a process writes a run folder now.
///
/// To find out, the lock is taken for a moment, by readers side by side; a writer that
/// comes in that moment tries again.
#[must_use]
pub fn is_locked(folder: &Path) -> bool {
    let Ok(file) = File::open(folder.join(name::LOCK)) else {
        return false;
    };
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
}

/// How long a look at the lock takes at the most, and how many may come one upon another.
const LOOK: Duration = Duration::from_millis(10);
const LOOKS: usize = 3;

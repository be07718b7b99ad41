//! Files that are whole or not there.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::RunError;

/// The name beside `path` under which it is written until it is whole.
pub(super) fn unfinished(path: &Path) -> PathBuf {
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{file}.unfinished"))
}

/// Whether a file name is one of [`unfinished`].
pub(super) fn is_unfinished(file: &str) -> bool {
    file.starts_with('.') && file.ends_with(".unfinished")
}

/// Writes a file so that whoever reads `path`, at any moment and after a crash
/// too, finds the old content or the new one: a file beside it, brought to the
/// disk, then renamed.
///
/// # Errors
/// When the disk does not take it; the old content is there then.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), RunError> {
    replace(path, &mut |beside| {
        fs::write(beside, bytes).map_err(|source| RunError::write(path, source))
    })
}

/// As [`write_atomic`], with a file that `write` writes to the path it is given.
///
/// # Errors
/// When `write` fails, or the disk does not take the file.
pub fn replace(
    path: &Path,
    write: &mut dyn FnMut(&Path) -> Result<(), RunError>,
) -> Result<(), RunError> {
    let beside = unfinished(path);
    let replaced = write(&beside).and_then(|()| {
        sync(&beside)
            .and_then(|()| fs::rename(&beside, path))
            .and_then(|()| sync_folder(path))
            .map_err(|source| RunError::write(path, source))
    });
    let replaced = replaced.map_err(|error| error.at(path));
    if replaced.is_err() {
        // Best effort: on a full disk the torn file would keep its space.
        let _ = fs::remove_file(&beside);
    }
    replaced
}

/// Brings the content of a file to the disk.
pub(super) fn sync(path: &Path) -> io::Result<()> {
    // Opened for writing, since some systems refuse to sync otherwise.
    OpenOptions::new().append(true).open(path)?.sync_all()
}

/// Brings the entry of `path` in its folder to the disk: a rename is not durable
/// before that.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

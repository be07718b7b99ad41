//! What a file that is not there was probably meant to be.

use std::fs;
use std::path::{Path, PathBuf};

use crate::diagnostic::suggest::closest;

/// The ending of a space.
const ENDING: &str = "enas";

/// Where this project keeps the published spaces.
const SPACES: &str = "spaces";

/// A space that is there, in the same folder or among the published ones, and that
/// is called as the missing `file` or much like it.
pub(super) fn near(file: &Path) -> Option<PathBuf> {
    let name = format!("{}.{ENDING}", file.file_stem()?.to_str()?);
    let folders = [
        file.parent().unwrap_or(Path::new("")).to_owned(),
        PathBuf::from(SPACES),
    ];
    folders.iter().find_map(|folder| {
        let known = spaces_in(folder);
        let exact = known.iter().find(|known| **known == name);
        let found = exact.map(String::as_str);
        let found = found.or_else(|| closest(&name, known.iter().map(String::as_str)));
        found.map(|name| folder.join(name))
    })
}

/// The names of the spaces in a folder.
fn spaces_in(folder: &Path) -> Vec<String> {
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let name = |path: PathBuf| {
        let is_space = path.extension().is_some_and(|ending| ending == ENDING);
        let name = path.file_name()?.to_str()?.to_owned();
        is_space.then_some(name)
    };
    entries.filter_map(|entry| name(entry.path())).collect()
}

//! Which files an image folder has, and of which classes.

use super::super::error::DataError;
use super::super::file::cannot_read;
use std::ffi::{OsStr, OsString};
use std::fs::{self, DirEntry};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// One image file.
pub(super) struct File {
    /// Its path, from the image folder on.
    pub path: PathBuf,
    /// Its class: the place of the class's name among all, sorted.
    pub class: u16,
    /// Its size in bytes.
    pub bytes: u64,
    /// When it was last changed, in nanoseconds since 1970.
    pub changed: u128,
}

/// The files of an image folder, sorted by path.
pub(super) struct Listing {
    /// The names of the classes, sorted.
    pub classes: Vec<OsString>,
    pub train: Vec<File>,
    pub test: Vec<File>,
}

/// What is read. Other files of this list are images too, and are named when they
/// cannot be decoded; whatever else lies there (a list, a licence) is passed over.
const EXTENSIONS: [&str; 11] = [
    "jpg", "jpeg", "png", "gif", "bmp", "webp", "tif", "tiff", "ppm", "pgm", "avif",
];

/// Lists `train/CLASS/` and `test/CLASS/`, with the folders in them. Where there is
/// no `test`, or one without classes (images that nobody may know the classes of),
/// `val` stands for it.
pub(super) fn list(folder: &Path) -> Result<Listing, DataError> {
    let layout = |path: PathBuf, found: String| DataError::Layout { path, found };
    let classes = class_folders(&folder.join("train"))?;
    if classes.is_empty() {
        let found = "holds no folder `train` with a folder for each class".into();
        return Err(layout(folder.into(), found));
    }
    if classes.len() > usize::from(u16::MAX) {
        let found = format!(
            "holds {} folders, more than there can be classes",
            classes.len()
        );
        return Err(layout(folder.join("train"), found));
    }
    let mut part = "test";
    let mut test_classes = class_folders(&folder.join(part))?;
    if test_classes.is_empty() {
        part = "val";
        test_classes = class_folders(&folder.join(part))?;
    }
    if test_classes.is_empty() {
        let found = "holds no folder `test` or `val` with a folder for each class".into();
        return Err(layout(folder.into(), found));
    }
    if let Some(name) = test_classes.iter().find(|&name| !classes.contains(name)) {
        let found = format!(
            "is a class that `train` does not have, among {}",
            classes.len()
        );
        return Err(layout(folder.join(part).join(name), found));
    }
    let train = files(folder, "train", &classes)?;
    for (class, name) in classes.iter().enumerate() {
        if !train.iter().any(|file| usize::from(file.class) == class) {
            let found = "holds no image".into();
            return Err(layout(folder.join("train").join(name), found));
        }
    }
    let test = files(folder, part, &classes)?;
    if test.is_empty() {
        let found = "holds no image".into();
        return Err(layout(folder.join(part), found));
    }
    Ok(Listing {
        classes,
        train,
        test,
    })
}

/// The names of the folders in `part`, sorted; none if it is not there.
fn class_folders(part: &Path) -> Result<Vec<OsString>, DataError> {
    if !part.is_dir() {
        return Ok(Vec::new());
    }
    let mut names = Vec::new();
    for entry in entries(part)? {
        if entry.path().is_dir() {
            names.push(entry.file_name());
        }
    }
    Ok(names)
}

/// What a folder holds, sorted, without what is hidden.
fn entries(folder: &Path) -> Result<Vec<DirEntry>, DataError> {
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let mut entries = entries.map_err(cannot_read(folder))?;
    entries.retain(|entry| !entry.file_name().as_encoded_bytes().starts_with(b"."));
    entries.sort_by_key(DirEntry::file_name);
    Ok(entries)
}

/// The images of one part, class by class.
fn files(folder: &Path, part: &str, classes: &[OsString]) -> Result<Vec<File>, DataError> {
    let mut found = Vec::new();
    for (class, name) in classes.iter().enumerate() {
        let path = Path::new(part).join(name);
        // A class may be missing from the test images.
        if folder.join(&path).is_dir() {
            walk(folder, &path, class as u16, &mut found)?;
        }
    }
    Ok(found)
}

fn walk(folder: &Path, below: &Path, class: u16, to: &mut Vec<File>) -> Result<(), DataError> {
    for entry in entries(&folder.join(below))? {
        let path = below.join(entry.file_name());
        let full = entry.path();
        let about = fs::metadata(&full).map_err(cannot_read(&full))?;
        if about.is_dir() {
            walk(folder, &path, class, to)?;
        } else if path.extension().is_some_and(is_image) {
            let changed = about.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            to.push(File {
                path,
                class,
                bytes: about.len(),
                changed: changed
                    .duration_since(UNIX_EPOCH)
                    .map_or(0, |since| since.as_nanos()),
            });
        }
    }
    Ok(())
}

fn is_image(extension: &OsStr) -> bool {
    EXTENSIONS
        .iter()
        .any(|known| extension.eq_ignore_ascii_case(known))
}

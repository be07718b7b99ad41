//! Checkpoints: folders that are whole or not there.
//!
//! A checkpoint is written into a folder with an unfinished name, brought to the
//! disk file by file, and becomes one by a rename. Its manifest has the length
//! and the SHA-256 of its files, so that damage done later is found out.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::info::hex;
use super::{RunError, atomic, read_json, with_schema, write_atomic};

/// How many checkpoints are kept.
const KEEP: usize = 2;
const PREFIX: &str = "checkpoint-";
const STATE: &str = "state.json";
const TENSORS: &str = "tensors.safetensors";
const MANIFEST: &str = "manifest.json";

/// A good checkpoint.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// How many steps were done.
    pub step: u64,
    /// Counters.
    pub state: Value,
    /// The safetensors file.
    pub tensors: PathBuf,
    /// The SHA-256 of its content.
    pub fingerprint: String,
    /// Newer ones that are damaged, newest first.
    pub damaged: Vec<Damaged>,
}

/// A checkpoint that is not what was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damaged {
    /// The name of its folder.
    pub name: String,
    /// What is wrong.
    pub why: String,
}

/// `checkpoint-00000120: tensors.safetensors has 10 bytes, 20 were written`
impl fmt::Display for Damaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.why)
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    files: Vec<FileCheck>,
}

#[derive(Debug, Serialize, Deserialize)]
struct FileCheck {
    name: String,
    bytes: u64,
    sha256: String,
}

fn name_of(step: u64) -> String {
    format!("{PREFIX}{step:08}")
}

/// Writes a checkpoint, then drops all but the last [`KEEP`].
pub(super) fn save(
    folder: &Path,
    step: u64,
    state: &Value,
    write_tensors: &mut dyn FnMut(&Path) -> Result<(), RunError>,
) -> Result<(), RunError> {
    let path = folder.join(name_of(step));
    let beside = atomic::unfinished(&path);
    let written = write(&path, &beside, state, write_tensors);
    if written.is_err() {
        // Best effort: on a full disk the torn folder would keep its space.
        let _ = fs::remove_dir_all(&beside);
    }
    written?;
    let old = list(folder)?;
    for step in old.iter().rev().skip(KEEP) {
        let path = folder.join(name_of(*step));
        fs::remove_dir_all(&path).map_err(|source| RunError::write(&path, source))?;
    }
    Ok(())
}

fn write(
    path: &Path,
    beside: &Path,
    state: &Value,
    write_tensors: &mut dyn FnMut(&Path) -> Result<(), RunError>,
) -> Result<(), RunError> {
    let failed = |source| RunError::write(path, source);
    remove_folder(beside).map_err(failed)?;
    fs::create_dir(beside).map_err(failed)?;
    let tensors = beside.join(TENSORS);
    write_tensors(&tensors).map_err(|error| error.at(&path.join(TENSORS)))?;
    atomic::sync(&tensors).map_err(failed)?;
    let state = serde_json::to_vec_pretty(&with_schema(state)).unwrap_or_default();
    write_atomic(&beside.join(STATE), &state)?;
    let files = [TENSORS, STATE]
        .into_iter()
        .map(|name| check_of(beside, name))
        .collect::<io::Result<Vec<_>>>()
        .map_err(failed)?;
    let manifest = with_schema(&json!({ "files": files }));
    let manifest = serde_json::to_vec_pretty(&manifest).unwrap_or_default();
    write_atomic(&beside.join(MANIFEST), &manifest)?;
    // The same step again happens after a fall-back to an older checkpoint, or
    // when the last step is saved twice; another one is kept meanwhile.
    remove_folder(path).map_err(failed)?;
    fs::rename(beside, path).map_err(failed)?;
    atomic::sync_folder(path).map_err(failed)
}

fn remove_folder(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn check_of(folder: &Path, name: &str) -> io::Result<FileCheck> {
    let mut file = File::open(folder.join(name))?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    let mut bytes = 0;
    loop {
        let n = file.read(&mut buffer)?;
        if n == 0 {
            break;
        }
        bytes += n as u64;
        hasher.update(buffer.get(..n).unwrap_or_default());
    }
    Ok(FileCheck {
        name: name.to_owned(),
        bytes,
        sha256: hex(&hasher.finalize()),
    })
}

/// The steps of the checkpoints of a folder, ascending.
fn list(folder: &Path) -> Result<Vec<u64>, RunError> {
    let entries = fs::read_dir(folder).map_err(|source| RunError::read(folder, source))?;
    let mut steps: Vec<u64> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name();
            let step = name.to_str()?.strip_prefix(PREFIX)?.parse().ok()?;
            (name_of(step) == name.to_str()?).then_some(step)
        })
        .collect();
    steps.sort_unstable();
    Ok(steps)
}

/// The last good checkpoint; damaged ones that are newer are renamed, so that
/// they neither count nor get lost.
pub(super) fn last(folder: &Path) -> Result<Option<Checkpoint>, RunError> {
    let mut damaged = Vec::new();
    for step in list(folder)?.into_iter().rev() {
        let name = name_of(step);
        match load(&folder.join(&name), step) {
            Ok(checkpoint) => {
                for Damaged { name, .. } in &damaged {
                    set_aside(folder, name)?;
                }
                return Ok(Some(Checkpoint {
                    damaged,
                    ..checkpoint
                }));
            }
            Err(why) => damaged.push(Damaged { name, why }),
        }
    }
    if damaged.is_empty() {
        return Ok(None);
    }
    Err(RunError::NoGoodCheckpoint {
        folder: folder.to_owned(),
        damaged,
    })
}

fn set_aside(folder: &Path, name: &str) -> Result<(), RunError> {
    let to = folder.join(format!("damaged-{name}"));
    remove_folder(&to)
        .and_then(|()| fs::rename(folder.join(name), &to))
        .map_err(|source| RunError::write(&to, source))
}

/// The checkpoint after `step` steps, or what is wrong with it.
fn load(path: &Path, step: u64) -> Result<Checkpoint, String> {
    let manifest = read_json(&path.join(MANIFEST)).map_err(|why| why.to_string())?;
    let manifest: Manifest =
        serde_json::from_value(manifest).map_err(|why| format!("{MANIFEST}: {why}"))?;
    let listed = |name: &str| {
        let listed = manifest.files.iter().find(|file| file.name == name);
        listed.ok_or_else(|| format!("{MANIFEST} does not list {name}"))
    };
    for name in [TENSORS, STATE] {
        let written = listed(name)?;
        let found = check_of(path, name).map_err(|why| format!("{name}: {why}"))?;
        if found.bytes != written.bytes {
            let FileCheck { bytes, .. } = written;
            return Err(format!(
                "{name} has {} bytes, {bytes} were written",
                found.bytes
            ));
        }
        if found.sha256 != written.sha256 {
            return Err(format!("{name} is not what was written"));
        }
    }
    Ok(Checkpoint {
        step,
        state: read_json(&path.join(STATE)).map_err(|why| why.to_string())?,
        tensors: path.join(TENSORS),
        fingerprint: listed(TENSORS)?.sha256.clone(),
        damaged: Vec::new(),
    })
}

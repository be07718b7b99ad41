//! Where the loader will find libtorch, without loading it.
//!
//! `enasc` links no libtorch; its sibling `enasc-torch` does. Where the library is
//! missing, the system's loader ends the sibling before its `main`, with words that
//! help no user. So the search is repeated here, in the loader's own order:
//!
//! 1. the folders of `LD_LIBRARY_PATH`;
//! 2. the folders that are written into the executable (its RUNPATH, which the
//!    build script sets: `.libtorch/lib` of the project, relative to the executable
//!    and absolute).

use serde::Serialize;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// The release of torch that this version of enasc is made for.
pub const VERSION: &str = "2.11.0";

/// What is searched for: all else of libtorch lies beside it.
const LIBRARY: &str = "libtorch_cpu.so";

/// What the build script writes into executables; assumed of one that cannot be
/// read.
const USUAL_FOLDERS: [&str; 2] = [
    "$ORIGIN/../../.libtorch/lib",
    "$ORIGIN/../../../.libtorch/lib",
];

/// An installation of libtorch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Libtorch {
    /// The folder that holds `libtorch_cpu.so`.
    pub lib: PathBuf,
    /// What led there.
    pub found_by: FoundBy,
    /// Its version, where a file beside it says so.
    pub version: Option<String>,
    /// Whether it can use an NVIDIA device.
    pub cuda: bool,
}

/// What led to a libtorch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FoundBy {
    /// The environment variable `LD_LIBRARY_PATH`.
    Environment,
    /// The folders written into the executable.
    Executable,
}

/// The folder of the libtorch that `exe` would load (`enasc-torch`, or any of its
/// siblings), or `None` where the loader would find none.
#[must_use]
pub fn locate(exe: &Path) -> Option<PathBuf> {
    find(exe).map(|found| found.lib)
}

/// The libtorch that `exe` would load, with what can be known without loading it.
#[must_use]
pub fn find(exe: &Path) -> Option<Libtorch> {
    let environment = std::env::var_os("LD_LIBRARY_PATH");
    let (lib, found_by) = search(environment.as_deref(), exe)?;
    let root = lib.parent().unwrap_or(&lib);
    Some(Libtorch {
        found_by,
        version: version(root),
        cuda: lib.join("libtorch_cuda.so").exists(),
        lib,
    })
}

fn search(environment: Option<&OsStr>, exe: &Path) -> Option<(PathBuf, FoundBy)> {
    // The loader follows links to the executable before it takes its folder.
    let exe = exe.canonicalize().unwrap_or_else(|_| exe.into());
    let origin = exe.parent().unwrap_or(Path::new("."));
    let named = environment
        .iter()
        .flat_map(std::env::split_paths)
        .map(|folder| (folder, FoundBy::Environment));
    let written = run_path(&exe)
        .ok()
        .filter(|folders| !folders.is_empty())
        .unwrap_or_else(|| USUAL_FOLDERS.join(":"));
    let written = written
        .split(':')
        .map(|folder| (expand(folder, origin), FoundBy::Executable));
    named
        .chain(written)
        .find(|(folder, _)| folder.join(LIBRARY).exists())
}

/// Puts the executable's folder in the place of `$ORIGIN`. That folder is without
/// links, so each `..` can be taken at its word.
fn expand(folder: &str, origin: &Path) -> PathBuf {
    let words = ["$ORIGIN/", "${ORIGIN}/"];
    let Some(rest) = words.iter().find_map(|word| folder.strip_prefix(word)) else {
        return folder.into();
    };
    let mut path = origin.to_owned();
    for name in rest.split('/') {
        if name == ".." {
            path.pop();
        } else {
            path.push(name);
        }
    }
    path
}

/// The version of the installation in folder `root`: a libtorch archive says it in
/// `build-version`, a Python package in `version.py`. Without the build (`+cu130`).
fn version(root: &Path) -> Option<String> {
    let text = match std::fs::read_to_string(root.join("build-version")) {
        Ok(text) => text,
        Err(_) => std::fs::read_to_string(root.join("version.py"))
            .ok()?
            .lines()
            .find_map(|line| line.strip_prefix("__version__ = "))?
            .trim_matches(['\'', '"'])
            .to_owned(),
    };
    let number = text.trim().split('+').next()?;
    (!number.is_empty()).then(|| number.to_owned())
}

/// The folders that an executable tells the loader to search, joined by colons;
/// empty where it names none.
///
/// This is the little of the ELF format (64 bits, little-endian) that it takes: of
/// the table of sections the dynamic one, in it the entry RUNPATH (or its elder,
/// RPATH), and the text that this points to in the section of strings.
fn run_path(exe: &Path) -> io::Result<String> {
    const SECTION_TABLE: u64 = 0x28;
    const SECTION_SIZES: u64 = 0x3a;
    const DYNAMIC: u32 = 6;
    const RPATH: u64 = 15;
    const RUNPATH: u64 = 29;

    let mut elf = Elf(File::open(exe)?);
    if elf.bytes(0)? != *b"\x7fELF\x02\x01" {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let table = elf.u64(SECTION_TABLE)?;
    let entry_len = u64::from(elf.u16(SECTION_SIZES)?);
    let n_sections = u64::from(elf.u16(SECTION_SIZES + 2)?);
    let section = |i: u64| table.wrapping_add(i * entry_len);
    for i in 0..n_sections {
        if elf.u32(section(i).wrapping_add(4))? != DYNAMIC {
            continue;
        }
        let start = elf.u64(section(i).wrapping_add(0x18))?;
        let len = elf.u64(section(i).wrapping_add(0x20))?;
        let strings = u64::from(elf.u32(section(i).wrapping_add(0x28))?);
        let strings = elf.u64(section(strings).wrapping_add(0x18))?;
        for entry in (0..len).step_by(16) {
            let entry = start.wrapping_add(entry);
            let tag = elf.u64(entry)?;
            if tag == RUNPATH || tag == RPATH {
                let offset = elf.u64(entry.wrapping_add(8))?;
                return elf.text(strings.wrapping_add(offset));
            }
            if tag == 0 {
                break;
            }
        }
    }
    Ok(String::new())
}

/// Reads an executable piece by piece; one with debug information is large.
struct Elf(File);

impl Elf {
    fn bytes<const N: usize>(&mut self, at: u64) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.0.seek(SeekFrom::Start(at))?;
        self.0.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn u16(&mut self, at: u64) -> io::Result<u16> {
        self.bytes(at).map(u16::from_le_bytes)
    }

    fn u32(&mut self, at: u64) -> io::Result<u32> {
        self.bytes(at).map(u32::from_le_bytes)
    }

    fn u64(&mut self, at: u64) -> io::Result<u64> {
        self.bytes(at).map(u64::from_le_bytes)
    }

    /// The text at `at`, up to its zero byte.
    fn text(&mut self, at: u64) -> io::Result<String> {
        const LONGEST: u64 = 1 << 16;
        self.0.seek(SeekFrom::Start(at))?;
        let mut bytes = Vec::new();
        (&self.0).take(LONGEST).read_to_end(&mut bytes)?;
        let text = bytes.split(|&b| b == 0).next().unwrap_or_default();
        Ok(String::from_utf8_lossy(text).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes an empty file and the folders above it.
    fn touch(path: &Path) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "").unwrap();
    }

    #[test]
    fn the_environment_comes_before_the_folders_beside_the_executable() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        let exe = root.join("target/release/enasc-torch");
        touch(&exe);
        assert_eq!(search(None, &exe), None);

        touch(&root.join(".libtorch/lib/libtorch_cpu.so"));
        let expected = (root.join(".libtorch/lib"), FoundBy::Executable);
        assert_eq!(search(None, &exe), Some(expected));
        // A test stands one folder deeper.
        let test = root.join("target/debug/deps/main-123");
        touch(&test);
        assert!(search(None, &test).is_some());

        touch(&root.join("other/lib/libtorch_cpu.so"));
        let paths = std::env::join_paths([root.join("empty"), root.join("other/lib")]).unwrap();
        let expected = (root.join("other/lib"), FoundBy::Environment);
        assert_eq!(search(Some(&paths), &exe), Some(expected));
        let empty = std::env::join_paths([root.join("empty")]).unwrap();
        assert_eq!(search(Some(&empty), &exe).unwrap().1, FoundBy::Executable);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_the_executable_is_followed() {
        let root = tempfile::tempdir().unwrap();
        let exe = root.path().join("target/release/enasc-torch");
        touch(&exe);
        touch(&root.path().join(".libtorch/lib/libtorch_cpu.so"));
        let link = root.path().join("enasc-torch");
        std::os::unix::fs::symlink(&exe, &link).unwrap();
        assert!(search(None, &link).is_some());
    }

    #[test]
    fn the_version_is_read_from_either_file() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(version(root.path()), None);
        let python = "from typing import Optional\n\n__version__ = '2.11.0+cu130'\ndebug = False\n";
        std::fs::write(root.path().join("version.py"), python).unwrap();
        assert_eq!(version(root.path()).as_deref(), Some("2.11.0"));
        std::fs::write(root.path().join("build-version"), "2.9.1+cpu\n").unwrap();
        assert_eq!(version(root.path()).as_deref(), Some("2.9.1"));
    }

    #[test]
    fn the_folders_written_into_an_executable_are_read() {
        // A test of the feature `torch` has the folders of the build script.
        let exe = std::env::current_exe().unwrap();
        let folders = run_path(&exe).unwrap();
        if cfg!(feature = "torch") {
            assert!(
                folders.starts_with("$ORIGIN/../../.libtorch/lib:$ORIGIN/../../../.libtorch/lib:/"),
                "{folders}"
            );
            let absolute = folders.rsplit(':').next().unwrap();
            assert_eq!(expand(absolute, Path::new("/x")), Path::new(absolute));
        } else {
            assert_eq!(folders, "");
        }
    }

    #[test]
    fn what_is_no_executable_does_no_harm() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("file");
        let mut header = b"\x7fELF\x02\x01".to_vec();
        header.resize(64, 0xff);
        for bytes in [&b""[..], b"#!/bin/sh\n", b"\x7fELF\x02\x01", &header] {
            std::fs::write(&file, bytes).unwrap();
            assert!(run_path(&file).is_err());
        }
        assert!(run_path(root.path()).is_err());
    }
}

//! What commands write, and how numbers look there.

use std::io::{self, Write};
use std::path::Path;

use num_bigint::BigUint;
use serde_json::Value;

use super::error::CliError;
use super::torch_args::FormatArg;
use crate::SearchSpace;
use crate::decision::{Architecture, Count, Estimate, How};
use crate::numbers::scientific;
pub(super) use crate::numbers::{approximate, grouped};

/// Writes to standard output.
pub(super) fn print(text: &str) -> Result<(), CliError> {
    print_lines(|out| out.write_all(text.as_bytes()))
}

/// Writes to standard output piece by piece.
pub(super) fn print_lines(
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), CliError> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    write(&mut out)
        .and_then(|()| out.flush())
        .map_err(|source| CliError::Write {
            file: "standard output".to_owned(),
            source,
        })
}

/// JSON as a text that ends with a line.
pub(super) fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

/// Writes a file so that it is whole or not there; `None` and `-` are standard
/// output.
pub(super) fn write(path: Option<&Path>, text: &str) -> Result<(), CliError> {
    match path {
        Some(path) if path.as_os_str() != "-" => write_bytes(path, text.as_bytes()),
        _ => print(text),
    }
}

/// Writes a file of any bytes, as [`write`] does.
pub(super) fn write_bytes(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    write_file(path, bytes).map_err(|source| CliError::Write {
        file: path.display().to_string(),
        source,
    })
}

/// Writes a file that is not there yet, so that it is whole or not there.
pub(super) fn write_new(path: &Path, text: &str) -> Result<(), CliError> {
    let file = path.display().to_string();
    let mut beside = match beside(folder_of(path)) {
        Ok(beside) => beside,
        Err(source) => return Err(CliError::Write { file, source }),
    };
    let written = beside.write_all(text.as_bytes());
    let written = written.and_then(|()| beside.as_file().sync_all());
    if let Err(source) = written {
        return Err(CliError::Write { file, source });
    }
    match beside.persist_noclobber(path) {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
            Err(CliError::Exists { file })
        }
        Err(error) => Err(CliError::Write {
            file,
            source: error.error,
        }),
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// A new file in a folder, which is to replace another one there.
fn beside(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut beside = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // As any new file: what the user's mask leaves.
        beside.permissions(std::fs::Permissions::from_mode(0o666));
    }
    beside.prefix(".enasc-").tempfile_in(folder)
}

fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A link stays a link, and a device or a pipe is written, not replaced.
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    if target.exists() && !target.is_file() {
        return std::fs::write(target, bytes);
    }
    // Who may not write a file may not replace it either; and it stays as it is
    // but for its text.
    let before = match std::fs::OpenOptions::new().write(true).open(&target) {
        Ok(file) => Some(file.metadata()?.permissions()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let mut file = beside(folder_of(&target))?;
    file.write_all(bytes)?;
    if let Some(permissions) = before {
        file.as_file().set_permissions(permissions)?;
    }
    file.as_file().sync_all()?;
    file.persist(target).map_err(|error| error.error)?;
    Ok(())
}

/// [`approximate`], with the error of an estimate.
pub(super) fn about(count: &Count) -> String {
    let number = approximate(&count.value);
    match count.how {
        How::Product | How::Diagram { .. } => number,
        How::Estimate(Estimate { relative_error, .. }) if relative_error.is_finite() => {
            let percent = 196.0 * relative_error;
            let digits = if percent < 0.1 { 3 } else { 1 };
            format!("about {number} ± {percent:.digits$} %")
        }
        How::Estimate(_) => format!("about {number}"),
    }
}

/// Writes an architecture as a line.
pub(super) fn print_architecture(
    out: &mut dyn Write,
    architecture: &Architecture,
    space: &SearchSpace,
    format: FormatArg,
) -> io::Result<()> {
    let decisions = &space.decisions;
    match format {
        FormatArg::Human => writeln!(out, "{}", architecture.to_line(decisions)),
        FormatArg::Json => writeln!(out, "{}", architecture.to_json(decisions, &space.name)),
    }
}

/// A word as a shell reads it.
pub(super) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_./:=-,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// The decimal logarithm; of zero there is none.
pub(super) fn log10(count: &BigUint) -> Option<f64> {
    let (mantissa, exponent) = scientific(&count.to_string());
    (mantissa > 0.0).then(|| exponent as f64 + mantissa.log10())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn big(text: &str) -> BigUint {
        text.parse().unwrap()
    }

    #[test]
    fn logarithms_are_those_of_the_whole_number() {
        assert_eq!(log10(&big("0")), None);
        assert_eq!(log10(&big("1")), Some(0.0));
        assert_eq!(log10(&big("1000")), Some(3.0));
        // 6^12 * 2^66
        let expected = 12.0 * 6f64.log10() + 66.0 * 2f64.log10();
        let found = log10(&big("160618186625454535808756219904")).unwrap();
        assert!((found - expected).abs() < 1e-12, "{found}");
    }

    #[test]
    fn a_written_file_replaces_the_old_one_and_leaves_nothing_beside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.dot");
        for text in ["first", "second"] {
            write(Some(&path), text).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        let error = write(Some(&folder.path().join("no/where")), "").unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("no/where: there is no such folder"),
            "{error}"
        );
        assert!(write(Some(folder.path()), "").is_err());
    }
}

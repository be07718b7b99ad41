//! Starts `enasc-torch`, which searches and trains.
//!
//! It takes this process over (`exec`), so that signals reach the process that
//! saves and stops.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use super::args::ColorArg;
use super::error::CliError;
use super::torch_args::TorchCommand;
use crate::{doctor, libtorch};

pub(super) fn run(command: &TorchCommand, color: ColorArg) -> Result<ExitCode, CliError> {
    let command = match command {
        TorchCommand::Search(_) => "search",
        TorchCommand::Derive(_) => "derive",
        TorchCommand::Train(_) => "train",
        TorchCommand::Eval(_) => "eval",
    };
    let path = std::env::current_exe()
        .unwrap_or_default()
        .with_file_name(doctor::TORCH_EXECUTABLE);
    if !path.is_file() {
        return Err(CliError::NoTorch { command, path });
    }
    // Where the library is not seen, the loader may know better: one trial tells,
    // and keeps the loader's own words away from the user.
    if libtorch::locate(&path).is_none() && !starts(&path) {
        return Err(CliError::NoLibtorch { command });
    }
    let mut torch = Command::new(&path);
    torch.args(arguments(std::env::args_os().skip(1)));
    if color == ColorArg::Never {
        torch.env("NO_COLOR", "1");
    }
    become_it(torch).map_err(|source| CliError::Start { path, source })
}

/// Whether the loader brings an executable to its `main`.
fn starts(path: &Path) -> bool {
    /// The loader's exit code for a library that is missing.
    const NOT_LOADED: i32 = 127;
    let trial = Command::new(path)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    trial.is_ok_and(|status| status.code() != Some(NOT_LOADED))
}

/// The command line without `--color`, which is ours.
fn arguments(given: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut kept = Vec::new();
    let mut given = given.peekable();
    while let Some(argument) = given.next() {
        if argument == "--" {
            kept.push(argument);
            kept.extend(given);
            break;
        }
        if argument == "--color" {
            given.next();
        } else if !argument.to_string_lossy().starts_with("--color=") {
            kept.push(argument);
        }
    }
    kept
}

#[cfg(unix)]
fn become_it(mut command: Command) -> std::io::Result<ExitCode> {
    use std::os::unix::process::CommandExt as _;
    Err(command.exec())
}

#[cfg(not(unix))]
fn become_it(mut command: Command) -> std::io::Result<ExitCode> {
    let status = command.status()?;
    Ok(ExitCode::from(status.code().unwrap_or(1) as u8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_for_colour_is_kept_back() {
        let given = [
            "--color",
            "never",
            "derive",
            "run",
            "--color=always",
            "-n",
            "3",
            "--",
            "--color",
        ];
        let kept = arguments(given.iter().map(OsString::from));
        assert_eq!(kept, ["derive", "run", "-n", "3", "--", "--color"]);
    }
}

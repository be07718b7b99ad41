//! Starts `enasc-torch`, which searches and trains.
//!
//! This process becomes it (`exec`), so that signals reach whoever saves and stops.
//! It reads the same command line.

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use super::console::Console;
use super::error::CliError;
use super::torch_args::TorchCommand;
use crate::{doctor, libtorch};

/// How OpenMP's threads wait; read once, when libtorch is loaded.
const WAITING: &str = "OMP_WAIT_POLICY";

pub(super) fn run(command: &TorchCommand, console: Console) -> Result<ExitCode, CliError> {
    let command = match command {
        TorchCommand::Search(_) => "search",
        TorchCommand::Derive(_) => "derive",
        TorchCommand::Train(_) => "train",
        TorchCommand::Eval(_) => "eval",
        TorchCommand::Score(_) => "score",
        TorchCommand::Correlate(_) => "correlate",
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
    torch.args(std::env::args_os().skip(1));
    // By default OpenMP's threads spin while they wait, and beside another busy
    // process they take each other's turns: 4 to 25 steps in 10 s instead of 67.
    if std::env::var_os(WAITING).is_none() {
        torch.env(WAITING, "passive");
    }
    console.note(|| format!("{} does it", path.display()));
    become_it(torch).map_err(|source| CliError::Start { path, source })
}

/// Whether the loader brings an executable to its `main`. One that is not even
/// started has another fault, which starting it in earnest will tell.
fn starts(path: &Path) -> bool {
    /// The loader's exit code for a library that is missing.
    const NOT_LOADED: i32 = 127;
    let trial = Command::new(path)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    !trial.is_ok_and(|status| status.code() == Some(NOT_LOADED))
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

//! The commands of `enasc` that need libtorch, in an executable of their own:
//! `enasc` becomes it with its own command line, so that its other commands need not
//! load libtorch.

use std::io::Write;
use std::process::ExitCode;

use enasc::cli::args::Command;
use enasc::cli::console::Console;
use enasc::cli::{parse, torch};

fn main() -> ExitCode {
    // Before any other call of libtorch, which looks for CUDA once. Where there is
    // none, `--device cuda` says why.
    let _ = enasc::model::load_cuda();
    enasc::model::keep_freed_memory();
    let cli = match parse() {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    if let Command::Torch(command) = &cli.command {
        return torch::run(command, Console::of(&cli));
    }
    let text = "error: enasc-torch only searches, derives, trains and evaluates: use enasc\n";
    // Nothing is to be done where standard error is closed.
    let _ = std::io::stderr().write_all(text.as_bytes());
    ExitCode::FAILURE
}

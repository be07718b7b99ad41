//! The commands of `enasc` that need libtorch, in an executable of their own:
//! `enasc` starts it with its own command line, so that its other commands need not
//! load libtorch.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use enasc::cli::args::{Cli, Command};
use enasc::cli::torch;

fn main() -> ExitCode {
    // Before any other call of libtorch, which looks for CUDA once.
    let cuda = enasc::model::load_cuda();
    let arguments = Cli::parse();
    if let Command::Torch(command) = &arguments.command {
        let cuda = cuda.as_ref().map(|()| ()).map_err(ToString::to_string);
        let cuda = cuda.as_ref().map(|()| ()).map_err(String::as_str);
        return torch::run(command, arguments.color.style(), cuda);
    }
    let text = "error: enasc-torch only searches, derives, trains and evaluates: use enasc\n";
    // Nothing is to be done where standard error is closed.
    let _ = std::io::stderr().write_all(text.as_bytes());
    ExitCode::FAILURE
}

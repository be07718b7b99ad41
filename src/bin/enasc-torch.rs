//! The commands of `enasc` that need libtorch, in an executable of their own:
//! `enasc` starts it, so that its other commands need not load libtorch.

use std::process::ExitCode;

use clap::Parser;
use enasc::cli::torch_args::TorchCommand;

/// Searches and trains networks of a search space
#[derive(Parser)]
#[command(name = "enasc", bin_name = "enasc", version)]
struct Arguments {
    #[command(subcommand)]
    command: TorchCommand,
}

fn main() -> ExitCode {
    // Before any other call of libtorch, which looks for CUDA once.
    let cuda = enasc::model::device::load_cuda();
    let arguments = Arguments::parse();
    enasc::cli::torch::run(&arguments.command, cuda.as_ref().map_err(|e| e.as_str()).copied())
}

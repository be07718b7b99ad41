//! `enasc`: parses the command line and runs it.

use std::process::ExitCode;

use clap::Parser as _;

// The compiler makes many small things and ends soon: this allocator is quicker at both.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    enasc::cli::run(&enasc::cli::args::Cli::parse())
}

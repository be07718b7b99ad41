//! `enasc`: parses the command line and runs it.

use std::process::ExitCode;

// The compiler makes many small things and ends soon: this allocator is quicker at both.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match enasc::cli::parse() {
        Ok(cli) => enasc::cli::run(&cli),
        Err(code) => code,
    }
}

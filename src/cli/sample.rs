//! `enasc sample`: architectures at random.

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::args::SampleArgs;
use super::error::CliError;
use super::input;
use super::output::print_lines;
use super::torch_args::FormatArg;
use crate::decision;
use crate::diagnostic::render::Style;

pub(super) fn run(args: &SampleArgs, style: Style) -> Result<(), CliError> {
    let space = input::space(&args.space, style)?;
    // One stream for all, so that a line does not depend on how many follow.
    let mut rng = ChaCha8Rng::seed_from_u64(args.seed);
    print_lines(|out| {
        for _ in 0..args.n {
            let architecture =
                decision::sample(&space.decisions, &mut rng).unwrap_or_else(|_| todo!());
            match args.format {
                FormatArg::Human => writeln!(out, "{}", architecture.to_line(&space.decisions))?,
                FormatArg::Json => {
                    writeln!(
                        out,
                        "{}",
                        architecture.to_json(&space.decisions, &space.name)
                    )?;
                }
            }
        }
        Ok(())
    })
}

//! `enasc sample`: architectures at random, or one by its number.

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::args::SampleArgs;
use super::error::CliError;
use super::input;
use super::output::{print_architecture, print_lines};
use crate::cli::console::Console;
use crate::decision::{Architecture, Diagram, SampleError, Sampler};

pub(super) fn run(args: &SampleArgs, console: Console) -> Result<(), CliError> {
    let space = input::space(&args.space, console)?;
    let decisions = &space.decisions;
    if let Some(index) = &args.index {
        let diagram = Diagram::of(decisions).map_err(CliError::TooLarge)?;
        let Some(architecture) = diagram.unrank(index) else {
            return Err(CliError::NoSuchIndex {
                index: index.clone(),
                space: space.name,
                count: diagram.count(),
            });
        };
        return print_lines(|out| print_architecture(out, &architecture, &space, args.format));
    }
    // One stream for all, so that a line does not depend on how many follow.
    let mut rng = ChaCha8Rng::seed_from_u64(args.seed);
    let diagram = args.uniform.then(|| Diagram::of(decisions)).transpose();
    let diagram = diagram.map_err(CliError::TooLarge)?;
    let mut sampler = Sampler::new(decisions);
    let mut draw = || -> Result<Architecture, SampleError> {
        match &diagram {
            Some(diagram) => diagram.sample(&mut rng).ok_or(SampleError::Empty),
            None => sampler.draw(&mut rng),
        }
    };
    let mut failed = None;
    print_lines(|out| {
        for _ in 0..args.n {
            match draw() {
                Ok(architecture) => print_architecture(out, &architecture, &space, args.format)?,
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
        }
        Ok(())
    })?;
    failed.map_or(Ok(()), |error| Err(error.into()))
}

//! A space as a value: compiled from text, counted, sampled and measured, without libtorch.
//!
//! The space has operations of its own: `bottleneck` is made of those of the language, and
//! `fft_mix` is a foreign one, of which the space says the shape and the cost alone. Such a
//! space can be counted, drawn and searched by a table, but not trained.
//!
//! ```text
//! cargo run --no-default-features --example explore
//! ```

#![expect(clippy::print_stdout, reason = "it is a program that prints")]

use std::fmt::Write as _;

use enasc::diagnostic::render::{Style, human};
use enasc::graph::{cost, select};
use enasc::{Options, SearchSpace, compile, decision};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

const SPACE: &str = include_str!("explore.enas");

fn main() -> Result<(), String> {
    print!("{}", explore(&space()?)?);
    Ok(())
}

/// The space, or what is wrong with it.
pub(crate) fn space() -> Result<SearchSpace, String> {
    let compiled = compile("explore.enas", SPACE, &Options::default());
    let shown = || human(&compiled.diagnostics, &compiled.sources, Style::Plain);
    let space = compiled.spaces.into_iter().next();
    space.ok_or_else(shown)
}

/// What is printed: how many architectures there are, and of three at random what they
/// cost and what they are one change away from.
pub(crate) fn explore(space: &SearchSpace) -> Result<String, String> {
    let decisions = &space.decisions;
    let diagram = decision::Diagram::of(decisions).map_err(|why| why.to_string())?;
    let mut text = format!("{} architectures\n", diagram.count());
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for _ in 0..3 {
        let architecture = diagram.sample(&mut rng).ok_or("the space is empty")?;
        let child = select(&space.graph, decisions, &architecture);
        let cost = cost::child(&space.graph, &child);
        let rank = diagram.rank(&architecture).unwrap_or_default();
        let neighbors = decision::neighbors(decisions, &architecture);
        let _ = writeln!(
            text,
            "number {rank}: {}\n  {} parameters, {} multiply-adds, {} neighbors",
            architecture.to_line(decisions),
            cost.parameters,
            cost.flops,
            neighbors.len()
        );
    }
    Ok(text)
}

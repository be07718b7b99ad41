//! How many networks differ among the architectures of a space.
//!
//! Two architectures are of one *class* where they compute the same network
//! ([`super::canonical`]). Small spaces are counted by building all networks. Of large
//! ones, architectures `a` are drawn uniformly, and the size of the class of each is
//! found exactly. Every class `c` is drawn with the probability `|c| / N`, so that the
//! mean of `1 / |class of a|` is the sum over classes of `|c| / N * 1 / |c|`, which is
//! their number divided by `N`: the estimate `N * mean(1 / |class of a|)` is unbiased
//! (Horvitz and Thompson 1952). One class that is too large to be gone through ends
//! that: without it the estimate would have a bias.

use std::collections::BTreeSet;

use num_bigint::BigUint;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::alike::{Alike, TooManyAlike};
use super::canonical::{Canonical, Form, TooAlike};
use super::{Supergraph, select};
use crate::decision::{Count, DecisionSpace, Diagram, Estimate, How, relative_error};

/// The number of architectures of a space that differ in their form.
///
/// # Errors
/// When the form of one is not found.
pub fn exact(
    graph: &Supergraph,
    decisions: &DecisionSpace,
    diagram: &Diagram,
) -> Result<usize, TooAlike> {
    let canonical = Canonical::new(graph);
    let mut forms: BTreeSet<Form> = BTreeSet::new();
    for architecture in diagram.iter() {
        let child = select(graph, decisions, &architecture);
        forms.insert(canonical.form(&child)?);
    }
    Ok(forms.len())
}

/// How much work one class may be: nodes of the supergraph looked at.
const WORK: u64 = 1 << 21;

/// How many classes say how much work one is.
const PILOT: u32 = 20;

/// How many samples are enough, and how many are too few.
const SAMPLES: std::ops::RangeInclusive<u64> = 100..=5_000;

/// Estimates the number of architectures of a space that differ in their form; see
/// the module. `None` if the space has no architecture.
///
/// As many samples are drawn as `work` allows, in nodes of the supergraph looked at.
/// How many that is, is settled before, by some that do not count: were it to depend on
/// what is found, the estimate would have a bias.
///
/// # Errors
/// When a class is too large.
pub fn estimate(
    graph: &Supergraph,
    decisions: &DecisionSpace,
    diagram: &Diagram,
    seed: u64,
    work: u64,
) -> Result<Option<Count>, TooManyAlike> {
    let alike = Alike::new(graph, decisions);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut pilot = 0;
    for _ in 0..PILOT {
        let Some(drawn) = diagram.sample(&mut rng) else {
            return Ok(None);
        };
        pilot += alike.class(&drawn, WORK)?.work;
    }
    let each = (pilot / u64::from(PILOT)).max(1);
    let samples = (work / each).clamp(*SAMPLES.start(), *SAMPLES.end()) as u32;
    let mut sizes = Vec::with_capacity(samples as usize);
    for _ in 0..samples {
        if let Some(drawn) = diagram.sample(&mut rng) {
            sizes.push(alike.class(&drawn, WORK)?.size);
        }
    }
    Ok(Some(of_sizes(&diagram.count(), &sizes, seed)))
}

/// The estimate from the sizes of classes that were drawn among `all`.
fn of_sizes(all: &BigUint, sizes: &[BigUint], seed: u64) -> Count {
    let n = sizes.len() as u32;
    // In fixed point.
    let weights: Vec<BigUint> = sizes.iter().map(|size| (all << 64) / size).collect();
    let sum: BigUint = weights.iter().sum();
    let error = relative_error(&weights);
    // All equal: with a chance of 95 %, less than three of n others differ.
    let least = 3.0 / f64::from(n) / 1.96;
    Count {
        value: (sum / n) >> 64,
        how: How::Estimate(Estimate {
            relative_error: if error > 0.0 { error } else { least },
            samples: n,
            seed,
        }),
    }
}

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
use super::parts::{Part, parts};
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

/// Networks that cannot be told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unknown {
    /// The form of one is not found.
    #[error(transparent)]
    TooAlike(#[from] TooAlike),
    /// A class is too large.
    #[error(transparent)]
    TooManyAlike(#[from] TooManyAlike),
}

/// So many networks are built, whatever they are.
pub const MOST: u32 = 1_000_000;

/// So many are built if they are small: nodes of all together.
const MOST_SMALL: u32 = 10_000_000;
const MOST_NODES: u64 = 1 << 28;

/// How many architectures of a space differ in their form: of each of its
/// [`parts`](super::parts), exactly where all its networks can be built, otherwise by an
/// estimate with this seed and some seconds of work. `None` if there is none.
///
/// Estimates of parts are independent, so that the product is unbiased as they are, and
/// its relative variance is the product of one more than each, less one.
///
/// # Errors
/// When the form of a network is not found, or one is built in too many ways.
pub fn count(
    graph: &Supergraph,
    decisions: &DecisionSpace,
    diagram: &Diagram,
    seed: u64,
) -> Result<Option<Count>, Unknown> {
    let Some(parts) = parts(graph, decisions) else {
        return of_one(graph, decisions, diagram, seed, WORK);
    };
    let is_large = |part: &&Part| !is_small(&part.graph, &part.diagram);
    let large = parts.iter().filter(is_large).count().max(1);
    let mut value = BigUint::from(1u8);
    let mut all: Option<Estimate> = None;
    for part in &parts {
        let work = WORK / large as u64;
        let found = of_one(&part.graph, &part.decisions, &part.diagram, seed, work)?;
        let Some(found) = found else {
            return Ok(None);
        };
        value *= found.value;
        if let How::Estimate(one) = found.how {
            let known = all.unwrap_or(Estimate {
                relative_error: 0.0,
                samples: 0,
                seed,
            });
            let more = |error: f64| error.mul_add(error, 1.0);
            let variance = more(known.relative_error) * more(one.relative_error) - 1.0;
            all = Some(Estimate {
                relative_error: variance.sqrt(),
                samples: known.samples + one.samples,
                seed,
            });
        }
    }
    Ok(Some(Count {
        value,
        how: all.map_or(How::Product, How::Estimate),
    }))
}

fn of_one(
    graph: &Supergraph,
    decisions: &DecisionSpace,
    diagram: &Diagram,
    seed: u64,
    work: u64,
) -> Result<Option<Count>, Unknown> {
    if is_small(graph, diagram) {
        let value = exact(graph, decisions, diagram)?.into();
        let how = How::Product;
        return Ok(Some(Count { value, how }));
    }
    Ok(estimate(graph, decisions, diagram, seed, work)?)
}

/// Whether all networks are built.
fn is_small(graph: &Supergraph, diagram: &Diagram) -> bool {
    let count = diagram.count();
    let nodes = graph.regions.iter().map(|region| region.graph.node_count());
    let nodes: usize = nodes.sum();
    count <= MOST.into() || (count <= MOST_SMALL.into() && count * nodes <= MOST_NODES.into())
}

/// How much work an estimate is: some ten seconds of it.
const WORK: u64 = 1 << 24;

/// How much work one class may be: nodes of the supergraph looked at.
const LARGEST: u64 = 1 << 21;

/// How many classes say how much work one is.
const PILOT: u32 = 20;

/// How many samples are enough, and how many are too few.
const SAMPLES: std::ops::RangeInclusive<u64> = 100..=20_000;

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
        pilot += alike.class(&drawn, LARGEST)?.work;
    }
    let each = (pilot / u64::from(PILOT)).max(1);
    let samples = (work / each).clamp(*SAMPLES.start(), *SAMPLES.end()) as u32;
    let mut sizes = Vec::with_capacity(samples as usize);
    for _ in 0..samples {
        if let Some(drawn) = diagram.sample(&mut rng) {
            sizes.push(alike.class(&drawn, LARGEST)?.size);
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

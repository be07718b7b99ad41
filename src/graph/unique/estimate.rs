//! An estimate of how many networks differ, from the sizes of some classes.
//!
//! An architecture `a` is drawn with a probability `q(a)` that is above 0 for all, and the
//! size of its class is found exactly. The mean of `1 / (q(a) * |class of a|)` is the sum
//! over all architectures of `1 / |class of a|`, to which every class adds 1: the mean of
//! a sample is an unbiased estimate of their number (Horvitz and Thompson 1952). One class
//! that is too large to be gone through ends that: without it the estimate would have a
//! bias.
//!
//! It is the better the more often architectures of small classes are drawn: most recurrent
//! cells of 12 nodes are among millions that are alike, and most cells that differ are not.
//! So decisions are weighed, by what is learned from samples of earlier rounds (the
//! cross-entropy method, Rubinstein 1999).

use num_bigint::BigUint;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::shared_out;
use crate::decision::{Architecture, Count, DecisionSpace, Diagram, Estimate, How, Weights, ln};
use crate::graph::Supergraph;
use crate::graph::alike::{Alike, TooManyAlike};

/// How much work one class may be: nodes of the supergraph looked at.
const LARGEST: u64 = 1 << 22;

/// How many classes say how much work one is.
const PILOT: u32 = 20;

/// How many samples are enough, and how many are too few.
const SAMPLES: std::ops::RangeInclusive<u64> = 100..=10_000;

/// In so many rounds weights are learned, from as many samples as are drawn with them then.
const ROUNDS: u32 = 5;

/// So many architectures with every option as often are added to what is learned from.
const PRIOR: f64 = 5.0;

/// Estimates the number of architectures of a space that differ in their form; see
/// the module. `None` if the space has no architecture.
///
/// As many samples are drawn as `work` allows, in nodes of the supergraph looked at.
/// How many that is, and with what weights, is settled before, by some that do not count:
/// were it to depend on what is found, the estimate would have a bias.
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
    let all = diagram.count();
    if all == BigUint::ZERO {
        return Ok(None);
    }
    let drawing = Drawing {
        alike: Alike::new(graph, decisions),
        diagram,
        seed,
    };
    let mut weights = Weights::equal(decisions);
    let pilot = drawing.round(0, PILOT, &weights)?;
    let pilot: u64 = pilot.iter().map(|drawn| drawn.work).sum();
    let each = (pilot / u64::from(PILOT)).max(1);
    let samples = (work / 2 / each).clamp(*SAMPLES.start(), *SAMPLES.end()) as u32;
    let mut known = Vec::new();
    let mut best: Option<(f64, Weights)> = None;
    for round in 1..=ROUNDS {
        let drawn = drawing.round(round, samples / ROUNDS, &weights)?;
        let classes = Classes::of(&drawn);
        known.extend(
            drawn
                .into_iter()
                .map(|drawn| drawn.architecture)
                .zip(classes.evidence()),
        );
        let next = Weights::fitted(decisions, &known, PRIOR);
        let used = std::mem::replace(&mut weights, next);
        let error = classes.relative_error();
        if best.as_ref().is_none_or(|(least, _)| error < *least) {
            best = Some((error, used));
        }
    }
    let (_, weights) = best.unwrap_or((0.0, weights));
    let drawn = drawing.round(ROUNDS + 1, samples, &weights)?;
    Ok(Some(Classes::of(&drawn).among(&all, seed)))
}

/// What an estimate draws from.
struct Drawing<'a> {
    alike: Alike<'a>,
    diagram: &'a Diagram,
    seed: u64,
}

/// An architecture that was drawn.
struct Drawn {
    architecture: Architecture,
    /// How many classes it stands for, as a natural logarithm.
    classes: f64,
    /// How much work its class was.
    work: u64,
}

impl Drawing<'_> {
    /// Architectures with these weights, on all cores; each by random numbers of its own.
    fn round(&self, round: u32, n: u32, weights: &Weights) -> Result<Vec<Drawn>, TooManyAlike> {
        let weighted = self.diagram.weighted(weights);
        let draw = |place: u64| {
            let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
            rng.set_stream((u64::from(round) << 32) | place);
            let (architecture, likely) = weighted.sample(&mut rng).ok_or(TooManyAlike)?;
            let class = self.alike.class(&architecture, LARGEST)?;
            Ok(Drawn {
                architecture,
                classes: -likely - ln(&class.size),
                work: class.work,
            })
        };
        let rounds = shared_out(n.into(), |places| {
            places.map(draw).collect::<Result<Vec<_>, _>>()
        });
        let mut drawn = Vec::with_capacity(n as usize);
        for some in rounds {
            drawn.extend(some?);
        }
        Ok(drawn)
    }
}

/// How many classes each of some architectures stands for.
struct Classes {
    /// By the largest of them.
    shares: Vec<f64>,
    /// Its natural logarithm.
    largest: f64,
}

impl Classes {
    fn of(drawn: &[Drawn]) -> Self {
        let each = drawn.iter().map(|drawn| drawn.classes);
        let largest = each.clone().fold(f64::NEG_INFINITY, f64::max);
        Self {
            shares: each.map(|classes| (classes - largest).exp()).collect(),
            largest,
        }
    }

    fn mean(&self) -> f64 {
        self.shares.iter().sum::<f64>() / self.shares.len() as f64
    }

    /// The standard error of the mean, as a part of it.
    fn relative_error(&self) -> f64 {
        let (n, mean) = (self.shares.len() as f64, self.mean());
        let squares = self.shares.iter().map(|share| (share / mean - 1.0).powi(2));
        (squares.sum::<f64>() / (n - 1.0) / n).sqrt()
    }

    /// How much each counts in what is learned: together as many architectures as would be
    /// worth as much if all stood for equally many (Kish's effective sample size).
    fn evidence(&self) -> impl Iterator<Item = f64> {
        let squares: f64 = self.shares.iter().map(|share| share * share).sum();
        let by = self.shares.iter().sum::<f64>() / squares;
        self.shares.iter().map(move |share| share * by)
    }

    /// The estimate of all classes of so many architectures.
    fn among(&self, architectures: &BigUint, seed: u64) -> Count {
        let n = self.shares.len() as u32;
        let error = self.relative_error();
        // All equal: with a chance of 95 %, less than three of n others differ.
        let least = 3.0 / f64::from(n) / 1.96;
        // In fixed point, as a part of all.
        let part = self.largest + self.mean().ln() - ln(architectures);
        let point = (62.0 - (part / std::f64::consts::LN_2).ceil()).max(1.0) as u64;
        let digits = (part + point as f64 * std::f64::consts::LN_2).exp() as u64;
        let half = BigUint::from(1u8) << (point - 1);
        Count {
            value: (architectures * digits + half) >> point,
            how: How::Estimate(Estimate {
                relative_error: if error > 1e-9 { error } else { least },
                samples: n,
                seed,
            }),
        }
    }
}

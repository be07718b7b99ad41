//! How many architectures a space has: exactly where its diagram is not too large,
//! estimated where it is.

use num_bigint::BigUint;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::diagram::Effort;
use super::sample::attempt;
use super::{Architecture, DecisionSpace, Diagram, GuardId, TooLarge};

/// How many architectures a space has, and how that was found out.
#[derive(Clone, Debug, PartialEq)]
pub struct Count {
    /// The number; of an estimate, rounded.
    pub value: BigUint,
    /// How it was found out.
    pub how: How,
}

/// How architectures were counted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum How {
    /// Exactly: no condition couples decisions, so their choices multiply.
    Product,
    /// Exactly, by a diagram.
    Diagram {
        /// How many nodes it has.
        nodes: usize,
    },
    /// By architectures at random: an unbiased estimate.
    Estimate(Estimate),
}

/// How good an estimate is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The standard error, as a share of the value. With a chance of 95 % the number
    /// is within 1.96 of them. Infinite where no sample was an architecture.
    pub relative_error: f64,
    /// From how many samples.
    pub samples: u32,
    /// From which they were drawn.
    pub seed: u64,
}

/// How many samples an estimate is made from.
const SAMPLES: u32 = 20_000;

/// The exact number of architectures; an estimate of it where the conditions of the
/// space couple too many decisions. [`Count::of`] says which.
#[must_use]
pub fn count(space: &DecisionSpace) -> BigUint {
    Count::of(space).value
}

impl Count {
    /// Counts the architectures of a space.
    #[must_use]
    pub fn of(space: &DecisionSpace) -> Self {
        match Diagram::of(space) {
            Ok(diagram) => Self::by(&diagram),
            Err(TooLarge) => estimate(space, SAMPLES, 0, Effort::Full),
        }
    }

    /// As [`Count::of`] in a moment: an estimate, and a rougher one, where
    /// counting takes longer than an editor waits.
    #[must_use]
    pub fn quick(space: &DecisionSpace) -> Self {
        match Diagram::requiring(space, space.require, Effort::Little) {
            Ok(diagram) => Self::by(&diagram),
            Err(TooLarge) => estimate(space, SAMPLES / 20, 0, Effort::Little),
        }
    }

    /// The count that a diagram gives.
    #[must_use]
    pub fn by(diagram: &Diagram) -> Self {
        Self {
            value: diagram.count(),
            how: if diagram.is_product() {
                How::Product
            } else {
                How::Diagram {
                    nodes: diagram.nodes(),
                }
            },
        }
    }

    /// Whether it is no estimate.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        !matches!(self.how, How::Estimate(_))
    }
}

/// What `require` leaves of a space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// How many architectures fulfil it.
    pub kept: BigUint,
    /// How many there would be without it.
    pub of: BigUint,
}

impl Kept {
    /// Counts both exactly.
    ///
    /// # Errors
    /// When that takes longer than an editor waits.
    pub fn quick(space: &DecisionSpace) -> Result<Self, TooLarge> {
        let count = |require| {
            let diagram = Diagram::requiring(space, require, Effort::Little)?;
            Ok(diagram.count())
        };
        Ok(Self {
            kept: count(space.require)?,
            of: count(GuardId::ALWAYS)?,
        })
    }
}

/// The mean of weights at random, which is the count.
///
/// Where the diagram without `require` is small enough, architectures are drawn from
/// it, and each weighs as many as it has if `require` holds, nothing if not.
/// Otherwise each decision is drawn among its choices, and an architecture weighs
/// the product of how many there were (Knuth 1975).
fn estimate(space: &DecisionSpace, samples: u32, seed: u64, effort: Effort) -> Count {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let relaxed = if space.require == GuardId::ALWAYS {
        Err(TooLarge)
    } else {
        Diagram::requiring(space, GuardId::ALWAYS, effort)
    };
    let fulfils = |made: &Architecture| space.guards.holds(space.require, made);
    let weights: Vec<BigUint> = match relaxed {
        Ok(relaxed) => {
            let all = relaxed.count();
            (0..samples)
                .map(|_| match relaxed.sample(&mut rng) {
                    Some(drawn) if fulfils(&drawn) => all.clone(),
                    _ => BigUint::ZERO,
                })
                .collect()
        }
        Err(TooLarge) => (0..samples)
            .map(|_| {
                let mut choices = Vec::new();
                match attempt(space, &mut rng, |among| choices.push(among)) {
                    Some(_) => product(choices),
                    None => BigUint::ZERO,
                }
            })
            .collect(),
    };
    let sum: BigUint = weights.iter().sum();
    Count {
        value: (sum + samples / 2) / samples,
        how: How::Estimate(Estimate {
            relative_error: relative_error(&weights),
            samples,
            seed,
        }),
    }
}

/// The standard error of the mean of weights, as a part of it; infinite where all
/// are zero.
fn relative_error(weights: &[BigUint]) -> f64 {
    let sum: BigUint = weights.iter().sum();
    if sum == BigUint::ZERO {
        return f64::INFINITY;
    }
    let n = weights.len() as f64;
    // Each weight by the mean.
    let squares: f64 = weights
        .iter()
        .map(|weight| (n * ratio(weight, &sum) - 1.0).powi(2))
        .sum();
    (squares / (n - 1.0) / n).sqrt()
}

/// The product of many small numbers: of two and two, so that few products are of
/// large ones.
pub(super) fn product(mut factors: Vec<BigUint>) -> BigUint {
    while factors.len() > 1 {
        factors = factors
            .chunks(2)
            .map(|pair| pair.iter().product())
            .collect();
    }
    factors.pop().unwrap_or_else(|| 1u8.into())
}

/// A number as a share of another that is no less; both may be too large for a double.
pub(super) fn ratio(part: &BigUint, whole: &BigUint) -> f64 {
    let shift = whole.bits().saturating_sub(64);
    let short = |number: &BigUint| u64::try_from(number >> shift).unwrap_or(u64::MAX) as f64;
    short(part) / short(whole).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::diagram::tests::{in_order, random_space};

    #[test]
    fn where_every_way_has_as_many_choices_the_estimate_is_the_count() {
        // All orders of twenty.
        let space = in_order(20, 20);
        let estimated = estimate(&space, 50, 0, Effort::Full);
        let factorial: BigUint = (1u32..=20).map(BigUint::from).product();
        assert_eq!(estimated.value, factorial);
    }

    #[test]
    fn estimates_are_near_the_count() {
        let (mut near, mut n) = (0, 0);
        for seed in 0..300 {
            let space = random_space(seed);
            let exact = Count::of(&space);
            assert!(exact.is_exact());
            if exact.value < 20u8.into() {
                continue;
            }
            let estimated = estimate(&space, 2000, seed, Effort::Full);
            let How::Estimate(Estimate { relative_error, .. }) = estimated.how else {
                panic!("no estimate");
            };
            let number = |value: &BigUint| f64::from(u32::try_from(value).unwrap());
            let (exact, estimated) = (number(&exact.value), number(&estimated.value));
            // The value is a whole number, which is half of one off.
            let error = 1.96 * relative_error * exact + 0.5;
            n += 1;
            near += u32::from((exact - estimated).abs() <= error);
        }
        // 95 % of them.
        assert!(n > 40 && near * 10 >= n * 9, "{near} of {n}");
    }
}

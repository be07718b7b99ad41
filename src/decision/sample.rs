//! Architectures at random, each decision uniform among its choices.

use num_bigint::BigUint;
use rand::Rng;

use super::point::binomial;
use super::{Architecture, Choice, DecisionSpace, Domain};

/// Draws an architecture: in program order, every active decision uniformly
/// among its choices (for a set of any size that is a fair bit an option).
///
/// Where decisions are conditional this is not uniform over architectures.
pub fn sample(space: &DecisionSpace, rng: &mut impl Rng) -> Architecture {
    let mut architecture = Architecture::undecided(space);
    for (id, point) in space.iter() {
        if space.guards.holds(point.active, &architecture) {
            architecture.set(id, draw(point.domain, rng));
        }
    }
    architecture
}

pub(super) fn draw(domain: Domain, rng: &mut impl Rng) -> Choice {
    match domain {
        Domain::One { n } => Choice::One(rng.random_range(0..n)),
        Domain::Subset { n, min: 0, max } if max == n => {
            Choice::Set((0..n).filter(|_| rng.random_bool(0.5)).collect())
        }
        Domain::Subset { n, min, max } => {
            // Its size first, as often as there are sets of that size.
            let mut rest = below(&domain.size(), rng);
            let mut size = min;
            while size < max && rest >= binomial(n, size) {
                rest -= binomial(n, size);
                size += 1;
            }
            let chosen = rand::seq::index::sample(rng, n as usize, size as usize);
            let mut chosen: Vec<u32> = chosen.into_iter().map(|index| index as u32).collect();
            chosen.sort_unstable();
            Choice::Set(chosen)
        }
    }
}

/// A number below `bound`, each as likely: bits until they fit, which half of all
/// draws do at least.
pub(super) fn below(bound: &BigUint, rng: &mut impl Rng) -> BigUint {
    let bits = bound.bits();
    if bits <= 1 {
        return BigUint::ZERO;
    }
    loop {
        let words = (0..bits.div_ceil(32))
            .map(|_| rng.random::<u32>())
            .collect();
        let drawn = BigUint::new(words) >> (bits.div_ceil(32) * 32 - bits);
        if drawn < *bound {
            return drawn;
        }
    }
}

//! Architectures at random, each decision uniform among its choices.

use rand::Rng;

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

fn draw(domain: Domain, rng: &mut impl Rng) -> Choice {
    match domain {
        Domain::One { n } => Choice::One(rng.random_range(0..n)),
        Domain::Subset { n, min: 0, max } if max == n => {
            Choice::Set((0..n).filter(|_| rng.random_bool(0.5)).collect())
        }
        Domain::Subset { n, min, max } => loop {
            // A fair bit an option, until the size fits, is uniform over the
            // sets of that size range; a fixed size is drawn directly.
            let chosen: Vec<u32> = if min == max {
                let mut all = rand::seq::index::sample(rng, n as usize, min as usize)
                    .into_iter()
                    .map(|index| index as u32)
                    .collect::<Vec<_>>();
                all.sort_unstable();
                all
            } else {
                (0..n).filter(|_| rng.random_bool(0.5)).collect()
            };
            if (min..=max).contains(&(chosen.len() as u32)) {
                return Choice::Set(chosen);
            }
        },
    }
}

//! Architectures near others: the moves of evolution and of local search.
//!
//! A move changes one decision. What it switches off is dropped; what it switches
//! on, and what has a choice that is not available any more, is decided anew. Every
//! result is an architecture of its space.

use rand::Rng;
use rand::seq::SliceRandom as _;

use super::sample::Choices;
use super::{Architecture, Choice, DecisionId, DecisionSpace, Domain};

/// How often a move is tried where what is required refuses what comes of it.
const TRIES: u32 = 100;

/// Changes one decision at random to another of its available choices, each as
/// likely; what is decided anew is drawn uniformly among its choices.
///
/// A decision of which a hundred changes break what the space requires is given up
/// for another. `None` if no change was found; in a space of one architecture there
/// is none.
pub fn mutate(
    space: &DecisionSpace,
    architecture: &Architecture,
    rng: &mut impl Rng,
) -> Option<Architecture> {
    let mut active: Vec<DecisionId> = space
        .iter()
        .map(|(id, _)| id)
        .filter(|&id| architecture.get(id).is_some())
        .collect();
    active.shuffle(rng);
    for changed in active {
        let (point, old) = (space.point(changed)?, architecture.get(changed)?);
        let choices = Choices::of(space, point, architecture);
        if choices.count() < 2u8.into() {
            continue;
        }
        for _ in 0..TRIES {
            let new = choices.draw(rng)?;
            if new == *old {
                continue;
            }
            let made = complete(space, but(architecture, changed, &new), |c| c.draw(rng));
            if made.is_some() {
                return made;
            }
        }
    }
    None
}

/// Mixes two architectures: every decision as in one of them, by a fair coin; as in
/// the other where that is not available; drawn uniformly where neither is. After a
/// hundred mixtures that break what the space requires, the first of the two.
pub fn crossover(
    space: &DecisionSpace,
    a: &Architecture,
    b: &Architecture,
    rng: &mut impl Rng,
) -> Architecture {
    for _ in 0..TRIES {
        let coins: Vec<bool> = space.points.iter().map(|_| rng.random()).collect();
        let of = |id: DecisionId, coin: bool| if coin { a.get(id) } else { b.get(id) };
        let coin = |id: DecisionId| coins.get(id.index()).copied().unwrap_or(true);
        let mixed = complete_with(
            space,
            |id, choices| {
                [of(id, coin(id)), of(id, !coin(id))]
                    .into_iter()
                    .flatten()
                    .find(|choice| choices.has(choice))
                    .cloned()
            },
            |choices| choices.draw(rng),
        );
        if let Some(mixed) = mixed {
            return mixed;
        }
    }
    a.clone()
}

/// Every architecture that one change makes of another: one decision for each other
/// available option; a set with one element more, one less, or one in another's place,
/// as far as its sizes allow. What is decided anew takes its first choice. Changes
/// that break what the space requires are left out. In program order of the decision
/// that is changed; no two are equal.
#[must_use]
pub fn neighbors(space: &DecisionSpace, architecture: &Architecture) -> Vec<Architecture> {
    let mut found = Vec::new();
    for (changed, point) in space.iter() {
        let Some(old) = architecture.get(changed) else {
            continue;
        };
        let choices = Choices::of(space, point, architecture);
        for new in changes(old, point.domain) {
            if !choices.has(&new) {
                continue;
            }
            found.extend(complete(
                space,
                but(architecture, changed, &new),
                Choices::first,
            ));
        }
    }
    found
}

/// The choices of an architecture, but for one.
fn but<'a>(
    architecture: &'a Architecture,
    changed: DecisionId,
    new: &'a Choice,
) -> impl Fn(DecisionId) -> Option<Choice> + 'a {
    move |id| {
        let kept = architecture.get(id);
        if id == changed { Some(new) } else { kept }.cloned()
    }
}

/// The choices of a domain next to one of them, and some that it may not have.
fn changes(old: &Choice, domain: Domain) -> Vec<Choice> {
    let n = domain.options();
    match old {
        Choice::One(chosen) => (0..n).filter(|o| o != chosen).map(Choice::One).collect(),
        Choice::Set(chosen) => {
            let without = |left: u32| chosen.iter().copied().filter(move |&o| o != left);
            let with = |set: &mut Vec<u32>, more: u32| {
                set.push(more);
                set.sort_unstable();
            };
            let others: Vec<u32> = (0..n).filter(|option| !chosen.contains(option)).collect();
            let mut sets: Vec<Vec<u32>> = Vec::new();
            for &more in &others {
                let mut set = chosen.clone();
                with(&mut set, more);
                sets.push(set);
            }
            for &left in chosen {
                sets.push(without(left).collect());
                for &more in &others {
                    let mut set: Vec<u32> = without(left).collect();
                    with(&mut set, more);
                    sets.push(set);
                }
            }
            sets.into_iter().map(Choice::Set).collect()
        }
    }
}

/// Makes every active decision as wanted where that is available, otherwise anew;
/// `None` if that is no architecture of the space.
fn complete(
    space: &DecisionSpace,
    wanted: impl Fn(DecisionId) -> Option<Choice>,
    anew: impl FnMut(&Choices) -> Option<Choice>,
) -> Option<Architecture> {
    let available =
        |id: DecisionId, choices: &Choices| wanted(id).filter(|choice| choices.has(choice));
    complete_with(space, available, anew)
}

fn complete_with(
    space: &DecisionSpace,
    wanted: impl Fn(DecisionId, &Choices) -> Option<Choice>,
    mut anew: impl FnMut(&Choices) -> Option<Choice>,
) -> Option<Architecture> {
    let mut made = Architecture::undecided(space);
    for (id, point) in space.iter() {
        if space.guards.holds(point.active, &made) {
            let choices = Choices::of(space, point, &made);
            let choice = wanted(id, &choices).or_else(|| anew(&choices))?;
            made.set(id, choice);
        }
    }
    space.guards.holds(space.require, &made).then_some(made)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::decision::diagram::tests::{enumerate, random_space};

    #[test]
    fn moves_lead_to_architectures() {
        let (mut moved, mut crossed) = (0, 0);
        for seed in 0..300 {
            let space = random_space(seed);
            let rng = &mut ChaCha8Rng::seed_from_u64(seed);
            let all = enumerate(&space);
            let step = 1 + all.len() / 8;
            for a in all.iter().step_by(step) {
                let near = neighbors(&space, a);
                let different: BTreeSet<&Architecture> = near.iter().collect();
                assert_eq!(different.len(), near.len(), "seed {seed}");
                assert!(!different.contains(a), "seed {seed}");
                assert!(near.iter().all(|b| b.is_of(&space)), "seed {seed}");
                // What differs in one decision's option alone is a neighbor.
                for b in &all {
                    let mut differ = space.iter().filter(|(id, _)| a.get(*id) != b.get(*id));
                    if let (Some((id, _)), None) = (differ.next(), differ.next())
                        && let (Some(Choice::One(_)), Some(Choice::One(_))) = (a.get(id), b.get(id))
                    {
                        assert!(different.contains(b), "seed {seed}");
                    }
                }
                match mutate(&space, a, rng) {
                    Some(b) => {
                        assert!(b.is_of(&space) && b != *a, "seed {seed}");
                        moved += 1;
                    }
                    // Where there are neighbors, one is found.
                    None => assert!(near.is_empty(), "seed {seed}"),
                }
                for b in all.iter().step_by(step) {
                    assert!(crossover(&space, a, b, rng).is_of(&space), "seed {seed}");
                    assert_eq!(crossover(&space, a, a, rng), *a);
                    crossed += 1;
                }
            }
        }
        assert!(moved > 300 && crossed > 300);
    }
}

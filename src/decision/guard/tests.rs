//! Whether conditions can hold, against enumeration.

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::GuardId;
use crate::decision::DecisionSpace;
use crate::decision::diagram::tests::{condition, enumerate, random_space};
use crate::decision::sample::attempt;

/// Whether choices may leave a later decision none.
fn ends_early(space: &DecisionSpace, rng: &mut ChaCha8Rng) -> bool {
    (0..100).any(|_| attempt(space, rng, |_| ()).is_none())
}

#[test]
fn possible_is_what_some_architecture_fulfils() {
    let (mut can, mut cannot) = (0, 0);
    for seed in 0..1500 {
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let mut space = random_space(seed);
        space.require = GuardId::ALWAYS;
        let all = enumerate(&space);
        let ends_early = ends_early(&space, rng);
        for _ in 0..20 {
            let guard = condition(&mut space, rng, 3);
            let fulfilled = all.iter().any(|made| space.guards.holds(guard, made));
            let possible = space.guards.possible(guard);
            let example = space.guards.example(guard).unwrap();
            assert!(possible || !fulfilled, "seed {seed}");
            assert!(example.is_some() || !fulfilled, "seed {seed}");
            if !ends_early {
                assert_eq!(possible, fulfilled, "seed {seed}");
            }
            can += u32::from(possible);
            cannot += u32::from(!possible);
        }
    }
    assert!(can > 10_000 && cannot > 2_000, "{can} {cannot}");
}

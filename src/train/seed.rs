//! Where random numbers come from.
//!
//! Everything drawn at random during a run is a function of the run's seed, a
//! purpose and a position, never of what was drawn before. So a resumed run draws
//! what an uninterrupted one would have, and libtorch's generator, whose state
//! cannot be saved, is seeded anew before every step.

/// What random numbers are for; each purpose has a stream of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// First values of the shared weights ω.
    Weights = 1,
    /// First values of the policy θ.
    Policy = 2,
    /// libtorch's own generator (dropout), by step.
    Torch = 3,
    /// The architectures of a step of the shared phase, by step.
    SharedSamples = 4,
    /// The architectures of a controller update, by step.
    PolicySamples = 5,
    /// The architectures of a report, by step.
    ReportSamples = 6,
    /// The architectures that one is derived from.
    DeriveSamples = 7,
    /// The order of training images.
    TrainOrder = 8,
    /// The order of validation images, hence the reward minibatches.
    RewardOrder = 9,
    /// Shifts and flips of training images.
    Augment = 10,
    /// The order of validation images in reports.
    ReportOrder = 11,
    /// The uniform architectures that a strategy is compared with.
    UniformSamples = 12,
    /// The architectures whose scores are correlated.
    CorrelateSamples = 13,
}

/// The seed of a purpose at a position (a step, or 0), from the seed of the run.
#[must_use]
pub fn seed(run: u64, purpose: Purpose, position: u64) -> u64 {
    mix(mix(mix(run) ^ purpose as u64) ^ position)
}

/// The output function of `SplitMix64`: a bijection that flips half of the bits.
fn mix(x: u64) -> u64 {
    let mut z = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_differ_by_run_purpose_and_position_and_stay_the_same() {
        let mut all: Vec<u64> = Vec::new();
        for run in 0..3 {
            for purpose in [Purpose::Weights, Purpose::Policy, Purpose::Torch] {
                all.extend((0..50).map(|position| seed(run, purpose, position)));
            }
        }
        let n = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), n);
        // The first number of the published generator from 0.
        assert_eq!(mix(0), 0xe220_a839_7b1d_cdaf);
    }
}

//! REINFORCE (Williams, 1992) with a moving-average baseline, as ENAS trains
//! its controller: pure functions, and the baseline.

use serde::{Deserialize, Serialize};
use tch::Tensor;

/// `R = r + w H`: what was measured, and a bonus for the policy's entropy (in
/// nats). The bonus is part of the reward, so it carries no gradient of its own.
#[must_use]
pub fn entropy_bonus(measured: f64, entropy: f64, weight: f64) -> f64 {
    measured + weight * entropy
}

/// A moving average of the rewards, which makes the gradient's variance smaller
/// and leaves its mean alone.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// The average; 0 at first, as in the authors' code.
    pub value: f64,
    /// How much of it a reward leaves (δ).
    pub decay: f64,
}

impl Baseline {
    /// A baseline that has seen no reward.
    #[must_use]
    pub fn new(decay: f64) -> Self {
        Self { value: 0.0, decay }
    }

    /// Takes up a reward, `b ← b - (1 - δ)(b - R)`, and returns the reward's
    /// advantage over the *new* average, `R - b = δ (R - b_old)`.
    pub fn advantage(&mut self, reward: f64) -> f64 {
        self.value -= (1.0 - self.decay) * (self.value - reward);
        reward - self.value
    }
}

/// The mean of `-log π(m) · advantage` over a batch of samples, whose gradient
/// is the policy gradient. `[n], [n]` to `[]`
pub fn policy_loss(log_prob: &Tensor, advantage: &Tensor) -> Tensor {
    -(log_prob * advantage.detach()).mean(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn close(found: f64, expected: f64) {
        assert!(
            (found - expected).abs() < 1e-12,
            "{found} in place of {expected}"
        );
    }

    #[test]
    fn entropy_is_added_to_the_reward() {
        close(entropy_bonus(0.9, 8.0, 0.1), 1.7);
    }

    #[test]
    fn baseline_moves_before_the_advantage_is_taken_and_once_a_sample() {
        let mut baseline = Baseline::new(0.75);
        // b = 0.25, adv = 0.75; b = 0.25 + 0.25 (0.5 - 0.25) = 0.3125, adv = 0.1875
        close(baseline.advantage(1.0), 0.75);
        close(baseline.advantage(0.5), 0.1875);
        close(baseline.value, 0.3125);
    }

    #[test]
    fn loss_and_gradient_match_numbers_made_by_hand() {
        let log_prob = Tensor::from_slice(&[-1.0, -2.0]).set_requires_grad(true);
        let advantage = Tensor::from_slice(&[0.5, -0.25]);
        let loss = policy_loss(&log_prob, &advantage);
        // -( -0.5 + 0.5 ) / 2 = 0
        close(loss.double_value(&[]), 0.0);
        let grads = Tensor::run_backward(&[loss], &[log_prob], false, false);
        assert_eq!(Vec::<f64>::try_from(&grads[0]).unwrap(), [-0.25, 0.125]);
    }
}

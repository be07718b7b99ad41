//! The hyperparameters of the optimisers.

use serde::{Deserialize, Serialize};

/// The hyperparameters of stochastic gradient descent with momentum.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SgdConfig {
    /// Share of the momentum that is kept each step (μ), below 1.
    pub momentum: f64,
    /// Whether the step looks ahead (Nesterov).
    pub nesterov: bool,
    /// λ of the penalty `λ Σ w²` (no ½), scales and offsets of batch norm included.
    pub l2: f64,
    /// Whether a step also moves the weights that its architectures do not use:
    /// their gradient is that of the penalty, and their momentum carries on. The
    /// authors' code does, their corrected language model does not.
    pub unused: bool,
    /// Whether the penalty is `λ/2 Σ w⁴`, as a slip in the authors' corrected
    /// language model makes it; next to nothing for weights below 0.1.
    pub quartic: bool,
}

impl Default for SgdConfig {
    /// The authors' macro search on CIFAR-10.
    fn default() -> Self {
        Self {
            momentum: 0.9,
            nesterov: true,
            l2: 2.5e-4,
            unused: false,
            quartic: false,
        }
    }
}

/// The hyperparameters of Adam.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdamConfig {
    /// Decay of the average gradient. Authors' controllers 0.
    pub beta1: f64,
    /// Decay of the average squared gradient.
    pub beta2: f64,
    /// Keeps the division finite. Authors' controllers 1e-3, which is large
    /// beside a controller's gradients and slows its first hundreds of steps.
    pub eps: f64,
    /// Where `eps` stands: TensorFlow's (and the authors')
    /// `lr √(1-β2ᵗ) / (1-β1ᵗ) · m / (√v + ε)`, or the paper's Algorithm 1
    /// `lr m̂ / (√v̂ + ε)`, in which ε weighs less at first.
    pub tensorflow: bool,
}

impl Default for AdamConfig {
    /// Algorithm 1 of the Adam paper with its constants.
    fn default() -> Self {
        Self {
            beta1: 0.9,
            beta2: 0.999,
            eps: 1e-8,
            tensorflow: false,
        }
    }
}

impl AdamConfig {
    /// As the authors' code trains its controllers.
    #[must_use]
    pub fn authors() -> Self {
        Self {
            beta1: 0.0,
            beta2: 0.999,
            eps: 1e-3,
            tensorflow: true,
        }
    }
}

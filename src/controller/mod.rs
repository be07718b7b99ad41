//! Who chooses: an LSTM that reads a [`Plan`] and decides architectures step
//! by step (ENAS, arXiv 1802.03268, section 2).
//!
//! In: the plan alone; the controller knows nothing of images, cells or
//! tensors' shapes. Out: a [`Rollout`] of `n` architectures, made as one batch,
//! with the log-probability that REINFORCE differentiates.
//!
//! - `lstm`: its parameters θ, the LSTM cell, logits and embeddings;
//! - `sample`: one walk over the plan, for drawing and for scoring;
//! - `tape`: choices as tensors, and back to architectures.

mod lstm;
mod sample;
mod tape;

pub use sample::Rollout;

pub use crate::recipe::ControllerConfig;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tch::{Device, Kind, Tensor};

use crate::decision::{Architecture, Plan};
use lstm::{Constants, Weights};
use tape::Actions;

/// The policy π(m; θ) over the architectures of a space.
#[derive(Debug)]
pub struct Controller {
    plan: Plan,
    config: ControllerConfig,
    weights: Weights,
    constants: Vec<Constants>,
    /// The leaf tensors of `weights` by name, in a fixed order.
    params: Vec<(String, Tensor)>,
}

/// Why a saved state does not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// A tensor is not there.
    #[error("the saved state has no tensor `{0}`")]
    Missing(String),
    /// A tensor is not known.
    #[error("the saved state has a tensor `{0}` that nothing asks for")]
    Unknown(String),
    /// A tensor has another shape.
    #[error("the saved tensor `{name}` has the shape {found:?} in place of {expected:?}")]
    Shape {
        /// Its name.
        name: String,
        /// The shape it must have.
        expected: Vec<i64>,
        /// The shape it has.
        found: Vec<i64>,
    },
}

impl Controller {
    /// A new controller for `plan`. Its parameters depend on `plan`, `config`
    /// and `seed` alone, in single precision.
    #[must_use]
    pub fn new(plan: Plan, config: ControllerConfig, seed: u64, device: Device) -> Self {
        Self::with_kind(plan, config, seed, device, Kind::Float)
    }

    /// As [`Controller::new`], with parameters of another floating-point kind.
    #[must_use]
    pub fn with_kind(
        plan: Plan,
        config: ControllerConfig,
        seed: u64,
        device: Device,
        kind: Kind,
    ) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        // Apart from the draws of the same seed.
        rng.set_stream(1);
        let (weights, params) = Weights::new(&plan, &config, &mut rng, (kind, device));
        let constants = lstm::constants(&plan, (kind, device));
        Self {
            plan,
            config,
            weights,
            constants,
            params,
        }
    }

    /// Draws `n` architectures as one batch.
    ///
    /// The draws depend on `seed` and θ alone, and those of a smaller `n` are
    /// the first of a larger one. Without conditional decisions nothing is read
    /// back from the device before all is decided. Under [`tch::no_grad_guard`]
    /// no graph is kept for [`Rollout::log_prob`].
    #[must_use]
    pub fn sample(&self, n: usize, seed: u64) -> Rollout {
        self.walk(Actions::draw(&self.plan, n, seed, self.options()))
    }

    /// The log-probability and the rest of a [`Rollout`] for architectures of
    /// this controller's space that are given.
    #[must_use]
    pub fn score(&self, architectures: &[Architecture]) -> Rollout {
        self.walk(Actions::given(&self.plan, architectures, self.options()))
    }

    /// The plan that it reads.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Its parameters θ: leaf tensors by name, always in the same order.
    pub fn params(&self) -> &[(String, Tensor)] {
        &self.params
    }

    /// Sets every parameter to a saved value of the same name.
    ///
    /// # Errors
    /// When the names or shapes are not exactly those of [`Controller::params`];
    /// nothing is changed then.
    pub fn load_state(&mut self, state: Vec<(String, Tensor)>) -> Result<(), StateError> {
        load_into(&self.params, state)
    }

    fn options(&self) -> (Kind, Device) {
        (self.weights.start.kind(), self.weights.start.device())
    }
}

/// Copies saved tensors into those of the same names: all of them, or none and
/// an error.
fn load_into(
    params: &[(String, Tensor)],
    mut state: Vec<(String, Tensor)>,
) -> Result<(), StateError> {
    let mut found = Vec::with_capacity(params.len());
    for (name, param) in params {
        let place = state.iter().position(|(other, _)| other == name);
        let place = place.ok_or_else(|| StateError::Missing(name.clone()))?;
        let (_, saved) = state.swap_remove(place);
        if saved.size() != param.size() {
            return Err(StateError::Shape {
                name: name.clone(),
                expected: param.size(),
                found: saved.size(),
            });
        }
        found.push((param.shallow_clone(), saved));
    }
    if let Some((name, _)) = state.into_iter().next() {
        return Err(StateError::Unknown(name));
    }
    let _guard = tch::no_grad_guard();
    for (mut param, saved) in found {
        param.copy_(&saved);
    }
    Ok(())
}

#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;

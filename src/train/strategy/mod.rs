//! Who proposes architectures: the policy of ENAS, chance, or evolution.
//!
//! All of them have the same budget: a search trains the same weights on their
//! samples, asks for as many proposals, and judges each on the same minibatches. So
//! what one finds and another does not is due to the strategy.

mod enas;
mod evolution;
mod uniform;

use super::controller_phase::RewardFn;
use super::seed::{Purpose, seed};
use super::tensors::State;
use super::{SearchConfig, StrategyName, TrainError};
use crate::decision::{Architecture, DecisionSpace};

pub(super) use enas::Enas;
pub(super) use uniform::Uniform;

/// Figures of a step by name.
pub(super) type Figures = Vec<(&'static str, f64)>;

/// Proposes architectures and learns from their rewards.
///
/// What is drawn depends on the seed and on what was learnt alone.
pub(super) trait Strategy {
    /// So many architectures as it would propose them now.
    fn sample(&mut self, n: usize, seed: u64) -> Result<Vec<Architecture>, TrainError>;
    /// Proposes `n` architectures, asks for their rewards and learns from them; says
    /// how it went.
    fn update(
        &mut self,
        n: usize,
        seed: u64,
        reward: &mut RewardFn<TrainError>,
    ) -> Result<Figures, TrainError>;
    /// So many architectures, of which the best is to be derived.
    fn finalists(&mut self, n: usize, seed: u64) -> Result<Vec<Architecture>, TrainError> {
        self.sample(n, seed)
    }
    /// All that updates change.
    fn state(&self) -> State;
    /// Puts a saved state in its place; says in words what does not fit.
    fn load_state(&mut self, state: State) -> Result<(), String>;
}

/// The strategy that the hyperparameters name, as it is at the start.
pub(super) fn strategy<'a>(
    space: &'a DecisionSpace,
    config: &SearchConfig,
) -> Box<dyn Strategy + 'a> {
    match config.strategy.name {
        StrategyName::Enas => {
            let start = seed(config.run.seed, Purpose::Policy, 0);
            Box::new(Enas::new(space, &config.controller, start))
        }
        StrategyName::Random => Box::new(Uniform::new(space)),
        StrategyName::Evolution => Box::new(evolution::Population::new(space, config.strategy)),
    }
}

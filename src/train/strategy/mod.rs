//! Who proposes architectures: the policy of ENAS, chance, or evolution.
//!
//! All of them have the same budget: a search trains the same weights on their
//! samples, asks for as many proposals, and judges each on the same minibatches. So
//! what one finds and another does not is due to the strategy.

mod enas;
mod evolution;
mod uniform;

use serde::{Deserialize, Serialize};
use tch::Device;

use super::controller_phase::RewardFn;
use super::seed::{Purpose, seed};
use super::tensors::State;
use super::{SearchConfig, TrainError};
use crate::decision::{Architecture, DecisionSpace};

pub(super) use enas::Enas;
pub(super) use uniform::Uniform;

/// Who proposes architectures, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StrategyConfig {
    /// Who.
    pub name: StrategyName,
    /// Of evolution: how many architectures live at once. Its authors 100 (arXiv
    /// 1802.01548); less suits the shorter searches here.
    pub population: usize,
    /// Of evolution: among how many of them, drawn at random, the best becomes a
    /// parent. Its authors 25.
    pub tournament: usize,
}

/// Who proposes architectures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StrategyName {
    /// A policy trained by REINFORCE (arXiv 1802.03268).
    Enas,
    /// Chance: every architecture is as likely, whatever its reward.
    Random,
    /// Regularised evolution (arXiv 1802.01548).
    Evolution,
}

impl Default for StrategyConfig {
    fn default() -> Self {
        Self {
            name: StrategyName::Enas,
            population: 50,
            tournament: 10,
        }
    }
}

impl StrategyConfig {
    /// Checks that every value is usable.
    ///
    /// # Errors
    /// The name of the first field that is not, with what it must be.
    pub fn check(&self) -> Result<(), String> {
        if self.population == 0 {
            Err("population must be at least 1".to_owned())
        } else if self.tournament == 0 {
            Err("tournament must be at least 1".to_owned())
        } else {
            Ok(())
        }
    }
}

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
    device: Device,
) -> Box<dyn Strategy + 'a> {
    match config.strategy.name {
        StrategyName::Enas => {
            let start = seed(config.run.seed, Purpose::Policy, 0);
            Box::new(Enas::new(space, &config.controller, start, device))
        }
        StrategyName::Random => Box::new(Uniform::new(space)),
        StrategyName::Evolution => Box::new(evolution::Population::new(space, config.strategy)),
    }
}

//! Who proposes architectures in a search.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
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

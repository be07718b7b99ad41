//! Stage 6: trains. A search trains shared weights ω and a policy θ in turn and
//! derives the best architecture; a retraining trains one architecture from
//! scratch.
//!
//! In: a compiled space, a data set, every hyperparameter, a run folder. Out: the
//! best architecture or a trained network, and in the run folder all that led there.
//!
//! - `search`: the loop; `weights` its first phase, `controller_phase` with
//!   `reinforce` its second;
//! - `strategy`: who proposes architectures: the policy, chance, or evolution; `choices`:
//!   what it has come to prefer;
//! - `evaluator`: who judges them: shared weights, or a table of results;
//! - `compare`, `correlate`, `score`: what a search came to;
//! - `task`: what is learnt: minibatches, and by what an architecture is good;
//! - `retrain`, `inherit`, `evaluate`, `averaging`, `best`: one architecture;
//! - `drive`: what makes both resumable, `log` what their steps leave; `timeline`
//!   numbers the steps, `seed` says where random numbers come from;
//! - `optim`: optimisers whose state can be saved;
//! - `fit`, `memory`: whether a space and a data set belong together, and fit in;
//! - `observe`, `interrupt`: how a run is watched and stopped.
//!
//! Invariants:
//! - the same space, data, hyperparameters and seed give the same run folder, byte
//!   for byte on one thread, however often it was stopped and resumed;
//! - a step changes only the weights on the paths of its architectures;
//! - nothing here prints.

mod averaging;
mod best;
mod choices;
mod compare;
pub mod controller_phase;
mod correlate;
mod drive;
mod error;
mod evaluate;
mod evaluator;
mod fit;
mod inherit;
mod interrupt;
mod log;
mod memory;
mod observe;
pub mod optim;
pub mod reinforce;
mod retrain;
mod score;
mod search;
mod seed;
mod strategy;
mod task;
mod tensors;
mod timeline;
mod weights;

pub use compare::Comparison;
pub use correlate::{Correlation, Pair, correlate};
pub use drive::Watch;
pub use error::TrainError;
pub use evaluate::Evaluation;
pub use fit::{FitError, check as check_fit};
pub use inherit::inherit;
pub use interrupt::Interrupt;
pub use observe::{Event, Observer};
pub use retrain::{Trained, retrain, test};
pub use score::{Scored, score};
pub use search::{derive_again, search, search_table};
pub use task::Measure;
pub use timeline::{Phase, Step, Timeline};

pub use crate::recipe::{
    DataConfig, DeriveConfig, PhaseConfig, RunConfig, SearchConfig, StrategyConfig, StrategyName,
    WeightsConfig,
};

#[cfg(test)]
mod tests;

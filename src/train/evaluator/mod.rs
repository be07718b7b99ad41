//! Who judges architectures: shared weights, which are trained for it, or a table.

mod shared;
mod table;

use super::evaluate::Evaluation;
use super::log::Record;
use super::task::Measure;
use super::tensors::State;
use super::timeline::Step;
use super::{TrainError, Watch};
use crate::decision::Architecture;

pub(super) use shared::SharedWeights;
pub(super) use table::Lookups;

/// Judges architectures.
pub(super) trait Evaluator {
    /// By what an architecture is good.
    fn measure(&self) -> Measure;
    /// How many steps an epoch trains what it judges by.
    fn batches(&self) -> u64;
    /// One of these steps, on these architectures.
    fn train(&mut self, step: Step, architectures: &[Architecture]) -> Result<Record, TrainError>;
    /// How good architectures are, by the minibatch of a step.
    fn judge(
        &mut self,
        step: Step,
        architectures: &[Architecture],
    ) -> Result<Vec<Evaluation>, TrainError>;
    /// How good architectures are, by the same validation examples at every call.
    fn validate(
        &mut self,
        architectures: &[Architecture],
        watch: &mut Watch,
    ) -> Result<Vec<Evaluation>, TrainError>;
    /// The figures of the training of the epoch at hand.
    fn means(&self) -> Result<Vec<(&'static str, f64)>, TrainError>;
    /// The architectures judged so far, the best first and at most `n`, where a
    /// judgement is final.
    fn known(&self, _n: usize) -> Option<Vec<Architecture>> {
        None
    }
    /// What is known of an architecture besides, by name.
    fn facts(&self, _architecture: &Architecture) -> Vec<(String, String)> {
        Vec::new()
    }
    /// All that steps change.
    fn state(&self) -> Result<State, TrainError>;
    /// Puts a saved state in its place; says in words what does not fit.
    fn load_state(&mut self, state: &mut State) -> Result<(), String>;
}

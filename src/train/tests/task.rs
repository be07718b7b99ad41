//! A task whose minibatches a test makes.

use crate::train::task::{Batch, Batches, Measure, Task};
use crate::train::{Step, TrainError};

/// So many minibatches an epoch, which `make` makes; there is nothing to validate or
/// test on.
pub(super) struct Made<F> {
    pub measure: Measure,
    pub batches: u64,
    pub make: F,
}

impl<F: Fn(Step) -> Batch> Task for Made<F> {
    fn measure(&self) -> Measure {
        self.measure
    }
    fn batches(&self) -> u64 {
        self.batches
    }
    fn train(&mut self, step: Step) -> Result<Batch, TrainError> {
        Ok((self.make)(step))
    }
    fn reward(&mut self, step: Step, _: usize) -> Result<Batch, TrainError> {
        self.train(step)
    }
    fn valid(&mut self, _: usize, _: usize) -> Result<Batches<'_>, TrainError> {
        panic!("a step validates nothing")
    }
    fn test(&mut self, _: usize) -> Result<Batches<'_>, TrainError> {
        panic!("a step tests nothing")
    }
}

//! The mean of a network's weights over the steps of a training, from when its
//! validation loss stops to fall (NT-ASGD, arXiv 1708.02182, section 4).

use std::collections::BTreeMap;

use tch::Tensor;

use super::tensors::State;
use crate::graph::ParamId;

/// What decides when averaging begins, and the mean so far.
#[derive(Debug, Default)]
pub(super) struct Averaging {
    /// How many epochs in a row may be no better than the best before them.
    patience: usize,
    /// The validation loss after each epoch.
    losses: Vec<f64>,
    /// Whether it has begun.
    on: bool,
    /// How many steps `mean` is of.
    steps: u64,
    mean: BTreeMap<u32, Tensor>,
}

impl Averaging {
    /// Averaging that has not begun; with a patience of 0 it never does.
    pub(super) fn new(patience: u64) -> Self {
        Self {
            patience: patience as usize,
            ..Self::default()
        }
    }

    /// Whether an epoch's validation loss is asked for.
    pub(super) fn is_wanted(&self) -> bool {
        self.patience > 0
    }

    /// Takes up the validation loss after an epoch.
    pub(super) fn epoch(&mut self, loss: f64) {
        let before = self.losses.len().saturating_sub(self.patience);
        let best = self.losses.iter().take(before).copied().reduce(f64::min);
        self.on |= self.is_wanted() && best.is_some_and(|best| loss > best);
        self.losses.push(loss);
    }

    /// Takes up the weights after a step.
    pub(super) fn step(&mut self, params: &[(ParamId, Tensor)]) {
        if !self.on {
            return;
        }
        let _guard = tch::no_grad_guard();
        self.steps += 1;
        for (id, param) in params {
            let mean = self
                .mean
                .entry(id.0)
                .or_insert_with(|| param.detach().copy());
            // A loaded state may come from another device.
            *mean = mean.to_device(param.device());
            let _ = mean.lerp_(param, 1.0 / self.steps as f64);
        }
    }

    /// Exchanges the weights and their mean, where there is one.
    pub(super) fn swap(&mut self, params: &[(ParamId, Tensor)]) {
        let _guard = tch::no_grad_guard();
        for (id, param) in params {
            if let Some(mean) = self.mean.get_mut(&id.0) {
                let last = param.copy();
                param.shallow_clone().copy_(mean);
                mean.copy_(&last);
            }
        }
    }

    /// All of it, by name.
    pub(super) fn state(&self) -> State {
        let named = |(id, mean): (&u32, &Tensor)| (format!("mean.{id}"), mean.shallow_clone());
        let mut state: State = self.mean.iter().map(named).collect();
        let mut numbers = vec![f64::from(u8::from(self.on)), self.steps as f64];
        numbers.extend(&self.losses);
        state.push(("epochs".to_owned(), Tensor::from_slice(&numbers)));
        state
    }

    /// Takes up a saved state; says in words what does not fit.
    pub(super) fn load_state(&mut self, state: State) -> Result<(), String> {
        for (name, tensor) in state {
            let id = name.strip_prefix("mean.").and_then(|id| id.parse().ok());
            if let Some(id) = id {
                self.mean.insert(id, tensor);
                continue;
            }
            let numbers = Vec::<f64>::try_from(&tensor).map_err(|why| why.to_string())?;
            let [on, steps, losses @ ..] = numbers.as_slice() else {
                return Err(format!("its tensor `{name}` is too short"));
            };
            self.on = *on > 0.0;
            self.steps = *steps as u64;
            self.losses = losses.to_vec();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn begins_when_a_loss_is_above_the_best_of_all_but_the_last() {
        let begins = |patience, losses: &[f64]| {
            let mut averaging = Averaging::new(patience);
            losses.iter().position(|&loss| {
                averaging.epoch(loss);
                averaging.on
            })
        };
        // 2.2 is below 3, which is all but the last two; 2.5 above min(3, 2).
        assert_eq!(begins(2, &[3.0, 2.0, 2.1, 2.2, 2.5]), Some(4));
        assert_eq!(begins(2, &[3.0, 2.9, 2.8, 2.7, 2.6]), None);
        // 2.8 is better than the best of all but the last two.
        assert_eq!(begins(2, &[3.0, 2.5, 2.8, 2.4, 2.6]), Some(4));
        assert_eq!(begins(0, &[1.0, 2.0, 3.0]), None);
    }

    #[test]
    fn the_mean_is_that_of_the_steps_and_is_swapped_in_and_saved() {
        let weights = Tensor::from_slice(&[1.0, 4.0]);
        let params = [(ParamId(3), weights.shallow_clone())];
        let mut averaging = Averaging::new(1);
        averaging.step(&params);
        averaging.swap(&params);
        let values = |tensor: &Tensor| Vec::<f64>::try_from(tensor).unwrap();
        assert_eq!(values(&weights), [1.0, 4.0]);
        for loss in [1.0, 1.5, 2.0] {
            averaging.epoch(loss);
        }
        for add in [0.0, 1.0, 4.0] {
            let mut weights = weights.shallow_clone();
            weights += add;
            averaging.step(&params);
        }
        // Steps at 1, 2 and 6: their mean is 3.
        let mut again = Averaging::new(1);
        again.load_state(averaging.state()).unwrap();
        again.swap(&params);
        assert!((values(&weights)[0] - 3.0).abs() < 1e-12);
        assert!((values(&weights)[1] - 6.0).abs() < 1e-12);
        again.swap(&params);
        assert_eq!(values(&weights), [6.0, 9.0]);
        assert_eq!(again.losses, [1.0, 1.5, 2.0]);
        assert_eq!((again.on, again.steps), (true, 3));
    }
}

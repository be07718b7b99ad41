//! The weights of the epoch that did best on the validation part, and the end of a
//! training that does no better for some epochs (early stopping).

use tch::Tensor;

use super::TrainError;
use super::tensors::{State, prefixed, take};

/// The best epoch so far.
#[derive(Debug)]
pub(super) struct Best {
    /// How many epochs in a row may be no better; 0: nothing is kept and nothing ends.
    patience: u64,
    /// Its score on the validation part, the greater the better.
    score: f64,
    /// How many epochs ago it was.
    ago: u64,
    /// The weights and moving statistics after it.
    weights: State,
}

const WEIGHTS: &str = "weights";
const NUMBERS: &str = "numbers";

impl Best {
    /// Before the first epoch.
    pub(super) fn new(patience: u64) -> Self {
        Self {
            patience,
            score: f64::NEG_INFINITY,
            ago: 0,
            weights: Vec::new(),
        }
    }

    /// Whether an epoch's score is asked for.
    pub(super) fn is_wanted(&self) -> bool {
        self.patience > 0
    }

    /// Takes up the score of an epoch; of one that is the best so far also the weights,
    /// which are copies.
    pub(super) fn epoch(
        &mut self,
        score: f64,
        weights: impl FnOnce() -> Result<State, TrainError>,
    ) -> Result<(), TrainError> {
        if !self.is_wanted() {
            return Ok(());
        }
        if score > self.score {
            self.weights = weights()?;
            self.score = score;
            self.ago = 0;
        } else {
            self.ago += 1;
        }
        Ok(())
    }

    /// Whether there was no better epoch for as long as is waited.
    pub(super) fn is_over(&self) -> bool {
        self.is_wanted() && self.ago >= self.patience
    }

    /// The weights to keep; none where no epoch had a score.
    pub(super) fn weights(&self) -> Option<State> {
        let shallow = |(name, tensor): &(String, Tensor)| (name.clone(), tensor.shallow_clone());
        let all = self.weights.iter().map(shallow);
        (!self.weights.is_empty()).then(|| all.collect())
    }

    /// All of it, by name.
    pub(super) fn state(&self) -> State {
        let numbers = Tensor::from_slice(&[self.score, self.ago as f64]);
        let mut state: State = prefixed(WEIGHTS, self.weights().unwrap_or_default()).collect();
        state.push((NUMBERS.to_owned(), numbers));
        state
    }

    /// Takes up a saved state; says in words what does not fit.
    pub(super) fn load_state(&mut self, mut state: State) -> Result<(), String> {
        self.weights = take(&mut state, WEIGHTS);
        let numbers = state
            .pop()
            .and_then(|(_, numbers)| Vec::<f64>::try_from(numbers).ok());
        let [score, ago] = numbers
            .and_then(|numbers| numbers.try_into().ok())
            .ok_or_else(|| format!("it does not say which epoch was best ({NUMBERS})"))?;
        self.score = score;
        self.ago = ago as u64;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_is_kept_and_the_end_is_some_epochs_later() {
        let ends = |patience, scores: &[f64]| {
            let mut best = Best::new(patience);
            for (epoch, &score) in scores.iter().enumerate() {
                let weights = vec![("w".to_owned(), Tensor::from(epoch as i64))];
                best.epoch(score, || Ok(weights)).unwrap();
                // As if it were resumed.
                let mut again = Best::new(patience);
                again.load_state(best.state()).unwrap();
                best = again;
                if best.is_over() {
                    let kept = best.weights().unwrap()[0].1.int64_value(&[]);
                    return Some((epoch, kept));
                }
            }
            None
        };
        assert_eq!(ends(2, &[0.1, 0.3, 0.2, 0.3, 0.4]), Some((3, 1)));
        assert_eq!(ends(2, &[0.1, 0.0, 0.2, 0.1, 0.3]), None);
        assert_eq!(ends(1, &[-2.0, f64::NAN]), Some((1, 0)));
        assert_eq!(ends(0, &[0.3, 0.2, 0.1]), None);
    }
}

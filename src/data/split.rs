//! Setting validation images apart.

use super::batch::{Stream, rng};
use super::error::DataError;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

/// Which images train the shared parameters and which validate.
///
/// Both hold indexes of the training part, in increasing order; together they hold
/// each exactly once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    /// Train the shared parameters.
    pub train: Vec<u32>,
    /// Reward the controller.
    pub valid: Vec<u32>,
}

/// Sets `n_valid` of `n` images apart: the last ones, as the authors of ENAS do, or
/// a choice drawn from `seed`.
///
/// # Errors
///
/// When no image would be left to train on.
pub fn split(n: usize, n_valid: usize, seed: Option<u64>) -> Result<Split, DataError> {
    if n_valid >= n || u32::try_from(n).is_err() {
        return Err(DataError::SplitTooLarge { n, n_valid });
    }
    let mut all: Vec<u32> = (0..n as u32).collect();
    if let Some(seed) = seed {
        all.shuffle(&mut rng(seed, Stream::Split, 0, 0));
    }
    let mut valid = all.split_off(n - n_valid);
    all.sort_unstable();
    valid.sort_unstable();
    Ok(Split { train: all, valid })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_seed_the_last_images_validate() {
        let split = split(5, 2, None).unwrap();
        assert_eq!(split.train, [0, 1, 2]);
        assert_eq!(split.valid, [3, 4]);
    }

    #[test]
    fn a_seed_draws_a_partition_that_it_determines() {
        let first = split(1000, 100, Some(7)).unwrap();
        assert_eq!(first, split(1000, 100, Some(7)).unwrap());
        assert_ne!(first, split(1000, 100, Some(8)).unwrap());
        assert_eq!(first.valid.len(), 100);
        let mut all = [first.train, first.valid].concat();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..1000));
    }

    #[test]
    fn something_must_be_left_to_train_on() {
        assert!(split(3, 0, None).unwrap().valid.is_empty());
        let message = split(3, 3, None).unwrap_err().to_string();
        assert_eq!(
            message,
            "3 of 3 training images cannot be set apart for validation: at least 1 has to be left to train on"
        );
    }
}

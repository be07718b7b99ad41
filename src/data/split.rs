//! Setting validation images apart.

use super::Images;
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

/// How validation images are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holdout {
    /// The last ones, as the authors of ENAS do: of CIFAR-10 images 45,000 to 49,999.
    /// The training images of every kind of data come in no order of classes: those
    /// of a folder, whose files lie sorted by class, are put in a drawn order when
    /// they are loaded.
    Last,
    /// Drawn at random.
    Random,
    /// Drawn at random within each class, so that each has its share of both parts,
    /// up to one image.
    Stratified,
}

/// Sets `n_valid` of `images` apart. What is drawn depends on `seed` alone; the last
/// images are the same for every seed.
///
/// # Errors
///
/// When no image would be left to train on.
pub fn split(images: &Images, n_valid: usize, how: Holdout, seed: u64) -> Result<Split, DataError> {
    let n = images.len();
    if n_valid >= n || u32::try_from(n).is_err() {
        return Err(DataError::SplitTooLarge { n, n_valid });
    }
    let mut all: Vec<u32> = (0..n as u32).collect();
    if how != Holdout::Last {
        all.shuffle(&mut rng(seed, Stream::Split, 0, 0));
    }
    if how == Holdout::Stratified {
        stratify(&mut all, &images.labels, n_valid);
    }
    let mut valid = all.split_off(n - n_valid);
    all.sort_unstable();
    valid.sort_unstable();
    Ok(Split { train: all, valid })
}

/// Brings the share of each class in the last `n_valid` images to the end: rounded
/// down, and up for those that lose most by it (of equal ones, the first classes).
fn stratify(all: &mut [u32], labels: &[u16], n_valid: usize) {
    let class = |i: u32| usize::from(labels[i as usize]);
    let mut quotas = vec![
        0;
        labels
            .iter()
            .max()
            .map_or(0, |&label| usize::from(label) + 1)
    ];
    for &i in all.iter() {
        quotas[class(i)] += n_valid;
    }
    let mut lost: Vec<_> = quotas.iter().map(|q| q % all.len()).enumerate().collect();
    lost.sort_by_key(|&(_, lost)| std::cmp::Reverse(lost));
    for quota in &mut quotas {
        *quota /= all.len();
    }
    let short = n_valid - quotas.iter().sum::<usize>();
    for (class, _) in lost.into_iter().take(short) {
        quotas[class] += 1;
    }
    let (valid, train): (Vec<_>, Vec<_>) = all.iter().partition(|&&i| {
        let quota = &mut quotas[class(i)];
        let validates = *quota > 0;
        *quota = quota.saturating_sub(1);
        validates
    });
    for (to, i) in all.iter_mut().zip(train.into_iter().chain(valid)) {
        *to = i;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Images without pixels, of these classes.
    fn images(labels: impl IntoIterator<Item = u16>) -> Images {
        Images {
            channels: 1,
            height: 0,
            width: 0,
            pixels: Vec::new(),
            labels: labels.into_iter().collect(),
        }
    }

    #[test]
    fn the_last_images_validate_whatever_the_seed() {
        for seed in 0..3 {
            let split = split(&images([0; 5]), 2, Holdout::Last, seed).unwrap();
            assert_eq!(split.train, [0, 1, 2]);
            assert_eq!(split.valid, [3, 4]);
        }
    }

    #[test]
    fn a_seed_draws_a_partition_that_it_determines() {
        let images = images((0..1000).map(|i| i % 7));
        for how in [Holdout::Random, Holdout::Stratified] {
            let first = split(&images, 100, how, 7).unwrap();
            assert_eq!(first, split(&images, 100, how, 7).unwrap());
            assert_ne!(first, split(&images, 100, how, 8).unwrap());
            assert_eq!(first.valid.len(), 100);
            let mut all = [first.train, first.valid].concat();
            all.sort_unstable();
            assert!(all.into_iter().eq(0..1000));
        }
    }

    #[test]
    fn each_class_has_its_share_of_a_stratified_split() {
        // Large and small classes, sorted by class.
        let sizes = [600, 300, 30, 10, 10, 10, 10, 10, 10, 10];
        let labels = (0..).zip(sizes).flat_map(|(class, n)| vec![class; n]);
        let images = images(labels);
        for (n_valid, seed) in [(100, 1), (500, 2), (50, 3), (999, 4), (1, 5)] {
            let split = split(&images, n_valid, Holdout::Stratified, seed).unwrap();
            for (class, size) in sizes.into_iter().enumerate() {
                let of_class = |&&i: &&u32| usize::from(images.labels[i as usize]) == class;
                let got = split.valid.iter().filter(of_class).count() as f64;
                let share = (size * n_valid) as f64 / 1000.0;
                assert!((got - share).abs() < 1.0, "{class} of {n_valid}: {got}");
            }
        }
    }

    #[test]
    fn something_must_be_left_to_train_on() {
        let images = images([0; 3]);
        let none = split(&images, 0, Holdout::Last, 0).unwrap();
        assert!(none.valid.is_empty());
        let message = split(&images, 3, Holdout::Last, 0).unwrap_err().to_string();
        assert_eq!(
            message,
            "3 of 3 training images cannot be set apart for validation: at least 1 has to be left to train on"
        );
    }
}

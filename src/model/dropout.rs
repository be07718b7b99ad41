//! Dropout: of numbers, of whole words, of whole paths.
//!
//! What is kept is divided by the share that is kept. The masks are drawn from
//! torch's own random numbers.

use tch::{Kind, TchError, Tensor};

/// A mask of zeros and `1 / (1 - rate)`, of `sizes` and the kind and device of
/// `like`; `rate` is below 1.
pub(super) fn mask(sizes: &[i64], rate: f64, like: &Tensor) -> Result<Tensor, TchError> {
    let keep = 1.0 - rate;
    Tensor::f_empty(sizes, (like.kind(), like.device()))?
        .f_bernoulli_float_(keep)?
        .f_div_scalar_(keep)
}

/// Drops single numbers, each on its own.
pub(super) fn numbers(x: &Tensor, rate: f64) -> Result<Tensor, TchError> {
    x.f_dropout(rate, true)
}

/// Drops the same numbers of a sequence `(T, B, D)` at all times (Gal and
/// Ghahramani, arXiv 1512.05287).
pub(super) fn sequences(x: &Tensor, rate: f64) -> Result<Tensor, TchError> {
    let mut sizes = x.size();
    if let Some(time) = sizes.first_mut() {
        *time = 1;
    }
    x.f_mul(&mask(&sizes, rate, x)?)
}

/// Drops all of an example, `batch` being the dimension of the examples.
pub(super) fn paths(x: &Tensor, batch: usize, rate: f64) -> Result<Tensor, TchError> {
    let sizes: Vec<i64> = x
        .size()
        .iter()
        .enumerate()
        .map(|(dim, &n)| if dim == batch { n } else { 1 })
        .collect();
    x.f_mul(&mask(&sizes, rate, x)?)
}

/// Drops words: every occurrence of a dropped word of `matrix` `(V, D)` in
/// `tokens` is zero in `embedded`.
pub(super) fn words(
    embedded: &Tensor,
    tokens: &Tensor,
    matrix: &Tensor,
    rate: f64,
) -> Result<Tensor, TchError> {
    let vocabulary = matrix.size().first().copied().unwrap_or(0);
    let kept = mask(&[vocabulary, 1], rate, matrix)?; // (V, 1)
    let kept = Tensor::f_embedding(&kept, &tokens.f_to_kind(Kind::Int64)?, -1, false, false)?; // (T, B, 1)
    embedded.f_mul(&kept)
}

// Other tests draw from torch's random numbers at the same time, so these
// assert what holds of any draw.
#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::numbers;
    use tch::Device;

    const DOUBLE: (Kind, Device) = (Kind::Double, Device::Cpu);

    #[track_caller]
    fn assert_share(x: &Tensor, rate: f64) {
        let values = numbers(x);
        let kept = 1.0 / (1.0 - rate);
        assert!(values.iter().all(|&v| v == 0.0 || (v - kept).abs() < 1e-12));
        let dropped = values.iter().filter(|&&v| v == 0.0).count() as f64 / values.len() as f64;
        assert!((dropped - rate).abs() < 0.1, "{dropped} of {rate}");
    }

    #[test]
    fn a_share_of_the_numbers_is_dropped_and_the_rest_scaled() {
        let ones = Tensor::ones([40, 50], DOUBLE);
        assert_share(&super::numbers(&ones, 0.25).unwrap(), 0.25);
    }

    #[test]
    fn a_sequence_keeps_its_mask_over_time() {
        let found = sequences(&Tensor::ones([3, 20, 50], DOUBLE), 0.4).unwrap();
        assert_share(&found, 0.4);
        for t in 1..3 {
            assert_eq!(found.get(t), found.get(0));
        }
        assert_ne!(found.get(0).get(0), found.get(0).get(1));
    }

    #[test]
    fn a_dropped_path_drops_all_of_an_example() {
        let found = paths(&Tensor::ones([600, 2, 3, 1], DOUBLE), 0, 0.5).unwrap();
        assert_share(&found, 0.5);
        for example in numbers(&found).chunks(6) {
            assert!(example.iter().all(|v| v.to_bits() == example[0].to_bits()));
        }
    }

    #[test]
    fn a_dropped_word_is_dropped_wherever_it_stands() {
        let tokens = Tensor::arange(600, (Kind::Int64, Device::Cpu)).repeat([2, 1]);
        let embedded = Tensor::ones([2, 600, 3], DOUBLE);
        let found = words(&embedded, &tokens, &Tensor::ones([600, 3], DOUBLE), 0.5).unwrap();
        assert_share(&found, 0.5);
        assert_eq!(found.get(0), found.get(1));
    }
}

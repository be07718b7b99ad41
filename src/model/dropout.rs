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

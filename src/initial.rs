//! The numbers that parameters start from.

use std::f64::consts::TAU;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};

use crate::graph::{Param, ParamTable, Role};
use crate::recipe::{Init, ModelConfig};

/// The bound of embeddings where [`Init`] gives weights a fan-in.
const EMBEDDING_BOUND: f64 = 0.1;

/// The distribution with the bound that the width of the first embedding gives it.
pub(crate) fn resolved(init: Init, table: &ParamTable) -> Init {
    match (init, table.width()) {
        (Init::UniformByWidth, Some(width)) => Init::Uniform {
            bound: ModelConfig::bound_by_width(width),
        },
        _ => init,
    }
}

/// The initial numbers of a parameter, from the seed and its name alone; `init` is
/// [`resolved`].
pub(crate) fn initial(param: &Param, init: Init, seed: u64) -> Vec<f32> {
    let n = param.len() as usize;
    let mut rng = generator(seed, &param.name);
    match (param.role, init) {
        (Role::Bias | Role::Offset | Role::Mean, _) => vec![0.0; n],
        (Role::Scale | Role::Variance, _) => vec![1.0; n],
        (Role::Weight, Init::HeNormal | Init::UniformByWidth) => {
            let fan_in: usize = param.shape.iter().skip(1).product();
            let deviation = (2.0 / fan_in.max(1) as f64).sqrt();
            truncated_normal(&mut rng)
                .map(|z| (z * deviation) as f32)
                .take(n)
                .collect()
        }
        (Role::Embedding, Init::HeNormal | Init::UniformByWidth) => {
            uniform(&mut rng, EMBEDDING_BOUND).take(n).collect()
        }
        (Role::Weight | Role::Embedding, Init::Uniform { bound }) => {
            uniform(&mut rng, bound).take(n).collect()
        }
    }
}

/// A generator of random numbers for one name.
fn generator(seed: u64, name: &str) -> ChaCha8Rng {
    let digest = Sha256::new()
        .chain_update(seed.to_le_bytes())
        .chain_update(name)
        .finalize();
    ChaCha8Rng::from_seed(digest.into())
}

fn uniform(rng: &mut impl Rng, bound: f64) -> impl Iterator<Item = f32> {
    std::iter::repeat_with(move || ((2.0 * rng.random::<f64>() - 1.0) * bound) as f32)
}

/// Standard normal numbers within two deviations, two at a time (Box and Muller).
fn truncated_normal(rng: &mut impl Rng) -> impl Iterator<Item = f64> {
    std::iter::repeat_with(move || {
        // 1 - u lies in (0, 1], where the logarithm is finite.
        let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
        let (sin, cos) = (TAU * rng.random::<f64>()).sin_cos();
        [radius * cos, radius * sin]
    })
    .flatten()
    .filter(|z| z.abs() <= 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn param(name: &str, shape: &[usize], role: Role) -> Param {
        Param {
            name: name.to_owned(),
            shape: shape.to_vec(),
            role,
        }
    }

    fn moments(values: &[f32]) -> (f64, f64) {
        let n = values.len() as f64;
        let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
        let square = values.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>() / n;
        (mean, (square - mean * mean).sqrt())
    }

    #[test]
    fn he_normal_has_the_deviation_of_its_fan_in_cut_at_two() {
        let values = initial(
            &param("w", &[64, 32, 3, 3], Role::Weight),
            Init::HeNormal,
            1,
        );
        let deviation = (2.0f64 / 288.0).sqrt();
        let (mean, found) = moments(&values);
        assert!(mean.abs() < 0.05 * deviation, "{mean}");
        // The deviation of a standard normal cut at 2 is 0.8796.
        assert!((found / deviation - 0.8796).abs() < 0.01, "{found}");
        let greatest = values.iter().fold(0f32, |most, v| most.max(v.abs()));
        assert!(f64::from(greatest) <= 2.0 * deviation);
    }

    #[test]
    fn uniform_fills_its_range() {
        let init = Init::Uniform { bound: 0.04 };
        let values = initial(&param("w", &[1000, 20], Role::Embedding), init, 1);
        let (mean, deviation) = moments(&values);
        assert!(mean.abs() < 1e-3 && (deviation - 0.04 / 3f64.sqrt()).abs() < 1e-3);
        assert!(values.iter().all(|v| v.abs() <= 0.04));
    }

    #[test]
    fn names_and_seeds_differ_and_nothing_else_does() {
        let weight =
            |name, seed| initial(&param(name, &[4, 4], Role::Weight), Init::HeNormal, seed);
        assert_eq!(weight("a", 1), weight("a", 1));
        assert_ne!(weight("a", 1), weight("b", 1));
        assert_ne!(weight("a", 1), weight("a", 2));
    }

    #[test]
    fn the_width_of_the_embedding_sets_the_bound() {
        for (width, bound) in [(300, 0.1), (301, 0.05), (400, 0.05), (401, 0.04)] {
            let table = ParamTable {
                params: vec![
                    param("m", &[8, 8], Role::Weight),
                    param("e", &[2, width], Role::Embedding),
                ],
                banks: Vec::new(),
            };
            let init = resolved(Init::UniformByWidth, &table);
            assert_eq!(init, Init::Uniform { bound });
        }
    }

    #[test]
    fn what_is_added_starts_at_zero_and_what_is_multiplied_at_one() {
        for (role, start) in [
            (Role::Bias, 0.0),
            (Role::Offset, 0.0),
            (Role::Mean, 0.0),
            (Role::Scale, 1.0),
            (Role::Variance, 1.0),
        ] {
            let values = initial(&param("p", &[3], role), Init::default(), 1);
            assert_eq!(values, vec![start; 3], "{role:?}");
        }
    }
}

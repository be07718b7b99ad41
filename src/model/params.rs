//! The leaf tensors of the shared parameters: creation, initial values, state.

use std::collections::BTreeMap;
use std::f64::consts::TAU;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};
use tch::{Device, Kind, TchError, Tensor};

use super::{Init, ModelConfig, ModelError, layout};
use crate::graph::{Param, ParamId, ParamTable, Role};

/// The bound of embeddings where [`Init`] gives weights a fan-in.
const EMBEDDING_BOUND: f64 = 0.1;

/// The tensors that exist so far, by [`ParamId`].
#[derive(Debug)]
pub(super) struct Params {
    tensors: Vec<Option<Tensor>>,
    init: Init,
    seed: u64,
    device: Device,
    /// Single precision, but for tests of gradients.
    pub(super) kind: Kind,
}

impl Params {
    pub(super) fn new(table: &ParamTable, init: Init, seed: u64, device: Device) -> Self {
        let init = match (init, table.width()) {
            (Init::UniformByWidth, Some(width)) => Init::Uniform {
                bound: ModelConfig::bound_by_width(width),
            },
            _ => init,
        };
        Self {
            tensors: table.params.iter().map(|_| None).collect(),
            init,
            seed,
            device,
            kind: Kind::Float,
        }
    }

    pub(super) fn device(&self) -> Device {
        self.device
    }

    /// The tensor of an id, if it was created.
    pub(super) fn get(&self, id: ParamId) -> Option<&Tensor> {
        self.tensors.get(id.index())?.as_ref()
    }

    /// Creates those of `ids` that do not exist yet.
    pub(super) fn create(&mut self, table: &ParamTable, ids: &[ParamId]) -> Result<(), ModelError> {
        for &id in ids {
            let (Some(param), Some(slot)) = (table.get(id), self.tensors.get(id.index())) else {
                return Err(ModelError::Malformed(format!("it has no parameter {id}")));
            };
            if slot.is_none() {
                let values = initial(param, self.init, self.seed);
                let tensor = Tensor::f_from_slice(&values)
                    .and_then(|flat| flat.f_view(sizes(param).as_slice()))
                    .and_then(|tensor| self.place(&tensor, param))
                    .map_err(|why| at(param, &why))?;
                self.tensors[id.index()] = Some(tensor);
            }
        }
        Ok(())
    }

    /// A tensor as a leaf on the device, kernels channels last.
    fn place(&self, tensor: &Tensor, param: &Param) -> Result<Tensor, TchError> {
        let tensor = tensor.f_to_device(self.device)?.f_to_kind(self.kind)?;
        let tensor = layout::channels_last(&tensor)?;
        Ok(tensor.set_requires_grad(param.role.is_trained()))
    }

    /// See [`super::SharedModel::state`].
    pub(super) fn state(&self, table: &ParamTable) -> Result<Vec<(String, Tensor)>, ModelError> {
        let _guard = tch::no_grad_guard();
        table
            .params
            .iter()
            .zip(&self.tensors)
            .filter_map(|(param, tensor)| Some((param, tensor.as_ref()?)))
            .map(|(param, tensor)| {
                let copy = copied(tensor, Device::Cpu).map_err(|why| at(param, &why))?;
                Ok((param.name.clone(), copy))
            })
            .collect()
    }

    /// See [`super::SharedModel::load_state`].
    pub(super) fn load(
        &mut self,
        table: &ParamTable,
        state: Vec<(String, Tensor)>,
    ) -> Result<(), ModelError> {
        let by_name: BTreeMap<&str, (usize, &Param)> = table
            .params
            .iter()
            .enumerate()
            .map(|(index, param)| (param.name.as_str(), (index, param)))
            .collect();
        let mut loaded: Vec<Option<Tensor>> = table.params.iter().map(|_| None).collect();
        let _guard = tch::no_grad_guard();
        for (name, tensor) in state {
            let Some(&(index, param)) = by_name.get(name.as_str()) else {
                let why = format!("this one has no parameter `{name}`");
                return Err(ModelError::OtherSpace(why));
            };
            if tensor.size() != sizes(param) {
                let why = format!(
                    "`{name}` is {:?} here, but {:?} in what was stored",
                    param.shape,
                    tensor.size()
                );
                return Err(ModelError::OtherSpace(why));
            }
            // A copy, so that training does not write into the caller's tensors.
            let copy = copied(&tensor, self.device)
                .and_then(|copy| self.place(&copy, param))
                .map_err(|why| at(param, &why))?;
            loaded[index] = Some(copy);
        }
        self.tensors = loaded;
        Ok(())
    }
}

/// The same numbers in new memory, in the usual layout.
fn copied(tensor: &Tensor, device: Device) -> Result<Tensor, TchError> {
    let mut copy = Tensor::f_empty(tensor.size().as_slice(), (tensor.kind(), device))?;
    copy.f_copy_(tensor)?;
    Ok(copy)
}

fn at(param: &Param, why: &TchError) -> ModelError {
    let place = format!("the parameter `{}` {:?}", param.name, param.shape);
    ModelError::torch(place, why)
}

fn sizes(param: &Param) -> Vec<i64> {
    param.shape.iter().map(|&n| n as i64).collect()
}

/// The initial numbers of a parameter, from the seed and its name alone.
fn initial(param: &Param, init: Init, seed: u64) -> Vec<f32> {
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
            let params = Params::new(&table, Init::UniformByWidth, 0, Device::Cpu);
            assert_eq!(params.init, Init::Uniform { bound });
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

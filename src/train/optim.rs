//! The optimisers. Their state can be saved, and a step touches nothing but
//! the parameters it is given: weights that the sampled architecture does not
//! use keep their values, momentum and step counts.
//!
//! Parameters are known by a number of the caller's (a `ParamId`); the state's
//! names are made of it.

use std::collections::BTreeMap;

use tch::{Kind, Tensor};

pub use crate::recipe::{AdamConfig, SgdConfig};

/// Stochastic gradient descent with momentum, in TensorFlow's form:
/// `g += 2λw` (of `λ Σ w²`; `2λw³` of `λ/2 Σ w⁴`), `a = μa + g`, `w -= lr (g + μa)` (Nesterov) or `w -= lr a`.
#[derive(Debug)]
pub struct Sgd {
    config: SgdConfig,
    /// `(1 - μ) a`, which a single `lerp` updates.
    momentum: BTreeMap<u32, Tensor>,
}

impl Sgd {
    /// An optimiser that has made no step.
    #[must_use]
    pub fn new(config: SgdConfig) -> Self {
        Self {
            config,
            momentum: BTreeMap::new(),
        }
    }

    /// One step, in place, of `params` with their gradients `grads`.
    pub fn step(&mut self, params: &[(u32, Tensor)], grads: &[Tensor], lr: f64) {
        self.descend(params, grads, lr, None);
    }

    /// One step as [`Self::step`] makes it where `ok`, a truth on the device, holds;
    /// where it does not, nothing changes, whatever the gradients are. Whether it holds
    /// is not read back. // ok: ()
    pub fn step_if(&mut self, ok: &Tensor, params: &[(u32, Tensor)], grads: &[Tensor], lr: f64) {
        self.descend(params, grads, lr, Some(ok));
    }

    fn descend(
        &mut self,
        params: &[(u32, Tensor)],
        grads: &[Tensor],
        lr: f64,
        ok: Option<&Tensor>,
    ) {
        let _guard = tch::no_grad_guard();
        let SgdConfig {
            momentum: mu,
            nesterov,
            l2,
            quartic,
            unused: _,
        } = self.config;
        let mut scalars = Scalars {
            ok,
            ..Scalars::default()
        };
        for ((key, param), grad) in params.iter().zip(grads) {
            let mut param = param.shallow_clone();
            // Where `ok` does not hold, all factors are 0; what is no number would be
            // none times 0 too.
            let grad = match ok {
                Some(ok) => grad.where_self(ok, scalars.get(0.0, grad)),
                None => grad.shallow_clone(),
            };
            let grad = match quartic {
                _ if l2 == 0.0 => grad,
                false => grad.addcmul(&param, scalars.get(2.0 * l2, &param)),
                true => grad.addcmul(&param.pow_tensor_scalar(3), scalars.get(2.0 * l2, &param)),
            };
            if mu == 0.0 {
                let _ = param.addcmul_(&grad, scalars.get(-lr, &grad));
                continue;
            }
            let average = state_like(&mut self.momentum, *key, &param);
            let _ = match ok {
                Some(_) => average.lerp_tensor_(&grad, scalars.get(1.0 - mu, &grad)),
                None => average.lerp_(&grad, 1.0 - mu),
            };
            if nesterov {
                let _ = param.addcmul_(&grad, scalars.get(-lr, &grad));
                let _ = param.addcmul_(average, scalars.get(-lr * mu / (1.0 - mu), &grad));
            } else {
                let _ = param.addcmul_(average, scalars.get(-lr / (1.0 - mu), &grad));
            }
        }
    }

    /// The momentum so far, as `momentum.KEY`, in the order of the keys.
    #[must_use]
    pub fn state(&self) -> Vec<(String, Tensor)> {
        save("momentum", &self.momentum)
    }

    /// Takes up a saved state in place of its own.
    ///
    /// # Errors
    /// A name that is none of [`Sgd::state`]'s; nothing is changed then.
    pub fn load_state(&mut self, state: Vec<(String, Tensor)>) -> Result<(), UnknownState> {
        let mut momentum = BTreeMap::new();
        for (name, tensor) in state {
            match split(&name)? {
                ("momentum", key) => momentum.insert(key, tensor),
                _ => return Err(UnknownState(name)),
            };
        }
        self.momentum = momentum;
        Ok(())
    }
}

/// Adam (Kingma and Ba, 2015), with a step count for each parameter.
#[derive(Debug)]
pub struct Adam {
    config: AdamConfig,
    mean: BTreeMap<u32, Tensor>,
    square: BTreeMap<u32, Tensor>,
    steps: BTreeMap<u32, i64>,
}

impl Adam {
    /// An optimiser that has made no step.
    #[must_use]
    pub fn new(config: AdamConfig) -> Self {
        Self {
            config,
            mean: BTreeMap::new(),
            square: BTreeMap::new(),
            steps: BTreeMap::new(),
        }
    }

    /// One step, in place, of `params` with their gradients `grads`.
    pub fn step(&mut self, params: &[(u32, Tensor)], grads: &[Tensor], lr: f64) {
        let _guard = tch::no_grad_guard();
        let AdamConfig {
            beta1,
            beta2,
            eps,
            tensorflow,
        } = self.config;
        for ((key, param), grad) in params.iter().zip(grads) {
            let mut param = param.shallow_clone();
            let steps = self.steps.entry(*key).or_insert(0);
            *steps += 1;
            // Past two thousand million steps both corrections are 1 anyway.
            let t = i32::try_from(*steps).unwrap_or(i32::MAX);
            let mean_share = 1.0 - beta1.powi(t);
            let square_share = (1.0 - beta2.powi(t)).sqrt();
            let mean = state_like(&mut self.mean, *key, &param);
            let _ = mean.lerp_(grad, 1.0 - beta1);
            let square = state_like(&mut self.square, *key, &param);
            let _ = square.lerp_(&grad.square(), 1.0 - beta2);
            // lr m̂ / (√v̂ + ε) = lr √(1-β2ᵗ)/(1-β1ᵗ) · m / (√v + ε √(1-β2ᵗ)).
            let eps = if tensorflow { eps } else { eps * square_share };
            let root = square.sqrt() + eps;
            let _ = param.addcdiv_(&(&*mean * (-lr * square_share / mean_share)), &root);
        }
    }

    /// The averages and step counts so far, as `mean.KEY`, `square.KEY` and
    /// `steps.KEY`, in the order of the keys.
    #[must_use]
    pub fn state(&self) -> Vec<(String, Tensor)> {
        let mut state = save("mean", &self.mean);
        state.extend(save("square", &self.square));
        let steps = self.steps.iter();
        state.extend(steps.map(|(key, &t)| (format!("steps.{key}"), Tensor::from(t))));
        state
    }

    /// Takes up a saved state in place of its own.
    ///
    /// # Errors
    /// A name that is none of [`Adam::state`]'s; nothing is changed then.
    pub fn load_state(&mut self, state: Vec<(String, Tensor)>) -> Result<(), UnknownState> {
        let mut new = Self::new(self.config);
        for (name, tensor) in state {
            match split(&name)? {
                ("mean", key) => drop(new.mean.insert(key, tensor)),
                ("square", key) => drop(new.square.insert(key, tensor)),
                ("steps", key) if tensor.numel() == 1 => {
                    new.steps.insert(key, tensor.int64_value(&[]));
                }
                _ => return Err(UnknownState(name)),
            }
        }
        *self = new;
        Ok(())
    }
}

/// A saved state has a tensor that the optimiser does not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the saved state of the optimiser has an unknown tensor `{0}`")]
pub struct UnknownState(pub String);

/// The norm of all gradients as one vector; `grads` may be empty. Nothing is read back
/// from their device, here and where they are clipped. // -> ()
pub fn global_norm(grads: &[Tensor]) -> Tensor {
    if grads.is_empty() {
        return Tensor::from(0f32);
    }
    let norms: Vec<Tensor> = grads.iter().map(Tensor::norm).collect();
    Tensor::stack(&norms, 0).norm()
}

/// Scales all gradients, in place, so that their global norm is at most `max`;
/// returns the norm they had. // -> ()
pub fn clip_global_norm(grads: &mut [Tensor], max: f64) -> Tensor {
    let norm = global_norm(grads);
    let _guard = tch::no_grad_guard();
    let scale = (norm.reciprocal() * max).clamp_max(1.0);
    for grad in grads {
        *grad *= &scale;
    }
    norm
}

/// Scales each gradient, in place, so that its own norm is at most `max`; returns
/// the global norm they had. // -> ()
pub fn clip_each_norm(grads: &mut [Tensor], max: f64) -> Tensor {
    let norm = global_norm(grads);
    let _guard = tch::no_grad_guard();
    for grad in grads {
        let scale = (grad.norm() / max).clamp_min(1.0);
        *grad /= scale;
    }
    norm
}

/// A parameter's entry, zeros at first; brought to the parameter's device, as
/// a loaded state may come from another.
fn state_like<'a>(
    state: &'a mut BTreeMap<u32, Tensor>,
    key: u32,
    param: &Tensor,
) -> &'a mut Tensor {
    let entry = state.entry(key).or_insert_with(|| param.zeros_like());
    if entry.device() != param.device() {
        *entry = entry.to_device(param.device());
    }
    entry
}

fn save(name: &str, tensors: &BTreeMap<u32, Tensor>) -> Vec<(String, Tensor)> {
    let named = |(key, tensor): (&u32, &Tensor)| (format!("{name}.{key}"), tensor.shallow_clone());
    tensors.iter().map(named).collect()
}

fn split(name: &str) -> Result<(&str, u32), UnknownState> {
    let split = || {
        let (name, key) = name.split_once('.')?;
        Some((name, key.parse().ok()?))
    };
    split().ok_or_else(|| UnknownState(name.to_owned()))
}

/// Numbers as tensors without dimensions, which the fused in-place operations
/// take as factors; each is made once a step.
#[derive(Default)]
struct Scalars<'a> {
    /// Where it is given and does not hold, all are 0.
    ok: Option<&'a Tensor>,
    made: Vec<(f64, Kind, Tensor)>,
}

impl Scalars<'_> {
    /// `value` with the kind and device of `like`; a step has one device.
    fn get(&mut self, value: f64, like: &Tensor) -> &Tensor {
        let kind = like.kind();
        let known =
            |made: &(f64, Kind, Tensor)| made.0.to_bits() == value.to_bits() && made.1 == kind;
        let place = self.made.iter().position(known).unwrap_or_else(|| {
            let tensor = Tensor::full([0i64; 0], value, (kind, like.device()));
            let tensor = match self.ok {
                Some(ok) => tensor * ok,
                None => tensor,
            };
            self.made.push((value, kind, tensor));
            self.made.len() - 1
        });
        &self.made[place].2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(values: &[f64]) -> Tensor {
        Tensor::from_slice(values)
    }

    fn values(tensor: &Tensor) -> Vec<f64> {
        Vec::try_from(tensor.reshape([-1])).unwrap()
    }

    #[track_caller]
    fn close(tensor: &Tensor, expected: &[f64]) {
        for (found, expected) in values(tensor).iter().zip(expected) {
            assert!(
                (found - expected).abs() < 1e-12,
                "{found} in place of {expected}"
            );
        }
    }

    #[test]
    fn nesterov_with_l2_matches_numbers_made_by_hand() {
        let config = SgdConfig {
            l2: 0.05,
            ..SgdConfig::default()
        };
        let mut sgd = Sgd::new(config);
        let w = vector(&[1.0, -2.0]);
        let params = [(7, w.shallow_clone())];
        // g = 0.5 + 0.1 = 0.6, a = 0.6, w -= 0.1 (0.6 + 0.54);
        // g = 0.25 - 0.2 = 0.05, a = 0.05, w -= 0.1 (0.05 + 0.045)
        sgd.step(&params, &[vector(&[0.5, 0.25])], 0.1);
        close(&w, &[0.886, -2.0095]);
        // g = 0.0886, a = 0.54 + 0.0886 = 0.6286, w -= 0.1 (0.0886 + 0.56574);
        // g = 1 - 0.20095 = 0.79905, a = 0.045 + 0.79905 = 0.84405, ..
        sgd.step(&params, &[vector(&[0.0, 1.0])], 0.1);
        close(
            &w,
            &[0.886 - 0.065_434, -2.0095 - 0.1 * (0.79905 + 0.759_645)],
        );
    }

    #[test]
    fn the_quartic_penalty_has_a_cubic_gradient() {
        let mut sgd = Sgd::new(SgdConfig {
            momentum: 0.0,
            l2: 0.25,
            quartic: true,
            ..SgdConfig::default()
        });
        let w = vector(&[2.0]);
        // g = 1 + 2 · 0.25 · 8 = 5
        sgd.step(&[(0, w.shallow_clone())], &[vector(&[1.0])], 0.1);
        close(&w, &[1.5]);
    }

    #[test]
    fn a_step_under_a_condition_is_that_step_or_none() {
        for config in [
            SgdConfig::default(),
            SgdConfig {
                momentum: 0.0,
                ..SgdConfig::default()
            },
        ] {
            let truth = |holds: bool| Tensor::from(holds);
            let (w, plain) = (vector(&[1.0, -2.0]), vector(&[1.0, -2.0]));
            let (mut sgd, mut reference) = (Sgd::new(config), Sgd::new(config));
            let step = |sgd: &mut Sgd, holds, grad: &[f64]| {
                let params = [(7, w.shallow_clone())];
                sgd.step_if(&truth(holds), &params, &[vector(grad)], 0.1);
            };
            for grad in [[0.5, 0.25], [-0.125, 3.0]] {
                step(&mut sgd, true, &grad);
                reference.step(&[(7, plain.shallow_clone())], &[vector(&grad)], 0.1);
                for bad in [f64::NAN, f64::INFINITY, 1.0] {
                    step(&mut sgd, false, &[bad, 1.0]);
                }
            }
            assert_eq!(values(&w), values(&plain));
            for ((_, a), (_, b)) in sgd.state().iter().zip(&reference.state()) {
                assert_eq!(values(a), values(b));
            }
        }
    }

    #[test]
    fn plain_momentum_and_none_at_all() {
        let plain = |momentum| SgdConfig {
            momentum,
            nesterov: false,
            l2: 0.0,
            ..SgdConfig::default()
        };
        let mut sgd = Sgd::new(plain(0.5));
        let w = vector(&[1.0]);
        for _ in 0..2 {
            sgd.step(&[(0, w.shallow_clone())], &[vector(&[1.0])], 0.1);
        }
        close(&w, &[1.0 - 0.1 - 0.15]);
        let mut sgd = Sgd::new(plain(0.0));
        sgd.step(&[(0, w.shallow_clone())], &[vector(&[1.0])], 0.25);
        close(&w, &[0.5]);
        assert!(sgd.state().is_empty());
    }

    #[test]
    fn adam_in_both_forms_matches_numbers_made_by_hand() {
        let config = |tensorflow| AdamConfig {
            beta1: 0.5,
            beta2: 0.75,
            eps: 0.1,
            tensorflow,
        };
        // After gradients 2 and then 0: m = 1, 0.5; v = 1, 0.75.
        // Bias corrections: 1-β1ᵗ = 0.5, 0.75; 1-β2ᵗ = 0.25, 0.4375.
        let by_hand = |form: fn(f64, f64, f64, f64) -> f64| {
            let first = form(1.0, 1.0, 0.5, 0.25);
            [1.0 - first, 1.0 - first - form(0.5, 0.75, 0.75, 0.4375)]
        };
        let paper = by_hand(|m, v, a, b| 0.1 * (m / a) / ((v / b).sqrt() + 0.1));
        let tensorflow = by_hand(|m, v, a, b| 0.1 * b.sqrt() / a * m / (v.sqrt() + 0.1));
        for (form, expected) in [(false, paper), (true, tensorflow)] {
            let mut adam = Adam::new(config(form));
            let w = vector(&[1.0]);
            for (gradient, expected) in [2.0, 0.0].into_iter().zip(expected) {
                adam.step(&[(3, w.shallow_clone())], &[vector(&[gradient])], 0.1);
                close(&w, &[expected]);
            }
        }
    }

    #[test]
    fn a_step_leaves_other_parameters_and_their_state_alone() {
        let (a, b) = (vector(&[1.0]), vector(&[1.0]));
        let mut adam = Adam::new(AdamConfig::default());
        let mut sgd = Sgd::new(SgdConfig::default());
        let both = [(0, a.shallow_clone()), (1, b.shallow_clone())];
        let grads = [vector(&[1.0]), vector(&[1.0])];
        adam.step(&both, &grads, 0.1);
        sgd.step(&both, &grads, 0.1);
        let (before, b_before) = (adam.state(), values(&b));
        let sgd_before = values(&sgd.state()[1].1);
        adam.step(&both[..1], &grads[..1], 0.1);
        sgd.step(&both[..1], &grads[..1], 0.1);
        assert_eq!(values(&b), b_before);
        assert_eq!(values(&sgd.state()[1].1), sgd_before);
        let steps: Vec<i64> = adam.state()[4..]
            .iter()
            .map(|(_, t)| t.int64_value(&[]))
            .collect();
        assert_eq!(steps, [2, 1]);
        assert_eq!(adam.state()[1].0, before[1].0);
    }

    #[test]
    fn a_loaded_state_goes_on_to_the_same_values() {
        let run = |stop: usize| {
            let w = vector(&[1.0, 2.0]);
            let params = [(5, w.shallow_clone())];
            let mut adam = Adam::new(AdamConfig::authors());
            let mut sgd = Sgd::new(SgdConfig::default());
            for step in 0..6 {
                if step == stop {
                    let (saved_adam, saved_sgd) = (adam.state(), sgd.state());
                    adam = Adam::new(AdamConfig::authors());
                    sgd = Sgd::new(SgdConfig::default());
                    adam.load_state(saved_adam).unwrap();
                    sgd.load_state(saved_sgd).unwrap();
                }
                let grads = [&w * (0.5 + step as f64)];
                adam.step(&params, &grads, 0.01);
                sgd.step(&params, &grads, 0.01);
            }
            values(&w)
        };
        assert_eq!(run(3), run(usize::MAX));
    }

    #[test]
    fn unknown_names_are_refused() {
        let mut sgd = Sgd::new(SgdConfig::default());
        let state = vec![("mean.3".to_owned(), vector(&[1.0]))];
        assert_eq!(
            sgd.load_state(state),
            Err(UnknownState("mean.3".to_owned()))
        );
    }

    #[test]
    fn each_gradient_is_clipped_by_its_own_norm() {
        let mut grads = [vector(&[3.0, 4.0]), vector(&[0.5])];
        close(&clip_each_norm(&mut grads, 1.0), &[25.25f64.sqrt()]);
        close(&grads[0], &[0.6, 0.8]);
        close(&grads[1], &[0.5]);
    }

    #[test]
    fn clipping_keeps_the_direction() {
        let mut grads = [vector(&[3.0]), vector(&[4.0])];
        close(&clip_global_norm(&mut grads, 1.0), &[5.0]);
        close(&grads[0], &[0.6]);
        close(&grads[1], &[0.8]);
        close(&clip_global_norm(&mut grads, 2.0), &[1.0]);
        close(&grads[1], &[0.8]);
        assert!(clip_global_norm(&mut [], 1.0).double_value(&[]).abs() < 1e-12);
    }
}

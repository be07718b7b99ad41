//! The second phase of ENAS: training the controller θ, the shared weights ω
//! fixed (paper, section 2.2).

use tch::{Kind, Tensor};

use super::optim::{Adam, UnknownState, global_norm};
use super::reinforce::{Baseline, entropy_bonus, policy_loss};
use super::seed::{Purpose, seed};
use crate::controller::{Controller, Rollout, StateError};
use crate::decision::{Architecture, DecisionSpace, GuardId};
pub use crate::recipe::PolicyConfig;

/// Measures architectures: one reward each, in their order; higher is better.
pub type RewardFn<'a, E> = dyn FnMut(&[Architecture]) -> Result<Vec<f64>, E> + 'a;

/// A controller θ and what trains it.
#[derive(Debug)]
pub struct Policy {
    controller: Controller,
    config: PolicyConfig,
    adam: Adam,
    baseline: Baseline,
    /// A space that requires something; `None` where all draws will do.
    required: Option<DecisionSpace>,
}

/// In how many draws one must fulfil what a space requires.
const DRAWS: usize = 1000;

/// How many draws are made at once: at first, and at most.
const AT_ONCE: [usize; 2] = [32, 1024];

/// What one update saw and did.
#[derive(Clone, Debug)]
pub struct UpdateReport {
    /// The mean of what was measured, without entropy.
    pub mean_reward: f64,
    /// The best of the sampled architectures, the first of equals, with what
    /// was measured of it; `None` without samples.
    pub best: Option<(f64, Architecture)>,
    /// What was subtracted from the rewards, entropy bonus included: the mean of the
    /// samples where [`PolicyConfig::centred`] holds, else the moving average after the
    /// last of them.
    pub baseline: f64,
    /// The mean entropy of the policy, in nats.
    pub entropy: f64,
    /// The mean log-probability of the samples.
    pub log_prob: f64,
    /// The mean divergence from the skip rate.
    pub skip_penalty: f64,
    /// The loss that was differentiated.
    pub loss: f64,
    /// The norm of its gradient.
    pub grad_norm: f64,
}

/// Why an update was not made; θ, the baseline and the optimiser are as before.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// One reward an architecture was asked for.
    #[error("{found} rewards were given for {expected} architectures")]
    Count {
        /// How many architectures there are.
        expected: usize,
        /// How many rewards came.
        found: usize,
    },
    /// A reward is NaN or infinite.
    #[error("the reward of sample {index} is {reward}")]
    Reward {
        /// Which of the sampled architectures.
        index: usize,
        /// Its reward.
        reward: f64,
    },
    /// Too few draws fulfil what the space requires.
    #[error(
        "{accepted} of {drawn} architectures that the controller drew fulfil what the space requires, fewer than 1 in {DRAWS}: require less, or search with --strategy random or evolution, which draw no other"
    )]
    Refused {
        /// How many were drawn.
        drawn: usize,
        /// How many of them are architectures of the space.
        accepted: usize,
    },
    /// The loss or its gradient is NaN or infinite.
    #[error(
        "the controller's loss is {loss} with a gradient of norm {grad_norm}: try a smaller controller.policy.lr"
    )]
    Diverged {
        /// The loss.
        loss: f64,
        /// The norm of its gradient.
        grad_norm: f64,
    },
}

/// Why a saved [`Policy`] does not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyStateError {
    /// The controller's part.
    #[error(transparent)]
    Controller(#[from] StateError),
    /// The optimiser's part.
    #[error(transparent)]
    Optimiser(#[from] UnknownState),
}

const CONTROLLER: &str = "controller.";
const ADAM: &str = "adam.";
const BASELINE: &str = "baseline";

impl Policy {
    /// A policy that was not trained yet.
    #[must_use]
    pub fn new(controller: Controller, config: PolicyConfig) -> Self {
        Self {
            controller,
            adam: Adam::new(config.adam),
            baseline: Baseline::new(config.baseline_decay),
            config,
            required: None,
        }
    }

    /// The same policy, given that what `space` requires is fulfilled: samples that
    /// do not are drawn anew. `space` is the one that the controller's plan is of.
    #[must_use]
    pub fn given(mut self, space: &DecisionSpace) -> Self {
        let required = space.require != GuardId::ALWAYS;
        self.required = required.then(|| space.clone());
        self
    }

    /// Draws `n` architectures; those of a smaller `n` are the first of a larger one.
    ///
    /// Of a space that requires something, [`Rollout::log_prob`] and
    /// [`Rollout::entropy`] are those of the controller, which does not know of it.
    ///
    /// # Errors
    /// [`PolicyError::Refused`].
    pub fn sample(&self, n: usize, seed: u64) -> Result<Rollout, PolicyError> {
        match &self.required {
            None => Ok(self.controller.sample(n, seed)),
            Some(space) => Ok(self.controller.score(&self.accepted(space, n, seed)?)),
        }
    }

    fn accepted(
        &self,
        space: &DecisionSpace,
        n: usize,
        start: u64,
    ) -> Result<Vec<Architecture>, PolicyError> {
        let _guard = tch::no_grad_guard();
        let [mut at_once, greatest] = AT_ONCE;
        let (mut accepted, mut drawn) = (Vec::new(), 0);
        let most = DRAWS * n.max(10);
        while accepted.len() < n {
            if drawn >= most {
                let accepted = accepted.len();
                return Err(PolicyError::Refused { drawn, accepted });
            }
            let seed = seed(start, Purpose::PolicySamples, drawn as u64);
            let draws = self.controller.sample(at_once, seed).architectures;
            drawn += at_once;
            at_once = (2 * at_once).min(greatest);
            let holds = |draw: &Architecture| space.guards.holds(space.require, draw);
            accepted.extend(draws.into_iter().filter(holds));
        }
        accepted.truncate(n);
        Ok(accepted)
    }

    /// The controller.
    #[must_use]
    pub fn controller(&self) -> &Controller {
        &self.controller
    }

    /// One step on θ: samples `n` architectures, asks for their rewards, and
    /// averages their policy gradients.
    ///
    /// With [`PolicyConfig::centred`] the baseline is the mean of the samples, if there are
    /// several, in place of the moving average: all are judged on one minibatch, and how
    /// hard that one is does not pull at the policy then. The step is expected to go along
    /// the same gradient, (n - 1) / n of it.
    ///
    /// Of a space that requires something, the policy is the controller's π given
    /// that it is fulfilled: π(m) / Z where Z is the share of draws that do. The
    /// gradient of its expected reward is `E[(R - b)(∇ log π - ∇ log Z)]`; where b is
    /// the expected reward, the second part vanishes. So there that is always the baseline.
    ///
    /// # Errors
    /// What `reward` fails with, and a [`PolicyError`] where a number is not
    /// finite; nothing is changed then.
    pub fn update<E: From<PolicyError>>(
        &mut self,
        n: usize,
        seed: u64,
        reward: &mut RewardFn<'_, E>,
    ) -> Result<UpdateReport, E> {
        let rollout = self.sample(n, seed)?;
        let measured = reward(&rollout.architectures)?;
        check(&measured, n)?;

        let entropies = to_vec(&rollout.entropy);
        let mut baseline = self.baseline;
        let weight = self.config.entropy_weight;
        let rewards: Vec<f64> = measured
            .iter()
            .zip(&entropies)
            .map(|(&measured, &entropy)| entropy_bonus(measured, entropy, weight))
            .collect();
        let (advantages, subtracted) = self.advantages(&rewards, &mut baseline);
        let advantages = Tensor::from_slice(&advantages)
            .to_kind(rollout.log_prob.kind())
            .to_device(rollout.log_prob.device());
        let skip_penalty = rollout.skip_penalty.sum(None) / n.max(1) as f64;
        let loss =
            policy_loss(&rollout.log_prob, &advantages) + &skip_penalty * self.config.skip_weight;

        let (params, grads) = if n == 0 {
            (Vec::new(), Vec::new())
        } else {
            self.gradients(&loss)
        };
        let report = UpdateReport {
            mean_reward: mean(&measured),
            best: best(&measured, rollout.architectures),
            baseline: subtracted,
            entropy: mean(&entropies),
            log_prob: mean(&to_vec(&rollout.log_prob)),
            skip_penalty: skip_penalty.double_value(&[]),
            loss: loss.double_value(&[]),
            grad_norm: global_norm(&grads).double_value(&[]),
        };
        if n > 0 && !(report.loss.is_finite() && report.grad_norm.is_finite()) {
            return Err(PolicyError::Diverged {
                loss: report.loss,
                grad_norm: report.grad_norm,
            }
            .into());
        }
        self.adam.step(&params, &grads, self.config.lr);
        self.baseline = baseline;
        Ok(report)
    }

    /// What each reward is above the baseline, and that baseline. The moving average
    /// goes on in either case.
    fn advantages(&self, rewards: &[f64], baseline: &mut Baseline) -> (Vec<f64>, f64) {
        let moving = rewards.iter().map(|&r| baseline.advantage(r)).collect();
        if rewards.len() > 1 && (self.config.centred || self.required.is_some()) {
            let mean = mean(rewards);
            return (rewards.iter().map(|reward| reward - mean).collect(), mean);
        }
        (moving, baseline.value)
    }

    /// The parameters that the loss depends on, with its gradients.
    fn gradients(&self, loss: &Tensor) -> (Vec<(u32, Tensor)>, Vec<Tensor>) {
        // Nothing to decide, nothing to differentiate.
        if !loss.requires_grad() {
            return (Vec::new(), Vec::new());
        }
        let params = self.controller.params();
        let leaves: Vec<&Tensor> = params.iter().map(|(_, tensor)| tensor).collect();
        let grads = Tensor::run_backward(&[loss], &leaves, false, false);
        let keyed = (0..).zip(leaves.into_iter().map(Tensor::shallow_clone));
        // A parameter that these samples did not need has an undefined gradient.
        keyed.zip(grads).filter(|(_, grad)| grad.defined()).unzip()
    }

    /// All that is needed to go on from here, by name.
    #[must_use]
    pub fn state(&self) -> Vec<(String, Tensor)> {
        let named = |prefix: &'static str| {
            move |(name, tensor): (String, Tensor)| (format!("{prefix}{name}"), tensor)
        };
        let params = self.controller.params().iter();
        let params = params.map(|(name, tensor)| (name.clone(), tensor.detach()));
        let mut state: Vec<_> = params.map(named(CONTROLLER)).collect();
        state.extend(self.adam.state().into_iter().map(named(ADAM)));
        state.push((BASELINE.to_owned(), Tensor::from(self.baseline.value)));
        state
    }

    /// Takes up a saved state in place of its own.
    ///
    /// # Errors
    /// When it is not the state of such a controller; nothing is changed then.
    pub fn load_state(&mut self, state: Vec<(String, Tensor)>) -> Result<(), PolicyStateError> {
        let (mut params, mut adam, mut baseline) = (Vec::new(), Vec::new(), None);
        for (name, tensor) in state {
            if let Some(name) = name.strip_prefix(CONTROLLER) {
                params.push((name.to_owned(), tensor));
            } else if let Some(name) = name.strip_prefix(ADAM) {
                adam.push((name.to_owned(), tensor));
            } else if name == BASELINE && tensor.numel() == 1 {
                baseline = Some(tensor.double_value(&[]));
            } else {
                return Err(StateError::Unknown(name).into());
            }
        }
        let baseline = baseline.ok_or_else(|| StateError::Missing(BASELINE.to_owned()))?;
        let mut loaded = Adam::new(self.config.adam);
        loaded.load_state(adam)?;
        self.controller.load_state(params)?;
        self.adam = loaded;
        self.baseline.value = baseline;
        Ok(())
    }
}

fn check(rewards: &[f64], n: usize) -> Result<(), PolicyError> {
    if rewards.len() != n {
        return Err(PolicyError::Count {
            expected: n,
            found: rewards.len(),
        });
    }
    match rewards.iter().enumerate().find(|(_, r)| !r.is_finite()) {
        Some((index, &reward)) => Err(PolicyError::Reward { index, reward }),
        None => Ok(()),
    }
}

fn best(rewards: &[f64], architectures: Vec<Architecture>) -> Option<(f64, Architecture)> {
    let mut best: Option<(f64, Architecture)> = None;
    for (&reward, architecture) in rewards.iter().zip(architectures) {
        if best.as_ref().is_none_or(|(least, _)| reward > *least) {
            best = Some((reward, architecture));
        }
    }
    best
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// The values of a vector, read back from its device.
fn to_vec(tensor: &Tensor) -> Vec<f64> {
    Vec::try_from(tensor.detach().to_kind(Kind::Double)).unwrap_or_default()
}

#[cfg(test)]
mod tests;

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
    /// The baseline after the update.
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
    /// Of a space that requires something, the policy is the controller's π given
    /// that it is fulfilled: π(m) / Z where Z is the share of draws that do. The
    /// gradient of its expected reward is `E[(R - b)(∇ log π - ∇ log Z)]`; where b is
    /// the expected reward, the second part vanishes. So there the advantages are
    /// centred over the samples, if there are several: the step is expected to go along
    /// the true gradient, somewhat shorter, (n - 1) / n of it with a steady baseline.
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
        let advantages: Vec<f64> = measured
            .iter()
            .zip(&entropies)
            .map(|(&measured, &entropy)| {
                baseline.advantage(entropy_bonus(measured, entropy, weight))
            })
            .collect();
        let advantages = self.weigh(&advantages, &rollout.log_prob);
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
            baseline: baseline.value,
            entropy: mean(&entropies),
            log_prob: mean(&to_vec(&rollout.log_prob)),
            skip_penalty: skip_penalty.double_value(&[]),
            loss: loss.double_value(&[]),
            grad_norm: global_norm(&grads),
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

    /// Advantages as a tensor like `log_prob`; centred where the policy is that given
    /// a requirement. `[n], [n]` to `[n]`
    fn weigh(&self, advantages: &[f64], log_prob: &Tensor) -> Tensor {
        let tensor = Tensor::from_slice(advantages)
            .to_kind(log_prob.kind())
            .to_device(log_prob.device());
        if self.required.is_some() && advantages.len() > 1 {
            &tensor - tensor.mean(None)
        } else {
            tensor
        }
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
mod tests {
    use super::*;
    use crate::controller::ControllerConfig;
    use crate::decision::{Choice, DecisionId, DecisionSpace, plan};
    use tch::Device;

    fn policy(space: &DecisionSpace, config: PolicyConfig) -> Policy {
        let network = ControllerConfig {
            hidden: 16,
            ..ControllerConfig::default()
        };
        let kind = Kind::Double;
        let controller = Controller::with_kind(plan(space), network, 0, Device::Cpu, kind);
        Policy::new(controller, config)
    }

    /// As many points as decisions chose option 0, or a set without it.
    #[expect(clippy::unnecessary_wraps, reason = "it is a reward function")]
    fn points(architectures: &[Architecture]) -> Result<Vec<f64>, PolicyError> {
        let chose_it = |a: &Architecture, id| match a.get(DecisionId(id)) {
            Some(Choice::One(option)) => *option == 0,
            Some(Choice::Set(set)) => !set.contains(&0),
            None => false,
        };
        let of = |a: &Architecture| (0..7).filter(|&id| chose_it(a, id)).count() as f64;
        Ok(architectures.iter().map(of).collect())
    }

    fn values(state: &[(String, Tensor)]) -> Vec<(String, Vec<f64>)> {
        let value = |(name, tensor): &(String, Tensor)| (name.clone(), to_vec(&tensor.view(-1)));
        state.iter().map(value).collect()
    }

    #[test]
    fn the_loss_is_made_of_rewards_entropy_baseline_and_skip_rate() {
        let space = DecisionSpace::macro_layers(3);
        let config = PolicyConfig {
            entropy_weight: 0.5,
            baseline_decay: 0.75,
            skip_weight: 2.0,
            ..PolicyConfig::default()
        };
        let mut policy = policy(&space, config);
        let rollout = policy.controller.sample(2, 9);
        let pair = |tensor: &Tensor| <[f64; 2]>::try_from(to_vec(tensor)).unwrap();
        let [p0, p1] = pair(&rollout.log_prob);
        let [h0, h1] = pair(&rollout.entropy);
        let [k0, k1] = pair(&rollout.skip_penalty);
        let report = policy.update(2, 9, &mut |_| Ok::<_, PolicyError>(vec![3.0, 1.0]));
        let report = report.unwrap();
        let (r0, r1) = (3.0 + 0.5 * h0, 1.0 + 0.5 * h1);
        let b0 = 0.25 * r0;
        let b1 = 0.75 * b0 + 0.25 * r1;
        let loss = -(p0 * (r0 - b0) + p1 * (r1 - b1)) / 2.0 + 2.0 * (k0 + k1) / 2.0;
        assert!((report.loss - loss).abs() < 1e-12);
        assert!((report.baseline - b1).abs() < 1e-12);
        assert!((report.mean_reward - 2.0).abs() < 1e-12);
        let (best, architecture) = report.best.unwrap();
        assert!((best - 3.0).abs() < 1e-12);
        assert_eq!(architecture, rollout.architectures[0]);
    }

    #[test]
    fn learns_a_planted_best_in_every_form_of_decision() {
        let space = DecisionSpace::every_form();
        let config = PolicyConfig {
            lr: 1e-2,
            skip_weight: 0.0,
            ..PolicyConfig::default()
        };
        let mut policy = policy(&space, config);
        let first = policy.update(30, 0, &mut points).unwrap().mean_reward;
        for seed in 1..150 {
            policy.update(30, seed, &mut points).unwrap();
        }
        let last = policy.update(30, 150, &mut points).unwrap();
        assert!(first < 3.7, "{first}");
        assert!(last.mean_reward > 4.6, "{}", last.mean_reward);
    }

    #[test]
    fn skip_penalty_alone_brings_bits_to_their_rate() {
        let space = DecisionSpace::macro_layers(4);
        let config = PolicyConfig {
            lr: 1e-2,
            ..PolicyConfig::default()
        };
        let mut policy = policy(&space, config);
        let mut none = |a: &[Architecture]| Ok::<_, PolicyError>(vec![0.0; a.len()]);
        for seed in 0..60 {
            policy.update(5, seed, &mut none).unwrap();
        }
        let _guard = tch::no_grad_guard();
        let rollout = policy.controller.sample(500, 0);
        assert!(rollout.skip_penalty.mean(None).double_value(&[]) < 1e-3);
        let bits = |a: &Architecture| match a.get(DecisionId(7)) {
            Some(Choice::Set(skips)) => skips.len(),
            _ => 0,
        };
        // 1,500 bits at 0.4: three standard deviations are 57.
        let set: usize = rollout.architectures.iter().map(bits).sum();
        assert!((543..=657).contains(&set), "{set}");
    }

    #[test]
    fn a_bad_reward_changes_nothing() {
        let mut policy = policy(&DecisionSpace::every_form(), PolicyConfig::default());
        policy.update(4, 0, &mut points).unwrap();
        let before = values(&policy.state());
        let mut refuse = |rewards: Vec<f64>| {
            let update = policy.update(2, 1, &mut |_| Ok::<_, PolicyError>(rewards.clone()));
            update.unwrap_err()
        };
        let error = refuse(vec![0.5, f64::NAN]);
        assert!(matches!(error, PolicyError::Reward { index: 1, .. }));
        let count = PolicyError::Count {
            expected: 2,
            found: 1,
        };
        assert_eq!(refuse(vec![0.5]), count);
        assert!(matches!(
            refuse(vec![f64::MAX, -f64::MAX]),
            PolicyError::Diverged { .. }
        ));
        assert_eq!(values(&policy.state()), before);
    }

    #[test]
    fn a_loaded_policy_goes_on_as_if_it_had_never_stopped() {
        let space = DecisionSpace::every_form();
        let run = |stop: u64| {
            let mut running = policy(&space, PolicyConfig::default());
            for seed in 0..6 {
                if seed == stop {
                    let saved = running.state();
                    let saved = saved
                        .into_iter()
                        .map(|(name, t)| (name, t.copy()))
                        .collect();
                    running = policy(&space, PolicyConfig::default());
                    running.load_state(saved).unwrap();
                }
                running.update(5, seed, &mut points).unwrap();
            }
            values(&running.state())
        };
        assert_eq!(run(3), run(99));
    }

    #[test]
    fn a_foreign_state_is_refused() {
        let mut policy = policy(&DecisionSpace::every_form(), PolicyConfig::default());
        let load = |change: fn(&mut Vec<(String, Tensor)>), policy: &mut Policy| {
            let mut state = policy.state();
            change(&mut state);
            policy.load_state(state).map_err(|why| why.to_string())
        };
        let lost = load(|state| drop(state.pop()), &mut policy);
        assert!(lost.unwrap_err().contains("`baseline`"));
        let lost = load(|state| drop(state.remove(0)), &mut policy);
        assert!(lost.unwrap_err().contains("`g_emb`"));
        let more = load(
            |s| s.push(("omega".to_owned(), Tensor::from(1.0))),
            &mut policy,
        );
        assert!(more.unwrap_err().contains("`omega`"));
    }

    /// Bits of which the space allows a few sets only.
    fn required(most: u32) -> DecisionSpace {
        let text = format!(
            "space bits {{
               input  x: [3, 8, 8]
               output y: [10]
               nodes h = [conv(x, 3, 4)]
               nodes h[l in 1..=3] {{ h[l] = conv(sum(pick any of h[..l]), 3, 4) }}
               require edges(h) <= {most}
               y = h[3] |> gap |> linear(10)
             }}"
        );
        let compiled = crate::compile("bits.enas", &text, &crate::Options::default());
        assert!(!compiled.spaces.is_empty(), "{:?}", compiled.diagnostics);
        compiled.spaces.into_iter().next().unwrap().decisions
    }

    /// By enumeration: an update of two samples is expected to go along the gradient of
    /// the reward that the policy given the requirement expects.
    #[test]
    fn what_a_space_requires_conditions_the_policy_and_its_gradient() {
        let space = required(2);
        let all: Vec<Architecture> = crate::decision::Diagram::of(&space)
            .unwrap()
            .iter()
            .collect();
        let config = PolicyConfig {
            entropy_weight: 0.0,
            ..PolicyConfig::default()
        };
        let policy = policy(&space, config).given(&space);
        let reward = |a: &Architecture| if a.has(DecisionId(0), 0) { 1.0 } else { 0.3 };
        let rewards: Vec<f64> = all.iter().map(reward).collect();
        let log_prob = policy.controller.score(&all).log_prob;
        let given = log_prob.softmax(0, None);
        let expected = (&given * Tensor::from_slice(&rewards)).sum(None);
        let params = policy.controller.params();
        let leaves: Vec<&Tensor> = params.iter().map(|(_, leaf)| leaf).collect();
        let exact = Tensor::run_backward(&[expected], &leaves, true, false);

        let p = to_vec(&given);
        let mut loss = Tensor::from(0f64);
        for (i, x) in rewards.iter().enumerate() {
            for (j, y) in rewards.iter().enumerate() {
                // As an update of these two samples makes it.
                let mut baseline = Baseline::new(0.75);
                let advantages = [baseline.advantage(*x), baseline.advantage(*y)];
                let pair = Tensor::stack(&[log_prob.get(i as i64), log_prob.get(j as i64)], 0);
                loss += policy_loss(&pair, &policy.weigh(&advantages, &pair)) * (p[i] * p[j]);
            }
        }
        let found = Tensor::run_backward(&[loss], &leaves, false, false);
        let mut largest = 0f64;
        for (exact, found) in exact
            .iter()
            .zip(&found)
            .filter(|(exact, _)| exact.defined())
        {
            // Advantages 3/4 x and 3/4 (y - x / 4), centred ±3/8 (5/4 x - y); x and y
            // are independent, so what is left is (1 + 5/4) 3/16 of the gradient.
            let difference = (exact * 2.25 * 0.1875 + found).abs().max();
            let difference = difference.double_value(&[]);
            assert!(difference < 1e-12, "{difference}");
            largest = largest.max(exact.abs().max().double_value(&[]));
        }
        assert!(largest > 1e-4, "{largest}");
    }

    #[test]
    fn draws_that_a_space_refuses_are_made_anew_and_not_forever() {
        let space = required(2);
        let policy_of = |space: &DecisionSpace| policy(space, PolicyConfig::default()).given(space);
        let many = policy_of(&space).sample(50, 3).unwrap().architectures;
        assert!(many.iter().all(|a| a.is_of(&space)));
        let few = policy_of(&space).sample(7, 3).unwrap().architectures;
        assert_eq!(few, many[..7]);
        // One network of 2^45: none in thousands of draws.
        let text = "space wide {
               input  x: [3, 8, 8]
               output y: [10]
               nodes h = [conv(x, 3, 4)]
               nodes h[l in 1..=9] { h[l] = conv(sum(pick any of h[..l]), 3, 4) }
               require edges(h) <= 1
               y = h[9] |> gap |> linear(10)
             }";
        let compiled = crate::compile("wide.enas", text, &crate::Options::default());
        let wide = &compiled.spaces.first().unwrap().decisions;
        let refused = policy_of(wide).sample(5, 0).unwrap_err();
        assert!(matches!(refused, PolicyError::Refused { accepted: 0, .. }));
        let message = refused.to_string();
        assert!(
            message.contains("--strategy random or evolution"),
            "{message}"
        );
    }

    #[test]
    fn nothing_to_decide_is_nothing_to_learn() {
        let mut policy = policy(&DecisionSpace::default(), PolicyConfig::default());
        let report = policy.update(3, 0, &mut |_| Ok::<_, PolicyError>(vec![1.0; 3]));
        assert!(report.unwrap().grad_norm < 1e-12);
    }

    #[test]
    fn no_samples_change_nothing() {
        let mut policy = policy(&DecisionSpace::every_form(), PolicyConfig::default());
        let before = values(&policy.state());
        let report = policy.update(0, 0, &mut points).unwrap();
        assert_eq!(report.best, None);
        assert_eq!(values(&policy.state()), before);
    }
}

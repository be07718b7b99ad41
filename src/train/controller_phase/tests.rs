//! The update of a policy, by numbers made by hand and by what it learns.

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
        centred: false,
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

/// What raises all rewards of an update alike pulls at the policy by the moving average
/// alone, and not where advantages are centred.
#[test]
fn a_minibatch_that_is_easy_for_all_does_not_move_a_centred_policy() {
    let space = DecisionSpace::macro_layers(3);
    let moved = |centred, bonus| {
        let config = PolicyConfig {
            centred,
            entropy_weight: 0.0,
            ..PolicyConfig::default()
        };
        let mut policy = policy(&space, config);
        let mut reward = |_: &[Architecture]| Ok::<_, PolicyError>(vec![3.0 + bonus, 1.0 + bonus]);
        policy.update(2, 9, &mut reward).unwrap().grad_norm
    };
    let close = |a: f64, b: f64| (a - b).abs() < 1e-9;
    assert!(close(moved(true, 0.0), moved(true, 5.0)));
    assert!(!close(moved(false, 0.0), moved(false, 5.0)));
    assert!(moved(true, 0.0) > 0.0);
}

/// What a report calls the baseline is what was subtracted.
#[test]
fn a_centred_baseline_is_the_mean_of_the_samples() {
    let config = PolicyConfig {
        entropy_weight: 0.0,
        ..PolicyConfig::default()
    };
    let mut policy = policy(&DecisionSpace::macro_layers(3), config);
    let mut reward = |_: &[Architecture]| Ok::<_, PolicyError>(vec![3.0, 1.0]);
    let report = policy.update(2, 9, &mut reward).unwrap();
    assert!((report.baseline - 2.0).abs() < 1e-12);
    // One sample has no mean but itself: the moving average is subtracted.
    let decay = policy.config.baseline_decay;
    let moved = decay * policy.baseline.value + (1.0 - decay) * 3.0;
    let mut reward = |_: &[Architecture]| Ok::<_, PolicyError>(vec![3.0]);
    let report = policy.update(1, 9, &mut reward).unwrap();
    assert!((report.baseline - moved).abs() < 1e-12);
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
            let (advantages, _) = policy.advantages(&[*x, *y], &mut Baseline::new(0.75));
            let pair = Tensor::stack(&[log_prob.get(i as i64), log_prob.get(j as i64)], 0);
            loss += policy_loss(&pair, &Tensor::from_slice(&advantages)) * (p[i] * p[j]);
        }
    }
    let found = Tensor::run_backward(&[loss], &leaves, false, false);
    let mut largest = 0f64;
    for (exact, found) in exact
        .iter()
        .zip(&found)
        .filter(|(exact, _)| exact.defined())
    {
        // Advantages ±(x - y) / 2, and x and y are independent: half of the gradient.
        let difference = (exact * 0.5 + found).abs().max();
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

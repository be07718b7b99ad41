//! The controller against enumeration: every small space is listed whole, in
//! double precision.

use tch::{Device, Kind, Tensor};

use super::*;
use crate::decision::{Choice, DecisionId, DecisionSpace, Domain, Hints, count, plan, sample};

/// A controller far from its start, so that nothing is near uniform.
fn controller(space: &DecisionSpace) -> Controller {
    let config = ControllerConfig {
        hidden: 6,
        temperature: 1.5,
        tanh: 2.0,
        table_divisor: 1.25,
        init: 1.5,
        ..ControllerConfig::default()
    };
    Controller::with_kind(plan(space), config, 3, Device::Cpu, Kind::Double)
}

/// Small spaces that have, together, every kind of step.
fn spaces() -> Vec<(&'static str, DecisionSpace)> {
    vec![
        ("recurrent", DecisionSpace::recurrent(3)),
        ("macro", DecisionSpace::macro_layers(2)),
        ("micro", DecisionSpace::micro(&["normal"], 1)),
        ("edges", DecisionSpace::edges(2)),
        ("every form", DecisionSpace::every_form()),
        ("limited", DecisionSpace::limited()),
    ]
}

/// Every architecture of a space.
fn all(space: &DecisionSpace) -> Vec<Architecture> {
    let mut made = vec![Architecture::undecided(space)];
    for (id, point) in space.iter() {
        made = made
            .into_iter()
            .flat_map(|architecture| {
                if !space.guards.holds(point.active, &architecture) {
                    return vec![architecture];
                }
                let available = space.available(point, &architecture);
                let is_available = |choice: &Choice| match choice {
                    Choice::One(option) => available.contains(option),
                    Choice::Set(options) => options.iter().all(|o| available.contains(o)),
                };
                Choice::all(point.domain)
                    .filter(is_available)
                    .map(|choice| {
                        let mut next = architecture.clone();
                        next.set(id, choice);
                        next
                    })
                    .collect()
            })
            .collect();
    }
    made
}

fn values(tensor: &Tensor) -> Vec<f64> {
    Vec::try_from(tensor.detach()).unwrap()
}

#[track_caller]
fn close(found: f64, expected: f64, within: f64, what: &str) {
    assert!(
        (found - expected).abs() <= within,
        "{what}: {found} in place of {expected}"
    );
}

#[test]
fn probabilities_of_all_architectures_sum_to_one() {
    let _guard = tch::no_grad_guard();
    for (name, space) in spaces() {
        let architectures = all(&space);
        assert_eq!(count(&space), architectures.len().into(), "{name}");
        let log_prob = controller(&space).score(&architectures).log_prob;
        close(log_prob.exp().sum(None).double_value(&[]), 1.0, 1e-12, name);
    }
}

#[test]
fn entropy_is_the_mean_surprise_over_all_architectures() {
    let _guard = tch::no_grad_guard();
    for (name, space) in spaces() {
        let rollout = controller(&space).score(&all(&space));
        let p = rollout.log_prob.exp();
        let surprise = -(&p * &rollout.log_prob).sum(None).double_value(&[]);
        let entropy = (&p * &rollout.entropy).sum(None).double_value(&[]);
        close(entropy, surprise, 1e-10, name);
    }
}

#[test]
fn scoring_what_was_drawn_gives_the_same_numbers() {
    for (name, space) in spaces() {
        let controller = controller(&space);
        let drawn = controller.sample(40, 1);
        let scored = controller.score(&drawn.architectures);
        assert_eq!(scored.architectures, drawn.architectures);
        for (a, b) in [
            (&drawn.log_prob, &scored.log_prob),
            (&drawn.entropy, &scored.entropy),
            (&drawn.skip_penalty, &scored.skip_penalty),
        ] {
            assert_eq!(values(a), values(b), "{name}");
        }
        let steps = Tensor::stack(&drawn.steps, 0).sum_dim_intlist(0, false, None);
        for (sum, whole) in values(&steps).into_iter().zip(values(&drawn.log_prob)) {
            close(sum, whole, 1e-12, name);
        }
        assert!(drawn.log_prob.requires_grad());
        assert!(!drawn.entropy.requires_grad());
    }
}

#[test]
fn drawn_architectures_decide_exactly_what_is_active() {
    for (name, space) in spaces() {
        for architecture in controller(&space).sample(60, 2).architectures {
            let line = architecture.to_line(&space);
            let read = Architecture::parse(&line, &space, "test");
            assert_eq!(read, Ok(architecture), "{name}");
        }
    }
}

/// Pearson's statistic of drawn counts, over its degrees of freedom.
#[test]
fn frequencies_follow_the_probabilities() {
    let _guard = tch::no_grad_guard();
    let n = 20_000;
    for (name, space) in spaces() {
        let controller = controller(&space);
        let architectures = all(&space);
        let p = values(&controller.score(&architectures).log_prob.exp());
        let mut counts = vec![0.0; p.len()];
        for drawn in controller.sample(n, 7).architectures {
            counts[architectures.iter().position(|a| *a == drawn).unwrap()] += 1.0;
        }
        // Architectures that are expected fewer than 5 times share a cell.
        let (mut statistic, mut cells) = (0.0, 0.0);
        let mut add = |count: f64, expected: f64| {
            statistic += (count - expected).powi(2) / expected;
            cells += 1.0;
        };
        let (mut rest, mut rest_expected) = (0.0, 0.0);
        for (count, p) in counts.iter().zip(&p) {
            let expected = p * n as f64;
            if expected < 5.0 {
                rest += count;
                rest_expected += expected;
            } else {
                add(*count, expected);
            }
        }
        if rest_expected >= 5.0 {
            add(rest, rest_expected);
        }
        // Mean and variance of chi-square; 3.5 standard deviations.
        let freedom: f64 = cells - 1.0;
        let bound = freedom + 3.5 * (2.0 * freedom).sqrt();
        assert!(statistic < bound, "{name}: {statistic} of {freedom}");
    }
}

/// `f` at every parameter moved a little up and down, against its gradient.
fn check_gradient(name: &str, controller: &Controller, f: &dyn Fn() -> Tensor, grads_of: &Tensor) {
    let leaves: Vec<&Tensor> = controller.params().iter().map(|(_, p)| p).collect();
    let grads = Tensor::run_backward(&[grads_of], &leaves, false, false);
    let _guard = tch::no_grad_guard();
    let step = 1e-5;
    for ((param, leaf), grad) in controller.params().iter().zip(&grads) {
        let flat = leaf.view(-1);
        // Some entries of every parameter; each costs two walks.
        let stride = (flat.numel() / 6).max(1);
        for index in (0..flat.numel()).step_by(stride) {
            let mut entry = flat.narrow(0, index as i64, 1);
            let at = |entry: &mut Tensor, by: f64| {
                *entry += by;
                f().double_value(&[])
            };
            let up = at(&mut entry, step);
            let down = at(&mut entry, -2.0 * step);
            entry += step;
            let expected = (up - down) / (2.0 * step);
            let found = if grad.defined() {
                grad.view(-1).double_value(&[index as i64])
            } else {
                0.0
            };
            close(
                found,
                expected,
                1e-6 * (1.0 + expected.abs()),
                &format!("{name}: {param}"),
            );
        }
    }
}

/// REINFORCE's gradient, in expectation over all architectures, is that of the
/// expected reward: Σ π(m) R(m) ∇ log π(m) = ∇ Σ π(m) R(m).
#[test]
fn policy_gradient_is_the_gradient_of_the_expected_reward() {
    for (name, space) in spaces() {
        let architectures = all(&space);
        let controller = controller(&space);
        let rewards: Vec<f64> = (0..architectures.len())
            .map(|i| (i as f64 * 0.7).sin())
            .collect();
        let rewards = Tensor::from_slice(&rewards);
        let expected_reward =
            || (controller.score(&architectures).log_prob.exp() * &rewards).sum(None);
        let log_prob = controller.score(&architectures).log_prob;
        let weights = log_prob.detach().exp() * &rewards;
        let reinforce = (log_prob * weights).sum(None);
        check_gradient(name, &controller, &expected_reward, &reinforce);
    }
}

#[test]
fn skip_penalty_has_the_right_gradient() {
    for space in [DecisionSpace::macro_layers(3), DecisionSpace::every_form()] {
        let controller = controller(&space);
        let architectures = controller.sample(5, 0).architectures;
        let mean = || controller.score(&architectures).skip_penalty.mean(None);
        let penalty = mean();
        check_gradient("penalty", &controller, &mean, &penalty);
    }
}

/// KL(Bernoulli(p) ‖ Bernoulli(0.4)) from p, which enumeration gives.
#[test]
fn skip_penalty_is_the_divergence_from_the_rate() {
    let _guard = tch::no_grad_guard();
    let space = DecisionSpace::macro_layers(2);
    let controller = controller(&space);
    let skips = space
        .points
        .iter()
        .position(|p| p.path == "h[2].skips")
        .unwrap();
    let skips = DecisionId(skips as u32);
    // All that comes before the one bit the same; only the bit differs.
    let pair: Vec<Architecture> = [vec![], vec![0]]
        .map(|set| {
            let mut architecture = sample(&space, &mut ChaCha8Rng::seed_from_u64(1)).unwrap();
            architecture.set(skips, Choice::Set(set));
            architecture
        })
        .into();
    let rollout = controller.score(&pair);
    let log_odds = rollout.log_prob.double_value(&[1]) - rollout.log_prob.double_value(&[0]);
    let p = 1.0 / (1.0 + (-log_odds).exp());
    let kl = p * (p / 0.4).ln() + (1.0 - p) * ((1.0 - p) / 0.6).ln();
    // h[1] has no bits and does not count in the mean.
    close(
        rollout.skip_penalty.double_value(&[0]),
        kl,
        1e-10,
        "penalty",
    );
}

#[test]
fn decisions_without_a_choice_have_probability_one() {
    let mut space = DecisionSpace::default();
    let table = space.add_table("only", 1);
    space.choose("a", table, Hints::default());
    let node = space.define("h[0]", &[]);
    let one = Domain::One { n: 1 };
    space.pick("b", &[node], one, Hints::default());
    for max in [0, 1] {
        let domain = Domain::Subset {
            n: max,
            min: max,
            max,
        };
        let elements = vec![node; max as usize];
        space.pick("c", &elements, domain, Hints::default());
    }
    let rollout = controller(&space).sample(3, 0);
    assert_eq!(rollout.architectures, vec![all(&space).remove(0); 3]);
    assert_eq!(values(&rollout.log_prob), [0.0; 3]);
    assert_eq!(values(&rollout.entropy), [0.0; 3]);
}

#[test]
fn a_space_without_decisions_has_one_architecture() {
    let space = DecisionSpace::default();
    let rollout = controller(&space).sample(2, 0);
    assert_eq!(
        rollout.architectures,
        vec![Architecture::undecided(&space); 2]
    );
    assert_eq!(values(&rollout.log_prob), [0.0; 2]);
    assert!(controller(&space).sample(0, 0).architectures.is_empty());
}

#[test]
fn the_same_seed_draws_the_same_and_fewer_are_the_first_of_more() {
    let space = DecisionSpace::every_form();
    let controller = controller(&space);
    let ten = controller.sample(10, 5).architectures;
    assert_eq!(controller.sample(10, 5).architectures, ten);
    assert_eq!(controller.sample(4, 5).architectures, ten[..4]);
    assert_ne!(controller.sample(10, 6).architectures, ten);
}

#[test]
fn parameters_depend_on_the_seed_alone_and_load_back() {
    let plan = plan(&DecisionSpace::macro_layers(3));
    let make = |seed| Controller::new(plan.clone(), ControllerConfig::default(), seed, Device::Cpu);
    let bytes = |controller: &Controller| {
        let params = controller.params().iter();
        let params = params.map(|(_, p)| Vec::<f32>::try_from(p.detach().view(-1)).unwrap());
        params.collect::<Vec<_>>()
    };
    let (a, mut b) = (make(0), make(1));
    assert_eq!(bytes(&a), bytes(&make(0)));
    assert_ne!(bytes(&a), bytes(&b));
    let saved = || {
        a.params()
            .iter()
            .map(|(name, p)| (name.clone(), p.detach().copy()))
    };
    b.load_state(saved().collect()).unwrap();
    assert_eq!(bytes(&a), bytes(&b));
    assert!(b.params().iter().all(|(_, p)| p.requires_grad()));
    let names: Vec<&str> = a.params().iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "g_emb",
            "lstm",
            "attention.w1",
            "attention.w2",
            "attention.v",
            "table.0.embedding",
            "table.0.softmax"
        ]
    );
    assert_eq!(
        b.load_state(saved().skip(1).collect()),
        Err(StateError::Missing("g_emb".to_owned()))
    );
    let wrong = saved().map(|(name, p)| (name, p.narrow(0, 0, 1))).collect();
    assert!(matches!(b.load_state(wrong), Err(StateError::Shape { .. })));
}

#[test]
fn logits_stay_within_the_tanh_bound() {
    let _guard = tch::no_grad_guard();
    let space = DecisionSpace::edges(2);
    let config = ControllerConfig {
        init: 100.0,
        ..ControllerConfig::default()
    };
    let controller = Controller::new(plan(&space), config, 0, Device::Cpu);
    // Five candidates within ±2.5: none is less likely than this.
    let least = -(1.0 + 4.0 * 5f64.exp()).ln();
    let log_prob = controller
        .score(&all(&space))
        .log_prob
        .to_kind(Kind::Double);
    assert!(values(&log_prob).into_iter().all(|p| p >= least - 1e-6));
}

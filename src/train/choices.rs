//! What a strategy has come to prefer: how often each option is among architectures that
//! it draws.
//!
//! The probability of an option, whatever is decided before it, is a sum over all
//! architectures; the share among some of them estimates it for every strategy and every
//! space, within 7 points of a hundred 19 times in 20.

use serde_json::{Map, Value, json};

use super::timeline::{Phase, Step};
use crate::decision::{Architecture, Choice, DecisionSpace};

/// Of so many architectures.
pub(super) const SAMPLES: usize = 200;

/// How often in an epoch that has enough updates, its end among them.
const TIMES: u64 = 4;

/// Whether a step is one of those after which choices are counted.
pub(super) fn is_due(step: Step) -> bool {
    match step.phase {
        Phase::Shared => false,
        // The report comes next.
        Phase::Controller if step.index + 1 == step.of => false,
        Phase::Controller => (step.index + 1).is_multiple_of(step.of.div_ceil(TIMES)),
        Phase::Report => true,
    }
}

/// In how many of `samples` each option is chosen, by decision: those without a
/// choice are left out. Where a decision is not always made, `decided` says how often it was.
pub(super) fn count(space: &DecisionSpace, samples: &[Architecture]) -> Value {
    let (mut chosen, mut decided) = (Map::new(), Map::new());
    for (id, point) in space.iter().filter(|(_, p)| p.domain.is_open()) {
        let mut counts = vec![0_usize; point.domain.options() as usize];
        let mut n = 0;
        for choice in samples.iter().filter_map(|sample| sample.get(id)) {
            n += 1;
            let options = match choice {
                Choice::One(option) => std::slice::from_ref(option),
                Choice::Set(options) => options.as_slice(),
            };
            for &option in options {
                if let Some(count) = counts.get_mut(option as usize) {
                    *count += 1;
                }
            }
        }
        chosen.insert(point.path.clone(), json!(counts));
        if n < samples.len() {
            decided.insert(point.path.clone(), json!(n));
        }
    }
    let mut all = json!({"samples": samples.len(), "chosen": chosen});
    if !decided.is_empty() {
        all["decided"] = Value::Object(decided);
    }
    all
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::decision::{DecisionId, sample};

    #[test]
    fn options_are_counted_where_their_decision_is_made() {
        let space = DecisionSpace::every_form();
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let samples: Vec<_> = (0..50).map(|_| sample(&space, &mut rng).unwrap()).collect();
        let found = count(&space, &samples);
        let sum = |path: &str| {
            let counts = found["chosen"][path].as_array().unwrap();
            counts.iter().map(|n| n.as_u64().unwrap()).sum::<u64>()
        };
        // One of two, always; two of three, always; some of three, where it is deep.
        assert_eq!((sum("deep"), sum("k")), (50, 100));
        let is_deep = samples.iter().filter(|sample| sample.has(DecisionId(0), 1));
        let deep = is_deep.count() as u64;
        assert!(deep > 0 && deep < 50);
        assert_eq!(found["decided"]["some"], deep);
        assert!((deep..=3 * deep).contains(&sum("some")));
        assert_eq!(found["chosen"]["deep"][1], deep);
        assert_eq!(found["samples"], 50);
        assert!(found["decided"].get("k").is_none() && found["chosen"].get("none").is_none());
    }

    #[test]
    fn an_epoch_has_a_few_counts_and_one_at_its_end() {
        let due = |updates: u64| {
            let steps = (0..updates).map(|index| Step {
                number: index + 1,
                epoch: 1,
                phase: Phase::Controller,
                index,
                of: updates,
            });
            steps
                .filter(|step| is_due(*step))
                .map(|step| step.index + 1)
                .collect::<Vec<_>>()
        };
        assert_eq!(due(30), [8, 16, 24]);
        assert_eq!(due(100), [25, 50, 75]);
        assert_eq!(due(2), [1]);
        assert!(due(1).is_empty());
    }
}

//! Derives the final architecture: the best of n samples of a trained policy
//! (section 2.3 of the ENAS paper).
//!
//! In: the samples, and whoever can score architectures. Out: the different ones
//! among them, best first. Needs no libtorch.

use std::cmp::Ordering;
use std::collections::HashMap;

use crate::decision::Architecture;

/// One of the architectures that were scored.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The architecture.
    pub architecture: Architecture,
    /// Its score; the greater the better.
    pub score: f64,
    /// How many of the samples it was.
    pub drawn: usize,
}

/// Gives a score for each architecture, in order, or says why it cannot.
pub type Evaluator<'a, E> = dyn FnMut(&[Architecture]) -> Result<Vec<f64>, E> + 'a;

/// Scores `samples`, each different one once, and ranks them, best first.
///
/// Of equal scores the one that was drawn more often comes first, since the policy
/// prefers it; of those the one that was drawn earlier. A score that is not a
/// number comes last.
///
/// # Errors
/// What the evaluator says.
pub fn derive<E>(
    samples: &[Architecture],
    evaluate: &mut Evaluator<E>,
) -> Result<Vec<Candidate>, E> {
    let (different, drawn) = distinct(samples);
    let scores = evaluate(&different)?;
    let mut candidates: Vec<Candidate> = different
        .into_iter()
        .zip(drawn)
        .zip(scores)
        .map(|((architecture, drawn), score)| Candidate {
            architecture,
            score,
            drawn,
        })
        .collect();
    // A stable sort: what compares equal stays in the order of its first draw.
    candidates.sort_by(|a, b| descending(a.score, b.score).then(b.drawn.cmp(&a.drawn)));
    Ok(candidates)
}

/// The different ones among `samples` in order of first appearance, and how often
/// each appears.
#[must_use]
pub fn distinct(samples: &[Architecture]) -> (Vec<Architecture>, Vec<usize>) {
    let mut place: HashMap<&Architecture, usize> = HashMap::new();
    let mut different = Vec::new();
    let mut drawn: Vec<usize> = Vec::new();
    for sample in samples {
        let index = *place.entry(sample).or_insert(different.len());
        match drawn.get_mut(index) {
            Some(count) => *count += 1,
            None => {
                different.push(sample.clone());
                drawn.push(1);
            }
        }
    }
    (different, drawn)
}

fn descending(a: f64, b: f64) -> Ordering {
    match (a.is_nan(), b.is_nan()) {
        (false, false) => b.total_cmp(&a),
        (a, b) => a.cmp(&b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::{Choice, DecisionId, DecisionPoint, DecisionSpace, Domain};
    use crate::decision::{GuardId, Hints, OptionSource, TableId};
    use crate::span::Span;

    /// The architectures of a space with one decision among so many options.
    fn options(n: u32) -> Vec<Architecture> {
        let mut space = DecisionSpace::default();
        space.add(DecisionPoint {
            path: "f".to_owned(),
            domain: Domain::One { n },
            options: (0..n).map(|i| i.to_string()).collect(),
            active: GuardId::ALWAYS,
            available: Vec::new(),
            source: OptionSource::Table(TableId(0)),
            hints: Hints::default(),
            span: Span::default(),
        });
        let of = |option| {
            let mut architecture = Architecture::undecided(&space);
            architecture.set(DecisionId(0), Choice::One(option));
            architecture
        };
        (0..n).map(of).collect()
    }

    /// The options by rank when `scores` are theirs and they are drawn as `draws` says.
    #[track_caller]
    fn ranks(scores: &[f64], draws: &[usize], expected: &[usize]) {
        let all = options(scores.len() as u32);
        let samples: Vec<Architecture> = draws.iter().map(|&i| all[i].clone()).collect();
        let place = |a: &Architecture| all.iter().position(|b| b == a).unwrap();
        let mut scored = Vec::new();
        let ranked = derive::<()>(&samples, &mut |batch| {
            scored.extend(batch.iter().map(place));
            Ok(batch.iter().map(|a| scores[place(a)]).collect())
        })
        .unwrap();
        let places: Vec<usize> = ranked.iter().map(|c| place(&c.architecture)).collect();
        assert_eq!(places, expected);
        let mut once = scored.clone();
        once.dedup();
        assert_eq!(scored, once, "each is scored once");
        let drawn: usize = ranked.iter().map(|c| c.drawn).sum();
        assert_eq!(drawn, draws.len());
    }

    #[test]
    fn the_best_comes_first_and_duplicates_are_scored_once() {
        ranks(&[0.1, 0.9, 0.5], &[0, 1, 0, 2, 1, 0], &[1, 2, 0]);
    }

    #[test]
    fn of_equal_scores_the_more_frequent_and_then_the_earlier_wins() {
        ranks(&[0.5, 0.5, 0.5, 0.5], &[2, 3, 1, 3, 0], &[3, 2, 1, 0]);
    }

    #[test]
    fn no_number_is_worse_than_any() {
        ranks(
            &[f64::NAN, -1.0, f64::NEG_INFINITY],
            &[0, 1, 2, 0],
            &[1, 2, 0],
        );
    }

    #[test]
    fn no_samples_give_no_candidates_and_errors_pass() {
        ranks(&[], &[], &[]);
        assert_eq!(derive(&options(1), &mut |_| Err("no")), Err("no"));
    }
}

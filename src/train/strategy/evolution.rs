//! Regularised evolution (Real et al., arXiv 1802.01548, section 3): a population in
//! which the oldest dies, not the worst.
//!
//! Dying of age suits shared weights: a score was measured on the weights and the
//! minibatch of its time, and who was only lucky then does not live on.

use std::collections::VecDeque;

use rand::{Rng as _, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tch::{Kind, Tensor};

use super::uniform::Uniform;
use super::{Figures, Strategy};
use crate::decision::{Architecture, Choice, DecisionSpace, Domain, mutate};
use crate::statistics::mean;
use crate::train::controller_phase::RewardFn;
use crate::train::tensors::State;
use crate::train::{StrategyConfig, TrainError};

/// The living, the oldest first.
pub(super) struct Population<'a> {
    space: &'a DecisionSpace,
    config: StrategyConfig,
    uniform: Uniform<'a>,
    members: VecDeque<Member>,
}

struct Member {
    architecture: Architecture,
    /// Its reward when it was born.
    score: f64,
}

/// The names of the saved tensors.
const SCORES: &str = "scores";
const CHOICES: &str = "choices";

impl<'a> Population<'a> {
    pub(super) fn new(space: &'a DecisionSpace, config: StrategyConfig) -> Self {
        Self {
            space,
            config,
            uniform: Uniform::new(space),
            members: VecDeque::new(),
        }
    }

    /// A uniform architecture while the first population is being made; then a
    /// mutant of the best of some, the first of equals.
    fn propose(&mut self, rng: &mut ChaCha8Rng) -> Result<Architecture, TrainError> {
        if self.members.len() < self.config.population {
            return self.uniform.draw(rng);
        }
        let mut best: Option<&Member> = None;
        for _ in 0..self.config.tournament {
            let member = self.members.get(rng.random_range(0..self.members.len()));
            let better = |than: &Member| member.is_some_and(|member| member.score > than.score);
            if best.is_none_or(better) {
                best = member;
            }
        }
        let mutant = best.and_then(|parent| mutate(self.space, &parent.architecture, rng));
        mutant.map_or_else(|| self.uniform.draw(rng), Ok)
    }

    fn add(&mut self, member: Member) {
        self.members.push_back(member);
        while self.members.len() > self.config.population {
            self.members.pop_front();
        }
    }
}

impl Strategy for Population<'_> {
    fn sample(&mut self, n: usize, seed: u64) -> Result<Vec<Architecture>, TrainError> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        (0..n).map(|_| self.propose(&mut rng)).collect()
    }

    /// One cycle after the other: what was born in this update may be a parent in it.
    fn update(
        &mut self,
        n: usize,
        seed: u64,
        reward: &mut RewardFn<TrainError>,
    ) -> Result<Figures, TrainError> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut rewards = Vec::with_capacity(n);
        for _ in 0..n {
            let architecture = self.propose(&mut rng)?;
            for score in reward(std::slice::from_ref(&architecture))? {
                rewards.push(score);
                let architecture = architecture.clone();
                self.add(Member {
                    architecture,
                    score,
                });
            }
        }
        let living: Vec<f64> = self.members.iter().map(|member| member.score).collect();
        let best = rewards.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Ok(vec![
            ("reward", mean(&rewards)),
            ("best", best),
            ("population", mean(&living)),
        ])
    }

    /// The living, the best first; proposals where they are too few.
    fn finalists(&mut self, n: usize, seed: u64) -> Result<Vec<Architecture>, TrainError> {
        let mut living: Vec<&Member> = self.members.iter().collect();
        living.sort_by(|a, b| b.score.total_cmp(&a.score));
        let living = living.iter().map(|member| member.architecture.clone());
        let (mut different, _) = crate::derive::distinct(&living.collect::<Vec<_>>());
        different.truncate(n);
        let more = self.sample(n - different.len(), seed)?;
        different.extend(more);
        Ok(different)
    }

    fn state(&self) -> State {
        let scores: Vec<f64> = self.members.iter().map(|member| member.score).collect();
        let mut choices = Vec::new();
        for member in &self.members {
            write(self.space, &member.architecture, &mut choices);
        }
        vec![
            (SCORES.to_owned(), Tensor::from_slice(&scores)),
            (CHOICES.to_owned(), Tensor::from_slice(&choices)),
        ]
    }

    fn load_state(&mut self, state: State) -> Result<(), String> {
        let find = |name: &str| {
            let found = state.iter().find(|(other, _)| other == name);
            let missing = || format!("the population has no tensor `{name}`");
            found.map(|(_, tensor)| tensor).ok_or_else(missing)
        };
        let unfit = || "its population is of another space".to_owned();
        let scores = Vec::<f64>::try_from(find(SCORES)?.to_kind(Kind::Double));
        let choices = Vec::<i64>::try_from(find(CHOICES)?.to_kind(Kind::Int64));
        let (Ok(scores), Ok(choices)) = (scores, choices) else {
            return Err(unfit());
        };
        let mut choices = choices.into_iter();
        let mut members = VecDeque::new();
        for score in scores {
            let architecture = read(self.space, &mut choices);
            let architecture = architecture.filter(|a| a.is_of(self.space));
            members.push_back(Member {
                architecture: architecture.ok_or_else(unfit)?,
                score,
            });
        }
        self.members = members;
        Ok(())
    }
}

/// Stands for an inactive decision.
const INACTIVE: i64 = -1;

/// Writes an architecture as numbers: by decision its option, or how many options
/// and these, or [`INACTIVE`].
fn write(space: &DecisionSpace, architecture: &Architecture, to: &mut Vec<i64>) {
    for (id, _) in space.iter() {
        match architecture.get(id) {
            None => to.push(INACTIVE),
            Some(Choice::One(option)) => to.push(i64::from(*option)),
            Some(Choice::Set(options)) => {
                to.push(options.len() as i64);
                to.extend(options.iter().copied().map(i64::from));
            }
        }
    }
}

/// Reads what [`write`] wrote.
fn read(space: &DecisionSpace, from: &mut impl Iterator<Item = i64>) -> Option<Architecture> {
    let mut architecture = Architecture::undecided(space);
    let option = |number: i64| u32::try_from(number).ok();
    for (id, point) in space.iter() {
        let number = from.next()?;
        if number == INACTIVE {
            continue;
        }
        let choice = match point.domain {
            Domain::One { .. } => Choice::One(option(number)?),
            Domain::Subset { .. } => {
                let options = from.by_ref().take(usize::try_from(number).ok()?);
                Choice::Set(options.map(option).collect::<Option<_>>()?)
            }
        };
        architecture.set(id, choice);
    }
    Some(architecture)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPACE: &str = "
ops Op = { conv3: conv(3), conv5: conv(5), pool: max_pool(3) }
space chain(layers: int = 4) {
  input  x: [3, 8, 8]
  output y: [10]
  x = conv(x, 3, 16)
  nodes h = [x]
  nodes h[l in 1..=layers] {
    let skips = pick any of h[..l]
    h[l] = (choose Op)(h[l - 1] + sum(skips)) |> bn
  }
  y = h[layers] |> gap |> linear(10)
}";

    fn space() -> DecisionSpace {
        let compiled = crate::compile("chain.enas", SPACE, &crate::Options::default());
        assert!(!compiled.spaces.is_empty(), "{:?}", compiled.diagnostics);
        compiled.spaces.into_iter().next().unwrap().decisions
    }

    fn config() -> StrategyConfig {
        StrategyConfig {
            population: 6,
            tournament: 3,
            ..StrategyConfig::default()
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "it is a reward function")]
    fn points(architectures: &[Architecture]) -> Result<Vec<f64>, TrainError> {
        let first = |choice: &Choice| *choice == Choice::One(0);
        let of = |a: &Architecture| {
            (0..8)
                .filter(|&id| a.get(crate::decision::DecisionId(id)).is_some_and(first))
                .count() as f64
        };
        Ok(architectures.iter().map(of).collect())
    }

    #[test]
    fn the_oldest_dies_however_good() {
        let space = space();
        let mut population = Population::new(&space, config());
        let mut score = 100.0;
        for seed in 0..9 {
            population
                .update(1, seed, &mut |_| {
                    score -= 1.0;
                    Ok(vec![score])
                })
                .unwrap();
        }
        let scores: Vec<f64> = population.members.iter().map(|m| m.score).collect();
        assert_eq!(scores, [96.0, 95.0, 94.0, 93.0, 92.0, 91.0]);
        let finalists = population.finalists(3, 0).unwrap();
        assert_eq!(finalists[0], population.members[0].architecture);
    }

    #[test]
    fn once_full_it_proposes_mutants_of_the_best_of_a_tournament() {
        let space = space();
        let mut population = Population::new(&space, config());
        population.config.tournament = 200;
        population.update(6, 0, &mut points).unwrap();
        let best = &population
            .members
            .iter()
            .map(|m| m.score)
            .fold(0.0, f64::max);
        let parent = population
            .members
            .iter()
            .find(|m| m.score >= *best)
            .unwrap();
        let parent = parent.architecture.clone();
        for proposed in population.sample(20, 1).unwrap() {
            let differ = space
                .iter()
                .filter(|(id, _)| proposed.get(*id) != parent.get(*id));
            assert_eq!(differ.count(), 1);
        }
    }

    #[test]
    fn a_saved_population_goes_on_as_if_it_had_never_stopped() {
        let space = space();
        let mut whole = Population::new(&space, config());
        whole.update(9, 0, &mut points).unwrap();
        let mut resumed = Population::new(&space, config());
        resumed.load_state(whole.state()).unwrap();
        assert_eq!(whole.sample(9, 7).unwrap(), resumed.sample(9, 7).unwrap());
        let mut torn = whole.state();
        torn[1].1 = torn[1].1.narrow(0, 0, 5);
        assert!(
            resumed
                .load_state(torn)
                .unwrap_err()
                .contains("another space")
        );
    }
}

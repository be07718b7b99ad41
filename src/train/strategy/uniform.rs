//! Chance: every architecture is as likely as any other, and nothing is learnt.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::{Figures, Strategy};
use crate::decision::{Architecture, DecisionSpace, Diagram, SampleError, Sampler};
use crate::statistics::mean;
use crate::train::TrainError;
use crate::train::controller_phase::RewardFn;
use crate::train::tensors::State;

/// Draws architectures of a space, all of which fulfil what it requires: each as
/// likely where the space has a diagram; where that is too large, each decision
/// uniform among its choices.
pub(in crate::train) struct Uniform<'a> {
    space: &'a DecisionSpace,
    /// Found at the first draw.
    source: Option<Source<'a>>,
}

enum Source<'a> {
    Diagram(Diagram),
    Decisions(Sampler<'a>),
}

impl<'a> Uniform<'a> {
    pub(in crate::train) fn new(space: &'a DecisionSpace) -> Self {
        Self {
            space,
            source: None,
        }
    }

    pub(super) fn draw(&mut self, rng: &mut ChaCha8Rng) -> Result<Architecture, TrainError> {
        let space = self.space;
        let source = self.source.get_or_insert_with(|| {
            let diagram = Diagram::of(space);
            diagram.map_or_else(|_| Source::Decisions(Sampler::new(space)), Source::Diagram)
        });
        Ok(match source {
            Source::Diagram(diagram) => diagram.sample(rng).ok_or(SampleError::Empty)?,
            Source::Decisions(sampler) => sampler.draw(rng)?,
        })
    }
}

impl Strategy for Uniform<'_> {
    fn sample(&mut self, n: usize, seed: u64) -> Result<Vec<Architecture>, TrainError> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        (0..n).map(|_| self.draw(&mut rng)).collect()
    }

    fn update(
        &mut self,
        n: usize,
        seed: u64,
        reward: &mut RewardFn<TrainError>,
    ) -> Result<Figures, TrainError> {
        let rewards = reward(&self.sample(n, seed)?)?;
        let best = rewards.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Ok(vec![("reward", mean(&rewards)), ("best", best)])
    }

    fn state(&self) -> State {
        Vec::new()
    }

    fn load_state(&mut self, state: State) -> Result<(), String> {
        match state.first() {
            None => Ok(()),
            Some((name, _)) => Err(format!("chance learns nothing, and it has `{name}`")),
        }
    }
}

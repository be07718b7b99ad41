//! The strategy of ENAS: a controller, trained by REINFORCE.

use tch::Device;

use super::{Figures, Strategy};
use crate::controller::Controller;
use crate::decision::{Architecture, DecisionSpace, plan};
use crate::train::controller_phase::{Policy, RewardFn};
use crate::train::tensors::State;
use crate::train::{PhaseConfig, TrainError};

/// θ, and what trains it: on the CPU, wherever the weights are. Its tensors are small,
/// and each of its decisions is read before the next: on a GPU each would be waited
/// for.
pub(in crate::train) struct Enas {
    policy: Policy,
}

impl Enas {
    pub(in crate::train) fn new(space: &DecisionSpace, config: &PhaseConfig, seed: u64) -> Self {
        let plan = plan(space);
        let controller = Controller::new(plan, config.network.clone(), seed, Device::Cpu);
        Self {
            policy: Policy::new(controller, config.policy).given(space),
        }
    }

    pub(in crate::train) fn controller(&self) -> &Controller {
        self.policy.controller()
    }
}

impl Strategy for Enas {
    fn sample(&mut self, n: usize, seed: u64) -> Result<Vec<Architecture>, TrainError> {
        let _guard = tch::no_grad_guard();
        Ok(self.policy.sample(n, seed)?.architectures)
    }

    fn update(
        &mut self,
        n: usize,
        seed: u64,
        reward: &mut RewardFn<TrainError>,
    ) -> Result<Figures, TrainError> {
        let report = self.policy.update(n, seed, reward)?;
        let best = report.best.as_ref().map_or(0.0, |(reward, _)| *reward);
        Ok(vec![
            ("reward", report.mean_reward),
            ("best", best),
            ("baseline", report.baseline),
            ("entropy", report.entropy),
            ("log_prob", report.log_prob),
            ("skip_penalty", report.skip_penalty),
            ("loss", report.loss),
            ("grad_norm", report.grad_norm),
        ])
    }

    fn state(&self) -> State {
        self.policy.state()
    }

    fn load_state(&mut self, state: State) -> Result<(), String> {
        self.policy.load_state(state).map_err(|why| why.to_string())
    }
}

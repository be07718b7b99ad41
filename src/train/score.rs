//! How likely a trained policy makes an architecture, replayed decision by decision.

use tch::{Kind, Tensor};

use super::drive::no_checkpoint;
use super::search::POLICY;
use super::strategy::{Enas, Strategy};
use super::tensors::{self, take};
use super::{SearchConfig, StrategyName, TrainError};
use crate::SearchSpace;
use crate::decision::{Architecture, DecisionId, uniform_log_probs};
use crate::run::Run;

/// The log-probabilities of an architecture and of its decisions, in nats.
#[derive(Clone, Debug, PartialEq)]
pub struct Scored {
    /// How many steps of the search the policy has behind it.
    pub step: u64,
    /// log π(m; θ), the sum over the decisions.
    pub log_prob: f64,
    /// The same when every decision is uniform among its choices.
    pub uniform: f64,
    /// By decision, given those before it: of the policy, and uniform.
    pub decisions: Vec<(DecisionId, f64, f64)>,
}

/// Scores an architecture by the policy of a search's last checkpoint.
///
/// Where the space requires something, this is the probability of the controller,
/// which also draws what is refused: given that an architecture fulfils it, all are
/// more likely by the same factor.
///
/// # Errors
/// When the search has no policy or no checkpoint yet.
pub fn score(
    space: &SearchSpace,
    architecture: &Architecture,
    config: &SearchConfig,
    run: &Run,
) -> Result<Scored, TrainError> {
    if config.strategy.name != StrategyName::Enas {
        return Err(TrainError::Config(format!(
            "{} was not searched by a policy: a score is that of one, and the strategy there is another",
            run.folder().display()
        )));
    }
    let checkpoint = run.last_checkpoint()?.ok_or_else(|| no_checkpoint(run))?;
    let mut state = tensors::read(&checkpoint.tensors)?;
    let mut policy = Enas::new(&space.decisions, &config.controller, 0);
    policy
        .load_state(take(&mut state, POLICY))
        .map_err(|why| TrainError::State {
            file: checkpoint.tensors.display().to_string(),
            why,
        })?;
    let _guard = tch::no_grad_guard();
    let controller = policy.controller();
    let rollout = controller.score(std::slice::from_ref(architecture));
    let value = |tensor: &Tensor| tensor.to_kind(Kind::Double).sum(None).double_value(&[]);
    let mut decisions = uniform_log_probs(&space.decisions, architecture)
        .map(|(id, uniform)| (id, 0.0, uniform))
        .collect::<Vec<_>>();
    // A decision may take several steps.
    for (step, log_prob) in controller.plan().steps.iter().zip(&rollout.steps) {
        let of = |(id, ..): &&mut (DecisionId, f64, f64)| Some(*id) == step.decision;
        if let Some((_, sum, _)) = decisions.iter_mut().find(of) {
            *sum += value(log_prob);
        }
    }
    Ok(Scored {
        step: checkpoint.step,
        log_prob: value(&rollout.log_prob),
        uniform: decisions.iter().map(|(.., uniform)| uniform).sum(),
        decisions,
    })
}

//! What the controller is made of, and how it is trained.

use serde::{Deserialize, Serialize};

use super::AdamConfig;

/// The controller's hyperparameters. The default is the paper's controller
/// (arXiv 1802.03268), which learns well on every space; the authors' code
/// differs for each of its spaces, see the fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ControllerConfig {
    /// Size of the LSTM's state and of every embedding. Paper 100; authors'
    /// code 64 on CIFAR-10, 100 on Penn Treebank.
    pub hidden: u32,
    /// Logits are divided by this first (T); 1 leaves them. Paper and authors'
    /// recurrent space 5; authors' macro and micro spaces 1.
    pub temperature: f64,
    /// Then bounded to ±this (c) by `c tanh(logit)`; 0 leaves them. Paper 2.5;
    /// authors' code 1.5 macro, 1.1 micro, 2.5 recurrent.
    pub tanh: f64,
    /// The bound for choices from a table is `tanh` divided by this. Authors'
    /// micro space 2.5, all others 1.
    pub table_divisor: f64,
    /// Every parameter starts uniform in ±this. Authors' code 0.1, their corrected
    /// language model 0.01.
    pub init: f64,
    /// Where learned biases start that are added to the logits of choices from a
    /// table, before they are shaped; tables of another length have none, and nor
    /// do all where this is empty. Authors' micro space 10, 10, 0, 0, 0, which
    /// makes its search begin with separable convolutions.
    pub table_bias: Vec<f64>,
    /// Whether the logits of a table come from its embeddings, transposed, in place
    /// of a matrix of their own. Authors' corrected language model.
    pub tied_tables: bool,
    /// Whether the entropy of a decision is `-p ln p` of what was chosen, in place
    /// of the mean over all that could be. Authors' macro and recurrent spaces.
    pub chosen_entropy: bool,
    /// Whether the penalty on skips takes σ(q) for the probability of a skip that
    /// is drawn with σ(2q). A slip of the authors' code.
    pub halved_skip_logit: bool,
}

impl Default for ControllerConfig {
    fn default() -> Self {
        Self {
            hidden: 100,
            temperature: 5.0,
            tanh: 2.5,
            table_divisor: 1.0,
            init: 0.1,
            table_bias: Vec::new(),
            tied_tables: false,
            chosen_entropy: false,
            halved_skip_logit: false,
        }
    }
}

impl ControllerConfig {
    /// Checks that every value is usable.
    ///
    /// # Errors
    /// The name of the first field that is not, with what it must be.
    pub fn check(&self) -> Result<(), String> {
        let positive = |value: f64| value.is_finite() && value > 0.0;
        let rules = [
            (self.hidden > 0, "hidden must be at least 1"),
            (
                positive(self.temperature),
                "temperature must be positive (1: none)",
            ),
            (
                self.tanh.is_finite() && self.tanh >= 0.0,
                "tanh must not be negative (0: none)",
            ),
            (
                positive(self.table_divisor),
                "table_divisor must be positive",
            ),
            (positive(self.init), "init must be positive"),
            (
                self.table_bias.iter().all(|bias| bias.is_finite()),
                "table_bias must have finite numbers",
            ),
        ];
        match rules.into_iter().find(|(holds, _)| !holds) {
            Some((_, rule)) => Err(rule.to_owned()),
            None => Ok(()),
        }
    }
}

/// How the controller is trained.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PolicyConfig {
    /// Learning rate.
    pub lr: f64,
    /// Weight of the entropy (nats) in the reward.
    pub entropy_weight: f64,
    /// How much of the baseline one reward leaves (δ).
    pub baseline_decay: f64,
    /// The baseline is the mean of an update's samples, if there are several, in place of
    /// the moving average: what makes a minibatch easy or hard is common to all that it
    /// judges, and says nothing of one against another. The paper has the moving average.
    pub centred: bool,
    /// Weight in the loss of the divergence from the skip rate, of the
    /// decisions that have a `@rate`.
    pub skip_weight: f64,
    /// The optimiser.
    pub adam: AdamConfig,
}

impl Default for PolicyConfig {
    /// Rewards of about 1 at most (accuracies, 80 / perplexity) and a few
    /// hundred updates: the rate of the authors' micro search, with Adam as
    /// published. Against a table of accuracies the policy is near the best
    /// after 100 updates of 20 samples (`examples/table_reward.rs`); with
    /// [`AdamConfig::authors`] it has hardly begun after 300.
    fn default() -> Self {
        Self {
            lr: 3.5e-3,
            entropy_weight: 1e-4,
            baseline_decay: 0.99,
            centred: true,
            skip_weight: 0.8,
            adam: AdamConfig::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_pass_and_zero_size_does_not() {
        assert_eq!(ControllerConfig::default().check(), Ok(()));
        let empty = ControllerConfig {
            hidden: 0,
            ..ControllerConfig::default()
        };
        assert!(empty.check().unwrap_err().starts_with("hidden"));
    }

    #[test]
    fn missing_fields_take_defaults_and_unknown_ones_are_refused() {
        let read = serde_json::from_str::<ControllerConfig>;
        assert_eq!(read(r#"{"tanh": 1.5}"#).unwrap().hidden, 100);
        assert!(read(r#"{"tan": 1.5}"#).is_err());
    }
}

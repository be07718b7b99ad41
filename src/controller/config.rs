//! What the controller is made of.

use serde::{Deserialize, Serialize};

/// The controller's hyperparameters. The default is the paper's controller
/// (arXiv 1802.03268), which learns well on every space; the authors' code
/// differs for each of its spaces, see the fields.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
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
    /// Every parameter starts uniform in ±this.
    pub init: f64,
}

impl Default for ControllerConfig {
    fn default() -> Self {
        Self {
            hidden: 100,
            temperature: 5.0,
            tanh: 2.5,
            table_divisor: 1.0,
            init: 0.1,
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
        ];
        match rules.into_iter().find(|(holds, _)| !holds) {
            Some((_, rule)) => Err(rule.to_owned()),
            None => Ok(()),
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

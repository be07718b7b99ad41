//! Learning rates over the epochs.

use serde::{Deserialize, Serialize};

/// A learning rate for every epoch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Schedule {
    /// Always the same.
    Constant {
        /// The rate.
        lr: f64,
    },
    /// Cosine annealing with warm restarts (SGDR, arXiv 1608.03983): in every
    /// cycle from `max` to `min`. The paper's for all CIFAR-10 runs.
    CosineRestarts {
        /// At the beginning of a cycle.
        max: f64,
        /// At its end.
        min: f64,
        /// The first cycle's length in epochs, at least 1.
        period: f64,
        /// How many times longer each cycle is than the one before.
        mul: f64,
    },
    /// `lr rate^(epoch - start)` after the epoch `start`, never below `min`.
    /// The paper's for Penn Treebank.
    Exponential {
        /// Up to the epoch `start`.
        lr: f64,
        /// Factor of an epoch.
        rate: f64,
        /// The last epoch at the full rate.
        start: f64,
        /// The least rate.
        min: f64,
    },
}

impl Schedule {
    /// The learning rate at an epoch, counted from 0. A whole number gives one
    /// rate an epoch, as the authors have it; a fraction a smooth curve.
    #[must_use]
    pub fn lr(&self, epoch: f64) -> f64 {
        match *self {
            Self::Constant { lr } => lr,
            Self::CosineRestarts {
                max,
                min,
                period,
                mul,
            } => {
                let share = share_of_cycle(epoch, period, mul);
                min + 0.5 * (max - min) * (1.0 + (std::f64::consts::PI * share).cos())
            }
            Self::Exponential {
                lr,
                rate,
                start,
                min,
            } => (lr * rate.powf((epoch - start).max(0.0))).max(min),
        }
    }
}

/// How far into its cycle an epoch is, in 0..1.
fn share_of_cycle(epoch: f64, period: f64, mul: f64) -> f64 {
    // No cycle is shorter than an epoch, so the loop ends.
    let mut period = period.max(1.0);
    let mut rest = epoch;
    while rest >= period {
        rest -= period;
        period = (period * mul).max(1.0);
    }
    rest / period
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn close(found: f64, expected: f64) {
        assert!(
            (found - expected).abs() < 1e-12,
            "{found} in place of {expected}"
        );
    }

    #[test]
    fn cosine_restarts_where_the_authors_do() {
        let schedule = Schedule::CosineRestarts {
            max: 0.05,
            min: 0.0005,
            period: 10.0,
            mul: 2.0,
        };
        for restart in [0, 10, 30, 70, 150, 310, 630] {
            close(schedule.lr(f64::from(restart)), 0.05);
        }
        close(schedule.lr(5.0), 0.02525);
        close(schedule.lr(20.0), 0.02525);
        // One epoch before a restart, not yet at the minimum.
        let last = 0.0005 + 0.02475 * (1.0 + (0.9 * std::f64::consts::PI).cos());
        close(schedule.lr(9.0), last);
    }

    #[test]
    fn exponential_waits_and_has_a_floor() {
        let schedule = Schedule::Exponential {
            lr: 20.0,
            rate: 0.96,
            start: 15.0,
            min: 1.0,
        };
        close(schedule.lr(0.0), 20.0);
        close(schedule.lr(15.0), 20.0);
        close(schedule.lr(17.0), 20.0 * 0.96 * 0.96);
        close(schedule.lr(1000.0), 1.0);
    }

    #[test]
    fn cycles_that_shrink_still_end() {
        let schedule = Schedule::CosineRestarts {
            max: 1.0,
            min: 0.0,
            period: 4.0,
            mul: 0.0,
        };
        close(schedule.lr(1000.0), 1.0);
        assert!(schedule.lr(f64::NAN).is_nan());
    }

    #[test]
    fn reads_from_json() {
        let text =
            r#"{"kind": "cosine-restarts", "max": 0.05, "min": 0.001, "period": 10, "mul": 2}"#;
        let schedule: Schedule = serde_json::from_str(text).unwrap();
        close(schedule.lr(0.0), 0.05);
        assert!(serde_json::from_str::<Schedule>(r#"{"kind": "constant"}"#).is_err());
    }
}

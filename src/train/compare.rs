//! Whether a strategy is better than chance: its architectures against uniform ones,
//! all judged alike.

use serde::Serialize;

use super::task::Measure;
use crate::statistics::{interval_of_difference, mean};

/// Architectures of a strategy against as many uniform ones, on the same examples
/// and the same weights.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// How many of each.
    pub samples: usize,
    /// Those of the strategy.
    pub strategy: Side,
    /// The uniform ones.
    pub uniform: Side,
    /// By how much the mean of the strategy is better.
    pub better_by: f64,
    /// A 95 % interval of that, over the architectures that might have been drawn
    /// (Welch's); it says nothing of other weights or examples.
    pub interval: Option<[f64; 2]>,
}

/// Some architectures.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Side {
    /// The mean of what was measured.
    pub mean: f64,
    /// The best of them.
    pub best: f64,
}

impl Comparison {
    /// Compares what was measured; `None` where there is nothing to compare.
    pub(super) fn of(measure: Measure, strategy: &[f64], uniform: &[f64]) -> Option<Self> {
        // The greater the better.
        let sign = if measure.is_loss() { -1.0 } else { 1.0 };
        let signed = |values: &[f64]| values.iter().map(|v| sign * v).collect::<Vec<_>>();
        let side = |values: &[f64]| {
            let best = values.iter().copied().reduce(f64::max)?;
            Some(Side {
                mean: sign * mean(values),
                best: sign * best,
            })
        };
        let (ours, others) = (signed(strategy), signed(uniform));
        Some(Self {
            samples: strategy.len(),
            strategy: side(&ours)?,
            uniform: side(&others)?,
            better_by: mean(&ours) - mean(&others),
            interval: interval_of_difference(&ours, &others),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn less_perplexity_is_better() {
        let found = Comparison::of(Measure::Perplexity, &[3.0, 5.0], &[6.0, 8.0]).unwrap();
        assert_eq!(found.better_by.total_cmp(&3.0), std::cmp::Ordering::Equal);
        assert_eq!(
            found.strategy,
            Side {
                mean: 4.0,
                best: 3.0
            }
        );
        assert_eq!(
            found.uniform,
            Side {
                mean: 7.0,
                best: 6.0
            }
        );
        let accuracy = Comparison::of(Measure::Accuracy, &[3.0, 5.0], &[6.0, 8.0]).unwrap();
        assert!(accuracy.better_by < 0.0 && accuracy.interval.unwrap()[0] < -3.0);
        assert_eq!(Comparison::of(Measure::Accuracy, &[], &[]), None);
    }
}

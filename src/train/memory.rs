//! How much memory a training will need, before it begins.
//!
//! Numbers of 4 bytes: each weight with its momentum, once more as the gradient of
//! those that a step uses; and each result of an operation on a minibatch, which the
//! backward pass reads, of 2 bytes in half precision. What single operations need
//! besides is not counted (the columns of a convolution, say), so this is the least.

use tch::Device;

use super::{TrainError, WeightsConfig};
use crate::doctor::{Bytes, Memory};
use crate::graph::cost::{Cost, Unit};
use crate::model::Gpu;
use crate::recipe::Precision;

/// Bytes of a number.
const NUMBER: u64 = 4;
/// And of one in half precision.
const HALF: u64 = 2;

/// Bytes that a training will need at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Forecast {
    /// Weights, their momentum, their gradients.
    weights: u64,
    /// The results of the operations on one row of a minibatch.
    row: u64,
    /// The rows of a minibatch.
    batch: u64,
}

/// What training will need on the greatest of some architectures, by their costs.
/// `kept` numbers stay in memory as weights; rows of text are `bptt` tokens long.
pub(super) fn forecast(costs: &[Cost], kept: u64, config: &WeightsConfig, bptt: usize) -> Forecast {
    let most = |of: fn(&Cost) -> u64| costs.iter().map(of).max().unwrap_or(0);
    let momentum = if config.sgd.momentum > 0.0 { kept } else { 0 };
    let gradients = if config.sgd.unused {
        kept
    } else {
        most(|cost| cost.parameters)
    };
    let numbers = kept.saturating_add(momentum).saturating_add(gradients);
    let times = match costs.first().map(|cost| cost.per) {
        Some(Unit::Token) => bptt as u64,
        _ => 1,
    };
    Forecast {
        weights: numbers.saturating_mul(NUMBER),
        row: most(|cost| cost.activations)
            .saturating_mul(times)
            .saturating_mul(config.children.max(1) as u64)
            .saturating_mul(match config.model.precision {
                Precision::F32 => NUMBER,
                Precision::Bf16 => HALF,
            }),
        batch: config.batch as u64,
    }
}

impl Forecast {
    /// In all.
    pub(super) fn bytes(&self) -> u64 {
        self.weights
            .saturating_add(self.row.saturating_mul(self.batch))
    }

    /// Checks that there is so much memory: free, or on a GPU, where other programs may
    /// have some of it, at all. Where nobody tells how much there is, libtorch will.
    ///
    /// # Errors
    /// When there is not; the message says what fits.
    pub(super) fn check(&self, device: Device, group: &str) -> Result<(), TrainError> {
        let available = match device {
            Device::Cpu => Memory::now().map(|memory| memory.available),
            Device::Cuda(_) => Gpu::first().map(|gpu| gpu.memory),
            _ => None,
        };
        available.map_or(Ok(()), |available| self.fits(available, group))
    }

    fn fits(&self, available: u64, group: &str) -> Result<(), TrainError> {
        let needed = self.bytes();
        if needed <= available {
            return Ok(());
        }
        let left = available.saturating_sub(self.weights);
        let remedy = match left / self.row.max(1) {
            0 => "a narrower space needs less".to_owned(),
            rows => format!("with {group}.batch={rows} or less it may do"),
        };
        Err(TrainError::Memory {
            needed: Bytes(needed),
            available: Bytes(available),
            batch: self.batch,
            remedy,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_weights_and_results() {
        let cost = |parameters, activations, per| Cost {
            parameters,
            shared_parameters: 0,
            flops: 0,
            activations,
            per,
            nodes: 0,
            edges: 0,
            depth: 0,
        };
        let mut config = WeightsConfig::shared();
        config.batch = 10;
        let costs = [cost(100, 7, Unit::Example), cost(90, 8, Unit::Example)];
        let search = forecast(&costs, 1000, &config, 35);
        // Weights and momentum of all, gradients of those in use.
        assert_eq!(search.weights, 4 * (1000 + 1000 + 100));
        assert_eq!(search.bytes(), search.weights + 4 * 10 * 8);
        assert!(search.fits(search.bytes(), "shared").is_ok());
        let short = |available| search.fits(available, "shared").unwrap_err().to_string();
        assert!(short(search.bytes() - 1).contains("with shared.batch=9 or less"));
        assert!(short(0).ends_with("a narrower space needs less"));

        config.sgd.unused = true;
        config.sgd.momentum = 0.0;
        let text = forecast(&[cost(100, 7, Unit::Token)], 100, &config, 35);
        assert_eq!(text.bytes(), 4 * (100 + 100 + 10 * 7 * 35));
    }
}

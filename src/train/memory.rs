//! How much memory a training will need, before it begins.
//!
//! Numbers of 4 bytes: each weight with its momentum, once more as the gradient of
//! those that a step uses; and each result of an operation on a minibatch, which the
//! backward pass reads. What single operations need besides is not counted (the
//! columns of a convolution, say), so this is the least.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tch::Device;

use super::{SearchConfig, TrainError, WeightsConfig};
use crate::SearchSpace;
use crate::decision::Sampler;
use crate::doctor::{Bytes, Memory};
use crate::graph::cost::{self, Unit};
use crate::graph::{Child, Supergraph, select};

/// Bytes of a number.
const NUMBER: u64 = 4;

/// Bytes that a training will need at the least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Forecast {
    /// Weights, their momentum, their gradients.
    weights: u64,
    /// The results of the operations on one row of a minibatch.
    row: u64,
    /// The rows of a minibatch.
    batch: u64,
}

/// What training will need on the greatest of some `children` of a graph; rows of
/// text are `bptt` tokens long.
pub(super) fn forecast(
    graph: &Supergraph,
    children: &[Child],
    config: &WeightsConfig,
    bptt: usize,
) -> Forecast {
    let costs: Vec<_> = children.iter().map(|c| cost::child(graph, c)).collect();
    let most = |of: fn(&cost::Cost) -> u64| costs.iter().map(of).max().unwrap_or(0);
    let used = most(|cost| cost.parameters);
    // One architecture is all that a retraining has; a search comes to use them all.
    let kept = match children {
        [_] => used,
        _ => graph.params.total(),
    };
    let momentum = u64::from(config.sgd.momentum > 0.0);
    let times = match costs.first().map(|cost| cost.per) {
        Some(Unit::Token) => bptt as u64,
        _ => 1,
    };
    let numbers = kept
        .saturating_mul(1 + momentum)
        .saturating_add(used.saturating_mul(1));
    Forecast {
        weights: numbers.saturating_mul(NUMBER),
        row: most(|cost| cost.activations)
            .saturating_mul(times)
            .saturating_mul(config.children.max(1) as u64)
            .saturating_mul(NUMBER),
        batch: config.batch as u64,
    }
}

/// What a search will need: on the largest of some architectures at random.
///
/// # Errors
/// When there is nothing to draw.
pub(super) fn forecast_of_search(
    space: &SearchSpace,
    config: &SearchConfig,
) -> Result<Forecast, TrainError> {
    const N: usize = 20;
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let mut sampler = Sampler::new(&space.decisions);
    let drawn = std::iter::repeat_with(|| sampler.draw(&mut rng)).take(N);
    let drawn = drawn.collect::<Result<Vec<_>, _>>()?;
    let child = |architecture| select(&space.graph, &space.decisions, architecture);
    let children: Vec<Child> = drawn.iter().map(child).collect();
    let bptt = config.data.bptt;
    Ok(forecast(&space.graph, &children, &config.shared, bptt))
}

impl Forecast {
    /// In all.
    pub(super) fn bytes(&self) -> u64 {
        self.weights
            .saturating_add(self.row.saturating_mul(self.batch))
    }

    /// Checks that there is so much memory; of a GPU libtorch will tell.
    ///
    /// # Errors
    /// When there is not; the message says what fits.
    pub(super) fn check(&self, device: Device, group: &str) -> Result<(), TrainError> {
        match (device, Memory::now()) {
            (Device::Cpu, Some(memory)) => self.fits(memory.available, group),
            _ => Ok(()),
        }
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
    use crate::decision::Architecture;
    use crate::{Options, compile};

    #[test]
    fn memory_is_weights_and_results() {
        let text = include_str!("../../spaces/tiny.enas");
        let space = compile("tiny.enas", text, &Options::default())
            .spaces
            .remove(0);
        let line = "h[1].f=conv3 h[1].skips={} h[2].f=max3 h[2].skips={0}";
        let architecture = Architecture::parse(line, &space.decisions, &space.name).unwrap();
        let child = select(&space.graph, &space.decisions, &architecture);
        let cost = cost::child(&space.graph, &child);
        let mut config = WeightsConfig::shared();
        config.batch = 10;
        let one = forecast(&space.graph, std::slice::from_ref(&child), &config, 35);
        assert_eq!(one.weights, 4 * 3 * cost.parameters);
        assert_eq!(one.bytes(), one.weights + 4 * 10 * cost.activations);
        // A search keeps the weights of all.
        let all = forecast(&space.graph, &[child.clone(), child], &config, 35);
        let (total, used) = (space.graph.params.total(), cost.parameters);
        assert_eq!(all.weights, 4 * (2 * total + used));

        assert!(one.fits(one.bytes(), "shared").is_ok());
        let short = |available| one.fits(available, "shared").unwrap_err().to_string();
        assert!(short(one.bytes() - 1).contains("with shared.batch=9 or less"));
        assert!(short(0).ends_with("a narrower space needs less"));
    }
}

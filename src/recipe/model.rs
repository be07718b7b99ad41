//! How the model is initialised, regularised and evaluated.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::diagnostic::suggest;
use crate::graph::{Op, Supergraph};

/// How the shared model is initialised, regularised and evaluated.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModelConfig {
    /// The share of numbers that dropout sets to zero, in `0..1`, by the name
    /// of the site; 0 for a site that is not named. The site `e` is that of
    /// word embeddings: it drops whole words.
    pub dropout: BTreeMap<String, f64>,
    /// The share of paths that drop-path cuts, in `0..1`; a space may give a place
    /// less of it (`drop_path(x, share)`). The authors' final micro network 0.4.
    pub drop_path: f64,
    /// Whether that share grows over the training, from near 0 at the first step to
    /// all of it at the last. The authors' final micro network.
    pub drop_path_grows: bool,
    /// Where the weights start.
    pub init: Init,
    /// What batch norm divides by in evaluation.
    pub statistics: Statistics,
    /// Of which numbers products are made.
    pub precision: Precision,
}

/// The numbers that convolutions and matrix products multiply. Weights, their
/// gradients and momentum, sums over a batch, normalisations' statistics and losses are
/// of single precision always.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// Single precision; a GPU with tensor cores rounds the operands of convolutions to
    /// TF32, as is libtorch's default.
    #[default]
    F32,
    /// Of 16 bits with the range of single precision (bfloat16), and so what they give:
    /// half of the memory for what the backward pass reads. Losses need no scaling.
    Bf16,
}

/// The distribution of initial weights. Biases and offsets start at zero,
/// scales at one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Init {
    /// He et al. (arXiv 1502.01852) as the authors of ENAS use it: N(0, 2 / fan-in)
    /// cut off at two standard deviations (drawn again beyond, without a
    /// correction of the variance). Embeddings: U(-0.1, 0.1).
    #[default]
    HeNormal,
    /// U(-bound, bound), embeddings too; what recurrent networks use.
    Uniform {
        /// The greatest absolute value.
        bound: f64,
    },
    /// The same with the bound that the authors' recurrent network has by its width
    /// (that of the embedding): 0.1 up to 300, 0.05 up to 400, 0.04 above.
    UniformByWidth,
}

/// The statistics that batch norm uses in evaluation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Statistics {
    /// The moving averages of training (the authors' macro space).
    #[default]
    Moving,
    /// Those of the batch at hand (the authors' micro space).
    Batch,
}

/// The dropout site that every [`Op::Embed`] has without being asked.
pub const WORDS: &str = "e";

impl ModelConfig {
    /// Checks the rates, and that the graph has the sites that they name.
    ///
    /// # Errors
    /// When a rate lies outside `0..1`, a bound is not a positive number, or a
    /// site is unknown.
    pub fn check(&self, graph: &Supergraph) -> Result<(), String> {
        let sites: BTreeSet<&str> = graph
            .regions
            .iter()
            .flat_map(|region| region.graph.node_weights())
            .filter_map(|node| match &node.op {
                Op::Dropout { site } => Some(site.as_str()),
                Op::Embed => Some(WORDS),
                _ => None,
            })
            .collect();
        let rates = self
            .dropout
            .iter()
            .map(|(site, &rate)| (site.as_str(), rate));
        for (name, rate) in rates.clone().chain([("drop_path", self.drop_path)]) {
            if !(0.0..1.0).contains(&rate) {
                let why =
                    format!("the rate of `{name}` is {rate}; it must be at least 0 and below 1");
                return Err(why);
            }
        }
        if let Some((unknown, _)) = rates.clone().find(|(site, _)| !sites.contains(site)) {
            let known = sites.iter().copied();
            let help = suggest::did_you_mean(unknown, known.clone()).unwrap_or_else(|| {
                let list: Vec<&str> = known.collect();
                format!(
                    "it has {}",
                    if list.is_empty() {
                        "none".to_owned()
                    } else {
                        list.join(", ")
                    }
                )
            });
            let why = format!("the space has no dropout site `{unknown}`; {help}");
            return Err(why);
        }
        match self.init {
            Init::Uniform { bound } if !(bound.is_finite() && bound > 0.0) => {
                let why =
                    format!("the bound of the initial weights is {bound}; it must be above 0");
                Err(why)
            }
            Init::UniformByWidth if graph.params.width().is_none() => {
                Err("initial weights by width need a space with an embedding".to_owned())
            }
            _ => Ok(()),
        }
    }

    /// The bound of [`Init::UniformByWidth`] for a network of a width.
    #[must_use]
    pub fn bound_by_width(width: usize) -> f64 {
        match width {
            0..=300 => 0.1,
            301..=400 => 0.05,
            _ => 0.04,
        }
    }

    /// The dropout rate of a site.
    #[must_use]
    pub fn rate(&self, site: &str) -> f64 {
        self.dropout.get(site).copied().unwrap_or(0.0)
    }
}

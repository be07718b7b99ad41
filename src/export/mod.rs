//! Stage 8: a network as a file that other programs read.
//!
//! In: an architecture of a space, and weights. Out: a [`Format`]. Nothing here needs
//! libtorch.
//!
//! `network` reduces the child of the architecture to what is computed, and `group`
//! recovers the program's structure from it; `pytorch` and `onnx` write it, `weights`
//! reads what a run left, or draws weights as a training would.

mod group;
mod network;
mod onnx;
mod pytorch;
mod weights;

use std::path::PathBuf;

pub use weights::Weights;

use crate::SearchSpace;
use crate::decision::Architecture;
use crate::graph::write::{self, json};
use crate::graph::{alone, select};
use crate::run::RunError;
use network::Network;

/// What is exported.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The space.
    pub space: &'a SearchSpace,
    /// A complete architecture of it.
    pub architecture: &'a Architecture,
}

/// How it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The source of a `PyTorch` module, and its weights in a file beside it.
    Pytorch,
    /// An ONNX model with its weights, opset 17.
    Onnx,
    /// The weights alone, by the names that they have in that module.
    Safetensors,
    /// The graph: operations, shapes, edges, parameters.
    Json,
}

/// The content of what is written.
#[derive(Clone, Debug)]
pub struct Exported {
    /// The file.
    pub main: Vec<u8>,
    /// The file of weights beside it, if it needs one: safetensors.
    pub weights: Option<Vec<u8>>,
}

/// Why nothing was exported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// An operation that only has a cost.
    #[error(
        "the network uses `{name}`, an `extern op`: it says what that costs, not what it computes, so it can be exported to json alone"
    )]
    Extern {
        /// Its name.
        name: String,
    },
    /// The run is one of another space.
    #[error(
        "{} is a run on the space `{run}`, and this is not that space: give its space.enas, and the `--set` values that it was started with{set}", folder.display()
    )]
    OtherSpace {
        /// The run folder.
        folder: PathBuf,
        /// The name of its space.
        run: String,
        /// Those values.
        set: String,
    },
    /// The run trained something else.
    #[error("{} trained another architecture: give its architecture.json with --arch", .0.display())]
    OtherArchitecture(PathBuf),
    /// The run has no weights.
    #[error("{} has no weights: {why}", folder.display())]
    NoWeights {
        /// The run folder.
        folder: PathBuf,
        /// The cause and what can be done.
        why: &'static str,
    },
    /// The run has no weights of the architecture.
    #[error("{} has no tensor `{name}`: {why}", file.display())]
    NoTensor {
        /// The file of the weights.
        file: PathBuf,
        /// The name of the parameter.
        name: String,
        /// What that comes from.
        why: &'static str,
    },
    /// A file that is not what a run wrote.
    #[error("{} cannot be read: {why}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The cause.
        why: String,
    },
    /// A model that a file of ONNX cannot hold.
    #[error("an ONNX file holds 2 GiB, and this network has {bytes} bytes: export it to pytorch")]
    TooLong {
        /// How many there are.
        bytes: usize,
    },
    /// A run folder.
    #[error(transparent)]
    Run(#[from] RunError),
    /// Tensors that no file can hold.
    #[error("the weights cannot be written as safetensors: {0}")]
    Weights(#[from] safetensors::SafeTensorError),
}

/// Writes an architecture with its weights.
///
/// # Errors
/// When it uses an operation that only has a cost, or the weights are not of it.
pub fn export(
    subject: &Subject,
    weights: &Weights,
    format: Format,
) -> Result<Exported, ExportError> {
    let space = subject.space;
    if format == Format::Json {
        let graph = json(write::Subject {
            name: &space.name,
            graph: &space.graph,
            decisions: &space.decisions,
            architecture: Some(subject.architecture),
        });
        return Ok(Exported {
            main: format!("{graph:#}\n").into_bytes(),
            weights: None,
        });
    }
    let child = select(&space.graph, &space.decisions, subject.architecture);
    let network = Network::of(&space.graph, &child, weights.config())?;
    let module = pytorch::write(subject, &network, weights);
    let own = alone(&space.graph, &child);
    let table = if weights.is_shared() {
        &space.graph.params
    } else {
        &own.params
    };
    let tensors = weights.tensors(table, &module.tensors)?;
    if format == Format::Onnx {
        let statistics = weights.config().statistics;
        let main = onnx::write(subject, &network, statistics, &module.tensors, tensors)?;
        return Ok(Exported {
            main,
            weights: None,
        });
    }
    let file = weights::safetensors(subject, &tensors)?;
    let (main, weights) = match format {
        Format::Pytorch => (module.source.into_bytes(), Some(file)),
        _ => (file, None),
    };
    Ok(Exported { main, weights })
}

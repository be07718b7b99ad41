//! What can go wrong with a model in the world: memory, devices, files.

use tch::TchError;

use crate::graph::Node;

/// Why a model could not be run, stored or placed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// A batch does not fit the space.
    #[error("{input} of the space is {expected}, but the batch holds {found}")]
    Input {
        /// Which input.
        input: String,
        /// What the space declares.
        expected: String,
        /// What was given.
        found: String,
    },
    /// Batch norm met a single number a channel and cannot train on it.
    #[error(
        "batch norm at `{path}` has a single number a channel, whose variance is nothing to divide by; use a batch of two or more"
    )]
    SingleNumber {
        /// The node.
        path: String,
    },
    /// Memory did not suffice.
    #[error(
        "not enough memory on the {} in {place}{}; a smaller batch or a narrower space needs less",
        if *cuda { "GPU" } else { "CPU" },
        asked.as_ref().map(|size| format!(" (it asked for {size} more)")).unwrap_or_default()
    )]
    OutOfMemory {
        /// The operation with its shape, or the pass.
        place: String,
        /// Whether it was the GPU's memory.
        cuda: bool,
        /// How much was asked for, in words, where libtorch says so.
        asked: Option<String>,
    },
    /// libtorch failed otherwise.
    #[error("libtorch failed in {place}: {message}")]
    Torch {
        /// The operation with its shape, or the pass.
        place: String,
        /// The first line of its message.
        message: String,
    },
    /// A stored state has a tensor that the supergraph does not.
    #[error("the stored parameters are of another space: {0}")]
    OtherSpace(String),
    /// A graph or child that breaks their invariants.
    #[error("the graph is malformed: {0}")]
    Malformed(String),
    /// CUDA was asked for where there is none.
    #[error("there is no CUDA device to use: {why}; `--device cpu` runs without")]
    NoCuda {
        /// What is missing.
        why: String,
    },
}

impl ModelError {
    /// What libtorch said at `place`.
    pub(super) fn torch(place: impl Into<String>, why: &TchError) -> Self {
        let place = place.into();
        let message = first_line(why);
        // The CPU's allocator says "can't allocate memory", CUDA's "out of memory".
        if message.contains("can't allocate memory") || message.contains("out of memory") {
            return Self::OutOfMemory {
                place,
                cuda: message.contains("CUDA"),
                asked: asked_for(&message),
            };
        }
        Self::Torch { place, message }
    }

    /// What libtorch said while it ran a node on a batch of `batch` examples.
    pub(super) fn at(node: &Node, batch: i64, why: &TchError) -> Self {
        let place = format!(
            "`{}` ({}, {} for each of {batch} examples)",
            node.path, node.op, node.shape
        );
        Self::torch(place, why)
    }
}

/// The first line of libtorch's message; the rest is a C++ stack.
pub(super) fn first_line(why: &TchError) -> String {
    let text = match why {
        TchError::Torch(text) => text.clone(),
        other => other.to_string(),
    };
    let line = text.lines().find(|line| !line.trim().is_empty());
    line.unwrap_or_default().trim().to_owned()
}

/// The size in "tried to allocate 4096 bytes" or "Tried to allocate 20.00 MiB."
fn asked_for(message: &str) -> Option<String> {
    let words = "tried to allocate ";
    let start = message.to_ascii_lowercase().find(words)? + words.len();
    let mut rest = message.get(start..)?.split_whitespace();
    let (number, unit) = (rest.next()?, rest.next()?.trim_end_matches('.'));
    match (number.parse::<u64>(), unit) {
        (Ok(bytes), "bytes") => Some(format!("{:.2} GiB", bytes as f64 / 2f64.powi(30))),
        _ => Some(format!("{number} {unit}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::{Device, Kind, Tensor};

    #[test]
    fn an_allocation_beyond_memory_is_told_with_its_size() {
        let why = Tensor::f_empty([1 << 45], (Kind::Float, Device::Cpu)).unwrap_err();
        let error = ModelError::torch("`h[3]` (conv 3x3)", &why).to_string();
        assert_eq!(
            error,
            "not enough memory on the CPU in `h[3]` (conv 3x3) (it asked for 131072.00 GiB more); \
             a smaller batch or a narrower space needs less"
        );
    }

    #[test]
    fn the_message_of_cuda_is_understood() {
        let text = "CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has 78 GiB\nException raised from";
        let error = ModelError::torch("the backward pass", &TchError::Torch(text.to_owned()));
        assert_eq!(
            error.to_string(),
            "not enough memory on the GPU in the backward pass (it asked for 20.00 MiB more); \
             a smaller batch or a narrower space needs less"
        );
    }

    #[test]
    fn only_the_first_line_of_a_message_is_told() {
        let (a, b) = (
            Tensor::from_slice(&[1f32, 2.0]),
            Tensor::from_slice(&[1f32, 2.0, 3.0]),
        );
        let error = ModelError::torch("a sum", &a.f_add(&b).unwrap_err()).to_string();
        assert!(
            error.starts_with("libtorch failed in a sum: The size of tensor a (2)"),
            "{error}"
        );
        assert_eq!(error.lines().count(), 1);
    }
}

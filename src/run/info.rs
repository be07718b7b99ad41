//! What a run is about, and whether two runs are about the same.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::decision::DecisionSpace;
use crate::graph::Supergraph;

/// `run.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunInfo {
    /// What is run.
    pub command: Command,
    /// The version of enasc that started it.
    pub version: String,
    /// The space.
    pub space: SpaceInfo,
    /// The data.
    pub data: DataInfo,
    /// Of a training that starts from the shared weights of a search: which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inherited: Option<Inherited>,
    /// Where it was started; `None` in runs of an enasc that did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<MachineInfo>,
}

/// What a run does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Command {
    /// Trains shared weights and a policy in turn.
    Search,
    /// Trains one architecture from scratch.
    Train,
}

/// The space of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpaceInfo {
    /// The file, as the user named it.
    pub file: String,
    /// The name of the space.
    pub name: String,
    /// What `--set` gave, as `name=value`.
    pub set: Vec<String>,
    /// [`DecisionSpace::hash`].
    pub decisions: String,
    /// [`graph_fingerprint`].
    pub graph: String,
}

/// The data of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataInfo {
    /// What `--data` said.
    pub source: String,
    /// The name of the data set.
    pub name: String,
    /// A hash of its content.
    pub fingerprint: String,
    /// Of images, how they are normalised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub normalisation: Option<Normalisation>,
}

/// How pixels are normalised, by channel: scaled to 0..1, less the mean, over the standard
/// deviation. Both are those of the training part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Normalisation {
    /// What is taken away.
    pub mean: Vec<f32>,
    /// By what is divided.
    pub std: Vec<f32>,
}

/// The shared weights that a training starts from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inherited {
    /// The run folder of the search, as the user named it.
    pub run: String,
    /// [`super::Checkpoint::fingerprint`] of its last checkpoint.
    pub fingerprint: String,
}

/// On what a run was started: with another libtorch, device or number of threads sums
/// are rounded otherwise. A run may go on elsewhere, so nothing of it is compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MachineInfo {
    /// The version of libtorch, where a file beside it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub libtorch: Option<String>,
    /// Where tensors lived: `cpu` or `cuda`.
    pub device: String,
    /// The name of the GPU, where one was used and tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpu: Option<String>,
    /// The threads of libtorch.
    pub threads: u64,
}

impl RunInfo {
    /// What another run does otherwise, in words; `None` when both compute the
    /// same. Names of files may differ, their content may not. What was inherited
    /// need not be said again.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Option<String> {
        if self.command != other.command {
            let name = |command| match command {
                Command::Search => "search",
                Command::Train => "training",
            };
            let (is, asked) = (name(self.command), name(other.command));
            return Some(format!("it is a {is}, not a {asked}"));
        }
        let (space, given) = (&self.space, &other.space);
        if space.decisions != given.decisions || space.graph != given.graph {
            let with = |set: &[String]| match set {
                [] => String::new(),
                set => format!(" with --set {}", set.join(" --set ")),
            };
            return Some(if space.set == given.set {
                format!(
                    "the space `{}` is not the one that it was started with (see its space.enas)",
                    given.name
                )
            } else {
                format!(
                    "it was started on the space `{}`{}, not on `{}`{}",
                    space.name,
                    with(&space.set),
                    given.name,
                    with(&given.set)
                )
            });
        }
        if self.data.fingerprint != other.data.fingerprint {
            return Some(format!(
                "the data {} is not the {} that it was started with",
                other.data.source, self.data.source
            ));
        }
        let content = |of: &Inherited| of.fingerprint.clone();
        let asked = other.inherited.as_ref()?;
        (self.inherited.as_ref().map(content) != Some(content(asked)))
            .then(|| format!("it did not start from the shared weights of {}", asked.run))
    }
}

/// A hash of all that a supergraph computes: operations, shapes, edges with
/// their conditions, parameters. Names of nodes, comments and layout of the
/// source do not enter.
#[must_use]
pub fn graph_fingerprint(decisions: &DecisionSpace, graph: &Supergraph) -> String {
    let mut hasher = Sha256::new();
    for region in &graph.regions {
        for node in region.graph.node_indices() {
            let Some(weight) = region.graph.node_weight(node) else {
                continue;
            };
            let (op, shape, params) = (&weight.op, &weight.shape, &weight.params);
            hasher.update(format!("{op:?} {shape} {params:?}\n"));
            for (input, guard) in region.operands(node) {
                let condition = decisions.guards.get(guard);
                hasher.update(format!("{} {condition:?}\n", input.index()));
            }
        }
        hasher.update(format!("{:?} {:?}\n", region.inputs, region.outputs));
    }
    for param in &graph.params.params {
        hasher.update(format!(
            "{} {:?} {:?}\n",
            param.name, param.shape, param.role
        ));
    }
    for bank in &graph.params.banks {
        hasher.update(format!(
            "{:?} {:?} {:?}\n",
            bank.per, bank.sizes, bank.first
        ));
    }
    let digest = hasher.finalize();
    hex(digest.get(..8).unwrap_or_default())
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

//! Starting a training from the shared weights of a search rather than anew.
//!
//! The network is a part of the supergraph that was searched, so its tensors are there
//! under their names. Momentum, schedule and hyperparameters are those of a training.

use std::collections::BTreeMap;
use std::path::Path;

use super::TrainError;
use super::drive::no_checkpoint;
use super::tensors::{self, State, take};
use crate::SearchSpace;
use crate::graph::{Child, Supergraph};
use crate::model::part;
use crate::run::{Inherited, Run, graph_fingerprint, name};

/// What a training in `space` that starts from the shared weights of a search says of
/// them.
///
/// # Errors
/// When the search was of another space, or has no checkpoint yet.
pub fn inherit(space: &SearchSpace, search: &Run) -> Result<Inherited, TrainError> {
    let folder = search.folder().display().to_string();
    let searched = search.info()?.space;
    if searched.graph != graph_fingerprint(&space.decisions, &space.graph) {
        return Err(TrainError::Config(format!(
            "{folder} searched `{}`, and its weights fit no other network: use its space.enas, and the `--set` values that it was started with",
            searched.name
        )));
    }
    let checkpoint = search
        .last_checkpoint()?
        .ok_or_else(|| no_checkpoint(search))?;
    Ok(Inherited {
        run: folder,
        fingerprint: checkpoint.fingerprint,
    })
}

/// The shared weights and moving statistics of `child` for a graph that it is
/// [alone](crate::graph::alone) in, by name. What the search has never sampled is not among
/// them.
pub(super) fn weights(
    inherited: &Inherited,
    graph: &Supergraph,
    child: &Child,
) -> Result<State, TrainError> {
    let run = Run::open(Path::new(&inherited.run))?;
    let checkpoint = run.last_checkpoint()?.ok_or_else(|| no_checkpoint(&run))?;
    if checkpoint.fingerprint != inherited.fingerprint {
        return Err(TrainError::Config(format!(
            "{} is not at the step any more at which its weights were to be inherited: start another run",
            inherited.run
        )));
    }
    let mut state = tensors::read(&checkpoint.tensors)?;
    let params = child.params.iter().filter_map(|&id| graph.params.get(id));
    let shapes = params.map(|param| (param.name.as_str(), param.shape.as_slice()));
    let shapes: BTreeMap<&str, &[usize]> = shapes.collect();
    let mut weights = State::new();
    for (name, tensor) in take(&mut state, name::MODEL) {
        if let Some(shape) = shapes.get(name.as_str()) {
            weights.push((name, part(&tensor, shape)?));
        }
    }
    Ok(weights)
}

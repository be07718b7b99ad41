//! The supergraph as tensors: shared parameters ω, and the run of a child model.
//!
//! In: a [`Supergraph`] and the [`Child`] that an architecture selects from it.
//! Out: the child's outputs, and gradients of a loss with respect to exactly
//! the parameters that the child uses.
//!
//! Shapes. A shape of the graph leaves out the batch, and time where it is
//! implicit; the tensor has both in front: an image `[c, h, w]` is
//! `(B, C, H, W)` and lies channels last in memory (see `layout`), a vector
//! `[d]` is `(B, D)`, and over time `(T, B, D)`; tokens are integers `(T, B)`.
//!
//! Invariants:
//! - a child runs its own steps and nothing else;
//! - each parameter is a leaf tensor of its own, created when a child first
//!   uses it; its initial value depends on the seed and its name alone;
//! - what a child does not use, a step on that child does not change: no
//!   parameter outside [`SharedModel::trained`], no moving statistics.

#[cfg(test)]
mod compiled;
mod device;
mod dropout;
mod error;
mod gpu;
mod half;
mod lanes;
mod layout;
mod memory;
mod norm;
mod onednn;
mod ops;
mod params;
mod products;
mod recurrence;
mod run;
#[cfg(test)]
mod testing;
#[cfg(test)]
#[expect(clippy::many_single_char_names, reason = "the names of the formulas")]
mod tests;

use std::sync::Arc;

use tch::{Device, TchError, Tensor};

pub use device::{DeviceRequest, choose, load_cuda};
pub use error::ModelError;
pub use gpu::Gpu;
pub use memory::keep_freed_memory;
pub(crate) use ops::part;
pub use recurrence::Recurrence;

pub use crate::recipe::{Init, ModelConfig, Precision, Statistics};

use crate::graph::{Child, ParamId, Role, Supergraph};
use params::Params;
use products::Product;

/// Why the model runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// With dropout and batch statistics; gradients are recorded.
    Train,
    /// Without dropout; nothing is recorded, nothing changes.
    Eval,
    /// As [`Mode::Eval`], with the dropout of training (but no dropped paths).
    NoisyEval,
}

/// The shared parameters ω of a supergraph, and what runs its children on them.
#[derive(Debug)]
pub struct SharedModel {
    graph: Arc<Supergraph>,
    config: ModelConfig,
    progress: f64,
    params: Params,
    /// What the gradients of matrices in scans are made of.
    products: Vec<Product>,
}

impl SharedModel {
    /// The model of `graph` on `device`, without any tensor yet.
    #[must_use]
    pub fn new(graph: Arc<Supergraph>, config: ModelConfig, seed: u64, device: Device) -> Self {
        let params = Params::new(&graph.params, config.init, seed, device);
        Self {
            graph,
            config,
            progress: 1.0,
            params,
            products: Vec::new(),
        }
    }

    /// The same in double precision, for tests of formulas.
    #[cfg(test)]
    #[must_use]
    pub(crate) fn in_double(mut self) -> Self {
        self.params.kind = tch::Kind::Double;
        self
    }

    /// Says what share of the training is done, 0 to 1, by which the share of
    /// dropped paths grows ([`ModelConfig::drop_path_grows`]). At first 1.
    pub fn set_progress(&mut self, progress: f64) {
        self.progress = progress;
    }

    /// The supergraph.
    #[must_use]
    pub fn graph(&self) -> &Supergraph {
        &self.graph
    }

    /// Where its tensors are.
    #[must_use]
    pub fn device(&self) -> Device {
        self.params.device()
    }

    /// Runs a child on a batch: one tensor an output, `(B, ..)` or `(T, B, ..)`.
    ///
    /// `inputs` are as the space declares them: images `(B, C, H, W)` of
    /// floats, tokens `(T, B)` of 64-bit integers, on the model's device.
    /// [`Mode::Train`] drops out, normalises by the batch and updates the
    /// moving statistics; [`Mode::Eval`] does neither and records no gradient.
    /// Random numbers are torch's own: seed it before. Sequences begin here: every
    /// state of a scan is zero at first.
    ///
    /// What [`Self::gradients`] needs of a run in [`Mode::Train`] is kept until then.
    ///
    /// # Errors
    /// When the inputs do not fit the space, memory does not suffice, or
    /// libtorch fails.
    pub fn forward(
        &mut self,
        child: &Child,
        inputs: &[Tensor],
        mode: Mode,
    ) -> Result<Vec<Tensor>, ModelError> {
        self.resume(child, inputs, mode, &mut Recurrence::default())
    }

    /// As [`Self::forward`], for sequences that go on: scans start from the states
    /// in `recurrence` and leave theirs in it.
    ///
    /// # Errors
    /// As [`Self::forward`].
    pub fn resume(
        &mut self,
        child: &Child,
        inputs: &[Tensor],
        mode: Mode,
        recurrence: &mut Recurrence,
    ) -> Result<Vec<Tensor>, ModelError> {
        self.params.create(&self.graph.params, &child.params)?;
        run::run(
            &self.graph,
            child,
            &self.params,
            inputs,
            run::Conditions {
                config: &self.config,
                progress: self.progress,
                mode,
            },
            recurrence,
            &mut self.products,
        )
    }

    /// The gradients of a scalar loss with respect to `params`, in their order and
    /// of their shapes; zeros where the loss does not depend on one. The loss is made
    /// of what this model gave in [`Mode::Train`] since the last call.
    ///
    /// Frees the graph of the loss: call it once. libtorch's own backward pass does not
    /// know the gradients of matrices that a scan multiplies by (see `products`).
    ///
    /// # Errors
    /// When memory does not suffice.
    pub fn gradients(
        &mut self,
        loss: &Tensor,
        params: &[(ParamId, Tensor)],
    ) -> Result<Vec<Tensor>, ModelError> {
        let products = std::mem::take(&mut self.products);
        gradients(loss, params, products)
            .map_err(|why| ModelError::torch("the backward pass", &why))
    }

    /// The trained parameters of a child, ascending by id: leaf tensors that
    /// share their memory with the model's. They are created at first use.
    ///
    /// # Errors
    /// When memory does not suffice.
    pub fn trained(&mut self, child: &Child) -> Result<Vec<(ParamId, Tensor)>, ModelError> {
        self.used(child, Role::is_trained)
    }

    /// The moving statistics of a child, ascending by id, as [`Self::trained`] gives
    /// its parameters.
    ///
    /// # Errors
    /// When memory does not suffice.
    pub fn moving(&mut self, child: &Child) -> Result<Vec<(ParamId, Tensor)>, ModelError> {
        self.used(child, |role| !role.is_trained())
    }

    fn used(
        &mut self,
        child: &Child,
        which: impl Fn(Role) -> bool,
    ) -> Result<Vec<(ParamId, Tensor)>, ModelError> {
        self.params.create(&self.graph.params, &child.params)?;
        let role = |id: ParamId| self.graph.params.get(id).map(|param| param.role);
        Ok(child
            .params
            .iter()
            .filter(|&&id| role(id).is_some_and(&which))
            .filter_map(|&id| Some((id, self.params.get(id)?.shallow_clone())))
            .collect())
    }

    /// All trained parameters of the supergraph, ascending by id, as
    /// [`Self::trained`] gives those of a child.
    ///
    /// # Errors
    /// When memory does not suffice.
    pub fn all_trained(&mut self) -> Result<Vec<(ParamId, Tensor)>, ModelError> {
        let params = &self.graph.params.params;
        let trained = (0..)
            .zip(params)
            .filter(|(_, param)| param.role.is_trained());
        let ids: Vec<ParamId> = trained.map(|(id, _)| ParamId(id)).collect();
        self.params.create(&self.graph.params, &ids)?;
        let leaf = |id: ParamId| Some((id, self.params.get(id)?.shallow_clone()));
        Ok(ids.into_iter().filter_map(leaf).collect())
    }

    /// A copy of every parameter and moving statistic that exists so far, by
    /// [`crate::graph::Param::name`], in order of [`ParamId`]; on the CPU and
    /// contiguous, as files want it.
    ///
    /// # Errors
    /// When memory does not suffice.
    pub fn state(&self) -> Result<Vec<(String, Tensor)>, ModelError> {
        self.params.state(&self.graph.params)
    }

    /// Takes over what [`Self::state`] gave: afterwards exactly its tensors
    /// exist, and others are created anew at first use. Changes nothing on an
    /// error.
    ///
    /// # Errors
    /// When a name or a shape is not the supergraph's.
    pub fn load_state(&mut self, state: Vec<(String, Tensor)>) -> Result<(), ModelError> {
        self.params.load(&self.graph.params, state)
    }
}

/// See [`SharedModel::gradients`].
fn gradients(
    loss: &Tensor,
    params: &[(ParamId, Tensor)],
    products: Vec<Product>,
) -> Result<Vec<Tensor>, TchError> {
    let zeros = |(_, tensor): &(ParamId, Tensor)| tensor.f_zeros_like();
    // libtorch crashes on a loss that nothing differentiable went into.
    if !loss.requires_grad() || params.is_empty() {
        return params.iter().map(zeros).collect();
    }
    let leaves = params.iter().map(|(_, tensor)| tensor);
    let leaves: Vec<&Tensor> = leaves
        .chain(products.iter().map(|one| &one.zeros))
        .collect();
    let mut found = Tensor::f_run_backward(&[loss], &leaves, false, false)?;
    let of_products = found.split_off(params.len());
    for (product, of_result) in products.into_iter().zip(of_products) {
        let place = params.iter().position(|(id, _)| *id == product.param);
        if let Some(gradient) = place.and_then(|place| found.get_mut(place))
            && of_result.defined()
        {
            let more = product.gradient(&of_result)?;
            *gradient = if gradient.defined() {
                gradient.f_add(&more)?
            } else {
                more
            };
        }
    }
    let params = params.iter();
    let computed = found.into_iter().zip(params);
    computed
        .map(|(gradient, param)| {
            if gradient.defined() {
                gradient.f_to_kind(param.1.kind())
            } else {
                zeros(param)
            }
        })
        .collect()
}

//! The gradients of the matrices that a scan multiplies by, one product each.
//!
//! A scan multiplies by the same matrix W at every time, Y(t) = X(t) Wᵀ. Left to itself
//! autograd makes dW of one product a time, each as large as the matrix and of as few
//! rows as the batch has examples, and adds them up: nothing but traffic of memory. So
//! W goes into the scan without gradient. Zeros that are added to Y take its gradient,
//! and `dW = Σ dY(t)ᵀ X(t)` is one product over all times and examples.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use petgraph::graph::NodeIndex;
use tch::{TchError, Tensor};

use crate::graph::ParamId;

/// The products of one scan at hand, by the step that makes them.
#[derive(Debug)]
pub(super) struct Products {
    /// How many times the scan has.
    time: i64,
    by_node: BTreeMap<NodeIndex, Product>,
}

/// What one step multiplies by a matrix, time after time.
#[derive(Debug)]
pub(super) struct Product {
    pub param: ParamId,
    /// X. // (B, IN) each
    inputs: Vec<Tensor>,
    /// Zeros, whose gradient is dY. // (T, B, OUT)
    pub zeros: Tensor,
    /// The same by time, those to come. // (B, OUT) each
    rest: std::vec::IntoIter<Tensor>,
}

impl Products {
    pub fn new(time: i64) -> Self {
        Self {
            time,
            by_node: BTreeMap::new(),
        }
    }

    /// X Wᵀ, through which the gradient of X flows, and of W once all is done.
    /// // x: (B, IN), matrix: (OUT, IN) -> (B, OUT)
    pub fn multiply(
        &mut self,
        node: NodeIndex,
        param: ParamId,
        x: &Tensor,
        matrix: &Tensor,
    ) -> Result<Tensor, TchError> {
        let product = match self.by_node.entry(node) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(Product::new(param, self.time, x, matrix)?),
        };
        let zeros = product.rest.next();
        let zeros = zeros.ok_or_else(|| TchError::Shape("a step runs twice a time".to_owned()))?;
        product.inputs.push(x.f_detach()?);
        zeros.f_addmm(x, &matrix.f_detach()?.f_tr()?)
    }

    pub fn finish(self) -> impl Iterator<Item = Product> {
        self.by_node.into_values()
    }
}

impl Product {
    fn new(param: ParamId, time: i64, x: &Tensor, matrix: &Tensor) -> Result<Self, TchError> {
        let sizes = [time, x.size2()?.0, matrix.size2()?.0];
        let zeros = Tensor::f_zeros(sizes, (x.kind(), x.device()))?.f_requires_grad_(true)?;
        Ok(Self {
            param,
            inputs: Vec::new(),
            // Of `unbind` the gradient is one tensor; of `select` it would be one of all
            // times a time.
            rest: zeros.f_unbind(0)?.into_iter(),
            zeros,
        })
    }

    /// dW. // dY: (T, B, OUT) -> (OUT, IN)
    pub fn gradient(&self, of_result: &Tensor) -> Result<Tensor, TchError> {
        let inputs = Tensor::f_cat(&self.inputs, 0)?; // (T * B, IN)
        of_result.f_flatten(0, 1)?.f_tr()?.f_matmul(&inputs)
    }
}

//! The matrices that a scan multiplies by, and their gradients, one product each.
//!
//! A scan multiplies by the same matrix W at every time, Y(t) = X(t) Wᵀ; what can be
//! made ready for that is made once (see `onednn`).
//!
//! Left to itself autograd makes dW of one product a time, each as large as the matrix
//! and of as few rows as the batch has examples, and adds them up: nothing but traffic of
//! memory. So W goes into the scan without gradient. Zeros that are added to Y take its
//! gradient, and `dW = Σ dY(t)ᵀ X(t)` is one product over all times and examples.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use petgraph::graph::NodeIndex;
use tch::{TchError, Tensor};

use super::onednn::{self, Factor};
use crate::graph::ParamId;

/// The products of one scan at hand, by the step that makes them.
#[derive(Debug)]
pub(super) struct Products {
    /// How many times the scan has.
    time: i64,
    /// Whether gradients are wanted.
    trains: bool,
    by_node: BTreeMap<NodeIndex, (Factor, Option<Product>)>,
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
    pub fn new(time: i64, trains: bool) -> Self {
        Self {
            time,
            trains,
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
        let (factor, product) = match self.by_node.entry(node) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let product = || Product::new(param, self.time, x, matrix);
                let product = self.trains.then(product).transpose()?;
                entry.insert((Factor::new(x, matrix)?, product))
            }
        };
        let Some(product) = product else {
            return factor.product(x);
        };
        let zeros = product.rest.next();
        let zeros = zeros.ok_or_else(|| TchError::Shape("a step runs twice a time".to_owned()))?;
        product.inputs.push(x.f_detach()?);
        factor.product_and(x, &zeros)
    }

    pub fn finish(self) -> impl Iterator<Item = Product> {
        let products = self.by_node.into_values();
        products.filter_map(|(_, product)| product)
    }
}

impl Product {
    fn new(param: ParamId, time: i64, x: &Tensor, matrix: &Tensor) -> Result<Self, TchError> {
        let sizes = [time, x.size2()?.0, matrix.size2()?.0];
        // One number in memory.
        let zeros = Tensor::f_zeros([1, 1, 1], (x.kind(), x.device()))?;
        let zeros = zeros.f_expand(sizes, false)?.f_requires_grad_(true)?;
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
        let of_result = of_result.f_flatten(0, 1)?; // (T * B, OUT)
        onednn::linear(&of_result.f_tr()?, &inputs.f_tr()?, None)
    }
}

#[cfg(test)]
mod tests {
    use tch::Kind;

    use super::*;
    use crate::model::testing::{assert_close, noise};

    /// In double precision as ever, in single precision by oneDNN.
    #[test]
    fn the_gradients_of_a_matrix_and_of_its_operands_are_those_of_all_times() {
        for (kind, tolerance) in [(Kind::Double, 1e-12), (Kind::Float, 1e-4)] {
            let x = noise(&[3, 64, 128]).to_kind(kind).set_requires_grad(true);
            let w = noise(&[256, 128]).to_kind(kind).set_requires_grad(true);
            let dy = noise(&[3, 64, 256]).to_kind(kind);
            let backward = |y: &Tensor, leaves: &[&Tensor]| {
                Tensor::run_backward(&[(y * &dy).sum(kind)], leaves, false, false)
            };
            let expected = x.matmul(&w.tr());
            let plain = backward(&expected, &[&x, &w]);

            let (node, param) = (NodeIndex::new(0), ParamId(0));
            let mut products = Products::new(3, true);
            let times = x.unbind(0).into_iter();
            let y = times.map(|x| products.multiply(node, param, &x, &w).unwrap());
            let y = Tensor::stack(&y.collect::<Vec<_>>(), 0);
            assert!(products.multiply(node, param, &x.get(0), &w).is_err());
            let product = products.finish().next().unwrap();
            let ours = backward(&y, &[&x, &product.zeros]);
            assert_close(&y, &expected, tolerance);
            assert_close(&ours[0], &plain[0], tolerance);
            let of_matrix = product.gradient(&ours[1]).unwrap();
            assert_close(&of_matrix, &plain[1], tolerance);
        }
    }

    #[test]
    fn without_gradients_nothing_is_kept() {
        let (x, w) = (noise(&[2, 3]), noise(&[4, 3]));
        let mut products = Products::new(2, false);
        for _ in 0..2 {
            let y = products.multiply(NodeIndex::new(0), ParamId(0), &x, &w);
            assert_close(&y.unwrap(), &x.matmul(&w.tr()), 1e-12);
        }
        assert_eq!(products.finish().count(), 0);
    }
}

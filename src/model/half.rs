//! Half precision, as mixed precision usually is: products are made of numbers of 16
//! bits and give such; all else computes with what it reads, in the wider kind where
//! two meet. Parameters are of single precision, and so are their gradients.
//!
//! Written here, since the autocast of libtorch's bindings knows neither this kind nor
//! CPUs.

use std::collections::BTreeMap;

use tch::{Kind, TchError, Tensor};

use crate::graph::{Op, ParamId};

/// The kind of 16 bits: the range of single precision with three digits.
const HALF: Kind = Kind::BFloat16;

/// Whether an operation is made of products, which half precision speeds up.
pub(super) fn multiplies(op: &Op) -> bool {
    matches!(
        op,
        Op::Conv { .. }
            | Op::Conv1d { .. }
            | Op::Linear { .. }
            | Op::Attention { .. }
            | Op::SqueezeExcite { .. }
    )
}

/// Parameters in half precision, each made once a run: a scan reads its own at every
/// time.
#[derive(Default)]
pub(super) struct Halves(BTreeMap<ParamId, Tensor>);

impl Halves {
    /// A parameter in half precision, through which its gradient flows.
    pub(super) fn of(&mut self, id: ParamId, whole: &Tensor) -> Result<Tensor, TchError> {
        if let Some(half) = self.0.get(&id) {
            return Ok(half.shallow_clone());
        }
        let half = whole.f_to_kind(HALF)?;
        self.0.insert(id, half.shallow_clone());
        Ok(half)
    }
}

/// Operands in half precision.
pub(super) fn halved(operands: &[Tensor]) -> Result<Vec<Tensor>, TchError> {
    operands
        .iter()
        .map(|tensor| tensor.f_to_kind(HALF))
        .collect()
}

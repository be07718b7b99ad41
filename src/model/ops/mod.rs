//! One function per primitive operation, on tensors.
//!
//! Operands come in the shapes that the compiler has proved; what can still
//! fail is memory, so everything passes libtorch's errors on.

mod conv;
mod linear;
mod pointwise;
mod pool;
mod shape;

pub(super) use conv::{conv, conv1d};
pub(super) use linear::{attention, embed, linear, squeeze_excite};
pub(super) use pointwise::{activation, affine, mean, sum};
pub(super) use pool::{global_avg_pool, pool};
pub(crate) use shape::part;
pub(super) use shape::{chunk, concat, shift};

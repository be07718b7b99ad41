//! What must be decided, and answers about it: counting, sampling, reading and
//! writing architectures, the controller's plan.
//!
//! In: the [`DecisionSpace`] that `unroll` gives. Everything here is deterministic
//! and needs no tensor, and is exact but for counts that say that they are estimates.
//!
//! Invariant: a decision's `active` and `available` conditions read earlier decisions
//! only, so one pass in program order decides everything; `require` may then refuse it.
//! [`Diagram`] knows all architectures that it does not refuse.

mod architecture;
mod count;
mod diagram;
mod guard;
mod hash;
mod neighbors;
mod plan;
mod point;
mod sample;
mod share;

pub use architecture::{Architecture, ArchitectureError, Choice};
pub use count::{Count, Estimate, How, Kept, count};
pub use diagram::{Diagram, Factor, Range, TooLarge, Weighted, Weights};
pub use guard::{Example, Guard, GuardId, Guards, TooHard};
pub use neighbors::{crossover, mutate, neighbors};
pub use plan::{Plan, Step, StepKind, plan};
pub(crate) use point::id;
pub use point::{
    DecisionId, DecisionPoint, DecisionSpace, Domain, Element, ElementId, Event, Hints,
    OptionSource, Table, TableId,
};
pub(crate) use sample::ln;
pub use sample::{SampleError, Sampler, sample, uniform_log_probs};
pub use share::Share;

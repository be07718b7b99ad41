//! The supergraph: every architecture of a space is a subgraph of it, and all
//! of them share its parameters.
//!
//! In: what `unroll` builds. Out: an architecture's [`Child`] (the subgraph it
//! selects), its canonical form, how many others have it, costs, drawings.
//!
//! Invariants, of every region:
//! - nodes stand in topological order: the inputs of a node have smaller indices;
//! - a [`Op::Select`] node has exactly one active input in every architecture
//!   in which it is reached;
//! - a parameter key has one shape, of which the forms of a node use parts.

pub mod alike;
pub mod canonical;
mod child;
pub mod cost;
pub mod describe;
pub mod ignored;
pub mod measure;
mod op;
mod params;
pub mod parts;
mod supergraph;
pub mod unique;
mod view;
pub mod write;

pub use child::{Child, ChildRegion, ChildStep, alone, select};
pub use op::{Activation, Kind, Op, Padding, Pool, Window};
pub use params::{Bank, BankId, Param, ParamId, ParamTable, Role};
pub use supergraph::{Edge, Form, Name, Node, Region, RegionId, Shape, Supergraph, Task};

//! A compiler for neural-architecture search spaces, and ENAS on top of it.

mod compile;
pub mod data;
pub mod decision;
pub mod diagnostic;
pub mod doctor;
pub mod graph;
pub mod hir;
pub mod libtorch;
pub mod source;
pub mod span;
pub mod syntax;
pub mod unroll;

pub use compile::{Compilation, Options, SearchSpace, compile};

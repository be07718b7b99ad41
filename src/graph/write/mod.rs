//! Networks as text: DOT for people, JSON for programs.
//!
//! In: the supergraph, or an architecture whose child is written. Out: the same
//! bytes for the same input.

mod dot;
mod json;

use super::view::{self, View};
use super::{Supergraph, select};
use crate::decision::{Architecture, DecisionSpace};

pub use dot::dot;
pub use json::json;

/// What is written.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The name of the space.
    pub name: &'a str,
    /// Its supergraph.
    pub graph: &'a Supergraph,
    /// Its decisions.
    pub decisions: &'a DecisionSpace,
    /// The architecture whose child is written; without it the supergraph is.
    pub architecture: Option<&'a Architecture>,
}

impl Subject<'_> {
    fn view(&self) -> View {
        match self.architecture {
            None => view::supergraph(self.graph),
            Some(architecture) => view::child(&select(self.graph, self.decisions, architecture)),
        }
    }
}

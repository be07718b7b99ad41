//! What an architecture has of its space.

use petgraph::graph::NodeIndex;

use super::super::{Op, RegionId, Supergraph};
use crate::decision::{Architecture, DecisionSpace, GuardId};

/// The nodes and the conditions of one architecture.
pub(super) struct Inside {
    /// By [`GuardId`].
    truth: Vec<bool>,
    /// By region and node.
    reached: Vec<Vec<bool>>,
}

impl Inside {
    pub fn of(graph: &Supergraph, decisions: &DecisionSpace, architecture: &Architecture) -> Self {
        let mut inside = Self {
            truth: decisions.guards.evaluate(architecture),
            reached: vec![Vec::new(); graph.regions.len()],
        };
        let mut open = vec![RegionId(0)];
        while let Some(id) = open.pop() {
            let Some(region) = graph.region(id) else {
                continue;
            };
            let reached = region.reached(|guard| inside.holds(guard));
            let nodes = region.graph.node_weights().zip(&reached);
            open.extend(nodes.filter_map(|(node, reached)| match node.op {
                Op::Scan { region } if *reached => Some(region),
                _ => None,
            }));
            if let Some(slot) = inside.reached.get_mut(id.index()) {
                *slot = reached;
            }
        }
        inside
    }

    fn holds(&self, guard: GuardId) -> bool {
        self.truth.get(guard.index()).copied().unwrap_or(false)
    }

    /// Whether the architecture has a node.
    pub fn node(&self, id: RegionId, index: NodeIndex) -> bool {
        let region = self.reached.get(id.index());
        region.and_then(|region| region.get(index.index())) == Some(&true)
    }

    /// Whether it has an edge.
    pub fn edge(&self, id: RegionId, ends: [NodeIndex; 2], guard: GuardId) -> bool {
        self.holds(guard) && ends.iter().all(|&end| self.node(id, end))
    }
}

//! Parts of a network whose forms are the form of the network, each by decisions of its
//! own.
//!
//! Let some nodes be *fixed*: they are in every network of the space, and every isomorphism
//! of two of its networks maps each to itself (`fixed`). They cut the supergraph into
//! parts: a node belongs to the part of the first fixed nodes on its ways to the outputs,
//! of which it is a way to compute them. Parts meet in fixed nodes alone. An isomorphism
//! keeps which fixed nodes come first, so that it maps each part to itself: it is an
//! isomorphism of each part that keeps what the part reads. Isomorphisms of all parts are
//! one of the networks, since they agree where they meet. So the form of a network is the
//! tuple of the forms of its parts.
//!
//! Where parts are instances of one cell, with the same decisions, they have equal forms in
//! the same architectures, and one of them is enough (`tied`). Parts that share no
//! decision have forms that are independent: as many networks differ as the product of how
//! many forms each has.

mod build;
mod fixed;
mod tied;

use std::collections::BTreeSet;

use petgraph::unionfind::UnionFind;

use super::alike::{Alike, Operand, Spots};
use super::{Region, Supergraph};
use crate::decision::{DecisionId, DecisionSpace, Diagram, Domain, Guard, GuardId};

/// Networks of some decisions of a space.
#[derive(Clone, Debug)]
pub struct Part {
    /// The parts of the network that these decide.
    pub graph: Supergraph,
    /// The space in which all other decisions have one option.
    pub decisions: DecisionSpace,
    /// Its architectures.
    pub diagram: Diagram,
}

/// The supergraph as the parts see it.
struct Web<'a> {
    alike: &'a Alike<'a>,
    spots: &'a Spots,
}

/// More spots than this are not cut.
const MOST: usize = 1 << 14;

/// The parts of a space. `None` if it is one, as far as is known.
#[must_use]
pub fn parts(graph: &Supergraph, decisions: &DecisionSpace) -> Option<Vec<Part>> {
    let alike = Alike::new(graph, decisions);
    let spots = alike.spots();
    if spots.list.len() > MOST {
        return None;
    }
    let web = Web {
        alike: &alike,
        spots,
    };
    let is_fixed = fixed::fixed(&web)?;
    let segments = web.segments(&is_fixed)?;
    let segments = tied::representatives(&web, segments, &is_fixed);
    let groups = web.groups(&segments)?;
    let total = Diagram::of(decisions).ok()?.count();
    let mut product = num_bigint::BigUint::from(1u8);
    let mut parts = Vec::new();
    for (ids, group) in groups {
        let space = restricted(alike.space(), &ids);
        let diagram = Diagram::of(&space).ok()?;
        product *= diagram.count();
        if group.is_empty() {
            continue;
        }
        let nodes = group.iter().filter_map(|&k| segments.get(k));
        let nodes: BTreeSet<usize> = nodes.flatten().copied().collect();
        parts.push(Part {
            graph: build::graph(&web, &nodes, &is_fixed)?,
            decisions: space,
            diagram,
        });
    }
    // That they are independent.
    (product == total).then_some(parts)
}

/// A space in which other decisions have one option.
fn restricted(space: &DecisionSpace, ids: &BTreeSet<DecisionId>) -> DecisionSpace {
    let mut space = space.clone();
    let conjuncts = conjuncts(&space);
    let own = conjuncts.into_iter().filter(|&one| {
        let reads = space.guards.reads(one);
        reads.first().is_none_or(|id| ids.contains(id))
    });
    let own: Vec<GuardId> = own.collect();
    space.require = space.guards.all(own);
    for (index, point) in space.points.iter_mut().enumerate() {
        if !ids.contains(&DecisionId(index as u32)) {
            point.domain = Domain::One { n: 1 };
            point.active = GuardId::ALWAYS;
            point.available.clear();
        }
    }
    space
}

/// What a space requires, one by one.
fn conjuncts(space: &DecisionSpace) -> Vec<GuardId> {
    match space.guards.get(space.require) {
        Guard::And(all) => all.clone(),
        _ => vec![space.require],
    }
}

impl Web<'_> {
    fn operands(&self, spot: usize) -> &[Operand] {
        self.spots.operands(spot)
    }

    fn region(&self, spot: usize) -> Option<&Region> {
        let spot = self.spots.list.get(spot)?;
        self.alike.graph().region(spot.region)
    }

    fn node(&self, spot: usize) -> Option<&super::Node> {
        let node = self.spots.list.get(spot)?.node?;
        self.region(spot)?.graph.node_weight(node)
    }

    fn kinds(&self, spot: usize) -> &[u64] {
        self.alike.kinds(spot)
    }

    /// The spots of each part; `None` if there is one.
    fn segments(&self, is_fixed: &[bool]) -> Option<Vec<Vec<usize>>> {
        let n = self.spots.list.len();
        let mut union = UnionFind::new(n);
        for (place, spot) in self.spots.list.iter().enumerate() {
            if is_fixed.get(place) != Some(&true) {
                for one in &spot.uses {
                    union.union(place, one.reader);
                }
            }
        }
        let mut segments: Vec<Vec<usize>> = vec![Vec::new(); n];
        for place in 0..n {
            if let Some(segment) = segments.get_mut(union.find(place)) {
                segment.push(place);
            }
        }
        segments.retain(|segment| !segment.is_empty());
        (segments.len() > 1).then_some(segments)
    }

    /// The decisions that say what a part is.
    fn decisions(&self, segment: &[usize]) -> BTreeSet<DecisionId> {
        let guards = &self.alike.space().guards;
        let mut found = BTreeSet::new();
        for &place in segment {
            for operand in self.operands(place) {
                found.extend(guards.reads(operand.guard));
            }
            let forms = self.node(place).map_or(&[][..], |node| &node.forms);
            for form in forms {
                found.extend(guards.reads(form.guard));
            }
        }
        found
    }

    /// Decisions that conditions couple, each with the parts that they decide.
    fn groups(&self, segments: &[Vec<usize>]) -> Option<Vec<(BTreeSet<DecisionId>, Vec<usize>)>> {
        let space = self.alike.space();
        let mut union = UnionFind::new(space.points.len());
        let mut together = |ids: &mut dyn Iterator<Item = DecisionId>| {
            if let Some(first) = ids.next() {
                for id in ids {
                    union.union(first.index(), id.index());
                }
            }
        };
        let decided: Vec<BTreeSet<DecisionId>> = segments
            .iter()
            .map(|segment| self.decisions(segment))
            .collect();
        for ids in &decided {
            together(&mut ids.iter().copied());
        }
        for one in conjuncts(space) {
            together(&mut space.guards.reads(one).into_iter());
        }
        for (id, point) in space.iter() {
            let guards = point.available.iter().chain([&point.active]);
            let reads = guards.flat_map(|&guard| space.guards.reads(guard));
            together(&mut std::iter::once(id).chain(reads));
        }
        let mut groups = vec![(BTreeSet::new(), Vec::new()); space.points.len()];
        for (id, _) in space.iter() {
            groups.get_mut(union.find(id.index()))?.0.insert(id);
        }
        for (place, ids) in decided.iter().enumerate() {
            if let Some(id) = ids.first() {
                groups.get_mut(union.find(id.index()))?.1.push(place);
            }
        }
        groups.retain(|(ids, _)| !ids.is_empty());
        Some(groups)
    }
}

//! The supergraph in the order in which it is gone through.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef as _;

use super::BODY;
use crate::decision::{DecisionId, GuardId, Guards};
use crate::graph::{Op, Region, RegionId, Supergraph};

/// A node of the supergraph that selects nothing, or the outputs of a region.
#[derive(Clone, Debug)]
pub(in crate::graph) struct Spot {
    pub(in crate::graph) region: RegionId,
    /// `None`: the outputs.
    pub(in crate::graph) node: Option<NodeIndex>,
    /// Who may read it, by reader and slot.
    pub(in crate::graph) uses: Vec<Use>,
    /// Of a concatenation that not always has all its operands: their slots are in the
    /// order of the operands that it has.
    pub(in crate::graph) is_loose: bool,
    /// Spots whose operands stand no later than this one, and one of them here.
    pub(in crate::graph) closes: Vec<usize>,
    /// Uses of this spot and later ones by earlier ones, by spot and place. Empty where
    /// nothing is to be decided here.
    pub(in crate::graph) live: Vec<(usize, usize)>,
}

/// An operand of a node, through whatever selects it.
#[derive(Clone, Debug)]
pub(in crate::graph) struct Use {
    /// The spot that reads.
    pub(in crate::graph) reader: usize,
    pub(in crate::graph) slot: u64,
    /// When it is there.
    pub(in crate::graph) guard: GuardId,
    /// What that reads.
    pub(in crate::graph) literals: Box<[(DecisionId, u32)]>,
}

/// An operand of a spot, through whatever selects it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::graph) struct Operand {
    pub(in crate::graph) slot: u64,
    /// When it is there.
    pub(in crate::graph) guard: GuardId,
    pub(in crate::graph) spot: usize,
}

/// All spots: regions before the bodies of their scans, nodes before their operands.
#[derive(Clone, Debug, Default)]
pub(in crate::graph) struct Spots {
    pub(in crate::graph) list: Vec<Spot>,
    /// By spot: what it may read, sorted.
    operands: Vec<Vec<Operand>>,
    /// Whether there are not too many live uses to look at.
    pub(in crate::graph) has_live: bool,
    /// By decision: the last spot whose form or operands it says, but for what earlier
    /// spots make of it.
    last: Vec<usize>,
}

/// So many live uses are kept.
const MOST_LIVE: usize = 1 << 22;

impl Spots {
    pub(in crate::graph) fn of(graph: &Supergraph, guards: &mut Guards) -> Self {
        let mut list: Vec<Spot> = Vec::new();
        let mut forms: Vec<(DecisionId, usize)> = Vec::new();
        // The scans of each body.
        let mut scans: Vec<Vec<usize>> = vec![Vec::new(); graph.regions.len()];
        for (id, region) in (0u32..).map(RegionId).zip(&graph.regions) {
            let outputs = list.len();
            let scanned = scans.get(id.index()).into_iter().flatten();
            let uses = scanned.map(|&scan| use_of(guards, scan, BODY, GuardId::ALWAYS));
            list.push(spot(id, None, uses.collect()));
            // By node: its uses through selections.
            let mut uses: Vec<Vec<(usize, u64, GuardId)>> =
                vec![Vec::new(); region.graph.node_count()];
            for node in from_outputs(region) {
                let mut found: Vec<(usize, u64, GuardId)> = Vec::new();
                let places = region.outputs.iter().enumerate();
                let places = places.filter(|(_, output)| **output == node);
                found.extend(places.map(|(k, _)| (outputs, k as u64, GuardId::ALWAYS)));
                for edge in region.graph.edges(node) {
                    let Some(reader) = region.graph.node_weight(edge.target()) else {
                        continue;
                    };
                    let through = uses.get(edge.target().index()).into_iter().flatten();
                    let (slot, guard) = (edge.weight().slot, edge.weight().guard);
                    for &(spot, inner, when) in through {
                        let (slot, when) = match reader.op {
                            Op::Select => (inner, guards.and(guard, when)),
                            ref op if op.is_commutative() => (0, guard),
                            _ => (u64::from(slot), guard),
                        };
                        if when != GuardId::NEVER {
                            found.push((spot, slot, when));
                        }
                    }
                }
                found.sort_unstable();
                let Some(weight) = region.graph.node_weight(node) else {
                    continue;
                };
                let slot = uses.get_mut(node.index());
                if weight.op == Op::Select {
                    if let Some(slot) = slot {
                        *slot = found;
                    }
                    continue;
                }
                if let Some(slot) = slot {
                    // What reads its operands is this spot.
                    *slot = vec![(list.len(), 0, GuardId::ALWAYS)];
                }
                if let Op::Scan { region } = weight.op
                    && let Some(slot) = scans.get_mut(region.index())
                {
                    slot.push(list.len());
                }
                let found = found.into_iter();
                let found = found.map(|(reader, slot, guard)| use_of(guards, reader, slot, guard));
                let mut spot = spot(id, Some(node), found.collect());
                let operands = region.operands(node);
                spot.is_loose = weight.op == Op::Concat
                    && operands.iter().any(|(_, guard)| *guard != GuardId::ALWAYS);
                for form in &weight.forms {
                    forms.extend(
                        guards
                            .reads(form.guard)
                            .into_iter()
                            .map(|id| (id, list.len())),
                    );
                }
                list.push(spot);
            }
        }
        let mut operands = vec![Vec::new(); list.len()];
        for (place, spot) in list.iter().enumerate() {
            for one in &spot.uses {
                if let Some(operands) = operands.get_mut(one.reader) {
                    operands.push(Operand {
                        slot: one.slot,
                        guard: one.guard,
                        spot: place,
                    });
                }
            }
        }
        for operands in &mut operands {
            operands.sort_unstable();
        }
        let mut spots = Self {
            list,
            operands,
            has_live: true,
            last: Vec::new(),
        };
        let uses = spots.list.iter().flat_map(|spot| &spot.uses);
        let reads = uses.flat_map(|one| one.literals.iter().map(|(id, _)| (*id, one.reader)));
        let reads: Vec<_> = reads.chain(forms).collect();
        for (id, place) in reads {
            if spots.last.len() <= id.index() {
                spots.last.resize(id.index() + 1, 0);
            }
            if let Some(last) = spots.last.get_mut(id.index()) {
                *last = place.max(*last);
            }
        }
        spots.close();
        spots.live();
        spots
    }

    /// What a spot may read, sorted.
    pub(in crate::graph) fn operands(&self, spot: usize) -> &[Operand] {
        self.operands.get(spot).map_or(&[], Vec::as_slice)
    }

    /// Whether a spot is a loose concatenation.
    pub(in crate::graph) fn is_loose(&self, spot: usize) -> bool {
        self.list.get(spot).is_some_and(|spot| spot.is_loose)
    }

    /// Whether a decision says the form of a spot from one on, or what such a spot reads.
    pub(in crate::graph) fn is_needed_from(&self, place: usize, decision: DecisionId) -> bool {
        self.last
            .get(decision.index())
            .is_some_and(|&last| last >= place)
    }

    /// Says where the last operand of each spot may be.
    fn close(&mut self) {
        let mut last: Vec<usize> = (0..self.list.len()).collect();
        for (place, spot) in self.list.iter().enumerate() {
            for one in &spot.uses {
                if let Some(last) = last.get_mut(one.reader) {
                    *last = place;
                }
            }
        }
        for (place, last) in last.into_iter().enumerate() {
            if let Some(spot) = self.list.get_mut(last) {
                spot.closes.push(place);
            }
        }
    }

    fn live(&mut self) {
        let mut total = 0;
        let mut later: Vec<(usize, usize)> = Vec::new();
        for place in (0..self.list.len()).rev() {
            let Some(spot) = self.list.get(place) else {
                continue;
            };
            later.extend((0..spot.uses.len()).map(|k| (place, k)));
            let list = &self.list;
            let reader = |&(place, k): &(usize, usize)| {
                list.get(place)
                    .and_then(|spot| spot.uses.get(k))
                    .map_or(0, |one| one.reader)
            };
            later.retain(|one| reader(one) < place);
            let is_decided = list.get(place).is_some_and(|spot| {
                spot.uses
                    .iter()
                    .any(|one| one.guard != GuardId::ALWAYS || one.slot == 0)
            });
            if is_decided && self.has_live {
                total += later.len();
                self.has_live = total <= MOST_LIVE;
                let live = later.clone();
                if let Some(spot) = self.list.get_mut(place) {
                    spot.live = live;
                }
            }
        }
    }
}

fn spot(region: RegionId, node: Option<NodeIndex>, uses: Vec<Use>) -> Spot {
    Spot {
        region,
        node,
        uses,
        is_loose: false,
        closes: Vec::new(),
        live: Vec::new(),
    }
}

fn use_of(guards: &Guards, reader: usize, slot: u64, guard: GuardId) -> Use {
    Use {
        reader,
        slot,
        guard,
        literals: guards.literals(guard).into(),
    }
}

/// The nodes of a region, each after all that may read it. Where there is a choice, one
/// comes first of which fewer readers are in doubt: what it decides is checked by what
/// it reads, before other doubts multiply.
fn from_outputs(region: &Region) -> Vec<NodeIndex> {
    let readers = |node| region.graph.edges(node);
    let doubts = |node| {
        let doubtful = readers(node).filter(|edge| edge.weight().guard != GuardId::ALWAYS);
        Reverse(doubtful.count())
    };
    let nodes = || region.graph.node_indices();
    let mut left: Vec<usize> = nodes().map(|node| readers(node).count()).collect();
    let unread = nodes().filter(|node| left.get(node.index()) == Some(&0));
    let mut ready: BinaryHeap<_> = unread.map(|node| (doubts(node), node)).collect();
    let mut order = Vec::with_capacity(left.len());
    while let Some((_, node)) = ready.pop() {
        order.push(node);
        for (operand, _) in region.operands(node) {
            if let Some(left) = left.get_mut(operand.index()) {
                *left -= 1;
                if *left == 0 {
                    ready.push((doubts(operand), operand));
                }
            }
        }
    }
    order
}

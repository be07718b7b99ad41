//! The search for the architectures that compute one network.

use std::collections::BTreeMap;

use num_bigint::BigUint;
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef as _;

use super::assumptions::Assumptions;
use super::{Alike, Reader, TooManyAlike, Wanted, colour, reader_of_output, sorted};
use crate::decision::{Diagram, GuardId};
use crate::graph::canonical::Form;
use crate::graph::{Op, Region, RegionId, select};

/// How many branches deep the search goes.
const DEEPEST: usize = 1_000;

/// What a node of the supergraph is in the branch at hand.
#[derive(Clone, Debug)]
enum Met {
    Unread,
    /// It stands for what it selects, which has these readers.
    Select(Vec<Reader>),
    Colour(u64),
}

pub(super) struct Search<'a> {
    of: &'a Alike<'a>,
    form: Form,
    wanted: BTreeMap<u64, Wanted>,
    /// By region and node.
    met: Vec<Vec<Met>>,
    /// By region: the colour of the scan that reads it.
    seeds: Vec<Option<u64>>,
    assumptions: Assumptions<'a>,
    pub(super) work: u64,
    limit: u64,
    /// How many branches deep the search is.
    depth: usize,
    pub(super) found: BigUint,
}

impl<'a> Search<'a> {
    pub(super) fn new(
        of: &'a Alike<'a>,
        form: Form,
        wanted: BTreeMap<u64, Wanted>,
        limit: u64,
    ) -> Self {
        let nodes = |region: &Region| vec![Met::Unread; region.graph.node_count()];
        let mut seeds = vec![None; of.graph.regions.len()];
        if let Some(seed) = seeds.first_mut() {
            *seed = Some(0);
        }
        Self {
            of,
            form,
            wanted,
            met: of.graph.regions.iter().map(nodes).collect(),
            seeds,
            assumptions: Assumptions::none(of.space),
            work: 0,
            limit,
            depth: 0,
            found: BigUint::ZERO,
        }
    }

    /// Goes on at a place of the order.
    pub(super) fn from(&mut self, place: usize) -> Result<(), TooManyAlike> {
        let mut taken = Vec::new();
        let result = self.run(place, &mut taken);
        for colour in taken {
            self.give_back(colour);
        }
        result
    }

    /// As far as nothing branches, in a loop: networks may have many nodes.
    fn run(&mut self, mut place: usize, taken: &mut Vec<u64>) -> Result<(), TooManyAlike> {
        while let Some(&(id, node)) = self.of.order.get(place) {
            self.work += 1;
            if self.work > self.limit {
                return Err(TooManyAlike);
            }
            let (readers, possible) = self.readers_of(id, node);
            let n_forms = self.of.canonical.kinds(id, node).len();
            let op = self.of.op(id, node);
            let is_select = matches!(op, Some(Op::Select));
            if !possible.is_empty() || (n_forms > 1 && !is_select && !readers.is_empty()) {
                return self.branch(place, readers, &possible);
            }
            if is_select || readers.is_empty() {
                self.pass(id, node, readers);
            } else {
                let colour = colour(self.of.kind(id, node, 0), &sorted(readers));
                if !self.take(colour) {
                    return Ok(());
                }
                taken.push(colour);
                self.be(id, node, colour);
            }
            place += 1;
        }
        self.end()
    }

    /// Who reads a node for certain, and who may, each with the condition.
    fn readers_of(
        &self,
        id: RegionId,
        node: NodeIndex,
    ) -> (Vec<Reader>, Vec<(GuardId, Vec<Reader>)>) {
        let Some((region, seed)) = self.of.graph.region(id).zip(self.seed(id)) else {
            return (Vec::new(), Vec::new());
        };
        let outputs = region.outputs.iter().enumerate();
        let mut readers: Vec<Reader> = outputs
            .filter(|(_, output)| **output == node)
            .map(|(place, _)| reader_of_output(seed, place))
            .collect();
        let mut possible = Vec::new();
        for edge in region.graph.edges(node) {
            let through = match self.met(id, edge.target()) {
                Met::Unread => continue,
                Met::Select(readers) => readers.clone(),
                Met::Colour(colour) => {
                    let op = self.of.op(id, edge.target());
                    vec![(*colour, self.of.slot(op, edge.weight().slot as usize))]
                }
            };
            match self.assumptions.truth(edge.weight().guard) {
                Some(true) => readers.extend(through),
                Some(false) => {}
                None => possible.push((edge.weight().guard, through)),
            }
        }
        (readers, possible)
    }

    /// Goes down a branch, as deep as the stack of a thread allows.
    fn branch(
        &mut self,
        place: usize,
        readers: Vec<Reader>,
        possible: &[(GuardId, Vec<Reader>)],
    ) -> Result<(), TooManyAlike> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(TooManyAlike);
        }
        let result = self.decide(place, readers, possible);
        self.depth -= 1;
        result
    }

    /// Decides which of the possible readers read a node, then its form.
    fn decide(
        &mut self,
        place: usize,
        readers: Vec<Reader>,
        possible: &[(GuardId, Vec<Reader>)],
    ) -> Result<(), TooManyAlike> {
        let Some(&(id, node)) = self.of.order.get(place) else {
            return Ok(());
        };
        let is_select = matches!(self.of.op(id, node), Some(Op::Select));
        if !is_select && !self.may_be(id, node, &readers) {
            return Ok(());
        }
        let Some(((guard, through), rest)) = possible.split_first() else {
            if is_select || readers.is_empty() {
                self.pass(id, node, readers);
                return self.from(place + 1);
            }
            return self.forms(place, sorted(readers));
        };
        self.work += 1;
        for holds in [true, false] {
            let mark = self.assumptions.mark();
            if self.assumptions.assume(*guard, holds) {
                let mut readers = readers.clone();
                if holds {
                    readers.extend(through);
                }
                self.branch(place, readers, rest)?;
            }
            self.assumptions.forget(&mark);
        }
        Ok(())
    }

    /// Whether some node that is wanted has these readers, and maybe others.
    fn may_be(&self, id: RegionId, node: NodeIndex, readers: &[Reader]) -> bool {
        if readers.is_empty() {
            return true;
        }
        let n = self.of.canonical.kinds(id, node).len();
        let kinds: Vec<u64> = (0..n).map(|form| self.of.kind(id, node, form)).collect();
        let count = |list: &[Reader], reader: &Reader| list.iter().filter(|r| *r == reader).count();
        self.wanted.values().any(|wanted| {
            wanted.left > 0
                && wanted.readers.len() >= readers.len()
                && kinds.contains(&wanted.kind)
                && readers
                    .iter()
                    .all(|reader| count(readers, reader) <= count(&wanted.readers, reader))
        })
    }

    /// Goes on with each form of a node that is read.
    fn forms(&mut self, place: usize, readers: Vec<Reader>) -> Result<(), TooManyAlike> {
        let Some(&(id, node)) = self.of.order.get(place) else {
            return Ok(());
        };
        let region = self.of.graph.region(id);
        let forms = region.and_then(|region| region.graph.node_weight(node));
        let forms = forms.map_or(&[][..], |node| &node.forms);
        for form in 0..forms.len().max(1) {
            let colour = colour(self.of.kind(id, node, form), &readers);
            if !self.take(colour) {
                continue;
            }
            let mark = self.assumptions.mark();
            let guard = forms.get(form).map_or(GuardId::ALWAYS, |form| form.guard);
            if self.assumptions.assume(guard, true) {
                self.be(id, node, colour);
                self.from(place + 1)?;
            }
            self.assumptions.forget(&mark);
            self.give_back(colour);
        }
        Ok(())
    }

    /// Counts the architectures that fulfil all assumptions, if they select what is
    /// wanted.
    fn end(&mut self) -> Result<(), TooManyAlike> {
        if self.wanted.values().any(|wanted| wanted.left > 0) {
            return Ok(());
        }
        let (ways, one) = if self.of.is_free && self.assumptions.is_settled() {
            self.assumptions.ways()
        } else {
            self.work += 100;
            let mut space = self.of.space.clone();
            let all = self.assumptions.together(&mut space);
            let diagram = Diagram::where_holds(&mut space, all).map_err(|_| TooManyAlike)?;
            (diagram.count(), diagram.unrank(&BigUint::ZERO))
        };
        let Some(one) = one else {
            return Ok(());
        };
        let child = select(self.of.graph, self.of.space, &one);
        let form = self.of.canonical.form(&child).map_err(|_| TooManyAlike)?;
        if form == self.form {
            self.found += ways;
        }
        Ok(())
    }

    fn met(&self, id: RegionId, node: NodeIndex) -> &Met {
        let nodes = self.met.get(id.index());
        nodes
            .and_then(|nodes| nodes.get(node.index()))
            .unwrap_or(&Met::Unread)
    }

    fn seed(&self, id: RegionId) -> Option<u64> {
        self.seeds.get(id.index()).copied().flatten()
    }

    /// Takes a node of a colour from those that are wanted.
    fn take(&mut self, colour: u64) -> bool {
        match self.wanted.get_mut(&colour) {
            Some(wanted) if wanted.left > 0 => {
                wanted.left -= 1;
                true
            }
            _ => false,
        }
    }

    fn give_back(&mut self, colour: u64) {
        if let Some(wanted) = self.wanted.get_mut(&colour) {
            wanted.left += 1;
        }
    }

    /// A node is read and has a colour.
    fn be(&mut self, id: RegionId, node: NodeIndex, colour: u64) {
        self.meet(id, node, Met::Colour(colour), Some(colour));
    }

    /// A node is no part of the network: it selects, or nothing reads it.
    fn pass(&mut self, id: RegionId, node: NodeIndex, readers: Vec<Reader>) {
        let met = if readers.is_empty() {
            Met::Unread
        } else {
            Met::Select(readers)
        };
        self.meet(id, node, met, None);
    }

    fn meet(&mut self, id: RegionId, node: NodeIndex, met: Met, seed: Option<u64>) {
        if let Some(Op::Scan { region }) = self.of.op(id, node)
            && let Some(slot) = self.seeds.get_mut(region.index())
        {
            *slot = seed;
        }
        let nodes = self.met.get_mut(id.index());
        if let Some(slot) = nodes.and_then(|nodes| nodes.get_mut(node.index())) {
            *slot = met;
        }
    }
}

//! The network that others are compared with.

use std::collections::BTreeMap;

use super::{Alike, BODY, OUTPUTS, slot as slot_of};
use crate::graph::{Child, Op, RegionId};

/// A node of the wanted network, or the outputs of one of its regions.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) kind: u64,
    /// Which nodes read it, each with the slot where it does, and how often; sorted.
    pub(super) readers: Vec<(usize, u64, u32)>,
    /// What it reads, each with the slot where it does.
    pub(super) operands: Vec<(usize, u64)>,
}

/// The network that others are compared with. The first node is that of its outputs.
#[derive(Clone, Debug, Default)]
pub(super) struct Target {
    pub(super) nodes: Vec<Wanted>,
    by_kind: BTreeMap<u64, Vec<usize>>,
}

impl Target {
    pub(super) fn of(child: &Child, alike: &Alike) -> Self {
        let mut target = Self::default();
        // The scan that has a region as its body.
        let mut scans: Vec<Option<usize>> = vec![None; child.regions.len()];
        for (index, region) in child.regions.iter().enumerate() {
            let scan = scans.get(index).copied().flatten();
            if index > 0 && scan.is_none() {
                continue;
            }
            let id = RegionId(index as u32);
            let outputs = target.add(OUTPUTS);
            if let Some(scan) = scan {
                target.read(outputs, scan, BODY);
            }
            let first = target.nodes.len();
            for step in &region.steps {
                let node = target.add(alike.kind(id, step.node, step.form.unwrap_or(0)));
                let op = alike.op(id, step.node);
                for (slot, &input) in step.inputs.iter().enumerate() {
                    target.read(first + input, node, slot_of(op, slot));
                }
                if let Some(Op::Scan { region }) = op
                    && let Some(slot) = scans.get_mut(region.index())
                {
                    *slot = Some(node);
                }
            }
            for (place, &output) in region.outputs.iter().enumerate() {
                target.read(first + output, outputs, place as u64);
            }
        }
        for (index, node) in target.nodes.iter().enumerate() {
            target.by_kind.entry(node.kind).or_default().push(index);
        }
        target
    }

    fn add(&mut self, kind: u64) -> usize {
        self.nodes.push(Wanted {
            kind,
            readers: Vec::new(),
            operands: Vec::new(),
        });
        self.nodes.len() - 1
    }

    fn read(&mut self, node: usize, reader: usize, slot: u64) {
        if let Some(node) = self.nodes.get_mut(node) {
            let mut known = node.readers.iter_mut();
            match known.find(|known| (known.0, known.1) == (reader, slot)) {
                Some(known) => known.2 += 1,
                None => node.readers.push((reader, slot, 1)),
            }
            node.readers.sort_unstable();
        }
        if let Some(reader) = self.nodes.get_mut(reader) {
            reader.operands.push((node, slot));
        }
    }

    pub(super) fn get(&self, node: usize) -> Option<&Wanted> {
        self.nodes.get(node)
    }

    /// The nodes of a kind.
    pub(super) fn of_kind(&self, kind: u64) -> &[usize] {
        self.by_kind.get(&kind).map_or(&[], Vec::as_slice)
    }
}

//! Which open items have to do with each other.

use std::collections::BTreeMap;

use super::item::{Item, ItemId, Items, Known, Var};
use crate::decision::{DecisionId, GuardId};

/// Splits items into independent groups; keeps its memory between calls.
pub(super) struct Splitter {
    /// By variable: an item that reads it, [`READ`], or [`UNREAD`].
    reader: Vec<u32>,
    touched: Vec<Var>,
}

const UNREAD: u32 = u32::MAX;
const READ: u32 = u32::MAX - 1;

impl Splitter {
    pub(super) fn new(variables: usize) -> Self {
        Self {
            reader: vec![UNREAD; variables],
            touched: Vec::new(),
        }
    }

    /// Items in groups that share no variable, each sorted; the groups by the
    /// first decision of each.
    pub(super) fn split(
        &mut self,
        items: &mut Items,
        known: &Known,
        open: Vec<ItemId>,
    ) -> Vec<Box<[ItemId]>> {
        for &item in &open {
            for &(decision, option) in items.reads(item) {
                let var = known.var(decision, option);
                if let Some(slot) = self.reader.get_mut(var) {
                    *slot = READ;
                    self.touched.push(var);
                }
            }
        }
        let open = self.loosen(items, known, open);
        let mut groups = Union((0..open.len() as u32).collect());
        for (place, &item) in open.iter().enumerate() {
            for &(decision, option) in items.reads(item) {
                let slot = self.reader.get_mut(known.var(decision, option));
                let place = place as u32;
                match slot {
                    Some(slot) if *slot == READ => *slot = place,
                    Some(slot) => groups.join(*slot, place),
                    None => {}
                }
            }
        }
        for (place, &item) in open.iter().enumerate() {
            let mut own = |decision: DecisionId, option: u32| {
                let reader = self.reader.get(known.var(decision, option)).copied();
                if let Some(reader) = reader.filter(|&reader| reader < READ) {
                    groups.join(reader, place as u32);
                }
            };
            match items.get(item) {
                Some(Item::One { decision, .. }) => own(*decision, 0),
                Some(Item::Set {
                    decision, options, ..
                }) => {
                    for &(option, _) in options {
                        own(*decision, option);
                    }
                }
                Some(Item::Element {
                    decision, option, ..
                }) => own(*decision, *option),
                Some(Item::Condition(_) | Item::Term { .. }) | None => {}
            }
        }
        for var in self.touched.drain(..) {
            if let Some(slot) = self.reader.get_mut(var) {
                *slot = UNREAD;
            }
        }
        let mut sorted: BTreeMap<u32, Vec<ItemId>> = BTreeMap::new();
        for (place, item) in open.into_iter().enumerate() {
            sorted
                .entry(groups.find(place as u32))
                .or_default()
                .push(item);
        }
        let mut groups: Vec<_> = sorted
            .into_values()
            .map(|mut group| {
                group.sort_unstable();
                // A condition that came about twice.
                group.dedup();
                let first = group.iter().filter_map(|&item| first_decision(items, item));
                (first.min(), group.into_boxed_slice())
            })
            .collect();
        groups.sort_unstable();
        groups.into_iter().map(|(_, group)| group).collect()
    }

    /// Takes out of sets whose size does not matter any more the elements on which
    /// conditions bear, and adds up the terms of one condition.
    fn loosen(&self, items: &mut Items, known: &Known, open: Vec<ItemId>) -> Vec<ItemId> {
        let mut loose = Vec::with_capacity(open.len());
        let mut terms: BTreeMap<GuardId, u128> = BTreeMap::new();
        for id in open {
            match items.get(id) {
                Some(Item::Term { guard, weight }) => {
                    *terms.entry(*guard).or_default() += *weight;
                }
                Some(Item::Set {
                    decision,
                    active: GuardId::ALWAYS,
                    options,
                    min: 0,
                    max,
                }) if *max as usize == options.len() => {
                    let decision = *decision;
                    let is_read = |option: u32| {
                        let reader = self.reader.get(known.var(decision, option));
                        reader.is_some_and(|&reader| reader != UNREAD)
                    };
                    let (bound, free): (Vec<_>, Vec<_>) =
                        options
                            .clone()
                            .into_iter()
                            .partition(|&(option, available)| {
                                available != GuardId::ALWAYS || is_read(option)
                            });
                    if bound.is_empty() {
                        loose.push(id);
                        continue;
                    }
                    loose.push(items.intern(Item::Set {
                        decision,
                        active: GuardId::ALWAYS,
                        min: 0,
                        max: free.len() as u32,
                        options: free,
                    }));
                    for (option, available) in bound {
                        loose.push(items.intern(Item::Element {
                            decision,
                            option,
                            available,
                        }));
                    }
                }
                _ => loose.push(id),
            }
        }
        for (guard, weight) in terms {
            loose.push(items.intern(Item::Term { guard, weight }));
        }
        loose
    }
}

/// The decision that an item makes.
fn first_decision(items: &Items, item: ItemId) -> Option<DecisionId> {
    match items.get(item)? {
        Item::One { decision, .. }
        | Item::Set { decision, .. }
        | Item::Element { decision, .. } => Some(*decision),
        Item::Condition(_) | Item::Term { .. } => None,
    }
}

/// Sets of places, joined.
struct Union(Vec<u32>);

impl Union {
    fn find(&mut self, place: u32) -> u32 {
        let mut at = place;
        while let Some(&parent) = self.0.get(at as usize)
            && parent != at
        {
            let grand = self.0.get(parent as usize).copied().unwrap_or(parent);
            if let Some(slot) = self.0.get_mut(at as usize) {
                *slot = grand;
            }
            at = grand;
        }
        at
    }

    /// The smaller place stands for both.
    fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.find(a), self.find(b));
        if let Some(slot) = self.0.get_mut(a.max(b) as usize) {
            *slot = a.min(b);
        }
    }
}

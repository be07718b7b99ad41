//! The structure of a network, from the paths of its steps: what an operation, a block
//! or a cell of the program made belongs together.
//!
//! In: the [`Body`] of a network. Out: a tree of [`Group`]s. A group has one result, and
//! can be computed at once: no step outside lies between two of its own. What does not
//! hold together so, the rounds of loops and the nodes of families, is part of what
//! encloses it.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::{IndexMap, IndexSet};

use super::network::{Body, Step};
use crate::graph::Op;

/// Steps that belong together.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// What it consists of, each after what it reads.
    pub items: Vec<Item>,
    /// The values that it reads, by the steps that make them, in the order it does.
    pub inputs: Vec<usize>,
    /// The values that it gives; one, but of a whole body.
    pub outputs: Vec<usize>,
}

/// A part of a group.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// Its path in the group.
    pub path: Vec<String>,
    pub what: What,
}

/// A step or several.
#[derive(Clone, Debug)]
pub(super) enum What {
    Step(usize),
    Group(Group),
}

impl Item {
    /// The values that it reads.
    pub fn inputs<'a>(&'a self, body: &'a Body) -> &'a [usize] {
        match &self.what {
            What::Step(step) => &body.steps[*step].inputs,
            What::Group(group) => &group.inputs,
        }
    }

    /// The value that it gives.
    pub fn output(&self) -> usize {
        match &self.what {
            What::Step(step) => *step,
            // INVARIANT: a group that is part of another has one result.
            What::Group(group) => group.outputs[0],
        }
    }

    fn first(&self) -> usize {
        match &self.what {
            What::Step(step) => *step,
            What::Group(group) => group.items.iter().map(Self::first).min().unwrap_or(0),
        }
    }
}

impl Group {
    /// Takes out of groups of some names what they make of their inputs first, one of each,
    /// and puts it before them.
    pub fn peel(&mut self, body: &Body, names: &BTreeSet<&str>) {
        let mut items = Vec::new();
        for mut item in self.items.drain(..) {
            if let What::Group(group) = &mut item.what {
                group.peel(body, names);
                let name = item.path.last().map_or("", |last| base(last));
                if names.contains(name) {
                    for mut first in group.take_first(body) {
                        first.path = before(&item.path, &first.path);
                        items.push(first);
                    }
                }
            }
            items.push(item);
        }
        self.items = items;
    }

    /// Takes out the groups that read nothing but an input.
    fn take_first(&mut self, body: &Body) -> Vec<Item> {
        let (inputs, outputs) = (self.inputs.clone(), self.outputs.clone());
        let is_first = |item: &Item| {
            matches!((&item.what, item.inputs(body)), (What::Group(_), [input]) if inputs.contains(input))
                && !item.path.iter().any(|segment| is_index(segment))
                && !outputs.contains(&item.output())
        };
        let (taken, left): (Vec<Item>, Vec<Item>) = self.items.drain(..).partition(is_first);
        self.items = left;
        let made: BTreeSet<usize> = self.items.iter().map(Item::output).collect();
        let read = self.items.iter().flat_map(|item| item.inputs(body));
        let inputs: IndexSet<usize> = read
            .copied()
            .filter(|input| !made.contains(input))
            .collect();
        self.inputs = inputs.into_iter().collect();
        taken
    }
}

/// The path of what stands before a group of a path, and was in it: `l=0.normal_fit` of
/// `l=0.normal` and `fit`.
fn before(group: &[String], inner: &[String]) -> Vec<String> {
    let mut path = group.to_vec();
    let mut inner = inner.iter();
    if let (Some(last), Some(first)) = (path.last_mut(), inner.next()) {
        *last = format!("{}_{first}", base(last));
    }
    path.extend(inner.cloned());
    path
}

/// Whether a segment tells the rounds of a loop or the nodes of a family apart.
pub(super) fn is_index(segment: &str) -> bool {
    segment.contains(['=', '['])
}

/// A segment of a path without the number that tells a second use of it apart.
pub(super) fn base(segment: &str) -> &str {
    segment.split('#').next().unwrap_or(segment)
}

/// The structure of a body, in which `cells` are the names of cells: what has such a name
/// belongs together though it looks like the node of a family. The first `depth`
/// segments of all paths are the body's own.
pub(super) fn structure(body: &Body, cells: &[String], depth: usize) -> Group {
    let mut readers = vec![Vec::new(); body.steps.len()];
    for (index, step) in body.steps.iter().enumerate() {
        for &input in &step.inputs {
            readers[input].push(index);
        }
    }
    let finder = Finder {
        body,
        cells,
        readers,
    };
    let steps: Vec<usize> = (body.n_inputs..body.steps.len()).collect();
    let items = finder.items(&steps, depth);
    Group {
        items: finder.ordered(items),
        inputs: (0..body.n_inputs).collect(),
        outputs: body.outputs.clone(),
    }
}

/// The segment that the paths of all steps begin with, if they do.
pub(super) fn root(body: &Body) -> Option<&str> {
    let mut steps = body.steps.iter().skip(body.n_inputs);
    let first = steps.next()?;
    let segment = scope(first).first()?;
    let same = |step: &Step| scope(step).first() == Some(segment);
    steps.all(same).then_some(segment.as_str())
}

/// What a step stands in: its path, without itself where it has parameters.
fn scope(step: &Step) -> &[String] {
    match step.path.as_slice() {
        [scope @ .., _] if !step.params.is_empty() => scope,
        path => path,
    }
}

struct Finder<'a> {
    body: &'a Body,
    cells: &'a [String],
    /// By step: the steps that read it.
    readers: Vec<Vec<usize>>,
}

impl Finder<'_> {
    /// What some steps, whose paths agree up to `depth`, consist of.
    fn items(&self, steps: &[usize], depth: usize) -> Vec<Item> {
        let mut items = Vec::new();
        let mut inside: IndexMap<&str, Vec<usize>> = IndexMap::new();
        for &index in steps {
            let step = &self.body.steps[index];
            match scope(step).get(depth) {
                Some(segment) => inside.entry(segment).or_default().push(index),
                None => items.push(Item {
                    path: step.path.get(depth..).unwrap_or_default().to_vec(),
                    what: What::Step(index),
                }),
            }
        }
        for (segment, steps) in inside {
            for steps in self.components(&steps) {
                let inner = self.items(&steps, depth + 1);
                if self.holds_together(segment, &steps, &inner) {
                    items.push(Item {
                        path: vec![segment.to_owned()],
                        what: What::Group(self.group(&steps, inner)),
                    });
                } else {
                    items.extend(inner.into_iter().map(|mut item| {
                        item.path.insert(0, segment.to_owned());
                        item
                    }));
                }
            }
        }
        items
    }

    /// Parts steps by what is connected: one call may have been made for each of several
    /// tensors.
    fn components(&self, steps: &[usize]) -> Vec<Vec<usize>> {
        let mut rest: BTreeSet<usize> = steps.iter().copied().collect();
        let mut components = Vec::new();
        while let Some(first) = rest.pop_first() {
            let mut component = BTreeSet::from([first]);
            let mut open = vec![first];
            while let Some(step) = open.pop() {
                let inputs = self.body.steps[step].inputs.iter();
                for &next in inputs.chain(&self.readers[step]) {
                    if rest.remove(&next) {
                        component.insert(next);
                        open.push(next);
                    }
                }
            }
            components.push(component.into_iter().collect());
        }
        components
    }

    fn holds_together(&self, segment: &str, steps: &[usize], items: &[Item]) -> bool {
        let name = base(segment);
        let is_cell = self.cells.iter().any(|cell| cell == name);
        let scans = |&step: &usize| matches!(self.body.steps[step].op, Op::Scan { .. });
        (is_cell || !is_index(segment))
            && items.len() > 1
            && !steps.iter().any(scans)
            && self.outputs(steps).len() == 1
            && self.is_convex(steps)
    }

    /// The values that are read outside.
    fn outputs(&self, steps: &[usize]) -> Vec<usize> {
        let outside = |reader: &usize| steps.binary_search(reader).is_err();
        let is_read = |step: &usize| {
            self.body.outputs.contains(step) || self.readers[*step].iter().any(outside)
        };
        steps.iter().copied().filter(is_read).collect()
    }

    /// Whether no way leads out and back.
    fn is_convex(&self, steps: &[usize]) -> bool {
        let is_inside = |step: &usize| steps.binary_search(step).is_ok();
        let mut seen = BTreeSet::new();
        let mut open: Vec<usize> = steps
            .iter()
            .flat_map(|&step| &self.readers[step])
            .copied()
            .filter(|reader| !is_inside(reader))
            .collect();
        while let Some(step) = open.pop() {
            if seen.insert(step) {
                if self.readers[step].iter().any(is_inside) {
                    return false;
                }
                open.extend(&self.readers[step]);
            }
        }
        true
    }

    fn group(&self, steps: &[usize], items: Vec<Item>) -> Group {
        let items = self.ordered(items);
        let mut inputs = IndexSet::new();
        for item in &items {
            let read = item.inputs(self.body).iter();
            inputs.extend(read.filter(|input| steps.binary_search(input).is_err()));
        }
        Group {
            items,
            inputs: inputs.into_iter().collect(),
            outputs: self.outputs(steps),
        }
    }

    /// Items after what they read, as near to the order of the program as that goes.
    /// Groups that wait for each other are taken apart.
    fn ordered(&self, mut items: Vec<Item>) -> Vec<Item> {
        loop {
            items.sort_by_key(Item::first);
            match self.order(&items) {
                Ok(order) => {
                    let mut items: Vec<Option<Item>> = items.into_iter().map(Some).collect();
                    return order.iter().filter_map(|&at| items[at].take()).collect();
                }
                Err(waiting) => {
                    let item = items.remove(waiting);
                    if let What::Group(group) = item.what {
                        items.extend(group.items.into_iter().map(|mut inner| {
                            inner.path.splice(0..0, item.path.iter().cloned());
                            inner
                        }));
                    }
                }
            }
        }
    }

    /// The places of items in an order in which each stands after what it reads; or of a
    /// group that waits for itself.
    fn order(&self, items: &[Item]) -> Result<Vec<usize>, usize> {
        let maker: BTreeMap<usize, usize> = items
            .iter()
            .enumerate()
            .map(|(at, item)| (item.output(), at))
            .collect();
        let mut waits: Vec<BTreeSet<usize>> = Vec::new();
        for item in items {
            let inputs = item.inputs(self.body).iter();
            waits.push(
                inputs
                    .filter_map(|input| maker.get(input).copied())
                    .collect(),
            );
        }
        let mut order = Vec::new();
        let mut done = vec![false; items.len()];
        while order.len() < items.len() {
            let ready = |&at: &usize| !done[at] && waits[at].iter().all(|&other| done[other]);
            match (0..items.len()).find(ready) {
                Some(at) => {
                    done[at] = true;
                    order.push(at);
                }
                None => {
                    let is_group =
                        |&at: &usize| !done[at] && matches!(items[at].what, What::Group(_));
                    // INVARIANT: steps alone never wait for each other.
                    return (0..items.len()).find(is_group).map_or(Ok(order), Err);
                }
            }
        }
        Ok(order)
    }
}

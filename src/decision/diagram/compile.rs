//! From a space to its diagram: branch on what conditions read, split what became
//! independent, remember what was met before.
//!
//! What is open is a group of items ([`super::item`]). A group is compiled by
//! choosing a variable that conditions of the group read, and for each of its
//! values putting it into all items of the group, which then fall apart into
//! smaller groups. Groups are remembered by their items, which are equal where
//! what is left to decide is equal, however it came to that.
//!
//! Any variable may come first, whatever the program order: to choose an option
//! of a decision adds the conditions that it is active and the option available,
//! to say that it is inactive adds that it is.
//!
//! The work is a loop with a stack of its own, so that depth is no matter.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::TooLarge;
use super::item::{Dead, Item, ItemId, Items, Known, Memory, Outcome, Var};
use super::node::{Branch, Node, NodeId, Picked};
use super::split::Splitter;
use crate::decision::{DecisionId, DecisionSpace, GuardId};

/// How much one compilation may do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    /// Nodes.
    pub(super) nodes: usize,
    /// Items and literals looked at.
    pub(super) work: u64,
}

/// The nodes of a diagram, children before parents, and the greatest of them.
pub(super) struct Compiled {
    pub(super) nodes: Vec<Node>,
    pub(super) root: NodeId,
    /// What the measure is without any decision.
    pub(super) weight: u128,
}

/// Something to compile.
#[derive(Clone, Copy)]
pub(super) struct Job<'a> {
    pub(super) space: &'a DecisionSpace,
    /// What must hold besides.
    pub(super) require: GuardId,
    /// The measure.
    pub(super) terms: &'a [(GuardId, u64)],
}

/// Compiles what a space leaves open, with variables taken by `order`: the place of
/// each.
pub(super) fn compile(
    space: &DecisionSpace,
    (items, open): (&Items, &[ItemId]),
    order: &[u32],
    limit: Limit,
) -> Result<Compiled, TooLarge> {
    let known = Known::new(space);
    // Each decision needs one in any case, and they stand side by side in one.
    let nodes = limit.nodes + space.points.len() + 1;
    let limit = Limit { nodes, ..limit };
    let mut compiler = Compiler {
        splitter: Splitter::new(known.variables()),
        items: items.clone(),
        known,
        order,
        nodes: vec![Node::Branch(Vec::new())],
        cache: HashMap::default(),
        work: 0,
        limit,
    };
    compiler.run(open.to_vec())
}

struct Compiler<'a> {
    items: Items,
    known: Known,
    splitter: Splitter,
    order: &'a [u32],
    nodes: Vec<Node>,
    /// The nodes of groups.
    cache: HashMap<Box<[ItemId]>, NodeId, FixedState>,
    work: u64,
    limit: Limit,
}

/// A group that is being compiled; the whole space has no group.
struct Frame {
    group: Option<Box<[ItemId]>>,
    cases: Vec<Case>,
    /// The case and its child that come next.
    case: usize,
    child: usize,
}

/// One value of the variable of a group.
struct Case {
    picked: Option<Picked>,
    weight: u128,
    children: Vec<Child>,
}

enum Child {
    Done(NodeId),
    Open(Box<[ItemId]>),
}

impl Compiler<'_> {
    fn run(&mut self, open: Vec<ItemId>) -> Result<Compiled, TooLarge> {
        let mut weight = 0;
        let mut cases = Vec::new();
        if let Some((items, more)) = self.settle(&[], &[], None, open)? {
            weight = more;
            cases.push(self.case(None, 0, items)?);
        }
        let mut stack = vec![Frame {
            group: None,
            cases,
            case: 0,
            child: 0,
        }];
        let mut root = NodeId::NONE;
        while let Some(frame) = stack.last_mut() {
            if let Some(group) = self.next_open(frame) {
                let cases = self.expand(&group)?;
                stack.push(Frame {
                    group: Some(group),
                    cases,
                    case: 0,
                    child: 0,
                });
            } else if let Some(frame) = stack.pop() {
                root = self.close(frame)?;
            }
        }
        Ok(Compiled {
            nodes: std::mem::take(&mut self.nodes),
            root,
            weight,
        })
    }

    /// The next group of a frame that is not compiled yet.
    fn next_open(&self, frame: &mut Frame) -> Option<Box<[ItemId]>> {
        while let Some(case) = frame.cases.get_mut(frame.case) {
            while let Some(child) = case.children.get_mut(frame.child) {
                if let Child::Open(group) = child {
                    match self.cache.get(group) {
                        Some(&node) => *child = Child::Done(node),
                        None => return Some(group.clone()),
                    }
                }
                if matches!(child, Child::Done(NodeId::NONE)) {
                    // None of this case: the others need not be looked at.
                    case.children = vec![Child::Done(NodeId::NONE)];
                }
                frame.child += 1;
            }
            frame.case += 1;
            frame.child = 0;
        }
        None
    }

    /// The node of a frame whose groups are compiled.
    fn close(&mut self, frame: Frame) -> Result<NodeId, TooLarge> {
        let mut branches = Vec::new();
        let mut whole = NodeId::NONE;
        for case in frame.cases {
            let parts: Vec<NodeId> = case
                .children
                .into_iter()
                .map(|child| match child {
                    Child::Done(node) => node,
                    Child::Open(_) => NodeId::NONE,
                })
                .collect();
            if parts.contains(&NodeId::NONE) {
                continue;
            }
            let rest = match parts.as_slice() {
                [one] => *one,
                _ => self.add(Node::All(parts))?,
            };
            match case.picked {
                Some(picked) => branches.push(Branch {
                    picked,
                    rest,
                    weight: case.weight,
                }),
                None => whole = rest,
            }
        }
        let Some(group) = frame.group else {
            return Ok(whole);
        };
        let node = if branches.is_empty() {
            NodeId::NONE
        } else {
            self.add(Node::Branch(branches))?
        };
        self.cache.insert(group, node);
        Ok(node)
    }

    fn add(&mut self, node: Node) -> Result<NodeId, TooLarge> {
        if self.nodes.len() >= self.limit.nodes {
            return Err(TooLarge);
        }
        self.nodes.push(node);
        Ok(NodeId(self.nodes.len() as u32 - 1))
    }

    fn charge(&mut self, work: usize) -> Result<(), TooLarge> {
        self.work += work as u64;
        if self.work > self.limit.work {
            return Err(TooLarge);
        }
        Ok(())
    }

    /// What is left of a group, less the item at place `without`, and of `more`,
    /// under what is known; `None` if that cannot be. Forgets what was known.
    fn settle(
        &mut self,
        group: &[ItemId],
        readers: &[(Var, u32)],
        without: Option<usize>,
        more: Vec<ItemId>,
    ) -> Result<Option<(Vec<ItemId>, u128)>, TooLarge> {
        let settled = self.settle_known(group, readers, without, more);
        self.known.clear();
        settled
    }

    fn settle_known(
        &mut self,
        group: &[ItemId],
        readers: &[(Var, u32)],
        without: Option<usize>,
        more: Vec<ItemId>,
    ) -> Result<Option<(Vec<ItemId>, u128)>, TooLarge> {
        let mut places: Vec<Option<ItemId>> = group.iter().copied().map(Some).collect();
        if let Some(slot) = without.and_then(|place| places.get_mut(place)) {
            *slot = None;
        }
        let mut dirty: Vec<u32> = Vec::new();
        let mut new_readers: Vec<(Var, u32)> = Vec::new();
        for item in more {
            dirty.push(places.len() as u32);
            places.push(Some(item));
        }
        let mut seen = 0;
        let mut weight = 0;
        let mut memory = Memory::default();
        loop {
            for &var in self.known.assigned().get(seen..).unwrap_or_default() {
                let start = readers.partition_point(|(v, _)| *v < var);
                let found = readers.iter().skip(start).take_while(|(v, _)| *v == var);
                dirty.extend(found.map(|(_, place)| *place));
                let new = new_readers.iter().filter(|(v, _)| *v == var);
                dirty.extend(new.map(|(_, place)| *place));
            }
            seen = self.known.assigned().len();
            if dirty.is_empty() {
                break;
            }
            dirty.sort_unstable();
            dirty.dedup();
            memory.clear();
            for place in std::mem::take(&mut dirty) {
                let taken = places.get_mut(place as usize).and_then(Option::take);
                let Some(item) = taken else {
                    continue;
                };
                self.charge(1 + self.items.reads(item).len())?;
                let before = memory.len();
                let mut outcome = Outcome::default();
                let restricted =
                    self.items
                        .restrict(item, &mut self.known, &mut memory, &mut outcome);
                if let Err(Dead) = restricted {
                    return Ok(None);
                }
                // Large sums cost as much as they have terms.
                self.charge(memory.len() - before)?;
                weight += outcome.weight;
                for (index, item) in outcome.open.into_iter().enumerate() {
                    let mut at = place;
                    if index > 0 || (place as usize) >= group.len() {
                        at = if index > 0 {
                            places.len() as u32
                        } else {
                            place
                        };
                        let reads = self.items.reads(item).iter();
                        let vars = reads.map(|&(d, o)| (self.known.var(d, o), at));
                        new_readers.extend(vars);
                    }
                    match places.get_mut(at as usize) {
                        Some(slot) => *slot = Some(item),
                        None => places.push(Some(item)),
                    }
                }
            }
        }
        Ok(Some((places.into_iter().flatten().collect(), weight)))
    }

    /// A case with what it leaves open, split into groups.
    fn case(
        &mut self,
        picked: Option<Picked>,
        weight: u128,
        items: Vec<ItemId>,
    ) -> Result<Case, TooLarge> {
        let groups = self.splitter.split(&mut self.items, &self.known, items);
        let children = groups
            .into_iter()
            .map(|group| self.child(group))
            .collect::<Result<_, _>>()?;
        Ok(Case {
            picked,
            weight,
            children,
        })
    }

    fn child(&mut self, group: Box<[ItemId]>) -> Result<Child, TooLarge> {
        if let Some(&node) = self.cache.get(&group) {
            return Ok(Child::Done(node));
        }
        let node = match *group {
            [item] if self.items.reads(item).is_empty() => self.items.get(item).and_then(closed),
            _ => None,
        };
        let Some(node) = node else {
            return Ok(Child::Open(group));
        };
        let node = self.add(node)?;
        self.cache.insert(group, node);
        Ok(Child::Done(node))
    }

    /// The cases of a group.
    fn expand(&mut self, group: &[ItemId]) -> Result<Vec<Case>, TooLarge> {
        let mut read: Vec<(DecisionId, u32)> = Vec::new();
        let mut readers: Vec<(Var, u32)> = Vec::new();
        for (place, &item) in group.iter().enumerate() {
            for &(decision, option) in self.items.reads(item) {
                read.push((decision, option));
                readers.push((self.known.var(decision, option), place as u32));
            }
        }
        read.sort_unstable();
        read.dedup();
        readers.sort_unstable();
        readers.dedup();
        self.charge(group.len() + readers.len())?;
        let Some((owner, option)) = self.next_variable(group, &read) else {
            return Ok(Vec::new());
        };
        let mut cases = Vec::new();
        for (picked, more) in self.starts(group, owner, option, &read) {
            self.charge(group.len() + readers.len())?;
            self.assume(&picked, group.get(owner).copied());
            let settled = self.settle(group, &readers, Some(owner), more)?;
            if let Some((items, weight)) = settled {
                cases.push(self.case(Some(picked), weight, items)?);
            }
        }
        Ok(cases)
    }

    /// The first variable in order that conditions of a group read: the place of
    /// the item that it belongs to, and the option.
    fn next_variable(&self, group: &[ItemId], read: &[(DecisionId, u32)]) -> Option<(usize, u32)> {
        let mut best: Option<(u32, usize, u32)> = None;
        let mut consider = |decision: DecisionId, place: usize, option: u32| {
            let order = self.order.get(self.known.var(decision, option)).copied();
            let candidate = (order.unwrap_or(u32::MAX), place, option);
            if best.is_none_or(|best| candidate < best) {
                best = Some(candidate);
            }
        };
        for (place, &item) in group.iter().enumerate() {
            match self.items.get(item) {
                Some(Item::One { decision, .. }) => {
                    let at = read.partition_point(|(other, _)| other < decision);
                    if read.get(at).is_some_and(|(other, _)| other == decision) {
                        consider(*decision, place, 0);
                    }
                }
                Some(Item::Set {
                    decision, options, ..
                }) => {
                    for &(option, _) in options {
                        if read.binary_search(&(*decision, option)).is_ok() {
                            consider(*decision, place, option);
                        }
                    }
                }
                Some(Item::Element {
                    decision, option, ..
                }) => {
                    if read.binary_search(&(*decision, *option)).is_ok() {
                        consider(*decision, place, *option);
                    }
                }
                Some(Item::Condition(_) | Item::Term { .. }) | None => {}
            }
        }
        best.map(|(_, place, option)| (place, option))
    }

    /// The values of a variable, each with what takes the place of its item.
    fn starts(
        &mut self,
        group: &[ItemId],
        owner: usize,
        option: u32,
        read: &[(DecisionId, u32)],
    ) -> Vec<(Picked, Vec<ItemId>)> {
        let Some(item) = group.get(owner).and_then(|&item| self.items.get(item)) else {
            return Vec::new();
        };
        let starts = match item.clone() {
            Item::One {
                decision,
                active,
                options,
            } => {
                let mut starts: Vec<(Picked, Vec<Item>)> = Vec::new();
                // Options that no condition reads differ by their availability alone.
                let mut alike: Vec<(GuardId, usize)> = Vec::new();
                for (option, available) in options {
                    if read.binary_search(&(decision, option)).is_err() {
                        let known = alike.iter().find(|(guard, _)| *guard == available);
                        let known = known.and_then(|(_, place)| starts.get_mut(*place));
                        if let Some((Picked::One(_, options), _)) = known {
                            options.push(option);
                            continue;
                        }
                        alike.push((available, starts.len()));
                    }
                    let conditions = vec![Item::Condition(active), Item::Condition(available)];
                    starts.push((Picked::One(decision, vec![option]), conditions));
                }
                self.or_inactive(decision, active, &mut starts);
                starts
            }
            Item::Set {
                decision,
                active,
                options,
                min,
                max,
            } => {
                let mut options = options;
                let with = |options, min, max| Item::Set {
                    decision,
                    active: GuardId::ALWAYS,
                    options,
                    min,
                    max,
                };
                if active == GuardId::ALWAYS {
                    let place = options.iter().position(|(other, _)| *other == option);
                    let (_, available) = options.remove(place.unwrap_or(0));
                    let without = vec![with(options.clone(), min, max)];
                    let mut starts = vec![(Picked::Without(decision, option), without)];
                    if let Some(max) = max.checked_sub(1) {
                        let set = with(options, min.saturating_sub(1), max);
                        starts.push((
                            Picked::With(decision, option),
                            vec![set, Item::Condition(available)],
                        ));
                    }
                    starts
                } else {
                    let set = with(options, min, max);
                    let mut starts =
                        vec![(Picked::Active(decision), vec![set, Item::Condition(active)])];
                    self.or_inactive(decision, active, &mut starts);
                    starts
                }
            }
            Item::Element {
                decision,
                option,
                available,
            } => vec![
                (Picked::Without(decision, option), Vec::new()),
                (
                    Picked::With(decision, option),
                    vec![Item::Condition(available)],
                ),
            ],
            Item::Condition(_) | Item::Term { .. } => Vec::new(),
        };
        starts
            .into_iter()
            .map(|(picked, items)| {
                let items = items.into_iter().map(|item| self.items.intern(item));
                (picked, items.collect())
            })
            .collect()
    }

    fn or_inactive(
        &mut self,
        decision: DecisionId,
        active: GuardId,
        starts: &mut Vec<(Picked, Vec<Item>)>,
    ) {
        if active != GuardId::ALWAYS {
            let inactive = self.items.guards.not(active);
            starts.push((Picked::Inactive(decision), vec![Item::Condition(inactive)]));
        }
    }

    /// Makes known what is picked for an item.
    fn assume(&mut self, picked: &Picked, item: Option<ItemId>) {
        match picked {
            Picked::One(decision, options) => {
                self.known.choose(*decision, options.first().copied());
            }
            Picked::With(decision, option) => self.known.include(*decision, *option, true),
            Picked::Without(decision, option) => self.known.include(*decision, *option, false),
            Picked::Active(_) => {}
            Picked::Inactive(decision) => match item.and_then(|item| self.items.get(item)) {
                Some(Item::Set { options, .. }) => {
                    for &(option, _) in options {
                        self.known.include(*decision, option, false);
                    }
                }
                _ => self.known.choose(*decision, None),
            },
        }
    }
}

/// The node of an item on which no condition bears.
fn closed(item: &Item) -> Option<Node> {
    let numbers = |options: &[(u32, GuardId)]| options.iter().map(|(option, _)| *option).collect();
    match item {
        Item::One {
            decision, options, ..
        } => Some(Node::One {
            decision: *decision,
            options: numbers(options),
        }),
        Item::Set {
            decision,
            options,
            min,
            max,
            ..
        } => Some(Node::Set {
            decision: *decision,
            options: numbers(options),
            min: *min,
            max: *max,
        }),
        Item::Element {
            decision, option, ..
        } => Some(Node::Set {
            decision: *decision,
            options: vec![*option],
            min: 0,
            max: 1,
        }),
        Item::Condition(_) | Item::Term { .. } => None,
    }
}

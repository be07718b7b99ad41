//! What the program calls things: the parameters of cells, and the elements that node
//! families start with.

use petgraph::Direction;
use petgraph::graph::NodeIndex;

use super::fold::{Fold, Map, Members, Set, last};
use super::place::{Group, Owners, Place, first_use, parent};
use crate::decision::DecisionId;
use crate::graph::{Node, Op, Region};

/// One name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Called<'a> {
    pub name: &'a str,
    pub node: NodeIndex,
    /// The path, of an element.
    pub element: Option<&'a str>,
}

/// The names in a region in program order, by the path of the instance that gives them.
pub(super) type Names<'a> = Map<&'a str, Vec<Called<'a>>>;

/// The boxes of elements that families start with.
#[derive(Debug, Default)]
pub(super) struct Seeds<'a> {
    /// What stands below the name.
    pub lines: Map<Group<'a>, String>,
    /// The decisions that they took in.
    pub slots: Map<Group<'a>, Vec<DecisionId>>,
    /// The names of the groups of these decisions.
    pub taken: Set<String>,
}

pub(super) fn names<'a>(region: &'a Region, owners: &'a Owners) -> Names<'a> {
    let mut names = Names::default();
    for name in &region.names {
        let Some(place) = owners.places(&name.path).pop() else {
            continue;
        };
        let element = (place.group == Group::Element(&name.path)).then_some(&*name.path);
        let is_own = parent(&name.path).unwrap_or_default() == place.base;
        if element.is_some() || is_own {
            names.entry(place.base).or_default().push(Called {
                name: last(&name.path),
                node: name.node,
                element,
            });
        }
    }
    names
}

/// How a node is called: `t[0] = a`, of an element that is a parameter.
pub(super) fn label<'a>(
    called: &[Called<'a>],
    node: NodeIndex,
    own: Option<&'a str>,
) -> Option<String> {
    let those = |is_element: bool| {
        let called = called
            .iter()
            .filter(move |called| called.node == node && called.element.is_some() == is_element);
        called.map(|called| called.name)
    };
    let elements: Vec<&str> = those(true).collect();
    let others: Vec<&str> = own.map_or_else(|| those(false).collect(), |own| vec![own]);
    let sides = [elements.join(", "), others.join(", ")];
    let sides: Vec<String> = sides.into_iter().filter(|side| !side.is_empty()).collect();
    (!sides.is_empty()).then(|| sides.join(" = "))
}

/// Makes the boxes of elements that a family starts with: what yields the element, and
/// where only decisions lie between, what comes before it and leads to nothing else.
pub(super) fn seeds<'a>(
    fold: &Fold<'a>,
    region: &'a Region,
    (base, cell): (&'a str, &'a str),
    members: &mut Members<'a>,
    called: &[Called<'a>],
) -> Seeds<'a> {
    let mut seeds = Seeds::default();
    for called in called {
        let (Some(path), Some(&group)) = (called.element, members.get(&called.node)) else {
            continue;
        };
        let line = match (group, region.graph.node_weight(called.node)) {
            (_, Some(Node { op: Op::Input, .. }) | None) => continue,
            (Group::Call(call), _) => first_use(last(call)).to_owned(),
            (Group::Alone, Some(node)) => node.op.to_string(),
            _ => {
                seeds.lines.insert(group, called.name.to_owned());
                continue;
            }
        };
        let seed = Group::Element(path);
        let before = before(fold, region, (base, cell), members, called.node);
        let groups: Set<Group> = before
            .iter()
            .filter_map(|node| members.get(node).copied())
            .collect();
        let name = |group| Place { base, cell, group }.name();
        let names: Vec<String> = groups.into_iter().filter_map(name).collect();
        let decided: Vec<&String> = names
            .iter()
            .filter(|name| fold.slots.contains_key(*name))
            .collect();
        if decided.is_empty() {
            let own: Vec<NodeIndex> = match group {
                Group::Alone => vec![called.node],
                // Several calls in a loop may have one path.
                _ => before
                    .into_iter()
                    .filter(|node| members.get(node) == Some(&group))
                    .collect(),
            };
            members.extend(own.into_iter().map(|node| (node, seed)));
            seeds.lines.insert(seed, line);
        } else {
            let slots = decided.iter().filter_map(|name| fold.slots.get(*name));
            let slots = slots.flatten().copied().collect();
            seeds.slots.insert(seed, slots);
            seeds.taken.extend(decided.into_iter().cloned());
            members.extend(before.into_iter().map(|node| (node, seed)));
        }
    }
    seeds
}

/// A node and all before it from which every way leads to it: operations, calls and
/// decisions of the panel itself, each as a whole.
fn before<'a>(
    fold: &Fold<'a>,
    region: &Region,
    (base, cell): (&'a str, &'a str),
    members: &Members<'a>,
    node: NodeIndex,
) -> Set<NodeIndex> {
    let is_direct = |group: Group| match group {
        Group::Alone | Group::Call(_) | Group::Choice(_) => true,
        Group::Element(_) => {
            let name = Place { base, cell, group }.name();
            name.is_some_and(|name| fold.owners.decides(&name))
        }
        Group::Cell(_) => false,
    };
    let mut cut: Set<Group> = Set::default();
    loop {
        let mut found: Set<NodeIndex> = std::iter::once(node).collect();
        for (&index, &group) in members.iter().rev() {
            let is_input = region.graph.node_weight(index).map(|node| &node.op) == Some(&Op::Input);
            let mut readers = region
                .graph
                .neighbors_directed(index, Direction::Outgoing)
                .peekable();
            if !is_input
                && is_direct(group)
                && !cut.contains(&group)
                && readers.peek().is_some()
                && readers.all(|reader| found.contains(&reader))
            {
                found.insert(index);
            }
        }
        let groups: Set<Group> = found
            .iter()
            .filter_map(|node| members.get(node).copied())
            .collect();
        let torn = members.iter().find(|(index, group)| {
            **group != Group::Alone && groups.contains(*group) && !found.contains(*index)
        });
        // What goes on elsewhere too is no part of it.
        match torn {
            Some((_, &group)) if members.get(&node) != Some(&group) => cut.insert(group),
            _ => return found,
        };
    }
}

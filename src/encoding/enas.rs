//! The integer strings of ENAS, as the scripts of the authors' code have them
//! (`ptb_final.sh`, `cifar10_macro_final.sh`, `cifar10_micro_final.sh`).
//!
//! An operation is its place in the candidate set: the spaces of `spaces/` list
//! theirs in the authors' order.
//!
//! - Recurrent cell: the activation of node 0, then of each node the node that it
//!   reads and its activation. Where node 0 has nothing to decide, as in the
//!   authors' later code (`enas_lm`), the string begins with node 1.
//! - Macro space: of each layer k its operation, then k bits: whether it adds the
//!   stem, layer 0, layer 1, .. before the layer that it reads anyway.
//! - Micro space: of each node of the normal cell, then of the reduction cell, a
//!   node, an operation on it, another node, an operation on that.

use super::scan::Scan;
use super::structure::{Walk, extends, reduction_last};
use super::{Encoding, EncodingError, chosen, options, options_of};
use crate::decision::{Architecture, Choice, DecisionId, DecisionSpace, Domain, ElementId};

pub(super) const NEEDS: &str = "the recurrent cell (each node picks one earlier node and chooses \
    an operation), the macro space (each layer chooses an operation and picks any of the layers \
    before its input) or the micro space (cells in which each node picks two earlier nodes, one \
    after the other, and chooses an operation for each), with operations from one set";

/// What one or several integers of a string decide.
struct Field {
    decision: DecisionId,
    kind: Kind,
    /// The node that it belongs to, as messages count.
    node: usize,
}

enum Kind {
    Operation,
    /// One of the nodes before.
    Predecessor,
    /// So many bits, one a layer.
    Skips(usize),
}

impl Field {
    fn width(&self) -> usize {
        match self.kind {
            Kind::Operation | Kind::Predecessor => 1,
            Kind::Skips(n) => n,
        }
    }
}

pub(super) fn import(text: &str, space: &DecisionSpace) -> Result<Architecture, EncodingError> {
    let fields = fields(space)?;
    let mut scan = Scan::new(text);
    let mut numbers = Vec::new();
    while !scan.is_done() {
        numbers.push(scan.number("an integer")?);
    }
    let expected = fields.iter().map(Field::width).sum();
    if numbers.len() != expected {
        return Err(EncodingError::Length {
            parts: "integers".to_owned(),
            expected,
            found: numbers.len(),
        });
    }
    let mut architecture = Architecture::undecided(space);
    let mut numbers = numbers.into_iter();
    for Field {
        decision,
        kind,
        node,
    } in &fields
    {
        let mut number = |what: &str, end: usize| match numbers.next() {
            Some((number, _)) if (number as usize) < end => Ok(number),
            Some((number, word)) => Err(word.wrong(format!(
                "{what} {number} of node {node}: must be below {end}"
            ))),
            // There are as many numbers as the fields are wide.
            None => Ok(0),
        };
        let choice = match *kind {
            Kind::Operation => Choice::One(number("operation", options(space, *decision).len())?),
            Kind::Predecessor => Choice::One(number("predecessor", *node)?),
            Kind::Skips(n) => {
                let mut set = Vec::new();
                for layer in 0..n {
                    if number("skip bit", 2)? == 1 {
                        set.push(layer as u32);
                    }
                }
                Choice::Set(set)
            }
        };
        architecture.set(*decision, choice);
    }
    Ok(architecture)
}

pub(super) fn encode(
    architecture: &Architecture,
    space: &DecisionSpace,
) -> Result<String, EncodingError> {
    let mut numbers = Vec::new();
    for field in fields(space)? {
        let chosen = options_of(chosen(architecture, field.decision, space)?);
        match field.kind {
            Kind::Operation | Kind::Predecessor => numbers.extend(chosen.iter().copied()),
            Kind::Skips(n) => {
                numbers.extend((0..n as u32).map(|layer| u32::from(chosen.contains(&layer))));
            }
        }
    }
    let numbers: Vec<String> = numbers.iter().map(u32::to_string).collect();
    Ok(numbers.join(" "))
}

/// The fields of a space's strings, if it is one of the three.
fn fields(space: &DecisionSpace) -> Result<Vec<Field>, EncodingError> {
    recurrent(space)
        .or_else(|| layered(space))
        .or_else(|| cells(space))
        .ok_or_else(|| Encoding::Enas.does_not_fit())
}

fn operation(decision: DecisionId, node: usize) -> Field {
    Field {
        decision,
        kind: Kind::Operation,
        node,
    }
}

fn predecessor(decision: DecisionId, node: usize) -> Field {
    Field {
        decision,
        kind: Kind::Predecessor,
        node,
    }
}

fn recurrent(space: &DecisionSpace) -> Option<Vec<Field>> {
    let mut walk = Walk::new(space);
    let first = walk.choice();
    let mut fields: Vec<Field> = first.into_iter().map(|f| operation(f, 0)).collect();
    let mut before: &[ElementId] = &[];
    while !walk.is_done() {
        let pick = walk.pick_one()?;
        if !extends(before, pick.elements) {
            return None;
        }
        before = pick.elements;
        fields.push(predecessor(pick.decision, before.len()));
        fields.push(operation(walk.choice()?, before.len()));
    }
    (!before.is_empty()).then_some(fields)
}

fn layered(space: &DecisionSpace) -> Option<Vec<Field>> {
    let mut walk = Walk::new(space);
    let mut fields = Vec::new();
    let mut before: Option<&[ElementId]> = None;
    while !walk.is_done() {
        let f = walk.choice()?;
        let skips = walk.pick()?;
        let n = skips.elements.len();
        let any = matches!(skips.domain, Domain::Subset { n, min: 0, max } if n == max);
        let follows = before.map_or(n == 0, |before| extends(before, skips.elements));
        if !any || !follows {
            return None;
        }
        before = Some(skips.elements);
        fields.push(operation(f, n));
        fields.push(Field {
            decision: skips.decision,
            kind: Kind::Skips(n),
            node: n,
        });
    }
    before.map(|_| fields)
}

fn cells(space: &DecisionSpace) -> Option<Vec<Field>> {
    const INPUTS: usize = 2;
    let mut walk = Walk::new(space);
    let mut cells: Vec<(&str, Vec<Field>)> = Vec::new();
    let mut before: &[ElementId] = &[];
    while !walk.is_done() {
        let (p, q) = (walk.pick_one()?, walk.pick_one()?);
        let (f, g) = (walk.choice()?, walk.choice()?);
        let node = p.elements.len();
        if q.elements != p.elements {
            return None;
        }
        if !extends(before, p.elements) {
            if node != INPUTS {
                return None;
            }
            cells.push((p.cell, Vec::new()));
        }
        before = p.elements;
        cells.last_mut()?.1.extend([
            predecessor(p.decision, node),
            operation(f, node),
            predecessor(q.decision, node),
            operation(g, node),
        ]);
    }
    reduction_last(&mut cells, |cell| cell.0);
    let fields: Vec<Field> = cells.into_iter().flat_map(|cell| cell.1).collect();
    (!fields.is_empty()).then_some(fields)
}

//! The genotypes of DARTS, as `genotypes.py` of its code has them and its searches
//! print them.
//!
//! A genotype names, for each computed node in turn, the nodes that it reads (the
//! inputs of the cell come first) and the operation on each. The edges of a node
//! may come in any order and are written in ascending order. All computed nodes
//! make up the cell's output; the genotype says so again as its concat.

use super::scan::{Scan, Word, shortened};
use super::structure::{Walk, extends, reduction_last};
use super::{Encoding, EncodingError, chosen, options, options_of};
use crate::decision::{Architecture, Choice, DecisionId, DecisionSpace, Domain, ElementId};
use crate::diagnostic::suggest;

pub(super) const NEEDS: &str = "two cells, the normal and the reduction cell, or one recurrent \
    cell, in which each node picks a fixed number of earlier nodes and chooses, from one set, an \
    operation for each that it picked";

/// The names of the two fields of each cell of a genotype.
const RECURRENT: [[&str; 2]; 1] = [["recurrent", "concat"]];
const CONVOLUTIONAL: [[&str; 2]; 2] = [["normal", "normal_concat"], ["reduce", "reduce_concat"]];

struct Cell<'a> {
    /// How the paths of its decisions begin.
    path: &'a str,
    n_inputs: usize,
    nodes: Vec<Node>,
}

struct Node {
    pick: DecisionId,
    domain: Domain,
    /// The decision that is made when it reads a node, for each node before it.
    operations: Vec<DecisionId>,
}

/// `('sep_conv_3x3', 0)`
struct Edge<'a> {
    operation: Word<'a>,
    from: (u32, Word<'a>),
}

pub(super) fn import(text: &str, space: &DecisionSpace) -> Result<Architecture, EncodingError> {
    let cells = cells(space)?;
    let mut architecture = Architecture::undecided(space);
    let mut scan = Scan::new(text);
    scan.expect("Genotype")?;
    scan.expect("(")?;
    for (place, (cell, [name, concat])) in cells.iter().enumerate() {
        if place > 0 {
            scan.expect(",")?;
        }
        scan.expect(name)?;
        scan.expect("=")?;
        let edges = list(&mut scan, edge)?;
        cell.read(name, &edges, space, &mut architecture)?;
        scan.expect(",")?;
        scan.expect(concat)?;
        scan.expect("=")?;
        cell.read_concat(concat, &mut scan)?;
    }
    scan.take(",");
    scan.expect(")")?;
    scan.end()?;
    Ok(architecture)
}

pub(super) fn encode(
    architecture: &Architecture,
    space: &DecisionSpace,
) -> Result<String, EncodingError> {
    let mut fields = Vec::new();
    for (cell, [name, concat]) in cells(space)? {
        let mut edges = Vec::new();
        for node in &cell.nodes {
            for &from in options_of(chosen(architecture, node.pick, space)?) {
                let Some(&decision) = node.operations.get(from as usize) else {
                    continue;
                };
                for &option in options_of(chosen(architecture, decision, space)?) {
                    let name = options(space, decision).get(option as usize);
                    let name = name.map_or("?", String::as_str);
                    edges.push(format!("('{name}', {from})"));
                }
            }
        }
        let (start, end) = cell.computed();
        fields.push(format!("{name}=[{}]", edges.join(", ")));
        fields.push(format!("{concat}=range({start}, {end})"));
    }
    Ok(format!("Genotype({})", fields.join(", ")))
}

/// The cells of a genotype with the names of their fields.
fn cells(space: &DecisionSpace) -> Result<Vec<(Cell<'_>, [&'static str; 2])>, EncodingError> {
    let mut cells = walk(space).unwrap_or_default();
    reduction_last(&mut cells, |cell| cell.path);
    let inputs: Vec<usize> = cells.iter().map(|cell| cell.n_inputs).collect();
    let names = match inputs.as_slice() {
        [1] => RECURRENT.as_slice(),
        [2, 2] => &CONVOLUTIONAL,
        _ => return Err(Encoding::Darts.does_not_fit()),
    };
    Ok(cells.into_iter().zip(names.iter().copied()).collect())
}

fn walk(space: &DecisionSpace) -> Option<Vec<Cell<'_>>> {
    let mut walk = Walk::new(space);
    let mut cells: Vec<Cell> = Vec::new();
    let mut before: &[ElementId] = &[];
    while !walk.is_done() {
        let pick = walk.pick()?;
        let n = pick.elements.len();
        let operations = match pick.domain {
            Domain::One { .. } => vec![walk.choice()?; n],
            Domain::Subset { min, max, .. } if min == max => (0..n as u32)
                .map(|from| walk.choice_if(&pick, from))
                .collect::<Option<_>>()?,
            Domain::Subset { .. } => return None,
        };
        if cells.is_empty() || !extends(before, pick.elements) {
            cells.push(Cell {
                path: pick.cell,
                n_inputs: n,
                nodes: Vec::new(),
            });
        }
        before = pick.elements;
        cells.last_mut()?.nodes.push(Node {
            pick: pick.decision,
            domain: pick.domain,
            operations,
        });
    }
    Some(cells)
}

impl Cell<'_> {
    /// The numbers of its computed nodes: the first, and the one after the last.
    fn computed(&self) -> (usize, usize) {
        (self.n_inputs, self.n_inputs + self.nodes.len())
    }

    /// Decides the cell by the edges of the field `name`.
    fn read(
        &self,
        name: &str,
        edges: &[Edge],
        space: &DecisionSpace,
        architecture: &mut Architecture,
    ) -> Result<(), EncodingError> {
        let expected = self.nodes.iter().map(Node::n_edges).sum();
        if edges.len() != expected {
            return Err(EncodingError::Length {
                parts: format!("edges in `{name}`"),
                expected,
                found: edges.len(),
            });
        }
        let mut rest = edges;
        for node in &self.nodes {
            let (here, after) = rest.split_at_checked(node.n_edges()).unwrap_or_default();
            rest = after;
            node.read(here, space, architecture)?;
        }
        Ok(())
    }

    /// Reads `range(2, 6)` or `[2, 3, 4, 5]`.
    fn read_concat(&self, name: &str, scan: &mut Scan) -> Result<(), EncodingError> {
        let place = scan.peek();
        let (start, end) = self.computed();
        let all = if scan.take("range") {
            scan.expect("(")?;
            let from = scan.number("a number")?.0 as usize;
            scan.expect(",")?;
            let to = scan.number("a number")?.0 as usize;
            scan.expect(")")?;
            (from, to) == (start, end)
        } else {
            let numbers = list(scan, |scan| scan.number("a number"))?;
            let mut numbers: Vec<usize> = numbers.iter().map(|n| n.0 as usize).collect();
            numbers.sort_unstable();
            numbers.into_iter().eq(start..end)
        };
        if all {
            return Ok(());
        }
        Err(place.wrong(format!(
            "`{name}` must be range({start}, {end}): the cells of this space give all computed nodes"
        )))
    }
}

impl Node {
    /// How many nodes it reads.
    fn n_edges(&self) -> usize {
        match self.domain {
            Domain::One { .. } => 1,
            Domain::Subset { min, .. } => min as usize,
        }
    }

    /// Decides the node by its edges.
    fn read(
        &self,
        edges: &[Edge],
        space: &DecisionSpace,
        architecture: &mut Architecture,
    ) -> Result<(), EncodingError> {
        // The inputs and the computed nodes before it have the numbers below its own.
        let number = self.operations.len();
        let mut picked = Vec::new();
        for Edge {
            operation,
            from: (from, place),
        } in edges
        {
            let Some(&decision) = self.operations.get(*from as usize) else {
                return Err(place.wrong(format!(
                    "predecessor {from} of node {number}: must be below {number}"
                )));
            };
            if picked.contains(from) {
                return Err(place.wrong(format!("node {number} reads node {from} twice")));
            }
            picked.push(*from);
            let option = option(*operation, options(space, decision))?;
            architecture.set(decision, Choice::One(option));
        }
        picked.sort_unstable();
        let choice = match (self.domain, picked.as_slice()) {
            (Domain::One { .. }, [only]) => Choice::One(*only),
            _ => Choice::Set(picked),
        };
        architecture.set(self.pick, choice);
        Ok(())
    }
}

/// The option that a string in quotes names.
fn option(word: Word, options: &[String]) -> Result<u32, EncodingError> {
    let name = word.text.trim_matches(['\'', '"']);
    let known = options.iter().position(|option| option == name);
    known.map(|option| option as u32).ok_or_else(|| {
        let help = suggest::did_you_mean(name, options.iter().map(String::as_str));
        let help = help.map(|help| format!("; {help}")).unwrap_or_default();
        let name = shortened(name);
        let options = options.join(", ");
        word.wrong(format!("found `{name}`, expected one of {options}{help}"))
    })
}

/// `[item, item, ..]`
fn list<'a, T>(
    scan: &mut Scan<'a>,
    item: impl Fn(&mut Scan<'a>) -> Result<T, EncodingError>,
) -> Result<Vec<T>, EncodingError> {
    let mut items = Vec::new();
    scan.expect("[")?;
    while !scan.take("]") {
        if !items.is_empty() {
            scan.expect(",")?;
            if scan.take("]") {
                break;
            }
        }
        items.push(item(scan)?);
    }
    Ok(items)
}

fn edge<'a>(scan: &mut Scan<'a>) -> Result<Edge<'a>, EncodingError> {
    scan.expect("(")?;
    if !scan.peek().text.starts_with(['\'', '"']) {
        return Err(scan.unexpected("an operation in quotes"));
    }
    let operation = scan.word();
    scan.expect(",")?;
    let from = scan.number("the number of a node")?;
    scan.expect(")")?;
    Ok(Edge { operation, from })
}

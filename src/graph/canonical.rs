//! Which architectures compute the same network, up to the names of its nodes.
//!
//! The canonical form of a child is equal for two children of one supergraph just
//! where a bijection of their nodes keeps
//! - operations with their attributes and the shapes of their results;
//! - operands, in order; those of a sum, a mean and a product without order;
//! - inputs and outputs of the network, in order; the bodies of scans, so compared.
//!
//! Which parameters a node uses does not count, nor what the node is called. Nodes
//! that reach no output are in no child. What is used twice is not what is computed
//! twice: copies have weights of their own. Nothing is calculated: a sum with zeros
//! differs from one without, and an identity from its input.
//!
//! Nodes are told apart by colours, refined by those of their operands and users
//! until nothing changes. Where nodes remain alike, one is marked, then another, and
//! the least form is kept, so the answer is exact; nodes that a symmetry exchanges are
//! tried once.

use std::collections::BTreeSet;

use petgraph::graph::NodeIndex;
use sha2::{Digest as _, Sha256};

use super::{Child, ChildRegion, Op, RegionId, Supergraph};

/// The canonical form of a child: a hash of 256 bits of it.
pub type Form = [u8; 32];

/// A child has so many symmetric parts that its form was not found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an architecture has too many nodes that are alike to tell which others are the same")]
pub struct TooAlike;

/// How many markings are tried for one region.
const TRIES: usize = 20_000;

/// Finds the forms of the children of one supergraph.
#[derive(Debug)]
pub struct Canonical<'a> {
    graph: &'a Supergraph,
    /// By region, node and form: a number of its operation and shape.
    kinds: Vec<Vec<Vec<u64>>>,
}

impl<'a> Canonical<'a> {
    /// For the children of this graph.
    #[must_use]
    pub fn new(graph: &'a Supergraph) -> Self {
        let describe = |node: &super::Node, form: Option<usize>| {
            let (shape, timed) = (node.shape_of(form), node.timed);
            match node.op_of(form) {
                // The number of the body is a name.
                Op::Scan { .. } => format!("scan {shape} {timed}"),
                op => format!("{op:?} {shape} {timed}"),
            }
        };
        let of_node = |node: &super::Node| -> Vec<String> {
            match node.forms.len() {
                0 => vec![describe(node, None)],
                n => (0..n).map(|form| describe(node, Some(form))).collect(),
            }
        };
        let words = |region: &super::Region| -> Vec<Vec<String>> {
            region.graph.node_weights().map(of_node).collect()
        };
        let words: Vec<Vec<Vec<String>>> = graph.regions.iter().map(words).collect();
        let all: BTreeSet<&String> = words.iter().flatten().flatten().collect();
        let all: Vec<&String> = all.into_iter().collect();
        let number = |word: &String| all.binary_search(&word).unwrap_or_default() as u64;
        let numbers = |forms: &Vec<String>| -> Vec<u64> { forms.iter().map(number).collect() };
        let of_region = |nodes: &Vec<Vec<String>>| nodes.iter().map(numbers).collect();
        Self {
            graph,
            kinds: words.iter().map(of_region).collect(),
        }
    }

    /// What its forms compute, as numbers that are equal where that is; one for a node
    /// with one form.
    pub(super) fn kinds(&self, region: RegionId, node: NodeIndex) -> &[u64] {
        let kinds = self.kinds.get(region.index());
        kinds
            .and_then(|kinds| kinds.get(node.index()))
            .map_or(&[], Vec::as_slice)
    }

    /// The form of a child.
    ///
    /// # Errors
    /// When too many of its nodes are alike.
    pub fn form(&self, child: &Child) -> Result<Form, TooAlike> {
        // Bodies stand after what scans them.
        let mut forms: Vec<Form> = vec![Form::default(); child.regions.len()];
        for (index, region) in child.regions.iter().enumerate().rev() {
            let web = self.web(RegionId(index as u32), region, &forms);
            let certificate = Search { tries: 0 }.least(&web, web.start())?;
            let mut hasher = Sha256::new();
            for word in certificate {
                hasher.update(word.to_le_bytes());
            }
            if let Some(slot) = forms.get_mut(index) {
                *slot = hasher.finalize().into();
            }
        }
        Ok(forms.first().copied().unwrap_or_default())
    }

    fn web(&self, id: RegionId, child: &ChildRegion, forms: &[Form]) -> Web {
        let mut nodes: Vec<WebNode> = Vec::with_capacity(child.steps.len());
        let region = self.graph.region(id);
        for (place, step) in child.steps.iter().enumerate() {
            let kinds = self.kinds(id, step.node);
            let kind = kinds.get(step.form.unwrap_or(0)).copied();
            let op = region.and_then(|region| region.graph.node_weight(step.node));
            let op = op.map(|node| &node.op);
            let mut own = vec![kind.unwrap_or_default()];
            if let Some(Op::Scan { region }) = op {
                let body = forms.get(region.index()).copied().unwrap_or_default();
                let words = body.chunks_exact(8);
                own.extend(words.map(|word| {
                    let mut bytes = [0; 8];
                    bytes.copy_from_slice(word);
                    u64::from_le_bytes(bytes)
                }));
            }
            let of = |list: Vec<usize>| -> Vec<u64> {
                std::iter::once(list.len() as u64)
                    .chain(list.into_iter().map(|place| place as u64))
                    .collect()
            };
            let places = |found: &dyn Fn(usize) -> bool, n: usize| {
                of((0..n).filter(|&k| found(k)).collect())
            };
            own.extend(places(
                &|k| child.inputs.get(k).copied().flatten() == Some(place),
                child.inputs.len(),
            ));
            own.extend(places(
                &|k| child.outputs.get(k) == Some(&place),
                child.outputs.len(),
            ));
            let unordered = op.is_some_and(Op::is_commutative);
            let mut operands = Vec::with_capacity(step.inputs.len());
            for (slot, &input) in step.inputs.iter().enumerate() {
                let slot = if unordered { 0 } else { slot as u64 };
                operands.push((input, slot));
                if let Some(used) = nodes.get_mut(input) {
                    used.users.push((place, slot));
                }
            }
            nodes.push(WebNode {
                own,
                operands,
                users: Vec::new(),
            });
        }
        Web(nodes)
    }
}

/// The nodes of a region in topological order.
struct Web(Vec<WebNode>);

struct WebNode {
    /// What it is, wherever it stands.
    own: Vec<u64>,
    /// Nodes and slots.
    operands: Vec<(usize, u64)>,
    users: Vec<(usize, u64)>,
}

/// Marks a node that is looked at.
const MARK: u64 = 0x9e37_79b9_7f4a_7c15;

/// A hash of a hash and a word.
pub(super) fn mix(a: u64, b: u64) -> u64 {
    let mut x = a.rotate_left(23) ^ b.wrapping_mul(MARK);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

impl Web {
    fn start(&self) -> Vec<u64> {
        let own = |node: &WebNode| node.own.iter().fold(0, |hash, &word| mix(hash, word));
        self.0.iter().map(own).collect()
    }

    /// A node's colour with those of some nodes about it. Colours that collide only
    /// leave more to try.
    fn look(colour: u64, about: &[(usize, u64)], colours: &[u64], seen: &mut Vec<u64>) -> u64 {
        seen.clear();
        seen.extend(
            about
                .iter()
                .map(|&(node, slot)| mix(colours.get(node).copied().unwrap_or_default(), slot)),
        );
        seen.sort_unstable();
        seen.iter()
            .fold(mix(colour, 1), |hash, &word| mix(hash, word))
    }

    /// Refines colours until they tell no more apart.
    fn refine(&self, colours: &mut [u64]) {
        let mut seen = Vec::new();
        let mut classes = count_different(colours);
        while classes < colours.len() {
            // By what it is computed from, then by what is computed from it.
            for (place, node) in self.0.iter().enumerate() {
                let colour = colours.get(place).copied().unwrap_or_default();
                let new = Self::look(colour, &node.operands, colours, &mut seen);
                if let Some(slot) = colours.get_mut(place) {
                    *slot = new;
                }
            }
            for (place, node) in self.0.iter().enumerate().rev() {
                let colour = colours.get(place).copied().unwrap_or_default();
                let new = Self::look(colour, &node.users, colours, &mut seen);
                if let Some(slot) = colours.get_mut(place) {
                    *slot = new;
                }
            }
            let more = count_different(colours);
            if more <= classes {
                break;
            }
            classes = more;
        }
    }

    /// The nodes of the first colour that several have: of the fewest nodes, then the
    /// least.
    fn alike(colours: &[u64]) -> Vec<usize> {
        let mut sorted: Vec<(u64, usize)> = colours.iter().copied().zip(0..).collect();
        sorted.sort_unstable();
        let cells = sorted.chunk_by(|a, b| a.0 == b.0);
        let cell = cells
            .filter(|cell| cell.len() > 1)
            .min_by_key(|cell| cell.len());
        cell.into_iter().flatten().map(|(_, node)| *node).collect()
    }

    /// The graph in words, its nodes in the order of their colours, all different.
    fn certificate(&self, colours: &[u64]) -> Vec<u64> {
        let mut order: Vec<usize> = (0..colours.len()).collect();
        order.sort_unstable_by_key(|&node| colours.get(node));
        let mut place = vec![0u64; order.len()];
        for (index, &node) in order.iter().enumerate() {
            if let Some(slot) = place.get_mut(node) {
                *slot = index as u64;
            }
        }
        let mut words = Vec::new();
        for node in order.iter().filter_map(|&node| self.0.get(node)) {
            words.extend(&node.own);
            let mut operands: Vec<(u64, u64)> = node
                .operands
                .iter()
                .map(|&(operand, slot)| (slot, place.get(operand).copied().unwrap_or_default()))
                .collect();
            operands.sort_unstable();
            words.push(operands.len() as u64);
            words.extend(operands.into_iter().map(|(_, place)| place));
        }
        words
    }
}

fn count_different(colours: &[u64]) -> usize {
    let mut sorted = colours.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    sorted.len()
}

/// The search for the least certificate.
struct Search {
    tries: usize,
}

impl Search {
    /// The least certificate of all ways to mark nodes that are alike.
    fn least(&mut self, web: &Web, mut colours: Vec<u64>) -> Result<Vec<u64>, TooAlike> {
        web.refine(&mut colours);
        let alike = Web::alike(&colours);
        if alike.is_empty() {
            return Ok(web.certificate(&colours));
        }
        let mut best: Option<Vec<u64>> = None;
        let mut tried: BTreeSet<Vec<u64>> = BTreeSet::new();
        for node in alike {
            let marked = marked(&colours, node);
            // Equal certificates are a symmetry that exchanges the nodes.
            if !tried.insert(self.any(web, marked.clone())?) {
                continue;
            }
            let found = self.least(web, marked)?;
            if best.as_ref().is_none_or(|best| found < *best) {
                best = Some(found);
            }
        }
        best.ok_or(TooAlike)
    }

    /// The certificate of one way.
    fn any(&mut self, web: &Web, mut colours: Vec<u64>) -> Result<Vec<u64>, TooAlike> {
        loop {
            self.tries += 1;
            if self.tries > TRIES {
                return Err(TooAlike);
            }
            web.refine(&mut colours);
            match Web::alike(&colours).first() {
                None => return Ok(web.certificate(&colours)),
                Some(&node) => colours = marked(&colours, node),
            }
        }
    }
}

fn marked(colours: &[u64], node: usize) -> Vec<u64> {
    let mut colours = colours.to_vec();
    if let Some(colour) = colours.get_mut(node) {
        *colour = mix(*colour, MARK);
    }
    colours
}

//! What is declared or decided in vain: inputs, elements of node families and
//! decisions on which no output depends, whatever is chosen.

use indexmap::IndexMap;

use super::{Evaluator, diagnostics};
use crate::decision::{DecisionId, Guard};
use crate::graph::{Op, RegionId};
use crate::hir::Port;
use crate::span::Span;

/// Which nodes reach an output by any edge: by region and index.
struct Reached(Vec<Vec<bool>>);

impl Reached {
    fn has(&self, region: RegionId, node: petgraph::graph::NodeIndex) -> bool {
        let nodes = self.0.get(region.index());
        nodes.and_then(|nodes| nodes.get(node.index())) == Some(&true)
    }
}

impl Evaluator<'_> {
    /// Warns of what no output depends on; `inputs` are declared in the order of the
    /// network's inputs.
    pub(super) fn warn_of_unused<'a>(&mut self, inputs: impl Iterator<Item = &'a Port>) {
        let reached = self.reached();
        let nodes = self.regions.first().map(|region| region.inputs.clone());
        for (port, node) in inputs.zip(nodes.unwrap_or_default()) {
            if !reached.has(RegionId(0), node) {
                self.diagnostics
                    .push(diagnostics::input_unused(port.name.span, &port.name.name));
            }
        }
        let decisive = self.decisive(&reached);
        let is_vain = |id: DecisionId| decisive.get(id.index()) == Some(&false);
        let mut names: Vec<&str> = Vec::new();
        let mut families: IndexMap<Span, Vec<usize>> = IndexMap::new();
        for (place, state) in self.elements.iter().enumerate() {
            let mut nodes = state.nodes.iter();
            let is_unused =
                !state.nodes.is_empty() && nodes.all(|&(r, node)| !reached.has(r, node));
            let Some(element) = self.decisions.elements.get(place).filter(|_| is_unused) else {
                continue;
            };
            // Of a family inside an unused element no more needs to be said.
            if !names.iter().any(|outer| is_inside(&element.name, outer)) {
                families.entry(state.site).or_default().push(place);
            }
            names.push(&element.name);
        }
        let mut warnings = Vec::new();
        let mut told: Vec<DecisionId> = Vec::new();
        for (span, places) in families {
            let elements = places
                .iter()
                .filter_map(|&p| self.decisions.elements.get(p));
            let elements: Vec<&str> = elements.map(|element| element.name.as_str()).collect();
            let inside = self.decisions.iter().filter(|(id, point)| {
                is_vain(*id) && elements.iter().any(|name| is_inside(&point.path, name))
            });
            let decisions: Vec<DecisionId> = inside.map(|(id, _)| id).collect();
            warnings.push(diagnostics::node_unused(span, &elements, decisions.len()));
            told.extend(decisions);
        }
        let mut sites: IndexMap<Span, Vec<&str>> = IndexMap::new();
        for (id, point) in self.decisions.iter() {
            // Where there is one choice that is what is said, and `_name` says that it is meant.
            let is_meant = point
                .path
                .rsplit('.')
                .next()
                .is_some_and(|name| name.starts_with('_'));
            if is_vain(id) && point.domain.is_open() && !is_meant && !told.contains(&id) {
                sites.entry(point.span).or_default().push(&point.path);
            }
        }
        for (span, paths) in sites {
            warnings.push(diagnostics::decision_unused(span, &paths));
        }
        self.diagnostics.extend(warnings);
    }

    /// Backward from the outputs over every edge, into the bodies of scans.
    fn reached(&self) -> Reached {
        let mut reached = Reached(vec![Vec::new(); self.regions.len()]);
        let mut open = vec![RegionId(0)];
        while let Some(id) = open.pop() {
            let Some(region) = self.regions.get(id.index()) else {
                continue;
            };
            let nodes = region.reached(|_| true);
            for (node, _) in region
                .graph
                .node_weights()
                .zip(&nodes)
                .filter(|(_, is)| **is)
            {
                if let Op::Scan { region: body } = node.op {
                    open.push(body);
                }
            }
            if let Some(slot) = reached.0.get_mut(id.index()) {
                *slot = nodes;
            }
        }
        reached
    }

    /// Which decisions say anything of the network or of what is required, by id.
    fn decisive(&self, reached: &Reached) -> Vec<bool> {
        let mut decisive = vec![false; self.decisions.points.len()];
        let mut open = vec![self.decisions.require];
        let mut made: Vec<DecisionId> = Vec::new();
        for (region, nodes) in self.regions.iter().zip(&reached.0) {
            let is_reached = |at: petgraph::graph::NodeIndex| nodes.get(at.index()) == Some(&true);
            let edges = region.graph.raw_edges().iter();
            let edges = edges.filter(|edge| is_reached(edge.target()));
            open.extend(edges.map(|edge| edge.weight.guard));
            for (node, _) in region
                .graph
                .node_weights()
                .zip(nodes)
                .filter(|(_, is)| **is)
            {
                open.extend(node.forms.iter().map(|form| form.guard));
                let banks = node
                    .params
                    .iter()
                    .filter_map(|&bank| self.params.bank(bank));
                made.extend(banks.flat_map(|bank| &bank.per));
            }
        }
        let mut seen = vec![false; self.decisions.guards.iter().count()];
        loop {
            while let Some(id) = made.pop() {
                let Some(flag @ false) = decisive.get_mut(id.index()) else {
                    continue;
                };
                *flag = true;
                let point = self.decisions.point(id);
                open.extend(point.map(|point| point.active));
                open.extend(point.into_iter().flat_map(|point| &point.available));
            }
            let Some(guard) = open.pop() else {
                return decisive;
            };
            let Some(flag @ false) = seen.get_mut(guard.index()) else {
                continue;
            };
            *flag = true;
            match self.decisions.guards.get(guard) {
                Guard::Always | Guard::Never => {}
                Guard::Has { decision, .. } => made.push(*decision),
                Guard::Not(inner) => open.push(*inner),
                Guard::And(parts) | Guard::Or(parts) => open.extend(parts),
                Guard::AtMost { terms, .. } => open.extend(terms.iter().map(|(term, _)| *term)),
            }
        }
    }
}

/// Whether a path is an element, or stands in its definition.
fn is_inside(path: &str, element: &str) -> bool {
    let rest = path.strip_prefix(element);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '#']))
}

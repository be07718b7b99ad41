//! `require`: what every architecture must fulfil, and what it may speak of.
//!
//! Requirements are computed when the whole network is known, for they speak of
//! its parameters and of who uses the elements of a node family.

use std::rc::Rc;

use super::value::{Given, Measure, Tag, Value};
use super::{Evaluator, Frame, diagnostics};
use crate::decision::{ElementId, GuardId};
use crate::graph::measure::{Metric, terms};
use crate::graph::{Supergraph, Task};
use crate::hir::{Builtin, Expr, Res};
use crate::span::Span;

/// One `require`, and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Requirement {
    pub(super) condition: Expr,
    pub(super) span: Span,
    locals: Vec<Option<Value>>,
    site: Span,
    pub(super) active: GuardId,
}

/// The measures of the whole network, each computed when first asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Metrics {
    params: Option<Value>,
    flops: Option<Value>,
}

impl Evaluator<'_> {
    /// Keeps a requirement for the end.
    pub(super) fn require(&mut self, condition: &Expr, span: Span) {
        let Some(frame) = self.frames.last() else {
            return;
        };
        self.requirements.push(Requirement {
            condition: condition.clone(),
            span,
            locals: frame.locals.clone(),
            site: frame.site,
            active: self.active,
        });
    }

    /// Computes all requirements.
    pub(super) fn requirements(&mut self) {
        if self.failed {
            return;
        }
        self.metrics = Some(Metrics::default());
        let n_points = self.decisions.points.len();
        let requirements = std::mem::take(&mut self.requirements);
        for requirement in &requirements {
            let condition = self.there(requirement, |this| this.condition(&requirement.condition));
            let Some(condition) = condition else { continue };
            let (span, active) = (requirement.span, requirement.active);
            if self.decisions.points.len() > n_points {
                self.report(diagnostics::decision_in_require(span));
                return;
            }
            match condition {
                GuardId::ALWAYS => {
                    self.diagnostics.push(diagnostics::require_always(span));
                }
                GuardId::NEVER if active == GuardId::ALWAYS => {
                    let nearest = self.nearest(requirement);
                    self.report(diagnostics::require_never(span, nearest));
                }
                condition => {
                    let inactive = self.decisions.guards.not(active);
                    let either = self.decisions.guards.or(inactive, condition);
                    let all = self.decisions.require;
                    self.decisions.require = self.decisions.guards.and(all, either);
                }
            }
        }
        self.kept(&requirements);
        self.metrics = None;
    }

    /// Runs something where a requirement stands.
    pub(super) fn there<T>(
        &mut self,
        requirement: &Requirement,
        run: impl FnOnce(&mut Self) -> T,
    ) -> T {
        self.frames.push(Frame {
            locals: requirement.locals.clone(),
            site: requirement.site,
        });
        let path = std::mem::replace(&mut self.path, requirement.active);
        let result = run(self);
        self.path = path;
        self.frames.pop();
        result
    }

    /// `params` or `flops` of the whole network.
    pub(super) fn metric(&mut self, res: Res) -> Value {
        let metric = match res {
            Res::Builtin(Builtin::Params) => Metric::Parameters,
            _ => Metric::Flops,
        };
        let known = self.metrics.as_ref().and_then(|known| match metric {
            Metric::Parameters => known.params.clone(),
            _ => known.flops.clone(),
        });
        if let Some(known) = known {
            return known;
        }
        // The graph is lent to the measure, and taken back.
        let graph = Supergraph {
            regions: std::mem::take(&mut self.regions),
            params: std::mem::take(&mut self.params),
            input_names: Vec::new(),
            output_names: Vec::new(),
            task: Task::Other,
        };
        let found = terms(&graph, &mut self.decisions.guards, metric);
        self.regions = graph.regions;
        self.params = graph.params;
        let mut measure = Measure::default();
        for (guard, weight) in found {
            let weight = i64::try_from(weight).unwrap_or(i64::MAX);
            if guard == GuardId::ALWAYS {
                measure.constant = measure.constant.saturating_add(weight);
            } else {
                measure.terms.push((guard, weight));
            }
        }
        let value = Value::Measure(Rc::new(measure));
        if let Some(metrics) = &mut self.metrics {
            match metric {
                Metric::Parameters => metrics.params = Some(value.clone()),
                _ => metrics.flops = Some(value.clone()),
            }
        }
        value
    }

    /// `edges(h)`: how many times definitions of a family's elements use earlier
    /// ones.
    pub(super) fn edges(&mut self, nodes: Option<&Given>) -> Value {
        let Some(elements) = self.family(nodes) else {
            return Value::Unknown;
        };
        let terms = elements
            .iter()
            .filter_map(|(id, _)| self.elements.get(id.index()))
            .flat_map(|state| state.uses.iter().map(|(_, guard)| (*guard, 1)))
            .collect();
        let measure = Measure { constant: 0, terms };
        self.simplified(measure).unwrap_or(Value::Unknown)
    }

    /// `connected(h)`: every element after the seeds uses an earlier one, and
    /// something uses it.
    pub(super) fn connected(&mut self, nodes: Option<&Given>) -> Value {
        let Some(elements) = self.family(nodes) else {
            return Value::Unknown;
        };
        let all = self.all_connected(&elements);
        self.truth(all)
    }

    /// Whether every element of a family uses one and is used, each where it is there.
    pub(super) fn all_connected(&mut self, elements: &[(ElementId, GuardId)]) -> GuardId {
        let mut all = Vec::new();
        for (id, present) in elements {
            let Some(state) = self.elements.get(id.index()) else {
                continue;
            };
            if state.seed {
                continue;
            }
            let used: Vec<GuardId> = state
                .uses
                .iter()
                .map(|(_, guard)| *guard)
                .chain(state.taken.iter().copied())
                .collect();
            let uses: Vec<GuardId> = elements
                .iter()
                .filter_map(|(other, _)| self.elements.get(other.index()))
                .flat_map(|other| &other.uses)
                .filter(|(user, _)| user == id)
                .map(|(_, guard)| *guard)
                .collect();
            let guards = &mut self.decisions.guards;
            let used = guards.any(used);
            let uses = guards.any(uses);
            let both = guards.and(used, uses);
            let absent = guards.not(*present);
            all.push(guards.or(absent, both));
        }
        self.decisions.guards.all(all)
    }

    /// The elements of a family, each with the condition under which it is there.
    fn family(&mut self, nodes: Option<&Given>) -> Option<Vec<(ElementId, GuardId)>> {
        let arg = nodes?;
        let Value::List(list) = &arg.value else {
            if !matches!(arg.value, Value::Unknown) {
                let found = &arg.value;
                self.report(diagnostics::wrong_kind(arg.span, "a node family", found));
            }
            return None;
        };
        let list = Rc::clone(list);
        let mut elements = Vec::with_capacity(list.items.len());
        for item in &list.items {
            let Value::Tensor(tensor) = &item.value else {
                return None;
            };
            let Tag::Element(element) = tensor.tag else {
                self.report(diagnostics::loose_of_plain(arg.span));
                return None;
            };
            elements.push((element, item.guard));
        }
        Some(elements)
    }
}

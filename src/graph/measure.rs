//! Parameters, multiply-adds and activations as sums over conditions: what an
//! architecture costs is the sum of the weights whose conditions it fulfils.
//!
//! For every architecture the sums are those of [`super::cost`]; as terms they
//! can be bounded and searched without running through the architectures.

use std::collections::BTreeMap;

use super::cost::flops;
use super::{Op, ParamId, Region, RegionId, Shape, Supergraph};
use crate::decision::{GuardId, Guards};

/// What is summed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Trained numbers, [`super::cost::Cost::parameters`].
    Parameters,
    /// Multiply-adds, [`super::cost::Cost::flops`].
    Flops,
    /// Numbers that the operations give, [`super::cost::Cost::activations`].
    Activations,
}

/// A metric of an architecture, as conditions with weights: the sum of the
/// weights of those that hold. Every condition stands once.
#[must_use]
pub fn terms(graph: &Supergraph, guards: &mut Guards, metric: Metric) -> Vec<(GuardId, u64)> {
    let mut sums = Sums {
        metric,
        terms: BTreeMap::new(),
        params: BTreeMap::new(),
    };
    region(graph, guards, RegionId(0), GuardId::ALWAYS, &mut sums);
    for uses in std::mem::take(&mut sums.params).into_values() {
        largest(guards, uses, &mut sums);
    }
    sums.terms.into_iter().collect()
}

struct Sums {
    metric: Metric,
    terms: BTreeMap<GuardId, u64>,
    /// By parameter: how much of it is used, and when.
    params: BTreeMap<ParamId, BTreeMap<u64, Vec<GuardId>>>,
}

impl Sums {
    fn add(&mut self, guard: GuardId, weight: u64) {
        if guard != GuardId::NEVER && weight > 0 {
            let sum = self.terms.entry(guard).or_default();
            *sum = sum.saturating_add(weight);
        }
    }
}

fn region(graph: &Supergraph, guards: &mut Guards, id: RegionId, when: GuardId, sums: &mut Sums) {
    let Some(region) = graph.region(id) else {
        return;
    };
    let reached = reached(region, guards, when);
    for index in region.graph.node_indices() {
        let (Some(node), Some(&reach)) =
            (region.graph.node_weight(index), reached.get(index.index()))
        else {
            continue;
        };
        if reach == GuardId::NEVER {
            continue;
        }
        match node.op {
            Op::Input | Op::Select => continue,
            Op::Scan { region: body } => {
                self::region(graph, guards, body, reach, sums);
                continue;
            }
            _ => {}
        }
        let forms: Vec<(Option<usize>, GuardId)> = match node.forms.as_slice() {
            [] => vec![(None, reach)],
            forms => forms
                .iter()
                .enumerate()
                .map(|(place, form)| (Some(place), guards.and(reach, form.guard)))
                .collect(),
        };
        for (form, guard) in forms {
            match sums.metric {
                Metric::Flops => sums.add(guard, flops(node, form, &graph.params)),
                Metric::Activations => sums.add(guard, node.shape_of(form).len()),
                Metric::Parameters => {
                    if let Op::Extern { params, .. } = node.op_of(form) {
                        sums.add(guard, *params);
                    }
                    for (role, &bank) in node.params.iter().enumerate() {
                        let Some(bank) = graph.params.bank(bank) else {
                            continue;
                        };
                        for (offset, id) in bank.params().enumerate() {
                            let Some(param) = graph.params.get(id) else {
                                continue;
                            };
                            if !param.role.is_trained() {
                                continue;
                            }
                            let chosen = bank.choices(offset);
                            let mut all = vec![guard];
                            for (decision, option) in chosen {
                                all.push(guards.has(decision, option));
                            }
                            let used = node.part_of(form, role).map_or(param.len(), Shape::len);
                            let guard = guards.all(all);
                            let uses = sums.params.entry(id).or_default();
                            uses.entry(used).or_default().push(guard);
                        }
                    }
                }
            }
        }
    }
}

/// The greatest of the parts of one parameter that are used together.
fn largest(guards: &mut Guards, uses: BTreeMap<u64, Vec<GuardId>>, sums: &mut Sums) {
    let mut larger = GuardId::NEVER;
    for (size, when) in uses.into_iter().rev() {
        let when = guards.any(when);
        let none = guards.not(larger);
        let alone = guards.and(when, none);
        sums.add(alone, size);
        larger = guards.or(larger, when);
    }
}

/// When each node reaches an output of its region, which is read when `when`.
fn reached(region: &Region, guards: &mut Guards, when: GuardId) -> Vec<GuardId> {
    let n = region.graph.node_count();
    let mut readers: Vec<Vec<GuardId>> = vec![Vec::new(); n];
    for output in &region.outputs {
        if let Some(readers) = readers.get_mut(output.index()) {
            readers.push(when);
        }
    }
    let mut reached = vec![GuardId::NEVER; n];
    for index in region.graph.node_indices().rev() {
        let all = readers
            .get_mut(index.index())
            .map(std::mem::take)
            .unwrap_or_default();
        let reach = guards.any(all);
        if let Some(slot) = reached.get_mut(index.index()) {
            *slot = reach;
        }
        if reach == GuardId::NEVER {
            continue;
        }
        for (input, guard) in region.operands(index) {
            let both = guards.and(reach, guard);
            if let Some(readers) = readers.get_mut(input.index()) {
                readers.push(both);
            }
        }
    }
    reached
}

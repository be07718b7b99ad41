//! Parameters, multiply-adds and activations as sums over conditions: what an
//! architecture costs is the sum of the weights whose conditions it fulfils.
//!
//! For every architecture the sums are those of [`super::cost`]; as terms they
//! can be bounded and searched without running through the architectures.

use std::collections::BTreeMap;

use super::cost::{own, used};
use super::{Op, ParamId, Region, RegionId, Supergraph};
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

/// Between what the sum of terms lies in any case: those that always hold, and all.
/// Decisions may exclude that it comes near to either.
#[must_use]
pub fn bounds(terms: &[(GuardId, u64)]) -> (u128, u128) {
    terms
        .iter()
        .fold((0, 0), |(least, most), &(guard, weight)| {
            let certain = if guard == GuardId::ALWAYS { weight } else { 0 };
            (least + u128::from(certain), most + u128::from(weight))
        })
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
    let reached = reached(region, guards, when, |_, _| GuardId::ALWAYS);
    for index in region.graph.node_indices() {
        let (Some(node), Some(&reach)) =
            (region.graph.node_weight(index), reached.get(index.index()))
        else {
            continue;
        };
        if reach == GuardId::NEVER {
            continue;
        }
        if let Op::Scan { region: body } = node.op {
            self::region(graph, guards, body, reach, sums);
            continue;
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
            if let Some(own) = own(node, form, &graph.params) {
                sums.add(
                    guard,
                    match sums.metric {
                        Metric::Parameters => own.parameters,
                        Metric::Flops => own.flops,
                        Metric::Activations => own.activations,
                    },
                );
            }
            if sums.metric != Metric::Parameters {
                continue;
            }
            for (role, &bank) in node.params.iter().enumerate() {
                let Some(bank) = graph.params.bank(bank) else {
                    continue;
                };
                for (offset, id) in bank.params().enumerate() {
                    let Some(used) = used(graph, node, form, (role, id)) else {
                        continue;
                    };
                    let mut all = vec![guard];
                    for (decision, option) in bank.choices(offset) {
                        all.push(guards.has(decision, option));
                    }
                    let guard = guards.all(all);
                    let uses = sums.params.entry(id).or_default();
                    uses.entry(used).or_default().push(guard);
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

/// When each node reaches an output of its region, which is read when `when`, through
/// operations that let pass what they read when `passes` says.
pub(super) fn reached(
    region: &Region,
    guards: &mut Guards,
    when: GuardId,
    passes: impl Fn(&mut Guards, &Op) -> GuardId,
) -> Vec<GuardId> {
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
        let node = region.graph.node_weight(index);
        let passes = node.map_or(GuardId::NEVER, |node| passes(guards, &node.op));
        let reach = guards.and(reach, passes);
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

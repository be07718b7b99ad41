//! The parameters of primitives: found by who owns them, made at the first use.

use super::functions::MAX_NUMBERS;
use super::paths::PathId;
use super::value::PerPart;
use super::{Evaluator, diagnostics};
use crate::decision::DecisionId;
use crate::graph::{Bank, BankId, Param, ParamId, Role, Shape};
use crate::span::Span;

/// What tells one bank from another: the call that owns it, what `@per` lists, and
/// the role.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct BankKey {
    path: PathId,
    elements: Vec<usize>,
    decisions: Vec<DecisionId>,
    role: &'static str,
}

impl Evaluator<'_> {
    /// The bank of the present instance path, `@per` values and role: made on
    /// first use; the same key later gives the same bank.
    pub(super) fn bank(
        &mut self,
        role_name: &'static str,
        role: Role,
        shape: Vec<usize>,
        site: Span,
    ) -> Option<BankId> {
        let mut decisions: Vec<DecisionId> = Vec::new();
        let mut elements: Vec<usize> = Vec::new();
        for part in &self.per {
            match part {
                PerPart::Decision(decision) if !decisions.contains(decision) => {
                    decisions.push(*decision);
                }
                PerPart::Decision(_) => {}
                PerPart::Element(element) => {
                    let index = self.elements.get(element.index());
                    elements.extend(index.map(|state| state.index));
                }
            }
        }
        let key = BankKey {
            path: self.instance_path.id(),
            elements,
            decisions,
            role: role_name,
        };
        if let Some(&bank) = self.banks.get(&key) {
            let known = self
                .params
                .bank(bank)
                .and_then(|bank| self.params.get(bank.first))
                .map_or(&[][..], |param| &param.shape);
            if known != shape {
                let known = known.to_vec();
                self.report(diagnostics::shared_shape(site, &known, &shape));
                return None;
            }
            return Some(bank);
        }
        let shape = Shape(shape);
        if shape.len() > MAX_NUMBERS {
            self.report(diagnostics::overflow(site));
            return None;
        }
        let options: Vec<Vec<String>> = key
            .decisions
            .iter()
            .filter_map(|id| self.decisions.point(*id))
            .map(|point| point.options.clone())
            .collect();
        let sizes: Vec<u32> = options.iter().map(|options| options.len() as u32).collect();
        let n = sizes
            .iter()
            .fold(1, |n: u64, &size| n.saturating_mul(u64::from(size)));
        if !self.step(n, site) {
            return None;
        }
        let first = ParamId(self.params.params.len() as u32);
        let path = self.instance_path.as_str();
        for (offset, Shape(shape)) in (0..n).zip(std::iter::repeat_n(shape, n as usize)) {
            let mut values: Vec<String> = key.elements.iter().map(ToString::to_string).collect();
            let mut rest = offset;
            let mut chosen: Vec<String> = Vec::new();
            for options in options.iter().rev() {
                let n = options.len() as u64;
                chosen.extend(options.get((rest % n) as usize).cloned());
                rest /= n;
            }
            values.extend(chosen.into_iter().rev());
            let per = if values.is_empty() {
                String::new()
            } else {
                format!("@{}", values.join(","))
            };
            self.params.params.push(Param {
                name: [path, &per, ".", role_name].concat(),
                shape,
                role,
            });
        }
        let bank = BankId(self.params.banks.len() as u32);
        self.params.banks.push(Bank {
            per: key.decisions.clone(),
            sizes,
            first,
        });
        self.banks.insert(key, bank);
        Some(bank)
    }

    /// The matrix of another call, in place of one of its own.
    pub(super) fn tied(
        &mut self,
        tie: BankId,
        wanted: &[(&'static str, Role, Vec<usize>)],
        site: Span,
    ) -> Option<BankId> {
        let owned = self
            .params
            .bank(tie)
            .and_then(|bank| self.params.get(bank.first))
            .map(|param| param.shape.clone())
            .unwrap_or_default();
        match wanted {
            [(_, _, shape)] if *shape == owned => Some(tie),
            [(_, _, shape), bias @ ..] => {
                let bias = !bias.is_empty();
                self.report(diagnostics::tie_differs(site, &owned, shape, bias));
                None
            }
            [] => None,
        }
    }
}

//! The parameters of primitives: found by who owns them, made at the first use.

use std::rc::Rc;

use super::functions::MAX_NUMBERS;
use super::paths::PathId;
use super::value::PerPart;
use super::{Evaluator, diagnostics};
use crate::decision::{DecisionId, DecisionSpace};
use crate::graph::{Bank, BankId, Param, ParamId, Role, Shape};
use crate::span::Span;

/// Who owns banks, one a role: a call, and what `@per` lists, if anything.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Owner {
    path: PathId,
    per: Option<Box<Per>>,
}

/// The banks of an owner, by role.
pub(super) type Owned = Vec<(&'static str, BankId)>;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Per {
    /// Elements by their index, picked values as they are called.
    elements: Vec<Rc<str>>,
    decisions: Vec<DecisionId>,
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
        let owner = Owner {
            path: self.instance_path.id(),
            per: self.present_per(),
        };
        let owned = self.banks.get(&owner).map_or(&[][..], Vec::as_slice);
        if let Some(&(_, bank)) = owned.iter().find(|(role, _)| *role == role_name) {
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
        let per = owner.per.as_deref();
        let decisions = per.map_or(&[][..], |per| &per.decisions);
        let points = decisions.iter().filter_map(|id| self.decisions.point(*id));
        let bank = Bank {
            per: decisions.to_vec(),
            sizes: points.map(|point| point.options.len() as u32).collect(),
            first: ParamId(self.params.params.len() as u32),
        };
        let n = bank
            .sizes
            .iter()
            .fold(1, |n: u64, &size| n.saturating_mul(u64::from(size)));
        if !self.step(n, site) {
            return None;
        }
        let path = self.instance_path.as_str();
        for (offset, Shape(shape)) in (0..n).zip(std::iter::repeat_n(shape, n as usize)) {
            let per = per.map_or_else(String::new, |per| per.words(offset, &self.decisions));
            self.params.params.push(Param {
                name: [path, &per, ".", role_name].concat(),
                shape,
                role,
            });
        }
        let id = BankId(self.params.banks.len() as u32);
        self.params.banks.push(bank);
        self.banks.entry(owner).or_default().push((role_name, id));
        Some(id)
    }

    fn present_per(&self) -> Option<Box<Per>> {
        if self.per.is_empty() {
            return None;
        }
        let mut decisions: Vec<DecisionId> = Vec::new();
        let mut elements: Vec<Rc<str>> = Vec::new();
        for part in &self.per {
            match part {
                PerPart::Decision(decision) if !decisions.contains(decision) => {
                    decisions.push(*decision);
                }
                PerPart::Decision(_) => {}
                PerPart::Element(element) => {
                    let index = self.elements.get(element.index());
                    elements.extend(index.map(|state| state.index.to_string().into()));
                }
                PerPart::Item(name) => elements.push(name.clone()),
            }
        }
        Some(Box::new(Per {
            elements,
            decisions,
        }))
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

impl Per {
    /// Its values at one place of the bank, in words: `@2,relu`.
    fn words(&self, offset: u64, space: &DecisionSpace) -> String {
        let mut rest = offset;
        let mut values: Vec<String> = Vec::new();
        let points = self.decisions.iter().filter_map(|id| space.point(*id));
        for point in points.rev() {
            let n = point.options.len() as u64;
            values.extend(point.options.get((rest % n) as usize).cloned());
            rest /= n;
        }
        values.extend(self.elements.iter().rev().map(ToString::to_string));
        values.reverse();
        format!("@{}", values.join(","))
    }
}

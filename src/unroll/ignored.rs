//! Choices after which every architecture ignores its input.
//!
//! That several choices together do so is common where zero is a candidate, and often
//! meant: `enasc stats` counts how often. That one alone does is most often a mistake.

use indexmap::IndexMap;

use super::{Evaluator, diagnostics};
use crate::decision::{DecisionId, Domain, ElementId, Guard, GuardId, Share};
use crate::graph::RegionId;
use crate::graph::ignored::bottlenecks;
use crate::span::Span;

/// A condition with more parts than this is no choice of one decision.
const MOST_READ: usize = 100;

/// So many elements a family has at most of which `connected` is tried.
const MOST_ELEMENTS: usize = 50;

/// At so many places the architectures are counted at most.
const MOST_COUNTED: usize = 8;

/// What cuts the input off at one place of the source.
#[derive(Default)]
struct Cut {
    /// Under these conditions.
    when: Vec<GuardId>,
    /// What the choices are called.
    choices: Vec<String>,
    /// Whether it is sets of which nothing is taken.
    by_sets: bool,
}

impl Evaluator<'_> {
    /// Warns of decisions one of whose choices cuts the input off.
    pub(super) fn warn_of_ignored(&mut self) {
        let regions = self.regions.iter().enumerate();
        let found: Vec<Vec<GuardId>> = regions
            .flat_map(|(id, region)| bottlenecks(region, RegionId(id as u32)))
            .map(|(_, guards)| guards)
            .collect();
        let mut cuts: IndexMap<Span, Cut> = IndexMap::new();
        for ways in found {
            let Some(decision) = self.only_decision(&ways) else {
                continue;
            };
            let heeded = self.decisions.guards.any(ways);
            let Some(point) = self.decisions.point(decision) else {
                continue;
            };
            let (active, span, n) = (point.active, point.span, point.domain.options());
            let is_set = matches!(point.domain, Domain::Subset { .. });
            let names = point.options.clone();
            let ignored = self.decisions.guards.not(heeded);
            let when = self
                .decisions
                .guards
                .all([self.decisions.require, active, ignored]);
            if !self.decisions.guards.possible(when) {
                continue;
            }
            let cut = cuts.entry(span).or_default();
            cut.by_sets |= is_set;
            cut.when.push(when);
            for option in (0..n).filter(|_| !is_set) {
                let has = self.decisions.guards.has(decision, option);
                let with = self.decisions.guards.and(when, has);
                let name = names.get(option as usize);
                if with != GuardId::NEVER
                    && self.decisions.guards.possible(with)
                    && let Some(name) = name.filter(|name| !cut.choices.contains(name))
                {
                    cut.choices.push(name.clone());
                }
            }
        }
        let mut left = MOST_COUNTED;
        for (span, cut) in cuts {
            let when = self.decisions.guards.any(cut.when);
            left = left.saturating_sub(1);
            let share = (left > 0).then(|| Share::quick(&mut self.decisions, when).ok());
            let share = share.flatten();
            if share.is_none() {
                left = 0;
            }
            let family = if cut.by_sets {
                self.connecting(when)
            } else {
                None
            };
            let warning =
                diagnostics::input_ignored(span, &cut.choices, share.as_ref(), family.as_deref());
            self.diagnostics.push(warning);
        }
    }

    /// The decision that alone says whether any of some conditions holds.
    fn only_decision(&self, ways: &[GuardId]) -> Option<DecisionId> {
        if ways.is_empty() || ways.contains(&GuardId::ALWAYS) {
            return None;
        }
        let mut found = None;
        let mut open = ways.to_vec();
        for _ in 0..ways.len() + MOST_READ {
            let Some(guard) = open.pop() else {
                return found;
            };
            match self.decisions.guards.get(guard) {
                Guard::Has { decision, .. } => {
                    if found
                        .replace(*decision)
                        .is_some_and(|other| other != *decision)
                    {
                        return None;
                    }
                }
                Guard::Not(inner) => open.push(*inner),
                Guard::And(parts) | Guard::Or(parts) => open.extend(parts),
                Guard::Always | Guard::Never | Guard::AtMost { .. } => return None,
            }
        }
        None
    }

    /// The family of which `require connected(..)` excludes a condition.
    fn connecting(&mut self, ignored: GuardId) -> Option<String> {
        let mut families: IndexMap<u32, Vec<(ElementId, GuardId)>> = IndexMap::new();
        for (place, state) in self.elements.iter().enumerate() {
            let element = (ElementId(place as u32), GuardId::ALWAYS);
            families.entry(state.family).or_default().push(element);
        }
        let small = families.into_values();
        for elements in small.filter(|elements| elements.len() <= MOST_ELEMENTS) {
            let all = self.all_connected(&elements);
            let both = self.decisions.guards.and(all, ignored);
            if self.decisions.guards.possible(both) || !self.decisions.guards.possible(all) {
                continue;
            }
            let (first, _) = elements.first()?;
            let name = &self.decisions.elements.get(first.index())?.name;
            let name = name.rsplit('.').next()?.split('[').next()?;
            return Some(name.to_owned());
        }
        None
    }
}

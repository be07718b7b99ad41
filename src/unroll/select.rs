//! One value for several, each under its condition.

use std::rc::Rc;

use super::arith::plain;
use super::value::{Callable, Item, List, Option_, Tensor, Value};
use super::{Evaluator, diagnostics};
use crate::decision::GuardId;
use crate::graph::Op;
use crate::span::Span;

/// What is joined.
#[derive(Clone, Copy)]
pub(super) enum Join<'a> {
    /// The candidates of a choice, applied to this input if to any.
    Candidates(Option<&'a Value>),
    /// What the arms of a condition or the rounds of a loop leave.
    Arms,
}

impl Evaluator<'_> {
    /// One value for several, each under its guard.
    pub(super) fn select(&mut self, options: Vec<Option_>, site: Span, join: Join<'_>) -> Value {
        if options
            .iter()
            .any(|option| matches!(option.value, Value::Unknown))
            || !self.step(options.len() as u64, site)
        {
            return Value::Unknown;
        }
        if let Some(tensors) = all(&options, |value| match value {
            Value::Tensor(tensor) => Some(tensor),
            _ => None,
        }) {
            return self.select_tensor(&tensors, &options, site, join);
        }
        if let Some(tuples) = all(&options, |value| match value {
            Value::Tuple(parts) => Some(parts.clone()),
            _ => None,
        }) {
            let n = tuples.first().map_or(0, |parts| parts.len());
            if tuples.iter().all(|parts| parts.len() == n) {
                return self.select_tuple(&tuples, n, &options, site, join);
            }
        }
        if let Some(lists) = all(&options, |value| match value {
            Value::List(list) => Some(list.clone()),
            _ => None,
        }) {
            return self.select_list(&lists, &options, site, join);
        }
        if options
            .iter()
            .all(|option| matches!(option.value, Value::Callable(_)))
        {
            return Value::Callable(Rc::new(Callable::Choice {
                decision: None,
                name: String::new(),
                candidates: options,
            }));
        }
        let is_number = |value: &Value| {
            matches!(
                value,
                Value::Int(_)
                    | Value::Float(_)
                    | Value::Text(_)
                    | Value::Word(_)
                    | Value::Range { .. }
                    | Value::Cases(_)
                    | Value::Measure(_)
            )
        };
        let is_truth = |value: &Value| matches!(value, Value::Bool(_) | Value::Cond(_));
        let numbers = options.iter().all(|option| is_number(&option.value));
        let truths = options.iter().all(|option| is_truth(&option.value));
        if !numbers && !truths {
            let kinds: Vec<(Span, String)> = options
                .iter()
                .map(|option| (option.span, option.value.describe()))
                .collect();
            return self.report(diagnostics::kinds_differ(site, &kinds));
        }
        let mut cases = Vec::with_capacity(options.len());
        for option in options {
            match option.value {
                measure @ Value::Measure(_) => {
                    let Some(table) = self.table(&[measure], site, |_, args| args.first().cloned())
                    else {
                        return Value::Unknown;
                    };
                    for (guard, value) in self.group(&table, Value::clone, Value::same) {
                        let both = self.decisions.guards.and(option.guard, guard);
                        cases.push((both, value));
                    }
                }
                value => cases.push((option.guard, value)),
            }
        }
        self.collect(cases)
    }

    fn select_tensor(
        &mut self,
        tensors: &[&Tensor],
        options: &[Option_],
        site: Span,
        join: Join<'_>,
    ) -> Value {
        if tensors.is_empty() {
            return self.report(diagnostics::empty_choice(site));
        }
        let sizes: Vec<_> = tensors
            .iter()
            .zip(options)
            .map(|(tensor, option)| (option.guard, &tensor.sizes))
            .collect();
        let sizes = match self.agree(&sizes) {
            Ok(sizes) => sizes,
            Err((a, b, at)) => return self.differ(tensors, options, (a, b), at, site, join),
        };
        let timed = tensors.iter().any(|tensor| tensor.timed);
        let inputs: Vec<(Tensor, GuardId)> = tensors
            .iter()
            .zip(options)
            .map(|(tensor, option)| (plain(tensor), option.guard))
            .collect();
        let inputs: Vec<(&Tensor, GuardId)> = inputs.iter().map(|(t, g)| (t, *g)).collect();
        self.node(Op::Select, sizes, timed, &inputs, Vec::new(), site)
    }

    /// Reports tensors of different shapes.
    fn differ(
        &mut self,
        tensors: &[&Tensor],
        options: &[Option_],
        (a, b): (usize, usize),
        at: GuardId,
        site: Span,
        join: Join<'_>,
    ) -> Value {
        let shapes: Vec<_> = tensors
            .iter()
            .zip(options)
            .map(|(tensor, option)| (option.span, &*option.name, &tensor.sizes))
            .collect();
        let diagnostic = match join {
            Join::Candidates(input) => {
                let input = match input {
                    Some(Value::Tensor(tensor)) => Some(&tensor.sizes),
                    _ => None,
                };
                let place = self.decision_path.as_str().to_owned();
                diagnostics::candidates_differ(site, &shapes, input, &place)
            }
            Join::Arms => {
                let of = |place: usize| shapes.get(place).map(|(_, _, sizes)| sizes.to_string());
                let (a, b) = (of(a).unwrap_or_default(), of(b).unwrap_or_default());
                diagnostics::arms_differ(site, &a, &b)
            }
        };
        let by_sizes = tensors.iter().any(|tensor| tensor.sizes.known().is_none());
        if by_sizes || matches!(join, Join::Arms) {
            return self.in_case(at, |this| this.report(diagnostic));
        }
        self.report(diagnostic)
    }

    fn select_tuple(
        &mut self,
        tuples: &[Rc<[Value]>],
        n: usize,
        options: &[Option_],
        site: Span,
        join: Join<'_>,
    ) -> Value {
        // Every part is compared, and tuples of tuples may be large.
        if !self.step(8 * n as u64, site) {
            return Value::Unknown;
        }
        let parts = (0..n).map(|place| {
            let part = options
                .iter()
                .zip(tuples)
                .map(|(option, parts)| Option_ {
                    value: parts.get(place).cloned().unwrap_or(Value::Unknown),
                    ..option.clone()
                })
                .collect();
            self.select_same(part, site, join)
        });
        Value::Tuple(parts.collect())
    }

    /// Lists place by place; where some are longer, the rest is there where
    /// they are. What was picked has no places: all items stand side by side.
    fn select_list(
        &mut self,
        lists: &[Rc<List>],
        options: &[Option_],
        site: Span,
        join: Join<'_>,
    ) -> Value {
        let element = lists.iter().find_map(|list| list.element.clone());
        if lists.iter().any(|list| list.picked) {
            let mut items = Vec::new();
            for (list, option) in lists.iter().zip(options) {
                for item in &list.items {
                    let guard = self.decisions.guards.and(option.guard, item.guard);
                    items.push(Item {
                        guard,
                        value: item.value.clone(),
                    });
                }
            }
            return Value::List(Rc::new(List {
                items,
                picked: true,
                element,
            }));
        }
        let n = lists.iter().map(|list| list.items.len()).max().unwrap_or(0);
        let mut items = Vec::with_capacity(n);
        for place in 0..n {
            let mut present = Vec::new();
            let mut guards = Vec::new();
            for (list, option) in lists.iter().zip(options) {
                if let Some(item) = list.items.get(place) {
                    let guard = self.decisions.guards.and(option.guard, item.guard);
                    guards.push(guard);
                    present.push(Option_ {
                        guard,
                        value: item.value.clone(),
                        ..option.clone()
                    });
                }
            }
            let mut guard = self.decisions.guards.any(guards);
            if self.is_certain(guard) {
                guard = GuardId::ALWAYS;
            }
            let value = self.select_same(present, site, join);
            items.push(Item { guard, value });
        }
        Value::List(Rc::new(List {
            items,
            picked: false,
            element,
        }))
    }

    /// [`Self::select`], and the value itself where all are the same.
    fn select_same(&mut self, options: Vec<Option_>, site: Span, join: Join<'_>) -> Value {
        match options.first() {
            Some(first) if options.iter().all(|o| o.value.same(&first.value)) => {
                first.value.clone()
            }
            _ => self.select(options, site, join),
        }
    }
}

/// What all options are, if all are of one kind.
fn all<'a, T>(options: &'a [Option_], of: impl Fn(&'a Value) -> Option<T>) -> Option<Vec<T>> {
    options.iter().map(|option| of(&option.value)).collect()
}

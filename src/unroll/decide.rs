//! Decisions: `choose` and `pick`, and selection among their options.

use std::rc::Rc;

use super::arith::{as_float, plain};
use super::call::decided;
use super::value::{Callable, Item, List, Option_, Tag, Tensor, Value};
use super::{Evaluator, diagnostics};
use crate::decision::{
    DecisionId, DecisionPoint, Domain, ElementId, GuardId, Hints, OptionSource, Table, TableId,
};
use crate::graph::Op;
use crate::hir::{self, Candidate, Choose, Expr, HintExprs, OpsId, Pick, PickCount};
use crate::span::Span;

/// The operations of a named set, with their names and places.
pub(super) type Candidates = Rc<Vec<(String, Value, Span)>>;

impl Evaluator<'_> {
    // ---- choose

    pub(super) fn choose(&mut self, choose: &Choose, span: Span) -> Value {
        match &choose.from {
            Ok(candidates) => self.choose_candidates(candidates, &choose.hints, span),
            Err(source) => match self.eval(source) {
                Value::Unknown => Value::Unknown,
                Value::Ops(id) => self.choose_ops(id, &choose.hints, span),
                Value::List(_) | Value::Range { .. } => {
                    self.report(diagnostics::not_yet(span, "a choice among values"))
                }
                other => self.report(diagnostics::choose_of(source.span, &other)),
            },
        }
    }

    /// Chooses among a named set: its operations, without applying them.
    fn choose_ops(&mut self, id: OpsId, hints: &HintExprs, span: Span) -> Value {
        let Some(candidates) = self.ops(id, span) else {
            return Value::Unknown;
        };
        let names: Vec<String> = candidates.iter().map(|(name, ..)| name.clone()).collect();
        let table = self.ops_table(id, names.len());
        let hints = self.hints(hints, &names);
        let decision = self.decide(
            span,
            Domain::One {
                n: names.len() as u32,
            },
            names,
            Some(OptionSource::Table(table)),
            hints,
        );
        let Some(decision) = decision else {
            return Value::Unknown;
        };
        let options = candidates
            .iter()
            .enumerate()
            .map(|(option, (name, value, span))| Option_ {
                name: name.clone(),
                guard: self.decisions.guards.has(decision, option as u32),
                value: value.clone(),
                span: *span,
            })
            .collect();
        Value::Callable(Rc::new(Callable::Choice {
            decision,
            name: self.binding.clone().unwrap_or_default(),
            candidates: options,
        }))
    }

    /// Chooses among candidates written in place: first the choice, then what
    /// each candidate decides, under its guard.
    fn choose_candidates(
        &mut self,
        candidates: &[Candidate],
        hints: &HintExprs,
        span: Span,
    ) -> Value {
        let names: Vec<String> = candidates.iter().map(|c| c.name.clone()).collect();
        let hints = self.hints(hints, &names);
        let decision = self.decide(
            span,
            Domain::One {
                n: names.len() as u32,
            },
            names,
            None,
            hints,
        );
        let Some(decision) = decision else {
            return Value::Unknown;
        };
        let name = self.binding.clone().unwrap_or_default();
        let mut options = Vec::with_capacity(candidates.len());
        for (place, candidate) in candidates.iter().enumerate() {
            let guard = self.decisions.guards.has(decision, place as u32);
            let mut option = Option_ {
                name: candidate.name.clone(),
                guard,
                value: Value::Unknown,
                span: candidate.value.span,
            };
            option.value = self.under(&name, &option, span, |this| this.eval(&candidate.value));
            options.push(option);
        }
        if options
            .iter()
            .all(|option| matches!(option.value, Value::Callable(_)))
        {
            return Value::Callable(Rc::new(Callable::Choice {
                decision,
                name: self.binding.clone().unwrap_or_default(),
                candidates: options,
            }));
        }
        decided(self.select(options, span, None), decision)
    }

    /// The candidates of a named set, computed once.
    fn ops(&mut self, id: OpsId, span: Span) -> Option<Candidates> {
        if let Some(Some(known)) = self.ops.get(id.index()) {
            return Some(known.clone());
        }
        let space = self.space;
        let set = space.ops.get(id.index())?;
        let res = hir::Res::Ops(id);
        if self.evaluating.contains(&res) {
            self.report(diagnostics::cycle(span, &set.name.name));
            return None;
        }
        self.evaluating.push(res);
        self.frames.push(super::Frame {
            locals: Vec::new(),
            site: span,
        });
        let mut candidates = Vec::with_capacity(set.candidates.len());
        let mut complete = true;
        for candidate in &set.candidates {
            let value = match self.eval(&candidate.value) {
                value @ Value::Callable(_) => value,
                Value::Unknown => {
                    complete = false;
                    Value::Unknown
                }
                other => {
                    complete = false;
                    self.report(diagnostics::candidate_kind(candidate.span, &other))
                }
            };
            candidates.push((candidate.name.clone(), value, candidate.span));
        }
        self.frames.pop();
        self.evaluating.pop();
        if !complete {
            return None;
        }
        let candidates = Rc::new(candidates);
        if let Some(slot) = self.ops.get_mut(id.index()) {
            *slot = Some(candidates.clone());
        }
        Some(candidates)
    }

    /// The softmax table of a named set: one for all its decisions.
    fn ops_table(&mut self, id: OpsId, size: usize) -> TableId {
        if let Some(table) = self.tables.get(&id) {
            return *table;
        }
        let name = self
            .space
            .ops
            .get(id.index())
            .map_or_else(String::new, |set| set.name.name.clone());
        let table = self.add_table(name, size);
        self.tables.insert(id, table);
        table
    }

    fn add_table(&mut self, name: String, size: usize) -> TableId {
        let table = TableId(self.decisions.tables.len() as u32);
        self.decisions.tables.push(Table {
            name,
            size: size as u32,
        });
        table
    }

    // ---- pick

    pub(super) fn pick(&mut self, pick: &Pick, span: Span) -> Value {
        let source = self.eval(&pick.source);
        let list = match source {
            Value::Unknown => return Value::Unknown,
            Value::List(list) => list,
            Value::Tuple(items) => Rc::new(List::fixed(items.to_vec())),
            Value::Range { .. } => {
                return self.report(diagnostics::not_yet(span, "a pick among values"));
            }
            other => {
                return self.report(diagnostics::wrong_kind(pick.source.span, "a list", &other));
            }
        };
        if list.dynamic {
            return self.report(diagnostics::not_yet(
                span,
                "a pick from a list that decisions shorten",
            ));
        }
        let n = list.items.len() as u32;
        let Some(domain) = self.pick_domain(&pick.count, n, pick.source.span, span) else {
            return Value::Unknown;
        };
        let names: Vec<String> = (0..n).map(|option| option.to_string()).collect();
        let hints = self.hints(&pick.hints, &names);
        let source = elements_of(&list).map(OptionSource::Elements);
        let Some(decision) = self.decide(span, domain, names, source, hints) else {
            return Value::Unknown;
        };
        let items: Vec<Item> = list
            .items
            .iter()
            .enumerate()
            .map(|(option, item)| {
                let guard = self.decisions.guards.has(decision, option as u32);
                self.record_use(&item.value, guard);
                Item {
                    guard,
                    value: item.value.clone(),
                }
            })
            .collect();
        if let Domain::Subset { min, .. } = domain {
            return Value::List(Rc::new(List {
                items,
                dynamic: true,
                may_be_empty: min == 0,
                element: list.element.clone(),
            }));
        }
        let options: Vec<Option_> = items
            .into_iter()
            .enumerate()
            .map(|(option, item)| Option_ {
                name: option.to_string(),
                guard: item.guard,
                value: item.value,
                span: pick.source.span,
            })
            .collect();
        if options
            .iter()
            .all(|option| matches!(option.value, Value::Callable(_)))
        {
            return Value::Callable(Rc::new(Callable::Choice {
                decision,
                name: self.binding.clone().unwrap_or_default(),
                candidates: options,
            }));
        }
        decided(self.select(options, span, None), decision)
    }

    fn pick_domain(
        &mut self,
        count: &PickCount,
        n: u32,
        source: Span,
        span: Span,
    ) -> Option<Domain> {
        let (min, max, text) = match count {
            PickCount::Any => (0, n, "any".to_owned()),
            PickCount::Some => (1, n, "some".to_owned()),
            PickCount::Count(expr) => match self.eval(expr) {
                Value::Unknown => return None,
                Value::Int(k) => {
                    let k = self.pick_size(k, expr)?;
                    (k, k, k.to_string())
                }
                Value::Range { start, end } => {
                    let (a, b) = (
                        self.pick_size(start, expr)?,
                        self.pick_size(end.saturating_sub(1), expr)?,
                    );
                    if a > b {
                        self.report(diagnostics::pick_nothing(expr.span));
                        return None;
                    }
                    (a, b, format!("{a}..={b}"))
                }
                other => {
                    self.report(diagnostics::wrong_kind(expr.span, "a number", &other));
                    return None;
                }
            },
        };
        if n == 0 && min > 0 {
            self.report(diagnostics::pick_from_empty(source, &text));
            return None;
        }
        if max > n || min > n {
            self.report(diagnostics::pick_too_many(span, &text, source, n));
            return None;
        }
        Some(
            if min == 1 && max == 1 && !matches!(count, PickCount::Some) {
                Domain::One { n }
            } else {
                Domain::Subset { n, min, max }
            },
        )
    }

    fn pick_size(&mut self, k: i64, expr: &Expr) -> Option<u32> {
        let size = u32::try_from(k).ok();
        if size.is_none() {
            self.report(diagnostics::pick_negative(expr.span, k));
        }
        size
    }

    // ---- what both share

    fn hints(&mut self, hints: &HintExprs, names: &[String]) -> Hints {
        let near = hints.near.as_ref().and_then(|near| self.float(near));
        let near = near.filter(|near| {
            let positive = *near > 0.0;
            if let (false, Some(expr)) = (positive, &hints.near) {
                self.report(diagnostics::bad_hint(
                    expr.span,
                    "near",
                    "a positive number",
                ));
            }
            positive
        });
        let rate = hints.rate.as_ref().and_then(|rate| self.float(rate));
        let rate = rate.filter(|rate| {
            let inside = *rate > 0.0 && *rate < 1.0;
            if let (false, Some(expr)) = (inside, &hints.rate) {
                self.report(diagnostics::bad_hint(
                    expr.span,
                    "rate",
                    "a number between 0 and 1",
                ));
            }
            inside
        });
        let mut bias = Vec::new();
        for (name, expr) in &hints.bias {
            let Some(option) = names.iter().position(|known| *known == name.name) else {
                self.report(diagnostics::unknown_candidate(name.span, &name.name, names));
                continue;
            };
            bias.resize(names.len(), 0.0);
            if let (Some(slot), Some(value)) = (bias.get_mut(option), self.float(expr)) {
                *slot = value;
            }
        }
        Hints { near, rate, bias }
    }

    fn float(&mut self, expr: &Expr) -> Option<f64> {
        let value = self.eval(expr);
        let number = as_float(&value);
        if number.is_none() && !matches!(value, Value::Unknown) {
            self.report(diagnostics::wrong_kind(expr.span, "a number", &value));
        }
        number
    }

    /// Makes a decision point here, or finds the one that the first instance
    /// of the enclosing cell made.
    fn decide(
        &mut self,
        span: Span,
        domain: Domain,
        options: Vec<String>,
        source: Option<OptionSource>,
        hints: Hints,
    ) -> Option<DecisionId> {
        if domain.options() == 0 && matches!(domain, Domain::One { .. }) {
            self.report(diagnostics::empty_choice(span));
            return None;
        }
        let mut path = self
            .decision_path
            .name(self.binding.as_deref().unwrap_or_default(), (span, span));
        if path.is_empty() {
            "choice".clone_into(&mut path);
        }
        if self.replaying() {
            return self.replay(&path, span, domain, &options);
        }
        let source = match source {
            Some(source) => source,
            None => OptionSource::Table(self.add_table(path.clone(), options.len())),
        };
        let widest = self.widest.entry(span).or_insert((0, path.clone()));
        // A set of one option is still there or not.
        let choices = u32::try_from(domain.size()).unwrap_or(u32::MAX);
        widest.0 = widest.0.max(choices);
        let id = self.decisions.add(DecisionPoint {
            path: path.clone(),
            domain,
            options,
            active: self.path,
            available: Vec::new(),
            source,
            hints,
            span,
        });
        if let Some(element) = self.defining.last()
            && let Some(element) = self.decisions.elements.get_mut(element.index())
        {
            element.decisions.push(id);
        }
        if let Some(state) = self.inside.last().and_then(|cell| self.cells.get_mut(cell)) {
            state.decisions.insert(path, id);
        }
        Some(id)
    }

    fn replay(
        &mut self,
        path: &str,
        span: Span,
        domain: Domain,
        options: &[String],
    ) -> Option<DecisionId> {
        let cell = self.inside.last()?.clone();
        let state = self.cells.get_mut(&cell)?;
        state.visited += 1;
        let first = state.site;
        let known = state.decisions.get(path).copied();
        let same = known.filter(|id| {
            self.decisions
                .point(*id)
                .is_some_and(|point| point.domain == domain && point.options == options)
        });
        if same.is_none() {
            let site = self.frames.last().map_or(span, |frame| frame.site);
            let why = match known.and_then(|id| self.decisions.point(id)) {
                Some(point) => format!(
                    "`{path}` has {} options here and {} in the first instance",
                    domain.options(),
                    point.domain.options()
                ),
                None => format!("`{path}` is decided here and not in the first instance"),
            };
            self.report(diagnostics::cell_disagrees(site, first, &cell, &why));
        }
        same
    }

    /// One value for several, each under its guard.
    pub(super) fn select(
        &mut self,
        options: Vec<Option_>,
        site: Span,
        input: Option<&Value>,
    ) -> Value {
        if options
            .iter()
            .any(|option| matches!(option.value, Value::Unknown))
        {
            return Value::Unknown;
        }
        let tensors: Option<Vec<(&Tensor, &Option_)>> = options
            .iter()
            .map(|option| match &option.value {
                Value::Tensor(tensor) => Some((tensor, option)),
                _ => None,
            })
            .collect();
        if let Some(tensors) = tensors {
            return self.select_tensor(&tensors, site, input);
        }
        let tuples: Option<Vec<&Rc<[Value]>>> = options
            .iter()
            .map(|option| match &option.value {
                Value::Tuple(parts) => Some(parts),
                _ => None,
            })
            .collect();
        if let Some(tuples) = tuples {
            let n = tuples.first().map_or(0, |parts| parts.len());
            if tuples.iter().all(|parts| parts.len() == n) {
                let parts = (0..n).map(|place| {
                    let part = options
                        .iter()
                        .zip(&tuples)
                        .map(|(option, parts)| Option_ {
                            value: parts.get(place).cloned().unwrap_or(Value::Unknown),
                            ..option.clone()
                        })
                        .collect();
                    self.select(part, site, input)
                });
                return Value::Tuple(parts.collect());
            }
        }
        self.report(diagnostics::not_yet(site, "a choice among values"))
    }

    fn select_tensor(
        &mut self,
        tensors: &[(&Tensor, &Option_)],
        site: Span,
        input: Option<&Value>,
    ) -> Value {
        let Some((first, _)) = tensors.first() else {
            return self.report(diagnostics::empty_choice(site));
        };
        if tensors
            .iter()
            .any(|(tensor, _)| tensor.shape != first.shape)
        {
            let shapes: Vec<_> = tensors
                .iter()
                .map(|(tensor, option)| (option.span, option.name.as_str(), &tensor.shape))
                .collect();
            let input = match input {
                Some(Value::Tensor(tensor)) => Some(&tensor.shape),
                _ => None,
            };
            let place = self.decision_path.as_str().to_owned();
            return self.report(diagnostics::candidates_differ(site, &shapes, input, &place));
        }
        let timed = tensors.iter().any(|(tensor, _)| tensor.timed);
        let inputs: Vec<(Tensor, GuardId)> = tensors
            .iter()
            .map(|(tensor, option)| (plain(tensor), option.guard))
            .collect();
        let inputs: Vec<(&Tensor, GuardId)> = inputs.iter().map(|(t, g)| (t, *g)).collect();
        self.node(
            Op::Select,
            first.shape.clone(),
            timed,
            &inputs,
            Vec::new(),
            site,
        )
    }
}

/// The elements that a list's items are, if all are.
fn elements_of(list: &List) -> Option<Vec<ElementId>> {
    list.items
        .iter()
        .map(|item| match &item.value {
            Value::Tensor(tensor) => match tensor.tag {
                Tag::Element(element) => Some(element),
                _ => None,
            },
            _ => None,
        })
        .collect()
}

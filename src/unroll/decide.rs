//! Decisions: `choose` and `pick`.

use std::collections::HashSet;
use std::rc::Rc;

use super::arith::as_float;
use super::call::decided;
use super::select::Join;
use super::value::{Callable, Item, List, Option_, Tag, Value};
use super::{Evaluator, diagnostics};
use crate::decision::{
    DecisionId, DecisionPoint, Domain, ElementId, GuardId, Hints, OptionSource, Table, TableId,
};
use crate::hir::{self, Candidate, Choose, Expr, HintExprs, OpsId, Pick, PickCount, PickOrder};
use crate::span::Span;

/// The operations of a named set, with their names and places.
#[derive(Debug)]
pub(super) struct Candidates {
    names: Vec<String>,
    operations: Vec<(Rc<str>, Value, Span)>,
}

impl Evaluator<'_> {
    // ---- choose

    pub(super) fn choose(&mut self, choose: &Choose, span: Span) -> Value {
        match &choose.from {
            Ok(candidates) => self.choose_candidates(candidates, &choose.hints, span),
            Err(source) => match self.eval(source) {
                Value::Unknown => Value::Unknown,
                Value::Ops(id) => self.choose_ops(id, &choose.hints, span),
                value => match self.rounds_to_choose(&value, source.span) {
                    Some(values) => self.choose_values(&values, &choose.hints, source.span, span),
                    None => Value::Unknown,
                },
            },
        }
    }

    /// The values that a `choose` of a list or a range chooses among.
    fn rounds_to_choose(&mut self, value: &Value, span: Span) -> Option<Vec<Value>> {
        let is_list = match value {
            Value::List(list) => list.is_fixed(),
            Value::Tuple(_) | Value::Range { .. } => true,
            _ => false,
        };
        if !is_list {
            self.report(diagnostics::choose_of(span, value));
            return None;
        }
        let rounds = self.rounds(value, span)?;
        Some(rounds.into_iter().map(|round| round.value).collect())
    }

    /// Chooses one of several values.
    fn choose_values(
        &mut self,
        values: &[Value],
        hints: &HintExprs,
        source: Span,
        span: Span,
    ) -> Value {
        let names = option_names(values);
        let hints = self.hints(hints, &names);
        let n = names.len() as u32;
        let made = Made {
            hints,
            ..Made::of(Domain::One { n }, &names)
        };
        let Some(decision) = self.decide(span, made) else {
            return Value::Unknown;
        };
        let options = self.options(decision, values, &names, source);
        self.chosen(decision, options, span)
    }

    /// The options of a decision, each with its value.
    fn options(
        &mut self,
        decision: DecisionId,
        values: &[Value],
        names: &[String],
        span: Span,
    ) -> Vec<Option_> {
        values
            .iter()
            .zip(names)
            .enumerate()
            .map(|(option, (value, name))| {
                let guard = self.decisions.guards.has(decision, option as u32);
                self.record_use(value, guard);
                Option_ {
                    name: name.as_str().into(),
                    guard,
                    value: value.clone(),
                    span,
                }
            })
            .collect()
    }

    /// What a decision for one option gives: an operation that waits for its
    /// tensor, or the value.
    fn chosen(&mut self, decision: DecisionId, options: Vec<Option_>, span: Span) -> Value {
        if options
            .iter()
            .all(|option| matches!(option.value, Value::Callable(_)))
        {
            return Value::Callable(Rc::new(Callable::Choice {
                decision: Some(decision),
                name: self.binding.clone().unwrap_or_default(),
                candidates: options,
            }));
        }
        decided(self.select(options, span, Join::Candidates(None)), decision)
    }

    /// Chooses among a named set: its operations, without applying them.
    fn choose_ops(&mut self, id: OpsId, hints: &HintExprs, span: Span) -> Value {
        let Some(candidates) = self.ops(id, span) else {
            return Value::Unknown;
        };
        let names = &candidates.names;
        let table = self.ops_table(id, names.len());
        let hints = self.hints(hints, names);
        let n = names.len() as u32;
        let made = Made {
            source: Some(OptionSource::Table(table)),
            hints,
            ..Made::of(Domain::One { n }, names)
        };
        let Some(decision) = self.decide(span, made) else {
            return Value::Unknown;
        };
        let operations = candidates.operations.iter();
        let options = operations
            .enumerate()
            .map(|(option, (name, value, span))| Option_ {
                name: name.clone(),
                guard: self.decisions.guards.has(decision, option as u32),
                value: value.clone(),
                span: *span,
            })
            .collect();
        self.chosen(decision, options, span)
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
        let n = names.len() as u32;
        let made = Made {
            hints,
            ..Made::of(Domain::One { n }, &names)
        };
        let Some(decision) = self.decide(span, made) else {
            return Value::Unknown;
        };
        let name = self.binding.clone().unwrap_or_default();
        let mut options = Vec::with_capacity(candidates.len());
        for (place, candidate) in candidates.iter().enumerate() {
            let guard = self.decisions.guards.has(decision, place as u32);
            let mut option = Option_ {
                name: candidate.name.as_str().into(),
                guard,
                value: Value::Unknown,
                span: candidate.value.span,
            };
            option.value = self.under(&name, &option, span, |this| this.eval(&candidate.value));
            options.push(option);
        }
        self.chosen(decision, options, span)
    }

    /// The candidates of a named set, computed once.
    fn ops(&mut self, id: OpsId, span: Span) -> Option<Rc<Candidates>> {
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
        let mut operations = Vec::with_capacity(set.candidates.len());
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
            operations.push((candidate.name.as_str().into(), value, candidate.span));
        }
        self.frames.pop();
        self.evaluating.pop();
        if !complete {
            return None;
        }
        let names = set.candidates.iter();
        let candidates = Rc::new(Candidates {
            names: names.map(|candidate| candidate.name.clone()).collect(),
            operations,
        });
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
        let list = match self.eval(&pick.source) {
            Value::Unknown => return Value::Unknown,
            Value::List(list) => list,
            Value::Tuple(items) => Rc::new(List::fixed(items.to_vec())),
            range @ Value::Range { .. } => match self.rounds(&range, pick.source.span) {
                Some(rounds) => Rc::new(List::fixed(rounds.into_iter().map(|r| r.value))),
                None => return Value::Unknown,
            },
            other => {
                return self.report(diagnostics::wrong_kind(pick.source.span, "a list", &other));
            }
        };
        if !self.step(list.items.len() as u64, span) {
            return Value::Unknown;
        }
        let Some(sizes) = self.pick_sizes(&pick.count, &list, pick.source.span, span) else {
            return Value::Unknown;
        };
        match pick.order {
            PickOrder::Set => self.pick_set(pick, &list, sizes, span),
            order => self.pick_in_order(pick, &list, sizes, order, span),
        }
    }

    fn pick_set(&mut self, pick: &Pick, list: &List, sizes: PickSizes, span: Span) -> Value {
        let PickSizes { min, max, single } = sizes;
        let n = list.items.len() as u32;
        let domain = if single {
            Domain::One { n }
        } else {
            Domain::Subset { n, min, max }
        };
        let values: Vec<Value> = list.items.iter().map(|item| item.value.clone()).collect();
        let names = pick_names(list);
        let made = Made {
            source: elements_of(list).map(OptionSource::Elements),
            hints: self.hints(&pick.hints, &names),
            available: self.available(list),
            ..Made::of(domain, &names)
        };
        let Some(decision) = self.decide(span, made) else {
            return Value::Unknown;
        };
        let options = self.options(decision, &values, &names, pick.source.span);
        // One of several shapes is no tensor yet: a `for` goes to whichever it is.
        if single && list.shapes_that_differ().is_none() {
            return self.chosen(decision, options, span);
        }
        let items = options
            .into_iter()
            .map(|option| Item {
                guard: option.guard,
                value: option.value,
            })
            .collect();
        Value::List(Rc::new(List {
            items,
            picked: true,
            element: list.element.clone(),
        }))
    }

    /// One decision a place: `@repeat`, or `@ordered`, where what was picked
    /// before is not available any more.
    fn pick_in_order(
        &mut self,
        pick: &Pick,
        list: &List,
        sizes: PickSizes,
        order: PickOrder,
        span: Span,
    ) -> Value {
        if sizes.min != sizes.max {
            return self.report(diagnostics::order_of_any(span));
        }
        let values: Vec<Value> = list.items.iter().map(|item| item.value.clone()).collect();
        let names = pick_names(list);
        let n = list.items.len() as u32;
        let name = self.binding.take();
        let mut picked = Vec::with_capacity(sizes.max as usize);
        let mut before: Vec<DecisionId> = Vec::new();
        for place in 0..sizes.max {
            if self.exhausted {
                return Value::Unknown;
            }
            self.binding = Some(format!("{}[{place}]", name.as_deref().unwrap_or_default()));
            let mut available = self.available(list);
            if order == PickOrder::Ordered && !before.is_empty() {
                available.resize(n as usize, GuardId::ALWAYS);
                for (option, guard) in available.iter_mut().enumerate() {
                    for &decision in &before {
                        let has = self.decisions.guards.has(decision, option as u32);
                        let not = self.decisions.guards.not(has);
                        *guard = self.decisions.guards.and(*guard, not);
                    }
                }
            }
            let made = Made {
                source: elements_of(list).map(OptionSource::Elements),
                hints: self.hints(&pick.hints, &names),
                available,
                ..Made::of(Domain::One { n }, &names)
            };
            let Some(decision) = self.decide(span, made) else {
                picked.push(Value::Unknown);
                continue;
            };
            before.push(decision);
            let options = self.options(decision, &values, &names, pick.source.span);
            let value = self.chosen(decision, options, span);
            picked.push(value);
        }
        self.binding = name;
        Value::List(Rc::new(List::fixed(picked)))
    }

    /// When each item of a list may be picked; empty where all always may.
    fn available(&mut self, list: &List) -> Vec<GuardId> {
        let guards: Vec<GuardId> = list
            .items
            .iter()
            .map(|item| self.relative(item.guard))
            .collect();
        if guards.iter().all(|guard| *guard == GuardId::ALWAYS) {
            return Vec::new();
        }
        guards
    }

    /// How many items a `pick` picks.
    fn pick_sizes(
        &mut self,
        count: &PickCount,
        list: &List,
        source: Span,
        span: Span,
    ) -> Option<PickSizes> {
        let n = list.items.len() as u32;
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
        // Where decisions shorten the list.
        if let Some(fewer) = min.checked_sub(1) {
            let terms: Vec<(GuardId, u64)> =
                list.items.iter().map(|item| (item.guard, 1)).collect();
            let short = self.decisions.guards.at_most(&terms, u64::from(fewer));
            if self.is_possible(short) {
                self.in_case(short, |this| {
                    this.report(diagnostics::pick_from_fewer(source, &text))
                });
                return None;
            }
        }
        let single = min == 1 && max == 1 && !matches!(count, PickCount::Some);
        Some(PickSizes { min, max, single })
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
    fn decide(&mut self, span: Span, made: Made<'_>) -> Option<DecisionId> {
        let Made {
            domain,
            options,
            source,
            hints,
            available,
        } = made;
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
            return self.replay(&path, span, domain, options);
        }
        if !self.step(2 * options.len() as u64, span) || !self.place(span) {
            return None;
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
            options: options.to_vec(),
            active: self.active,
            available,
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
}

/// A decision to be made.
struct Made<'a> {
    domain: Domain,
    options: &'a [String],
    /// Whose options they are; `None`: a table of their own.
    source: Option<OptionSource>,
    hints: Hints,
    available: Vec<GuardId>,
}

impl<'a> Made<'a> {
    fn of(domain: Domain, options: &'a [String]) -> Self {
        Self {
            domain,
            options,
            source: None,
            hints: Hints::default(),
            available: Vec::new(),
        }
    }
}

/// How many items a `pick` picks, and whether it gives the item itself.
#[derive(Clone, Copy)]
struct PickSizes {
    min: u32,
    max: u32,
    single: bool,
}

/// What the options of a choice among values are called: as they are written,
/// or by their places where that is not clear.
fn option_names(values: &[Value]) -> Vec<String> {
    let written = values.iter().all(|value| {
        matches!(
            value,
            Value::Int(_) | Value::Float(_) | Value::Bool(_) | Value::Text(_) | Value::Word(_)
        )
    });
    if written {
        let names: Vec<String> = values.iter().map(Value::text).collect();
        let plain = |c: char| c.is_alphanumeric() || "._-".contains(c);
        let mut seen = HashSet::new();
        let clear = names
            .iter()
            .all(|name| !name.is_empty() && name.chars().all(plain) && seen.insert(name));
        if clear {
            return names;
        }
    }
    (0..values.len()).map(|place| place.to_string()).collect()
}

/// What the options of a `pick` are called: numbers and texts as they are
/// written, anything else by its place.
fn pick_names(list: &List) -> Vec<String> {
    let values: Vec<Value> = list.items.iter().map(|item| item.value.clone()).collect();
    option_names(&values)
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

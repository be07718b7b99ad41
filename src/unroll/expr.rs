//! Expressions.

use std::rc::Rc;

use super::value::{Callable, Item, List, Tag, Value, element_of};
use super::{Evaluator, diagnostics};
use crate::decision::GuardId;
use crate::hir::{self, Builtin, Expr, ExprKind, Index, Pattern, Res};
use crate::span::Span;

/// One round of a loop or a comprehension.
pub(super) struct Round {
    pub guard: GuardId,
    pub value: Value,
    /// What the paths call it: `i=3`, or the place in a list.
    pub label: i64,
    /// Whether it goes over what was picked: this adds nothing to the keys of
    /// parameters.
    pub picked: bool,
}

impl Evaluator<'_> {
    pub(super) fn eval(&mut self, expr: &Expr) -> Value {
        if !self.step(1, expr.span) {
            return Value::Unknown;
        }
        let arrival = self.arrive(expr.span);
        let value = self.eval_kind(expr);
        self.leave(arrival, Some(&value));
        value
    }

    fn eval_kind(&mut self, expr: &Expr) -> Value {
        match &expr.kind {
            ExprKind::Int(value) => Value::Int(*value),
            ExprKind::Float(value) => Value::Float(*value),
            ExprKind::Text(value) => Value::Text(Rc::from(value.as_str())),
            ExprKind::Bool(value) => Value::Bool(*value),
            ExprKind::Name(res) => self.name(*res, expr.span),
            ExprKind::List(items) => self.list(items),
            ExprKind::Tuple(items) => {
                Value::Tuple(items.iter().map(|item| self.eval(item)).collect())
            }
            ExprKind::Generator(generator) => self.generator(generator),
            ExprKind::Unary { op, operand } => self.unary(*op, operand, expr.span),
            ExprKind::Binary { op, left, right } => self.binary(*op, left, right, expr.span),
            ExprKind::Pipe { value, into } => {
                let given = self.eval(value);
                let callee = self.eval(into);
                self.call(
                    callee,
                    vec![super::call::given(given, value.span)],
                    expr.span,
                    None,
                )
            }
            ExprKind::Call { callee, args } => self.eval_call(callee, args, expr.span, None),
            ExprKind::Index { base, index } => {
                let value = self.eval(base);
                self.index(&value, base.span, index)
            }
            ExprKind::Choose(choose) => self.choose(choose, expr.span),
            ExprKind::Pick(pick) => self.pick(pick, expr.span),
            ExprKind::If {
                condition,
                then,
                otherwise,
            } => match self.condition(condition) {
                Some(GuardId::ALWAYS) => self.eval(then),
                Some(GuardId::NEVER) => self.eval(otherwise),
                Some(guard) => {
                    let not = self.decisions.guards.not(guard);
                    let arms = [(guard, then), (not, otherwise)].map(|(guard, arm)| {
                        let value = self.where_holds(guard, |this| this.eval(arm));
                        (guard, value)
                    });
                    self.join(arms.to_vec(), expr.span)
                }
                None => Value::Unknown,
            },
            ExprKind::Per { base, args } => self.per(base, args),
            ExprKind::Tie { base, to } => self.tie(base, to),
            ExprKind::Error => Value::Unknown,
        }
    }

    fn name(&mut self, res: Res, span: Span) -> Value {
        match res {
            Res::Local(local) => {
                let value = self
                    .frames
                    .last()
                    .and_then(|frame| frame.locals.get(local.index()))
                    .cloned()
                    .flatten();
                match value {
                    Some(value) => value,
                    None => self.report(diagnostics::no_value_yet(span)),
                }
            }
            Res::Setting(id) => self
                .settings
                .get(id.index())
                .cloned()
                .unwrap_or(Value::Unknown),
            Res::Const(id) => self.constant(id, span),
            Res::Fn(id) => self.callable(res, Callable::Fn(id)),
            Res::Ops(id) => Value::Ops(id),
            Res::Cell(id) => self.cell_value(id),
            Res::Builtin(Builtin::Params | Builtin::Flops) if self.metrics.is_some() => {
                self.metric(res)
            }
            Res::Builtin(builtin) => self.callable(res, Callable::Builtin(builtin)),
            Res::Word(word) => Value::Word(word),
        }
    }

    /// What a name calls: made once.
    fn callable(&mut self, res: Res, callable: Callable) -> Value {
        let known = self.callables.entry(res);
        Value::Callable(known.or_insert_with(|| Rc::new(callable)).clone())
    }

    fn constant(&mut self, id: hir::ConstId, span: Span) -> Value {
        if let Some(Some(value)) = self.consts.get(id.index()) {
            return value.clone();
        }
        let space = self.space;
        let Some(constant) = space.consts.get(id.index()) else {
            return Value::Unknown;
        };
        let res = Res::Const(id);
        if self.evaluating.contains(&res) {
            return self.report(diagnostics::cycle(span, &constant.name.name));
        }
        self.evaluating.push(res);
        let value = self.eval(&constant.value);
        self.evaluating.pop();
        if let Some(slot) = self.consts.get_mut(id.index()) {
            *slot = Some(value.clone());
        }
        value
    }

    fn list(&mut self, items: &[Expr]) -> Value {
        if let [only] = items
            && let ExprKind::Generator(generator) = &only.kind
        {
            return self.generator(generator);
        }
        let values: Vec<Value> = items.iter().map(|item| self.eval(item)).collect();
        Value::List(Rc::new(List::fixed(values)))
    }

    fn generator(&mut self, generator: &hir::Generator) -> Value {
        let iterable = self.eval(&generator.iterable);
        let span = generator.iterable.span;
        let Some(rounds) = self.rounds(&iterable, span) else {
            return Value::Unknown;
        };
        let name = pattern_name(&generator.pattern);
        let picked = matches!(&iterable, Value::List(list) if list.picked);
        let mut items = Vec::with_capacity(rounds.len());
        for round in rounds {
            if !self.step(1, span) {
                return Value::Unknown;
            }
            self.bind_pattern(&generator.pattern, round.value.clone());
            let segment = format!("{name}={}", round.label);
            let decision_path = self.decision_path.push(&segment, (span, span));
            let instance_path =
                (!round.picked).then(|| self.instance_path.push(&segment, (span, span)));
            let item = |this: &mut Self| {
                let wanted = match &generator.condition {
                    Some(condition) => this.condition(condition).unwrap_or(GuardId::NEVER),
                    None => GuardId::ALWAYS,
                };
                if wanted != GuardId::NEVER {
                    let value = this.where_holds(wanted, |this| this.eval(&generator.body));
                    let guard = this.decisions.guards.and(round.guard, wanted);
                    items.push(Item { guard, value });
                }
            };
            self.at_item(&round, |this| this.where_holds(round.guard, item));
            self.decision_path.restore(decision_path);
            if let Some(saved) = instance_path {
                self.instance_path.restore(saved);
            }
        }
        // What an empty comprehension would have given is unknown but for a
        // list of nothing, whose elements keep their shape.
        let element = element_of(&items).or_else(|| match &iterable {
            Value::List(list) if items.is_empty() => list.element.clone(),
            _ => None,
        });
        Value::List(Rc::new(List {
            items,
            picked,
            element,
        }))
    }

    /// What a loop goes over.
    pub(super) fn rounds(&mut self, value: &Value, span: Span) -> Option<Vec<Round>> {
        let fixed = |values: Vec<Value>| {
            values
                .into_iter()
                .enumerate()
                .map(|(place, value)| Round {
                    guard: GuardId::ALWAYS,
                    label: match value {
                        Value::Int(value) => value,
                        _ => place as i64,
                    },
                    value,
                    picked: false,
                })
                .collect()
        };
        match value {
            Value::Unknown => None,
            // What `pick 1` picked, as any other pick is gone through.
            Value::Tensor(tensor) if matches!(tensor.tag, Tag::Decided(_)) => Some(vec![Round {
                guard: GuardId::ALWAYS,
                value: value.clone(),
                label: 0,
                picked: true,
            }]),
            Value::Range { start, end } => {
                let n = end.saturating_sub(*start).max(0) as u64;
                if !self.step(n, span) {
                    return None;
                }
                Some(fixed((*start..*end).map(Value::Int).collect()))
            }
            Value::Cases(cases) => {
                let mut ranges = Vec::with_capacity(cases.len());
                for (guard, case) in cases.iter() {
                    let &Value::Range { start, end } = case else {
                        self.report(diagnostics::not_gone_through(span, value));
                        return None;
                    };
                    ranges.push((*guard, start, end));
                }
                let first = ranges.iter().map(|(_, start, _)| *start).min()?;
                let last = ranges.iter().map(|(_, _, end)| *end).max()?;
                let n = last.saturating_sub(first).max(0) as u64;
                if !self.step(n.saturating_mul(1 + ranges.len() as u64 / 8), span) {
                    return None;
                }
                let rounds = (first..last).map(|label| {
                    let has = ranges
                        .iter()
                        .filter(|(_, start, end)| (*start..*end).contains(&label));
                    Round {
                        guard: self.decisions.guards.any(has.map(|(guard, ..)| *guard)),
                        value: Value::Int(label),
                        label,
                        picked: false,
                    }
                });
                Some(rounds.collect())
            }
            Value::Tuple(items) => {
                if !self.copy(items.len(), span) {
                    return None;
                }
                Some(fixed(items.to_vec()))
            }
            Value::List(list) => {
                if !self.copy(list.items.len(), span) {
                    return None;
                }
                let rounds = list
                    .items
                    .iter()
                    .enumerate()
                    .map(|(place, item)| Round {
                        guard: item.guard,
                        label: match &item.value {
                            Value::Int(value) => *value,
                            value if list.picked => {
                                self.element_index(value).unwrap_or(place) as i64
                            }
                            _ => place as i64,
                        },
                        value: item.value.clone(),
                        picked: list.picked,
                    })
                    .collect();
                Some(rounds)
            }
            other => {
                self.report(diagnostics::not_gone_through(span, other));
                None
            }
        }
    }

    fn element_index(&self, value: &Value) -> Option<usize> {
        match value {
            Value::Tensor(tensor) => match tensor.tag {
                Tag::Element(id) => self.elements.get(id.index()).map(|state| state.index),
                _ => None,
            },
            _ => None,
        }
    }

    fn index(&mut self, value: &Value, span: Span, index: &Index) -> Value {
        let list = match value {
            Value::Unknown => return Value::Unknown,
            Value::List(list) => list.clone(),
            Value::Tuple(items) if !self.copy(items.len(), span) => return Value::Unknown,
            Value::Tuple(items) => Rc::new(List::fixed(items.to_vec())),
            other => return self.report(diagnostics::wrong_kind(span, "a list", other)),
        };
        if list.picked && !matches!(index, Index::To(None)) {
            return self.report(diagnostics::index_of_picked(span));
        }
        let (expr, part): (&Expr, Part) = match index {
            Index::To(None) => return Value::List(list),
            Index::At(expr) => (expr, Part::At),
            Index::To(Some(expr)) => (expr, Part::To),
            Index::From(expr) => (expr, Part::From),
        };
        let at = match self.eval(expr) {
            Value::Unknown => return Value::Unknown,
            at => at,
        };
        // Where decisions say the place: the elements of all cases, each in its own.
        let table = self.table(&[at], expr.span, |this, at| {
            let value = match at {
                [Value::Int(at)] => this.part(&list, *at, part, expr.span),
                [Value::Range { start, end }] if part == Part::At => {
                    this.range(&list, *start, *end, expr.span)
                }
                other => {
                    let found = other.first().unwrap_or(&Value::Unknown);
                    this.report(diagnostics::wrong_kind(expr.span, "a whole number", found))
                }
            };
            (!matches!(value, Value::Unknown)).then_some(value)
        });
        let Some(table) = table else {
            return Value::Unknown;
        };
        let arms = self.group(&table, Value::clone, Value::same);
        self.join(arms, span)
    }

    /// One element of a list, or a part of it.
    fn part(&mut self, list: &Rc<List>, at: i64, part: Part, span: Span) -> Value {
        let n = list.items.len();
        let limit = match part {
            Part::At => n,
            Part::To | Part::From => n + 1,
        };
        let Some(place) = usize::try_from(at).ok().filter(|&at| at < limit) else {
            let diagnostic = match self.being_defined(at) {
                Some(name) if part == Part::At => diagnostics::read_before_assigned(span, name),
                _ => diagnostics::out_of_range(span, at, n, part != Part::At),
            };
            return self.report(diagnostic);
        };
        let copied = match part {
            Part::At => 0,
            Part::To => place,
            Part::From => n - place,
        };
        if !self.copy(copied, span) {
            return Value::Unknown;
        }
        match part {
            Part::At => {
                let Some(item) = list.items.get(place) else {
                    return Value::Unknown;
                };
                if !self.is_certain(item.guard) {
                    let missing = self.decisions.guards.not(item.guard);
                    return self.in_case(missing, |this| {
                        this.report(diagnostics::element_missing(span, at))
                    });
                }
                self.record_use(&item.value, GuardId::ALWAYS);
                item.value.clone()
            }
            Part::To => slice(list, 0, place),
            Part::From => slice(list, place, n),
        }
    }

    /// `list[start..end]`
    fn range(&mut self, list: &Rc<List>, start: i64, end: i64, span: Span) -> Value {
        let n = list.items.len();
        let place = |at: i64| usize::try_from(at).ok().filter(|&at| at <= n);
        match (place(start), place(end)) {
            (Some(start), Some(end)) if !self.copy(end.saturating_sub(start), span) => {
                Value::Unknown
            }
            (Some(start), Some(end)) => slice(list, start.min(end), end),
            (None, _) => self.report(diagnostics::out_of_range(span, start, n, true)),
            (_, None) => self.report(diagnostics::out_of_range(span, end, n, true)),
        }
    }

    pub(super) fn int(&mut self, expr: &Expr) -> Option<i64> {
        match self.eval(expr) {
            Value::Int(value) => Some(value),
            Value::Unknown => None,
            other => {
                self.report(diagnostics::wrong_kind(expr.span, "a whole number", &other));
                None
            }
        }
    }

    /// The name of the element that is being defined, if it has this index.
    fn being_defined(&self, at: i64) -> Option<&str> {
        let element = self.defining.last()?;
        let state = self.elements.get(element.index())?;
        let element = self.decisions.elements.get(element.index())?;
        (usize::try_from(at) == Ok(state.index)).then_some(element.name.as_str())
    }

    /// Binds a pattern to a value in the current frame.
    pub(super) fn bind_pattern(&mut self, pattern: &Pattern, value: Value) {
        match pattern {
            Pattern::Name(local, name) => {
                self.note(name.span, &value);
                self.set_local(*local, value);
            }
            Pattern::Tuple(names, span) => {
                let parts: Vec<Value> = match &value {
                    Value::Tuple(parts) => parts.to_vec(),
                    Value::List(list) if list.is_fixed() => {
                        list.items.iter().map(|item| item.value.clone()).collect()
                    }
                    Value::Unknown => Vec::new(),
                    other => {
                        self.report(diagnostics::wrong_kind(*span, "a tuple", other));
                        Vec::new()
                    }
                };
                if !parts.is_empty() && parts.len() != names.len() {
                    self.report(diagnostics::tuple_length(*span, names.len(), parts.len()));
                }
                for (place, (local, name)) in names.iter().enumerate() {
                    let part = parts.get(place).cloned().unwrap_or(Value::Unknown);
                    self.note(name.span, &part);
                    self.set_local(*local, part);
                }
            }
        }
    }

    pub(super) fn set_local(&mut self, local: hir::LocalId, value: Value) {
        let slot = self
            .frames
            .last_mut()
            .and_then(|frame| frame.locals.get_mut(local.index()));
        if let Some(slot) = slot {
            *slot = Some(value);
        }
    }
}

/// Which part of a list an index is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    At,
    To,
    From,
}

fn slice(list: &List, start: usize, end: usize) -> Value {
    let unknown = |item: &Item| matches!(item.value, Value::Unknown);
    if list.element.is_none() && list.items.iter().any(unknown) {
        // What is wrong with the elements is reported; no part of them tells more.
        return Value::Unknown;
    }
    let items = list.items.get(start..end).unwrap_or_default().to_vec();
    Value::List(Rc::new(List {
        element: element_of(&items).or_else(|| list.element.clone()),
        items,
        picked: list.picked,
    }))
}

/// What a loop's variable is called in paths.
pub(super) fn pattern_name(pattern: &Pattern) -> &str {
    match pattern {
        Pattern::Name(_, name) => &name.name,
        Pattern::Tuple(names, _) => names.first().map_or("_", |(_, name)| &name.name),
    }
}

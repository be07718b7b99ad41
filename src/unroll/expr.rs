//! Expressions.

use std::rc::Rc;

use super::value::{Callable, Item, List, PerPart, Tag, Value, element_of};
use super::{Evaluator, diagnostics};
use crate::decision::GuardId;
use crate::graph::{BankId, Op};
use crate::hir::{self, Expr, ExprKind, Index, Pattern, Res};
use crate::span::Span;

/// One round of a loop or a comprehension.
pub(super) struct Round {
    pub guard: GuardId,
    pub value: Value,
    /// What the paths call it: `i=3`, or the place in a list.
    pub label: i64,
}

impl Evaluator<'_> {
    pub(super) fn eval(&mut self, expr: &Expr) -> Value {
        if !self.step(1, expr.span) {
            return Value::Unknown;
        }
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
                Some(true) => self.eval(then),
                Some(false) => self.eval(otherwise),
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
            Res::Fn(id) => Value::Callable(Rc::new(Callable::Fn(id))),
            Res::Ops(id) => Value::Ops(id),
            Res::Cell(id) => self.cell_value(id),
            Res::Builtin(builtin) => Value::Callable(Rc::new(Callable::Builtin(builtin))),
            Res::Word(word) => Value::Word(word),
        }
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
        let Some((rounds, dynamic)) = self.rounds(&iterable, span) else {
            return Value::Unknown;
        };
        let (may_be_empty, element) = match &iterable {
            Value::List(list) => (list.may_be_empty, list.element.clone()),
            _ => (rounds.is_empty(), None),
        };
        let name = pattern_name(&generator.pattern);
        let mut items = Vec::with_capacity(rounds.len());
        let mut filtered = false;
        for round in rounds {
            self.bind_pattern(&generator.pattern, round.value);
            let outer = self.path;
            self.path = self.decisions.guards.and(outer, round.guard);
            let segment = format!("{name}={}", round.label);
            let decision_path = self.decision_path.push(&segment, (span, span));
            let instance_path = (!dynamic).then(|| self.instance_path.push(&segment, (span, span)));
            let wanted = match &generator.condition {
                Some(condition) => self.condition(condition).unwrap_or(false),
                None => true,
            };
            if wanted {
                let value = self.eval(&generator.body);
                items.push(Item {
                    guard: round.guard,
                    value,
                });
            } else {
                filtered = true;
            }
            self.decision_path.restore(decision_path);
            if let Some(saved) = instance_path {
                self.instance_path.restore(saved);
            }
            self.path = outer;
        }
        // What an empty comprehension would have given is unknown but for a
        // list of nothing, whose elements keep their shape.
        let element = element_of(&items).or_else(|| element.filter(|_| items.is_empty()));
        Value::List(Rc::new(List {
            may_be_empty: may_be_empty || items.is_empty() || (filtered && dynamic),
            items,
            dynamic,
            element,
        }))
    }

    /// What a loop goes over, and whether decisions say which rounds there are.
    pub(super) fn rounds(&mut self, value: &Value, span: Span) -> Option<(Vec<Round>, bool)> {
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
                })
                .collect()
        };
        match value {
            Value::Unknown => None,
            Value::Range { start, end } => {
                let n = end.saturating_sub(*start).max(0) as u64;
                if !self.step(n, span) {
                    return None;
                }
                Some((fixed((*start..*end).map(Value::Int).collect()), false))
            }
            Value::Tuple(items) => Some((fixed(items.to_vec()), false)),
            Value::List(list) if !list.dynamic => {
                let values = list.items.iter().map(|item| item.value.clone()).collect();
                Some((fixed(values), false))
            }
            Value::List(list) => {
                let rounds = list
                    .items
                    .iter()
                    .enumerate()
                    .map(|(place, item)| Round {
                        guard: item.guard,
                        label: self.element_index(&item.value).unwrap_or(place) as i64,
                        value: item.value.clone(),
                    })
                    .collect();
                Some((rounds, true))
            }
            other => {
                self.report(diagnostics::wrong_kind(span, "a range or a list", other));
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

    pub(super) fn condition(&mut self, expr: &Expr) -> Option<bool> {
        match self.eval(expr) {
            Value::Bool(value) => Some(value),
            Value::Unknown => None,
            other => {
                self.report(diagnostics::wrong_kind(expr.span, "a condition", &other));
                None
            }
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

    fn index(&mut self, value: &Value, span: Span, index: &Index) -> Value {
        let list = match value {
            Value::Unknown => return Value::Unknown,
            Value::List(list) => list.clone(),
            Value::Tuple(items) => Rc::new(List::fixed(items.to_vec())),
            other => return self.report(diagnostics::wrong_kind(span, "a list", other)),
        };
        let n = list.items.len();
        let place = |this: &mut Self, expr: &Expr, limit: usize| {
            let at = this.int(expr)?;
            let found = usize::try_from(at).ok().filter(|&at| at < limit);
            if found.is_none() {
                let diagnostic = match this.being_defined(at) {
                    Some(name) if limit == n => diagnostics::read_before_assigned(expr.span, name),
                    _ => diagnostics::out_of_range(expr.span, at, n, limit > n),
                };
                this.report(diagnostic);
            }
            found
        };
        match index {
            Index::At(expr) => {
                if list.dynamic {
                    return self.report(diagnostics::index_of_dynamic(span));
                }
                let Some(at) = place(self, expr, n) else {
                    return Value::Unknown;
                };
                let value = list
                    .items
                    .get(at)
                    .map_or(Value::Unknown, |item| item.value.clone());
                self.record_use(&value, GuardId::ALWAYS);
                value
            }
            Index::To(None) => Value::List(list),
            Index::To(Some(expr)) => match place(self, expr, n + 1) {
                Some(end) => slice(&list, 0, end),
                None => Value::Unknown,
            },
            Index::From(expr) => match place(self, expr, n + 1) {
                Some(start) => slice(&list, start, n),
                None => Value::Unknown,
            },
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
            Pattern::Name(local, _) => self.set_local(*local, value),
            Pattern::Tuple(names, span) => {
                let parts: Vec<Value> = match &value {
                    Value::Tuple(parts) => parts.to_vec(),
                    Value::List(list) if !list.dynamic => {
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
                for (place, (local, _)) in names.iter().enumerate() {
                    let part = parts.get(place).cloned().unwrap_or(Value::Unknown);
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

    // ---- annotations

    fn per(&mut self, base: &Expr, args: &[Expr]) -> Value {
        let n = self.per.len();
        for arg in args {
            let value = self.eval(arg);
            match self.per_part(&value, arg.span) {
                Some(part) => self.per.push(part),
                None => {
                    self.per.truncate(n);
                    return Value::Unknown;
                }
            }
        }
        let value = self.eval(base);
        let parts = self.per.split_off(n);
        match value {
            // `x |> f(a) @per(p)`: the parameters are built when it is applied.
            Value::Callable(callable) => {
                Value::Callable(super::call::with_notes(&callable, base.span, &parts, None))
            }
            other => other,
        }
    }

    fn per_part(&mut self, value: &Value, span: Span) -> Option<PerPart> {
        match value {
            Value::Unknown => None,
            Value::Tensor(tensor) => match tensor.tag {
                Tag::Decided(decision) => Some(PerPart::Decision(decision)),
                Tag::Element(element) => Some(PerPart::Element(element)),
                Tag::Plain => {
                    self.report(diagnostics::per_not_decision(span, value));
                    None
                }
            },
            Value::Callable(callable) => match &**callable {
                Callable::Choice { decision, .. } => Some(PerPart::Decision(*decision)),
                _ => {
                    self.report(diagnostics::per_not_decision(span, value));
                    None
                }
            },
            other => {
                self.report(diagnostics::per_not_decision(span, other));
                None
            }
        }
    }

    fn tie(&mut self, base: &Expr, to: &Expr) -> Value {
        let owner = self.eval(to);
        let Some(bank) = self.only_matrix(&owner, to.span) else {
            return Value::Unknown;
        };
        if let ExprKind::Call { callee, args } = &base.kind {
            return self.eval_call(callee, args, base.span, Some(bank));
        }
        match self.eval(base) {
            Value::Callable(callable) => Value::Callable(super::call::with_notes(
                &callable,
                base.span,
                &[],
                Some(bank),
            )),
            Value::Unknown => Value::Unknown,
            _ => self.report(diagnostics::tie_of_no_call(base.span)),
        }
    }

    /// The one matrix of the call that made a tensor.
    fn only_matrix(&mut self, owner: &Value, span: Span) -> Option<BankId> {
        let Value::Tensor(tensor) = owner else {
            if !matches!(owner, Value::Unknown) {
                self.report(diagnostics::tie_to_no_matrix(span));
            }
            return None;
        };
        let node = self
            .regions
            .get(tensor.region.index())
            .and_then(|region| region.graph.node_weight(tensor.node));
        let found = node.and_then(|node| match (&node.op, node.params.as_slice()) {
            (Op::Embed | Op::Linear { bias: false }, [bank]) => Some(*bank),
            _ => None,
        });
        if found.is_none() {
            self.report(diagnostics::tie_to_no_matrix(span));
        }
        found
    }
}

fn slice(list: &List, start: usize, end: usize) -> Value {
    let unknown = |item: &Item| matches!(item.value, Value::Unknown);
    if list.element.is_none() && list.items.iter().any(unknown) {
        // What is wrong with the elements is reported; no part of them tells more.
        return Value::Unknown;
    }
    let items = list.items.get(start..end).unwrap_or_default().to_vec();
    Value::List(Rc::new(List {
        may_be_empty: items.is_empty() || list.dynamic,
        items,
        dynamic: list.dynamic,
        element: list.element.clone(),
    }))
}

/// What a loop's variable is called in paths.
pub(super) fn pattern_name(pattern: &Pattern) -> &str {
    match pattern {
        Pattern::Name(_, name) => &name.name,
        Pattern::Tuple(names, _) => names.first().map_or("_", |(_, name)| &name.name),
    }
}

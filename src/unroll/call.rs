//! Calls: partial application, binding of arguments, and functions.

use std::rc::Rc;

use super::paths::join;
use super::select::Join;
use super::stmt::Flow;
use super::value::{Callable, Given, List, Option_, PerPart, Tag, Tensor, Value};
use super::{Evaluator, Frame, MAX_CALLS, diagnostics};
use crate::decision::GuardId;
use crate::graph::BankId;
use crate::hir::{self, Dim, FnBody, Type, TypeKind};
use crate::span::Span;
use crate::syntax::ast::FnKind;

/// An argument without a name.
pub(super) fn given(value: Value, span: Span) -> Given {
    Given {
        name: None,
        value,
        span,
    }
}

/// A callable with annotations that hold when it is applied.
pub(super) fn with_notes(
    callable: &Rc<Callable>,
    site: Span,
    per: &[PerPart],
    tie: Option<BankId>,
) -> Rc<Callable> {
    Rc::new(match &**callable {
        Callable::Partial {
            target,
            args,
            site,
            per: known,
            tie: tied,
        } => Callable::Partial {
            target: target.clone(),
            args: args.clone(),
            site: *site,
            per: known.iter().chain(per).cloned().collect(),
            tie: tied.or(tie),
        },
        _ => Callable::Partial {
            target: callable.clone(),
            args: Vec::new(),
            site,
            per: per.to_vec(),
            tie,
        },
    })
}

impl Evaluator<'_> {
    pub(super) fn eval_call(
        &mut self,
        callee: &hir::Expr,
        args: &[hir::Arg],
        site: Span,
        tie: Option<BankId>,
    ) -> Value {
        let target = self.eval(callee);
        let args: Vec<Given> = args
            .iter()
            .map(|arg| Given {
                name: arg.name.as_ref().map(|name| Rc::from(name.name.as_str())),
                value: self.eval(&arg.value),
                span: arg.value.span,
            })
            .collect();
        self.call(target, args, site, tie)
    }

    /// Calls a value, or waits for the tensor that the call lacks.
    pub(super) fn call(
        &mut self,
        callee: Value,
        args: Vec<Given>,
        site: Span,
        tie: Option<BankId>,
    ) -> Value {
        let callable = match callee {
            Value::Callable(callable) => callable,
            Value::Unknown => return Value::Unknown,
            other => return self.report(diagnostics::not_callable(site, &other)),
        };
        let has_tensor = args
            .first()
            .is_some_and(|arg| arg.name.is_none() && arg.value.is_tensor_like())
            || self.names_its_tensor(&callable, &args);
        if has_tensor || !self.waits_for_tensor(&callable, args.len()) {
            return self.apply(&callable, args, site, tie);
        }
        if let Callable::Partial { args, .. } = &*callable
            && !self.step(args.len() as u64, site)
        {
            return Value::Unknown;
        }
        Value::Callable(Rc::new(match &*callable {
            Callable::Partial {
                target,
                args: known,
                per,
                tie: tied,
                ..
            } => Callable::Partial {
                target: target.clone(),
                args: known.iter().cloned().chain(args).collect(),
                site,
                per: per.clone(),
                tie: tied.or(tie),
            },
            _ => Callable::Partial {
                target: callable,
                args,
                site,
                per: Vec::new(),
                tie,
            },
        }))
    }

    /// Whether a call without a tensor is a partial application.
    fn waits_for_tensor(&self, callable: &Callable, n_args: usize) -> bool {
        match callable {
            Callable::Builtin(builtin) => builtin.takes_tensor(),
            Callable::Fn(id) => match self.space.fns.get(id.index()).map(|f| f.params.as_slice()) {
                Some([first, rest @ ..]) => match first.ty.as_ref().map(|ty| &ty.kind) {
                    Some(TypeKind::Tensor(_)) => true,
                    None => n_args <= rest.len(),
                    _ => false,
                },
                _ => false,
            },
            Callable::Cell(..) | Callable::Partial { .. } | Callable::Choice { .. } => true,
        }
    }

    /// Whether the first parameter is given by name.
    fn names_its_tensor(&self, callable: &Callable, args: &[Given]) -> bool {
        let first = match callable {
            Callable::Builtin(builtin) => builtin.params().first().map(|param| param.name),
            Callable::Fn(id) => self
                .space
                .fns
                .get(id.index())
                .and_then(|function| function.params.first())
                .map(|param| param.name.name.as_str()),
            Callable::Partial { target, .. } => return self.names_its_tensor(target, args),
            Callable::Cell(..) | Callable::Choice { .. } => None,
        };
        first.is_some() && args.iter().any(|arg| arg.name.as_deref() == first)
    }

    /// Applies a callable to all its arguments, the tensor among them.
    pub(super) fn apply(
        &mut self,
        callable: &Rc<Callable>,
        args: Vec<Given>,
        site: Span,
        tie: Option<BankId>,
    ) -> Value {
        if !self.step(1, site) {
            return Value::Unknown;
        }
        match &**callable {
            Callable::Builtin(builtin) => self.builtin(*builtin, Vec::new(), args, site, tie),
            Callable::Fn(id) => self.function(*id, Vec::new(), args, site),
            Callable::Cell(id, index) => self.cell_instance(*id, *index, args, site),
            Callable::Choice {
                name, candidates, ..
            } => self.apply_choice(name, candidates, &args, site),
            Callable::Partial {
                target,
                args: known,
                site: written,
                per,
                tie: tied,
            } => {
                let n = self.per.len();
                self.per.extend(per.iter().cloned());
                let tie = tie.or(*tied);
                let applied_at = self.applied_at.replace(site);
                let value = match &**target {
                    Callable::Builtin(builtin) => {
                        self.builtin(*builtin, known.clone(), args, *written, tie)
                    }
                    Callable::Fn(id) => self.function(*id, known.clone(), args, *written),
                    _ => {
                        let args = args.into_iter().chain(known.iter().cloned()).collect();
                        self.apply(target, args, site, tie)
                    }
                };
                self.applied_at = applied_at;
                self.per.truncate(n);
                value
            }
        }
    }

    /// Applies every option under its guard, and selects among the results.
    fn apply_choice(
        &mut self,
        name: &str,
        candidates: &[Option_],
        args: &[Given],
        site: Span,
    ) -> Value {
        let mut results = Vec::with_capacity(candidates.len());
        for candidate in candidates {
            let value = self.under(name, candidate, site, |this| match &candidate.value {
                Value::Callable(callable) => this.apply(callable, args.to_vec(), site, None),
                _ => Value::Unknown,
            });
            results.push(Option_ {
                value,
                ..candidate.clone()
            });
        }
        let input = args.first().map(|arg| arg.value.clone());
        self.select(results, site, Join::Candidates(input.as_ref()))
    }

    /// Runs something under a candidate's guard and name; `choice` is the name of
    /// the decision.
    pub(super) fn under(
        &mut self,
        choice: &str,
        candidate: &Option_,
        site: Span,
        run: impl FnOnce(&mut Self) -> Value,
    ) -> Value {
        let segment = join(choice, &candidate.name);
        let key = (site, self.applied_at.unwrap_or(site));
        let decision_path = self.decision_path.push(&segment, key);
        let instance_path = self.instance_path.push(&segment, key);
        let applied_at = self.applied_at.take();
        let binding = self.binding.take();
        let value = if self.place(site) {
            self.where_holds(candidate.guard, run)
        } else {
            Value::Unknown
        };
        self.binding = binding;
        self.applied_at = applied_at;
        self.decision_path.restore(decision_path);
        self.instance_path.restore(instance_path);
        if matches!(value, Value::Callable(_)) {
            // What is built when it is applied stands there instead.
            self.decision_path.release(&segment, key);
            self.instance_path.release(&segment, key);
        }
        value
    }

    // ---- binding

    /// Gives every parameter its argument: first what waited, from the second
    /// parameter on, then the rest. Reports what does not fit.
    pub(super) fn bind<P>(
        &mut self,
        what: &str,
        params: &[P],
        name_of: fn(&P) -> &str,
        known: Vec<Given>,
        args: Vec<Given>,
    ) -> Option<Vec<Option<Given>>> {
        let names = || params.iter().map(name_of).collect::<Vec<_>>();
        let mut bound: Vec<Option<Given>> = vec![None; params.len()];
        let mut ok = true;
        for (group, first) in [(known, 1), (args, 0)] {
            // By place, over what an earlier group left open; then by name.
            let mut named = Vec::new();
            let mut place = first;
            for arg in group {
                if arg.name.is_some() {
                    named.push(arg);
                    continue;
                }
                while matches!(bound.get(place), Some(Some(_))) {
                    place += 1;
                }
                match bound.get_mut(place) {
                    Some(slot) => *slot = Some(arg),
                    None => {
                        self.report(diagnostics::too_many_arguments(arg.span, what, &names()));
                        ok = false;
                    }
                }
            }
            for arg in named {
                let name = arg.name.clone().unwrap_or_default();
                let place = params.iter().position(|known| *name_of(known) == *name);
                match place.and_then(|place| bound.get_mut(place)) {
                    None => {
                        let names = names();
                        self.report(diagnostics::unknown_argument(arg.span, what, &name, &names));
                        ok = false;
                    }
                    Some(slot @ None) => *slot = Some(arg),
                    Some(Some(_)) => {
                        self.report(diagnostics::argument_twice(arg.span, what, &name));
                        ok = false;
                    }
                }
            }
        }
        ok.then_some(bound)
    }

    /// Calls a function.
    pub(super) fn function(
        &mut self,
        id: hir::FnId,
        known: Vec<Given>,
        args: Vec<Given>,
        site: Span,
    ) -> Value {
        let space = self.space;
        let Some(function) = space.fns.get(id.index()) else {
            return Value::Unknown;
        };
        if function.kind == FnKind::Cell {
            let name = function.name.name.clone();
            return self.in_cell(name, site, |this| this.run(function, known, args, site));
        }
        let name = &function.name.name;
        let key = self.key(site);
        let decision_path = self.decision_path.push(name, key);
        let instance_path = self.instance_path.push(name, key);
        let value = if self.place(site) {
            self.run(function, known, args, site)
        } else {
            Value::Unknown
        };
        self.decision_path.restore(decision_path);
        self.instance_path.restore(instance_path);
        value
    }

    /// Runs a function's body in a frame of its own.
    pub(super) fn run(
        &mut self,
        function: &hir::Fn,
        known: Vec<Given>,
        args: Vec<Given>,
        site: Span,
    ) -> Value {
        let name = &function.name.name;
        if self.frames.len() > MAX_CALLS {
            return self.report(diagnostics::recursion(site, name, MAX_CALLS));
        }
        let params = &function.params;
        let Some(bound) = self.bind(name, params, |param| &param.name.name, known, args) else {
            return Value::Unknown;
        };
        if !self.copy(function.n_locals, site) {
            return Value::Unknown;
        }
        self.frames.push(Frame {
            locals: vec![None; function.n_locals],
            site,
        });
        let binding = self.binding.take();
        let value = if self.bind_params(function, bound, site) {
            match &function.body {
                FnBody::Extern(cost) => self.extern_op(function, cost, site),
                FnBody::Expr(expr) => self.eval(expr),
                FnBody::Block(body) => match self.body(body) {
                    Flow::Return(value) => value,
                    Flow::Next => self.report(diagnostics::no_return(function.name.span, name)),
                },
            }
        } else {
            Value::Unknown
        };
        self.binding = binding;
        let value = match &function.result {
            Some(result) => {
                let span = match &function.body {
                    FnBody::Expr(expr) => expr.span,
                    FnBody::Block(_) | FnBody::Extern(_) => result.span,
                };
                self.check_result(value, result, name, span)
            }
            None => value,
        };
        self.frames.pop();
        value
    }

    /// Binds all parameters; says whether all have a fitting value.
    fn bind_params(&mut self, function: &hir::Fn, bound: Vec<Option<Given>>, site: Span) -> bool {
        let mut ok = true;
        for (param, arg) in function.params.iter().zip(bound) {
            let (value, span) = match (arg, &param.default) {
                (Some(arg), _) => (arg.value, arg.span),
                // A default may read what an unknown argument leaves unbound.
                (None, Some(_)) if !ok => continue,
                (None, Some(default)) => (self.eval(default), default.span),
                (None, None) => {
                    self.report(diagnostics::missing_argument(
                        site,
                        &function.name.name,
                        &param.name.name,
                    ));
                    ok = false;
                    continue;
                }
            };
            let value = self.convert(value, param.ty.as_ref(), span);
            ok &= !matches!(value, Value::Unknown);
            self.note(param.name.span, &value);
            if function.kind != FnKind::Op && matches!(value, Value::Tensor(_)) {
                let path = join(self.instance_path.as_str(), &param.name.name).into_owned();
                self.call_it(path, &value);
            }
            self.set_local(param.local, value);
        }
        ok
    }

    /// Checks a value against a type, binding the dimensions that it names.
    pub(super) fn convert(&mut self, value: Value, ty: Option<&Type>, span: Span) -> Value {
        let Some(ty) = ty else { return value };
        let wanted = match (&ty.kind, value) {
            (_, Value::Unknown) => return Value::Unknown,
            (TypeKind::Error, value) => return value,
            (TypeKind::Int, value @ (Value::Int(_) | Value::Measure(_)))
            | (TypeKind::Float, value @ Value::Float(_))
            | (TypeKind::Bool, value @ (Value::Bool(_) | Value::Cond(_)))
            | (TypeKind::Text, value @ Value::Text(_))
            | (TypeKind::Op | TypeKind::Cell, value @ Value::Callable(_))
            | (TypeKind::Op, value @ Value::Ops(_)) => return value,
            (TypeKind::Float, Value::Int(value)) => return Value::Float(value as f64),
            (TypeKind::Int | TypeKind::Float | TypeKind::Text, value @ Value::Cases(_)) => {
                return self.lift(&[value], span, &mut |this, args| {
                    let value = args.first().cloned().unwrap_or(Value::Unknown);
                    this.convert(value, Some(ty), span)
                });
            }
            (TypeKind::Tensor(dims), Value::Tensor(tensor)) => {
                return self.match_dims(dims, tensor, ty.span, span);
            }
            (kind, value) => (kind_name(kind), value),
        };
        self.report(diagnostics::wrong_kind(span, wanted.0, &wanted.1))
    }

    fn match_dims(&mut self, dims: &[Dim], tensor: Tensor, declared: Span, span: Span) -> Value {
        if dims.len() != tensor.sizes.0.len() {
            return self.report(diagnostics::wrong_rank(
                span,
                &tensor.sizes,
                declared,
                dims.len(),
            ));
        }
        for (dim, size) in dims.iter().zip(tensor.sizes.0.iter().cloned()) {
            match dim {
                Dim::Bind(local, _) => self.set_local(*local, size.value()),
                Dim::Is(expr) => {
                    let wanted = match self.eval(expr) {
                        Value::Unknown => return Value::Unknown,
                        wanted => wanted,
                    };
                    let Some(wanted) = self.size(&wanted, expr.span) else {
                        return Value::Unknown;
                    };
                    if let Some(at) = self.differs(GuardId::ALWAYS, &size, &wanted) {
                        let (wanted, found) = (wanted.to_string(), size.to_string());
                        let diagnostic = diagnostics::declared_differs(
                            span,
                            &tensor.sizes,
                            expr.span,
                            &wanted,
                            &found,
                        );
                        return self.in_case(at, |this| this.report(diagnostic));
                    }
                }
            }
        }
        Value::Tensor(tensor)
    }

    fn check_result(&mut self, value: Value, result: &Type, name: &str, span: Span) -> Value {
        if let (TypeKind::Tensor(_), Value::List(_) | Value::Tuple(_)) = (&result.kind, &value) {
            return self.report(diagnostics::result_kind(result.span, name, &value));
        }
        self.convert(value, Some(result), span)
    }

    // ---- what several builtins take

    /// The tensors of one list, or of several arguments.
    pub(super) fn tensors(&mut self, args: Vec<Given>, what: &str, site: Span) -> Option<Rc<List>> {
        if let Some(arg) = args.iter().find(|arg| arg.name.is_some()) {
            let name = arg.name.as_deref().unwrap_or_default();
            self.report(diagnostics::unknown_argument(arg.span, what, name, &[]));
            return None;
        }
        let list = match args.as_slice() {
            [] => {
                self.report(diagnostics::missing_argument(site, what, "xs"));
                return None;
            }
            [only] => match &only.value {
                Value::List(list) => list.clone(),
                Value::Tuple(items) => Rc::new(List::fixed(items.to_vec())),
                Value::Unknown => return None,
                value => Rc::new(List::fixed([value.clone()])),
            },
            several => Rc::new(List::fixed(several.iter().map(|arg| arg.value.clone()))),
        };
        if !self.copy(list.items.len(), site) {
            return None;
        }
        for (place, item) in list.items.iter().enumerate() {
            let span = args
                .get(place)
                .filter(|_| args.len() > 1)
                .or(args.first())
                .map_or(site, |arg| arg.span);
            match &item.value {
                Value::Tensor(_) => {}
                Value::Unknown => return None,
                Value::List(list) => {
                    self.report(diagnostics::list_as_tensor(span, list));
                    return None;
                }
                other => {
                    self.report(diagnostics::wrong_kind(span, "a tensor", other));
                    return None;
                }
            }
        }
        Some(list)
    }
}

fn kind_name(kind: &TypeKind) -> &'static str {
    match kind {
        TypeKind::Tensor(_) => "a tensor",
        TypeKind::Tokens(_) => "tokens",
        TypeKind::Int => "a whole number",
        TypeKind::Float => "a number",
        TypeKind::Bool => "`true` or `false`",
        TypeKind::Text => "a string",
        TypeKind::Op => "an operation",
        TypeKind::Cell => "a cell",
        TypeKind::Error => "a value",
    }
}

/// Marks a tensor as the result of a decision.
pub(super) fn decided(value: Value, decision: crate::decision::DecisionId) -> Value {
    match value {
        Value::Tensor(tensor) => Value::Tensor(Tensor {
            tag: Tag::Decided(decision),
            ..tensor
        }),
        other => other,
    }
}

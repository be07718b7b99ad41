//! Builtin functions on lists and numbers, and the nodes that all builtins make.

use std::rc::Rc;

use super::arith::as_float;
use super::value::{Given, Item, List, Measure, Size, Sizes, Tag, Tensor, Value};
use super::{Evaluator, diagnostics};
use crate::decision::GuardId;
use crate::diagnostic::Diagnostic;
use crate::graph::{BankId, Form, Op, Shape};
use crate::hir::Builtin;
use crate::span::Span;

impl Evaluator<'_> {
    /// Applies a builtin to all its arguments.
    pub(super) fn builtin(
        &mut self,
        builtin: Builtin,
        known: Vec<Given>,
        args: Vec<Given>,
        site: Span,
        tie: Option<BankId>,
    ) -> Value {
        let name = builtin.name();
        if builtin.is_variadic() {
            let Some(list) = self.tensors(args, name, site) else {
                return Value::Unknown;
            };
            return match builtin {
                Builtin::Concat => self.concat(&list, site),
                Builtin::Mean => self.reduce(Op::Mean, &list, site),
                _ => self.reduce(Op::Sum, &list, site),
            };
        }
        let params = builtin.params();
        let Some(bound) = self.bind(name, params, |param| param.name, known, args) else {
            return Value::Unknown;
        };
        for (param, arg) in params.iter().zip(&bound) {
            match arg {
                None if !param.optional => {
                    return self.report(diagnostics::missing_argument(site, name, param.name));
                }
                Some(arg) if matches!(arg.value, Value::Unknown) => return Value::Unknown,
                _ => {}
            }
        }
        let arg = |place: usize| bound.get(place).and_then(Option::as_ref);
        match builtin {
            Builtin::Loose => self.loose(arg(0)),
            Builtin::Len => self.len(arg(0)),
            Builtin::Div | Builtin::CeilDiv | Builtin::RoundTo | Builtin::Min | Builtin::Max => {
                let given: Vec<Value> = bound
                    .iter()
                    .flatten()
                    .map(|given| given.value.clone())
                    .collect();
                self.lift(&given, site, &mut |this, args| {
                    this.number_function(builtin, args, site)
                })
            }
            Builtin::Split => self.split(arg(0), arg(1), site),
            Builtin::Scan => self.scan(arg(0), arg(1), site),
            Builtin::Edges => self.edges(arg(0)),
            Builtin::Connected => self.connected(arg(0)),
            Builtin::Params | Builtin::Flops => {
                self.report(diagnostics::metric_outside(site, name))
            }
            Builtin::Latency => self.report(diagnostics::opaque_metric(site, name)),
            _ => self.primitive(builtin, &bound, site, tie),
        }
    }

    // ---- lists of tensors

    fn reduce(&mut self, op: Op, list: &List, site: Span) -> Value {
        let name = op.name();
        let Some((empty, timed)) = list.element.clone() else {
            return self.report(diagnostics::reduce_nothing(site, name));
        };
        if op == Op::Mean {
            let guards: Vec<GuardId> = list.items.iter().map(|item| item.guard).collect();
            let some = self.decisions.guards.any(guards);
            let none = self.decisions.guards.not(some);
            if self.is_possible(none) {
                let diagnostic = diagnostics::mean_of_maybe_nothing(site, list.items.is_empty());
                return self.in_case(none, |this| this.report(diagnostic));
            }
        }
        let mut inputs: Vec<(Tensor, GuardId)> = Vec::with_capacity(list.items.len());
        for item in &list.items {
            let Value::Tensor(tensor) = &item.value else {
                return Value::Unknown;
            };
            let guard = self.relative(item.guard);
            inputs.push((tensor.clone(), guard));
        }
        if inputs.is_empty() {
            // The sum of no tensors: zeros, of no input.
            return self.node(Op::Sum, empty, timed, &[], Vec::new(), site);
        }
        let options: Vec<(GuardId, &Sizes)> = inputs
            .iter()
            .map(|(tensor, guard)| (*guard, &tensor.sizes))
            .collect();
        let sizes = match self.agree(&options) {
            Ok(sizes) => sizes,
            Err(differ) => {
                let of = |place: usize| inputs.get(place).map_or(&empty, |(x, _)| &x.sizes);
                let differs = |a: &Sizes, b: &Sizes| diagnostics::list_differs(site, name, a, b);
                return self.report_differ(differ, of, differs);
            }
        };
        let inputs: Vec<(&Tensor, GuardId)> = inputs.iter().map(|(t, g)| (t, *g)).collect();
        let timed = timed || inputs.iter().any(|(tensor, _)| tensor.timed);
        self.node(op, sizes, timed, &inputs, Vec::new(), site)
    }

    /// Reports two of several sizes that [`Self::agree`] found to differ; the choices
    /// under which they do are said where sizes depend on them.
    fn report_differ<'s>(
        &mut self,
        (a, b, at): (usize, usize, GuardId),
        of: impl Fn(usize) -> &'s Sizes,
        differs: impl Fn(&Sizes, &Sizes) -> Diagnostic,
    ) -> Value {
        let (a, b) = (of(a), of(b));
        let known = a.known().is_some() && b.known().is_some();
        let at = if known { GuardId::ALWAYS } else { at };
        self.in_case(at, |this| this.report(differs(a, b)))
    }

    /// Along the first dimension: its size is a sum over the items that are there.
    fn concat(&mut self, list: &List, site: Span) -> Value {
        let Some((first, _)) = list.element.clone() else {
            return self.report(diagnostics::reduce_nothing(site, "concat"));
        };
        let mut inputs: Vec<(&Tensor, GuardId)> = Vec::with_capacity(list.items.len());
        for item in &list.items {
            let Value::Tensor(tensor) = &item.value else {
                return Value::Unknown;
            };
            let guard = self.relative(item.guard);
            inputs.push((tensor, guard));
        }
        if first.0.is_empty() || inputs.iter().any(|(tensor, _)| tensor.sizes.0.is_empty()) {
            return self.report(diagnostics::concat_differs(site, &first, &first));
        }
        let rest = |sizes: &Sizes| Sizes(sizes.0.get(1..).unwrap_or_default().into());
        let rests: Vec<(GuardId, Sizes)> = inputs
            .iter()
            .map(|(tensor, guard)| (*guard, rest(&tensor.sizes)))
            .collect();
        let options: Vec<(GuardId, &Sizes)> = rests.iter().map(|(g, s)| (*g, s)).collect();
        let rest = match self.agree(&options) {
            Ok(rest) => rest,
            Err(differ) => {
                let of = |place: usize| inputs.get(place).map_or(&first, |(x, _)| &x.sizes);
                let differs = |a: &Sizes, b: &Sizes| diagnostics::concat_differs(site, a, b);
                return self.report_differ(differ, of, differs);
            }
        };
        let mut length = Measure::default();
        for (tensor, guard) in &inputs {
            let Some(size) = tensor.sizes.0.first() else {
                continue;
            };
            match size {
                Size::Known(size) => length.terms.push((*guard, *size as i64)),
                Size::By(cases) => {
                    for (case, size) in cases.iter() {
                        let both = self.decisions.guards.and(*guard, *case);
                        length.terms.push((both, *size as i64));
                    }
                }
            }
        }
        let Some(length) = self.simplified(length) else {
            return self.report(diagnostics::overflow(site));
        };
        if let Value::Int(0) | Value::Measure(_) = length {
            let guards: Vec<GuardId> = inputs.iter().map(|(_, guard)| *guard).collect();
            let some = self.decisions.guards.any(guards);
            let none = self.decisions.guards.not(some);
            if self.is_possible(none) {
                let diagnostic = diagnostics::concat_of_maybe_nothing(site);
                return self.in_case(none, |this| this.report(diagnostic));
            }
        }
        let Some(length) = self.size(&length, site) else {
            return Value::Unknown;
        };
        let timed = inputs.iter().any(|(tensor, _)| tensor.timed);
        let sizes = Sizes(
            std::iter::once(length)
                .chain(rest.0.iter().cloned())
                .collect(),
        );
        self.node(Op::Concat, sizes, timed, &inputs, Vec::new(), site)
    }

    fn split(&mut self, x: Option<&Given>, n: Option<&Given>, site: Span) -> Value {
        let (Some(x), Some(parts)) = (self.tensor_of(x), self.size_of(n)) else {
            return Value::Unknown;
        };
        let Some((first, rest)) = x.sizes.0.split_first() else {
            return self.report(diagnostics::indivisible(site, 0, parts as i64));
        };
        let size = self.lift(&[first.value()], site, &mut |this, args| match args {
            [Value::Int(size)] if size % parts as i64 == 0 => Value::Int(size / parts as i64),
            [Value::Int(size)] => this.report(diagnostics::indivisible(site, *size, parts as i64)),
            _ => Value::Unknown,
        });
        if matches!(size, Value::Unknown) {
            return Value::Unknown;
        }
        let Some(size) = self.size(&size, site) else {
            return Value::Unknown;
        };
        let sizes = Sizes(std::iter::once(size).chain(rest.iter().cloned()).collect());
        if !self.step(parts as u64, site) {
            return Value::Unknown;
        }
        let values = (0..parts).map(|index| {
            let op = Op::Chunk { index, of: parts };
            let inputs = [(&x, GuardId::ALWAYS)];
            self.node(op, sizes.clone(), x.timed, &inputs, Vec::new(), site)
        });
        Value::Tuple(values.collect())
    }

    fn loose(&mut self, list: Option<&Given>) -> Value {
        let Some(arg) = list else {
            return Value::Unknown;
        };
        let Value::List(list) = &arg.value else {
            return self.report(diagnostics::wrong_kind(
                arg.span,
                "a node family",
                &arg.value,
            ));
        };
        let mut items = Vec::new();
        for item in &list.items {
            let Value::Tensor(tensor) = &item.value else {
                return Value::Unknown;
            };
            let Tag::Element(element) = tensor.tag else {
                return self.report(diagnostics::loose_of_plain(arg.span));
            };
            let uses: Vec<GuardId> = self
                .elements
                .get(element.index())
                .map(|state| state.uses.iter().map(|(_, guard)| *guard).collect())
                .unwrap_or_default();
            let used = self.decisions.guards.any(uses);
            let unused = self.decisions.guards.not(used);
            let guard = self.decisions.guards.and(item.guard, unused);
            if guard != GuardId::NEVER {
                items.push(Item {
                    guard,
                    value: item.value.clone(),
                });
            }
        }
        Value::List(Rc::new(List {
            items,
            picked: true,
            element: list.element.clone(),
        }))
    }

    fn len(&mut self, list: Option<&Given>) -> Value {
        match list.map(|arg| (&arg.value, arg.span)) {
            Some((Value::List(list), _)) => {
                let terms = list.items.iter().map(|item| (item.guard, 1)).collect();
                let length = Measure { constant: 0, terms };
                self.simplified(length).unwrap_or(Value::Unknown)
            }
            Some((Value::Tuple(items), _)) => Value::Int(items.len() as i64),
            Some((range @ (Value::Range { .. } | Value::Cases(_)), span)) => {
                let range = range.clone();
                self.lift(&[range], span, &mut |this, args| match args {
                    [Value::Range { start, end }] => Value::Int(end.saturating_sub(*start).max(0)),
                    other => {
                        let found = other.first().unwrap_or(&Value::Unknown);
                        this.report(diagnostics::wrong_kind(span, "a list", found))
                    }
                })
            }
            Some((other, span)) => self.report(diagnostics::wrong_kind(span, "a list", other)),
            None => Value::Unknown,
        }
    }

    // ---- numbers

    fn number_function(&mut self, function: Builtin, args: &[Value], site: Span) -> Value {
        let nothing = |this: &mut Self| {
            this.report(diagnostics::no_result(
                site,
                &format!("`{}`", function.name()),
                "these values",
            ))
        };
        let [a, b] = args else {
            return Value::Unknown;
        };
        match (function, a, b) {
            (Builtin::Div | Builtin::CeilDiv, Value::Int(a), Value::Int(b)) => {
                self.divide(function, *a, *b, site)
            }
            (Builtin::RoundTo, a, Value::Int(multiple)) => match as_float(a) {
                Some(a) => self.round_to(a, *multiple, site),
                None => nothing(self),
            },
            (Builtin::Min, Value::Int(a), Value::Int(b)) => Value::Int(*a.min(b)),
            (Builtin::Max, Value::Int(a), Value::Int(b)) => Value::Int(*a.max(b)),
            (Builtin::Min | Builtin::Max, a, b) => match (as_float(a), as_float(b)) {
                (Some(a), Some(b)) if function == Builtin::Min => Value::Float(a.min(b)),
                (Some(a), Some(b)) => Value::Float(a.max(b)),
                _ => nothing(self),
            },
            _ => nothing(self),
        }
    }

    fn divide(&mut self, op: Builtin, a: i64, b: i64, site: Span) -> Value {
        if b == 0 {
            return self.report(diagnostics::division_by_zero(site));
        }
        let floor = a.checked_div_euclid(b).map(|quotient| {
            // Euclid rounds towards zero for a negative divisor; this floors.
            if b < 0 && a.rem_euclid(b) != 0 {
                quotient - 1
            } else {
                quotient
            }
        });
        let exact = a.checked_rem(b) == Some(0);
        match floor {
            Some(floor) if op == Builtin::CeilDiv && !exact => Value::Int(floor + 1),
            Some(floor) => Value::Int(floor),
            None => self.report(diagnostics::overflow(site)),
        }
    }

    fn round_to(&mut self, a: f64, multiple: i64, site: Span) -> Value {
        if multiple <= 0 {
            return self.report(diagnostics::division_by_zero(site));
        }
        // The usual rule of width multipliers: to the nearest multiple, at
        // least one, and never below nine tenths.
        let m = multiple as f64;
        let nearest = ((a / m + 0.5).floor() * m).max(m);
        let rounded = if nearest < 0.9 * a {
            nearest + m
        } else {
            nearest
        };
        Value::Int(rounded as i64)
    }

    // ---- arguments

    pub(super) fn tensor_of(&mut self, arg: Option<&Given>) -> Option<Tensor> {
        let arg = arg?;
        match &arg.value {
            Value::Tensor(tensor) => Some(tensor.clone()),
            Value::Unknown => None,
            Value::List(list) => {
                self.report(diagnostics::list_as_tensor(arg.span, list));
                None
            }
            other => {
                self.report(diagnostics::wrong_kind(arg.span, "a tensor", other));
                None
            }
        }
    }

    pub(super) fn int_of(&mut self, arg: Option<&Given>) -> Option<i64> {
        let arg = arg?;
        match &arg.value {
            Value::Int(value) => Some(*value),
            Value::Unknown => None,
            other => {
                self.report(diagnostics::wrong_kind(arg.span, "a whole number", other));
                None
            }
        }
    }

    /// A size: a whole number of at least one.
    pub(super) fn size_of(&mut self, arg: Option<&Given>) -> Option<usize> {
        let value = self.int_of(arg)?;
        let size = usize::try_from(value).ok().filter(|size| *size > 0);
        if let (None, Some(arg)) = (size, arg) {
            self.report(diagnostics::empty_dimension(arg.span, value));
        }
        size
    }

    /// Adds a node to the present region, with a form for every shape that it
    /// may have.
    pub(super) fn node(
        &mut self,
        op: Op,
        sizes: Sizes,
        timed: bool,
        inputs: &[(&Tensor, GuardId)],
        params: Vec<BankId>,
        site: Span,
    ) -> Value {
        let mut forms = Vec::new();
        if sizes.known().is_none() {
            let table = self.table(&sizes.values(), site, |_, sizes| {
                let sizes = sizes.iter().map(|size| match size {
                    Value::Int(size) => *size as usize,
                    _ => 0,
                });
                Some(Shape(sizes.collect()))
            });
            let Some(table) = table else {
                return Value::Unknown;
            };
            let shapes = self.group(&table, Shape::clone, |a, b| a == b);
            forms.extend(shapes.into_iter().map(|(guard, shape)| Form {
                guard,
                op: op.clone(),
                shape,
                params: Vec::new(),
            }));
        }
        self.node_of(op, sizes, timed, inputs, params, forms, site)
    }

    /// Adds a node with these forms.
    #[expect(clippy::too_many_arguments, reason = "a node is all of this")]
    pub(super) fn node_of(
        &mut self,
        op: Op,
        sizes: Sizes,
        timed: bool,
        inputs: &[(&Tensor, GuardId)],
        params: Vec<BankId>,
        forms: Vec<Form>,
        site: Span,
    ) -> Value {
        // A node costs memory, so it counts for more than an evaluation step.
        if !self.step(4 + (inputs.len() + forms.len()) as u64, site) || !self.place(site) {
            return Value::Unknown;
        }
        if inputs
            .iter()
            .any(|(tensor, _)| tensor.region != self.region)
        {
            return self.report(diagnostics::captured(site));
        }
        let shape = sizes.widest();
        if shape.len() > MAX_NUMBERS {
            return self.report(diagnostics::overflow(site));
        }
        let node = crate::graph::Node {
            op,
            shape,
            timed,
            params,
            path: self.instance_path.shared(),
            span: site,
            forms,
        };
        let operands = inputs.iter().map(|(tensor, guard)| (tensor.node, *guard));
        let Some(region) = self.regions.get_mut(self.region.index()) else {
            return Value::Unknown;
        };
        let node = region.add(node, operands);
        Value::Tensor(Tensor {
            node,
            region: self.region,
            sizes,
            timed,
            tag: Tag::Plain,
        })
    }
}

/// The most numbers that a tensor may have: more than any memory has place for, and
/// few enough that sums over a whole graph do not overflow.
pub(super) const MAX_NUMBERS: u64 = 1 << 48;

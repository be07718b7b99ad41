//! Builtin functions on lists, numbers and time.

use std::rc::Rc;

use petgraph::graph::NodeIndex;

use super::arith::as_float;
use super::call::given;
use super::value::{Given, Item, List, Tag, Tensor, Value};
use super::{Evaluator, diagnostics};
use crate::decision::GuardId;
use crate::graph::{BankId, Op, Region, RegionId, Shape};
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
        let names: Vec<&str> = params.iter().map(|param| param.name).collect();
        let Some(bound) = self.bind(name, &names, known, args) else {
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
            Builtin::Len => self.len(arg(0), site),
            Builtin::Div | Builtin::CeilDiv => self.divide(builtin, arg(0), arg(1), site),
            Builtin::RoundTo => self.round_to(arg(0), arg(1), site),
            Builtin::Min | Builtin::Max => self.extreme(builtin, arg(0), arg(1), site),
            Builtin::Split => self.split(arg(0), arg(1), site),
            Builtin::Scan => self.scan(arg(0), arg(1), site),
            Builtin::Params
            | Builtin::Flops
            | Builtin::Edges
            | Builtin::Connected
            | Builtin::Latency => {
                let what = format!("`{name}`, which belongs in a `require`,");
                self.report(diagnostics::not_yet(site, &what))
            }
            _ => self.primitive(builtin, &bound, site, tie),
        }
    }

    // ---- lists of tensors

    fn reduce(&mut self, op: Op, list: &List, site: Span) -> Value {
        let name = op.name();
        let Some((shape, timed)) = list.element.clone() else {
            return self.report(diagnostics::reduce_nothing(site, name));
        };
        if op == Op::Mean && list.may_be_empty {
            return self.report(diagnostics::mean_of_maybe_nothing(
                site,
                list.items.is_empty(),
            ));
        }
        let mut inputs: Vec<(Tensor, GuardId)> = Vec::with_capacity(list.items.len());
        for item in &list.items {
            let Value::Tensor(tensor) = &item.value else {
                return Value::Unknown;
            };
            if tensor.shape != shape {
                return self.report(diagnostics::list_differs(site, name, &shape, &tensor.shape));
            }
            inputs.push((tensor.clone(), item.guard));
        }
        let inputs: Vec<(&Tensor, GuardId)> = inputs.iter().map(|(t, g)| (t, *g)).collect();
        let timed = timed || inputs.iter().any(|(tensor, _)| tensor.timed);
        if inputs.is_empty() {
            // The sum of no tensors: zeros, of no input.
            return self.node(Op::Sum, shape, timed, &[], Vec::new(), site);
        }
        self.node(op, shape, timed, &inputs, Vec::new(), site)
    }

    fn concat(&mut self, list: &List, site: Span) -> Value {
        if list.dynamic {
            return self.report(diagnostics::concat_of_dynamic(site));
        }
        let Some((shape, _)) = list.element.clone() else {
            return self.report(diagnostics::reduce_nothing(site, "concat"));
        };
        let mut first: usize = 0;
        let mut inputs: Vec<(&Tensor, GuardId)> = Vec::with_capacity(list.items.len());
        for item in &list.items {
            let Value::Tensor(tensor) = &item.value else {
                return Value::Unknown;
            };
            if tensor.shape.0.get(1..) != shape.0.get(1..) || tensor.shape.0.is_empty() {
                return self.report(diagnostics::concat_differs(site, &shape, &tensor.shape));
            }
            let size = tensor.shape.0.first().copied().unwrap_or(0);
            // A size is a number of the language too.
            match first.checked_add(size) {
                Some(sum) if i64::try_from(sum).is_ok() => first = sum,
                _ => return self.report(diagnostics::overflow(site)),
            }
            inputs.push((tensor, GuardId::ALWAYS));
        }
        let timed = inputs.iter().any(|(tensor, _)| tensor.timed);
        let rest = shape.0.get(1..).unwrap_or_default();
        let shape = Shape(std::iter::once(first).chain(rest.iter().copied()).collect());
        self.node(Op::Concat, shape, timed, &inputs, Vec::new(), site)
    }

    fn split(&mut self, x: Option<&Given>, n: Option<&Given>, site: Span) -> Value {
        let (Some(x), Some(parts)) = (self.tensor_of(x), self.size_of(n)) else {
            return Value::Unknown;
        };
        let first = x.shape.0.first().copied().unwrap_or(0);
        if !first.is_multiple_of(parts) {
            return self.report(diagnostics::indivisible(site, first as i64, parts as i64));
        }
        let mut shape = x.shape.clone();
        if let Some(size) = shape.0.first_mut() {
            *size /= parts;
        }
        let values = (0..parts).map(|index| {
            let op = Op::Chunk { index, of: parts };
            let inputs = [(&x, GuardId::ALWAYS)];
            self.node(op, shape.clone(), x.timed, &inputs, Vec::new(), site)
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
            let uses = self
                .elements
                .get(element.index())
                .map(|state| state.uses.clone())
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
            // The last element of a family is used by none.
            may_be_empty: items.is_empty(),
            items,
            dynamic: true,
            element: list.element.clone(),
        }))
    }

    fn len(&mut self, list: Option<&Given>, site: Span) -> Value {
        match list.map(|arg| (&arg.value, arg.span)) {
            Some((Value::List(list), _)) if !list.dynamic => Value::Int(list.items.len() as i64),
            Some((Value::Tuple(items), _)) => Value::Int(items.len() as i64),
            Some((Value::Range { start, end }, _)) => Value::Int(end.saturating_sub(*start).max(0)),
            Some((Value::List(_), _)) => self.report(diagnostics::not_yet(
                site,
                "the length of a list that decisions shorten",
            )),
            Some((other, span)) => self.report(diagnostics::wrong_kind(span, "a list", other)),
            None => Value::Unknown,
        }
    }

    // ---- numbers

    fn divide(&mut self, op: Builtin, a: Option<&Given>, b: Option<&Given>, site: Span) -> Value {
        let (Some(a), Some(b)) = (self.int_of(a), self.int_of(b)) else {
            return Value::Unknown;
        };
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

    fn round_to(&mut self, a: Option<&Given>, multiple: Option<&Given>, site: Span) -> Value {
        let (Some(a), Some(multiple)) = (
            a.and_then(|arg| as_float(&arg.value)),
            self.int_of(multiple),
        ) else {
            return self.report(diagnostics::no_result(site, "`round_to`", "these values"));
        };
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

    fn extreme(&mut self, op: Builtin, a: Option<&Given>, b: Option<&Given>, site: Span) -> Value {
        let (Some(a), Some(b)) = (a, b) else {
            return Value::Unknown;
        };
        match (&a.value, &b.value) {
            (Value::Int(a), Value::Int(b)) => Value::Int(if op == Builtin::Min {
                *a.min(b)
            } else {
                *a.max(b)
            }),
            (x, y) => match (as_float(x), as_float(y)) {
                (Some(x), Some(y)) => Value::Float(if op == Builtin::Min {
                    x.min(y)
                } else {
                    x.max(y)
                }),
                _ => self.report(diagnostics::no_result(site, op.name(), "these values")),
            },
        }
    }

    // ---- time

    /// `scan(F, e)`: the body becomes a region of its own, run from a zero state.
    fn scan(&mut self, f: Option<&Given>, e: Option<&Given>, site: Span) -> Value {
        let (Some(f), Some(sequence)) = (f, self.tensor_of(e)) else {
            return Value::Unknown;
        };
        if !sequence.timed {
            let span = e.map_or(site, |arg| arg.span);
            return self.report(diagnostics::scan_without_time(span));
        }
        let id = RegionId(self.regions.len() as u32);
        self.regions.push(Region::default());
        let outer = std::mem::replace(&mut self.region, id);
        let x = self.input_node(sequence.shape.clone(), false, "x", site);
        // The state has the shape of the input; the result is checked below.
        let state = self.input_node(sequence.shape.clone(), false, "state", site);
        let args = vec![given(x, site), given(state, site)];
        let result = self.call(f.value.clone(), args, f.span, None);
        self.region = outer;
        let tensor = match result {
            Value::Tensor(tensor) => tensor,
            Value::Unknown => return Value::Unknown,
            Value::Tuple(_) => {
                return self.report(diagnostics::not_yet(site, "a scan with several states"));
            }
            other => return self.report(diagnostics::wrong_kind(f.span, "a tensor", &other)),
        };
        if tensor.shape != sequence.shape {
            return self.report(diagnostics::scan_state(
                site,
                &sequence.shape,
                &tensor.shape,
            ));
        }
        if let Some(region) = self.regions.get_mut(id.index()) {
            region.outputs.push(tensor.node);
        }
        let op = Op::Scan { region: id };
        let inputs = [(&sequence, GuardId::ALWAYS)];
        self.node(op, sequence.shape.clone(), true, &inputs, Vec::new(), site)
    }

    /// An input of the present region.
    pub(super) fn input_node(
        &mut self,
        shape: Shape,
        timed: bool,
        name: &str,
        site: Span,
    ) -> Value {
        let path = self.instance_path.push(name, (site, site));
        let value = self.node(Op::Input, shape, timed, &[], Vec::new(), site);
        self.instance_path.restore(path);
        if let (Value::Tensor(tensor), Some(region)) =
            (&value, self.regions.get_mut(self.region.index()))
        {
            region.inputs.push(tensor.node);
        }
        value
    }

    // ---- arguments

    pub(super) fn tensor_of(&mut self, arg: Option<&Given>) -> Option<Tensor> {
        let arg = arg?;
        match &arg.value {
            Value::Tensor(tensor) => Some(tensor.clone()),
            Value::Unknown => None,
            Value::List(_) => {
                self.report(diagnostics::list_as_tensor(arg.span));
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

    /// Adds a node to the present region.
    pub(super) fn node(
        &mut self,
        op: Op,
        shape: Shape,
        timed: bool,
        inputs: &[(&Tensor, GuardId)],
        params: Vec<BankId>,
        site: Span,
    ) -> Value {
        // A node costs memory, so it counts for more than an evaluation step.
        if !self.step(10 + inputs.len() as u64, site) {
            return Value::Unknown;
        }
        if inputs
            .iter()
            .any(|(tensor, _)| tensor.region != self.region)
        {
            return self.report(diagnostics::captured(site));
        }
        let node = crate::graph::Node {
            op,
            shape: shape.clone(),
            timed,
            params,
            path: self.instance_path.as_str().to_owned(),
            span: site,
            forms: Vec::new(),
        };
        let operands: Vec<(NodeIndex, GuardId)> = inputs
            .iter()
            .map(|(tensor, guard)| (tensor.node, *guard))
            .collect();
        let Some(region) = self.regions.get_mut(self.region.index()) else {
            return Value::Unknown;
        };
        let node = region.add(node, &operands);
        Value::Tensor(Tensor {
            node,
            region: self.region,
            shape,
            timed,
            tag: Tag::Plain,
        })
    }
}

//! Statements, and node families.

use std::rc::Rc;

use indexmap::IndexSet;

use super::value::{Item, List, Tag, Tensor, Value};
use super::{ElementState, Evaluator, diagnostics};
use crate::decision::{Element, ElementId, Event, GuardId};
use crate::graph::Name;
use crate::hir::{Expr, ExprKind, Index, LocalId, Pattern, Stmt};
use crate::span::Span;
use crate::syntax::ast::Ident;

/// Whether a body ran to its end, or returned.
pub(super) enum Flow {
    Next,
    Return(Value),
}

impl Evaluator<'_> {
    pub(super) fn body(&mut self, body: &[Stmt]) -> Flow {
        for stmt in body {
            if self.exhausted {
                return Flow::Return(Value::Unknown);
            }
            if let Flow::Return(value) = self.stmt(stmt) {
                return Flow::Return(value);
            }
        }
        Flow::Next
    }

    fn stmt(&mut self, stmt: &Stmt) -> Flow {
        let arrival = self.arrive(stmt.span());
        let flow = self.stmt_kind(stmt);
        self.leave(arrival, None);
        flow
    }

    fn stmt_kind(&mut self, stmt: &Stmt) -> Flow {
        match stmt {
            Stmt::For {
                pattern,
                iterable,
                body,
                span,
            } => return self.for_loop(pattern, iterable, body, *span),
            Stmt::If {
                condition,
                then,
                otherwise,
                ..
            } => {
                let Some(guard) = self.condition(condition) else {
                    return Flow::Next;
                };
                return match guard {
                    GuardId::ALWAYS => self.body(then),
                    GuardId::NEVER => self.body(otherwise),
                    guard => {
                        let not = self.decisions.guards.not(guard);
                        self.arms(&[(guard, then), (not, otherwise)], condition.span)
                    }
                };
            }
            Stmt::Let {
                pattern, ty, value, ..
            } => {
                let name = match pattern {
                    Pattern::Name(_, name) => Some(name.name.clone()),
                    Pattern::Tuple(..) => None,
                };
                let computed = self.bound_to(name, value);
                let computed = match ty {
                    Some(ty) => self.convert(computed, Some(ty), value.span),
                    None => computed,
                };
                self.bind_pattern(pattern, computed);
            }
            Stmt::NodesSeed {
                local, name, seeds, ..
            } => self.nodes_seed(*local, name, seeds),
            Stmt::NodesFamily {
                local,
                name,
                index,
                range,
                body,
                span,
            } => return self.nodes_family(*local, name, *index, range, body, *span),
            Stmt::Require { condition, span } => self.require(condition, *span),
            Stmt::Return { value, .. } => return Flow::Return(self.eval(value)),
            Stmt::Assign {
                local,
                name,
                indices,
                value,
                span,
            } => self.assign(*local, name, indices, value, *span),
        }
        Flow::Next
    }

    /// The value of an expression whose anonymous decisions take this name.
    fn bound_to(&mut self, name: Option<String>, value: &Expr) -> Value {
        let outer = std::mem::replace(&mut self.binding, name);
        let computed = self.eval(value);
        self.binding = outer;
        computed
    }

    fn for_loop(&mut self, pattern: &Pattern, iterable: &Expr, body: &[Stmt], span: Span) -> Flow {
        let value = self.eval(iterable);
        let Some(rounds) = self.rounds(&value, iterable.span) else {
            return Flow::Next;
        };
        let name = super::expr::pattern_name(pattern);
        for round in rounds {
            if !self.step(1, span) {
                return Flow::Return(Value::Unknown);
            }
            let segment = format!("{name}={}", round.label);
            self.bind_pattern(pattern, round.value.clone());
            let decision_path = self.decision_path.push(&segment, (span, span));
            let instance_path =
                (!round.picked).then(|| self.instance_path.push(&segment, (span, span)));
            let flow = self.at_item(&round, |this| this.round(round.guard, body, iterable.span));
            self.decision_path.restore(decision_path);
            if let Some(saved) = instance_path {
                self.instance_path.restore(saved);
            }
            if let Flow::Return(value) = flow {
                return Flow::Return(value);
            }
        }
        Flow::Next
    }

    /// One round of a loop, which may take place under a condition only.
    fn round(&mut self, guard: GuardId, body: &[Stmt], span: Span) -> Flow {
        if self.is_certain(guard) {
            return self.body(body);
        }
        let not = self.decisions.guards.not(guard);
        self.arms(&[(guard, body), (not, &[])], span)
    }

    pub(super) fn local(&self, local: LocalId) -> Option<Value> {
        let frame = self.frames.last()?;
        frame.locals.get(local.index())?.clone()
    }

    fn slot(&mut self, local: LocalId) -> Option<&mut Value> {
        let frame = self.frames.last_mut()?;
        frame.locals.get_mut(local.index())?.as_mut()
    }

    fn assign(
        &mut self,
        local: LocalId,
        name: &Ident,
        indices: &[Index],
        value: &Expr,
        span: Span,
    ) {
        let binding = indices.is_empty().then(|| name.name.clone());
        let computed = self.bound_to(binding, value);
        let Some(index) = indices.first() else {
            let computed = match (self.local(local), computed) {
                (Some(Value::List(_)), Value::List(new)) if !self.copy(new.items.len(), span) => {
                    Value::Unknown
                }
                (Some(Value::List(old)), Value::List(new)) => Value::List(keep_tags(&old, &new)),
                (_, computed) => computed,
            };
            self.note(name.span, &computed);
            self.set_local(local, computed);
            return;
        };
        let Index::At(at) = index else {
            self.report(diagnostics::assign_to_slice(span));
            return;
        };
        let Some(at) = self.int(at) else { return };
        let (Some(&element), Some(Value::List(list))) = (self.defining.last(), self.local(local))
        else {
            if !matches!(self.local(local), Some(Value::Unknown)) {
                self.report(diagnostics::assign_outside_family(span, &name.name));
            }
            return;
        };
        if usize::try_from(at) != Ok(list.items.len()) {
            self.report(diagnostics::assign_wrong_element(
                span,
                &name.name,
                at,
                list.items.len(),
            ));
            return;
        }
        let value = self.element(element, computed, value.span);
        // The slot's own list grows where it is, unless something else holds it too.
        let shared = Rc::strong_count(&list) > 2;
        if shared && !self.copy(list.items.len(), span) {
            return;
        }
        drop(list);
        if let Some(Value::List(list)) = self.slot(local) {
            let list = Rc::make_mut(list);
            list.items.push(Item {
                guard: GuardId::ALWAYS,
                value,
            });
            if list.element.is_none() {
                list.element = super::value::element_of(&list.items);
            }
        }
    }

    // ---- node families

    fn nodes_seed(&mut self, local: LocalId, name: &Ident, seeds: &Expr) {
        self.n_families += 1;
        let mut items = Vec::new();
        match &seeds.kind {
            ExprKind::List(exprs) if !is_generator(exprs) => {
                for expr in exprs {
                    let element = self.open_seed(&name.name, items.len(), name.span);
                    let value = self.eval(expr);
                    self.close_element(element);
                    items.push((element, value, expr.span));
                }
            }
            _ => {
                let value = self.eval(seeds);
                let Some(rounds) = self.rounds(&value, seeds.span) else {
                    self.set_local(local, Value::Unknown);
                    return;
                };
                if rounds.iter().any(|round| round.guard != GuardId::ALWAYS) {
                    self.report(diagnostics::seeds_by_decisions(seeds.span));
                }
                for round in rounds {
                    let element = self.open_seed(&name.name, items.len(), name.span);
                    self.close_element(element);
                    items.push((element, round.value, seeds.span));
                }
            }
        }
        for (place, (_, value, _)) in items.iter().enumerate() {
            let segment = format!("{}[{place}]", name.name);
            let path = self.instance_path.with(&segment, (name.span, name.span));
            self.call_it(path, value);
        }
        let values: Vec<Value> = items
            .into_iter()
            .map(|(element, value, span)| self.element(element, value, span))
            .collect();
        let value = Value::List(Rc::new(List::fixed(values)));
        self.note(name.span, &value);
        self.set_local(local, value);
    }

    fn nodes_family(
        &mut self,
        local: LocalId,
        name: &Ident,
        index: LocalId,
        range: &Expr,
        body: &[Stmt],
        span: Span,
    ) -> Flow {
        let value = self.eval(range);
        if matches!(self.local(local), Some(Value::Unknown) | None) {
            return Flow::Next;
        }
        let Some(rounds) = self.rounds(&value, range.span) else {
            return Flow::Next;
        };
        for round in rounds {
            let length = |this: &Self| match this.local(local) {
                Some(Value::List(list)) => Some(list.items.len()),
                _ => None,
            };
            let Some(before) = length(self) else { break };
            if !self.step(1, span) {
                return Flow::Return(Value::Unknown);
            }
            if usize::try_from(round.label) != Ok(before) {
                self.report(diagnostics::family_gap(
                    range.span,
                    &name.name,
                    round.label,
                    before,
                ));
                break;
            }
            self.set_local(index, Value::Int(round.label));
            // Seeds and later elements share one naming site: the family's.
            let element = self.open_element(&name.name, before, name.span);
            let segment = format!("{}[{}]", name.name, round.label);
            let decision_path = self.decision_path.push(&segment, (name.span, name.span));
            let instance_path = self.instance_path.push(&segment, (name.span, name.span));
            let binding = self.binding.take();
            let flow = self.round(round.guard, body, range.span);
            self.binding = binding;
            self.close_element(element);
            self.decision_path.restore(decision_path);
            self.instance_path.restore(instance_path);
            if let Flow::Return(value) = flow {
                return Flow::Return(value);
            }
            if !self.exhausted && length(self).is_some_and(|after| after != before + 1) {
                self.report(diagnostics::node_not_assigned(
                    span,
                    &name.name,
                    round.label,
                ));
                break;
            }
        }
        Flow::Next
    }

    /// The value of an element of a family, which remembers what it is.
    fn element(&mut self, id: ElementId, value: Value, span: Span) -> Value {
        match value {
            Value::Tensor(tensor) => {
                if let Some(state) = self.elements.get_mut(id.index()) {
                    state.nodes.push((tensor.region, tensor.node));
                }
                let tag = Tag::Element(id);
                Value::Tensor(Tensor { tag, ..tensor })
            }
            Value::Unknown => Value::Unknown,
            other => self.report(diagnostics::wrong_kind(span, "a tensor", &other)),
        }
    }

    /// Keeps how the program calls a value, for people who look at the graph.
    pub(super) fn call_it(&mut self, path: String, value: &Value) {
        if let Value::Tensor(tensor) = value
            && let Some(region) = self.regions.get_mut(tensor.region.index())
        {
            region.names.push(Name {
                path: path.into(),
                node: tensor.node,
            });
        }
    }

    fn open_seed(&mut self, family: &str, index: usize, site: Span) -> ElementId {
        let id = self.open_element(family, index, site);
        if let Some(state) = self.elements.get_mut(id.index()) {
            state.seed = true;
        }
        id
    }

    /// Opens the definition of an element; a cell's later instances find the
    /// element of the first.
    fn open_element(&mut self, family: &str, index: usize, site: Span) -> ElementId {
        let name = self
            .decision_path
            .with(&format!("{family}[{index}]"), (site, site));
        let known = self.cell_element(&name);
        let id = known.unwrap_or_else(|| {
            let id = ElementId(self.decisions.elements.len() as u32);
            self.decisions.elements.push(Element {
                name: name.clone(),
                decisions: Vec::new(),
            });
            self.elements.push(ElementState {
                family: self.n_families,
                index,
                uses: IndexSet::new(),
                taken: IndexSet::new(),
                seed: false,
                site,
                nodes: Vec::new(),
            });
            self.remember_cell_element(name, id);
            id
        });
        if known.is_some() {
            // This instance's family, so that its own uses are found.
            if let Some(state) = self.elements.get_mut(id.index()) {
                state.family = self.n_families;
            }
        }
        self.defining.push(id);
        id
    }

    fn close_element(&mut self, element: ElementId) {
        self.defining.pop();
        let event = Event::Define(element);
        if !self.replaying() {
            self.decisions.events.push(event);
        }
    }

    /// An element that a `pick` or an index of a later element's definition
    /// uses is no loose end.
    pub(super) fn record_use(&mut self, value: &Value, guard: GuardId) {
        let Value::Tensor(tensor) = value else { return };
        let Tag::Element(id) = tensor.tag else { return };
        let Some(family) = self.elements.get(id.index()).map(|state| state.family) else {
            return;
        };
        let user = self.defining.iter().copied().find(|defining| {
            *defining != id
                && self
                    .elements
                    .get(defining.index())
                    .is_some_and(|state| state.family == family)
        });
        let guard = self.decisions.guards.and(self.active, guard);
        let Some(state) = self.elements.get_mut(id.index()) else {
            return;
        };
        // Later instances of a cell use what the first one does.
        match user {
            Some(user) => state.uses.insert((user, guard)),
            None => state.taken.insert(guard),
        };
    }
}

fn is_generator(exprs: &[Expr]) -> bool {
    matches!(exprs, [only] if matches!(only.kind, ExprKind::Generator(_)))
}

/// A list bound anew keeps the places of its elements in their family.
fn keep_tags(old: &List, new: &Rc<List>) -> Rc<List> {
    if old.items.len() != new.items.len() || old.picked || new.picked {
        return new.clone();
    }
    let items = old
        .items
        .iter()
        .zip(&new.items)
        .map(|(old, new)| match (&old.value, &new.value) {
            (Value::Tensor(before), Value::Tensor(after)) => Item {
                guard: new.guard,
                value: Value::Tensor(Tensor {
                    tag: match before.tag {
                        Tag::Element(_) => before.tag,
                        _ => after.tag,
                    },
                    ..after.clone()
                }),
            },
            _ => new.clone(),
        })
        .collect();
    Rc::new(List {
        items,
        ..List::clone(new)
    })
}

//! Conditions and loops that decisions decide: what they do is run under its
//! condition, and what it changed is joined with what was there without it.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::select::Join;
use super::stmt::Flow;
use super::value::{Option_, Value};
use super::{Evaluator, diagnostics};
use crate::decision::GuardId;
use crate::hir::{Expr, LocalId, Pattern, Stmt};
use crate::span::Span;

impl Evaluator<'_> {
    /// The condition that an expression is.
    pub(super) fn condition(&mut self, expr: &Expr) -> Option<GuardId> {
        match self.eval(expr) {
            Value::Bool(true) => Some(GuardId::ALWAYS),
            Value::Bool(false) => Some(GuardId::NEVER),
            Value::Cond(guard) => Some(guard),
            Value::Unknown => None,
            other => {
                self.report(diagnostics::wrong_kind(expr.span, "a condition", &other));
                None
            }
        }
    }

    /// Runs something where a condition holds.
    pub(super) fn where_holds<T>(&mut self, guard: GuardId, run: impl FnOnce(&mut Self) -> T) -> T {
        let (path, active) = (self.path, self.active);
        self.path = self.decisions.guards.and(path, guard);
        self.active = self.decisions.guards.and(active, guard);
        let result = run(self);
        (self.path, self.active) = (path, active);
        result
    }

    /// Runs the arms of a statement, each where its condition holds, and joins
    /// what they leave in the names from outside.
    pub(super) fn arms(&mut self, arms: &[(GuardId, &[Stmt])], span: Span) -> Flow {
        let mut written = Written::default();
        for (_, body) in arms {
            written.collect(body);
        }
        let slots: Vec<LocalId> = written
            .assigned
            .difference(&written.declared)
            .copied()
            .collect();
        let before = self.locals(&slots);
        let mut after: Vec<(GuardId, Vec<Option<Value>>)> = Vec::with_capacity(arms.len());
        for &(guard, body) in arms {
            self.set_locals(&slots, before.clone());
            let flow = self.where_holds(guard, |this| this.body(body));
            if let Flow::Return(value) = flow {
                if !matches!(value, Value::Unknown) {
                    self.report(diagnostics::conditional_return(span));
                }
                return Flow::Return(Value::Unknown);
            }
            after.push((guard, self.locals(&slots)));
        }
        let joined = (0..slots.len())
            .map(|place| {
                let arms: Vec<(GuardId, Value)> = after
                    .iter()
                    .filter_map(|(guard, values)| Some((*guard, values.get(place)?.clone()?)))
                    .collect();
                // A name without a value after some arm has none.
                (arms.len() == after.len()).then(|| self.join(arms, span))
            })
            .collect();
        self.set_locals(&slots, joined);
        Flow::Next
    }

    /// One value of the arms' values.
    pub(super) fn join(&mut self, arms: Vec<(GuardId, Value)>, span: Span) -> Value {
        if let Some((_, first)) = arms.first()
            && arms.iter().all(|(_, value)| value.same(first))
        {
            return first.clone();
        }
        let options = arms
            .into_iter()
            .map(|(guard, value)| Option_ {
                name: Rc::default(),
                guard,
                value,
                span,
            })
            .collect();
        self.select(options, span, Join::Arms)
    }

    fn locals(&self, slots: &[LocalId]) -> Vec<Option<Value>> {
        slots.iter().map(|slot| self.local(*slot)).collect()
    }

    fn set_locals(&mut self, slots: &[LocalId], values: Vec<Option<Value>>) {
        let Some(frame) = self.frames.last_mut() else {
            return;
        };
        for (slot, value) in slots.iter().zip(values) {
            if let Some(place) = frame.locals.get_mut(slot.index()) {
                *place = value;
            }
        }
    }
}

/// The names that some bodies write to.
#[derive(Default)]
struct Written {
    assigned: BTreeSet<LocalId>,
    /// What the bodies declare for themselves: nobody outside can read it.
    declared: BTreeSet<LocalId>,
}

impl Written {
    fn collect(&mut self, body: &[Stmt]) {
        for stmt in body {
            match stmt {
                Stmt::Let { pattern, .. } => self.declare(pattern),
                Stmt::NodesSeed { local, .. } => {
                    self.declared.insert(*local);
                }
                Stmt::NodesFamily {
                    local, index, body, ..
                } => {
                    self.assigned.insert(*local);
                    self.declared.insert(*index);
                    self.collect(body);
                }
                Stmt::For { pattern, body, .. } => {
                    self.declare(pattern);
                    self.collect(body);
                }
                Stmt::If {
                    then, otherwise, ..
                } => {
                    self.collect(then);
                    self.collect(otherwise);
                }
                Stmt::Assign { local, .. } => {
                    self.assigned.insert(*local);
                }
                Stmt::Require { .. } | Stmt::Return { .. } => {}
            }
        }
    }

    fn declare(&mut self, pattern: &Pattern) {
        match pattern {
            Pattern::Name(local, _) => {
                self.declared.insert(*local);
            }
            Pattern::Tuple(names, _) => {
                self.declared.extend(names.iter().map(|(local, _)| *local));
            }
        }
    }
}

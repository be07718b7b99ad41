//! Conditions and loops that decisions decide: what they do is run under its
//! condition, and what it changed is joined with what was there without it.

use super::HashSet;

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
        let before = self.locals();
        let mut after: Vec<(GuardId, Vec<Option<Value>>)> = Vec::with_capacity(arms.len());
        let mut inner = HashSet::default();
        for &(guard, body) in arms {
            self.set_locals(before.clone());
            let flow = self.where_holds(guard, |this| this.body(body));
            if let Flow::Return(value) = flow {
                if !matches!(value, Value::Unknown) {
                    self.report(diagnostics::conditional_return(span));
                }
                return Flow::Return(Value::Unknown);
            }
            declared(body, &mut inner);
            after.push((guard, self.locals()));
        }
        let joined = (0..before.len())
            .map(|slot| {
                if inner.contains(&LocalId(slot as u32)) {
                    return None;
                }
                let arms: Vec<(GuardId, Value)> = after
                    .iter()
                    .filter_map(|(guard, locals)| Some((*guard, locals.get(slot)?.clone()?)))
                    .collect();
                // A name without a value after some arm has none.
                (arms.len() == after.len()).then(|| self.join(arms, span))
            })
            .collect();
        self.set_locals(joined);
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
                name: String::new(),
                guard,
                value,
                span,
            })
            .collect();
        self.select(options, span, Join::Arms)
    }

    fn locals(&self) -> Vec<Option<Value>> {
        self.frames
            .last()
            .map(|frame| frame.locals.clone())
            .unwrap_or_default()
    }

    fn set_locals(&mut self, locals: Vec<Option<Value>>) {
        if let Some(frame) = self.frames.last_mut() {
            frame.locals = locals;
        }
    }
}

/// The names that a body declares for itself.
fn declared(body: &[Stmt], found: &mut HashSet<LocalId>) {
    let mut pattern = |pattern: &Pattern| match pattern {
        Pattern::Name(local, _) => {
            found.insert(*local);
        }
        Pattern::Tuple(names, _) => found.extend(names.iter().map(|(local, _)| *local)),
    };
    for stmt in body {
        match stmt {
            Stmt::Let { pattern: names, .. } => pattern(names),
            Stmt::For { pattern: names, .. } => pattern(names),
            _ => {}
        }
    }
    for stmt in body {
        match stmt {
            Stmt::NodesSeed { local, .. } => {
                found.insert(*local);
            }
            Stmt::NodesFamily { index, body, .. } => {
                found.insert(*index);
                declared(body, found);
            }
            Stmt::For { body, .. } => declared(body, found),
            Stmt::If {
                then, otherwise, ..
            } => {
                declared(then, found);
                declared(otherwise, found);
            }
            _ => {}
        }
    }
}

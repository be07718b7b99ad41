//! Cells: what decides once for all its instances.

use std::rc::Rc;

use indexmap::IndexMap;

use super::value::{Callable, Given, List, Value};
use super::{Evaluator, diagnostics};
use crate::decision::{DecisionId, ElementId, GuardId};
use crate::hir::{CellId, Res};
use crate::span::Span;

/// What the first instance of a cell decided; later ones decide the same.
#[derive(Debug, Default)]
pub(super) struct CellState {
    pub decisions: IndexMap<String, DecisionId>,
    pub elements: IndexMap<String, ElementId>,
    /// Whether the first instance is complete.
    pub complete: bool,
    /// The call that decided.
    pub site: Span,
    /// Decisions that the present instance came to.
    pub visited: usize,
}

impl Evaluator<'_> {
    pub(super) fn cell_value(&mut self, id: CellId) -> Value {
        let space = self.space;
        let Some(bind) = space.cells.get(id.index()) else {
            return Value::Unknown;
        };
        let cell = |index| Value::Callable(Rc::new(Callable::Cell(id, index)));
        let Some(count) = &bind.count else {
            return cell(None);
        };
        match self.int(count) {
            Some(n @ 1..=4096) => {
                let cells = (0..n as u32).map(|index| cell(Some(index)));
                Value::List(Rc::new(List::fixed(cells)))
            }
            Some(n) => self.report(diagnostics::cell_count(count.span, n)),
            None => Value::Unknown,
        }
    }

    /// Calls an instance of a `cell name = ..`.
    pub(super) fn cell_instance(
        &mut self,
        id: CellId,
        index: Option<u32>,
        args: Vec<Given>,
        site: Span,
    ) -> Value {
        let space = self.space;
        let Some(bind) = space.cells.get(id.index()) else {
            return Value::Unknown;
        };
        let res = Res::Cell(id);
        if self.evaluating.contains(&res) {
            return self.report(diagnostics::cycle(site, &bind.name.name));
        }
        let name = match index {
            Some(index) => format!("{}[{index}]", bind.name.name),
            None => bind.name.name.clone(),
        };
        self.in_cell(name, site, |this| {
            // In a frame of its own: the declaration sees no locals.
            this.frames.push(super::Frame {
                locals: Vec::new(),
                site,
            });
            this.evaluating.push(res);
            let value = this.eval(&bind.value);
            this.evaluating.pop();
            this.frames.pop();
            this.call_inside(value, args, site)
        })
    }

    /// Calls what a cell binds, without a path segment of its own.
    fn call_inside(&mut self, value: Value, args: Vec<Given>, site: Span) -> Value {
        let (target, known) = match &value {
            Value::Callable(callable) => match &**callable {
                Callable::Fn(id) => (Some(*id), Vec::new()),
                Callable::Partial {
                    target,
                    args,
                    per,
                    tie: None,
                    ..
                } if per.is_empty() => match &**target {
                    Callable::Fn(id) => (Some(*id), args.clone()),
                    _ => (None, Vec::new()),
                },
                _ => (None, Vec::new()),
            },
            _ => (None, Vec::new()),
        };
        let space = self.space;
        match target.and_then(|id| space.fns.get(id.index())) {
            Some(function) => self.run(function, known, args, site),
            None => self.call(value, args, site, None),
        }
    }

    /// Runs one instance of the cell called `name`: the first one decides,
    /// later ones come to the same decisions or are reported.
    pub(super) fn in_cell(
        &mut self,
        name: String,
        site: Span,
        run: impl FnOnce(&mut Self) -> Value,
    ) -> Value {
        let state = self.cells.entry(name.clone()).or_insert_with(|| CellState {
            site,
            ..CellState::default()
        });
        state.visited = 0;
        let (complete, first) = (state.complete, state.site);
        let decision_path = self.decision_path.replace(&name);
        let key = self.key(site);
        let instance_path = self.instance_path.push(&name, key);
        self.inside.push(name.clone());
        // What leads to an instance says nothing about what the cell decides.
        let active = std::mem::replace(&mut self.active, GuardId::ALWAYS);
        let value = run(self);
        self.active = active;
        self.inside.pop();
        self.decision_path.restore(decision_path);
        self.instance_path.restore(instance_path);
        let Some(state) = self.cells.get_mut(&name) else {
            return value;
        };
        state.complete = true;
        let (visited, n) = (state.visited, state.decisions.len());
        if complete && visited != n && !self.failed {
            return self.report(diagnostics::cell_disagrees(
                site,
                first,
                &name,
                &format!("this instance makes {visited} decisions, the first one {n}"),
            ));
        }
        value
    }

    /// Whether a later instance of a cell is being run.
    pub(super) fn replaying(&self) -> bool {
        self.inside
            .last()
            .and_then(|name| self.cells.get(name))
            .is_some_and(|state| state.complete)
    }

    /// The element of this name that the first instance defined.
    pub(super) fn cell_element(&self, name: &str) -> Option<ElementId> {
        let cell = self.inside.last()?;
        self.cells.get(cell)?.elements.get(name).copied()
    }

    pub(super) fn remember_cell_element(&mut self, name: String, id: ElementId) {
        if let Some(state) = self.inside.last().and_then(|cell| self.cells.get_mut(cell)) {
            state.elements.insert(name, id);
        }
    }
}

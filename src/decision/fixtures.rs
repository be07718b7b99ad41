//! Hand-made decision spaces for the tests of planning and of the controller,
//! as what the files of `spaces/` unroll to.

use super::super::{
    DecisionId, DecisionPoint, DecisionSpace, Domain, Element, ElementId, Event, GuardId, Hints,
    OptionSource, Table, TableId,
};
use crate::span::Span;

impl DecisionSpace {
    /// `spaces/enas_rnn.enas` with `n` nodes.
    pub(crate) fn recurrent(n: u32) -> Self {
        let mut space = Self::default();
        let act = space.add_table("Act", 4);
        space.choose("Cell.f0", act, Hints::default());
        let mut nodes = vec![space.define("Cell.h[0]", &[])];
        for l in 1..n {
            let near = Hints {
                near: Some(6.0),
                ..Hints::default()
            };
            let p = space.pick(&format!("Cell.h[{l}].p"), &nodes, one(l), near);
            let f = space.choose(&format!("Cell.h[{l}].f"), act, Hints::default());
            nodes.push(space.define(&format!("Cell.h[{l}]"), &[p, f]));
        }
        space
    }

    /// `spaces/enas_macro.enas` with so many layers.
    pub(crate) fn macro_layers(layers: u32) -> Self {
        let mut space = Self::default();
        let layer = space.add_table("Layer", 6);
        let mut nodes = vec![space.define("h[0]", &[])];
        for l in 1..=layers {
            let f = space.choose(&format!("h[{l}].f"), layer, Hints::default());
            let older = nodes.get(..l as usize - 1).unwrap().to_vec();
            let rate = Hints {
                rate: Some(0.4),
                ..Hints::default()
            };
            let skips = space.pick(&format!("h[{l}].skips"), &older, set(l - 1, 0, l - 1), rate);
            nodes.push(space.define(&format!("h[{l}]"), &[f, skips]));
        }
        space
    }

    /// `spaces/enas_micro.enas` with these cells of `n` computed nodes.
    pub(crate) fn micro(cells: &[&str], n: u32) -> Self {
        let mut space = Self::default();
        let micro = space.add_table("Micro", 5);
        for cell in cells {
            let inputs = [0, 1].map(|i| space.define(&format!("{cell}.t[{i}]"), &[]));
            let mut nodes = inputs.to_vec();
            let bias = match *cell {
                "normal" => vec![0.25, 0.25, -0.25, -0.25, -0.25],
                _ => vec![0.0; 5],
            };
            let hints = Hints {
                bias,
                ..Hints::default()
            };
            for i in 2..2 + n {
                let path = |name: &str| format!("{cell}.t[{i}].{name}");
                let decisions = [
                    space.pick(&path("p"), &nodes, one(i), Hints::default()),
                    space.pick(&path("q"), &nodes, one(i), Hints::default()),
                    space.choose(&path("f"), micro, hints.clone()),
                    space.choose(&path("g"), micro, hints.clone()),
                ];
                nodes.push(space.define(&format!("{cell}.t[{i}]"), &decisions));
            }
        }
        space
    }

    /// `spaces/nasbench201.enas`: choices alone, on the edges of `n` nodes.
    pub(crate) fn edges(n: u32) -> Self {
        let mut space = Self::default();
        let edge = space.add_table("Edge", 5);
        space.define("Cell.t[0]", &[]);
        for j in 1..n {
            let path = |i: u32| format!("Cell.t[{j}][i={i}]");
            let choices: Vec<DecisionId> = (0..j)
                .map(|i| space.choose(&path(i), edge, Hints::default()))
                .collect();
            space.define(&format!("Cell.t[{j}]"), &choices);
        }
        space
    }

    /// A decision of every form, half of them conditional.
    pub(crate) fn every_form() -> Self {
        let mut space = Self::default();
        let plain = Hints::default;
        let deep = space.add_table("deep", 2);
        let values = space.add_table("values", 2);
        let is_deep = space.choose("deep", deep, plain());
        space.name_options(is_deep, &["no", "yes"]);
        let t = [0, 1, 2].map(|i| space.define(&format!("t[{i}]"), &[]));
        let k = space.pick("k", &t, set(3, 2, 2), plain());
        let rate = Hints {
            rate: Some(0.4),
            ..plain()
        };
        let some = space.pick("some", &t, set(3, 1, 3), rate);
        let range = space.pick("range", &t, set(3, 1, 2), plain());
        let deep_yes = space.guards.has(is_deep, 1);
        space.only_if(some, deep_yes);
        let k_first = space.guards.has(k, 0);
        let not_first = space.guards.not(k_first);
        let guard = space.guards.and(deep_yes, not_first);
        space.only_if(range, guard);
        let third = space.guards.has(range, 2);
        let second = space.guards.has(some, 1);
        let both = space.guards.and(deep_yes, second);
        let either = space.guards.or(third, both);
        let chosen = space.decide("values", OptionSource::Table(values), set(2, 0, 2), plain());
        space.only_if(chosen, either);
        // Decides, but picks nothing: anchored at a step of its own.
        let u = space.define("u", &[chosen]);
        space.pick("none", &[], set(0, 0, 0), plain());
        let near = Hints {
            near: Some(2.0),
            ..plain()
        };
        space.pick("last", &[t[0], u], one(2), near);
        space
    }

    /// Decisions of every form of which some options are not always available.
    pub(crate) fn limited() -> Self {
        let mut space = Self::default();
        let plain = Hints::default;
        let table = space.add_table("few", 3);
        let few = space.choose("few", table, plain());
        let guards: Vec<GuardId> = (0..3).map(|option| space.guards.has(few, option)).collect();
        let not: Vec<GuardId> = guards.iter().map(|&g| space.guards.not(g)).collect();
        let t = [0, 1, 2, 3].map(|i| space.define(&format!("t[{i}]"), &[]));
        let always = GuardId::ALWAYS;
        let one = space.pick("one", &t[..3], one(3), plain());
        space.limit(one, vec![not[0], always, not[2]]);
        let rate = Hints {
            rate: Some(0.4),
            ..plain()
        };
        let any = space.pick("any", &t[..3], set(3, 0, 3), rate.clone());
        space.limit(any, vec![guards[1], not[1], always]);
        let some = space.pick("some", &t[..3], set(3, 1, 3), rate);
        space.limit(some, vec![always, not[0], guards[2]]);
        let two = space.pick("two", &t, set(4, 2, 2), plain());
        space.limit(two, vec![not[1], always, guards[1], always]);
        let range = space.pick("range", &t, set(4, 1, 3), plain());
        space.limit(range, vec![not[2], not[2], always, guards[0]]);
        space
    }

    fn limit(&mut self, decision: DecisionId, available: Vec<GuardId>) {
        if let Some(point) = self.points.get_mut(decision.index()) {
            point.available = available;
            self.guards.declare(decision, point);
        }
    }

    /// Adds a table of candidates.
    pub(crate) fn add_table(&mut self, name: &str, size: u32) -> TableId {
        self.tables.push(Table {
            name: name.to_owned(),
            size,
        });
        TableId(self.tables.len() as u32 - 1)
    }

    /// Adds a choice of one candidate of a table.
    pub(crate) fn choose(&mut self, path: &str, table: TableId, hints: Hints) -> DecisionId {
        let size = self.tables.get(table.index()).map_or(0, |table| table.size);
        self.decide(path, OptionSource::Table(table), one(size), hints)
    }

    /// Adds a pick of elements.
    pub(crate) fn pick(
        &mut self,
        path: &str,
        elements: &[ElementId],
        domain: Domain,
        hints: Hints,
    ) -> DecisionId {
        let source = OptionSource::Elements(elements.to_vec());
        let id = self.decide(path, source, domain, hints);
        let name = |element: &ElementId| self.elements.get(element.index()).map(|e| e.name.clone());
        let names: Vec<String> = elements.iter().filter_map(name).collect();
        self.name_options(id, &names);
        id
    }

    /// Adds an element whose definition made these decisions.
    pub(crate) fn define(&mut self, name: &str, decisions: &[DecisionId]) -> ElementId {
        let id = ElementId(self.elements.len() as u32);
        self.elements.push(Element {
            name: name.to_owned(),
            decisions: decisions.to_vec(),
        });
        self.events.push(Event::Define(id));
        id
    }

    fn decide(
        &mut self,
        path: &str,
        source: OptionSource,
        domain: Domain,
        hints: Hints,
    ) -> DecisionId {
        self.add(DecisionPoint {
            path: path.to_owned(),
            domain,
            options: (0..domain.options()).map(|i| i.to_string()).collect(),
            active: GuardId::ALWAYS,
            available: Vec::new(),
            source,
            hints,
            span: Span::default(),
        })
    }

    fn only_if(&mut self, decision: DecisionId, guard: GuardId) {
        if let Some(point) = self.points.get_mut(decision.index()) {
            point.active = guard;
            self.guards.declare(decision, point);
        }
    }

    fn name_options<S: ToString>(&mut self, decision: DecisionId, names: &[S]) {
        if let Some(point) = self.points.get_mut(decision.index()) {
            point.options = names.iter().map(S::to_string).collect();
        }
    }
}

fn one(n: u32) -> Domain {
    Domain::One { n }
}

fn set(n: u32, min: u32, max: u32) -> Domain {
    Domain::Subset { n, min, max }
}

//! The controller's plan: the LSTM steps that decide a whole architecture.
//!
//! In: a [`DecisionSpace`]. Out: a [`Plan`], plain data that says for every
//! step what it decides, when, and which elements of node families take the
//! step's output as their *anchor*, by which later picks can find them.
//!
//! Rules:
//! - steps follow program order, each fed by the choice of the step before;
//! - a decision takes one step; a set of `k` takes `k` (each picks an option
//!   beyond the last), a set of `a..=b` first decides its size;
//! - an element whose definition has exactly one pick is anchored at that
//!   pick's first step (the recurrent and the macro space of the paper), any
//!   other at a step of its own where its definition ends (the micro space);
//! - elements that no pick touches, neither among its options nor in their
//!   definition, need no anchor (NAS-Bench-201);
//! - a decision with one option, or none, keeps its step, so that plans of one
//!   family stay regular.

use std::fmt::Write as _;

use super::{
    Architecture, DecisionId, DecisionSpace, Domain, ElementId, Event, GuardId, Guards, Hints,
    OptionSource, Table, TableId,
};

#[cfg(test)]
#[path = "fixtures.rs"]
mod fixtures;

/// What a controller does to decide an architecture of a space; see [`plan`].
#[derive(Clone, Debug)]
pub struct Plan {
    /// One LSTM step each, in order.
    pub steps: Vec<Step>,
    /// Tables of candidates, by [`TableId`]: those of the space, then one for
    /// the size of every decision over sets of several sizes.
    pub tables: Vec<Table>,
    /// How many elements of node families there are; every [`ElementId`] is below.
    pub elements: usize,
    /// The conditions that [`Step::active`] names.
    pub guards: Guards,
    /// INVARIANT: as many decisions as the space has.
    undecided: Architecture,
}

/// One step of the controller.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What it does.
    pub kind: StepKind,
    /// The decision that it makes or helps to make; `None` for
    /// [`StepKind::Anchor`] alone.
    pub decision: Option<DecisionId>,
    /// How many options it chooses from.
    pub n: u32,
    /// Whose options these are: `n` elements, or the first `n` rows of a table.
    pub options: OptionSource,
    /// What the author of the space told the controller about the decision.
    pub hints: Hints,
    /// The elements whose anchor is this step's output.
    pub anchors: Vec<ElementId>,
    /// When the step is taken at all; reads earlier decisions only.
    pub active: GuardId,
    /// When each option of the decision may be chosen; empty: all always may.
    pub available: Vec<GuardId>,
}

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// Decides nothing: its output is an anchor, and the next step starts afresh.
    Anchor,
    /// Chooses one option.
    One,
    /// Takes each option or not.
    Bits {
        /// At least one must be taken: the last is, when no other was.
        some: bool,
    },
    /// Chooses how many options a set gets; row `i` of its table is size `min + i`.
    Size {
        /// The least size.
        min: u32,
    },
    /// Chooses the next option of a set in ascending order, leaving enough for
    /// the rest of the set.
    Nth {
        /// How many were chosen before it.
        nth: u32,
        /// How many the set gets; `None`: as the decision's [`StepKind::Size`]
        /// chose, and the step is taken only while `nth` is less.
        size: Option<u32>,
    },
}

impl Step {
    /// How far the element that decides is from `option`, counted along its
    /// node family: a definition of `h[l]` that picks from `h[..l]` is `l - j`
    /// from option `j`.
    #[must_use]
    pub fn distance(&self, option: u32) -> u32 {
        self.n.saturating_sub(option)
    }
}

impl Plan {
    /// The architecture in which nothing is decided yet.
    #[must_use]
    pub fn undecided(&self) -> Architecture {
        self.undecided.clone()
    }

    /// The plan as text, a line a step; `space` is the one it was made for.
    #[must_use]
    pub fn write(&self, space: &DecisionSpace) -> String {
        let mut text = String::new();
        for (index, step) in self.steps.iter().enumerate() {
            let path = step.decision.and_then(|id| space.point(id));
            let mut clauses = vec![match path {
                Some(point) => format!("{} = {}", point.path, self.what(step)),
                None => self.what(step),
            }];
            if let Some(scale) = step.hints.near {
                clauses.push(format!("near {scale}"));
            }
            if let Some(rate) = step.hints.rate {
                clauses.push(format!("rate {rate}"));
            }
            if !step.hints.bias.is_empty() {
                clauses.push(format!("bias {:?}", step.hints.bias));
            }
            for element in &step.anchors {
                let name = space.elements.get(element.index());
                clauses.push(format!("anchor {}", name.map_or("?", |e| e.name.as_str())));
            }
            let limited = step.available.iter().enumerate();
            for (option, &guard) in limited.filter(|(_, guard)| **guard != GuardId::ALWAYS) {
                let name = path.and_then(|point| point.options.get(option));
                let name = name.map_or("?", String::as_str);
                clauses.push(format!("{name} if {}", self.guards.words(guard, space)));
            }
            if step.active != GuardId::ALWAYS {
                clauses.push(format!("if {}", self.guards.words(step.active, space)));
            }
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{index:>4}  {}", clauses.join("; "));
        }
        text
    }

    fn what(&self, step: &Step) -> String {
        let n = step.n;
        let options = match &step.options {
            OptionSource::Elements(_) => format!("{n} elements"),
            OptionSource::Table(id) => {
                let name = self.tables.get(id.index()).map(|table| &table.name);
                format!("{n} of table {}", name.map_or("?", String::as_str))
            }
        };
        match step.kind {
            StepKind::Anchor => "no decision".to_owned(),
            StepKind::One => format!("one of {options}"),
            StepKind::Bits { some: false } => format!("any of {options}"),
            StepKind::Bits { some: true } => format!("some of {options}"),
            StepKind::Size { min } => format!("size {min}..={}", min + n.saturating_sub(1)),
            StepKind::Nth { nth, size } => {
                let size = size.map_or("size".to_owned(), |k| k.to_string());
                format!("number {} of {size} of {options}", nth + 1)
            }
        }
    }
}

/// The plan of `space`, whose events must decide every point once.
#[must_use]
pub fn plan(space: &DecisionSpace) -> Plan {
    let anchored = Anchored::of(space);
    let mut plan = Plan {
        steps: Vec::new(),
        tables: space.tables.clone(),
        elements: space.elements.len(),
        guards: space.guards.clone(),
        undecided: Architecture::undecided(space),
    };
    for &event in &space.events {
        match event {
            Event::Decide(id) => {
                let first = plan.steps.len();
                decide(&mut plan, space, id);
                if let Some(step) = plan.steps.get_mut(first) {
                    step.anchors = anchored.at_decision(id);
                }
            }
            Event::Define(id) if anchored.at_definition(id) => {
                let active = defined_when(&mut plan.guards, space, id);
                plan.steps.push(Step {
                    kind: StepKind::Anchor,
                    decision: None,
                    n: 0,
                    options: OptionSource::Elements(Vec::new()),
                    hints: Hints::default(),
                    anchors: vec![id],
                    active,
                    available: Vec::new(),
                });
            }
            Event::Define(_) => {}
        }
    }
    plan
}

/// Where the anchor of every element is taken.
struct Anchored {
    /// By element.
    places: Vec<Place>,
}

enum Place {
    Nowhere,
    At(DecisionId),
    Definition,
}

impl Anchored {
    fn of(space: &DecisionSpace) -> Self {
        let elements_of = |id: DecisionId| match &space.point(id)?.source {
            OptionSource::Elements(elements) => Some(elements),
            OptionSource::Table(_) => None,
        };
        let mut is_option = vec![false; space.elements.len()];
        for (id, _) in space.iter() {
            for element in elements_of(id).into_iter().flatten() {
                if let Some(is) = is_option.get_mut(element.index()) {
                    *is = true;
                }
            }
        }
        let place = |(element, is_option): (&super::Element, bool)| {
            let mut picks = element
                .decisions
                .iter()
                .filter(|&&id| elements_of(id).is_some());
            match (picks.next(), picks.next()) {
                (Some(&only), None) => Place::At(only),
                (None, _) if !is_option => Place::Nowhere,
                _ => Place::Definition,
            }
        };
        Self {
            places: space.elements.iter().zip(is_option).map(place).collect(),
        }
    }

    /// The elements that the first step of a decision anchors.
    fn at_decision(&self, decision: DecisionId) -> Vec<ElementId> {
        let is_here = |place: &Place| matches!(place, Place::At(id) if *id == decision);
        let elements = self.places.iter().enumerate();
        elements
            .filter(|(_, place)| is_here(place))
            .map(|(index, _)| ElementId(index as u32))
            .collect()
    }

    /// Whether an element is anchored at a step of its own.
    fn at_definition(&self, element: ElementId) -> bool {
        matches!(self.places.get(element.index()), Some(Place::Definition))
    }
}

/// A definition with decisions is reached when one of them is active.
fn defined_when(guards: &mut Guards, space: &DecisionSpace, id: ElementId) -> GuardId {
    let decisions = space
        .elements
        .get(id.index())
        .map(|e| e.decisions.as_slice());
    let active: Vec<GuardId> = decisions
        .unwrap_or_default()
        .iter()
        .filter_map(|&decision| Some(space.point(decision)?.active))
        .collect();
    if active.is_empty() {
        return GuardId::ALWAYS;
    }
    guards.any(active)
}

/// The steps of one decision.
fn decide(plan: &mut Plan, space: &DecisionSpace, id: DecisionId) {
    let Some(point) = space.point(id) else {
        return;
    };
    let mut hints = point.hints.clone();
    if hints.bias.iter().all(|&bias| bias == 0.0) {
        hints.bias.clear();
    }
    let step = |kind: StepKind| Step {
        kind,
        decision: Some(id),
        n: point.domain.options(),
        options: point.source.clone(),
        hints: hints.clone(),
        anchors: Vec::new(),
        active: point.active,
        available: point.available.clone(),
    };
    match point.domain {
        Domain::One { .. } => plan.steps.push(step(StepKind::One)),
        // Only the empty set: the step is kept, with nothing to choose from.
        Domain::Subset { max: 0, .. } => plan.steps.push(Step {
            n: 0,
            options: OptionSource::Elements(Vec::new()),
            ..step(StepKind::Bits { some: false })
        }),
        Domain::Subset { n, min, max } if max == n && min <= 1 => {
            plan.steps.push(step(StepKind::Bits { some: min == 1 }));
        }
        Domain::Subset { min, max, .. } => {
            if min != max {
                let table = TableId(plan.tables.len() as u32);
                let sizes = max - min + 1;
                plan.tables.push(Table {
                    name: format!("{}.size", point.path),
                    size: sizes,
                });
                plan.steps.push(Step {
                    n: sizes,
                    options: OptionSource::Table(table),
                    hints: Hints::default(),
                    ..step(StepKind::Size { min })
                });
            }
            let size = (min == max).then_some(max);
            let picks = (0..max).map(|nth| step(StepKind::Nth { nth, size }));
            plan.steps.extend(picks);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Choice, sample};
    use super::*;
    use rand::SeedableRng;

    /// The plan's text without its numbers, a line a step.
    fn lines(space: &DecisionSpace) -> Vec<String> {
        let text = plan(space).write(space);
        text.lines()
            .map(|line| line.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' '))
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn recurrent_anchors_a_node_where_it_asks_for_its_predecessor() {
        let space = DecisionSpace::recurrent(4);
        assert_eq!(space.tokens(), 7);
        assert_eq!(
            lines(&space),
            [
                "Cell.f0 = one of 4 of table Act",
                "no decision; anchor Cell.h[0]",
                "Cell.h[1].p = one of 1 elements; near 6; anchor Cell.h[1]",
                "Cell.h[1].f = one of 4 of table Act",
                "Cell.h[2].p = one of 2 elements; near 6; anchor Cell.h[2]",
                "Cell.h[2].f = one of 4 of table Act",
                "Cell.h[3].p = one of 3 elements; near 6; anchor Cell.h[3]",
                "Cell.h[3].f = one of 4 of table Act",
            ]
        );
    }

    #[test]
    fn recurrent_distances_count_from_the_deciding_node() {
        let plan = plan(&DecisionSpace::recurrent(4));
        let last = plan.steps.iter().rfind(|step| step.hints.near.is_some());
        let step = last.unwrap();
        assert_eq!([0, 1, 2].map(|option| step.distance(option)), [3, 2, 1]);
    }

    #[test]
    fn macro_anchors_a_layer_where_it_asks_for_its_skips() {
        let space = DecisionSpace::macro_layers(4);
        assert_eq!(space.tokens(), 10);
        assert_eq!(
            lines(&space),
            [
                "no decision; anchor h[0]",
                "h[1].f = one of 6 of table Layer",
                "h[1].skips = any of 0 elements; rate 0.4; anchor h[1]",
                "h[2].f = one of 6 of table Layer",
                "h[2].skips = any of 1 elements; rate 0.4; anchor h[2]",
                "h[3].f = one of 6 of table Layer",
                "h[3].skips = any of 2 elements; rate 0.4; anchor h[3]",
                "h[4].f = one of 6 of table Layer",
                "h[4].skips = any of 3 elements; rate 0.4; anchor h[4]",
            ]
        );
    }

    #[test]
    fn micro_anchors_inputs_and_nodes_at_steps_of_their_own() {
        let space = DecisionSpace::micro(&["normal"], 3);
        assert_eq!(space.tokens(), 12);
        let mut expected = vec![
            "no decision; anchor normal.t[0]".to_owned(),
            "no decision; anchor normal.t[1]".to_owned(),
        ];
        for i in 2..5 {
            expected.extend([
                format!("normal.t[{i}].p = one of {i} elements"),
                format!("normal.t[{i}].q = one of {i} elements"),
                format!("normal.t[{i}].f = one of 5 of table Micro; bias [0.25, 0.25, -0.25, -0.25, -0.25]"),
                format!("normal.t[{i}].g = one of 5 of table Micro; bias [0.25, 0.25, -0.25, -0.25, -0.25]"),
                format!("no decision; anchor normal.t[{i}]"),
            ]);
        }
        assert_eq!(lines(&space), expected);
    }

    #[test]
    fn two_micro_cells_share_their_table_and_not_their_anchors() {
        let plan = plan(&DecisionSpace::micro(&["normal", "reduce"], 5));
        assert_eq!(plan.steps.len(), 2 * (2 + 5 * 5));
        assert_eq!(plan.tables.len(), 1);
        let anchors: Vec<u32> = plan
            .steps
            .iter()
            .flat_map(|step| step.anchors.iter().map(|element| element.0))
            .collect();
        assert_eq!(anchors, (0..14).collect::<Vec<u32>>());
    }

    #[test]
    fn elements_that_no_pick_touches_take_no_step() {
        let space = DecisionSpace::edges(4);
        let kinds: Vec<StepKind> = plan(&space).steps.iter().map(|step| step.kind).collect();
        assert_eq!(kinds, [StepKind::One; 6]);
    }

    #[test]
    fn sets_and_conditions_of_every_form() {
        assert_eq!(
            lines(&DecisionSpace::every_form()),
            [
                "deep = one of 2 of table deep",
                "no decision; anchor t[0]",
                "no decision; anchor t[1]",
                "no decision; anchor t[2]",
                "k = number 1 of 2 of 3 elements",
                "k = number 2 of 2 of 3 elements",
                "some = some of 3 elements; rate 0.4; if deep = yes",
                "range = size 1..=2; if deep = yes and not (k has t[0])",
                "range = number 1 of size of 3 elements; if deep = yes and not (k has t[0])",
                "range = number 2 of size of 3 elements; if deep = yes and not (k has t[0])",
                "values = any of 2 of table values; if some has t[1] or range has t[2]",
                "no decision; anchor u; if some has t[1] or range has t[2]",
                "none = any of 0 elements",
                "last = one of 2 elements; near 2",
            ]
        );
    }

    #[test]
    fn steps_emit_as_many_tokens_as_the_space_counts() {
        for space in [
            DecisionSpace::recurrent(12),
            DecisionSpace::macro_layers(12),
            DecisionSpace::micro(&["normal", "reduce"], 5),
            DecisionSpace::every_form(),
            DecisionSpace::limited(),
        ] {
            let tokens = |step: &Step| match step.kind {
                StepKind::Anchor => 0,
                StepKind::Bits { .. } => u64::from(step.n),
                StepKind::One | StepKind::Size { .. } | StepKind::Nth { .. } => 1,
            };
            let plan = plan(&space);
            assert_eq!(plan.steps.iter().map(tokens).sum::<u64>(), space.tokens());
        }
    }

    #[test]
    fn fixtures_decide_what_their_conditions_ask() {
        let space = DecisionSpace::every_form();
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(0);
        for _ in 0..50 {
            let architecture = sample(&space, &mut rng).unwrap();
            let deep = architecture.get(DecisionId(0)) == Some(&Choice::One(1));
            assert_eq!(architecture.get(DecisionId(2)).is_some(), deep);
        }
    }
}

//! Stage 3: runs a space's program once, in program order, over all its
//! architectures at the same time.
//!
//! In: a resolved [`hir::Space`] and the values of its parameters. Out: the
//! [`DecisionSpace`] and the [`Supergraph`].
//!
//! A decision is not made here: what it would choose becomes a *selection*
//! among all its options, each under the guard "this option was chosen". The
//! path condition says under which choices the program is where it is; a
//! decision made there is active under it.
//!
//! So everything may depend on decisions. Tensors are selected by nodes of the
//! graph (`select`); numbers become cases, of which functions are computed case by
//! case (`cases`), and nodes of which they say sizes have a form for each; what an
//! `if` or a loop may pass by is run under its condition, and joined with what was
//! there before (`branch`).
//!
//! Two paths name things. The **decision path** names decisions: loops by
//! their variable, node families by their element, calls by their callee, and
//! the `let` at the end; inside a `cell` it starts anew with the cell's name,
//! since all instances decide together. The **instance path** names weights:
//! it never starts anew, and iteration over what decisions pick adds nothing
//! to it. Together with the values of `@per` it is the key of a parameter.
//!
//! The program stops with a diagnostic after [`STEP_BUDGET`] steps, so no loop
//! or recursion hangs the compiler.

mod arith;
mod banks;
mod branch;
mod call;
mod cases;
mod cell;
mod decide;
mod diagnostics;
mod expr;
mod extern_op;
mod facts;
mod functions;
mod ignored;
mod kept;
mod nested;
mod notes;
mod paths;
mod primitives;
mod require;
mod scan;
mod select;
mod settings;
mod space;
mod stmt;
mod unused;
mod value;

pub use facts::{Fact, Facts};
pub use settings::{Setting, Settings};
pub use space::Ports;

use std::rc::Rc;

use foldhash::fast::FixedState;
use indexmap::{IndexMap, IndexSet};
use petgraph::graph::NodeIndex;

use crate::decision::{DecisionSpace, ElementId, GuardId};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::graph::{ParamTable, Region, RegionId, Supergraph};
use crate::hir;
use crate::span::{SourceId, Span};
use cell::CellState;
use paths::Path;
use value::{PerPart, Value};

/// Maps of the evaluator, which looks a lot up: nothing reads their order.
type HashMap<K, V> = std::collections::HashMap<K, V, FixedState>;
/// Sets likewise.
type HashSet<K> = std::collections::HashSet<K, FixedState>;

/// How many evaluation steps the spaces of a file may take together: what a second
/// is enough for. The largest published spaces take some ten thousands.
pub const STEP_BUDGET: u64 = 1_000_000;

/// So many conditions can be looked at in the time of a step.
const WORK_PER_STEP: u64 = 16;

/// So many items can be copied in the time of a step.
const ITEMS_PER_STEP: usize = 4;

/// So many bytes of a path can be copied in the time of a step.
const BYTES_PER_STEP: usize = 64;

/// How deeply calls may nest: recursion on a static argument is bounded by it.
const MAX_CALLS: usize = 64;

/// What a space's program gives.
#[derive(Clone, Debug)]
pub struct Unrolled {
    /// What must be decided.
    pub decisions: DecisionSpace,
    /// Every architecture in one graph.
    pub graph: Supergraph,
    /// The values of the space's parameters, in the order declared.
    pub settings: Vec<(String, Setting)>,
    /// Which parameters give the sizes of inputs and outputs.
    pub ports: Ports,
    /// The cells that have instances, as paths of nodes name them.
    pub cells: Vec<String>,
    /// How many evaluation steps it took.
    pub steps: u64,
}

/// Runs the program of a space, with at most so many steps, which are taken away
/// from `steps`.
///
/// Gives `None` exactly when an error was reported.
pub fn unroll(
    space: &hir::Space,
    settings: &Settings,
    steps: &mut u64,
    diagnostics: &mut Diagnostics,
) -> Option<Unrolled> {
    space::run(space, settings, steps, None, diagnostics).0
}

/// As [`unroll()`], and tells what it saw at every place of the user's file, up to
/// an error if there is one.
pub fn observe(
    space: &hir::Space,
    settings: &Settings,
    steps: &mut u64,
    diagnostics: &mut Diagnostics,
) -> (Option<Unrolled>, Facts) {
    let recorder = Some(facts::Recorder::default());
    space::run(space, settings, steps, recorder, diagnostics)
}

/// Says that the steps are used up.
#[must_use]
pub fn no_steps_left(span: Span) -> Diagnostic {
    diagnostics::step_budget(span)
}

/// The frame of a call.
#[derive(Debug)]
struct Frame {
    locals: Vec<Option<Value>>,
    /// The call, to point at from messages about the library.
    site: Span,
}

/// The state of one run.
struct Evaluator<'a> {
    space: &'a hir::Space,
    diagnostics: &'a mut Diagnostics,
    /// Errors are reported once a place and code: loops would repeat them.
    reported: HashSet<(Code, Span)>,
    failed: bool,
    steps: u64,
    /// So many it may take.
    budget: u64,
    /// Set when the budget is gone; everything is unknown from then on.
    exhausted: bool,

    frames: Vec<Frame>,
    settings: Vec<Value>,
    consts: Vec<Option<Value>>,
    ops: Vec<Option<Rc<decide::Candidates>>>,
    callables: HashMap<hir::Res, Rc<value::Callable>>,
    evaluating: Vec<hir::Res>,

    decisions: DecisionSpace,
    regions: Vec<Region>,
    region: RegionId,
    params: ParamTable,
    banks: HashMap<banks::Owner, banks::Owned>,

    /// The path condition: under which choices the program is where it is.
    path: GuardId,
    /// When a decision made here is active: the path condition since the
    /// innermost cell began, for a cell is decided whatever leads to it.
    active: GuardId,
    /// Set in one case of what decisions say: the path condition of the case,
    /// for messages.
    case: Option<GuardId>,
    /// What architectures must fulfil, to be computed at the end.
    requirements: Vec<require::Requirement>,
    /// Set while they are computed.
    metrics: Option<require::Metrics>,
    decision_path: Path,
    instance_path: Path,
    /// Where an operation with a name is being applied, until it takes its
    /// place in the paths.
    applied_at: Option<Span>,
    /// The `let` whose value is being computed.
    binding: Option<String>,
    per: Vec<PerPart>,
    /// What the loops over picked values are at, innermost last.
    items: Vec<notes::PickedItem>,
    cells: IndexMap<String, CellState>,
    /// The cells being run, innermost last.
    inside: Vec<String>,
    /// Softmax tables of named candidate sets.
    tables: HashMap<hir::OpsId, crate::decision::TableId>,
    /// The elements of node families being defined, innermost last.
    defining: Vec<ElementId>,
    /// By element: its family, its index there, and when something used it.
    elements: Vec<ElementState>,
    n_families: u32,
    /// How many choices the decisions of each site had at most, and one path.
    widest: IndexMap<Span, (u32, String)>,
    /// What is seen on the way, if anyone wants to know.
    facts: Option<facts::Recorder>,
}

#[derive(Clone, Debug)]
struct ElementState {
    family: u32,
    index: usize,
    /// Whether it stands in the list that the family starts with.
    seed: bool,
    /// Where its family is declared or extended.
    site: Span,
    /// What it is: one node, or one for every instance of a cell.
    nodes: Vec<(RegionId, NodeIndex)>,
    /// The later elements whose definitions use it, and when.
    uses: IndexSet<(ElementId, GuardId)>,
    /// When something outside of its family uses it.
    taken: IndexSet<GuardId>,
}

impl Evaluator<'_> {
    /// Reports an error, once a place and code, with the call in the user's
    /// file when the place lies in the library.
    fn report(&mut self, mut diagnostic: Diagnostic) -> Value {
        self.failed = true;
        let Some(span) = diagnostic.labels.first().map(|label| label.span) else {
            return Value::Unknown;
        };
        let user = SourceId::default();
        if span.source != user {
            let call = self
                .frames
                .iter()
                .rev()
                .map(|frame| frame.site)
                .find(|site| site.source == user);
            if let Some(call) = call {
                diagnostic = diagnostic.label(call, "in this call");
            }
        }
        if self.reported.insert((diagnostic.code, span)) {
            if let Some(case) = self.case {
                let words = self.example(case);
                if !words.is_empty() {
                    diagnostic.message.push_str(&format!(", when {words}"));
                }
            }
            self.diagnostics.push(diagnostic);
        }
        Value::Unknown
    }

    /// What tells this visit of a place apart in the paths.
    fn key(&mut self, site: Span) -> paths::Key {
        (site, self.applied_at.take().unwrap_or(site))
    }

    /// Counts steps; says whether the budget still holds, of which conditions that
    /// were made and searched in the meantime took some.
    fn step(&mut self, n: u64, span: Span) -> bool {
        if self.exhausted {
            return false;
        }
        self.steps = self.steps.saturating_add(n);
        if self.steps_so_far() > self.budget {
            self.exhausted = true;
            self.report(diagnostics::step_budget(span));
            return false;
        }
        true
    }

    fn steps_so_far(&self) -> u64 {
        let conditions = self.decisions.guards.work() / WORK_PER_STEP;
        self.steps.saturating_add(conditions)
    }

    /// Counts the steps of the place in the paths, which deep recursion makes long.
    fn place(&mut self, span: Span) -> bool {
        let len = self.decision_path.as_str().len() + self.instance_path.as_str().len();
        self.step((len / BYTES_PER_STEP) as u64, span)
    }

    /// Counts the steps of copying so many items.
    fn copy(&mut self, n_items: usize, span: Span) -> bool {
        self.step((n_items / ITEMS_PER_STEP) as u64, span)
    }
}

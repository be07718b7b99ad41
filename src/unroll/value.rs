//! The values that a space's program computes.

use std::rc::Rc;

use petgraph::graph::NodeIndex;

use crate::decision::{DecisionId, ElementId, GuardId};
use crate::graph::{BankId, RegionId, Shape};
use crate::hir::{Builtin, CellId, FnId, OpsId};
use crate::span::Span;

/// A value. [`Value::Unknown`] stands where something was reported; whatever
/// is computed from it is unknown too, and reports nothing more.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Unknown,
    Int(i64),
    Float(f64),
    Bool(bool),
    Text(Rc<str>),
    Word(&'static str),
    /// `start..end`, never written out until something iterates.
    Range {
        start: i64,
        end: i64,
    },
    Tensor(Tensor),
    /// What an input `tokens[vocab]` gives.
    Tokens {
        node: NodeIndex,
        vocab: usize,
    },
    List(Rc<List>),
    Tuple(Rc<[Value]>),
    Callable(Rc<Callable>),
    Ops(OpsId),
}

/// The result of a node.
#[derive(Clone, Debug)]
pub(super) struct Tensor {
    pub node: NodeIndex,
    pub region: RegionId,
    pub shape: Shape,
    pub timed: bool,
    pub tag: Tag,
}

/// Where a tensor comes from, as far as `@per`, `loose` and anchors ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tag {
    Plain,
    /// The result of this `pick 1` or `choose`.
    Decided(DecisionId),
    /// This element of a node family.
    Element(ElementId),
}

/// A list; each item is there under its guard.
#[derive(Clone, Debug, Default)]
pub(super) struct List {
    pub items: Vec<Item>,
    /// Whether decisions say which items are there (`pick`, `loose`).
    pub dynamic: bool,
    /// Whether some architecture leaves it empty.
    pub may_be_empty: bool,
    /// The shape of its elements and whether they have time, known even when
    /// there are none.
    pub element: Option<(Shape, bool)>,
}

#[derive(Clone, Debug)]
pub(super) struct Item {
    pub guard: GuardId,
    pub value: Value,
}

/// What can be called.
#[derive(Clone, Debug)]
pub(super) enum Callable {
    Builtin(Builtin),
    Fn(FnId),
    /// A `cell name = ..`, or one of `cell name[n] = ..`.
    Cell(CellId, Option<u32>),
    /// A call that still waits for its tensor.
    Partial {
        target: Rc<Callable>,
        args: Vec<Given>,
        /// The call that was written: the site of what it will build.
        site: Span,
        per: Vec<PerPart>,
        tie: Option<BankId>,
    },
    /// One of several, by a decision.
    Choice {
        decision: DecisionId,
        /// The `let` that it was made in, or nothing.
        name: String,
        candidates: Vec<Option_>,
    },
}

/// One option of a [`Callable::Choice`].
#[derive(Clone, Debug)]
pub(super) struct Option_ {
    pub name: String,
    pub guard: GuardId,
    pub value: Value,
    pub span: Span,
}

/// An argument with its place.
#[derive(Clone, Debug)]
pub(super) struct Given {
    pub name: Option<Rc<str>>,
    pub value: Value,
    pub span: Span,
}

/// One argument of `@per`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PerPart {
    /// The choice of this decision, among so many.
    Decision(DecisionId),
    /// An element of a node family, by its index there.
    Element(ElementId),
}

impl Value {
    /// What a message calls it.
    pub fn describe(&self) -> String {
        match self {
            Self::Unknown => "an unknown value".to_owned(),
            Self::Int(value) => format!("the number {value}"),
            Self::Float(value) => format!("the number {value}"),
            Self::Bool(value) => format!("`{value}`"),
            Self::Text(_) => "a string".to_owned(),
            Self::Word(word) => format!("the word `{word}`"),
            Self::Range { start, end } => format!("the range {start}..{end}"),
            Self::Tensor(tensor) => format!("a tensor {}", tensor.shape),
            Self::Tokens { .. } => "tokens".to_owned(),
            Self::List(list) => format!("a list of {}", list.items.len()),
            Self::Tuple(items) => format!("a tuple of {}", items.len()),
            Self::Callable(_) => "an operation".to_owned(),
            Self::Ops(_) => "a set of candidates".to_owned(),
        }
    }

    /// Whether it may stand where a call wants its tensor.
    pub fn is_tensor_like(&self) -> bool {
        match self {
            Self::Unknown | Self::Tensor(_) | Self::Tokens { .. } => true,
            Self::List(list) => {
                list.items
                    .first()
                    .is_some_and(|item| item.value.is_tensor_like())
                    || list.items.is_empty() && list.element.is_some()
            }
            Self::Tuple(items) => items.first().is_some_and(Self::is_tensor_like),
            _ => false,
        }
    }
}

impl List {
    /// A list whose items are all there.
    pub fn fixed(values: impl IntoIterator<Item = Value>) -> Self {
        let items: Vec<Item> = values
            .into_iter()
            .map(|value| Item {
                guard: GuardId::ALWAYS,
                value,
            })
            .collect();
        let element = element_of(&items);
        Self {
            may_be_empty: items.is_empty(),
            items,
            dynamic: false,
            element,
        }
    }
}

/// The shape of the first tensor among some items.
pub(super) fn element_of(items: &[Item]) -> Option<(Shape, bool)> {
    items.iter().find_map(|item| match &item.value {
        Value::Tensor(tensor) => Some((tensor.shape.clone(), tensor.timed)),
        _ => None,
    })
}

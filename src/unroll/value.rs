//! The values that a space's program computes.

use std::fmt;
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
    /// True where the condition holds: what decisions say. Never a constant.
    Cond(GuardId),
    /// One of several different numbers, texts or ranges, by decisions.
    Cases(Rc<Cases>),
    /// A number that is a sum over what an architecture has.
    Measure(Rc<Measure>),
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

/// What a value is under each of several conditions: under the path condition
/// of the place that made it, exactly one holds.
pub(super) type Cases = Vec<(GuardId, Value)>;

/// A constant, and weights that count where their conditions hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Measure {
    pub constant: i64,
    pub terms: Vec<(GuardId, i64)>,
}

/// The result of a node.
#[derive(Clone, Debug)]
pub(super) struct Tensor {
    pub node: NodeIndex,
    pub region: RegionId,
    pub sizes: Sizes,
    pub timed: bool,
    pub tag: Tag,
}

/// The dimensions of a tensor, without the batch and implicit time.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Sizes(pub Rc<[Size]>);

/// One dimension.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Size {
    Known(usize),
    /// By decisions, as [`Cases`].
    By(Rc<Vec<(GuardId, usize)>>),
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
    /// Whether it was picked (`pick`, `loose`): then places mean nothing.
    pub picked: bool,
    /// The sizes of its elements and whether they have time, known even when
    /// there are none.
    pub element: Option<(Sizes, bool)>,
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
    /// One of several, by a decision or by a condition on decisions.
    Choice {
        decision: Option<DecisionId>,
        /// The `let` that it was made in, or nothing.
        name: String,
        candidates: Vec<Option_>,
    },
}

/// One option of a [`Callable::Choice`].
#[derive(Clone, Debug)]
pub(super) struct Option_ {
    pub name: Rc<str>,
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
    /// An item of a picked list of values, by its name.
    Item(Rc<str>),
}

/// How many parts of two values are compared at most.
pub(super) const MAX_COMPARED: u32 = 1000;

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
            Self::Cond(_) => "a condition that decisions say".to_owned(),
            Self::Cases(cases) => {
                let values: Vec<String> = cases.iter().map(|(_, value)| value.text()).collect();
                format!("one of {}, by decisions", shortened(&values, ", "))
            }
            Self::Measure(_) => "a number that decisions say".to_owned(),
            Self::Tensor(tensor) => format!("a tensor {}", tensor.sizes),
            Self::Tokens { .. } => "tokens".to_owned(),
            Self::List(list) => format!("a list of {}", list.items.len()),
            Self::Tuple(items) => format!("a tuple of {}", items.len()),
            Self::Callable(_) => "an operation".to_owned(),
            Self::Ops(_) => "a set of candidates".to_owned(),
        }
    }

    /// How an option is called that is this value: `3`, `0.5`, `true`, `2..4`.
    pub fn text(&self) -> String {
        match self {
            Self::Int(value) => value.to_string(),
            Self::Float(value) => value.to_string(),
            Self::Bool(value) => value.to_string(),
            Self::Text(text) => text.to_string(),
            Self::Word(word) => (*word).to_owned(),
            Self::Range { start, end } => format!("{start}..{end}"),
            Self::Tuple(parts) => {
                let parts: Vec<String> = parts.iter().map(Self::text).collect();
                parts.join("_")
            }
            other => other.describe(),
        }
    }

    /// Tells plain values apart as [`Self::same`] does: numbers, texts, ranges.
    pub fn plain_key(&self) -> (u8, i64, i64, Option<Rc<str>>) {
        match self {
            Self::Int(value) => (0, *value, 0, None),
            Self::Float(value) => (1, value.to_bits() as i64, 0, None),
            Self::Bool(value) => (2, i64::from(*value), 0, None),
            Self::Text(text) => (3, 0, 0, Some(text.clone())),
            Self::Word(word) => (4, 0, 0, Some(Rc::from(*word))),
            Self::Range { start, end } => (5, *start, *end, None),
            other => (6, 0, 0, Some(Rc::from(other.describe()))),
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

    /// Whether it is the same value, as far as that can be told: the same
    /// number, text, range or condition, or the result of the same node.
    pub fn same(&self, other: &Self) -> bool {
        self.same_within(other, &mut { MAX_COMPARED })
    }

    /// [`Self::same`], with so many comparisons: lists and tuples of each other have
    /// more parts than memory could hold if they were written out.
    fn same_within(&self, other: &Self, left: &mut u32) -> bool {
        let Some(fewer) = left.checked_sub(1) else {
            return false;
        };
        *left = fewer;
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a.to_bits() == b.to_bits(),
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::Word(a), Self::Word(b)) => a == b,
            (Self::Range { start, end }, Self::Range { start: s, end: e }) => {
                start == s && end == e
            }
            (Self::Cond(a), Self::Cond(b)) => a == b,
            (Self::Cases(a), Self::Cases(b)) => {
                a.len() == b.len()
                    && a.iter()
                        .zip(b.iter())
                        .all(|((g, a), (h, b))| g == h && a.same_within(b, left))
            }
            (Self::Measure(a), Self::Measure(b)) => a == b,
            (Self::Tensor(a), Self::Tensor(b)) => {
                (a.node, a.region, a.tag) == (b.node, b.region, b.tag)
            }
            (Self::Tokens { node: a, .. }, Self::Tokens { node: b, .. }) => a == b,
            (Self::List(a), Self::List(b)) => {
                Rc::ptr_eq(a, b)
                    || a.picked == b.picked
                        && a.items.len() == b.items.len()
                        && a.items
                            .iter()
                            .zip(&b.items)
                            .all(|(a, b)| a.guard == b.guard && a.value.same_within(&b.value, left))
            }
            (Self::Tuple(a), Self::Tuple(b)) => {
                Rc::ptr_eq(a, b)
                    || a.len() == b.len()
                        && a.iter().zip(b.iter()).all(|(a, b)| a.same_within(b, left))
            }
            (Self::Callable(a), Self::Callable(b)) => {
                Rc::ptr_eq(a, b)
                    || match (&**a, &**b) {
                        (Callable::Builtin(a), Callable::Builtin(b)) => a == b,
                        (Callable::Fn(a), Callable::Fn(b)) => a == b,
                        (Callable::Cell(a, i), Callable::Cell(b, j)) => a == b && i == j,
                        _ => false,
                    }
            }
            (Self::Ops(a), Self::Ops(b)) => a == b,
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
            items,
            picked: false,
            element,
        }
    }

    /// Whether every item is there in every architecture.
    pub fn is_fixed(&self) -> bool {
        !self.picked && self.items.iter().all(|item| item.guard == GuardId::ALWAYS)
    }

    /// Two shapes that its tensors have whatever is decided, if they are different.
    pub fn shapes_that_differ(&self) -> Option<(Shape, Shape)> {
        let mut shapes = self.items.iter().filter_map(|item| match &item.value {
            Value::Tensor(tensor) => tensor.sizes.known(),
            _ => None,
        });
        let first = shapes.next()?;
        let other = shapes.find(|shape| *shape != first)?;
        Some((first, other))
    }
}

/// The sizes of the first tensor among some items.
pub(super) fn element_of(items: &[Item]) -> Option<(Sizes, bool)> {
    items.iter().find_map(|item| match &item.value {
        Value::Tensor(tensor) => Some((tensor.sizes.clone(), tensor.timed)),
        _ => None,
    })
}

impl Size {
    /// The greatest that it may be.
    pub fn widest(&self) -> usize {
        match self {
            Self::Known(size) => *size,
            Self::By(cases) => cases.iter().map(|(_, size)| *size).max().unwrap_or(0),
        }
    }

    /// As a number of the language.
    pub fn value(&self) -> Value {
        match self {
            Self::Known(size) => Value::Int(*size as i64),
            Self::By(cases) => Value::Cases(Rc::new(
                cases
                    .iter()
                    .map(|(guard, size)| (*guard, Value::Int(*size as i64)))
                    .collect(),
            )),
        }
    }
}

impl Sizes {
    /// Dimensions that no decision touches.
    pub fn of(shape: &Shape) -> Self {
        Self(shape.0.iter().map(|&size| Size::Known(size)).collect())
    }

    /// The shape, where no decision touches it.
    pub fn known(&self) -> Option<Shape> {
        let sizes = self.0.iter().map(|size| match size {
            Size::Known(size) => Some(*size),
            Size::By(_) => None,
        });
        Some(Shape(sizes.collect::<Option<_>>()?))
    }

    /// The greatest that every dimension may be.
    pub fn widest(&self) -> Shape {
        Shape(self.0.iter().map(Size::widest).collect())
    }

    /// The dimensions as numbers of the language.
    pub fn values(&self) -> Vec<Value> {
        self.0.iter().map(Size::value).collect()
    }
}

/// `36`, `24|48`
impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(size) => size.fmt(f),
            Self::By(cases) => {
                let sizes: Vec<String> = cases.iter().map(|(_, size)| size.to_string()).collect();
                f.write_str(&shortened(&sizes, "|"))
            }
        }
    }
}

/// `[36, 32, 32]`, `[24|48, 32, 32]`
impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dims: Vec<String> = self.0.iter().map(Size::to_string).collect();
        write!(f, "[{}]", dims.join(", "))
    }
}

/// A few texts, or the first and the last of many.
fn shortened(texts: &[String], separator: &str) -> String {
    match texts {
        [first, .., last] if texts.len() > 8 => format!("{first}{separator}..{separator}{last}"),
        _ => texts.join(separator),
    }
}

//! Decision points: what must be chosen, in program order.

use num_bigint::BigUint;

use super::Architecture;
use super::diagram::ways;
use super::guard::{GuardId, Guards};
use crate::span::Span;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u32);

        impl $name {
            /// Its place in the vector that it indexes.
            #[must_use]
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}
pub(crate) use id;

id!(
    /// A decision point of a [`DecisionSpace`], by program order.
    DecisionId
);
id!(
    /// An [`Element`] of a node family.
    ElementId
);
id!(
    /// A [`Table`] of candidates.
    TableId
);

/// All that must be decided, in program order: what counting, sampling and
/// the controller read, and nothing else.
#[derive(Clone, Debug, Default)]
pub struct DecisionSpace {
    /// The decision points in program order, by [`DecisionId`].
    pub points: Vec<DecisionPoint>,
    /// Every condition of the space; the supergraph's edges use them too.
    pub guards: Guards,
    /// Sets of candidates, by [`TableId`].
    pub tables: Vec<Table>,
    /// Elements of node families, by [`ElementId`].
    pub elements: Vec<Element>,
    /// Decisions and definitions of elements, in program order.
    pub events: Vec<Event>,
    /// What every architecture must fulfil besides (`require`).
    pub require: GuardId,
}

/// One thing to decide.
#[derive(Clone, Debug)]
pub struct DecisionPoint {
    /// Its stable name, such as `normal.t[3].p`.
    pub path: String,
    /// What may be chosen.
    pub domain: Domain,
    /// How each option is written in an architecture; as many as the domain has.
    pub options: Vec<String>,
    /// When there is anything to decide; reads earlier decisions only.
    pub active: GuardId,
    /// When each option may be chosen; reads earlier decisions only. Empty: all
    /// options always. In every architecture in which the decision is active,
    /// enough are available for [`Domain::One`] or a set of the least size.
    pub available: Vec<GuardId>,
    /// Whose options these are.
    pub source: OptionSource,
    /// What the author of the space told the controller.
    pub hints: Hints,
    /// The `choose` or `pick` in the source.
    pub span: Span,
}

/// What may be chosen at a decision point among `n` options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Domain {
    /// Exactly one.
    One {
        /// How many options.
        n: u32,
    },
    /// A set of `min..=max` options, without order.
    Subset {
        /// How many options.
        n: u32,
        /// Least size.
        min: u32,
        /// Greatest size, at most `n`.
        max: u32,
    },
}

/// Whose options a decision chooses from; it tells the controller how to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OptionSource {
    /// Candidates: one embedding and one softmax a table.
    Table(TableId),
    /// Elements of node families, one an option: attention over their anchors.
    Elements(Vec<ElementId>),
}

/// `@near`, `@rate` and `@bias`: hints to a controller, never semantics.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hints {
    /// `@near(s)`: minus distance² / s on the logits of a `pick`.
    pub near: Option<f64>,
    /// `@rate(r)`: the share of set bits that is a priori likely.
    pub rate: Option<f64>,
    /// `@bias(candidate = x)`: added to the logits, by option; empty without it.
    pub bias: Vec<f64>,
}

/// A set of candidates; all decisions over one named `ops` share it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The name of the `ops`, or the path of an anonymous choice.
    pub name: String,
    /// How many candidates.
    pub size: u32,
}

/// One element of a node family, `h[3]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// Its path, such as `Cell.h[3]`.
    pub name: String,
    /// The decisions of its own definition, in program order.
    pub decisions: Vec<DecisionId>,
}

/// What happens in program order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A decision is made.
    Decide(DecisionId),
    /// The definition of an element ends.
    Define(ElementId),
}

impl Domain {
    /// How many options there are to choose from.
    #[must_use]
    pub fn options(self) -> u32 {
        match self {
            Self::One { n } | Self::Subset { n, .. } => n,
        }
    }

    /// How many tokens a controller emits for it: one for one option, a bit an
    /// option for a set of any size, `k` for a set of `k`, and its size and
    /// then as many as it may hold for a set of `a..=b`.
    #[must_use]
    pub fn tokens(self) -> u32 {
        match self {
            Self::One { .. } => 1,
            Self::Subset { n, min, max } if max == n && min <= 1 => n,
            Self::Subset { min, max, .. } if min == max => min,
            Self::Subset { max, .. } => 1 + max,
        }
    }

    /// How many different choices there are.
    #[must_use]
    pub fn size(self) -> BigUint {
        match self {
            Self::One { n } => BigUint::from(n),
            Self::Subset { n, min, max } => ways(n, min, max),
        }
    }

    /// Whether there is anything to choose: more than one choice.
    #[must_use]
    pub fn is_open(self) -> bool {
        match self {
            Self::One { n } => n > 1,
            Self::Subset { n, min, max } => min < max || (0 < min && min < n),
        }
    }
}

/// n over k.
#[must_use]
pub fn binomial(n: u32, k: u32) -> BigUint {
    if k > n {
        return BigUint::from(0u8);
    }
    let mut result = BigUint::from(1u8);
    for i in 0..k.min(n - k) {
        result = result * (n - i) / (i + 1);
    }
    result
}

impl DecisionSpace {
    /// Adds a decision point after all others.
    pub fn add(&mut self, point: DecisionPoint) -> DecisionId {
        let id = DecisionId(self.points.len() as u32);
        self.guards.declare(id, &point);
        self.points.push(point);
        self.events.push(Event::Decide(id));
        id
    }

    /// The decision point of an id of this space.
    #[must_use]
    pub fn point(&self, id: DecisionId) -> Option<&DecisionPoint> {
        self.points.get(id.index())
    }

    /// The choices that a decision may make in an architecture whose earlier
    /// decisions are made: as [`DecisionPoint::domain`], over these options.
    #[must_use]
    pub fn available(&self, point: &DecisionPoint, architecture: &Architecture) -> Vec<u32> {
        (0..point.domain.options())
            .filter(|&option| {
                let guard = point.available.get(option as usize);
                guard.is_none_or(|&guard| self.guards.holds(guard, architecture))
            })
            .collect()
    }

    /// All decision points with their ids, in program order.
    pub fn iter(&self) -> impl Iterator<Item = (DecisionId, &DecisionPoint)> {
        self.points
            .iter()
            .enumerate()
            .map(|(index, point)| (DecisionId(index as u32), point))
    }

    /// How many tokens a controller emits for a whole architecture when every
    /// decision is active (recurrent 23, micro 40, macro 78 in the paper's spaces).
    #[must_use]
    pub fn tokens(&self) -> u64 {
        self.points
            .iter()
            .map(|point| u64::from(point.domain.tokens()))
            .sum()
    }
}

//! Operators: how they are written and how tightly they bind.
//!
//! One table, read by the parser (text to tree) and by the printer (tree to text).

use super::ast::{BinaryOp, UnaryOp};

/// How tightly an operator binds, loosest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// `x |> f`
    Pipe,
    /// `or`
    Or,
    /// `and`
    And,
    /// `not`
    Not,
    /// `==`, `<`, `in`, ..
    Comparison,
    /// `..`, `..=`
    Range,
    /// `+`, `-`
    Sum,
    /// `*`, `/`, `%`
    Product,
    /// `-` before its operand
    Sign,
    /// A call, an index, a field, an annotation.
    Postfix,
    /// What needs no operator.
    Primary,
}

impl Level {
    /// The next tighter level.
    #[must_use]
    pub fn tighter(self) -> Self {
        match self {
            Self::Pipe => Self::Or,
            Self::Or => Self::And,
            Self::And => Self::Not,
            Self::Not => Self::Comparison,
            Self::Comparison => Self::Range,
            Self::Range => Self::Sum,
            Self::Sum => Self::Product,
            Self::Product => Self::Sign,
            Self::Sign => Self::Postfix,
            Self::Postfix | Self::Primary => Self::Primary,
        }
    }

    /// Whether `a op b op c` is an error at this level: it would read as
    /// something else than it looks like.
    #[must_use]
    pub fn never_chains(self) -> bool {
        matches!(self, Self::Comparison | Self::Range)
    }
}

impl BinaryOp {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Or,
        Self::And,
        Self::Eq,
        Self::Ne,
        Self::Le,
        Self::Ge,
        Self::Lt,
        Self::Gt,
        Self::In,
        Self::Range,
        Self::RangeInclusive,
        Self::Add,
        Self::Sub,
        Self::Mul,
        Self::Div,
        Self::Rem,
    ];

    /// As it is written.
    #[must_use]
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Or => "or",
            Self::And => "and",
            Self::Eq => "==",
            Self::Ne => "!=",
            Self::Le => "<=",
            Self::Ge => ">=",
            Self::Lt => "<",
            Self::Gt => ">",
            Self::In => "in",
            Self::Range => "..",
            Self::RangeInclusive => "..=",
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Rem => "%",
        }
    }

    /// The operator written as `symbol`.
    #[must_use]
    pub fn from_symbol(symbol: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|op| op.symbol() == symbol)
    }

    /// How tightly it binds.
    #[must_use]
    pub fn level(self) -> Level {
        match self {
            Self::Or => Level::Or,
            Self::And => Level::And,
            Self::Eq | Self::Ne | Self::Le | Self::Ge | Self::Lt | Self::Gt | Self::In => {
                Level::Comparison
            }
            Self::Range | Self::RangeInclusive => Level::Range,
            Self::Add | Self::Sub => Level::Sum,
            Self::Mul | Self::Div | Self::Rem => Level::Product,
        }
    }
}

impl UnaryOp {
    /// As it is written.
    #[must_use]
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Neg => "-",
            Self::Not => "not",
        }
    }

    /// How tightly it binds.
    #[must_use]
    pub fn level(self) -> Level {
        match self {
            Self::Neg => Level::Sign,
            Self::Not => Level::Not,
        }
    }
}

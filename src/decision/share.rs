//! How many architectures of a space fulfil a condition.

use std::fmt;

use num_bigint::BigUint;

use super::count::ratio;
use super::diagram::Effort;
use super::{DecisionSpace, Diagram, GuardId, TooLarge};
use crate::numbers::approximate;

/// Some architectures of a space among all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// How many fulfil the condition.
    pub part: BigUint,
    /// How many there are.
    pub of: BigUint,
}

impl Share {
    /// Counts the architectures that fulfil a condition of the space's guards, exactly.
    ///
    /// # Errors
    /// When that takes longer than an editor waits.
    pub fn quick(space: &mut DecisionSpace, condition: GuardId) -> Result<Self, TooLarge> {
        let both = space.guards.and(space.require, condition);
        let count = |require| {
            let diagram = Diagram::requiring(space, require, Effort::Little)?;
            Ok(diagram.count())
        };
        Ok(Self {
            part: count(both)?,
            of: count(space.require)?,
        })
    }

    /// The part in percent of all; 0 of none.
    #[must_use]
    pub fn percent(&self) -> f64 {
        if self.of == BigUint::ZERO {
            return 0.0;
        }
        100.0 * ratio(&self.part, &self.of)
    }
}

/// `341 of 15 625 architectures (2.2 %)`
impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (part, of) = (approximate(&self.part), approximate(&self.of));
        write!(f, "{part} of {of} architectures (")?;
        match self.percent() {
            share if share >= 10.0 => write!(f, "{share:.0} %)"),
            share if share >= 0.1 || share == 0.0 => write!(f, "{share:.1} %)"),
            _ => f.write_str("less than 0.1 %)"),
        }
    }
}

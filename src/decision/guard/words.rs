//! Conditions in words.

use super::{Guard, GuardId, Guards};
use crate::decision::{DecisionSpace, Domain};

impl Guards {
    /// A condition in words, by the paths and options of `space`: `t.f = conv3`,
    /// `h[2].skips has 0`.
    #[must_use]
    pub fn words(&self, guard: GuardId, space: &DecisionSpace) -> String {
        let join = |operands: &[GuardId], word: &str| {
            let all: Vec<String> = operands
                .iter()
                .map(|&operand| match self.get(operand) {
                    Guard::And(_) | Guard::Or(_) => format!("({})", self.words(operand, space)),
                    _ => self.words(operand, space),
                })
                .collect();
            all.join(word)
        };
        match self.get(guard) {
            Guard::Always => "always".to_owned(),
            Guard::Never => "never".to_owned(),
            Guard::Has { decision, option } => {
                let Some(point) = space.point(*decision) else {
                    return "?".to_owned();
                };
                let verb = match point.domain {
                    Domain::One { .. } => "=",
                    Domain::Subset { .. } => "has",
                };
                let option = point.options.get(*option as usize);
                format!(
                    "{} {verb} {}",
                    point.path,
                    option.map_or("?", String::as_str)
                )
            }
            Guard::Not(inner) => format!("not ({})", self.words(*inner, space)),
            Guard::And(operands) => join(operands, " and "),
            Guard::Or(operands) => join(operands, " or "),
            Guard::AtMost { terms, bound } => {
                let terms: Vec<String> = terms
                    .iter()
                    .map(|&(term, weight)| match weight {
                        1 => format!("[{}]", self.words(term, space)),
                        _ => format!("{weight} [{}]", self.words(term, space)),
                    })
                    .collect();
                format!("{} <= {bound}", terms.join(" + "))
            }
        }
    }
}

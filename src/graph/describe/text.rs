//! Expressions, and the lines that they stand on.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::graph::NodeIndex;

use super::Line;

/// How tightly an expression holds together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Sum,
    Product,
    Atom,
}

/// The lines so far, and how what was computed is written.
pub(super) struct Text {
    pub lines: Vec<Line>,
    pub values: BTreeMap<NodeIndex, (String, Level)>,
    pub taken: BTreeSet<String>,
}

impl Text {
    /// Adds a line.
    pub fn line(&mut self, name: &str, value: String, shape: Option<Vec<usize>>, loose: bool) {
        self.taken.insert(name.to_owned());
        self.lines.push(Line {
            name: name.to_owned(),
            value,
            shape,
            loose,
        });
    }

    /// How a node is written, and how tightly that holds together.
    pub fn value(&self, node: NodeIndex) -> (String, Level) {
        let unknown = || ("?".to_owned(), Level::Atom);
        self.values.get(&node).cloned().unwrap_or_else(unknown)
    }

    /// A name that no value has yet.
    pub fn free(&self, name: String) -> String {
        let others = (2..).map(|n| format!("{name}#{n}"));
        let mut names = std::iter::once(name.clone()).chain(others);
        let free = names.find(|name| !self.taken.contains(name));
        free.unwrap_or(name)
    }

    /// A function of nodes, or an operator between them.
    pub fn expression(
        &self,
        name: &str,
        operands: &[NodeIndex],
        symbol: Option<&str>,
    ) -> (String, Level) {
        // Nothing is added by the sum of no skips.
        let is_zero = |operand: &NodeIndex| symbol == Some(" + ") && self.value(*operand).0 == "0";
        let operands: Vec<NodeIndex> = operands.iter().copied().filter(|o| !is_zero(o)).collect();
        let values = operands.iter().map(|&operand| self.value(operand));
        let level = match symbol {
            Some(" * ") => Level::Product,
            Some(_) => Level::Sum,
            None => Level::Atom,
        };
        match (symbol, operands.as_slice()) {
            (Some(" + "), []) => ("0".to_owned(), Level::Atom),
            (Some(" + "), [only]) => self.value(*only),
            (Some(symbol), _) => {
                let held = values.enumerate().map(|(place, (value, inner))| {
                    // The first of a difference, and all of a sum, may be sums.
                    let is_loose =
                        inner < level || (symbol == " - " && place > 0 && inner == level);
                    if is_loose {
                        format!("({value})")
                    } else {
                        value
                    }
                });
                (held.collect::<Vec<_>>().join(symbol), level)
            }
            (None, []) => (name.to_owned(), Level::Atom),
            (None, _) => {
                let values: Vec<String> = values.map(|(value, _)| value).collect();
                (format!("{name}({})", values.join(", ")), Level::Atom)
            }
        }
    }
}

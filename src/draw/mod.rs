//! Networks as pictures for people, as papers draw them.
//!
//! In: a space, and an architecture to draw alone or inside its space. Out: a
//! [`Picture`], the same for the same input, and its text forms.
//!
//! A picture is coarser than the supergraph: an element of a node family is one box, with
//! a slot for each of its choices; a cell is drawn once, however often it is used; a call
//! without decisions is one box. `place` says what belongs together by the paths of
//! nodes and decisions alone.

mod block;
mod fold;
mod layered;
mod layout;
mod mermaid;
mod names;
mod place;
mod shape;
mod style;
mod sure;
mod svg;
mod text;
mod tidy;

#[cfg(test)]
mod tests;

use crate::decision::Architecture;
use crate::graph::Kind;

pub use fold::picture;
pub use mermaid::mermaid;
pub use svg::svg;

/// What is drawn of an architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of<'a> {
    /// Nothing: all candidates and all edges of the space.
    Space,
    /// What it has, and nothing else.
    Alone(&'a Architecture),
    /// All of the space, with what it has marked.
    Inside(&'a Architecture),
}

impl<'a> Of<'a> {
    fn architecture(self) -> Option<&'a Architecture> {
        match self {
            Self::Space => None,
            Self::Alone(architecture) | Self::Inside(architecture) => Some(architecture),
        }
    }
}

/// A network in panels: the whole, the body of each scan, each cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// The name of the space.
    pub title: String,
    /// The whole network first.
    pub panels: Vec<Panel>,
}

/// One drawing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Panel {
    /// What it shows.
    pub title: String,
    /// How often the network has it, or the architecture that is drawn: 1 for the whole, 0
    /// for what only other architectures have.
    pub times: usize,
    /// Decisions that belong to no box, such as how often a loop runs: `n = 2 | 3 | 4`.
    pub notes: Vec<String>,
    /// In topological order, but for the results of scans that go back.
    pub blocks: Vec<Block>,
    /// Between blocks.
    pub arrows: Vec<Arrow>,
}

impl Panel {
    /// Its title, with how often it is there.
    fn heading(&self) -> String {
        match self.times {
            1 => self.title.clone(),
            times => format!("{} ({times} times)", self.title),
        }
    }
}

/// What belongs together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// What it is called or computes; one line each.
    pub lines: Vec<String>,
    /// The path of its first node, without rounds of loops that are not drawn.
    pub path: String,
    /// Its colour.
    pub look: Look,
    /// What is chosen in it.
    pub slots: Vec<Slot>,
    /// Whether it is part of what is drawn, or merely of the space around it.
    pub mark: Mark,
}

/// What a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// An input or an output.
    End,
    /// Has choices, or is an element of a node family.
    Element,
    /// Has a panel of its own.
    Cell,
    /// Operations without a choice, by what they are.
    Op(Kind),
}

/// A choice between candidates or numbers, or a parameter of a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The name of the decision, or of the parameter.
    pub name: String,
    /// What may be chosen; of an architecture alone what is. Of a parameter nothing.
    pub options: Vec<(String, Mark)>,
}

impl Slot {
    /// A parameter, from which nothing is chosen.
    fn parameter(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            options: Vec::new(),
        }
    }
}

/// An edge between blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Arrow {
    /// The place of a block.
    pub from: usize,
    /// The place of another.
    pub to: usize,
    /// The slot of that which reads it; `None`: the block itself.
    pub slot: Option<usize>,
    /// Whether only some architectures have it.
    pub optional: bool,
    /// Whether it is part of what is drawn.
    pub mark: Mark,
}

/// Whether something is part of the architecture that is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mark {
    /// It is not.
    Off,
    /// No architecture is drawn.
    Open,
    /// It is.
    On,
}

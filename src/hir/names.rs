//! What every name refers to, recorded while names are resolved: what an editor
//! asks about.

use indexmap::IndexSet;

use super::Builtin;
use crate::span::{SourceId, Span};
use crate::syntax::ast::{Direction, FnKind};

/// What a name that is used refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Referent {
    /// What is declared by the name at this place.
    Declared(Span),
    /// A primitive or a function of the language.
    Builtin(Builtin),
    /// A module, by its text.
    Module(SourceId),
}

/// What a declaration declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum What {
    /// `space name`
    Space,
    /// A parameter of the space.
    Setting,
    /// An input or an output.
    Port(Direction),
    /// `const`
    Const,
    /// `op`, `block` or `cell` with parameters, or an `extern op`
    Fn(FnKind),
    /// `ops`
    Ops,
    /// `cell name = ..`
    Cell,
    /// A parameter of a function.
    Param,
    /// A dimension that the type of a parameter binds.
    Dimension,
    /// A family of nodes.
    Family,
    /// What a `let` or a loop binds.
    Local,
}

/// A declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Declaration {
    /// The name; it is what the source has there.
    pub span: Span,
    /// What it declares.
    pub what: What,
    /// Where the name can be used.
    pub visible: Span,
}

/// The use of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Use {
    /// The name there.
    pub span: Span,
    /// What it refers to.
    pub to: Referent,
}

/// The names of a file and of the modules that it uses.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// In the order met.
    pub declarations: IndexSet<Declaration>,
    /// In the order met.
    pub uses: IndexSet<Use>,
}

impl Names {
    /// Adds those of another space of the file.
    pub fn extend(&mut self, others: Self) {
        self.declarations.extend(others.declarations);
        self.uses.extend(others.uses);
    }

    /// The declaration whose name stands at a place.
    #[must_use]
    pub fn declaration(&self, span: Span) -> Option<&Declaration> {
        self.declarations.iter().find(|known| known.span == span)
    }

    /// The uses of what is declared at a place, writing to it included.
    pub fn uses_of(&self, declared: Span) -> impl Iterator<Item = Span> {
        let to = Referent::Declared(declared);
        let uses = self.uses.iter().filter(move |used| used.to == to);
        uses.map(|used| used.span)
    }
}

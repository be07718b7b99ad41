//! Names in scope: items of a file, and the locals of one function.

use std::collections::HashMap;

use indexmap::IndexMap;

use super::{LocalId, Res, What};
use crate::span::Span;

/// What an item name refers to, where it is declared, and whether it is used.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub res: Res,
    pub span: Span,
    /// Where it is declared: elsewhere, if a `use` brought it in.
    pub declared: Span,
    pub used: bool,
    /// Whether a `use` brought it in.
    pub imported: bool,
}

/// The items that a file or a space declares, in the order declared.
pub(super) type Items = IndexMap<String, Entry>;

/// The module that a file calls by a name, as in `vision::conv_bn`, by its place.
pub(super) type Aliases = HashMap<String, usize>;

#[derive(Debug)]
struct Local {
    name: String,
    id: LocalId,
    span: Span,
    what: What,
    used: bool,
    /// The local of the same name that this one hides, by its place.
    hides: Option<usize>,
}

/// The locals of a function or of the space's own program.
///
/// A block opens a scope; every declaration takes a slot of its own.
#[derive(Debug, Default)]
pub(super) struct Locals {
    stack: Vec<Local>,
    /// By name: the place of the innermost local of it.
    places: HashMap<String, usize>,
    scopes: Vec<usize>,
    n_slots: u32,
    unused: Vec<(String, Span)>,
    /// By name: where the last local was declared whose scope has ended.
    ended: HashMap<String, Span>,
}

impl Locals {
    /// Gives a local its slot, and says what of the same name is hidden by it from now on.
    pub fn declare(
        &mut self,
        name: &str,
        span: Span,
        what: What,
    ) -> (LocalId, Option<(What, Span)>) {
        let id = LocalId(self.n_slots);
        self.n_slots += 1;
        let hides = self.places.insert(name.to_owned(), self.stack.len());
        self.stack.push(Local {
            name: name.to_owned(),
            id,
            span,
            what,
            used: false,
            hides,
        });
        let hidden = hides.and_then(|place| self.stack.get(place));
        (id, hidden.map(|local| (local.what, local.span)))
    }

    /// A local, and where it is declared. It counts as read from now on.
    pub fn find(&mut self, name: &str) -> Option<(LocalId, Span)> {
        let place = self.places.get(name)?;
        let local = self.stack.get_mut(*place)?;
        local.used = true;
        Some((local.id, local.span))
    }

    /// As [`Self::find`], for writing to it: that is no use.
    pub fn find_target(&self, name: &str) -> Option<(LocalId, Span)> {
        let place = self.places.get(name)?;
        self.stack.get(*place).map(|local| (local.id, local.span))
    }

    /// Where a local was declared that is in scope no more.
    pub fn find_ended(&self, name: &str) -> Option<Span> {
        self.ended.get(name).copied()
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.stack.iter().map(|local| local.name.as_str())
    }

    pub fn open(&mut self) {
        self.scopes.push(self.stack.len());
    }

    pub fn close(&mut self) {
        let start = self.scopes.pop().unwrap_or(0);
        // The innermost first, so that what was hidden last comes back last.
        for local in self.stack.get(start..).unwrap_or_default().iter().rev() {
            match local.hides {
                Some(place) => self.places.insert(local.name.clone(), place),
                None => self.places.remove(&local.name),
            };
        }
        for local in self.stack.drain(start..) {
            self.ended.insert(local.name.clone(), local.span);
            if !local.used && !local.name.starts_with('_') {
                self.unused.push((local.name, local.span));
            }
        }
    }

    /// How many slots there are, and what nothing read.
    pub fn finish(mut self) -> (usize, Vec<(String, Span)>) {
        self.scopes.clear();
        self.close();
        (self.n_slots as usize, self.unused)
    }
}

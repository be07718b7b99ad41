//! Dotted paths that name instances, and stay unique.

use std::borrow::Cow;
use std::sync::Arc;

use foldhash::fast::FixedState;
use indexmap::IndexMap;

use super::HashMap;
use crate::span::Span;

/// What tells two visits of a text apart: the place that was written and the
/// place where it was applied, which differ for an operation with a name.
pub(super) type Key = (Span, Span);

/// Stands for a path's text: short, and quick to compare.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct PathId(u32);

/// A dotted path under construction.
///
/// Two places may give the same segment under the same path (`conv` twice in one
/// body): the second becomes `conv#2`. A place that is visited again keeps its
/// name.
#[derive(Debug, Default)]
pub(super) struct Path {
    /// The path, after those that [`Self::replace`] laid aside.
    text: String,
    start: usize,
    id: PathId,
    segments: Numbers,
    names: Numbers,
}

/// A path as it was, for [`Path::restore`].
#[derive(Clone, Copy, Debug)]
#[must_use]
pub(super) struct Saved {
    start: usize,
    len: usize,
    id: PathId,
}

impl Path {
    pub fn as_str(&self) -> &str {
        self.text.get(self.start..).unwrap_or_default()
    }

    /// Its text, to keep.
    pub fn shared(&self) -> Arc<str> {
        self.segments.text(self.id)
    }

    /// What stands for its text among those of the same [`Path`].
    pub fn id(&self) -> PathId {
        self.id
    }

    /// Appends a segment, made unique.
    pub fn push(&mut self, segment: &str, key: Key) -> Saved {
        let saved = self.append(segment);
        let text = self.text.get(self.start..).unwrap_or_default();
        let (number, id) = self.segments.of(text, key);
        self.append_number(number);
        self.id = id;
        saved
    }

    /// The path with one more segment, made unique.
    pub fn with(&mut self, segment: &str, key: Key) -> String {
        let saved = self.push(segment, key);
        let path = self.as_str().to_owned();
        self.restore(saved);
        path
    }

    /// The name of what stands at the path, or at one more segment, made unique
    /// among names.
    pub fn name(&mut self, segment: &str, key: Key) -> String {
        let saved = self.append(segment);
        let text = self.text.get(self.start..).unwrap_or_default();
        let (number, _) = self.names.of(text, key);
        self.append_number(number);
        let name = self.as_str().to_owned();
        self.restore(saved);
        name
    }

    /// Gives the name of a segment back: nothing came to stand there.
    pub fn release(&mut self, segment: &str, key: Key) {
        let saved = self.append(segment);
        let text = self.text.get(self.start..).unwrap_or_default();
        self.segments.release(text, key);
        self.restore(saved);
    }

    /// Starts anew.
    pub fn replace(&mut self, text: &str) -> Saved {
        let saved = self.saved();
        self.start = self.text.len();
        self.text.push_str(text);
        self.id = self.segments.id(text);
        saved
    }

    pub fn restore(&mut self, saved: Saved) {
        self.start = saved.start;
        self.text.truncate(saved.len);
        self.id = saved.id;
    }

    fn saved(&self) -> Saved {
        Saved {
            start: self.start,
            len: self.text.len(),
            id: self.id,
        }
    }

    fn append(&mut self, segment: &str) -> Saved {
        let saved = self.saved();
        if self.start < self.text.len() && !segment.is_empty() {
            self.text.push('.');
        }
        self.text.push_str(segment);
        saved
    }

    fn append_number(&mut self, number: u32) {
        if number > 1 {
            self.text.push_str(&suffix(number));
        }
    }
}

/// `a.b`, or `b` alone.
pub(super) fn join<'a>(path: &'a str, segment: &'a str) -> Cow<'a, str> {
    match (path, segment) {
        ("", text) | (text, "") => Cow::Borrowed(text),
        _ => Cow::Owned([path, ".", segment].concat()),
    }
}

/// Numbers that tell places of one text apart, from 1 in the order of their first
/// visits; the first goes without.
#[derive(Debug)]
struct Numbers {
    /// By [`PathId`].
    texts: IndexMap<Arc<str>, Known, FixedState>,
    /// The numbers from 2 on, and what they make of their texts.
    given: HashMap<(PathId, Key), (u32, PathId)>,
}

/// What is known of a text.
#[derive(Debug, Default)]
struct Known {
    /// Whether it stands for something, with its number if it has one.
    taken: bool,
    /// The place that has it without a number.
    first: Option<Key>,
    /// Whether places have it with one.
    numbered: bool,
    /// Its numbers up to this one are taken.
    last: u32,
}

impl Default for Numbers {
    fn default() -> Self {
        let root = (Arc::from(""), Known::default());
        Self {
            texts: std::iter::once(root).collect(),
            given: HashMap::default(),
        }
    }
}

impl Numbers {
    fn id(&mut self, text: &str) -> PathId {
        let known = self.texts.get_index_of(text);
        let place = known.unwrap_or_else(|| {
            let (place, _) = self.texts.insert_full(text.into(), Known::default());
            place
        });
        PathId(place as u32)
    }

    fn text(&self, id: PathId) -> Arc<str> {
        let known = self.texts.get_index(id.0 as usize);
        known.map_or_else(Arc::default, |(text, _)| Arc::clone(text))
    }

    fn known(&mut self, id: PathId) -> Option<&mut Known> {
        let (_, known) = self.texts.get_index_mut(id.0 as usize)?;
        Some(known)
    }

    fn of(&mut self, text: &str, key: Key) -> (u32, PathId) {
        let id = self.id(text);
        let known = self.texts.get_index(id.0 as usize);
        let (first, numbered, mut number) = known.map_or((None, false, 0), |(_, known)| {
            (known.first, known.numbered, known.last)
        });
        if first == Some(key) {
            return (1, id);
        }
        if numbered && let Some(&given) = self.given.get(&(id, key)) {
            return given;
        }
        let mut unique;
        loop {
            number += 1;
            unique = match number {
                1 => id,
                _ => self.id(&(text.to_owned() + &suffix(number))),
            };
            let known = self.known(unique);
            if known.is_none_or(|known| !std::mem::replace(&mut known.taken, true)) {
                break;
            }
        }
        if let Some(known) = self.known(id) {
            known.last = number;
            if number == 1 {
                known.first = Some(key);
            } else {
                known.numbered = true;
                self.given.insert((id, key), (number, unique));
            }
        }
        (number, unique)
    }

    /// Forgets a place, whose number is free again.
    fn release(&mut self, text: &str, key: Key) {
        let id = self.id(text);
        let is_first = |known: &mut Known| known.first.take_if(|first| *first == key).is_some();
        let (number, unique) = if self.known(id).is_some_and(is_first) {
            (1, id)
        } else if let Some(given) = self.given.remove(&(id, key)) {
            given
        } else {
            return;
        };
        if let Some(known) = self.known(unique) {
            known.taken = false;
        }
        if let Some(known) = self.known(id) {
            known.last = known.last.min(number - 1);
        }
    }
}

fn suffix(number: u32) -> String {
    format!("#{number}")
}

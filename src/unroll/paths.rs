//! Dotted paths that name instances, and stay unique.

use indexmap::{Equivalent, IndexMap};

use foldhash::fast::FixedState;

use super::HashMap;
use crate::span::Span;

/// What tells two visits of a text apart: the place that was written and the
/// place where it was applied, which differ for an operation with a name.
pub(super) type Key = (Span, Span);

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
    segments: Numbers,
    names: Numbers,
}

/// A path as it was, for [`Path::restore`].
#[derive(Clone, Copy, Debug)]
#[must_use]
pub(super) struct Saved {
    start: usize,
    len: usize,
}

impl Path {
    pub fn as_str(&self) -> &str {
        self.text.get(self.start..).unwrap_or_default()
    }

    /// Appends a segment, made unique.
    pub fn push(&mut self, segment: &str, key: Key) -> Saved {
        let saved = self.append(segment);
        let text = self.text.get(self.start..).unwrap_or_default();
        let number = self.segments.of(text, key);
        self.append_number(number);
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
        let number = self.names.of(text, key);
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
        saved
    }

    pub fn restore(&mut self, saved: Saved) {
        self.start = saved.start;
        self.text.truncate(saved.len);
    }

    fn saved(&self) -> Saved {
        Saved {
            start: self.start,
            len: self.text.len(),
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

    /// The first place of a text goes without a number.
    fn append_number(&mut self, number: u32) {
        if number > 1 {
            self.text.push('#');
            self.text.push_str(&number.to_string());
        }
    }
}

/// `a.b`, or `b` alone.
pub(super) fn join(path: &str, segment: &str) -> String {
    match (path, segment) {
        ("", text) | (text, "") => text.to_owned(),
        _ => format!("{path}.{segment}"),
    }
}

/// Numbers that tell places of one text apart, from 1 in the order of their first
/// visits.
#[derive(Debug, Default)]
struct Numbers {
    given: IndexMap<(Box<str>, Key), u32, FixedState>,
    /// By text, how many were given.
    highest: HashMap<Box<str>, u32>,
}

/// A text and a place that nothing owns, to look up.
#[derive(Hash)]
struct Asked<'a>(&'a str, Key);

impl Equivalent<(Box<str>, Key)> for Asked<'_> {
    fn equivalent(&self, known: &(Box<str>, Key)) -> bool {
        *self.0 == *known.0 && self.1 == known.1
    }
}

impl Numbers {
    fn of(&mut self, text: &str, key: Key) -> u32 {
        if let Some(known) = self.given.get(&Asked(text, key)) {
            return *known;
        }
        let number = match self.highest.get_mut(text) {
            Some(highest) => {
                *highest += 1;
                *highest
            }
            None => {
                self.highest.insert(text.into(), 1);
                1
            }
        };
        self.given.insert((text.into(), key), number);
        number
    }

    /// Forgets a place; its number is free again if it was the last.
    fn release(&mut self, text: &str, key: Key) {
        let number = self.given.swap_remove(&Asked(text, key));
        if let Some(highest) = self.highest.get_mut(text)
            && number == Some(*highest)
        {
            *highest -= 1;
        }
    }
}

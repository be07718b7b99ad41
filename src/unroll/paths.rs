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

    fn append_number(&mut self, number: u32) {
        if number > 1 {
            self.text.push_str(&suffix(number));
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
/// visits; the first goes without.
#[derive(Debug, Default)]
struct Numbers {
    given: IndexMap<(Box<str>, Key), u32, FixedState>,
    known: HashMap<Box<str>, Known>,
}

/// What is known of a text.
#[derive(Debug, Default)]
struct Known {
    /// Whether it stands for something, with its number if it has one.
    taken: bool,
    /// Its numbers up to this one are taken.
    last: u32,
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
        if let Some(&number) = self.given.get(&Asked(text, key)) {
            return number;
        }
        let mut number = self.known.get(text).map_or(0, |known| known.last);
        loop {
            number += 1;
            let known = self.known.entry(numbered(text, number)).or_default();
            if !std::mem::replace(&mut known.taken, true) {
                break;
            }
        }
        if let Some(known) = self.known.get_mut(text) {
            known.last = number;
        }
        self.given.insert((text.into(), key), number);
        number
    }

    /// Forgets a place, whose number is free again.
    fn release(&mut self, text: &str, key: Key) {
        let Some(number) = self.given.swap_remove(&Asked(text, key)) else {
            return;
        };
        if let Some(known) = self.known.get_mut(&numbered(text, number)) {
            known.taken = false;
        }
        if let Some(known) = self.known.get_mut(text) {
            known.last = known.last.min(number - 1);
        }
    }
}

fn numbered(text: &str, number: u32) -> Box<str> {
    match number {
        1 => text.into(),
        number => (text.to_owned() + &suffix(number)).into(),
    }
}

fn suffix(number: u32) -> String {
    format!("#{number}")
}

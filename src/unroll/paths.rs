//! Dotted paths that name instances, and stay unique.

use std::collections::HashMap;

use foldhash::fast::FixedState;

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
    text: String,
    segments: Names,
    names: Names,
}

impl Path {
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The path with one more segment, made unique.
    pub fn with(&mut self, segment: &str, key: Key) -> String {
        self.segments.unique(join(&self.text, segment), key)
    }

    /// The name of what stands at the path, or at one more segment, made unique
    /// among names.
    pub fn name(&mut self, segment: &str, key: Key) -> String {
        self.names.unique(join(&self.text, segment), key)
    }

    /// Appends a segment, made unique; gives what [`Self::restore`] takes back.
    pub fn push(&mut self, segment: &str, key: Key) -> String {
        let full = self.with(segment, key);
        std::mem::replace(&mut self.text, full)
    }

    /// Gives the name of a segment back: nothing came to stand there.
    pub fn release(&mut self, segment: &str, key: Key) {
        self.segments.release(join(&self.text, segment), key);
    }

    /// Starts anew; gives what [`Self::restore`] takes back.
    pub fn replace(&mut self, text: &str) -> String {
        std::mem::replace(&mut self.text, text.to_owned())
    }

    pub fn restore(&mut self, saved: String) {
        self.text = saved;
    }
}

/// Texts made unique, each by the place that first asked for it.
#[derive(Debug, Default)]
struct Names {
    /// Which of its namesakes an asked text is, from 1.
    given: HashMap<(String, Key), u32, FixedState>,
    known: HashMap<String, Known, FixedState>,
}

/// What is known of a text.
#[derive(Debug, Default)]
struct Known {
    /// Whether it is a name that stands for something.
    taken: bool,
    /// Its namesakes up to this one are taken.
    last: u32,
}

impl Names {
    fn unique(&mut self, text: String, key: Key) -> String {
        let asked = (text, key);
        if let Some(&nth) = self.given.get(&asked) {
            return namesake(&asked.0, nth);
        }
        let mut nth = self.known.get(&asked.0).map_or(0, |known| known.last);
        let name = loop {
            nth += 1;
            let name = namesake(&asked.0, nth);
            let known = self.known.entry(name.clone()).or_default();
            if !std::mem::replace(&mut known.taken, true) {
                break name;
            }
        };
        if let Some(known) = self.known.get_mut(&asked.0) {
            known.last = nth;
        }
        self.given.insert(asked, nth);
        name
    }

    fn release(&mut self, text: String, key: Key) {
        let asked = (text, key);
        let Some(nth) = self.given.remove(&asked) else {
            return;
        };
        if let Some(known) = self.known.get_mut(&namesake(&asked.0, nth)) {
            known.taken = false;
        }
        if let Some(known) = self.known.get_mut(&asked.0) {
            known.last = known.last.min(nth - 1);
        }
    }
}

/// `conv`, `conv#2`, ..
fn namesake(text: &str, nth: u32) -> String {
    match nth {
        1 => text.to_owned(),
        nth => format!("{text}#{nth}"),
    }
}

/// `a.b`, or `b` alone.
pub(super) fn join(path: &str, segment: &str) -> String {
    if path.is_empty() {
        segment.to_owned()
    } else if segment.is_empty() {
        path.to_owned()
    } else {
        format!("{path}.{segment}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::SourceId;

    fn key(at: usize) -> Key {
        let span = Span::new(SourceId::default(), at, at + 1);
        (span, span)
    }

    #[test]
    fn namesakes_are_numbered_and_numbers_given_back_are_used_first() {
        let mut path = Path::default();
        let mut with = |at: usize| path.with("conv", key(at));
        assert_eq!([with(0), with(1), with(2)], ["conv", "conv#2", "conv#3"]);
        assert_eq!(with(1), "conv#2");
        path.release("conv", key(1));
        path.release("conv", key(0));
        let mut with = |at: usize| path.with("conv", key(at));
        assert_eq!([with(3), with(4), with(5)], ["conv", "conv#2", "conv#4"]);
    }

    #[test]
    fn the_same_text_from_another_place_is_another_name() {
        let mut path = Path::default();
        let outer = path.push("a", key(0));
        let inner = path.push("b", key(1));
        assert_eq!(path.as_str(), "a.b");
        path.restore(inner);
        path.restore(outer);
        assert_eq!(path.with("a.b", key(2)), "a.b#2");
    }
}

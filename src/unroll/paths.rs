//! Dotted paths that name instances, and stay unique.

use std::collections::{HashMap, HashSet};

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
    given: HashMap<(String, Key), (String, u32), FixedState>,
    used: HashSet<String, FixedState>,
    /// By text: its namesakes up to this number are all used.
    last: HashMap<String, u32, FixedState>,
}

impl Names {
    fn unique(&mut self, text: String, key: Key) -> String {
        let asked = (text, key);
        if let Some((known, _)) = self.given.get(&asked) {
            return known.clone();
        }
        let last = self.last.entry(asked.0.clone()).or_default();
        let mut free;
        loop {
            *last += 1;
            free = match *last {
                1 => asked.0.clone(),
                n => format!("{}#{n}", asked.0),
            };
            if self.used.insert(free.clone()) {
                break;
            }
        }
        self.given.insert(asked, (free.clone(), *last));
        free
    }

    fn release(&mut self, text: String, key: Key) {
        let asked = (text, key);
        if let Some((name, number)) = self.given.remove(&asked) {
            self.used.remove(&name);
            if let Some(last) = self.last.get_mut(&asked.0) {
                *last = (*last).min(number - 1);
            }
        }
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

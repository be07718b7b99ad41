//! Dotted paths that name instances, and stay unique.

use std::collections::HashMap;

use crate::span::Span;

/// The sites that gave a text, in order of their first visit.
type Sites = HashMap<String, Vec<Span>>;

/// A dotted path under construction.
///
/// Two call sites may give the same segment under the same path (`conv` twice
/// in one body): the second becomes `conv#2`, by site, so a site that is
/// visited again keeps its name.
#[derive(Debug, Default)]
pub(super) struct Path {
    text: String,
    segments: Sites,
    names: Sites,
}

impl Path {
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The path with one more segment, made unique by site.
    pub fn with(&mut self, segment: &str, site: Span) -> String {
        unique(&mut self.segments, join(&self.text, segment), site)
    }

    /// The name of what stands at the path, or at one more segment, made
    /// unique by site among names.
    pub fn name(&mut self, segment: &str, site: Span) -> String {
        unique(&mut self.names, join(&self.text, segment), site)
    }

    /// Appends a segment, unique by site; gives what [`Self::restore`] takes back.
    pub fn push(&mut self, segment: &str, site: Span) -> String {
        let full = self.with(segment, site);
        std::mem::replace(&mut self.text, full)
    }

    /// Starts anew; gives what [`Self::restore`] takes back.
    pub fn replace(&mut self, text: &str) -> String {
        std::mem::replace(&mut self.text, text.to_owned())
    }

    pub fn restore(&mut self, saved: String) {
        self.text = saved;
    }
}

fn unique(sites: &mut Sites, text: String, site: Span) -> String {
    let sites = sites.entry(text.clone()).or_default();
    let place = sites
        .iter()
        .position(|known| *known == site)
        .unwrap_or_else(|| {
            sites.push(site);
            sites.len() - 1
        });
    if place == 0 {
        text
    } else {
        format!("{text}#{}", place + 1)
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

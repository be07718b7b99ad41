//! Dotted paths that name instances, and stay unique.

use std::collections::HashMap;

use crate::span::Span;

/// A dotted path under construction.
///
/// Two call sites may give the same segment under the same path (`conv` twice
/// in one body): the second becomes `conv#2`, by site, so a site that is
/// visited again keeps its name.
#[derive(Debug, Default)]
pub(super) struct Path {
    text: String,
    sites: HashMap<String, Vec<Span>>,
}

impl Path {
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The path with one more segment, made unique by site.
    pub fn with(&mut self, segment: &str, site: Span) -> String {
        let mut full = join(&self.text, segment);
        let sites = self.sites.entry(full.clone()).or_default();
        let place = sites
            .iter()
            .position(|known| *known == site)
            .unwrap_or_else(|| {
                sites.push(site);
                sites.len() - 1
            });
        if place > 0 {
            full.push_str(&format!("#{}", place + 1));
        }
        full
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

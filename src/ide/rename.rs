//! Renaming, wherever the name stands, and only where that changes nothing else.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use super::{Analysis, Location, occurrences, symbol};
use crate::diagnostic::Severity;
use crate::hir::{LIBRARY, Referent};
use crate::span::{SourceId, Span};
use crate::syntax;

/// Why something is not renamed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no name.
    NoName,
    /// The word is one of the language's.
    Keyword(String),
    /// A primitive or a function of the language.
    Builtin(String),
    /// A module is named by its file.
    Module,
    /// It is declared in the shipped library.
    Library(String),
    /// The new name cannot be one.
    NotAName(String),
    /// With it the program would mean something else, or would not compile: why.
    Changes(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoName => write!(f, "there is no name here that could be changed"),
            Self::Keyword(word) => write!(f, "`{word}` is a keyword of the language"),
            Self::Builtin(name) => write!(f, "`{name}` is part of the language"),
            Self::Module => write!(f, "a module has the name of its file"),
            Self::Library(module) => write!(f, "it is declared in the shipped module `{module}`"),
            Self::NotAName(name) => write!(
                f,
                "`{name}` is no name: names are made of letters a to z and A to Z, digits and `_`, \
                 do not begin with a digit and are no keyword"
            ),
            Self::Changes(why) => write!(f, "the program would mean something else: {why}"),
        }
    }
}

/// The name at a byte of the text, if it can be changed.
///
/// # Errors
/// Why it cannot.
pub fn can_rename(analysis: &Analysis, offset: usize) -> Result<Range<usize>, Refusal> {
    let text = analysis.text();
    let Some((span, referent)) = analysis.name_at(offset) else {
        return Err(match word_at(text, offset) {
            Some(word) if syntax::is_keyword(word) => Refusal::Keyword(word.to_owned()),
            _ => Refusal::NoName,
        });
    };
    match referent {
        Referent::Builtin(builtin) => Err(Refusal::Builtin(builtin.name().to_owned())),
        Referent::Module(_) => Err(Refusal::Module),
        Referent::Declared(declared) => match analysis.location(declared) {
            Some(location) if is_library(&location.file) => Err(Refusal::Library(location.file)),
            Some(_) => Ok(span.range()),
            None => Err(Refusal::NoName),
        },
    }
}

/// The places that change, by file, when what is named at a byte of the first analysis
/// is called `name`. `analyses`: that one, and those of all files that may use it.
///
/// # Errors
/// Why it cannot be called so.
pub fn rename(
    analyses: &[&Analysis],
    offset: usize,
    name: &str,
) -> Result<BTreeMap<String, Vec<Range<usize>>>, Refusal> {
    let analysis = analyses.first().ok_or(Refusal::NoName)?;
    can_rename(analysis, offset)?;
    if !syntax::is_name(name) {
        return Err(Refusal::NotAName(name.to_owned()));
    }
    let (_, declared) = symbol(analysis, offset).ok_or(Refusal::NoName)?;
    let mut edits: BTreeMap<String, Vec<Range<usize>>> = BTreeMap::new();
    for place in occurrences(analyses, &declared) {
        let ranges = edits.entry(place.file.clone()).or_default();
        ranges.push(place.range());
    }
    let mut changed: BTreeMap<PathBuf, Arc<str>> = BTreeMap::new();
    for (file, ranges) in &mut edits {
        ranges.sort_unstable_by_key(|range| range.start);
        if let Some(text) = text_of(analyses, file) {
            changed.insert(file.into(), replaced(text, ranges, name).into());
        }
    }
    let old = analysis
        .file(&declared)
        .and_then(|file| file.text.get(declared.range()))
        .unwrap_or_default();
    for analysis in analyses {
        check(analysis, &changed, old)?;
    }
    Ok(edits)
}

/// Compiles what was renamed, and compares. Where the old name still stands, it may be
/// one that only a run of the space resolves, as that of an argument of a value.
fn check(
    before: &Analysis,
    changed: &BTreeMap<PathBuf, Arc<str>>,
    old: &str,
) -> Result<(), Refusal> {
    let uses = |file: &PathBuf| before.sources.find(&file.display().to_string()).is_some();
    let Some(source) = before.source().filter(|_| changed.keys().any(uses)) else {
        return Ok(());
    };
    let mut options = before.options.clone();
    options.open.extend(changed.clone());
    let text = changed.get(&PathBuf::from(&source.name));
    let text = text.unwrap_or(&source.text);
    let (name, own) = (&source.name, before.options.clone());
    let (before, after) = if has_word(text, old) {
        let before = Analysis::of(name, &source.text, own);
        (before, Analysis::of(name, text, options))
    } else {
        let before = Analysis::of_names(name, &source.text, own);
        (before, Analysis::of_names(name, text, options))
    };
    if n_errors(&after) > n_errors(&before) {
        let errors = |diagnostic: &&crate::diagnostic::Diagnostic| {
            diagnostic.severity == Severity::Error && !before.diagnostics.contains(diagnostic)
        };
        let first = after.diagnostics.iter().find(errors);
        let why = first.map_or("", |diagnostic| &diagnostic.message);
        return Err(Refusal::Changes(why.to_owned()));
    }
    if references(&before) != references(&after) {
        let why = "the name is taken where it would be used";
        return Err(Refusal::Changes(why.to_owned()));
    }
    Ok(())
}

fn n_errors(analysis: &Analysis) -> usize {
    let all = analysis.diagnostics.iter();
    all.filter(|diagnostic| diagnostic.severity == Severity::Error)
        .count()
}

/// Which names refer to which declarations, counted from the beginning of each file.
fn references(analysis: &Analysis) -> Vec<(SourceId, usize, SourceId, usize)> {
    let mut places: Vec<Span> = analysis.names.uses.iter().map(|used| used.span).collect();
    places.extend(analysis.names.declarations.iter().map(|known| known.span));
    places.sort_unstable();
    places.dedup();
    let nth = |span: Span| {
        let place = places.partition_point(|known| *known < span);
        let file = places.partition_point(|known| known.source < span.source);
        (span.source, place - file)
    };
    let mut found: Vec<_> = analysis
        .names
        .uses
        .iter()
        .filter_map(|used| match used.to {
            Referent::Declared(declared) => {
                let (file, place) = nth(used.span);
                let (other, target) = nth(declared);
                Some((file, place, other, target))
            }
            _ => None,
        })
        .collect();
    found.sort_unstable();
    found
}

fn is_library(file: &str) -> bool {
    LIBRARY.iter().any(|(name, _)| *name == file)
}

fn text_of<'a>(analyses: &[&'a Analysis], file: &str) -> Option<&'a str> {
    let location = Location {
        file: file.to_owned(),
        range: (0, 0),
    };
    let mut files = analyses
        .iter()
        .filter_map(|analysis| analysis.file(&location));
    files.next().map(|file| &*file.text)
}

/// A text with other text in some ranges, which are in order.
fn replaced(text: &str, ranges: &[Range<usize>], by: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for range in ranges {
        out.push_str(text.get(at..range.start).unwrap_or_default());
        out.push_str(by);
        at = range.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

fn has_word(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.split(|c| !is_part(c)).any(|part| part == word)
}

/// The word that touches a byte of a text.
pub(super) fn word_at(text: &str, offset: usize) -> Option<&str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let before = text.get(..offset)?;
    let start = before.trim_end_matches(is_part).len();
    let after = text.get(offset..)?;
    let end = text.len() - after.trim_start_matches(is_part).len();
    text.get(start..end).filter(|word| !word.is_empty())
}

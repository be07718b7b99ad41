//! What may stand at a place.

use std::collections::BTreeMap;

use super::Analysis;
use super::hover::{head, signature, word};
use crate::hir::{Builtin, Declaration, LIBRARY, Referent, What};
use crate::span::{SourceId, Span};
use crate::syntax::ast::Item;

/// What is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompletionKind {
    /// A word of the language.
    Keyword,
    /// A type.
    Type,
    /// A primitive or a function of the language, or one that is declared.
    Function,
    /// A constant.
    Constant,
    /// A set of candidates.
    Set,
    /// A cell.
    Cell,
    /// A local, a port, or a parameter.
    Variable,
    /// A parameter of the function that is called, to be given by name.
    Argument,
    /// A module.
    Module,
    /// `@per` and its like.
    Annotation,
}

/// One thing that may stand at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// What is written.
    pub label: String,
    /// What it is.
    pub kind: CompletionKind,
    /// More about it, in a line; may be empty.
    pub detail: String,
}

const ANNOTATIONS: [(&str, &str); 7] = [
    ("per", "parameters of their own for each choice"),
    ("tie", "the matrix of another call"),
    ("near", "near elements are likelier"),
    ("rate", "the share that is picked a priori"),
    ("bias", "added to the logits of candidates"),
    ("ordered", "in the order picked"),
    ("repeat", "each as often as may be"),
];

const TYPES: [&str; 7] = ["int", "float", "bool", "string", "op", "cell", "tokens"];

const IN_EXPRESSIONS: [&str; 8] = ["choose", "pick", "if", "else", "not", "and", "or", "of"];

const AT_LINES: [&str; 19] = [
    "let", "for", "if", "nodes", "require", "return", "input", "output", "op", "block", "cell",
    "ops", "const", "extern", "use", "space", "choose", "pick", "else",
];

/// What may stand at a byte of the text, in the order of their names. What does not
/// begin as the word there is left to the editor, which knows how to compare.
#[must_use]
pub fn complete(analysis: &Analysis, offset: usize) -> Vec<Completion> {
    let Some(before) = analysis.text().get(..offset) else {
        return Vec::new();
    };
    let line = before.rsplit('\n').next().unwrap_or_default();
    if is_comment_or_text(line) {
        return Vec::new();
    }
    let before = before.trim_end_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
    let line_before = before.rsplit('\n').next().unwrap_or_default();
    let mut found = Found::default();
    if before.ends_with('@') {
        for (name, detail) in ANNOTATIONS {
            found.add(name, CompletionKind::Annotation, detail);
        }
    } else if let Some(usage) = line_before.trim_start().strip_prefix("use ") {
        in_use(analysis, usage, &mut found);
    } else if let Some(path) = before.strip_suffix("::") {
        let alias = path.rsplit(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        if let Some(module) = alias
            .into_iter()
            .next()
            .and_then(|alias| analysis.alias(alias))
        {
            analysis.exported(module, &mut found);
        }
    } else {
        if line_before.trim().is_empty() {
            for word in AT_LINES {
                found.add(word, CompletionKind::Keyword, "");
            }
        }
        if before.trim_end().ends_with([':', '>']) && !before.trim_end().ends_with("|>") {
            for name in TYPES {
                found.add(name, CompletionKind::Type, "a type");
            }
        }
        arguments(analysis, before, &mut found);
        in_expression(analysis, offset, &mut found);
    }
    found.0.into_values().collect()
}

/// By name, so that the innermost of a name, which comes first, hides the others.
#[derive(Default)]
struct Found(BTreeMap<String, Completion>);

impl Found {
    fn add(&mut self, label: &str, kind: CompletionKind, detail: impl Into<String>) {
        self.0
            .entry(label.to_owned())
            .or_insert_with(|| Completion {
                label: label.to_owned(),
                kind,
                detail: detail.into(),
            });
    }
}

/// Whether a line breaks off inside a comment or a string.
fn is_comment_or_text(line: &str) -> bool {
    let mut in_text = false;
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        if c == '"' {
            in_text = !in_text;
        } else if !in_text && rest.starts_with("//") {
            return true;
        }
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    in_text
}

fn in_use(analysis: &Analysis, usage: &str, found: &mut Found) {
    let Some((path, _)) = usage.split_once('.') else {
        for (name, _) in LIBRARY {
            found.add(name, CompletionKind::Module, "shipped");
        }
        return;
    };
    if let Some(file) = analysis.module(path.trim()) {
        analysis.exported(file, found);
        return;
    }
    // The `use` itself may not be read yet.
    let Some((_, text)) = LIBRARY.iter().find(|(name, _)| *name == path.trim()) else {
        return;
    };
    let module = Analysis::of_names(path.trim(), text, crate::Options::default());
    module.exported(SourceId::default(), found);
}

/// The parameters of the innermost call that is open.
fn arguments(analysis: &Analysis, before: &str, found: &mut Found) {
    let mut depth = 0;
    let open = before.char_indices().rev().find(|(_, c)| {
        match c {
            ')' | ']' | '}' => depth += 1,
            '(' if depth == 0 => return true,
            '[' | '{' if depth == 0 => depth = i32::MIN / 2,
            '(' | '[' | '{' => depth -= 1,
            _ => {}
        }
        false
    });
    let Some(callee) = open.and_then(|(at, _)| before.get(..at)) else {
        return;
    };
    let start = callee
        .trim_end_matches(|c: char| c.is_ascii_alphanumeric() || c == '_')
        .len();
    let name = callee.get(start..).unwrap_or_default();
    let visible = |known: &&Declaration| {
        matches!(known.what, What::Fn(_)) && analysis.sources.slice(known.span) == name
    };
    if let Some(function) = analysis.names.declarations.iter().find(visible) {
        for param in analysis.params(function) {
            let name = analysis.sources.slice(param);
            found.add(name, CompletionKind::Argument, "a parameter, `name = ..`");
        }
    } else if let Some(builtin) = Builtin::of(name) {
        for param in builtin.params().iter().skip(1) {
            found.add(
                param.name,
                CompletionKind::Argument,
                "a parameter, `name = ..`",
            );
        }
    }
}

fn in_expression(analysis: &Analysis, offset: usize, found: &mut Found) {
    let in_scope = |known: &&Declaration| {
        let range = known.visible.range();
        known.span.source == SourceId::default()
            && known.what != What::Space
            && range.start <= offset
            && offset <= range.end
    };
    let known = analysis.names.declarations.iter().filter(in_scope);
    let mut known: Vec<&Declaration> = known.collect();
    // The innermost, and the last of those, first.
    known.sort_by_key(|known| {
        let range = known.visible.range();
        (range.end - range.start, usize::MAX - range.start)
    });
    for known in known {
        analysis.offer(known, found);
    }
    for item in &analysis.file.items {
        let Item::Use(usage) = item else { continue };
        for name in &usage.names {
            let used = analysis
                .names
                .uses
                .iter()
                .find(|used| used.span == name.span);
            if let Some(Referent::Declared(span)) = used.map(|used| used.to)
                && let Some(known) = analysis.names.declaration(span)
            {
                analysis.offer(known, found);
            }
        }
        if let (true, Some(last)) = (usage.names.is_empty(), usage.module.segments.last()) {
            found.add(&last.name, CompletionKind::Module, "a module");
        }
    }
    for builtin in Builtin::ALL {
        found.add(
            builtin.name(),
            CompletionKind::Function,
            signature(*builtin),
        );
    }
    for word in IN_EXPRESSIONS {
        found.add(word, CompletionKind::Keyword, "");
    }
    for word in ["true", "false"] {
        found.add(word, CompletionKind::Keyword, "");
    }
}

impl Analysis {
    fn offer(&self, known: &Declaration, found: &mut Found) {
        let name = self.sources.slice(known.span);
        let file = self.sources.get(known.span.source);
        let head = || file.map_or_else(String::new, |file| one_line(&head(file, known.span)));
        let (kind, detail) = match known.what {
            What::Fn(kind) => (
                CompletionKind::Function,
                Some(head())
                    .filter(|head| !head.is_empty())
                    .unwrap_or_else(|| word(kind).into()),
            ),
            What::Const => (CompletionKind::Constant, head()),
            What::Ops => (CompletionKind::Set, head()),
            What::Cell => (CompletionKind::Cell, head()),
            _ => (CompletionKind::Variable, self.shape(known.span)),
        };
        found.add(name, kind, detail);
    }

    /// What a local was, in a few words.
    fn shape(&self, declared: Span) -> String {
        let fact = self.fact(declared).filter(|fact| !fact.is_operation);
        fact.map_or_else(String::new, |fact| fact.values.join(", "))
    }

    /// The parameters of a function, by place.
    fn params(&self, function: &Declaration) -> Vec<Span> {
        let same_file = |known: &&Declaration| known.span.source == function.span.source;
        let all = || self.names.declarations.iter().filter(same_file);
        let is_item = |what| {
            matches!(
                what,
                What::Fn(_) | What::Ops | What::Cell | What::Const | What::Space
            )
        };
        let next = all()
            .filter(|known| is_item(known.what) && known.span.start > function.span.start)
            .map(|known| known.span.start)
            .min()
            .unwrap_or(u32::MAX);
        let inside = |span: Span| function.span.start < span.start && span.start < next;
        all()
            .filter(|known| known.what == What::Param && inside(known.span))
            .map(|known| known.span)
            .collect()
    }

    /// The module that the text calls by a name.
    fn alias(&self, name: &str) -> Option<SourceId> {
        self.file.items.iter().find_map(|item| match item {
            Item::Use(usage) if usage.names.is_empty() => {
                let last = usage.module.segments.last()?;
                (last.name == name).then(|| self.module_at(usage.module.span))?
            }
            _ => None,
        })
    }

    /// A module that the text uses, by its path.
    fn module(&self, path: &str) -> Option<SourceId> {
        self.file.items.iter().find_map(|item| match item {
            Item::Use(usage) if self.sources.slice(usage.module.span) == path => {
                self.module_at(usage.module.span)
            }
            _ => None,
        })
    }

    fn module_at(&self, span: Span) -> Option<SourceId> {
        let mut uses = self.names.uses.iter();
        uses.find_map(|used| match used.to {
            Referent::Module(source) if used.span == span => Some(source),
            _ => None,
        })
    }

    /// What a module declares at its top.
    fn exported(&self, module: SourceId, found: &mut Found) {
        for known in &self.names.declarations {
            let is_item = known.visible.range() == (0..u32::MAX as usize);
            if known.span.source == module && is_item && known.what != What::Space {
                self.offer(known, found);
            }
        }
    }
}

/// A declaration without its line breaks.
fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").replace("( ", "(").replace(", )", ")")
}

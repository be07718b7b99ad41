//! Files and modules: the shipped library, `use`, and the spaces of a file.

use indexmap::IndexMap;

use super::diagnostics;
use crate::diagnostic::Diagnostics;
use crate::source::SourceMap;
use crate::syntax::{self, ast};

/// The shipped modules: path and text.
pub const LIBRARY: &[(&str, &str)] =
    &[("std::vision", include_str!("../../spaces/std/vision.enas"))];

/// A module that a file uses, parsed.
#[derive(Debug)]
pub(super) struct Module {
    pub file: ast::File,
}

/// The modules of a file by their path.
pub(super) type Modules = IndexMap<String, Module>;

/// The names of the spaces of a file, in the order written.
pub fn spaces(file: &ast::File) -> impl Iterator<Item = &ast::Ident> {
    file.items.iter().filter_map(|item| match item {
        ast::Item::Space(space) => Some(&space.name),
        _ => None,
    })
}

pub(super) fn find_space<'a>(file: &'a ast::File, name: &str) -> Option<&'a ast::Space> {
    file.items.iter().find_map(|item| match item {
        ast::Item::Space(space) if space.name.name == name => Some(space),
        _ => None,
    })
}

pub(super) fn path_text(path: &ast::Path) -> String {
    let segments: Vec<&str> = path.segments.iter().map(|s| s.name.as_str()).collect();
    segments.join("::")
}

/// Parses every module that the file uses; one that is not there is reported.
pub(super) fn load(
    file: &ast::File,
    sources: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> Modules {
    let mut modules = Modules::new();
    for item in &file.items {
        let ast::Item::Use(usage) = item else {
            continue;
        };
        let path = path_text(&usage.module);
        if modules.contains_key(&path) {
            continue;
        }
        let Some((_, text)) = LIBRARY.iter().find(|(name, _)| *name == path) else {
            let known = LIBRARY.iter().map(|(name, _)| *name);
            diagnostics.push(diagnostics::unknown_module(usage.module.span, &path, known));
            continue;
        };
        let id = sources.add(path.clone(), *text);
        if let Some(source) = sources.get(id) {
            let file = syntax::parse(source, diagnostics);
            modules.insert(path, Module { file });
        }
    }
    modules
}

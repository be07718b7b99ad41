//! Files and modules: the shipped library, `use`, and the spaces of a file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use indexmap::IndexMap;

use super::diagnostics;
use crate::diagnostic::Diagnostics;
use crate::source::SourceMap;
use crate::span::SourceId;
use crate::syntax::{self, ast};

/// The shipped modules: path and text.
pub const LIBRARY: &[(&str, &str)] = &[
    ("std::vision", include_str!("../../spaces/std/vision.enas")),
    ("std::rnn", include_str!("../../spaces/std/rnn.enas")),
];

/// The most modules that a file may use, with those that they use.
const MAX_MODULES: usize = 1000;

/// A module that a file uses, parsed.
#[derive(Debug)]
pub struct Module {
    /// Empty if it has syntax errors.
    pub(super) file: ast::File,
    /// Whether it has syntax errors: what it would declare is not known.
    pub(super) is_broken: bool,
    /// Its text.
    pub source: SourceId,
}

/// The modules of a file by their path, such as `std::vision`; those that a
/// module uses stand before it.
pub type Modules = IndexMap<String, Module>;

/// Where the files are that `use` names.
#[derive(Clone, Copy, Debug)]
pub struct Folder<'a> {
    /// The folder of the file that uses them.
    pub path: &'a Path,
    /// Texts that stand for those of files, as an editor holds them.
    pub open: &'a BTreeMap<PathBuf, Arc<str>>,
}

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

/// Parses every module that the file uses, and those that they use. A path that
/// begins with `std` is a shipped one, any other a file below `folder`:
/// `blocks::mobile` is `blocks/mobile.enas`.
///
/// What is not there, and modules that use each other in a circle, is reported.
pub fn load(
    file: &ast::File,
    folder: Option<Folder<'_>>,
    sources: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> Modules {
    let mut loader = Loader {
        folder,
        sources,
        diagnostics,
        modules: Modules::new(),
        open: Vec::new(),
        full: false,
    };
    loader.uses(file);
    loader.modules
}

struct Loader<'a> {
    folder: Option<Folder<'a>>,
    sources: &'a mut SourceMap,
    diagnostics: &'a mut Diagnostics,
    modules: Modules,
    /// The modules whose uses are being loaded, innermost last.
    open: Vec<String>,
    /// Whether there were too many, so that no more are loaded.
    full: bool,
}

impl Loader<'_> {
    fn uses(&mut self, file: &ast::File) {
        for item in &file.items {
            if self.full {
                return;
            }
            if let ast::Item::Use(usage) = item {
                self.module(&usage.module);
            }
        }
    }

    fn module(&mut self, module: &ast::Path) {
        let path = path_text(module);
        if let Some(first) = self.open.iter().position(|open| *open == path) {
            let chain = self.open.get(first..).unwrap_or_default();
            let diagnostic = diagnostics::import_cycle(module.span, chain);
            self.diagnostics.push(diagnostic);
            return;
        }
        if self.modules.contains_key(&path) {
            return;
        }
        if self.modules.len() + self.open.len() >= MAX_MODULES {
            let diagnostic = diagnostics::too_many_modules(module.span, MAX_MODULES);
            self.diagnostics.push(diagnostic);
            self.full = true;
            return;
        }
        let (name, text) = match self.read(&path) {
            Ok(found) => found,
            Err(why) => {
                let known = LIBRARY.iter().map(|(name, _)| *name);
                let diagnostic = diagnostics::unknown_module(module.span, &path, &why, known);
                self.diagnostics.push(diagnostic);
                return;
            }
        };
        let id = self.sources.add(name, text);
        let Some(source) = self.sources.get(id) else {
            return;
        };
        let mut own = Diagnostics::default();
        let mut file = syntax::parse(source, &mut own);
        let is_broken = own.has_errors();
        self.diagnostics.extend(own.into_sorted());
        if is_broken {
            file = ast::File::default();
        }
        self.open.push(path.clone());
        self.uses(&file);
        self.open.pop();
        let module = Module {
            file,
            is_broken,
            source: id,
        };
        self.modules.insert(path, module);
    }

    /// What messages call a module, and its text; or why it has none.
    fn read(&self, path: &str) -> Result<(String, Arc<str>), String> {
        if path == "std" || path.starts_with("std::") {
            let found = LIBRARY.iter().find(|(name, _)| *name == path);
            return match found {
                Some((name, text)) => Ok(((*name).to_owned(), Arc::from(*text))),
                None => Err(String::new()),
            };
        }
        let Some(folder) = self.folder else {
            return Err("this text has no folder in which files could be".to_owned());
        };
        let file = folder.path.join(module_file(path));
        if let Some(text) = folder.open.get(&file) {
            return Ok((file.display().to_string(), text.clone()));
        }
        match fs::read_to_string(&file) {
            Ok(text) => Ok((file.display().to_string(), text.into())),
            Err(why) if why.kind() == io::ErrorKind::NotFound => {
                Err(format!("there is no file {}", file.display()))
            }
            Err(why) if why.kind() == io::ErrorKind::InvalidData => {
                Err(format!("{} is not UTF-8 text", file.display()))
            }
            Err(why) => Err(format!("{} cannot be read: {why}", file.display())),
        }
    }
}

/// The file of a module, below the folder of the file that uses it.
#[must_use]
pub fn module_file(path: &str) -> PathBuf {
    let mut file: PathBuf = path.split("::").collect();
    file.set_extension("enas");
    file
}

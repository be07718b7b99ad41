//! The whole compiler in one call: text to search space.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use crate::decision::DecisionSpace;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::graph::Supergraph;
use crate::source::SourceMap;
use crate::unroll::{Facts, Ports, STEP_BUDGET, Setting, Settings};
use crate::{hir, syntax, unroll};

/// Of so many spaces of a broken file names are resolved: each reads all that the
/// file declares.
const MAX_RESOLVED: usize = 16;

/// A compiled space: what every later step reads.
#[derive(Clone, Debug)]
pub struct SearchSpace {
    /// The space's name.
    pub name: String,
    /// Its parameters and their values, in the order declared.
    pub settings: Vec<(String, Setting)>,
    /// What must be decided.
    pub decisions: DecisionSpace,
    /// Every architecture in one graph.
    pub graph: Supergraph,
    /// Which parameters give the sizes of inputs and outputs.
    pub ports: Ports,
    /// The cells that have instances, as paths of nodes name them: `normal`, `m[0]`.
    pub cells: Vec<String>,
    /// How many evaluation steps it took, of [`STEP_BUDGET`].
    pub steps: u64,
}

/// What to compile of a file.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Values of space parameters, as `--set name=value` gives them.
    pub settings: Settings,
    /// Which space, where the file has several.
    pub space: Option<String>,
    /// Where the files are that `use` names; `None`: only shipped modules can
    /// be used.
    pub folder: Option<PathBuf>,
    /// Texts that stand for files of that folder, by their whole path: what an
    /// editor has not saved yet.
    pub open: BTreeMap<PathBuf, Arc<str>>,
}

/// What the compiler gives: always its diagnostics, and the spaces that compile.
#[derive(Clone, Debug, Default)]
pub struct Compilation {
    /// The user's file first, then the library modules it uses.
    pub sources: SourceMap,
    /// In order of place.
    pub diagnostics: Vec<Diagnostic>,
    /// The files that the text uses: their paths below [`Options::folder`], and
    /// their texts.
    pub modules: Vec<(PathBuf, String)>,
    /// The spaces without errors, in the order written; empty with errors.
    pub spaces: Vec<SearchSpace>,
}

/// Compiles the spaces of a text; `name` is what messages call it.
///
/// Compiles all of them unless `options.space` names one. Never fails: what is
/// wrong is in [`Compilation::diagnostics`].
#[must_use]
pub fn compile(name: &str, text: &str, options: &Options) -> Compilation {
    with_stack(|| run(name, text, options, None))
}

/// What an editor asks about, beside the compilation.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// The file as it was read, as far as it could be.
    pub file: syntax::ast::File,
    /// What its names refer to, and those of the modules that it uses.
    pub names: hir::Names,
    /// What was seen when a space ran, by space.
    pub facts: Vec<Facts>,
}

/// How far an observed compilation goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Names are resolved, which takes a moment; no space is run.
    Names,
    /// All of it.
    Spaces,
}

/// As [`compile()`], and tells what it saw on the way. It goes as far as it can: names
/// are resolved in what could be read of a broken file, too. A file without a space
/// is a module of others, and no mistake if it declares anything.
#[must_use]
pub fn observe(name: &str, text: &str, options: &Options, depth: Depth) -> (Compilation, Observed) {
    with_stack(|| {
        let mut observed = Observed::default();
        let compilation = run(name, text, options, Some((&mut observed, depth)));
        (compilation, observed)
    })
}

fn with_stack<T: Send>(run: impl Fn() -> T + Sync) -> T {
    // Deeply nested programs need more stack than a thread has by default.
    const STACK: usize = 256 << 20;
    std::thread::scope(|scope| {
        match std::thread::Builder::new()
            .stack_size(STACK)
            .spawn_scoped(scope, &run)
        {
            Ok(handle) => handle
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            // No thread to be had: try with the stack there is.
            Err(_) => run(),
        }
    })
}

fn run(
    name: &str,
    text: &str,
    options: &Options,
    observed: Option<(&mut Observed, Depth)>,
) -> Compilation {
    let runs = observed
        .as_ref()
        .is_none_or(|(_, depth)| *depth == Depth::Spaces);
    let mut observed = observed.map(|(observed, _)| observed);
    let mut sources = SourceMap::default();
    let mut diagnostics = Diagnostics::default();
    let id = sources.add(name, text);
    let mut spaces = Vec::new();
    let file = match sources.get(id) {
        Some(source) => syntax::parse(source, &mut diagnostics),
        None => syntax::ast::File::default(),
    };
    let names: Vec<String> = match (&options.space, diagnostics.has_errors()) {
        (_, true) => Vec::new(),
        (Some(wanted), _) => vec![wanted.clone()],
        (None, _) => hir::spaces(&file).map(|name| name.name.clone()).collect(),
    };
    let folder = options.folder.as_deref().map(|path| hir::Folder {
        path,
        open: &options.open,
    });
    if let Some(observed) = observed.as_deref_mut() {
        if diagnostics.has_errors() {
            // What more could be said follows from what was said.
            let quiet = &mut Diagnostics::default();
            observed.resolve(&file, folder, &mut sources, quiet);
        } else if names.is_empty() && !file.items.is_empty() {
            observed.resolve(&file, folder, &mut sources, &mut diagnostics);
        }
    }
    let is_module = observed.is_some() && !file.items.is_empty();
    if names.is_empty() && !is_module && !diagnostics.has_errors() {
        diagnostics.push(hir::no_space(id));
    }
    let complete = options.space.is_none() || hir::spaces(&file).count() == 1;
    let mut unused: Option<Vec<Diagnostic>> = None;
    let modules = match names.as_slice() {
        [] => hir::Modules::new(),
        _ => hir::load(&file, folder, &mut sources, &mut diagnostics),
    };
    let mut steps = STEP_BUDGET;
    for name in names {
        // Each space reads what all of the file declares.
        steps = steps.saturating_sub(file.items.len() as u64);
        if steps == 0 {
            let place = hir::spaces(&file).find(|space| space.name == name);
            diagnostics.extend(place.map(|name| unroll::no_steps_left(name.span)));
            break;
        }
        let Some(mut space) = hir::lower(&file, &name, &modules, &mut diagnostics) else {
            diagnostics.push(hir::unknown_space(id, &name, &file));
            continue;
        };
        if let Some(observed) = observed.as_deref_mut() {
            observed.names.extend(std::mem::take(&mut space.names));
        }
        // What no space of the file uses.
        unused = Some(match unused {
            None => space.unused.clone(),
            Some(so_far) => {
                let place = |warning: &Diagnostic| warning.labels.first().map(|label| label.span);
                let unused: HashSet<_> = space.unused.iter().map(place).collect();
                let is_unused = |warning: &Diagnostic| unused.contains(&place(warning));
                so_far.into_iter().filter(is_unused).collect()
            }
        });
        if diagnostics.has_errors() || !runs {
            continue;
        }
        let settings = &options.settings;
        let unrolled = match observed.as_deref_mut() {
            None => unroll::unroll(&space, settings, &mut steps, &mut diagnostics),
            Some(observed) => {
                let (unrolled, facts) =
                    unroll::observe(&space, settings, &mut steps, &mut diagnostics);
                observed.facts.push(facts);
                unrolled
            }
        };
        spaces.extend(unrolled.map(|unrolled| SearchSpace {
            name,
            settings: unrolled.settings,
            decisions: unrolled.decisions,
            graph: unrolled.graph,
            ports: unrolled.ports,
            cells: unrolled.cells,
            steps: unrolled.steps,
        }));
    }
    if complete {
        diagnostics.extend(unused.unwrap_or_default());
    }
    if diagnostics.has_errors() {
        spaces.clear();
    }
    if let Some(observed) = observed {
        observed.file = file;
    }
    let files = modules
        .iter()
        .filter(|(path, _)| !path.starts_with("std::"))
        .filter_map(|(path, module)| {
            let text = sources.get(module.source)?.text.to_string();
            Some((hir::module_file(path), text))
        })
        .collect();
    Compilation {
        modules: files,
        sources,
        diagnostics: diagnostics.into_sorted(),
        spaces,
    }
}

impl Observed {
    /// Resolves the names of a file that is not compiled.
    fn resolve(
        &mut self,
        file: &syntax::ast::File,
        folder: Option<hir::Folder<'_>>,
        sources: &mut SourceMap,
        diagnostics: &mut Diagnostics,
    ) {
        let modules = hir::load(file, folder, sources, diagnostics);
        let mut names: Vec<&str> = hir::spaces(file).map(|name| name.name.as_str()).collect();
        names.truncate(MAX_RESOLVED);
        let spaces = names
            .iter()
            .filter_map(|name| hir::lower(file, name, &modules, diagnostics));
        for space in spaces.collect::<Vec<_>>() {
            self.names.extend(space.names);
        }
        if names.is_empty() {
            let space = hir::lower_module(file, &modules, diagnostics);
            self.names.extend(space.names);
        }
    }
}

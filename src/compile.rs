//! The whole compiler in one call: text to search space.

use std::collections::HashSet;
use std::path::PathBuf;

use crate::decision::DecisionSpace;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::graph::Supergraph;
use crate::source::SourceMap;
use crate::unroll::{Ports, STEP_BUDGET, Setting, Settings};
use crate::{hir, syntax, unroll};

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
    // Deeply nested programs need more stack than a thread has by default.
    const STACK: usize = 256 << 20;
    std::thread::scope(|scope| {
        let run = || on_this_stack(name, text, options);
        match std::thread::Builder::new()
            .stack_size(STACK)
            .spawn_scoped(scope, run)
        {
            Ok(handle) => handle
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            // No thread to be had: try with the stack there is.
            Err(_) => on_this_stack(name, text, options),
        }
    })
}

fn on_this_stack(name: &str, text: &str, options: &Options) -> Compilation {
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
    if names.is_empty() && !diagnostics.has_errors() {
        diagnostics.push(hir::no_space(id));
    }
    let complete = options.space.is_none() || hir::spaces(&file).count() == 1;
    let mut unused: Option<Vec<Diagnostic>> = None;
    let modules = match names.as_slice() {
        [] => hir::Modules::new(),
        _ => hir::load(
            &file,
            options.folder.as_deref(),
            &mut sources,
            &mut diagnostics,
        ),
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
        let Some(space) = hir::lower(&file, &name, &modules, &mut diagnostics) else {
            diagnostics.push(hir::unknown_space(id, &name, &file));
            continue;
        };
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
        if diagnostics.has_errors() {
            continue;
        }
        let unrolled = unroll::unroll(&space, &options.settings, &mut steps, &mut diagnostics);
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

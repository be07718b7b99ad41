//! What must hold of any text.

use std::collections::BTreeSet;

use enasc::decision::{Count, plan, sample};
use enasc::diagnostic::{Diagnostic, Severity, render, sarif};
use enasc::graph::{cost, select};
use enasc::source::SourceMap;
use enasc::{Compilation, Options, SearchSpace, compile};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use crate::format::formatted;
use crate::front_end_props;

/// Checks everything; gives what was said in short, to tell new answers from known
/// ones.
pub fn check(text: &str) -> String {
    // The tree, its spans, the layout that keeps it.
    front_end_props::check(text);
    let compiled = compile("test.enas", text, &Options::default());
    let has_errors = check_diagnostics(&compiled.diagnostics, &compiled.sources);
    assert_eq!(compiled.spaces.is_empty(), has_errors, "{text}");
    for space in &compiled.spaces {
        check_space(space);
    }
    if let Some(layout) = formatted(text) {
        assert_eq!(formatted(&layout).as_ref(), Some(&layout), "{text}");
        let again = compile("test.enas", &layout, &Options::default());
        assert_eq!(meaning(&compiled), meaning(&again), "{text}\n{layout}");
    }
    signature(&compiled)
}

/// Labels lie in their files, and every rendering comes back. Says whether there is
/// an error.
fn check_diagnostics(diagnostics: &[Diagnostic], sources: &SourceMap) -> bool {
    for diagnostic in diagnostics {
        assert!(!diagnostic.labels.is_empty(), "{diagnostic:?}");
        for label in &diagnostic.labels {
            let file = sources.get(label.span.source).unwrap();
            let covered = file.text.get(label.span.range());
            assert!(covered.is_some(), "{diagnostic:?}");
        }
        assert!(!diagnostic.message.is_empty() && !diagnostic.message.ends_with('.'));
    }
    let plain = render::human(diagnostics, sources, render::Style::Plain);
    let colour = render::human(diagnostics, sources, render::Style::Colour);
    assert_eq!(plain.is_empty(), diagnostics.is_empty());
    assert!(colour.len() >= plain.len());
    let json = render::json(diagnostics, sources);
    assert_eq!(json.as_array().unwrap().len(), diagnostics.len());
    let mut log = sarif::Log::default();
    log.add(diagnostics, sources);
    assert!(log.finish()["runs"].is_array());
    diagnostics
        .iter()
        .any(|diagnostic| diagnostic.severity == Severity::Error)
}

/// What compiles can be counted, drawn from and measured.
fn check_space(space: &SearchSpace) {
    let count = Count::quick(&space.decisions);
    let plan = plan(&space.decisions);
    assert!(plan.write(&space.decisions).len() >= plan.steps.len());
    let whole = cost::supergraph(&space.graph);
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let Ok(architecture) = sample(&space.decisions, &mut rng) else {
        return; // What a `require` leaves may be too little to be found.
    };
    assert!(!count.is_exact() || count.value > 0u32.into());
    let child = select(&space.graph, &space.decisions, &architecture);
    assert!(cost::child(&space.graph, &child).parameters <= whole.parameters);
}

/// What must be the same however a text is laid out.
fn meaning(compiled: &Compilation) -> (Vec<String>, Vec<String>) {
    let said = compiled.diagnostics.iter();
    let hashes = compiled.spaces.iter().map(|space| space.decisions.hash());
    (said.map(|d| d.message.clone()).collect(), hashes.collect())
}

fn signature(compiled: &Compilation) -> String {
    let codes: BTreeSet<&str> = compiled.diagnostics.iter().map(|d| d.code.path()).collect();
    let sizes: Vec<[u32; 2]> = compiled
        .spaces
        .iter()
        .map(|space| {
            let nodes = space.graph.regions.iter();
            let nodes: usize = nodes.map(|region| region.graph.node_count()).sum();
            [space.decisions.points.len(), nodes].map(|n| (n + 1).ilog2())
        })
        .collect();
    format!("{codes:?} {sizes:?}")
}

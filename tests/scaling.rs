//! Long files take steps in proportion to their length. What is counted are steps of
//! the evaluator, which are the same on every machine.

use enasc::diagnostic::Severity;
use enasc::unroll::STEP_BUDGET;
use enasc::{Options, compile};

use crate::long_files::SHAPES;
use crate::syntax::examples;

fn steps(text: &str) -> u64 {
    let compiled = compile("long.enas", text, &Options::default());
    let mut errors = compiled.diagnostics.iter();
    let error = errors.find(|diagnostic| diagnostic.severity == Severity::Error);
    assert!(error.is_none(), "{error:?}");
    compiled.spaces[0].steps
}

/// Those who write spaces like the published ones never meet the budget.
#[test]
fn shipped_spaces_take_few_steps() {
    for (path, text) in examples() {
        let compiled = compile("shipped.enas", &text, &Options::default());
        for space in &compiled.spaces {
            let steps = space.steps;
            assert!(steps <= STEP_BUDGET / 2, "{}: {steps}", path.display());
        }
    }
}

#[test]
fn steps_grow_with_the_length_of_a_file() {
    for (name, text) in SHAPES {
        let [a, b, c] = [2500, 5000, 10_000].map(|n| steps(&text(n)));
        // Twice the statements, twice the steps, and a little for what lists double.
        assert!(b <= a * 21 / 10 && c <= b * 21 / 10, "{name}: {a} {b} {c}");
        assert!(c <= STEP_BUDGET / 2, "{name}: {c}");
    }
}

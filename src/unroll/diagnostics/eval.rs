//! Evaluation and requirements.

use crate::diagnostic::{Code, Diagnostic};
use crate::span::Span;
use crate::unroll::value::Value;

pub(in crate::unroll) fn recursion(span: Span, name: &str, limit: usize) -> Diagnostic {
    Diagnostic::error(
        Code::Recursion,
        span,
        format!("calls are nested more than {limit} deep in `{name}`"),
        "calls again here",
    )
    .help("recursion must end: count a static argument down and stop with an `if`")
}

pub(in crate::unroll) fn cycle(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error(
        Code::Recursion,
        span,
        format!("`{name}` is defined by itself"),
        "needs its own value",
    )
}

/// What stands on one side of `..`.
pub(in crate::unroll) fn range_bound(span: Span, found: &Value) -> Diagnostic {
    let help = match found {
        Value::Float(_) => {
            "round it: `div(a, b)` divides without a rest, `round_to(a, 1)` gives the nearest whole number"
        }
        _ => {
            "how often a loop runs is known before the network computes anything: from numbers, parameters of the space, dimensions, `len(list)`, or a `choose` among numbers"
        }
    };
    Diagnostic::error(
        Code::RangeBound,
        span,
        format!(
            "a range goes between whole numbers, and this is {}",
            found.describe()
        ),
        found.describe(),
    )
    .help(help)
}

/// What a loop cannot go through.
pub(in crate::unroll) fn not_gone_through(span: Span, found: &Value) -> Diagnostic {
    let help = match found {
        Value::Int(n) => format!("`0..{n}` counts from 0 to {}", n.saturating_sub(1)),
        _ => "a loop goes through a range (`0..n`), a list, or what a `pick` picked".to_owned(),
    };
    Diagnostic::error(
        Code::WrongKind,
        span,
        format!(
            "a range or a list is needed here, and this is {}",
            found.describe()
        ),
        found.describe(),
    )
    .help(help)
}

pub(in crate::unroll) fn step_budget(span: Span) -> Diagnostic {
    Diagnostic::error(
        Code::StepBudget,
        span,
        format!(
            "the spaces of the file take more than {} steps to evaluate",
            crate::unroll::STEP_BUDGET
        ),
        "given up here",
    )
    .help("look for a loop or a recursion that is larger than meant")
}

pub(in crate::unroll) fn overflow(span: Span) -> Diagnostic {
    Diagnostic::error(
        Code::Arithmetic,
        span,
        "the result is too large",
        "overflows",
    )
}

pub(in crate::unroll) fn division_by_zero(span: Span) -> Diagnostic {
    Diagnostic::error(
        Code::Arithmetic,
        span,
        "division by zero",
        "the divisor is 0 here",
    )
}

pub(in crate::unroll) fn metric_outside(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error(
        Code::WrongKind,
        span,
        format!("`{name}` is known when the whole network is"),
        "not yet known",
    )
    .help(format!(
        "write it in a `require`, without parentheses: `require {name} <= 5M`"
    ))
}

pub(in crate::unroll) fn opaque_metric(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error(
        Code::OpaqueMetric,
        span,
        format!("`{name}` has no formula, so that no architecture can be checked"),
        "must be measured",
    )
    .help("bound `params` or `flops` instead, and measure the architectures that a search finds")
}

pub(in crate::unroll) fn extern_result(span: Span) -> Diagnostic {
    Diagnostic::error(
        Code::WrongKind,
        span,
        "an `extern op` gives a tensor",
        "declared to give something else",
    )
    .help("declare the shape of its result: `-> [t, d]`")
}

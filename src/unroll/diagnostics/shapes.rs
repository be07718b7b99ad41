//! Shapes and sizes.

use crate::diagnostic::{Code, Diagnostic};
use crate::graph::Shape;
use crate::span::Span;
use crate::unroll::value::{Size, Sizes};

pub(in crate::unroll) fn operands_differ(
    verb: &str,
    (a_span, a): (Span, &Sizes),
    (b_span, b): (Span, &Sizes),
) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        Code::ShapesDiffer,
        a_span,
        format!("cannot {verb} {a} and {b}"),
        a.to_string(),
    )
    .label(b_span, b.to_string());
    match (&*a.0, &*b.0) {
        ([_, ha, wa], [cb, hb, wb]) if ha == hb && wa == wb => diagnostic.help(match cb {
            Size::Known(c) => {
                format!(
                    "`fit(x, {c})` of std::vision inserts a 1x1 projection where channels differ"
                )
            }
            Size::By(_) => "give both the same width, which decisions may say".to_owned(),
        }),
        _ => diagnostic,
    }
}

pub(in crate::unroll) fn list_differs(span: Span, what: &str, a: &Sizes, b: &Sizes) -> Diagnostic {
    Diagnostic::error(
        Code::ShapesDiffer,
        span,
        format!("`{what}` of tensors {a} and {b}"),
        "all must have one shape",
    )
}

pub(in crate::unroll) fn concat_differs(span: Span, a: &Sizes, b: &Sizes) -> Diagnostic {
    Diagnostic::error(
        Code::ShapesDiffer,
        span,
        format!("cannot concatenate {a} and {b}"),
        "only the first dimension may differ",
    )
}

pub(in crate::unroll) fn candidates_differ(
    span: Span,
    shapes: &[(Span, &str, &Sizes)],
    input: Option<&Sizes>,
    place: &str,
) -> Diagnostic {
    let mut label = if place.is_empty() {
        "chosen here".to_owned()
    } else {
        format!("chosen here for `{place}`")
    };
    if let Some(input) = input {
        label.push_str(&format!(", input {input}"));
    }
    let mut diagnostic = Diagnostic::error(
        Code::CandidatesDiffer,
        span,
        "the candidates of a choice have different output shapes",
        label,
    );
    for (span, name, shape) in shapes {
        diagnostic = diagnostic.label(*span, format!("{name}: {shape}"));
    }
    diagnostic.help(
        "every candidate must map the same input to the same shape; change size or channels before or after the choice",
    )
}

pub(in crate::unroll) fn arms_differ(span: Span, a: &str, b: &str) -> Diagnostic {
    Diagnostic::error(
        Code::ArmsDiffer,
        span,
        format!("decisions say whether a tensor is {a} or {b}"),
        "decided here",
    )
    .help("both ways must give one shape: let decisions say a size instead (`let c = choose { 16, 32 }`), or fit the shapes to each other")
}

pub(in crate::unroll) fn kinds_differ(span: Span, kinds: &[(Span, String)]) -> Diagnostic {
    let mut diagnostic = Diagnostic::error(
        Code::WrongKind,
        span,
        "the options of a decision are values of different kinds",
        "decided here",
    );
    for (at, kind) in kinds {
        if *at != span {
            diagnostic = diagnostic.label(*at, kind.clone());
        }
    }
    diagnostic.help("all options must be tensors, operations, numbers, or lists")
}

pub(in crate::unroll) fn too_many_cases(span: Span, limit: usize) -> Diagnostic {
    Diagnostic::error(
        Code::TooManyCases,
        span,
        format!("what stands here depends on decisions in more than {limit} ways"),
        "too many combinations",
    )
    .help("let fewer decisions meet in one size: fit the shapes to each other first, with `fit(x, c)` for instance")
}

pub(in crate::unroll) fn conditional_return(span: Span) -> Diagnostic {
    Diagnostic::error(
        Code::ConditionalReturn,
        span,
        "decisions may pass this `return` by",
        "decided here",
    )
    .help("return an expression instead: `return if c { a } else { b }`")
}

pub(in crate::unroll) fn indivisible(span: Span, a: i64, b: i64) -> Diagnostic {
    Diagnostic::error(
        Code::Indivisible,
        span,
        format!("{a} does not divide by {b}"),
        format!("{a} / {b} leaves {}", a.checked_rem(b).unwrap_or(0)),
    )
    .help("`/` is exact; use `div(a, b)` or `ceil_div(a, b)` to round, or change the size")
}

pub(in crate::unroll) fn empty_dimension(span: Span, size: i64) -> Diagnostic {
    Diagnostic::error(
        Code::EmptyDimension,
        span,
        format!("a size must be at least 1, and this is {size}"),
        format!("is {size}"),
    )
}

pub(in crate::unroll) fn window_too_large(span: Span, extent: usize, shape: &Shape) -> Diagnostic {
    Diagnostic::error(
        Code::EmptyDimension,
        span,
        format!("a window of {extent} does not fit into {shape}"),
        "nothing would be left",
    )
    .help("use `pad = same`, a smaller window, or fewer reductions before it")
}

pub(in crate::unroll) fn declared_differs(
    span: Span,
    shape: &Sizes,
    declared: Span,
    wanted: &str,
    found: &str,
) -> Diagnostic {
    Diagnostic::error(
        Code::DeclaredDiffers,
        span,
        format!("the declared size is {wanted}, and the tensor {shape} has {found}"),
        shape.to_string(),
    )
    .label(declared, format!("declared to be {wanted}"))
}

pub(in crate::unroll) fn wrong_rank(
    span: Span,
    shape: &Sizes,
    declared: Span,
    rank: usize,
) -> Diagnostic {
    Diagnostic::error(
        Code::WrongRank,
        span,
        format!(
            "a tensor of {rank} dimensions is needed here, and {shape} has {}",
            shape.0.len()
        ),
        shape.to_string(),
    )
    .label(declared, format!("declared with {rank} dimensions"))
}

pub(in crate::unroll) fn primitive_rank(
    span: Span,
    what: &str,
    shape: &Shape,
    wanted: &str,
) -> Diagnostic {
    Diagnostic::error(
        Code::WrongRank,
        span,
        format!("`{what}` takes a tensor {wanted}, and this one is {shape}"),
        shape.to_string(),
    )
}

//! Node families, weights and time.

use super::{elements, some_of};
use crate::diagnostic::{Code, Diagnostic};
use crate::span::Span;
use crate::unroll::nested::NotNested;
use crate::unroll::value::{Sizes, Value};

pub(in crate::unroll) fn read_before_assigned(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error(
        Code::ReadBeforeAssigned,
        span,
        format!("`{name}` is read in its own definition"),
        "the element that is being defined",
    )
    .help("a node reads earlier elements only")
}

pub(in crate::unroll) fn out_of_range(span: Span, at: i64, n: usize, slice: bool) -> Diagnostic {
    let message = if slice {
        format!("the slice ends at {at}, and the list has {}", elements(n))
    } else {
        format!("there is no element {at}: the list has {n}")
    };
    Diagnostic::error(Code::OutOfRange, span, message, format!("is {at} here"))
}

pub(in crate::unroll) fn element_missing(span: Span, at: i64) -> Diagnostic {
    Diagnostic::error(
        Code::OutOfRange,
        span,
        format!("the list has no element {at}"),
        "not there in every architecture",
    )
}

pub(in crate::unroll) fn assign_to_slice(span: Span) -> Diagnostic {
    Diagnostic::error(
        Code::NodeNotAssigned,
        span,
        "a slice cannot be assigned to",
        "more than one element",
    )
    .help("assign one element: `h[l] = ..`")
}

pub(in crate::unroll) fn assign_outside_family(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error(
        Code::NodeNotAssigned,
        span,
        format!("an element of `{name}` is assigned outside a node family"),
        "not in `nodes .. { .. }`",
    )
    .help(format!(
        "extend the list with `nodes {name}[l in a..b] {{ {name}[l] = .. }}`"
    ))
}

pub(in crate::unroll) fn assign_wrong_element(
    span: Span,
    name: &str,
    at: i64,
    next: usize,
) -> Diagnostic {
    Diagnostic::error(
        Code::NodeNotAssigned,
        span,
        format!("`{name}[{at}]` cannot be assigned here; the next element is {next}"),
        format!("assigns element {at}"),
    )
    .help("the body of a node family assigns its own element, once")
}

pub(in crate::unroll) fn node_not_assigned(span: Span, name: &str, at: i64) -> Diagnostic {
    Diagnostic::error(
        Code::NodeNotAssigned,
        span,
        format!("the body does not assign `{name}[{at}]`"),
        "defines one element a round",
    )
    .help(format!("assign it exactly once: `{name}[..] = ..`"))
}

pub(in crate::unroll) fn family_gap(span: Span, name: &str, at: i64, next: usize) -> Diagnostic {
    Diagnostic::error(
        Code::OutOfRange,
        span,
        format!("the family `{name}` goes on at {next}, not at {at}"),
        format!("starts at {at}"),
    )
    .help(format!(
        "`{name}` has {} so far: let the range start at {next}",
        elements(next)
    ))
}

/// `decisions`: how many their definitions make.
pub(in crate::unroll) fn node_unused(span: Span, names: &[&str], decisions: usize) -> Diagnostic {
    let it = if names.len() == 1 { "it" } else { "them" };
    let counted = match (decisions, names.len()) {
        (0, _) => String::new(),
        (1, 1) => "its decision counts and changes nothing: ".to_owned(),
        (n, 1) => format!("its {n} decisions count and change nothing: "),
        (1, _) => "their decision counts and changes nothing: ".to_owned(),
        (n, _) => format!("their {n} decisions count and change nothing: "),
    };
    Diagnostic::warning(
        Code::NodeUnused,
        span,
        format!("no output depends on {}", some_of(names)),
        "reached by no output in any architecture",
    )
    .help(format!(
        "{counted}use {it} in a later node or in an output, or leave {it} out"
    ))
}

pub(in crate::unroll) fn loose_of_plain(span: Span) -> Diagnostic {
    Diagnostic::error(
        Code::WrongKind,
        span,
        "`loose` takes a node family",
        "not elements of a family",
    )
    .help("only what `nodes` declares has loose ends")
}

pub(in crate::unroll) fn scan_without_time(span: Span) -> Diagnostic {
    Diagnostic::error(
        Code::WrongKind,
        span,
        "`scan` goes over time, and this has none",
        "no time axis",
    )
    .help("time comes from an input `tokens[vocab]`: `let e = embed(tokens, width)`")
}

pub(in crate::unroll) fn scan_state(span: Span, x: &Sizes, state: &Sizes) -> Diagnostic {
    Diagnostic::error(
        Code::ShapesDiffer,
        span,
        format!("the state starts as {x} and becomes {state}"),
        "the next state must have the shape of the input",
    )
}

pub(in crate::unroll) fn per_not_decision(span: Span, found: &Value) -> Diagnostic {
    Diagnostic::error(
        Code::PerNotDecision,
        span,
        format!(
            "`@per` takes a decision or an element of a node family or of a picked list, and this is {}",
            found.describe()
        ),
        "not decided",
    )
    .help("name the `let` of a `choose` or a `pick 1`, or the variable that runs over a family or over what a `pick` picked")
}

pub(in crate::unroll) fn tie_to_no_matrix(span: Span) -> Diagnostic {
    Diagnostic::error(
        Code::TieMismatch,
        span,
        "`@tie` takes what a call with exactly one matrix gave",
        "no such call made this",
    )
    .help("name the result of `embed(..)` or of a `linear(..)` without bias")
}

pub(in crate::unroll) fn tie_of_no_call(span: Span) -> Diagnostic {
    Diagnostic::error(
        Code::TieMismatch,
        span,
        "`@tie` belongs on a `linear(..)`",
        "has no matrix to tie",
    )
}

pub(in crate::unroll) fn tie_differs(
    span: Span,
    owned: &[usize],
    wanted: &[usize],
    bias: bool,
) -> Diagnostic {
    let why = if bias {
        "a tied `linear` has no bias".to_owned()
    } else {
        format!("the tied matrix is {owned:?}, and this call needs {wanted:?}")
    };
    Diagnostic::error(Code::TieMismatch, span, why, "cannot share the matrix")
}

pub(in crate::unroll) fn shared_shape(span: Span, known: &[usize], found: &[usize]) -> Diagnostic {
    Diagnostic::error(
        Code::SharedShape,
        span,
        format!("one parameter would have two shapes, {known:?} and {found:?}"),
        "shared by what decisions pick",
    )
    .help("iteration over `pick` or `loose` shares weights: add `@per(v)` so that each element has its own")
}

pub(in crate::unroll) fn not_nested(span: Span, why: NotNested) -> Diagnostic {
    let (message, label, help) = match why {
        NotNested::Sides(a, b) => (
            format!(
                "a kernel of side {} is not the centre of one of side {}",
                a.min(b),
                a.max(b)
            ),
            format!("its side is {a} or {b}, and the weights are shared"),
            "let all sides be odd, or all even; or choose among whole operations, which have weights of their own: `choose { conv(2), conv(3) }`",
        ),
        NotNested::Bias => (
            "a decision says whether there is a bias".to_owned(),
            "has one in some architectures".to_owned(),
            "choose among whole operations: `choose { conv(3), conv(3, bias = true) }`",
        ),
        NotNested::Groups(n, m) if n == m => (
            format!("{n} groups of fewer channels are no part of {n} groups of more"),
            format!("it has {n} groups, and decisions say how many channels"),
            "let a group have as many channels in every case; or choose among whole operations, which have weights of their own",
        ),
        NotNested::Groups(n, m) => (
            format!(
                "the weights of {n} group{} are no part of those of {m}",
                if n == 1 { "" } else { "s" }
            ),
            format!("it has {n} or {m} groups, and the weights are shared"),
            "choose among whole operations, which have weights of their own: `choose { conv(3, groups = 1), conv(3, groups = 2) }`",
        ),
    };
    Diagnostic::error(Code::NotNested, span, message, label).help(help)
}

pub(in crate::unroll) fn entangled(span: Span) -> Diagnostic {
    Diagnostic::warning(
        Code::Entangled,
        span,
        "decisions say which of these weights each part of a concatenation meets",
        "its weights go by place: the first part, the second, ..",
    )
    .help("give every part weights that stay, which is the same function: `sum(for v in parts: conv(v, 1, c) @per(v))`")
}

pub(in crate::unroll) fn captured(span: Span) -> Diagnostic {
    Diagnostic::error(
        Code::Captured,
        span,
        "a tensor from outside a `scan` is used inside it",
        "crosses into the recurrence",
    )
    .help("join it to the sequence that is scanned, or compute it inside")
}

pub(in crate::unroll) fn scan_states(span: Span, states: usize, results: usize) -> Diagnostic {
    Diagnostic::error(
        Code::WrongKind,
        span,
        format!("a scan over {states} states needs as many results, and this gives {results}"),
        "states and results differ",
    )
    .help("return the next states as a tuple: `cell Lstm(x: [d], h: [d], c: [d]) { .. return (h, c) }`")
}

//! Kinds of values, and arguments.

use super::quoted;
use crate::diagnostic::suggest::did_you_mean;
use crate::diagnostic::{Code, Diagnostic};
use crate::span::Span;
use crate::unroll::value::Value;

pub(in crate::unroll) fn wrong_kind(span: Span, wanted: &str, found: &Value) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        Code::WrongKind,
        span,
        format!("{wanted} is needed here, and this is {}", found.describe()),
        found.describe(),
    );
    match (wanted, found) {
        ("a tensor" | "a tensor or a number", Value::Callable(_)) => {
            diagnostic.help("apply the operation to a tensor: `op(x)` or `x |> op`")
        }
        ("an operation", Value::Tensor(_)) => diagnostic
            .help("pass the operation itself, without its tensor: `conv(3)`, not `conv(x, 3)`"),
        _ => diagnostic,
    }
}

pub(in crate::unroll) fn not_callable(span: Span, found: &Value) -> Diagnostic {
    let help = match found {
        Value::Ops(_) => "choose one of the set first: `choose Set(x)`",
        _ => "only operations, blocks, cells and what `choose` gives can be called",
    };
    Diagnostic::error(
        Code::WrongKind,
        span,
        format!("{} cannot be called", found.describe()),
        found.describe(),
    )
    .help(help)
}

pub(in crate::unroll) fn cannot_compare(span: Span, a: &Value, b: &Value) -> Diagnostic {
    Diagnostic::error(
        Code::WrongKind,
        span,
        format!("cannot compare {} with {}", a.describe(), b.describe()),
        "these have no order",
    )
}

pub(in crate::unroll) fn no_result(span: Span, what: &str, of: &str) -> Diagnostic {
    Diagnostic::error(
        Code::WrongKind,
        span,
        format!("{what} has no result for {of}"),
        "not possible",
    )
}

pub(in crate::unroll) fn tuple_length(span: Span, names: usize, parts: usize) -> Diagnostic {
    Diagnostic::error(
        Code::WrongKind,
        span,
        format!("{names} names for {parts} values"),
        format!("{parts} values arrive here"),
    )
}

pub(in crate::unroll) fn unknown_argument(
    span: Span,
    what: &str,
    name: &str,
    known: &[&str],
) -> Diagnostic {
    let help = did_you_mean(name, known.iter().copied()).unwrap_or_else(|| {
        if known.is_empty() {
            format!("`{what}` takes tensors, or one list of them")
        } else {
            format!("`{what}` takes {}", quoted(known.iter().copied()))
        }
    });
    Diagnostic::error(
        Code::BadArgument,
        span,
        format!("`{what}` has no parameter `{name}`"),
        "unknown parameter",
    )
    .help(help)
}

pub(in crate::unroll) fn argument_twice(span: Span, what: &str, name: &str) -> Diagnostic {
    Diagnostic::error(
        Code::BadArgument,
        span,
        format!("`{what}` gets `{name}` twice"),
        "given again",
    )
}

pub(in crate::unroll) fn too_many_arguments(span: Span, what: &str, known: &[&str]) -> Diagnostic {
    Diagnostic::error(
        Code::BadArgument,
        span,
        format!("too many arguments for `{what}`"),
        "one too many",
    )
    .help(format!("`{what}` takes {}", quoted(known.iter().copied())))
}

pub(in crate::unroll) fn missing_argument(span: Span, what: &str, name: &str) -> Diagnostic {
    Diagnostic::error(
        Code::MissingArgument,
        span,
        format!("`{what}` needs `{name}`"),
        format!("`{name}` is missing"),
    )
}

pub(in crate::unroll) fn no_return(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error(
        Code::MissingResult,
        span,
        format!("`{name}` ends without a `return`"),
        "has no result",
    )
    .help("end its body with `return expr`")
}

pub(in crate::unroll) fn return_outside(span: Span) -> Diagnostic {
    Diagnostic::error(
        Code::MissingResult,
        span,
        "`return` ends a function, not a space",
        "returns in its own program",
    )
    .help("assign to the output: `y = ..`")
}

pub(in crate::unroll) fn output_without_value(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error(
        Code::MissingResult,
        span,
        format!("the output `{name}` never gets a value"),
        "declared here",
    )
    .help(format!("end the space with `{name} = ..`"))
}

pub(in crate::unroll) fn result_kind(span: Span, name: &str, found: &Value) -> Diagnostic {
    Diagnostic::error(
        Code::WrongKind,
        span,
        format!(
            "`{name}` is to give a tensor and gives {}",
            found.describe()
        ),
        "declared here",
    )
}

pub(in crate::unroll) fn no_value_yet(span: Span) -> Diagnostic {
    Diagnostic::error(
        Code::ReadBeforeAssigned,
        span,
        "this has no value yet",
        "read before anything is assigned to it",
    )
}

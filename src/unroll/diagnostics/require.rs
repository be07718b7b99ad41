//! What `require` asks for.

use num_bigint::BigUint;

use crate::diagnostic::{Code, Diagnostic};
use crate::numbers::{approximate, grouped};
use crate::span::Span;
use crate::unroll::kept::{Measured, Nearest};

pub(in crate::unroll) fn decision_in_require(span: Span) -> Diagnostic {
    Diagnostic::error(
        Code::WrongKind,
        span,
        "a `require` cannot decide",
        "has a `choose` or a `pick`",
    )
    .help("decide before it, with a `let`, and use its name")
}

pub(in crate::unroll) fn require_always(span: Span) -> Diagnostic {
    Diagnostic::warning(
        Code::AlwaysTrue,
        span,
        "every architecture fulfils this requirement",
        "always true",
    )
}

pub(in crate::unroll) fn require_never(span: Span, nearest: Option<Nearest>) -> Diagnostic {
    let error = Diagnostic::error(
        Code::Unsatisfiable,
        span,
        "no architecture fulfils this requirement",
        "never true",
    );
    with_nearest(error, nearest)
}

/// Requirements that exclude each other, or one that is never true.
pub(in crate::unroll) fn require_none(spans: &[Span], nearest: Option<Nearest>) -> Diagnostic {
    match spans {
        [only] => require_never(*only, nearest),
        _ => {
            let message = "no architecture fulfils all requirements";
            let error = of_all(spans, |span| {
                Diagnostic::error(Code::Unsatisfiable, span, message, "leaves none")
            });
            with_nearest(error, nearest)
        }
    }
}

pub(in crate::unroll) fn require_few(spans: &[Span], kept: &BigUint, of: &BigUint) -> Diagnostic {
    let (kept, of) = (approximate(kept), approximate(of));
    let plural = if kept == "1" { "" } else { "s" };
    let message = format!("{kept} of {of} architectures are kept, fewer than one in a thousand");
    of_all(spans, |span| {
        let label = format!("leaves {kept} architecture{plural}");
        Diagnostic::warning(Code::FewKept, span, message.clone(), label)
    })
    .help("if so few are meant, decide less in the first place: what is decided and then refused is drawn in vain")
}

/// A diagnostic at the last of some requirements that points at the others too.
fn of_all(spans: &[Span], make: impl Fn(Span) -> Diagnostic) -> Diagnostic {
    let Some((last, others)) = spans.split_last() else {
        return make(Span::default());
    };
    let others = others.iter();
    others.fold(make(*last), |diagnostic, other| {
        diagnostic.label(*other, "together with this")
    })
}

fn with_nearest(error: Diagnostic, nearest: Option<Nearest>) -> Diagnostic {
    let Some(nearest) = nearest else {
        return error;
    };
    let value = match u128::try_from(nearest.value) {
        Ok(value) => grouped(value),
        Err(_) => nearest.value.to_string(),
    };
    let (bound, size) = if nearest.is_least {
        ("least", "smallest")
    } else {
        ("most", "largest")
    };
    error.help(match nearest.of {
        Measured::Metric(unit) => format!("the {size} architecture has {value} {unit}"),
        Measured::Side(side) => {
            format!("the {side} side of the comparison is at {bound} {value} in every architecture")
        }
    })
}

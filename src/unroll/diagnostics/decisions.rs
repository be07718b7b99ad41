//! Decisions, and lists that they shorten.

use super::{elements, quoted, some_of};
use crate::decision::Share;
use crate::diagnostic::{Code, Diagnostic};
use crate::span::Span;
use crate::unroll::value::{List, Value};

pub(in crate::unroll) fn choose_of(span: Span, found: &Value) -> Diagnostic {
    Diagnostic::error(
        Code::WrongKind,
        span,
        format!(
            "`choose` takes a set of candidates, and this is {}",
            found.describe()
        ),
        found.describe(),
    )
    .help("write candidates in braces, `choose { conv(3), conv(5) }`, or name them: `ops Set = { .. }`")
}

pub(in crate::unroll) fn candidate_kind(span: Span, found: &Value) -> Diagnostic {
    Diagnostic::error(
        Code::WrongKind,
        span,
        format!(
            "a candidate is an operation, and this is {}",
            found.describe()
        ),
        found.describe(),
    )
    .help("leave the tensor out: `conv(3)`, not `conv(x, 3)`")
}

pub(in crate::unroll) fn unknown_candidate(span: Span, name: &str, known: &[String]) -> Diagnostic {
    let known = || known.iter().map(String::as_str);
    Diagnostic::error(
        Code::UnknownName,
        span,
        format!("no candidate is called `{name}`"),
        "unknown candidate",
    )
    .help_closest(name, known(), || {
        Some(format!("the candidates are {}", quoted(known())))
    })
}

pub(in crate::unroll) fn bad_hint(span: Span, name: &str, wanted: &str) -> Diagnostic {
    Diagnostic::error(
        Code::BadAnnotation,
        span,
        format!("`@{name}` takes {wanted}"),
        "outside that",
    )
}

pub(in crate::unroll) fn empty_choice(span: Span) -> Diagnostic {
    Diagnostic::error(
        Code::EmptyChoice,
        span,
        "there is nothing to choose from",
        "no options",
    )
}

pub(in crate::unroll) fn single_option(span: Span, path: &str) -> Diagnostic {
    Diagnostic::warning(
        Code::SingleOption,
        span,
        format!("`{path}` has a single option"),
        "nothing to decide",
    )
    .help("write the value itself if the choice is not to grow")
}

pub(in crate::unroll) fn decision_unused(span: Span, paths: &[&str]) -> Diagnostic {
    let what = if paths.len() == 1 {
        "decision"
    } else {
        "decisions"
    };
    Diagnostic::warning(
        Code::DecisionUnused,
        span,
        format!("no output depends on the {what} {}", some_of(paths)),
        "changes no architecture",
    )
    .help("every choice counts as an architecture of its own: use what is chosen, or leave the decision out")
}

/// `choices`: those that cut the input off; none where a set is empty. `family`: a node
/// family of which `require connected(..)` would exclude them.
pub(in crate::unroll) fn input_ignored(
    span: Span,
    choices: &[String],
    share: Option<&Share>,
    family: Option<&str>,
) -> Diagnostic {
    let shown = share.map_or_else(|| "some architectures".to_owned(), Share::to_string);
    let verb = match share {
        Some(share) if share.part == 1u8.into() => "ignores its",
        _ => "ignore their",
    };
    let (label, help) = if choices.is_empty() {
        let connected = family.map_or_else(String::new, |name| {
            format!(", or `require connected({name})`")
        });
        (
            "with nothing picked, no output depends on an input".to_owned(),
            format!("pick at least one (`pick some of ..`){connected}"),
        )
    } else {
        (
            format!(
                "with {}, no output depends on an input",
                quoted(choices.iter().map(String::as_str))
            ),
            "leave out what gives zeros, or add what came before: `x + choose ..(x)`".to_owned(),
        )
    };
    Diagnostic::warning(
        Code::InputIgnored,
        span,
        format!("{shown} {verb} input"),
        label,
    )
    .help(help)
}

pub(in crate::unroll) fn no_decision(span: Span, name: &str) -> Diagnostic {
    Diagnostic::warning(
        Code::NoDecision,
        span,
        format!("`{name}` leaves nothing to decide: it is one network"),
        "no `choose` or `pick` is reached",
    )
}

pub(in crate::unroll) fn pick_from_empty(span: Span, count: &str) -> Diagnostic {
    Diagnostic::error(
        Code::PickFromEmpty,
        span,
        format!("`pick {count}` from an empty list"),
        "empty here",
    )
    .help("start the loop later, or give the list a first element: `nodes h = [x]`")
}

pub(in crate::unroll) fn pick_too_many(
    span: Span,
    count: &str,
    source: Span,
    n: u32,
) -> Diagnostic {
    Diagnostic::error(
        Code::PickTooMany,
        span,
        format!("`pick {count}` needs more than the list has"),
        format!("picks {count}"),
    )
    .label(source, format!("{} here", elements(n as usize)))
}

pub(in crate::unroll) fn pick_negative(span: Span, k: i64) -> Diagnostic {
    Diagnostic::error(
        Code::PickTooMany,
        span,
        format!("cannot pick {k} elements"),
        "not a count",
    )
}

pub(in crate::unroll) fn pick_nothing(span: Span) -> Diagnostic {
    Diagnostic::error(
        Code::EmptyChoice,
        span,
        "this range of counts is empty",
        "no count is in it",
    )
}

pub(in crate::unroll) fn list_as_tensor(span: Span, list: &List) -> Diagnostic {
    if list.picked
        && let Some((a, b)) = list.shapes_that_differ()
    {
        return Diagnostic::error(
            Code::ListNotReduced,
            span,
            format!("what is picked has the shape {a} or {b}, and one is needed here"),
            "a list of what is picked",
        )
        .help("go through it, as in `sum(for v in p: f(v))`, or pick among tensors of one shape");
    }
    Diagnostic::error(
        Code::ListNotReduced,
        span,
        "a list stands where a tensor is needed",
        "a list",
    )
    .help("reduce it first: `sum(list)`, `mean(list)` or `concat(list)`")
}

pub(in crate::unroll) fn mean_of_maybe_nothing(span: Span, always: bool) -> Diagnostic {
    let label = if always {
        "the list is empty"
    } else {
        "some architecture picks nothing"
    };
    Diagnostic::error(
        Code::ListNotReduced,
        span,
        "the mean of a list that may be empty",
        label,
    )
    .help("pick at least one (`pick some of ..`), or use `sum`, which is zero then")
}

pub(in crate::unroll) fn concat_of_maybe_nothing(span: Span) -> Diagnostic {
    Diagnostic::error(
        Code::ListNotReduced,
        span,
        "`concat` of a list that may be empty",
        "some architecture has nothing here",
    )
    .help("pick at least one (`pick some of ..`)")
}

pub(in crate::unroll) fn index_of_picked(span: Span) -> Diagnostic {
    Diagnostic::error(
        Code::ListNotReduced,
        span,
        "an element of a picked list has no fixed place",
        "decisions say what is in it",
    )
    .help("use `sum`, `mean` or a comprehension over it, or pick in order: `pick 2 of h @ordered`")
}

pub(in crate::unroll) fn seeds_by_decisions(span: Span) -> Diagnostic {
    Diagnostic::error(
        Code::NodeNotAssigned,
        span,
        "a node family starts with a list of known nodes",
        "decisions say what is in it",
    )
}

pub(in crate::unroll) fn order_of_any(span: Span) -> Diagnostic {
    Diagnostic::error(
        Code::BadAnnotation,
        span,
        "`@ordered` and `@repeat` need a number of picks",
        "picks as many as decisions say",
    )
    .help("write `pick 3 of h @ordered`")
}

pub(in crate::unroll) fn pick_from_fewer(span: Span, count: &str) -> Diagnostic {
    Diagnostic::error(
        Code::PickTooMany,
        span,
        format!("`pick {count}` from a list that is too short"),
        "decisions shorten it",
    )
    .help("pick `any`, or make the list longer in every architecture")
}

pub(in crate::unroll) fn reduce_nothing(span: Span, what: &str) -> Diagnostic {
    Diagnostic::error(
        Code::ListNotReduced,
        span,
        format!("`{what}` of an empty list, whose elements have no known shape"),
        "empty",
    )
}

pub(in crate::unroll) fn cell_disagrees(
    span: Span,
    first: Span,
    name: &str,
    why: &str,
) -> Diagnostic {
    Diagnostic::error(
        Code::CellDisagrees,
        span,
        format!("the instances of the cell `{name}` do not decide the same"),
        why,
    )
    .label(first, "the first instance")
    .help("make its decisions independent of its arguments, or declare it as `block`")
}

pub(in crate::unroll) fn cell_count(span: Span, n: i64) -> Diagnostic {
    Diagnostic::error(
        Code::OutOfRange,
        span,
        format!("a list of {n} cells"),
        "between 1 and 4096 are possible",
    )
}

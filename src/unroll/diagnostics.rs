//! What this stage says: kinds, shapes, decisions, graph, weights, evaluation.
//!
//! Every message about a shape names the shapes, every message about a
//! decision gives the numbers.

use super::value::{Size, Sizes, Value};
use crate::diagnostic::suggest::did_you_mean;
use crate::diagnostic::{Code, Diagnostic};
use crate::graph::Shape;
use crate::hir;
use crate::span::Span;

fn quoted<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

fn elements(n: usize) -> String {
    match n {
        1 => "1 element".to_owned(),
        n => format!("{n} elements"),
    }
}

// ---- kinds and arguments

pub(super) fn wrong_kind(span: Span, wanted: &str, found: &Value) -> Diagnostic {
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

pub(super) fn not_callable(span: Span, found: &Value) -> Diagnostic {
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

pub(super) fn cannot_compare(span: Span, a: &Value, b: &Value) -> Diagnostic {
    Diagnostic::error(
        Code::WrongKind,
        span,
        format!("cannot compare {} with {}", a.describe(), b.describe()),
        "these have no order",
    )
}

pub(super) fn no_result(span: Span, what: &str, of: &str) -> Diagnostic {
    Diagnostic::error(
        Code::WrongKind,
        span,
        format!("{what} has no result for {of}"),
        "not possible",
    )
}

pub(super) fn tuple_length(span: Span, names: usize, parts: usize) -> Diagnostic {
    Diagnostic::error(
        Code::WrongKind,
        span,
        format!("{names} names for {parts} values"),
        format!("{parts} values arrive here"),
    )
}

pub(super) fn unknown_argument(span: Span, what: &str, name: &str, known: &[&str]) -> Diagnostic {
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

pub(super) fn argument_twice(span: Span, what: &str, name: &str) -> Diagnostic {
    Diagnostic::error(
        Code::BadArgument,
        span,
        format!("`{what}` gets `{name}` twice"),
        "given again",
    )
}

pub(super) fn too_many_arguments(span: Span, what: &str, known: &[&str]) -> Diagnostic {
    Diagnostic::error(
        Code::BadArgument,
        span,
        format!("too many arguments for `{what}`"),
        "one too many",
    )
    .help(format!("`{what}` takes {}", quoted(known.iter().copied())))
}

pub(super) fn missing_argument(span: Span, what: &str, name: &str) -> Diagnostic {
    Diagnostic::error(
        Code::MissingArgument,
        span,
        format!("`{what}` needs `{name}`"),
        format!("`{name}` is missing"),
    )
}

pub(super) fn no_return(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error(
        Code::MissingResult,
        span,
        format!("`{name}` ends without a `return`"),
        "has no result",
    )
    .help("end its body with `return expr`")
}

pub(super) fn return_outside(span: Span) -> Diagnostic {
    Diagnostic::error(
        Code::MissingResult,
        span,
        "`return` ends a function, not a space",
        "returns in its own program",
    )
    .help("assign to the output: `y = ..`")
}

pub(super) fn output_without_value(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error(
        Code::MissingResult,
        span,
        format!("the output `{name}` never gets a value"),
        "declared here",
    )
    .help(format!("end the space with `{name} = ..`"))
}

pub(super) fn result_kind(span: Span, name: &str, found: &Value) -> Diagnostic {
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

pub(super) fn no_value_yet(span: Span) -> Diagnostic {
    Diagnostic::error(
        Code::ReadBeforeAssigned,
        span,
        "this has no value yet",
        "read before anything is assigned to it",
    )
}

// ---- settings and ports

fn setting_names(space: &hir::Space) -> Vec<&str> {
    space
        .settings
        .iter()
        .map(|param| param.name.name.as_str())
        .collect()
}

pub(super) fn unknown_setting(space: &hir::Space, name: &str) -> Diagnostic {
    let known = setting_names(space);
    let help = did_you_mean(name, known.iter().copied()).unwrap_or_else(|| {
        if known.is_empty() {
            format!("`{}` has no parameters", space.name.name)
        } else {
            format!("its parameters are {}", quoted(known))
        }
    });
    Diagnostic::error(
        Code::BadSetting,
        space.span,
        format!("`--set {name}=..`: the space has no parameter `{name}`"),
        "this space",
    )
    .help(help)
}

pub(super) fn bad_setting(param: &hir::Param, text: &str, wanted: &str) -> Diagnostic {
    let name = &param.name.name;
    Diagnostic::error(
        Code::BadSetting,
        param.name.span,
        format!("`--set {name}={text}`: `{name}` takes {wanted}"),
        "declared here",
    )
}

pub(super) fn missing_setting(param: &hir::Param) -> Diagnostic {
    let name = &param.name.name;
    Diagnostic::error(
        Code::BadSetting,
        param.name.span,
        format!("the parameter `{name}` has no value"),
        "has no default",
    )
    .help(format!("give it one: `--set {name}=..`"))
}

pub(super) fn bad_setting_kind(param: &hir::Param) -> Diagnostic {
    Diagnostic::error(
        Code::BadSetting,
        param.name.span,
        "a parameter of a space is a number, `true` or `false`",
        "has another default",
    )
}

pub(super) fn no_port(span: Span, what: &str) -> Diagnostic {
    let example = if what == "input" {
        "input x: [3, 32, 32]"
    } else {
        "output y: [10]"
    };
    Diagnostic::error(
        Code::NoPort,
        span,
        format!("the space has no {what}"),
        "this space",
    )
    .help(format!("declare one: `{example}`"))
}

pub(super) fn port_kind(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error(
        Code::WrongKind,
        span,
        format!("`{name}` must be a tensor or tokens"),
        "not a tensor",
    )
    .help("write its shape: `[3, 32, 32]`, or `tokens[10_000]`")
}

pub(super) fn input_unused(span: Span, name: &str) -> Diagnostic {
    Diagnostic::warning(
        Code::InputUnused,
        span,
        format!("no output depends on the input `{name}`"),
        "never reaches an output",
    )
}

// ---- shapes

pub(super) fn operands_differ(
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
    match (a.0.as_slice(), b.0.as_slice()) {
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

pub(super) fn list_differs(span: Span, what: &str, a: &Sizes, b: &Sizes) -> Diagnostic {
    Diagnostic::error(
        Code::ShapesDiffer,
        span,
        format!("`{what}` of tensors {a} and {b}"),
        "all must have one shape",
    )
}

pub(super) fn concat_differs(span: Span, a: &Sizes, b: &Sizes) -> Diagnostic {
    Diagnostic::error(
        Code::ShapesDiffer,
        span,
        format!("cannot concatenate {a} and {b}"),
        "only the first dimension may differ",
    )
}

pub(super) fn candidates_differ(
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

pub(super) fn arms_differ(span: Span, a: &str, b: &str) -> Diagnostic {
    Diagnostic::error(
        Code::ArmsDiffer,
        span,
        format!("decisions say whether a tensor is {a} or {b}"),
        "decided here",
    )
    .help("both ways must give one shape: let decisions say a size instead (`let c = choose { 16, 32 }`), or fit the shapes to each other")
}

pub(super) fn kinds_differ(span: Span, kinds: &[(Span, String)]) -> Diagnostic {
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

pub(super) fn too_many_cases(span: Span, limit: usize) -> Diagnostic {
    Diagnostic::error(
        Code::TooManyCases,
        span,
        format!("what stands here depends on decisions in more than {limit} ways"),
        "too many combinations",
    )
    .help("let fewer decisions meet in one size: fit the shapes to each other first, with `fit(x, c)` for instance")
}

pub(super) fn conditional_return(span: Span) -> Diagnostic {
    Diagnostic::error(
        Code::ConditionalReturn,
        span,
        "decisions may pass this `return` by",
        "decided here",
    )
    .help("return an expression instead: `return if c { a } else { b }`")
}

pub(super) fn indivisible(span: Span, a: i64, b: i64) -> Diagnostic {
    Diagnostic::error(
        Code::Indivisible,
        span,
        format!("{a} does not divide by {b}"),
        format!("{a} / {b} leaves {}", a.checked_rem(b).unwrap_or(0)),
    )
    .help("`/` is exact; use `div(a, b)` or `ceil_div(a, b)` to round, or change the size")
}

pub(super) fn empty_dimension(span: Span, size: i64) -> Diagnostic {
    Diagnostic::error(
        Code::EmptyDimension,
        span,
        format!("a size must be at least 1, and this is {size}"),
        format!("is {size}"),
    )
}

pub(super) fn window_too_large(span: Span, extent: usize, shape: &Shape) -> Diagnostic {
    Diagnostic::error(
        Code::EmptyDimension,
        span,
        format!("a window of {extent} does not fit into {shape}"),
        "nothing would be left",
    )
    .help("use `pad = same`, a smaller window, or fewer reductions before it")
}

pub(super) fn declared_differs(
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

pub(super) fn wrong_rank(span: Span, shape: &Sizes, declared: Span, rank: usize) -> Diagnostic {
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

pub(super) fn primitive_rank(span: Span, what: &str, shape: &Shape, wanted: &str) -> Diagnostic {
    Diagnostic::error(
        Code::WrongRank,
        span,
        format!("`{what}` takes a tensor {wanted}, and this one is {shape}"),
        shape.to_string(),
    )
}

// ---- decisions

pub(super) fn choose_of(span: Span, found: &Value) -> Diagnostic {
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

pub(super) fn candidate_kind(span: Span, found: &Value) -> Diagnostic {
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

pub(super) fn unknown_candidate(span: Span, name: &str, known: &[String]) -> Diagnostic {
    let known = || known.iter().map(String::as_str);
    let help = did_you_mean(name, known())
        .unwrap_or_else(|| format!("the candidates are {}", quoted(known())));
    Diagnostic::error(
        Code::UnknownName,
        span,
        format!("no candidate is called `{name}`"),
        "unknown candidate",
    )
    .help(help)
}

pub(super) fn bad_hint(span: Span, name: &str, wanted: &str) -> Diagnostic {
    Diagnostic::error(
        Code::BadAnnotation,
        span,
        format!("`@{name}` takes {wanted}"),
        "outside that",
    )
}

pub(super) fn empty_choice(span: Span) -> Diagnostic {
    Diagnostic::error(
        Code::EmptyChoice,
        span,
        "there is nothing to choose from",
        "no options",
    )
}

pub(super) fn single_option(span: Span, path: &str) -> Diagnostic {
    Diagnostic::warning(
        Code::SingleOption,
        span,
        format!("`{path}` has a single option"),
        "nothing to decide",
    )
    .help("write the value itself if the choice is not to grow")
}

pub(super) fn no_decision(span: Span, name: &str) -> Diagnostic {
    Diagnostic::warning(
        Code::NoDecision,
        span,
        format!("`{name}` leaves nothing to decide: it is one network"),
        "no `choose` or `pick` is reached",
    )
}

pub(super) fn pick_from_empty(span: Span, count: &str) -> Diagnostic {
    Diagnostic::error(
        Code::PickFromEmpty,
        span,
        format!("`pick {count}` from an empty list"),
        "empty here",
    )
    .help("start the loop later, or give the list a first element: `nodes h = [x]`")
}

pub(super) fn pick_too_many(span: Span, count: &str, source: Span, n: u32) -> Diagnostic {
    Diagnostic::error(
        Code::PickTooMany,
        span,
        format!("`pick {count}` needs more than the list has"),
        format!("picks {count}"),
    )
    .label(source, format!("{} here", elements(n as usize)))
}

pub(super) fn pick_negative(span: Span, k: i64) -> Diagnostic {
    Diagnostic::error(
        Code::PickTooMany,
        span,
        format!("cannot pick {k} elements"),
        "not a count",
    )
}

pub(super) fn pick_nothing(span: Span) -> Diagnostic {
    Diagnostic::error(
        Code::EmptyChoice,
        span,
        "this range of counts is empty",
        "no count is in it",
    )
}

pub(super) fn list_as_tensor(span: Span) -> Diagnostic {
    Diagnostic::error(
        Code::ListNotReduced,
        span,
        "a list stands where a tensor is needed",
        "a list",
    )
    .help("reduce it first: `sum(list)`, `mean(list)` or `concat(list)`")
}

pub(super) fn mean_of_maybe_nothing(span: Span, always: bool) -> Diagnostic {
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

pub(super) fn concat_of_maybe_nothing(span: Span) -> Diagnostic {
    Diagnostic::error(
        Code::ListNotReduced,
        span,
        "`concat` of a list that may be empty",
        "some architecture has nothing here",
    )
    .help("pick at least one (`pick some of ..`)")
}

pub(super) fn index_of_picked(span: Span) -> Diagnostic {
    Diagnostic::error(
        Code::ListNotReduced,
        span,
        "an element of a picked list has no fixed place",
        "decisions say what is in it",
    )
    .help("use `sum`, `mean` or a comprehension over it, or pick in order: `pick 2 of h @ordered`")
}

pub(super) fn seeds_by_decisions(span: Span) -> Diagnostic {
    Diagnostic::error(
        Code::NodeNotAssigned,
        span,
        "a node family starts with a list of known nodes",
        "decisions say what is in it",
    )
}

pub(super) fn order_of_any(span: Span) -> Diagnostic {
    Diagnostic::error(
        Code::BadAnnotation,
        span,
        "`@ordered` and `@repeat` need a number of picks",
        "picks as many as decisions say",
    )
    .help("write `pick 3 of h @ordered`")
}

pub(super) fn pick_from_fewer(span: Span, count: &str) -> Diagnostic {
    Diagnostic::error(
        Code::PickTooMany,
        span,
        format!("`pick {count}` from a list that is too short"),
        "decisions shorten it",
    )
    .help("pick `any`, or make the list longer in every architecture")
}

pub(super) fn reduce_nothing(span: Span, what: &str) -> Diagnostic {
    Diagnostic::error(
        Code::ListNotReduced,
        span,
        format!("`{what}` of an empty list, whose elements have no known shape"),
        "empty",
    )
}

pub(super) fn cell_disagrees(span: Span, first: Span, name: &str, why: &str) -> Diagnostic {
    Diagnostic::error(
        Code::CellDisagrees,
        span,
        format!("the instances of the cell `{name}` do not decide the same"),
        why,
    )
    .label(first, "the first instance")
    .help("make its decisions independent of its arguments, or declare it as `block`")
}

pub(super) fn cell_count(span: Span, n: i64) -> Diagnostic {
    Diagnostic::error(
        Code::OutOfRange,
        span,
        format!("a list of {n} cells"),
        "between 1 and 4096 are possible",
    )
}

// ---- graph

pub(super) fn read_before_assigned(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error(
        Code::ReadBeforeAssigned,
        span,
        format!("`{name}` is read in its own definition"),
        "the element that is being defined",
    )
    .help("a node reads earlier elements only")
}

pub(super) fn out_of_range(span: Span, at: i64, n: usize, slice: bool) -> Diagnostic {
    let message = if slice {
        format!("the slice ends at {at}, and the list has {}", elements(n))
    } else {
        format!("there is no element {at}: the list has {n}")
    };
    Diagnostic::error(Code::OutOfRange, span, message, format!("is {at} here"))
}

pub(super) fn element_missing(span: Span, at: i64) -> Diagnostic {
    Diagnostic::error(
        Code::OutOfRange,
        span,
        format!("the list has no element {at}"),
        "not there in every architecture",
    )
}

pub(super) fn assign_to_slice(span: Span) -> Diagnostic {
    Diagnostic::error(
        Code::NodeNotAssigned,
        span,
        "a slice cannot be assigned to",
        "more than one element",
    )
    .help("assign one element: `h[l] = ..`")
}

pub(super) fn assign_outside_family(span: Span, name: &str) -> Diagnostic {
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

pub(super) fn assign_wrong_element(span: Span, name: &str, at: i64, next: usize) -> Diagnostic {
    Diagnostic::error(
        Code::NodeNotAssigned,
        span,
        format!("`{name}[{at}]` cannot be assigned here; the next element is {next}"),
        format!("assigns element {at}"),
    )
    .help("the body of a node family assigns its own element, once")
}

pub(super) fn node_not_assigned(span: Span, name: &str, at: i64) -> Diagnostic {
    Diagnostic::error(
        Code::NodeNotAssigned,
        span,
        format!("the body does not assign `{name}[{at}]`"),
        "defines one element a round",
    )
    .help(format!("assign it exactly once: `{name}[..] = ..`"))
}

pub(super) fn family_gap(span: Span, name: &str, at: i64, next: usize) -> Diagnostic {
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

pub(super) fn loose_of_plain(span: Span) -> Diagnostic {
    Diagnostic::error(
        Code::WrongKind,
        span,
        "`loose` takes a node family",
        "not elements of a family",
    )
    .help("only what `nodes` declares has loose ends")
}

pub(super) fn scan_without_time(span: Span) -> Diagnostic {
    Diagnostic::error(
        Code::WrongKind,
        span,
        "`scan` goes over time, and this has none",
        "no time axis",
    )
    .help("time comes from an input `tokens[vocab]`: `let e = embed(tokens, width)`")
}

pub(super) fn scan_state(span: Span, x: &Sizes, state: &Sizes) -> Diagnostic {
    Diagnostic::error(
        Code::ShapesDiffer,
        span,
        format!("the state starts as {x} and becomes {state}"),
        "the next state must have the shape of the input",
    )
}

// ---- weights

pub(super) fn per_not_decision(span: Span, found: &Value) -> Diagnostic {
    Diagnostic::error(
        Code::PerNotDecision,
        span,
        format!(
            "`@per` takes a decision or an element of a node family, and this is {}",
            found.describe()
        ),
        "not decided",
    )
    .help("name the `let` of a `choose` or a `pick 1`, or the variable that runs over a family")
}

pub(super) fn tie_to_no_matrix(span: Span) -> Diagnostic {
    Diagnostic::error(
        Code::TieMismatch,
        span,
        "`@tie` takes what a call with exactly one matrix gave",
        "no such call made this",
    )
    .help("name the result of `embed(..)` or of a `linear(..)` without bias")
}

pub(super) fn tie_of_no_call(span: Span) -> Diagnostic {
    Diagnostic::error(
        Code::TieMismatch,
        span,
        "`@tie` belongs on a `linear(..)`",
        "has no matrix to tie",
    )
}

pub(super) fn tie_differs(span: Span, owned: &[usize], wanted: &[usize], bias: bool) -> Diagnostic {
    let why = if bias {
        "a tied `linear` has no bias".to_owned()
    } else {
        format!("the tied matrix is {owned:?}, and this call needs {wanted:?}")
    };
    Diagnostic::error(Code::TieMismatch, span, why, "cannot share the matrix")
}

pub(super) fn shared_shape(span: Span, known: &[usize], found: &[usize]) -> Diagnostic {
    Diagnostic::error(
        Code::SharedShape,
        span,
        format!("one parameter would have two shapes, {known:?} and {found:?}"),
        "shared by what decisions pick",
    )
    .help("iteration over `pick` or `loose` shares weights: add `@per(v)` so that each element has its own")
}

// ---- static evaluation

pub(super) fn recursion(span: Span, name: &str, limit: usize) -> Diagnostic {
    Diagnostic::error(
        Code::Recursion,
        span,
        format!("calls are nested more than {limit} deep in `{name}`"),
        "calls again here",
    )
    .help("recursion must end: count a static argument down and stop with an `if`")
}

pub(super) fn cycle(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error(
        Code::Recursion,
        span,
        format!("`{name}` is defined by itself"),
        "needs its own value",
    )
}

pub(super) fn step_budget(span: Span) -> Diagnostic {
    Diagnostic::error(
        Code::StepBudget,
        span,
        format!(
            "the space takes more than {} steps to evaluate",
            super::STEP_BUDGET
        ),
        "given up here",
    )
    .help("look for a loop or a recursion that is larger than meant")
}

pub(super) fn overflow(span: Span) -> Diagnostic {
    Diagnostic::error(
        Code::Arithmetic,
        span,
        "the result is too large",
        "overflows",
    )
}

pub(super) fn division_by_zero(span: Span) -> Diagnostic {
    Diagnostic::error(
        Code::Arithmetic,
        span,
        "division by zero",
        "the divisor is 0 here",
    )
}

// ---- time

pub(super) fn captured(span: Span) -> Diagnostic {
    Diagnostic::error(
        Code::Captured,
        span,
        "a tensor from outside a `scan` is used inside it",
        "crosses into the recurrence",
    )
    .help("join it to the sequence that is scanned, or compute it inside")
}

pub(super) fn scan_states(span: Span, states: usize, results: usize) -> Diagnostic {
    Diagnostic::error(
        Code::WrongKind,
        span,
        format!("a scan over {states} states needs as many results, and this gives {results}"),
        "states and results differ",
    )
    .help("return the next states as a tuple: `cell Lstm(x: [d], h: [d], c: [d]) { .. return (h, c) }`")
}

// ---- requirements

pub(super) fn metric_outside(span: Span, name: &str) -> Diagnostic {
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

pub(super) fn opaque_metric(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error(
        Code::OpaqueMetric,
        span,
        format!("`{name}` has no formula, so that no architecture can be checked"),
        "must be measured",
    )
    .help("bound `params` or `flops` instead, and measure the architectures that a search finds")
}

pub(super) fn decision_in_require(span: Span) -> Diagnostic {
    Diagnostic::error(
        Code::WrongKind,
        span,
        "a `require` cannot decide",
        "has a `choose` or a `pick`",
    )
    .help("decide before it, with a `let`, and use its name")
}

pub(super) fn require_always(span: Span) -> Diagnostic {
    Diagnostic::warning(
        Code::AlwaysTrue,
        span,
        "every architecture fulfils this requirement",
        "always true",
    )
}

pub(super) fn require_never(span: Span) -> Diagnostic {
    Diagnostic::error(
        Code::Unsatisfiable,
        span,
        "no architecture fulfils this requirement",
        "never true",
    )
}

pub(super) fn extern_result(span: Span) -> Diagnostic {
    Diagnostic::error(
        Code::WrongKind,
        span,
        "an `extern op` gives a tensor",
        "declared to give something else",
    )
    .help("declare the shape of its result: `-> [t, d]`")
}

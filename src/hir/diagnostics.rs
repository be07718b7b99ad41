//! What this stage says.

use crate::diagnostic::suggest::did_you_mean;
use crate::diagnostic::{Code, Diagnostic, Edit};
use crate::span::Span;

fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

fn with_help(diagnostic: Diagnostic, help: Option<String>) -> Diagnostic {
    match help {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    }
}

pub(super) fn unknown_module<'a>(
    span: Span,
    path: &str,
    why: &str,
    known: impl Iterator<Item = &'a str> + Clone,
) -> Diagnostic {
    let otherwise = || {
        format!(
            "the shipped modules are {}; any other is a file below the folder of this one",
            list(known.clone())
        )
    };
    let message = match why {
        "" => format!("there is no module `{path}`"),
        why => format!("there is no module `{path}`: {why}"),
    };
    Diagnostic::error(Code::UnknownModule, span, message, "unknown module").help_closest(
        path,
        known.clone(),
        || Some(otherwise()),
    )
}

pub(super) fn too_many_modules(span: Span, limit: usize) -> Diagnostic {
    Diagnostic::error(
        Code::TooDeep,
        span,
        format!("the file uses more than {limit} modules, itself and through them"),
        "one too many",
    )
    .help("put what belongs together into one module")
}

pub(super) fn import_cycle(span: Span, chain: &[String]) -> Diagnostic {
    let first = chain.first().map_or("", String::as_str);
    let chain: Vec<String> = chain.iter().map(|path| format!("`{path}`")).collect();
    Diagnostic::error(
        Code::ImportCycle,
        span,
        format!(
            "modules use each other in a circle: {} uses `{first}`",
            chain.join(" uses ")
        ),
        "closes the circle",
    )
    .help("move what both need into a module of its own")
}

pub(super) fn not_exported<'a>(
    span: Span,
    name: &str,
    module: &str,
    known: impl Iterator<Item = &'a str> + Clone,
) -> Diagnostic {
    Diagnostic::error(
        Code::NotExported,
        span,
        format!("`{module}` has no `{name}`"),
        "not in the module",
    )
    .help_closest(name, known.clone(), || {
        Some(format!("`{module}` has {}", list(known)))
    })
}

pub(super) fn unknown_name<'a>(
    span: Span,
    name: &str,
    known: impl Iterator<Item = &'a str>,
    library: Option<(&str, Option<Edit>)>,
) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        Code::UnknownName,
        span,
        format!("unknown name `{name}`"),
        "nothing of this name is in scope",
    );
    let Some((module, import)) = library else {
        return diagnostic.help_closest(name, known, || None);
    };
    let diagnostic = diagnostic.help(format!(
        "`{module}` has it: add `use {module}.{{{name}}}` at the top of the file"
    ));
    match import {
        Some(import) => diagnostic.fix(format!("use `{name}` of `{module}`"), vec![import]),
        None => diagnostic,
    }
}

/// `declared`: where the `let` is whose scope has ended.
pub(super) fn not_always_active(span: Span, name: &str, declared: Span) -> Diagnostic {
    Diagnostic::error(
        Code::NotAlwaysActive,
        span,
        format!("`{name}` need not have been decided here"),
        "used after what decides it",
    )
    .label(declared, "decided inside an `if`, a loop or a node, which has ended")
    .help(format!(
        "use it inside, or decide it before: put `let {name} = ..` in front, where every architecture comes by"
    ))
}

pub(super) fn out_of_scope(span: Span, name: &str, declared: Span) -> Diagnostic {
    Diagnostic::error(
        Code::UnknownName,
        span,
        format!("`{name}` is not in scope any more"),
        "nothing of this name is in scope",
    )
    .label(declared, "ends with the braces or the brackets around it")
    .help("use it inside; what is assigned to a name from outside (`x = ..`) is there after them")
}

pub(super) fn unknown_family(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error(
        Code::UnknownName,
        span,
        format!("the node family `{name}` has no first elements"),
        "extended here, started nowhere",
    )
    .help(format!(
        "start the list before: `nodes {name} = [x]` with the tensors that it begins with"
    ))
}

pub(super) fn unknown_type(span: Span, name: &str) -> Diagnostic {
    const TYPES: [&str; 7] = ["int", "float", "bool", "string", "op", "ops", "cell"];
    Diagnostic::error(
        Code::UnknownName,
        span,
        format!("unknown type `{name}`"),
        "no type of this name",
    )
    .help_closest(name, TYPES, || {
        Some(format!(
            "types are {}, and tensors such as `[c, h, w]`",
            list(TYPES)
        ))
    })
}

pub(super) fn duplicate(span: Span, name: &str, first: Span) -> Diagnostic {
    Diagnostic::error(
        Code::DuplicateName,
        span,
        format!("`{name}` is declared twice"),
        "declared again here",
    )
    .label(first, "first declared here")
    .help("give one of them another name")
}

/// `of`: what is hidden, as in "the dimension".
pub(super) fn shadows(span: Span, name: &str, of: &str, first: Span) -> Diagnostic {
    Diagnostic::warning(
        Code::Shadows,
        span,
        format!("`{name}` hides {of} `{name}`"),
        "means something else from here on",
    )
    .label(first, format!("{of} is declared here"))
    .help(match of {
        "the dimension" => {
            "give it another name: types of the function go on to mean the dimension"
        }
        _ => "give it another name; to change what the elements are, assign without `let`",
    })
}

pub(super) fn duplicate_candidate(span: Span, name: &str, first: Span) -> Diagnostic {
    Diagnostic::error(
        Code::DuplicateCandidate,
        span,
        format!("two candidates are called `{name}`"),
        "the second",
    )
    .label(first, "the first")
    .help("label one of them: `other_name: ..`")
}

/// `places`: where the name stands, the declaration first.
pub(super) fn unused(
    span: Span,
    what: &str,
    name: &str,
    places: impl Iterator<Item = Span>,
) -> Diagnostic {
    let rename = |span| Edit {
        span,
        text: format!("_{name}"),
    };
    Diagnostic::warning(
        Code::UnusedName,
        span,
        format!("{what} `{name}` is never used"),
        "never used",
    )
    .help(format!(
        "remove it, or call it `_{name}` if it is meant to be unused"
    ))
    .fix(format!("call it `_{name}`"), places.map(rename).collect())
}

/// `rest`: the part of the `use` that goes with the name.
pub(super) fn unused_import(span: Span, name: &str, rest: Option<Span>) -> Diagnostic {
    let diagnostic = Diagnostic::warning(
        Code::UnusedName,
        span,
        format!("`{name}` is imported and never used"),
        "never used",
    )
    .help("take it out of the `use`");
    let Some(span) = rest else { return diagnostic };
    let edit = Edit {
        span,
        text: String::new(),
    };
    diagnostic.fix(format!("take `{name}` out of the `use`"), vec![edit])
}

pub(super) fn bad_annotation(span: Span, name: &str, why: &str) -> Diagnostic {
    const KNOWN: [&str; 7] = ["per", "tie", "near", "rate", "bias", "ordered", "repeat"];
    let known = KNOWN.contains(&name);
    let message = if known {
        format!("`@{name}` {why}")
    } else {
        format!("unknown annotation `@{name}`")
    };
    let diagnostic = Diagnostic::error(Code::BadAnnotation, span, message, "does not fit here");
    let help = match name {
        "per" => Some("`expr @per(d, ..)` takes decisions or elements of a node family".to_owned()),
        "tie" => Some("`call @tie(e)` takes what the call with the matrix gave".to_owned()),
        "near" | "rate" => Some(format!(
            "write it right after a `pick`: `pick 1 of h @{name}(6)`"
        )),
        "bias" => {
            Some("write it right after a choice: `choose Set @bias(candidate = 0.25)`".to_owned())
        }
        "ordered" | "repeat" => Some(format!(
            "write it right after a `pick`: `pick 2 of h @{name}`"
        )),
        _ => {
            return diagnostic.help_closest(name, KNOWN, || {
                let known: Vec<String> = KNOWN.iter().map(|name| format!("`@{name}`")).collect();
                Some(format!("annotations are {}", known.join(", ")))
            });
        }
    };
    with_help(diagnostic, help)
}

pub(super) fn no_field(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error(
        Code::NoField,
        span,
        format!("values have no fields, so there is no `.{name}`"),
        "no field",
    )
    .help("name the parts of a tuple with `let (a, b) = ..`, and dimensions in the type of a parameter: `x: [c, h, w]`")
}

pub(super) fn bad_cost(span: Span) -> Diagnostic {
    Diagnostic::error(
        Code::BadArgument,
        span,
        "the cost of an `extern op` is given by name",
        "neither `params` nor `flops`",
    )
    .help("write `cost(params = .., flops = ..)`; what is left out is zero")
}

pub(super) fn index_of_plain(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error(
        Code::WrongKind,
        span,
        "an element is assigned once, through one index",
        "more than one index",
    )
    .help(format!("write `{name}[i] = ..`"))
}

pub(super) fn decision_in_op(span: Span, what: &str, op: &str, op_span: Span) -> Diagnostic {
    Diagnostic::error(
        Code::DecisionInOp,
        span,
        format!("an `op` cannot make decisions, and `{op}` {what}"),
        "decides here",
    )
    .label(op_span, "an `op`")
    .help("declare it as `block`, which decides at every call, or as `cell`, which decides once")
}

/// A file without a space.
#[must_use]
pub fn no_space(source: crate::span::SourceId) -> Diagnostic {
    Diagnostic::error(
        Code::WhichSpace,
        Span::new(source, 0, 0),
        "the file declares no space",
        "nothing to compile",
    )
    .help("declare one: `space name(classes: int = 10) { input .. output .. }`")
}

/// A file without the space that was asked for.
#[must_use]
pub fn unknown_space(
    source: crate::span::SourceId,
    name: &str,
    file: &crate::syntax::ast::File,
) -> Diagnostic {
    let known = || super::spaces(file).map(|name| name.name.as_str());
    let help = did_you_mean(name, known())
        .unwrap_or_else(|| format!("the file declares {}", list(known())));
    Diagnostic::error(
        Code::WhichSpace,
        Span::new(source, 0, 0),
        format!("the file has no space `{name}`"),
        "not declared here",
    )
    .help(help)
}

//! Parameters, inputs and outputs of a space.

use super::quoted;
use crate::diagnostic::suggest::did_you_mean;
use crate::diagnostic::{Code, Diagnostic};
use crate::hir;
use crate::span::Span;

fn setting_names(space: &hir::Space) -> Vec<&str> {
    space
        .settings
        .iter()
        .map(|param| param.name.name.as_str())
        .collect()
}

pub(in crate::unroll) fn unknown_setting(space: &hir::Space, name: &str) -> Diagnostic {
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

pub(in crate::unroll) fn bad_setting(param: &hir::Param, text: &str, wanted: &str) -> Diagnostic {
    let name = &param.name.name;
    Diagnostic::error(
        Code::BadSetting,
        param.name.span,
        format!("`--set {name}={text}`: `{name}` takes {wanted}"),
        "declared here",
    )
}

pub(in crate::unroll) fn missing_setting(param: &hir::Param) -> Diagnostic {
    let name = &param.name.name;
    Diagnostic::error(
        Code::BadSetting,
        param.name.span,
        format!("the parameter `{name}` has no value"),
        "has no default",
    )
    .help(format!("give it one: `--set {name}=..`"))
}

pub(in crate::unroll) fn bad_setting_kind(param: &hir::Param) -> Diagnostic {
    Diagnostic::error(
        Code::BadSetting,
        param.name.span,
        "a parameter of a space is a number, `true` or `false`",
        "has another default",
    )
}

pub(in crate::unroll) fn no_port(span: Span, what: &str) -> Diagnostic {
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

pub(in crate::unroll) fn port_kind(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error(
        Code::WrongKind,
        span,
        format!("`{name}` must be a tensor or tokens"),
        "not a tensor",
    )
    .help("write its shape: `[3, 32, 32]`, or `tokens[10_000]`")
}

pub(in crate::unroll) fn input_unused(span: Span, name: &str) -> Diagnostic {
    Diagnostic::warning(
        Code::InputUnused,
        span,
        format!("no output depends on the input `{name}`"),
        "never reaches an output",
    )
}

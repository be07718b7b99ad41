//! The parameters of a space: defaults, and what `--set` changes.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::value::Value;
use super::{Evaluator, diagnostics};
use crate::hir;

/// The value of a space parameter.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Setting {
    /// `true` or `false`
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => value.fmt(f),
            Self::Int(value) => value.fmt(f),
            Self::Float(value) => value.fmt(f),
        }
    }
}

/// What `--set name=value` gives: names and texts of values, in order; the
/// last one of a name counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings(pub Vec<(String, String)>);

impl Evaluator<'_> {
    /// Computes the parameters of the space, in the order declared.
    pub(super) fn settings(&mut self, settings: &Settings) -> Vec<(String, Setting)> {
        let space = self.space;
        for (name, _) in &settings.0 {
            if !space.settings.iter().any(|param| param.name.name == *name) {
                self.report(diagnostics::unknown_setting(space, name));
            }
        }
        let mut named = Vec::new();
        for param in &space.settings {
            let given = settings
                .0
                .iter()
                .rev()
                .find(|(name, _)| *name == param.name.name);
            let value = match (given, &param.default) {
                (Some((_, text)), _) => self.parse_setting(param, text),
                (None, Some(default)) => {
                    let value = self.eval(default);
                    self.convert(value, param.ty.as_ref(), default.span)
                }
                (None, None) => self.report(diagnostics::missing_setting(param)),
            };
            let setting = match value {
                Value::Bool(value) => Some(Setting::Bool(value)),
                Value::Int(value) => Some(Setting::Int(value)),
                Value::Float(value) => Some(Setting::Float(value)),
                Value::Unknown => None,
                _ => {
                    self.report(diagnostics::bad_setting_kind(param));
                    None
                }
            };
            named.extend(setting.map(|setting| (param.name.name.clone(), setting)));
            self.note(param.name.span, &value);
            self.settings.push(value);
        }
        named
    }

    fn parse_setting(&mut self, param: &hir::Param, text: &str) -> Value {
        let plain = text.trim().replace('_', "");
        let int = plain.parse::<i64>().ok().map(Value::Int);
        let float = plain
            .parse::<f64>()
            .ok()
            .filter(|value| value.is_finite())
            .map(Value::Float);
        let boolean = plain.parse::<bool>().ok().map(Value::Bool);
        let (value, wanted) = match param.ty.as_ref().map(|ty| &ty.kind) {
            Some(hir::TypeKind::Int) => (int, "a whole number"),
            Some(hir::TypeKind::Float) => (float, "a number"),
            Some(hir::TypeKind::Bool) => (boolean, "`true` or `false`"),
            _ => (int.or(float).or(boolean), "a number, `true` or `false`"),
        };
        match value {
            Some(value) => value,
            None => self.report(diagnostics::bad_setting(param, text, wanted)),
        }
    }
}

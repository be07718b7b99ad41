//! What this stage says: kinds, shapes, decisions, graph, weights, evaluation.
//!
//! Every message about a shape names the shapes, every message about a
//! decision gives the numbers.

mod decisions;
mod eval;
mod graph;
mod kinds;
mod ports;
mod require;
mod shapes;

pub(super) use decisions::*;
pub(super) use eval::*;
pub(super) use graph::*;
pub(super) use kinds::*;
pub(super) use ports::*;
pub(super) use require::*;
pub(super) use shapes::*;

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

/// A few names, or the first and the last of many.
fn some_of(names: &[&str]) -> String {
    match names {
        [first, second, .., last] if names.len() > 4 => {
            format!("{} .. `{last}`", quoted([*first, *second]))
        }
        [first @ .., last] if !first.is_empty() => {
            format!("{} and `{last}`", quoted(first.iter().copied()))
        }
        _ => quoted(names.iter().copied()),
    }
}

//! What a run saw at each place of the user's file: what an editor shows there.

use indexmap::IndexMap;

use super::Evaluator;
use super::value::Value;
use crate::graph::ParamId;
use crate::span::{SourceId, Span};

/// So many different values are kept of a place.
const MAX_VALUES: usize = 4;

/// What the run of a space saw, by place: an expression, a name that is bound, or
/// a statement.
#[derive(Clone, Debug, Default)]
pub struct Facts(pub IndexMap<Span, Fact>);

/// What the run of a space saw at one place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fact {
    /// Its values in words, the first few that differ, and `..` for others.
    pub values: Vec<String>,
    /// Whether all of them were operations.
    pub is_operation: bool,
    /// How often the program came here.
    pub runs: u32,
    /// How many decisions were made here, or by what is called here, in all runs
    /// together: as many as a controller emits tokens for them.
    pub decisions: u64,
    /// How many trained numbers were made likewise.
    pub parameters: u64,
}

/// [`Facts`] in the making.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    seen: IndexMap<Span, Seen>,
    decisions: Total,
    parameters: Total,
}

#[derive(Debug, Default)]
struct Seen {
    values: Vec<Value>,
    more: bool,
    runs: u32,
    decisions: u64,
    parameters: u64,
    /// How often the program is here now: more than once by recursion.
    open: u32,
}

/// A sum over a list that grows.
#[derive(Clone, Copy, Debug, Default)]
struct Total {
    sum: u64,
    n_counted: usize,
}

/// What there was when the program came to a place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    span: Span,
    decisions: u64,
    parameters: u64,
}

impl Evaluator<'_> {
    /// Says that the program comes to a place, if anyone wants to know.
    pub(super) fn arrive(&mut self, span: Span) -> Option<Arrival> {
        if span.source != SourceId::default() {
            return None;
        }
        let (decisions, parameters) = self.totals()?;
        let seen = self.facts.as_mut()?.seen.entry(span).or_default();
        seen.open += 1;
        Some(Arrival {
            span,
            decisions,
            parameters,
        })
    }

    /// Says that it leaves that place, with a value if it has one.
    pub(super) fn leave(&mut self, arrival: Option<Arrival>, value: Option<&Value>) {
        let Some(arrival) = arrival else { return };
        let Some((decisions, parameters)) = self.totals() else {
            return;
        };
        let recorder = self.facts.as_mut();
        let Some(seen) = recorder.and_then(|recorder| recorder.seen.get_mut(&arrival.span)) else {
            return;
        };
        seen.open -= 1;
        seen.runs = seen.runs.saturating_add(1);
        // What the inner visits of a recursion made is part of the outer one's.
        if seen.open == 0 {
            seen.decisions += decisions - arrival.decisions;
            seen.parameters += parameters.saturating_sub(arrival.parameters);
        }
        if let Some(value) = value {
            seen.add(value);
        }
    }

    /// Says what a name is bound to.
    pub(super) fn note(&mut self, name: Span, value: &Value) {
        if self.facts.is_some() {
            let arrival = self.arrive(name);
            self.leave(arrival, Some(value));
        }
    }

    /// How many decisions and trained numbers there are so far.
    fn totals(&mut self) -> Option<(u64, u64)> {
        let recorder = self.facts.as_mut()?;
        let points = &self.decisions.points;
        let new = points.get(recorder.decisions.n_counted..);
        let tokens = |points: &[crate::decision::DecisionPoint]| {
            let tokens = points.iter().map(|point| u64::from(point.domain.tokens()));
            tokens.sum::<u64>()
        };
        recorder.decisions.sum += new.map_or(0, tokens);
        recorder.decisions.n_counted = points.len();
        let (from, to) = (recorder.parameters.n_counted, self.params.params.len());
        let new = self.params.trained((from as u32..to as u32).map(ParamId));
        recorder.parameters.sum = recorder.parameters.sum.saturating_add(new);
        recorder.parameters.n_counted = to;
        Some((recorder.decisions.sum, recorder.parameters.sum))
    }
}

impl Seen {
    fn add(&mut self, value: &Value) {
        if matches!(value, Value::Unknown) || self.values.iter().any(|known| alike(known, value)) {
            return;
        }
        if self.values.len() < MAX_VALUES {
            self.values.push(value.clone());
        } else {
            self.more = true;
        }
    }
}

/// Whether two values look the same.
fn alike(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Tensor(a), Value::Tensor(b)) => a.sizes == b.sizes && a.timed == b.timed,
        (Value::List(a), Value::List(b)) => {
            a.items.len() == b.items.len() && a.element == b.element
        }
        (Value::Callable(_) | Value::Ops(_), Value::Callable(_) | Value::Ops(_)) => true,
        (Value::Cond(_), Value::Cond(_)) | (Value::Measure(_), Value::Measure(_)) => true,
        (
            Value::Int(_) | Value::Float(_) | Value::Bool(_) | Value::Text(_) | Value::Range { .. },
            _,
        ) => a.same(b),
        // What remains is rare, and its words tell.
        _ => std::mem::discriminant(a) == std::mem::discriminant(b) && words(a) == words(b),
    }
}

/// What an editor calls a value.
fn words(value: &Value) -> String {
    match value {
        Value::Int(value) => value.to_string(),
        Value::Float(value) => value.to_string(),
        Value::Bool(value) => value.to_string(),
        Value::Text(text) => format!("\"{text}\""),
        Value::Tensor(tensor) if tensor.timed => format!("{} at every time step", tensor.sizes),
        Value::Tensor(tensor) => tensor.sizes.to_string(),
        Value::List(list) => match &list.element {
            Some((sizes, _)) if list.is_fixed() => format!("{} × {sizes}", list.items.len()),
            Some((sizes, _)) => format!("up to {} × {sizes}", list.items.len()),
            None => value.describe(),
        },
        Value::Tuple(parts) => {
            let parts: Vec<String> = parts.iter().map(words).collect();
            format!("({})", parts.join(", "))
        }
        other => other.describe(),
    }
}

impl Recorder {
    /// What was seen, in words.
    pub fn finish(self) -> Facts {
        let facts = self.seen.into_iter().map(|(span, seen)| {
            let is_operation = |value| matches!(value, &Value::Callable(_) | &Value::Ops(_));
            let more = seen.more.then(|| "..".to_owned());
            let fact = Fact {
                is_operation: !seen.values.is_empty() && seen.values.iter().all(is_operation),
                values: seen.values.iter().map(words).chain(more).collect(),
                runs: seen.runs,
                decisions: seen.decisions,
                parameters: seen.parameters,
            };
            (span, fact)
        });
        Facts(facts.collect())
    }
}

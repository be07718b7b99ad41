//! `enasc dump --format json`: the decisions of a space, and the controller's plan.

use serde_json::{Value, json};

use crate::SearchSpace;
use crate::decision::{
    DecisionId, DecisionSpace, Domain, ElementId, GuardId, Hints, OptionSource, Plan, StepKind,
    Table,
};
use crate::unroll::Setting;

/// What `--stage space` tells people.
pub(super) fn space(space: &SearchSpace) -> Value {
    let decisions = &space.decisions;
    let settings = space.settings.iter().map(|(name, value)| {
        let value = match value {
            Setting::Bool(value) => json!(value),
            Setting::Int(value) => json!(value),
            Setting::Float(value) => json!(value),
        };
        (name.clone(), value)
    });
    let elements = decisions.elements.iter().map(|element| {
        let own: Vec<_> = element
            .decisions
            .iter()
            .map(|&id| path(decisions, id))
            .collect();
        json!({"name": element.name, "decisions": own})
    });
    let points = decisions.points.iter().map(|point| {
        let (min, max) = match point.domain {
            Domain::One { .. } => (1, 1),
            Domain::Subset { min, max, .. } => (min, max),
        };
        json!({
            "path": point.path,
            "is_set": matches!(point.domain, Domain::Subset { .. }),
            "min": min,
            "max": max,
            "options": point.options,
            "of": source(&point.source, decisions, &decisions.tables),
            "hints": hints(&point.hints),
            "when": when(point.active, decisions),
        })
    });
    json!({
        "space": space.name,
        "hash": decisions.hash(),
        "parameters": settings.collect::<serde_json::Map<_, _>>(),
        "tables": decisions.tables.iter().map(table).collect::<Vec<_>>(),
        "elements": elements.collect::<Vec<_>>(),
        "decisions": points.collect::<Vec<_>>(),
    })
}

/// What `--stage plan` tells people.
pub(super) fn plan(name: &str, plan: &Plan, decisions: &DecisionSpace) -> Value {
    let steps = plan.steps.iter().map(|step| {
        let (kind, detail) = match step.kind {
            StepKind::Anchor => ("anchor", Value::Null),
            StepKind::One => ("one", Value::Null),
            StepKind::Bits { some } => ("bits", json!({ "some": some })),
            StepKind::Size { min } => ("size", json!({ "min": min })),
            StepKind::Nth { nth, size } => ("nth", json!({"nth": nth, "size": size})),
        };
        let anchors = step.anchors.iter().map(|&id| element(decisions, id));
        json!({
            "kind": kind,
            "detail": detail,
            "decision": step.decision.map(|id| path(decisions, id)),
            "n": step.n,
            "of": source(&step.options, decisions, &plan.tables),
            "hints": hints(&step.hints),
            "anchors": anchors.collect::<Vec<_>>(),
            "when": when(step.active, decisions),
        })
    });
    json!({
        "space": name,
        "tables": plan.tables.iter().map(table).collect::<Vec<_>>(),
        "steps": steps.collect::<Vec<_>>(),
    })
}

fn table(table: &Table) -> Value {
    json!({"name": table.name, "size": table.size})
}

/// The name of a table, or the names of elements.
fn source(source: &OptionSource, decisions: &DecisionSpace, tables: &[Table]) -> Value {
    match source {
        OptionSource::Table(id) => {
            json!({"table": tables.get(id.index()).map(|table| &table.name)})
        }
        OptionSource::Elements(ids) => {
            let names: Vec<_> = ids.iter().map(|&id| element(decisions, id)).collect();
            json!({ "elements": names })
        }
    }
}

fn hints(hints: &Hints) -> Value {
    json!({"near": hints.near, "rate": hints.rate, "bias": hints.bias})
}

/// A condition in words; null where there is none.
fn when(guard: GuardId, decisions: &DecisionSpace) -> Value {
    match guard {
        GuardId::ALWAYS => Value::Null,
        guard => json!(decisions.guards.words(guard, decisions)),
    }
}

fn path(decisions: &DecisionSpace, id: DecisionId) -> Option<&str> {
    decisions.point(id).map(|point| point.path.as_str())
}

fn element(decisions: &DecisionSpace, id: ElementId) -> Option<&str> {
    let element = decisions.elements.get(id.index())?;
    Some(&element.name)
}

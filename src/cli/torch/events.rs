//! Progress for programs: a JSON object a line, on standard error.
//!
//! Each is `{"progress": {"event": .., ..}}`. Steps are told as often as to people:
//! twenty times a run, and at the end of each epoch.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::cli::console::say;
use crate::train::{Event, Phase};

/// What is known of a run while a program watches it.
pub(super) struct Events {
    epochs: u64,
    total: u64,
    /// Twentieths of the run that were told.
    told: u64,
    /// Whether it is an architecture that is derived, or tested.
    deriving: bool,
}

impl Events {
    /// For a run of so many epochs.
    pub(super) fn new(epochs: u64) -> Self {
        Self {
            epochs,
            total: 0,
            told: 0,
            deriving: false,
        }
    }

    /// Tells an event, if it is time to.
    pub(super) fn event(&mut self, event: &Event) {
        if let Some(value) = self.told(event) {
            say(&json!({ "progress": value }).to_string());
        }
    }

    fn told(&mut self, event: &Event) -> Option<Value> {
        Some(match *event {
            Event::Start { done, total } => {
                self.total = total;
                self.told = self.twentieth(done);
                json!({"event": "start", "step": done, "of": total, "epochs": self.epochs})
            }
            Event::Memory(bytes) => json!({"event": "memory", "bytes": bytes}),
            Event::Notice(text) => json!({"event": "note", "text": text}),
            Event::Step { step, figures } => {
                let reached = self.twentieth(step.number);
                if step.phase != Phase::Report && reached <= self.told {
                    return None;
                }
                self.told = reached;
                let figures: BTreeMap<_, _> = figures.iter().copied().collect();
                json!({
                    "event": "step",
                    "phase": step.phase.name(),
                    "step": step.number,
                    "of": self.total,
                    "epoch": step.epoch,
                    "epochs": self.epochs,
                    "figures": figures,
                })
            }
            Event::Checkpoint { step } => json!({"event": "checkpoint", "step": step}),
            Event::Derive { done, total } => {
                self.deriving = true;
                json!({"event": "derive", "done": done, "of": total})
            }
            Event::Correlate { pair, of } => json!({
                "event": "correlate",
                "architecture": pair.architecture,
                "shared": pair.shared,
                "retrained": pair.retrained,
                "of": of,
            }),
            Event::Evaluate { done, total } if !self.deriving && done == total => {
                json!({"event": "test", "examples": total})
            }
            Event::Evaluate { .. } => return None,
        })
    }

    fn twentieth(&self, step: u64) -> u64 {
        20 * step / self.total.max(1)
    }
}

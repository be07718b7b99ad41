//! What a run tells whoever watches it. The library prints nothing.

use super::correlate::Pair;
use super::timeline::Step;

/// Someone who watches a run.
pub trait Observer {
    /// Is told what happened.
    fn event(&mut self, event: &Event<'_>);
}

/// Nobody watches.
impl Observer for () {
    fn event(&mut self, _: &Event<'_>) {}
}

/// What happened in a run.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The run starts, or goes on after `done` of `total` steps.
    Start {
        /// Steps that were done before.
        done: u64,
        /// Steps of the whole run.
        total: u64,
    },
    /// So many bytes of memory will be needed at least.
    Memory(u64),
    /// Something that a person should know.
    Notice(&'a str),
    /// A step was done.
    Step {
        /// Which.
        step: Step,
        /// The figures of its line of metrics, by name.
        figures: &'a [(&'static str, f64)],
    },
    /// A checkpoint was saved after so many steps.
    Checkpoint {
        /// Steps done.
        step: u64,
    },
    /// So many of so many architectures were scored to derive one.
    Derive {
        /// Scored.
        done: usize,
        /// In all.
        total: usize,
    },
    /// An architecture was trained to be compared with its shared-weight score.
    Correlate {
        /// What came of it.
        pair: &'a Pair,
        /// How many there are to be.
        of: usize,
    },
    /// So many of so many images were evaluated.
    Evaluate {
        /// Evaluated.
        done: usize,
        /// In all.
        total: usize,
    },
}

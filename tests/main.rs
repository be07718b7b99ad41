//! All integration tests, in one binary: it links once.

// The configuration of clippy allows both in the functions marked as tests, and
// not in what those call.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test fails by a panic")]

mod cli;
mod controller;
mod diagram;
mod docs;
mod encodings;
mod explain;
mod format;
mod front_end_props;
mod golden;
mod measure;
mod published;
mod runs;
mod spaces;
mod strategies;
mod syntax;
mod tidy;
mod ui;
mod unique;

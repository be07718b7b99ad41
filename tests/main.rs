//! All integration tests, in one binary: it links once.

// The configuration of clippy allows both in the functions marked as tests, and
// not in what those call.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test fails by a panic")]

mod bombs;
mod brute;
mod cli;
mod commands;
mod controller;
mod diagram;
mod docs;
mod encodings;
mod examples;
mod explain;
mod export;
mod format;
mod front_end_props;
mod fuzz;
mod golden;
mod json;
mod long_files;
mod lsp;
mod measure;
mod new;
mod published;
mod recipes;
mod report;
mod runs;
mod scaling;
mod small_spaces;
mod spaces;
mod strategies;
mod syntax;
mod tidy;
mod ui;
mod unique;
mod words;

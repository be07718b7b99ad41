//! All integration tests, in one binary: it links once.

mod controller;
mod docs;
mod front_end_props;
mod spaces;
mod syntax;
mod tidy;
mod ui;

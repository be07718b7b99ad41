//! A compiler for neural-architecture search spaces, and ENAS on top of it.
//!
//! A `.enas` file says how many nodes a network has, which operations each may
//! compute and what it may connect to. `enasc` compiles it to a graph in which
//! every architecture is a subgraph and all of them share parameters, and
//! searches it by ENAS (*Efficient Neural Architecture Search via Parameter
//! Sharing*, arXiv 1802.03268). This page tells how the code is laid out.
//!
//! ```text
//!  .enas text ─syntax::parse─▶ ast::File ─hir::lower─▶ hir::Space
//!                                                          │ unroll::unroll
//!                                        ┌─────────────────┴──────────────┐
//!                                        ▼                                ▼
//!                                 DecisionSpace                      Supergraph
//!                      count · diagram · plan · parse          cost · write · select
//!                                        │                                │
//!                        controller (θ) ─┴─▶ Architecture ─▶ Child ─▶ model (ω)
//!                                        ▲                                │
//!                                        └──────── train: reward ◀────────┘
//! ```
//!
//! | stage | call | in → out | reports |
//! |---|---|---|---|
//! | [`syntax`] | [`syntax::parse`] | text → [`syntax::ast::File`] | diagnostics |
//! | | [`syntax::format::format`] | text → text in its layout | diagnostics |
//! | [`hir`] | [`hir::lower`] | AST → [`hir::Space`]: names resolved | diagnostics |
//! | [`unroll`] | [`unroll::unroll`] | space → decisions and supergraph | diagnostics |
//! | [`decision`] | [`decision::Count::of`], [`decision::sample`], [`decision::plan`] | [`decision::DecisionSpace`] → answers | `SampleError` |
//! | [`decision::Diagram`] | [`decision::Diagram::of`] | space → all its architectures: counted, drawn, numbered, listed | `TooLarge` |
//! | [`ide`] | [`ide::Analysis::of`], then [`ide::hover`] and others | text + place → what an editor shows | never fails |
//! | [`encoding`] | [`encoding::import`], [`encoding::encode`] | published notations ↔ architectures | [`encoding::EncodingError`] |
//! | [`graph`] | [`graph::select`], [`graph::cost`], [`graph::unique`], [`graph::write`], [`graph::describe`] | [`graph::Supergraph`] + architecture → child model, costs, drawings | never fails |
//! | [`draw`] | [`draw::picture`], [`draw::svg`], [`draw::mermaid`] | supergraph + architecture → pictures for people | never fails |
//! | [`export`] | [`export::export`] | architecture + weights → PyTorch, ONNX, safetensors, JSON | [`export::ExportError`] |
//! | [`recipe`] | [`recipe::SearchConfig::with`], [`recipe::Preset::find`] | TOML, JSON, `PATH=VALUE` → every hyperparameter | a sentence |
//! | `model` | `SharedModel::forward` | child + batch → outputs | `ModelError` |
//! | `controller` | `Controller::sample` | plan → rollout | never fails |
//! | [`table`] | [`table::Table::load`] | CSV + space → results by architecture | `TableError` |
//! | [`report`] | [`report::page`], [`report::frame`] | run folder → a page, a frame for a terminal | never fails |
//! | `train` | `train::search`, `train::retrain` | all of it + data → run folder | `TrainError` |
//!
//! [`compile`] runs the first three. `model`, `controller` and `train` stand
//! behind the feature `torch`; everything else builds without libtorch, and the
//! executable `enasc` of `make build` links none of it: it starts its sibling `enasc-torch` for
//! `search`, `derive`, `train`, `eval`, `score` and `correlate`.
//!
//! # Invariants
//!
//! - Stages do not fail, they report: each takes `&mut Diagnostics`, reports as
//!   much as there is, and returns a value anyway. The next stage runs only
//!   when no error was reported; then it neither panics nor meets an
//!   unresolved name, an empty choice or shapes that do not fit.
//! - Every diagnostic has a code, and every code a page in `docs/errors`: a code
//!   without a page does not compile, and the examples on the pages are compiled by
//!   a test.
//! - There is one evaluator. What is counted, sampled, planned, drawn, trained,
//!   derived and retrained comes from one walk of the program, so the answers
//!   agree.
//! - Trees and graphs are values; no later stage changes them.
//! - Same file, seed and thread count: same bytes. No hash order, clock or
//!   global random state reaches an output.
//! - Two families of errors: *diagnostics* are about the user's source and have
//!   places in it; *errors* are about the world (files, data, devices) and are
//!   one sentence with cause and remedy.
//!
//! # A first look
//!
//! ```
//! use enasc::{Options, compile, decision};
//!
//! let text = "
//!     ops Layer = { conv3: conv(3), conv5: conv(5), pool: max_pool(3) }
//!     space small(layers: int = 4) {
//!       input  x: [3, 32, 32]
//!       output y: [10]
//!       nodes h = [conv(x, 3, 16)]
//!       nodes h[l in 1..=layers] {
//!         let p = pick 1 of h[..l]
//!         h[l] = (choose Layer)(p) |> bn
//!       }
//!       y = sum(loose(h)) |> gap |> linear(10)
//!     }";
//! let compiled = compile("small.enas", text, &Options::default());
//! let space = &compiled.spaces[0];
//! // 3^4 operations, and 1 * 2 * 3 * 4 ways to connect them.
//! assert_eq!(decision::count(&space.decisions), 1944u32.into());
//! ```

pub mod budget;
pub mod cli;
mod compile;
#[cfg(feature = "torch")]
pub mod controller;
pub mod data;
pub mod decision;
pub mod derive;
pub mod diagnostic;
pub mod doctor;
pub mod draw;
pub mod encoding;
pub mod export;
pub mod graph;
pub mod hir;
pub mod ide;
mod initial;
pub mod libtorch;
pub mod lsp;
#[cfg(feature = "torch")]
pub mod model;
mod numbers;
pub mod recipe;
pub mod report;
pub mod run;
pub mod source;
pub mod span;
pub mod statistics;
pub mod syntax;
pub mod table;
#[cfg(feature = "torch")]
pub mod train;
pub mod unroll;

pub use compile::{Compilation, Depth, Observed, Options, SearchSpace, compile, observe};

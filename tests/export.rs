//! Exported networks: their source, and that they compute what the model computes.

#[cfg(feature = "torch")]
mod compared;
mod source;

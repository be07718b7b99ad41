//! What can go wrong with a table.

use std::io;
use std::path::PathBuf;

use crate::graph::canonical::TooAlike;

/// Why a table does not answer. Each is one sentence.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// A name that is none.
    #[error(
        "`{0}` names no table: write it as table:FILE.csv, with ,map=FILE.toml or ,score=COLUMN behind it"
    )]
    Spec(String),
    /// A file.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The map is none.
    #[error("{} is no map of a table: {why}", path.display())]
    Map {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The table is not one of the space.
    #[error("{table} cannot be read as a table of the space: {why}")]
    Unreadable {
        /// The table.
        table: String,
        /// What is wrong.
        why: String,
    },
    /// An architecture that is not listed.
    #[error(
        "{table} does not list `{architecture}`: where such an architecture counts as the worst, say `missing = \"worst\"` in the map"
    )]
    Missing {
        /// The table.
        table: String,
        /// The architecture.
        architecture: String,
    },
    /// Networks cannot be compared.
    #[error("architectures cannot be looked up by their network: {0}")]
    TooAlike(TooAlike),
    /// No look-up had a row.
    #[error("the table lists none of the architectures that were looked up: is it of this space?")]
    NothingFound,
}

//! What can go wrong outside of the user's source: one sentence each.

use std::io;
use std::path::PathBuf;

use num_bigint::BigUint;

use super::output::{approximate, grouped};
use crate::decision::{ArchitectureError, SampleError, TooLarge};
use crate::encoding::EncodingError;
use crate::export::ExportError;
use crate::graph::canonical::TooAlike;
use crate::lsp::LspError;
use crate::run::RunError;

/// Why a command did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CliError {
    /// The diagnostics that say why are printed already.
    #[error("the file does not compile")]
    Reported,
    /// A file that cannot be read.
    #[error("cannot read {file}: {why}")]
    Read {
        /// As the user named it.
        file: String,
        /// The cause.
        why: String,
    },
    /// A file, or standard output, that cannot be written.
    #[error("cannot write {file}: {}", match source.kind() {
        io::ErrorKind::NotFound => "there is no such folder".to_owned(),
        _ => cause(source),
    })]
    Write {
        /// As the user named it.
        file: String,
        /// The cause.
        source: io::Error,
    },
    /// What is to be explained is no code.
    #[error("there is no diagnostic `{code}`; {}", match known {
        Some(known) => format!("did you mean `{known}`?"),
        None => "`enasc explain` lists them all".to_owned(),
    })]
    NoCode {
        /// As the user gave it.
        code: String,
        /// The one that was probably meant.
        known: Option<&'static str>,
    },
    /// What a man page is asked of is no command.
    #[error("there is no command `{0}`; `enasc --help` lists them all")]
    NoCommand(String),
    /// A file that a command makes and that is there already.
    #[error("{file} is there already, and is not overwritten: choose another name, or remove it")]
    Exists {
        /// As the user named it.
        file: String,
    },
    /// A new space whose name ends as a folder's does.
    #[error("{0} names a folder, and a space is a file: write {0}NAME to put it in there")]
    Folder(String),
    /// What a space cannot be called.
    #[error(
        "a space cannot be called `{name}`: {why}{}",
        better.as_ref().map(|better| format!("; `{better}` would do")).unwrap_or_default()
    )]
    BadName {
        /// The name.
        name: String,
        /// What is wrong with it.
        why: &'static str,
        /// One that is right, and near.
        better: Option<String>,
    },
    /// A recipe that is not there, or says what cannot be.
    #[error("{0}")]
    Recipe(String),
    /// A file with several spaces, of which the command takes one.
    #[error("{file} declares {} spaces: {}; name one with --space", names.len(), names.join(", "))]
    SeveralSpaces {
        /// The file.
        file: String,
        /// Its spaces.
        names: Vec<String>,
    },
    /// Both the space and the architecture are `-`.
    #[error("standard input can be the space or the architecture, not both: give one as a file")]
    StandardInputTwice,
    /// What `--arch` names is neither a file nor an architecture.
    #[error("`{0}` is no file, and no architecture either (path=choice path=choice .., or JSON)")]
    NoArchitecture(String),
    /// An architecture that is to be compared with nothing.
    #[error(
        "`{0}` is no space (a .enas file), and an architecture is compared with another one: name both"
    )]
    OneArchitecture(String),
    /// Not an architecture of the space.
    #[error(transparent)]
    Architecture(#[from] ArchitectureError),
    /// The same, of a file or of standard input.
    #[error("{file}: {error}")]
    ArchitectureIn {
        /// As the user named it.
        file: String,
        /// What is wrong with what it says.
        error: ArchitectureError,
    },
    /// A run folder that cannot be read.
    #[error(transparent)]
    Run(#[from] RunError),
    /// What an editor says cannot be understood.
    #[error(transparent)]
    Lsp(#[from] LspError),
    /// Not an architecture of the space in a published notation.
    #[error(transparent)]
    Encoding(#[from] EncodingError),
    /// A network that is not written.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// A network in several files, which standard output is not.
    #[error("{0} is written to a file, not to standard output: name one with -o")]
    ToFile(&'static str),
    /// A page that nobody could read where it would be written.
    #[error("a report is a page for a browser, not for a terminal: write it with -o report.html")]
    PageOnTerminal,
    /// No architecture can be drawn.
    #[error(transparent)]
    Sample(#[from] SampleError),
    /// The diagram that the command needs.
    #[error(
        "{0}: its architectures can be drawn (`enasc sample`), but not numbered, and not drawn uniformly"
    )]
    TooLarge(TooLarge),
    /// A number that no architecture has.
    #[error("there is no architecture {index}: {}", if *count == BigUint::ZERO {
        format!("{space} has none")
    } else {
        format!("those of {space} have the numbers 0 to {}", count - 1u8)
    })]
    NoSuchIndex {
        /// The number.
        index: BigUint,
        /// The name of the space.
        space: String,
        /// How many it has.
        count: BigUint,
    },
    /// A list that nobody reads to its end.
    #[error(
        "{space} has {} architectures, and without --limit no more than {} are listed: say how many with --limit N, or draw some with `enasc sample --uniform`",
        approximate(count),
        grouped(most)
    )]
    TooMany {
        /// The name of the space.
        space: String,
        /// How many it has.
        count: BigUint,
        /// How many are listed.
        most: u32,
    },
    /// More networks than are built to compare them.
    #[error(
        "{space} has {count} architectures, more than the {} whose networks are all built, and how many networks they compute cannot be estimated: {why}",
        grouped(most)
    )]
    TooManyToCompare {
        /// The name of the space.
        space: String,
        /// How many it has.
        count: String,
        /// How many are built.
        most: u32,
        /// The cause.
        why: String,
    },
    /// Networks that cannot be compared.
    #[error(transparent)]
    TooAlike(#[from] TooAlike),
    /// The executable that trains is not there.
    #[error(
        "`enasc {command}` needs {}, which is not there: it belongs beside enasc, and `cargo build --release` makes both (with the feature `torch`, which is on unless it was switched off)", path.display()
    )]
    NoTorch {
        /// The command.
        command: &'static str,
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The executable that trains finds no libtorch.
    #[error(
        "`enasc {command}` needs libtorch, and none was found: run `make setup` (ENASC_LIBTORCH names an installation to use), or put the folder of libtorch_cpu.so into LD_LIBRARY_PATH"
    )]
    NoLibtorch {
        /// The command.
        command: &'static str,
    },
    /// The executable that trains does not start.
    #[error("cannot start {}: {}", path.display(), cause(source))]
    Start {
        /// The executable.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

impl CliError {
    /// Whether it is only that nobody reads on: no error, as with any other tool.
    pub(super) fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Write { source, .. } if source.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// The words of an IO error: no number, no capital.
pub(super) fn cause(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file".to_owned(),
        io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        _ => {
            let text = error.to_string();
            let words = text.split(" (os error").next().unwrap_or_default();
            let mut chars = words.chars();
            chars.next().map_or_else(String::new, |first| {
                first.to_lowercase().chain(chars).collect()
            })
        }
    }
}

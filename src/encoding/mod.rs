//! Architectures in the notations that papers and benchmarks print them in.
//!
//! [`import`] reads a published architecture, [`encode`] writes one. An encoding
//! knows its spaces by their structure (which decisions there are, over what, in
//! which order), never by a name of a file or a space: a space that was renamed
//! or resized keeps its encoding, and any other is refused.
//!
//! In: a [`DecisionSpace`] and a text, or an [`Architecture`]. The two functions
//! undo each other: `import(encode(a)) == a`, and `encode(import(text))` is the
//! text, but for blanks and what an encoding leaves open.

mod darts;
mod enas;
mod nasbench201;
mod scan;
mod structure;

use std::fmt;

use crate::decision::{Architecture, ArchitectureError, Choice, DecisionId, DecisionSpace};

/// A published notation of architectures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// The integer strings of the authors of ENAS (arXiv:1802.03268, and the
    /// scripts of their code), for the recurrent cell, the macro space and the
    /// micro space. An operation's number is its place in its candidate set.
    Enas,
    /// The genotypes of DARTS (arXiv:1806.09055, and `genotypes.py` of its code):
    /// `Genotype(normal=[('sep_conv_3x3', 0), ..], normal_concat=range(2, 6), ..)`,
    /// and `Genotype(recurrent=[..], concat=range(1, 9))`.
    Darts,
    /// The strings of NAS-Bench-201 (arXiv:2001.00326):
    /// `|nor_conv_3x3~0|+|none~0|avg_pool_3x3~1|+|..|`.
    Nasbench201,
}

impl Encoding {
    /// What the command line calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Enas => "enas",
            Self::Darts => "darts",
            Self::Nasbench201 => "nasbench201",
        }
    }

    /// The structure that a space must have.
    fn needs(self) -> &'static str {
        match self {
            Self::Enas => enas::NEEDS,
            Self::Darts => darts::NEEDS,
            Self::Nasbench201 => nasbench201::NEEDS,
        }
    }

    fn does_not_fit(self) -> EncodingError {
        EncodingError::Structure { encoding: self }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a text is no architecture, or an architecture has no text, in an encoding.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodingError {
    /// The space has not the structure that the encoding describes.
    #[error("the encoding `{encoding}` does not describe this space: it needs {}", encoding.needs())]
    Structure {
        /// The encoding.
        encoding: Encoding,
    },
    /// Something else stands in the text than what must stand there.
    #[error("the text cannot be read: character {at}: {what}")]
    Text {
        /// The character, counted from 1.
        at: usize,
        /// What was found, and what was expected.
        what: String,
    },
    /// The text has too few or too many parts.
    #[error("the text cannot be read: expected {expected} {parts}, found {found}")]
    Length {
        /// What it consists of.
        parts: String,
        /// How many the space has.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// The architecture leaves open what the text must say.
    #[error("the architecture makes no choice for `{path}`")]
    Undecided {
        /// The decision.
        path: String,
    },
    /// The text is well formed, and what it says is no architecture of the space.
    #[error(transparent)]
    Architecture(#[from] ArchitectureError),
}

/// Reads an architecture of `space` from its text in an encoding.
///
/// # Errors
/// When the space has another structure, or the text is none of its architectures.
pub fn import(
    encoding: Encoding,
    text: &str,
    space: &DecisionSpace,
) -> Result<Architecture, EncodingError> {
    let read = match encoding {
        Encoding::Enas => enas::import,
        Encoding::Darts => darts::import,
        Encoding::Nasbench201 => nasbench201::import,
    };
    let architecture = read(text, space)?;
    // Whatever else the space asks of an architecture is checked in one place.
    let line = architecture.to_line(space);
    Ok(Architecture::parse(&line, space, "")?)
}

/// Writes an architecture of `space` in an encoding.
///
/// # Errors
/// When the space has another structure, or the architecture is of another space.
pub fn encode(
    encoding: Encoding,
    architecture: &Architecture,
    space: &DecisionSpace,
) -> Result<String, EncodingError> {
    match encoding {
        Encoding::Enas => enas::encode(architecture, space),
        Encoding::Darts => darts::encode(architecture, space),
        Encoding::Nasbench201 => nasbench201::encode(architecture, space),
    }
}

/// What an architecture chose at a decision that the text must name.
fn chosen<'a>(
    architecture: &'a Architecture,
    decision: DecisionId,
    space: &DecisionSpace,
) -> Result<&'a Choice, EncodingError> {
    let undecided = || EncodingError::Undecided {
        path: path(space, decision).to_owned(),
    };
    architecture.get(decision).ok_or_else(undecided)
}

/// The options of a choice, ascending.
fn options_of(choice: &Choice) -> &[u32] {
    match choice {
        Choice::One(option) => std::slice::from_ref(option),
        Choice::Set(options) => options,
    }
}

fn path(space: &DecisionSpace, decision: DecisionId) -> &str {
    space.point(decision).map_or("", |point| &point.path)
}

fn options(space: &DecisionSpace, decision: DecisionId) -> &[String] {
    space.point(decision).map_or(&[], |point| &point.options)
}

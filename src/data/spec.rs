//! `KIND:PATH`: how a user names a data set.

use super::error::DataError;
use crate::diagnostic::suggest::did_you_mean;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Which data set to load.
///
/// ```
/// use enasc::data::DataSpec;
/// let spec: DataSpec = "fashion-mnist:data/fashion-mnist".parse()?;
/// assert_eq!(spec.to_string(), "idx:data/fashion-mnist");
/// # Ok::<(), enasc::data::DataError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[non_exhaustive]
pub enum DataSpec {
    /// `idx:FOLDER`: the four files of MNIST, Fashion-MNIST and their relatives,
    /// plain or gzipped. Also written `mnist:` and `fashion-mnist:`.
    Idx {
        /// The folder that holds the four files.
        path: PathBuf,
    },
    /// `synthetic` or `synthetic:SEED`: small images of lines, made on the spot.
    Synthetic {
        /// From which the images are drawn.
        seed: u64,
    },
}

/// The kinds in a sentence.
const KNOWN: &str =
    "`idx:FOLDER` (also `mnist:FOLDER`, `fashion-mnist:FOLDER`) and `synthetic[:SEED]`";

/// All that may stand before the colon.
const KINDS: [&str; 4] = ["idx", "mnist", "fashion-mnist", "synthetic"];

impl FromStr for DataSpec {
    type Err = DataError;

    fn from_str(text: &str) -> Result<Self, DataError> {
        let (kind, rest) = match text.split_once(':') {
            Some((kind, rest)) => (kind, Some(rest)),
            None => (text, None),
        };
        match kind {
            "idx" | "mnist" | "fashion-mnist" => match rest {
                Some(path) if !path.is_empty() => Ok(Self::Idx { path: path.into() }),
                _ => Err(DataError::NoPath { kind: kind.into() }),
            },
            "synthetic" => match rest {
                None => Ok(Self::Synthetic { seed: 0 }),
                Some(seed) => match seed.parse() {
                    Ok(seed) => Ok(Self::Synthetic { seed }),
                    Err(_) => Err(DataError::BadSeed { text: seed.into() }),
                },
            },
            // A bare path, unless it looks like one of our words.
            _ if rest.is_none() && did_you_mean(kind, KINDS).is_none() => Err(DataError::NoKind {
                text: text.into(),
                known: KNOWN,
            }),
            _ => Err(DataError::UnknownKind {
                kind: kind.into(),
                suggestion: did_you_mean(kind, KINDS),
                known: KNOWN,
            }),
        }
    }
}

impl fmt::Display for DataSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Idx { path } => write!(f, "idx:{}", path.display()),
            Self::Synthetic { seed } => write!(f, "synthetic:{seed}"),
        }
    }
}

impl TryFrom<String> for DataSpec {
    type Error = DataError;

    fn try_from(text: String) -> Result<Self, DataError> {
        text.parse()
    }
}

impl From<DataSpec> for String {
    fn from(spec: DataSpec) -> Self {
        spec.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn parses(text: &str, shown: &str) {
        let spec: DataSpec = text.parse().unwrap();
        assert_eq!(spec.to_string(), shown);
        assert_eq!(shown.parse::<DataSpec>().unwrap(), spec);
        let json = serde_json::to_string(&spec).unwrap();
        assert_eq!(json, format!("\"{shown}\""));
        assert_eq!(serde_json::from_str::<DataSpec>(&json).unwrap(), spec);
    }

    #[track_caller]
    fn fails(text: &str, message: &str) {
        assert_eq!(text.parse::<DataSpec>().unwrap_err().to_string(), message);
    }

    #[test]
    fn every_form_parses_and_prints_as_it_parses() {
        parses("idx:data/x", "idx:data/x");
        parses("mnist:/a:b", "idx:/a:b");
        parses("fashion-mnist:.", "idx:.");
        parses("synthetic", "synthetic:0");
        parses("synthetic:42", "synthetic:42");
    }

    #[test]
    fn what_is_wrong_is_said_with_what_is_right() {
        let known =
            "`idx:FOLDER` (also `mnist:FOLDER`, `fashion-mnist:FOLDER`) and `synthetic[:SEED]`";
        fails(
            "fashion-mnst:data",
            &format!(
                "`fashion-mnst` is not a kind of data (did you mean `fashion-mnist`?); the kinds are {known}"
            ),
        );
        fails(
            "imagenet:data",
            &format!("`imagenet` is not a kind of data; the kinds are {known}"),
        );
        fails(
            "data/mnist",
            &format!(
                "`data/mnist` does not say what kind of data it is: write KIND:PATH, for example `idx:data/mnist`; the kinds are {known}"
            ),
        );
        fails(
            "sinthetic",
            &format!(
                "`sinthetic` is not a kind of data (did you mean `synthetic`?); the kinds are {known}"
            ),
        );
        fails(
            "idx:",
            "`idx:` is not followed by a path: write `idx:FOLDER`",
        );
        fails(
            "mnist",
            "`mnist:` is not followed by a path: write `mnist:FOLDER`",
        );
        fails(
            "synthetic:-1",
            "`-1` is not a seed: write `synthetic` or `synthetic:SEED`, SEED a whole number from 0",
        );
        assert!(
            "".parse::<DataSpec>()
                .unwrap_err()
                .to_string()
                .contains("`idx:data/fashion-mnist`")
        );
    }
}

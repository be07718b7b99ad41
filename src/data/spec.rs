//! `KIND:PATH[,OPTION=VALUE]..`: how a user names a data set.

use super::corpus::Level;
use super::error::DataError;
use crate::diagnostic::suggest::did_you_mean;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Which data set to load.
///
/// Options stand behind the path, each after a comma, so that a shell needs no
/// quotes. A path whose own end looks like an option is written with a slash behind.
///
/// ```
/// use enasc::data::DataSpec;
/// let spec: DataSpec = "fashion-mnist:data/fashion-mnist".parse()?;
/// assert_eq!(spec.to_string(), "idx:data/fashion-mnist");
/// let spec: DataSpec = "images:data/birds,size=64".parse()?;
/// assert_eq!(spec, DataSpec::Images { path: "data/birds".into(), size: Some([64, 64]) });
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
    /// `cifar10:PATH`: CIFAR-10 in its binary version.
    Cifar10 {
        /// The folder with the six `.bin` files, the one around it, or the archive.
        path: PathBuf,
    },
    /// `cifar100:PATH`: CIFAR-100 in its binary version, with its 100 fine classes.
    Cifar100 {
        /// The folder with the two `.bin` files, the one around it, or the archive.
        path: PathBuf,
    },
    /// `images:FOLDER[,size=N|HxW]`: JPEG and PNG files in `train/CLASS/` and
    /// `test/CLASS/` (or `val/CLASS/`).
    Images {
        /// The folder that holds `train` and `test`.
        path: PathBuf,
        /// The height and width that images are brought to: scaled until they cover
        /// it, then cut at the centre. Without it all have to be of one size.
        size: Option<[usize; 2]>,
    },
    /// `text:PATH[,vocab=N][,level=char]`: text, to be modelled token by token.
    Text {
        /// A folder with training, validation and test files, or one file.
        path: PathBuf,
        /// How many tokens the vocabulary has at most, `<unk>` and `<eos>` included.
        vocab: Option<usize>,
        /// What a token is.
        level: Level,
    },
    /// `synthetic` or `synthetic:SEED`: small images of lines, made on the spot.
    Synthetic {
        /// From which the images are drawn.
        seed: u64,
    },
}

/// The kinds in a sentence.
const KNOWN: &str = "`idx:FOLDER` (also `mnist:FOLDER`, `fashion-mnist:FOLDER`), `cifar10:PATH`, `cifar100:PATH`, `images:FOLDER[,size=N]`, `text:PATH[,vocab=N][,level=char]` and `synthetic[:SEED]`";

/// Larger images than this are taken for a slip.
const MAX_SIZE: usize = 4096;

impl DataSpec {
    /// All that may stand before the colon.
    pub const KINDS: [&str; 8] = [
        "idx",
        "mnist",
        "fashion-mnist",
        "cifar10",
        "cifar100",
        "images",
        "text",
        "synthetic",
    ];

    /// Whether it names text; otherwise it names images.
    #[must_use]
    pub fn is_text(&self) -> bool {
        matches!(self, Self::Text { .. })
    }
}

impl FromStr for DataSpec {
    type Err = DataError;

    fn from_str(text: &str) -> Result<Self, DataError> {
        let (kind, rest) = match text.split_once(':') {
            Some((kind, rest)) => (kind, Some(rest)),
            None => (text, None),
        };
        match kind {
            "synthetic" => match rest {
                None => Ok(Self::Synthetic { seed: 0 }),
                Some(seed) => match seed.parse() {
                    Ok(seed) => Ok(Self::Synthetic { seed }),
                    Err(_) => Err(DataError::BadSeed { text: seed.into() }),
                },
            },
            _ if Self::KINDS.contains(&kind) => with_path(kind, rest.unwrap_or_default()),
            // A bare path, unless it looks like one of our words.
            _ if rest.is_none() && did_you_mean(kind, Self::KINDS).is_none() => {
                Err(DataError::NoKind {
                    text: text.into(),
                    known: KNOWN,
                })
            }
            _ => Err(DataError::UnknownKind {
                kind: kind.into(),
                suggestion: did_you_mean(kind, Self::KINDS),
                known: KNOWN,
            }),
        }
    }
}

/// The data of `kind` that `rest` names: a path and options.
fn with_path(kind: &str, rest: &str) -> Result<DataSpec, DataError> {
    let (path, options) = split_options(rest);
    if path.is_empty() {
        return Err(DataError::NoPath { kind: kind.into() });
    }
    let path = PathBuf::from(path);
    let mut spec = match kind {
        "cifar10" => DataSpec::Cifar10 { path },
        "cifar100" => DataSpec::Cifar100 { path },
        "images" => DataSpec::Images { path, size: None },
        "text" => DataSpec::Text {
            path,
            vocab: None,
            level: Level::Word,
        },
        _ => DataSpec::Idx { path },
    };
    for (option, value) in options {
        let bad = |wanted| DataError::BadOption {
            option: option.into(),
            value: value.into(),
            wanted,
        };
        match (&mut spec, option) {
            (DataSpec::Images { size, .. }, "size") => {
                let parsed = parse_size(value);
                *size = Some(parsed.ok_or_else(|| {
                    bad("a number of pixels up to 4096 (`size=32`), or height and width (`size=32x48`)")
                })?);
            }
            (DataSpec::Text { vocab, .. }, "vocab") => {
                let parsed = value.parse().ok().filter(|&n| n >= 3);
                *vocab = Some(parsed.ok_or_else(|| {
                    bad("a number of tokens from 3, `<unk>` and `<eos>` included (`vocab=10000`)")
                })?);
            }
            (DataSpec::Text { level, .. }, "level") => {
                *level = match value {
                    "word" => Level::Word,
                    "char" => Level::Char,
                    _ => return Err(bad("`word` or `char`")),
                };
            }
            _ => {
                return Err(DataError::UnknownOption {
                    kind: kind.into(),
                    option: option.into(),
                    known: match spec {
                        DataSpec::Images { .. } => "its option is `size`",
                        DataSpec::Text { .. } => "its options are `vocab` and `level`",
                        _ => "it has none",
                    },
                });
            }
        }
    }
    Ok(spec)
}

/// Takes what looks like `,option=value` off the end: a lower-case word before the
/// sign, no slash behind it.
fn split_options(text: &str) -> (&str, Vec<(&str, &str)>) {
    let mut path = text;
    let mut options = Vec::new();
    while let Some((before, last)) = path.rsplit_once(',')
        && let Some((option, value)) = last.split_once('=')
        && !option.is_empty()
        && option.bytes().all(|b| b.is_ascii_lowercase())
        && !value.contains('/')
    {
        options.push((option, value));
        path = before;
    }
    options.reverse();
    (path, options)
}

fn parse_size(text: &str) -> Option<[usize; 2]> {
    let number = |text: &str| text.parse().ok().filter(|n| (1..=MAX_SIZE).contains(n));
    match text.split_once('x') {
        Some((height, width)) => Some([number(height)?, number(width)?]),
        None => number(text).map(|n| [n, n]),
    }
}

impl fmt::Display for DataSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Idx { path } => write!(f, "idx:{}", path.display()),
            Self::Cifar10 { path } => write!(f, "cifar10:{}", path.display()),
            Self::Cifar100 { path } => write!(f, "cifar100:{}", path.display()),
            Self::Images { path, size } => {
                write!(f, "images:{}", path.display())?;
                match size {
                    Some([height, width]) if height == width => write!(f, ",size={height}"),
                    Some([height, width]) => write!(f, ",size={height}x{width}"),
                    None => Ok(()),
                }
            }
            Self::Text { path, vocab, level } => {
                write!(f, "text:{}", path.display())?;
                if let Some(n) = vocab {
                    write!(f, ",vocab={n}")?;
                }
                match level {
                    Level::Word => Ok(()),
                    Level::Char => write!(f, ",level=char"),
                }
            }
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
        parses("cifar10:c.tar.gz", "cifar10:c.tar.gz");
        parses("cifar100:c", "cifar100:c");
        parses("images:a b", "images:a b");
        parses("images:a,size=32x32", "images:a,size=32");
        parses("images:a,size=32x48", "images:a,size=32x48");
        parses("text:ptb", "text:ptb");
        parses("text:a,level=word", "text:a");
        parses("text:a,level=char,vocab=50", "text:a,vocab=50,level=char");
        parses("synthetic", "synthetic:0");
        parses("synthetic:42", "synthetic:42");
    }

    #[test]
    fn a_path_may_hold_commas_and_signs() {
        for path in ["a,b", "a=b", "a,B=c", "a,size=3/", "a,x=1/b", "a,", ",=1"] {
            let spec: DataSpec = format!("images:{path},size=8").parse().unwrap();
            let size = Some([8, 8]);
            assert_eq!(
                spec,
                DataSpec::Images {
                    path: path.into(),
                    size
                }
            );
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_what_is_right() {
        fails(
            "fashion-mnst:data",
            &format!(
                "`fashion-mnst` is not a kind of data (did you mean `fashion-mnist`?); the kinds are {KNOWN}"
            ),
        );
        fails(
            "imagenet:data",
            &format!("`imagenet` is not a kind of data; the kinds are {KNOWN}"),
        );
        fails(
            "data/mnist",
            &format!(
                "`data/mnist` does not say what kind of data it is: write KIND:PATH, for example `idx:data/mnist`; the kinds are {KNOWN}"
            ),
        );
        fails(
            "sinthetic",
            &format!(
                "`sinthetic` is not a kind of data (did you mean `synthetic`?); the kinds are {KNOWN}"
            ),
        );
        fails("idx:", "`idx:` is not followed by a path: write `idx:PATH`");
        fails(
            "mnist",
            "`mnist:` is not followed by a path: write `mnist:PATH`",
        );
        fails(
            "images:,size=3",
            "`images:` is not followed by a path: write `images:PATH`",
        );
        fails(
            "synthetic:-1",
            "`-1` is not a seed: write `synthetic` or `synthetic:SEED`, SEED a whole number from 0",
        );
        fails(
            "idx:a,size=3",
            "`idx:` has no option `size`; it has none (a path that ends so is written with a slash behind)",
        );
        fails(
            "text:a,vocabulary=3",
            "`text:` has no option `vocabulary`; its options are `vocab` and `level` (a path that ends so is written with a slash behind)",
        );
        fails(
            "text:a,vocab=2",
            "`vocab=2` is not understood: write a number of tokens from 3, `<unk>` and `<eos>` included (`vocab=10000`)",
        );
        fails(
            "text:a,level=byte",
            "`level=byte` is not understood: write `word` or `char`",
        );
        for size in ["0", "x", "3x", "5000", "-1", "3x3x3", ""] {
            let message = format!(
                "`size={size}` is not understood: write a number of pixels up to 4096 (`size=32`), or height and width (`size=32x48`)"
            );
            fails(&format!("images:a,size={size}"), &message);
        }
        assert!(
            "".parse::<DataSpec>()
                .unwrap_err()
                .to_string()
                .contains("`idx:data/fashion-mnist`")
        );
    }
}

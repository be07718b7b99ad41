//! What can be wrong with data: one sentence each, with the file and the remedy.

use std::io;
use std::path::PathBuf;

/// Why a data set could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The kind before the colon is not one of ours.
    #[error(
        "`{kind}` is not a kind of data{}; the kinds are {known}",
        suggestion.as_deref().map(|s| format!(" ({s})")).unwrap_or_default()
    )]
    UnknownKind {
        /// What was written.
        kind: String,
        /// "did you mean `..`?", where a kind is close.
        suggestion: Option<String>,
        /// The kinds that there are, with their forms.
        known: &'static str,
    },

    /// There is a path and no kind.
    #[error("`{text}` does not say what kind of data it is: write KIND:PATH, for example `idx:{}`; the kinds are {known}", if text.is_empty() { "data/fashion-mnist" } else { text.as_str() })]
    NoKind {
        /// What was written.
        text: String,
        /// The kinds that there are, with their forms.
        known: &'static str,
    },

    /// There is a kind that needs a path, and no path.
    #[error("`{kind}:` is not followed by a path: write `{kind}:FOLDER`")]
    NoPath {
        /// The kind.
        kind: String,
    },

    /// The seed of the synthetic set is not a number.
    #[error(
        "`{text}` is not a seed: write `synthetic` or `synthetic:SEED`, SEED a whole number from 0"
    )]
    BadSeed {
        /// What was written after the colon.
        text: String,
    },

    /// There is nothing at the path.
    #[error(
        "{}: no such folder; name the one that holds the four MNIST files (`make data` fetches Fashion-MNIST to data/fashion-mnist)",
        path.display()
    )]
    NoFolder {
        /// The path.
        path: PathBuf,
    },

    /// The path is that of a file.
    #[error("{}: is a file; name the folder that holds the four MNIST files", path.display())]
    NotAFolder {
        /// The path.
        path: PathBuf,
    },

    /// One of the four files is not in the folder.
    #[error(
        "{}: holds no file `{name}` (or `{name}.gz`); all four MNIST files are needed (`make data` fetches those of Fashion-MNIST)",
        folder.display()
    )]
    MissingFile {
        /// The folder.
        folder: PathBuf,
        /// The name that was looked for.
        name: String,
    },

    /// The operating system could not read it.
    #[error("{}: cannot be read: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },

    /// The gzip stream is damaged.
    #[error("{}: is damaged and cannot be unpacked ({source}); fetch it again", path.display())]
    BadGzip {
        /// The file.
        path: PathBuf,
        /// What was wrong with it.
        source: io::Error,
    },

    /// The file is of another kind.
    #[error("{}: is not an idx file of {wanted}, but {found}; put the right file in its place", path.display())]
    WrongKind {
        /// The file.
        path: PathBuf,
        /// "images" or "labels".
        wanted: &'static str,
        /// What it is instead, with its first bytes.
        found: String,
    },

    /// The header asks for the impossible.
    #[error("{}: its header says {header}, which cannot be right; fetch it again", path.display())]
    BadHeader {
        /// The file.
        path: PathBuf,
        /// The sizes, in words.
        header: String,
    },

    /// The file ends too early.
    #[error(
        "{}: is cut short: {found} of {expected} bytes are there; fetch it again",
        path.display()
    )]
    Truncated {
        /// The file.
        path: PathBuf,
        /// The bytes there should be, once unpacked.
        expected: u64,
        /// The bytes there are.
        found: u64,
    },

    /// The file goes on after its last image or label.
    #[error(
        "{}: goes on after the {expected} bytes that its header announces; fetch it again",
        path.display()
    )]
    TooLong {
        /// The file.
        path: PathBuf,
        /// The bytes there should be, once unpacked.
        expected: u64,
    },

    /// Images and labels differ in number.
    #[error(
        "{}: holds {n_labels} labels for the {n_images} images of {}; the two files do not belong together",
        labels.display(), images.display()
    )]
    CountMismatch {
        /// The file of images.
        images: PathBuf,
        /// The number of images.
        n_images: usize,
        /// The file of labels.
        labels: PathBuf,
        /// The number of labels.
        n_labels: usize,
    },

    /// Training and test images differ in size.
    #[error(
        "{}: its images are {}x{}, and those of {} are {}x{}; the two files do not belong together",
        test.display(), test_size.0, test_size.1, train.display(), train_size.0, train_size.1
    )]
    SizeMismatch {
        /// The file of training images.
        train: PathBuf,
        /// Their height and width.
        train_size: (usize, usize),
        /// The file of test images.
        test: PathBuf,
        /// Their height and width.
        test_size: (usize, usize),
    },

    /// A label is out of range.
    #[error(
        "{}: label {label} of image {index} is out of range: {reason}; the file is damaged or of another data set",
        path.display()
    )]
    LabelOutOfRange {
        /// The file of labels.
        path: PathBuf,
        /// The label.
        label: u8,
        /// The image, counted from 0.
        index: usize,
        /// Which labels there should be.
        reason: String,
    },

    /// The network has fewer outputs than the data has classes.
    #[error(
        "the network has {outputs} outputs and {name} has {classes} classes: {part} image {index} has label {label}"
    )]
    TooFewOutputs {
        /// The name of the data set.
        name: String,
        /// The outputs of the network.
        outputs: usize,
        /// The classes of the data set.
        classes: usize,
        /// "training" or "test".
        part: &'static str,
        /// The first image without an output, counted from 0.
        index: usize,
        /// Its label.
        label: u8,
    },

    /// A split that leaves nothing to train on.
    #[error(
        "{n_valid} of {n} training images cannot be set apart for validation: at least 1 has to be left to train on"
    )]
    SplitTooLarge {
        /// The training images there are.
        n: usize,
        /// Those to be set apart.
        n_valid: usize,
    },
}

//! What can be wrong with data: one sentence each, with the file and the remedy.

use crate::doctor::Bytes;
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
    #[error("`{kind}:` is not followed by a path: write `{kind}:PATH`")]
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

    /// There is an option that its kind does not have.
    #[error(
        "`{kind}:` has no option `{option}`; {known} (a path that ends so is written with a slash behind)"
    )]
    UnknownOption {
        /// The kind.
        kind: String,
        /// What was written before the sign.
        option: String,
        /// What the kind has, in words.
        known: &'static str,
    },

    /// The value of an option means nothing.
    #[error("`{option}={value}` is not understood: write {wanted}")]
    BadOption {
        /// The option.
        option: String,
        /// What was written behind the sign.
        value: String,
        /// What there could be.
        wanted: &'static str,
    },

    /// There is nothing at the path.
    #[error("{}: no such file or folder; name {wanted}", path.display())]
    NotFound {
        /// The path.
        path: PathBuf,
        /// What the path should be of.
        wanted: &'static str,
    },

    /// The path is that of a file.
    #[error("{}: is a file; name {wanted}", path.display())]
    NotAFolder {
        /// The path.
        path: PathBuf,
        /// What the path should be of.
        wanted: &'static str,
    },

    /// A file is not in the folder, or in the archive.
    #[error("{}: holds no file `{name}`; {remedy}", folder.display())]
    MissingFile {
        /// The folder or archive.
        folder: PathBuf,
        /// The name that was looked for.
        name: String,
        /// What to do.
        remedy: String,
    },

    /// The archive is no archive, or damaged.
    #[error("{}: cannot be unpacked ({source}); fetch it again", path.display())]
    BadArchive {
        /// The archive.
        path: PathBuf,
        /// What was wrong with it.
        source: io::Error,
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
        "{}: goes on after the {expected} bytes that it should have; fetch it again",
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
        label: u16,
        /// The image, counted from 0.
        index: usize,
        /// Which labels there should be.
        reason: String,
    },

    /// A folder of images is not laid out as it should be.
    #[error(
        "{}: {found}; an image folder holds train/CLASS/*.jpg (or .png) and test/CLASS/*.jpg",
        path.display()
    )]
    Layout {
        /// The folder, or one in it.
        path: PathBuf,
        /// What is there instead, or is not there.
        found: String,
    },

    /// Some images cannot be decoded.
    #[error(
        "{}: {n} of {total} images cannot be decoded: {}{}; mend or remove them",
        folder.display(), first.join(", "), if *n > first.len() { ", .." } else { "" }
    )]
    BadImages {
        /// The image folder.
        folder: PathBuf,
        /// How many.
        n: usize,
        /// Of how many.
        total: usize,
        /// The first few, with reasons.
        first: Vec<String>,
    },

    /// Images in a folder take more memory than there is.
    #[error(
        "{}: {n} images of {}x{} take {} of memory, and {} are free; bring them to a smaller size, for example `images:{},size=32`",
        folder.display(), size[0], size[1], Bytes(*needed), Bytes(*free), folder.display()
    )]
    TooLarge {
        /// The image folder.
        folder: PathBuf,
        /// How many images it has.
        n: usize,
        /// Their height and width.
        size: [usize; 2],
        /// What they take, in bytes.
        needed: u64,
        /// What is free, in bytes.
        free: u64,
    },

    /// Images in a folder are not of one size.
    #[error(
        "{}: {} is {}x{} and {} is {}x{}; say to what size images are to be brought, for example `images:{},size={}`",
        folder.display(), first.0.display(), first.1[0], first.1[1], other.0.display(), other.1[0],
        other.1[1], folder.display(), first.1[0].min(first.1[1])
    )]
    SizesDiffer {
        /// The image folder.
        folder: PathBuf,
        /// An image, its height and width.
        first: (PathBuf, [usize; 2]),
        /// Another.
        other: (PathBuf, [usize; 2]),
    },

    /// A file of text is not UTF-8.
    #[error("{}: line {line} is not UTF-8; convert the file, or name another", path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
    },

    /// A text has too few lines to be parted.
    #[error(
        "{}: {lines} lines are too few to be parted into training, validation and test text; give at least 20, or a folder with three files",
        path.display()
    )]
    TooFewLines {
        /// The file.
        path: PathBuf,
        /// The lines it has.
        lines: usize,
    },

    /// A file of text holds none.
    #[error("{}: holds no text", path.display())]
    NoText {
        /// The file.
        path: PathBuf,
    },

    /// A text is too short for its rows and windows.
    #[error(
        "{tokens} tokens are too few for {rows} rows with windows of {bptt}: at least {} are needed; lower the batch or the window",
        rows * (bptt + 1)
    )]
    TooFewTokens {
        /// The tokens there are.
        tokens: usize,
        /// The rows asked for.
        rows: usize,
        /// The length of a window.
        bptt: usize,
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
        label: u16,
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

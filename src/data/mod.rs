//! Data sets: from the text `KIND:PATH` to batches of normalised pixels, or of tokens.
//!
//! In: a [`DataSpec`], parsed from what the user wrote. Out: [`Data`], one of two.
//!
//! - A [`Dataset`]: training and test images in memory as bytes, with what
//!   normalising them needs. [`split`] sets validation images apart, [`batch`] orders
//!   an epoch and assembles batches.
//! - A [`Corpus`]: training, validation and test text as token ids, with its
//!   vocabulary. [`sequence`] cuts it into rows and windows.
//!
//! Both have a fingerprint by which a resumed run knows its data again.
//!
//! Invariants of a loaded [`Dataset`]: both parts hold at least one image, all of
//! one size; labels and images agree in number; every label is below `classes`; the
//! training images come in no order of classes. Of a [`Corpus`]: no part is empty,
//! every token is below the size of the vocabulary. Everything drawn at random is a
//! function of a seed and a position (epoch, step), so that the same seed gives the
//! same bytes, resumed or not.
//!
//! Deliberately absent: libtorch, printing, and any global random state.

mod error;
mod spec;

mod dataset;
mod file;

mod cifar;
mod folder;
mod idx;
mod synthetic;

mod corpus;

pub mod batch;
pub mod sequence;
mod split;

pub use corpus::{Corpus, CorpusSummary, Level, Vocabulary};
pub use dataset::{Dataset, Images, Summary};
pub use error::DataError;
pub use spec::DataSpec;
pub use split::{Holdout, Split, split};
pub use synthetic::Synthetic;

/// What a [`DataSpec`] names.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// Labelled images.
    Images(Dataset),
    /// Text, to be modelled token by token.
    Text(Corpus),
}

impl Data {
    /// A name for people.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Images(data) => &data.name,
            Self::Text(corpus) => &corpus.name,
        }
    }

    /// SHA-256 of all that training sees, in hexadecimal.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        match self {
            Self::Images(data) => &data.fingerprint,
            Self::Text(corpus) => &corpus.fingerprint,
        }
    }
}

/// Loads the data set that `spec` names. Whether that is images or text is known
/// before: see [`DataSpec::is_text`].
///
/// # Errors
///
/// When the files are missing, cannot be read, or are not what they should be; the
/// message names the file and the remedy.
pub fn load(spec: &DataSpec) -> Result<Data, DataError> {
    let images = match spec {
        DataSpec::Idx { path } => idx::load(path),
        DataSpec::Cifar10 { path } => cifar::load(path, &cifar::CIFAR_10),
        DataSpec::Cifar100 { path } => cifar::load(path, &cifar::CIFAR_100),
        DataSpec::Images { path, size } => folder::load(path, *size),
        DataSpec::Synthetic { seed } => Ok(Synthetic {
            seed: *seed,
            ..Synthetic::default()
        }
        .make()),
        DataSpec::Text { path, vocab, level } => {
            return corpus::load(path, *vocab, *level).map(Data::Text);
        }
    };
    images.map(Data::Images)
}

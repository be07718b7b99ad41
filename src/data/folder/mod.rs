//! Folders of images: `train/CLASS/*` and `test/CLASS/*`, JPEG or PNG.
//!
//! Images are decoded over all cores, and kept as bytes in one file of the user's
//! cache folder, so that the next load takes a fraction of the time. Whether the
//! bytes are those of a cache, and how many threads made them, changes nothing.
//!
//! Files lie sorted by class, and the last ones would be of one class alone. So the
//! training images are put in an order that is drawn once and for all: the last
//! 5,000 of CIFAR-10 as a folder are of all its classes, as those of its binary
//! version are.

mod cache;
mod decode;
mod list;

use super::batch::{Stream, rng};
use super::error::DataError;
use super::file;
use super::{Dataset, Images};
use rand::seq::SliceRandom;
use std::path::Path;

const WANTED: &str = "the folder that holds train/CLASS/*.jpg and test/CLASS/*.jpg";

/// Loads the images of `folder`, brought to `size` (height and width) if given.
pub(super) fn load(folder: &Path, size: Option<[usize; 2]>) -> Result<Dataset, DataError> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    load_with(folder, size, threads, cache::folder().as_deref())
}

/// As [`load`], with `threads` threads and the folder that caches are kept in.
fn load_with(
    folder: &Path,
    size: Option<[usize; 2]>,
    threads: usize,
    cached: Option<&Path>,
) -> Result<Dataset, DataError> {
    file::check_folder(folder, WANTED)?;
    let mut files = list::list(folder)?;
    files.train.shuffle(&mut rng(0, Stream::Folder, 0, 0));
    let cache = cached.map(|place| cache::Cache::new(place, folder, &files, size));
    if let Some(data) = cache.as_ref().and_then(|c| c.read(folder, &files)) {
        return Ok(data);
    }
    let all: Vec<&list::File> = files.train.iter().chain(&files.test).collect();
    let mut decoded = decode::all(folder, &all, size, threads)?;
    let test = decoded.split_off(files.train.len());
    let data = files.with_pixels(folder, decoded, test);
    if let Some(cache) = cache {
        // Without it the next load takes longer, and that is all.
        let _ = cache.write(&data);
    }
    Ok(data)
}

/// Decoded images of one size.
struct Pixels {
    /// 1 or 3.
    channels: usize,
    /// Height and width.
    size: [usize; 2],
    /// NCHW.
    bytes: Vec<u8>,
}

impl Pixels {
    fn image_len(&self) -> usize {
        self.channels * self.size[0] * self.size[1]
    }

    /// Keeps the first `n` images and gives the rest.
    fn split_off(&mut self, n: usize) -> Self {
        let bytes = self.bytes.split_off(n * self.image_len());
        Self { bytes, ..*self }
    }
}

impl list::Listing {
    fn with_pixels(&self, folder: &Path, train: Pixels, test: Pixels) -> Dataset {
        let images = |files: &[list::File], pixels: Pixels| Images {
            channels: pixels.channels,
            height: pixels.size[0],
            width: pixels.size[1],
            pixels: pixels.bytes,
            labels: files.iter().map(|file| file.class).collect(),
        };
        let train = images(&self.train, train);
        let test = images(&self.test, test);
        Dataset::new(file::name(folder), self.classes.len(), train, test)
    }
}

#[cfg(test)]
mod tests;

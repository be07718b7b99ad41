//! Decoded images kept in one file.
//!
//! A file is: a line that names the format, the key (what it was made of), the
//! fingerprint of the data, five sizes, then the pixels. Each image folder has one
//! file for each size that images are brought to; when images change, it is replaced.
//! The fingerprint is computed of what is read anyway, and shows damage.

use super::super::Dataset;
use super::Pixels;
use super::list::Listing;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

/// Changes when files are laid out otherwise or images decoded otherwise.
const VERSION: &[u8] = b"enasc images 1\n";

/// What else decides on pixels: a release may bring another decoder.
const RELEASE: &str = env!("CARGO_PKG_VERSION");

const KEY_LEN: usize = 32;
const FINGERPRINT_LEN: usize = 64;
const SIZES: usize = 5;

/// The folder that caches are kept in: `$XDG_CACHE_HOME/enasc/images`, `~/.cache/..`
/// where that is not set, none where there is no home either.
pub(super) fn folder() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let base = match set("XDG_CACHE_HOME") {
        Some(cache) => PathBuf::from(cache),
        None => PathBuf::from(set("HOME")?).join(".cache"),
    };
    Some(base.join("enasc").join("images"))
}

/// Where the pixels of one listing are kept.
pub(super) struct Cache {
    path: PathBuf,
    key: [u8; KEY_LEN],
}

impl Cache {
    /// The cache, in `place`, of the files of `folder` brought to `size`.
    pub fn new(place: &Path, folder: &Path, files: &Listing, size: Option<[usize; 2]>) -> Self {
        let [height, width] = size.unwrap_or_default();
        let full = folder.canonicalize().unwrap_or_else(|_| folder.into());
        let mut name = Sha256::new();
        add(&mut name, full.as_os_str().as_encoded_bytes());
        add(&mut name, format!("{height}x{width}").as_bytes());
        let hash = format!("{:x}", name.clone().finalize());

        let mut key = name;
        add(&mut key, RELEASE.as_bytes());
        for class in &files.classes {
            add(&mut key, class.as_encoded_bytes());
        }
        for part in [&files.train, &files.test] {
            add(&mut key, &part.len().to_le_bytes());
            for file in part {
                add(&mut key, file.path.as_os_str().as_encoded_bytes());
                add(&mut key, &file.bytes.to_le_bytes());
                add(&mut key, &file.changed.to_le_bytes());
            }
        }
        Self {
            path: place.join(format!("{}.bin", &hash[..16])),
            key: key.finalize().into(),
        }
    }

    /// What is kept of the files, if it is, whole and of the files as they are now.
    pub fn read(&self, folder: &Path, files: &Listing) -> Option<Dataset> {
        let file = File::open(&self.path).ok()?;
        let length = file.metadata().ok()?.len();
        let mut file = BufReader::new(file);
        let mut exact = |n| {
            let mut bytes = vec![0; n];
            file.read_exact(&mut bytes).ok().map(|()| bytes)
        };
        if exact(VERSION.len())? != VERSION || exact(KEY_LEN)? != self.key {
            return None;
        }
        let fingerprint = exact(FINGERPRINT_LEN)?;
        let mut sizes = [0; SIZES];
        for size in &mut sizes {
            let bytes = exact(size_of::<u64>())?.try_into().ok()?;
            *size = usize::try_from(u64::from_le_bytes(bytes)).ok()?;
        }
        let [n_train, n_test, channels, height, width] = sizes;
        let image_len = channels.checked_mul(height)?.checked_mul(width)?;
        let header = VERSION.len() + KEY_LEN + FINGERPRINT_LEN + SIZES * size_of::<u64>();
        let pixels = n_train.checked_add(n_test)?.checked_mul(image_len)?;
        // Before memory is taken for it.
        let whole = length == header.checked_add(pixels)? as u64;
        if !whole || n_train != files.train.len() || n_test != files.test.len() {
            return None;
        }
        let mut pixels = |n: usize| {
            Some(Pixels {
                channels,
                size: [height, width],
                bytes: exact(n * image_len)?,
            })
        };
        let (train, test) = (pixels(n_train)?, pixels(n_test)?);
        let data = files.with_pixels(folder, train, test);
        (data.fingerprint.as_bytes() == fingerprint).then_some(data)
    }

    /// Keeps `data`: a file beside, then renamed, so that whoever reads or writes at
    /// the same time has a whole one.
    pub fn write(&self, data: &Dataset) -> io::Result<()> {
        let place = self.path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(place)?;
        let mut file = tempfile::NamedTempFile::new_in(place)?;
        file.write_all(VERSION)?;
        file.write_all(&self.key)?;
        file.write_all(data.fingerprint.as_bytes())?;
        let [channels, height, width] = data.shape();
        for size in [data.train.len(), data.test.len(), channels, height, width] {
            file.write_all(&(size as u64).to_le_bytes())?;
        }
        file.write_all(&data.train.pixels)?;
        file.write_all(&data.test.pixels)?;
        file.persist(&self.path).map_err(|error| error.error)?;
        Ok(())
    }
}

/// Hashes a part with its length, so that parts do not run together.
fn add(hash: &mut Sha256, part: &[u8]) {
    hash.update((part.len() as u64).to_le_bytes());
    hash.update(part);
}

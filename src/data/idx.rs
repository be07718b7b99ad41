//! The idx files of MNIST and its relatives, plain or gzipped.
//!
//! A file is: two zero bytes, the type of its values (08: bytes), the number of
//! dimensions, each dimension as a big-endian 32-bit number, then the values.

use super::error::DataError;
use super::file::{self, Source, first_bytes, truncated};
use super::{Dataset, Images};
use std::io;
use std::path::{Path, PathBuf};

const WANTED: &str = "the folder that holds the four MNIST files (`make data` fetches Fashion-MNIST to data/fashion-mnist)";

/// Loads the four files of `folder`.
pub(super) fn load(folder: &Path) -> Result<Dataset, DataError> {
    file::check_folder(folder, WANTED)?;
    let train = Part::read(folder, "train")?;
    let test = Part::read(folder, "t10k")?;
    if train.size() != test.size() {
        return Err(DataError::SizeMismatch {
            train: train.images_path.clone(),
            train_size: train.size(),
            test: test.images_path.clone(),
            test_size: test.size(),
        });
    }
    let classes = count_classes(&[&train, &test])?;
    Ok(Dataset::new(
        file::name(folder),
        classes,
        train.images,
        test.images,
    ))
}

/// Training or test images, and where they came from.
struct Part {
    images_path: PathBuf,
    labels_path: PathBuf,
    images: Images,
}

impl Part {
    fn read(folder: &Path, part: &str) -> Result<Self, DataError> {
        let images_path = find(folder, part, Content::Images)?;
        let labels_path = find(folder, part, Content::Labels)?;
        let (sizes, pixels) = read(&images_path, Content::Images)?;
        let (_, labels) = read(&labels_path, Content::Labels)?;
        let [n_images, height, width] = sizes;
        if n_images != labels.len() {
            return Err(DataError::CountMismatch {
                images: images_path,
                n_images,
                labels: labels_path,
                n_labels: labels.len(),
            });
        }
        let images = Images {
            channels: 1,
            height,
            width,
            pixels,
            labels: labels.into_iter().map(u16::from).collect(),
        };
        Ok(Self {
            images_path,
            labels_path,
            images,
        })
    }

    fn size(&self) -> (usize, usize) {
        (self.images.height, self.images.width)
    }
}

/// What an idx file holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Content {
    Images,
    Labels,
}

impl Content {
    /// What it is called in messages and in file names.
    fn name(self) -> &'static str {
        match self {
            Self::Images => "images",
            Self::Labels => "labels",
        }
    }

    fn n_dimensions(self) -> usize {
        match self {
            Self::Images => 3,
            Self::Labels => 1,
        }
    }
}

/// The file of `part` under any name in use: `train-images-idx3-ubyte`, the same
/// with a dot before `idx3`, each also with `.gz`.
fn find(folder: &Path, part: &str, content: Content) -> Result<PathBuf, DataError> {
    let stem = |dot: char| {
        let (name, n) = (content.name(), content.n_dimensions());
        format!("{part}-{name}{dot}idx{n}-ubyte")
    };
    for dot in ['-', '.'] {
        for end in ["", ".gz"] {
            let path = folder.join(stem(dot) + end);
            if path.exists() {
                return Ok(path);
            }
        }
    }
    Err(DataError::MissingFile {
        folder: folder.into(),
        name: stem('-'),
        remedy: "with or without .gz, all four MNIST files are needed (`make data` fetches those of Fashion-MNIST)".into(),
    })
}

/// The type of values in the third byte of a file: unsigned bytes.
const UNSIGNED_BYTE: u8 = 8;

/// More than any such file holds; a header that asks for more is damaged.
const MAX_VALUES: u64 = 16 << 30;

/// Reads the file at `path`: number, height and width (1 and 1 for labels), and the
/// values.
fn read(path: &Path, content: Content) -> Result<([usize; 3], Vec<u8>), DataError> {
    let mut file = Source::open(path)?;

    let n = content.n_dimensions();
    let header_len = 4 + 4 * n as u64;
    let mut header = Vec::new();
    file.append(&mut header, header_len)?;
    let wrong = |found: String| {
        let (path, wanted) = (path.into(), content.name());
        Err(DataError::WrongKind {
            path,
            wanted,
            found,
        })
    };
    match header[..] {
        [] if !file.cut => return wrong("empty".into()),
        [0, 0, UNSIGNED_BYTE, dimensions, ..] if usize::from(dimensions) == n => {}
        [0, 0, UNSIGNED_BYTE, 3, ..] => return wrong("one of images".into()),
        [0, 0, UNSIGNED_BYTE, 1, ..] => return wrong("one of labels".into()),
        [0, 0, kind @ 8..=14, dimensions @ 1..=9, ..] => {
            return wrong(format!(
                "one of values of type {kind:02x} in {dimensions} dimensions"
            ));
        }
        [] | [0] | [0, 0] | [0, 0, UNSIGNED_BYTE] => {}
        _ => return wrong(format!("begins with the bytes {}", first_bytes(&header))),
    }
    if (header.len() as u64) < header_len {
        return Err(truncated(path, header_len, header.len() as u64));
    }

    let mut sizes = [1; 3];
    for (size, bytes) in sizes.iter_mut().zip(header[4..].chunks_exact(4)) {
        *size = bytes.iter().fold(0, |n, &b| (n << 8) | usize::from(b));
    }
    let [number, height, width] = sizes;
    let n_values = sizes
        .iter()
        .try_fold(1u64, |n, &size| n.checked_mul(size as u64))
        .filter(|n| (1..=MAX_VALUES).contains(n));
    let Some(n_values) = n_values else {
        let header = match content {
            Content::Images => format!("{number} images of {height}x{width} pixels"),
            Content::Labels => format!("{number} labels"),
        };
        let path = path.into();
        return Err(DataError::BadHeader { path, header });
    };

    // One byte more than there should be, to see whether the file ends there. Memory
    // grows with what is read, not with what the header promises.
    let mut values = Vec::new();
    file.append(&mut values, n_values + 1)?;
    let found = values.len() as u64;
    if found < n_values {
        return Err(truncated(path, header_len + n_values, header_len + found));
    }
    if found > n_values {
        let (path, expected) = (path.into(), header_len + n_values);
        return Err(DataError::TooLong { path, expected });
    }
    if file.cut {
        // All values are there, but not the sum that vouches for them.
        return Err(file.bad_gzip(io::ErrorKind::UnexpectedEof.into()));
    }
    Ok((sizes, values))
}

/// Up to this label, a class that never occurs is believed: small excerpts of the
/// ten classes of MNIST lack some.
const MAX_UNQUESTIONED_LABEL: usize = 9;

/// The number of classes: one more than the highest label. The files do not say it,
/// so a damaged label shows only as one beyond a gap.
fn count_classes(parts: &[&Part]) -> Result<usize, DataError> {
    let mut present = [false; 256];
    for part in parts {
        for &label in &part.images.labels {
            present[usize::from(label)] = true;
        }
    }
    let highest = present.iter().rposition(|&p| p).unwrap_or(0);
    let gap = present.iter().position(|&p| !p).unwrap_or(present.len());
    if highest > MAX_UNQUESTIONED_LABEL && gap < highest {
        let limit = gap.max(MAX_UNQUESTIONED_LABEL);
        for part in parts {
            for (index, &label) in part.images.labels.iter().enumerate() {
                if usize::from(label) > limit {
                    return Err(DataError::LabelOutOfRange {
                        path: part.labels_path.clone(),
                        label,
                        index,
                        reason: format!("labels run from 0 without gaps, and no image has {gap}"),
                    });
                }
            }
        }
    }
    Ok(highest + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;
    use tempfile::TempDir;

    /// A header and values.
    fn idx(sizes: &[u32], values: &[u8]) -> Vec<u8> {
        let mut file = vec![0, 0, 8, sizes.len() as u8];
        file.extend(sizes.iter().flat_map(|size| size.to_be_bytes()));
        file.extend(values);
        file
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    const TRAIN_IMAGES: &str = "train-images-idx3-ubyte";
    const TRAIN_LABELS: &str = "train-labels-idx1-ubyte";
    const TEST_IMAGES: &str = "t10k-images-idx3-ubyte";
    const TEST_LABELS: &str = "t10k-labels-idx1-ubyte";

    /// A folder with 3 training and 2 test images of 2x2 pixels, undamaged.
    fn folder() -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        let put =
            |name: &str, bytes: Vec<u8>| std::fs::write(folder.path().join(name), bytes).unwrap();
        put(
            TRAIN_IMAGES,
            idx(&[3, 2, 2], &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
        );
        put(TRAIN_LABELS, idx(&[3], &[2, 0, 1]));
        put(TEST_IMAGES, idx(&[2, 2, 2], &[0; 8]));
        put(TEST_LABELS, idx(&[2], &[1, 3]));
        folder
    }

    /// Loads the folder above with file `name` in place of the good one.
    fn load_with(name: &str, bytes: &[u8]) -> Result<Dataset, DataError> {
        let folder = folder();
        std::fs::write(folder.path().join(name), bytes).unwrap();
        load(folder.path())
    }

    /// Asserts what is said of file `name` when it holds `bytes`.
    #[track_caller]
    fn check(name: &str, bytes: &[u8], expected: &str) {
        let message = load_with(name, bytes).unwrap_err().to_string();
        let (file, rest) = message.split_once(": ").unwrap();
        assert!(file.ends_with(name), "{message}");
        // Other files are named by their folder, which differs from run to run.
        let words: Vec<&str> = rest
            .split(' ')
            .map(|word| word.rsplit('/').next().unwrap())
            .collect();
        assert_eq!(words.join(" "), expected);
    }

    #[test]
    fn the_four_files_become_a_data_set() {
        let data = load(folder().path()).unwrap();
        assert_eq!((data.classes, data.shape()), (4, [1, 2, 2]));
        assert_eq!((data.train.len(), data.test.len()), (3, 2));
        assert_eq!(data.train.get(1), Some((&[5, 6, 7, 8][..], 0)));
        assert_eq!(data.test.labels, [1, 3]);
    }

    #[test]
    fn gzip_and_other_names_make_no_difference() {
        let plain = load(folder().path()).unwrap();
        let folder = folder();
        for name in [TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS] {
            let path = folder.path().join(name);
            let bytes = gzip(&std::fs::read(&path).unwrap());
            std::fs::remove_file(path).unwrap();
            let other = match name {
                TRAIN_IMAGES => "train-images.idx3-ubyte".into(),
                TEST_LABELS => "t10k-labels.idx1-ubyte.gz".into(),
                _ => format!("{name}.gz"),
            };
            std::fs::write(folder.path().join(other), bytes).unwrap();
        }
        assert_eq!(load(folder.path()).unwrap().fingerprint, plain.fingerprint);
    }

    #[test]
    fn a_folder_that_is_not_one_is_said_so() {
        let folder = folder();
        let missing = folder.path().join("nowhere");
        let message = load(&missing).unwrap_err().to_string();
        assert!(
            message.contains("nowhere: no such file or folder; name the folder that"),
            "{message}"
        );
        let message = load(&folder.path().join(TRAIN_IMAGES))
            .unwrap_err()
            .to_string();
        assert!(message.contains("is a file; name the folder"), "{message}");
        std::fs::remove_file(folder.path().join(TEST_LABELS)).unwrap();
        let message = load(folder.path()).unwrap_err().to_string();
        assert!(
            message.contains("holds no file `t10k-labels-idx1-ubyte`; with or without .gz"),
            "{message}"
        );
        std::fs::create_dir(folder.path().join(TEST_LABELS)).unwrap();
        let message = load(folder.path()).unwrap_err().to_string();
        assert!(message.contains("cannot be read"), "{message}");
    }

    #[test]
    fn files_of_another_kind_are_named_by_what_they_are() {
        let wrong = |content: &str, found: &str| {
            format!("is not an idx file of {content}, but {found}; put the right file in its place")
        };
        check(TRAIN_IMAGES, b"", &wrong("images", "empty"));
        check(TRAIN_IMAGES, &gzip(b""), &wrong("images", "empty"));
        check(
            TRAIN_IMAGES,
            &idx(&[3], &[0; 3]),
            &wrong("images", "one of labels"),
        );
        check(
            TEST_LABELS,
            &idx(&[2, 2, 2], &[0; 8]),
            &wrong("labels", "one of images"),
        );
        check(
            TRAIN_IMAGES,
            &[0, 0, 0x0d, 3, 0, 0, 0, 1],
            &wrong("images", "one of values of type 0d in 3 dimensions"),
        );
        check(
            TRAIN_IMAGES,
            b"\x89PNG\r\n",
            &wrong("images", "begins with the bytes 89 50 4e 47 (`.PNG`)"),
        );
        check(
            TRAIN_LABELS,
            &gzip(b"<htm"),
            &wrong("labels", "begins with the bytes 3c 68 74 6d (`<htm`)"),
        );
        check(
            TRAIN_LABELS,
            b"x",
            &wrong("labels", "begins with the bytes 78 (`x`)"),
        );
    }

    #[test]
    fn files_cut_anywhere_are_refused() {
        let cut =
            |found: usize| format!("is cut short: {found} of 28 bytes are there; fetch it again");
        let good = idx(&[3, 2, 2], &[1; 12]);
        check(TRAIN_IMAGES, &good[..27], &cut(27));
        check(TRAIN_IMAGES, &good[..16], &cut(16));
        check(
            TRAIN_IMAGES,
            &good[..9],
            "is cut short: 9 of 16 bytes are there; fetch it again",
        );
        check(
            TRAIN_IMAGES,
            &good[..2],
            "is cut short: 2 of 16 bytes are there; fetch it again",
        );
        let packed = gzip(&good);
        for end in 2..packed.len() {
            let error = load_with(TRAIN_IMAGES, &packed[..end]).unwrap_err();
            assert!(
                matches!(
                    error,
                    DataError::Truncated { .. } | DataError::BadGzip { .. }
                ),
                "{end}: {error}"
            );
        }
    }

    #[test]
    fn every_flipped_byte_of_a_gzip_stream_is_noticed_or_harmless() {
        let bytes = gzip(&idx(&[3], &[2, 0, 1]));
        for position in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[position] ^= 0x41;
            if let Ok(data) = load_with(TRAIN_LABELS, &damaged) {
                assert_eq!(data.train.labels, [2, 0, 1], "{position}");
            }
        }
    }

    #[test]
    fn files_that_go_on_are_refused() {
        let long = idx(&[3], &[0; 4]);
        let expected = "goes on after the 11 bytes that it should have; fetch it again";
        check(TRAIN_LABELS, &long, expected);
        check(TRAIN_LABELS, &gzip(&long), expected);
    }

    #[test]
    fn a_header_of_the_impossible_is_refused_without_using_memory() {
        let said = |header: &str| {
            format!("its header says {header}, which cannot be right; fetch it again")
        };
        let most = u32::MAX;
        check(
            TRAIN_IMAGES,
            &idx(&[most, most, most], &[]),
            &said("4294967295 images of 4294967295x4294967295 pixels"),
        );
        check(
            TRAIN_IMAGES,
            &idx(&[0, 28, 28], &[]),
            &said("0 images of 28x28 pixels"),
        );
        check(
            TRAIN_IMAGES,
            &idx(&[3, 0, 28], &[]),
            &said("3 images of 0x28 pixels"),
        );
        check(TRAIN_LABELS, &idx(&[0], &[]), &said("0 labels"));
        check(
            TRAIN_LABELS,
            &idx(&[most], &[1, 2]),
            "is cut short: 10 of 4294967303 bytes are there; fetch it again",
        );
    }

    #[test]
    fn files_that_do_not_belong_together_are_refused() {
        check(
            TRAIN_LABELS,
            &idx(&[2], &[0, 1]),
            "holds 2 labels for the 3 images of train-images-idx3-ubyte; the two files do not belong together",
        );
        check(
            TEST_IMAGES,
            &idx(&[2, 1, 4], &[0; 8]),
            "its images are 1x4, and those of train-images-idx3-ubyte are 2x2; the two files do not belong together",
        );
    }

    #[test]
    fn labels_beyond_a_gap_are_out_of_range() {
        let reason = "labels run from 0 without gaps, and no image has 4; the file is damaged or of another data set";
        check(
            TRAIN_LABELS,
            &idx(&[3], &[2, 200, 0]),
            &format!("label 200 of image 1 is out of range: {reason}"),
        );
        check(
            TEST_LABELS,
            &idx(&[2], &[1, 10]),
            &format!(
                "label 10 of image 1 is out of range: {}",
                reason.replace('4', "3")
            ),
        );
        // An excerpt of ten classes.
        assert_eq!(
            load_with(TRAIN_LABELS, &idx(&[3], &[9, 0, 1]))
                .unwrap()
                .classes,
            10
        );
    }

    #[test]
    fn fashion_mnist_loads() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/fashion-mnist");
        if !folder.exists() {
            eprintln!("skipped: no data/fashion-mnist (`make data` fetches it)");
            return;
        }
        let data = load(&folder).unwrap();
        assert_eq!(data.name, "fashion-mnist");
        assert_eq!((data.classes, data.shape()), (10, [1, 28, 28]));
        assert_eq!((data.train.len(), data.test.len()), (60_000, 10_000));
        let mut counts = [0; 10];
        for &label in &data.train.labels {
            counts[usize::from(label)] += 1;
        }
        assert_eq!(counts, [6000; 10]);
        // The figures that the literature gives.
        assert!((data.mean[0] - 0.2860).abs() < 1e-4, "{:?}", data.mean);
        assert!((data.std[0] - 0.3530).abs() < 1e-4, "{:?}", data.std);
    }
}

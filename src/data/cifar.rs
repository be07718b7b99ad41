//! CIFAR-10 and CIFAR-100 in their binary versions, unpacked or as the archive that
//! is fetched.
//!
//! A file is a sequence of records: the label in one byte (CIFAR-100: the coarse and
//! the fine label in two), then red, green and blue of 32x32 pixels, row by row.

use super::error::DataError;
use super::file::{self, Source, truncated};
use super::{Dataset, Images};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// How a set is laid out in files.
pub(super) struct Layout {
    name: &'static str,
    archive: &'static str,
    /// The folder in the archive.
    folder: &'static str,
    /// The files, the one with test images last.
    files: &'static [&'static str],
    /// Records of a training file, and of the test file.
    records: [usize; 2],
    /// Bytes before the pixels; the last is the label.
    label_bytes: usize,
    classes: u16,
    /// A file of the version that only Python reads.
    python: &'static str,
}

/// CIFAR-10.
pub(super) const CIFAR_10: Layout = Layout {
    name: "CIFAR-10",
    archive: "cifar-10-binary.tar.gz",
    folder: "cifar-10-batches-bin",
    files: &[
        "data_batch_1.bin",
        "data_batch_2.bin",
        "data_batch_3.bin",
        "data_batch_4.bin",
        "data_batch_5.bin",
        "test_batch.bin",
    ],
    records: [10_000, 10_000],
    label_bytes: 1,
    classes: 10,
    python: "data_batch_1",
};

/// CIFAR-100, its fine labels.
pub(super) const CIFAR_100: Layout = Layout {
    name: "CIFAR-100",
    archive: "cifar-100-binary.tar.gz",
    folder: "cifar-100-binary",
    files: &["train.bin", "test.bin"],
    records: [50_000, 10_000],
    label_bytes: 2,
    classes: 100,
    python: "train",
};

const SIZE: usize = 32;
const CHANNELS: usize = 3;
const IMAGE_LEN: usize = CHANNELS * SIZE * SIZE;

const WANTED: &str = "the folder with the .bin files of the binary version, or its .tar.gz";

/// Loads the set from a folder with its files, from one that holds that folder or the
/// archive, or from the archive.
pub(super) fn load(path: &Path, layout: &Layout) -> Result<Dataset, DataError> {
    let found = if file::is_folder(path, WANTED)? {
        let first = |folder: &Path| folder.join(layout.files[0]).exists();
        let inner = path.join(layout.folder);
        let archive = path.join(layout.archive);
        if !first(path) && first(&inner) {
            unpacked(&inner, layout)?
        } else if !first(path) && archive.exists() {
            packed(&archive, layout)?
        } else {
            unpacked(path, layout)?
        }
    } else {
        packed(path, layout)?
    };
    let mut parts = [Images::empty(), Images::empty()];
    for (i, (path, bytes)) in found.iter().enumerate() {
        let is_test = usize::from(i + 1 == layout.files.len());
        append(path, bytes, layout, is_test, &mut parts[is_test])?;
    }
    let [train, test] = parts;
    let classes = usize::from(layout.classes);
    Ok(Dataset::new(file::name(path), classes, train, test))
}

impl Images {
    fn empty() -> Self {
        Self {
            channels: CHANNELS,
            height: SIZE,
            width: SIZE,
            pixels: Vec::new(),
            labels: Vec::new(),
        }
    }
}

/// The paths and bytes of the files, in the layout's order.
type Files = Vec<(PathBuf, Vec<u8>)>;

fn unpacked(folder: &Path, layout: &Layout) -> Result<Files, DataError> {
    let read = |name: &&str| {
        let path = folder.join(name);
        let bytes = File::open(&path).and_then(|file| layout.read(file));
        match bytes {
            Ok(bytes) => Ok((path, bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let python = folder.join(layout.python).exists();
                Err(layout.missing(folder, name, python))
            }
            Err(source) => Err(file::cannot_read(&path)(source)),
        }
    };
    layout.files.iter().map(read).collect()
}

fn packed(path: &Path, layout: &Layout) -> Result<Files, DataError> {
    let bad = |source| DataError::BadArchive {
        path: path.into(),
        source,
    };
    let mut archive = tar::Archive::new(Source::open(path)?.into_reader());
    let mut found: Vec<Option<(PathBuf, Vec<u8>)>> = vec![None; layout.files.len()];
    let mut python = false;
    for entry in archive.entries().map_err(bad)? {
        let entry = entry.map_err(bad)?;
        let inside = entry.path().map_err(bad)?.into_owned();
        let name = inside.file_name().unwrap_or_default();
        python |= name == layout.python;
        if let Some(i) = layout.files.iter().position(|file| name == *file) {
            found[i] = Some((path.join(inside), layout.read(entry).map_err(bad)?));
        }
    }
    // To the end, where the sum is that vouches for all before.
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(bad)?;
    let files = found.into_iter().zip(layout.files);
    files
        .map(|(file, name)| file.ok_or_else(|| layout.missing(path, name, python)))
        .collect()
}

impl Layout {
    fn record_len(&self) -> usize {
        self.label_bytes + IMAGE_LEN
    }

    /// The bytes of a file: one more than any should have shows that it is too long.
    fn read(&self, file: impl Read) -> io::Result<Vec<u8>> {
        let [train, test] = self.records;
        let mut bytes = Vec::new();
        let most = train.max(test) * self.record_len() + 1;
        file.take(most as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// `python`: whether the other version is there instead.
    fn missing(&self, place: &Path, name: &str, python: bool) -> DataError {
        let remedy = if python {
            format!(
                "it holds the Python version; fetch the binary version, {}",
                self.archive
            )
        } else if place.join("train").is_dir() {
            format!(
                "it looks like a folder of images: `images:{}`",
                place.display()
            )
        } else {
            let n = self.files.len();
            format!(
                "all {n} files of {} are needed, as {} has them",
                self.name, self.archive
            )
        };
        DataError::MissingFile {
            folder: place.into(),
            name: name.into(),
            remedy,
        }
    }
}

/// Appends the records of one file.
fn append(
    path: &Path,
    bytes: &[u8],
    layout: &Layout,
    is_test: usize,
    images: &mut Images,
) -> Result<(), DataError> {
    let expected = (layout.records[is_test] * layout.record_len()) as u64;
    let found = bytes.len() as u64;
    if found < expected {
        return Err(truncated(path, expected, found));
    }
    if found > expected {
        let path = path.into();
        return Err(DataError::TooLong { path, expected });
    }
    for (index, record) in bytes.chunks_exact(layout.record_len()).enumerate() {
        let (labels, pixels) = record.split_at(layout.label_bytes);
        let label = labels.last().copied().map_or(0, u16::from);
        if label >= layout.classes {
            let last = layout.classes - 1;
            return Err(DataError::LabelOutOfRange {
                path: path.into(),
                label,
                index,
                reason: format!("{} has labels from 0 to {last}", layout.name),
            });
        }
        images.labels.push(label);
        images.pixels.extend_from_slice(pixels);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use tempfile::TempDir;

    /// CIFAR-10 of 2 images a file, CIFAR-100 of 3 and 1.
    const TINY_10: Layout = Layout {
        records: [2, 2],
        ..CIFAR_10
    };
    const TINY_100: Layout = Layout {
        records: [3, 1],
        ..CIFAR_100
    };

    /// Records whose pixels tell file, record and channel apart.
    fn records(layout: &Layout, file: usize) -> Vec<u8> {
        let n = layout.records[usize::from(file + 1 == layout.files.len())];
        let mut bytes = Vec::new();
        for i in 0..n {
            bytes.resize(bytes.len() + layout.label_bytes - 1, 77);
            bytes.push(label(file, i) as u8);
            for channel in 0..3 {
                bytes.resize(bytes.len() + 1024, pixel(file, i, channel));
            }
        }
        bytes
    }

    fn label(file: usize, i: usize) -> u16 {
        ((3 * file + i) % 10) as u16
    }

    fn pixel(file: usize, i: usize, channel: usize) -> u8 {
        (30 * file + 10 * i + channel) as u8
    }

    fn folder(layout: &Layout) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (i, name) in layout.files.iter().enumerate() {
            std::fs::write(folder.path().join(name), records(layout, i)).unwrap();
        }
        folder
    }

    /// The archive as it is published, but in another order.
    fn archive(layout: &Layout) -> Vec<u8> {
        let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        let mut put = |name: &str, bytes: &[u8]| {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            tar.append_data(&mut header, Path::new(layout.folder).join(name), bytes)
                .unwrap();
        };
        put("readme.html", b"<html>");
        for (i, name) in layout.files.iter().enumerate().rev() {
            put(name, &records(layout, i));
        }
        tar.into_inner().unwrap().finish().unwrap()
    }

    #[test]
    fn folder_archive_and_what_holds_them_are_the_same_data() {
        for layout in [&TINY_10, &TINY_100] {
            let folder = folder(layout);
            let data = load(folder.path(), layout).unwrap();
            assert_eq!(data.shape(), [3, 32, 32]);
            assert_eq!(data.classes, usize::from(layout.classes));
            let n = layout.records[0];
            assert_eq!(data.train.len(), n * (layout.files.len() - 1));
            assert_eq!(data.test.len(), layout.records[1]);
            for i in 0..data.train.len() {
                let (pixels, class) = data.train.get(i).unwrap();
                assert_eq!(class, label(i / n, i % n));
                let expected = (0..3072).map(|at| pixel(i / n, i % n, at / 1024));
                assert!(pixels.iter().copied().eq(expected), "{i}");
            }
            let (pixels, class) = data.test.get(0).unwrap();
            let last = layout.files.len() - 1;
            assert_eq!((pixels[0], class), (pixel(last, 0, 0), label(last, 0)));

            let packed = tempfile::tempdir().unwrap();
            let path = packed.path().join(layout.archive);
            std::fs::write(&path, archive(layout)).unwrap();
            for place in [packed.path(), &path] {
                let same = load(place, layout).unwrap();
                assert_eq!(same.fingerprint, data.fingerprint);
            }
            let around = tempfile::tempdir().unwrap();
            std::fs::rename(folder.path(), around.path().join(layout.folder)).unwrap();
            let same = load(around.path(), layout).unwrap();
            assert_eq!(same.fingerprint, data.fingerprint);
        }
    }

    #[test]
    fn files_that_are_wrong_are_named_with_the_remedy() {
        let tiny = folder(&TINY_10);
        let said = |name: &str, bytes: &[u8]| {
            let path = tiny.path().join(name);
            let good = std::fs::read(&path).unwrap();
            std::fs::write(&path, bytes).unwrap();
            let message = load(tiny.path(), &TINY_10).unwrap_err().to_string();
            std::fs::write(&path, good).unwrap();
            let (file, rest) = message.split_once(": ").unwrap();
            assert_eq!(Path::new(file), path);
            rest.to_owned()
        };
        let mut bytes = records(&TINY_10, 2);
        assert_eq!(
            said("data_batch_3.bin", &bytes[..6145]),
            "is cut short: 6145 of 6146 bytes are there; fetch it again"
        );
        bytes[3073] = 10;
        assert_eq!(
            said("data_batch_3.bin", &bytes),
            "label 10 of image 1 is out of range: CIFAR-10 has labels from 0 to 9; the file is damaged or of another data set"
        );
        bytes[3073] = 9;
        bytes.push(0);
        assert_eq!(
            said("test_batch.bin", &bytes),
            "goes on after the 6146 bytes that it should have; fetch it again"
        );

        let folder = tiny.path();
        std::fs::remove_file(folder.join("data_batch_4.bin")).unwrap();
        let message = load(folder, &TINY_10).unwrap_err().to_string();
        let missing = "holds no file `data_batch_4.bin`; all 6 files of CIFAR-10 are needed, as cifar-10-binary.tar.gz has them";
        assert_eq!(message, format!("{}: {missing}", folder.display()));
        std::fs::create_dir(folder.join("train")).unwrap();
        let message = load(folder, &TINY_10).unwrap_err().to_string();
        let place = folder.display();
        assert_eq!(
            message,
            format!(
                "{place}: holds no file `data_batch_4.bin`; it looks like a folder of images: `images:{place}`"
            )
        );
        std::fs::write(folder.join("data_batch_1"), "").unwrap();
        let message = load(folder, &TINY_10).unwrap_err().to_string();
        assert!(message.ends_with("holds no file `data_batch_4.bin`; it holds the Python version; fetch the binary version, cifar-10-binary.tar.gz"), "{message}");
        let nowhere = load(&folder.join("x"), &TINY_10).unwrap_err().to_string();
        assert!(
            nowhere.ends_with("x: no such file or folder; name the folder with the .bin files of the binary version, or its .tar.gz"),
            "{nowhere}"
        );
    }

    #[test]
    fn damaged_archives_are_refused_or_were_not_damaged() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("c.tar.gz");
        let good = archive(&TINY_100);
        let fingerprint = load(folder(&TINY_100).path(), &TINY_100)
            .unwrap()
            .fingerprint;
        let step = 7;
        for at in (0..good.len()).step_by(step) {
            let mut damaged = good.clone();
            damaged[at] ^= 0x41;
            for bytes in [&damaged[..], &good[..at]] {
                std::fs::write(&path, bytes).unwrap();
                match load(&path, &TINY_100) {
                    Ok(data) => assert_eq!(data.fingerprint, fingerprint, "{at}"),
                    Err(error) => assert!(error.to_string().contains("c.tar.gz"), "{error}"),
                }
            }
        }
        std::fs::write(&path, "not an archive").unwrap();
        assert!(load(&path, &TINY_100).is_err());
    }

    #[test]
    fn published_cifar_10_loads() {
        let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/cifar10");
        if !place.exists() {
            eprintln!("skipped: no data/cifar10 with the binary version of CIFAR-10");
            return;
        }
        let data = load(&place, &CIFAR_10).unwrap();
        assert_eq!((data.train.len(), data.test.len()), (50_000, 10_000));
        // The figures that the literature gives.
        for (got, mean) in data.mean.iter().zip([0.4914, 0.4822, 0.4465]) {
            assert!((got - mean).abs() < 1e-4, "{:?}", data.mean);
        }
    }
}

//! What the loaders of all kinds share: reading files, and what is said of them.

use super::error::DataError;
use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

/// Checks that there is a folder at `path`; `wanted` says which it should be.
pub(super) fn check_folder(path: &Path, wanted: &'static str) -> Result<(), DataError> {
    if is_folder(path, wanted)? {
        return Ok(());
    }
    let path = path.into();
    Err(DataError::NotAFolder { path, wanted })
}

/// Whether there is a folder at `path`, and not a file.
pub(super) fn is_folder(path: &Path, wanted: &'static str) -> Result<bool, DataError> {
    match std::fs::metadata(path) {
        Ok(found) => Ok(found.is_dir()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let path = path.into();
            Err(DataError::NotFound { path, wanted })
        }
        Err(source) => Err(cannot_read(path)(source)),
    }
}

/// What is said when the operating system cannot read `path`.
pub(super) fn cannot_read(path: &Path) -> impl Fn(io::Error) -> DataError + '_ {
    |source| DataError::Io {
        path: path.into(),
        source,
    }
}

/// The name of the folder, for people.
pub(super) fn name(folder: &Path) -> String {
    let full = folder.canonicalize().unwrap_or_else(|_| folder.into());
    match folder.file_name().or(full.file_name()) {
        Some(name) => name.to_string_lossy().into_owned(),
        None => folder.display().to_string(),
    }
}

/// A file that ends too early; sizes in bytes.
pub(super) fn truncated(path: &Path, expected: u64, found: u64) -> DataError {
    DataError::Truncated {
        path: path.into(),
        expected,
        found,
    }
}

/// The first bytes of a file, in hexadecimal and as text.
pub(super) fn first_bytes(bytes: &[u8]) -> String {
    let first = &bytes[..bytes.len().min(4)];
    let numbers: Vec<String> = first.iter().map(|b| format!("{b:02x}")).collect();
    let printable = |&b: &u8| {
        if (b' '..=b'~').contains(&b) {
            b as char
        } else {
            '.'
        }
    };
    let text: String = first.iter().map(printable).collect();
    format!("{} (`{text}`)", numbers.join(" "))
}

/// The bytes of a file, unpacked where it is gzipped.
pub(super) struct Source<'a> {
    path: &'a Path,
    reader: Box<dyn Read>,
    gzip: bool,
    /// Whether a gzip stream ended before its end.
    pub(super) cut: bool,
}

impl<'a> Source<'a> {
    /// Opens the file. Whether it is gzipped is seen by its first bytes, not its name.
    pub(super) fn open(path: &'a Path) -> Result<Self, DataError> {
        let fail = cannot_read(path);
        let mut file = File::open(path).map_err(&fail)?;
        let mut magic = Vec::new();
        file.by_ref()
            .take(2)
            .read_to_end(&mut magic)
            .map_err(&fail)?;
        let gzip = magic == [0x1f, 0x8b];
        let bytes = io::Cursor::new(magic).chain(BufReader::new(file));
        let reader: Box<dyn Read> = if gzip {
            Box::new(MultiGzDecoder::new(bytes))
        } else {
            Box::new(bytes)
        };
        Ok(Self {
            path,
            reader,
            gzip,
            cut: false,
        })
    }

    /// Appends up to `n` bytes; fewer when the file ends.
    pub(super) fn append(&mut self, to: &mut Vec<u8>, n: u64) -> Result<(), DataError> {
        match self.reader.by_ref().take(n).read_to_end(to) {
            Ok(_) => Ok(()),
            Err(error) if self.gzip && error.kind() == io::ErrorKind::UnexpectedEof => {
                self.cut = true;
                Ok(())
            }
            Err(error)
                if self.gzip
                    && matches!(
                        error.kind(),
                        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData
                    ) =>
            {
                Err(self.bad_gzip(error))
            }
            Err(source) => Err(cannot_read(self.path)(source)),
        }
    }

    /// The bytes as a stream.
    pub(super) fn into_reader(self) -> Box<dyn Read> {
        self.reader
    }

    pub(super) fn bad_gzip(&self, source: io::Error) -> DataError {
        DataError::BadGzip {
            path: self.path.into(),
            source,
        }
    }
}

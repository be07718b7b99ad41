//! Bytes to lines and UTF-16 units, files to addresses, and back.
//!
//! A line ends with `\n`, `\r\n` or `\r`, as the protocol has it. A place inside a
//! character or behind the end of a line is moved to where it must be.

use std::ops::Range;
use std::path::{Path, PathBuf};

use lsp_types::{Position, Url};

/// A text with its lines.
#[derive(Clone, Debug)]
pub(super) struct Lines<'a> {
    text: &'a str,
    /// Where each begins.
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub fn of(text: &'a str) -> Self {
        let bytes = text.as_bytes();
        let ends = bytes.iter().enumerate().filter(|&(at, byte)| match byte {
            b'\n' => true,
            b'\r' => bytes.get(at + 1) != Some(&b'\n'),
            _ => false,
        });
        let starts = std::iter::once(0).chain(ends.map(|(at, _)| at + 1));
        Self {
            text,
            starts: starts.collect(),
        }
    }

    pub fn position(&self, offset: usize) -> Position {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.starts.partition_point(|start| *start <= offset) - 1;
        let start = self.starts.get(line).copied().unwrap_or(0);
        let before = self.text.get(start..offset).unwrap_or_default();
        Position::new(line as u32, before.encode_utf16().count() as u32)
    }

    pub fn range(&self, range: &Range<usize>) -> lsp_types::Range {
        lsp_types::Range::new(self.position(range.start), self.position(range.end))
    }

    pub fn offset(&self, position: Position) -> usize {
        let line = position.line as usize;
        let Some(&start) = self.starts.get(line) else {
            return self.text.len();
        };
        let end = self.starts.get(line + 1).copied();
        let whole = self.text.get(start..end.unwrap_or(self.text.len()));
        let line = whole.unwrap_or_default().trim_end_matches(['\n', '\r']);
        let mut left = position.character as usize;
        for (at, c) in line.char_indices() {
            if left < c.len_utf16() {
                return start + at;
            }
            left -= c.len_utf16();
        }
        start + line.len()
    }

    pub fn bytes(&self, range: lsp_types::Range) -> Range<usize> {
        self.offset(range.start)..self.offset(range.end)
    }
}

/// What the compiler calls the text of an address: the path of a file, or the address
/// itself, such as `untitled:1`.
pub(super) fn name_of(url: &Url) -> String {
    match path_of(url) {
        Some(path) => path.display().to_string(),
        None => url.to_string(),
    }
}

pub(super) fn path_of(url: &Url) -> Option<PathBuf> {
    (url.scheme() == "file").then(|| url.to_file_path().ok())?
}

/// The address of what the compiler calls by a name.
pub(super) fn url_of(name: &str) -> Option<Url> {
    let path = Path::new(name);
    if path.is_absolute() {
        return Url::from_file_path(path).ok();
    }
    Url::parse(name).ok()
}

#[cfg(test)]
mod tests {
    use super::Lines;
    use lsp_types::Position;

    #[test]
    fn columns_are_utf_16_units_and_lines_end_in_three_ways() {
        let text = "ä𝒳x\r\ny\rz\n\n𝒳";
        let lines = Lines::of(text);
        let check = |offset: usize, line: u32, character: u32| {
            let position = Position::new(line, character);
            assert_eq!(lines.position(offset), position, "at {offset}");
            assert_eq!(lines.offset(position), offset, "at {position:?}");
        };
        check(0, 0, 0);
        check("ä".len(), 0, 1);
        check("ä𝒳".len(), 0, 3);
        check("ä𝒳x".len(), 0, 4);
        check("ä𝒳x\r\n".len(), 1, 0);
        check("ä𝒳x\r\ny\r".len(), 2, 0);
        check("ä𝒳x\r\ny\rz\n".len(), 3, 0);
        check("ä𝒳x\r\ny\rz\n\n".len(), 4, 0);
        check(text.len(), 4, 2);
        // Inside a character, behind a line, behind the text.
        assert_eq!(lines.offset(Position::new(0, 2)), "ä".len());
        assert_eq!(lines.offset(Position::new(0, 99)), "ä𝒳x".len());
        assert_eq!(lines.offset(Position::new(1, 9)), "ä𝒳x\r\ny".len());
        assert_eq!(lines.offset(Position::new(9, 0)), text.len());
    }
}

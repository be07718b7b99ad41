//! A copy of the text with what was reported already taken out.

use std::borrow::Cow;
use std::ops::Range;

use super::token;

/// The text that the grammar reads.
///
/// Repairs never move a byte that stays: faults become blanks, a missing
/// bracket takes the place of a blank or comes after the end. So a place in the
/// repaired text is a place in the file.
pub(super) struct Repaired<'a> {
    original: &'a str,
    bytes: Option<Vec<u8>>,
    faults: Vec<usize>,
    /// Closing brackets, and the byte before which each is put.
    inserted: Vec<(usize, u8)>,
}

impl<'a> Repaired<'a> {
    pub fn new(original: &'a str) -> Self {
        Self {
            original,
            bytes: None,
            faults: Vec::new(),
            inserted: Vec::new(),
        }
    }

    /// Notes that something at `at` was reported: what the grammar finds odd
    /// nearby is most likely the same mistake.
    pub fn fault(&mut self, at: usize) {
        self.faults.push(at);
    }

    /// Replaces a range by blanks; its line breaks stay.
    pub fn blank(&mut self, range: Range<usize>) {
        for byte in self.bytes().get_mut(range).unwrap_or_default() {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
    }

    /// Puts a closing bracket right before byte `before`, in the place of a blank
    /// and behind the brackets put there before; false where no blank is left.
    pub fn insert(&mut self, before: usize, bracket: u8) -> bool {
        let here = (self.inserted.iter()).filter(|(place, _)| *place == before);
        let has_room = before >= self.original.len() || here.count() < self.blanks(before);
        if has_room {
            self.inserted.push((before, bracket));
        }
        has_room
    }

    /// Takes back such a bracket.
    pub fn take_back(&mut self, before: usize, bracket: u8) {
        let index = self
            .inserted
            .iter()
            .rposition(|&one| one == (before, bracket));
        index.map(|index| self.inserted.remove(index));
    }

    /// How many blanks stand right before byte `before` of the file.
    fn blanks(&self, before: usize) -> usize {
        let text = self.original.as_bytes().get(..before).unwrap_or_default();
        text.len() - text.trim_ascii_end().len()
    }

    /// Writes the inserted brackets into the text.
    fn write_inserted(&mut self) {
        // Those put at one place stand there in the order in which they came.
        self.inserted.sort_by_key(|&(place, _)| place);
        for group in std::mem::take(&mut self.inserted).chunk_by(|a, b| a.0 == b.0) {
            let marks = group.iter().map(|&(_, mark)| mark);
            let Some(&(before, _)) = group.first() else {
                continue;
            };
            let bytes = self.bytes();
            if before >= bytes.len() {
                // The file may end in a comment.
                bytes.push(b'\n');
                bytes.extend(marks);
                continue;
            }
            let start = before - group.len();
            for (byte, mark) in bytes.iter_mut().skip(start).zip(marks) {
                *byte = mark;
            }
            for at in start..before {
                if self.original.as_bytes().get(at) == Some(&b'\n') {
                    self.blank_comment_of_line(at);
                }
            }
        }
    }

    /// Takes out the comment that ends at `newline`, which is one no more.
    fn blank_comment_of_line(&mut self, newline: usize) {
        let original = self.original;
        let mut at = token::line_start(original, newline);
        while at < newline {
            let token = token::next(original, at);
            let skipped = at..token.start.min(newline);
            if original
                .get(skipped.clone())
                .is_some_and(|gap| gap.contains("//"))
            {
                self.blank(skipped);
                return;
            }
            at = token.end.max(at + 1);
        }
    }

    fn bytes(&mut self) -> &mut Vec<u8> {
        let original = self.original;
        self.bytes
            .get_or_insert_with(|| original.as_bytes().to_vec())
    }

    /// The finished text and the places of the faults, in order.
    pub fn finish(mut self) -> (Cow<'a, str>, Vec<usize>) {
        self.write_inserted();
        let mut faults = self.faults;
        faults.sort_unstable();
        let text = match self.bytes {
            None => Cow::Borrowed(self.original),
            Some(bytes) => match String::from_utf8(bytes) {
                Ok(text) => Cow::Owned(text),
                // Whole characters were replaced, so this cannot be; the text as
                // it was serves too.
                Err(_) => Cow::Borrowed(self.original),
            },
        };
        (text, faults)
    }
}

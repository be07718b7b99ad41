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
}

impl<'a> Repaired<'a> {
    pub fn new(original: &'a str) -> Self {
        Self {
            original,
            bytes: None,
            faults: Vec::new(),
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
        let original = self.original.as_bytes();
        let bytes = self.bytes();
        if before >= original.len() {
            if bytes.len() == original.len() {
                // The file may end in a comment.
                bytes.push(b'\n');
            }
            bytes.push(bracket);
            return true;
        }
        let mut run = before;
        while run > 0 && bytes.get(run - 1) != original.get(run - 1) {
            run -= 1;
        }
        let Some(at) = run.checked_sub(1) else {
            return false;
        };
        if !original.get(at).is_some_and(u8::is_ascii_whitespace) {
            return false;
        }
        bytes.copy_within(run..before, at);
        if let Some(byte) = bytes.get_mut(before - 1) {
            *byte = bracket;
        }
        if original.get(at) == Some(&b'\n') {
            self.blank_comment_of_line(at);
        }
        true
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
    pub fn finish(self) -> (Cow<'a, str>, Vec<usize>) {
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

//! Reads a text word by word and knows where it is.

use super::EncodingError;

/// The rest of a text. Words are names, numbers, strings in quotes and single
/// characters; blanks stand between them where one likes.
pub(super) struct Scan<'a> {
    rest: &'a str,
    /// How many characters stand before the rest.
    before: usize,
}

/// A word and its place, the number of its first character.
#[derive(Clone, Copy)]
pub(super) struct Word<'a> {
    pub text: &'a str,
    pub at: usize,
}

impl Word<'_> {
    /// The word is not what it must be.
    pub fn wrong(self, what: impl Into<String>) -> EncodingError {
        EncodingError::Text {
            at: self.at,
            what: what.into(),
        }
    }
}

impl<'a> Scan<'a> {
    pub fn new(text: &'a str) -> Self {
        Self {
            rest: text,
            before: 0,
        }
    }

    /// The next word; at the end of the text an empty one.
    pub fn peek(&self) -> Word<'a> {
        let rest = self.rest.trim_start();
        let is_name = |c: char| c.is_alphanumeric() || c == '_';
        let length = match rest.chars().next() {
            None => 0,
            Some(first) if is_name(first) => rest.find(|c| !is_name(c)).unwrap_or(rest.len()),
            Some(quote @ ('\'' | '"')) => match rest.get(1..).and_then(|rest| rest.find(quote)) {
                Some(inner) => inner + 2,
                None => rest.len(),
            },
            Some(first) => first.len_utf8(),
        };
        let (blanks, _) = self.rest.split_at(self.rest.len() - rest.len());
        Word {
            text: rest.get(..length).unwrap_or_default(),
            at: self.before + blanks.chars().count() + 1,
        }
    }

    /// Takes the next word.
    pub fn word(&mut self) -> Word<'a> {
        let word = self.peek();
        let rest = self.rest.trim_start();
        self.rest = rest.get(word.text.len()..).unwrap_or_default();
        self.before = word.at - 1 + word.text.chars().count();
        word
    }

    /// Whether only blanks are left.
    pub fn is_done(&self) -> bool {
        self.rest.trim_start().is_empty()
    }

    /// Takes the next word if it is this one.
    pub fn take(&mut self, wanted: &str) -> bool {
        let here = self.peek().text == wanted;
        if here {
            self.word();
        }
        here
    }

    /// Takes this word.
    pub fn expect(&mut self, wanted: &str) -> Result<(), EncodingError> {
        if self.take(wanted) {
            return Ok(());
        }
        Err(self.unexpected(&format!("`{wanted}`")))
    }

    /// Takes a whole number, which messages call `what`.
    pub fn number(&mut self, what: &str) -> Result<(u32, Word<'a>), EncodingError> {
        match self.peek().text.parse() {
            Ok(number) => Ok((number, self.word())),
            Err(_) => Err(self.unexpected(what)),
        }
    }

    /// Nothing may follow.
    pub fn end(&self) -> Result<(), EncodingError> {
        if self.is_done() {
            return Ok(());
        }
        Err(self.unexpected("the end"))
    }

    /// The next word is not what it must be.
    pub fn unexpected(&self, expected: &str) -> EncodingError {
        let word = self.peek();
        word.wrong(match word.text {
            "" => format!("the text ends, expected {expected}"),
            found => format!("found `{}`, expected {expected}", shortened(found)),
        })
    }
}

/// A word as a message shows it: a whole file may be one.
pub(super) fn shortened(word: &str) -> String {
    const LONGEST: usize = 40;
    match word.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}..", word.get(..end).unwrap_or_default()),
        None => word.to_owned(),
    }
}

//! Text as token ids: training, validation and test part, and their vocabulary.
//!
//! A word is what stands between white space; every line, an empty one too, ends
//! with `<eos>`. So Penn Treebank as it is published has 929,589, 73,760 and 82,430
//! tokens and a vocabulary of 10,000. Read by characters, every character of a line
//! is a token, blanks too.

use super::error::DataError;
use super::file;
use indexmap::{IndexMap, IndexSet};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// The token that ends a line.
const END: &str = "<eos>";

/// The token that stands for all that the vocabulary does not have.
const UNKNOWN: &str = "<unk>";

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// A word: what stands between white space.
    Word,
    /// A character.
    Char,
}

/// A text in three parts, ready to be trained on.
#[derive(Clone, Debug, PartialEq)]
pub struct Corpus {
    /// A name for people: that of the folder or file.
    pub name: String,
    /// What token ids stand for.
    pub vocabulary: Vocabulary,
    /// Trains the shared parameters; ids below the size of the vocabulary, as in
    /// the other parts.
    pub train: Vec<u32>,
    /// Rewards the controller.
    pub valid: Vec<u32>,
    /// Looked at once, at the end.
    pub test: Vec<u32>,
    /// SHA-256 of the vocabulary and all tokens, in hexadecimal.
    pub fingerprint: String,
}

/// The tokens of a training part, the most frequent first, those as frequent by
/// their text. It always has `<eos>` and `<unk>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vocabulary {
    tokens: IndexSet<String, foldhash::fast::FixedState>,
    unknown: u32,
}

/// A few words about a corpus, for people and for a run's configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CorpusSummary {
    /// See [`Corpus::name`].
    pub name: String,
    /// The size of the vocabulary.
    pub vocabulary: usize,
    /// The number of training tokens.
    pub train: usize,
    /// The number of validation tokens.
    pub valid: usize,
    /// The number of test tokens.
    pub test: usize,
    /// See [`Corpus::fingerprint`].
    pub fingerprint: String,
}

impl Corpus {
    /// What a run's configuration records of the data.
    #[must_use]
    pub fn summary(&self) -> CorpusSummary {
        CorpusSummary {
            name: self.name.clone(),
            vocabulary: self.vocabulary.len(),
            train: self.train.len(),
            valid: self.valid.len(),
            test: self.test.len(),
            fingerprint: self.fingerprint.clone(),
        }
    }

    /// A corpus of three texts, none empty.
    fn new(name: String, parts: [&str; 3], limit: Option<usize>, level: Level) -> Self {
        let [train, valid, test] = parts;
        let vocabulary = Vocabulary::new(train, limit, level);
        let [train, valid, test] = [train, valid, test].map(|text| vocabulary.ids(text, level));
        let mut hash = Sha256::new();
        hash.update((vocabulary.len() as u64).to_le_bytes());
        for token in &vocabulary.tokens {
            hash.update((token.len() as u64).to_le_bytes());
            hash.update(token);
        }
        for part in [&train, &valid, &test] {
            hash.update((part.len() as u64).to_le_bytes());
            for id in part {
                hash.update(id.to_le_bytes());
            }
        }
        Self {
            name,
            vocabulary,
            train,
            valid,
            test,
            fingerprint: format!("{:x}", hash.finalize()),
        }
    }
}

impl Vocabulary {
    /// The tokens of `text`; at most `limit` (at least 2), the most frequent ones.
    fn new(text: &str, limit: Option<usize>, level: Level) -> Self {
        let mut counts: IndexMap<&str, u64, foldhash::fast::FixedState> = IndexMap::default();
        for token in tokens(text, level) {
            *counts.entry(token).or_default() += 1;
        }
        let most_frequent_first = |counts: &mut Vec<(&str, u64)>| {
            counts.sort_unstable_by(|(a, n), (b, m)| m.cmp(n).then(a.cmp(b)));
        };
        let ends = counts.swap_remove(END).unwrap_or(0);
        let mut unknown = counts.swap_remove(UNKNOWN).unwrap_or(0);
        let mut counts: Vec<_> = counts.into_iter().collect();
        most_frequent_first(&mut counts);
        let kept = limit.map_or(counts.len(), |n| n.saturating_sub(2).min(counts.len()));
        unknown += counts.drain(kept..).map(|(_, n)| n).sum::<u64>();
        counts.extend([(END, ends), (UNKNOWN, unknown)]);
        // Again, since `<unk>` has the count of all that it stands for.
        most_frequent_first(&mut counts);
        let tokens: IndexSet<_, _> = counts.iter().map(|(token, _)| (*token).into()).collect();
        let unknown = tokens.get_index_of(UNKNOWN).unwrap_or(0) as u32;
        Self { tokens, unknown }
    }

    /// The number of tokens; ids are below.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Whether it has no tokens; never, in a loaded corpus.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// The id of a token; that of `<unk>` for one that it does not have.
    #[must_use]
    pub fn id(&self, token: &str) -> u32 {
        let id = self.tokens.get_index_of(token);
        id.map_or(self.unknown, |id| id as u32)
    }

    /// The text of the token with this id.
    #[must_use]
    pub fn token(&self, id: u32) -> Option<&str> {
        self.tokens.get_index(id as usize).map(String::as_str)
    }

    fn ids(&self, text: &str, level: Level) -> Vec<u32> {
        tokens(text, level).map(|token| self.id(token)).collect()
    }
}

/// The tokens of a text.
fn tokens(text: &str, level: Level) -> impl Iterator<Item = &str> {
    text.lines().flat_map(move |line| {
        let (words, characters) = match level {
            Level::Word => (line, ""),
            Level::Char => ("", line),
        };
        let characters = characters
            .char_indices()
            .map(|(at, character)| &line[at..at + character.len_utf8()]);
        words.split_whitespace().chain(characters).chain([END])
    })
}

const WANTED: &str = "a file of text, or a folder with train.txt, valid.txt and test.txt";

/// The names that files have before and behind `train`, `valid` and `test`: plain,
/// Penn Treebank's, those of `WikiText`.
const NAMES: [(&str, &str); 5] = [
    ("", ".txt"),
    ("ptb.", ".txt"),
    ("wiki.", ".tokens"),
    ("wiki.", ".raw"),
    ("wiki.", ".txt"),
];

/// Loads the three files of a folder, or one file that is parted in order: 90 % of
/// its lines train, 5 % validate, 5 % test.
pub(super) fn load(path: &Path, limit: Option<usize>, level: Level) -> Result<Corpus, DataError> {
    let name = file::name(path);
    if file::is_folder(path, WANTED)? {
        let [train, valid, test] = find(path)?;
        let texts = [read(&train)?, read(&valid)?, read(&test)?];
        let [train, valid, test] = &texts;
        Ok(Corpus::new(name, [train, valid, test], limit, level))
    } else {
        let text = read(path)?;
        let lines = text.lines().count();
        let (train, rest) = cut(&text, lines * 90 / 100);
        let (valid, test) = cut(rest, lines * 95 / 100 - lines * 90 / 100);
        let parts = [train, valid, test];
        if parts.iter().any(|part| part.is_empty()) {
            let path = path.into();
            return Err(DataError::TooFewLines { path, lines });
        }
        Ok(Corpus::new(name, parts, limit, level))
    }
}

/// Parts a text behind its first `n` lines.
fn cut(text: &str, n: usize) -> (&str, &str) {
    let at = text.split_inclusive('\n').take(n).map(str::len).sum();
    text.split_at(at)
}

/// The training, validation and test file of a folder.
fn find(folder: &Path) -> Result<[PathBuf; 3], DataError> {
    let missing = |name: String, remedy: &str| DataError::MissingFile {
        folder: folder.into(),
        name,
        remedy: remedy.into(),
    };
    for (before, behind) in NAMES {
        let path = |part: &str| folder.join(format!("{before}{part}{behind}"));
        if !path("train").exists() {
            continue;
        }
        let other = |part: &str| {
            let file = path(part);
            if file.exists() {
                return Ok(file);
            }
            let remedy = format!("it belongs beside `{before}train{behind}`");
            Err(missing(format!("{before}{part}{behind}"), &remedy))
        };
        let valid = other("valid").or_else(|error| other("val").map_err(|_| error))?;
        return Ok([path("train"), valid, other("test")?]);
    }
    let remedy = "three files are needed: train.txt, valid.txt and test.txt, or the same named as those of Penn Treebank (ptb.train.txt) or WikiText (wiki.train.tokens)";
    Err(missing("train.txt".into(), remedy))
}

/// Reads a file of text.
fn read(path: &Path) -> Result<String, DataError> {
    let text = std::fs::read(path).map_err(file::cannot_read(path))?;
    let text = String::from_utf8(text).map_err(|error| {
        let before = error
            .as_bytes()
            .split_at(error.utf8_error().valid_up_to())
            .0;
        DataError::NotUtf8 {
            path: path.into(),
            line: before.split(|&byte| byte == b'\n').count(),
        }
    })?;
    if text.trim().is_empty() {
        return Err(DataError::NoText { path: path.into() });
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    fn folder(files: [(&str, &str); 3]) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    fn words(corpus: &Corpus) -> Vec<&str> {
        let ids = 0..corpus.vocabulary.len() as u32;
        ids.map(|id| corpus.vocabulary.token(id).unwrap()).collect()
    }

    fn text_of(corpus: &Corpus, ids: &[u32]) -> String {
        let words = ids.iter().map(|&id| corpus.vocabulary.token(id).unwrap());
        words.collect::<Vec<_>>().join(" ")
    }

    const TRAIN: &str = "the cat\tsat \n\n the  dog sat\r\n the cow";

    #[test]
    fn three_files_become_a_corpus_under_every_name() {
        let mut fingerprints = Vec::new();
        for (train, valid, test) in [
            ("train.txt", "valid.txt", "test.txt"),
            ("train.txt", "val.txt", "test.txt"),
            ("ptb.train.txt", "ptb.valid.txt", "ptb.test.txt"),
            ("wiki.train.tokens", "wiki.valid.tokens", "wiki.test.tokens"),
        ] {
            let folder = folder([(train, TRAIN), (valid, "a cat sat"), (test, "dog\n")]);
            let corpus = load(folder.path(), None, Level::Word).unwrap();
            // 4 lines; 3 the; 2 sat; then by text.
            let expected = ["<eos>", "the", "sat", "cat", "cow", "dog", "<unk>"];
            assert_eq!(words(&corpus), expected);
            assert_eq!(
                text_of(&corpus, &corpus.train),
                "the cat sat <eos> <eos> the dog sat <eos> the cow <eos>"
            );
            assert_eq!(text_of(&corpus, &corpus.valid), "<unk> cat sat <eos>");
            assert_eq!(text_of(&corpus, &corpus.test), "dog <eos>");
            let summary = corpus.summary();
            assert_eq!(
                (summary.vocabulary, summary.train, summary.test),
                (7, 12, 2)
            );
            fingerprints.push(corpus.fingerprint);
        }
        fingerprints.dedup();
        assert_eq!(fingerprints.len(), 1);
    }

    #[test]
    fn a_limit_keeps_the_most_frequent_and_counts_the_rest_as_unknown() {
        let parts = [TRAIN, "cow", "the"];
        let corpus = Corpus::new(String::new(), parts, Some(4), Level::Word);
        // 4 lines; of cat, cow and dog, one each, and 2 sat, one is kept: sat. So
        // `<unk>` is had 3 times, as `the` is, and comes before it.
        assert_eq!(words(&corpus), ["<eos>", "<unk>", "the", "sat"]);
        assert_eq!(text_of(&corpus, &corpus.valid), "<unk> <eos>");
        let all = Corpus::new(String::new(), parts, Some(100), Level::Word);
        assert_eq!(all.vocabulary.len(), 7);
    }

    #[test]
    fn the_unknown_of_the_text_is_that_of_the_vocabulary() {
        let parts = ["<unk> a <unk> <unk>", "b", "a"];
        let corpus = Corpus::new(String::new(), parts, None, Level::Word);
        assert_eq!(words(&corpus), ["<unk>", "<eos>", "a"]);
        assert_eq!(corpus.valid, [0, 1]);
    }

    #[test]
    fn characters_are_tokens_with_blanks() {
        let corpus = Corpus::new(String::new(), ["aé a\nab", "é", "z"], None, Level::Char);
        assert_eq!(words(&corpus), ["a", "<eos>", " ", "b", "é", "<unk>"]);
        assert_eq!(text_of(&corpus, &corpus.train), "a é   a <eos> a b <eos>");
        assert_eq!(corpus.test, [5, 1]);
    }

    #[test]
    fn one_file_is_parted_by_lines() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("book.txt");
        let lines: Vec<String> = (0..40).map(|i| format!("{i}\n")).collect();
        let lines = lines.concat();
        std::fs::write(&path, &lines).unwrap();
        let corpus = load(&path, None, Level::Word).unwrap();
        assert_eq!(corpus.name, "book.txt");
        let sizes = [&corpus.train, &corpus.valid, &corpus.test].map(Vec::len);
        assert_eq!(sizes, [72, 4, 4]);
        assert!(text_of(&corpus, &corpus.train).ends_with("<eos> 35 <eos>"));
        std::fs::write(&path, &lines[..20]).unwrap();
        let message = load(&path, None, Level::Word).unwrap_err().to_string();
        assert!(message.ends_with("book.txt: 10 lines are too few to be parted into training, validation and test text; give at least 20, or a folder with three files"), "{message}");
    }

    #[test]
    fn what_is_wrong_is_said_with_the_file() {
        let texts = |train, valid| {
            let folder = folder([
                ("train.txt", train),
                ("valid.txt", valid),
                ("test.txt", "a"),
            ]);
            load(folder.path(), None, Level::Word)
                .unwrap_err()
                .to_string()
        };
        assert!(texts("a", " \n").ends_with("valid.txt: holds no text"));
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("x");
        let said = |path: &Path| load(path, None, Level::Word).unwrap_err().to_string();
        assert!(said(&path).ends_with("x: no such file or folder; name a file of text, or a folder with train.txt, valid.txt and test.txt"));
        assert!(said(place.path()).contains("holds no file `train.txt`; three files are needed"));
        std::fs::write(&path, b"a\nb\n\xff").unwrap();
        assert!(said(&path).ends_with("x: line 3 is not UTF-8; convert the file, or name another"));
        std::fs::write(place.path().join("ptb.train.txt"), "a").unwrap();
        assert!(
            said(place.path())
                .ends_with("holds no file `ptb.valid.txt`; it belongs beside `ptb.train.txt`")
        );
        std::fs::create_dir(place.path().join("ptb.valid.txt")).unwrap();
        std::fs::write(place.path().join("ptb.test.txt"), "a").unwrap();
        assert!(said(place.path()).contains("ptb.valid.txt: cannot be read"));
    }

    #[test]
    fn penn_treebank_has_the_published_sizes() {
        let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/ptb");
        if !place.exists() {
            eprintln!("skipped: no data/ptb with ptb.train.txt, ptb.valid.txt, ptb.test.txt");
            return;
        }
        let summary = load(&place, None, Level::Word).unwrap().summary();
        let sizes = [
            summary.vocabulary,
            summary.train,
            summary.valid,
            summary.test,
        ];
        assert_eq!(sizes, [10_000, 929_589, 73_760, 82_430]);
    }
}

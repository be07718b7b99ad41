//! A fuzzer of the front end: no text makes it panic, hang or use unbounded memory,
//! and what it says points into the text.
//!
//! `cargo test fuzz` tries a few hundred texts, always the same ones.
//! `FUZZ_SECONDS=3600 cargo test --release --no-default-features fuzz` goes on for an
//! hour, with another seed each time, or with `FUZZ_SEED`. A text that fails is made
//! shorter and saved in `target/tmp/fuzz`; `FUZZ_REPLAY=FILE cargo test fuzz` tries one
//! file again.
//!
//! The texts are what people wrote, changed a little ([`mutate`]), and programs that
//! mean something ([`generate`]). A text whose diagnostics were not seen together
//! before joins the texts to be changed, so that changes add up.

mod generate;
mod minimise;
mod mutate;
mod oracle;
mod watch;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::docs::blocks;
use crate::syntax::examples;

/// The texts that every run of the tests tries.
const TEXTS: usize = 300;

/// What one text may take. The step budget of the compiler is what a second is
/// enough for, in a release build; the tests of the project run without
/// optimisation, beside each other.
const LIMITS: watch::Limits = watch::Limits {
    time: Duration::from_secs(if cfg!(debug_assertions) { 60 } else { 5 }),
    memory: 1 << 30,
};

/// Texts longer than this are not changed further.
const LONGEST: usize = 20_000;

/// What people wrote: the shipped spaces, the examples of mistakes, the pages.
fn corpus() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts: Vec<String> = examples().into_iter().map(|(_, text)| text).collect();
    let mut open = vec![root.join("tests/ui"), root.join("docs")];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let extension = path.extension().unwrap_or_default();
            if path.is_dir() {
                open.push(path);
            } else if extension == "enas" {
                texts.push(std::fs::read_to_string(&path).unwrap());
            } else if extension == "md" {
                let page = std::fs::read_to_string(&path).unwrap();
                texts.extend(blocks(&page, "enas").into_iter().map(|(_, text)| text));
            }
        }
    }
    texts.retain(|text| text.len() <= LONGEST);
    // Whatever order the folders have.
    texts.sort();
    texts
}

/// One more text.
fn next(corpus: &[String], rng: &mut ChaCha8Rng) -> String {
    let text = match rng.random_range(0..4) {
        0 => generate::program(rng),
        _ => corpus.choose(rng).cloned().unwrap_or_default(),
    };
    match rng.random_range(0..8) {
        0 => text,
        n => mutate::mutate(text, n, corpus, rng),
    }
}

fn number(variable: &str) -> Option<u64> {
    let value = std::env::var(variable).ok()?;
    Some(value.parse().unwrap())
}

#[test]
fn no_text_makes_the_front_end_panic_or_hang() {
    let started = Instant::now();
    let time = number("FUZZ_SECONDS").map(Duration::from_secs);
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let seed = number("FUZZ_SEED").unwrap_or_else(|| time.map_or(0, |_| now().as_secs()));
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut corpus = corpus();
    let written = corpus.len();
    let mut seen = HashSet::new();
    let mut slowest = (Duration::ZERO, String::new());
    let mut tried = 0;
    while time.map_or(tried < TEXTS, |time| started.elapsed() < time) {
        let text = next(&corpus, &mut rng);
        tried += 1;
        let before = Instant::now();
        let signature = match watch::run(&text, LIMITS) {
            Ok(signature) => signature,
            Err(failure) => {
                let short = minimise::minimise(&text, &failure, LIMITS);
                let path = save(&short);
                let shown = short.get(..short.len().min(2_000)).unwrap_or_default();
                panic!(
                    "seed {seed}, text {tried}: {failure}\n{shown}\n\nFUZZ_REPLAY={} cargo test fuzz",
                    path.display()
                );
            }
        };
        if before.elapsed() > slowest.0 {
            slowest = (before.elapsed(), text.clone());
        }
        if seen.insert(signature) && text.len() <= LONGEST {
            corpus.push(text);
        }
    }
    if time.is_some() {
        let path = save(&slowest.1);
        println!(
            "seed {seed}: {tried} texts, {} kinds of answers, {} texts kept; the slowest took {:.2?}: {}",
            seen.len(),
            corpus.len() - written,
            slowest.0,
            path.display(),
        );
    }
}

/// Tries one file, in this process: the fuzzer runs it to make a text shorter.
#[test]
fn replay() {
    let Some(path) = std::env::var_os("FUZZ_REPLAY") else {
        return;
    };
    let text = std::fs::read_to_string(path).unwrap();
    println!("{}", oracle::check(&text));
}

/// Writes a text where it can be tried again.
fn save(text: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fuzz");
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(format!("{:016x}.enas", hash(text)));
    std::fs::write(&path, text).unwrap();
    path
}

/// A name for a text.
fn hash(text: &str) -> u64 {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

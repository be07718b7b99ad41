//! Makes a text that fails shorter, as long as it still fails in the same way.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::watch::{Failure, Limits, memory};
use crate::front_end_props::pieces;

/// How long one text is made shorter.
const TIME: Duration = Duration::from_secs(120);

pub fn minimise(text: &str, failure: &Failure, limits: Limits) -> String {
    let end = Instant::now() + TIME;
    let mut short = text.to_owned();
    for split in [lines, pieces] {
        loop {
            let before = short.len();
            short = without_parts(&short, split, end, &|candidate| {
                fails(candidate, failure, limits)
            });
            if short.len() == before {
                break;
            }
        }
    }
    short
}

fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// Leaves out runs of parts, from half of them down to one.
fn without_parts(
    text: &str,
    split: fn(&str) -> Vec<&str>,
    until: Instant,
    fails: &dyn Fn(&str) -> bool,
) -> String {
    let mut parts = split(text);
    let mut run = parts.len().div_ceil(2);
    while run > 0 {
        let mut at = 0;
        while at < parts.len() && Instant::now() < until {
            let end = (at + run).min(parts.len());
            let candidate = [&parts[..at], &parts[end..]].concat();
            if fails(&candidate.concat()) {
                parts = candidate;
            } else {
                at = end;
            }
        }
        run /= 2;
    }
    parts.concat()
}

/// Whether a text fails so, in a process of its own, which can be ended.
fn fails(text: &str, failure: &Failure, limits: Limits) -> bool {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fuzz-candidate.enas");
    std::fs::write(&path, text).unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["fuzz::replay", "--exact"])
        .env("FUZZ_REPLAY", &path)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return !status.success() && matches!(failure, Failure::Panic(_));
        }
        let large = memory(&child.id().to_string()) > limits.memory;
        if large || started.elapsed() > limits.time {
            child.kill().unwrap();
            child.wait().unwrap();
            return match failure {
                Failure::Large => large,
                Failure::Slow => !large,
                Failure::Panic(_) => false,
            };
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

//! Runs the check of a text on a thread of its own, and watches time and memory.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use super::oracle;

/// What one text may take.
#[derive(Clone, Copy)]
pub struct Limits {
    pub time: Duration,
    /// Bytes, beside what the process had before.
    pub memory: u64,
}

/// What went wrong.
#[derive(Debug, PartialEq, Eq)]
pub enum Failure {
    Panic(String),
    Slow,
    Large,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panic(message) => write!(f, "panic: {message}"),
            Self::Slow => f.write_str("takes too long"),
            Self::Large => f.write_str("takes too much memory"),
        }
    }
}

/// Checks a text; gives the signature of its answer. Where it takes too much the
/// thread is left behind: the caller is about to end.
pub fn run(text: &str, limits: Limits) -> Result<String, Failure> {
    let (sender, receiver) = channel();
    let text = text.to_owned();
    let worker = move || {
        let answer = catch_unwind(AssertUnwindSafe(|| oracle::check(&text)));
        // Nobody listens any more once this took too long.
        let _ = sender.send(answer);
    };
    let before = memory("self");
    let (started, before_it) = (Instant::now(), computed());
    std::thread::Builder::new()
        .stack_size(64 << 20)
        .spawn(worker)
        .unwrap();
    loop {
        match receiver.recv_timeout(Duration::from_millis(10)) {
            Ok(Ok(signature)) => return Ok(signature),
            Ok(Err(panic)) => {
                let message = panic
                    .downcast_ref::<String>()
                    .cloned()
                    .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
                return Err(Failure::Panic(message.unwrap_or_default()));
            }
            Err(RecvTimeoutError::Timeout) if is_slow(started.elapsed(), before_it, limits) => {
                return Err(Failure::Slow);
            }
            Err(RecvTimeoutError::Timeout) if memory("self") > before + limits.memory => {
                return Err(Failure::Large);
            }
            Err(_) => {}
        }
    }
}

/// The memory of a process that is in use, in bytes; 0 where the system does not say.
pub fn memory(process: &str) -> u64 {
    let pages = std::fs::read_to_string(format!("/proc/{process}/statm")).ok();
    let resident = pages.and_then(|pages| pages.split(' ').nth(1)?.parse::<u64>().ok());
    resident.unwrap_or(0) * 4096
}

/// Whether something took too long that began when the process had computed for
/// `before`. A machine that is busy with other things makes nothing slow, and what only
/// waits comes to an end too.
fn is_slow(elapsed: Duration, before: Option<Duration>, limits: Limits) -> bool {
    let computed = computed().zip(before).map(|(now, before)| now - before);
    computed.unwrap_or(elapsed).min(elapsed) > limits.time || elapsed > 20 * limits.time
}

/// For how long this process has computed; nothing where the system does not say.
fn computed() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program, in parentheses, may have blanks.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut ticks = fields.split_whitespace().skip(11);
    let mut next = || ticks.next()?.parse::<u64>().ok();
    // Ticks of the user and of the system, a hundred a second.
    Some(Duration::from_millis(10 * (next()? + next()?)))
}

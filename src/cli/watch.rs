//! `enasc watch`: a run in the terminal, until it ends.
//!
//! A frame is plain text, and the next one is written over it by two control sequences
//! that every terminal has: a library for full-screen programs would do no more here, and
//! would have to be told how to leave the terminal as it was.

use std::io::{IsTerminal as _, stdout};
use std::thread::sleep;
use std::time::Instant;

use terminal_size::{Height, Width, terminal_size};

use super::args::ColorArg;
use super::error::CliError;
use super::output::print_lines;
use super::run_args::WatchArgs;
use crate::report::{Facts, Look, State, frame};

/// Of what is no terminal.
const SIZE: (usize, usize) = (80, usize::MAX);

pub(super) fn run(args: &WatchArgs, color: ColorArg) -> Result<(), CliError> {
    let dumb = std::env::var_os("TERM").is_some_and(|name| name == "dumb");
    let terminal = stdout().is_terminal() && !dumb;
    let colour = match color {
        ColorArg::Always => true,
        ColorArg::Never => false,
        ColorArg::Auto => terminal && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()),
    };
    let mut facts = Facts::read(&args.run)?;
    let pace = Pace::new(&facts);
    let mut shown = 0;
    let mut epoch = None;
    loop {
        let over = args.once || facts.state != State::Running;
        // Where a frame cannot be written over, one an epoch is enough.
        if terminal || over || epoch != Some(facts.history.epoch) {
            epoch = Some(facts.history.epoch);
            let (width, height) = size(terminal && !args.once);
            let lines = frame(
                &facts,
                Look {
                    width: args.width.map_or(width, usize::from),
                    height,
                    colour,
                    pace: pace.now(&facts),
                },
            );
            show(&lines, if terminal { shown } else { 0 }, terminal || over)?;
            shown = lines.len();
        }
        if over {
            return Ok(());
        }
        sleep(args.every);
        facts.update()?;
    }
}

/// Columns and rows; one row stays for the prompt.
fn size(bounded: bool) -> (usize, usize) {
    let Some((Width(width), Height(height))) = terminal_size() else {
        return SIZE;
    };
    let height = if bounded {
        usize::from(height).saturating_sub(1)
    } else {
        SIZE.1
    };
    (usize::from(width), height)
}

/// Writes lines over the last so many.
fn show(lines: &[String], over: usize, last: bool) -> Result<(), CliError> {
    print_lines(|out| {
        if over > 0 {
            write!(out, "\x1b[{over}A\x1b[J")?;
        }
        for line in lines {
            writeln!(out, "{line}")?;
        }
        if last { Ok(()) } else { writeln!(out) }
    })
}

/// How fast steps are done, by a clock that nobody sets: of what was seen here alone.
struct Pace {
    start: Instant,
    step: u64,
}

impl Pace {
    /// Sooner, a pace says little.
    const LEAST: f64 = 5.0;

    fn new(facts: &Facts) -> Self {
        Self {
            start: Instant::now(),
            step: facts.history.step,
        }
    }

    /// Steps a second.
    fn now(&self, facts: &Facts) -> Option<f64> {
        let seconds = self.start.elapsed().as_secs_f64();
        let steps = facts.history.step.saturating_sub(self.step);
        (seconds >= Self::LEAST).then(|| steps as f64 / seconds)
    }
}

//! A run as lines of text, for a terminal.

use super::{Facts, State, state};
use crate::numbers::figure;
use crate::run::{Command, Point};

/// How a frame looks.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Columns; no line has more characters.
    pub width: usize,
    /// Rows; there are no more lines.
    pub height: usize,
    /// Whether what matters is bold or coloured.
    pub colour: bool,
    /// Steps a second, where that was measured.
    pub pace: Option<f64>,
}

/// The names of figures stand in so many columns, and their numbers in so many each.
const NAME: usize = 11;
const NUMBER: usize = 9;
/// No course is longer.
const COURSE: usize = 60;
/// So many architectures are listed.
const ARCHITECTURES: usize = 5;

/// What is to be seen of a run now, line by line.
#[must_use]
pub fn frame(facts: &Facts, look: Look) -> Vec<String> {
    let mut lines = head(facts, look);
    lines.extend(tested(facts));
    let curves: Vec<String> = figures(facts)
        .into_iter()
        .filter(|(_, points)| !points.is_empty())
        .map(|(name, points)| curve(name, points, look.width))
        .collect();
    if !curves.is_empty() {
        lines.push(String::new());
        lines.push("means of neighbouring steps, from the first to the last:".to_owned());
        lines.extend(curves);
    }
    let ranked = facts.ranked();
    if facts.info.command == Command::Search && !ranked.found.is_empty() {
        lines.push(String::new());
        lines.push(match ranked.at {
            Some(step) => format!(
                "best samples at step {step}, by {} on one minibatch",
                facts.measure()
            ),
            None => format!("best architectures, by {}", facts.measure()),
        });
        let best = ranked.found.iter().take(ARCHITECTURES);
        lines.extend(best.map(|found| format!("{:>NUMBER$}  {}", figure(found.value), found.line)));
    }
    lines.truncate(look.height.max(1));
    let cut = |line: &String| cut(line, look.width);
    let mut lines: Vec<String> = lines.iter().map(cut).collect();
    if look.colour {
        let end = "\x1b[0m";
        let colour = match facts.state {
            State::Running => "\x1b[1;36m",
            State::Stopped => "\x1b[1;33m",
            State::Finished => "\x1b[1;32m",
        };
        if let Some(first) = lines.first_mut() {
            *first = format!("{colour}{first}{end}");
        }
    }
    lines
}

/// What runs, how far it is, and how long it will take.
fn head(facts: &Facts, look: Look) -> Vec<String> {
    let what = match facts.info.command {
        Command::Search => "search of",
        Command::Train => "training of",
    };
    let mut lines = vec![format!(
        "{what} {}: {}",
        facts.info.space.name,
        state(facts)
    )];
    let (step, epoch) = (facts.history.step, facts.history.epoch);
    let epochs = format!("epoch {epoch}/{}", facts.epochs());
    let Some(total) = facts.history.total else {
        lines.push(epochs);
        return lines;
    };
    let share = if facts.state == State::Finished {
        1.0
    } else {
        step as f64 / total.max(1) as f64
    };
    let width = look.width.saturating_sub(epochs.len() + 12).min(40);
    let done = (share * width as f64).floor() as usize;
    lines.push(format!(
        "[{}{}] {:3.0} %  {epochs}",
        "#".repeat(done.min(width)),
        "-".repeat(width - done.min(width)),
        (100.0 * share).floor()
    ));
    if let Some(pace) = look
        .pace
        .filter(|pace| *pace > 0.0 && facts.state == State::Running)
    {
        let left = total.saturating_sub(step) as f64 / pace;
        lines.push(format!(
            "{} steps/s, {} left at this pace",
            figure(pace),
            duration(left)
        ));
    }
    lines
}

/// What a training came to on the test part.
fn tested(facts: &Facts) -> Option<String> {
    let done = facts.result.as_ref();
    let done = done.filter(|_| facts.state == State::Finished)?;
    let result = |name: &str| done.get(name)?.as_f64();
    let measure = facts.measure();
    let loss = result("loss").map(|loss| format!(", loss {}", figure(loss)));
    Some(format!(
        "test {measure} {}{}",
        figure(result(measure)?),
        loss.unwrap_or_default()
    ))
}

fn figures(facts: &Facts) -> Vec<(&'static str, &[Point])> {
    let of = |phase, name| facts.history.series(phase, name);
    let measure = facts.measure();
    let valid = format!("valid_{measure}");
    vec![
        ("loss", of("shared", "loss")),
        (measure, of("shared", measure)),
        ("validation", of("report", &valid)),
        ("reward", of("controller", "reward")),
        ("baseline", of("controller", "baseline")),
        ("entropy", of("controller", "entropy")),
        ("lr", of("shared", "lr")),
    ]
}

/// A figure with its first value, its course and its last.
fn curve(name: &str, points: &[Point], width: usize) -> String {
    let values = points.iter().map(|point| point.value);
    let finite: Vec<f64> = values.filter(|value| value.is_finite()).collect();
    let room = width.saturating_sub(NAME + 2 * NUMBER + 3).min(COURSE);
    let means = means(&finite, room.max(1));
    let number = |value: Option<&f64>| figure(value.copied().unwrap_or(f64::NAN));
    let (first, last) = (number(means.first()), number(means.last()));
    let course: String = spark(&means).chars().take(room).collect();
    format!("{name:NAME$}{first:>NUMBER$} {course:room$} {last}")
}

/// The means of neighbouring values, so many or as many as there are.
fn means(values: &[f64], n: usize) -> Vec<f64> {
    let n = n.min(values.len());
    let part = |i: usize| values.get(i * values.len() / n..(i + 1) * values.len() / n);
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len().max(1) as f64;
    (0..n).filter_map(part).map(mean).collect()
}

/// Values as a row of blocks, from the least to the greatest.
fn spark(values: &[f64]) -> String {
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let block = |value: &f64| {
        let share = if high > low {
            (value - low) / (high - low)
        } else {
            0.5
        };
        let place = (share * 7.0).round() as usize;
        BLOCKS.get(place).copied().unwrap_or('█')
    };
    values.iter().map(block).collect()
}

/// A line of no more characters than that; who reads it sees that it is cut.
fn cut(line: &str, width: usize) -> String {
    if line.chars().count() <= width {
        return line.to_owned();
    }
    let start: String = line.chars().take(width.saturating_sub(1)).collect();
    format!("{start}…")
}

/// A time in its two largest units.
fn duration(seconds: f64) -> String {
    let seconds = seconds.round() as u64;
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{minutes} min"),
        3600..86400 => format!("{hours} h {} min", minutes % 60),
        _ => format!("{days} d {} h", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn courses_are_means_from_the_least_to_the_greatest() {
        let values = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];
        assert_eq!(spark(&means(&values, 9)), "▁▂▃▄▅▆▇█");
        assert_eq!(means(&values, 3), [0.5, 3.0, 6.0]);
        assert_eq!(spark(&means(&[0.0, 0.0, 7.0, 7.0], 2)), "▁█");
        assert_eq!(spark(&[3.0, 3.0]), "▅▅");
        assert_eq!(spark(&means(&[], 9)), "");
    }

    #[test]
    fn times_have_two_units() {
        let words = [59.4, 61.0, 3725.0, 200_000.0].map(duration);
        assert_eq!(words, ["59 s", "1 min", "1 h 2 min", "2 d 7 h"]);
        assert_eq!(cut("abcdef", 4), "abc…");
    }
}

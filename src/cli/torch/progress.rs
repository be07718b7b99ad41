//! Progress on standard error: a bar on a terminal, plain lines otherwise, and for
//! programs what [`super::events`] tells.

use std::io::{IsTerminal, Write, stderr};
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};

use super::events::Events;
use crate::cli::console::{Console, Volume};
use crate::doctor::Bytes;
use crate::train::{Event, Observer, Phase, Step};

/// Shows the progress of a run.
pub(super) struct Progress {
    view: View,
    /// Epochs of the whole run.
    epochs: u64,
    total: u64,
    /// Of the epoch at hand: rewards of its updates, summed, and how many.
    rewards: (f64, u64),
    /// Of the policy, if there is one.
    entropy: Option<f64>,
    since: Instant,
    deriving: bool,
    /// Architectures whose scores were correlated.
    correlated: usize,
}

enum View {
    Quiet,
    /// Lines; parts of the run that were told, and how many parts it has.
    Lines(u64, u64),
    Bar(ProgressBar),
    Program(Events),
}

impl Progress {
    pub(super) fn new(console: Console, epochs: u64) -> Self {
        let view = match console.volume {
            Volume::Quiet => View::Quiet,
            _ if console.json => View::Program(Events::new(epochs)),
            Volume::Verbose => View::Lines(0, 100),
            Volume::Normal if stderr().is_terminal() => View::Bar(bar(0)),
            Volume::Normal => View::Lines(0, 20),
        };
        Self {
            view,
            epochs,
            total: 0,
            rewards: (0.0, 0),
            entropy: None,
            since: Instant::now(),
            deriving: false,
            correlated: 0,
        }
    }

    /// A line that stays.
    fn say(&self, line: &str) {
        match &self.view {
            View::Quiet | View::Program(_) => {}
            View::Bar(bar) if !bar.is_finished() => bar.println(line),
            _ => print(line),
        }
    }

    fn step(&mut self, step: Step, figures: &[(&'static str, f64)]) {
        let of = |name: &str| figures.iter().find(|(n, _)| *n == name).map(|(_, v)| *v);
        if let (Phase::Controller, Some(reward)) = (step.phase, of("reward")) {
            self.rewards.0 += reward;
            self.rewards.1 += 1;
            self.entropy = of("entropy");
        }
        let now = match step.phase {
            Phase::Shared => words(&[
                ("loss", of("loss")),
                ("accuracy", of("accuracy")),
                ("perplexity", of("perplexity")),
            ]),
            Phase::Controller => words(&[("reward", of("reward")), ("best", of("best"))]),
            Phase::Report => String::new(),
        };
        let place = format!("epoch {}/{}", step.epoch, self.epochs);
        let total = self.total.max(1);
        match &mut self.view {
            View::Bar(bar) => {
                bar.set_position(step.number);
                bar.set_message(format!("{place}  {} {now}", step.phase.name()));
            }
            View::Lines(told, parts) if step.number * *parts / total > *told => {
                *told = step.number * *parts / total;
                let percent = 100 * step.number / total;
                if step.phase != Phase::Report {
                    print(&format!(
                        "{percent:3} %  {place}  {} {now}",
                        step.phase.name()
                    ));
                }
            }
            _ => {}
        }
        if step.phase == Phase::Report {
            let (sum, n) = self.rewards;
            let trained = [
                ("train loss", of("train_loss")),
                ("accuracy", of("train_accuracy")),
                ("perplexity", of("train_perplexity")),
            ];
            let policy = [
                ("reward", (n > 0).then(|| sum / n as f64)),
                ("entropy", self.entropy.filter(|_| n > 0)),
            ];
            let valid = [
                ("samples", of("valid_accuracy")),
                ("samples", of("valid_perplexity")),
                ("best", of("valid_best")),
                ("rows looked up", of("rows")),
            ];
            let parts: Vec<String> = [words(&trained), words(&policy), words(&valid)]
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect();
            let seconds = self.since.elapsed().as_secs_f64();
            self.say(&format!("{place}  {}  ({seconds:.0} s)", parts.join(" | ")));
            self.rewards = (0.0, 0);
            self.since = Instant::now();
        }
    }
}

impl Observer for Progress {
    fn event(&mut self, event: &Event) {
        if let View::Program(events) = &mut self.view {
            events.event(event);
            return;
        }
        match *event {
            Event::Start { done, total } => {
                self.total = total;
                if done > 0 {
                    self.say(&format!("going on after step {done} of {total}"));
                }
                match &mut self.view {
                    View::Bar(bar) => {
                        bar.set_length(total);
                        bar.set_position(done);
                        bar.reset_eta();
                    }
                    View::Lines(told, parts) => *told = done * *parts / total.max(1),
                    View::Quiet | View::Program(_) => {}
                }
                self.since = Instant::now();
            }
            Event::Memory(bytes) => {
                self.say(&format!("memory: {} at least", Bytes(bytes)));
            }
            Event::Notice(text) => self.say(&format!("note: {text}")),
            Event::Step { step, figures } => self.step(step, figures),
            Event::Derive { done, total } => {
                if !self.deriving {
                    self.deriving = true;
                    self.say(&format!("scoring {total} different architectures"));
                }
                self.count("derive", done, total);
            }
            Event::Correlate { pair, of } => {
                self.correlated += 1;
                self.say(&format!(
                    "{}/{of}  shared {:.4}  retrained {:.4}  {}",
                    self.correlated, pair.shared, pair.retrained, pair.architecture
                ));
            }
            Event::Evaluate { done, total } if !self.deriving => {
                self.count("test", done, total);
            }
            _ => {}
        }
    }
}

impl Progress {
    /// Shows how far something is that is no step.
    fn count(&mut self, what: &'static str, done: usize, total: usize) {
        if let View::Bar(shown) = &mut self.view {
            shown.set_length(total as u64);
            shown.set_position(done as u64);
            shown.set_message(what);
            if done == total {
                shown.finish_and_clear();
                *shown = bar(0);
            }
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let View::Bar(bar) = &self.view {
            bar.finish_and_clear();
        }
    }
}

fn bar(total: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:24} {pos}/{len}  {wide_msg}  {eta} left");
    let bar = ProgressBar::new(total);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// `loss 0.512 accuracy 0.813`, of what there is.
fn words(figures: &[(&str, Option<f64>)]) -> String {
    figures
        .iter()
        .filter_map(|(name, value)| value.map(|value| format!("{name} {value:.3}")))
        .collect::<Vec<_>>()
        .join(" ")
}

fn print(line: &str) {
    // Who closed standard error does not want to read this.
    let _ = writeln!(stderr(), "{line}");
}

//! The steps of a run, numbered.
//!
//! A run is a line of steps. Their number alone says what each does, so a resumed
//! run needs no other position.

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Trains the shared weights ω on one minibatch (phase 1 of an epoch).
    Shared,
    /// Updates the policy θ once (phase 2 of an epoch).
    Controller,
    /// Looks at where the epoch led; trains nothing.
    Report,
}

impl Phase {
    /// Its name in the metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Shared => "shared",
            Self::Controller => "controller",
            Self::Report => "report",
        }
    }
}

/// One step of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its number in the run, from 1.
    pub number: u64,
    /// Its epoch, from 1.
    pub epoch: u64,
    /// What it does.
    pub phase: Phase,
    /// Its place in the phase of its epoch, from 0.
    pub index: u64,
    /// How many steps that phase has.
    pub of: u64,
}

impl Step {
    /// The epochs behind it, with the share of its phase that is done.
    #[must_use]
    pub fn progress(&self) -> f64 {
        (self.epoch - 1) as f64 + self.index as f64 / self.of.max(1) as f64
    }
}

/// All steps of a run. Every epoch ends with one report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeline {
    /// How many epochs there are.
    pub epochs: u64,
    /// Minibatches of the shared phase of an epoch.
    pub batches: u64,
    /// Updates of the policy in an epoch.
    pub updates: u64,
    /// How many epochs at the start have no updates.
    pub warmup: u64,
}

impl Timeline {
    /// How many steps there are in all.
    #[must_use]
    pub fn total(&self) -> u64 {
        let cold = self.warmup.min(self.epochs);
        self.epochs * (self.batches + 1) + (self.epochs - cold) * self.updates
    }

    /// The step that comes after `done` steps; `None` at the end.
    #[must_use]
    pub fn step(&self, done: u64) -> Option<Step> {
        if done >= self.total() {
            return None;
        }
        let short = self.batches + 1;
        let cold = self.warmup.min(self.epochs) * short;
        let (epoch, within, updates) = if done < cold {
            (done / short, done % short, 0)
        } else {
            let long = short + self.updates;
            let epoch = self.warmup + (done - cold) / long;
            (epoch, (done - cold) % long, self.updates)
        };
        let (phase, index, of) = if within < self.batches {
            (Phase::Shared, within, self.batches)
        } else if within < self.batches + updates {
            (Phase::Controller, within - self.batches, updates)
        } else {
            (Phase::Report, 0, 1)
        };
        Some(Step {
            number: done + 1,
            epoch: epoch + 1,
            phase,
            index,
            of,
        })
    }
}

impl Timeline {
    /// Whether an epoch is complete after `done` steps.
    #[must_use]
    pub fn ends_epoch(&self, done: u64) -> bool {
        let last = done.checked_sub(1).and_then(|before| self.step(before));
        last.is_some_and(|step| step.phase == Phase::Report)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(timeline: Timeline, expected: &str) {
        let letters: String = (0..)
            .map_while(|done| timeline.step(done))
            .enumerate()
            .map(|(i, step)| {
                assert_eq!(step.number, i as u64 + 1);
                assert!(step.index < step.of);
                match step.phase {
                    Phase::Shared => format!("s{}", step.epoch),
                    Phase::Controller => format!("c{}", step.epoch),
                    Phase::Report => format!("r{} ", step.epoch),
                }
            })
            .collect();
        assert_eq!(letters.trim_end(), expected);
        let steps = letters.matches(['s', 'c', 'r']).count();
        assert_eq!(timeline.total(), steps as u64);
    }

    #[test]
    fn epochs_are_shared_steps_updates_and_a_report() {
        let timeline = |epochs, batches, updates, warmup| Timeline {
            epochs,
            batches,
            updates,
            warmup,
        };
        check(timeline(2, 2, 1, 0), "s1s1c1r1 s2s2c2r2");
        check(timeline(3, 1, 2, 1), "s1r1 s2c2c2r2 s3c3c3r3");
        check(timeline(2, 1, 3, 2), "s1r1 s2r2");
        check(timeline(1, 1, 3, 9), "s1r1");
        check(timeline(2, 2, 0, 0), "s1s1r1 s2s2r2");
        check(timeline(0, 2, 2, 0), "");
    }
}

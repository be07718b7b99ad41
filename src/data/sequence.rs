//! From tokens to batches of a language model: rows, and windows that move along
//! them.
//!
//! A part of a corpus is cut into rows of equal length, which lie side by side as the
//! sequences of a batch; what is left over is dropped. Windows of `bptt` steps
//! (truncated backpropagation through time) follow each other along the rows, so that
//! a recurrent state can be carried from one to the next. The target of each token is
//! the one behind it.
//!
//! What is drawn at random depends on (seed, epoch, step) alone.

use super::batch::{Stream, rng};
use super::error::DataError;
use rand::Rng;

/// A stretch of every row: the inputs are its tokens, the targets those one further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The first input, counted from the start of a row.
    pub start: usize,
    /// The number of steps.
    pub len: usize,
}

/// Tokens as rows of equal length.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    tokens: &'a [u32],
    batch: usize,
    length: usize,
    bptt: usize,
}

impl<'a> Rows<'a> {
    /// Cuts `tokens` into `batch` rows, to be read in windows of `bptt` steps. To
    /// test as ENAS does: one row, one step; where the state is carried, longer windows
    /// give the same.
    ///
    /// # Errors
    ///
    /// When a row would be too short for one window, or a number is 0.
    pub fn new(tokens: &'a [u32], batch: usize, bptt: usize) -> Result<Self, DataError> {
        let length = tokens.len().checked_div(batch).unwrap_or(0);
        if bptt == 0 || length <= bptt {
            return Err(DataError::TooFewTokens {
                tokens: tokens.len(),
                rows: batch,
                bptt,
            });
        }
        Ok(Self {
            tokens,
            batch,
            length,
            bptt,
        })
    }

    /// The number of rows.
    #[must_use]
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// The tokens of a row; one more than it has targets.
    #[must_use]
    pub fn length(&self) -> usize {
        self.length
    }

    /// The windows of an epoch: all of `bptt` steps, at least one,
    /// `(length - 1) / bptt`. What is left at the end of the rows is not visited.
    #[must_use]
    pub fn windows(&self) -> Vec<Window> {
        let mut windows = self.all_windows();
        windows.retain(|window| window.len == self.bptt);
        windows
    }

    /// As [`Rows::windows`], with a last one that may be shorter: every target once.
    #[must_use]
    pub fn all_windows(&self) -> Vec<Window> {
        self.along(|| self.bptt)
    }

    /// Windows of random length that cover the rows, as in the corrected release of
    /// ENAS: about `bptt`, one in twenty about half of it, deviation 5, none beyond
    /// `bptt + 20`. A step on a window is to have its learning rate times
    /// `len / bptt`.
    #[must_use]
    pub fn random_windows(&self, seed: u64, epoch: u64) -> Vec<Window> {
        let mut rng = rng(seed, Stream::Windows, epoch, 0);
        self.along(|| {
            let bptt = self.bptt as f64;
            let base = if rng.random_bool(0.95) {
                bptt
            } else {
                bptt / 2.0
            };
            let length = base + 5.0 * truncated_normal(&mut rng);
            (length as usize).clamp(1, self.bptt + 20)
        })
    }

    /// One window of `bptt` steps at a random place: what a controller's step is
    /// rewarded on.
    #[must_use]
    pub fn reward_window(&self, seed: u64, epoch: u64, step: u64) -> Window {
        // As a 64-bit number, so that the draw is the same on every machine.
        let last = (self.length - 1 - self.bptt) as u64;
        let start = rng(seed, Stream::Reward, epoch, step).random_range(0..=last);
        Window {
            start: start as usize,
            len: self.bptt,
        }
    }

    /// Windows one behind the other to the end of the rows, as long as `length` says.
    fn along(&self, mut length: impl FnMut() -> usize) -> Vec<Window> {
        let mut windows = Vec::new();
        let mut start = 0;
        while start + 1 < self.length {
            let len = length().min(self.length - 1 - start);
            windows.push(Window { start, len });
            start += len;
        }
        windows
    }

    /// Writes the inputs and targets of a window, as libtorch wants indexes: row by
    /// row: `inputs[row * window.len + step]`. // (rows, steps)
    ///
    /// The window must be one of this value's.
    pub fn read(&self, window: Window, inputs: &mut Vec<i64>, targets: &mut Vec<i64>) {
        inputs.clear();
        targets.clear();
        for row in self.tokens.chunks_exact(self.length).take(self.batch) {
            let tokens = &row[window.start..=window.start + window.len];
            inputs.extend(tokens[..window.len].iter().map(|&id| i64::from(id)));
            targets.extend(tokens[1..].iter().map(|&id| i64::from(id)));
        }
    }
}

/// A normal number of deviation 1, those beyond 2 drawn anew.
fn truncated_normal(rng: &mut impl Rng) -> f64 {
    loop {
        // Uniform, kept as often as the normal density says.
        let x = rng.random_range(-2.0..2.0f64);
        if rng.random::<f64>() < (-x * x / 2.0).exp() {
            return x;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(n: u32) -> Vec<u32> {
        (0..n).collect()
    }

    #[test]
    fn rows_lie_side_by_side_and_targets_one_further() {
        let tokens = tokens(23);
        let rows = Rows::new(&tokens, 2, 4).unwrap();
        assert_eq!((rows.batch(), rows.length()), (2, 11));
        let window = |start, len| Window { start, len };
        assert_eq!(rows.windows(), [window(0, 4), window(4, 4)]);
        let all = [window(0, 4), window(4, 4), window(8, 2)];
        assert_eq!(rows.all_windows(), all);
        let (mut inputs, mut targets) = (vec![9], vec![9]);
        rows.read(window(4, 4), &mut inputs, &mut targets);
        assert_eq!(inputs, [4, 5, 6, 7, 15, 16, 17, 18]);
        assert_eq!(targets, [5, 6, 7, 8, 16, 17, 18, 19]);
        rows.read(all[2], &mut inputs, &mut targets);
        assert_eq!(targets, [9, 10, 20, 21]);
    }

    #[test]
    fn an_epoch_of_penn_treebank_has_the_published_number_of_windows() {
        let tokens = vec![0; 929_589];
        // (929,589 / 20 - 1) / 35
        let rows = Rows::new(&tokens, 20, 35).unwrap();
        assert_eq!(rows.windows().len(), 1327);
        let one = Rows::new(&tokens[..82_430], 1, 1).unwrap();
        assert_eq!(one.windows().len(), 82_429);
    }

    #[test]
    fn random_windows_follow_each_other_to_the_end() {
        let tokens = vec![0; 20 * 40_000];
        let rows = Rows::new(&tokens, 20, 35).unwrap();
        let windows = rows.random_windows(1, 2);
        assert_eq!(windows, rows.random_windows(1, 2));
        assert_ne!(windows, rows.random_windows(1, 3));
        assert_ne!(windows, rows.random_windows(2, 2));
        let mut end = 0;
        for window in &windows {
            assert_eq!(window.start, end);
            end += window.len;
        }
        assert_eq!(end, 39_999);
        let windows = &windows[..windows.len() - 1];
        assert!(windows.iter().all(|w| (7..45).contains(&w.len)));
        // Short ones are those about 17.5; long ones have the mean 34.5, since
        // lengths are rounded down, and the deviation 5 * 0.88 of the truncation.
        let (short, long): (Vec<f64>, Vec<f64>) = windows
            .iter()
            .map(|w| w.len as f64)
            .partition(|&l| l < 25.0);
        let share = short.len() as f64 / windows.len() as f64;
        assert!((0.03..0.07).contains(&share), "{share}");
        let mean = long.iter().sum::<f64>() / long.len() as f64;
        assert!((mean - 34.5).abs() < 0.6, "{mean}");
        let variance = long.iter().map(|l| (l - mean).powi(2)).sum::<f64>() / long.len() as f64;
        assert!((variance.sqrt() - 4.4).abs() < 0.4, "{variance}");
    }

    #[test]
    fn reward_windows_are_anywhere_in_the_rows() {
        let tokens = tokens(16);
        let rows = Rows::new(&tokens, 2, 5).unwrap();
        let starts = (0..200).map(|step| {
            let window = rows.reward_window(3, 0, step);
            assert_eq!(window, rows.reward_window(3, 0, step));
            assert_eq!(window.len, 5);
            window.start
        });
        let starts: std::collections::BTreeSet<_> = starts.collect();
        assert!(starts.into_iter().eq(0..=2));
        let (mut inputs, mut targets) = (vec![], vec![]);
        rows.read(Window { start: 2, len: 5 }, &mut inputs, &mut targets);
        assert_eq!(targets[4], 7);
    }

    #[test]
    fn too_few_tokens_are_said_so() {
        let tokens = tokens(71);
        assert!(Rows::new(&tokens, 2, 34).is_ok());
        assert_eq!(
            Rows::new(&tokens, 2, 35).unwrap_err().to_string(),
            "71 tokens are too few for 2 rows with windows of 35: at least 72 are needed; lower the batch or the window"
        );
        assert!(Rows::new(&tokens, 0, 1).is_err() && Rows::new(&tokens, 1, 0).is_err());
    }

    #[test]
    fn random_windows_stay_the_same_between_releases() {
        // A run that is resumed with a newer version must go on with the same draws.
        let tokens = tokens(200);
        let rows = Rows::new(&tokens, 1, 35).unwrap();
        let lens: Vec<_> = rows.random_windows(1, 0).iter().map(|w| w.len).collect();
        assert_eq!(lens, [32, 29, 30, 34, 29, 33, 12]);
        assert_eq!(rows.reward_window(1, 0, 0).start, 110);
    }
}

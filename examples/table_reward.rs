//! The controller alone: it searches a table in place of a network's weights.
//!
//! NAS-Bench-Macro lists the test accuracy on CIFAR-10 of every network of a
//! small space (8 layers of 3 operations, 6,561 networks). Here the policy
//! learns which layers are good from 20 looked-up accuracies an update, and is
//! compared with what it knew before: nothing.
//!
//! ```text
//! cargo run --release --example table_reward -- nas_bench_macro_cifar10.csv
//! ```

#![expect(clippy::print_stdout, reason = "it is a program that prints")]

use std::path::Path;

use enasc::controller::{Controller, ControllerConfig};
use enasc::decision::{self, Architecture, Choice, DecisionId, DecisionSpace};
use enasc::train::controller_phase::{Policy, PolicyConfig, PolicyError};
use enasc::{Options, compile};

/// The networks that the table lists, as far as the policy needs to know them.
const SPACE: &str = "
op mb(x: [c, h, w], expand: int, k: int) -> [c, h, w]
  = x |> conv(1, expand * c) |> bn |> relu |> depthwise(k) |> bn |> relu |> conv(1, c) |> bn

ops Layer = { identity, mb3_k3: mb(3, 3), mb6_k5: mb(6, 5) }

space nas_bench_macro(layers: int = 8) {
  input  x: [3, 32, 32]
  output y: [10]
  x = conv(x, 3, 32)
  for l in 0..layers { x = choose Layer(x) }
  y = x |> gap |> linear(10)
}
";

/// Updates of the policy, and samples of each.
const UPDATES: u64 = 1_000;
const SAMPLES: usize = 20;
/// Samples of the trained policy that are averaged.
const AFTER: usize = 2_000;

/// Accuracies in percent, by architecture.
pub(crate) struct Table {
    space: DecisionSpace,
    accuracies: Vec<f64>,
}

/// What one seed found, in percent.
pub(crate) struct Found {
    /// Mean accuracy of samples before training.
    pub(crate) before: f64,
    /// Mean accuracy of samples after training.
    pub(crate) after: f64,
    /// The best that was sampled during training.
    pub(crate) best: f64,
}

fn main() -> Result<(), String> {
    let path = std::env::args()
        .nth(1)
        .ok_or("usage: table_reward TABLE.csv")?;
    let table = Table::read(Path::new(&path))?;
    println!("seed  before   after    best");
    for seed in 0..5 {
        let found = search(&table, seed, UPDATES, &PolicyConfig::default())?;
        let Found {
            before,
            after,
            best,
        } = found;
        println!("{seed:>4}  {before:.3}  {after:.3}  {best:.3}");
    }
    Ok(())
}

/// Trains a policy on the table.
pub(crate) fn search(
    table: &Table,
    seed: u64,
    updates: u64,
    config: &PolicyConfig,
) -> Result<Found, String> {
    // One thread is quickest for tensors as small as the controller's.
    tch::set_num_threads(1);
    let plan = decision::plan(&table.space);
    let controller = Controller::new(plan, ControllerConfig::default(), seed, tch::Device::Cpu);
    let mut policy = Policy::new(controller, *config);
    let mean_of_samples = |policy: &Policy| {
        let _guard = tch::no_grad_guard();
        let sampled = policy
            .controller()
            .sample(AFTER, u64::MAX - seed)
            .architectures;
        sampled.iter().map(|a| table.accuracy(a)).sum::<f64>() / AFTER as f64
    };
    let before = mean_of_samples(&policy);
    let mut best = 0.0f64;
    for update in 0..updates {
        // A seed of its own for every update of every seed.
        let draws = seed * updates + update;
        let report = policy.update(SAMPLES, draws, &mut |architectures: &[Architecture]| {
            let share = |a| table.accuracy(a) / 100.0;
            Ok::<_, PolicyError>(architectures.iter().map(share).collect())
        });
        let report = report.map_err(|why| why.to_string())?;
        best = report
            .best
            .map_or(best, |(reward, _)| best.max(100.0 * reward));
    }
    Ok(Found {
        before,
        after: mean_of_samples(&policy),
        best,
    })
}

impl Table {
    /// Reads a table whose first column is the architecture, in a digit a layer
    /// the number of its operation, and whose second is its mean accuracy in
    /// percent.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path)
            .map_err(|why| format!("cannot read {}: {why}", path.display()))?;
        let compiled = compile("nas_bench_macro", SPACE, &Options::default());
        let space = compiled.spaces.into_iter().next();
        let space = space.ok_or("the space does not compile")?.decisions;
        let mut accuracies = vec![f64::NAN; 3usize.pow(space.points.len() as u32)];
        for (number, line) in text.lines().enumerate().skip(1) {
            let mut columns = line.split(',');
            let mut read = || {
                let index = usize::from_str_radix(columns.next()?, 3).ok()?;
                Some((index, columns.next()?.parse().ok()?))
            };
            let (index, accuracy) = read()
                .filter(|(index, _)| *index < accuracies.len())
                .ok_or_else(|| format!("line {} is no row of the table", number + 1))?;
            accuracies[index] = accuracy;
        }
        if accuracies.iter().any(|accuracy| accuracy.is_nan()) {
            return Err(format!("{} lacks architectures", path.display()));
        }
        Ok(Self { space, accuracies })
    }

    fn accuracy(&self, architecture: &Architecture) -> f64 {
        let digit = |(id, _): (DecisionId, _)| match architecture.get(id) {
            Some(Choice::One(option)) => *option as usize,
            _ => 0,
        };
        let decisions = self.space.iter().map(digit);
        self.accuracies[decisions.fold(0, |index, digit| 3 * index + digit)]
    }
}

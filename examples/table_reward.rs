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
use enasc::decision::{
    self, Architecture, Choice, DecisionId, DecisionPoint, DecisionSpace, Domain, Event, GuardId,
    Hints, OptionSource, TableId,
};
use enasc::span::Span;
use enasc::train::controller_phase::{Policy, PolicyConfig, PolicyError};

/// Updates of the policy, and samples of each.
const UPDATES: u64 = 1_000;
const SAMPLES: usize = 20;
/// The layers of a network, and the operations that each chooses from.
const LAYERS: u32 = 8;
const OPS: [&str; 3] = ["identity", "mb3_k3", "mb6_k5"];
/// Samples of the trained policy that are averaged.
const AFTER: usize = 2_000;

/// Accuracies in percent, by architecture.
pub struct Table {
    space: DecisionSpace,
    accuracies: Vec<f64>,
}

/// What one seed found, in percent.
pub struct Found {
    /// Mean accuracy of samples before training.
    pub before: f64,
    /// Mean accuracy of samples after training.
    pub after: f64,
    /// The best that was sampled during training.
    pub best: f64,
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
pub fn search(
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
    /// Reads a table whose first column is the architecture, a digit a layer,
    /// and whose second is its mean accuracy in percent.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path)
            .map_err(|why| format!("cannot read {}: {why}", path.display()))?;
        let mut accuracies = vec![f64::NAN; OPS.len().pow(LAYERS)];
        for (number, line) in text.lines().enumerate().skip(1) {
            let mut columns = line.split(',');
            let mut read = || {
                let index = usize::from_str_radix(columns.next()?, OPS.len() as u32).ok()?;
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
        let space = space();
        Ok(Self { space, accuracies })
    }

    fn accuracy(&self, architecture: &Architecture) -> f64 {
        let digit = |(id, _): (DecisionId, _)| match architecture.get(id) {
            Some(Choice::One(option)) => *option as usize,
            _ => 0,
        };
        let decisions = self.space.iter().map(digit);
        self.accuracies[decisions.fold(0, |index, digit| index * OPS.len() + digit)]
    }
}

/// The decisions of
///
/// ```text
/// ops Layer = { identity, mb3_k3, mb6_k5 }
/// for l in 0..8 { x = choose Layer(x) }
/// ```
// TO BE REPLACED: `enasc::compile` of a text like the one above gives this.
fn space() -> DecisionSpace {
    let mut space = DecisionSpace::default();
    space.tables.push(decision::Table {
        name: "Layer".to_owned(),
        size: OPS.len() as u32,
    });
    for layer in 0..LAYERS {
        space.points.push(DecisionPoint {
            path: format!("l={layer}.x"),
            domain: Domain::One {
                n: OPS.len() as u32,
            },
            options: OPS.map(str::to_owned).into(),
            active: GuardId::ALWAYS,
            source: OptionSource::Table(TableId(0)),
            hints: Hints::default(),
            span: Span::default(),
        });
        space.events.push(Event::Decide(DecisionId(layer)));
    }
    space
}

//! The controller alone, used as a library: a policy learns from rewards of one's own.
//!
//! NAS-Bench-Macro lists the test accuracy on CIFAR-10 of every network of a
//! small space (8 layers of 3 operations, 6,561 networks). Here the policy
//! learns which layers are good from 20 looked-up accuracies an update, and is
//! compared with what it knew before: nothing. (`enasc search --reward table:..` is the
//! command that does so for any table, with a run folder; see docs/strategies.md.)
//!
//! ```text
//! cargo run --release --example table_reward -- nas_bench_macro_cifar10.csv
//! ```

#![expect(clippy::print_stdout, reason = "it is a program that prints")]

use std::path::Path;

use enasc::controller::{Controller, ControllerConfig};
use enasc::decision::{self, Architecture};
use enasc::table::{Table, TableSpec};
use enasc::train::controller_phase::{Policy, PolicyConfig, PolicyError};
use enasc::{Options, SearchSpace, compile};

/// Updates of the policy, and samples of each.
const UPDATES: u64 = 1_000;
const SAMPLES: usize = 20;
/// Samples of the trained policy that are averaged.
const AFTER: usize = 2_000;

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
    let space = space()?;
    let table = table(Path::new(&path), &space)?;
    println!("seed  before   after    best");
    for seed in 0..5 {
        let found = search(&space, &table, seed, UPDATES, &PolicyConfig::default())?;
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
    space: &SearchSpace,
    table: &Table,
    seed: u64,
    updates: u64,
    config: &PolicyConfig,
) -> Result<Found, String> {
    // One thread is quickest for tensors as small as the controller's.
    tch::set_num_threads(1);
    let plan = decision::plan(&space.decisions);
    let controller = Controller::new(plan, ControllerConfig::default(), seed, tch::Device::Cpu);
    let mut policy = Policy::new(controller, *config);
    let mean_of_samples = |policy: &Policy| {
        let _guard = tch::no_grad_guard();
        let sampled = policy
            .controller()
            .sample(AFTER, u64::MAX - seed)
            .architectures;
        sampled.iter().map(|a| accuracy(table, a)).sum::<f64>() * 100.0 / AFTER as f64
    };
    let before = mean_of_samples(&policy);
    let mut best = 0.0f64;
    for update in 0..updates {
        // A seed of its own for every update of every seed.
        let draws = seed * updates + update;
        let report = policy.update(SAMPLES, draws, &mut |architectures: &[Architecture]| {
            let rewards = architectures.iter().map(|a| accuracy(table, a));
            Ok::<_, PolicyError>(rewards.collect())
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

/// The accuracy of an architecture; the table lists all.
fn accuracy(table: &Table, architecture: &Architecture) -> f64 {
    table.score(table.find(architecture).unwrap_or_default())
}

/// The space that the table is of.
pub(crate) fn space() -> Result<SearchSpace, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = "nasbench_macro.enas";
    let text = std::fs::read_to_string(root.join("spaces").join(file));
    let text = text.map_err(|why| format!("cannot read spaces/{file}: {why}"))?;
    let options = Options {
        folder: Some(root.join("spaces")),
        ..Options::default()
    };
    let space = compile(file, &text, &options).spaces.into_iter().next();
    space.ok_or_else(|| "the space does not compile".to_owned())
}

/// The table in a file, read by the map beside this example.
pub(crate) fn table<'a>(path: &Path, space: &'a SearchSpace) -> Result<Table<'a>, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let spec = TableSpec {
        path: path.to_owned(),
        map: Some(root.join("examples/tables/nasbench_macro.toml")),
        score: None,
    };
    Table::load(&spec, space).map_err(|why| why.to_string())
}

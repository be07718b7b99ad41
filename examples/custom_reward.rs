//! A reward of one's own: the policy learns networks of a certain cost.
//!
//! Any function from architectures to numbers can reward the policy. Here it is how near
//! the multiply-adds of a network are to a budget, which needs no training and no data.
//!
//! ```text
//! cargo run --release --example custom_reward
//! ```

#![expect(clippy::print_stdout, reason = "it is a program that prints")]

use enasc::controller::{Controller, ControllerConfig};
use enasc::decision::{self, Architecture};
use enasc::graph::{cost, select};
use enasc::train::controller_phase::{Policy, PolicyConfig, PolicyError};
use enasc::unroll::Settings;
use enasc::{Options, SearchSpace, compile};

/// Multiply-adds that a network should have.
const BUDGET: f64 = 100e6;
/// Updates of the policy, and samples of each.
const UPDATES: u64 = 300;
const SAMPLES: usize = 20;

/// The mean miss of samples, before and after training.
pub(crate) struct Found {
    pub(crate) before: f64,
    pub(crate) after: f64,
}

fn main() -> Result<(), String> {
    let Found { before, after } = search(&space()?, UPDATES)?;
    println!("samples miss the budget of {BUDGET:.0} multiply-adds");
    println!(
        "by {:.1} % before and {:.1} % after training",
        100.0 * before,
        100.0 * after
    );
    Ok(())
}

/// The macro space of the ENAS paper, half as deep.
pub(crate) fn space() -> Result<SearchSpace, String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("spaces");
    let text = std::fs::read_to_string(folder.join("enas_macro.enas"));
    let text = text.map_err(|why| format!("cannot read the space: {why}"))?;
    let options = Options {
        folder: Some(folder),
        settings: Settings(vec![("layers".to_owned(), "6".to_owned())]),
        ..Options::default()
    };
    let space = compile("enas_macro.enas", &text, &options)
        .spaces
        .into_iter()
        .next();
    space.ok_or_else(|| "the space does not compile".to_owned())
}

/// Trains a policy by the reward.
pub(crate) fn search(space: &SearchSpace, updates: u64) -> Result<Found, String> {
    // One thread is quickest for tensors as small as the controller's.
    tch::set_num_threads(1);
    let plan = decision::plan(&space.decisions);
    let controller = Controller::new(plan, ControllerConfig::default(), 0, tch::Device::Cpu);
    let mut policy = Policy::new(controller, PolicyConfig::default());
    let miss = |architecture: &Architecture| {
        let child = select(&space.graph, &space.decisions, architecture);
        (cost::child(&space.graph, &child).flops as f64 / BUDGET - 1.0).abs()
    };
    let mean_miss = |policy: &Policy| {
        let _guard = tch::no_grad_guard();
        let samples = policy.controller().sample(200, u64::MAX).architectures;
        samples.iter().map(miss).sum::<f64>() / samples.len() as f64
    };
    let before = mean_miss(&policy);
    for update in 0..updates {
        // The nearer to the budget the better.
        let mut reward = |architectures: &[Architecture]| {
            Ok::<_, PolicyError>(architectures.iter().map(|one| -miss(one)).collect())
        };
        let done = policy.update(SAMPLES, update, &mut reward);
        done.map_err(|why| why.to_string())?;
    }
    Ok(Found {
        before,
        after: mean_miss(&policy),
    })
}

//! The controller alone learns: its rewards come from a table.
#![cfg(feature = "torch")]

use std::path::PathBuf;

use enasc::SearchSpace;
use enasc::table::Table;
use enasc::train::controller_phase::PolicyConfig;

#[expect(dead_code, reason = "an example has a main")]
#[path = "../examples/table_reward.rs"]
mod table_reward;

/// The table, or why there is none to test with.
fn table(space: &SearchSpace) -> Result<Table<'_>, String> {
    let folder = std::env::var_os("ENASC_TABLE_DIR").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data/tabular"),
        PathBuf::from,
    );
    let path = folder.join("nas_bench_macro_cifar10.csv");
    if !path.is_file() {
        return Err(format!(
            "{} is not there (ENASC_TABLE_DIR names its folder)",
            path.display()
        ));
    }
    table_reward::table(&path, space)
}

/// Uniform samples have a mean of 90.25 %, the best network has 93.13 %. The
/// example trains for 1,000 updates; a quarter of them is enough.
#[test]
fn policy_learns_the_table_from_every_seed() {
    let space = table_reward::space().unwrap();
    let table = match table(&space) {
        Ok(table) => table,
        Err(why) => return eprintln!("skipped: {why}"),
    };
    for seed in 0..5 {
        let found = table_reward::search(&space, &table, seed, 250, &PolicyConfig::default());
        let table_reward::Found { before, after, .. } = found.unwrap();
        assert!(before < 90.6, "seed {seed}: {before:.3} % before training");
        assert!(after >= 92.6, "seed {seed}: {after:.3} % after training");
    }
}

//! The programs in examples/ do what they say.

#[expect(dead_code, reason = "an example has a main")]
#[path = "../examples/explore.rs"]
mod explore;

#[cfg(feature = "torch")]
#[expect(dead_code, reason = "an example has a main")]
#[path = "../examples/custom_reward.rs"]
mod custom_reward;

#[cfg(feature = "torch")]
#[expect(dead_code, reason = "an example has a main")]
#[path = "../examples/embed_search.rs"]
mod embed_search;

#[test]
fn a_space_is_counted_sampled_and_measured() {
    let text = explore::explore(&explore::space().unwrap()).unwrap();
    // 3^4 operations and 4! ways to connect them, but for what has too many parameters.
    assert!(text.starts_with("1824 architectures\n"), "{text}");
    assert_eq!(text.matches(" multiply-adds, ").count(), 3, "{text}");
    assert!(text.contains("=mix"), "{text}");
}

#[cfg(feature = "torch")]
#[test]
fn a_reward_of_ones_own_is_learnt() {
    let found = custom_reward::search(&custom_reward::space().unwrap(), 100).unwrap();
    assert!(
        found.after < 0.7 * found.before,
        "{} {}",
        found.before,
        found.after
    );
}

#[cfg(feature = "torch")]
#[test]
fn a_search_inside_a_program_leaves_a_run_that_the_commands_read() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let small = [
        ("shared.batch", "500"),
        ("controller.warmup_epochs", "0"),
        ("controller.updates", "2"),
        ("controller.samples", "2"),
        ("derive.samples", "2"),
        ("derive.compare", "2"),
        ("derive.examples", "100"),
    ];
    let (space, best) = embed_search::embedded(&run, &small).unwrap();
    let again = std::process::Command::new(env!("CARGO_BIN_EXE_enasc"))
        .args([
            "derive",
            run.to_str().unwrap(),
            "--device",
            "cpu",
            "--threads",
            "1",
        ])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&again.stderr);
    assert!(again.status.success(), "{said}");
    let written = std::fs::read_to_string(run.join("best.json")).unwrap();
    let written = enasc::decision::Architecture::parse(&written, &space.decisions, &space.name);
    assert_eq!(written.unwrap(), best);
}

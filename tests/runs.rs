//! Runs of the real binary that are killed, and go on as if nothing had been.
#![cfg(all(feature = "torch", unix))]

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rand::{Rng, SeedableRng};

const EVENTS: &str = "events.out.tfevents.enasc";

/// Starts a command that makes a run in `out`, quietly.
fn start(arguments: &str, data: &str, out: &Path, resume: bool) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_enasc"));
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command
        .args(arguments.split_whitespace())
        .args(["--data", data]);
    command.args("--seed 3 --device cpu --threads 1 --quiet".split_whitespace());
    command.arg("--out").arg(out);
    if resume {
        command.arg("--resume");
    }
    command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Starts a small search in `out`.
fn search(out: &Path, resume: bool) -> Child {
    let arguments = "search spaces/tiny.enas --epochs 2 --with shared.batch=100 \
                     --with controller.updates=10 --with run.checkpoint_steps=7 --tensorboard";
    start(arguments, "synthetic", out, resume)
}

#[track_caller]
fn finish(child: Child) {
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
}

/// A run that is never killed, and several that are killed on the way and go on, give
/// the same bytes.
fn survives(rounds: u64, files: &[&str], begin: &dyn Fn(&Path, bool) -> Child) {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    let began = std::time::Instant::now();
    finish(begin(&whole, false));
    let length = began.elapsed();

    // Which moments is no matter; what comes of them is always the same.
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(u64::from(std::process::id()));
    for round in 0..rounds {
        let killed = folder.path().join(format!("killed-{round}"));
        let mut n_kills = 0;
        for kill in 0..4 {
            let mut child = begin(&killed, killed.exists());
            if kill == 0 {
                // However fast the machine is now: this one is in the middle.
                while !killed.join("metrics.jsonl").exists() && child.try_wait().unwrap().is_none()
                {
                    std::thread::sleep(Duration::from_millis(1));
                }
            } else {
                std::thread::sleep(length.mul_f64(rng.random_range(0.05..0.9)));
            }
            if child.try_wait().unwrap().is_none() {
                child.kill().unwrap(); // SIGKILL: nothing can be saved
                n_kills += 1;
            }
            child.wait().unwrap();
        }
        finish(begin(&killed, killed.exists()));
        for name in files {
            assert_eq!(
                fs::read(killed.join(name)).unwrap(),
                fs::read(whole.join(name)).unwrap(),
                "{name} after {n_kills} kills"
            );
        }
        assert!(n_kills > 0, "nothing was killed");
    }
}

#[test]
fn a_search_killed_at_random_moments_gives_the_same_bytes() {
    let files = ["metrics.jsonl", "best.json", "config.json", EVENTS];
    survives(3, &files, &search);
}

/// The spaces of the paper, with what each has of its own: skips, statistics of the
/// batch and dropout in rewards, states that go on from window to window.
#[test]
fn the_three_searches_killed_at_random_moments_give_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = folder.path().join("corpus.txt");
    let words = ["a", "quick", "brown", "fox", "jumps", "over", "it"];
    let line = |i: usize| (0..12).map(move |j| words[(i * i + j * (i % 3 + 1)) % words.len()]);
    let text: Vec<String> = (0..400)
        .map(|i| line(i).collect::<Vec<_>>().join(" "))
        .collect();
    fs::write(&corpus, text.join("\n")).unwrap();
    let corpus = format!("text:{}", corpus.display());

    let images = "--set width=4 --set ch=1 --set size=12 --set classes=4";
    let common = "--epochs 2 --with run.checkpoint_steps=3 --with controller.warmup_epochs=0 \
                  --with controller.updates=3 \
                  --with controller.samples=3 --with derive.samples=3 --with derive.compare=3";
    for (space, data, more) in [
        (
            "enas_macro",
            "synthetic",
            format!("{images} --set layers=3 --with shared.batch=200"),
        ),
        (
            "enas_micro",
            "synthetic",
            format!(
                "{images} --set layers=1 --with shared.batch=400 --with controller.reward_dropout=true"
            ),
        ),
        (
            "enas_rnn",
            &corpus,
            "--set n=3 --set width=8 --set vocab=9 --with shared.batch=4".to_owned(),
        ),
    ] {
        let arguments = format!("search spaces/{space}.enas {more} {common}");
        let files = ["metrics.jsonl", "best.json", "config.json"];
        survives(1, &files, &|out, resume| {
            start(&arguments, data, out, resume)
        });
    }
}

/// With paths that are dropped more and more, and the auxiliary head.
#[test]
fn a_training_killed_at_random_moments_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let space = "spaces/enas_micro_final.enas --set width=4 --set ch=1 --set size=12 \
                 --set classes=4 --set layers=1";
    let sample = Command::new(env!("CARGO_BIN_EXE_enasc"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(format!("sample {space} --seed 5").split_whitespace())
        .output()
        .unwrap();
    let architecture = folder.path().join("architecture");
    fs::write(&architecture, sample.stdout).unwrap();
    let arguments = format!(
        "train {space} --arch {} --epochs 2 --with run.checkpoint_steps=3 --with retrain.batch=200 \
         --with retrain.model.drop_path=0.4 --with retrain.model.drop_path_grows=true",
        architecture.display()
    );
    let files = ["metrics.jsonl", "result.json", "config.json"];
    survives(1, &files, &|out, resume| {
        start(&arguments, "synthetic", out, resume)
    });
}

#[test]
fn the_command_on_the_page_of_a_run_makes_it_again() {
    let folder = tempfile::tempdir().unwrap();
    let [first, again] = ["a run", "again"].map(|name| folder.path().join(name));
    finish(search(&first, false));
    let page = Command::new(env!("CARGO_BIN_EXE_enasc"))
        .arg("report")
        .arg(&first)
        .output()
        .unwrap();
    let page = String::from_utf8(page.stdout).unwrap();
    // What the policy prefers was counted on the way.
    assert!(
        page.contains("among 200 architectures") && page.contains("aria-label=\"h[2].skips: 0: ")
    );
    let (_, command) = page.split_once("<pre><code>enasc ").unwrap();
    let (command, _) = command.split_once("</code>").unwrap();
    let shell = format!("{} {command} --quiet", env!("CARGO_BIN_EXE_enasc"));
    let output = Command::new("sh")
        .args(["-c", &shell.replace("AGAIN", again.to_str().unwrap())])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    for name in ["metrics.jsonl", "best.json"] {
        let read = |run: &Path| fs::read(run.join(name)).unwrap();
        assert_eq!(read(&first), read(&again), "{name}");
    }
    // Not asked for this time.
    assert!(first.join(EVENTS).exists() && !again.join(EVENTS).exists());
}

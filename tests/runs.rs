//! Runs of the real binary that are killed, and go on as if nothing had been.
#![cfg(all(feature = "torch", unix))]

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rand::{Rng, SeedableRng};

const EVENTS: &str = "events.out.tfevents.enasc";

/// Starts a small search in `out`, quietly.
fn search(out: &Path, resume: bool) -> Child {
    let space = Path::new(env!("CARGO_MANIFEST_DIR")).join("spaces/tiny.enas");
    let mut command = Command::new(env!("CARGO_BIN_EXE_enasc"));
    command.arg("search").arg(space).arg("--out").arg(out);
    command.args(
        "--data synthetic --epochs 2 --seed 3 --device cpu --threads 1 --quiet \
         --with shared.batch=100 --with controller.updates=10 --with run.checkpoint_steps=7 --tensorboard"
            .split_whitespace(),
    );
    if resume {
        command.arg("--resume");
    }
    command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[track_caller]
fn finish(child: Child) {
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
}

#[test]
fn a_search_killed_at_random_moments_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    let start = std::time::Instant::now();
    finish(search(&whole, false));
    let length = start.elapsed();

    // Which moments is no matter; what comes of them is always the same.
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(u64::from(std::process::id()));
    for round in 0..3 {
        let killed = folder.path().join(format!("killed-{round}"));
        let mut n_kills = 0;
        for kill in 0..4 {
            let mut child = search(&killed, killed.exists());
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
        finish(search(&killed, killed.exists()));
        for name in ["metrics.jsonl", "best.json", "config.json", EVENTS] {
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

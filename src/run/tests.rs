//! Tests of the run folder: atomic writes, checkpoints, locks, metrics.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use serde_json::json;
use tempfile::TempDir;

use super::*;

fn info() -> RunInfo {
    RunInfo {
        command: Command::Search,
        version: "0".to_owned(),
        space: SpaceInfo {
            file: "s.enas".to_owned(),
            name: "s".to_owned(),
            set: vec!["n=2".to_owned()],
            decisions: "d".to_owned(),
            graph: "g".to_owned(),
        },
        data: DataInfo {
            source: "mnist:here".to_owned(),
            name: "mnist".to_owned(),
            fingerprint: "f".to_owned(),
            normalisation: None,
        },
        inherited: None,
        machine: None,
    }
}

fn recipe() -> Recipe<'static> {
    Recipe {
        info: info(),
        config: json!({"epochs": 3, "run": {"seed": 1, "checkpoint_steps": 10}}),
        source: "space s {}",
        modules: &[],
        architecture: None,
    }
}

fn temporary() -> TempDir {
    TempDir::new().unwrap()
}

fn save(run: &Run, step: u64, content: &str) {
    run.save_checkpoint(step, &json!({"note": content}), &mut |path| {
        write_atomic(path, content.as_bytes())
    })
    .unwrap();
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_run_is_created_once_and_resumed_with_the_same_recipe() {
    let folder = temporary();
    let path = folder.path().join("new/run");
    drop(Run::create(&path, &recipe()).unwrap());
    assert_eq!(
        names(&path),
        ["config.json", "lock", "run.json", "space.enas"]
    );
    let again = Run::create(&path, &recipe()).unwrap_err().to_string();
    assert!(again.contains("--resume goes on with it"), "{again}");
    let run = Run::resume(&path, &recipe()).unwrap();
    assert_eq!(run.info().unwrap(), info());
}

#[test]
fn a_folder_with_other_files_is_left_alone() {
    let folder = temporary();
    fs::write(folder.path().join("thesis.tex"), "x").unwrap();
    let error = Run::create(folder.path(), &recipe()).unwrap_err();
    assert!(matches!(error, RunError::NotEmpty(_)), "{error}");
    assert_eq!(names(folder.path()), ["thesis.tex"]);
    let file = folder.path().join("thesis.tex");
    assert!(Run::create(&file, &recipe()).is_err());
}

#[test]
fn what_a_kill_leaves_before_run_json_is_no_run() {
    let folder = temporary();
    let path = folder.path();
    drop(Run::create(path, &recipe()).unwrap());
    fs::remove_file(path.join(name::RUN)).unwrap();
    fs::write(path.join(".run.json.unfinished"), "{\"sch").unwrap();
    assert!(matches!(Run::open(path), Err(RunError::NoRun(_))));
    drop(Run::resume(path, &recipe()).unwrap());
    assert!(path.join(name::RUN).exists());
}

#[test]
fn a_run_has_one_writer() {
    let folder = temporary();
    let run = Run::create(folder.path(), &recipe()).unwrap();
    let message = Run::resume(folder.path(), &recipe())
        .unwrap_err()
        .to_string();
    let process = format!("in use by another process ({})", std::process::id());
    assert!(message.contains(&process), "{message}");
    drop(run);
    Run::open(folder.path()).unwrap();
}

#[test]
fn another_recipe_is_refused_with_what_differs() {
    let folder = temporary();
    drop(Run::create(folder.path(), &recipe()).unwrap());
    let refused = |change: &dyn Fn(&mut Recipe)| {
        let mut other = recipe();
        change(&mut other);
        Run::resume(folder.path(), &other).unwrap_err().to_string()
    };
    let says = |message: String, part: &str| assert!(message.contains(part), "{message}");
    says(
        refused(&|r| r.config = json!({"epochs": 4, "run": {"seed": 1, "checkpoint_steps": 10}})),
        "its config.json has epochs = 3 where 4 is asked for",
    );
    says(
        refused(&|r| r.config = json!({"epochs": 3, "run": {"seed": 2, "checkpoint_steps": 10}})),
        "run.seed = 1 where 2",
    );
    says(
        refused(&|r| {
            r.info.space.set = vec!["n=3".to_owned()];
            r.info.space.decisions = "e".to_owned();
        }),
        "the space `s` with --set n=2, not on `s` with --set n=3",
    );
    says(
        refused(&|r| r.info.space.graph = "h".to_owned()),
        "is not the one that it was started with",
    );
    says(
        refused(&|r| r.info.data.fingerprint = "g".to_owned()),
        "the data mnist:here is not the mnist:here",
    );
    says(
        refused(&|r| r.info.command = Command::Train),
        "it is a search, not a training",
    );
    // What does not change the result may differ.
    let mut other = recipe();
    other.config = json!({"epochs": 3, "run": {"seed": 1, "checkpoint_steps": 7}});
    other.info.space.file = "moved.enas".to_owned();
    other.info.machine = Some(MachineInfo {
        libtorch: None,
        device: "cuda".to_owned(),
        gpu: None,
        threads: 8,
    });
    Run::resume(folder.path(), &other).unwrap();
}

#[test]
fn another_schema_version_is_refused() {
    let folder = temporary();
    drop(Run::create(folder.path(), &recipe()).unwrap());
    let path = folder.path().join(name::CONFIG);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("\"schema\": 1", "\"schema\": 9")).unwrap();
    let message = Run::resume(folder.path(), &recipe())
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("config.json has schema version 9"),
        "{message}"
    );
}

#[test]
fn the_last_two_checkpoints_are_kept() {
    let folder = temporary();
    let run = Run::create(folder.path(), &recipe()).unwrap();
    assert!(run.last_checkpoint().unwrap().is_none());
    for step in [5, 10, 20] {
        save(&run, step, &format!("at {step}"));
    }
    let kept = names(folder.path());
    assert_eq!(kept[..2], ["checkpoint-00000010", "checkpoint-00000020"]);
    let last = run.last_checkpoint().unwrap().unwrap();
    assert_eq!((last.step, &last.damaged), (20, &vec![]));
    assert_eq!(last.state, json!({"note": "at 20"}));
    assert_eq!(fs::read_to_string(last.tensors).unwrap(), "at 20");
}

#[test]
fn the_same_step_may_be_saved_again() {
    let folder = temporary();
    let run = Run::create(folder.path(), &recipe()).unwrap();
    save(&run, 5, "first");
    save(&run, 5, "second");
    let last = run.last_checkpoint().unwrap().unwrap();
    assert_eq!(fs::read_to_string(last.tensors).unwrap(), "second");
}

/// What is said of it, and what is done to a checkpoint.
type Damage<'a> = (&'a str, &'a dyn Fn(&Path));

#[test]
fn damage_is_found_and_the_checkpoint_before_is_used() {
    let damages: [Damage; 5] = [
        ("tensors.safetensors has 3 bytes, 5 were written", &|c| {
            fs::write(c.join("tensors.safetensors"), "at ").unwrap();
        }),
        ("tensors.safetensors is not what was written", &|c| {
            fs::write(c.join("tensors.safetensors"), "at 21").unwrap();
        }),
        ("state.json", &|c| {
            fs::remove_file(c.join("state.json")).unwrap();
        }),
        ("manifest.json", &|c| {
            fs::write(c.join("manifest.json"), "{\"fi").unwrap();
        }),
        ("manifest.json", &|c| {
            fs::remove_file(c.join("manifest.json")).unwrap();
        }),
    ];
    for (says, damage) in damages {
        let folder = temporary();
        let run = Run::create(folder.path(), &recipe()).unwrap();
        save(&run, 10, "at 10");
        save(&run, 20, "at 20");
        damage(&folder.path().join("checkpoint-00000020"));
        let last = run.last_checkpoint().unwrap().unwrap();
        assert_eq!(last.step, 10);
        assert_eq!(last.damaged.len(), 1);
        let told = last.damaged[0].to_string();
        assert!(told.contains(says) && told.contains("-00000020"), "{told}");
        // It is kept for a look, and is in nobody's way.
        assert!(folder.path().join("damaged-checkpoint-00000020").is_dir());
        save(&run, 20, "at 20");
        assert_eq!(run.last_checkpoint().unwrap().unwrap().step, 20);
    }
}

#[test]
fn without_a_good_checkpoint_all_damaged_ones_are_named() {
    let folder = temporary();
    let run = Run::create(folder.path(), &recipe()).unwrap();
    for step in [10, 20] {
        save(&run, step, "whole");
        let tensors = format!("checkpoint-{step:08}/tensors.safetensors");
        fs::write(run.path(&tensors), "").unwrap();
    }
    let message = run.last_checkpoint().unwrap_err().to_string();
    assert!(
        message.contains("checkpoint-00000020: tensors"),
        "{message}"
    );
    assert!(
        message.contains("checkpoint-00000010: tensors"),
        "{message}"
    );
}

#[test]
fn a_checkpoint_that_was_being_written_does_not_count() {
    let folder = temporary();
    let run = Run::create(folder.path(), &recipe()).unwrap();
    save(&run, 10, "at 10");
    let torn = run.path(".checkpoint-00000020.unfinished");
    fs::create_dir(&torn).unwrap();
    fs::write(torn.join("tensors.safetensors"), "a").unwrap();
    drop(run);
    let run = Run::open(folder.path()).unwrap();
    assert_eq!(run.last_checkpoint().unwrap().unwrap().step, 10);
    assert!(!torn.exists());
    // One that fails leaves nothing and harms nothing.
    let failed = run.save_checkpoint(20, &json!({}), &mut |path| {
        fs::write(path, "a").unwrap();
        Err(RunError::write(
            path,
            std::io::ErrorKind::StorageFull.into(),
        ))
    });
    let message = failed.unwrap_err().to_string();
    assert!(
        message.contains("make room and go on with --resume"),
        "{message}"
    );
    assert_eq!(run.last_checkpoint().unwrap().unwrap().step, 10);
    assert!(!torn.exists());
}

#[test]
fn metrics_are_cut_back_to_the_checkpoint() {
    let folder = temporary();
    let run = Run::create(folder.path(), &recipe()).unwrap();
    let mut metrics = run.new_metrics(2).unwrap();
    metrics.append(&json!({"step": 1})).unwrap();
    let bytes = metrics.sync().unwrap();
    metrics.append(&json!({"step": 2})).unwrap();
    drop(metrics);
    let path = run.path(name::METRICS);
    let torn = fs::read_to_string(&path).unwrap() + "{\"st";
    fs::write(&path, torn).unwrap();
    let mut metrics = run.resume_metrics(bytes).unwrap();
    metrics.append(&json!({"step": 2})).unwrap();
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        "{\"schema\":1,\"file\":\"metrics\",\"steps\":2}\n{\"step\":1}\n{\"step\":2}\n"
    );
    let message = run.resume_metrics(bytes + 999).unwrap_err().to_string();
    assert!(
        message.contains("when the checkpoint was saved"),
        "{message}"
    );
}

#[test]
fn a_full_disk_is_one_sentence() {
    // Linux has a device that is always full.
    let full = Path::new("/dev/full");
    if !full.exists() {
        return;
    }
    let source = fs::File::create(full)
        .and_then(|mut file| file.write_all(b"x"))
        .unwrap_err();
    assert_eq!(
        RunError::write(Path::new("RUN/best.json"), source).to_string(),
        "cannot write RUN/best.json: No space left on device; what was saved before is whole: make room and go on with --resume"
    );
}

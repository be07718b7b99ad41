//! Runs as pages and as frames of a terminal, from folders made by hand.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use enasc::report::{Facts, State, page};
use enasc::run::{
    self, DataInfo, MachineInfo, Metrics, Recipe, Run, RunInfo, SpaceInfo, graph_fingerprint, name,
    with_schema,
};
use enasc::{Options, compile};
use serde_json::{Value, json};

const BEST: &str = "h[1].f=max3 h[1].skips={} h[2].f=conv3 h[2].skips={0}";
const OTHER: &str = "h[1].f=conv3 h[1].skips={} h[2].f=conv3 h[2].skips={}";

/// A run of `spaces/tiny.enas` in a folder, with the metrics of one epoch of two.
fn begun(folder: &Path, command: run::Command) -> (Run, Metrics) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("spaces/tiny.enas");
    let source = fs::read_to_string(path).unwrap();
    let compiled = compile("tiny.enas", &source, &Options::default());
    let space = &compiled.spaces[0];
    let recipe = Recipe {
        info: RunInfo {
            command,
            version: "0.1.0".to_owned(),
            space: SpaceInfo {
                file: "spaces/tiny.enas".to_owned(),
                name: space.name.clone(),
                set: vec!["width=8".to_owned()],
                decisions: space.decisions.hash(),
                graph: graph_fingerprint(&space.decisions, &space.graph),
            },
            data: DataInfo {
                source: "synthetic".to_owned(),
                name: "<synthetic> & co".to_owned(),
                fingerprint: "f00d".to_owned(),
                normalisation: None,
            },
            inherited: None,
            machine: Some(MachineInfo {
                libtorch: Some("2.11.0".to_owned()),
                device: "cuda".to_owned(),
                gpu: Some("Card 3000".to_owned()),
                threads: 3,
            }),
        },
        config: json!({
            "shared": {"epochs": 2, "batch": 77, "model": {"precision": "bf16"}},
            "retrain": {"epochs": 2},
            "controller": {"policy": {"lr": 0.0035}},
            "run": {"seed": 5},
        }),
        source: &source,
        modules: &[],
        architecture: (command == run::Command::Train).then(|| {
            let architecture =
                enasc::decision::Architecture::parse(BEST, &space.decisions, &space.name);
            architecture.unwrap().to_json(&space.decisions, &space.name)
        }),
    };
    let run = Run::create(folder, &recipe).unwrap().with_events(true);
    let mut metrics = run.new_metrics(12).unwrap();
    for step in 1..=3 {
        let line = json!({"step": step, "epoch": 1, "phase": "shared", "lr": 0.05,
            "loss": 2.0 / f64::from(step), "accuracy": 0.2 * f64::from(step), "grad_norm": 1.5});
        metrics.append(&line).unwrap();
    }
    if command == run::Command::Search {
        for step in 4..=5 {
            let line = json!({"step": step, "epoch": 1, "phase": "controller", "reward": 0.5,
                "best": 0.75, "baseline": 0.25, "entropy": 3.5, "loss": -0.5, "grad_norm": 0.125});
            metrics.append(&line).unwrap();
        }
    }
    metrics.append(&report(6, 1, [150, 50])).unwrap();
    metrics.sync().unwrap();
    (run, metrics)
}

fn report(step: u64, epoch: u64, f: [u64; 2]) -> Value {
    json!({"step": step, "epoch": epoch, "phase": "report", "train_loss": 1.25,
        "train_accuracy": 0.5, "valid_accuracy": 0.625, "valid_best": 0.75,
        "samples": [{"architecture": OTHER, "accuracy": 0.5}, {"architecture": BEST, "accuracy": 0.75}],
        "choices": {"samples": 200, "chosen": {"h[1].f": f, "h[2].f": [100, 100], "h[2].skips": [84]}}})
}

/// The same, to its end.
fn finished(folder: &Path) {
    let (run, mut metrics) = begun(folder, run::Command::Search);
    metrics.append(&report(12, 2, [10, 190])).unwrap();
    let comparison = json!({"samples": 20, "strategy": {"mean": 0.75, "best": 0.875},
        "uniform": {"mean": 0.5, "best": 0.75}, "better_by": 0.25, "interval": [0.125, 0.375]});
    let end = json!({"step": 12, "phase": "derive", "comparison": comparison});
    metrics.append(&end).unwrap();
    let best = json!({"strategy": "enas", "measure": "accuracy", "accuracy": 0.9375, "samples": 50,
        "examples": 1000, "candidates": [
            {"accuracy": 0.9375, "drawn": 7, "architecture": BEST},
            {"accuracy": 0.5, "drawn": 1, "architecture": OTHER}]});
    run.write_json(name::BEST, &with_schema(&best)).unwrap();
}

fn enasc(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_enasc"));
    command
        .args(args)
        .stdin(Stdio::null())
        .env_remove("NO_COLOR");
    command
}

/// What a command that succeeds in silence prints.
#[track_caller]
fn good(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{errors}");
    String::from_utf8(output.stdout).unwrap()
}

fn page_of(folder: &Path) -> String {
    page(&Facts::read(folder).unwrap())
}

#[track_caller]
fn has(page: &str, texts: &[&str]) {
    for text in texts {
        assert!(page.contains(text), "no {text:?} on the page");
    }
}

#[test]
fn a_page_tells_all_of_a_search_and_needs_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("a run");
    finished(&folder);
    let out = folder.with_file_name("page.html");
    let args = [
        "report",
        folder.to_str().unwrap(),
        "-o",
        out.to_str().unwrap(),
    ];
    assert_eq!(good(&mut enasc(&args)), "");
    let page = fs::read_to_string(&out).unwrap();
    assert_eq!(good(&mut enasc(&args[..2])), page);
    has(
        &page,
        &[
            "finished at step 12",
            "best accuracy</dt><dd>0.9375",
            // The charts are told in words too.
            "aria-label=\"Loss: shared weights from 2 to 0.6667\"",
            "aria-label=\"Learning rates: shared weights from 0.05 to 0.05; policy from 0.0035 to 0.0035\"",
            "aria-label=\"h[1].f: conv3: 75 %, 5 %; max3: 25 %, 95 %\"",
            "among 200 architectures that the strategy drew",
            "better by 0.25 (95 % interval 0.125 to 0.375)",
            "&lt;synthetic&gt; &amp; co",
            "enasc 0.1.0, libtorch 2.11.0",
            "cuda (Card 3000), 3 threads",
            "<th scope=\"row\">precision</th><td>bf16</td>",
            "<th scope=\"row\">shared.batch</th><td>77</td>",
            "alt=\"The network of h[1].f=max3",
        ],
    );
    let again = format!(
        "enasc search '{0}/space.enas' --space tiny --set width=8 --data synthetic --recipe '{0}/config.json' --device cuda --threads 3 --out AGAIN",
        folder.display()
    );
    has(&page, &[&again]);
    assert!(
        !page.contains("this page by"),
        "it is the version that wrote the run"
    );
    assert!(!page.contains("--resume"), "what is done cannot go on");
    assert!(!page.contains("<script"));
    for link in page.split("src=\"").chain(page.split("href=\"")).skip(1) {
        assert!(
            link.starts_with("data:") || link.starts_with("<!DOCTYPE"),
            "{link:.80}"
        );
    }
    assert!(!page.contains("url(") && !page.contains("@import"));
}

#[test]
fn a_run_that_is_written_or_was_stopped_is_told_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let (run, metrics) = begun(folder.path(), run::Command::Search);
    assert_eq!(Facts::read(folder.path()).unwrap().state, State::Running);
    has(
        &page_of(folder.path()),
        &[
            "running at step 6 of 12",
            "samples of its report at step 6",
            "best accuracy</dt><dd>0.75",
        ],
    );
    drop((run, metrics));
    has(
        &page_of(folder.path()),
        &["stopped at step 6 of 12", "--resume"],
    );
    // Who looks does not keep others from writing.
    Run::open(folder.path()).unwrap();

    // Of a process that was killed in its first moment.
    fs::remove_file(folder.path().join(name::METRICS)).unwrap();
    has(
        &page_of(folder.path()),
        &["stopped at step 0", "There are no figures yet"],
    );
    let empty = tempfile::tempdir().unwrap();
    let output = enasc(&["report", empty.path().to_str().unwrap()])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("holds no run"));
}

#[test]
fn a_training_shows_its_architecture_and_its_result() {
    let folder = tempfile::tempdir().unwrap();
    let (run, metrics) = begun(folder.path(), run::Command::Train);
    let result = json!({"accuracy": 0.875, "loss": 0.5, "examples": 1000, "parameters": 1228});
    run.write_json(name::RESULT, &with_schema(&result)).unwrap();
    drop((run, metrics));
    let page = page_of(folder.path());
    has(
        &page,
        &[
            "test accuracy</dt><dd>0.875",
            "enasc train ",
            "--arch ",
            BEST,
            "FLOPs an example",
        ],
    );
    assert!(!page.contains("id=\"policy\"") && !page.contains("id=\"comparison\""));
    let run = folder.path().to_str().unwrap();
    let frame = good(&mut enasc(&["watch", run, "--once", "--width", "72"]));
    has(&frame, &["\ntest accuracy 0.875, loss 0.5\n"]);
}

/// Uniform samples say nothing of what was found, and few of them look as if they did.
#[test]
fn chance_has_no_preferences() {
    let folder = tempfile::tempdir().unwrap();
    finished(folder.path());
    let path = folder.path().join(name::CONFIG);
    let text = fs::read_to_string(&path).unwrap();
    let mut config: Value = serde_json::from_str(&text).unwrap();
    config["strategy"] = json!({"name": "random"});
    fs::write(&path, config.to_string()).unwrap();
    let page = page_of(folder.path());
    has(&page, &["id=\"curves\"", "id=\"architectures\""]);
    assert!(!page.contains("id=\"policy\""));
}

#[test]
fn a_space_that_compiles_to_something_else_is_a_page_without_drawings() {
    let folder = tempfile::tempdir().unwrap();
    finished(folder.path());
    let path = folder.path().join(name::SPACE);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("relu_conv_bn(3)", "relu_conv_bn(5)")).unwrap();
    let page = page_of(folder.path());
    has(
        &page,
        &[
            "Architectures cannot be drawn",
            "0.9375",
            BEST,
            "id=\"curves\"",
        ],
    );
    assert!(!page.contains("<img"));
}

/// A browser makes of the page what it should be, and has nothing to complain of.
#[test]
fn a_browser_shows_the_page() {
    let browser = ["chromium", "chromium-browser", "google-chrome"]
        .into_iter()
        .find(|name| {
            let version = Command::new(name).arg("--version").output();
            version.is_ok_and(|output| output.status.success())
        });
    let Some(browser) = browser else {
        eprintln!("skipped: there is no Chromium to open the page with");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    finished(&run);
    let file = folder.path().join("page.html");
    fs::write(&file, page_of(&run)).unwrap();
    let output = Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--enable-logging=stderr",
            "--dump-dom",
        ])
        .arg(format!(
            "--user-data-dir={}",
            folder.path().join("profile").display()
        ))
        .arg(format!("file://{}", file.display()))
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let console: Vec<&str> = errors
        .lines()
        .filter(|line| line.contains("CONSOLE"))
        .collect();
    assert!(console.is_empty(), "{console:?}");
    let dom = String::from_utf8(output.stdout).unwrap();
    for id in [
        "curves",
        "policy",
        "architectures",
        "comparison",
        "recipe",
        "commands",
    ] {
        has(&dom, &[&format!("<section id=\"{id}\"")]);
    }
    // What a browser repairs would not be the same again: so nothing was to be repaired.
    let body = |page: &str| page.split_once("<body>").unwrap().1.trim_end().to_owned();
    let (shown, written) = (body(&dom), body(&fs::read_to_string(&file).unwrap()));
    let plain = |text: &str| {
        text.replace("&nbsp;", "\u{a0}")
            .replace("open=\"\"", "open")
    };
    assert_eq!(plain(&shown).trim_end(), plain(&written));
}

#[test]
fn a_frame_is_as_wide_as_it_may_be() {
    let folder = tempfile::tempdir().unwrap();
    finished(folder.path());
    let run = folder.path().to_str().unwrap();
    let wide = good(&mut enasc(&["watch", run, "--once", "--width", "72"]));
    let expected = "\
search of tiny: finished at step 12
[########################################] 100 %  epoch 2/2

means of neighbouring steps, from the first to the last:
loss               2 █▃▁                                      0.6667
accuracy         0.2 ▁▄█                                      0.6
validation     0.625 ▅▅                                       0.625
reward           0.5 ▅▅                                       0.5
baseline        0.25 ▅▅                                       0.25
entropy          3.5 ▅▅                                       3.5
lr              0.05 ▅▅▅                                      0.05

best architectures, by accuracy
   0.9375  h[1].f=max3 h[1].skips={} h[2].f=conv3 h[2].skips={0}
      0.5  h[1].f=conv3 h[1].skips={} h[2].f=conv3 h[2].skips={}
";
    assert_eq!(wide, expected);
    for width in ["1", "9", "30"] {
        let narrow = good(&mut enasc(&["watch", run, "--once", "--width", width]));
        let most = width.parse().unwrap();
        assert!(
            narrow.lines().all(|line| line.chars().count() <= most),
            "{narrow}"
        );
        assert_eq!(narrow.lines().count(), wide.lines().count());
    }
    let coloured = ["watch", run, "--once", "--color", "always"];
    let coloured = good(&mut enasc(&coloured));
    assert!(
        coloured.starts_with("\x1b[1;32msearch of tiny"),
        "{coloured}"
    );
}

#[test]
fn a_watch_ends_when_the_run_does() {
    let folder = tempfile::tempdir().unwrap();
    let (run, mut metrics) = begun(folder.path(), run::Command::Search);
    let mut child = enasc(&["watch", folder.path().to_str().unwrap(), "--every", "20ms"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    let mut next = || {
        let mut shown = lines
            .by_ref()
            .inspect(|line| assert!(!line.contains('\x1b'), "{line}"));
        shown.find(|line| line.starts_with("search of"))
    };
    assert_eq!(next().unwrap(), "search of tiny: running at step 6 of 12");
    metrics.append(&report(12, 2, [10, 190])).unwrap();
    assert_eq!(next().unwrap(), "search of tiny: running at step 12");
    drop((run, metrics));
    assert_eq!(next().unwrap(), "search of tiny: stopped at step 12");
    assert_eq!(next(), None);
    assert!(child.wait().unwrap().success());
}

/// What Python's TensorBoard reads of a file of events.
const READER: &str = "
import sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
events = EventAccumulator(sys.argv[1])
events.Reload()
for tag in sorted(events.Tags()['scalars']):
    print(tag, [(e.step, e.value) for e in events.Scalars(tag)])
";

#[test]
fn tensorboard_reads_the_events_of_a_run() {
    let named = std::env::var_os("ENASC_PYTHON");
    let python = named.unwrap_or_else(|| "python3".into());
    let run = |args: &[&str]| Command::new(&python).args(args).output();
    if !run(&["-c", "import tensorboard"]).is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: no Python here has tensorboard; ENASC_PYTHON names another");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    finished(folder.path());
    let output = run(&["-c", READER, folder.path().to_str().unwrap()]).unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    for line in [
        "controller/reward [(4, 0.5), (5, 0.5)]\n",
        "report/valid_best [(6, 0.75), (12, 0.75)]\n",
        "shared/grad_norm [(1, 1.5), (2, 1.5), (3, 1.5)]\n",
    ] {
        assert!(shown.contains(line), "{shown}{errors}");
    }
}

//! Searches and trainings on the synthetic data, seconds long: what is learnt is
//! little; that a run can be stopped at any moment is what they are about.

use std::fs;
use std::path::Path;
use std::sync::Once;

use serde_json::Value;
use tch::{Device, Tensor};
use tempfile::TempDir;

use super::*;
use crate::SearchSpace;
use crate::data::{Data, DataSpec, Level, Synthetic};
use crate::decision::Architecture;
use crate::model::Init;
use crate::recipe::Schedule;
use crate::run::{
    Command, DataInfo, Inherited, Recipe, Run, RunInfo, SpaceInfo, graph_fingerprint, name,
};
use crate::unroll::Settings;

mod guard;
mod inherit;
mod networks;
mod precision;
mod retrain;
mod space;
mod strategies;
mod task;

fn one_thread() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| tch::set_num_threads(1));
}

fn data() -> Data {
    let images = Synthetic {
        size: 8,
        train: 64,
        test: 24,
        ..Synthetic::default()
    };
    Data::Images(images.make())
}

fn config() -> SearchConfig {
    let mut config = SearchConfig::default();
    config.data.validation = 0.25;
    config.shared.epochs = 3;
    config.shared.batch = 16;
    config.shared.augment.pad = 1;
    config.controller.updates = 2;
    config.controller.samples = 3;
    config.controller.reward_batch = 6;
    config.controller.report_samples = 2;
    config.controller.network.hidden = 8;
    config.derive.samples = 4;
    config.derive.examples = 10;
    config.derive.batch = 8;
    config.retrain = WeightsConfig {
        epochs: 2,
        batch: 16,
        ..config.shared.clone()
    };
    config.run.checkpoint_steps = 3;
    config
}

/// A space, data, hyperparameters, and a run folder.
struct Case {
    space: SearchSpace,
    data: Data,
    config: SearchConfig,
    folder: TempDir,
}

/// Is told every event, and may stop the run after a step or look at it.
struct Watcher<'a> {
    interrupt: &'a Interrupt,
    stop_after: u64,
    copy_after: u64,
    from: &'a Path,
    to: &'a Path,
    notices: Vec<String>,
}

impl Observer for Watcher<'_> {
    fn event(&mut self, event: &Event) {
        match event {
            Event::Step { step, .. } => {
                if step.number == self.stop_after {
                    self.interrupt.raise();
                }
                if step.number == self.copy_after {
                    copy(self.from, self.to);
                }
            }
            Event::Notice(text) => self.notices.push((*text).to_owned()),
            _ => {}
        }
    }
}

impl Case {
    fn new() -> Self {
        one_thread();
        Self {
            space: space::tiny(),
            data: data(),
            config: config(),
            folder: TempDir::new().unwrap(),
        }
    }

    /// On so many images of 8 by 8 pixels for training and for the test.
    fn of_images(train: usize, test: usize) -> Self {
        let images = Synthetic {
            size: 8,
            train,
            test,
            ..Synthetic::default()
        };
        Self {
            data: Data::Images(images.make()),
            ..Self::new()
        }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn recipe(&self, command: Command) -> Recipe<'static> {
        Recipe {
            info: RunInfo {
                command,
                version: "0".to_owned(),
                space: SpaceInfo {
                    file: "tiny.enas".to_owned(),
                    name: self.space.name.clone(),
                    set: Vec::new(),
                    decisions: self.space.decisions.hash(),
                    graph: graph_fingerprint(&self.space.decisions, &self.space.graph),
                },
                data: DataInfo {
                    source: "synthetic".to_owned(),
                    name: self.data.name().to_owned(),
                    fingerprint: self.data.fingerprint().to_owned(),
                    normalisation: None,
                },
                inherited: None,
                machine: None,
            },
            config: serde_json::to_value(&self.config).unwrap(),
            source: "space tiny {}",
            modules: &[],
            architecture: None,
        }
    }

    /// Starts the search in `folder` or goes on with it, to its end or to the step
    /// after which it is stopped; the folder is copied after another step.
    fn search(
        &self,
        folder: &Path,
        (stop_after, copy_after): (u64, u64),
        copy_to: &Path,
    ) -> (
        Result<Vec<crate::derive::Candidate>, TrainError>,
        Vec<String>,
    ) {
        let interrupt = Interrupt::default();
        self.search_until(folder, &interrupt, (stop_after, copy_after), copy_to)
    }

    fn search_until(
        &self,
        folder: &Path,
        interrupt: &Interrupt,
        (stop_after, copy_after): (u64, u64),
        copy_to: &Path,
    ) -> (
        Result<Vec<crate::derive::Candidate>, TrainError>,
        Vec<String>,
    ) {
        let run = Run::resume(folder, &self.recipe(Command::Search)).unwrap();
        let mut watcher = Watcher {
            interrupt,
            stop_after,
            copy_after,
            from: folder,
            to: copy_to,
            notices: Vec::new(),
        };
        let mut watch = Watch {
            interrupt,
            observer: &mut watcher,
        };
        let result = search(
            &self.space,
            &self.data,
            &self.config,
            &run,
            Device::Cpu,
            &mut watch,
        );
        (result, watcher.notices)
    }

    /// To the end, without being stopped.
    fn finish(&self, folder: &Path) -> Vec<String> {
        let (result, notices) = self.search(folder, (0, 0), folder);
        result.unwrap();
        notices
    }

    /// Until it is stopped after a step.
    fn stop(&self, folder: &Path, after: u64) {
        let (result, _) = self.search(folder, (after, 0), folder);
        let error = result.unwrap_err();
        assert!(error.is_interrupt(), "{error}");
        assert!(
            error
                .to_string()
                .contains(&format!("after step {after} of"))
        );
    }

    fn train(&self, folder: &Path, option: &str, stop_after: u64) -> Result<Trained, TrainError> {
        self.train_from(None, folder, option, stop_after)
    }

    /// The same from shared weights.
    fn train_from(
        &self,
        inherited: Option<Inherited>,
        folder: &Path,
        option: &str,
        stop_after: u64,
    ) -> Result<Trained, TrainError> {
        let mut recipe = self.recipe(Command::Train);
        recipe.info.inherited = inherited;
        let run = Run::resume(folder, &recipe).unwrap();
        let interrupt = Interrupt::default();
        let mut watcher = Watcher {
            interrupt: &interrupt,
            stop_after,
            copy_after: 0,
            from: folder,
            to: folder,
            notices: Vec::new(),
        };
        let mut watch = Watch {
            interrupt: &interrupt,
            observer: &mut watcher,
        };
        let architecture = self.architecture(option);
        let (space, data, config) = (&self.space, &self.data, &self.config);
        retrain(
            space,
            &architecture,
            data,
            config,
            &run,
            Device::Cpu,
            &mut watch,
        )
    }

    /// Tests an architecture with the weights that a training left.
    fn test(&self, line: &str) -> Result<(Measure, Evaluation), TrainError> {
        test(
            &self.space,
            &self.architecture(line),
            &self.path().join(name::WEIGHTS),
            &self.data,
            &self.config,
            Device::Cpu,
            &mut Watch {
                interrupt: &Interrupt::default(),
                observer: &mut (),
            },
        )
    }

    fn architecture(&self, line: &str) -> Architecture {
        Architecture::parse(line, &self.space.decisions, &self.space.name).unwrap()
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn lines(folder: &Path) -> Vec<Value> {
    let text = fs::read_to_string(folder.join(name::METRICS)).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The last checkpoint's tensors, by name.
fn tensors(folder: &Path) -> Vec<(String, Tensor)> {
    let mut all: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("checkpoint-"))
        })
        .collect();
    all.sort();
    let last = all.last().unwrap().join("tensors.safetensors");
    let mut tensors = Tensor::read_safetensors(last).unwrap();
    tensors.sort_by(|a, b| a.0.cmp(&b.0));
    tensors
}

/// Two runs that came to the same end: metrics and result to the byte, weights,
/// optimisers and policy to the last bit.
#[track_caller]
fn assert_same(a: &Path, b: &Path, result: &str) {
    for file in [name::METRICS, name::CONFIG, result] {
        let read = |folder: &Path| fs::read_to_string(folder.join(file)).unwrap();
        assert!(
            read(a) == read(b),
            "{file} differs:\n{}\n{}",
            read(a),
            read(b)
        );
    }
    let (a, b) = (tensors(a), tensors(b));
    assert_eq!(a.len(), b.len());
    for ((name, a), (other, b)) in a.iter().zip(&b) {
        assert_eq!(name, other);
        assert!(a.equal(b), "{name} differs");
    }
}

#[test]
fn a_search_leaves_metrics_and_its_best_architecture() {
    let case = Case::new();
    case.finish(case.path());
    let lines = lines(case.path());
    let total = lines.len() as u64 - 2; // a header before, the comparison behind
    // 3 epochs of 3 minibatches and a report, 2 of them with 2 updates.
    assert_eq!(total, 3 * (3 + 1) + 2 * 2);
    assert_eq!(lines[0]["schema"], 1);
    let steps: Vec<u64> = lines[1..=total as usize]
        .iter()
        .map(|l| l["step"].as_u64().unwrap())
        .collect();
    assert_eq!(steps, (1..=total).collect::<Vec<_>>());
    let best = fs::read_to_string(case.path().join(name::BEST)).unwrap();
    case.architecture(&best);
    let best: Value = serde_json::from_str(&best).unwrap();
    let candidates = best["candidates"].as_array().unwrap();
    assert_eq!(best["accuracy"], candidates[0]["accuracy"]);
    assert_eq!(
        (&best["schema"], &best["examples"]),
        (&Value::from(1), &Value::from(10))
    );
}

/// A recurrent cell on a text in which every word follows from the two before it.
fn recurrent(source: &str) -> Case {
    let folder = TempDir::new().unwrap();
    let text = |lines: usize| "the cat saw the dog and the dog saw it\n".repeat(lines);
    for (part, lines) in [("train", 80), ("valid", 20), ("test", 10)] {
        fs::write(folder.path().join(format!("{part}.txt")), text(lines)).unwrap();
    }
    let data = crate::data::load(&DataSpec::Text {
        path: folder.path().to_owned(),
        vocab: None,
        level: Level::Word,
    });
    let data = data.unwrap();
    let set = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let options = crate::Options {
        // the, cat, saw, dog, and, it, <eos>, <unk>
        settings: Settings(vec![set("vocab", "8"), set("width", "12"), set("n", "3")]),
        ..crate::Options::default()
    };
    let space = crate::compile("rnn.enas", source, &options)
        .spaces
        .remove(0);
    let mut case = Case::new();
    case.space = space;
    case.data = data;
    case.config.data.bptt = 5;
    for weights in [&mut case.config.shared, &mut case.config.retrain] {
        weights.batch = 8;
        weights.schedule = Schedule::Constant { lr: 1.0 };
        weights.sgd.momentum = 0.0;
        weights.clip = 1.0;
        weights.slowness = 1e-3;
        weights.model.init = Init::Uniform { bound: 0.3 };
    }
    case.config.controller.reward_batch = 2;
    case.config.derive.examples = 40;
    case.config.run.checkpoint_steps = 4;
    case
}

#[test]
fn a_search_of_a_recurrent_cell_goes_on_to_the_same_result() {
    let case = recurrent(include_str!("../../../spaces/enas_rnn.enas"));
    case.finish(case.path());
    let best = crate::run::read_json(&case.path().join(name::BEST)).unwrap();
    assert!(best["perplexity"].as_f64().unwrap() < 8.0, "{best}");
    // In the midst of an epoch, where states are carried; in the policy's phase;
    // before the report.
    for stop in [7, 24, 25] {
        let other = TempDir::new().unwrap();
        case.stop(other.path(), stop);
        case.finish(other.path());
        assert_same(case.path(), other.path(), name::BEST);
    }
}

#[test]
fn a_recurrent_cell_learns_a_text_and_its_weights_give_its_perplexity_again() {
    let mut case = recurrent(include_str!("../../../spaces/enas_rnn_lm.enas"));
    case.config.retrain.epochs = 12;
    let line = "Cell.h[1].p=0 Cell.h[1].f=relu Cell.h[2].p=1 Cell.h[2].f=tanh \
                Cell.h[3].p=0 Cell.h[3].f=identity";
    let trained = case.train(case.path(), line, 0).unwrap();
    assert_eq!(trained.measure, Measure::Perplexity);
    assert_eq!(trained.test.examples, 10 * 11 - 1);
    // One word of eight at random; after `the` one cannot know more than two.
    assert!(trained.test.loss.exp() < 1.6, "{trained:?}");
    let tested = case.test(line);
    assert_eq!(tested.unwrap(), (Measure::Perplexity, trained.test));
}

#[test]
fn weights_that_are_not_used_decay_where_the_recipe_says_so() {
    const KEPT: f64 = 1.0 - 2.0 * 0.1 * 0.25;
    let shrunk = |unused: bool| {
        let mut case = Case::new();
        case.config.shared.schedule = Schedule::Constant { lr: 0.1 };
        case.config.shared.sgd.momentum = 0.0;
        case.config.shared.sgd.l2 = 0.25;
        case.config.shared.sgd.unused = unused;
        let weights = [1, 2].map(|steps| {
            let folder = TempDir::new().unwrap();
            case.stop(folder.path(), steps);
            tensors(folder.path())
        });
        let after = |name: &String| weights[1].iter().find(|(other, _)| other == name);
        let is_shrunk = |(name, before): &&(String, Tensor)| {
            let expected = before * KEPT;
            let close = |after: &Tensor| (after - &expected).abs().max().double_value(&[]) < 1e-6;
            name.ends_with(".weight") && after(name).is_some_and(|(_, after)| close(after))
        };
        weights[0].iter().filter(is_shrunk).count()
    };
    assert!(shrunk(true) > 0);
    assert_eq!(shrunk(false), 0);
}

#[test]
fn a_search_that_is_stopped_goes_on_to_the_same_result() {
    stopped_and_resumed(&Case::new());
}

/// libtorch's generator belongs to the process, and other tests draw from it too, so
/// this one starts itself again in a process of its own.
#[test]
fn dropout_draws_the_same_after_a_stop() {
    const ALONE: &str = "ENASC_TEST_ALONE";
    if std::env::var_os(ALONE).is_none() {
        let this = "train::tests::dropout_draws_the_same_after_a_stop";
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", this])
            .env(ALONE, "1")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{text}");
        assert!(text.contains("1 passed"), "{text}");
        return;
    }
    let mut case = Case::new();
    let dropout = &mut case.config.shared.model.dropout;
    dropout.insert("head".to_owned(), 0.3);
    stopped_and_resumed(&case);
}

fn stopped_and_resumed(case: &Case) {
    case.finish(case.path());
    // In the shared phase, in the controller phase, before a report, at a step that
    // has a checkpoint anyway, twice in a run, and before the first step is saved.
    for stops in [&[1][..], &[5, 8], &[9], &[2, 3, 4], &[15]] {
        let other = TempDir::new().unwrap();
        for &step in stops {
            case.stop(other.path(), step);
        }
        case.finish(other.path());
        assert_same(case.path(), other.path(), name::BEST);
        // Once more changes nothing.
        case.finish(other.path());
        assert_same(case.path(), other.path(), name::BEST);
    }
}

#[test]
fn a_search_whose_time_is_over_derives_and_goes_on_later() {
    let case = Case::new();
    case.finish(case.path());
    let other = TempDir::new().unwrap();
    let late = Interrupt::at(Some(std::time::Instant::now()));
    case.stop(other.path(), 4);
    let (result, notices) = case.search_until(other.path(), &late, (0, 0), other.path());
    assert!(!result.unwrap().is_empty());
    let says = |notice: &String| notice.starts_with("the time is over at step 4 of");
    assert!(notices.iter().any(says), "{notices:?}");
    assert!(other.path().join(name::BEST).exists());
    case.finish(other.path());
    assert_same(case.path(), other.path(), name::BEST);
}

#[test]
fn a_search_that_is_killed_goes_on_to_the_same_result() {
    let case = Case::new();
    let killed = TempDir::new().unwrap();
    for step in [1, 3, 7, 14] {
        // What is on the disk at that moment is what a kill would leave: metrics are
        // ahead of the checkpoint.
        let whole = TempDir::new().unwrap();
        let copy = killed.path().join(step.to_string());
        case.search(whole.path(), (0, step), &copy).0.unwrap();
        // And in the midst of writing a line, a file, a checkpoint.
        let metrics = copy.join(name::METRICS);
        let torn = fs::read_to_string(&metrics).unwrap() + "{\"step\":9,\"ep";
        fs::write(metrics, torn).unwrap();
        fs::write(copy.join(".best.json.unfinished"), "{").unwrap();
        let half = copy.join(".checkpoint-00000099.unfinished");
        fs::create_dir(&half).unwrap();
        fs::write(half.join("tensors.safetensors"), "half").unwrap();
        case.finish(&copy);
        assert_same(whole.path(), &copy, name::BEST);
        assert!(!half.exists());
    }
}

#[test]
fn a_damaged_checkpoint_is_told_and_the_one_before_is_used() {
    let case = Case::new();
    case.finish(case.path());
    let other = TempDir::new().unwrap();
    case.stop(other.path(), 8);
    let newest = other.path().join("checkpoint-00000008/tensors.safetensors");
    let bytes = fs::read(&newest).unwrap();
    fs::write(&newest, &bytes[..bytes.len() / 2]).unwrap();
    let notices = case.finish(other.path());
    assert_eq!(notices.len(), 1);
    assert!(notices[0].starts_with("checkpoint-00000008: tensors.safetensors has"));
    assert!(
        notices[0].ends_with("going on from step 6"),
        "{}",
        notices[0]
    );
    assert_same(case.path(), other.path(), name::BEST);
}

#[test]
fn an_architecture_is_derived_anew_from_the_last_checkpoint() {
    let case = Case::new();
    case.finish(case.path());
    let best = || fs::read_to_string(case.path().join(name::BEST)).unwrap();
    let before = best();
    fs::remove_file(case.path().join(name::BEST)).unwrap();
    let run = Run::open(case.path()).unwrap();
    let interrupt = Interrupt::default();
    let derive = |observer: &mut dyn Observer| {
        let mut watch = Watch {
            interrupt: &interrupt,
            observer,
        };
        let (space, data, config) = (&case.space, &case.data, &case.config);
        derive_again(space, data, config, &run, Device::Cpu, &mut watch)
    };
    derive(&mut ()).unwrap();
    assert_eq!(best(), before);
    interrupt.raise();
    let error = derive(&mut ()).unwrap_err();
    assert!(error.is_interrupt(), "{error}");
    assert_eq!(best(), before);
}

#[test]
fn an_unfit_space_is_refused_before_anything_is_written() {
    let mut case = Case::new();
    let images = Synthetic {
        size: 12,
        ..Synthetic::default()
    };
    case.data = Data::Images(images.make());
    let (result, _) = case.search(case.path(), (0, 0), case.path());
    let message = result.unwrap_err().to_string();
    assert!(message.ends_with("add --set size=12"), "{message}");
    assert!(!case.path().join(name::METRICS).exists());
}

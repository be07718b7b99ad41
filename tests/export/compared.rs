//! Exported networks give what the model gives: of every primitive, and of every space
//! that ships. Where there is no Python with torch, that test says so and passes.
#![expect(clippy::print_stderr, reason = "a test that is passed over says so")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use enasc::SearchSpace;
use enasc::decision::{Architecture, sample};
use enasc::export::{Format, Subject, Weights, export};
use enasc::graph::{Node, Op, Role, Supergraph, alone, select};
use enasc::model::{Mode, Recurrence, SharedModel};
use enasc::recipe::{ModelConfig, SearchConfig, Statistics};
use enasc::run::{self, DataInfo, Recipe, Run, RunInfo, SpaceInfo, graph_fingerprint, name};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use safetensors::SafeTensors;
use tch::{Device, Kind, Tensor};

use super::{root, shipped, spaces};

/// A run of a training, whose weights are all noise.
fn run(
    folder: &Path,
    space: &SearchSpace,
    architecture: &Architecture,
    model: &mut SharedModel,
    config: &ModelConfig,
) {
    let mut all = SearchConfig::of(space.graph.task);
    all.retrain.model = config.clone();
    let text = String::new();
    Run::create(
        folder,
        &Recipe {
            info: RunInfo {
                command: run::Command::Train,
                version: String::new(),
                space: SpaceInfo {
                    file: String::new(),
                    name: space.name.clone(),
                    set: Vec::new(),
                    decisions: space.decisions.hash(),
                    graph: graph_fingerprint(&space.decisions, &space.graph),
                },
                data: DataInfo {
                    source: "synthetic".to_owned(),
                    name: text.clone(),
                    fingerprint: text.clone(),
                    normalisation: None,
                },
                inherited: None,
                machine: None,
            },
            config: serde_json::to_value(&all).unwrap(),
            source: &text,
            modules: &[],
            architecture: Some(architecture.to_json(&space.decisions, &space.name)),
        },
    )
    .unwrap();
    let roles: Vec<(String, Role)> = space
        .graph
        .params
        .params
        .iter()
        .map(|param| (param.name.clone(), param.role))
        .collect();
    let role = |name: &String| roles.iter().find(|(other, _)| other == name).unwrap().1;
    let state: Vec<(String, Tensor)> = model
        .state()
        .unwrap()
        .into_iter()
        .map(|(name, tensor)| {
            let noise = tensor.randn_like();
            let noisy = match role(&name) {
                Role::Weight | Role::Embedding => tensor + noise * 0.01,
                Role::Variance | Role::Scale => noise.abs() * 0.3 + 0.8,
                Role::Bias | Role::Offset | Role::Mean => noise * 0.3,
            };
            (name, noisy)
        })
        .collect();
    Tensor::write_safetensors(&state, folder.join(name::WEIGHTS)).unwrap();
    model.load_state(state).unwrap();
}

/// Writes a network, an input, and what the model gives for it.
fn write_case(
    folder: &Path,
    space: &SearchSpace,
    architecture: &Architecture,
    config: &ModelConfig,
) {
    fs::create_dir_all(folder).unwrap();
    let child = select(&space.graph, &space.decisions, architecture);
    let graph = Arc::new(alone(&space.graph, &child));
    let mut model = SharedModel::new(graph, config.clone(), 1, Device::Cpu);
    model.trained(&child).unwrap();
    let region = &space.graph.regions[0];
    let input = &region.graph[region.inputs[0]];
    let tokens = input.timed;
    let input = |window: i64| {
        let sizes = input.shape.0.iter().map(|&n| n as i64);
        if tokens {
            Tensor::randint(20, [4 + window, 2], (Kind::Int64, Device::Cpu))
        } else {
            let sizes: Vec<i64> = [3].into_iter().chain(sizes).collect();
            Tensor::randn(sizes.as_slice(), (Kind::Float, Device::Cpu))
        }
    };
    let x: Vec<Tensor> = (0..if tokens { 3 } else { 1 }).map(input).collect();
    // The statistics come to be with the first run.
    model
        .forward(&child, &[x[0].shallow_clone()], Mode::Eval)
        .unwrap();
    let training = folder.join("run");
    run(&training, space, architecture, &mut model, config);

    let subject = Subject {
        space,
        architecture,
    };
    let weights = Weights::of_run(&training, &subject).unwrap();
    let exported = export(&subject, &weights, Format::Pytorch).unwrap();
    fs::write(folder.join("net.py"), &exported.main).unwrap();
    fs::write(folder.join("net.safetensors"), exported.weights.unwrap()).unwrap();
    let exported = export(&subject, &weights, Format::Onnx).unwrap();
    fs::write(folder.join("net.onnx"), &exported.main).unwrap();

    let mut recurrence = Recurrence::default();
    let mut expected = Vec::new();
    let mut inputs = Vec::new();
    for (window, x) in x.iter().enumerate() {
        let given = [x.shallow_clone()];
        let outputs = model
            .resume(&child, &given, Mode::Eval, &mut recurrence)
            .unwrap();
        for (place, output) in outputs.into_iter().enumerate() {
            expected.push((format!("{window}.{place}"), output.contiguous()));
        }
        inputs.push((window.to_string(), x.to_kind(Kind::Float)));
    }
    Tensor::write_safetensors(&expected, folder.join("expected.safetensors")).unwrap();
    Tensor::write_safetensors(&inputs, folder.join("inputs.safetensors")).unwrap();
    let line = architecture.to_line(&space.decisions);
    fs::write(folder.join("name"), format!("{} {line:.60}", space.name)).unwrap();
}

/// A rate of dropout for every site.
fn sites(graph: &Supergraph) -> BTreeMap<String, f64> {
    let regions = graph.regions.iter();
    let nodes = regions.flat_map(|region| region.graph.node_weights());
    let site = |node: &Node| match &node.op {
        Op::Dropout { site } => Some(site.clone()),
        Op::Embed => Some("e".to_owned()),
        _ => None,
    };
    nodes.filter_map(site).map(|site| (site, 0.1)).collect()
}

/// The Python that has all of one of these lists of modules: `ENASC_PYTHON`, or `python3`.
fn python(lists: &[&str]) -> Option<PathBuf> {
    let named = std::env::var_os("ENASC_PYTHON");
    let is_named = named.is_some();
    let python = PathBuf::from(named.unwrap_or_else(|| "python3".into()));
    // To import torch takes seconds; to find it does not.
    let find = "import sys, importlib.util as u; sys.exit(not all(map(u.find_spec, sys.argv[1:])))";
    let has = |modules: &&str| {
        let arguments = ["-c", find].into_iter().chain(modules.split(' '));
        let output = Command::new(&python).args(arguments).output();
        output.is_ok_and(|output| output.status.success())
    };
    let found = lists.iter().any(has);
    if !found {
        let lists = lists.join(", nor ");
        assert!(!is_named, "ENASC_PYTHON has no {lists}");
        eprintln!("not compared: no Python with {lists}; ENASC_PYTHON can name one");
    }
    found.then_some(python)
}

/// Networks of spaces, each in a folder.
struct Cases {
    folder: tempfile::TempDir,
    rng: ChaCha8Rng,
    n: usize,
}

impl Cases {
    fn add(&mut self, space: &SearchSpace, times: u32, statistics: Statistics) {
        let config = ModelConfig {
            statistics,
            drop_path: 0.1,
            dropout: sites(&space.graph),
            ..ModelConfig::default()
        };
        for _ in 0..times {
            let architecture = sample(&space.decisions, &mut self.rng).unwrap();
            let case = self.folder.path().join(format!("{:03}", self.n));
            write_case(&case, space, &architecture, &config);
            self.n += 1;
        }
    }

    /// Runs them all in Python.
    fn compare(self, python: &Path) {
        let output = Command::new(python)
            .arg(root().join("tests/export/check.py"))
            .arg(self.folder.path())
            .output()
            .unwrap();
        let shown = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{shown}{errors}");
        assert!(shown.contains(&format!("{} networks", self.n)), "{shown}");
        eprintln!("{}", shown.lines().last().unwrap_or_default());
    }
}

#[test]
fn exported_networks_compute_what_the_model_computes() {
    let Some(python) = python(&["torch", "numpy onnx onnxruntime"]) else {
        return;
    };
    tch::set_num_threads(1);
    tch::manual_seed(5);
    let mut cases = Cases {
        folder: tempfile::tempdir().unwrap(),
        rng: ChaCha8Rng::seed_from_u64(4),
        n: 0,
    };
    for space in spaces(&root().join("tests/export/primitives.enas"), &[]) {
        let decides = !space.decisions.points.is_empty();
        cases.add(&space, if decides { 9 } else { 1 }, Statistics::Moving);
        cases.add(&space, 1, Statistics::Batch);
    }
    for space in shipped() {
        let statistics = match space.name.as_str() {
            "enas_micro" => Statistics::Batch,
            _ => Statistics::Moving,
        };
        cases.add(&space, 1, statistics);
    }
    cases.compare(&python);
}

/// Images of noise around a grey that tells the class.
fn images(folder: &Path, n: u32) {
    let mut rng = ChaCha8Rng::seed_from_u64(u64::from(n));
    for class in 0..4u8 {
        let folder = folder.join(format!("class{class}"));
        fs::create_dir_all(&folder).unwrap();
        for i in 0..n {
            let mut pixel = || image::Luma([class * 20 + rng.random_range(0..160)]);
            let image = image::GrayImage::from_fn(12, 12, |_, _| pixel());
            image.save(folder.join(format!("{i}.png"))).unwrap();
        }
    }
}

fn run_in(folder: &Path, program: &Path, words: &str) -> String {
    let output = Command::new(program)
        .args(words.split_whitespace())
        .current_dir(folder)
        .env("XDG_CACHE_HOME", folder)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_program_repeats_the_accuracy_that_eval_prints_of_a_searched_network() {
    let Some(python) = python(&["torch PIL"]) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    images(&folder.join("data/train"), 60);
    images(&folder.join("data/test"), 50);
    let enasc = Path::new(env!("CARGO_BIN_EXE_enasc"));
    let micro = root().join("spaces/enas_micro.enas").display().to_string();
    let micro =
        format!("{micro} --set layers=1 --set width=4 --set ch=1 --set size=12 --set classes=4");
    let on = "--data images:data --device cpu --threads 1 --quiet";
    let few = "--epochs 2 --with shared.batch=60 --with controller.updates=2 \
        --with controller.samples=2 --with derive.samples=3 --with derive.compare=2";
    run_in(
        folder,
        enasc,
        &format!("search {micro} --out searched {on} {few}"),
    );
    let best = "--arch searched/best.json";
    let train = format!("train {micro} {best} --out run {on} --epochs 3 --with retrain.batch=40");
    run_in(folder, enasc, &train);
    let told = run_in(folder, enasc, &format!("eval run {on}"));

    let export = format!("export {micro} {best} --to pytorch");
    run_in(folder, enasc, &format!("{export} --weights run -o net.py"));
    let program = root().join("examples/evaluate.py").display().to_string();
    let shown = run_in(folder, &python, &format!("{program} net.py data"));
    assert_eq!(shown, told);
    // Above chance, and not perfect: it could differ.
    let accuracy: f64 = told.split_whitespace().nth(2).unwrap().parse().unwrap();
    assert!((0.3..0.99).contains(&accuracy), "{told}");
}

#[test]
fn weights_are_those_of_the_run_and_of_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let enasc = Path::new(env!("CARGO_BIN_EXE_enasc"));
    let tiny = root().join("spaces/tiny.enas").display().to_string();
    let arch = |f: &str| format!("h[1].f={f} h[1].skips={{}} h[2].f=max3 h[2].skips={{}}");
    fs::write(folder.join("a"), arch("max3")).unwrap();
    fs::write(folder.join("b"), arch("conv3")).unwrap();
    let train = "--data synthetic --device cpu --threads 1 --quiet --epochs 1 --arch a --out run";
    run_in(folder, enasc, &format!("train {tiny} {train}"));
    let refused = |words: &str| {
        let output = Command::new(enasc)
            .args(format!("export {tiny} {words} --to onnx -o x").split(' '))
            .current_dir(folder)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    assert_eq!(
        refused("--arch b --weights run"),
        "error: run trained another architecture: give its architecture.json with --arch\n"
    );
    assert_eq!(
        refused("--arch a --weights run --set width=4"),
        "error: run is a run on the space `tiny`, and this is not that space: give its space.enas, and the `--set` values that it was started with (none)\n"
    );
    assert_eq!(
        refused("--arch a --weights nowhere"),
        "error: nowhere holds no run: there is no run.json in it\n"
    );

    // A search has weights for every architecture.
    let search = "--data synthetic --device cpu --threads 1 --quiet --epochs 1 --out searched \
        --with controller.updates=2 --with controller.samples=2";
    run_in(folder, enasc, &format!("search {tiny} {search}"));
    let weights = |out: &str, from: &str| {
        let to = format!("export {tiny} --arch a --to safetensors -o {out}");
        run_in(folder, enasc, &format!("{to} {from}"));
        let file = fs::read(folder.join(out)).unwrap();
        let tensors = SafeTensors::deserialize(&file).unwrap();
        tensors
            .tensor("head.linear.weight")
            .unwrap()
            .data()
            .to_vec()
    };
    let all = [
        weights("trained", "--weights run"),
        weights("shared", "--weights searched"),
        weights("fresh", "--seed 0"),
    ];
    assert!(all.iter().all(|one| one.len() == all[0].len()));
    assert!(all[0] != all[1] && all[1] != all[2] && all[2] != all[0]);
}

//! The time of one step of each training, beside the same mathematics in eager torch
//! from Python: the Rust side of `make bench`.
//!
//! `speed TASK FILE` writes the parameters and the minibatch to FILE (safetensors),
//! for the other side to compute the same from, and then answers each line of
//! standard input with one of standard output:
//!
//! - `losses`: the loss of each architecture, before any step;
//! - `step`: makes a step on the next architecture; the milliseconds it took;
//! - `peak`: the most memory that the process has had, in MiB.
//!
//! `run.py` asks both sides in turn. Started without a task, as by `cargo bench`, it
//! does nothing.

// The configuration of clippy allows these in tests alone.
#![expect(clippy::expect_used, reason = "a benchmark fails by a panic")]
#![expect(clippy::panic, reason = "a benchmark fails by a panic")]
#![expect(clippy::print_stdout, reason = "its answers")]

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use enasc::controller::ControllerConfig;
use enasc::decision::{Architecture, plan};
use enasc::encoding::{Encoding, import};
use enasc::graph::{Child, select};
use enasc::model::{Init, Mode, ModelConfig, SharedModel, gradients, keep_freed_memory};
use enasc::train::controller_phase::{Policy, PolicyConfig, PolicyError};
use enasc::train::optim::{Sgd, SgdConfig, clip_global_norm, global_norm};
use enasc::{Options, SearchSpace, compile, controller};
use tch::{Device, Kind, Reduction, Tensor};

const LR: f64 = 1e-3;
/// Architectures of one update of the controller.
const SAMPLES: usize = 20;

type State = Vec<(String, Tensor)>;

trait Training {
    /// All that the other side computes from.
    fn state(&mut self) -> State;
    /// The loss of each architecture.
    fn losses(&mut self) -> Vec<f64>;
    /// One step; the architectures take turns.
    fn step(&mut self, number: usize);
}

/// Shared weights and a minibatch of noise.
struct Weights {
    model: SharedModel,
    children: Vec<Child>,
    input: Tensor,
    targets: Tensor,
    sgd: Sgd,
    /// Greatest norm of the gradient, 0 for any.
    clip: f64,
}

impl Weights {
    /// 64 images of 32 x 32 and the optimiser of the authors' search.
    fn images(task: &str, l2: f64) -> Self {
        let space = space(&format!("enas_{task}"));
        let sgd = SgdConfig {
            l2,
            ..SgdConfig::default()
        };
        Self {
            model: model(&space, Init::HeNormal),
            children: children(&space, task),
            input: Tensor::randn([64, 3, 32, 32], (Kind::Float, Device::Cpu)),
            targets: Tensor::randint(10, [64], (Kind::Int64, Device::Cpu)),
            sgd: Sgd::new(sgd),
            clip: 0.0,
        }
    }

    /// 20 rows of 35 words, and the optimiser of the authors' search.
    fn text() -> Self {
        let space = space("enas_rnn");
        let sgd = SgdConfig {
            momentum: 0.0,
            nesterov: false,
            l2: 1e-7,
            ..SgdConfig::default()
        };
        let words = || Tensor::randint(10_000, [35, 20], (Kind::Int64, Device::Cpu));
        Self {
            model: model(&space, Init::Uniform { bound: 0.04 }),
            children: children(&space, "recurrent"),
            input: words(),
            targets: words(),
            sgd: Sgd::new(sgd),
            clip: 10.0,
        }
    }

    fn loss(&mut self, number: usize) -> Tensor {
        let child = &self.children[number % self.children.len()];
        let inputs = [self.input.shallow_clone()];
        let outputs = self.model.forward(child, &inputs, Mode::Train);
        let logits = outputs.expect("the child runs").remove(0).flatten(0, -2);
        let targets = self.targets.flatten(0, -1);
        logits.cross_entropy_loss::<Tensor>(&targets, None, Reduction::Mean, -100, 0.0)
    }
}

impl Training for Weights {
    fn state(&mut self) -> State {
        for child in &self.children {
            self.model.trained(child).expect("memory suffices");
        }
        let mut state = self.model.state().expect("memory suffices");
        state.push(("input".to_owned(), self.input.shallow_clone()));
        state.push(("targets".to_owned(), self.targets.shallow_clone()));
        state
    }

    fn losses(&mut self) -> Vec<f64> {
        let _guard = tch::no_grad_guard();
        (0..self.children.len())
            .map(|number| self.loss(number).double_value(&[]))
            .collect()
    }

    /// As `train::weights` makes it.
    fn step(&mut self, number: usize) {
        let loss = self.loss(number);
        let child = &self.children[number % self.children.len()];
        let params = self.model.trained(child).expect("memory suffices");
        assert!(loss.double_value(&[]).is_finite(), "the loss diverged");
        let mut grads = gradients(&loss, &params).expect("memory suffices");
        let norm = if self.clip > 0.0 {
            clip_global_norm(&mut grads, self.clip)
        } else {
            global_norm(&grads)
        };
        assert!(norm.double_value(&[]).is_finite(), "the gradient diverged");
        let params: Vec<(u32, Tensor)> =
            params.into_iter().map(|(id, leaf)| (id.0, leaf)).collect();
        self.sgd.step(&params, &grads, LR);
    }
}

/// The policy of the macro space, whose rewards cost nothing.
struct Updates {
    policy: Policy,
    architectures: Vec<Architecture>,
}

impl Updates {
    fn new() -> Self {
        let space = space("enas_macro");
        let plan = plan(&space.decisions);
        let config = ControllerConfig::default();
        let controller = controller::Controller::new(plan, config, 0, Device::Cpu);
        Self {
            policy: Policy::new(controller, PolicyConfig::default()),
            architectures: architectures(&space, "macro"),
        }
    }
}

impl Training for Updates {
    fn state(&mut self) -> State {
        let params = self.policy.controller().params().iter();
        params
            .map(|(name, param)| (name.clone(), param.detach()))
            .collect()
    }

    fn losses(&mut self) -> Vec<f64> {
        let rollout = self.policy.controller().score(&self.architectures);
        let loss = -rollout.log_prob + rollout.skip_penalty * PolicyConfig::default().skip_weight;
        Vec::try_from(loss.detach().to_kind(Kind::Double)).expect("it is a vector")
    }

    fn step(&mut self, number: usize) {
        let mut reward = |sampled: &[Architecture]| {
            Ok::<_, PolicyError>((0..sampled.len()).map(|i| i as f64 / 20.0).collect())
        };
        let report = self.policy.update(SAMPLES, number as u64, &mut reward);
        assert!(report.is_ok(), "the update failed");
    }
}

fn space(name: &str) -> SearchSpace {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("spaces/{name}.enas"));
    let text = std::fs::read_to_string(file).expect("the space ships with the program");
    let mut spaces = compile(name, &text, &Options::default()).spaces;
    spaces.pop().expect("the space compiles")
}

/// Those of `architectures.txt`.
fn architectures(space: &SearchSpace, task: &str) -> Vec<Architecture> {
    include_str!("architectures.txt")
        .lines()
        .filter_map(|line| line.strip_prefix(task))
        .map(|text| import(Encoding::Enas, text.trim(), &space.decisions).expect("it fits"))
        .collect()
}

fn children(space: &SearchSpace, task: &str) -> Vec<Child> {
    let architectures = architectures(space, task);
    let select = |architecture| select(&space.graph, &space.decisions, architecture);
    architectures.iter().map(select).collect()
}

fn model(space: &SearchSpace, init: Init) -> SharedModel {
    let config = ModelConfig {
        init,
        ..ModelConfig::default()
    };
    SharedModel::new(Arc::new(space.graph.clone()), config, 0, Device::Cpu)
}

/// In MiB, as the kernel counts it.
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or(f64::NAN) / 1024.0
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [task, file] = &arguments[..] else {
        return;
    };
    keep_freed_memory();
    tch::manual_seed(0);
    let mut training: Box<dyn Training> = match task.as_str() {
        "micro" => Box::new(Weights::images("micro", 1e-4)),
        "macro" => Box::new(Weights::images("macro", 2.5e-4)),
        "recurrent" => Box::new(Weights::text()),
        "controller" => Box::new(Updates::new()),
        other => panic!("there is no task {other}"),
    };
    Tensor::write_safetensors(&training.state(), file).expect("FILE can be written");
    println!("ready");
    let mut number = 0;
    for line in std::io::stdin().lines() {
        match line.expect("standard input can be read").as_str() {
            "losses" => {
                let losses = training.losses();
                let losses: Vec<String> = losses.iter().map(f64::to_string).collect();
                println!("{}", losses.join(" "));
            }
            "step" => {
                let start = Instant::now();
                training.step(number);
                println!("{}", start.elapsed().as_secs_f64() * 1e3);
                number += 1;
            }
            "peak" => println!("{}", peak()),
            other => panic!("there is no command {other}"),
        }
    }
}

//! The time of one step of each training, beside the same mathematics in eager torch
//! from Python: the Rust side of `make bench` and `make gpu-check`.
//!
//! `speed TASK FILE [DEVICE [PRECISION]]` writes the parameters and the minibatch to
//! FILE (safetensors), for the other side to compute the same from, and then answers
//! each line of standard input with one of standard output:
//!
//! - `losses`: the loss of each architecture, before any step;
//! - `round`: makes a step on each architecture; the milliseconds it took until the
//!   device had done all;
//! - `peak`: the most memory that the process has had, in MiB.
//!
//! `run.py` asks both sides in turn. Started without a task, as by `cargo bench`, it
//! does nothing.

// The configuration of clippy allows these in tests alone.
#![expect(clippy::expect_used, reason = "a benchmark fails by a panic")]
#![expect(clippy::panic, reason = "a benchmark fails by a panic")]
#![expect(clippy::print_stdout, reason = "its answers")]

use std::sync::Arc;
use std::time::Instant;

use enasc::controller::ControllerConfig;
use enasc::decision::{Architecture, plan};
use enasc::encoding::{Encoding, import};
use enasc::graph::{Child, select};
use enasc::model::{
    DeviceRequest, Init, Mode, ModelConfig, Precision, SharedModel, choose, gradients,
    keep_freed_memory, load_cuda,
};
use enasc::train::controller_phase::{Policy, PolicyConfig, PolicyError};
use enasc::train::optim::{Sgd, SgdConfig, clip_global_norm, global_norm};
use enasc::{Options, SearchSpace, compile, controller};
use tch::{Cuda, Device, Kind, Reduction, Tensor};

const LR: f64 = 1e-3;
/// Architectures of one update of the controller.
const SAMPLES: usize = 20;
/// Of each task, in `architectures.txt`.
const ARCHITECTURES: usize = 4;

/// Where is computed, and with what.
#[derive(Clone, Copy)]
struct Machine {
    device: Device,
    precision: Precision,
}

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
    fn images(task: &str, l2: f64, machine: Machine) -> Self {
        let space = space(&format!("enas_{task}"));
        let sgd = SgdConfig {
            l2,
            ..SgdConfig::default()
        };
        Self {
            model: model(&space, Init::HeNormal, machine),
            children: children(&space, task),
            // Drawn on the CPU, so that they are the same for every device.
            input: Tensor::randn([64, 3, 32, 32], (Kind::Float, Device::Cpu))
                .to_device(machine.device),
            targets: Tensor::randint(10, [64], (Kind::Int64, Device::Cpu))
                .to_device(machine.device),
            sgd: Sgd::new(sgd),
            clip: 0.0,
        }
    }

    /// 20 rows of 35 words, and the optimiser of the authors' search.
    fn text(machine: Machine) -> Self {
        let space = space("enas_rnn");
        let sgd = SgdConfig {
            momentum: 0.0,
            nesterov: false,
            l2: 1e-7,
            ..SgdConfig::default()
        };
        let words = || {
            let words = Tensor::randint(10_000, [35, 20], (Kind::Int64, Device::Cpu));
            words.to_device(machine.device)
        };
        Self {
            model: model(&space, Init::Uniform { bound: 0.04 }, machine),
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
        state.push(("input".to_owned(), self.input.to_device(Device::Cpu)));
        state.push(("targets".to_owned(), self.targets.to_device(Device::Cpu)));
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
        let mut grads = gradients(&loss, &params).expect("memory suffices");
        let norm = if self.clip > 0.0 {
            clip_global_norm(&mut grads, self.clip)
        } else {
            global_norm(&grads)
        };
        let params: Vec<(u32, Tensor)> =
            params.into_iter().map(|(id, leaf)| (id.0, leaf)).collect();
        let ok = loss.isfinite().logical_and(&norm.isfinite());
        if loss.device().is_cuda() {
            self.sgd.step_if(&ok, &params, &grads, LR);
        } else {
            assert_ne!(ok.int64_value(&[]), 0, "loss or gradient diverged");
            self.sgd.step(&params, &grads, LR);
        }
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
    let text = match name {
        "enas_micro" => include_str!("../../spaces/enas_micro.enas"),
        "enas_macro" => include_str!("../../spaces/enas_macro.enas"),
        _ => include_str!("../../spaces/enas_rnn.enas"),
    };
    let mut spaces = compile(name, text, &Options::default()).spaces;
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

fn model(space: &SearchSpace, init: Init, machine: Machine) -> SharedModel {
    let config = ModelConfig {
        init,
        precision: machine.precision,
        ..ModelConfig::default()
    };
    SharedModel::new(Arc::new(space.graph.clone()), config, 0, machine.device)
}

/// In MiB, as the kernel counts it.
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or(f64::NAN) / 1024.0
}

fn machine(words: &[String]) -> Machine {
    let request = words
        .first()
        .map_or(Ok(DeviceRequest::Cpu), |word| word.parse());
    let device = choose(request.expect("DEVICE is cpu or cuda"));
    Machine {
        device: device.unwrap_or_else(|why| panic!("{why}")),
        precision: match words.get(1).map(String::as_str) {
            None | Some("f32") => Precision::F32,
            Some("bf16") => Precision::Bf16,
            Some(other) => panic!("there is no precision {other}"),
        },
    }
}

/// A step on each architecture; the milliseconds until the device had done all.
fn round(training: &mut dyn Training, device: Device) -> f64 {
    let start = Instant::now();
    for number in 0..ARCHITECTURES {
        training.step(number);
    }
    if let Device::Cuda(index) = device {
        Cuda::synchronize(index as i64);
    }
    start.elapsed().as_secs_f64() * 1e3
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [task, file, more @ ..] = &arguments[..] else {
        return;
    };
    // Before any other call of libtorch, which looks for CUDA once.
    let _ = load_cuda();
    keep_freed_memory();
    let machine = machine(more);
    tch::manual_seed(0);
    let mut training: Box<dyn Training> = match task.as_str() {
        "micro" => Box::new(Weights::images("micro", 1e-4, machine)),
        "macro" => Box::new(Weights::images("macro", 2.5e-4, machine)),
        "recurrent" => Box::new(Weights::text(machine)),
        // It runs on the CPU, wherever the weights are.
        "controller" => Box::new(Updates::new()),
        other => panic!("there is no task {other}"),
    };
    Tensor::write_safetensors(&training.state(), file).expect("FILE can be written");
    println!("ready");
    for line in std::io::stdin().lines() {
        match line.expect("standard input can be read").as_str() {
            "losses" => {
                let losses = training.losses();
                let losses: Vec<String> = losses.iter().map(f64::to_string).collect();
                println!("{}", losses.join(" "));
            }
            "round" => println!("{}", round(training.as_mut(), machine.device)),
            "peak" => println!("{}", peak()),
            other => panic!("there is no command {other}"),
        }
    }
}

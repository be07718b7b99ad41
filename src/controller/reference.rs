//! The two controllers of the paper written out once more, in plain loops over
//! `f64`, step by step as its authors' code has them: what the walk over a plan
//! must agree with.

use std::collections::BTreeMap;

use tch::{Device, Kind, Tensor};

use super::{Controller, ControllerConfig};
use crate::decision::{Architecture, Choice, DecisionSpace, plan};

type Vector = Vec<f64>;

/// An LSTM in mid-sequence, with the parameters of a [`Controller`].
struct Loops {
    params: BTreeMap<String, Vec<Vector>>,
    config: ControllerConfig,
    x: Vector,
    h: Vector,
    c: Vector,
    anchors: Vec<Vector>,
    log_prob: f64,
    entropy: f64,
}

impl Loops {
    fn new(controller: &Controller) -> Self {
        let rows = |tensor: &Tensor| Vec::<Vec<f64>>::try_from(tensor.detach()).unwrap();
        let params = controller.params().iter();
        let params: BTreeMap<_, _> = params.map(|(name, p)| (name.clone(), rows(p))).collect();
        let zeros = vec![0.0; controller.config.hidden as usize];
        Self {
            x: params["g_emb"][0].clone(),
            h: zeros.clone(),
            c: zeros,
            config: controller.config.clone(),
            params,
            anchors: Vec::new(),
            log_prob: 0.0,
            entropy: 0.0,
        }
    }

    fn times(&self, vector: &[f64], matrix: &str) -> Vector {
        let matrix = &self.params[matrix];
        let columns = 0..matrix[0].len();
        let dot = |column| {
            (0..vector.len())
                .map(|i| vector[i] * matrix[i][column])
                .sum()
        };
        columns.map(dot).collect()
    }

    fn step(&mut self) {
        let input: Vector = self.x.iter().chain(&self.h).copied().collect();
        let gates = self.times(&input, "lstm");
        let size = self.h.len();
        for unit in 0..size {
            let gate = |number: usize| gates[number * size + unit];
            let (i, f, o, g) = (gate(0), gate(1), gate(2), gate(3));
            self.c[unit] = sigmoid(f) * self.c[unit] + sigmoid(i) * g.tanh();
            self.h[unit] = sigmoid(o) * self.c[unit].tanh();
        }
    }

    fn shape(&self, logit: f64, bound: f64) -> f64 {
        bound * (logit / self.config.temperature).tanh()
    }

    fn attend(&self, options: usize) -> Vector {
        let query = self.times(&self.h, "attention.w2");
        let logit = |anchor: &Vector| {
            let key = self.times(anchor, "attention.w1");
            let v = &self.params["attention.v"];
            let raw = (0..v.len())
                .map(|i| v[i][0] * (key[i] + query[i]).tanh())
                .sum();
            self.shape(raw, self.config.tanh)
        };
        self.anchors[..options].iter().map(logit).collect()
    }

    fn choose(&mut self, logits: &[f64], choice: usize) {
        let total: f64 = logits.iter().map(|logit| logit.exp()).sum();
        let log_prob = logits[choice] - total.ln();
        self.log_prob += log_prob;
        if self.config.chosen_entropy {
            self.entropy -= log_prob.exp() * log_prob;
            return;
        }
        for logit in logits {
            self.entropy -= logit.exp() / total * (logit - total.ln());
        }
    }

    /// A choice from the table of operations or activations.
    fn choose_from_table(&mut self, choice: usize) {
        self.step();
        let bound = self.config.tanh / self.config.table_divisor;
        let mut raw: Vector = if self.config.tied_tables {
            let dot = |row: &Vector| row.iter().zip(&self.h).map(|(e, h)| e * h).sum();
            self.params["table.0.embedding"].iter().map(dot).collect()
        } else {
            self.times(&self.h, "table.0.softmax")
        };
        for (raw, bias) in raw.iter_mut().zip(&self.config.table_bias) {
            *raw += bias;
        }
        let logits: Vector = raw.iter().map(|&raw| self.shape(raw, bound)).collect();
        self.choose(&logits, choice);
        self.x.clone_from(&self.params["table.0.embedding"][choice]);
    }

    fn restart(&mut self) {
        self.x.clone_from(&self.params["g_emb"][0]);
    }
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// A controller as the paper has it, and one as the authors' several codes do.
fn controllers(space: &DecisionSpace, candidates: usize) -> [Controller; 2] {
    let paper = ControllerConfig {
        hidden: 5,
        temperature: 1.7,
        tanh: 2.3,
        table_divisor: 1.3,
        init: 1.2,
        ..ControllerConfig::default()
    };
    let authors = ControllerConfig {
        table_bias: (0..candidates).map(|i| 0.5 - i as f64 / 4.0).collect(),
        tied_tables: true,
        chosen_entropy: true,
        halved_skip_logit: true,
        ..paper.clone()
    };
    [paper, authors]
        .map(|config| Controller::with_kind(plan(space), config, 11, Device::Cpu, Kind::Double))
}

/// The choices of an architecture in program order, and what is left of them.
fn choices(space: &DecisionSpace, architecture: &Architecture) -> std::vec::IntoIter<Choice> {
    let choices = space
        .iter()
        .map(|(id, _)| architecture.get(id).unwrap().clone());
    choices.collect::<Vec<_>>().into_iter()
}

fn next_one(choices: &mut impl Iterator<Item = Choice>) -> usize {
    match choices.next() {
        Some(Choice::One(option)) => option as usize,
        other => panic!("{other:?}"),
    }
}

fn next_set(choices: &mut impl Iterator<Item = Choice>) -> Vec<u32> {
    match choices.next() {
        Some(Choice::Set(options)) => options,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn agree(tensor: &Tensor, row: usize, expected: f64) {
    let found = tensor.double_value(&[row as i64]);
    assert!(
        (found - expected).abs() < 1e-12,
        "{found} in place of {expected}"
    );
}

#[test]
fn recurrent_walk_agrees_with_loops() {
    let space = DecisionSpace::recurrent(4);
    for controller in controllers(&space, 4) {
        recurrent_walk(&space, &controller);
    }
}

fn recurrent_walk(space: &DecisionSpace, controller: &Controller) {
    let rollout = controller.sample(10, 0);
    for (row, architecture) in rollout.architectures.iter().enumerate() {
        let mut choices = choices(space, architecture);
        let mut net = Loops::new(controller);
        net.choose_from_table(next_one(&mut choices));
        net.step();
        net.anchors.push(net.h.clone());
        net.restart();
        for l in 1..4 {
            net.step();
            let mut logits = net.attend(l);
            for (j, logit) in logits.iter_mut().enumerate() {
                *logit -= ((l - j) as f64).powi(2) / 6.0;
            }
            net.anchors.push(net.h.clone());
            let p = next_one(&mut choices);
            net.choose(&logits, p);
            let nearness = 1.0 / (0.1 + (l - p) as f64);
            net.x = net.anchors[p].iter().map(|a| a * nearness).collect();
            net.choose_from_table(next_one(&mut choices));
        }
        agree(&rollout.log_prob, row, net.log_prob);
        agree(&rollout.entropy, row, net.entropy);
        agree(&rollout.skip_penalty, row, 0.0);
    }
}

#[test]
fn macro_walk_agrees_with_loops() {
    let space = DecisionSpace::macro_layers(4);
    for controller in controllers(&space, 6) {
        macro_walk(&space, &controller);
    }
}

fn macro_walk(space: &DecisionSpace, controller: &Controller) {
    let rollout = controller.sample(10, 0);
    for (row, architecture) in rollout.architectures.iter().enumerate() {
        let mut choices = choices(space, architecture);
        let mut net = Loops::new(controller);
        let mut penalty = 0.0;
        net.step();
        net.anchors.push(net.h.clone());
        net.restart();
        for l in 1..=4 {
            net.choose_from_table(next_one(&mut choices));
            net.step();
            let skips = next_set(&mut choices);
            if l == 1 {
                net.restart();
            } else {
                net.x.fill(0.0);
            }
            for (j, q) in net.attend(l - 1).into_iter().enumerate() {
                // The pair of logits [-q, q].
                let bit = skips.contains(&(j as u32));
                net.choose(&[-q, q], usize::from(bit));
                let halved = controller.config.halved_skip_logit;
                let p = sigmoid(if halved { q } else { 2.0 * q });
                penalty += p * (p / 0.4).ln() + (1.0 - p) * ((1.0 - p) / 0.6).ln();
                if bit {
                    for (x, a) in net.x.iter_mut().zip(&net.anchors[j]) {
                        *x += a / (1.0 + skips.len() as f64);
                    }
                }
            }
            net.anchors.push(net.h.clone());
        }
        agree(&rollout.log_prob, row, net.log_prob);
        agree(&rollout.entropy, row, net.entropy);
        agree(&rollout.skip_penalty, row, penalty / 3.0);
    }
}

//! The controller's parameters θ and what is computed from them: the LSTM
//! cell, logits over candidates and over anchors, embeddings.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use tch::{Device, Kind, Tensor};

use super::ControllerConfig;
use crate::decision::{OptionSource, Plan, Step, StepKind};

/// Distances are divided by as much more, so that none is zero (authors'
/// recurrent space).
const NEAR_INPUT_OFFSET: f64 = 0.1;

/// θ. Names in the comments are those of [`super::Controller::params`].
#[derive(Debug)]
pub(super) struct Weights {
    /// `g_emb`: the input where no choice is fed back. `(1, H)`
    pub start: Tensor,
    /// `lstm`: all gates from input and state, without bias. `(2H, 4H)`
    pub lstm: Tensor,
    /// By `TableId`; `None` where no step uses the table.
    pub tables: Vec<Option<TableWeights>>,
    /// `None` where no step attends.
    pub attention: Option<Attention>,
}

/// One table of candidates; all decisions over it share these.
#[derive(Debug)]
pub(super) struct TableWeights {
    /// `table.I.embedding`: what is fed back for a choice. `(size, H)`
    pub embedding: Tensor,
    /// `table.I.softmax`: the logits of a state; `None`: the embedding's transpose.
    /// `(H, size)`
    pub softmax: Option<Tensor>,
    /// `table.I.bias`, added to them. `(1, size)`
    pub bias: Option<Tensor>,
}

impl TableWeights {
    /// Raw logits of a state over the first `m` candidates. `(n, H)` to `(n, m)`
    pub fn logits(&self, h: &Tensor, m: i64) -> Tensor {
        let logits = match &self.softmax {
            Some(softmax) => h.mm(&softmax.narrow(1, 0, m)),
            None => h.mm(&self.embedding.narrow(0, 0, m).tr()),
        };
        match &self.bias {
            Some(bias) => logits + bias.narrow(1, 0, m),
            None => logits,
        }
    }
}

/// Attention over anchors: `vᵀ tanh(A W1 + h W2)`.
#[derive(Debug)]
pub(super) struct Attention {
    /// `attention.w1`, for the anchors. `(H, H)`
    pub w1: Tensor,
    /// `attention.w2`, for the state. `(H, H)`
    pub w2: Tensor,
    /// `attention.v`. `(H, 1)`
    pub v: Tensor,
}

impl Weights {
    /// Every parameter uniform in ±`config.init`, drawn in the order of the
    /// list that is returned beside them; biases at their values.
    pub fn new(
        plan: &Plan,
        config: &ControllerConfig,
        rng: &mut ChaCha8Rng,
        options: (Kind, Device),
    ) -> (Self, Vec<(String, Tensor)>) {
        let h = i64::from(config.hidden);
        let mut params = Vec::new();
        let mut place = |name: String, shape: [i64; 2], values: &[f64]| {
            let tensor = Tensor::from_slice(values)
                .view(shape)
                .to_kind(options.0)
                .to_device(options.1)
                .set_requires_grad(true);
            params.push((name, tensor.shallow_clone()));
            tensor
        };
        let mut make = |name: String, shape: [i64; 2]| {
            let count = shape.iter().product::<i64>();
            let bound = config.init;
            let values: Vec<f64> = (0..count)
                .map(|_| rng.random_range(-bound..bound))
                .collect();
            place(name, shape, &values)
        };
        let start = make("g_emb".to_owned(), [1, h]);
        let lstm = make("lstm".to_owned(), [2 * h, 4 * h]);
        let attends =
            |step: &Step| step.n > 0 && matches!(&step.options, OptionSource::Elements(_));
        let attention = plan.steps.iter().any(attends).then(|| Attention {
            w1: make("attention.w1".to_owned(), [h, h]),
            w2: make("attention.w2".to_owned(), [h, h]),
            v: make("attention.v".to_owned(), [h, 1]),
        });
        let mut tables = (0..plan.tables.len())
            .map(|index| {
                let size = rows_in_use(plan, index)?;
                let embedding = make(format!("table.{index}.embedding"), [size, h]);
                let softmax = (!config.tied_tables)
                    .then(|| make(format!("table.{index}.softmax"), [h, size]));
                Some(TableWeights {
                    embedding,
                    softmax,
                    bias: None,
                })
            })
            .collect::<Vec<Option<TableWeights>>>();
        for (index, table) in tables.iter_mut().enumerate() {
            let start = &config.table_bias;
            if let Some(table) = table
                && table.embedding.size()[0] == start.len() as i64
            {
                let shape = [1, start.len() as i64];
                table.bias = Some(place(format!("table.{index}.bias"), shape, start));
            }
        }
        let weights = Self {
            start,
            lstm,
            tables,
            attention,
        };
        (weights, params)
    }

    /// One step of the LSTM: gates in the order i, f, o, g.
    pub fn step(&self, x: &Tensor, h: &Tensor, c: &Tensor) -> (Tensor, Tensor) {
        let gates = Tensor::cat(&[x, h], 1).mm(&self.lstm); // (n, 4H)
        let size = h.size()[1];
        let sigmoids = gates.narrow(1, 0, 3 * size).sigmoid();
        let input = sigmoids.narrow(1, 0, size);
        let forget = sigmoids.narrow(1, size, size);
        let output = sigmoids.narrow(1, 2 * size, size);
        let candidate = gates.narrow(1, 3 * size, size).tanh();
        let c = (forget * c).addcmul(&input, &candidate); // (n, H)
        let h = output * c.tanh(); // (n, H)
        (h, c)
    }
}

impl Attention {
    /// The key of an anchor. `(n, H)` to `(n, H)`
    pub fn key(&self, anchor: &Tensor) -> Tensor {
        anchor.mm(&self.w1)
    }

    /// Raw logits of a state over keys. `(n, H), (n, m, H)` to `(n, m)`
    pub fn logits(&self, h: &Tensor, keys: &Tensor) -> Tensor {
        (keys + h.mm(&self.w2).unsqueeze(1))
            .tanh()
            .matmul(&self.v)
            .squeeze_dim(2)
    }
}

impl ControllerConfig {
    /// `logits / T`, then `c tanh(..)`, with the `c` of the step's source.
    pub(super) fn shape(&self, logits: Tensor, source: &OptionSource) -> Tensor {
        let logits = logits / self.temperature;
        let bound = match source {
            OptionSource::Table(_) => self.tanh / self.table_divisor,
            OptionSource::Elements(_) => self.tanh,
        };
        if bound > 0.0 {
            logits.tanh() * bound
        } else {
            logits
        }
    }
}

/// How many rows of a table steps read; `None`: no step does.
fn rows_in_use(plan: &Plan, table: usize) -> Option<i64> {
    let uses = |step: &&Step| {
        matches!(&step.options, OptionSource::Table(id) if id.index() == table) && step.n > 0
    };
    let widest = plan.steps.iter().filter(uses).map(|step| step.n).max()?;
    let declared = plan.tables.get(table).map_or(0, |table| table.size);
    Some(i64::from(widest.max(declared)))
}

/// What does not change from walk to walk: the hints of one step as tensors.
#[derive(Debug)]
pub(super) struct Constants {
    /// Added to the shaped logits: `@bias`, and minus distance² / s of
    /// `@near(s)`. `(1, m)`
    pub offset: Option<Tensor>,
    /// What the anchor that is fed back is multiplied by, where `@near` is
    /// given: one over 0.1 + distance. `(1, m)`
    pub nearness: Option<Tensor>,
    /// The share of set bits that is a priori likely.
    pub rate: Option<f64>,
}

/// The constants of every step of a plan.
pub(super) fn constants(plan: &Plan, options: (Kind, Device)) -> Vec<Constants> {
    let row = |values: Vec<f64>| {
        Tensor::from_slice(&values)
            .unsqueeze(0)
            .to_kind(options.0)
            .to_device(options.1)
    };
    let of = |step: &Step| {
        let distances = || (0..step.n).map(|option| f64::from(step.distance(option)));
        let near = step.hints.near;
        let bias = &step.hints.bias;
        let offset = distances().enumerate().map(|(option, distance)| {
            let bias = bias.get(option).copied().unwrap_or(0.0);
            bias - near.map_or(0.0, |scale| distance * distance / scale)
        });
        let attends = matches!(step.options, OptionSource::Elements(_));
        let takes_bits = matches!(step.kind, StepKind::Bits { .. });
        Constants {
            offset: (near.is_some() || !bias.is_empty()).then(|| row(offset.collect())),
            nearness: (near.is_some() && attends && !takes_bits).then(|| {
                row(distances()
                    .map(|distance| 1.0 / (NEAR_INPUT_OFFSET + distance))
                    .collect())
            }),
            // A rate of 0 or 1 would make every other bit infinitely unlikely.
            rate: step
                .hints
                .rate
                .filter(|_| takes_bits)
                .map(|rate| rate.clamp(1e-6, 1.0 - 1e-6)),
        }
    };
    plan.steps.iter().map(of).collect()
}

//! The choices of a walk: random or given, as tensors, and back to
//! architectures.
//!
//! A choice of one step is a row of zeros and ones over its options.

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand::distr::{Distribution, Open01};
use rand_chacha::ChaCha8Rng;
use tch::{Device, Kind, Tensor};

use crate::decision::{Architecture, Choice, DecisionId, GuardId, Plan, Step, StepKind};

/// Where the choices come from, and what was chosen so far.
pub(super) struct Actions<'a> {
    plan: &'a Plan,
    source: Source,
    /// Complete where given; where drawn, decided up to `read`.
    architectures: Vec<Architecture>,
    chosen: Vec<Chosen>,
    /// How many of `chosen` are in `architectures`.
    read: usize,
    rows: BTreeMap<GuardId, Rows>,
    /// The first column of every step in the tensor of `source`.
    columns: Vec<i64>,
    options: (Kind, Device),
}

enum Source {
    /// Noise for every option of every step. `(n, M)`
    Draw(Tensor),
    /// Zeros and ones for every option of every step. `(n, M)`
    Given(Tensor),
}

/// A choice that was made at a step.
struct Chosen {
    step: usize,
    /// Zeros and ones. `(n, m)`
    options: Tensor,
    rows: Rows,
}

/// In which architectures of the batch something is active.
pub(super) enum Rows {
    All,
    None,
    Some {
        list: Vec<bool>,
        /// `(n, 1)`, boolean
        mask: Tensor,
    },
}

impl Clone for Rows {
    fn clone(&self) -> Self {
        match self {
            Self::All => Self::All,
            Self::None => Self::None,
            Self::Some { list, mask } => Self::Some {
                list: list.clone(),
                mask: mask.shallow_clone(),
            },
        }
    }
}

impl Rows {
    fn of(list: Vec<bool>, device: Device) -> Self {
        if list.iter().all(|&active| active) {
            return Self::All;
        }
        if !list.iter().any(|&active| active) {
            return Self::None;
        }
        let mask = Tensor::from_slice(&list).unsqueeze(1).to_device(device);
        Self::Some { list, mask }
    }

    pub fn mask(&self) -> Option<&Tensor> {
        match self {
            Self::Some { mask, .. } => Some(mask),
            Self::All | Self::None => None,
        }
    }

    fn has(&self, row: usize) -> bool {
        match self {
            Self::All => true,
            Self::None => false,
            Self::Some { list, .. } => list.get(row).copied().unwrap_or(false),
        }
    }
}

impl<'a> Actions<'a> {
    /// `n` architectures to be drawn.
    ///
    /// The noise of all steps is made beforehand, row by row, so that drawing
    /// needs nothing from the host: Gumbel for one of several options (the
    /// largest sum of log-probability and noise is a draw), logistic for a bit.
    pub fn draw(plan: &'a Plan, n: usize, seed: u64, options: (Kind, Device)) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut noise = Vec::new();
        for _ in 0..n {
            for step in &plan.steps {
                let bits = matches!(step.kind, StepKind::Bits { .. });
                noise.extend((0..step.n).map(|_| {
                    let u: f64 = Open01.sample(&mut rng);
                    if bits {
                        u.ln() - (-u).ln_1p()
                    } else {
                        -(-u.ln()).ln()
                    }
                }));
            }
        }
        let undecided = vec![plan.undecided(); n];
        Self::new(plan, undecided, &noise, options, Source::Draw)
    }

    /// Architectures that are given.
    pub fn given(plan: &'a Plan, architectures: &[Architecture], options: (Kind, Device)) -> Self {
        let mut flags = Vec::new();
        for architecture in architectures {
            for step in &plan.steps {
                encode(step, architecture, &mut flags);
            }
        }
        Self::new(plan, architectures.to_vec(), &flags, options, Source::Given)
    }

    fn new(
        plan: &'a Plan,
        architectures: Vec<Architecture>,
        values: &[f64],
        options: (Kind, Device),
        source: fn(Tensor) -> Source,
    ) -> Self {
        let mut width = 0;
        let columns = plan
            .steps
            .iter()
            .map(|step| {
                width += i64::from(step.n);
                width - i64::from(step.n)
            })
            .collect();
        let values = Tensor::from_slice(values)
            .view([architectures.len() as i64, width])
            .to_kind(options.0)
            .to_device(options.1);
        Self {
            plan,
            source: source(values),
            architectures,
            chosen: Vec::new(),
            read: 0,
            rows: BTreeMap::new(),
            columns,
            options,
        }
    }

    pub fn plan(&self) -> &'a Plan {
        self.plan
    }

    /// How many architectures there are.
    pub fn n(&self) -> i64 {
        self.architectures.len() as i64
    }

    /// Zeros, or a step's share of the noise or of what is given. `(n, m)`
    fn columns(&self, all: &Tensor, index: usize, step: &Step) -> Tensor {
        let start = self.columns.get(index).copied().unwrap_or(0);
        all.narrow(1, start, i64::from(step.n))
    }

    /// The rows in which a condition holds, given what was chosen so far.
    /// Reads back the choices made since the last call, unless known already.
    pub fn rows(&mut self, guard: GuardId) -> Rows {
        if guard == GuardId::ALWAYS {
            return Rows::All;
        }
        if let Some(known) = self.rows.get(&guard) {
            return known.clone();
        }
        self.read_back();
        let guards = &self.plan.guards;
        let holds = |architecture: &Architecture| guards.holds(guard, architecture);
        let list = self.architectures.iter().map(holds).collect();
        let rows = Rows::of(list, self.options.1);
        self.rows.insert(guard, rows.clone());
        rows
    }

    /// Which options of a step's decision may be chosen, given what was chosen so
    /// far; `None`: all. `(n, m)`, boolean
    pub fn available(&mut self, step: &Step) -> Option<Tensor> {
        if step.available.is_empty() {
            return None;
        }
        let n = self.n();
        let columns: Vec<Tensor> = step
            .available
            .iter()
            .map(|&guard| match self.rows(guard) {
                Rows::Some { mask, .. } => mask,
                rows => {
                    let there = i64::from(matches!(rows, Rows::All));
                    Tensor::full([n, 1], there, (Kind::Bool, self.options.1))
                }
            })
            .collect();
        Some(Tensor::cat(&columns, 1))
    }

    /// The choice of one option at a step. `log_probs (n, m)` to `(n, m)`
    pub fn one(&self, index: usize, step: &Step, log_probs: &Tensor) -> Tensor {
        match &self.source {
            Source::Given(flags) => self.columns(flags, index, step),
            Source::Draw(noise) => {
                let keys = log_probs.detach() + self.columns(noise, index, step);
                keys.zeros_like()
                    .scatter_value(1, &keys.argmax(1, true), 1.0)
            }
        }
    }

    /// The bits chosen at a step. `log_odds (n, m)` to `(n, m)`
    pub fn bits(&self, index: usize, step: &Step, log_odds: &Tensor) -> Tensor {
        match &self.source {
            Source::Given(flags) => self.columns(flags, index, step),
            Source::Draw(noise) => (log_odds.detach() + self.columns(noise, index, step))
                .gt(0.0)
                .to_kind(self.options.0),
        }
    }

    /// Records what a step chose: zeros and ones, all zeros in inactive rows.
    pub fn record(&mut self, step: usize, options: Tensor, rows: Rows) {
        if matches!(self.source, Source::Draw(_)) {
            self.chosen.push(Chosen {
                step,
                options,
                rows,
            });
        }
    }

    /// The architectures, with one transfer of all that was not read back yet.
    pub fn finish(mut self) -> Vec<Architecture> {
        self.read_back();
        self.architectures
    }

    fn read_back(&mut self) {
        let new = self.chosen.get(self.read..).unwrap_or_default();
        if new.is_empty() {
            return;
        }
        let tensors: Vec<&Tensor> = new.iter().map(|chosen| &chosen.options).collect();
        let all = Tensor::cat(&tensors, 1).to_kind(Kind::Uint8); // (n, new options)
        let values = Vec::<u8>::try_from(all.contiguous().view(-1)).unwrap_or_default();
        let width = all.size()[1] as usize;
        for (row, architecture) in self.architectures.iter_mut().enumerate() {
            let mut rest = values
                .get(row * width..(row + 1) * width)
                .unwrap_or_default();
            for chosen in new {
                let Some(step) = self.plan.steps.get(chosen.step) else {
                    continue;
                };
                let (options, later) = rest.split_at((step.n as usize).min(rest.len()));
                rest = later;
                if let (Some(decision), true) = (step.decision, chosen.rows.has(row)) {
                    decode(step, decision, options, architecture);
                }
            }
        }
        self.read = self.chosen.len();
    }
}

/// Appends the flags of a step's options under a complete architecture.
fn encode(step: &Step, architecture: &Architecture, flags: &mut Vec<f64>) {
    let choice = step
        .decision
        .and_then(|decision| architecture.get(decision));
    let set = match choice {
        Some(Choice::Set(set)) => set.as_slice(),
        Some(Choice::One(option)) => std::slice::from_ref(option),
        None => &[],
    };
    let is_chosen = |option: u32| match step.kind {
        StepKind::Anchor => false,
        StepKind::One | StepKind::Bits { .. } => set.contains(&option),
        StepKind::Size { min } => choice.is_some() && set.len() as u32 == min + option,
        StepKind::Nth { nth, .. } => set.get(nth as usize) == Some(&option),
    };
    flags.extend((0..step.n).map(|option| f64::from(u8::from(is_chosen(option)))));
}

/// Adds what a step chose to an architecture; undoes [`encode`].
fn decode(step: &Step, decision: DecisionId, flags: &[u8], architecture: &mut Architecture) {
    let options = flags.iter().zip(0u32..);
    let mut chosen = options
        .filter(|(flag, _)| **flag != 0)
        .map(|(_, option)| option);
    match step.kind {
        StepKind::Anchor => {}
        StepKind::One => {
            if let Some(option) = chosen.next() {
                architecture.set(decision, Choice::One(option));
            }
        }
        StepKind::Bits { .. } => architecture.set(decision, Choice::Set(chosen.collect())),
        StepKind::Size { .. } => architecture.set(decision, Choice::Set(Vec::new())),
        StepKind::Nth { .. } => {
            let mut set = match architecture.get(decision) {
                Some(Choice::Set(set)) => set.clone(),
                _ => Vec::new(),
            };
            set.extend(chosen);
            architecture.set(decision, Choice::Set(set));
        }
    }
}

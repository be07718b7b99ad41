//! One walk over the plan with a batch of architectures, drawn or given.

use tch::Tensor;

use super::lstm::Constants;
use super::tape::{Actions, Rows};
use super::{Controller, ControllerConfig};
use crate::decision::{Architecture, OptionSource, Step, StepKind};

/// Stands for minus infinity, without the NaN of `0 · ∞`.
const IMPOSSIBLE: f64 = -1e9;

/// A batch of architectures and how likely the controller makes them.
#[derive(Debug)]
pub struct Rollout {
    /// The architectures.
    pub architectures: Vec<Architecture>,
    /// log π(m; θ): the sum over all active decisions; differentiable. `[n]`
    pub log_prob: Tensor,
    /// The entropy of every active decision given those before it, summed, in
    /// nats (estimated from what was chosen, if [`ControllerConfig::chosen_entropy`]); carries no gradient, as it is a bonus of the reward. `[n]`
    pub entropy: Tensor,
    /// How far bits with a `@rate` are from it: KL(σ(2q) ‖ rate) (of σ(q), if
    /// [`ControllerConfig::halved_skip_logit`]), summed over
    /// the bits of a decision and averaged over the active decisions that have
    /// such bits (ENAS, section 2.3); differentiable. `[n]`
    pub skip_penalty: Tensor,
    /// The parts of `log_prob`, by step of the plan; 0 where it was not taken. `[n]`
    /// each
    pub steps: Vec<Tensor>,
}

/// The LSTM between two steps.
struct State {
    /// What the next step reads. `(n, H)`
    x: Tensor,
    h: Tensor,
    c: Tensor,
}

/// An element's anchor and, once asked for, its attention key. `(n, H)` each
struct Anchor {
    value: Tensor,
    key: Option<Tensor>,
}

/// The options of a set that is being chosen one by one.
struct PartialSet {
    /// How many it gets, where a step chose that. `(n, 1)`
    size: Option<Tensor>,
    /// The option chosen last. `(n, 1)`
    last: Tensor,
}

/// What a walk sums up. `(n)` each
struct Sums {
    log_prob: Tensor,
    entropy: Tensor,
    penalty: Tensor,
    /// How many decisions `penalty` has.
    penalised: Tensor,
    /// What each step added to `log_prob`. `(n, 1)` each
    steps: Vec<Tensor>,
}

/// What one step adds. `(n, 1)` each
struct Terms {
    log_prob: Tensor,
    entropy: Tensor,
    penalty: Option<Tensor>,
}

impl Controller {
    /// Takes every step of the plan.
    pub(super) fn walk(&self, mut actions: Actions) -> Rollout {
        let plan = actions.plan();
        let n = actions.n();
        let hidden = i64::from(self.config.hidden);
        let zeros = |width: i64| Tensor::zeros([n, width], self.options());
        let start = self.weights.start.expand([n, hidden], false);
        let mut state = State {
            x: start.shallow_clone(),
            h: zeros(hidden),
            c: zeros(hidden),
        };
        let mut sums = Sums::new(&zeros(1));
        let mut anchors: Vec<Option<Anchor>> = (0..plan.elements).map(|_| None).collect();
        let mut set = PartialSet::new(n, self.options());

        for (index, (step, constants)) in plan.steps.iter().zip(&self.constants).enumerate() {
            let rows = actions.rows(step.active);
            let mut active = match &rows {
                Rows::None => Active::No,
                rows => Active::of(rows.mask()),
            };
            if let StepKind::Nth { nth, size: None } = step.kind {
                active = active.and(set.wants(nth));
            }
            if !matches!(active, Active::No) {
                let (h, c) = self.weights.step(&state.x, &state.h, &state.c);
                state.h = active.choose(h, &state.h);
                state.c = active.choose(c, &state.c);
            }
            for element in &step.anchors {
                if let Some(anchor) = anchors.get_mut(element.index()) {
                    *anchor = Some(Anchor {
                        value: state.h.shallow_clone(),
                        key: None,
                    });
                }
            }
            if matches!(active, Active::No) {
                actions.record(index, zeros(i64::from(step.n)), rows);
                sums.steps.push(zeros(1));
                continue;
            }
            if step.n == 0 {
                actions.record(index, zeros(0), rows);
                sums.steps.push(zeros(1));
                state.x = active.choose(start.shallow_clone(), &state.x);
                continue;
            }
            let options = self.options_of(step, &mut anchors, n);
            let logits = self.logits(step, constants, &state.h, &options);
            let available = actions.available(step);
            let available = available.as_ref();
            let (chosen, terms) = match step.kind {
                StepKind::Bits { .. } => {
                    let q = &logits;
                    choose_bits(&self.config, &actions, index, step, q, constants, available)
                }
                _ => {
                    let logits = set.allow(step, logits, available);
                    choose_one(&self.config, &actions, index, step, &logits)
                }
            };
            let chosen = active.zero(chosen);
            sums.add(terms, &active);
            set.update(step, &chosen, &active);
            state.x = active.choose(options.feed_back(step, constants, &chosen), &state.x);
            actions.record(index, chosen, rows);
        }
        Rollout {
            architectures: actions.finish(),
            log_prob: sums.log_prob.squeeze_dim(1),
            entropy: sums.entropy.squeeze_dim(1),
            steps: sums.steps.iter().map(|step| step.squeeze_dim(1)).collect(),
            skip_penalty: (sums.penalty / sums.penalised.clamp_min(1.0)).squeeze_dim(1),
        }
    }

    /// What a step chooses from, as tensors.
    fn options_of<'a>(
        &'a self,
        step: &Step,
        anchors: &mut [Option<Anchor>],
        n: i64,
    ) -> Options<'a> {
        match &step.options {
            OptionSource::Table(id) => {
                Options::Table(self.weights.tables.get(id.index()).and_then(Option::as_ref))
            }
            OptionSource::Elements(elements) => {
                let hidden = i64::from(self.config.hidden);
                let zeros = || Tensor::zeros([n, hidden], self.options());
                let mut values = Vec::with_capacity(elements.len());
                let mut keys = Vec::with_capacity(elements.len());
                for element in elements {
                    // A plan anchors every option before it is asked for; where
                    // its step was never taken, the anchor is the zero state.
                    let slot = anchors.get_mut(element.index()).and_then(Option::as_mut);
                    let (value, key) = match slot {
                        Some(anchor) => {
                            let value = anchor.value.shallow_clone();
                            let key = anchor.key.get_or_insert_with(|| self.key(&value));
                            (value, key.shallow_clone())
                        }
                        None => (zeros(), zeros()),
                    };
                    values.push(value);
                    keys.push(key);
                }
                Options::Anchors {
                    values: Tensor::stack(&values, 1),
                    keys: Tensor::stack(&keys, 1),
                }
            }
        }
    }

    fn key(&self, anchor: &Tensor) -> Tensor {
        match &self.weights.attention {
            Some(attention) => attention.key(anchor),
            None => anchor.zeros_like(),
        }
    }

    /// The shaped logits of a step's options. `(n, m)`
    fn logits(&self, step: &Step, constants: &Constants, h: &Tensor, options: &Options) -> Tensor {
        let m = i64::from(step.n);
        let raw = match (options, &self.weights.attention) {
            (Options::Table(Some(table)), _) => table.logits(h, m),
            (Options::Anchors { keys, .. }, Some(attention)) => attention.logits(h, keys),
            _ => Tensor::zeros([h.size()[0], m], self.options()),
        };
        let shaped = self.config.shape(raw, &step.options);
        match &constants.offset {
            Some(offset) => shaped + offset,
            None => shaped,
        }
    }
}

/// What a step chooses from.
enum Options<'a> {
    Table(Option<&'a super::lstm::TableWeights>),
    /// `(n, m, H)` each
    Anchors {
        values: Tensor,
        keys: Tensor,
    },
}

impl Options<'_> {
    /// What the next step reads: the embedding or anchor of what was chosen;
    /// for bits, their sum over one more than their number. `(n, H)`
    fn feed_back(&self, step: &Step, constants: &Constants, chosen: &Tensor) -> Tensor {
        let weights = match (&constants.nearness, step.kind) {
            (_, StepKind::Bits { .. }) => {
                let count = chosen.sum_dim_intlist(1, true, None);
                chosen / (count + 1.0)
            }
            (Some(nearness), _) => chosen * nearness,
            (None, _) => chosen.shallow_clone(),
        };
        match self {
            Self::Table(Some(table)) => {
                weights.mm(&table.embedding.narrow(0, 0, i64::from(step.n)))
            }
            Self::Table(None) => weights.zeros_like(),
            Self::Anchors { values, .. } => weights.unsqueeze(1).bmm(values).squeeze_dim(1),
        }
    }
}

/// Chooses one of the options. `logits (n, m)` to `(n, m)`
fn choose_one(
    config: &ControllerConfig,
    actions: &Actions,
    index: usize,
    step: &Step,
    logits: &Tensor,
) -> (Tensor, Terms) {
    let log_probs = logits.log_softmax(1, None);
    let chosen = actions.one(index, step, &log_probs);
    let fixed = log_probs.detach();
    let surprise = fixed.exp() * &fixed;
    let terms = Terms {
        log_prob: sum(&(&log_probs * &chosen)),
        entropy: if config.chosen_entropy {
            -sum(&(surprise * &chosen))
        } else {
            -sum(&surprise)
        },
        penalty: None,
    };
    (chosen, terms)
}

/// Takes each option or not, with logits `[-q, q]`: it is taken with
/// probability σ(2q). What is not available is never taken, and of `some` the last
/// one that is available is forced where no other is taken.
/// `q (n, m)`, `available (n, m)` boolean, to `(n, m)`
fn choose_bits(
    config: &ControllerConfig,
    actions: &Actions,
    index: usize,
    step: &Step,
    q: &Tensor,
    constants: &Constants,
    available: Option<&Tensor>,
) -> (Tensor, Terms) {
    let log_odds = q * 2.0;
    let taken = log_odds.log_sigmoid();
    let left = (-&log_odds).log_sigmoid();
    let bits = actions.bits(index, step, &log_odds);
    // Which bits have a probability, and how free each is; `None`: all, wholly.
    let mut counted = available.map(|available| available.to_kind(q.kind()));
    let mut chosen = match &counted {
        Some(available) => bits * available,
        None => bits,
    };
    let log_probs = &left + &chosen * (&taken - &left); // (n, m)
    let mut free = counted.as_ref().map(Tensor::shallow_clone);
    if matches!(step.kind, StepKind::Bits { some: true }) {
        let there = counted.unwrap_or_else(|| q.ones_like());
        let place = Tensor::arange(i64::from(step.n), (q.kind(), q.device()));
        let greatest = (&there * (&place + 1.0)).amax(1, true) - 1.0; // (n, 1)
        let last = place.eq_tensor(&greatest).to_kind(q.kind()); // (n, m)
        let others = &there * (1.0 - &last);
        let none = sum(&(&chosen * &others)).eq(0.0).to_kind(q.kind()); // (n, 1)
        chosen = &chosen * (1.0 - &last * &none) + &last * &none;
        counted = Some(&others + &last * (1.0 - &none));
        let odds = sum(&(&left * &others)).exp();
        free = Some(&others + &last * (1.0 - odds));
    }
    let weigh = |terms: Tensor, by: &Option<Tensor>| match by {
        Some(by) => terms * by,
        None => terms,
    };
    let kl = |rate: f64| {
        let (taken, left) = if config.halved_skip_logit {
            (q.log_sigmoid(), (-q).log_sigmoid())
        } else {
            (taken.shallow_clone(), left.shallow_clone())
        };
        taken.exp() * (&taken - rate.ln()) + left.exp() * (&left - (1.0 - rate).ln())
    };
    let surprise: Tensor = if config.chosen_entropy {
        log_probs.exp() * &log_probs
    } else {
        taken.exp() * &taken + left.exp() * &left
    };
    let terms = Terms {
        log_prob: sum(&weigh(log_probs, &counted)),
        entropy: sum(&weigh(-surprise, &free).detach()),
        penalty: constants.rate.map(|rate| sum(&weigh(kl(rate), &free))),
    };
    (chosen, terms)
}

fn sum(tensor: &Tensor) -> Tensor {
    tensor.sum_dim_intlist(1, true, None)
}

/// In which rows a step is taken.
enum Active {
    Yes,
    No,
    /// `(n, 1)`, boolean
    Mask(Tensor),
}

impl Active {
    fn of(mask: Option<&Tensor>) -> Self {
        mask.map_or(Self::Yes, |mask| Self::Mask(mask.shallow_clone()))
    }

    fn and(self, other: Option<Tensor>) -> Self {
        match (self, other) {
            (Self::Yes, Some(other)) => Self::Mask(other),
            (Self::Mask(mask), Some(other)) => Self::Mask(mask.logical_and(&other)),
            (same, _) => same,
        }
    }

    /// `new` where active, `old` elsewhere.
    fn choose(&self, new: Tensor, old: &Tensor) -> Tensor {
        match self {
            Self::Yes => new,
            Self::No => old.shallow_clone(),
            Self::Mask(mask) => new.where_self(mask, old),
        }
    }

    /// `tensor` where active, zero elsewhere.
    fn zero(&self, tensor: Tensor) -> Tensor {
        match self {
            Self::Yes => tensor,
            Self::No => tensor.zeros_like(),
            Self::Mask(mask) => tensor * mask,
        }
    }
}

impl PartialSet {
    fn new(n: i64, options: (tch::Kind, tch::Device)) -> Self {
        Self {
            size: None,
            last: Tensor::zeros([n, 1], options),
        }
    }

    /// The rows whose set has more than `nth` options; `None`: all.
    fn wants(&self, nth: u32) -> Option<Tensor> {
        Some(self.size.as_ref()?.gt(f64::from(nth)))
    }

    /// Makes the options impossible that are not available, do not lie beyond
    /// the last one or leave too few for the rest of the set.
    fn allow(&self, step: &Step, logits: Tensor, available: Option<&Tensor>) -> Tensor {
        let (nth, size) = match (step.kind, available) {
            (StepKind::Nth { nth, size }, _) => (nth, size),
            (_, None) => return logits,
            (StepKind::Size { min }, Some(available)) => {
                let n = sum(&available.to_kind(logits.kind())); // (n, 1)
                let sizes = Tensor::arange(i64::from(step.n), (logits.kind(), logits.device()));
                let too_many = (sizes + f64::from(min)).gt_tensor(&n);
                return logits.masked_fill(&too_many, IMPOSSIBLE);
            }
            (_, Some(available)) => {
                return logits.masked_fill(&available.logical_not(), IMPOSSIBLE);
            }
        };
        if let Some(available) = available {
            return self.allow_available(nth, size, logits, available);
        }
        let option = Tensor::arange(i64::from(step.n), (logits.kind(), logits.device()));
        // The greatest option after which the rest of the set still fits.
        let greatest = f64::from(step.n) + f64::from(nth);
        let too_late = match (size, &self.size) {
            (Some(size), _) => option.gt(greatest - f64::from(size)).unsqueeze(0),
            (None, Some(size)) => option.gt_tensor(&(greatest - size)),
            (None, None) => option.lt(0.0).unsqueeze(0),
        };
        let forbidden = if nth == 0 {
            too_late
        } else {
            option.le_tensor(&self.last).logical_or(&too_late)
        };
        logits.masked_fill(&forbidden, IMPOSSIBLE)
    }

    fn allow_available(
        &self,
        nth: u32,
        size: Option<u32>,
        logits: Tensor,
        available: &Tensor,
    ) -> Tensor {
        let there = available.to_kind(logits.kind());
        // How many lie beyond each option.
        let beyond = sum(&there) - there.cumsum(1, logits.kind());
        let more = match (size, &self.size) {
            (Some(size), _) => beyond.ge(f64::from(size) - f64::from(nth) - 1.0),
            (None, Some(size)) => (beyond + f64::from(nth) + 1.0).ge_tensor(size),
            (None, None) => beyond.ge(0.0),
        };
        let mut allowed = available.logical_and(&more);
        if nth > 0 {
            let option = Tensor::arange(there.size()[1], (logits.kind(), logits.device()));
            allowed = allowed.logical_and(&option.gt_tensor(&self.last));
        }
        logits.masked_fill(&allowed.logical_not(), IMPOSSIBLE)
    }

    /// Follows the choice of a step. `chosen (n, m)`
    fn update(&mut self, step: &Step, chosen: &Tensor, active: &Active) {
        let number = |first: u32| {
            let all = Tensor::arange(i64::from(step.n), (chosen.kind(), chosen.device()));
            sum(&(chosen * (all + f64::from(first))))
        };
        match step.kind {
            StepKind::Size { min } => self.size = Some(number(min)),
            StepKind::Nth { .. } => self.last = active.choose(number(0), &self.last),
            StepKind::Anchor | StepKind::One | StepKind::Bits { .. } => {}
        }
    }
}

impl Sums {
    fn new(zeros: &Tensor) -> Self {
        Self {
            log_prob: zeros.shallow_clone(),
            entropy: zeros.shallow_clone(),
            penalty: zeros.shallow_clone(),
            penalised: zeros.shallow_clone(),
            steps: Vec::new(),
        }
    }

    fn add(&mut self, terms: Terms, active: &Active) {
        let log_prob = active.zero(terms.log_prob);
        self.log_prob = &self.log_prob + &log_prob;
        self.steps.push(log_prob);
        self.entropy = &self.entropy + active.zero(terms.entropy);
        if let Some(penalty) = terms.penalty {
            self.penalised = &self.penalised + active.zero(penalty.ones_like());
            self.penalty = &self.penalty + active.zero(penalty);
        }
    }
}

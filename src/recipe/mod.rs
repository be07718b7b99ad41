//! Every hyperparameter of a search and of a training, with unit and source: plain
//! data, apart from spaces and without libtorch.
//!
//! - [`SearchConfig`] and its parts: here, in `controller`, `model`, `optim` and
//!   `schedule`;
//! - `change`: some values of many, from files and from `PATH=VALUE`;
//! - `text`: TOML, with the lines that values stand in;
//! - `preset`: the hyperparameters of the paper and of the authors' code, by name.
//!
//! The defaults suit spaces of image classifiers on a CPU: they follow the paper
//! (arXiv 1802.03268) and the authors' code where that decides what is learnt, and
//! are shorter where that only costs time. A run saves them, resolved, in its
//! `config.json`; the same file, or a part of it, can be given to another run.

mod change;
mod controller;
mod model;
mod optim;
mod preset;
mod schedule;
mod strategy;
mod text;

pub use change::Refused;
pub use controller::{ControllerConfig, PolicyConfig};
pub use model::{Init, ModelConfig, Precision, Statistics, WORDS};
pub use optim::{AdamConfig, SgdConfig};
pub use preset::Preset;
pub use schedule::Schedule;
pub use strategy::{StrategyConfig, StrategyName};
pub use text::values;

use serde::{Deserialize, Serialize};

use crate::data::Holdout;
use crate::data::batch::Augment;
use crate::graph::{Supergraph, Task};

/// All hyperparameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SearchConfig {
    /// How the training images are parted.
    pub data: DataConfig,
    /// Phase 1 of an epoch: the shared weights ω.
    pub shared: WeightsConfig,
    /// Who proposes architectures.
    pub strategy: StrategyConfig,
    /// Phase 2 of an epoch: the policy θ, or whatever proposes architectures.
    pub controller: PhaseConfig,
    /// Choosing the final architecture.
    pub derive: DeriveConfig,
    /// Training one architecture from scratch.
    pub retrain: WeightsConfig,
    /// Nothing that is learnt depends on these but for the seed.
    pub run: RunConfig,
}

/// How data are parted and read.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DataConfig {
    /// The share of the training images that reward the policy in a search and
    /// never train weights; above 0 and below 1. The authors: 5,000 of 50,000. A
    /// retraining uses all; a text has a validation part of its own.
    pub validation: f64,
    /// Which images those are. The authors: the last ones.
    pub holdout: Holdout,
    /// From what those at random are drawn; the same for every seed of a run, so
    /// that runs can be compared.
    pub split_seed: u64,
    /// Tokens of a window of text, through which gradients flow back. The paper 35.
    pub bptt: usize,
    /// Whether windows have random lengths about `bptt` instead, as in the authors'
    /// corrected code.
    pub random_lengths: bool,
    /// In how many rows the test part of a text is read, one state each. The paper
    /// 1, which is slow where there is nothing to do side by side.
    pub test_rows: usize,
}

/// Training weights by gradient descent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeightsConfig {
    /// How often all images are seen. The authors' macro search 310.
    pub epochs: u64,
    /// Images a step, or rows of text. The authors: macro search 128, final 100;
    /// text 20 and 64.
    pub batch: usize,
    /// Architectures a step, whose gradients are averaged (M); 1 in a retraining.
    /// The paper: 1 works just fine.
    pub children: usize,
    /// Learning rate over the epochs. A cosine whose `period` is 0
    /// has one cycle, as long as the run. The authors: cosine restarts from 0.05 to
    /// 0.0005 (search) or 0.001 (final), the first after 10 epochs, each cycle twice
    /// as long as the one before.
    pub schedule: Schedule,
    /// Whether the learning rate changes from epoch to epoch alone, as in the
    /// authors' code, and not from step to step.
    pub staircase: bool,
    /// Momentum, Nesterov, and L2 on the weights in use. The authors' macro search
    /// 0.9, yes, 2.5e-4; final 2e-4.
    pub sgd: SgdConfig,
    /// Greatest norm of the gradient of all weights in use; 0 for any. The authors
    /// ask for 5 for each tensor of an image classifier, and their code then uses
    /// the gradient unclipped.
    pub clip: f64,
    /// Whether that is the greatest norm of each tensor's gradient.
    pub clip_each: bool,
    /// Shifts and flips of training images. The authors: 4 pixels, flips.
    pub augment: Augment,
    /// Share of the target that is spread over all classes. The authors 0.
    pub label_smoothing: f64,
    /// Weight in the loss of each output after the first (auxiliary heads). The
    /// authors' micro space 0.4.
    pub aux_weight: f64,
    /// Weight in the loss of how much the states of a recurrence change: the squared
    /// differences of one time to the next, summed, an example. The authors' final
    /// recurrent cell 1e-3.
    pub slowness: f64,
    /// Whether the loss of a text is the sum over the times of a window, and not
    /// their mean: learning rates differ by that factor. The authors' first code.
    pub sum_over_time: bool,
    /// Of a text: once the validation perplexity after an epoch is above the least of
    /// all epochs but the last so many, the weights that are tested and kept are the
    /// mean of those after every step from there on; 0 for never. For a training
    /// alone. The authors' corrected final language model 10.
    pub average_after: u64,
    /// A training ends when so many epochs in a row were no better on the validation
    /// part than the best before them, and the weights of that one are tested and kept;
    /// 0: it goes through all epochs. Of images the share `data.validation` is set apart
    /// for it and not trained on. For a training alone. The authors 0.
    pub patience: u64,
    /// Above this a loss explodes: its step is as one whose loss is no number. Nats, as
    /// `loss` of the metrics; 0: none does.
    pub loss_limit: f64,
    /// How many steps in a row may be left out because their loss or their gradient is
    /// no finite number, before that ends the run; 0: the first does. The weights, their
    /// momentum, moving statistics and states stay as they were before such a step.
    pub bad_steps: u64,
    /// The network: dropout by site, first values, statistics of batch norm in
    /// evaluation.
    pub model: ModelConfig,
}

/// Training the policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PhaseConfig {
    /// Epochs at the start in which the policy is not trained and the shared
    /// weights are trained on uniform architectures: before that, rewards say more
    /// of chance than of architectures. The paper 0.
    pub warmup_epochs: u64,
    /// Updates of the policy an epoch. The authors' macro search 50.
    pub updates: u64,
    /// Architectures an update (A), all scored on one minibatch. The authors' macro
    /// search 20.
    pub samples: usize,
    /// Images of that minibatch, or rows of the window of text. The authors: as many
    /// as train the weights, 128.
    pub reward_batch: usize,
    /// Whether architectures are judged with the dropout of training. The authors'
    /// micro search.
    pub reward_dropout: bool,
    /// The reward of a language model is this over its perplexity. The paper 80.
    pub perplexity_reward: f64,
    /// Architectures sampled and scored for the report of an epoch. The authors 10.
    pub report_samples: usize,
    /// The LSTM.
    pub network: ControllerConfig,
    /// REINFORCE.
    pub policy: PolicyConfig,
}

/// Choosing the final architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeriveConfig {
    /// How many architectures are sampled from the trained policy.
    pub samples: usize,
    /// How many validation images or tokens score each, the same for all; 0 for all
    /// there are. The paper: one minibatch, which ranks by chance what is close.
    pub examples: usize,
    /// Images at once, or rows of text.
    pub batch: usize,
    /// At the end so many architectures of the strategy are compared with as many
    /// uniform ones, on the same examples; 0: none. Of the first as many as `samples`
    /// are scored anyway.
    pub compare: usize,
}

/// What a run needs besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RunConfig {
    /// From which everything random is drawn.
    pub seed: u64,
    /// A checkpoint is saved after so many steps, besides those at the end of every
    /// epoch. May be changed when a run is resumed.
    pub checkpoint_steps: u64,
    /// After how many steps at the latest their figures are read, shown and written,
    /// and a loss that is no number is noticed: who reads from a GPU waits for it. 0:
    /// 10 on a GPU, 1 on a CPU. May be changed when a run is resumed; nothing that is
    /// learnt depends on it.
    pub log_steps: u64,
}

impl RunConfig {
    /// After how many steps figures are read, of those that are not read at once.
    #[must_use]
    pub fn read_every(&self) -> u64 {
        match self.log_steps {
            0 => 10,
            steps => steps,
        }
    }

    /// Whether the figures of a step stay on its device for a while.
    #[must_use]
    pub fn reads_later(&self, on_gpu: bool) -> bool {
        match self.log_steps {
            0 => on_gpu,
            steps => steps > 1,
        }
    }
}

impl Default for SearchConfig {
    fn default() -> Self {
        Self {
            data: DataConfig::default(),
            shared: WeightsConfig::shared(),
            strategy: StrategyConfig::default(),
            controller: PhaseConfig::default(),
            derive: DeriveConfig::default(),
            retrain: WeightsConfig::retrain(),
            run: RunConfig::default(),
        }
    }
}

impl Default for DataConfig {
    fn default() -> Self {
        Self {
            validation: 0.1,
            holdout: Holdout::Random,
            split_seed: 0,
            bptt: 35,
            random_lengths: false,
            test_rows: 1,
        }
    }
}

impl WeightsConfig {
    /// Of shared weights in a search.
    #[must_use]
    pub fn shared() -> Self {
        Self {
            epochs: 10,
            batch: 128,
            children: 1,
            schedule: Schedule::CosineRestarts {
                max: 0.05,
                min: 0.0005,
                period: 0.0,
                mul: 2.0,
            },
            staircase: false,
            sgd: SgdConfig::default(),
            clip: 5.0,
            clip_each: false,
            augment: Augment {
                pad: 4,
                flip: true,
                cutout: 0,
                cutout_corner: false,
            },
            label_smoothing: 0.0,
            aux_weight: 0.4,
            slowness: 0.0,
            sum_over_time: false,
            average_after: 0,
            patience: 0,
            loss_limit: 1e4,
            bad_steps: 0,
            model: ModelConfig {
                statistics: Statistics::Batch,
                ..ModelConfig::default()
            },
        }
    }

    /// Of one architecture that is trained from scratch.
    #[must_use]
    pub fn retrain() -> Self {
        Self {
            epochs: 10,
            batch: 100,
            schedule: Schedule::CosineRestarts {
                max: 0.05,
                min: 0.001,
                period: 0.0,
                mul: 2.0,
            },
            sgd: SgdConfig {
                l2: 2e-4,
                ..SgdConfig::default()
            },
            model: ModelConfig {
                statistics: Statistics::Moving,
                ..ModelConfig::default()
            },
            ..Self::shared()
        }
    }

    /// The learning rate so many epochs after the start, a fraction within one.
    #[must_use]
    pub fn lr(&self, epoch: f64) -> f64 {
        let mut schedule = self.schedule;
        if let Schedule::CosineRestarts { period, .. } = &mut schedule
            && *period == 0.0
        {
            *period = self.epochs as f64;
        }
        schedule.lr(if self.staircase { epoch.floor() } else { epoch })
    }
}

impl SearchConfig {
    /// What suits a task: the defaults, or for a language model those of the paper's
    /// recurrent search, shortened likewise.
    #[must_use]
    pub fn of(task: Task) -> Self {
        let mut config = Self::default();
        if !matches!(task, Task::LanguageModel { .. }) {
            return config;
        }
        for weights in [&mut config.shared, &mut config.retrain] {
            weights.batch = 20;
            weights.schedule = Schedule::Exponential {
                lr: 8.0,
                rate: 0.96,
                start: 14.0,
                min: 0.0,
            };
            weights.sgd = SgdConfig {
                momentum: 0.0,
                nesterov: false,
                l2: 1e-7,
                ..SgdConfig::default()
            };
            weights.clip = 0.25;
            weights.model.init = Init::Uniform { bound: 0.04 };
        }
        config.controller.reward_batch = 20;
        config.controller.policy.entropy_weight = 1e-4;
        config.derive.examples = 5000;
        config.derive.batch = 20;
        config
    }
}

impl Default for PhaseConfig {
    fn default() -> Self {
        Self {
            warmup_epochs: 1,
            updates: 50,
            samples: 20,
            reward_batch: 128,
            reward_dropout: false,
            perplexity_reward: 80.0,
            report_samples: 10,
            network: ControllerConfig::default(),
            policy: PolicyConfig::default(),
        }
    }
}

impl Default for DeriveConfig {
    fn default() -> Self {
        Self {
            samples: 50,
            examples: 1000,
            batch: 250,
            compare: 20,
        }
    }
}

impl Default for RunConfig {
    fn default() -> Self {
        Self {
            seed: 0,
            checkpoint_steps: 500,
            log_steps: 0,
        }
    }
}

impl SearchConfig {
    /// Checks that every value is usable for a space.
    ///
    /// # Errors
    /// The path of the first that is not, and what it must be.
    pub fn check(&self, graph: &Supergraph) -> Result<(), String> {
        for (group, weights) in [("shared", &self.shared), ("retrain", &self.retrain)] {
            let checked = weights.model.check(graph);
            checked.map_err(|why| format!("{group}.model: {why}"))?;
        }
        let share = self.data.validation;
        rule(
            share > 0.0 && share < 1.0,
            "data.validation must be above 0 and below 1",
        )?;
        rule(self.data.bptt > 0, "data.bptt must be at least 1")?;
        rule(self.data.test_rows > 0, "data.test_rows must be at least 1")?;
        self.shared.check("shared")?;
        self.retrain.check("retrain")?;
        rule(
            self.retrain.children == 1,
            "retrain.children must be 1: one architecture is trained",
        )?;
        rule(
            self.retrain.average_after == 0 || matches!(graph.task, Task::LanguageModel { .. }),
            "retrain.average_after must be 0 for images: they have no validation part in a training",
        )?;
        rule(
            self.shared.average_after == 0,
            "shared.average_after must be 0: weights are averaged in a training alone",
        )?;
        rule(
            self.shared.patience == 0,
            "shared.patience must be 0: a search judges architectures, and goes through all epochs",
        )?;
        let PhaseConfig {
            updates,
            samples,
            reward_batch,
            ..
        } = self.controller;
        rule(
            samples > 0 || updates == 0,
            "controller.samples must be at least 1",
        )?;
        rule(
            reward_batch > 0,
            "controller.reward_batch must be at least 1",
        )?;
        let scale = self.controller.perplexity_reward;
        rule(
            scale.is_finite() && scale > 0.0,
            "controller.perplexity_reward must be positive",
        )?;
        self.strategy
            .check()
            .map_err(|why| format!("strategy.{why}"))?;
        self.controller
            .network
            .check()
            .map_err(|why| format!("controller.network.{why}"))?;
        let DeriveConfig { samples, batch, .. } = self.derive;
        rule(samples > 0, "derive.samples must be at least 1")?;
        rule(batch > 0, "derive.batch must be at least 1")?;
        rule(
            self.run.checkpoint_steps > 0,
            "run.checkpoint_steps must be at least 1",
        )
    }
}

impl WeightsConfig {
    fn check(&self, group: &str) -> Result<(), String> {
        let rates = match self.schedule {
            Schedule::Constant { lr } => [lr, lr],
            Schedule::CosineRestarts { max, min, .. } => [max, min],
            Schedule::Exponential { lr, min, .. } => [lr, min],
        };
        let usable = |x: f64| x.is_finite() && x >= 0.0;
        let rules = [
            (self.epochs > 0, "epochs must be at least 1"),
            (self.batch > 0, "batch must be at least 1"),
            (self.children > 0, "children must be at least 1"),
            (
                rates.iter().all(|&lr| usable(lr)),
                "schedule must have learning rates of 0 or more",
            ),
            (
                (0.0..1.0).contains(&self.sgd.momentum),
                "sgd.momentum must be at least 0 and below 1",
            ),
            (usable(self.sgd.l2), "sgd.l2 must not be negative"),
            (usable(self.clip), "clip must not be negative (0: none)"),
            (
                (0.0..1.0).contains(&self.label_smoothing),
                "label_smoothing must be at least 0 and below 1",
            ),
            (usable(self.aux_weight), "aux_weight must not be negative"),
            (usable(self.slowness), "slowness must not be negative"),
            (
                usable(self.loss_limit),
                "loss_limit must not be negative (0: none)",
            ),
        ];
        rules
            .into_iter()
            .try_for_each(|(holds, words)| rule(holds, words))
            .map_err(|words| format!("{group}.{words}"))
    }
}

fn rule(holds: bool, words: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(words.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::ParamTable;

    /// Checks a configuration for a network without anything in it.
    fn check(config: &SearchConfig) -> Result<(), String> {
        config.check(&Supergraph {
            regions: Vec::new(),
            params: ParamTable::default(),
            input_names: Vec::new(),
            output_names: Vec::new(),
            task: Task::Other,
        })
    }

    #[test]
    fn defaults_pass_and_survive_json() {
        let config = SearchConfig::default();
        assert_eq!(check(&config), Ok(()));
        let text = serde_json::to_string(&config).unwrap();
        assert_eq!(serde_json::from_str::<SearchConfig>(&text).unwrap(), config);
        assert_eq!(serde_json::from_str::<SearchConfig>("{}").unwrap(), config);
    }

    #[test]
    fn a_bad_value_is_named_by_its_path() {
        let mut config = SearchConfig::default();
        config.retrain.batch = 0;
        assert_eq!(
            check(&config).unwrap_err(),
            "retrain.batch must be at least 1"
        );
        let mut config = SearchConfig::default();
        config.shared.model.dropout.insert("hed".to_owned(), 0.1);
        let message = check(&config).unwrap_err();
        assert!(
            message.starts_with("shared.model: ") && message.contains("`hed`"),
            "{message}"
        );
        let mut config = SearchConfig::default();
        config.controller.network.hidden = 0;
        let message = check(&config).unwrap_err();
        assert!(
            message.starts_with("controller.network.hidden"),
            "{message}"
        );
    }

    #[test]
    fn a_staircase_has_one_rate_an_epoch() {
        let mut config = WeightsConfig::shared();
        config.schedule = Schedule::Exponential {
            lr: 20.0,
            rate: 0.5,
            start: 0.0,
            min: 0.0,
        };
        assert!((config.lr(1.5) - 20.0 * 0.5f64.powf(1.5)).abs() < 1e-12);
        config.staircase = true;
        assert!((config.lr(1.5) - 10.0).abs() < 1e-12);
    }

    #[test]
    fn a_cosine_without_a_period_is_as_long_as_the_run() {
        let mut config = WeightsConfig::retrain();
        config.epochs = 8;
        assert!((config.lr(0.0) - 0.05).abs() < 1e-12);
        assert!((config.lr(4.0) - 0.0255).abs() < 1e-12);
        assert!((config.lr(7.999) - 0.001).abs() < 1e-5);
    }
}

//! Whether shared weights rank architectures as training from scratch does: the
//! question that weight sharing stands or falls with.

use serde::{Deserialize, Serialize};
use tch::Device;

use super::retrain::validated;
use super::search::Search;
use super::seed::Purpose;
use super::strategy::Strategy as _;
use super::{Event, Measure, SearchConfig, TrainError, Watch};
use crate::SearchSpace;
use crate::data::Data;
use crate::decision::Architecture;
use crate::derive::distinct;
use crate::run::{Run, RunError, name, read_json, with_schema};
use crate::statistics::{kendall, spearman};

/// What came of one architecture; a file of its own in the run folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pair {
    /// In the line form.
    pub architecture: String,
    /// `strategy` or `uniform`: who drew it.
    pub drawn_by: String,
    /// The step of the search whose weights were used.
    pub step: u64,
    /// The epochs that it was trained from scratch.
    pub epochs: u64,
    /// On how many validation images or tokens both were measured.
    pub examples: usize,
    /// What the shared weights come to.
    pub shared: f64,
    /// What its own weights come to.
    pub retrained: f64,
}

/// Shared-weight scores against those of training from scratch.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Correlation {
    /// By architecture, in the order in which they were drawn.
    pub pairs: Vec<Pair>,
    /// Kendall's tau-b; `None` where all are equal on one side.
    pub kendall: Option<f64>,
    /// Spearman's rho, likewise.
    pub spearman: Option<f64>,
    /// By what architectures are good.
    #[serde(skip)]
    pub measure: Measure,
}

/// Trains `k` architectures from scratch for [`SearchConfig::retrain`]'s epochs, as
/// many of the strategy as uniform ones, and compares what they come to with the
/// scores that the shared weights of a search's last checkpoint give them, on the same
/// validation examples; the training part is that of the search.
///
/// What was done before is not done again: its
/// files are in the run folder.
///
/// # Errors
/// As [`super::search`] and [`super::retrain()`], and when the run has no checkpoint.
pub fn correlate(
    space: &SearchSpace,
    data: &Data,
    config: &SearchConfig,
    run: &Run,
    k: usize,
    device: Device,
    watch: &mut Watch,
) -> Result<Correlation, TrainError> {
    let mut search = Search::new(space, data, config, device)?;
    let step = search.restore(run, watch)?;
    let measure = search.evaluator.measure();
    let drawn = draw(&mut search, k)?;
    let folder = run.path(name::CORRELATE);
    std::fs::create_dir_all(&folder).map_err(|source| {
        let path = folder.clone();
        RunError::Write { path, source }
    })?;
    let mut pairs = Vec::with_capacity(drawn.len());
    for (number, (architecture, drawn_by)) in drawn.into_iter().enumerate() {
        let file = format!("{}/{number:04}.json", name::CORRELATE);
        let line = architecture.to_line(&space.decisions);
        let one = std::slice::from_ref(&architecture);
        let known = saved(run, &file).filter(|pair: &Pair| {
            pair.architecture == line && pair.step == step && pair.epochs == config.retrain.epochs
        });
        let pair = if let Some(pair) = known {
            pair
        } else {
            let shared = search.evaluator.validate(one, watch)?;
            let retrained = validated(space, &architecture, data, config, device, watch)?;
            let pair = Pair {
                architecture: line,
                drawn_by: drawn_by.to_owned(),
                step,
                epochs: config.retrain.epochs,
                examples: retrained.examples,
                shared: shared.first().map_or(f64::NAN, |found| measure.of(found)),
                retrained: measure.of(&retrained),
            };
            let value = serde_json::to_value(&pair).unwrap_or_default();
            run.write_json(&file, &with_schema(&value))?;
            pair
        };
        watch
            .observer
            .event(&Event::Correlate { pair: &pair, of: k });
        pairs.push(pair);
    }
    let both: Vec<(f64, f64)> = pairs
        .iter()
        .map(|pair| (pair.shared, pair.retrained))
        .collect();
    Ok(Correlation {
        kendall: kendall(&both),
        spearman: spearman(&both),
        pairs,
        measure,
    })
}

fn saved(run: &Run, file: &str) -> Option<Pair> {
    let value = read_json(&run.path(file)).ok()?;
    serde_json::from_value(value).ok()
}

/// The different ones among samples of the strategy and of chance, in turn; those of a
/// smaller `k` are the first of a larger one. Fewer than `k` where the space, or the
/// policy, has hardly any others.
fn draw(search: &mut Search, k: usize) -> Result<Vec<(Architecture, &'static str)>, TrainError> {
    // Enough that a policy which mostly repeats itself is heard too.
    let n = 4 * k.max(8);
    let seed = search.seed(Purpose::CorrelateSamples, 0);
    let ours = search.strategy.sample(n, seed)?;
    let chance = search.seed(Purpose::CorrelateSamples, 1);
    let uniform = search.uniform.sample(n, chance)?;
    let mut drawn: Vec<(Architecture, &'static str)> = Vec::new();
    let (ours, _) = distinct(&ours);
    let (uniform, _) = distinct(&uniform);
    let mut sources = [
        (ours.into_iter(), "strategy"),
        (uniform.into_iter(), "uniform"),
    ];
    while drawn.len() < k {
        let before = drawn.len();
        for (source, drawn_by) in &mut sources {
            let new = source.find(|a| drawn.iter().all(|(other, _)| other != a));
            drawn.extend(new.map(|architecture| (architecture, *drawn_by)));
        }
        if drawn.len() == before {
            break;
        }
    }
    drawn.truncate(k);
    Ok(drawn)
}

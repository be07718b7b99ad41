//! `enasc correlate`: do shared weights rank architectures as training them does?

use serde_json::json;

use super::progress::Progress;
use super::{Failure, inputs, of_search, on_signals, print, watch};
use crate::cli::console::Console;
use crate::cli::torch_args::CorrelateArgs;
use crate::run::Run;
use crate::train;

pub(super) fn run(args: &CorrelateArgs, console: Console) -> Result<(), Failure> {
    let device = inputs::device(&args.machine)?;
    let run = Run::open(&args.run)?;
    let info = of_search(&run, "scores are correlated for a search")?;
    let source = inputs::source_of_run(&args.run, &info, console)?;
    let space = &source.space;
    let mut config = inputs::config_of_run(&args.run)?;
    config.retrain.epochs = args.epochs.unwrap_or(config.retrain.epochs);
    let data = inputs::dataset_of_run(&args.run, &info, args.data.as_ref(), space)?;
    let interrupt = on_signals(None)?;
    let mut progress = Progress::new(console, config.retrain.epochs);
    let watch = &mut watch(&interrupt, &mut progress);
    let found = train::correlate(space, &data, &config, &run, args.k, device, watch)?;
    drop(progress);
    let name = found.measure.name();
    let pairs = found.pairs.iter();
    let mut lines = vec![format!(
        "shared  retrained  drawn by  architecture ({name})"
    )];
    lines.extend(pairs.map(|pair| {
        format!(
            "{:6.4}  {:9.4}  {:8}  {}",
            pair.shared, pair.retrained, pair.drawn_by, pair.architecture
        )
    }));
    let shown = |value: Option<f64>| match value {
        Some(value) => format!("{value:.3}"),
        None => "none: all are equal on one side".to_owned(),
    };
    let n = found.pairs.len();
    lines.push(format!("Kendall tau        {}", shown(found.kendall)));
    lines.push(format!("Spearman rho       {}", shown(found.spearman)));
    lines.push(format!(
        "architectures      {n}, each {} epochs from scratch",
        config.retrain.epochs
    ));
    let mut result = json!(found);
    result["measure"] = json!(name);
    result["run"] = json!(run.folder().display().to_string());
    print(args.machine.format, &result, &lines);
    Ok(())
}

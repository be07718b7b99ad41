//! `enasc score`: how likely a searched policy makes an architecture.

use serde_json::{Map, json};

use super::{Failure, inputs, of_search, print};
use crate::cli::console::Console;
use crate::cli::input;
use crate::cli::torch_args::ScoreArgs;
use crate::run::Run;
use crate::train;

pub(super) fn run(args: &ScoreArgs, console: Console) -> Result<(), Failure> {
    let (space, architecture) =
        input::space_and_architecture(&args.space, Some(&args.arch), console)?;
    let Some(architecture) = architecture else {
        return Err(Failure::Reported);
    };
    let run = Run::open(&args.run)?;
    let info = of_search(&run, "a policy is searched")?;
    if info.space.decisions != space.decisions.hash() {
        return Err(Failure::message(format!(
            "{} searched the space `{}` with other decisions: use its space.enas, and the `--set` values that it was started with",
            args.run.display(),
            info.space.name
        )));
    }
    let config = inputs::config_of_run(&args.run)?;
    let scored = train::score(&space, &architecture, &config, &run)?;
    let path = |id| {
        space
            .decisions
            .point(id)
            .map_or("?", |point| point.path.as_str())
    };
    let all = scored.decisions.iter();
    let by_path: Map<_, _> = all
        .clone()
        .map(|&(id, log_prob, uniform)| {
            let both = json!({"log_prob": log_prob, "uniform": uniform});
            (path(id).to_owned(), both)
        })
        .collect();
    let result = json!({
        "run": args.run.display().to_string(),
        "step": scored.step,
        "log_prob": scored.log_prob,
        "uniform": scored.uniform,
        "decisions": by_path,
    });
    let width = all.clone().map(|&(id, ..)| path(id).len()).max();
    let width = width.unwrap_or(0).max("decision".len());
    let head = format!("{:width$}    policy   uniform", "decision");
    let line =
        |name: &str, of: f64, uniform: f64| format!("{name:width$}  {of:8.4}  {uniform:8.4}");
    let mut lines = vec![head];
    lines.extend(all.map(|&(id, of, uniform)| line(path(id), of, uniform)));
    lines.push(line("sum", scored.log_prob, scored.uniform));
    lines.push(format!(
        "log-probabilities in nats, of the policy after step {}",
        scored.step
    ));
    print(args.format, &result, &lines);
    Ok(())
}

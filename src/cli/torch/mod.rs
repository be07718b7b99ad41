//! The commands that need libtorch: search, derive, train, eval, score, correlate.
//!
//! Results go to standard output, progress and errors to standard error. Exit
//! codes: 0, 1 for an error, 130 for a run that was stopped from outside.

mod best;
mod correlate;
mod events;
mod inputs;
mod progress;
mod score;

use std::fmt;
use std::io::{Write, stderr, stdout};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::ValueEnum as _;
use serde_json::{Value, json};
use tch::Device;

use super::error::CliError;
use super::input;
use super::torch_args::{DeriveArgs, EvalArgs, FormatArg, SearchArgs, TorchCommand, TrainArgs};
use crate::SearchSpace;
use crate::cli::console::Console;
use crate::data::{Data, DataSpec};
use crate::decision::Architecture;
use crate::run::{self, DataInfo, Recipe, Run, RunInfo, name};
use crate::table::{Table, TableSpec};
use crate::train::{
    self, Evaluation, Interrupt, Measure, Observer, SearchConfig, TrainError, Watch,
};
use progress::Progress;

/// Why a command failed.
enum Failure {
    /// One sentence.
    Message(String),
    /// The diagnostics that say why are printed already.
    Reported,
    /// It was stopped from outside.
    Interrupted(String),
}

impl Failure {
    fn message(why: impl fmt::Display) -> Self {
        Self::Message(why.to_string())
    }
}

impl From<TrainError> for Failure {
    fn from(error: TrainError) -> Self {
        if error.is_interrupt() {
            Self::Interrupted(error.to_string())
        } else {
            Self::message(error)
        }
    }
}

impl From<CliError> for Failure {
    fn from(error: CliError) -> Self {
        match error {
            CliError::Reported => Self::Reported,
            other => Self::message(other),
        }
    }
}

impl From<run::RunError> for Failure {
    fn from(error: run::RunError) -> Self {
        Self::message(error)
    }
}

/// The exit code of a run that was stopped from outside, as of a shell's Ctrl-C.
const STOPPED: u8 = 130;

/// Runs a command. Whoever calls this has called [`crate::model::load_cuda`] first.
#[must_use]
pub fn run(command: &TorchCommand, console: Console) -> ExitCode {
    let result = match command {
        TorchCommand::Search(args) => search(args, console),
        TorchCommand::Derive(args) => derive(args, console),
        TorchCommand::Train(args) => train(args, console),
        TorchCommand::Eval(args) => eval(args, console),
        TorchCommand::Score(args) => score::run(args, console),
        TorchCommand::Correlate(args) => correlate::run(args, console),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Message(text)) => {
            console.error(&text);
            ExitCode::FAILURE
        }
        Err(Failure::Reported) => ExitCode::FAILURE,
        Err(Failure::Interrupted(text)) => {
            console.stopped(&text);
            ExitCode::from(STOPPED)
        }
    }
}

fn search(args: &SearchArgs, console: Console) -> Result<(), Failure> {
    let mut device = inputs::device(&args.machine)?;
    let source = inputs::source(&args.space, console)?;
    let space = &source.space;
    let mut chosen = args.recipe.clone();
    if let Some(name) = args.strategy.and_then(|name| name.to_possible_value()) {
        let name = name.get_name().to_owned();
        chosen.with.push(("strategy.name".to_owned(), name));
    }
    let config = inputs::config(&chosen, &args.out, "shared.epochs", space)?;
    let judge = Judge::of(args, space)?;
    if matches!(judge, Judge::Table(..)) {
        // The controller is on the CPU whatever the weights are on, and there are none.
        device = Device::Cpu;
        if args.machine.threads.is_none() {
            // Its tensors are too small for more.
            tch::set_num_threads(1);
        }
    }
    let recipe = Recipe {
        info: inputs::info(run::Command::Search, &source, judge.info(), device),
        config: to_json(&config)?,
        source: &source.text,
        modules: &source.modules,
        architecture: None,
    };
    let run = open(&args.out, &recipe)?;
    let interrupt = on_signals(args.out.time_limit)?;
    let mut progress = Progress::new(console, config.shared.epochs);
    let watch = &mut watch(&interrupt, &mut progress);
    match &judge {
        Judge::Data(_, data) => train::search(space, data, &config, &run, device, watch)?,
        Judge::Table(_, table) => train::search_table(space, table, &config, &run, watch)?,
    };
    drop(progress);
    best::print(&run, &recipe.info, args.machine.format)
}

/// By what a search judges architectures.
enum Judge<'a> {
    Data(&'a DataSpec, Data),
    Table(&'a TableSpec, Table<'a>),
}

impl<'a> Judge<'a> {
    fn of(args: &'a SearchArgs, space: &'a SearchSpace) -> Result<Self, Failure> {
        match (&args.data, &args.reward) {
            (Some(spec), _) => Ok(Self::Data(spec, inputs::dataset(spec, space)?)),
            (None, Some(spec)) => {
                let table = Table::load(spec, space).map_err(Failure::message)?;
                Ok(Self::Table(spec, table))
            }
            (None, None) => Err(Failure::message("a search needs --data or --reward")),
        }
    }

    fn info(&self) -> DataInfo {
        match self {
            Self::Data(spec, data) => inputs::data_info(spec, data),
            Self::Table(spec, table) => DataInfo {
                source: spec.to_string(),
                name: "table".to_owned(),
                fingerprint: table.fingerprint().to_owned(),
                normalisation: None,
            },
        }
    }
}

fn derive(args: &DeriveArgs, console: Console) -> Result<(), Failure> {
    let device = inputs::device(&args.machine)?;
    let run = Run::open(&args.run)?;
    let info = of_search(&run, "an architecture is derived from a search")?;
    let source = inputs::source_of_run(&args.run, &info, console)?;
    let mut config = inputs::config_of_run(&args.run)?;
    config.derive.samples = args.samples.unwrap_or(config.derive.samples);
    config.derive.examples = args.examples.unwrap_or(config.derive.examples);
    config.derive.compare = args.compare.unwrap_or(config.derive.compare);
    let data = inputs::dataset_of_run(&args.run, &info, args.data.as_ref(), &source.space)?;
    let interrupt = on_signals(None)?;
    let mut progress = Progress::new(console, config.shared.epochs);
    let watch = &mut watch(&interrupt, &mut progress);
    train::derive_again(&source.space, &data, &config, &run, device, watch)?;
    drop(progress);
    best::print(&run, &info, args.machine.format)
}

/// What a run says of itself, which must be a search; `why` it must.
fn of_search(run: &Run, why: &str) -> Result<RunInfo, Failure> {
    let info = run.info()?;
    if info.command == run::Command::Search {
        return Ok(info);
    }
    let folder = run.folder().display();
    Err(Failure::message(format!(
        "{folder} is a training, and {why}"
    )))
}

fn train(args: &TrainArgs, console: Console) -> Result<(), Failure> {
    let device = inputs::device(&args.machine)?;
    let source = inputs::source(&args.space, console)?;
    let space = &source.space;
    let architecture = input::architecture(&args.arch, space, &args.space.file)?;
    let config = inputs::config(&args.recipe, &args.out, "retrain.epochs", space)?;
    let data = inputs::dataset(&args.data, space)?;
    let data_info = inputs::data_info(&args.data, &data);
    let mut info = inputs::info(run::Command::Train, &source, data_info, device);
    if let Some(folder) = &args.inherit {
        let search = Run::open(folder)?;
        inputs::with_weights(
            folder,
            &of_search(&search, "shared weights are those of a search")?,
        )?;
        info.inherited = Some(train::inherit(space, &search)?);
    }
    let recipe = Recipe {
        info,
        config: to_json(&config)?,
        source: &source.text,
        modules: &source.modules,
        architecture: Some(architecture.to_json(&space.decisions, &space.name)),
    };
    let run = open(&args.out, &recipe)?;
    let interrupt = on_signals(args.out.time_limit)?;
    let mut progress = Progress::new(console, config.retrain.epochs);
    let watch = &mut watch(&interrupt, &mut progress);
    let trained = train::retrain(space, &architecture, &data, &config, &run, device, watch)?;
    drop(progress);
    let result = json!({
        "run": run.folder().display().to_string(),
        trained.measure.name(): trained.measure.of(&trained.test),
        "loss": trained.test.loss,
        "examples": trained.test.examples,
        "parameters": trained.parameters,
    });
    let weights = run.path(name::WEIGHTS);
    let lines = [
        tested(trained.measure, &trained.test),
        format!("parameters     {}", trained.parameters),
        format!("weights        {}", weights.display()),
    ];
    print(args.machine.format, &result, &lines);
    Ok(())
}

fn eval(args: &EvalArgs, console: Console) -> Result<(), Failure> {
    let device = inputs::device(&args.machine)?;
    let folder = &args.run;
    let info = run::read_info(folder)?;
    if info.command != run::Command::Train {
        return Err(Failure::message(format!(
            "{0} is a search, whose weights are shared: train its best architecture first (enasc train .. --arch {1})",
            folder.display(),
            folder.join(name::BEST).display()
        )));
    }
    let weights = folder.join(name::WEIGHTS);
    if !weights.is_file() {
        return Err(Failure::message(format!(
            "{} has no weights yet: let the training go on with --resume first",
            folder.display()
        )));
    }
    let source = inputs::source_of_run(folder, &info, console)?;
    let space = &source.space;
    let text = run::read_json(&folder.join(name::ARCHITECTURE))?.to_string();
    let architecture =
        Architecture::parse(&text, &space.decisions, &space.name).map_err(Failure::message)?;
    let config: SearchConfig = inputs::config_of_run(folder)?;
    let data = inputs::dataset(&args.data, space)?;
    let interrupt = on_signals(None)?;
    let mut progress = Progress::new(console, config.retrain.epochs);
    if data.fingerprint() != info.data.fingerprint {
        let notice = format!("{} is not the data that was trained on", args.data);
        progress.event(&train::Event::Notice(&notice));
    }
    let watch = &mut watch(&interrupt, &mut progress);
    let (measure, test) = train::test(
        space,
        &architecture,
        &weights,
        &data,
        &config,
        device,
        watch,
    )?;
    drop(progress);
    let result = json!({
        "run": folder.display().to_string(),
        measure.name(): measure.of(&test),
        "loss": test.loss,
        "examples": test.examples,
    });
    print(args.machine.format, &result, &[tested(measure, &test)]);
    Ok(())
}

fn open(out: &super::torch_args::OutArgs, recipe: &Recipe) -> Result<Run, Failure> {
    let run = if out.resume {
        Run::resume(&out.out, recipe)?
    } else {
        Run::create(&out.out, recipe)?
    };
    Ok(run.with_events(out.tensorboard))
}

fn watch<'a>(interrupt: &'a Interrupt, observer: &'a mut dyn Observer) -> Watch<'a> {
    Watch {
        interrupt,
        observer,
    }
}

/// How soon after the first a second signal is the same request: both a terminal
/// and a program such as `timeout` may pass one on.
const SAME_REQUEST: Duration = Duration::from_secs(1);

/// Ctrl-C, SIGTERM and SIGHUP stop the run after the step at hand; once more, a
/// second later or more, stops it at once.
fn on_signals(time_limit: Option<Duration>) -> Result<Interrupt, Failure> {
    let deadline = time_limit.and_then(|limit| Instant::now().checked_add(limit));
    let interrupt = Interrupt::at(deadline);
    let raised = interrupt.clone();
    let mut first: Option<Instant> = None;
    ctrlc::set_handler(move || match first {
        None => {
            first = Some(Instant::now());
            raised.raise();
            let text = "stopping after this step (once more stops at once)\n";
            let _ = stderr().write_all(text.as_bytes());
        }
        Some(first) if first.elapsed() < SAME_REQUEST => {}
        // Nothing is torn: files are written beside their place and renamed.
        Some(_) => stop_at_once(),
    })
    .map_err(|why| Failure::message(format!("cannot listen for Ctrl-C: {why}")))?;
    Ok(interrupt)
}

/// Ends the process without libtorch's clearing up, which must not run while other
/// threads still compute.
fn stop_at_once() -> ! {
    #[cfg(unix)]
    #[expect(unsafe_code, reason = "_exit has no safe form")]
    // SAFETY: it takes no pointer and does not return.
    unsafe {
        libc::_exit(i32::from(STOPPED));
    }
    #[cfg(not(unix))]
    std::process::exit(i32::from(STOPPED));
}

fn tested(measure: Measure, test: &Evaluation) -> String {
    let (name, value) = (measure.name(), measure.of(test));
    let what = measure.examples();
    let name = format!("test {name}");
    format!(
        "{name:14} {value:.4} on {} {what} (loss {:.4})",
        test.examples, test.loss
    )
}

fn print(format: FormatArg, result: &Value, lines: &[String]) {
    let text = match format {
        FormatArg::Human => lines.join("\n"),
        FormatArg::Json => result.to_string(),
    };
    // The result is in the run folder too; a closed pipe is no error.
    let _ = writeln!(stdout(), "{text}");
}

fn to_json(config: &SearchConfig) -> Result<Value, Failure> {
    serde_json::to_value(config).map_err(Failure::message)
}

//! From arguments to what a run is made of: space, architecture, data,
//! hyperparameters, device.

use std::path::{Path, PathBuf};

use clap::ValueEnum as _;
use tch::Device;

use super::Failure;
use crate::cli::console::Console;
use crate::cli::error::CliError;
use crate::cli::input;
use crate::cli::recipe::with_recipe;
use crate::cli::torch_args::{DeviceArg, MachineArgs, OutArgs, RecipeArgs, SpaceArgs};
use crate::data::{self, Data, DataSpec};
use crate::libtorch;
use crate::model::{DeviceRequest, Gpu, choose};
use crate::run::{
    self, DataInfo, MachineInfo, Normalisation, RunInfo, SpaceInfo, graph_fingerprint, name,
};
use crate::train::{SearchConfig, check_fit};
use crate::unroll::Settings;
use crate::{Compilation, Options, SearchSpace, compile};

/// A compiled space with the text that it was compiled from.
pub(super) struct Source {
    pub file: String,
    pub text: String,
    /// The files that it uses: path below its folder, and text.
    pub modules: Vec<(PathBuf, String)>,
    /// As `name=value`.
    pub set: Vec<String>,
    pub space: SearchSpace,
}

/// Reads and compiles the space of a command line; errors are printed.
pub(super) fn source(args: &SpaceArgs, console: Console) -> Result<Source, Failure> {
    let folder = input::folder_of(&args.file);
    compiled(args, folder, console)
}

fn compiled(args: &SpaceArgs, folder: PathBuf, console: Console) -> Result<Source, Failure> {
    let text = input::text(&args.file)?.map_err(|failed| {
        console.report(&failed);
        CliError::Reported
    })?;
    let file = input::display_name(&args.file);
    let options = Options {
        settings: Settings(args.set.clone()),
        space: args.space.clone(),
        folder: Some(folder),
        ..Options::default()
    };
    let mut compilation = compile(&file, &text, &options);
    let modules = std::mem::take(&mut compilation.modules);
    let space = only_space(&file, compilation, console)?;
    let set = args.set.iter().map(|(n, v)| format!("{n}={v}")).collect();
    Ok(Source {
        file,
        text,
        modules,
        set,
        space,
    })
}

/// Compiles the space that a run folder keeps.
pub(super) fn source_of_run(
    folder: &Path,
    info: &RunInfo,
    console: Console,
) -> Result<Source, Failure> {
    let args = SpaceArgs {
        file: folder.join(name::SPACE),
        set: settings(&info.space),
        space: Some(info.space.name.clone()),
    };
    let source = compiled(&args, folder.join(name::MODULES), console)?;
    let space = &source.space;
    if graph_fingerprint(&space.decisions, &space.graph) != info.space.graph {
        return Err(Failure::message(format!(
            "{} is not what the run was started with, or this enasc compiles it to something else: use the enasc {} that wrote it",
            source.file, info.version
        )));
    }
    Ok(source)
}

/// What `--set` gave, by name.
pub(super) fn settings(space: &SpaceInfo) -> Vec<(String, String)> {
    let pair = |text: &String| {
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        (name.to_owned(), value.to_owned())
    };
    space.set.iter().map(pair).collect()
}

fn only_space(
    file: &str,
    mut compilation: Compilation,
    console: Console,
) -> Result<SearchSpace, CliError> {
    if input::has_errors(&compilation) {
        console.report(&compilation);
        return Err(CliError::Reported);
    }
    match (compilation.spaces.pop(), compilation.spaces.as_slice()) {
        (Some(only), []) => Ok(only),
        (None, _) => Err(CliError::Reported),
        (Some(last), others) => Err(CliError::SeveralSpaces {
            file: file.to_owned(),
            names: others
                .iter()
                .chain([&last])
                .map(|space| space.name.clone())
                .collect(),
        }),
    }
}

/// Loads data and checks that the space takes it.
pub(super) fn dataset(spec: &DataSpec, space: &SearchSpace) -> Result<Data, Failure> {
    let data = data::load(spec).map_err(Failure::message)?;
    check_fit(space.graph.task, &space.ports, &data).map_err(Failure::message)?;
    Ok(data)
}

/// Refuses a search that trained no weights.
pub(super) fn with_weights(folder: &Path, info: &RunInfo) -> Result<(), Failure> {
    let source = &info.data.source;
    if source.starts_with("table:") {
        return Err(Failure::message(format!(
            "{} was searched by {source}: it has no weights, and its best.json is final",
            folder.display()
        )));
    }
    Ok(())
}

/// Loads the data that a search had, from where they are now.
pub(super) fn dataset_of_run(
    folder: &Path,
    info: &RunInfo,
    moved: Option<&DataSpec>,
    space: &SearchSpace,
) -> Result<Data, Failure> {
    with_weights(folder, info)?;
    let spec = match moved {
        Some(spec) => spec.clone(),
        None => info.data.source.parse().map_err(Failure::message)?,
    };
    let data = dataset(&spec, space)?;
    if data.fingerprint() != info.data.fingerprint {
        return Err(Failure::message(format!(
            "{spec} is not the data of {} any more: name where that is with --data",
            folder.display()
        )));
    }
    Ok(data)
}

/// What a run folder says of data.
pub(super) fn data_info(spec: &DataSpec, data: &Data) -> DataInfo {
    DataInfo {
        source: spec.to_string(),
        name: data.name().to_owned(),
        fingerprint: data.fingerprint().to_owned(),
        normalisation: match data {
            Data::Images(images) => Some(Normalisation {
                mean: images.mean.clone(),
                std: images.std.clone(),
            }),
            Data::Text(_) => None,
        },
    }
}

/// What a run folder says of the space, the data and the machine.
pub(super) fn info(
    command: run::Command,
    source: &Source,
    data: DataInfo,
    device: Device,
) -> RunInfo {
    let space = &source.space;
    RunInfo {
        command,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        space: SpaceInfo {
            file: source.file.clone(),
            name: space.name.clone(),
            set: source.set.clone(),
            decisions: space.decisions.hash(),
            graph: graph_fingerprint(&space.decisions, &space.graph),
        },
        data,
        inherited: None,
        machine: Some(machine(device)),
    }
}

/// On what a run computes.
fn machine(device: Device) -> MachineInfo {
    let exe = std::env::current_exe().unwrap_or_default();
    let cuda = device.is_cuda();
    MachineInfo {
        libtorch: libtorch::find(&exe).and_then(|found| found.version),
        device: if cuda { "cuda" } else { "cpu" }.to_owned(),
        gpu: cuda.then(Gpu::first).flatten().map(|gpu| gpu.name),
        threads: u64::try_from(tch::get_num_threads()).unwrap_or(1),
    }
}

/// The hyperparameters of a command line: the defaults (of a run that is resumed:
/// those that it has), then those of recipes, then single ones. `epochs` is the path of
/// what `--epochs` sets.
pub(super) fn config(
    recipe: &RecipeArgs,
    out: &OutArgs,
    epochs: &str,
    space: &SearchSpace,
) -> Result<SearchConfig, Failure> {
    let mut config = SearchConfig::of(space.graph.task);
    if out.resume && out.out.join(name::RUN).is_file() {
        config = config_of_run(&out.out)?;
    }
    for name in &recipe.recipe {
        config = with_recipe(&config, name, &space.name)?;
    }
    let mut one = |path: &str, value: &str| {
        config = config.with_one(path, value).map_err(Failure::message)?;
        Ok::<_, Failure>(())
    };
    for (path, value) in &recipe.with {
        one(path, value)?;
    }
    if let Some(n) = recipe.epochs {
        one(epochs, &n.to_string())?;
    }
    if let Some(seed) = recipe.seed {
        one("run.seed", &seed.to_string())?;
    }
    if let Some(precision) = recipe.precision.and_then(|p| p.to_possible_value()) {
        for path in ["shared.model.precision", "retrain.model.precision"] {
            one(path, precision.get_name())?;
        }
    }
    config.check(&space.graph).map_err(Failure::message)?;
    Ok(config)
}

/// The hyperparameters of a run folder.
pub(super) fn config_of_run(folder: &Path) -> Result<SearchConfig, Failure> {
    let path = folder.join(name::CONFIG);
    let value = run::read_json(&path).map_err(Failure::message)?;
    let failed = |why| Failure::message(format!("{}: {why}", path.display()));
    SearchConfig::default().with(&value).map_err(failed)
}

/// Where tensors live; sets the number of threads too.
pub(super) fn device(args: &MachineArgs) -> Result<Device, Failure> {
    if let Some(threads) = args.threads {
        tch::set_num_threads(i32::from(threads));
    }
    let request = match args.device {
        DeviceArg::Cpu => DeviceRequest::Cpu,
        DeviceArg::Cuda => DeviceRequest::Cuda,
        DeviceArg::Auto => DeviceRequest::Auto,
    };
    choose(request).map_err(Failure::message)
}

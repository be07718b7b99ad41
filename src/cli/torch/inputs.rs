//! From arguments to what a run is made of: space, architecture, data,
//! hyperparameters, device.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tch::{Cuda, Device};

use super::Failure;
use crate::cli::torch_args::{DeviceArg, MachineArgs, OutArgs, RecipeArgs, SpaceArgs};
use crate::data::{self, DataSpec, Dataset};
use crate::decision::Architecture;
use crate::diagnostic::Severity;
use crate::diagnostic::render::{Style, human};
use crate::run::{self, DataInfo, RunInfo, SpaceInfo, graph_fingerprint, name};
use crate::train::{SearchConfig, check_fit};
use crate::unroll::Settings;
use crate::{Options, SearchSpace, compile};

/// A compiled space with the text that it was compiled from.
pub(super) struct Source {
    pub file: String,
    pub text: String,
    /// As `name=value`.
    pub set: Vec<String>,
    pub space: SearchSpace,
}

/// Reads and compiles the space of a command line.
pub(super) fn source(args: &SpaceArgs) -> Result<Source, Failure> {
    let text = read_text(&args.file)?;
    let file = if is_stdin(&args.file) {
        "standard input".to_owned()
    } else {
        args.file.display().to_string()
    };
    let set = args.set.iter().map(|(n, v)| format!("{n}={v}")).collect();
    let space = compile_one(&file, &text, args.set.clone(), args.space.clone())?;
    Ok(Source {
        file,
        text,
        set,
        space,
    })
}

/// Compiles the space that a run folder keeps.
pub(super) fn source_of_run(folder: &Path, info: &RunInfo) -> Result<Source, Failure> {
    let path = folder.join(name::SPACE);
    let text = read_text(&path)?;
    let pair = |text: &String| {
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        (name.to_owned(), value.to_owned())
    };
    let set = info.space.set.iter().map(pair).collect();
    let file = path.display().to_string();
    let space = compile_one(&file, &text, set, Some(info.space.name.clone()))?;
    if graph_fingerprint(&space.decisions, &space.graph) != info.space.graph {
        return Err(Failure::message(format!(
            "{file} is not what {} was started with, or this enasc compiles it to something else: use the enasc {} that wrote it",
            folder.display(),
            info.version
        )));
    }
    Ok(Source {
        file: info.space.file.clone(),
        text,
        set: info.space.set.clone(),
        space,
    })
}

fn compile_one(
    file: &str,
    text: &str,
    set: Vec<(String, String)>,
    space: Option<String>,
) -> Result<SearchSpace, Failure> {
    let options = Options {
        settings: Settings(set),
        space,
    };
    let compilation = compile(file, text, &options);
    let failed = |d: &crate::diagnostic::Diagnostic| d.severity == Severity::Error;
    if compilation.diagnostics.iter().any(failed) {
        return Err(Failure::Text(human(
            &compilation.diagnostics,
            &compilation.sources,
            Style::for_stderr(),
        )));
    }
    let mut spaces = compilation.spaces;
    match (spaces.pop(), spaces.as_slice()) {
        (Some(space), []) => Ok(space),
        (None, _) => Err(Failure::message(format!("{file} declares no space"))),
        (Some(last), others) => {
            let names: Vec<&str> = others.iter().chain([&last]).map(|s| s.name.as_str()).collect();
            Err(Failure::message(format!(
                "{file} declares several spaces: choose one with --space ({})",
                names.join(", ")
            )))
        }
    }
}

/// The architecture that `--arch` names or is.
pub(super) fn architecture(text: &str, space: &SearchSpace) -> Result<Architecture, Failure> {
    let path = PathBuf::from(text);
    let content = if is_stdin(&path) || path.is_file() {
        read_text(&path)?
    } else if text.trim_start().starts_with('{') || text.contains('=') {
        text.to_owned()
    } else {
        return Err(Failure::message(format!(
            "`{text}` is no file, and no architecture either (path=choice path=choice .. or JSON)"
        )));
    };
    Architecture::parse(&content, &space.decisions, &space.name).map_err(Failure::message)
}

/// Loads data and checks that the space takes it.
pub(super) fn dataset(spec: &DataSpec, space: &SearchSpace) -> Result<Dataset, Failure> {
    let data = data::load(spec).map_err(Failure::message)?;
    check_fit(space.graph.task, &space.ports, &data.summary()).map_err(Failure::message)?;
    Ok(data)
}

/// What a run folder says of the space and the data.
pub(super) fn info(
    command: run::Command,
    source: &Source,
    spec: &DataSpec,
    data: &Dataset,
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
        data: DataInfo {
            source: spec.to_string(),
            name: data.name.clone(),
            fingerprint: data.fingerprint.clone(),
        },
    }
}

/// The hyperparameters of a command line: the defaults (of a run that is resumed:
/// those that it has), then a file's, then single ones. `epochs` is the path of what
/// `--epochs` sets.
pub(super) fn config(
    recipe: &RecipeArgs,
    out: &OutArgs,
    epochs: &str,
    space: &SearchSpace,
) -> Result<SearchConfig, Failure> {
    let mut config = SearchConfig::default();
    let saved = out.out.join(name::CONFIG);
    if out.resume && out.out.join(name::RUN).is_file() {
        config = changed(&config, &saved, &run::read_json(&saved).map_err(Failure::message)?)?;
    }
    if let Some(path) = &recipe.config {
        let text = read_text(path)?;
        let value: Value = serde_json::from_str(&text).map_err(|why| {
            Failure::message(format!("{} is no JSON: {why}", path.display()))
        })?;
        config = changed(&config, path, &value)?;
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
    config
        .check()
        .and_then(|()| config.check_sites(&space.graph))
        .map_err(Failure::message)?;
    Ok(config)
}

fn changed(config: &SearchConfig, path: &Path, value: &Value) -> Result<SearchConfig, Failure> {
    let mut value = value.clone();
    // A config.json states its schema version, which is no hyperparameter.
    if let Some(object) = value.as_object_mut() {
        object.shift_remove("schema");
    }
    let failed = |why| Failure::message(format!("{}: {why}", path.display()));
    config.with(&value).map_err(failed)
}

/// The hyperparameters of a run folder.
pub(super) fn config_of_run(folder: &Path) -> Result<SearchConfig, Failure> {
    let path = folder.join(name::CONFIG);
    let value = run::read_json(&path).map_err(Failure::message)?;
    changed(&SearchConfig::default(), &path, &value)
}

/// Where tensors live; sets the number of threads too. `cuda` is why CUDA could not
/// be loaded, if it could not.
pub(super) fn device(args: &MachineArgs, cuda: Result<(), &str>) -> Result<Device, Failure> {
    if let Some(threads) = args.threads {
        tch::set_num_threads(i32::from(threads));
    }
    let there = cuda.is_ok() && Cuda::is_available();
    match args.device {
        DeviceArg::Cpu => Ok(Device::Cpu),
        DeviceArg::Auto if !there => Ok(Device::Cpu),
        DeviceArg::Auto | DeviceArg::Cuda if there => Ok(Device::Cuda(0)),
        _ => Err(Failure::message(format!(
            "--device cuda was asked for, but there is none to use ({}); `enasc doctor` says more, and --device cpu does without",
            cuda.err().unwrap_or("libtorch finds no NVIDIA device")
        ))),
    }
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn read_text(path: &Path) -> Result<String, Failure> {
    let read = || -> std::io::Result<Vec<u8>> {
        if is_stdin(path) {
            let mut bytes = Vec::new();
            std::io::stdin().lock().read_to_end(&mut bytes)?;
            return Ok(bytes);
        }
        fs::read(path)
    };
    let shown = path.display();
    let bytes = read().map_err(|why| Failure::message(format!("cannot read {shown}: {why}")))?;
    String::from_utf8(bytes).map_err(|_| Failure::message(format!("{shown} is not UTF-8 text")))
}

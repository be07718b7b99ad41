//! `enasc export`: an architecture as a network for other programs.

use clap::ValueEnum as _;
use serde_json::json;

use super::args::ExportArgs;
use super::error::CliError;
use super::input;
use super::output::{pretty, print, write_bytes};
use super::torch_args::FormatArg;
use crate::cli::console::Console;
use crate::export::{Exported, Format, Subject, Weights, export};
use crate::recipe::SearchConfig;

/// The ending of the file of weights beside a module.
const WEIGHTS: &str = "safetensors";

pub(super) fn run(args: &ExportArgs, console: Console) -> Result<(), CliError> {
    let space = input::space(&args.space, console)?;
    let architecture = input::architecture(&args.arch, &space, &args.space.file)?;
    let subject = Subject {
        space: &space,
        architecture: &architecture,
    };
    let weights = match &args.weights {
        Some(run) => Weights::of_run(run, &subject)?,
        None => {
            let config = SearchConfig::of(space.graph.task);
            Weights::fresh(config.retrain.model, args.seed)
        }
    };
    let format = Format::from(args.to);
    let exported = export(&subject, &weights, format)?;
    if args.out.as_os_str() == "-" {
        return to_standard_output(&exported, format);
    }
    // The weights first: the module that is there has them.
    let mut files = Vec::new();
    if let Some(weights) = &exported.weights {
        files.push((args.out.with_extension(WEIGHTS), weights));
    }
    files.push((args.out.clone(), &exported.main));
    for (path, bytes) in &files {
        write_bytes(path, bytes)?;
        console.note(|| format!("wrote {}, {} bytes", path.display(), bytes.len()));
    }
    match args.format {
        FormatArg::Human => Ok(()),
        FormatArg::Json => print(&pretty(&json!({
            "space": space.name,
            "architecture": architecture.to_line(&space.decisions),
            "to": args.to.to_possible_value().map(|name| name.get_name().to_owned()),
            "files": files.iter().map(|(path, bytes)| json!({
                "file": path.display().to_string(),
                "bytes": bytes.len(),
            })).collect::<Vec<_>>(),
        }))),
    }
}

fn to_standard_output(exported: &Exported, format: Format) -> Result<(), CliError> {
    match (format, std::str::from_utf8(&exported.main)) {
        (Format::Json, Ok(text)) => print(text),
        (Format::Pytorch, _) => Err(CliError::ToFile("a module with its weights")),
        _ => Err(CliError::ToFile("a network with its weights")),
    }
}

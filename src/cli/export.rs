//! `enasc export`: an architecture as a network for other programs.

use super::args::ExportArgs;
use super::error::CliError;
use super::input;
use super::output::{print, write_bytes};
use crate::diagnostic::render::Style;
use crate::export::{Exported, Format, Subject, Weights, export};
use crate::recipe::SearchConfig;

/// The ending of the file of weights beside a module.
const WEIGHTS: &str = "safetensors";

pub(super) fn run(args: &ExportArgs, style: Style) -> Result<(), CliError> {
    let space = input::space(&args.space, style)?;
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
    if let Some(weights) = &exported.weights {
        write_bytes(&args.out.with_extension(WEIGHTS), weights)?;
    }
    write_bytes(&args.out, &exported.main)
}

fn to_standard_output(exported: &Exported, format: Format) -> Result<(), CliError> {
    match (format, std::str::from_utf8(&exported.main)) {
        (Format::Json, Ok(text)) => print(text),
        (Format::Pytorch, _) => Err(CliError::ToFile("a module with its weights")),
        _ => Err(CliError::ToFile("a network with its weights")),
    }
}

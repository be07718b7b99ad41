//! `enasc recipe`: which hyperparameters there are by name, and what they say.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::args::{RecipeCommand, RecipeShowArgs};
use super::error::{CliError, cause};
use super::output::{pretty, print};
use super::torch_args::FormatArg;
use crate::recipe::{self, Preset, SearchConfig};

pub(super) fn run(command: &RecipeCommand) -> Result<(), CliError> {
    match command {
        RecipeCommand::List(args) => print(&match args.format {
            FormatArg::Human => list(),
            FormatArg::Json => pretty(&Preset::ALL.iter().map(head).collect()),
        }),
        RecipeCommand::Show(args) => show(args),
    }
}

fn head(preset: &Preset) -> Value {
    json!({"name": preset.name, "about": preset.about()})
}

fn list() -> String {
    let names = Preset::ALL.iter().map(|preset| preset.name);
    let width = names.map(str::len).max().unwrap_or(0);
    let line = |preset: &Preset| format!("{:width$}  {}\n", preset.name, preset.about());
    Preset::ALL.iter().map(line).collect()
}

fn show(args: &RecipeShowArgs) -> Result<(), CliError> {
    let (file, text) = find(&args.recipe, "").map_err(CliError::Recipe)?;
    let mut config = SearchConfig::default();
    config = config.with_text(&file, &text).map_err(CliError::Recipe)?;
    if !args.resolved && args.with.is_empty() {
        return print(&match args.format {
            FormatArg::Human => text,
            FormatArg::Json => pretty(&recipe::values(&file, &text).map_err(CliError::Recipe)?),
        });
    }
    for (path, value) in &args.with {
        let changed = config.with_one(path, value);
        config = changed.map_err(|why| CliError::Recipe(why.to_string()))?;
    }
    print(&match args.format {
        FormatArg::Human => config.to_toml().map_err(CliError::Recipe)?,
        FormatArg::Json => pretty(&json!(config)),
    })
}

/// Hyperparameters with those of a recipe that a command line names.
#[cfg(feature = "torch")]
pub(super) fn with_recipe(
    config: &SearchConfig,
    name: &str,
    space: &str,
) -> Result<SearchConfig, CliError> {
    find(name, space)
        .and_then(|(file, text)| config.with_text(&file, &text))
        .map_err(CliError::Recipe)
}

/// The name and the text of a recipe. What has an ending or a folder is a file.
fn find(name: &str, space: &str) -> Result<(String, String), String> {
    let path = Path::new(name);
    let is_file = path.extension().is_some() || path.components().count() > 1;
    if !is_file {
        let preset = Preset::find(name, space)?;
        return Ok((preset.name.to_owned(), preset.text.to_owned()));
    }
    let read = fs::read_to_string(path);
    let text = read.map_err(|why| format!("cannot read {name}: {}", cause(&why)))?;
    Ok((name.to_owned(), text))
}

//! `enasc new`: a space to begin with.

use std::path::Path;

use clap::ValueEnum as _;
use serde_json::{Value, json};

use super::check::summary;
use super::console::Console;
use super::error::CliError;
use super::output::{pretty, print, quoted, write_new};
use super::tool_args::{NewArgs, TemplateArg};
use super::torch_args::FormatArg;
use crate::diagnostic::Diagnostics;
use crate::source::SourceMap;
use crate::syntax::format;
use crate::{Options, SearchSpace, compile};

/// What every template calls its space.
const PLACEHOLDER: &str = "my_space";

impl TemplateArg {
    /// The space, which is called [`PLACEHOLDER`].
    fn text(self) -> &'static str {
        match self {
            Self::Mlp => include_str!("../../spaces/templates/mlp.enas"),
            Self::Macro => include_str!("../../spaces/templates/macro.enas"),
            Self::Micro => include_str!("../../spaces/templates/micro.enas"),
            Self::Recurrent => include_str!("../../spaces/templates/recurrent.enas"),
            Self::Mobile => include_str!("../../spaces/templates/mobile.enas"),
        }
    }

    /// Its name and what it is, as the help says.
    fn words(self) -> (String, String) {
        let value = self.to_possible_value().unwrap_or_default();
        let about = value.get_help().map(ToString::to_string);
        (value.get_name().to_owned(), about.unwrap_or_default())
    }

    /// A short search of it: what stands behind `enasc search FILE`.
    fn search(self) -> &'static str {
        match self {
            Self::Recurrent => "--data text:PATH",
            _ => "--data synthetic --set ch=1 --set size=12 --set classes=4",
        }
    }
}

pub(super) fn run(args: &NewArgs, console: Console) -> Result<(), CliError> {
    let Some(name) = args.name.as_ref().filter(|_| !args.list) else {
        return print(&list(args.format));
    };
    if name.to_string_lossy().ends_with(std::path::is_separator) {
        return Err(CliError::Folder(name.display().to_string()));
    }
    let file = match name.extension() {
        Some(_) => name.clone(),
        None => name.with_extension("enas"),
    };
    let (text, space) = write_as(args.template, &identifier(&file)?)?;
    write_new(&file, &text)?;
    let next = next(args.template, &space.name, &file);
    let lines = next
        .iter()
        .map(|(command, why)| format!("  {why:20} {command}\n"));
    print(&match args.format {
        FormatArg::Human if console.is_quiet() => String::new(),
        FormatArg::Human => format!(
            "wrote {}\n{}next:\n{}",
            file.display(),
            summary(&space),
            lines.collect::<String>()
        ),
        FormatArg::Json => pretty(&json!({
            "file": file.display().to_string(),
            "space": space.name,
            "template": args.template.words().0,
            "decisions": space.decisions.tokens(),
            "shared_parameters": space.graph.params.total(),
            "next": next.iter().map(|(command, _)| command).collect::<Vec<_>>(),
        })),
    })
}

fn list(format: FormatArg) -> String {
    let all = TemplateArg::value_variants()
        .iter()
        .map(|template| template.words());
    match format {
        FormatArg::Human => {
            let line = |(name, about): (String, String)| format!("{name:10} {about}\n");
            all.map(line).collect()
        }
        FormatArg::Json => pretty(
            &all.map(|(name, about)| json!({"name": name, "about": about}))
                .collect::<Value>(),
        ),
    }
}

/// What the space of a file is called: as the file, with `_` for `-`.
fn identifier(file: &Path) -> Result<String, CliError> {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let name = stem.replace('-', "_");
    let is_letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    let fits = |c: char| is_letter(c) || c.is_ascii_digit();
    if name.starts_with(is_letter) && name.chars().all(fits) {
        return Ok(name);
    }
    let fitting: String = name
        .chars()
        .map(|c| if fits(c) { c } else { '_' })
        .collect();
    let better = if fitting.starts_with(is_letter) {
        fitting
    } else {
        format!("space_{fitting}")
    };
    Err(CliError::BadName {
        name: stem.into_owned(),
        why: "a name has letters, digits and _, and begins with no digit",
        better: Some(better),
    })
}

/// A template under another name, in its layout, with what it compiles to.
fn write_as(template: TemplateArg, name: &str) -> Result<(String, SearchSpace), CliError> {
    let taken = || CliError::BadName {
        name: name.to_owned(),
        why: "the language has the word already",
        better: Some(format!("{name}_space")),
    };
    let text = template.text().replace(PLACEHOLDER, name);
    let mut sources = SourceMap::default();
    let id = sources.add(name, &*text);
    let source = sources.get(id).ok_or_else(taken)?;
    let text = format::format(source, &mut Diagnostics::default()).ok_or_else(taken)?;
    let mut compilation = compile(name, &text, &Options::default());
    let space = compilation.spaces.pop();
    let space = space.filter(|_| compilation.diagnostics.is_empty());
    Ok((text, space.ok_or_else(taken)?))
}

/// What may be done with a new space, and why.
fn next(template: TemplateArg, name: &str, file: &Path) -> Vec<(String, &'static str)> {
    let file = quoted(&file.display().to_string());
    let run = format!("runs/{name}");
    let search = template.search();
    vec![
        (format!("enasc check {file}"), "after every change"),
        (format!("enasc sample {file} -n 3"), "three architectures"),
        (
            format!("enasc sample {file} | enasc describe {file} --arch -"),
            "one in words",
        ),
        (
            format!("enasc search {file} {search} --epochs 1 --out {run}"),
            "a short search",
        ),
    ]
}

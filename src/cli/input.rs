//! What commands read: spaces and architectures, from files, from standard
//! input, or from the command line itself.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::check::summary;
use super::error::{CliError, cause};
use super::near::near;
use super::torch_args::SpaceArgs;
use crate::cli::console::Console;
use crate::decision::Architecture;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::source::SourceMap;
use crate::span::Span;
use crate::unroll::Settings;
use crate::{Compilation, Options, SearchSpace};

/// No space is larger; what is was named by mistake.
const LARGEST: u64 = 64 << 20;

/// What messages call a file.
pub(super) fn display_name(file: &Path) -> String {
    if is_stdin(file) {
        "standard input".to_owned()
    } else {
        file.display().to_string()
    }
}

pub(super) fn is_stdin(file: &Path) -> bool {
    file.as_os_str() == "-"
}

fn read(file: &Path) -> Result<Vec<u8>, CliError> {
    let error = |why| CliError::Read {
        file: display_name(file),
        why,
    };
    let read = |source: &mut dyn io::Read| {
        let mut bytes = Vec::new();
        source.take(LARGEST + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes: io::Result<Vec<u8>> = if is_stdin(file) {
        read(&mut io::stdin().lock())
    } else {
        File::open(file).and_then(|mut file| read(&mut file))
    };
    let bytes = bytes.map_err(|source| {
        let near = match source.kind() {
            io::ErrorKind::NotFound => near(file),
            _ => None,
        };
        error(match near {
            Some(near) => format!("{}; did you mean {}?", cause(&source), near.display()),
            None => cause(&source),
        })
    })?;
    if bytes.len() as u64 > LARGEST {
        return Err(error(format!("it is larger than {} MiB", LARGEST >> 20)));
    }
    Ok(bytes)
}

/// The text of a file, or why it has none as a compilation that failed.
pub(super) fn text(file: &Path) -> Result<Result<String, Compilation>, CliError> {
    let bytes = read(file)?;
    Ok(String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        not_utf8(&display_name(file), error.as_bytes(), at)
    }))
}

/// Where the modules of a file are; those of standard input where one stands.
pub(super) fn folder_of(file: &Path) -> PathBuf {
    let parent = file.parent().filter(|_| file.as_os_str() != "-");
    match parent {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Compiles a file.
pub(super) fn compile(
    file: &Path,
    set: &[(String, String)],
    space: Option<&str>,
) -> Result<Compilation, CliError> {
    let options = Options {
        settings: Settings(set.to_vec()),
        space: space.map(str::to_owned),
        folder: Some(folder_of(file)),
        ..Options::default()
    };
    Ok(match text(file)? {
        Ok(text) => crate::compile(&display_name(file), &text, &options),
        Err(failed) => failed,
    })
}

fn not_utf8(name: &str, bytes: &[u8], at: usize) -> Compilation {
    let mut sources = SourceMap::default();
    // Up to the first bad byte this is the same text, so `at` is its place.
    let id = sources.add(name, String::from_utf8_lossy(bytes));
    let byte = bytes.get(at).copied().unwrap_or_default();
    let help = match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "it looks like UTF-16: save it as UTF-8",
        _ => "save the file as UTF-8",
    };
    let diagnostic = Diagnostic::error(
        Code::NotUtf8,
        Span::new(id, at, at + char::REPLACEMENT_CHARACTER.len_utf8()),
        "the file is not UTF-8 text",
        format!("byte {at} is 0x{byte:02x}"),
    )
    .help(help);
    Compilation {
        sources,
        diagnostics: vec![diagnostic],
        ..Compilation::default()
    }
}

pub(super) fn has_errors(compilation: &Compilation) -> bool {
    let mut diagnostics = compilation.diagnostics.iter();
    diagnostics.any(|diagnostic| diagnostic.severity == Severity::Error)
}

/// Compiles the one space that a command is about; errors are printed.
pub(super) fn space(args: &SpaceArgs, console: Console) -> Result<SearchSpace, CliError> {
    let mut compilation = compile(&args.file, &args.set, args.space.as_deref())?;
    if has_errors(&compilation) {
        console.report(&compilation);
        return Err(CliError::Reported);
    }
    match (compilation.spaces.pop(), compilation.spaces.as_slice()) {
        (Some(only), []) => {
            console.note(|| format!("{} declares {}", display_name(&args.file), told(&only)));
            Ok(only)
        }
        (None, _) => Err(CliError::Reported),
        (Some(last), others) => {
            let names = others.iter().chain([&last]).map(|space| space.name.clone());
            Err(CliError::SeveralSpaces {
                file: display_name(&args.file),
                names: names.collect(),
            })
        }
    }
}

/// A space in a line, with the values of its parameters.
fn told(space: &SearchSpace) -> String {
    let settings = space.settings.iter();
    let settings: Vec<String> = settings
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let with = if settings.is_empty() {
        String::new()
    } else {
        format!("; {}", settings.join(" "))
    };
    format!("{}{with}", summary(space).trim_end())
}

/// Compiles the one space that a command is about, and reads the architecture of
/// it that the command names, if it names one.
pub(super) fn space_and_architecture(
    args: &SpaceArgs,
    arch: Option<&str>,
    console: Console,
) -> Result<(SearchSpace, Option<Architecture>), CliError> {
    let space = space(args, console)?;
    let architecture = arch
        .map(|arch| architecture(arch, &space, &args.file))
        .transpose()?;
    Ok((space, architecture))
}

/// Reads an architecture of `space`, the one that `file` declares.
///
/// `arch` is `-`, the text itself (its form tells), or a file's name.
pub(super) fn architecture(
    arch: &str,
    space: &SearchSpace,
    file: &Path,
) -> Result<Architecture, CliError> {
    let path = Path::new(arch);
    let looks_like_one = arch.trim().is_empty() || arch.starts_with('{') || arch.contains('=');
    let parse = |text: &str| Architecture::parse(text, &space.decisions, &space.name);
    if looks_like_one && !path.is_file() {
        return Ok(parse(arch)?);
    }
    if !is_stdin(path) && !path.exists() {
        return Err(CliError::NoArchitecture(arch.to_owned()));
    }
    parse(&text_beside(path, file)?).map_err(|error| CliError::ArchitectureIn {
        file: display_name(path),
        error,
    })
}

/// The text that an argument is, or standard input where it is `-`; `file` is the
/// space that the command reads too.
pub(super) fn argument(text: &str, file: &Path) -> Result<String, CliError> {
    let path = Path::new(text);
    if is_stdin(path) {
        return text_beside(path, file);
    }
    Ok(text.to_owned())
}

/// The text of a file that a command reads besides the space in `space`.
fn text_beside(file: &Path, space: &Path) -> Result<String, CliError> {
    if is_stdin(file) && is_stdin(space) {
        return Err(CliError::StandardInputTwice);
    }
    String::from_utf8(read(file)?).map_err(|error| CliError::Read {
        file: display_name(file),
        why: format!(
            "it is not UTF-8 text (byte {})",
            error.utf8_error().valid_up_to()
        ),
    })
}

//! `enasc explain`: what a diagnostic means.

use super::args::ExplainArgs;
use super::error::CliError;
use super::output::print;
use crate::diagnostic::{Code, explain};

pub(super) fn run(args: &ExplainArgs) -> Result<(), CliError> {
    let Some(name) = &args.code else {
        return print(&list());
    };
    let Some(code) = explain::find(name) else {
        return Err(CliError::NoCode {
            code: name.clone(),
            known: explain::suggest(name),
        });
    };
    let text = explain::plain(code);
    print(&format!("{code}\n{}\n\n{text}", code.title()))
}

/// All codes with their titles.
fn list() -> String {
    let names = Code::ALL.iter().map(|code| explain::short(*code));
    let width = names.clone().map(str::len).max().unwrap_or(0);
    let mut list = String::new();
    for (name, code) in names.zip(Code::ALL) {
        list.push_str(&format!("{name:width$}  {}\n", code.title()));
    }
    list
}

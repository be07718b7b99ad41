//! `enasc explain`: what a diagnostic means.

use serde_json::{Value, json};

use super::args::ExplainArgs;
use super::error::CliError;
use super::output::{pretty, print};
use super::torch_args::FormatArg;
use crate::diagnostic::{Code, explain};

pub(super) fn run(args: &ExplainArgs) -> Result<(), CliError> {
    let Some(name) = &args.code else {
        return print(&match args.format {
            FormatArg::Human => list(),
            FormatArg::Json => pretty(&Code::ALL.iter().map(|&code| head(code)).collect()),
        });
    };
    let Some(code) = explain::find(name) else {
        return Err(CliError::NoCode {
            code: name.clone(),
            known: explain::suggest(name),
        });
    };
    let text = explain::plain(code);
    if args.format == FormatArg::Json {
        let mut page = head(code);
        page["text"] = json!(text);
        return print(&pretty(&page));
    }
    print(&format!("{code}\n{}\n\n{text}", code.title()))
}

fn head(code: Code) -> Value {
    json!({"code": code.path(), "name": explain::short(code), "title": code.title()})
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

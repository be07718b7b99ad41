//! `enasc count`: how many architectures a space has.

use serde_json::json;

use super::args::CountArgs;
use super::error::CliError;
use super::input;
use super::output::{log10, pretty, print};
use super::torch_args::FormatArg;
use crate::decision;
use crate::diagnostic::render::Style;

pub(super) fn run(args: &CountArgs, style: Style) -> Result<(), CliError> {
    let space = input::space(&args.space, style)?;
    let count = decision::count(&space.decisions);
    match args.format {
        // The number alone, for scripts.
        FormatArg::Human => print(&format!("{count}\n")),
        FormatArg::Json => print(&pretty(&json!({
            "space": space.name,
            "count": count.to_string(),
            "exact": true,
            "decisions": space.decisions.tokens(),
            "log10": log10(&count),
        }))),
    }
}

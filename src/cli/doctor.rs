//! `enasc doctor`: what a search depends on.

use serde_json::json;

use super::args::DoctorArgs;
use super::error::CliError;
use super::output::{pretty, print};
use super::torch_args::FormatArg;
use crate::doctor::examine;

pub(super) fn run(args: &DoctorArgs) -> Result<(), CliError> {
    let report = examine();
    print(&match args.format {
        FormatArg::Human => report.to_string(),
        FormatArg::Json => {
            let mut value = json!(report);
            if let Some(object) = value.as_object_mut() {
                object.insert("problems".to_owned(), json!(report.obstacles()));
            }
            pretty(&value)
        }
    })
}

//! Who reads the answers of a command: people, or a program that asked for JSON.

use std::ffi::OsString;

use super::args::{CheckFormatArg, Command, GraphFormatArg, RecipeCommand};
use super::torch_args::{FormatArg, TorchCommand};

impl Command {
    /// Whether a program reads the answer, and so the errors too.
    pub(super) fn answers_in_json(&self) -> bool {
        let format = match self {
            Self::Check(args) => return args.format == CheckFormatArg::Json,
            Self::Graph(args) => return args.format == GraphFormatArg::Json,
            Self::Fmt(args) => args.format,
            Self::Explain(args) => args.format,
            Self::Count(args) => args.format,
            Self::Sample(args) => args.format,
            Self::Rank(args) => args.format,
            Self::Enumerate(args) => args.format,
            Self::Stats(args) => args.format,
            Self::New(args) => args.format,
            Self::Describe(args) => args.format,
            Self::Diff(args) => args.format,
            Self::Import(args) => args.format,
            Self::Encode(args) => args.format,
            Self::Export(args) => args.format,
            Self::Dump(args) => args.format,
            Self::Recipe(RecipeCommand::List(args)) => args.format,
            Self::Recipe(RecipeCommand::Show(args)) => args.format,
            Self::Doctor(args) => args.format,
            Self::Torch(command) => match &**command {
                TorchCommand::Search(args) => args.machine.format,
                TorchCommand::Derive(args) => args.machine.format,
                TorchCommand::Train(args) => args.machine.format,
                TorchCommand::Eval(args) => args.machine.format,
                TorchCommand::Score(args) => args.format,
                TorchCommand::Correlate(args) => args.machine.format,
            },
            Self::Report(_)
            | Self::Watch(_)
            | Self::Lsp(_)
            | Self::Completions(_)
            | Self::Man(_) => FormatArg::Human,
        };
        format == FormatArg::Json
    }
}

/// Whether a command line that could not be read asks for JSON.
pub(super) fn asks_for_json(arguments: impl IntoIterator<Item = OsString>) -> bool {
    let words: Vec<OsString> = arguments.into_iter().collect();
    let pair =
        |pair: &[OsString]| matches!(pair, [name, value] if name == "--format" && value == "json");
    words.iter().any(|word| word == "--format=json") || words.windows(2).any(pair)
}

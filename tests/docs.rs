//! The pages of docs/ are true: every block of `.enas` code on them compiles.

use std::path::Path;

use enasc::diagnostic::Severity;
use enasc::diagnostic::render::{Style, human};
use enasc::{Options, compile};

/// What the page of the language says a block without a space stands in.
const FRAME: (&str, &str) = (
    "use std::vision.{conv_bn, relu_conv_bn, sep_conv, factorized_reduce, fit, head}
space page(n: int = 4) {
  input  x: [16, 32, 32]
  output y: [10]
",
    "\n  y = x |> gap |> linear(10)\n}\n",
);

/// The fenced blocks of a language on a page, with the line each starts at.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut open: Option<(usize, Vec<&'a str>)> = None;
    for (number, line) in page.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) if info.trim() == language => open = Some((number + 2, Vec::new())),
            (None, _) => {}
            (Some(_), Some(_)) => {
                let (start, lines) = open.take().unwrap();
                found.push((start, lines.join("\n")));
            }
            (Some((_, lines)), None) => lines.push(line),
        }
    }
    found
}

#[test]
fn every_block_of_the_language_page_compiles() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/language.md");
    let page = std::fs::read_to_string(path).unwrap();
    let blocks = blocks(&page, "enas");
    assert!(blocks.len() >= 9, "the page lost its examples");
    for (line, text) in blocks {
        let whole = text
            .lines()
            .any(|line| line.trim_start().starts_with("space "));
        let file = if whole {
            text
        } else {
            format!("{}{text}{}", FRAME.0, FRAME.1)
        };
        let name = format!("docs/language.md:{line}");
        let compiled = compile(&name, &file, &Options::default());
        let errors: Vec<_> = compiled
            .diagnostics
            .iter()
            .filter(|d| d.severity == Severity::Error)
            .cloned()
            .collect();
        let shown = human(&errors, &compiled.sources, Style::Plain);
        assert!(errors.is_empty(), "{shown}");
        assert_eq!(compiled.spaces.len(), 1, "{name}");
    }
}

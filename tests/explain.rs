//! The pages of `docs/errors` are true: each wrong example is answered by the code
//! that it explains, each right one by nothing.

use enasc::diagnostic::render::{Style, human};
use enasc::diagnostic::{Code, explain};
use enasc::{Compilation, Options, compile};

use crate::docs::blocks;
use crate::format::formatted;

/// What no text shows that fits on a page: these pages show commands.
const COMMANDS: &[Code] = &[
    Code::NotUtf8,
    Code::TooDeep,
    Code::ImportCycle,
    Code::OverBudget,
];

fn diagnose(code: Code, text: &str) -> (Compilation, String) {
    let compiled = compile(code.path(), text, &Options::default());
    let shown = human(&compiled.diagnostics, &compiled.sources, Style::Plain);
    (compiled, shown)
}

#[test]
fn every_page_has_its_heading_and_its_examples() {
    for &code in Code::ALL {
        let page = code.page();
        let heading = format!("# {}\n\n", explain::short(code));
        assert!(page.starts_with(&heading), "{code}");
        let language = if COMMANDS.contains(&code) {
            "console"
        } else {
            "enas"
        };
        assert_eq!(blocks(page, language).len(), 2, "{code}");
        for part in ["\n\nWrong:\n\n```", "\n```\n\nRight:\n\n```"] {
            assert_eq!(page.matches(part).count(), 1, "{code}: {part}");
        }
        assert!(
            page.lines()
                .all(|line| line.len() <= 100 || code == Code::TooDeep)
        );
    }
}

#[test]
fn wrong_examples_report_their_code_and_right_ones_nothing() {
    let mut failures = String::new();
    for &code in Code::ALL {
        if COMMANDS.contains(&code) {
            continue;
        }
        let examples = blocks(code.page(), "enas");
        let (wrong, right) = (&examples[0].1, &examples[1].1);
        let (compiled, shown) = diagnose(code, wrong);
        let codes = compiled.diagnostics.iter().map(|d| d.code);
        if compiled.diagnostics.is_empty() || codes.clone().any(|other| other != code) {
            failures.push_str(&format!("{code}, wrong:\n{shown}\n"));
        }
        let (compiled, shown) = diagnose(code, right);
        if !compiled.diagnostics.is_empty() || compiled.spaces.is_empty() {
            failures.push_str(&format!("{code}, right:\n{shown}\n"));
        }
        for text in [wrong, right] {
            let text = format!("{text}\n");
            if let Some(after) = formatted(&text).filter(|after| *after != text) {
                failures.push_str(&format!("{code}, formatted:\n{after}\n"));
            }
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

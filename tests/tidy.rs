//! The repository itself: every diagnostic is shown by a test, every file says
//! what it is for.

use std::fs;
use std::path::{Path, PathBuf};

use enasc::diagnostic::Code;

fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn every_code_is_shown_by_a_test() {
    let shown: String = files("tests/ui", "stderr")
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    // A file that is not UTF-8 has no text to keep here; the tests of the command
    // line write one.
    let elsewhere = [Code::NotUtf8, Code::OverBudget];
    let missing: Vec<&str> = Code::ALL
        .iter()
        .filter(|code| !elsewhere.contains(code))
        .map(|code| code.path())
        .filter(|path| !shown.contains(path))
        .collect();
    assert!(missing.is_empty(), "no file in tests/ui shows {missing:?}");
}

/// The checks of a space that were asked for, in the order of the stages, and what
/// each says.
const CHECKS: &[(&str, &[Code])] = &[
    ("unexpected token", &[Code::UnexpectedToken]),
    ("unclosed delimiter", &[Code::UnclosedDelimiter]),
    ("bad number or unit", &[Code::BadNumber]),
    ("unknown name", &[Code::UnknownName, Code::UnknownModule]),
    ("duplicate", &[Code::DuplicateName]),
    ("import cycle", &[Code::ImportCycle]),
    ("not exported", &[Code::NotExported]),
    ("unused parameter, op, cell or set", &[Code::UnusedName]),
    ("a nodes list or a dimension is shadowed", &[Code::Shadows]),
    ("operands of a sum differ", &[Code::ShapesDiffer]),
    ("candidates differ", &[Code::CandidatesDiffer]),
    ("a size does not divide", &[Code::Indivisible]),
    ("a size reaches zero", &[Code::EmptyDimension]),
    ("a declared result differs", &[Code::DeclaredDiffers]),
    (
        "rank or kind of an argument",
        &[Code::WrongRank, Code::WrongKind],
    ),
    (
        "wrong or missing argument",
        &[Code::BadArgument, Code::MissingArgument],
    ),
    ("arms change a carried shape", &[Code::ArmsDiffer]),
    ("too many assignments to prove it", &[Code::TooManyCases]),
    ("empty choice", &[Code::EmptyChoice]),
    ("single option", &[Code::SingleOption]),
    ("duplicate candidates", &[Code::DuplicateCandidate]),
    ("pick of more than there are", &[Code::PickTooMany]),
    ("pick from an empty list", &[Code::PickFromEmpty]),
    (
        "a list as a tensor, or reduced when empty",
        &[Code::ListNotReduced],
    ),
    ("decision inside an op", &[Code::DecisionInOp]),
    (
        "decision where it is not always active",
        &[Code::NotAlwaysActive],
    ),
    ("cell whose instances disagree", &[Code::CellDisagrees]),
    (
        "node read before it is assigned",
        &[Code::ReadBeforeAssigned],
    ),
    ("index out of range", &[Code::OutOfRange]),
    (
        "node that no output reaches",
        &[Code::NodeUnused, Code::DecisionUnused, Code::InputUnused],
    ),
    ("output that ignores the input", &[Code::InputIgnored]),
    ("@per of no decision", &[Code::PerNotDecision]),
    (
        "@tie of another shape",
        &[Code::TieMismatch, Code::SharedShape],
    ),
    ("weights that do not nest", &[Code::NotNested]),
    (
        "weights that depend on what stands before",
        &[Code::Entangled],
    ),
    ("more memory than the budget", &[Code::OverBudget]),
    ("require that nothing fulfils", &[Code::Unsatisfiable]),
    ("require that is always true", &[Code::AlwaysTrue]),
    ("metric without a formula", &[Code::OpaqueMetric]),
    ("require that keeps hardly any", &[Code::FewKept]),
    ("recursion that does not end", &[Code::Recursion]),
    ("loop bound that is no number", &[Code::RangeBound]),
    ("arithmetic that overflows", &[Code::Arithmetic]),
];

#[test]
fn every_check_has_a_code_a_page_and_a_test() {
    let shown: String = files("tests/ui", "stderr")
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let cli = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli.rs"));
    let cli = cli.unwrap();
    for (check, codes) in CHECKS {
        assert!(!codes.is_empty(), "{check}");
        for code in *codes {
            // What needs more than a text is tested at the command line.
            let is_tested = shown.contains(&format!("{code}\n")) || cli.contains(code.path());
            assert!(is_tested, "{check}: nothing tests {code}");
            let page = code.page();
            let has = |part: &str| page.contains(&format!("\n\n{part}:\n\n```"));
            assert!(has("Wrong") && has("Right"), "{check}: {code} has no page");
        }
    }
}

#[test]
fn every_source_file_says_what_it_is_for() {
    for folder in ["src", "tests", "examples"] {
        for path in files(folder, "rs") {
            let text = fs::read_to_string(&path).unwrap();
            assert!(
                text.starts_with("//!"),
                "{} has no module doc",
                path.display()
            );
        }
    }
}

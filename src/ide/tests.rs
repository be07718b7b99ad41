//! What is answered at a cursor, `¦`, in a small file.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::*;
use crate::diagnostic::Severity;

/// A space with a little of everything.
const SPACE: &str = "\
// Three convolutions, or a pool.
ops Layer = { conv1: conv(1), conv3: conv(3), pool: max_pool(3) }

// Twice the channels.
block stage(x: [c, h, w], wide: int = 2 * c) {
  let f = choose Layer
  return x |> f |> conv(1, wide)
}

space net(layers: int = 2) {
  input  image: [4, 8, 8]
  output y: [10]
  nodes h = [image]
  nodes h[l in 1..=layers] {
    let p = pick 1 of h[..l]
    h[l] = (choose Layer)(p)
  }
  let a = stage(sum(loose(h)))
  let b = stage(a, wide = 8)
  y = b |> gap |> linear(10)
}
";

fn analysis(text: &str) -> Analysis {
    Analysis::of("/net/net.enas", text, Options::default())
}

/// The analysis of a text with a cursor, and the byte where that stands.
fn at(text: &str) -> (Analysis, usize) {
    let offset = text.find('¦').unwrap();
    (analysis(&text.replace('¦', "")), offset)
}

/// [`SPACE`] with the cursor before the `nth` place of `word`, from 1.
fn space_at(word: &str, nth: usize) -> (Analysis, usize) {
    let (offset, _) = SPACE.match_indices(word).nth(nth - 1).unwrap();
    (analysis(SPACE), offset)
}

#[track_caller]
fn check_hover(word: &str, nth: usize, expected: &str) {
    let (analysis, offset) = space_at(word, nth);
    assert_eq!(analysis.diagnostics, []);
    let hover = hover(&analysis, offset).map(|hover| hover.text);
    assert_eq!(hover.as_deref(), Some(expected), "{word}");
}

#[test]
fn hover_says_shape_decisions_and_parameters() {
    check_hover("a = stage", 1, "`a`\n\n`[8, 8, 8]`");
    // A call: what it gives, decides and weighs, with all that it calls.
    check_hover(
        "stage(sum",
        1,
        "```enas\nblock stage(x: [c, h, w], wide: int = 2 * c)\n```\n\nTwice the channels.\n\n\
         `[8, 8, 8]` · 1 decision · 192 parameters",
    );
    // An operation that waits for its tensor: what it gives when it has it.
    check_hover(
        "linear(10)",
        1,
        "```enas\nlinear(x, out, bias = false)\n```\n\nresult: `[out, ..]` · parameters: d · out\n\n\
         `[10]` · 80 parameters",
    );
    check_hover(
        "wide)",
        1,
        "`wide: int = 2 * c`, a parameter\n\n`8` · in 2 runs",
    );
    check_hover(
        "choose Layer",
        2,
        "`h[1]`, `h[2]`: one of `conv1`, `conv3`, `pool`\n\n`[4, 8, 8]` · 2 decisions · 320 parameters · in 2 runs",
    );
    check_hover(
        "net(",
        1,
        "the space `net`\n\n162 architectures · 6 decisions · 1_296 shared parameters",
    );
}

#[test]
fn hints_count_what_each_statement_decides() {
    let analysis = analysis(SPACE);
    let all = hints(&analysis, &(0..SPACE.len()));
    let shown: Vec<(&str, &str)> = all
        .iter()
        .map(|hint| {
            let line = SPACE[..hint.offset].rsplit('\n').next().unwrap();
            (line.trim(), hint.label.as_str())
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("let f = choose Layer", "2 decisions"),
            ("nodes h[l in 1..=layers] {", "4 decisions"),
            ("let p = pick 1 of h[..l]", "2 decisions"),
            ("h[l] = (choose Layer)(p)", "2 decisions"),
            ("let a = stage(sum(loose(h)))", "1 decision"),
            ("let b = stage(a, wide = 8)", "1 decision"),
        ]
    );
}

#[track_caller]
fn check_places(text: &str, expected: &[&str]) {
    let (analysis, offset) = at(text);
    let (_, declared) = symbol(&analysis, offset).unwrap();
    let places = occurrences(&[&analysis], &declared);
    let lines: Vec<&str> = places
        .iter()
        .map(|place| {
            let before = &analysis.text()[..place.range.0];
            let start = before.rfind('\n').map_or(0, |at| at + 1);
            analysis.text()[start..].lines().next().unwrap().trim()
        })
        .collect();
    assert_eq!(lines, expected);
}

#[test]
fn references_follow_scopes_arguments_and_broken_files() {
    check_places(
        "op f(x: [d], k: int = 1) = linear(x, k¦ * d)\nspace s {\n input k: [4]\n output y: [8]\n y = f(k, k = 2)\n}",
        &[
            "op f(x: [d], k: int = 1) = linear(x, k * d)",
            "op f(x: [d], k: int = 1) = linear(x, k * d)",
            "y = f(k, k = 2)",
        ],
    );
    // The inner `x` is another one, and the statement that is being typed hides nothing.
    check_places(
        "space s {\n input x: [4]\n output y: [4]\n let z = ¦x\n for x in 0..2 { let w = x }\n y = x\n let v = \n}",
        &["input x: [4]", "let z = x", "y = x"],
    );
}

#[track_caller]
fn check_rename(text: &str, name: &str) -> Result<String, String> {
    let (analysis, offset) = at(text);
    let edits = rename(&[&analysis], offset, name).map_err(|why| why.to_string())?;
    let mut new = analysis.text().to_owned();
    let ranges = edits.into_values().flatten().collect::<Vec<_>>();
    for range in ranges.into_iter().rev() {
        new.replace_range(range, name);
    }
    Ok(new)
}

#[test]
fn a_rename_changes_every_place_and_nothing_else() {
    let text = "op f(x: [d]) = linear(x, d)\nspace s {\n input x: [4]\n output y: [4]\n let ä = choose { f, relu }\n let p = choose { f, relu }\n y = x |> f¦ |> p\n}";
    let text = &text.replace(" let ä = choose { f, relu }\n", " // 𝒳 f\n");
    let expected = text.replace('¦', "").replace("op f(", "op grow(");
    let expected = expected
        .replace("{ f,", "{ grow,")
        .replace("> f |", "> grow |");
    assert_eq!(check_rename(text, "grow"), Ok(expected));
    let refused = |text: &str, name: &str| check_rename(text, name).unwrap_err();
    assert!(refused(text, "nodes").contains("`nodes` is no name"));
    assert!(refused(text, "2x").contains("is no name"));
    // `p` is what a local is called where `f` is used.
    assert!(refused(text, "p").contains("would mean something else"));
    assert!(refused(text, "x").contains("would mean something else"));
    let at = |text: &str| check_rename(text, "other").unwrap_err();
    assert_eq!(at("spa¦ce s { }"), "`space` is a keyword of the language");
    assert_eq!(at("op f(x) = re¦lu(x)"), "`relu` is part of the language");
    assert_eq!(
        at("use std::vision.{head}\nop f(x) = he¦ad(x, 3)"),
        "it is declared in the shipped module `std::vision`"
    );
    assert_eq!(
        at("use std::vis¦ion.{head}"),
        "a module has the name of its file"
    );
}

/// The analyses of a file and of the module that it uses, both open.
fn two_files(module: &str, text: &str) -> [Analysis; 2] {
    let open = [("/net/blocks.enas", module), ("/net/net.enas", text)];
    let open: BTreeMap<PathBuf, Arc<str>> = open
        .into_iter()
        .map(|(path, text)| (path.into(), text.into()))
        .collect();
    let options = Options {
        folder: Some("/net".into()),
        open,
        ..Options::default()
    };
    [("/net/net.enas", text), ("/net/blocks.enas", module)]
        .map(|(name, text)| Analysis::of(name, text, options.clone()))
}

#[test]
fn files_that_use_each_other_are_renamed_together() {
    let module = "op wide(x: [d]) = linear(x, 2 * d)\nop wider(x) = wide(wide(x))\n";
    let text = "use blocks.{wide}\nuse blocks\nspace s {\n input x: [4]\n output y: [8]\n let f = choose { wide, blocks::wide }\n y = f(x)\n}\n";
    let analyses = two_files(module, text);
    let [user, own] = &analyses;
    assert!(own.diagnostics.is_empty(), "a module needs no space");
    let found = definition(user, text.find("::wide").unwrap() + 2);
    let expected = Location {
        file: "/net/blocks.enas".to_owned(),
        range: (3, 7),
    };
    assert_eq!(found, Some(expected));
    let edits = rename(&[own, user], 3, "broad").unwrap();
    let count: Vec<(&str, usize)> = edits
        .iter()
        .map(|(file, ranges)| (file.as_str(), ranges.len()))
        .collect();
    assert_eq!(count, [("/net/blocks.enas", 3), ("/net/net.enas", 3)]);
    assert_eq!(
        rename(&[own, user], 3, "wider").unwrap_err().to_string(),
        "the program would mean something else: `wider` is declared twice"
    );
}

#[track_caller]
fn check_completion(text: &str, some: &[&str], none: &[&str]) {
    let (analysis, offset) = at(text);
    let found = complete(&analysis, offset);
    let names: Vec<&str> = found.iter().map(|found| found.label.as_str()).collect();
    for name in some {
        assert!(names.contains(name), "{name} is not among {names:?}");
    }
    for name in none {
        assert!(!names.contains(name), "{name} is among {names:?}");
    }
}

#[test]
fn completion_knows_the_place() {
    let text = |line: &str| SPACE.replace("  y = b |> gap |> linear(10)\n", line);
    check_completion(
        &text("  y = b |> ¦"),
        &["conv", "stage", "Layer", "a", "layers", "h", "choose"],
        // Locals of other bodies, words of other places.
        &["f", "p", "wide", "space", "per", "int"],
    );
    check_completion(&text("  y = stage(a, w¦)"), &["wide", "a"], &[]);
    check_completion(&text("  ¦"), &["let", "require", "y"], &[]);
    check_completion(&text("  y = a @¦"), &["per", "near"], &["a", "conv"]);
    check_completion(&text("  y = a // the ¦"), &[], &["a"]);
    check_completion("op f(x, k: ¦", &["int", "op"], &[]);
    check_completion("use ¦", &["std::vision", "std::rnn"], &["conv"]);
    check_completion("use std::rnn.{¦}", &["highway"], &["conv_bn"]);
    check_completion("use std::vision.{hea¦}", &["head", "conv_bn"], &["conv"]);
    check_completion("use std::vision.{head, ¦", &["fit"], &["conv"]);
}

#[track_caller]
fn check_fix(text: &str, expected: &str) {
    let analysis = analysis(text);
    let whole = 0..text.len();
    let mut all = fixes(&analysis, &whole);
    let Some((_, fix)) = all.next() else {
        panic!("{text}{:?}", analysis.diagnostics);
    };
    let mut edits: Vec<_> = fix.edits.iter().collect();
    edits.sort_by_key(|edit| std::cmp::Reverse(edit.span.start));
    let mut fixed = text.to_owned();
    for edit in edits {
        fixed.replace_range(edit.span.range(), &edit.text);
    }
    assert_eq!(fixed, expected);
    let left = super::Analysis::of("", &fixed, Options::default());
    let errors = left
        .diagnostics
        .iter()
        .filter(|left| left.severity == Severity::Error);
    assert_eq!(errors.count(), 0, "{:?}", left.diagnostics);
}

#[test]
fn fixes_do_what_the_help_says() {
    let space = |body: &str| {
        format!("space s {{\n  input x: [4, 8, 8]\n  output y: [4, 8, 8]\n{body}\n}}\n")
    };
    let c = "choose { relu, tanh }";
    check_fix(
        &space(&format!("  y = x |> rely |> {c}")),
        &space(&format!("  y = x |> relu |> {c}")),
    );
    check_fix(
        &space(&format!("  y = x |> conv_bn(3) |> {c}")),
        &format!(
            "use std::vision.{{conv_bn}}\n\n{}",
            space(&format!("  y = x |> conv_bn(3) |> {c}"))
        ),
    );
    check_fix(
        &format!(
            "use std::vision.{{fit}}\n{}",
            space(&format!("  y = x |> conv_bn(3) |> {c} |> fit(4)"))
        ),
        &format!(
            "use std::vision.{{fit, conv_bn}}\n{}",
            space(&format!("  y = x |> conv_bn(3) |> {c} |> fit(4)"))
        ),
    );
    check_fix(
        &format!(
            "use std::vision.{{fit, conv_bn}}\n{}",
            space(&format!("  y = x |> conv_bn(3) |> {c}"))
        ),
        &format!(
            "use std::vision.{{conv_bn}}\n{}",
            space(&format!("  y = x |> conv_bn(3) |> {c}"))
        ),
    );
    check_fix(
        &space(&format!("  let z = 1\n  z = 2\n  y = x |> {c}")),
        &space(&format!("  let _z = 1\n  _z = 2\n  y = x |> {c}")),
    );
    check_fix(
        &space(&format!("  y = if 1 ≤ 2 {{ x |> {c} }} else {{ x }}")),
        &space(&format!("  y = if 1 <= 2 {{ x |> {c} }} else {{ x }}")),
    );
    check_fix(
        &space(&format!("  y = if 1 < 2&&true {{ x |> {c} }} else {{ x }}")),
        &space(&format!(
            "  y = if 1 < 2 and true {{ x |> {c} }} else {{ x }}"
        )),
    );
    check_fix(
        &space(&format!("  y = x |> {c};")),
        &space(&format!("  y = x |> {c}")),
    );
    check_fix(
        &space(&format!("  requir true\n  y = x |> {c}")),
        &space(&format!("  require true\n  y = x |> {c}")),
    );
}

#[test]
fn a_layout_is_told_as_few_changes() {
    let text =
        "space s {\n  input x: [4]\n  output y:[4]\n  y = choose { relu, tanh }(x)\n\n\n\n}\n";
    let changes = format(text).unwrap();
    let mut new = text.to_owned();
    for (range, by) in changes.iter().rev() {
        new.replace_range(range.clone(), by);
    }
    assert!(
        new.contains("output y: [4]") && new.ends_with(")\n}\n"),
        "{new}"
    );
    assert!(
        changes
            .iter()
            .all(|(range, _)| range.len() < text.len() / 2)
    );
    assert_eq!(format("space {"), None);
    assert_eq!(format(&new), Some(Vec::new()));
}

#[test]
fn the_outline_is_the_tree_of_declarations() {
    let found = outline(&analysis(SPACE));
    let shown = |entry: &Outline| format!("{} {}", entry.detail, entry.name);
    let shown: Vec<String> = found
        .iter()
        .flat_map(|entry| {
            let inner = entry
                .children
                .iter()
                .map(move |child| format!("- {}", shown(child)));
            std::iter::once(shown(entry)).chain(inner)
        })
        .collect();
    assert_eq!(
        shown,
        [
            "ops Layer",
            "- candidate conv1",
            "- candidate conv3",
            "- candidate pool",
            "block stage",
            "space net",
            "- parameter layers",
            "- input image",
            "- output y",
            "- nodes h",
        ]
    );
}

/// Every beginning of a file, as it is typed, and every cursor in it.
#[test]
fn nothing_that_is_asked_of_a_broken_file_fails() {
    let step = 7;
    for end in (0..SPACE.len()).step_by(step) {
        let text = format!(
            "{}\n{}",
            &SPACE[..end],
            SPACE.get(end + 3..).unwrap_or_default()
        );
        for text in [&SPACE[..end], &text] {
            let analysis = analysis(text);
            for offset in (0..text.len()).step_by(step) {
                let _ = hover(&analysis, offset);
                let _ = definition(&analysis, offset);
                let _ = complete(&analysis, offset);
                let _ = can_rename(&analysis, offset);
            }
            let _ = hints(&analysis, &(0..text.len()));
            let _ = outline(&analysis);
            assert!(fixes(&analysis, &(0..text.len())).count() <= analysis.diagnostics.len());
        }
    }
}

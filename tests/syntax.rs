//! The parser on whole files: every example parses, spans and text agree, hostile
//! input ends in an answer.

use std::path::{Path, PathBuf};

use enasc::diagnostic::{Code, Diagnostic, Diagnostics};
use enasc::source::SourceMap;
use enasc::syntax::{ast, parse, print};

/// The tree and the diagnostics of a text.
pub fn read(text: &str) -> (ast::File, Vec<Diagnostic>) {
    let mut sources = SourceMap::default();
    let id = sources.add("test.enas", text);
    let mut diagnostics = Diagnostics::default();
    let file = parse(sources.get(id).unwrap(), &mut diagnostics);
    (file, diagnostics.into_sorted())
}

/// The files that show the language, all without a mistake.
pub fn examples() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for folder in ["spaces", "spaces/std", "tests/syntax"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path
                .extension()
                .is_some_and(|extension| extension == "enas")
            {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    found.sort();
    found
}

/// Takes the places out of a tree.
fn strip(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Object(object) => {
            object.remove("span");
            // A tuple pattern keeps its span as the second of two elements.
            if let Some(serde_json::Value::Array(parts)) = object.get_mut("Tuple")
                && parts.len() == 2
                && parts[1]
                    .as_array()
                    .is_some_and(|span| span.iter().all(serde_json::Value::is_u64))
            {
                parts.pop();
            }
            object.values_mut().for_each(strip);
        }
        serde_json::Value::Array(parts) => parts.iter_mut().for_each(strip),
        _ => {}
    }
}

/// A tree without its places.
pub fn without_spans(file: &ast::File) -> serde_json::Value {
    let mut value = serde_json::to_value(file).unwrap();
    strip(&mut value);
    value
}

#[test]
fn every_example_parses_without_a_word() {
    let examples = examples();
    assert!(examples.len() >= 6);
    for (path, text) in examples {
        let (file, diagnostics) = read(&text);
        assert!(
            diagnostics.is_empty(),
            "{}: {diagnostics:?}",
            path.display()
        );
        assert!(!file.items.is_empty());
    }
}

#[test]
fn every_example_survives_printing() {
    for (path, text) in examples() {
        let (file, _) = read(&text);
        let printed = print::print(&file);
        let (again, diagnostics) = read(&printed);
        assert!(diagnostics.is_empty(), "{}:\n{printed}", path.display());
        assert_eq!(
            without_spans(&file),
            without_spans(&again),
            "{}",
            path.display()
        );
        assert_eq!(printed, print::print(&again), "{}", path.display());
    }
}

/// The text under each expression's span reads as that expression.
#[test]
fn spans_cover_what_they_should() {
    fn walk(text: &str, value: &serde_json::Value, seen: &mut usize) {
        match value {
            serde_json::Value::Object(object) => {
                if let (Some(kind), Some(span)) = (object.get("kind"), object.get("span"))
                    && (kind.get("Tensor").or(kind.get("Named"))).is_none()
                    && !kind.is_string()
                {
                    let end = |nth: usize| usize::try_from(span[nth].as_u64().unwrap()).unwrap();
                    let slice = &text[end(0)..end(1)];
                    let (file, diagnostics) = if kind.get("Generator").is_some() {
                        read(&format!("const N = [{slice}]"))
                    } else {
                        read(&format!("const N = {slice}"))
                    };
                    assert!(diagnostics.is_empty(), "{slice}");
                    let again = without_spans(&file);
                    let again = again["items"][0]["Member"]["Const"]["value"]["kind"].clone();
                    let again = match kind.get("Generator") {
                        Some(_) => again["List"][0]["kind"].clone(),
                        None => again,
                    };
                    let mut expected = value.clone();
                    strip(&mut expected);
                    assert_eq!(expected["kind"], again, "{slice}");
                    *seen += 1;
                }
                object.values().for_each(|part| walk(text, part, seen));
            }
            serde_json::Value::Array(parts) => {
                for part in parts {
                    walk(text, part, seen);
                }
            }
            _ => {}
        }
    }
    let mut seen = 0;
    for (_, text) in examples() {
        let (file, _) = read(&text);
        walk(&text, &serde_json::to_value(&file).unwrap(), &mut seen);
    }
    assert!(seen > 500, "{seen} expressions");
}

/// What a hostile text gives: it must come back at all, on a small stack, and
/// the tree must be fit for recursion.
#[track_caller]
fn survives(name: &str, text: &str) -> Vec<Code> {
    let text = text.to_owned();
    let run = move || {
        let (file, diagnostics) = read(&text);
        // Whoever dumps a tree recurses, and whoever drops it does.
        assert!(serde_json::to_string(&file).is_ok());
        assert_eq!(
            crate::format::formatted(&text).is_some(),
            diagnostics.is_empty()
        );
        drop(file);
        diagnostics
            .iter()
            .map(|diagnostic| diagnostic.code)
            .collect()
    };
    let thread = std::thread::Builder::new().stack_size(2 << 20);
    let codes: Vec<Code> = thread.spawn(run).unwrap().join().unwrap();
    assert!(codes.len() <= 51, "{name}: {} diagnostics", codes.len());
    codes
}

#[test]
fn nesting_has_an_end() {
    let deep = 20_000;
    for (name, text) in [
        (
            "parentheses",
            format!("op f(x) = {}x{}\n", "(".repeat(deep), ")".repeat(deep)),
        ),
        ("open brackets", format!("op f(x) = {}", "[".repeat(deep))),
        ("minus", format!("op f(x) = {}x\n", "- ".repeat(deep))),
        ("not", format!("op f(x) = {}x\n", "not ".repeat(deep))),
        ("fields", format!("op f(x) = x{}\n", ".y".repeat(deep))),
        ("sums", format!("op f(x) = x{}\n", " + y".repeat(deep))),
        ("pipes", format!("op f(x) = x{}\n", " |> y".repeat(deep))),
        ("notes", format!("op f(x) = x{}\n", " @per(y)".repeat(deep))),
        (
            "indices",
            format!("op f(x) {{ h{} = x }}\n", "[0]".repeat(10)),
        ),
        (
            "else if",
            format!(
                "op f(x) {{ if a {{ }}{} }}\n",
                " else if a { }".repeat(deep)
            ),
        ),
        (
            "else if of values",
            format!(
                "op f(x) = if a {{ b }}{} else {{ c }}\n",
                " else if a { b }".repeat(deep)
            ),
        ),
        (
            "else if inside else",
            format!(
                "op f(x) {{ {}{} }}\n",
                format!("if a {{ }}{} else {{", " else if a { }".repeat(100)).repeat(100),
                "}".repeat(100)
            ),
        ),
        (
            "operators inside brackets",
            format!("op f(x) = {}x{}\n", "f(a + ".repeat(250), ")".repeat(250)),
        ),
    ] {
        let codes = survives(name, &text);
        let expected: &[Code] = if name == "indices" {
            &[]
        } else {
            &[Code::TooDeep]
        };
        assert_eq!(codes, expected, "{name}");
    }
}

#[test]
fn nesting_that_people_may_write_is_read() {
    for (name, text) in [
        (
            "parentheses",
            format!("op f(x) = {}x{}\n", "(".repeat(255), ")".repeat(255)),
        ),
        (
            "calls",
            format!("op f(x) = {}x{}\n", "f(".repeat(250), ")".repeat(250)),
        ),
        (
            "lists",
            format!("op f(x) = {}x{}\n", "[a, ".repeat(250), "]".repeat(250)),
        ),
        (
            "choices",
            format!(
                "op f(x) = {}x{}\n",
                "choose { a: ".repeat(250),
                "}".repeat(250)
            ),
        ),
        (
            "bodies",
            format!("op f(x) {{{}{}}}\n", "if a {".repeat(250), "}".repeat(250)),
        ),
        ("pipes", format!("op f(x) = x{}\n", " |> y".repeat(250))),
    ] {
        assert_eq!(survives(name, &text), [], "{name}");
    }
}

#[test]
fn noise_ends_in_diagnostics() {
    for (name, text) in [
        ("parentheses", "(".repeat(10_000_000)),
        ("one word", "a".repeat(10_000_000)),
        ("quotes", "\"".repeat(100_001)),
        ("closers", "}".repeat(20_000)),
        ("mismatches", "(]".repeat(20_000)),
        ("words", "foo ".repeat(20_000)),
        ("lines", "foo\n".repeat(10_000)),
        ("blank lines", format!("x\n{}y", "\n".repeat(100_000))),
        (
            "half statements",
            format!("space s {{ {} }}", "let ".repeat(5_000)),
        ),
        (
            "an endless number",
            format!("const N = {}\n", "9".repeat(500_000)),
        ),
        (
            "an endless call",
            format!("op f(x) = g({}", "a, ".repeat(10_000)),
        ),
        (
            "nothing but bytes",
            (1..=255_u8).map(char::from).cycle().take(100_000).collect(),
        ),
    ] {
        assert!(!survives(name, &text).is_empty(), "{name}");
    }
    assert_eq!(survives("empty", ""), []);
    assert_eq!(survives("blank", " \n\t\r\n"), []);
    assert_eq!(survives("comment", "// only"), []);
    assert_eq!(survives("slashes", &"/".repeat(1_000_000)), []);
}

/// Reading twice as much takes about twice as long, also where errors are.
#[test]
fn time_is_linear_in_length() {
    fn time(statement: &str, n: usize) -> f64 {
        let text = format!("space s {{\n{}}}\n", statement.repeat(n));
        let start = std::time::Instant::now();
        let _ = read(&text);
        start.elapsed().as_secs_f64()
    }
    for statement in [
        "  let x = y |> conv(3, 2 * n, stride = 2) |> relu @per(x)\n",
        "  let x = y |> conv(3 2 * n, stride = 2) |> relu @per(x)\n",
        "  x = [[[[f(a, [1, 2, for)]]]] |> relu\n",
        "  for i in 0..n { if a { x = b } els { } }\n",
    ] {
        let short = time(statement, 200).max(0.002);
        let long = time(statement, 1600);
        // Eight times the length; the rest is what a busy machine may add.
        assert!(long < 40.0 * short, "{statement}: {short} s, then {long} s");
    }
}

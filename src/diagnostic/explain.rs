//! The pages of `docs/errors` as text for a terminal.

use super::Code;
use super::suggest::closest;

/// The code of a name, with or without the `enasc::` in front.
#[must_use]
pub fn find(name: &str) -> Option<Code> {
    Code::ALL
        .iter()
        .copied()
        .find(|code| code.path() == name || short(*code) == name)
}

/// The name of the code that `name` probably means: one written much alike, or the
/// only one whose last part it is.
#[must_use]
pub fn suggest(name: &str) -> Option<&'static str> {
    let name = name.strip_prefix("enasc::").unwrap_or(name);
    let last = |path: &'static str| path.rsplit("::").next().unwrap_or(path);
    let mut same = paths().filter(|path| last(path) == name);
    match (same.next(), same.next()) {
        (Some(path), None) => Some(path),
        _ => closest(name, paths()),
    }
}

fn paths() -> impl Iterator<Item = &'static str> {
    Code::ALL.iter().map(|code| short(*code))
}

/// The name without the `enasc::` in front.
#[must_use]
pub fn short(code: Code) -> &'static str {
    let path = code.path();
    path.strip_prefix("enasc::").unwrap_or(path)
}

/// A code's page without marks: no heading, examples indented.
#[must_use]
pub fn plain(code: Code) -> String {
    let mut text = String::new();
    let mut is_example = false;
    let lines = code.page().lines();
    for line in lines.skip_while(|line| line.starts_with('#') || line.is_empty()) {
        if line.starts_with("```") {
            is_example = !is_example;
            continue;
        }
        if is_example && !line.is_empty() {
            text.push_str("    ");
        }
        text.push_str(line);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Code, find, plain, suggest};

    #[test]
    fn codes_are_found_by_both_names() {
        for name in ["enasc::names::unknown", "names::unknown"] {
            assert_eq!(find(name), Some(Code::UnknownName));
        }
        assert_eq!(find("unknown"), None);
        assert_eq!(suggest("unknown"), Some("names::unknown"));
        assert_eq!(suggest("enasc::name::unknwn"), Some("names::unknown"));
        assert_eq!(suggest("E0308"), None);
    }

    #[test]
    fn a_page_is_text_without_marks() {
        let text = plain(Code::NoPort);
        assert!(text.starts_with("A space needs an input and an output"));
        assert!(text.contains("\nWrong:\n\n    space s {\n      input"));
        assert!(!text.contains("```"));
    }
}

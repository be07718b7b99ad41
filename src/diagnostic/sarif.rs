//! Diagnostics in SARIF 2.1.0, which code hosts and editors read.
//!
//! One log holds one run, with the diagnostics of all its files. The rules are the
//! codes that the results name, explained as `enasc explain` does.

use serde_json::{Map, Value, json};

use super::{Code, Diagnostic, Fix, Label, Severity, explain};
use crate::source::{SourceFile, SourceMap};
use crate::span::{SourceId, Span};

/// What one run of the compiler said so far.
#[derive(Clone, Debug, Default)]
pub struct Log {
    rules: Vec<Code>,
    results: Vec<Value>,
    /// Why files could not be read.
    failures: Vec<Value>,
}

impl Log {
    /// Adds the diagnostics of one compilation.
    pub fn add(&mut self, diagnostics: &[Diagnostic], sources: &SourceMap) {
        for diagnostic in diagnostics {
            let result = self.result(diagnostic, sources);
            self.results.push(result);
        }
    }

    /// Adds that a file could not be compiled at all.
    pub fn fail(&mut self, why: &str) {
        let message = json!({ "text": why });
        self.failures
            .push(json!({ "level": "error", "message": message }));
    }

    /// The whole log.
    #[must_use]
    pub fn finish(self) -> Value {
        let rules: Vec<_> = self.rules.into_iter().map(rule).collect();
        let driver = json!({
            "name": "enasc",
            "version": env!("CARGO_PKG_VERSION"),
            "rules": rules,
        });
        json!({
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [{
                "tool": { "driver": driver },
                "columnKind": "unicodeCodePoints",
                "invocations": [{
                    "executionSuccessful": self.failures.is_empty(),
                    "toolExecutionNotifications": self.failures,
                }],
                "results": self.results,
            }],
        })
    }

    fn result(&mut self, diagnostic: &Diagnostic, sources: &SourceMap) -> Value {
        let code = diagnostic.code;
        let rule = self.rules.iter().position(|&rule| rule == code);
        let rule = rule.unwrap_or_else(|| {
            self.rules.push(code);
            self.rules.len() - 1
        });
        let level = match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        let text = match &diagnostic.help {
            Some(help) => format!("{}\nhelp: {help}", diagnostic.message),
            None => diagnostic.message.clone(),
        };
        let mut result = json!({
            "ruleId": code.path(),
            "ruleIndex": rule,
            "level": level,
            "message": { "text": text },
        });
        // A label speaks of what stands at its place; the first one is where the
        // diagnostic is.
        let mut locations = diagnostic
            .labels
            .iter()
            .filter_map(|label| location(label, sources));
        let first = locations.next();
        let related: Vec<_> = locations
            .enumerate()
            .map(|(nth, mut location)| {
                location.insert("id".to_owned(), json!(nth));
                location
            })
            .collect();
        result["locations"] = first.into_iter().collect::<Vec<_>>().into();
        if !related.is_empty() {
            result["relatedLocations"] = related.into();
        }
        if let Some(fix) = &diagnostic.fix {
            result["fixes"] = json!([in_sarif(fix, sources)]);
        }
        result
    }
}

/// A fix: what is replaced, file by file.
fn in_sarif(fix: &Fix, sources: &SourceMap) -> Value {
    let mut changes: Vec<Value> = Vec::new();
    let mut files: Vec<SourceId> = Vec::new();
    for edit in &fix.edits {
        let Some(file) = sources.get(edit.span.source) else {
            continue;
        };
        let replacement = json!({
            "deletedRegion": region(file, edit.span),
            "insertedContent": { "text": edit.text },
        });
        let known = files.iter().position(|id| *id == file.id);
        let known = known.and_then(|at| changes.get_mut(at)?["replacements"].as_array_mut());
        match known {
            Some(replacements) => replacements.push(replacement),
            None => {
                files.push(file.id);
                changes.push(json!({
                    "artifactLocation": { "uri": uri(file) },
                    "replacements": [replacement],
                }));
            }
        }
    }
    json!({ "description": { "text": fix.title }, "artifactChanges": changes })
}

fn region(file: &SourceFile, span: Span) -> Value {
    let range = span.range();
    let (start, end) = (file.position(range.start), file.position(range.end));
    json!({
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    })
}

fn rule(code: Code) -> Value {
    json!({
        "id": code.path(),
        "shortDescription": { "text": code.title() },
        "help": { "text": explain::plain(code), "markdown": code.page() },
    })
}

fn location(label: &Label, sources: &SourceMap) -> Option<Map<String, Value>> {
    let file = sources.get(label.span.source)?;
    let place = json!({
        "artifactLocation": { "uri": uri(file) },
        "region": region(file, label.span),
    });
    let mut location = Map::new();
    location.insert("physicalLocation".to_owned(), place);
    if !label.text.is_empty() {
        location.insert("message".to_owned(), json!({ "text": label.text }));
    }
    Some(location)
}

/// A file's name as a URI: relative as the user gave it, or `file:`. The library is
/// no file of the user's; its modules get a scheme of their own.
fn uri(file: &SourceFile) -> String {
    let scheme = match &*file.name {
        _ if file.id != SourceId::default() => "enasc:",
        name if name.starts_with('/') => "file://",
        _ => "",
    };
    let mut uri = scheme.to_owned();
    for byte in file.name.replace("::", "/").bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' => uri.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => uri.push(char::from(byte)),
            byte => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::Log;
    use crate::diagnostic::{Code, Diagnostic};
    use crate::source::SourceMap;
    use crate::span::Span;

    #[test]
    fn places_count_characters_and_names_are_uris() {
        let mut sources = SourceMap::default();
        let user = sources.add("my nets/größe.enas", "// 𝒳\n/*𝒳*/ häd\n");
        let library = sources.add("std::vision", "op head(x) = x\n");
        let at = 17;
        let diagnostic = Diagnostic::error(
            Code::UnknownName,
            Span::new(user, at, at + "häd".len()),
            "there is no `häd`",
            "",
        )
        .label(Span::new(library, 3, 7), "this one is near")
        .help("did you mean `head`?")
        .write_instead("head");
        let mut log = Log::default();
        log.add(std::slice::from_ref(&diagnostic), &sources);
        log.add(&[diagnostic], &sources);
        log.fail("cannot read a.enas: no such file");
        let log = log.finish();
        let run = &log["runs"][0];
        assert_eq!(run["tool"]["driver"]["rules"].as_array().unwrap().len(), 1);
        assert_eq!(run["invocations"][0]["executionSuccessful"], false);
        let expected = concat!(
            r#"{"ruleId":"enasc::names::unknown","ruleIndex":0,"level":"error","#,
            r#""message":{"text":"there is no `häd`\nhelp: did you mean `head`?"},"#,
            r#""locations":[{"physicalLocation":{"artifactLocation":"#,
            r#"{"uri":"my%20nets/gr%C3%B6%C3%9Fe.enas"},"region":"#,
            r#"{"startLine":2,"startColumn":7,"endLine":2,"endColumn":10}}}],"#,
            r#""relatedLocations":[{"physicalLocation":{"artifactLocation":"#,
            r#"{"uri":"enasc:std/vision"},"region":"#,
            r#"{"startLine":1,"startColumn":4,"endLine":1,"endColumn":8}},"#,
            r#""message":{"text":"this one is near"},"id":0}],"#,
            r#""fixes":[{"description":{"text":"write `head`"},"artifactChanges":["#,
            r#"{"artifactLocation":{"uri":"my%20nets/gr%C3%B6%C3%9Fe.enas"},"replacements":["#,
            r#"{"deletedRegion":{"startLine":2,"startColumn":7,"endLine":2,"endColumn":10},"#,
            r#""insertedContent":{"text":"head"}}]}]}]}"#,
        );
        assert_eq!(run["results"][0].to_string(), expected);
        assert_eq!(run["results"][1].to_string(), expected);
    }
}

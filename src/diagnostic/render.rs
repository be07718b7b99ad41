//! Diagnostics as text for people and as JSON for programs.

use std::borrow::Cow;
use std::fmt;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents,
    SourceCode, SourceSpan, SpanContents, ThemeCharacters, ThemeStyles,
};
use serde_json::{Value, json};

use super::{Diagnostic, Edit, Label, Severity};
use crate::source::{SourceFile, SourceMap};
use crate::span::Span;

/// How a report for people looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Style {
    /// In colour, for a terminal.
    Colour,
    /// Without colour, for files and pipes.
    #[default]
    Plain,
}

impl Style {
    /// [`Style::Colour`] if standard error is a terminal and `NO_COLOR` is unset.
    #[must_use]
    pub fn for_stderr() -> Self {
        use std::io::IsTerminal as _;
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        if std::io::stderr().is_terminal() && !refused {
            Self::Colour
        } else {
            Self::Plain
        }
    }
}

/// The columns that help texts are wrapped to.
const WIDTH: usize = 100;

/// Longer labels are cut: who sees the beginning knows what is meant.
const MAX_LABEL: usize = 2000;

/// Of longer lines only what is near the label is shown.
const MAX_LINE: usize = 300;

/// All diagnostics as text, each with the source that it speaks of.
#[must_use]
pub fn human(diagnostics: &[Diagnostic], sources: &SourceMap, style: Style) -> String {
    let styles = match style {
        Style::Colour => ThemeStyles::ansi(),
        Style::Plain => ThemeStyles::none(),
    };
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme {
        characters: ThemeCharacters::unicode(),
        styles,
    })
    .with_width(WIDTH)
    .with_links(false);
    let mut snippets: Vec<Snippet<'_>> = Vec::new();
    for label in diagnostics.iter().flat_map(|diagnostic| &diagnostic.labels) {
        let id = label.span.source;
        if let Some(file) = sources.get(id)
            && !snippets.iter().any(|snippet| snippet.file.id == id)
        {
            snippets.push(Snippet::new(file));
        }
    }
    let mut out = String::new();
    for diagnostic in diagnostics {
        if !out.is_empty() {
            out.push('\n');
        }
        for report in reports(diagnostic, &snippets) {
            // Writing to a string cannot fail; a snippet that cannot be drawn
            // leaves the text that stands so far.
            let _ = handler.render_report(&mut out, &report);
        }
    }
    out
}

/// All diagnostics as an array of objects. Lines and columns count from 1,
/// columns in characters.
#[must_use]
pub fn json(diagnostics: &[Diagnostic], sources: &SourceMap) -> Value {
    diagnostics
        .iter()
        .map(|diagnostic| {
            let mut object = serde_json::Map::new();
            object.insert("code".to_owned(), json!(diagnostic.code.path()));
            object.insert("severity".to_owned(), json!(severity(diagnostic.severity)));
            object.insert("message".to_owned(), json!(diagnostic.message));
            let place = diagnostic.labels.first().map(|label| label.span);
            object.extend(place_in_json(place, sources));
            let labels: Vec<_> = diagnostic
                .labels
                .iter()
                .map(|label| {
                    let mut object = serde_json::Map::new();
                    object.insert("message".to_owned(), json!(label.text));
                    object.extend(place_in_json(Some(label.span), sources));
                    Value::Object(object)
                })
                .collect();
            object.insert("labels".to_owned(), Value::Array(labels));
            object.insert("help".to_owned(), json!(diagnostic.help));
            let fix = diagnostic.fix.as_ref().map(|fix| {
                let edits = fix.edits.iter().map(|edit| edit_in_json(edit, sources));
                let edits: Vec<_> = edits.collect();
                json!({ "title": fix.title, "edits": edits })
            });
            object.insert("fix".to_owned(), json!(fix));
            Value::Object(object)
        })
        .collect()
}

/// A place, and the text that it is replaced by.
fn edit_in_json(edit: &Edit, sources: &SourceMap) -> Value {
    let mut object = serde_json::Map::new();
    object.extend(place_in_json(Some(edit.span), sources));
    object.insert("text".to_owned(), json!(edit.text));
    Value::Object(object)
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// `file`, `line`, `column`, `end_line`, `end_column`; null where there is no
/// place.
fn place_in_json(span: Option<Span>, sources: &SourceMap) -> Vec<(String, Value)> {
    let place = span.and_then(|span| {
        let file = sources.get(span.source)?;
        let range = span.range();
        Some((file, file.position(range.start), file.position(range.end)))
    });
    let values = match place {
        Some((file, start, end)) => [
            json!(file.name),
            json!(start.line),
            json!(start.column),
            json!(end.line),
            json!(end.column),
        ],
        None => [
            Value::Null,
            Value::Null,
            Value::Null,
            Value::Null,
            Value::Null,
        ],
    };
    ["file", "line", "column", "end_line", "end_column"]
        .map(str::to_owned)
        .into_iter()
        .zip(values)
        .collect()
}

/// A diagnostic as miette's reports: miette shows one source in a report, so there
/// is one for each source that labels lie in. A label in a very long line has one of
/// its own too, since not all of the line can be shown.
fn reports<'a>(diagnostic: &'a Diagnostic, snippets: &'a [Snippet<'a>]) -> Vec<Report<'a>> {
    struct Group<'a> {
        snippet: Option<&'a Snippet<'a>>,
        is_closed: bool,
        labels: Vec<&'a Label>,
    }
    let mut groups: Vec<Group<'_>> = Vec::new();
    for label in &diagnostic.labels {
        let id = label.span.source;
        let snippet = snippets.iter().find(|snippet| snippet.file.id == id);
        let is_closed = snippet.is_some_and(|snippet| snippet.is_in_long_line(label.span));
        let open = groups.iter_mut().find(|group| {
            !is_closed && !group.is_closed && group.snippet.map(|s| s.file.id) == Some(id)
        });
        match open {
            Some(group) => group.labels.push(label),
            None => groups.push(Group {
                snippet,
                is_closed,
                labels: vec![label],
            }),
        }
    }
    if groups.is_empty() {
        groups.push(Group {
            snippet: None,
            is_closed: true,
            labels: Vec::new(),
        });
    }
    groups
        .into_iter()
        .enumerate()
        .map(|(nth, group)| Report {
            diagnostic,
            is_first: nth == 0,
            labels: group.labels,
            snippet: group.snippet,
        })
        .collect()
}

/// One source's part of a diagnostic.
#[derive(Debug)]
struct Report<'a> {
    diagnostic: &'a Diagnostic,
    is_first: bool,
    labels: Vec<&'a Label>,
    snippet: Option<&'a Snippet<'a>>,
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.snippet {
            Some(snippet) if !self.is_first => write!(f, "see also {}", snippet.file.name),
            _ => f.write_str(&self.diagnostic.message),
        }
    }
}

impl std::error::Error for Report<'_> {}

impl miette::Diagnostic for Report<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.is_first
            .then(|| Box::new(self.diagnostic.code) as Box<dyn fmt::Display>)
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.diagnostic.severity {
            _ if !self.is_first => miette::Severity::Advice,
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
            Severity::Note => miette::Severity::Advice,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let help = self.diagnostic.help.as_ref().filter(|_| self.is_first)?;
        Some(Box::new(help))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.snippet.map(|snippet| -> &dyn SourceCode { snippet })
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let snippet = self.snippet?;
        Some(Box::new(self.labels.iter().enumerate().map(
            move |(nth, label)| {
                let span = snippet.clip(label.span);
                let text = (!label.text.is_empty()).then(|| label.text.clone());
                if nth == 0 {
                    LabeledSpan::new_primary_with_span(text, span)
                } else {
                    LabeledSpan::new_with_span(text, span)
                }
            },
        )))
    }
}

/// A source as miette reads it: without control characters, which a terminal
/// would obey, and with long lines cut.
#[derive(Debug)]
struct Snippet<'a> {
    file: &'a SourceFile,
    text: Cow<'a, str>,
}

impl<'a> Snippet<'a> {
    fn new(file: &'a SourceFile) -> Self {
        let mut text = harmless(&file.text);
        // miette shows no label behind the last character of a text.
        if !text.ends_with('\n') {
            text.to_mut().push('\n');
        }
        Self { file, text }
    }

    /// A span inside the text, on boundaries of characters, not endless.
    fn clip(&self, span: Span) -> SourceSpan {
        let range = span.range();
        let start = self.boundary(range.start);
        let end = range
            .end
            .clamp(start, start + MAX_LABEL)
            .min(self.text.len());
        let first_line = self
            .text
            .as_bytes()
            .get(start..end)
            .and_then(|label| label.iter().position(|&byte| byte == b'\n'));
        // In an endless line the end of the label would not be shown anyway.
        let end = match first_line {
            Some(len) if len <= MAX_LINE / 2 => end,
            _ => end.min(start + MAX_LINE / 2),
        };
        let end = self.boundary(end);
        SourceSpan::from(start..end)
    }

    /// Whether a label's line is too long to be shown whole.
    fn is_in_long_line(&self, span: Span) -> bool {
        let span = self.clip(span);
        let line_start = self.start_of_context(span.offset(), 0);
        let line_end = self.end_of_context(span.offset(), 0);
        line_end - line_start > MAX_LINE
            || !(line_start == 0 || self.text.as_bytes().get(line_start - 1) == Some(&b'\n'))
    }

    /// The last boundary of a character at or before `at`.
    fn boundary(&self, at: usize) -> usize {
        let mut at = at.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }

    /// The start of the line that lies `lines` lines before `at`, but not far.
    fn start_of_context(&self, at: usize, lines: usize) -> usize {
        let mut start = at;
        for nth in 0..=lines {
            let before = self.text.get(..start).unwrap_or_default();
            let line = before.rfind('\n').map_or(0, |newline| newline + 1);
            if at - line > MAX_LINE {
                // Of a long line the label's surroundings; a long line before the
                // label's own is left out.
                return if nth == 0 {
                    self.boundary(at - MAX_LINE / 2)
                } else {
                    start + 1
                };
            }
            start = line;
            if nth == lines || line == 0 {
                return start;
            }
            start = line - 1;
        }
        start
    }

    /// The end of the line that lies `lines` lines behind `at`, but not far.
    fn end_of_context(&self, at: usize, lines: usize) -> usize {
        let mut end = at;
        for nth in 0..=lines {
            let rest = self.text.get(end..).unwrap_or_default();
            let line = rest
                .find('\n')
                .map_or(self.text.len(), |newline| end + newline);
            if line - at > MAX_LINE {
                return if nth == 0 {
                    self.boundary(at + MAX_LINE / 2)
                } else {
                    end
                };
            }
            end = (line + 1).min(self.text.len());
        }
        end
    }
}

impl SourceCode for Snippet<'_> {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        context_lines_before: usize,
        context_lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let end = span.offset() + span.len();
        let from = self.start_of_context(span.offset(), context_lines_before);
        let to = self.end_of_context(end, context_lines_after).max(end);
        let data = self.text.get(from..to).ok_or(MietteError::OutOfBounds)?;
        // miette asks without context for the line and column in a snippet's head.
        let column = if context_lines_before == 0 {
            self.file.position(span.offset()).column - 1
        } else {
            0
        };
        let line = self.file.position(from).line - 1;
        Ok(Box::new(MietteSpanContents::new_named(
            self.file.name.clone(),
            data.as_bytes(),
            SourceSpan::from(from..to),
            line,
            column,
            data.lines().count(),
        )))
    }
}

/// The text with each character that controls a terminal, or hides, replaced by
/// as many `?` as it has bytes, so that places stay what they are.
fn harmless(text: &str) -> Cow<'_, str> {
    let mut previous_was_cr = false;
    let hides = |c: char| {
        matches!(c,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let is_harmful = |c: char| (c.is_control() && !matches!(c, '\n' | '\r' | '\t')) || hides(c);
    let lone_cr = text
        .as_bytes()
        .windows(2)
        .any(|pair| pair[0] == b'\r' && pair[1] != b'\n')
        || text.ends_with('\r');
    if !lone_cr && !text.contains(is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len());
    for c in text.chars() {
        if previous_was_cr {
            clean.push(if c == '\n' { '\r' } else { '?' });
        }
        previous_was_cr = c == '\r';
        if previous_was_cr {
            continue;
        }
        if is_harmful(c) {
            clean.extend(std::iter::repeat_n('?', c.len_utf8()));
        } else {
            clean.push(c);
        }
    }
    if previous_was_cr {
        clean.push('?');
    }
    Cow::Owned(clean)
}

#[cfg(test)]
mod tests {
    use super::super::{Code, Diagnostic};
    use super::{Style, human, json};
    use crate::source::SourceMap;
    use crate::span::Span;

    const USER: &str = "// Größe\nop f(x) = häd(x)\n";
    const LIBRARY: &str = "op head(x) = x\n";

    /// An error in the user's file with a label in the library.
    fn example() -> (Diagnostic, SourceMap) {
        let mut sources = SourceMap::default();
        let user = sources.add("net.enas", USER);
        let library = sources.add("std::vision", LIBRARY);
        let at = USER.find("häd").unwrap();
        let diagnostic = Diagnostic::error(
            Code::UnknownName,
            Span::new(user, at, at + "häd".len()),
            "there is no `häd`",
            "unknown",
        )
        .label(Span::new(library, 3, 7), "this one is near")
        .help("did you mean `head`?");
        (diagnostic, sources)
    }

    #[test]
    fn people_see_both_sources() {
        let (diagnostic, sources) = example();
        let text = human(&[diagnostic], &sources, Style::Plain);
        let expected = "\
enasc::names::unknown

  × there is no `häd`
   ╭─[net.enas:2:11]
 1 │ // Größe
 2 │ op f(x) = häd(x)
   ·           ─┬─
   ·            ╰── unknown
   ╰────
  help: did you mean `head`?
  ☞ see also std::vision
   ╭─[std::vision:1:4]
 1 │ op head(x) = x
   ·    ──┬─
   ·      ╰── this one is near
   ╰────
";
        assert_eq!(text, expected);
    }

    #[test]
    fn colour_is_for_terminals() {
        let (diagnostic, sources) = example();
        let text = human(std::slice::from_ref(&diagnostic), &sources, Style::Colour);
        assert!(text.contains("\u{1b}["));
        let text = human(&[diagnostic], &sources, Style::Plain);
        assert!(!text.contains('\u{1b}'));
    }

    #[test]
    fn programs_see_lines_and_characters_from_one() {
        let (diagnostic, sources) = example();
        let text = json(&[diagnostic.write_instead("head")], &sources).to_string();
        let expected = concat!(
            r#"[{"code":"enasc::names::unknown","severity":"error","#,
            r#""message":"there is no `häd`","#,
            r#""file":"net.enas","line":2,"column":11,"end_line":2,"end_column":14,"#,
            r#""labels":[{"message":"unknown","#,
            r#""file":"net.enas","line":2,"column":11,"end_line":2,"end_column":14},"#,
            r#"{"message":"this one is near","#,
            r#""file":"std::vision","line":1,"column":4,"end_line":1,"end_column":8}],"#,
            r#""help":"did you mean `head`?","fix":{"title":"write `head`","edits":["#,
            r#"{"file":"net.enas","line":2,"column":11,"end_line":2,"end_column":14,"#,
            r#""text":"head"}]}}]"#,
        );
        assert_eq!(text, expected);
    }

    #[test]
    fn a_diagnostic_without_a_place_has_no_source() {
        let (mut diagnostic, sources) = example();
        diagnostic.labels.clear();
        let text = json(std::slice::from_ref(&diagnostic), &sources).to_string();
        assert!(text.contains(r#""file":null,"line":null"#));
        let text = human(&[diagnostic], &sources, Style::Plain);
        assert!(text.contains("there is no `häd`") && !text.contains("net.enas"));
    }

    /// Labels at the ends of an endless line, of an empty file, of a line that
    /// would change the terminal.
    #[test]
    fn odd_sources_are_shown_all_the_same() {
        let show = |text: &str, places: &[usize]| {
            let mut sources = SourceMap::default();
            let id = sources.add("odd.enas", text);
            let mut diagnostic =
                Diagnostic::error(Code::UnknownName, Span::new(id, 0, 0), "odd", "first");
            for &at in places {
                diagnostic = diagnostic.label(Span::new(id, at, text.len()), "next");
            }
            human(&[diagnostic], &sources, Style::Plain)
        };
        let endless = "ä ".repeat(1_000_000);
        let shown = show(&endless, &[999_999, 1_500_000, endless.len()]);
        assert!(shown.len() < 50_000, "{} bytes", shown.len());
        assert_eq!(shown.matches("next").count(), 3);
        assert!(show("", &[0]).contains("odd"));
        assert!(show("a\r\nb\r\n", &[3]).contains("next"));
        assert!(show("a\rb\u{1b}[31m\u{202e}c\r", &[3]).contains("a?b?[31m???c?"));
    }
}

//! The language server as an editor sees it: the executable, over real messages.

use std::collections::VecDeque;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

/// An editor with a folder of its own.
struct Editor {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    folder: tempfile::TempDir,
    next_id: i64,
    /// What came while an answer was waited for.
    waiting: VecDeque<Value>,
}

impl Editor {
    /// Starts the server in a folder with these files.
    fn with(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let mut child = Command::new(env!("CARGO_BIN_EXE_enasc"))
            .args(["lsp", "--stdio"])
            .env("XDG_CACHE_HOME", folder.path().join("cache"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut editor = Self {
            input: child.stdin.take().unwrap(),
            output: BufReader::new(child.stdout.take().unwrap()),
            child,
            folder,
            next_id: 0,
            waiting: VecDeque::new(),
        };
        let root = editor.uri("");
        let answer = editor.ask(
            "initialize",
            json!({
                "processId": null,
                "capabilities": {},
                "workspaceFolders": [{ "uri": root, "name": "nets" }],
            }),
        );
        let capabilities = &answer["result"]["capabilities"];
        assert_eq!(capabilities["renameProvider"]["prepareProvider"], true);
        editor.tell("initialized", json!({}));
        editor
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn uri(&self, name: &str) -> String {
        lsp_types::Url::from_file_path(self.path(name))
            .unwrap()
            .to_string()
    }

    fn send(&mut self, mut message: Value) {
        message["jsonrpc"] = json!("2.0");
        let text = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
        self.input.flush().unwrap();
    }

    fn tell(&mut self, method: &str, params: Value) {
        self.send(json!({ "method": method, "params": params }));
    }

    fn receive(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert!(
                self.output.read_line(&mut line).unwrap() > 0,
                "the server is gone"
            );
            match line.trim_end() {
                "" => break,
                header => {
                    if let Some(n) = header.strip_prefix("Content-Length: ") {
                        length = n.parse().unwrap();
                    }
                }
            }
        }
        let mut bytes = vec![0; length];
        self.output.read_exact(&mut bytes).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    fn request(&mut self, method: &str, params: Value) -> i64 {
        self.next_id += 1;
        let id = self.next_id;
        self.send(json!({ "id": id, "method": method, "params": params }));
        id
    }

    fn answer(&mut self, id: i64) -> Value {
        loop {
            let message = self.receive();
            if message["id"] == id {
                return message;
            }
            self.waiting.push_back(message);
        }
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        let id = self.request(method, params);
        self.answer(id)
    }

    /// The answer of a request about a place, which must succeed.
    #[track_caller]
    fn ask_at(
        &mut self,
        method: &str,
        name: &str,
        (line, character): (u32, u32),
        more: Value,
    ) -> Value {
        let mut params = json!({
            "textDocument": { "uri": self.uri(name) },
            "position": { "line": line, "character": character },
        });
        for (key, value) in more.as_object().into_iter().flatten() {
            params[key] = value.clone();
        }
        let answer = self.ask(method, params);
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }

    fn open(&mut self, name: &str, text: &str) {
        let uri = self.uri(name);
        let document = json!({ "uri": uri, "languageId": "enas", "version": 1, "text": text });
        self.tell("textDocument/didOpen", json!({ "textDocument": document }));
    }

    fn change(&mut self, name: &str, version: i32, text: &str) {
        let document = json!({ "uri": self.uri(name), "version": version });
        let params = json!({ "textDocument": document, "contentChanges": [{ "text": text }] });
        self.tell("textDocument/didChange", params);
    }

    /// The next diagnostics of a file.
    fn diagnostics(&mut self, name: &str) -> Vec<Value> {
        let uri = self.uri(name);
        loop {
            let message = self.waiting.pop_front();
            let message = message.unwrap_or_else(|| self.receive());
            if message["method"] == "textDocument/publishDiagnostics"
                && message["params"]["uri"] == uri
            {
                return message["params"]["diagnostics"].as_array().unwrap().clone();
            }
        }
    }

    /// Ends the server as an editor does.
    fn quit(mut self) {
        let answer = self.ask("shutdown", Value::Null);
        assert_eq!(answer["result"], Value::Null);
        self.tell("exit", Value::Null);
        assert!(self.child.wait().unwrap().success());
    }
}

/// A text with edits of the protocol in it; one character is one unit here.
fn edited(text: &str, edits: &Value) -> String {
    let lines: Vec<usize> = std::iter::once(0)
        .chain(text.match_indices('\n').map(|(at, _)| at + 1))
        .collect();
    let offset = |place: &Value| {
        let start = lines[place["line"].as_u64().unwrap() as usize];
        let units = place["character"].as_u64().unwrap() as usize;
        let mut left = units;
        let mut at = start;
        for c in text[start..].chars() {
            if left == 0 {
                break;
            }
            left -= c.len_utf16();
            at += c.len_utf8();
        }
        at
    };
    let mut edits: Vec<_> = edits
        .as_array()
        .unwrap()
        .iter()
        .map(|edit| {
            let range = &edit["range"];
            let range = offset(&range["start"])..offset(&range["end"]);
            (range, edit["newText"].as_str().unwrap())
        })
        .collect();
    edits.sort_by_key(|(range, _)| std::cmp::Reverse(range.start));
    let mut new = text.to_owned();
    for (range, by) in edits {
        new.replace_range(range, by);
    }
    new
}

fn tiny() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("spaces/tiny.enas")).unwrap()
}

/// Where the `nth` place of a word is, as the protocol counts.
fn place(text: &str, word: &str, nth: usize) -> (u32, u32) {
    let (at, _) = text.match_indices(word).nth(nth - 1).unwrap();
    let line = text[..at].matches('\n').count();
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    (line as u32, text[start..at].encode_utf16().count() as u32)
}

#[test]
fn a_space_is_shown_changed_and_repaired() {
    let text = tiny();
    let mut editor = Editor::with(&[]);
    editor.open("tiny.enas", &text);
    assert_eq!(editor.diagnostics("tiny.enas"), [] as [Value; 0]);

    let hover = editor.ask_at(
        "textDocument/hover",
        "tiny.enas",
        place(&text, "conv_bn(x", 1),
        json!({}),
    );
    let shown = hover["contents"]["value"].as_str().unwrap();
    assert!(shown.contains("op conv_bn(x: [c, h, w], k: int"), "{shown}");
    assert!(shown.contains("`[8, 12, 12]` · 88 parameters"), "{shown}");

    let hover = editor.ask_at(
        "textDocument/hover",
        "tiny.enas",
        place(&text, "tiny(", 1),
        json!({}),
    );
    let shown = hover["contents"]["value"].as_str().unwrap();
    assert!(shown.contains("8 architectures · 3 decisions"), "{shown}");

    // The library is a file that can be opened.
    let found = editor.ask_at(
        "textDocument/definition",
        "tiny.enas",
        place(&text, "head(h", 1),
        json!({}),
    );
    let path = found["uri"]
        .as_str()
        .unwrap()
        .strip_prefix("file://")
        .unwrap();
    let library = fs::read_to_string(path).unwrap();
    let line = found["range"]["start"]["line"].as_u64().unwrap() as usize;
    assert!(library.lines().nth(line).unwrap().starts_with("op head("));

    let range = json!({ "range": { "start": { "line": 0, "character": 0 }, "end": { "line": 99, "character": 0 } } });
    let hints = editor.ask_at("textDocument/inlayHint", "tiny.enas", (0, 0), range);
    let labels: Vec<&str> = hints
        .as_array()
        .unwrap()
        .iter()
        .map(|hint| hint["label"].as_str().unwrap())
        .collect();
    assert_eq!(labels, ["3 decisions", "2 decisions", "1 decision"]);

    let symbols = editor.ask_at(
        "textDocument/documentSymbol",
        "tiny.enas",
        (0, 0),
        json!({}),
    );
    assert_eq!(symbols[0]["name"], "tiny");
    assert_eq!(symbols[0]["children"].as_array().unwrap().len(), 8);

    // A misspelt name: diagnostic, fix, and after the fix all is well.
    let broken = text
        .replace("max_pool", "max_pol")
        .replace("  h[l] =", "   h[l]  =");
    editor.change("tiny.enas", 2, &broken);
    let said = editor.diagnostics("tiny.enas");
    assert_eq!(said.len(), 1);
    assert_eq!(said[0]["code"], "enasc::names::unknown");
    assert_eq!(
        said[0]["message"],
        "unknown name `max_pol`\nhelp: did you mean `max_pool`?"
    );
    let params = json!({ "range": said[0]["range"], "context": { "diagnostics": said } });
    let actions = editor.ask_at("textDocument/codeAction", "tiny.enas", (0, 0), params);
    assert_eq!(actions[0]["title"], "write `max_pool`");
    let uri = editor.uri("tiny.enas");
    let repaired = edited(&broken, &actions[0]["edit"]["changes"][&uri]);
    let options = json!({ "options": { "tabSize": 2, "insertSpaces": true } });
    editor.change("tiny.enas", 3, &repaired);
    assert_eq!(editor.diagnostics("tiny.enas"), [] as [Value; 0]);
    let edits = editor.ask_at("textDocument/formatting", "tiny.enas", (0, 0), options);
    assert_eq!(edited(&repaired, &edits), text);

    // While something is being typed, names are still known.
    let typing = text.replace("head(h[2], classes)", "head(h[2], classes) |> ");
    editor.change("tiny.enas", 4, &typing);
    assert_eq!(editor.diagnostics("tiny.enas")[0]["severity"], 1);
    let (line, character) = place(&typing, "|> \n", 1);
    let items = editor.ask_at(
        "textDocument/completion",
        "tiny.enas",
        (line, character + 3),
        json!({}),
    );
    let items = items.as_array().unwrap();
    let item = |label: &str| items.iter().find(|item| item["label"] == label);
    assert!(
        item("relu_conv_bn").unwrap()["detail"]
            .as_str()
            .unwrap()
            .starts_with("op relu_conv_bn(x")
    );
    assert!(item("h").is_some() && item("softmax").is_none());
    editor.quit();
}

#[test]
fn files_are_renamed_together_open_or_not() {
    let blocks = "op wide(x: [d]) = linear(x, 2 * d)\n";
    let user = |name: &str| {
        // Units before the name: 2 for the letter, as many as in bytes and in characters nowhere.
        format!(
            "use blocks.{{wide}} // 𝒳\nspace {name} {{\n  input x: [4]\n  output y: [8]\n  y = drop(x, \"𝒳\") |> choose {{ a: wide, b: linear(8) }} // ä\n}}\n"
        )
    };
    let (one, two) = (user("one"), user("two"));
    let mut editor = Editor::with(&[
        ("blocks.enas", blocks),
        ("one.enas", "broken {"),
        ("two.enas", &two),
    ]);
    editor.open("one.enas", &one);
    assert_eq!(editor.diagnostics("one.enas"), [] as [Value; 0]);

    // A module that is open and not saved counts, and the file that uses it is looked at anew.
    let wider = "// 𝒳\nop wide(x: [d], by: int = 2) = linear(x, by * e)\n";
    editor.open("blocks.enas", wider);
    let said = editor.diagnostics("one.enas");
    assert_eq!(said.len(), 1, "{said:?}");
    assert_eq!(
        said[0]["message"].as_str().unwrap().lines().next(),
        Some("unknown name `e`")
    );
    assert_eq!(
        said[0]["range"]["start"],
        json!({ "line": 0, "character": 4 })
    );
    let related = &said[0]["relatedInformation"][0]["location"];
    assert_eq!(related["uri"], editor.uri("blocks.enas"));
    assert_eq!(
        related["range"]["start"],
        json!({ "line": 1, "character": 46 })
    );
    let wider = wider.replace("* e", "* d");
    editor.change("blocks.enas", 2, &wider);
    assert_eq!(editor.diagnostics("one.enas"), [] as [Value; 0]);

    let at = place(&one, "wide", 2);
    assert_eq!(at, (4, 35));
    let found = editor.ask_at("textDocument/definition", "one.enas", at, json!({}));
    assert_eq!(found["uri"], editor.uri("blocks.enas"));
    assert_eq!(
        found["range"]["start"],
        json!({ "line": 1, "character": 3 })
    );

    let context = json!({ "context": { "includeDeclaration": false } });
    let found = editor.ask_at("textDocument/references", "one.enas", at, context);
    assert_eq!(found.as_array().unwrap().len(), 4);

    let range = editor.ask_at("textDocument/prepareRename", "one.enas", at, json!({}));
    assert_eq!(range["end"], json!({ "line": 4, "character": 39 }));
    let name = json!({ "newName": "broad" });
    let edit = editor.ask_at("textDocument/rename", "one.enas", at, name);
    let changes = edit["changes"].as_object().unwrap();
    assert_eq!(changes.len(), 3);
    for (file, text) in [
        ("one.enas", &one),
        ("two.enas", &two),
        ("blocks.enas", &wider),
    ] {
        let new = edited(text, &changes[&editor.uri(file)]);
        assert_eq!(new, text.replace("wide", "broad"));
    }

    // What cannot be renamed, and why; and a request that nobody answers.
    let params = json!({
        "textDocument": { "uri": editor.uri("one.enas") },
        "position": { "line": 4, "character": 6 },
        "newName": "fall",
    });
    let refused = editor.ask("textDocument/rename", params);
    assert_eq!(
        refused["error"]["message"],
        "`drop` is part of the language"
    );
    let unknown = editor.ask("textDocument/moniker", json!({}));
    assert_eq!(unknown["error"]["code"], -32601);
    editor.quit();
}

#[test]
fn only_the_last_of_many_changes_is_answered_for() {
    let text = tiny();
    let mut editor = Editor::with(&[]);
    editor.open("tiny.enas", "");
    for version in 2..200 {
        let typed: String = text.chars().take(version as usize * 3).collect();
        editor.change("tiny.enas", version, &typed);
    }
    editor.change("tiny.enas", 200, &text);
    // Taken back before it could be answered: the answer is an error, or came first.
    let params = json!({
        "textDocument": { "uri": editor.uri("tiny.enas") },
        "position": { "line": 3, "character": 7 },
    });
    let id = editor.request("textDocument/hover", params);
    editor.tell("$/cancelRequest", json!({ "id": id }));
    let answer = editor.answer(id);
    let is_taken_back = answer["error"]["code"] == -32800;
    assert!(
        is_taken_back || answer["result"]["contents"].is_object(),
        "{answer}"
    );
    loop {
        let message = editor.waiting.pop_front();
        let message = message.unwrap_or_else(|| editor.receive());
        if message["params"]["version"] == 200 {
            assert_eq!(message["params"]["diagnostics"], json!([]));
            break;
        }
    }
    editor.quit();
}

/// The names of the rules for lists of words that have this one.
fn rules(value: &Value, word: &str, found: &mut Vec<String>) {
    let is_named = |pattern: &str| {
        let words = pattern
            .strip_prefix("\\b(")
            .and_then(|rest| rest.strip_suffix(")\\b"));
        words.is_some_and(|words| words.split('|').any(|known| known == word))
    };
    match value {
        Value::Object(fields) => {
            if fields
                .get("match")
                .and_then(Value::as_str)
                .is_some_and(is_named)
            {
                found.push(fields["name"].as_str().unwrap().to_owned());
            }
            fields.values().for_each(|value| rules(value, word, found));
        }
        Value::Array(items) => items.iter().for_each(|item| rules(item, word, found)),
        _ => {}
    }
}

/// The colours that the grammar of VS Code has for a word.
fn coloured(word: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("docs/editors/vscode/syntaxes/enas.tmLanguage.json");
    let grammar: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let mut found = Vec::new();
    rules(&grammar, word, &mut found);
    found
}

#[test]
fn every_word_of_the_language_has_its_colour() {
    let grammar = Path::new(env!("CARGO_MANIFEST_DIR")).join("grammar/enas.pest");
    let grammar = fs::read_to_string(grammar).unwrap();
    let (_, rule) = grammar.split_once("\nkeyword = _{").unwrap();
    let (rule, _) = rule.split_once('}').unwrap();
    let keywords: Vec<&str> = rule.split('"').skip(1).step_by(2).collect();
    assert_eq!(keywords.len(), enasc::syntax::keywords().len());
    for word in keywords {
        assert!(enasc::syntax::is_keyword(word), "{word}");
        let found = coloured(word);
        let is_keyword = |name: &String| !name.starts_with("support.");
        assert!(
            found.iter().any(is_keyword),
            "the keyword {word}: {found:?}"
        );
    }
    for builtin in enasc::hir::Builtin::ALL {
        assert_eq!(
            coloured(builtin.name()),
            ["support.function.enas"],
            "{}",
            builtin.name()
        );
    }
    assert_eq!(coloured("h"), [] as [String; 0]);
    // What else the extension is made of is read by VS Code only.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/editors/vscode");
    for file in ["package.json", "language-configuration.json"] {
        let text = fs::read_to_string(folder.join(file)).unwrap();
        let _: Value = serde_json::from_str(&text).unwrap();
    }
}

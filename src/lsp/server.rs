//! The open texts, and what is known of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;
use lsp_server::{Message, Notification, Request};
use lsp_types::notification::{
    DidChangeTextDocument, DidChangeWatchedFiles, DidCloseTextDocument, DidOpenTextDocument,
    DidSaveTextDocument, Notification as _, PublishDiagnostics,
};
use lsp_types::request::{InlayHintRefreshRequest, Request as _};
use lsp_types::{
    DiagnosticRelatedInformation, DiagnosticSeverity, DiagnosticTag, DidChangeTextDocumentParams,
    DidCloseTextDocumentParams, DidOpenTextDocumentParams, InitializeParams, NumberOrString,
    PublishDiagnosticsParams, Url,
};

use super::convert::{Lines, name_of, path_of, url_of};
use super::worker::{Done, Job, Worker};
use crate::Options;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::ide::Analysis;
use crate::span::{SourceId, Span};

/// So many files of the folders are looked at for the uses of a name.
const MAX_FILES: usize = 1000;

/// Folders of other programs, in which nobody writes spaces.
const SKIPPED: [&str; 2] = ["target", "node_modules"];

/// So long a request waits for the run of a space, before it is answered without.
const PATIENCE: Duration = Duration::from_millis(25);

/// A text that the editor holds.
struct Document {
    text: Arc<str>,
    version: i32,
    /// Which state it is in, of all that texts were in: another one after each change of
    /// it, or of what it uses.
    state: u64,
    /// What is known of this state: its names only, or all of it.
    names: Option<Arc<Analysis>>,
    whole: Option<Arc<Analysis>>,
}

impl Document {
    fn known(&self) -> Option<&Arc<Analysis>> {
        self.whole.as_ref().or(self.names.as_ref())
    }

    fn forget(&mut self, states: &mut u64) {
        *states += 1;
        self.state = *states;
        self.names = None;
        self.whole = None;
    }
}

/// All that the server knows.
pub(super) struct Server {
    documents: BTreeMap<Url, Document>,
    /// The texts that changed since they were compiled.
    unsaid: BTreeSet<Url>,
    /// The folders that the editor works in.
    folders: Vec<PathBuf>,
    worker: Worker,
    /// How many states texts were in.
    n_states: u64,
    /// What is to be sent.
    outbox: Vec<Message>,
    /// Whether the editor asks for hints anew when it is told to.
    refreshes_hints: bool,
    n_requests: i32,
}

impl Server {
    pub fn new(params: &InitializeParams) -> Self {
        let folders = params.workspace_folders.iter().flatten();
        let workspace = params.capabilities.workspace.as_ref();
        let hints = workspace.and_then(|workspace| workspace.inlay_hint.as_ref());
        Self {
            documents: BTreeMap::new(),
            unsaid: BTreeSet::new(),
            folders: folders.filter_map(|folder| path_of(&folder.uri)).collect(),
            worker: Worker::start(),
            n_states: 0,
            outbox: Vec::new(),
            refreshes_hints: hints.and_then(|hints| hints.refresh_support) == Some(true),
            n_requests: 0,
        }
    }

    // ---- what the editor says

    /// Takes note of a change. What cannot be read is passed over: nobody waits for an
    /// answer to it.
    pub fn notice(&mut self, notification: Notification) {
        let Notification { method, params } = notification;
        match method.as_str() {
            DidOpenTextDocument::METHOD => {
                if let Ok(params) = serde_json::from_value::<DidOpenTextDocumentParams>(params) {
                    let document = params.text_document;
                    self.set(document.uri, document.text, document.version);
                }
            }
            DidChangeTextDocument::METHOD => {
                let params = serde_json::from_value::<DidChangeTextDocumentParams>(params);
                // Texts come whole, and the last is what there is.
                if let Ok(params) = params
                    && let Some(change) = params.content_changes.into_iter().next_back()
                {
                    let document = params.text_document;
                    self.set(document.uri, change.text, document.version);
                }
            }
            DidCloseTextDocument::METHOD => {
                if let Ok(params) = serde_json::from_value::<DidCloseTextDocumentParams>(params) {
                    let url = params.text_document.uri;
                    self.documents.remove(&url);
                    self.unsaid.remove(&url);
                    self.forget(&name_of(&url));
                    self.publish(PublishDiagnosticsParams::new(url, Vec::new(), None));
                }
            }
            DidSaveTextDocument::METHOD | DidChangeWatchedFiles::METHOD => {
                for (url, document) in &mut self.documents {
                    document.forget(&mut self.n_states);
                    self.unsaid.insert(url.clone());
                }
            }
            _ => {}
        }
    }

    fn set(&mut self, url: Url, text: String, version: i32) {
        self.forget(&name_of(&url));
        self.unsaid.insert(url.clone());
        self.n_states += 1;
        let document = Document {
            text: text.into(),
            version,
            state: self.n_states,
            names: None,
            whole: None,
        };
        self.documents.insert(url, document);
    }

    /// Forgets what is known of the texts that use a file, or may.
    fn forget(&mut self, name: &str) {
        let uses =
            |known: &Arc<Analysis>| known.sources.find(name).is_some() || known.lacks_module();
        for (url, document) in &mut self.documents {
            if document.known().is_none_or(uses) {
                document.forget(&mut self.n_states);
                self.unsaid.insert(url.clone());
            }
        }
    }

    // ---- what is known

    /// The texts that are open, by path.
    fn open(&self) -> BTreeMap<PathBuf, Arc<str>> {
        let documents = self.documents.iter();
        documents
            .filter_map(|(url, document)| Some((path_of(url)?, document.text.clone())))
            .collect()
    }

    fn options(&self, path: Option<&Path>) -> Options {
        Options {
            folder: path.and_then(Path::parent).map(Path::to_owned),
            open: self.open(),
            ..Options::default()
        }
    }

    /// What is known of an open text: its names at least.
    pub fn analysis(&mut self, url: &Url) -> Option<Arc<Analysis>> {
        let document = self.documents.get(url)?;
        if let Some(known) = document.known() {
            return Some(known.clone());
        }
        let options = self.options(path_of(url).as_deref());
        let text = document.text.clone();
        let names = Arc::new(Analysis::of_names(&name_of(url), &text, options));
        let document = self.documents.get_mut(url)?;
        document.names = Some(names.clone());
        Some(names)
    }

    /// The same with what a run of its spaces tells, if that is there in a moment.
    pub fn whole_analysis(&mut self, url: &Url) -> Option<Arc<Analysis>> {
        let deadline = Instant::now() + PATIENCE;
        while self.unsaid.contains(url) || self.documents.get(url)?.whole.is_none() {
            self.give(url);
            let Ok(done) = self.worker.done.recv_deadline(deadline) else {
                break;
            };
            self.take(done);
        }
        self.analysis(url)
    }

    /// What is known of an open text, first, and of every other text that has a word:
    /// of those that are open, and of the files in the folders of the editor.
    pub fn analyses_with(&mut self, url: &Url, word: &str) -> Vec<Arc<Analysis>> {
        let mut found: Vec<Arc<Analysis>> = self.analysis(url).into_iter().collect();
        let urls: Vec<Url> = self.documents.keys().cloned().collect();
        for other in urls.iter().filter(|other| *other != url) {
            found.extend(self.analysis(other));
        }
        let open = self.open();
        let mut files = Vec::new();
        for folder in &self.folders {
            collect(folder, &mut files);
        }
        for path in files {
            if open.contains_key(&path) {
                continue;
            }
            let Ok(text) = fs::read_to_string(&path) else {
                continue;
            };
            if text.contains(word) {
                let options = self.options(Some(&path));
                let name = path.display().to_string();
                found.push(Arc::new(Analysis::of_names(&name, &text, options)));
            }
        }
        found
    }

    // ---- spaces that run

    /// What the worker has done, for [`Server::take`].
    pub fn done(&self) -> &Receiver<Done> {
        &self.worker.done
    }

    /// Whether a text waits for a worker that has nothing to do.
    pub fn can_start(&self) -> bool {
        !self.worker.is_busy() && !self.unsaid.is_empty()
    }

    /// Has the next text compiled that waits.
    pub fn start(&mut self) {
        if let Some(url) = self.unsaid.first().cloned() {
            self.give(&url);
        }
    }

    fn give(&mut self, url: &Url) {
        let waits = !self.worker.is_busy() && self.unsaid.contains(url);
        let Some(document) = self.documents.get(url).filter(|_| waits) else {
            return;
        };
        let job = Job {
            url: url.clone(),
            state: document.state,
            name: name_of(url),
            text: document.text.clone(),
            options: self.options(path_of(url).as_deref()),
        };
        self.unsaid.remove(url);
        self.worker.give(job);
    }

    /// Takes what the worker has done, and tells the editor, unless the text changed.
    pub fn take(&mut self, done: Done) {
        self.worker.took();
        let Done {
            url,
            state,
            analysis,
        } = done;
        let document = self.documents.get_mut(&url);
        let Some(document) = document.filter(|document| document.state == state) else {
            return;
        };
        document.whole = Some(analysis.clone());
        let version = document.version;
        let lines = Lines::of(analysis.text());
        let all = analysis.diagnostics.iter();
        let all = all
            .map(|said| diagnostic(&analysis, &lines, said))
            .collect();
        self.publish(PublishDiagnosticsParams::new(url, all, Some(version)));
        if self.refreshes_hints {
            self.n_requests += 1;
            let id = self.n_requests.into();
            let method = InlayHintRefreshRequest::METHOD.to_owned();
            let request = Request::new(id, method, ());
            self.outbox.push(request.into());
        }
    }

    fn publish(&mut self, params: PublishDiagnosticsParams) {
        let method = PublishDiagnostics::METHOD.to_owned();
        self.outbox.push(Notification::new(method, params).into());
    }

    /// What is to be sent.
    pub fn outbox(&mut self) -> Vec<Message> {
        std::mem::take(&mut self.outbox)
    }
}

/// A diagnostic where the text can show it: what lies in a file that it uses is shown
/// where the text comes to it.
pub(super) fn diagnostic(
    analysis: &Analysis,
    lines: &Lines<'_>,
    said: &Diagnostic,
) -> lsp_types::Diagnostic {
    let is_here = |span: &Span| span.source == SourceId::default();
    let mut places = said.labels.iter().map(|label| label.span);
    let here = places.find(is_here);
    let first = said.labels.first().map(|label| label.span);
    let place = here.or_else(|| analysis.use_of(first?.source));
    let related: Vec<_> = said
        .labels
        .iter()
        .filter(|label| Some(label.span) != here)
        .filter_map(|label| {
            let file = analysis.sources.get(label.span.source)?;
            let range = Lines::of(&file.text).range(&label.span.range());
            let message = if Some(label.span) == first {
                &said.message
            } else {
                &label.text
            };
            Some(DiagnosticRelatedInformation {
                location: lsp_types::Location::new(url_of(&file.name)?, range),
                message: message.clone(),
            })
        })
        .collect();
    let help = said.help.as_ref();
    lsp_types::Diagnostic {
        range: lines.range(&place.map_or(0..0, Span::range)),
        severity: Some(match said.severity {
            Severity::Error => DiagnosticSeverity::ERROR,
            Severity::Warning => DiagnosticSeverity::WARNING,
            Severity::Note => DiagnosticSeverity::INFORMATION,
        }),
        code: Some(NumberOrString::String(said.code.path().to_owned())),
        source: Some("enasc".to_owned()),
        message: match help {
            Some(help) => format!("{}\nhelp: {help}", said.message),
            None => said.message.clone(),
        },
        related_information: (!related.is_empty()).then_some(related),
        tags: (said.code == Code::UnusedName).then(|| vec![DiagnosticTag::UNNECESSARY]),
        ..lsp_types::Diagnostic::default()
    }
}

/// The `.enas` files below a folder, in order.
fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    let mut entries: Vec<_> = entries.filter_map(Result::ok).collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let name = entry.file_name();
        let is_hidden = name.to_string_lossy().starts_with('.');
        // Not through links, which may lead in a circle.
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder && !is_hidden && !SKIPPED.iter().any(|skipped| name == *skipped) {
            collect(&path, found);
        } else if path.extension().is_some_and(|end| end == "enas") && found.len() < MAX_FILES {
            found.push(path);
        }
    }
}

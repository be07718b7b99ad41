//! One function a request: takes what the protocol gives, asks `ide`, and writes the
//! answer in the protocol's types.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use lsp_server::{ErrorCode, Request};
use lsp_types::request::{self, Request as _};
use lsp_types::{
    CodeAction, CodeActionKind, CodeActionOrCommand, CodeActionParams, CompletionItem,
    CompletionItemKind, CompletionParams, DocumentFormattingParams, DocumentSymbol,
    DocumentSymbolParams, GotoDefinitionParams, HoverContents, HoverParams, InlayHint,
    InlayHintLabel, InlayHintParams, InlayHintTooltip, MarkupContent, MarkupKind, ReferenceParams,
    RenameParams, SymbolKind, TextDocumentPositionParams, TextEdit, Url, WorkspaceEdit,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::convert::{Lines, url_of};
use super::server::{Server, diagnostic};
use crate::hir::LIBRARY;
use crate::ide::{self, Analysis, CompletionKind, Location, OutlineKind};
use crate::run::write_atomic;

/// Why a request has no answer.
type Failure = (ErrorCode, String);

/// Answers a request.
pub(super) fn answer(server: &mut Server, request: Request) -> Result<Value, Failure> {
    let Request { method, params, .. } = request;
    match method.as_str() {
        request::HoverRequest::METHOD => to(params, |params| hover(server, params)),
        request::GotoDefinition::METHOD => to(params, |params| definition(server, params)),
        request::References::METHOD => to(params, |params| references(server, params)),
        request::PrepareRenameRequest::METHOD => to(params, |params| can_rename(server, params)),
        request::Rename::METHOD => to(params, |params| rename(server, params)),
        request::Completion::METHOD => to(params, |params| complete(server, params)),
        request::DocumentSymbolRequest::METHOD => to(params, |params| symbols(server, params)),
        request::Formatting::METHOD => to(params, |params| format(server, params)),
        request::InlayHintRequest::METHOD => to(params, |params| hints(server, params)),
        request::CodeActionRequest::METHOD => to(params, |params| actions(server, params)),
        _ => {
            let why = format!("there is no answer to `{method}`");
            Err((ErrorCode::MethodNotFound, why))
        }
    }
}

/// Reads the parameters, and writes the answer.
fn to<P: DeserializeOwned, R: Serialize>(
    params: Value,
    answer: impl FnOnce(P) -> Result<R, Failure>,
) -> Result<Value, Failure> {
    let params = serde_json::from_value(params)
        .map_err(|why| (ErrorCode::InvalidParams, why.to_string()))?;
    serde_json::to_value(answer(params)?).map_err(|why| (ErrorCode::InternalError, why.to_string()))
}

fn analysis(server: &mut Server, url: &Url) -> Result<Arc<Analysis>, Failure> {
    server.analysis(url).ok_or_else(|| not_open(url))
}

/// The same with shapes and counts, if they are known in a moment.
fn whole_analysis(server: &mut Server, url: &Url) -> Result<Arc<Analysis>, Failure> {
    server.whole_analysis(url).ok_or_else(|| not_open(url))
}

fn not_open(url: &Url) -> Failure {
    let why = format!("{url} is not open");
    (ErrorCode::InvalidParams, why)
}

/// What is known of a text, and the byte of it that a request is about.
fn at(
    server: &mut Server,
    place: &TextDocumentPositionParams,
) -> Result<(Arc<Analysis>, usize), Failure> {
    let analysis = analysis(server, &place.text_document.uri)?;
    let offset = Lines::of(analysis.text()).offset(place.position);
    Ok((analysis, offset))
}

fn hover(server: &mut Server, params: HoverParams) -> Result<Option<lsp_types::Hover>, Failure> {
    let place = &params.text_document_position_params;
    let analysis = whole_analysis(server, &place.text_document.uri)?;
    let lines = Lines::of(analysis.text());
    let offset = lines.offset(place.position);
    Ok(ide::hover(&analysis, offset).map(|hover| lsp_types::Hover {
        range: Some(lines.range(&hover.range)),
        contents: HoverContents::Markup(MarkupContent {
            kind: MarkupKind::Markdown,
            value: hover.text,
        }),
    }))
}

fn definition(
    server: &mut Server,
    params: GotoDefinitionParams,
) -> Result<Option<lsp_types::Location>, Failure> {
    let (analysis, offset) = at(server, &params.text_document_position_params)?;
    let found = ide::definition(&analysis, offset);
    Ok(found.and_then(|location| in_protocol(&analysis, &location)))
}

/// A place as the protocol has it. The shipped library is written to a file, for an
/// editor to open.
fn in_protocol(analysis: &Analysis, location: &Location) -> Option<lsp_types::Location> {
    let file = analysis.sources.find(&location.file)?;
    let library = LIBRARY.iter().find(|(name, _)| *name == location.file);
    let url = match library {
        Some((name, text)) => Url::from_file_path(library_file(name, text)?).ok()?,
        None => url_of(&location.file)?,
    };
    let range = Lines::of(&file.text).range(&location.range());
    Some(lsp_types::Location::new(url, range))
}

/// The file of a shipped module, below the user's cache.
fn library_file(name: &str, text: &str) -> Option<PathBuf> {
    let absolute = |path: &PathBuf| path.is_absolute();
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache"));
    let cache = cache.filter(absolute).or_else(home).filter(absolute)?;
    let mut file = cache.join("enasc").join(env!("CARGO_PKG_VERSION"));
    file.extend(name.split("::"));
    file.set_extension("enas");
    if std::fs::read_to_string(&file).is_ok_and(|known| known == text) {
        return Some(file);
    }
    std::fs::create_dir_all(file.parent()?).ok()?;
    write_atomic(&file, text.as_bytes()).ok()?;
    Some(file)
}

fn references(
    server: &mut Server,
    params: ReferenceParams,
) -> Result<Vec<lsp_types::Location>, Failure> {
    let place = params.text_document_position;
    let (analysis, offset) = at(server, &place)?;
    let Some((range, declared)) = ide::symbol(&analysis, offset) else {
        return Ok(Vec::new());
    };
    let word = analysis.text().get(range).unwrap_or_default();
    let known = if ide::is_shared(&analysis, offset) {
        server.analyses_with(&place.text_document.uri, word)
    } else {
        vec![analysis.clone()]
    };
    let known: Vec<&Analysis> = known.iter().map(Arc::as_ref).collect();
    let mut found = ide::occurrences(&known, &declared);
    if !params.context.include_declaration {
        found.retain(|location| *location != declared);
    }
    let in_protocol = |location: &Location| {
        let mut with_file = known.iter();
        with_file.find_map(|analysis| in_protocol(analysis, location))
    };
    Ok(found.iter().filter_map(in_protocol).collect())
}

fn refused(why: ide::Refusal) -> Failure {
    (ErrorCode::InvalidRequest, why.to_string())
}

fn can_rename(
    server: &mut Server,
    place: TextDocumentPositionParams,
) -> Result<lsp_types::Range, Failure> {
    let (analysis, offset) = at(server, &place)?;
    let range = ide::can_rename(&analysis, offset).map_err(refused)?;
    Ok(Lines::of(analysis.text()).range(&range))
}

fn rename(server: &mut Server, params: RenameParams) -> Result<WorkspaceEdit, Failure> {
    let place = params.text_document_position;
    let (analysis, offset) = at(server, &place)?;
    let range = ide::can_rename(&analysis, offset).map_err(refused)?;
    let word = analysis.text().get(range).unwrap_or_default();
    let known = if ide::is_shared(&analysis, offset) {
        server.analyses_with(&place.text_document.uri, word)
    } else {
        vec![analysis.clone()]
    };
    let known: Vec<&Analysis> = known.iter().map(Arc::as_ref).collect();
    let ranges = ide::rename(&known, offset, &params.new_name).map_err(refused)?;
    let mut changes: HashMap<Url, Vec<TextEdit>> = HashMap::new();
    for (file, ranges) in ranges {
        let mut texts = known.iter().filter_map(|known| known.sources.find(&file));
        let (Some(source), Some(url)) = (texts.next(), url_of(&file)) else {
            continue;
        };
        let lines = Lines::of(&source.text);
        let edits = ranges.iter().map(|range| TextEdit {
            range: lines.range(range),
            new_text: params.new_name.clone(),
        });
        changes.insert(url, edits.collect());
    }
    Ok(WorkspaceEdit::new(changes))
}

fn complete(server: &mut Server, params: CompletionParams) -> Result<Vec<CompletionItem>, Failure> {
    let (analysis, offset) = at(server, &params.text_document_position)?;
    let found = ide::complete(&analysis, offset).into_iter();
    Ok(found
        .map(|item| CompletionItem {
            label: item.label,
            kind: Some(match item.kind {
                CompletionKind::Keyword => CompletionItemKind::KEYWORD,
                CompletionKind::Type => CompletionItemKind::CLASS,
                CompletionKind::Function => CompletionItemKind::FUNCTION,
                CompletionKind::Constant => CompletionItemKind::CONSTANT,
                CompletionKind::Set => CompletionItemKind::ENUM,
                CompletionKind::Cell => CompletionItemKind::MODULE,
                CompletionKind::Variable => CompletionItemKind::VARIABLE,
                CompletionKind::Argument => CompletionItemKind::FIELD,
                CompletionKind::Module => CompletionItemKind::MODULE,
                CompletionKind::Annotation => CompletionItemKind::PROPERTY,
            }),
            detail: Some(item.detail).filter(|detail| !detail.is_empty()),
            ..CompletionItem::default()
        })
        .collect())
}

fn symbols(
    server: &mut Server,
    params: DocumentSymbolParams,
) -> Result<Vec<DocumentSymbol>, Failure> {
    let analysis = analysis(server, &params.text_document.uri)?;
    let lines = Lines::of(analysis.text());
    let found = ide::outline(&analysis);
    Ok(found
        .into_iter()
        .map(|entry| symbol(&lines, entry))
        .collect())
}

#[expect(deprecated, reason = "the type has a field that nobody reads any more")]
fn symbol(lines: &Lines<'_>, entry: ide::Outline) -> DocumentSymbol {
    let children = entry.children.into_iter();
    let children: Vec<_> = children.map(|child| symbol(lines, child)).collect();
    DocumentSymbol {
        name: entry.name,
        detail: Some(entry.detail.to_owned()),
        kind: match entry.kind {
            OutlineKind::Space => SymbolKind::CLASS,
            OutlineKind::Setting => SymbolKind::PROPERTY,
            OutlineKind::Port => SymbolKind::INTERFACE,
            OutlineKind::Const => SymbolKind::CONSTANT,
            OutlineKind::Fn => SymbolKind::FUNCTION,
            OutlineKind::Ops => SymbolKind::ENUM,
            OutlineKind::Candidate => SymbolKind::ENUM_MEMBER,
            OutlineKind::Cell => SymbolKind::OBJECT,
            OutlineKind::Family => SymbolKind::ARRAY,
        },
        tags: None,
        deprecated: None,
        range: lines.range(&entry.range),
        selection_range: lines.range(&entry.name_range),
        children: (!children.is_empty()).then_some(children),
    }
}

fn format(
    server: &mut Server,
    params: DocumentFormattingParams,
) -> Result<Option<Vec<TextEdit>>, Failure> {
    let analysis = analysis(server, &params.text_document.uri)?;
    let lines = Lines::of(analysis.text());
    let changes = ide::format(analysis.text());
    Ok(changes.map(|changes| {
        let edits = changes.into_iter().map(|(range, new_text)| TextEdit {
            range: lines.range(&range),
            new_text,
        });
        edits.collect()
    }))
}

fn hints(server: &mut Server, params: InlayHintParams) -> Result<Vec<InlayHint>, Failure> {
    let analysis = whole_analysis(server, &params.text_document.uri)?;
    let lines = Lines::of(analysis.text());
    let found = ide::hints(&analysis, &lines.bytes(params.range));
    Ok(found
        .into_iter()
        .map(|hint| InlayHint {
            position: lines.position(hint.offset),
            label: InlayHintLabel::String(hint.label),
            kind: None,
            text_edits: None,
            tooltip: Some(InlayHintTooltip::String(hint.tooltip)),
            padding_left: Some(true),
            padding_right: None,
            data: None,
        })
        .collect())
}

fn actions(
    server: &mut Server,
    params: CodeActionParams,
) -> Result<Vec<CodeActionOrCommand>, Failure> {
    let url = params.text_document.uri;
    let analysis = analysis(server, &url)?;
    let lines = Lines::of(analysis.text());
    Ok(ide::fixes(&analysis, &lines.bytes(params.range))
        .map(|(said, fix)| {
            let edits = fix.edits.iter().map(|edit| TextEdit {
                range: lines.range(&edit.span.range()),
                new_text: edit.text.clone(),
            });
            let changes = HashMap::from([(url.clone(), edits.collect())]);
            CodeActionOrCommand::CodeAction(CodeAction {
                title: fix.title.clone(),
                kind: Some(CodeActionKind::QUICKFIX),
                diagnostics: Some(vec![diagnostic(&analysis, &lines, said)]),
                edit: Some(WorkspaceEdit::new(changes)),
                is_preferred: Some(true),
                ..CodeAction::default()
            })
        })
        .collect())
}

//! The language server: [`crate::ide`] in the protocol of editors, over standard
//! input and output.
//!
//! Only this module knows the protocol. `server` holds the open texts and their
//! analyses, `handlers` answer one request each, and `convert` is where bytes become
//! lines and UTF-16 units. One thread answers. Messages that wait are taken together,
//! so that a request that was taken back is not worked on, and of several changes of a
//! text only the last one counts. The `worker`, another thread, runs spaces when nothing
//! was typed for a moment, so that no answer waits for more than names to be resolved;
//! diagnostics follow when it has done.

mod convert;
mod handlers;
mod server;
mod worker;

use std::time::Duration;

use lsp_server::{Connection, ErrorCode, Message, Notification, Request, RequestId, Response};
use lsp_types::notification::{Cancel, Notification as _};
use lsp_types::{
    CodeActionKind, CodeActionOptions, CodeActionProviderCapability, CompletionOptions,
    HoverProviderCapability, InitializeParams, OneOf, RenameOptions, SaveOptions,
    ServerCapabilities, TextDocumentSyncCapability, TextDocumentSyncKind, TextDocumentSyncOptions,
    TextDocumentSyncSaveOptions, WorkDoneProgressOptions,
};

use server::Server;

/// So long nothing must be typed before spaces run.
const PAUSE: Duration = Duration::from_millis(40);

/// Why the server ended too early: the editor broke the protocol, or is gone.
#[derive(Debug, thiserror::Error)]
#[error("the editor and the language server do not understand each other: {0}")]
pub struct LspError(String);

/// Serves one editor, from its first message to its last.
///
/// # Errors
/// Where the editor breaks the protocol.
pub fn run() -> Result<(), LspError> {
    let (connection, threads) = Connection::stdio();
    let error = |why: &dyn std::fmt::Display| LspError(why.to_string());
    let (id, params) = connection.initialize_start().map_err(|why| error(&why))?;
    let params: InitializeParams = serde_json::from_value(params).map_err(|why| error(&why))?;
    let answer = serde_json::json!({
        "capabilities": capabilities(),
        "serverInfo": { "name": "enasc", "version": env!("CARGO_PKG_VERSION") },
    });
    connection
        .initialize_finish(id, answer)
        .map_err(|why| error(&why))?;
    let done = serve(&connection, Server::new(&params));
    drop(connection);
    done?;
    threads.join().map_err(|why| error(&why))
}

fn capabilities() -> ServerCapabilities {
    let no_progress = WorkDoneProgressOptions::default();
    ServerCapabilities {
        text_document_sync: Some(TextDocumentSyncCapability::Options(
            TextDocumentSyncOptions {
                open_close: Some(true),
                change: Some(TextDocumentSyncKind::FULL),
                save: Some(TextDocumentSyncSaveOptions::SaveOptions(SaveOptions {
                    include_text: Some(false),
                })),
                ..TextDocumentSyncOptions::default()
            },
        )),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        definition_provider: Some(OneOf::Left(true)),
        references_provider: Some(OneOf::Left(true)),
        document_symbol_provider: Some(OneOf::Left(true)),
        document_formatting_provider: Some(OneOf::Left(true)),
        inlay_hint_provider: Some(OneOf::Left(true)),
        completion_provider: Some(CompletionOptions {
            trigger_characters: Some(["@", ":", ".", "{"].map(str::to_owned).to_vec()),
            ..CompletionOptions::default()
        }),
        rename_provider: Some(OneOf::Right(RenameOptions {
            prepare_provider: Some(true),
            work_done_progress_options: no_progress,
        })),
        code_action_provider: Some(CodeActionProviderCapability::Options(CodeActionOptions {
            code_action_kinds: Some(vec![CodeActionKind::QUICKFIX]),
            ..CodeActionOptions::default()
        })),
        ..ServerCapabilities::default()
    }
}

fn serve(connection: &Connection, mut server: Server) -> Result<(), LspError> {
    let gone = |_| LspError("it closed the connection".to_owned());
    loop {
        for message in server.outbox() {
            connection.sender.send(message).map_err(gone)?;
        }
        let pause = if server.can_start() {
            crossbeam_channel::after(PAUSE)
        } else {
            crossbeam_channel::never()
        };
        let first = crossbeam_channel::select! {
            recv(connection.receiver) -> message => match message {
                Ok(message) => message,
                Err(_) => return Ok(()),
            },
            recv(server.done()) -> done => {
                if let Ok(done) = done {
                    server.take(done);
                }
                continue;
            }
            recv(pause) -> _ => {
                server.start();
                continue;
            }
        };
        let mut messages = vec![first];
        messages.extend(connection.receiver.try_iter());
        let cancelled: Vec<RequestId> = messages.iter().filter_map(taken_back).collect();
        for message in messages {
            match message {
                Message::Request(request) => {
                    let is_end = connection.handle_shutdown(&request);
                    if is_end.map_err(|why| LspError(why.to_string()))? {
                        return Ok(());
                    }
                    let response = if cancelled.contains(&request.id) {
                        let code = ErrorCode::RequestCanceled as i32;
                        Response::new_err(request.id, code, "taken back".to_owned())
                    } else {
                        answer(&mut server, request)
                    };
                    connection.sender.send(response.into()).map_err(gone)?;
                }
                Message::Notification(notification) => server.notice(notification),
                // The server asks for nothing that has an answer.
                Message::Response(_) => {}
            }
        }
    }
}

fn answer(server: &mut Server, request: Request) -> Response {
    let id = request.id.clone();
    match handlers::answer(server, request) {
        Ok(value) => Response::new_ok(id, value),
        Err((code, why)) => Response::new_err(id, code as i32, why),
    }
}

/// The request that a notification takes back.
fn taken_back(message: &Message) -> Option<RequestId> {
    let Message::Notification(Notification { method, params }) = message else {
        return None;
    };
    if method != Cancel::METHOD {
        return None;
    }
    let params: lsp_types::CancelParams = serde_json::from_value(params.clone()).ok()?;
    Some(match params.id {
        lsp_types::NumberOrString::Number(id) => id.into(),
        lsp_types::NumberOrString::String(id) => id.into(),
    })
}

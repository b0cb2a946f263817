//! The loop: one message after the other, each answered before the next is read.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use lsp_server::{Connection, ErrorCode, Message, Notification, Request, RequestId, Response};
use lsp_types::notification::{
    DidChangeTextDocument, DidCloseTextDocument, DidOpenTextDocument, Notification as _, PublishDiagnostics,
};
use lsp_types::request::{
    CodeActionRequest, Completion, Formatting, GotoDefinition, HoverRequest, PrepareRenameRequest, Rename,
    Request as _, SignatureHelpRequest,
};
use lsp_types::{
    CodeActionKind, CodeActionOptions, CodeActionProviderCapability, CompletionOptions, CompletionResponse,
    DidChangeTextDocumentParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams,
    HoverProviderCapability, InitializeParams, OneOf, Position, PrepareRenameResponse,
    PublishDiagnosticsParams, RenameOptions, ServerCapabilities, SignatureHelpOptions,
    TextDocumentPositionParams, TextDocumentSyncCapability, TextDocumentSyncKind, Uri, WorkspaceEdit,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::document::Document;
use crate::{actions, completion, definition, diagnostics, formatting, hover, rename, signature_help};

/// Why the server ended.
#[derive(Debug)]
pub enum Error {
    /// The editor broke the rules of the protocol.
    Protocol(String),
    /// Standard input or output failed.
    Io(std::io::Error),
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Protocol(why) => write!(f, "the editor broke the protocol: {why}"),
            Self::Io(error) => write!(f, "standard input or output failed: {error}"),
        }
    }
}

impl std::error::Error for Error {}

/// Serves an editor over standard input and output until it says goodbye.
///
/// # Errors
/// The editor broke the protocol, or the streams failed.
pub fn run_stdio() -> Result<(), Error> {
    let (connection, threads) = Connection::stdio();
    let served = serve(&connection);
    drop(connection);
    served?;
    threads.join().map_err(Error::Io)
}

fn serve(connection: &Connection) -> Result<(), Error> {
    let protocol = |error: lsp_server::ProtocolError| Error::Protocol(error.to_string());
    let (id, params) = connection.initialize_start().map_err(protocol)?;
    let _: Option<InitializeParams> = serde_json::from_value(params).ok();
    let answer = serde_json::json!({
        "capabilities": capabilities(),
        "serverInfo": {"name": "atalanta", "version": env!("CARGO_PKG_VERSION")},
    });
    connection.initialize_finish(id, answer).map_err(protocol)?;
    let mut server = Server { connection, documents: HashMap::new() };
    for message in &connection.receiver {
        match message {
            Message::Request(request) => {
                if connection.handle_shutdown(&request).map_err(protocol)? {
                    return Ok(());
                }
                server.request(request);
            }
            Message::Notification(notification) => server.notification(notification),
            Message::Response(_) => {}
        }
    }
    Ok(())
}

fn capabilities() -> ServerCapabilities {
    let strings = |texts: &[&str]| Some(texts.iter().map(|text| (*text).to_owned()).collect());
    ServerCapabilities {
        text_document_sync: Some(TextDocumentSyncCapability::Kind(TextDocumentSyncKind::INCREMENTAL)),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        completion_provider: Some(CompletionOptions {
            trigger_characters: strings(&["|", "=", ".", "("]),
            ..CompletionOptions::default()
        }),
        signature_help_provider: Some(SignatureHelpOptions {
            trigger_characters: strings(&["(", ","]),
            ..SignatureHelpOptions::default()
        }),
        definition_provider: Some(OneOf::Left(true)),
        rename_provider: Some(OneOf::Right(RenameOptions {
            prepare_provider: Some(true),
            work_done_progress_options: lsp_types::WorkDoneProgressOptions::default(),
        })),
        document_formatting_provider: Some(OneOf::Left(true)),
        code_action_provider: Some(CodeActionProviderCapability::Options(CodeActionOptions {
            code_action_kinds: Some(vec![CodeActionKind::QUICKFIX, CodeActionKind::SOURCE_FIX_ALL]),
            ..CodeActionOptions::default()
        })),
        ..ServerCapabilities::default()
    }
}

/// Why a request has no answer.
struct Refused {
    code: ErrorCode,
    message: String,
}

impl Refused {
    fn failed(message: String) -> Self {
        Self { code: ErrorCode::RequestFailed, message }
    }
}

type Answer = Result<Value, Refused>;

struct Server<'a> {
    connection: &'a Connection,
    documents: HashMap<String, Document>,
}

impl Server<'_> {
    fn request(&mut self, request: Request) {
        let id = request.id.clone();
        // A defect in one answer must not take the editor's session with it.
        let answer = catch_unwind(AssertUnwindSafe(|| self.answer(request)));
        let response = match answer {
            Ok(Ok(value)) => Response::new_ok(id, value),
            Ok(Err(refused)) => Response::new_err(id, refused.code as i32, refused.message),
            Err(_) => internal(id),
        };
        self.send(Message::Response(response));
    }

    fn answer(&self, request: Request) -> Answer {
        match request.method.as_str() {
            HoverRequest::METHOD => self.at(request, |document, _, offset| hover::hover(document, offset)),
            SignatureHelpRequest::METHOD => {
                self.at(request, |document, _, offset| signature_help::help(document, offset))
            }
            GotoDefinition::METHOD => self.at(request, definition::definition),
            Completion::METHOD => self.at(request, |document, _, offset| {
                Some(CompletionResponse::Array(completion::items(document, offset)))
            }),
            PrepareRenameRequest::METHOD => self.prepare_rename(request),
            Rename::METHOD => self.rename(request),
            CodeActionRequest::METHOD => {
                let params: lsp_types::CodeActionParams = params(request)?;
                let uri = params.text_document.uri;
                let document = self.document(&uri)?;
                value(&actions::all(document, &uri, params.range, params.context.only.as_deref()))
            }
            Formatting::METHOD => {
                let params: lsp_types::DocumentFormattingParams = params(request)?;
                value(&formatting::edits(self.document(&params.text_document.uri)?))
            }
            method => Err(Refused {
                code: ErrorCode::MethodNotFound,
                message: format!("`{method}` is not supported"),
            }),
        }
    }

    /// Answers a request about one position.
    fn at<T: Serialize>(
        &self,
        request: Request,
        answer: impl FnOnce(&Document, &Uri, usize) -> Option<T>,
    ) -> Answer {
        let params: TextDocumentPositionParams = params(request)?;
        let document = self.document(&params.text_document.uri)?;
        value(&answer(document, &params.text_document.uri, offset(document, params.position)))
    }

    fn prepare_rename(&self, request: Request) -> Answer {
        let params: TextDocumentPositionParams = params(request)?;
        let document = self.document(&params.text_document.uri)?;
        let range = rename::prepare(document, offset(document, params.position)).map_err(Refused::failed)?;
        value(&PrepareRenameResponse::Range(range))
    }

    fn rename(&self, request: Request) -> Answer {
        let params: lsp_types::RenameParams = params(request)?;
        let at = params.text_document_position;
        let document = self.document(&at.text_document.uri)?;
        let edits = rename::edits(document, offset(document, at.position), &params.new_name);
        let edits = edits.map_err(Refused::failed)?;
        value(&WorkspaceEdit::new(HashMap::from([(at.text_document.uri, edits)])))
    }

    fn document(&self, uri: &Uri) -> Result<&Document, Refused> {
        let missing =
            || Refused { code: ErrorCode::InvalidParams, message: format!("`{}` is not open", uri.as_str()) };
        self.documents.get(uri.as_str()).ok_or_else(missing)
    }

    /// Notifications of other kinds, and broken ones, are ignored as the protocol asks.
    fn notification(&mut self, notification: Notification) {
        let done = catch_unwind(AssertUnwindSafe(|| self.notified(notification)));
        if let Ok(Some(publish)) = done {
            self.send(Message::Notification(Notification::new(
                PublishDiagnostics::METHOD.to_owned(),
                publish,
            )));
        }
    }

    fn notified(&mut self, notification: Notification) -> Option<PublishDiagnosticsParams> {
        match notification.method.as_str() {
            DidOpenTextDocument::METHOD => {
                let params: DidOpenTextDocumentParams = serde_json::from_value(notification.params).ok()?;
                let opened = params.text_document;
                let document = Document::new(&opened.uri, &opened.language_id, opened.version, opened.text);
                let publish = publish(&document, opened.uri.clone());
                self.documents.insert(opened.uri.as_str().to_owned(), document);
                Some(publish)
            }
            DidChangeTextDocument::METHOD => {
                let params: DidChangeTextDocumentParams = serde_json::from_value(notification.params).ok()?;
                let document = self.documents.get_mut(params.text_document.uri.as_str())?;
                document.change(params.text_document.version, params.content_changes);
                Some(publish(document, params.text_document.uri))
            }
            DidCloseTextDocument::METHOD => {
                let params: DidCloseTextDocumentParams = serde_json::from_value(notification.params).ok()?;
                self.documents.remove(params.text_document.uri.as_str())?;
                Some(PublishDiagnosticsParams::new(params.text_document.uri, Vec::new(), None))
            }
            _ => None,
        }
    }

    /// A closed stream ends the loop at its next turn.
    fn send(&self, message: Message) {
        let _ = self.connection.sender.send(message);
    }
}

fn publish(document: &Document, uri: Uri) -> PublishDiagnosticsParams {
    let all = diagnostics::all(document, &uri);
    PublishDiagnosticsParams::new(uri, all, Some(document.version))
}

fn offset(document: &Document, position: Position) -> usize {
    document.lines.offset(&document.text, position)
}

fn params<T: DeserializeOwned>(request: Request) -> Result<T, Refused> {
    serde_json::from_value(request.params)
        .map_err(|error| Refused { code: ErrorCode::InvalidParams, message: error.to_string() })
}

fn value<T: Serialize>(answer: &T) -> Answer {
    serde_json::to_value(answer)
        .map_err(|error| Refused { code: ErrorCode::InternalError, message: error.to_string() })
}

fn internal(id: RequestId) -> Response {
    let message = "internal error, please report it with the text".to_owned();
    Response::new_err(id, ErrorCode::InternalError as i32, message)
}

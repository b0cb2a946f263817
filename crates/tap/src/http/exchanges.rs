//! Requests and answers to messages, on the recorder's side.
//!
//! The records of a request wait for the head of its answer, which tells the session, the server's address and the
//! TLS version; at most [`HOLD_NS`], so that a call that hangs is in the record while it hangs.

use std::collections::HashMap;
use std::io::Write;
use std::sync::Arc;

use flate2::write::{MultiGzDecoder, ZlibDecoder};
use serde_json::{Map, Value, json};

use super::forward::session_of_query;
use super::{Exchange, ResponseHead};
use crate::assemble::{Assembler, Framing, MAX_MESSAGE, Piece};
use crate::envelope::Direction;
use crate::message::{Message, read};
use crate::recorder::Writer;

const HOLD_NS: i64 = 1_000_000_000;

/// All that are under way.
#[derive(Default)]
pub(crate) struct Exchanges {
    requests: HashMap<u64, Request>,
    answers: HashMap<u64, Answer>,
}

struct Request {
    exchange: Arc<Exchange>,
    assembler: Assembler,
    held: Vec<(i64, Message)>,
    /// What the answer's head told, once it came.
    told: Option<Arc<Told>>,
    /// No answer will come.
    abandoned: bool,
    closed: bool,
}

/// What both sides of an exchange know from the head of the answer on.
struct Told {
    connection: String,
    head: Option<ResponseHead>,
}

struct Answer {
    exchange: Arc<Exchange>,
    told: Arc<Told>,
    connection: String,
    decoder: Decoder,
    assembler: Assembler,
    wrote: bool,
}

impl Exchanges {
    /// A request begins.
    pub(crate) fn request(&mut self, id: u64, exchange: Arc<Exchange>) {
        let assembler = Assembler::new(Framing::Whole);
        let held = Vec::new();
        let request = Request { exchange, assembler, held, told: None, abandoned: false, closed: false };
        self.requests.insert(id, request);
    }

    /// The client went away before there was an answer; what is left of the request's body may still come.
    pub(crate) fn abandoned(&mut self, of: u64, writer: &mut Writer) {
        let Some(request) = self.requests.get_mut(&of) else { return };
        request.abandoned = true;
        if request.closed {
            request.give_up(writer);
            self.requests.remove(&of);
        }
    }

    /// The head of an answer came.
    pub(crate) fn response(&mut self, id: u64, of: u64, head: ResponseHead, writer: &mut Writer) {
        let Some(request) = self.requests.get_mut(&of) else { return };
        let exchange = Arc::clone(&request.exchange);
        let session =
            head.headers.get("mcp-session-id").map(str::to_owned).or_else(|| exchange.session.clone());
        let connection = session.unwrap_or_else(|| exchange.connection.id.clone());
        let content = head.headers.get("content-type").unwrap_or_default().to_ascii_lowercase();
        let framing = if content.starts_with("text/event-stream") { Framing::Events } else { Framing::Whole };
        let decoder = Decoder::new(head.headers.get("content-encoding").unwrap_or_default());
        let told = Arc::new(Told { connection: connection.clone(), head: Some(head) });
        request.told = Some(Arc::clone(&told));
        request.release(writer);
        if request.closed {
            self.requests.remove(&of);
        }
        let assembler = Assembler::new(framing);
        self.answers.insert(id, Answer { exchange, told, connection, decoder, assembler, wrote: false });
    }

    /// Bytes of a body.
    pub(crate) fn data(&mut self, id: u64, ts_ns: i64, bytes: &[u8], writer: &mut Writer) {
        if let Some(request) = self.requests.get_mut(&id) {
            request.assembler.push(bytes, &mut Vec::new());
        } else if let Some(answer) = self.answers.get_mut(&id) {
            answer.push(ts_ns, bytes, writer);
        }
    }

    /// Bytes of a body that found no room.
    pub(crate) fn lost(&mut self, id: u64, bytes: u64) {
        if let Some(request) = self.requests.get_mut(&id) {
            request.assembler.lost(bytes);
        } else if let Some(answer) = self.answers.get_mut(&id) {
            answer.assembler.lost(bytes);
        }
    }

    /// A body has ended.
    pub(crate) fn close(&mut self, id: u64, ts_ns: i64, writer: &mut Writer) {
        if let Some(request) = self.requests.get_mut(&id) {
            request.end(ts_ns);
            request.release(writer);
            if request.abandoned {
                request.give_up(writer);
            }
            if request.told.is_some() || request.abandoned {
                self.requests.remove(&id);
            }
        } else if let Some(mut answer) = self.answers.remove(&id) {
            answer.finish(ts_ns, writer);
        }
    }

    /// Records requests whose answer takes long.
    pub(crate) fn release_overdue(&mut self, writer: &mut Writer) {
        let now = crate::now_ns();
        for request in self.requests.values_mut().filter(|request| request.closed && !request.held.is_empty())
        {
            if now - request.exchange.ts_ns > HOLD_NS {
                request.give_up(writer);
            }
        }
    }

    /// Whether nothing is under way.
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.requests.is_empty() && self.answers.is_empty()
    }

    /// Records what is left at the end.
    pub(crate) fn finish(&mut self, writer: &mut Writer) {
        for (_, mut request) in self.requests.drain() {
            if !request.closed {
                request.end(crate::now_ns());
            }
            request.give_up(writer);
        }
        for (_, mut answer) in self.answers.drain() {
            answer.finish(crate::now_ns(), writer);
        }
    }
}

impl Request {
    fn end(&mut self, ts_ns: i64) {
        self.closed = true;
        let mut pieces = Vec::new();
        self.assembler.finish(&mut pieces);
        let messages = pieces.iter().map(|piece| (ts_ns, read(piece)));
        self.held.extend(messages);
        if self.held.is_empty() {
            // No message, but worth a record: a stream was asked for, or a session ended.
            self.held.push((ts_ns, Message { json: None, raw: None, more: Map::new() }));
        }
    }

    fn release(&mut self, writer: &mut Writer) {
        if let Some(told) = &self.told {
            let told = Arc::clone(told);
            self.write(&told, writer);
        }
    }

    fn give_up(&mut self, writer: &mut Writer) {
        let session = self.exchange.session.clone();
        let connection = session.unwrap_or_else(|| self.exchange.connection.id.clone());
        self.write(&Told { connection, head: None }, writer);
    }

    fn write(&mut self, told: &Told, writer: &mut Writer) {
        for (ts_ns, message) in self.held.drain(..) {
            let mut http = common(&self.exchange, told.head.as_ref());
            http.insert("headers".to_owned(), self.exchange.headers.redacted(|_| true));
            let http = Some(Value::Object(http));
            let to = Direction::ClientToServer;
            writer.message(&self.exchange.connection, &told.connection, ts_ns, to, message, http);
        }
    }
}

impl Answer {
    fn push(&mut self, ts_ns: i64, bytes: &[u8], writer: &mut Writer) {
        let mut pieces = Vec::new();
        match self.decoder.decode(bytes) {
            Some(bytes) => self.assembler.push(&bytes, &mut pieces),
            None => self.assembler.lost(bytes.len() as u64),
        }
        self.write(ts_ns, pieces, writer);
    }

    fn finish(&mut self, ts_ns: i64, writer: &mut Writer) {
        let mut pieces = Vec::new();
        self.assembler.finish(&mut pieces);
        self.write(ts_ns, pieces, writer);
        let failed = self.told.head.as_ref().is_some_and(|head| head.status >= 400);
        if failed && !self.wrote {
            self.record(ts_ns, Message { json: None, raw: None, more: Map::new() }, writer);
        }
    }

    fn write(&mut self, ts_ns: i64, pieces: Vec<Piece>, writer: &mut Writer) {
        for piece in pieces {
            if piece.event.as_deref() == Some("endpoint") {
                // 2024-11-05: the stream's first event says under which session messages are to be posted.
                let path = String::from_utf8_lossy(&piece.bytes);
                if let Some(session) = session_of_query(path.trim()) {
                    self.connection = session;
                }
            }
            self.record(ts_ns, read(&piece), writer);
        }
    }

    fn record(&mut self, ts_ns: i64, message: Message, writer: &mut Writer) {
        self.wrote = true;
        let head = self.told.head.as_ref();
        let mut http = common(&self.exchange, head);
        if let Some(head) = head {
            http.insert("status".to_owned(), head.status.into());
            http.insert("response_headers".to_owned(), head.headers.redacted(|_| true));
        }
        let of_protocol = |name: &str| name.starts_with("mcp-") || name == "user-agent";
        http.insert("headers".to_owned(), self.exchange.headers.redacted(of_protocol));
        let to = Direction::ServerToClient;
        writer.message(&self.exchange.connection, &self.connection, ts_ns, to, message, Some(http.into()));
    }
}

fn common(exchange: &Exchange, head: Option<&ResponseHead>) -> Map<String, Value> {
    let server = head.and_then(|head| head.server);
    let members = [
        ("method", json!(exchange.method)),
        ("host", json!(exchange.upstream.authority())),
        ("path", json!(exchange.path)),
        ("client_ip", json!(exchange.client.ip())),
        ("client_port", json!(exchange.client.port())),
        ("server_ip", json!(server.map(|server| server.ip()))),
        ("server_port", json!(server.map(|server| server.port()))),
        ("tls_name", json!(exchange.upstream.tls_name())),
        ("tls_version", json!(head.and_then(|head| head.tls_version))),
    ];
    let members = members.into_iter().filter(|(_, value)| !value.is_null());
    members.map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Undoes the content coding of a copy; what passes stays as it is.
enum Decoder {
    Plain,
    Gzip(MultiGzDecoder<Bounded>),
    Deflate(ZlibDecoder<Bounded>),
    Zstd(zstd::stream::write::Decoder<'static, Bounded>),
    Unknown,
}

/// Decoded bytes of one chunk, as far as a message may be long.
#[derive(Default)]
struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_MESSAGE {
            return Err(std::io::Error::other("more than a message may hold"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Decoder {
    fn new(coding: &str) -> Self {
        match coding.trim().to_ascii_lowercase().as_str() {
            "" | "identity" => Self::Plain,
            "gzip" | "x-gzip" => Self::Gzip(MultiGzDecoder::new(Bounded::default())),
            "deflate" => Self::Deflate(ZlibDecoder::new(Bounded::default())),
            "zstd" => zstd::stream::write::Decoder::new(Bounded::default()).map_or(Self::Unknown, Self::Zstd),
            _ => Self::Unknown,
        }
    }

    /// The bytes behind some more coded ones; none if they cannot be decoded.
    fn decode<'a>(&mut self, bytes: &'a [u8]) -> Option<std::borrow::Cow<'a, [u8]>> {
        let (written, out) = match self {
            Self::Plain => return Some(bytes.into()),
            Self::Unknown => return None,
            Self::Gzip(coder) => (coder.write_all(bytes).and_then(|()| coder.flush()), coder.get_mut()),
            Self::Deflate(coder) => (coder.write_all(bytes).and_then(|()| coder.flush()), coder.get_mut()),
            Self::Zstd(coder) => (coder.write_all(bytes).and_then(|()| coder.flush()), coder.get_mut()),
        };
        let out = std::mem::take(&mut out.0);
        if written.is_err() {
            *self = Self::Unknown;
            return None;
        }
        Some(out.into())
    }
}

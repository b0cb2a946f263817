//! One request to the upstream and its answer back.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use http_body_util::{Either, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::http::uri::PathAndQuery;
use hyper::{HeaderMap, Request, Response, StatusCode, Uri};
use serde_json::json;

use super::tee::Tee;
use super::upstream::WireInfo;
use super::{Exchange, Headers, ResponseHead, Shared};
use crate::credentials::redact_line;
use crate::envelope::Connection;
use crate::queue::{Item, Queue};

/// What a client gets: the upstream's answer, or the tap's word that there is none.
pub(super) type Answer = Response<Either<Tee, Full<Bytes>>>;

/// Headers of one connection (RFC 9110, 7.6.1); `Connection` names further ones.
const OF_CONNECTION: &[HeaderName] = &[
    header::CONNECTION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
];

/// Forwards a request.
pub(super) async fn forward(
    shared: Arc<Shared>,
    connection: Arc<Connection>,
    client: SocketAddr,
    request: Request<Incoming>,
) -> Result<Answer, Infallible> {
    let of = shared.queue.stream();
    let exchange = exchange(&shared, connection, client, &request);
    shared.queue.push(Item::Request { id: of, exchange: Arc::new(exchange) });
    let mut unanswered = Unanswered { queue: &shared.queue, of: Some(of) };
    let answered = match outgoing(&shared, of, request) {
        Ok(request) => shared.client.request(request).await.map_err(|error| reason(&error)),
        Err(error) => Err(error),
    };
    unanswered.of = None;
    let id = shared.queue.stream();
    match answered {
        Ok(answer) => {
            let head = head(&answer);
            shared.queue.push(Item::Response { id, of, head });
            let (mut parts, body) = answer.into_parts();
            remove_of_connection(&mut parts.headers);
            let body = Tee::new(body, id, Arc::clone(&shared.queue));
            Ok(Response::from_parts(parts, Either::Left(body)))
        }
        Err(reason) => Ok(failed(&shared, id, of, &reason)),
    }
}

/// A request whose answer is waited for. It is dropped when the client resets its connection: then the recorder is told
/// that nothing more comes.
struct Unanswered<'q> {
    queue: &'q Queue,
    of: Option<u64>,
}

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        if let Some(of) = self.of {
            self.queue.push(Item::Abandoned { of });
        }
    }
}

fn exchange(
    shared: &Shared,
    connection: Arc<Connection>,
    client: SocketAddr,
    request: &Request<Incoming>,
) -> Exchange {
    let headers = Headers::of(request.headers());
    let path = request.uri().path_and_query().map_or("/", PathAndQuery::as_str);
    let session = headers.get("mcp-session-id").map(str::to_owned);
    Exchange {
        connection,
        ts_ns: crate::now_ns(),
        method: request.method().as_str().to_owned(),
        session: session.or_else(|| session_of_query(path)),
        path: redact_line(path),
        headers,
        client,
        upstream: Arc::clone(&shared.upstream),
    }
}

/// The session that a path names, as HTTP with server-sent events (2024-11-05) has it.
pub(crate) fn session_of_query(path: &str) -> Option<String> {
    let (_, query) = path.split_once('?')?;
    let named = query.split('&').filter_map(|pair| pair.split_once('='));
    let mut named = named.filter(|(name, _)| matches!(*name, "sessionId" | "session_id"));
    named.next().map(|(_, id)| id.to_owned()).filter(|id| !id.is_empty())
}

fn outgoing(shared: &Shared, of: u64, request: Request<Incoming>) -> Result<Request<Tee>, String> {
    let (mut parts, body) = request.into_parts();
    let body = Tee::new(body, of, Arc::clone(&shared.queue));
    let path = parts.uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
    let uri = Uri::builder().scheme(shared.upstream.scheme()).authority(shared.upstream.authority_part());
    parts.uri = uri.path_and_query(path).build().map_err(|error| error.to_string())?;
    remove_of_connection(&mut parts.headers);
    let host = HeaderValue::from_str(shared.upstream.authority()).map_err(|error| error.to_string())?;
    // Replaced where it stands, so that the order of headers stays.
    parts.headers.insert(header::HOST, host);
    Ok(Request::from_parts(parts, body))
}

fn remove_of_connection(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.iter().chain(OF_CONNECTION) {
        headers.remove(name);
    }
    headers.remove("keep-alive");
}

fn head(answer: &Response<Incoming>) -> ResponseHead {
    let wire = answer.extensions().get::<WireInfo>();
    ResponseHead {
        status: answer.status().as_u16(),
        headers: Headers::of(answer.headers()),
        server: wire.and_then(|wire| wire.server),
        tls_version: wire.and_then(|wire| wire.tls_version),
    }
}

/// The whole chain of reasons: the outermost only says that something failed.
fn reason(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

fn failed(shared: &Shared, id: u64, of: u64, reason: &str) -> Answer {
    let body = json!({ "error": format!("{} cannot be reached: {reason}", shared.upstream) }).to_string();
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let head = ResponseHead {
        status: StatusCode::BAD_GATEWAY.as_u16(),
        headers: Headers::of(&headers),
        server: None,
        tls_version: None,
    };
    shared.queue.push(Item::Response { id, of, head });
    let ts_ns = crate::now_ns();
    shared.queue.data(id, ts_ns, body.as_bytes());
    shared.queue.push(Item::Close { id, ts_ns });
    let mut answer = Response::new(Either::Right(Full::new(Bytes::from(body))));
    *answer.status_mut() = StatusCode::BAD_GATEWAY;
    *answer.headers_mut() = headers;
    answer
}

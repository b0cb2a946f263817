//! OTLP over gRPC: the `Export` calls of the three collector services, on HTTP/2 with TLS or without.
//!
//! A call is one message behind a head of five bytes: whether it is compressed, and its length. The length is known
//! before the message arrives, so its room in memory is taken at once and a call that finds none is refused before it
//! is read. From there on a message goes the way of OTLP over HTTP. Refusals are told as exporters expect them:
//! `UNAVAILABLE` with a `RetryInfo` where another try makes sense.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use http_body_util::{BodyExt, Full};
use prost::Message;

use super::otlp::{SOURCE, Signal, map_export};
use super::{Intake, Room, parts, too_large};
use crate::auth::Denied;
use crate::error::IntakeError;

/// Bytes in front of a message.
const HEAD: usize = 5;

/// How a call ended, by the numbers of gRPC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Code {
    InvalidArgument = 3,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    Unimplemented = 12,
    Internal = 13,
    Unavailable = 14,
    Unauthenticated = 16,
}

/// The calls; everything else is answered as gRPC answers unknown methods.
pub fn router(intake: &Arc<Intake>) -> Router {
    Router::new().fallback(call).with_state(Arc::clone(intake))
}

async fn call(State(intake): State<Arc<Intake>>, uri: Uri, request: Request) -> Response {
    let Some(signal) = signal(uri.path()) else {
        let text = "expected Export of the OTLP services for logs, traces or metrics";
        return refusal(Code::Unimplemented, text, None);
    };
    let is_grpc = |value: &HeaderValue| value.as_bytes().starts_with(b"application/grpc");
    if !request.headers().get(header::CONTENT_TYPE).is_some_and(is_grpc) {
        let text = "expected gRPC; OTLP over HTTP goes to the HTTP address\n";
        return (axum::http::StatusCode::UNSUPPORTED_MEDIA_TYPE, text).into_response();
    }
    match intake.caller(request.headers()) {
        Err(Denied::Missing) => return refusal(Code::Unauthenticated, "a token is required", None),
        Err(Denied::Unknown) => return refusal(Code::Unauthenticated, "the token is not known", None),
        Ok(caller) if !caller.sends(SOURCE) => {
            return refusal(Code::PermissionDenied, "the token may not send `otlp`", None);
        }
        Ok(_) => {}
    }
    match export(&intake, signal, request).await {
        Ok(()) => done(),
        Err(error) => failure(&error),
    }
}

fn signal(path: &str) -> Option<Signal> {
    match path {
        "/opentelemetry.proto.collector.logs.v1.LogsService/Export" => Some(Signal::Logs),
        "/opentelemetry.proto.collector.trace.v1.TraceService/Export" => Some(Signal::Traces),
        "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export" => Some(Signal::Metrics),
        _ => None,
    }
}

async fn export(intake: &Arc<Intake>, signal: Signal, request: Request) -> Result<(), IntakeError> {
    let (headers, body) = parts(request);
    let read = tokio::time::timeout(intake.limits.body_timeout, message(intake, body)).await;
    let read = read.map_err(|_| IntakeError::Request("the message took too long to arrive".to_owned()))?;
    let (bytes, compressed, _room) = read?;
    if compressed {
        check_encoding(&headers)?;
    }
    let size = bytes.len();
    let mapped = intake.work(move |intake| {
        let bytes = if compressed { intake.decompress(bytes)? } else { bytes };
        map_export(intake, signal, &bytes, "otlp/grpc")
    });
    let Some(mapped) = mapped.await? else { return Ok(()) };
    intake.keep("otlp-grpc", size, vec![mapped]).await?;
    Ok(())
}

/// The one message of a call, whether it is compressed, and its room in memory.
async fn message(intake: &Intake, mut body: Body) -> Result<(Vec<u8>, bool, Room), IntakeError> {
    let limit = intake.limits.body_bytes;
    let mut bytes = Vec::new();
    let mut expected: Option<(usize, Room)> = None;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| IntakeError::Request(format!("the message broke off: {error}")))?;
        let Ok(data) = frame.into_data() else { continue };
        bytes.extend_from_slice(&data);
        if expected.is_none() && bytes.len() >= HEAD {
            let length = u32::from_be_bytes([bytes[1], bytes[2], bytes[3], bytes[4]]) as usize;
            if length > limit {
                return Err(too_large(limit));
            }
            expected = Some((length, intake.room(length)?));
        }
        if expected.as_ref().is_some_and(|(length, _)| bytes.len() > HEAD + length) {
            return Err(IntakeError::Request("expected one message, found more behind it".to_owned()));
        }
    }
    let Some((_, room)) = expected.filter(|(length, _)| bytes.len() == HEAD + length) else {
        return Err(IntakeError::Request("the message is shorter than its head says".to_owned()));
    };
    let compressed = bytes[0] != 0;
    bytes.drain(..HEAD);
    Ok((bytes, compressed, room))
}

fn check_encoding(headers: &HeaderMap) -> Result<(), IntakeError> {
    let named = headers.get("grpc-encoding").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if ["gzip", "zstd"].contains(&named) {
        return Ok(());
    }
    let named: String = named.chars().take(40).collect();
    Err(IntakeError::Source(format!("compression `{}`: expected gzip or zstd", named.escape_debug())))
}

/// An empty message, which says that nothing was rejected, and the status behind it.
fn done() -> Response {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    let body = Full::from(vec![0; HEAD]).with_trailers(std::future::ready(Some(Ok(trailers))));
    ([(header::CONTENT_TYPE, "application/grpc")], Body::new(body)).into_response()
}

fn failure(error: &IntakeError) -> Response {
    error.log();
    let code = match error {
        IntakeError::Request(_) => Code::InvalidArgument,
        IntakeError::Source(_) => Code::Unimplemented,
        IntakeError::TooLarge(_) => Code::ResourceExhausted,
        IntakeError::Busy { .. } | IntakeError::Storage(_) => Code::Unavailable,
        IntakeError::Server(_) => Code::Internal,
    };
    refusal(code, &error.to_string(), error.retry_after())
}

fn refusal(code: Code, text: &str, retry: Option<u64>) -> Response {
    let mut response = [(header::CONTENT_TYPE, "application/grpc")].into_response();
    let headers = response.headers_mut();
    headers.insert("grpc-status", HeaderValue::from(code as u16));
    let percent: String = text.bytes().map(percent_encoded).collect();
    if let Ok(value) = HeaderValue::from_str(&percent) {
        headers.insert("grpc-message", value);
    }
    headers.insert("grpc-accept-encoding", HeaderValue::from_static("gzip,zstd,identity"));
    if let Some(seconds) = retry {
        let details = Status::with_retry(code, text, seconds).encode_to_vec();
        let details = base64::engine::general_purpose::STANDARD_NO_PAD.encode(details);
        if let Ok(value) = HeaderValue::from_str(&details) {
            headers.insert("grpc-status-details-bin", value);
        }
    }
    response
}

/// Printable ASCII as it is; the header takes nothing else.
fn percent_encoded(byte: u8) -> String {
    match byte {
        b'%' => "%25".to_owned(),
        b' '..=b'~' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    }
}

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, Message)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<Detail>,
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, Message)]
struct Detail {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

/// `google.rpc.RetryInfo`, whose one member is a `google.protobuf.Duration`.
#[derive(Clone, PartialEq, Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    retry_delay: Option<Seconds>,
}

#[derive(Clone, PartialEq, Message)]
struct Seconds {
    #[prost(int64, tag = "1")]
    seconds: i64,
}

impl Status {
    fn with_retry(code: Code, text: &str, seconds: u64) -> Self {
        let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
        let info = RetryInfo { retry_delay: Some(Seconds { seconds }) };
        let detail = Detail {
            type_url: "type.googleapis.com/google.rpc.RetryInfo".to_owned(),
            value: info.encode_to_vec(),
        };
        Self { code: code as i32, message: text.to_owned(), details: vec![detail] }
    }
}

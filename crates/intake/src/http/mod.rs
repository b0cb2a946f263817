//! HTTP listeners, one file for each protocol.
//!
//! Every body passes the same steps: rights, a place in memory, decompression within limits, mapping on a thread of
//! its own, and an answer once the rows are on disk.

mod bulk;
mod cloudevents;
mod collector;
mod hec;
mod ingest;
mod k8s_audit;
mod openlineage;
mod otlp;
mod otlp_grpc;
#[cfg(test)]
mod tests;
mod webhook;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::auth::{Caller, Denied, Tokens};
use crate::body;
use crate::error::IntakeError;
use crate::pipeline::{Mapped, Pipeline, Target};

pub use collector::Collector;
pub use webhook::{Secret, Secrets, services};

/// Limits of the HTTP listeners.
#[derive(Clone, Debug)]
pub struct HttpLimits {
    /// Bytes of a body as sent.
    pub body_bytes: usize,
    /// Bytes of a body when decompressed.
    pub decoded_bytes: usize,
    /// Bytes of all bodies that are held at a time.
    pub inflight_bytes: usize,
    /// Bodies that are mapped at a time.
    pub mappers: usize,
    /// Longest time that a body may take to arrive.
    pub body_timeout: Duration,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            body_bytes: 16 << 20,
            decoded_bytes: 64 << 20,
            inflight_bytes: 128 << 20,
            mappers: std::thread::available_parallelism().map_or(2, usize::from),
            body_timeout: Duration::from_mins(1),
        }
    }
}

/// Who may send.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// Tokens with their rights.
    pub tokens: Tokens,
    /// Secrets of webhooks.
    pub webhooks: Secrets,
    /// Keys of the HTTP collector.
    pub collectors: Vec<Collector>,
}

impl From<Tokens> for Access {
    fn from(tokens: Tokens) -> Self {
        Self { tokens, ..Self::default() }
    }
}

/// What the listeners share.
#[derive(Debug)]
pub struct Intake {
    /// Mapping and store.
    pub pipeline: Arc<Pipeline>,
    /// Who may send.
    pub tokens: Tokens,
    webhooks: Secrets,
    deliveries: webhook::Deliveries,
    collectors: Vec<Collector>,
    limits: HttpLimits,
    /// KiB of bodies that may still be taken.
    room: Arc<Semaphore>,
    mappers: Semaphore,
    hec: hec::Channels,
}

impl Intake {
    /// Listeners into a pipeline.
    pub fn new(pipeline: Arc<Pipeline>, access: impl Into<Access>, limits: HttpLimits) -> Arc<Self> {
        let Access { tokens, webhooks, collectors } = access.into();
        Arc::new(Self {
            room: Arc::new(Semaphore::new((limits.inflight_bytes >> 10).min(Semaphore::MAX_PERMITS))),
            mappers: Semaphore::new(limits.mappers.max(1)),
            hec: hec::Channels::default(),
            pipeline,
            tokens,
            webhooks,
            deliveries: webhook::Deliveries::default(),
            collectors,
            limits,
        })
    }

    /// The caller of a request.
    pub fn caller(&self, headers: &HeaderMap) -> Result<Caller, Denied> {
        self.tokens.caller(headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()))
    }

    /// Reads a body within limits, as it was sent; its room in memory is taken until the guard is dropped.
    async fn body(&self, headers: &HeaderMap, body: Body) -> Result<(Vec<u8>, Room), IntakeError> {
        let limit = self.limits.body_bytes;
        let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        let announced = announced.and_then(|text| text.parse::<usize>().ok());
        if announced.is_some_and(|length| length > limit) {
            return Err(too_large(limit));
        }
        let room = self.room(announced.unwrap_or(limit))?;
        let read = tokio::time::timeout(self.limits.body_timeout, axum::body::to_bytes(body, limit)).await;
        let read = read.map_err(|_| IntakeError::Request("the body took too long to arrive".to_owned()))?;
        let bytes = read.map_err(|error| {
            let is_limit =
                std::error::Error::source(&error).is_some_and(|cause| cause.to_string().contains("limit"));
            if is_limit {
                too_large(limit)
            } else {
                IntakeError::Request(format!("the body broke off: {error}"))
            }
        })?;
        Ok((bytes.into(), room))
    }

    /// A place in memory for a body. While the store takes no rows a body is not even read: mapping it only to refuse
    /// it would take the time that the store needs.
    fn room(&self, bytes: usize) -> Result<Room, IntakeError> {
        self.pipeline.store().has_room()?;
        let kib = bytes.div_ceil(1024).max(1) as u32;
        let taken = Arc::clone(&self.room).try_acquire_many_owned(kib);
        taken.map(Room).map_err(|_| IntakeError::Busy {
            message: "too many requests are being read; the same one can be sent again".to_owned(),
            retry_after: Duration::from_secs(1),
        })
    }

    /// Runs CPU work of a request off the async threads, a limited number at a time.
    async fn work<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, IntakeError> + Send + 'static,
    ) -> Result<T, IntakeError> {
        let closed = || IntakeError::Server("the listener is being closed".to_owned());
        let _turn = self.mappers.acquire().await.map_err(|_| closed())?;
        let own = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || work(&own)).await;
        done.unwrap_or_else(|_| Err(IntakeError::Server("internal error while mapping".to_owned())))
    }

    fn decompress(&self, bytes: Vec<u8>) -> Result<Vec<u8>, IntakeError> {
        body::decompress(bytes, self.limits.decoded_bytes)
    }

    /// Stores what a listener mapped and counts it; returns when it is durable.
    async fn keep(
        &self,
        listener: &'static str,
        bytes: usize,
        mapped: Vec<Mapped>,
    ) -> Result<Kept, IntakeError> {
        let counted: Vec<(String, Kept)> =
            mapped.iter().map(|one| (one.source.clone(), Kept::of(one))).collect();
        // One log record for all of it: a request is stored as a whole or not at all.
        let whole = Mapped::together(mapped);
        let stored = match self.pipeline.store_rows(&whole) {
            Ok(receipt) => receipt.durable().await.map_err(IntakeError::from),
            Err(error) => Err(error),
        };
        if stored.is_ok() {
            whole.stored();
        }
        let mut kept = Kept::default();
        for (place, (source, own)) in counted.into_iter().enumerate() {
            self.pipeline.counters.count(listener, &source, |counts| {
                counts.requests += 1;
                // The size of a request is counted once, whichever sources its records are of.
                counts.bytes += if place == 0 { bytes as u64 } else { 0 };
                counts.records += own.records;
                if stored.is_ok() {
                    counts.stored += own.events + own.quarantined;
                    counts.quarantined += own.quarantined;
                } else {
                    counts.dropped += own.records;
                }
            });
            kept.records += own.records;
            kept.events += own.events;
            kept.quarantined += own.quarantined;
        }
        stored.map(|_| kept)
    }

    fn map_body(
        &self,
        bytes: &[u8],
        target: &Target,
        place: &str,
        sender: &str,
    ) -> Result<Mapped, IntakeError> {
        let framing = match target {
            Target::Source(source) => source.framing,
            _ => atalanta_sources::Framing::Lines,
        };
        self.pipeline.map_joined(&body::split(bytes, framing), target, place, sender)
    }
}

/// A place in memory, given back when the request is done.
struct Room(#[expect(dead_code, reason = "held until it is dropped")] tokio::sync::OwnedSemaphorePermit);

/// What was stored of a request.
#[derive(Clone, Copy, Debug, Default)]
struct Kept {
    records: u64,
    events: u64,
    quarantined: u64,
}

impl Kept {
    fn of(mapped: &Mapped) -> Self {
        Self { records: mapped.records, events: mapped.events, quarantined: mapped.quarantined }
    }
}

fn too_large(limit: usize) -> IntakeError {
    IntakeError::TooLarge(format!("the body has more than {} MiB; send smaller batches", limit >> 20))
}

/// A JSON answer.
pub struct Json(pub Value);

impl IntoResponse for Json {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, "application/json")], self.0.to_string()).into_response()
    }
}

/// The listener of OTLP over gRPC, which has an address of its own.
pub fn grpc_router(intake: &Arc<Intake>) -> Router {
    otlp_grpc::router(intake)
}

/// All HTTP listeners.
pub fn router(intake: &Arc<Intake>) -> Router {
    Router::new()
        .merge(ingest::router(Arc::clone(intake)))
        .merge(otlp::router(Arc::clone(intake)))
        .merge(hec::router(Arc::clone(intake)))
        .merge(bulk::router(Arc::clone(intake)))
        .merge(collector::router(Arc::clone(intake)))
        .merge(k8s_audit::router(Arc::clone(intake)))
        .merge(cloudevents::router(Arc::clone(intake)))
        .merge(openlineage::router(Arc::clone(intake)))
        .merge(webhook::router(Arc::clone(intake)))
}

/// Status of an error.
pub(crate) fn status(error: &IntakeError) -> StatusCode {
    match error {
        IntakeError::Request(_) => StatusCode::BAD_REQUEST,
        IntakeError::Source(_) => StatusCode::NOT_FOUND,
        IntakeError::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
        IntakeError::Busy { .. } | IntakeError::Storage(_) => StatusCode::SERVICE_UNAVAILABLE,
        IntakeError::Server(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Adds `Retry-After` where another try makes sense.
pub(crate) fn with_retry(mut response: Response, error: &IntakeError) -> Response {
    if let Some(seconds) = error.retry_after() {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

impl IntoResponse for IntakeError {
    fn into_response(self) -> Response {
        self.log();
        let body = Json(json!({ "error": self.to_string() }));
        with_retry((status(&self), body).into_response(), &self)
    }
}

/// The answer to a request without rights.
pub fn denied(denied: Denied) -> Response {
    let (text, status) = match denied {
        Denied::Missing => ("a token is required: `Authorization: Bearer <token>`", StatusCode::UNAUTHORIZED),
        Denied::Unknown => ("the token is not known", StatusCode::UNAUTHORIZED),
    };
    let mut response = (status, Json(json!({ "error": text }))).into_response();
    response.headers_mut().insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Bearer"));
    response
}

fn forbidden(source: &str) -> Response {
    let text = format!("the token may not send `{}`", source.escape_debug());
    (StatusCode::FORBIDDEN, Json(json!({ "error": text }))).into_response()
}

fn parts(request: Request) -> (HeaderMap, Body) {
    let (parts, body) = request.into_parts();
    (parts.headers, body)
}

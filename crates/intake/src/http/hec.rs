//! Splunk's HTTP Event Collector: `/services/collector/event`, `/raw`, `/ack`, `/health`.
//!
//! Events whose content or `sourcetype` names a source go through its mapping; others to the dataset
//! `splunk_hec_raw` with their envelope. Answers have Splunk's texts and codes, which shippers act on. An event is on
//! disk before the answer, so every `ackId` that was given is acknowledged when it is asked for.

mod envelope;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Intake, Json, Room, parts, with_retry};
use crate::auth::{Caller, Denied};
use crate::body;
use crate::error::IntakeError;
use crate::pipeline::{Mapped, Target};

use envelope::{About, Groups, Wrong, envelopes, fill, group};

/// Dataset of events that no source claims.
const DATASET: &str = "splunk_hec_raw";

/// Most channels that are remembered.
const CHANNELS: usize = 10_000;

/// Next acknowledgement id by channel.
#[derive(Debug, Default)]
pub(super) struct Channels(Mutex<HashMap<String, u64>>);

impl Channels {
    /// The id of a request whose events are on disk; none if no more channels can be remembered.
    fn next(&self, channel: &str) -> Option<u64> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= CHANNELS && !all.contains_key(channel) {
            return None;
        }
        let next = all.entry(channel.to_owned()).or_default();
        *next += 1;
        Some(*next - 1)
    }

    fn given(&self, channel: &str) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(channel).copied().unwrap_or(0)
    }
}

pub(super) fn router(intake: Arc<Intake>) -> Router {
    let mut router = Router::new();
    for path in ["/services/collector", "/services/collector/event", "/services/collector/event/1.0"] {
        router = router.route(path, post(events));
    }
    for path in ["/services/collector/raw", "/services/collector/raw/1.0"] {
        router = router.route(path, post(raw));
    }
    router
        .route("/services/collector/ack", post(ack))
        .route("/services/collector/health", get(health))
        .route("/services/collector/health/1.0", get(health))
        .with_state(intake)
}

/// Splunk's reply codes: (code, status, text).
type Reply = (u8, StatusCode, &'static str);
const TOKEN_REQUIRED: Reply = (2, StatusCode::UNAUTHORIZED, "Token is required");
const FORBIDDEN: Reply = (1, StatusCode::FORBIDDEN, "Token disabled");
const INVALID_TOKEN: Reply = (4, StatusCode::FORBIDDEN, "Invalid token");
const NO_DATA: Reply = (5, StatusCode::BAD_REQUEST, "No data");
const INVALID_FORMAT: Reply = (6, StatusCode::BAD_REQUEST, "Invalid data format");
const SERVER_ERROR: Reply = (8, StatusCode::INTERNAL_SERVER_ERROR, "Internal server error");
const BUSY: Reply = (9, StatusCode::SERVICE_UNAVAILABLE, "Server is busy");
const NO_CHANNEL: Reply = (10, StatusCode::BAD_REQUEST, "Data channel is missing");
const EVENT_REQUIRED: Reply = (12, StatusCode::BAD_REQUEST, "Event field is required");
const EVENT_BLANK: Reply = (13, StatusCode::BAD_REQUEST, "Event field cannot be blank");
const TOO_LARGE: Reply = (27, StatusCode::PAYLOAD_TOO_LARGE, "Request entity too large");

fn reply((code, status, text): Reply, event: Option<usize>) -> Response {
    let mut body = json!({ "text": text, "code": code });
    if let Some(event) = event {
        body["invalid-event-number"] = event.into();
    }
    (status, Json(body)).into_response()
}

fn code(wrong: Wrong) -> Reply {
    match wrong {
        Wrong::Format => INVALID_FORMAT,
        Wrong::Required => EVENT_REQUIRED,
        Wrong::Blank => EVENT_BLANK,
        Wrong::NoData => NO_DATA,
    }
}

fn failure(error: &IntakeError) -> Response {
    let which = match error {
        IntakeError::Request(_) | IntakeError::Source(_) => INVALID_FORMAT,
        IntakeError::TooLarge(_) => TOO_LARGE,
        IntakeError::Busy { .. } | IntakeError::Storage(_) => BUSY,
        IntakeError::Server(_) => SERVER_ERROR,
    };
    error.log();
    with_retry(reply(which, None), error)
}

fn caller(intake: &Intake, headers: &HeaderMap) -> Result<Caller, Reply> {
    intake.caller(headers).map_err(|reason| match reason {
        Denied::Missing => TOKEN_REQUIRED,
        Denied::Unknown => INVALID_TOKEN,
    })
}

fn channel(headers: &HeaderMap, about: &About) -> Option<String> {
    let header = headers.get("x-splunk-request-channel").and_then(|value| value.to_str().ok());
    header.map(str::to_owned).or_else(|| about.channel.clone()).filter(|channel| channel.len() <= 64)
}

async fn health() -> Response {
    Json(json!({ "text": "HEC is healthy", "code": 17 })).into_response()
}

/// Ids of requests whose fate is asked for.
#[derive(Deserialize)]
struct Asked {
    acks: Vec<u64>,
}

async fn ack(State(intake): State<Arc<Intake>>, Query(about): Query<About>, request: Request) -> Response {
    if let Err(which) = caller(&intake, request.headers()) {
        return reply(which, None);
    }
    let (headers, body) = parts(request);
    let Some(channel) = channel(&headers, &about) else { return reply(NO_CHANNEL, None) };
    let asked = match intake.body(&headers, body).await {
        Ok((bytes, _room)) => serde_json::from_slice::<Asked>(&bytes),
        Err(error) => return failure(&error),
    };
    let Ok(asked) = asked else { return reply(INVALID_FORMAT, None) };
    let given = intake.hec.given(&channel);
    let acks: Map<String, Value> =
        asked.acks.iter().map(|id| (id.to_string(), (*id < given).into())).collect();
    Json(json!({ "acks": acks })).into_response()
}

/// What a request with events brings.
struct Received {
    caller: Caller,
    headers: HeaderMap,
    bytes: Vec<u8>,
    _room: Room,
}

/// Reads a request; the answer to it if its caller or its body will not do.
async fn received(intake: &Intake, request: Request) -> Result<Received, Response> {
    let caller = caller(intake, request.headers()).map_err(|which| reply(which, None))?;
    let (headers, body) = parts(request);
    let (bytes, room) = intake.body(&headers, body).await.map_err(|error| failure(&error))?;
    Ok(Received { caller, headers, bytes, _room: room })
}

async fn events(State(intake): State<Arc<Intake>>, Query(about): Query<About>, request: Request) -> Response {
    let Received { caller, headers, bytes, _room } = match received(&intake, request).await {
        Ok(received) => received,
        Err(answer) => return answer,
    };
    let size = bytes.len();
    let own = about.clone();
    let mapped = intake.work(move |intake| {
        let text = intake.decompress(bytes)?;
        Ok(envelopes(&text, &own).map(|groups| map(intake, &groups, &caller)))
    });
    let mapped = match mapped.await {
        Ok(Ok(Ok(Some(mapped)))) => mapped,
        Ok(Ok(Ok(None))) => return reply(FORBIDDEN, None),
        Ok(Err((wrong, event))) => return reply(code(wrong), event),
        Ok(Ok(Err(error))) | Err(error) => return failure(&error),
    };
    finish(&intake, size, mapped, channel(&headers, &about)).await
}

async fn raw(State(intake): State<Arc<Intake>>, Query(about): Query<About>, request: Request) -> Response {
    let Received { caller, headers, bytes, _room } = match received(&intake, request).await {
        Ok(received) => received,
        Err(answer) => return answer,
    };
    let size = bytes.len();
    let own = about.clone();
    let mapped = intake.work(move |intake| {
        let text = intake.decompress(bytes)?;
        let events = body::split(&text, atalanta_sources::Framing::Lines);
        let envelope = |(_, bytes): &(u64, &[u8])| {
            let event = String::from_utf8_lossy(bytes).into_owned();
            let mut envelope = Map::from_iter([("event".to_owned(), Value::String(event))]);
            fill(&mut envelope, &own);
            envelope
        };
        let envelopes: Vec<Map<String, Value>> = events.iter().map(envelope).collect();
        map(intake, &group(envelopes), &caller)
    });
    match mapped.await {
        Ok(Some(mapped)) if mapped.is_empty() => reply(NO_DATA, None),
        Ok(Some(mapped)) => finish(&intake, size, mapped, channel(&headers, &about)).await,
        Ok(None) => reply(FORBIDDEN, None),
        Err(error) => failure(&error),
    }
}

async fn finish(intake: &Arc<Intake>, size: usize, mapped: Vec<Mapped>, channel: Option<String>) -> Response {
    if let Err(error) = intake.keep("hec", size, mapped).await {
        return failure(&error);
    }
    let mut body = json!({ "text": "Success", "code": 0 });
    if let Some(id) = channel.and_then(|channel| intake.hec.next(&channel)) {
        body["ackId"] = id.into();
    }
    Json(body).into_response()
}

/// Maps each group by its source type, else by its content; none if the token may not send one of them.
fn map(intake: &Intake, groups: &Groups, caller: &Caller) -> Result<Option<Vec<Mapped>>, IntakeError> {
    let mut out = Vec::new();
    for (kind, envelopes) in groups {
        let named = Target::parse(kind).ok().filter(|target| matches!(target, Target::Source(_)));
        let events: Vec<Vec<u8>> = envelopes.iter().map(|envelope| event_bytes(&envelope["event"])).collect();
        let (inner, whole) = (events.iter().map(Vec::as_slice), envelopes.iter().map(raw_record));
        let stream = format!("hec/{}/{kind}", caller.name());
        let mapped = intake.pipeline.map_or_whole(inner, whole, named, DATASET, "hec", &stream)?;
        if !caller.sends(&mapped.source) {
            return Ok(None);
        }
        out.push(mapped);
    }
    Ok(Some(out))
}

fn event_bytes(event: &Value) -> Vec<u8> {
    match event {
        Value::String(text) => text.clone().into_bytes(),
        other => other.to_string().into_bytes(),
    }
}

/// The envelope with its time under the name that datasets use.
fn raw_record(envelope: &Map<String, Value>) -> Vec<u8> {
    let mut record = envelope.clone();
    if let Some(time) = envelope.get("time").and_then(seconds) {
        record.insert("_time".to_owned(), ((time * 1000.0).round() as i64).into());
    }
    Value::Object(record).to_string().into_bytes()
}

/// Seconds, with a fraction or not, or milliseconds, as number or text.
fn seconds(time: &Value) -> Option<f64> {
    let number = match time {
        Value::String(text) => text.trim().parse().ok()?,
        other => other.as_f64()?,
    };
    // 1e11 seconds are the year 5138; what is larger counts milliseconds.
    Some(if number > 1e11 { number / 1000.0 } else { number })
        .filter(|number| number.is_finite() && *number > 0.0)
}

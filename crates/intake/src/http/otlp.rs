//! OTLP over HTTP: `POST /v1/logs`, `/v1/traces`, `/v1/metrics`, protobuf or JSON, gzip.
//!
//! Protobuf requests are turned into OTLP/JSON, the one form that the source `otlp` reads. An answer is an
//! `Export…ServiceResponse` in the form of the request. Records that cannot be mapped are in quarantine, not rejected:
//! sending them again would not help.

mod message;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::json;

use super::{Intake, Json, denied, forbidden, parts, status, with_retry};
use crate::error::IntakeError;
use crate::pipeline::{Mapped, Target};

pub(super) const SOURCE: &str = "otlp";
pub(super) use message::Signal;
use message::to_json;

const PROTOBUF: &str = "application/x-protobuf";

pub(super) fn router(intake: Arc<Intake>) -> Router {
    Router::new()
        .route("/v1/logs", post(|state, request| export(state, Signal::Logs, request)))
        .route("/v1/traces", post(|state, request| export(state, Signal::Traces, request)))
        .route("/v1/metrics", post(|state, request| export(state, Signal::Metrics, request)))
        .with_state(intake)
}

async fn export(State(intake): State<Arc<Intake>>, signal: Signal, request: Request) -> Response {
    match intake.caller(request.headers()) {
        Err(reason) => return denied(reason),
        Ok(caller) if !caller.sends(SOURCE) => return forbidden(SOURCE),
        Ok(_) => {}
    }
    let Some(protobuf) = is_protobuf(request.headers()) else {
        let text = format!("expected the content type {PROTOBUF} or application/json");
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, text).into_response();
    };
    match take(&intake, signal, protobuf, request).await {
        // An empty message says that nothing was rejected.
        Ok(()) if protobuf => ([(header::CONTENT_TYPE, PROTOBUF)], Vec::new()).into_response(),
        Ok(()) => Json(json!({ "partialSuccess": {} })).into_response(),
        Err(error) => refusal(&error, protobuf),
    }
}

fn is_protobuf(headers: &HeaderMap) -> Option<bool> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let kind = kind.split(';').next().unwrap_or_default().trim();
    match kind {
        PROTOBUF | "application/protobuf" => Some(true),
        "application/json" => Some(false),
        _ => None,
    }
}

async fn take(
    intake: &Arc<Intake>,
    signal: Signal,
    protobuf: bool,
    request: Request,
) -> Result<(), IntakeError> {
    let (headers, body) = parts(request);
    let (bytes, _room) = intake.body(&headers, body).await?;
    let size = bytes.len();
    let mapped = intake.work(move |intake| {
        let bytes = intake.decompress(bytes)?;
        if protobuf {
            return map_export(intake, signal, &bytes, "otlp/http");
        }
        map_json(intake, &check_json(bytes)?, "otlp/http").map(Some)
    });
    // A request without records is valid and has nothing to keep.
    let Some(mapped) = mapped.await? else { return Ok(()) };
    intake.keep("otlp", size, vec![mapped]).await?;
    Ok(())
}

/// Maps an export request in protobuf; none if it holds no records.
pub(super) fn map_export(
    intake: &Intake,
    signal: Signal,
    bytes: &[u8],
    place: &str,
) -> Result<Option<Mapped>, IntakeError> {
    let json = to_json(signal, bytes)?;
    if json.is_empty() { Ok(None) } else { map_json(intake, &json, place).map(Some) }
}

fn map_json(intake: &Intake, json: &[u8], place: &str) -> Result<Mapped, IntakeError> {
    intake.pipeline.map(&[(1, json)], &Target::parse(SOURCE)?, place)
}

/// A request in OTLP/JSON must be one JSON object; anything else would only fill the quarantine.
fn check_json(bytes: Vec<u8>) -> Result<Vec<u8>, IntakeError> {
    match serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&bytes) {
        Ok(_) => Ok(bytes),
        Err(error) => Err(IntakeError::Request(format!("expected an export request in JSON: {error}"))),
    }
}

/// A `google.rpc.Status` in the form of the request.
fn refusal(error: &IntakeError, protobuf: bool) -> Response {
    error.log();
    let (code, text) = (status(error), error.to_string());
    let response = if protobuf {
        // Field 2 of the message, a text; field 1, the code, is left to the HTTP status.
        let mut body = Vec::new();
        prost::encoding::string::encode(2, &text, &mut body);
        (code, [(header::CONTENT_TYPE, PROTOBUF)], body).into_response()
    } else {
        (code, Json(json!({ "message": text }))).into_response()
    };
    with_retry(response, error)
}

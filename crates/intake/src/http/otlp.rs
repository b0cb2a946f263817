//! OTLP over HTTP: `POST /v1/logs`, `/v1/traces`, `/v1/metrics`, protobuf or JSON, gzip.
//!
//! Protobuf requests are turned into OTLP/JSON, the one form that the source `otlp` reads. An answer is an
//! `Export…ServiceResponse` in the form of the request. Records that cannot be mapped are in quarantine, not rejected:
//! sending them again would not help.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use serde::Serialize;
use serde_json::json;

use super::{Intake, Json, denied, forbidden, parts, status, with_retry};
use crate::error::IntakeError;
use crate::pipeline::Target;

const SOURCE: &str = "otlp";
const PROTOBUF: &str = "application/x-protobuf";

/// What a path carries.
#[derive(Clone, Copy)]
enum Signal {
    Logs,
    Traces,
    Metrics,
}

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
        let json = if protobuf { to_json(signal, &bytes)? } else { check_json(bytes)? };
        if json.is_empty() {
            return Ok(None);
        }
        let target = Target::parse(SOURCE)?;
        intake.pipeline.map(&[(1, json.as_slice())], &target, "otlp/http").map(Some)
    });
    // A request without records is valid and has nothing to keep.
    let Some(mapped) = mapped.await? else { return Ok(()) };
    intake.keep("otlp", size, vec![mapped]).await?;
    Ok(())
}

/// A request in OTLP/JSON must be one JSON object; anything else would only fill the quarantine.
fn check_json(bytes: Vec<u8>) -> Result<Vec<u8>, IntakeError> {
    match serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&bytes) {
        Ok(_) => Ok(bytes),
        Err(error) => Err(IntakeError::Request(format!("expected an export request in JSON: {error}"))),
    }
}

fn to_json(signal: Signal, bytes: &[u8]) -> Result<Vec<u8>, IntakeError> {
    match signal {
        Signal::Logs => {
            let request: ExportLogsServiceRequest = decode(bytes)?;
            if request.resource_logs.is_empty() { Ok(Vec::new()) } else { json_bytes(&request) }
        }
        Signal::Traces => {
            let request: ExportTraceServiceRequest = decode(bytes)?;
            if request.resource_spans.is_empty() { Ok(Vec::new()) } else { json_bytes(&request) }
        }
        Signal::Metrics => {
            let request: ExportMetricsServiceRequest = decode(bytes)?;
            if request.resource_metrics.is_empty() { Ok(Vec::new()) } else { json_bytes(&request) }
        }
    }
}

fn decode<T: Message + Default>(bytes: &[u8]) -> Result<T, IntakeError> {
    T::decode(bytes).map_err(|error| IntakeError::Request(format!("expected an export request: {error}")))
}

fn json_bytes(request: &impl Serialize) -> Result<Vec<u8>, IntakeError> {
    serde_json::to_vec(request).map_err(|error| IntakeError::Request(format!("export request: {error}")))
}

/// A `google.rpc.Status` in the form of the request.
fn refusal(error: &IntakeError, protobuf: bool) -> Response {
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

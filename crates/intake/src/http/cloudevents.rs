//! CloudEvents 1.0 over HTTP: `POST /api/v1/cloudevents`, one event in structured or binary mode, or a batch.
//!
//! Whatever the mode, an event is kept as the JSON object of the structured mode. Where its data are a record of a
//! known source they go through its mapping; other events go to the dataset `cloudevents_raw`. Brokers that ask before
//! they send (`OPTIONS` with `WebHook-Request-Origin`) are told that they may.

mod event;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use base64::Engine as _;
use serde_json::{Map, Value};

use super::{Intake, denied, forbidden, parts};
use crate::auth::Caller;
use crate::error::IntakeError;
use crate::pipeline::Mapped;

use event::{Mode, read};

/// Dataset of events whose data no source claims.
const DATASET: &str = "cloudevents_raw";
pub(super) fn router(intake: Arc<Intake>) -> Router {
    Router::new().route("/api/v1/cloudevents", post(events).options(ask)).with_state(intake)
}

/// The question of a broker whether it may send.
async fn ask(headers: HeaderMap) -> Response {
    let mut response = StatusCode::OK.into_response();
    if let Some(origin) = headers.get("webhook-request-origin") {
        response.headers_mut().insert("webhook-allowed-origin", origin.clone());
        response.headers_mut().insert("webhook-allowed-rate", HeaderValue::from_static("*"));
    }
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
    response
}

async fn events(State(intake): State<Arc<Intake>>, request: Request) -> Response {
    let caller = match intake.caller(request.headers()) {
        Ok(caller) => caller,
        Err(reason) => return denied(reason),
    };
    match take(&intake, caller, request).await {
        Ok(None) => StatusCode::NO_CONTENT.into_response(),
        Ok(Some(refused)) => forbidden(&refused),
        Err(error) => error.into_response(),
    }
}

/// Stores the events; the name of a source that the token may not send, in which case nothing is stored.
async fn take(intake: &Arc<Intake>, caller: Caller, request: Request) -> Result<Option<String>, IntakeError> {
    let (headers, body) = parts(request);
    let mode = mode(&headers)?;
    let (bytes, _room) = intake.body(&headers, body).await?;
    let size = bytes.len();
    let mapped = intake.work(move |intake| {
        let bytes = intake.decompress(bytes)?;
        let events = read(mode, &texts(&headers), &bytes)?;
        map(intake, &events)
    });
    let mapped = mapped.await?;
    if let Some(refused) = mapped.iter().find(|one| !caller.sends(&one.source)) {
        return Ok(Some(refused.source.clone()));
    }
    intake.keep("cloudevents", size, mapped).await?;
    Ok(None)
}

fn mode(headers: &HeaderMap) -> Result<Mode, IntakeError> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match kind.as_str() {
        "application/cloudevents+json" => Ok(Mode::Structured),
        "application/cloudevents-batch+json" => Ok(Mode::Batch),
        _ if headers.contains_key("ce-specversion") => Ok(Mode::Binary),
        _ => Err(IntakeError::Request(
            "expected a CloudEvent: the content type application/cloudevents+json or \
             application/cloudevents-batch+json, or headers ce-id, ce-source, ce-specversion, ce-type"
                .to_owned(),
        )),
    }
}

/// The headers that are text.
fn texts(headers: &HeaderMap) -> Vec<(&str, &str)> {
    headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect()
}

/// The events of each type together, through the source that their data tell.
fn map(intake: &Intake, events: &[Map<String, Value>]) -> Result<Vec<Mapped>, IntakeError> {
    let mut kinds: BTreeMap<&str, Vec<&Map<String, Value>>> = BTreeMap::new();
    for event in events {
        let kind = event.get("type").and_then(Value::as_str).unwrap_or_default();
        kinds.entry(kind).or_default().push(event);
    }
    let place = "http/cloudevents";
    let mut out = Vec::new();
    for (kind, events) in kinds {
        let data: Vec<Vec<u8>> = events.iter().map(|event| data(event)).collect();
        let (inner, whole) = (data.iter().map(Vec::as_slice), events.iter().map(|event| raw(event)));
        let stream = format!("{place}/{kind}");
        out.push(intake.pipeline.map_or_whole(inner, whole, None, DATASET, place, &stream)?);
    }
    Ok(out)
}

fn data(event: &Map<String, Value>) -> Vec<u8> {
    match (event.get("data"), event.get("data_base64").and_then(Value::as_str)) {
        (Some(Value::String(text)), _) => text.clone().into_bytes(),
        (Some(data), _) => data.to_string().into_bytes(),
        (None, Some(encoded)) => {
            base64::engine::general_purpose::STANDARD.decode(encoded).unwrap_or_default()
        }
        (None, None) => Vec::new(),
    }
}

/// The event with its time under the name that datasets use.
fn raw(event: &Map<String, Value>) -> Vec<u8> {
    let mut record = event.clone();
    if let Some(time) =
        event.get("time").and_then(Value::as_str).and_then(|text| text.parse::<jiff::Timestamp>().ok())
    {
        record.insert("_time".to_owned(), time.as_millisecond().into());
    }
    Value::Object(record).to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn every_mode_gives_the_same_event() {
        let event = json!({ "specversion": "1.0", "id": "1", "source": "/jobs/é", "type": "a.b",
            "datacontenttype": "application/json", "data": { "n": 1 } });
        let structured = headers(&[("content-type", "application/cloudevents+json; charset=UTF-8")]);
        assert_eq!(mode(&structured).unwrap(), Mode::Structured);
        let one = read(Mode::Structured, &texts(&structured), event.to_string().as_bytes()).unwrap();
        let batch = headers(&[("content-type", "application/cloudevents-batch+json")]);
        assert_eq!(mode(&batch).unwrap(), Mode::Batch);
        let many = read(Mode::Batch, &texts(&batch), json!([event]).to_string().as_bytes()).unwrap();
        let binary = headers(&[
            ("content-type", "application/json"),
            ("ce-specversion", "1.0"),
            ("ce-id", "1"),
            ("ce-source", "/jobs/%C3%A9"),
            ("ce-type", "a.b"),
        ]);
        assert_eq!(mode(&binary).unwrap(), Mode::Binary);
        let from_headers = read(Mode::Binary, &texts(&binary), b"{\"n\":1}").unwrap();
        assert_eq!((&one, &one), (&many, &from_headers));
        assert_eq!(Value::Object(one[0].clone()), event);
    }

    #[test]
    fn data_of_any_kind() {
        let all = |kind: &str, body: &[u8]| {
            let headers = headers(&[
                ("content-type", kind),
                ("ce-specversion", "1.0"),
                ("ce-id", "1"),
                ("ce-source", "s"),
                ("ce-type", "t"),
            ]);
            read(Mode::Binary, &texts(&headers), body).unwrap().remove(0)
        };
        assert_eq!(all("text/plain", b"a line")["data"], json!("a line"));
        assert_eq!(all("application/json", b"{broken")["data"], json!("{broken"));
        assert_eq!(all("application/octet-stream", b"\xff\x00")["data_base64"], json!("/wA="));
        assert!(!all("application/json", b"").contains_key("data"));
    }

    #[test]
    fn what_is_no_event_is_refused() {
        let none = headers(&[("content-type", "application/json")]);
        assert!(mode(&none).unwrap_err().to_string().contains("expected a CloudEvent"));
        let missing =
            read(Mode::Structured, &texts(&none), br#"{"specversion":"1.0","id":"1","source":"s"}"#);
        assert!(missing.unwrap_err().to_string().contains("`type`"));
        assert!(read(Mode::Batch, &texts(&none), b"{}").is_err());
        assert!(read(Mode::Batch, &texts(&none), b"[]").unwrap().is_empty());
    }
}

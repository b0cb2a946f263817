//! Webhooks of services that sign what they send, one file for each service.
//!
//! With a secret in the configuration a delivery must be signed with it, and needs no token; without one it passes
//! like any other request, by token. What is kept is the body, or where headers belong to the event the delivery
//! `{"ts_ns": …, "path": …, "headers": {…}, "body": {…}}`, never with a header that authorises it. It goes to the source
//! of the service, or to a raw dataset where there is none. A delivery whose id was stored before is answered with
//! success and not stored again.

mod github;
mod gitlab;
mod huggingface;
mod mlflow;
mod wandb;

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use hmac::{Hmac, KeyInit, Mac};
use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};
use sha2::Sha256;

use super::{Intake, Json, denied, forbidden, parts};
use crate::auth::digest;
use crate::error::IntakeError;
use crate::pipeline::Target;

/// A secret that is never shown.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    pub fn new(secret: String) -> Self {
        Self(secret)
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Secrets by the name of the service; several while one replaces another.
pub type Secrets = BTreeMap<String, Vec<Secret>>;

/// A service.
struct Service {
    /// Its name in the configuration, in the address and in counts.
    name: &'static str,
    /// Ids that its source may have, the first that is known counts.
    sources: &'static [&'static str],
    /// Dataset while there is no such source.
    raw: &'static str,
    /// Headers that describe a delivery and are kept with it; without any the body alone is kept.
    headers: &'static [&'static str],
    /// The header with an id that no two deliveries share.
    delivery: Option<&'static str>,
    /// Whether a delivery is signed with a secret; else what is wrong.
    verify: fn(&HeaderMap, &[u8], &Secret, now_s: i64) -> Result<(), String>,
}

const SERVICES: &[&Service] =
    &[&github::SERVICE, &gitlab::SERVICE, &huggingface::SERVICE, &mlflow::SERVICE, &wandb::SERVICE];

/// Names that secrets may be configured for.
pub fn services() -> impl Iterator<Item = &'static str> {
    SERVICES.iter().map(|service| service.name)
}

pub(super) fn router(intake: Arc<Intake>) -> Router {
    let mut router = Router::new();
    for service in SERVICES {
        let take = move |state, request| delivery(service, state, request);
        router = router.route(&format!("/webhooks/{}", service.name), post(take));
    }
    router.with_state(intake)
}

async fn delivery(
    service: &'static Service,
    State(intake): State<Arc<Intake>>,
    request: Request,
) -> Response {
    let secrets = intake.webhooks.get(service.name).map(Vec::as_slice).unwrap_or_default();
    let target = target(service.sources, service.raw);
    if secrets.is_empty() {
        match intake.caller(request.headers()) {
            Err(reason) => return denied(reason),
            Ok(caller) if !caller.sends(target.name()) => return forbidden(target.name()),
            Ok(_) => {}
        }
    }
    match take(service, &intake, target, request).await {
        Ok(response) => response,
        Err(error) => error.into_response(),
    }
}

async fn take(
    service: &'static Service,
    intake: &Arc<Intake>,
    target: Target,
    request: Request,
) -> Result<Response, IntakeError> {
    let (headers, body) = parts(request);
    let (bytes, _room) = intake.body(&headers, body).await?;
    let secrets = intake.webhooks.get(service.name).map(Vec::as_slice).unwrap_or_default();
    if let Err(reason) = verified(service, &headers, &bytes, secrets) {
        tracing::warn!(service = service.name, reason, "a webhook delivery was refused");
        return Ok((StatusCode::UNAUTHORIZED, Json(json!({ "error": reason }))).into_response());
    }
    let id = service.delivery.and_then(|name| headers.get(name)?.to_str().ok()).map(str::to_owned);
    if id.as_deref().is_some_and(|id| intake.deliveries.has(service.name, id)) {
        return Ok(Json(json!({ "records": 0, "duplicate": true })).into_response());
    }
    let size = bytes.len();
    let record = envelope(service, &headers, &bytes)?;
    let place = format!("http/{}", service.name);
    let mapped = intake.work(move |intake| intake.pipeline.map(&[(1, &record)], &target, &place)).await?;
    let source = mapped.source.clone();
    let kept = intake.keep("webhook", size, vec![mapped]).await?;
    if let Some(id) = id {
        intake.deliveries.add(service.name, id);
    }
    let answer = json!({ "source": source, "records": kept.records, "events": kept.events,
        "quarantined": kept.quarantined });
    Ok(Json(answer).into_response())
}

/// The first of the sources that is known, else the raw dataset.
pub(super) fn target(sources: &[&str], raw: &str) -> Target {
    let known = sources.iter().find_map(|id| match Target::parse(id) {
        Ok(target @ Target::Source(_)) => Some(target),
        _ => None,
    });
    known.unwrap_or_else(|| Target::Raw(raw.to_owned()))
}

fn verified(service: &Service, headers: &HeaderMap, body: &[u8], secrets: &[Secret]) -> Result<(), String> {
    let now = jiff::Timestamp::now().as_second();
    let mut last = Ok(());
    for secret in secrets {
        last = (service.verify)(headers, body, secret, now);
        if last.is_ok() {
            return last;
        }
    }
    last
}

/// The delivery as a record. The body stays as it was written: numbers and duplicate keys are evidence.
fn envelope(service: &Service, headers: &HeaderMap, body: &[u8]) -> Result<Vec<u8>, IntakeError> {
    let wrong = |what: String| IntakeError::Request(format!("{}: {what}", service.name));
    let text = std::str::from_utf8(body).map_err(|_| wrong("the body is not UTF-8 text".to_owned()))?;
    let body = text.trim();
    let _: IgnoredAny = serde_json::from_str(body)
        .map_err(|error| wrong(format!("expected a JSON body (content type application/json): {error}")))?;
    if service.headers.is_empty() {
        return Ok(body.as_bytes().to_vec());
    }
    let mut kept = Map::new();
    for name in service.headers {
        if let Some(value) = headers.get(*name).and_then(|value| value.to_str().ok()) {
            kept.insert((*name).to_owned(), Value::from(value));
        }
    }
    let ts_ns = jiff::Timestamp::now().as_nanosecond();
    let path = format!("/webhooks/{}", service.name);
    let head = Value::Object(kept);
    let record = format!(r#"{{"ts_ns":{ts_ns},"path":"{path}","headers":{head},"body":{body}}}"#);
    Ok(record.into_bytes())
}

/// Ids of deliveries that were stored, the newest of each service.
#[derive(Debug, Default)]
pub(super) struct Deliveries(Mutex<BTreeMap<&'static str, Known>>);

#[derive(Debug, Default)]
struct Known {
    ids: HashSet<String>,
    order: VecDeque<String>,
}

/// Ids that are remembered for each service.
const REMEMBERED: usize = 10_000;

impl Deliveries {
    fn has(&self, service: &str, id: &str) -> bool {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(service).is_some_and(|known| known.ids.contains(id))
    }

    fn add(&self, service: &'static str, id: String) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.entry(service).or_default();
        if !known.ids.insert(id.clone()) {
            return;
        }
        known.order.push_back(id);
        if known.order.len() > REMEMBERED
            && let Some(oldest) = known.order.pop_front()
        {
            known.ids.remove(&oldest);
        }
    }
}

/// A header's text; else that it is missing.
fn text<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, String> {
    let value = headers.get(name).ok_or_else(|| format!("the header {name} is missing"))?;
    value.to_str().map_err(|_| format!("the header {name} is not text"))
}

/// Whether `signature` is the HMAC-SHA256 of the parts; takes the same time wherever they differ.
fn signed(secret: &Secret, parts: &[&[u8]], signature: &[u8]) -> bool {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.0.as_bytes()) else { return false };
    for part in parts {
        mac.update(part);
    }
    mac.verify_slice(signature).is_ok()
}

/// Whether a text is the secret.
fn same(text: &str, secret: &Secret) -> bool {
    digest(text) == digest(&secret.0)
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let pair = |pair: &[u8]| Some(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?);
    text.as_bytes().chunks(2).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn the_body_is_kept_as_it_was_written() {
        let headers = headers(&[("x-github-event", "push"), ("x-hub-signature-256", "sha256=00")]);
        let record = envelope(&github::SERVICE, &headers, br#"{"n":1.10,"a":1,"a":2}"#).unwrap();
        let text = String::from_utf8(record).unwrap();
        assert!(text.ends_with(r#""body":{"n":1.10,"a":1,"a":2}}"#), "{text}");
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["headers"], json!({ "x-github-event": "push" }));
        assert!(envelope(&github::SERVICE, &headers, b"payload=%7B%7D").is_err());
    }

    #[test]
    fn the_newest_deliveries_are_remembered() {
        let known = Deliveries::default();
        for number in 0..=REMEMBERED {
            known.add("github", number.to_string());
        }
        assert!(known.has("github", &REMEMBERED.to_string()) && known.has("github", "1"));
        assert!(!known.has("github", "0") && !known.has("gitlab", "1"));
    }

    #[test]
    fn a_secret_is_not_shown() {
        assert_eq!(format!("{:?}", Secret::new("s3cret".to_owned())), "Secret(…)");
    }
}

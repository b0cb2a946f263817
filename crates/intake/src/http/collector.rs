//! The HTTP collector of Cortex: `POST /logs/v1/event`, the API key alone in `Authorization`.
//!
//! A collector of the configuration says by its key which vendor and product its events are of: they go to
//! `<vendor>_<product>_raw`, or through the source that their content tells. A token of the configuration works as a
//! key too; its events are of vendor and product `unknown`. Bodies are JSON objects, a line each, an array or one
//! behind the other, or lines of raw text, CEF or LEEF; lines of CEF and LEEF name vendor and product themselves.
//! The answer is `{"error":"false"}` once the events are on disk.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::json;

use super::{Intake, Json, denied, forbidden, parts};
use crate::auth::{Caller, digest};
use crate::body;
use crate::error::IntakeError;
use crate::pipeline::{Mapped, Target};

/// Vendor and product that nobody named.
const UNKNOWN: &str = "unknown";

/// A collector of the configuration.
#[derive(Clone, Debug)]
pub struct Collector {
    /// SHA-256 of its key.
    key: [u8; 32],
    vendor: String,
    product: String,
}

impl Collector {
    /// A collector with its key.
    pub fn new(key: &str, vendor: &str, product: &str) -> Self {
        Self { key: digest(key), vendor: vendor.to_owned(), product: product.to_owned() }
    }
}

/// Who sends, and what its events are of.
struct Sender {
    /// None for a key of a collector, which may send what comes with it.
    caller: Option<Caller>,
    vendor: String,
    product: String,
}

pub(super) fn router(intake: Arc<Intake>) -> Router {
    Router::new()
        .route("/logs/v1/event", post(events))
        .route("/logs/v1/event/", post(events))
        .with_state(intake)
}

async fn events(State(intake): State<Arc<Intake>>, request: Request) -> Response {
    let key = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let own = key.and_then(|key| {
        let digest = digest(key.trim());
        intake.collectors.iter().find(|collector| collector.key == digest)
    });
    let sender = match own {
        Some(own) => Sender { caller: None, vendor: own.vendor.clone(), product: own.product.clone() },
        None => match intake.caller(request.headers()) {
            Err(reason) => return denied(reason),
            Ok(caller) => {
                Sender { caller: Some(caller), vendor: UNKNOWN.to_owned(), product: UNKNOWN.to_owned() }
            }
        },
    };
    match take(&intake, sender, request).await {
        Ok(None) => Json(json!({ "error": "false" })).into_response(),
        Ok(Some(refused)) => forbidden(&refused),
        Err(error) => error.into_response(),
    }
}

async fn take(intake: &Arc<Intake>, sender: Sender, request: Request) -> Result<Option<String>, IntakeError> {
    let (headers, body) = parts(request);
    let (bytes, _room) = intake.body(&headers, body).await?;
    let size = bytes.len();
    let (vendor, product) = (sender.vendor, sender.product);
    let mapped = intake.work(move |intake| {
        let bytes = intake.decompress(bytes)?;
        let records = body::split(&bytes, atalanta_sources::Framing::Lines);
        if records.is_empty() {
            return Err(IntakeError::Request("the body holds no event".to_owned()));
        }
        let mut datasets: BTreeMap<String, Vec<(u64, &[u8])>> = BTreeMap::new();
        for record in records {
            let (own_vendor, own_product) = named(record.1).unwrap_or_default();
            let part = |own: String, given: &str| if own.is_empty() { given.to_owned() } else { own };
            let name = dataset(&part(own_vendor, &vendor), &part(own_product, &product));
            datasets.entry(name).or_default().push(record);
        }
        let map = |(name, records): (String, Vec<(u64, &[u8])>)| {
            intake.pipeline.map(&records, &Target::Detect(name), "http/collector")
        };
        datasets.into_iter().map(map).collect::<Result<Vec<Mapped>, _>>()
    });
    let mapped = mapped.await?;
    if let Some(caller) = &sender.caller
        && let Some(refused) = mapped.iter().find(|one| !caller.sends(&one.source))
    {
        return Ok(Some(refused.source.clone()));
    }
    intake.keep("collector", size, mapped).await?;
    Ok(None)
}

/// `<vendor>_<product>_raw`, in small letters, with `_` for what a name cannot have.
fn dataset(vendor: &str, product: &str) -> String {
    let part = |text: &str| -> String {
        let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
        text.chars().take(40).map(letter).collect()
    };
    let name = format!("{}_{}_raw", part(vendor), part(product));
    if name.starts_with(|c: char| c.is_ascii_alphabetic()) { name } else { format!("x{name}") }
}

/// Vendor and product of a line of CEF or LEEF, with or without a syslog header before it.
fn named(record: &[u8]) -> Option<(String, String)> {
    let text = std::str::from_utf8(record).ok()?;
    let head = text.find("CEF:").or_else(|| text.find("LEEF:"))?;
    // A syslog header is short; further behind the letters are somebody's text.
    if head > 200 || text.starts_with(['{', '[']) {
        return None;
    }
    let mut parts = text[head..].split('|').skip(1);
    Some((parts.next()?.trim().to_owned(), parts.next()?.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_cef_and_leef_name_their_dataset() {
        let of = |line: &str| named(line.as_bytes()).map(|(vendor, product)| dataset(&vendor, &product));
        let cef = "CEF:0|Acme Inc|LLM Gateway|1.0|100|blocked|7|src=10.0.0.1";
        assert_eq!(of(cef).as_deref(), Some("acme_inc_llm_gateway_raw"));
        assert_eq!(of(&format!("<13>Nov 21 10:00:00 gw {cef}")).as_deref(), Some("acme_inc_llm_gateway_raw"));
        assert_eq!(of("LEEF:2.0|IBM|Guard|1|4000|^|a=b").as_deref(), Some("ibm_guard_raw"));
        assert_eq!(of("plain text"), None);
        assert_eq!(of("{\"text\":\"CEF:0|a|b|\"}"), None);
        assert_eq!(of("CEF:0|only"), None);
        assert_eq!(dataset("1Password", "Events"), "x1password_events_raw");
        assert!(Target::parse(&dataset("../x", "é")).is_err() || !dataset("../x", "é").contains('/'));
    }
}

//! Elasticsearch's bulk API: `POST /_bulk` and `/<index>/_bulk`, for shippers that speak it.
//!
//! Documents are sent through the source that the index names or their content tells, else to the raw dataset
//! `elastic_<index>_raw`. `create` and `index` add a document; `update` and `delete` are refused, events do not change.
//! `GET /` answers as shippers expect it, who ask for the version first.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Map, Value, json};

use super::{Intake, Json, denied, parts};
use crate::error::IntakeError;
use crate::pipeline::{Mapped, Target};

/// The version whose protocol this follows.
const VERSION: &str = "8.17.0";
const PRODUCT: [(&str, &str); 1] = [("x-elastic-product", "Elasticsearch")];

pub(super) fn router(intake: Arc<Intake>) -> Router {
    Router::new()
        .route("/", get(about))
        .route("/_license", get(license))
        .route("/_cluster/health", get(health))
        .route("/_bulk", post(|state, request| bulk(state, None, request)))
        .route("/{index}/_bulk", post(of_index))
        .with_state(intake)
}

async fn about() -> Response {
    let body = json!({
        "name": "atalanta", "cluster_name": "atalanta", "cluster_uuid": "atalanta", "tagline": "You Know, for Search",
        "version": { "number": VERSION, "build_flavor": "default", "minimum_wire_compatibility_version": "7.17.0" },
    });
    (PRODUCT, Json(body)).into_response()
}

async fn license() -> Response {
    (PRODUCT, Json(json!({ "license": { "status": "active", "type": "basic", "uid": "atalanta" } })))
        .into_response()
}

async fn health() -> Response {
    (PRODUCT, Json(json!({ "cluster_name": "atalanta", "status": "green" }))).into_response()
}

async fn of_index(state: State<Arc<Intake>>, Path(index): Path<String>, request: Request) -> Response {
    bulk(state, Some(index), request).await
}

/// One line pair of a body.
struct Item<'a> {
    action: String,
    index: String,
    id: Value,
    document: Option<&'a [u8]>,
    /// (status, type, reason) where it cannot be taken.
    refused: Option<(u16, &'static str, String)>,
}

async fn bulk(State(intake): State<Arc<Intake>>, index: Option<String>, request: Request) -> Response {
    let started = Instant::now();
    let caller = match intake.caller(request.headers()) {
        Ok(caller) => caller,
        Err(reason) => return denied(reason),
    };
    let (headers, body) = parts(request);
    let done = async {
        let (bytes, _room) = intake.body(&headers, body).await?;
        let size = bytes.len();
        let mapped = intake.work(move |intake| {
            let text = intake.decompress(bytes)?;
            let mut items = items(&text, index.as_deref())?;
            let mapped = map(intake, &mut items, |source| caller.sends(source))?;
            Ok((answers(&items), mapped))
        });
        let (answers, mapped) = mapped.await?;
        intake.keep("bulk", size, mapped).await?;
        Ok(answers)
    };
    match done.await {
        Ok((errors, items)) => {
            let took = started.elapsed().as_millis() as u64;
            (PRODUCT, Json(json!({ "took": took, "errors": errors, "items": items }))).into_response()
        }
        Err(error) => refusal(&error),
    }
}

fn refusal(error: &IntakeError) -> Response {
    let kind = match error {
        IntakeError::Busy { .. } => "es_rejected_execution_exception",
        IntakeError::TooLarge(_) => "content_too_long_exception",
        IntakeError::Server(_) => "exception",
        _ => "illegal_argument_exception",
    };
    // Shippers try again on 429.
    let status = match error {
        IntakeError::Busy { .. } => StatusCode::TOO_MANY_REQUESTS,
        other => super::status(other),
    };
    let cause = json!({ "type": kind, "reason": error.to_string() });
    let body = json!({ "error": { "root_cause": [cause], "type": kind, "reason": error.to_string() },
        "status": status.as_u16() });
    super::with_retry((status, PRODUCT, Json(body)).into_response(), error)
}

/// Reads the pairs of lines; a body whose lines cannot be told apart is refused as a whole.
fn items<'a>(text: &'a [u8], index: Option<&str>) -> Result<Vec<Item<'a>>, IntakeError> {
    let mut lines = (1u64..).zip(text.split(|byte| *byte == b'\n'));
    let mut items = Vec::new();
    while let Some((number, line)) = lines.next() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let bad = |what: &str| IntakeError::Request(format!("line {number} of the bulk body: {what}"));
        let action: Map<String, Value> =
            serde_json::from_slice(line).map_err(|_| bad("expected an action such as {\"create\":{}}"))?;
        let Some((action, about)) = action.into_iter().next() else { return Err(bad("expected an action")) };
        let named = about["_index"].as_str().or(index).unwrap_or_default().to_owned();
        let mut item = Item { action, index: named, id: about["_id"].clone(), document: None, refused: None };
        if item.action != "delete" {
            item.document = lines.next().map(|(_, line)| line.trim_ascii()).filter(|line| !line.is_empty());
        }
        check(&mut item);
        items.push(item);
    }
    if items.is_empty() {
        return Err(IntakeError::Request("the bulk body holds no action".to_owned()));
    }
    Ok(items)
}

fn check(item: &mut Item<'_>) {
    let refuse = |kind, reason: &str| Some((400, kind, reason.to_owned()));
    item.refused = match item.action.as_str() {
        "create" | "index" if item.document.is_none() => {
            refuse("illegal_argument_exception", "an action without a document")
        }
        "create" | "index" if item.index.is_empty() => {
            refuse("illegal_argument_exception", "no index is named")
        }
        "create" | "index" => None,
        _ => refuse("illegal_argument_exception", "events do not change: expected `create` or `index`"),
    };
}

/// Maps the documents of each index together.
fn map(
    intake: &Intake,
    items: &mut [Item<'_>],
    may_send: impl Fn(&str) -> bool,
) -> Result<Vec<Mapped>, IntakeError> {
    let mut by_index: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, item) in items.iter().enumerate().filter(|(_, item)| item.refused.is_none()) {
        by_index.entry(item.index.clone()).or_default().push(at);
    }
    let mut out = Vec::new();
    for (index, places) in by_index {
        let records: Vec<(u64, &[u8])> =
            places.iter().map(|at| (*at as u64 + 1, items[*at].document.unwrap_or_default())).collect();
        let mapped = intake.pipeline.map(&records, &target(&index), "bulk")?;
        if may_send(&mapped.source) {
            out.push(mapped);
            continue;
        }
        let reason = format!("the token may not send `{}`", mapped.source);
        for at in places {
            items[at].refused = Some((403, "security_exception", reason.clone()));
        }
    }
    Ok(out)
}

/// `logs-otlp-default` and `otlp` name a source; other indexes a raw dataset, unless the content says more.
fn target(index: &str) -> Target {
    let words = std::iter::once(index).chain(index.split(['-', '.']));
    for word in words {
        if let Ok(target @ Target::Source(_)) = Target::parse(word) {
            return target;
        }
    }
    let name: String = index
        .chars()
        .take(80)
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' })
        .collect();
    Target::Detect(format!("elastic_{name}_raw"))
}

fn answers(items: &[Item<'_>]) -> (bool, Vec<Value>) {
    let answer = |item: &Item<'_>| {
        let mut body = json!({ "_index": item.index, "_id": item.id });
        match &item.refused {
            None => {
                body["status"] = 201.into();
                body["result"] = "created".into();
            }
            Some((status, kind, reason)) => {
                body["status"] = (*status).into();
                body["error"] = json!({ "type": kind, "reason": reason });
            }
        }
        json!({ item.action.as_str(): body })
    };
    (items.iter().any(|item| item.refused.is_some()), items.iter().map(answer).collect())
}

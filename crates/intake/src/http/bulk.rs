//! Elasticsearch's bulk API: `POST` or `PUT /_bulk` and `/<index>/_bulk`, for shippers that speak it.
//!
//! Documents are sent through the source that the index names or their content tells, else to the raw dataset
//! `elastic_<index>_raw`. `create` and `index` add a document; `update` and `delete` are refused, events do not change.
//! `GET /` answers as shippers expect it, who ask for the version first.

mod items;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, get, on};
use serde_json::{Value, json};

use super::{Intake, Json, denied, parts};
use crate::error::IntakeError;
use crate::pipeline::{Mapped, Target};

use items::{Item, items};

/// The version whose protocol this follows.
const VERSION: &str = "8.17.0";
const PRODUCT: [(&str, &str); 1] = [("x-elastic-product", "Elasticsearch")];

pub(super) fn router(intake: Arc<Intake>) -> Router {
    let methods = MethodFilter::POST.or(MethodFilter::PUT);
    Router::new()
        .route("/", get(about))
        .route("/_license", get(license))
        .route("/_cluster/health", get(health))
        .route("/_bulk", on(methods, |state, request| bulk(state, None, request)))
        .route("/{index}/_bulk", on(methods, of_index))
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
    error.log();
    let kind = match error {
        IntakeError::Busy { .. } => "es_rejected_execution_exception",
        IntakeError::TooLarge(_) => "content_too_long_exception",
        IntakeError::Storage(_) => "unavailable_shards_exception",
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

//! The server's own paths: health, metrics, datasets, queries.

use std::sync::Arc;

use atalanta_intake::http::{Json, denied};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::json;

use crate::{Shared, datasets, evidence, metrics, quarantine, query};

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .route("/api/v1/datasets", get(datasets))
        .route("/api/v1/query", post(query::answer))
        .route("/api/v1/evidence", post(evidence::answer))
        .route("/api/v1/quarantine/replay", post(quarantine::answer))
        .with_state(shared)
}

/// Ready when rows reach the tables; the log may still take rows when it is not.
async fn ready(State(shared): State<Arc<Shared>>) -> Response {
    match shared.store.gauges().trouble {
        None => "ready\n".into_response(),
        Some(trouble) => (StatusCode::SERVICE_UNAVAILABLE, format!("{trouble}\n")).into_response(),
    }
}

async fn metrics(State(shared): State<Arc<Shared>>) -> Response {
    let page = metrics::page(&shared);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], page).into_response()
}

async fn datasets(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    if let Some(refusal) = no_right_to_ask(&shared, &headers) {
        return refusal;
    }
    match query::off_thread(move || datasets::list(&shared)).await {
        Ok(list) => Json(list).into_response(),
        Err(error) => query::refusal(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

/// The answer to a request that may not read data.
pub(crate) fn no_right_to_ask(shared: &Shared, headers: &HeaderMap) -> Option<Response> {
    match shared.intake.caller(headers) {
        Err(reason) => Some(denied(reason)),
        Ok(caller) if caller.asks() => None,
        Ok(_) => {
            let body = Json(json!({ "error": "the token may not query; its rights lack `query`" }));
            Some((StatusCode::FORBIDDEN, body).into_response())
        }
    }
}

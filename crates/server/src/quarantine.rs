//! `POST /api/v1/quarantine/replay`: records of the quarantine are mapped again.
//!
//! The request is `{"ids": ["…"], "source": "otlp", "as": "litellm_proxy"}`, all optional: records of these ids, or of
//! this source, or all of them; `as` maps them as another source. The answer is `{"records": n, "events": n, "failed":
//! [["id", "reason"]]}`; what was mapped is on disk then and no longer listed, what failed stays where it is.

use std::sync::Arc;

use atalanta_intake::http::{Json, denied};
use atalanta_intake::quarantine::{Selection, replay};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::Shared;
use crate::query;

pub(crate) async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let caller = match shared.intake.caller(request.headers()) {
        Ok(caller) => caller,
        Err(reason) => return denied(reason),
    };
    let selection: Selection = match query::read(request, "a selection").await {
        Ok(selection) => selection,
        Err(refused) => return refused,
    };
    let pipeline = Arc::clone(&shared.intake.pipeline);
    let done =
        tokio::task::spawn_blocking(move || replay(&pipeline, &selection, |source| caller.sends(source)));
    match done.await {
        Ok(Ok(done)) => {
            Json(json!({ "records": done.records, "events": done.events, "failed": done.failed }))
                .into_response()
        }
        Ok(Err(error)) => error.into_response(),
        Err(_) => query::refusal(StatusCode::INTERNAL_SERVER_ERROR, "internal error while replaying"),
    }
}

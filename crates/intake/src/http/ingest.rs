//! `POST /api/v1/ingest/<source>`: records of a source as they are, JSON or lines of text.
//!
//! The body is one object, an array, objects a line or one behind the other, or lines of text for sources that write
//! such; plain, gzip or zstd. `<source>` is the id of a source, `auto`, or a raw dataset whose name ends with `_raw`.
//! Records that a source joins (an MCP request with its answer) are joined over the requests of one token and address.
//! The answer 200 `{"records": n, "events": n, "quarantined": n}` comes when all rows are on disk.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::json;

use super::{Intake, Json, denied, forbidden, parts};
use crate::connections::Peer;
use crate::error::IntakeError;
use crate::pipeline::Target;

pub(super) fn router(intake: Arc<Intake>) -> Router {
    Router::new().route("/api/v1/ingest/{source}", post(ingest)).with_state(intake)
}

async fn ingest(State(intake): State<Arc<Intake>>, Path(word): Path<String>, request: Request) -> Response {
    let caller = match intake.caller(request.headers()) {
        Ok(caller) => caller,
        Err(reason) => return denied(reason),
    };
    let target = match Target::parse(&word) {
        Ok(target) => target,
        Err(error) => return error.into_response(),
    };
    if !caller.sends(target.name()) {
        return forbidden(target.name());
    }
    let address =
        request.extensions().get::<Peer>().map_or("-".to_owned(), |Peer(peer)| peer.ip().to_string());
    let sender = format!("{}/{address}", caller.name());
    match take(&intake, target, sender, request).await {
        Ok(response) => response,
        Err(error) => error.into_response(),
    }
}

async fn take(
    intake: &Arc<Intake>,
    target: Target,
    sender: String,
    request: Request,
) -> Result<Response, IntakeError> {
    let (headers, body) = parts(request);
    let (bytes, _room) = intake.body(&headers, body).await?;
    let size = bytes.len();
    let mapped = intake.work(move |intake| {
        let text = intake.decompress(bytes)?;
        let place = format!("http/{}", target.name());
        intake.map_body(&text, &target, &place, &sender)
    });
    let mapped = mapped.await?;
    if mapped.records == 0 {
        return Err(IntakeError::Request("the body holds no record".to_owned()));
    }
    let source = mapped.source.clone();
    let kept = intake.keep("http", size, vec![mapped]).await?;
    let answer = json!({
        "source": source,
        "records": kept.records,
        "events": kept.events,
        "quarantined": kept.quarantined,
    });
    Ok(Json(answer).into_response())
}

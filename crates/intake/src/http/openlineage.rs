//! OpenLineage: `POST /api/v1/lineage`, the path of its HTTP transport.
//!
//! The body is one event: of a run, of a dataset or of a job. It goes to the source `openlineage`.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Map, Value};

use super::webhook::target;
use super::{Intake, denied, forbidden, parts};
use crate::error::IntakeError;
use crate::pipeline::Target;

/// Dataset while no source reads these events.
const RAW: &str = "openlineage_raw";

pub(super) fn router(intake: Arc<Intake>) -> Router {
    Router::new().route("/api/v1/lineage", post(event)).with_state(intake)
}

async fn event(State(intake): State<Arc<Intake>>, request: Request) -> Response {
    let target = target(&["openlineage"], RAW);
    match intake.caller(request.headers()) {
        Err(reason) => return denied(reason),
        Ok(caller) if !caller.sends(target.name()) => return forbidden(target.name()),
        Ok(_) => {}
    }
    match take(&intake, target, request).await {
        Ok(()) => StatusCode::CREATED.into_response(),
        Err(error) => error.into_response(),
    }
}

async fn take(intake: &Arc<Intake>, target: Target, request: Request) -> Result<(), IntakeError> {
    let (headers, body) = parts(request);
    let (bytes, _room) = intake.body(&headers, body).await?;
    let size = bytes.len();
    let mapped = intake.work(move |intake| {
        let bytes = intake.decompress(bytes)?;
        check(&bytes)?;
        intake.pipeline.map(&[(1, &bytes)], &target, "http/openlineage")
    });
    intake.keep("openlineage", size, vec![mapped.await?]).await?;
    Ok(())
}

/// Events of all three kinds have a time and at least one of run, job and dataset.
fn check(bytes: &[u8]) -> Result<(), IntakeError> {
    let event: Map<String, Value> = serde_json::from_slice(bytes)
        .map_err(|error| IntakeError::Request(format!("expected an OpenLineage event: {error}")))?;
    if !event.contains_key("eventTime") {
        return Err(IntakeError::Request("expected an OpenLineage event, found no eventTime".to_owned()));
    }
    if !["run", "job", "dataset"].iter().any(|name| event.contains_key(*name)) {
        return Err(IntakeError::Request("expected run, job or dataset in an OpenLineage event".to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_of_all_kinds() {
        for good in [r#"{"eventTime":"t","run":{},"job":{}}"#, r#"{"eventTime":"t","dataset":{}}"#] {
            assert!(check(good.as_bytes()).is_ok());
        }
        for bad in ["", "[]", "{}", r#"{"eventTime":"t"}"#, r#"{"run":{}}"#] {
            assert!(check(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}

//! The audit webhook of Kubernetes: `POST /webhooks/k8s_audit`, as `--audit-webhook-config-file` of kube-apiserver
//! sends it.
//!
//! The body is an `EventList`; each of its items is a record of the source `k8s_audit`. The API server authenticates
//! with the token of its kubeconfig file, or with a client certificate.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::json;

use super::webhook::target;
use super::{Intake, Json, denied, forbidden, parts};
use crate::body;
use crate::error::IntakeError;
use crate::pipeline::Target;

/// Dataset while no source reads these events.
const RAW: &str = "kubernetes_audit_raw";

pub(super) fn router(intake: Arc<Intake>) -> Router {
    Router::new().route("/webhooks/k8s_audit", post(events)).with_state(intake)
}

async fn events(State(intake): State<Arc<Intake>>, request: Request) -> Response {
    let target = target(&["k8s_audit"], RAW);
    match intake.caller(request.headers()) {
        Err(reason) => return denied(reason),
        Ok(caller) if !caller.sends(target.name()) => return forbidden(target.name()),
        Ok(_) => {}
    }
    match take(&intake, target, request).await {
        Ok(response) => response,
        Err(error) => error.into_response(),
    }
}

async fn take(intake: &Arc<Intake>, target: Target, request: Request) -> Result<Response, IntakeError> {
    let (headers, body) = parts(request);
    let (bytes, _room) = intake.body(&headers, body).await?;
    let size = bytes.len();
    let mapped = intake.work(move |intake| {
        let bytes = intake.decompress(bytes)?;
        let records = items(&bytes)?;
        if records.is_empty() {
            Ok(None)
        } else {
            intake.pipeline.map(&records, &target, "http/k8s_audit").map(Some)
        }
    });
    let Some(mapped) = mapped.await? else { return Ok(Json(json!({ "records": 0 })).into_response()) };
    let kept = intake.keep("k8s_audit", size, vec![mapped]).await?;
    Ok(Json(json!({ "records": kept.records })).into_response())
}

/// The items of an `audit.k8s.io` list as they were written.
fn items(bytes: &[u8]) -> Result<Vec<(u64, &[u8])>, IntakeError> {
    let wrong = |what: &str| IntakeError::Request(format!("expected an EventList of audit.k8s.io: {what}"));
    let members = atalanta_sources::members(bytes).ok_or_else(|| wrong("the body is no JSON object"))?;
    let member = |name: &str| members.iter().find(|(own, _)| own == name).map(|(_, value)| *value);
    if member("kind") != Some(b"\"EventList\"") {
        return Err(wrong("its kind is another one"));
    }
    let Some(items) = member("items") else { return Ok(Vec::new()) };
    body::array(items).ok_or_else(|| wrong("its items are no array"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_records() {
        let body = br#"{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[{"auditID":"a"},{"auditID":"b","n":1.0}]}"#;
        let found: Vec<&[u8]> = items(body).unwrap().into_iter().map(|(_, bytes)| bytes).collect();
        assert_eq!(found, [br#"{"auditID":"a"}"#.as_slice(), br#"{"auditID":"b","n":1.0}"#]);
        assert!(items(br#"{"kind":"EventList"}"#).unwrap().is_empty());
        for bad in
            [br#"{"kind":"Event"}"#.as_slice(), b"{}", b"[]", b"x", br#"{"kind":"EventList","items":{}}"#]
        {
            assert!(matches!(items(bad), Err(IntakeError::Request(_))));
        }
    }
}

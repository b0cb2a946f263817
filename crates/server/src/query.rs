//! `POST /api/v1/query`: a query over everything that was acknowledged before it began.
//!
//! The request is `{"query": "…", "strict": false, "now": "2026-11-21T10:00:00Z", "limit": 1000, "since": "…", "until":
//! "…", "provenance": false}`, all but `query` optional. A `config timeframe` of the query wins over `since` and
//! `until`; `provenance` adds the place of each event as `_path` and `_line`. With `Accept:
//! application/vnd.apache.arrow.stream` the rows come as an Arrow IPC stream whose schema metadata has `atalanta.rows`,
//! `atalanta.elapsed_us` and, if rows were cut, `atalanta.cut_at`; else as JSON
//! `{"rows": [{…}], "cut_at": null, "elapsed_us": 1}` with nulls left out and times in RFC 3339.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use arrow::datatypes::Schema;
use arrow::ipc::writer::StreamWriter;
use atalanta_diag::Severity;
use atalanta_engine::error::EngineError;
use atalanta_engine::row_json;
use atalanta_engine::session::{Outcome, Session, SessionOptions};
use atalanta_intake::http::Json;
use atalanta_xql::env::{Env, Mode};
use atalanta_xql::ir::Plan;
use atalanta_xql::rules::Models;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Shared;
use crate::api::no_right_to_ask;

/// Media type of Arrow IPC streams.
pub(crate) const ARROW: &str = "application/vnd.apache.arrow.stream";

/// Longest request.
const MAX_REQUEST: usize = 1 << 20;

/// Stack of the thread that checks and runs a query.
const STACK: usize = 256 << 20;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    query: String,
    #[serde(default)]
    strict: bool,
    now: Option<String>,
    limit: Option<usize>,
    since: Option<String>,
    until: Option<String>,
    #[serde(default)]
    provenance: bool,
}

/// Why there is no result.
pub(crate) enum Failure {
    /// Errors of the query: code, message, line and column.
    Query(Vec<Value>),
    Engine(EngineError),
}

pub(crate) async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    if let Some(refusal) = no_right_to_ask(&shared, request.headers()) {
        return refusal;
    }
    let accepts = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let arrow = accepts.is_some_and(|accepts| accepts.contains(ARROW));
    let asked: Asked = match read(request, "a query").await {
        Ok(asked) => asked,
        Err(refused) => return refused,
    };
    let own = Arc::clone(&shared);
    match in_turn(&shared, move || run(&own, &asked).and_then(|outcome| encode(&outcome, arrow))).await {
        Ok(body) => {
            let kind = if arrow { ARROW } else { "application/json" };
            ([(header::CONTENT_TYPE, kind)], body).into_response()
        }
        Err(refused) => refused,
    }
}

/// Reads a request in JSON; else the answer to it.
pub(crate) async fn read<T: serde::de::DeserializeOwned>(
    request: Request,
    what: &str,
) -> Result<T, Response> {
    let Ok(bytes) = axum::body::to_bytes(request.into_body(), MAX_REQUEST).await else {
        return Err(refusal(StatusCode::PAYLOAD_TOO_LARGE, "a query may have 1 MiB at most"));
    };
    serde_json::from_slice(&bytes)
        .map_err(|error| refusal(StatusCode::BAD_REQUEST, &format!("expected {what} as JSON: {error}")))
}

/// Runs a query if not too many are running; else the answer that says so, or why it failed.
pub(crate) async fn in_turn<T: Send + 'static>(
    shared: &Arc<Shared>,
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Response> {
    let Ok(_turn) = shared.queries.try_acquire() else {
        shared.counts.refused.fetch_add(1, Ordering::Relaxed);
        let message = format!("{} queries are running, which is the limit", shared.config.query.parallel);
        let mut response = refusal(StatusCode::TOO_MANY_REQUESTS, &message);
        response.headers_mut().insert(header::RETRY_AFTER, 1.into());
        return Err(response);
    };
    let done = off_thread(move || Ok(work())).await.unwrap_or_else(|error| Err(Failure::Engine(error)));
    let count = if done.is_ok() { &shared.counts.done } else { &shared.counts.failed };
    count.fetch_add(1, Ordering::Relaxed);
    done.map_err(explain)
}

/// Runs work that blocks, with the stack that deep plans need; a panic is an error.
pub(crate) async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, EngineError> + Send + 'static,
) -> Result<T, EngineError> {
    let (done, result) = tokio::sync::oneshot::channel();
    let thread = std::thread::Builder::new().name("query".to_owned()).stack_size(STACK);
    let thread = thread.spawn(move || {
        // Whoever asked may have gone.
        let _ = done.send(work());
    });
    thread.map_err(|error| EngineError::Environment(format!("cannot start a thread: {error}")))?;
    result.await.unwrap_or_else(|_| Err(EngineError::internal("the query panicked")))
}

fn run(shared: &Shared, asked: &Asked) -> Result<Outcome, Failure> {
    let session = session(shared, asked)?;
    let plan = plan(&session, asked)?;
    let prepared = session.prepare(&plan).map_err(Failure::Engine)?;
    let outcome = prepared.run().map_err(Failure::Engine)?;
    if outcome.pages.damaged > 0 {
        let maps = outcome.pages.damaged;
        tracing::warn!(
            maps,
            "damaged text maps, pages were read in full: `atalanta store verify` names the files"
        );
    }
    let millis = outcome.elapsed.as_millis() as u64;
    shared.counts.millis.fetch_add(millis, Ordering::Relaxed);
    Ok(outcome)
}

/// A session over everything that is acknowledged now.
pub(crate) fn session(shared: &Shared, asked: &Asked) -> Result<Session, Failure> {
    let limits = &shared.config.query;
    let options = SessionOptions {
        threads: limits.threads,
        memory_limit: limits.memory,
        max_rows: asked.limit.map_or(limits.rows, |limit| limit.min(limits.rows)),
        timeout: Some(limits.timeout),
        now: match &asked.now {
            None => jiff::Timestamp::now(),
            Some(text) => text.parse().map_err(|_| Failure::Query(vec![not_a_time(text)]))?,
        },
        mode: if asked.strict { Mode::Strict } else { Mode::Compat },
        provenance: asked.provenance,
    };
    let mut session = Session::new(options).map_err(Failure::Engine)?;
    crate::datasets::fill(&mut session, &shared.store.snapshot(), shared.store.folder())
        .map_err(Failure::Engine)?;
    Ok(session)
}

/// The query, checked, within the range that was asked for.
pub(crate) fn plan(session: &Session, asked: &Asked) -> Result<Plan, Failure> {
    let env = Env { models: Arc::new(Models::builtin()), ..session.env() };
    let checked = atalanta_xql::check(&asked.query, &env);
    let errors: Vec<Value> = checked
        .diagnostics
        .iter()
        .filter(|one| one.severity == Severity::Error)
        .map(|one| {
            let (line, column) = place(&asked.query, one.span.start as usize);
            json!({ "code": one.code.0, "message": one.message, "line": line, "column": column })
        })
        .collect();
    if !errors.is_empty() {
        return Err(Failure::Query(errors));
    }
    let mut plan = checked.resolved.plan;
    if plan.target.is_some() {
        let message = "a query that ends in `target` does not run on a server";
        return Err(Failure::Engine(EngineError::unsupported(message)));
    }
    plan.within(asked.since.as_deref(), asked.until.as_deref());
    Ok(plan)
}

fn not_a_time(text: &str) -> Value {
    json!({ "message": format!("now: {text:?} is no time, expected RFC 3339 as in 2026-11-21T10:00:00Z") })
}

/// Line and column of a byte, from 1.
fn place(text: &str, at: usize) -> (usize, usize) {
    let before = &text.as_bytes()[..at.min(text.len())];
    let line = before.split(|byte| *byte == b'\n').count();
    let column = before.iter().rev().take_while(|byte| **byte != b'\n').count();
    (line, column + 1)
}

fn encode(outcome: &Outcome, arrow: bool) -> Result<Vec<u8>, Failure> {
    if !arrow {
        return Ok(json_rows(outcome).to_string().into_bytes());
    }
    let mut about = HashMap::from([
        ("atalanta.rows".to_owned(), outcome.rows.to_string()),
        ("atalanta.elapsed_us".to_owned(), outcome.elapsed.as_micros().to_string()),
    ]);
    if let Some(cut) = outcome.cut_at {
        about.insert("atalanta.cut_at".to_owned(), cut.to_string());
    }
    let schema = Schema::new_with_metadata(outcome.schema.fields().clone(), about);
    let write = || -> Result<Vec<u8>, arrow::error::ArrowError> {
        let mut out = Vec::new();
        let mut writer = StreamWriter::try_new(&mut out, &schema)?;
        for batch in &outcome.batches {
            writer.write(batch)?;
        }
        writer.finish()?;
        drop(writer);
        Ok(out)
    };
    write().map_err(|error| Failure::Engine(EngineError::from(error)))
}

fn json_rows(outcome: &Outcome) -> Value {
    let mut rows = Vec::with_capacity(outcome.rows);
    for batch in &outcome.batches {
        rows.extend((0..batch.num_rows()).map(|row| Value::Object(row_json::row(batch, row))));
    }
    json!({ "rows": rows, "cut_at": outcome.cut_at, "elapsed_us": outcome.elapsed.as_micros() as u64 })
}

fn explain(failure: Failure) -> Response {
    match failure {
        Failure::Query(errors) => {
            let first =
                errors.first().and_then(|error| error["message"].as_str()).unwrap_or_default().to_owned();
            (StatusCode::BAD_REQUEST, Json(json!({ "error": first, "diagnostics": errors }))).into_response()
        }
        Failure::Engine(error) => {
            let status = match &error {
                EngineError::Query(_) => StatusCode::BAD_REQUEST,
                EngineError::Unsupported(_) => StatusCode::NOT_IMPLEMENTED,
                EngineError::Limit(_) => StatusCode::UNPROCESSABLE_ENTITY,
                _ => {
                    tracing::error!(%error, "a query failed");
                    StatusCode::INTERNAL_SERVER_ERROR
                }
            };
            refusal(status, &error.to_string())
        }
    }
}

pub(crate) fn refusal(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({ "error": message }))).into_response()
}

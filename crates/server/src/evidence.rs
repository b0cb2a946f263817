//! `POST /api/v1/evidence`: the events behind a row of a query that groups.
//!
//! The request is that of a query with `row`, the row of its result as an Arrow IPC stream in base64. The answer is
//! `{"total": n, "first": µs, "last": µs, "rows": [{"path": "…", "line": n, "time": µs, "row": "…"}]}`; `row` is an
//! Arrow IPC stream of one row again, with the columns that the query names and the event has.

use std::io::Cursor;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use atalanta_engine::error::EngineError;
use atalanta_intake::http::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Shared;
use crate::api::no_right_to_ask;
use crate::query::{self, Failure};

/// Most events that are given.
const MOST: usize = 100;

#[derive(Debug, Deserialize)]
struct Asked {
    #[serde(flatten)]
    query: query::Asked,
    row: String,
    #[serde(default)]
    events: usize,
}

pub(crate) async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    if let Some(refused) = no_right_to_ask(&shared, request.headers()) {
        return refused;
    }
    let asked: Asked = match query::read(request, "a query with a row of its result").await {
        Ok(asked) => asked,
        Err(refused) => return refused,
    };
    let own = Arc::clone(&shared);
    match query::in_turn(&shared, move || find(&own, &asked)).await {
        Ok(found) => Json(found).into_response(),
        Err(refused) => refused,
    }
}

fn find(shared: &Shared, asked: &Asked) -> Result<Value, Failure> {
    let row = read_row(&asked.row)?;
    let session = query::session(shared, &asked.query)?;
    let plan = query::plan(&session, &asked.query)?;
    let evidence = session.evidence(&plan, &row, 0, asked.events.min(MOST)).map_err(Failure::Engine)?;
    let mut rows = Vec::with_capacity(evidence.rows.len());
    for event in &evidence.rows {
        let row = write_row(&event.row).map_err(|error| Failure::Engine(EngineError::from(error)))?;
        rows.push(json!({ "path": event.path, "line": event.line, "time": event.time, "row": row }));
    }
    Ok(json!({ "total": evidence.total, "first": evidence.first, "last": evidence.last, "rows": rows }))
}

fn read_row(text: &str) -> Result<RecordBatch, Failure> {
    let wrong = |what: &str| Failure::Query(vec![json!({ "message": format!("row: {what}") })]);
    let bytes = STANDARD.decode(text).map_err(|_| wrong("expected base64"))?;
    let reader =
        StreamReader::try_new(Cursor::new(bytes), None).map_err(|error| wrong(&error.to_string()))?;
    for batch in reader {
        let batch = batch.map_err(|error| wrong(&error.to_string()))?;
        if batch.num_rows() == 1 {
            return Ok(batch);
        }
    }
    Err(wrong("expected an Arrow IPC stream of one row"))
}

fn write_row(row: &RecordBatch) -> Result<String, arrow::error::ArrowError> {
    let mut out = Vec::new();
    let mut writer = StreamWriter::try_new(&mut out, row.schema_ref())?;
    writer.write(row)?;
    writer.finish()?;
    drop(writer);
    Ok(STANDARD.encode(out))
}

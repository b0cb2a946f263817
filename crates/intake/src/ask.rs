//! Queries over the listeners' own datasets.

use arrow::array::{Array, AsArray, RecordBatch};
use atalanta_engine::session::{Session, SessionOptions};
use atalanta_store::Store;

use crate::error::IntakeError;

/// The rows of a query over one dataset; none if there is no such dataset.
pub(crate) fn rows(
    store: &Store,
    dataset: &str,
    stages: &str,
    most: usize,
) -> Result<Vec<RecordBatch>, IntakeError> {
    let snapshot = store.snapshot();
    if !snapshot.datasets.iter().any(|one| one.name == dataset) {
        return Ok(Vec::new());
    }
    let server = |error: &dyn std::fmt::Display| IntakeError::Server(format!("{dataset}: {error}"));
    let options = SessionOptions { max_rows: most, ..SessionOptions::default() };
    let mut session = Session::new(options).map_err(|error| server(&error))?;
    snapshot.fill(&mut session).map_err(|error| server(&error))?;
    let plan = atalanta_xql::check(&format!("dataset = {dataset} {stages}"), &session.env()).resolved.plan;
    let outcome = session.prepare(&plan).and_then(|prepared| prepared.run());
    Ok(outcome.map_err(|error| server(&error))?.batches)
}

/// A text of a row; empty if there is none.
pub(crate) fn text<'a>(batch: &'a RecordBatch, name: &str, row: usize) -> &'a str {
    let column = batch.column_by_name(name).and_then(|column| column.as_string_view_opt());
    column.filter(|column| column.is_valid(row)).map_or("", |column| column.value(row))
}

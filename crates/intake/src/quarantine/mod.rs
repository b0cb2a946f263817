//! What could not be mapped: rows of the dataset `atalanta_quarantine`, with the reason and the record as it came.

mod replay;

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch, StringViewArray};
use arrow::compute::{filter_record_batch, not};
use arrow::datatypes::{Field, Int64Type, Schema};
use serde_json::Value;

use crate::error::IntakeError;

pub use replay::{REPLAYED, Replayed, Selection, replay};

/// Name of the dataset.
pub const QUARANTINE: &str = "atalanta_quarantine";

/// What the mapper marks a record with that its decoder could not read.
const FAILED: &str = "error";

/// Splits mapped rows: (those that are events, those for the quarantine).
pub(crate) fn split(batch: RecordBatch) -> Result<(RecordBatch, Option<RecordBatch>), IntakeError> {
    let Some(status) = batch.column_by_name("parse_status").and_then(|column| column.as_string_view_opt())
    else {
        return Ok((batch, None));
    };
    let failed: BooleanArray = status.iter().map(|status| Some(status == Some(FAILED))).collect();
    if failed.true_count() == 0 {
        return Ok((batch, None));
    }
    let bad = filter_record_batch(&batch, &failed)?;
    let good = filter_record_batch(&batch, &not(&failed)?)?;
    Ok((good, Some(quarantined(&bad)?)))
}

fn quarantined(batch: &RecordBatch) -> Result<RecordBatch, IntakeError> {
    let text = |name: &str| batch.column_by_name(name).and_then(|column| column.as_string_view_opt());
    let reasons: StringViewArray = (0..batch.num_rows())
        .map(|row| {
            let attributes = text("attributes").filter(|column| column.is_valid(row));
            let attributes: Value = attributes
                .and_then(|column| serde_json::from_str(column.value(row)).ok())
                .unwrap_or_default();
            Some(attributes["parse_problem"].as_str().unwrap_or("could not be decoded").to_owned())
        })
        .collect();
    let mut fields = Vec::new();
    let mut columns: Vec<ArrayRef> = Vec::new();
    let mut add = |name: &str, column: ArrayRef| {
        fields.push(Field::new(name, column.data_type().clone(), true));
        columns.push(column);
    };
    let own = [
        ("_time", "ingest_time"),
        ("quarantine_id", "event_id"),
        ("source_name", "source_name"),
        ("raw", "raw"),
        ("listener", "_path"),
    ];
    for (name, from) in own {
        if let Some(column) = batch.column_by_name(from) {
            add(name, Arc::clone(column));
        }
    }
    add("reason", Arc::new(reasons));
    let lines =
        batch.column_by_name("_line").and_then(|column| column.as_primitive_opt::<Int64Type>().cloned());
    let lines: Int64Array = lines.unwrap_or_else(|| (0..batch.num_rows()).map(|_| None).collect());
    add("record_line", Arc::new(lines));
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}

//! Rows of a batch as JSON objects: nulls left out, times in RFC 3339.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use serde_json::{Map, Value};

/// Longest text of a value; the rest is cut.
const LONGEST: usize = 4096;

/// Whether a column is there for the program and not for people.
pub(crate) fn is_hidden(name: &str) -> bool {
    let numbered = |prefix: &str| {
        name.strip_prefix(prefix)
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()))
    };
    name.starts_with("__") || numbered("_path") || numbered("_line")
}

/// The row without nulls.
pub(crate) fn row(batch: &RecordBatch, row: usize) -> Map<String, Value> {
    let mut map = Map::new();
    for (field, column) in batch.schema_ref().fields().iter().zip(batch.columns()) {
        if is_hidden(field.name()) {
            continue;
        }
        let value = cell(column.as_ref(), row);
        if !value.is_null() {
            map.insert(field.name().clone(), value);
        }
    }
    map
}

/// One value, texts cut.
pub(crate) fn cell(column: &dyn Array, row: usize) -> Value {
    atalanta_engine::row_json::bounded(column, row, LONGEST)
}

/// A text as it stands in a column of texts.
pub(crate) fn plain(column: &dyn Array, row: usize) -> Option<&str> {
    if column.is_null(row) {
        return None;
    }
    match column.data_type() {
        DataType::Utf8View => Some(column.as_string_view().value(row)),
        DataType::Utf8 => Some(column.as_string::<i32>().value(row)),
        _ => None,
    }
}

/// The number in a column of numbers.
pub(crate) fn number(column: &dyn Array, row: usize) -> Option<f64> {
    if column.is_null(row) {
        return None;
    }
    match column.data_type() {
        DataType::Int64 => Some(column.as_primitive::<Int64Type>().value(row) as f64),
        DataType::Float64 => Some(column.as_primitive::<Float64Type>().value(row)),
        _ => None,
    }
}

/// µs as RFC 3339.
pub(crate) fn time(micros: i64) -> String {
    jiff::Timestamp::from_microsecond(micros).map_or_else(|_| micros.to_string(), |time| time.to_string())
}

/// A value as plain text: lists joined by commas.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => Some(items.iter().filter_map(text).collect::<Vec<_>>().join(", ")),
        other => Some(other.to_string()),
    }
}

/// The time of a row, µs.
pub(crate) fn time_of(batch: &RecordBatch, row: usize) -> Option<i64> {
    let (at, _) = batch.schema_ref().column_with_name("_time")?;
    let column = batch.column(at);
    match column.data_type() {
        DataType::Timestamp(TimeUnit::Microsecond, _) if column.is_valid(row) => {
            Some(column.as_primitive::<TimestampMicrosecondType>().value(row))
        }
        _ => None,
    }
}

/// The newest time among the rows, µs.
pub(crate) fn newest(batch: &RecordBatch) -> Option<i64> {
    let column = batch.column_by_name("_time")?;
    match column.data_type() {
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            arrow::compute::max(column.as_primitive::<TimestampMicrosecondType>())
        }
        _ => None,
    }
}

/// The column of this name, ignoring case.
pub(crate) fn column(batch: &RecordBatch, name: &str) -> Option<usize> {
    batch.schema_ref().fields().iter().position(|field| field.name().eq_ignore_ascii_case(name))
}

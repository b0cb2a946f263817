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

/// One value.
pub(crate) fn cell(column: &dyn Array, row: usize) -> Value {
    if column.is_null(row) {
        return Value::Null;
    }
    match column.data_type() {
        DataType::Utf8View => cut(column.as_string_view().value(row)).into(),
        DataType::Utf8 => cut(column.as_string::<i32>().value(row)).into(),
        DataType::Boolean => column.as_boolean().value(row).into(),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).into(),
        DataType::Float64 => column.as_primitive::<Float64Type>().value(row).into(),
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            time(column.as_primitive::<TimestampMicrosecondType>().value(row)).into()
        }
        DataType::List(_) => {
            let items = column.as_list::<i32>().value(row);
            (0..items.len()).map(|item| cell(&items, item)).collect::<Vec<_>>().into()
        }
        _ => arrow::util::display::array_value_to_string(column, row)
            .map_or(Value::Null, |text| cut(&text).into()),
    }
}

fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(LONGEST)).unwrap_or(text)
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
        Value::Array(items) => Some(items.iter().filter_map(text_of).collect::<Vec<_>>().join(", ")),
        other => Some(other.to_string()),
    }
}

fn text_of(value: &Value) -> Option<String> {
    text(value)
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

/// The column of this name, ignoring case.
pub(crate) fn column(batch: &RecordBatch, name: &str) -> Option<usize> {
    batch.schema_ref().fields().iter().position(|field| field.name().eq_ignore_ascii_case(name))
}

//! Cells as text: tables of the specification to Arrow, results of queries to comparable texts.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, RecordBatch, StringViewArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow::util::display::array_value_to_string;
use atalanta_engine::time_text::parse_timestamp;
use atalanta_schema::Type;
use serde_json::Value;

/// The cells of one line: separated by ` | `, blanks around them do not count.
pub fn split(line: &str) -> Vec<String> {
    let line = line.trim();
    let line = line.strip_prefix("| ").unwrap_or(line);
    let line = line.strip_suffix(" |").unwrap_or(line);
    line.split(" | ").map(|cell| cell.trim().to_owned()).collect()
}

/// Whether a line is the rule between header and rows.
pub fn is_rule(line: &str) -> bool {
    line.contains('-') && line.chars().all(|c| matches!(c, '|' | '-' | ' ' | ':'))
}

/// A table block as a record batch: the header is `name type`, string where no type is written.
pub fn batch(lines: &[String]) -> Result<RecordBatch, String> {
    let mut lines = lines.iter().filter(|line| !line.trim().is_empty() && !is_rule(line));
    let header = split(lines.next().ok_or("a table has a header")?);
    let mut columns: Vec<(String, Type, Vec<Option<Value>>)> = Vec::new();
    for cell in header {
        let (name, ty) = cell.split_once(' ').unwrap_or((&cell, "string"));
        let parsed = Type::parse(ty).ok_or_else(|| format!("`{ty}` is no type"))?;
        columns.push((name.to_owned(), parsed, Vec::new()));
    }
    for line in lines {
        let cells = split(line);
        if cells.len() != columns.len() {
            return Err(format!("{} cells under {} columns: {line}", cells.len(), columns.len()));
        }
        for (cell, (_, ty, values)) in cells.iter().zip(&mut columns) {
            values.push(value(cell, ty)?);
        }
    }
    let arrays = columns.into_iter().map(|(name, ty, values)| (name, array(&ty, &values), true));
    RecordBatch::try_from_iter_with_nullable(arrays).map_err(|error| error.to_string())
}

/// `null` is null, quotes make JSON text of a string, arrays are JSON.
fn value(cell: &str, ty: &Type) -> Result<Option<Value>, String> {
    if cell == "null" {
        return Ok(None);
    }
    let textual = matches!(ty, Type::String | Type::Timestamp | Type::Json | Type::Any | Type::Null);
    if textual && !cell.starts_with('"') {
        return Ok(Some(Value::String(cell.to_owned())));
    }
    serde_json::from_str(cell).map(Some).map_err(|error| format!("`{cell}`: {error}"))
}

fn array(ty: &Type, values: &[Option<Value>]) -> ArrayRef {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    let each = || values.iter().map(|value| value.as_ref().filter(|value| !value.is_null()));
    match ty {
        Type::Bool => Arc::new(each().map(|v| v.and_then(Value::as_bool)).collect::<BooleanArray>()),
        Type::Int => Arc::new(each().map(|v| v.and_then(Value::as_i64)).collect::<Int64Array>()),
        Type::Float => Arc::new(each().map(|v| v.and_then(Value::as_f64)).collect::<Float64Array>()),
        Type::Timestamp => {
            let at = each().map(|v| v.map(|v| parse_timestamp(&text(v)).unwrap()));
            Arc::new(at.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
        }
        Type::Array(element) => {
            let lists: Vec<Option<Vec<Option<Value>>>> = each()
                .map(|v| v.map(|v| v.as_array().unwrap().iter().map(|v| Some(v.clone())).collect()))
                .collect();
            let flat: Vec<Option<Value>> = lists.iter().flatten().flatten().cloned().collect();
            let lengths = lists.iter().map(|list| list.as_ref().map_or(0, Vec::len));
            let offsets = arrow::buffer::OffsetBuffer::from_lengths(lengths);
            let nulls = lists.iter().map(Option::is_some).collect::<arrow::buffer::NullBuffer>();
            let inner = array(element, &flat);
            let field = Arc::new(arrow::datatypes::Field::new_list_field(inner.data_type().clone(), true));
            Arc::new(arrow::array::ListArray::new(field, offsets, inner, Some(nulls)))
        }
        _ => Arc::new(each().map(|v| v.map(text)).collect::<StringViewArray>()),
    }
}

/// A value as JSON; timestamps are `YYYY-MM-DD HH:MM:SS[.fraction]`.
pub fn json(array: &ArrayRef, row: usize) -> Value {
    if array.is_null(row) {
        return Value::Null;
    }
    match array.data_type() {
        DataType::Boolean => Value::Bool(array.as_boolean().value(row)),
        DataType::Int64 => Value::from(array.as_primitive::<Int64Type>().value(row)),
        DataType::Float64 => Value::from(array.as_primitive::<Float64Type>().value(row)),
        DataType::Timestamp(..) => {
            let ty = DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, None);
            let array = arrow::compute::cast(array, &ty).unwrap();
            let at = array.as_primitive::<TimestampMicrosecondType>().value(row);
            let shown = jiff::Timestamp::from_microsecond(at).unwrap().to_string();
            Value::String(shown.replace('T', " ").replace('Z', ""))
        }
        DataType::List(_) => {
            let values = array.as_list::<i32>().value(row);
            Value::Array((0..values.len()).map(|index| json(&values, index)).collect())
        }
        DataType::Null => Value::Null,
        _ => Value::String(array_value_to_string(array, row).unwrap()),
    }
}

/// A value as a cell of a result block.
pub fn cell(array: &ArrayRef, row: usize) -> String {
    match json(array, row) {
        Value::Null => "null".to_owned(),
        Value::String(text) => {
            let odd = text.is_empty()
                || text == "null"
                || text.trim() != text
                || text.contains(['|', '\n', '\t'])
                || text.starts_with('"');
            if odd { Value::String(text).to_string() } else { text }
        }
        other => other.to_string(),
    }
}

/// Whether a found cell is the expected one: as text, or as numbers up to rounding to the written digits.
pub fn agree(found: &str, expected: &str) -> bool {
    if found == expected {
        return true;
    }
    let json = |text: &str| serde_json::from_str::<Value>(text).ok();
    match (json(found), json(expected)) {
        (Some(a), Some(b)) => same(&a, &b),
        _ => false,
    }
}

/// Equality of JSON values; floats agree up to 1e-9 of their size.
pub fn same(found: &Value, expected: &Value) -> bool {
    match (found, expected) {
        (Value::Number(a), Value::Number(b)) => {
            if a.is_i64() && b.is_i64() {
                return a == b;
            }
            let (a, b) = (a.as_f64().unwrap_or(f64::NAN), b.as_f64().unwrap_or(f64::NAN));
            (a - b).abs() <= 1e-9 * b.abs().max(1.0)
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, value)| b.get(key).is_some_and(|b| same(value, b)))
        }
        (Value::String(text), Value::Object(_)) => {
            serde_json::from_str::<Value>(text).is_ok_and(|parsed| same(&parsed, expected))
        }
        _ => found == expected,
    }
}

//! Values as text and as JSON text.

use std::fmt::Write as _;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow::util::display::array_value_to_string;

use crate::functions::results::normal;

/// The text of a value that is not null, as `to_string` shows it: texts as they are, floats without needless decimals.
pub(crate) fn display(array: &ArrayRef, row: usize) -> String {
    match array.data_type() {
        DataType::Utf8View => array.as_string_view().value(row).to_owned(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Float64 => array.as_primitive::<Float64Type>().value(row).to_string(),
        DataType::Boolean => array.as_boolean().value(row).to_string(),
        DataType::Timestamp(_, _) => iso_time(array, row),
        DataType::List(_) | DataType::Struct(_) | DataType::Map(_, _) => json_text(array, row),
        _ => array_value_to_string(array, row).unwrap_or_default(),
    }
}

/// A value as JSON text; null is JSON null.
pub(crate) fn json_text(array: &ArrayRef, row: usize) -> String {
    let mut out = String::new();
    push_json(array, row, &mut out);
    out
}

/// Appends a value as JSON text.
pub(crate) fn push_json(array: &ArrayRef, row: usize, out: &mut String) {
    if array.data_type().is_null() || array.is_null(row) {
        out.push_str("null");
        return;
    }
    match array.data_type() {
        DataType::Utf8View => push_quoted(array.as_string_view().value(row), out),
        DataType::Int64 => {
            // Writing to a String cannot fail.
            let _ = write!(out, "{}", array.as_primitive::<Int64Type>().value(row));
        }
        DataType::Float64 | DataType::Boolean => out.push_str(&display(array, row)),
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            let (start, end) = (list.value_offsets()[row] as usize, list.value_offsets()[row + 1] as usize);
            out.push('[');
            for at in start..end {
                if at > start {
                    out.push(',');
                }
                push_json(list.values(), at, out);
            }
            out.push(']');
        }
        DataType::Struct(fields) => {
            let columns = fields.iter().zip(array.as_struct().columns());
            let members = columns.map(|(field, column)| (field.name().clone(), json_of_any(column, row)));
            out.push_str(&object_text(members));
        }
        DataType::Map(_, _) => {
            let entries = array.as_map().value(row);
            let (keys, values) = (entries.column(0), entries.column(1));
            out.push_str(&object_text((0..entries.len()).map(|entry| {
                (array_value_to_string(keys, entry).unwrap_or_default(), json_of_any(values, entry))
            })));
        }
        _ => push_quoted(&display(array, row), out),
    }
}

/// Appends a JSON string.
fn push_quoted(text: &str, out: &mut String) {
    if text.bytes().any(|byte| byte < b' ' || byte == b'"' || byte == b'\\') {
        out.push_str(&serde_json::Value::from(text).to_string());
        return;
    }
    out.reserve(text.len() + 2);
    out.push('"');
    out.push_str(text);
    out.push('"');
}

fn object_text(members: impl Iterator<Item = (String, String)>) -> String {
    let members: Vec<String> = members.map(|(key, value)| format!("{}:{value}", quoted(&key))).collect();
    format!("{{{}}}", members.join(","))
}

/// As [`json_text`], for a value inside a structure, whose type is not normalised yet.
fn json_of_any(array: &ArrayRef, row: usize) -> String {
    let wanted = normal(array.data_type());
    if *array.data_type() == wanted {
        return json_text(array, row);
    }
    match cast(&array.slice(row, 1), &wanted) {
        Ok(one) => json_text(&one, 0),
        Err(_) => quoted(&array_value_to_string(array, row).unwrap_or_default()),
    }
}

fn iso_time(array: &ArrayRef, row: usize) -> String {
    let Some(times) = array.as_primitive_opt::<TimestampMicrosecondType>() else {
        return array_value_to_string(array, row).unwrap_or_default();
    };
    let micros = times.value(row);
    jiff::Timestamp::from_microsecond(micros).map_or_else(|_| micros.to_string(), |time| time.to_string())
}

/// A JSON string with this value.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::new();
    push_quoted(text, &mut out);
    out
}

/// Writes an object member by member; a key that comes again replaces the value in place.
#[derive(Debug, Default)]
pub(crate) struct ObjectText {
    members: Vec<(String, String)>,
}

impl ObjectText {
    /// Sets a member; `value` is JSON text.
    pub fn push(&mut self, key: &str, value: &str) {
        match self.members.iter_mut().find(|(known, _)| known == key) {
            Some((_, known)) => value.clone_into(known),
            None => self.members.push((key.to_owned(), value.to_owned())),
        }
    }

    /// The object's text.
    pub fn finish(self) -> String {
        let members: Vec<String> =
            self.members.iter().map(|(key, value)| format!("{}:{value}", quoted(key))).collect();
        format!("{{{}}}", members.join(","))
    }
}

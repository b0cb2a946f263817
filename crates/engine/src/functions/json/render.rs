//! Values as text and as JSON text.

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
    if array.data_type().is_null() || array.is_null(row) {
        return "null".to_owned();
    }
    match array.data_type() {
        DataType::Int64 | DataType::Float64 | DataType::Boolean => display(array, row),
        DataType::List(_) => {
            let elements = array.as_list::<i32>().value(row);
            let texts: Vec<String> = (0..elements.len()).map(|index| json_text(&elements, index)).collect();
            format!("[{}]", texts.join(","))
        }
        DataType::Struct(fields) => {
            let columns = fields.iter().zip(array.as_struct().columns());
            object_text(columns.map(|(field, column)| (field.name().clone(), json_of_any(column, row))))
        }
        DataType::Map(_, _) => {
            let entries = array.as_map().value(row);
            let (keys, values) = (entries.column(0), entries.column(1));
            object_text((0..entries.len()).map(|entry| {
                (array_value_to_string(keys, entry).unwrap_or_default(), json_of_any(values, entry))
            }))
        }
        _ => quoted(&display(array, row)),
    }
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
    serde_json::Value::from(text).to_string()
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

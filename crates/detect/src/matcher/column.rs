//! A column of a batch, its type looked up once.

use arrow::array::{Array, AsArray, BooleanArray, Float64Array, Int64Array, StringArray, StringViewArray};
use arrow::datatypes::{DataType, Float64Type, Int64Type};

/// A column as the matcher reads it.
#[derive(Debug)]
pub(super) enum Column<'a> {
    /// The batch has no such column: null in every row.
    Absent,
    View(&'a StringViewArray),
    Text(&'a StringArray),
    Int(&'a Int64Array),
    Float(&'a Float64Array),
    Bool(&'a BooleanArray),
    /// A type that is left to the engine.
    Other(&'a dyn Array),
}

/// A value of a column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value<'a> {
    Null,
    Text(&'a str),
    Int(i64),
    Float(f64),
    Bool(bool),
    /// Only the engine knows what it is; it may be null.
    Other,
}

impl<'a> Column<'a> {
    pub(super) fn of(array: &'a dyn Array) -> Self {
        match array.data_type() {
            DataType::Null => Self::Absent,
            DataType::Utf8View => Self::View(array.as_string_view()),
            DataType::Utf8 => Self::Text(array.as_string::<i32>()),
            DataType::Int64 => Self::Int(array.as_primitive::<Int64Type>()),
            DataType::Float64 => Self::Float(array.as_primitive::<Float64Type>()),
            DataType::Boolean => Self::Bool(array.as_boolean()),
            _ => Self::Other(array),
        }
    }

    /// The value of a row.
    #[inline]
    pub(super) fn value(&self, row: usize) -> Value<'a> {
        match self {
            Self::Absent => Value::Null,
            Self::View(array) if array.is_valid(row) => Value::Text(array.value(row)),
            Self::Text(array) if array.is_valid(row) => Value::Text(array.value(row)),
            Self::Int(array) if array.is_valid(row) => Value::Int(array.value(row)),
            Self::Float(array) if array.is_valid(row) => Value::Float(array.value(row)),
            Self::Bool(array) if array.is_valid(row) => Value::Bool(array.value(row)),
            // A dictionary may have null among its values, and a list that is null compares in its own way.
            Self::Other(_) => Value::Other,
            _ => Value::Null,
        }
    }

    /// Whether no row has a value.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Absent => true,
            Self::View(array) => array.null_count() == array.len(),
            Self::Text(array) => array.null_count() == array.len(),
            Self::Int(array) => array.null_count() == array.len(),
            Self::Float(array) => array.null_count() == array.len(),
            Self::Bool(array) => array.null_count() == array.len(),
            Self::Other(array) => array.null_count() == array.len(),
        }
    }
}

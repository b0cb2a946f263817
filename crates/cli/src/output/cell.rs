//! One value of a result, independent of how the column is stored.

use arrow::array::{Array, AsArray};
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow::record_batch::RecordBatch;
use arrow::util::display::array_value_to_string;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Number, Value};

use crate::time;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// No value.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A whole number above the range of `i64`.
    Large(u64),
    /// A number.
    Float(f64),
    /// Text; JSON columns are text exactly as stored.
    Text(String),
    /// Microseconds since 1970 in UTC.
    Time(i64),
    /// An array.
    List(Vec<Self>),
}

impl Cell {
    /// The value at a row of a column.
    pub fn of(array: &dyn Array, row: usize) -> Self {
        if row >= array.len() || array.is_null(row) {
            return Self::Null;
        }
        match array.data_type() {
            DataType::Null => Self::Null,
            DataType::Boolean => Self::Bool(array.as_boolean().value(row)),
            DataType::Int8 => Self::Int(array.as_primitive::<Int8Type>().value(row).into()),
            DataType::Int16 => Self::Int(array.as_primitive::<Int16Type>().value(row).into()),
            DataType::Int32 => Self::Int(array.as_primitive::<Int32Type>().value(row).into()),
            DataType::Int64 => Self::Int(array.as_primitive::<Int64Type>().value(row)),
            DataType::UInt8 => Self::Int(array.as_primitive::<UInt8Type>().value(row).into()),
            DataType::UInt16 => Self::Int(array.as_primitive::<UInt16Type>().value(row).into()),
            DataType::UInt32 => Self::Int(array.as_primitive::<UInt32Type>().value(row).into()),
            DataType::UInt64 => Self::unsigned(array.as_primitive::<UInt64Type>().value(row)),
            DataType::Float16 => Self::Float(array.as_primitive::<Float16Type>().value(row).to_f64()),
            DataType::Float32 => Self::Float(array.as_primitive::<Float32Type>().value(row).into()),
            DataType::Float64 => Self::Float(array.as_primitive::<Float64Type>().value(row)),
            DataType::Utf8 => Self::Text(array.as_string::<i32>().value(row).to_owned()),
            DataType::LargeUtf8 => Self::Text(array.as_string::<i64>().value(row).to_owned()),
            DataType::Utf8View => Self::Text(array.as_string_view().value(row).to_owned()),
            DataType::Timestamp(unit, _) => Self::timestamp(array, row, *unit),
            DataType::Date32 => {
                Self::Time(i64::from(array.as_primitive::<Date32Type>().value(row)) * 86_400_000_000)
            }
            DataType::Date64 => {
                Self::Time(array.as_primitive::<Date64Type>().value(row).saturating_mul(1000))
            }
            DataType::List(_) => Self::list(array.as_list::<i32>().value(row).as_ref()),
            DataType::LargeList(_) => Self::list(array.as_list::<i64>().value(row).as_ref()),
            DataType::FixedSizeList(..) => Self::list(array.as_fixed_size_list().value(row).as_ref()),
            DataType::Dictionary(..) => {
                let dictionary = array.as_any_dictionary();
                match Self::of(dictionary.keys(), row) {
                    Self::Int(key) => usize::try_from(key)
                        .map_or(Self::Null, |key| Self::of(dictionary.values().as_ref(), key)),
                    _ => Self::Null,
                }
            }
            // Decimals, binary, durations: the display form of Arrow.
            _ => array_value_to_string(array, row).map_or(Self::Null, Self::Text),
        }
    }

    fn unsigned(value: u64) -> Self {
        i64::try_from(value).map_or(Self::Large(value), Self::Int)
    }

    fn list(items: &dyn Array) -> Self {
        Self::List((0..items.len()).map(|row| Self::of(items, row)).collect())
    }

    fn timestamp(array: &dyn Array, row: usize, unit: TimeUnit) -> Self {
        Self::Time(match unit {
            TimeUnit::Second => {
                array.as_primitive::<TimestampSecondType>().value(row).saturating_mul(1_000_000)
            }
            TimeUnit::Millisecond => {
                array.as_primitive::<TimestampMillisecondType>().value(row).saturating_mul(1000)
            }
            TimeUnit::Microsecond => array.as_primitive::<TimestampMicrosecondType>().value(row),
            TimeUnit::Nanosecond => {
                array.as_primitive::<TimestampNanosecondType>().value(row).div_euclid(1000)
            }
        })
    }

    /// Whether there is no value.
    pub fn is_null(&self) -> bool {
        *self == Self::Null
    }

    /// Whether it is a number, to be aligned to the right.
    pub fn is_number(&self) -> bool {
        matches!(self, Self::Int(_) | Self::Large(_) | Self::Float(_))
    }

    /// As JSON: times in RFC 3339, arrays as arrays; a number that JSON lacks as text.
    pub fn json(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Int(value) => Value::from(*value),
            Self::Large(value) => Value::from(*value),
            Self::Float(value) => {
                Number::from_f64(*value).map_or_else(|| Value::String(value.to_string()), Value::Number)
            }
            Self::Text(text) => Value::String(text.clone()),
            Self::Time(micros) => Value::String(time::rfc3339(*micros)),
            Self::List(items) => Value::Array(items.iter().map(Self::json).collect()),
        }
    }

    /// As plain text: empty for null, arrays as JSON.
    pub fn text(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Large(value) => value.to_string(),
            Self::Float(value) => value.to_string(),
            Self::Text(text) => text.clone(),
            Self::Time(micros) => time::rfc3339(*micros),
            Self::List(_) => self.json().to_string(),
        }
    }

    /// As text for people: whole numbers with separators, times without a `T`.
    pub fn human(&self) -> String {
        match self {
            Self::Time(micros) => time::short(*micros),
            Self::Float(value) if value.fract() == 0.0 && value.abs() < 1e15 => format!("{value:.0}"),
            Self::Float(value) => format!("{value:.3}"),
            _ => self.text(),
        }
    }
}

/// Named values in the order of the columns; nulls are left out. Serialized as an object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fields(pub Vec<(String, Value)>);

impl Fields {
    /// The values of a row.
    pub fn of(batch: &RecordBatch, row: usize) -> Self {
        let fields = batch.schema_ref().fields().iter().zip(batch.columns());
        let value = |column: &dyn Array| Some(Cell::of(column, row)).filter(|cell| !cell.is_null());
        let named =
            fields.filter_map(|(field, column)| Some((field.name().clone(), value(column.as_ref())?.json())));
        Self(named.collect())
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{
        BooleanArray, DictionaryArray, Float64Array, Int64Array, ListArray, StringViewArray,
        TimestampMicrosecondArray, UInt64Array,
    };
    use arrow::datatypes::{Int32Type, Int64Type};

    use super::*;

    #[test]
    fn every_kind_of_column() {
        let dictionary: DictionaryArray<Int32Type> = vec!["a", "b", "a"].into_iter().collect();
        let list = ListArray::from_iter_primitive::<Int64Type, _, _>([Some(vec![Some(1), None])]);
        let time = TimestampMicrosecondArray::from(vec![1_795_300_000_500_000]).with_timezone("UTC");
        let cases: [(Arc<dyn Array>, usize, &str); 7] = [
            (Arc::new(dictionary), 2, "\"a\""),
            (Arc::new(list), 0, "[1,null]"),
            (Arc::new(time), 0, "\"2026-11-21T22:26:40.500000Z\""),
            (Arc::new(StringViewArray::from(vec!["{\"a\": 1}"])), 0, "\"{\\\"a\\\": 1}\""),
            (Arc::new(UInt64Array::from(vec![u64::MAX])), 0, "18446744073709551615"),
            (Arc::new(Float64Array::from(vec![f64::NAN])), 0, "\"NaN\""),
            (Arc::new(BooleanArray::from(vec![true])), 1, "null"),
        ];
        for (array, row, expected) in cases {
            assert_eq!(Cell::of(array.as_ref(), row).json().to_string(), expected);
        }
    }

    #[test]
    fn nulls_are_absent_keys() {
        let a: Arc<dyn Array> = Arc::new(Int64Array::from(vec![None, Some(2)]));
        let batch =
            RecordBatch::try_from_iter_with_nullable([("b", a.clone(), true), ("a", a, true)]).unwrap();
        let json = |row| serde_json::to_string(&Fields::of(&batch, row)).unwrap();
        assert_eq!((json(0).as_str(), json(1).as_str()), ("{}", "{\"b\":2,\"a\":2}"));
    }
}

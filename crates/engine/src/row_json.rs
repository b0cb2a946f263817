//! Values of record batches as JSON: times after RFC 3339, lists as arrays.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use arrow::util::display::array_value_to_string;
use serde_json::{Map, Value};

/// The values of a row by column name, without nulls.
pub fn row(batch: &RecordBatch, row: usize) -> Map<String, Value> {
    let columns = batch.schema_ref().fields().iter().zip(batch.columns());
    let valid = columns.filter(|(_, column)| column.is_valid(row));
    valid.map(|(field, column)| (field.name().clone(), cell(column.as_ref(), row))).collect()
}

/// The value of a column in a row.
pub fn cell(column: &dyn Array, row: usize) -> Value {
    bounded(column, row, usize::MAX)
}

/// As [`cell`], with texts cut to so many bytes.
pub fn bounded(column: &dyn Array, row: usize, longest: usize) -> Value {
    if column.is_null(row) {
        return Value::Null;
    }
    match column.data_type() {
        DataType::Utf8View => cut(column.as_string_view().value(row), longest).into(),
        DataType::Utf8 => cut(column.as_string::<i32>().value(row), longest).into(),
        DataType::Boolean => column.as_boolean().value(row).into(),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).into(),
        DataType::Float64 => column.as_primitive::<Float64Type>().value(row).into(),
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            time(column.as_primitive::<TimestampMicrosecondType>().value(row))
        }
        DataType::List(_) => {
            let items = column.as_list::<i32>().value(row);
            (0..items.len()).map(|item| bounded(&items, item, longest)).collect()
        }
        _ => array_value_to_string(column, row).map_or(Value::Null, |text| cut(&text, longest).into()),
    }
}

fn cut(text: &str, longest: usize) -> &str {
    text.get(..text.floor_char_boundary(longest)).unwrap_or(text)
}

/// Beyond the calendar a time stays the number of microseconds that it is.
fn time(micros: i64) -> Value {
    jiff::Timestamp::from_microsecond(micros).map_or(micros.into(), |time| time.to_string().into())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array, ListArray, StringViewArray, TimestampMicrosecondArray};
    use serde_json::json;

    use super::*;

    #[test]
    fn nulls_are_left_out_and_texts_can_be_cut() {
        let times =
            TimestampMicrosecondArray::from(vec![1_795_305_600_000_001, i64::MAX]).with_timezone("UTC");
        let texts: ArrayRef = Arc::new(StringViewArray::from(vec![Some("añb"), None]));
        let lists = [Some(vec![Some(1), None]), Some(Vec::new())];
        let lists: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(lists));
        let batch = RecordBatch::try_from_iter_with_nullable([
            ("at", Arc::new(times) as ArrayRef, true),
            ("text", Arc::clone(&texts), true),
            ("list", lists, true),
            ("n", Arc::new(Int64Array::from(vec![None, Some(3)])), true),
        ])
        .unwrap();
        let first = json!({ "at": "2026-11-22T00:00:00.000001Z", "text": "añb", "list": [1, null] });
        assert_eq!(Value::Object(row(&batch, 0)), first);
        assert_eq!(Value::Object(row(&batch, 1)), json!({ "at": i64::MAX, "list": [], "n": 3 }));
        assert_eq!(bounded(texts.as_ref(), 0, 2), json!("a"));
    }
}

//! Records of no known source: rows of a raw dataset, with a column for each key and the record as it came.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringViewArray, TimestampMicrosecondArray};
use arrow::datatypes::{Field, Schema, TimestampMicrosecondType};
use atalanta_engine::input::{Decoder, RawRecord, infer_schema};
use atalanta_engine::types::timestamp_type;

use crate::error::IntakeError;

/// Columns that every raw row has.
const INSERTED: &str = "_insert_time";
const RAW: &str = "_raw_log";

/// Rows of records with the line on which each starts; those that are no JSON object have their text alone.
pub(crate) fn rows(records: &[(u64, &[u8])], place: &str, now: i64) -> Result<Vec<RecordBatch>, IntakeError> {
    let is_object = |bytes: &[u8]| {
        matches!(serde_json::from_slice::<serde_json::Value>(bytes), Ok(serde_json::Value::Object(_)))
    };
    let (objects, texts): (Vec<_>, Vec<_>) = records.iter().copied().partition(|(_, bytes)| is_object(bytes));
    let mut batches = Vec::new();
    if !objects.is_empty() {
        batches.push(of_objects(&objects, place, now)?);
    }
    if !texts.is_empty() {
        batches.push(of_texts(&texts, place, now)?);
    }
    Ok(batches)
}

fn of_objects(records: &[(u64, &[u8])], place: &str, now: i64) -> Result<RecordBatch, IntakeError> {
    let sample: Vec<RawRecord> = (0..)
        .zip(records)
        .map(|(ordinal, (line, bytes))| RawRecord { bytes: bytes.to_vec(), line: *line, ordinal })
        .collect();
    let server = |error: &dyn std::fmt::Display| IntakeError::Server(error.to_string());
    let mut decoder = Decoder::new(infer_schema(&sample), HashMap::new()).map_err(|error| server(&error))?;
    let mut kept = Vec::with_capacity(records.len());
    for (line, bytes) in records {
        if decoder.append(bytes, place, *line).is_ok() {
            kept.push(*bytes);
        }
    }
    let Some(batch) = decoder.flush() else {
        return Err(IntakeError::Server("records were read and gave no rows".to_owned()));
    };
    finish(&batch, &kept, now)
}

fn of_texts(records: &[(u64, &[u8])], place: &str, now: i64) -> Result<RecordBatch, IntakeError> {
    let lines: arrow::array::Int64Array = records.iter().map(|(line, _)| Some(*line as i64)).collect();
    let paths = StringViewArray::from_iter_values(records.iter().map(|_| place));
    let schema = Schema::new(vec![
        Field::new("_path", paths.data_type().clone(), true),
        Field::new("_line", lines.data_type().clone(), true),
    ]);
    let batch = RecordBatch::try_new(Arc::new(schema), vec![Arc::new(paths), Arc::new(lines)])?;
    let bytes: Vec<&[u8]> = records.iter().map(|(_, bytes)| *bytes).collect();
    finish(&batch, &bytes, now)
}

/// Adds the system columns: the record's own `_time` where it has one, else the time of arrival.
fn finish(batch: &RecordBatch, records: &[&[u8]], now: i64) -> Result<RecordBatch, IntakeError> {
    let rows = batch.num_rows();
    let own = batch
        .column_by_name("_time")
        .and_then(|column| column.as_primitive_opt::<TimestampMicrosecondType>().cloned());
    let times: Vec<i64> = (0..rows)
        .map(|row| own.as_ref().filter(|own| own.is_valid(row)).map_or(now, |own| own.value(row)))
        .collect();
    let time = |values: Vec<i64>| -> ArrayRef {
        Arc::new(TimestampMicrosecondArray::from(values).with_data_type(timestamp_type()))
    };
    let raw = records.iter().map(|bytes| String::from_utf8_lossy(bytes));
    let system: [(&str, ArrayRef); 3] = [
        ("_time", time(times)),
        (INSERTED, time(vec![now; rows])),
        (RAW, Arc::new(StringViewArray::from_iter_values(raw))),
    ];
    let mut fields: Vec<Arc<Field>> = Vec::new();
    let mut columns: Vec<ArrayRef> = Vec::new();
    for (name, column) in system {
        fields.push(Arc::new(Field::new(name, column.data_type().clone(), true)));
        columns.push(column);
    }
    for (field, column) in batch.schema_ref().fields().iter().zip(batch.columns()) {
        if !["_time", INSERTED, RAW].contains(&field.name().as_str()) {
            fields.push(Arc::clone(field));
            columns.push(Arc::clone(column));
        }
    }
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_become_columns_and_the_record_stays() {
        let records: Vec<(u64, &[u8])> = vec![
            (1, br#"{"_time":"2026-11-21T10:00:00Z","user":"ann","n":3}"#),
            (2, br#"{"user":"bob"}"#),
            (3, b"plain text"),
        ];
        let batches = rows(&records, "here", 7).unwrap();
        assert_eq!(batches.iter().map(RecordBatch::num_rows).collect::<Vec<_>>(), [2, 1]);
        let times = batches[0].column_by_name("_time").unwrap().as_primitive::<TimestampMicrosecondType>();
        assert_eq!((times.value(0), times.value(1)), (1_795_255_200_000_000, 7));
        assert_eq!(batches[0].column_by_name("user").unwrap().as_string_view().value(1), "bob");
        assert_eq!(batches[1].column_by_name(RAW).unwrap().as_string_view().value(0), "plain text");
    }
}

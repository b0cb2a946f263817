//! Events of a dataset as rows for its rules: the types of the pack's schema file, columns that the system adds.
//!
//! A key that the schema does not declare has the type of its values; nested objects and arrays are JSON text,
//! as the vendor's ingestion stores them, unless the schema declares an array.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringViewArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Schema};
use atalanta_schema::Type;
use serde_json::{Map, Value};

use crate::error::EngineError;
use crate::input::{Decoder, LINE, PATH, Problem, RawRecord};
use crate::types::{arrow_type, timestamp_type};

/// The columns of a dataset with their types.
pub type Columns = Vec<(String, Type)>;

/// Reads a `_schema.json`: dataset to field to `{"type": "string", "is_array": false}`.
pub fn read_schema(text: &str) -> Result<BTreeMap<String, Columns>, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| format!("is not JSON: {error}"))?;
    let Value::Object(datasets) = value else { return Err("is not an object of datasets".to_owned()) };
    let mut out = BTreeMap::new();
    for (dataset, fields) in datasets {
        let Value::Object(fields) = fields else {
            return Err(format!("`{dataset}` is not an object of fields"));
        };
        let mut columns = Columns::new();
        for (name, field) in fields {
            let word = field.get("type").and_then(Value::as_str).unwrap_or("string");
            // A word that is none of ours still names a field.
            let ty = Type::parse(word).unwrap_or(Type::String);
            let array = field.get("is_array").is_some_and(|value| value == true || value == "true");
            columns.push((name, if array { Type::array(ty) } else { ty }));
        }
        out.insert(dataset.to_lowercase(), columns);
    }
    Ok(out)
}

/// Where events come from: what the system's columns hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// `_vendor`.
    pub vendor: String,
    /// `_product`.
    pub product: String,
    /// `_insert_time`, microseconds since 1970.
    pub now: i64,
}

impl Origin {
    /// The origin that a dataset's name tells: `<vendor>_<product>_raw`.
    pub fn of_dataset(dataset: &str, now: i64) -> Self {
        let dataset = dataset.to_lowercase();
        let (vendor, rest) = dataset.split_once('_').unwrap_or((&dataset, ""));
        let product = rest.strip_suffix("_raw").unwrap_or(rest);
        Self { vendor: vendor.to_owned(), product: product.to_owned(), now }
    }
}

/// The rows of events. Text that is no JSON object is a row with `_raw_log`; what cannot be read is reported.
pub fn rows(
    records: &[RawRecord],
    declared: &[(String, Type)],
    origin: &Origin,
    path: &str,
) -> Result<(RecordBatch, Vec<Problem>), EngineError> {
    let objects: Vec<Vec<u8>> = records.iter().map(as_object).collect();
    let (schema, aliases) = schema_of(&objects, declared);
    let mut problems = Vec::new();
    let mut raw: Vec<String> = Vec::with_capacity(records.len());
    let decoder = Decoder::new(Arc::new(schema), aliases);
    let mut decoder = decoder.map_err(|problem| EngineError::Environment(problem.message))?;
    for (record, object) in records.iter().zip(&objects) {
        match decoder.append(object, path, record.line) {
            Ok(()) => raw.push(String::from_utf8_lossy(&record.bytes).into_owned()),
            Err(problem) => problems.push(problem),
        }
    }
    problems.extend(decoder.misfits().map(crate::input::Misfit::to_problem));
    let schema = decoder.schema();
    let batch = decoder.flush().unwrap_or_else(|| RecordBatch::new_empty(schema));
    Ok((with_system_columns(&batch, &raw, origin)?, problems))
}

fn as_object(record: &RawRecord) -> Vec<u8> {
    if record.bytes.first() == Some(&b'{') {
        return record.bytes.clone();
    }
    let text = String::from_utf8_lossy(&record.bytes);
    serde_json::json!({ "_raw_log": text }).to_string().into_bytes()
}

/// The declared columns, then those that the events have, and spellings of one column in other letter cases.
fn schema_of(objects: &[Vec<u8>], declared: &[(String, Type)]) -> (Schema, HashMap<String, String>) {
    let mut columns: Vec<(String, DataType)> = Vec::new();
    let mut by_name: HashMap<String, usize> = HashMap::new();
    for (name, ty) in declared {
        by_name.entry(name.to_lowercase()).or_insert_with(|| {
            columns.push((name.clone(), system_type(name).unwrap_or_else(|| arrow_type(ty))));
            columns.len() - 1
        });
    }
    let count = columns.len();
    let mut aliases = HashMap::new();
    for object in objects {
        let Ok(object) = serde_json::from_slice::<Map<String, Value>>(object) else { continue };
        for (name, value) in object {
            let at = *by_name.entry(name.to_lowercase()).or_insert_with(|| {
                columns.push((name.clone(), DataType::Null));
                columns.len() - 1
            });
            if at >= count {
                columns[at].1 = joined(&columns[at].1, &name, &value);
            }
            if columns[at].0 != name {
                aliases.insert(name, columns[at].0.clone());
            }
        }
    }
    let fields = columns
        .into_iter()
        .filter(|(name, _)| name != PATH && name != LINE)
        .map(|(name, ty)| Field::new(name, if ty == DataType::Null { DataType::Utf8View } else { ty }, true));
    (Schema::new(fields.collect::<Vec<_>>()), aliases)
}

fn system_type(name: &str) -> Option<DataType> {
    let is_time = name.eq_ignore_ascii_case("_time") || name.eq_ignore_ascii_case("_insert_time");
    is_time.then(timestamp_type)
}

/// The type of values seen so far and one more.
fn joined(known: &DataType, name: &str, value: &Value) -> DataType {
    if let Some(ty) = system_type(name) {
        return ty;
    }
    let found = match value {
        Value::Null => return known.clone(),
        Value::Bool(_) => DataType::Boolean,
        Value::Number(number) if number.is_i64() => DataType::Int64,
        Value::Number(number) if number.is_f64() => DataType::Float64,
        _ => DataType::Utf8View,
    };
    match (known, &found) {
        (DataType::Null, _) => found,
        (DataType::Int64, DataType::Float64) | (DataType::Float64, DataType::Int64) => DataType::Float64,
        (known, found) if known == found => known.clone(),
        _ => DataType::Utf8View,
    }
}

/// Adds `_vendor`, `_product`, `_raw_log`, `_time` and `_insert_time` where the events lack them.
fn with_system_columns(
    batch: &RecordBatch,
    raw: &[String],
    origin: &Origin,
) -> Result<RecordBatch, EngineError> {
    let rows = batch.num_rows();
    let mut columns: Vec<(String, ArrayRef)> = Vec::with_capacity(batch.num_columns() + 5);
    for (field, array) in batch.schema_ref().fields().iter().zip(batch.columns()) {
        if field.name() != PATH && field.name() != LINE {
            columns.push((field.name().clone(), Arc::clone(array)));
        }
    }
    let mut fill = |name: &str, text: &dyn Fn(usize) -> String| {
        let at = columns.iter().position(|(known, _)| known.eq_ignore_ascii_case(name));
        let old = at.map(|at| Arc::clone(&columns[at].1));
        let old = old.as_ref().and_then(|array| array.as_string_view_opt());
        let value = |row: usize| match old.filter(|old| old.is_valid(row)) {
            Some(old) => old.value(row).to_owned(),
            None => text(row),
        };
        let array: ArrayRef = Arc::new((0..rows).map(|row| Some(value(row))).collect::<StringViewArray>());
        match at {
            Some(at) => columns[at].1 = array,
            None => columns.push((name.to_owned(), array)),
        }
    };
    fill("_vendor", &|_| origin.vendor.clone());
    fill("_product", &|_| origin.product.clone());
    fill("_raw_log", &|row| raw.get(row).cloned().unwrap_or_default());
    for (name, value) in [("_time", None), ("_insert_time", Some(origin.now))] {
        if !columns.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
            let times = TimestampMicrosecondArray::from(vec![value; rows]).with_timezone("UTC");
            columns.push((name.to_owned(), Arc::new(times)));
        }
    }
    let fields: Vec<Field> =
        columns.iter().map(|(name, array)| Field::new(name, array.data_type().clone(), true)).collect();
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(rows));
    Ok(RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(text: &str) -> RawRecord {
        RawRecord { bytes: text.as_bytes().to_vec(), line: 1, ordinal: 0 }
    }

    fn types(batch: &RecordBatch) -> BTreeMap<String, DataType> {
        let fields = batch.schema_ref().fields().iter();
        fields.map(|field| (field.name().clone(), field.data_type().clone())).collect()
    }

    fn origin() -> Origin {
        Origin::of_dataset("Acme_web_gateway_raw", 5)
    }

    #[test]
    fn declared_types_bind_and_the_others_follow_from_the_values() {
        let schema = read_schema(
            r#"{"ACME_raw": {"code": {"type": "int", "is_array": false}, "tags": {"type": "string", "is_array": true}}}"#,
        );
        let schema = schema.unwrap();
        let events = [
            record(r#"{"code": "7", "tags": ["a", {"b": 1}], "Who": {"n": [1]}, "n": 1, "list": [1, 2]}"#),
            record(
                r#"{"who": "x", "n": 2.5, "_time": "2026-01-01T00:00:00Z", "day": "2026-01-01T00:00:00Z"}"#,
            ),
        ];
        let (batch, problems) = rows(&events, &schema["acme_raw"], &origin(), "x").unwrap();
        assert!(problems.is_empty(), "{problems:?}");
        let types = types(&batch);
        assert_eq!(types["code"], DataType::Int64);
        assert_eq!(types["tags"], DataType::new_list(DataType::Utf8View, true));
        assert_eq!(types["n"], DataType::Float64);
        assert_eq!(types["day"], DataType::Utf8View);
        assert_eq!(types["_time"], timestamp_type());
        let who = batch.column_by_name("Who").unwrap().as_string_view();
        assert_eq!((who.value(0), who.value(1)), (r#"{"n": [1]}"#, "x"));
        let list = batch.column_by_name("list").unwrap().as_string_view();
        assert_eq!(list.value(0), "[1, 2]");
    }

    #[test]
    fn the_system_adds_its_columns() {
        let events = [record(r#"{"_vendor": "other", "a": 1}"#), record("<13>plain text")];
        let (batch, _) = rows(&events, &[], &origin(), "x").unwrap();
        let text =
            |name: &str, row| batch.column_by_name(name).unwrap().as_string_view().value(row).to_owned();
        assert_eq!((text("_vendor", 0), text("_vendor", 1)), ("other".to_owned(), "acme".to_owned()));
        assert_eq!(text("_product", 0), "web_gateway");
        assert_eq!(text("_raw_log", 0), r#"{"_vendor": "other", "a": 1}"#);
        assert_eq!(text("_raw_log", 1), "<13>plain text");
        assert!(batch.column_by_name("_time").is_some_and(|time| time.null_count() == 2));
    }

    #[test]
    fn broken_events_are_reported_and_the_others_stay() {
        let events = [record("{broken"), record(r#"{"a": 1}"#)];
        let (batch, problems) = rows(&events, &[], &origin(), "x").unwrap();
        assert_eq!((batch.num_rows(), problems.len()), (1, 1));
        assert!(read_schema("[]").is_err());
        assert!(read_schema("{").is_err());
    }
}

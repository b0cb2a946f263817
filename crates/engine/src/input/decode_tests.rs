//! From records to batches and back from disk.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef, TimeUnit, TimestampMicrosecondType};
use arrow::util::display::array_value_to_string;
use proptest::prelude::*;

use super::*;

fn time() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

fn schema(fields: &[(&str, DataType)]) -> SchemaRef {
    Arc::new(Schema::new(
        fields.iter().map(|(name, kind)| Field::new(*name, kind.clone(), true)).collect::<Vec<_>>(),
    ))
}

fn list(item: DataType) -> DataType {
    DataType::List(Arc::new(Field::new("item", item, true)))
}

/// Decodes records and gives all rows as text, without `_path`.
fn decode(decoder: &mut Decoder, records: &[&str]) -> Vec<Vec<String>> {
    for (index, record) in records.iter().enumerate() {
        decoder.append(record.as_bytes(), "some/long/path.json", index as u64 + 1).unwrap();
    }
    rows(&decoder.flush().unwrap())
}

fn rows(batch: &RecordBatch) -> Vec<Vec<String>> {
    let shown: Vec<_> = batch.schema().fields().iter().map(|field| field.name() != PATH).collect();
    let cell = |column: usize, row| match batch.column(column) {
        array if array.is_null(row) => "-".to_string(),
        array => array_value_to_string(array, row).unwrap(),
    };
    let row = |row| {
        (0..batch.num_columns()).filter(|&column| shown[column]).map(|column| cell(column, row)).collect()
    };
    (0..batch.num_rows()).map(row).collect()
}

fn raw(records: &[&str]) -> Vec<RawRecord> {
    let one = |(index, text): (usize, &&str)| RawRecord {
        bytes: text.as_bytes().to_vec(),
        line: index as u64,
        ordinal: index as u64,
    };
    records.iter().enumerate().map(one).collect()
}

#[test]
fn values_are_coerced_into_their_columns() {
    let all = [
        ("t", DataType::Utf8View),
        ("i", DataType::Int64),
        ("s", DataType::Int32),
        ("f", DataType::Float64),
        ("b", DataType::Boolean),
        ("_time", time()),
        ("l", list(DataType::Utf8View)),
        ("n", list(DataType::Int64)),
    ];
    let mut decoder = Decoder::new(schema(&all), HashMap::new()).unwrap();
    let found = decode(
        &mut decoder,
        &[
            r#"{"t":1.50,"i":"12","s":3.0,"f":"2.5","b":"TRUE","_time":1700000000,"l":["a",1,null,{"x":1}],"n":["1",2]}"#,
            r#"{"t":{"a": [1]},"i":1e3,"s":"","f":7,"b":0,"_time":"2023-11-14 22:13:20.5","l":"[\"a\",\"b\"]","n":5}"#,
            r#"{"t":"\u00e9\n","i":null,"l":"single"}"#,
        ],
    );
    assert_eq!(
        found,
        [
            ["1.50", "12", "3", "2.5", "true", "2023-11-14T22:13:20Z", "[a, 1, , {\"x\":1}]", "[1, 2]", "1"],
            ["{\"a\": [1]}", "1000", "-", "7.0", "false", "2023-11-14T22:13:20.500Z", "[a, b]", "[5]", "2"],
            ["é\n", "-", "-", "-", "-", "-", "[single]", "-", "3"],
        ]
    );
    assert_eq!(decoder.misfits().count(), 0);
}

#[test]
fn misfits_go_to_attributes_and_are_counted() {
    let all = [("i", DataType::Int64), ("_time", time()), (ATTRIBUTES, DataType::Utf8View)];
    let aliases = HashMap::from([("event_time".to_string(), "_time".to_string())]);
    let mut decoder = Decoder::new(schema(&all), aliases).unwrap();
    let found = decode(
        &mut decoder,
        &[
            r#"{"i":"x","k\"":[1, 2],"event_time":"2023-11-14T22:13:20Z"}"#,
            r#"{"i":99999999999999999999,"attributes":{"own":1}}"#,
            r#"{"i":1,"i":2,"attributes":"{\"own\":1}","_time":"soon"}"#,
            r#"{"i":5,"attributes":{"own":1}}"#,
            r#"{"z":1,"attributes":"words"}"#,
            r#"{"event_time":1700000000,"_time":null,"_path":"p"}"#,
        ],
    );
    let second: Vec<_> = found.iter().map(|row| row[2].as_str()).collect();
    assert_eq!(
        second,
        [
            r#"{"k\"":[1, 2],"i":"x"}"#,
            r#"{"own":1,"i":99999999999999999999}"#,
            r#"{"own":1,"i":1,"_time":"soon"}"#,
            r#"{"own":1}"#,
            r#"{"attributes":"words","z":1}"#,
            r#"{"_path":"p"}"#,
        ]
    );
    assert_eq!(found[0][1], "2023-11-14T22:13:20Z");
    assert_eq!(found[2][0], "2");
    assert_eq!(found[5][1], "2023-11-14T22:13:20Z");
    let counts: Vec<_> =
        decoder.misfits().map(|misfit| (misfit.key.as_str(), misfit.kind, misfit.count)).collect();
    assert!(counts.contains(&("i", MisfitKind::WrongType, 2)), "{counts:?}");
    assert!(counts.contains(&("i", MisfitKind::Repeated, 1)), "{counts:?}");
    assert!(counts.contains(&("z", MisfitKind::NoColumn, 1)), "{counts:?}");
    let problem = decoder.misfits().find(|misfit| misfit.key == "z").unwrap().to_problem();
    assert_eq!(
        problem.to_string(),
        "some/long/path.json:5: key \"z\" has no column: 1 values kept in attributes"
    );
}

#[test]
fn broken_records_add_no_row() {
    let mut decoder = Decoder::new(schema(&[("i", DataType::Int64)]), HashMap::new()).unwrap();
    for broken in [&b"[1]"[..], b"{\"i\":1", b"\xff", b"", b"{\"i\":oops}"] {
        assert!(decoder.append(broken, "x", 7).is_err());
    }
    assert!(decoder.is_empty() && decoder.flush().is_none());
    decoder.append(b"{\"i\":1,\"j\":2}", "x", 8).unwrap();
    assert_eq!(decoder.flush().unwrap().num_rows(), 1);
    assert!(!decoder.misfits().next().unwrap().kept);
    assert!(Decoder::new(schema(&[("d", DataType::Date32)]), HashMap::new()).is_err());
}

#[test]
fn places_are_kept_over_files_and_flushes() {
    let mut decoder = Decoder::new(schema(&[("i", DataType::Int64)]), HashMap::new()).unwrap();
    let long = "a/path/longer/than/twelve/bytes.json";
    for _ in 0..2 {
        for (path, line) in [(long, 1), (long, 2), ("-", 1), (long, 3)] {
            decoder.append(b"{}", path, line).unwrap();
        }
        let batch = decoder.flush().unwrap();
        let paths: Vec<_> = batch[PATH].as_string_view().iter().flatten().collect();
        assert_eq!(paths, [long, long, "-", long]);
        assert_eq!(batch[LINE].as_primitive::<Int64Type>().values(), &[1, 2, 1, 3]);
    }
}

#[test]
fn schemas_are_inferred() {
    let sample = raw(&[
        r#"{"_time":1700000000,"n":1,"f":1,"s":"x","when":"2023-11-14T22:13:20Z","l":[1],"m":["a",1],"o":{"a":1},"b":true}"#,
        r#"{"_time":"2023-11-14 22:13:20","n":2,"f":1.5,"s":3,"when":"2023-11-15T22:13:20+01:00","l":[],"m":[],"o":[{}],"b":null}"#,
        r#"{"e":null,"big":18446744073709551615,"attributes":7,"_line":1}"#,
    ]);
    let schema = infer_schema(&sample);
    let found: Vec<_> =
        schema.fields().iter().map(|field| (field.name().as_str(), field.data_type().clone())).collect();
    let text = DataType::Utf8View;
    let expected = [
        ("_time", time()),
        ("n", DataType::Int64),
        ("f", DataType::Float64),
        ("s", text.clone()),
        ("when", time()),
        ("l", list(DataType::Int64)),
        ("m", list(text.clone())),
        ("o", text.clone()),
        ("b", DataType::Boolean),
        ("e", text.clone()),
        ("big", text.clone()),
        (ATTRIBUTES, text),
    ];
    assert_eq!(found, expected);
    let mut decoder = Decoder::new(schema, HashMap::new()).unwrap();
    for record in &sample {
        decoder.append(&record.bytes, "x", record.line).unwrap();
    }
    let found = rows(&decoder.flush().unwrap());
    assert_eq!(found[2][10..], ["18446744073709551615", "{\"attributes\":7,\"_line\":1}", "2"]);
}

/// A batch of rows `_time` = given, with text and list beside.
fn batch(times: impl Iterator<Item = i64>) -> RecordBatch {
    let all = [("_time", time()), ("t", DataType::Utf8View), ("l", list(DataType::Utf8View))];
    let mut decoder = Decoder::new(schema(&all), HashMap::new()).unwrap();
    for seconds in times {
        let record = format!("{{\"_time\":{seconds},\"t\":\"row number {seconds}\",\"l\":[\"{seconds}\"]}}");
        decoder.append(record.as_bytes(), "x", seconds as u64).unwrap();
    }
    decoder.flush().unwrap()
}

#[test]
fn stages_spill_and_sort() {
    let schema = batch(0..1).schema();
    let mut small = Stage::new(Arc::clone(&schema), DEFAULT_BUDGET);
    small.push(batch((1..100).rev())).unwrap();
    let staged = small.finish().unwrap();
    let StagedRows::Memory(batches) = &staged.at else { panic!("expected memory") };
    assert!(batches[0]["_time"].as_primitive::<TimestampMicrosecondType>().values().is_sorted());
    assert_eq!(staged.rows, 99);

    let mut large = Stage::new(Arc::clone(&schema), 200_000);
    for start in 0..20 {
        large.push(batch((start * 1000..(start + 1) * 1000).rev())).unwrap();
    }
    let staged = large.finish().unwrap();
    let folder = staged.folder().unwrap().to_path_buf();
    let StagedRows::Files(files) = &staged.at else { panic!("expected files") };
    assert!(files.len() > 1);
    assert_eq!(parquet_schema(&files[0]).unwrap().fields(), schema.fields());
    let (found, _) = discover(&[folder.display().to_string()]);
    assert!(found.len() == files.len() && found.iter().all(|file| file.format == Format::Parquet));
    drop(staged);
    assert!(!folder.exists());
}

#[test]
fn rows_are_fetched_by_number() {
    let folder = tempfile::tempdir().unwrap();
    let mut stage = Stage::new(batch(0..1).schema(), 0);
    stage.push(batch(0..20_000)).unwrap();
    let staged = stage.finish().unwrap();
    let StagedRows::Files(files) = &staged.at else { panic!("expected files") };
    let found = numbered_rows(&files[0], &["t", LINE], &[19_999, 3, 3, 16_384]).unwrap();
    let texts: Vec<_> = found["t"].as_string_view().iter().flatten().collect();
    assert_eq!(texts, ["row number 19999", "row number 3", "row number 3", "row number 16384"]);
    assert_eq!(found.num_columns(), 2);
    assert_eq!(numbered_rows(&files[0], &["t"], &[]).unwrap().num_rows(), 0);
    let beyond = numbered_rows(&files[0], &["t"], &[20_000]).unwrap_err();
    assert_eq!(beyond.message, "row 20000 is asked for, the file has 20000 rows");
    assert!(numbered_rows(&files[0], &["u"], &[1]).is_err());
    let broken = folder.path().join("x.parquet");
    std::fs::write(&broken, b"PAR1 is not enough PAR1").unwrap();
    assert_eq!(parquet_schema(&broken).unwrap_err().kind, ProblemKind::Damaged);
}

proptest! {
    #[test]
    fn no_value_is_lost(values in prop::collection::btree_map("[a-f]{1,2}", any::<(Option<i64>, String, f32)>(), 0..8)) {
        let object: serde_json::Map<String, serde_json::Value> = values
            .into_iter()
            .map(|(key, (number, text, float))| {
                let value = match (number, text.len() % 3) {
                    (Some(number), 0) => number.into(),
                    (None, 0) => float.into(),
                    (_, 1) => text.into(),
                    _ => serde_json::json!([text, number]),
                };
                (key, value)
            })
            .collect();
        let all = [("a", DataType::Int64), ("b", DataType::Utf8View), ("c", list(DataType::Int64)), (ATTRIBUTES, DataType::Utf8View)];
        let mut decoder = Decoder::new(schema(&all), HashMap::new()).unwrap();
        let record = serde_json::to_string(&object).unwrap();
        // The parser's floats may be off by one unit in the last place, so both sides are parsed.
        let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&record).unwrap();
        decoder.append(record.as_bytes(), "x", 1).unwrap();
        let batch = decoder.flush().unwrap();
        let kept = batch[ATTRIBUTES].as_string_view().iter().next().flatten().unwrap_or("{}").to_string();
        let kept: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&kept).unwrap();
        for (key, value) in &object {
            let is_blank = value.is_null() || value.as_str().is_some_and(|text| text.trim_ascii().is_empty());
            let in_column = batch.column_by_name(key).is_some_and(|column| !column.is_null(0));
            prop_assert!(is_blank || in_column || kept.get(key) == Some(value), "{key} of {record}");
        }
    }

    #[test]
    fn arbitrary_records_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..60), text in "[\\[\\]{}\",:\\\\ 1atruen]{0,30}") {
        let all = [("a", list(DataType::Utf8View)), (ATTRIBUTES, DataType::Utf8View)];
        let mut decoder = Decoder::new(schema(&all), HashMap::new()).unwrap();
        let _ = decoder.append(&bytes, "x", 1);
        let _ = decoder.append(format!("{{\"a\":{text}}}").as_bytes(), "x", 1);
        infer_schema(&raw(&[&format!("{{\"a\":{text}}}")]));
        decoder.flush();
    }
}

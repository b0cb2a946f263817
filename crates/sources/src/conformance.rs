//! Every source against its samples: the rows are those of `expected.ndjson`, every recorded record is
//! understood, nothing of a record is lost.
//!
//! `UPDATE_EXPECTED=1` writes the files; the difference is then read and judged by a person.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::datatypes::DataType;
use serde_json::{Map, Value};

use crate::decode::{DECODERS, decoder};
use crate::oracle::{Oracle, cell};
use crate::redact::redact_member;
use crate::{Framing, MapOptions, Mapper, Registry, Source, records, sort_by_line};

/// 2026-11-22T00:00:00Z.
const INGESTED: i64 = 1_795_305_600_000_000;

fn folder(source: &Source) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../content/sources").join(&source.id)
}

/// Sample files, without notes and licences.
fn samples(source: &Source) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder(source).join("samples"))
        .unwrap_or_else(|error| panic!("samples of {}: {error}", source.id))
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension().is_some_and(|end| ["jsonl", "json", "log"].iter().any(|known| end == *known))
        })
        .collect();
    paths.sort();
    paths
}

fn options(path: &Path) -> MapOptions {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    MapOptions { ingest_time_us: INGESTED, install_key: [7; 32], path: Some(name) }
}

fn map(source: &Source, path: &Path) -> Vec<RecordBatch> {
    run(source, path, Mapper::new(source, options(path)).unwrap())
}

/// Rows after the slow reading of the rules.
fn map_slowly(source: &Source, path: &Path) -> Vec<RecordBatch> {
    let rules = source.statements.iter().map(|(text, _)| Oracle::compile(text)).collect();
    run(source, path, Mapper::with_rules(source, options(path), rules).unwrap())
}

fn run(source: &Source, path: &Path, mut mapper: Mapper<'_>) -> Vec<RecordBatch> {
    let bytes = std::fs::read(path).unwrap();
    for (line, raw) in records(&bytes, source.framing) {
        mapper.push(raw, line).unwrap();
    }
    mapper.finish().unwrap();
    mapper.take_batches()
}

/// Rows as objects without nulls, in the order of the raw records.
fn rows(batches: &[RecordBatch]) -> Vec<Map<String, Value>> {
    let mut rows: Vec<Map<String, Value>> = Vec::new();
    for batch in batches {
        let batch = sort_by_line(batch).unwrap();
        for at in 0..batch.num_rows() {
            let mut row = Map::new();
            for (field, column) in batch.schema_ref().fields().iter().zip(batch.columns()) {
                let value = cell(column, at);
                if value.is_null() {
                    continue;
                }
                let value = match field.data_type() {
                    DataType::Timestamp(..) => {
                        jiff::Timestamp::from_microsecond(value.as_i64().unwrap()).unwrap().to_string().into()
                    }
                    _ => value,
                };
                row.insert(field.name().clone(), value);
            }
            rows.push(row);
        }
    }
    rows.sort_by_key(|row| row["_line"].as_i64());
    rows
}

/// A row as `expected.ndjson` holds it: without the verbatim record and without what is fixed per source.
fn expected_form(mut row: Map<String, Value>) -> Value {
    for gone in [
        "raw",
        "ingest_time",
        "schema_version",
        "source_name",
        "source_vendor",
        "source_product",
        "raw_dataset",
        "record_id",
    ] {
        row.remove(gone);
    }
    Value::Object(row.into_iter().collect::<BTreeMap<_, _>>().into_iter().collect())
}

#[test]
fn every_embedded_source_loads() {
    let (registry, errors) = Registry::load();
    assert_eq!(errors, Vec::<String>::new());
    assert_eq!(registry.sources().len(), 16);
    for source in registry.sources() {
        assert!(source.title.len() > 3 && source.link.starts_with("https://"), "{}", source.id);
        let catalog = atalanta_schema::Catalog::builtin();
        assert!(catalog.dataset(&source.raw_dataset).is_some(), "{}: {}", source.id, source.raw_dataset);
        for class in &source.event_classes {
            assert!(
                catalog.enum_by_name("event_class").unwrap().value(class).is_some(),
                "{}: {class}",
                source.id
            );
        }
    }
}

#[test]
fn samples_give_the_expected_rows() {
    let update = std::env::var_os("UPDATE_EXPECTED").is_some();
    for source in Registry::builtin().sources() {
        let mut lines = String::new();
        for path in samples(source) {
            for row in rows(&map(source, &path)) {
                lines.push_str(&expected_form(row).to_string());
                lines.push('\n');
            }
        }
        let file = folder(source).join("expected.ndjson");
        if update {
            std::fs::write(&file, &lines).unwrap();
        }
        let expected = std::fs::read_to_string(&file).unwrap_or_default();
        for (at, (found, wanted)) in lines.lines().zip(expected.lines()).enumerate() {
            assert_eq!(found, wanted, "row {} of {}", at + 1, source.id);
        }
        assert_eq!(lines.lines().count(), expected.lines().count(), "rows of {}", source.id);
    }
}

/// The engine and the slow reading are two implementations of the same language.
#[test]
fn the_engine_agrees_with_the_slow_reading() {
    for source in Registry::builtin().sources() {
        for path in samples(source) {
            let (fast, slow) = (rows(&map(source, &path)), rows(&map_slowly(source, &path)));
            assert_eq!(fast.len(), slow.len(), "{}", path.display());
            for (fast, slow) in fast.iter().zip(&slow) {
                for name in fast.keys().chain(slow.keys()) {
                    assert_eq!(
                        fast.get(name),
                        slow.get(name),
                        "{name} of {} line {}",
                        path.display(),
                        fast["_line"]
                    );
                }
            }
        }
    }
}

#[test]
fn every_sample_is_understood() {
    for source in Registry::builtin().sources() {
        for path in samples(source) {
            let rows = rows(&map(source, &path));
            assert!(!rows.is_empty(), "{}", path.display());
            for row in rows {
                assert_eq!(
                    row["parse_status"],
                    "ok",
                    "{} line {}: {}",
                    path.display(),
                    row["_line"],
                    Value::Object(row.clone())
                );
                let class = row["event_class"].as_str().unwrap();
                assert!(source.event_classes.iter().any(|known| known == class), "{}: {class}", source.id);
                assert!(row.contains_key("_time") && row["raw_hash"].as_str().unwrap().len() == 64);
            }
        }
    }
}

#[test]
fn rows_have_distinct_ids() {
    for source in Registry::builtin().sources() {
        for path in samples(source) {
            let mut seen = BTreeMap::new();
            for row in rows(&map(source, &path)) {
                let raw = row["raw"].clone();
                // The same text twice is the same event twice; only different records must differ.
                if let Some(earlier) = seen.insert(row["event_id"].to_string(), raw.clone()) {
                    assert_eq!(earlier, raw, "{}", path.display());
                }
            }
        }
    }
}

/// Independent of the path analysis of the mapper: every text of a decoded record stands somewhere in its row.
#[test]
fn every_member_is_in_a_column_or_in_the_attributes() {
    for source in Registry::builtin().sources() {
        for path in samples(source) {
            let rows = rows(&map(source, &path));
            let mut by_line: BTreeMap<i64, String> = BTreeMap::new();
            for mut row in rows {
                let line = row["_line"].as_i64().unwrap();
                row.remove("raw");
                let all = Value::Object(row).to_string().replace('\\', "").to_lowercase();
                by_line.entry(line).or_default().push_str(&all);
            }
            let mut decoder = decoder(&source.decoder).unwrap();
            let (mut out, mut problems) = (Vec::new(), Vec::new());
            let bytes = std::fs::read(&path).unwrap();
            for (line, raw) in records(&bytes, source.framing) {
                decoder.push(raw, line, &mut out, &mut problems);
            }
            decoder.finish(&mut out, &mut problems);
            for mut record in out {
                for (name, value) in &mut record.fields {
                    redact_member(name, value, &mut Vec::new(), &mut None);
                }
                let line = i64::try_from(record.raws[0].line).unwrap();
                for (name, value) in &record.fields {
                    check(&source.id, name, value, &by_line[&line]);
                }
            }
        }
    }
}

fn check(source: &str, name: &str, value: &Value, row: &str) {
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(inner, value)| check(source, &format!("{name}.{inner}"), value, row));
        }
        Value::Array(items) => items.iter().for_each(|value| check(source, &format!("{name}[]"), value, row)),
        Value::String(text) => {
            let wanted = text.replace('\\', "").to_lowercase();
            let wanted: String = Value::from(wanted).to_string().replace('\\', "");
            let wanted = &wanted[1..wanted.len() - 1];
            assert!(row.contains(wanted) || converted(source, name), "{source}: {name} = {text}");
        }
        _ => {}
    }
}

/// Members that a column holds in another form.
fn converted(source: &str, name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    let forms: &[&str] = match source {
        "envoy_access" => &[
            "start_time",
            "traceparent",
            "upstream_local_address",
            "downstream_local_address",
            "downstream_remote_address",
            "upstream_host",
            "authority",
            "protocol",
        ],
        "litellm_proxy" => {
            &["api_base", "status", "call_type", "_api_key", "content-length", "error_code", "model"]
        }
        "llm_wire" => &["host", "traceparent", "content-length", "path"],
        "mcp_tap" => &["kind", "traceparent", "rpc_id", "client_command"],
        "sysmon" => &[
            "UtcTime",
            "@timestamp",
            "Hashes",
            "Image",
            "ParentImage",
            "EventID",
            "Initiated",
            "EventType",
            "QueryStatus",
        ],
        "tetragon" => &["kind", "time", "id", "uid", "auid", "protocol", "file_operation", "docker"],
        "otlp" => &[
            "signal",
            "profile",
            "status_code",
            "url.full",
            "url.scheme",
            "gen_ai.openai.api_base",
            "success",
            "decision",
            "gen_ai.is_streaming",
            "openinference.span.kind",
            "event.name",
            "name",
            "output.value",
            "llm.invocation_parameters",
            "duration_ms",
            "cost_usd",
        ],
        "cloudtrail" => &[
            "eventTime",
            "mfaAuthenticated",
            "type",
            "eventName",
            "bytesTransferredIn",
            "bytesTransferredOut",
            "_api_key",
            "arn",
            "accountId",
        ],
        "linux_audit" => &["kind", "success", "auid", "uid", "auid_name", "uid_name", "addr", "euid"],
        "osquery" => &["action", "user_time", "system_time", "protocol", "time"],
        "bpftrace" => &["kind"],
        "agent_event" => &["time", "url", "protocol"],
        "ironclad" => &["created_at", "status", "cached"],
        "sidecar" => &[
            "start_time",
            "traceparent",
            "downstream_local_address",
            "downstream_remote_address",
            "upstream_host",
            "authority",
            "protocol",
        ],
        _ => &[],
    };
    forms.iter().any(|form| name == *form || last == *form || name.ends_with(&format!(".{form}")))
}

#[test]
fn samples_are_detected() {
    for source in Registry::builtin().sources() {
        for path in samples(source) {
            let bytes = std::fs::read(&path).unwrap();
            let sample: Vec<&[u8]> =
                records(&bytes, Framing::Json).into_iter().map(|(_, raw)| raw).take(20).collect();
            let found = Registry::builtin()
                .detect(&sample)
                .unwrap_or_else(|| panic!("{} is not detected", path.display()));
            assert_eq!(found.id, source.id, "{}: {}", path.display(), found.reason);
            assert!(found.confidence > 0.5, "{}: {}", path.display(), found.reason);
        }
    }
    assert_eq!(Registry::builtin().detect(&[b"{\"a\":1}", b"plain text"]), None);
}

#[test]
fn every_decoder_is_used() {
    for name in DECODERS {
        assert!(Registry::builtin().sources().iter().any(|source| source.decoder == *name), "{name}");
    }
}

#[test]
fn undecodable_and_unmapped_records_are_kept() {
    let source = Registry::builtin().get("sysmon").unwrap();
    let path = Path::new("x.jsonl");
    let mut mapper = Mapper::new(source, options(path)).unwrap();
    mapper
        .push(b"{\"EventID\":255,\"UtcTime\":\"2026-11-20 10:00:00.123\",\"ID\":\"DriverCommunication\"}", 1)
        .unwrap();
    mapper.push(b"{\"EventID\":1,\"Image\":", 2).unwrap();
    mapper.finish().unwrap();
    let found = rows(&mapper.take_batches());
    assert_eq!(
        (&found[0]["event_class"], &found[0]["parse_status"]),
        (&"EVENT_LOG".into(), &"partial".into())
    );
    assert!(found[0]["attributes"].as_str().unwrap().contains("DriverCommunication"));
    assert_eq!(
        (&found[1]["parse_status"], &found[1]["raw"]),
        (&"error".into(), &"{\"EventID\":1,\"Image\":".into())
    );
    assert_eq!((mapper.counts().unmapped, mapper.counts().undecoded), (1, 1));
}

#[test]
fn credentials_reach_neither_columns_nor_the_raw_text() {
    let source = Registry::builtin().get("llm_wire").unwrap();
    let path = Path::new("x.jsonl");
    let mut mapper = Mapper::new(source, options(path)).unwrap();
    let record = br#"{"ts_ns":1795300331667012449,"method":"POST","path":"/v1/chat/completions","headers":{"host":"api.openai.com","Authorization":"Bearer sk-proj-secret-1"},"request_body":{"model":"m","messages":[],"api_key":"sk-other-secret-2"}}"#;
    mapper.push(record, 1).unwrap();
    mapper.finish().unwrap();
    let found = rows(&mapper.take_batches()).remove(0);
    let all = Value::Object(found.clone()).to_string();
    assert!(!all.contains("secret-1") && !all.contains("secret-2"), "{all}");
    assert_eq!(found["api_key_id"].as_str().unwrap().len(), 12);
    assert_eq!(found["parse_status"], "ok");
}

/// The recordings of the hunts are in the formats of these sources.
#[test]
fn recordings_of_the_hunts_are_understood() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../content/hunts/sop");
    let mut files = Vec::new();
    for hunt in std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()) {
        for place in ["", "attack", "benign"] {
            let entries =
                std::fs::read_dir(hunt.join(place)).into_iter().flatten().map(|entry| entry.unwrap().path());
            files.extend(entries.filter(|path| path.extension().is_some_and(|end| end == "ndjson")));
        }
    }
    assert!(files.len() > 50, "{}", files.len());
    for path in files {
        let bytes = std::fs::read(&path).unwrap();
        let raws = records(&bytes, Framing::Lines);
        let sample: Vec<&[u8]> = raws.iter().take(20).map(|(_, raw)| *raw).collect();
        let found = Registry::builtin().detect(&sample).unwrap();
        assert_eq!(found.confidence, 1.0, "{}: {}", path.display(), found.reason);
        let source = Registry::builtin().get(&found.id).unwrap();
        for batch in map(source, &path) {
            let status = batch.column_by_name("parse_status").unwrap();
            assert!((0..batch.num_rows()).all(|row| cell(status, row) == "ok"), "{}", path.display());
        }
    }
}

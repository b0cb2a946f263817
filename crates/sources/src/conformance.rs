//! Every source against its samples: the rows are those of `expected.ndjson`, every recorded record is
//! understood, nothing of a record is lost.
//!
//! `UPDATE_EXPECTED=1` writes the files; the difference is then read and judged by a person.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::decode::DECODERS;
use crate::oracle::{Oracle, cell};
use crate::samples::{
    Fate, SAMPLE_ARRIVAL_US, Sample, builtin_samples, check_samples, expected_form, member_fates, rows,
    sample_rows,
};
use crate::{Framing, MapOptions, Mapper, Registry, Source, records};

fn folder(source: &Source) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../content/sources").join(&source.id)
}

pub(crate) fn options(path: &str) -> MapOptions {
    MapOptions { ingest_time_us: SAMPLE_ARRIVAL_US, install_key: [7; 32], path: Some(path.to_owned()) }
}

/// Rows after the slow reading of the rules.
fn slow_rows(source: &Source, sample: &Sample) -> Vec<Map<String, Value>> {
    let rules = source.statements.iter().map(|(text, _)| Oracle::compile(text)).collect();
    let mut mapper = Mapper::with_rules(source, options(&sample.name), rules).unwrap();
    for (line, raw) in records(&sample.bytes, source.framing) {
        mapper.push(raw, line).unwrap();
    }
    mapper.finish().unwrap();
    rows(&mapper.take_batches()).unwrap()
}

#[test]
fn every_embedded_source_loads() {
    let (registry, errors) = Registry::load();
    assert_eq!(errors, Vec::<String>::new());
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
    let mut wrong = Vec::new();
    for source in Registry::builtin().sources() {
        let samples = builtin_samples(source);
        let file = folder(source).join("expected.ndjson");
        if update {
            let mut lines = String::new();
            for row in samples.iter().flat_map(|sample| sample_rows(source, sample).unwrap()) {
                lines.push_str(&expected_form(&row));
                lines.push('\n');
            }
            std::fs::write(&file, &lines).unwrap();
        }
        let expected = std::fs::read_to_string(&file).unwrap_or_default();
        let found = check_samples(source, &samples, Some(&expected));
        wrong.extend(found.into_iter().map(|problem| format!("{}: {problem}", source.id)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Values of a list are compared letter by letter: one in other letters is found by no query that takes it from the list.
#[test]
fn values_of_lists_are_written_as_the_lists_have_them() {
    let catalog = atalanta_schema::Catalog::builtin();
    let events = catalog.dataset("xdr_data").unwrap();
    for source in Registry::builtin().sources() {
        for row in builtin_samples(source).iter().flat_map(|sample| sample_rows(source, sample).unwrap()) {
            for (name, value) in &row {
                let list = events.field(name).and_then(|found| catalog.enum_of(found.field));
                let (Some(list), Some(text)) = (list, value.as_str()) else { continue };
                let listed = list.values.iter().find(|one| one.name.eq_ignore_ascii_case(text));
                assert!(listed.is_none_or(|one| one.name == text), "{}: {name} is {text}", source.id);
            }
        }
    }
}

/// The engine and the slow reading are two implementations of the same language.
#[test]
fn the_engine_agrees_with_the_slow_reading() {
    for source in Registry::builtin().sources() {
        for sample in builtin_samples(source) {
            let (fast, slow) = (sample_rows(source, &sample).unwrap(), slow_rows(source, &sample));
            let place = format!("{} of {}", sample.name, source.id);
            assert_eq!(fast.len(), slow.len(), "{place}");
            for (fast, slow) in fast.iter().zip(&slow) {
                for name in fast.keys().chain(slow.keys()) {
                    assert_eq!(fast.get(name), slow.get(name), "{name} of {place} line {}", fast["_line"]);
                }
            }
        }
    }
}

#[test]
fn rows_have_distinct_ids() {
    for source in Registry::builtin().sources() {
        for sample in builtin_samples(source) {
            let mut seen = BTreeMap::new();
            for row in sample_rows(source, &sample).unwrap() {
                let raw = row["raw"].clone();
                assert_eq!(row["raw_hash"].as_str().unwrap().len(), 64);
                // The same text twice is the same event twice; only different records must differ.
                if let Some(earlier) = seen.insert(row["event_id"].to_string(), raw.clone()) {
                    assert_eq!(earlier, raw, "{} of {}", sample.name, source.id);
                }
            }
        }
    }
}

/// Independent of the path analysis of the mapper: every text and number of a decoded record stands somewhere in its
/// rows, or the source says that a column holds it in another form.
#[test]
fn every_member_is_in_a_column_or_in_the_attributes() {
    let mut lost = Vec::new();
    for source in Registry::builtin().sources() {
        for (path, fate) in member_fates(source, &builtin_samples(source)).unwrap() {
            if fate == Fate::Dropped {
                lost.push(format!("{}: {path}", source.id));
            }
        }
    }
    assert!(lost.is_empty(), "{lost:#?}");
}

#[test]
fn records_of_no_source_are_of_no_source() {
    assert_eq!(Registry::builtin().detect(&[b"{\"a\":1}", b"plain text"]), None);
}

/// Names of recorded samples are names of samples.
#[test]
fn recorded_samples_are_there() {
    for source in Registry::builtin().sources() {
        let samples = builtin_samples(source);
        for name in &source.recorded {
            let begin = name.trim_end_matches('*');
            assert!(samples.iter().any(|sample| sample.name.starts_with(begin)), "{}: {name}", source.id);
        }
    }
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
    let mut mapper = Mapper::new(source, options("x.jsonl")).unwrap();
    mapper
        .push(b"{\"EventID\":999,\"UtcTime\":\"2026-11-20 10:00:00.123\",\"ID\":\"DriverCommunication\"}", 1)
        .unwrap();
    mapper.push(b"{\"EventID\":1,\"Image\":", 2).unwrap();
    mapper.finish().unwrap();
    let found = rows(&mapper.take_batches()).unwrap();
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
    let mut mapper = Mapper::new(source, options("x.jsonl")).unwrap();
    let record = br#"{"ts_ns":1795300331667012449,"method":"POST","path":"/v1/chat/completions","headers":{"host":"api.openai.com","Authorization":"Bearer sk-proj-secret-1"},"request_body":{"model":"m","messages":[],"api_key":"sk-other-secret-2"}}"#;
    mapper.push(record, 1).unwrap();
    mapper.finish().unwrap();
    let found = rows(&mapper.take_batches()).unwrap().remove(0);
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
        let mut mapper = Mapper::new(source, options(&path.to_string_lossy())).unwrap();
        for (line, raw) in records(&bytes, source.framing) {
            mapper.push(raw, line).unwrap();
        }
        mapper.finish().unwrap();
        for batch in mapper.take_batches() {
            let status = batch.column_by_name("parse_status").unwrap();
            assert!((0..batch.num_rows()).all(|row| cell(status, row) == "ok"), "{}", path.display());
        }
    }
}

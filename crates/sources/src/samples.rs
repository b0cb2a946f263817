//! A source against its samples: which rows they give, whether they are understood and told from those of other
//! sources, and what becomes of each of their members.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::RecordBatch;
use serde_json::{Map, Value};

use crate::decode::decoder_with;
use crate::registry::Content;
use crate::{Framing, MapError, MapOptions, Mapper, Registry, Source, records, sort_by_line, tree};

/// When samples arrive: 2026-11-22T00:00:00Z, so that their rows are the same each time.
pub const SAMPLE_ARRIVAL_US: i64 = 1_795_305_600_000_000;

/// Ends of the names of sample files; notes and licences have others.
pub const SAMPLE_ENDS: &[&str] = &["jsonl", "json", "log", "dvc", "lock", "sig"];

/// Records of a sample that decide which source it is of.
const LOOK: usize = 20;

/// Columns that are the same for all rows of a source, or that repeat the record.
const LEFT_OUT: &[&str] = &[
    "raw",
    "ingest_time",
    "schema_version",
    "source_name",
    "source_vendor",
    "source_product",
    "raw_dataset",
    "record_id",
];

/// A recording, or a file written after the format's documentation.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Name, with folders below `samples`.
    pub name: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// Samples of a built-in source, by name.
pub fn builtin_samples(source: &Source) -> Vec<Sample> {
    let folder = format!("{}/samples/", source.id);
    let mut samples: Vec<Sample> = Content::iter()
        .filter_map(|path| {
            let name = path.strip_prefix(&folder)?.to_owned();
            let bytes = Content::get(&path)?.data.into_owned();
            is_sample(&name).then_some(Sample { name, bytes })
        })
        .collect();
    samples.sort_by(|a, b| a.name.cmp(&b.name));
    samples
}

/// The rows expected of a built-in source's samples.
pub fn builtin_expected(source: &Source) -> Option<String> {
    let file = Content::get(&format!("{}/expected.ndjson", source.id))?;
    String::from_utf8(file.data.into_owned()).ok()
}

/// Whether a file of a samples folder is a sample.
pub fn is_sample(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, end)| SAMPLE_ENDS.contains(&end))
}

/// Rows of a sample as objects without nulls, in the order of the records.
pub fn sample_rows(source: &Source, sample: &Sample) -> Result<Vec<Map<String, Value>>, MapError> {
    let options = MapOptions {
        ingest_time_us: SAMPLE_ARRIVAL_US,
        install_key: [7; 32],
        path: Some(sample.name.clone()),
    };
    let mut mapper = Mapper::new(source, options)?;
    for (line, raw) in records(&sample.bytes, source.framing) {
        mapper.push(raw, line)?;
    }
    mapper.finish()?;
    rows(&mapper.take_batches())
}

/// Rows of batches as objects without nulls, in the order of the records.
pub(crate) fn rows(batches: &[RecordBatch]) -> Result<Vec<Map<String, Value>>, MapError> {
    let mut rows: Vec<Map<String, Value>> = Vec::new();
    for batch in batches {
        let batch = sort_by_line(batch)?;
        for at in 0..batch.num_rows() {
            let mut row = atalanta_engine::row_json::row(&batch, at);
            // A number that JSON lacks is no value.
            row.retain(|_, value| !value.is_null());
            rows.push(row);
        }
    }
    rows.sort_by_key(|row| row.get("_line").and_then(Value::as_i64));
    Ok(rows)
}

/// A row as `expected.ndjson` holds it: without the verbatim record and without what is fixed per source.
pub fn expected_form(row: &Map<String, Value>) -> String {
    let kept = row.iter().filter(|(name, _)| !LEFT_OUT.contains(&name.as_str()));
    let sorted: BTreeMap<&String, &Value> = kept.collect();
    serde_json::to_string(&sorted).unwrap_or_default()
}

/// What is wrong with a source, from its samples: rows that are not those expected, records that are not understood,
/// classes that it does not declare, samples that another source claims.
pub fn check_samples(source: &Source, samples: &[Sample], expected: Option<&str>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut lines = Vec::new();
    if samples.is_empty() {
        wrong.push("no samples".to_owned());
    }
    for sample in samples {
        match sample_rows(source, sample) {
            Ok(rows) => {
                wrong.extend(rows.iter().filter_map(|row| misunderstood(source, sample, row)));
                if rows.is_empty() {
                    wrong.push(format!("{}: no rows", sample.name));
                }
                lines.extend(rows.iter().map(expected_form));
            }
            Err(error) => wrong.push(format!("{}: {error}", sample.name)),
        }
        wrong.extend(misdetected(source, sample));
    }
    if let Some(expected) = expected {
        wrong.extend(differences(&lines, expected));
    }
    wrong
}

/// A row of `expected.ndjson` or of a sample, found again by its record: file, line, and which of the record's rows.
type RowKey = (String, i64, usize);

/// Rows that are not those expected, by the record that gives them, with the members in which they differ.
fn differences(lines: &[String], expected: &str) -> Vec<String> {
    let (found, mut wrong) = keyed(lines.iter().map(String::as_str), "a row");
    let (wanted, unread) = keyed(expected.lines().filter(|line| !line.trim().is_empty()), "expected.ndjson");
    wrong.extend(unread);
    for ((path, line, at), row) in &found {
        let place =
            if *at == 0 { format!("{path}:{line}") } else { format!("{path}:{line}, row {}", at + 1) };
        let Some(wanted) = wanted.get(&(path.clone(), *line, *at)) else {
            wrong.push(format!("{place}: expected.ndjson has no such row"));
            continue;
        };
        let names: BTreeSet<&String> = row.keys().chain(wanted.keys()).collect();
        let shown = |row: &Map<String, Value>, name: &str| {
            row.get(name).map_or_else(|| "nothing".to_owned(), |value| shortened(&value.to_string()))
        };
        for name in names.into_iter().filter(|name| row.get(*name) != wanted.get(*name)) {
            wrong.push(format!("{place}: {name} is {}, expected {}", shown(row, name), shown(wanted, name)));
        }
    }
    for (path, line, at) in wanted.keys().filter(|key| !found.contains_key(*key)) {
        wrong.push(format!("{path}:{line}, row {}: expected, and the sample does not give it", at + 1));
    }
    wrong
}

/// Rows by their records, and what is wrong with lines that are none.
fn keyed<'a>(
    lines: impl Iterator<Item = &'a str>,
    what: &str,
) -> (BTreeMap<RowKey, Map<String, Value>>, Vec<String>) {
    let (mut rows, mut wrong) = (BTreeMap::new(), Vec::new());
    let mut counts: BTreeMap<(String, i64), usize> = BTreeMap::new();
    for (at, text) in lines.enumerate() {
        let row: Map<String, Value> = match serde_json::from_str(text) {
            Ok(row) => row,
            Err(error) => {
                wrong.push(format!("{what}, line {}: expected a JSON object: {error}", at + 1));
                continue;
            }
        };
        let path = row.get("_path").and_then(Value::as_str).unwrap_or_default().to_owned();
        let line = row.get("_line").and_then(Value::as_i64).unwrap_or_default();
        let count = counts.entry((path.clone(), line)).or_default();
        rows.insert((path, line, *count), row);
        *count += 1;
    }
    (rows, wrong)
}

/// A value as far as it helps to see a difference.
fn shortened(text: &str) -> String {
    const SHOWN: usize = 200;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}… ({} characters)", &text[..end], text.chars().count()),
        None => text.to_owned(),
    }
}

fn misunderstood(source: &Source, sample: &Sample, row: &Map<String, Value>) -> Option<String> {
    let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
    let line = row.get("_line").and_then(Value::as_i64).unwrap_or_default();
    if text("parse_status") != "ok" {
        let attributes = text("attributes");
        return Some(format!(
            "{}:{line}: parse_status is {}, {attributes}",
            sample.name,
            text("parse_status")
        ));
    }
    let class = text("event_class");
    (!source.event_classes.iter().any(|known| known == class))
        .then(|| format!("{}:{line}: event_class {class} is not among event_classes", sample.name))
}

fn misdetected(source: &Source, sample: &Sample) -> Option<String> {
    let all = records(&sample.bytes, Framing::Json);
    let first: Vec<&[u8]> = all.iter().take(LOOK).map(|(_, raw)| *raw).collect();
    let own = Registry::builtin().get(&source.id).is_some();
    let found = Registry::builtin().detect_with((!own).then_some(source), &first);
    match found {
        None => Some(format!("{}: is not recognised by the signs under detect", sample.name)),
        Some(found) if found.id != source.id => {
            Some(format!("{}: is taken for {}, {}", sample.name, found.id, found.reason))
        }
        Some(_) => None,
    }
}

/// What becomes of a member of a source's records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// A column holds it, as it is or in another form.
    Mapped,
    /// It is in `attributes`.
    Attribute,
    /// It is in the verbatim record alone.
    Dropped,
}

/// Members of the records of samples, by path, with the worst that becomes of them; `[]` stands for any place in an
/// array.
pub fn member_fates(source: &Source, samples: &[Sample]) -> Result<BTreeMap<String, Fate>, MapError> {
    let mut fates = BTreeMap::new();
    for sample in samples {
        let mut mapped: BTreeMap<i64, String> = BTreeMap::new();
        let mut kept: BTreeMap<i64, String> = BTreeMap::new();
        for mut row in sample_rows(source, sample)? {
            let line = row.get("_line").and_then(Value::as_i64).unwrap_or_default();
            row.remove("raw");
            let attributes = row.remove("attributes").unwrap_or_default();
            mapped.entry(line).or_default().push_str(&folded(&Value::Object(row).to_string()));
            kept.entry(line).or_default().push_str(&folded(&attributes.to_string()));
        }
        let Some(mut decoder) = decoder_with(&source.decoder, &source.options) else { continue };
        let (mut out, mut problems) = (Vec::new(), Vec::new());
        for (line, raw) in records(&sample.bytes, source.framing) {
            decoder.push(raw, line, &mut out, &mut problems);
        }
        decoder.finish(&mut out, &mut problems);
        for mut record in out {
            for (name, value) in record.fields.iter_mut() {
                crate::redact::redact_member(name, value, &mut Vec::new(), &mut None);
            }
            let line = record.raws.first().map_or(0, |raw| raw.line as i64);
            let empty = String::new();
            let (mapped, kept) = (mapped.get(&line).unwrap_or(&empty), kept.get(&line).unwrap_or(&empty));
            for (name, value) in record.fields.iter().filter(|(name, _)| !source.is_view(name)) {
                note(source, name, value, (mapped, kept), &mut fates);
            }
        }
    }
    Ok(fates)
}

/// Text in which a member's text can be looked for, however often it is quoted.
fn folded(text: &str) -> String {
    text.replace('\\', "").to_lowercase()
}

fn note(
    source: &Source,
    path: &str,
    value: &tree::Value,
    (mapped, kept): (&str, &str),
    fates: &mut BTreeMap<String, Fate>,
) {
    let text = match value {
        tree::Value::Object(members) => {
            for (name, value) in members {
                note(source, &format!("{path}.{name}"), value, (mapped, kept), fates);
            }
            return;
        }
        tree::Value::Array(items) => {
            for value in items {
                note(source, &format!("{path}[]"), value, (mapped, kept), fates);
            }
            return;
        }
        tree::Value::String(text) if !text.is_empty() => {
            let text = folded(&tree::json_text(text.replace('\\', "").as_str()));
            text[1..text.len() - 1].to_owned()
        }
        tree::Value::Number(number) => number.to_string(),
        // Nulls and empty texts say nothing; a truth value cannot be looked for.
        _ => return,
    };
    let fate = match () {
        () if mapped.contains(&text) || source.holds_converted(path) => Fate::Mapped,
        () if kept.contains(&text) => Fate::Attribute,
        () => Fate::Dropped,
    };
    let worst = fates.entry(path.to_owned()).or_insert(fate);
    *worst = (*worst).max(fate);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_is_new_does_not_make_the_others_wrong() {
        let row = |path: &str, line: i64, model: &str| {
            serde_json::json!({ "_path": path, "_line": line, "model_name": model }).to_string()
        };
        let expected = [row("b", 1, "x"), row("b", 1, "y"), row("b", 3, "gone")].join("\n");
        let found = [row("a", 1, "new"), row("b", 1, "x"), row("b", 1, "z")];
        assert_eq!(
            differences(&found, &expected),
            [
                "a:1: expected.ndjson has no such row",
                "b:1, row 2: model_name is \"z\", expected \"y\"",
                "b:3, row 1: expected, and the sample does not give it",
            ]
        );
        assert_eq!(differences(&found[1..2], &row("b", 1, "x")), Vec::<String>::new());
        assert!(differences(&[], "no row")[0].contains("line 1: expected a JSON object"));
    }
}

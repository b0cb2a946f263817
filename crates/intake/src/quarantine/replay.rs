//! Records of the quarantine once more: mapped after a repair of the mapping, or as another source.

use std::collections::HashSet;

use arrow::array::RecordBatch;
use atalanta_store::Part;
use serde::Deserialize;

use super::QUARANTINE;
use crate::ask;
use crate::error::IntakeError;
use crate::own_row::{number, own_row, text};
use crate::pipeline::{Mapped, Pipeline, Target};

/// Dataset of the records that were mapped later.
pub const REPLAYED: &str = "atalanta_replayed";

/// Records of one call.
const MOST: usize = 100_000;

/// Records that are stored together.
const BATCH: usize = 500;

/// Which records.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Selection {
    /// These alone; all if empty.
    pub ids: Vec<String>,
    /// Those of this source.
    pub source: Option<String>,
    /// The source as which they are mapped, instead of their own.
    #[serde(rename = "as")]
    pub as_source: Option<String>,
}

/// What became of them.
#[derive(Clone, Debug, Default)]
pub struct Replayed {
    /// Records that were tried.
    pub records: u64,
    /// Events made of those that could be mapped.
    pub events: u64,
    /// (id, reason) of those that still cannot.
    pub failed: Vec<(String, String)>,
}

/// A record of the quarantine.
struct Record {
    id: String,
    source: String,
    listener: String,
    raw: String,
}

/// Maps records again and stores what comes of them, with a mark that they are done, in one piece. `may_send` says
/// which sources the caller may send.
pub fn replay(
    pipeline: &Pipeline,
    selection: &Selection,
    may_send: impl Fn(&str) -> bool,
) -> Result<Replayed, IntakeError> {
    let as_target = selection.as_source.as_deref().map(Target::parse).transpose()?;
    let mut done = Replayed::default();
    let mut waiting: Vec<Mapped> = Vec::new();
    for record in records(pipeline, selection)? {
        let target = match &as_target {
            Some(target) => target.clone(),
            None => Target::parse(&record.source)?,
        };
        if !may_send(target.name()) {
            return Err(IntakeError::Source(format!("the token may not send `{}`", target.name())));
        }
        done.records += 1;
        let mut mapped = pipeline.map(&[(1, record.raw.as_bytes())], &target, &record.listener)?;
        if mapped.quarantined > 0 {
            let reason = mapped.first_reason().unwrap_or_else(|| "could not be mapped".to_owned());
            done.failed.push((record.id, reason));
            continue;
        }
        done.events += mapped.events;
        mapped.add(mark(&record, &mapped)?);
        waiting.push(mapped);
        if waiting.len() >= BATCH {
            store(pipeline, &mut waiting)?;
        }
    }
    store(pipeline, &mut waiting)?;
    Ok(done)
}

fn store(pipeline: &Pipeline, waiting: &mut Vec<Mapped>) -> Result<(), IntakeError> {
    if waiting.is_empty() {
        return Ok(());
    }
    pipeline.store_rows(&Mapped::together(std::mem::take(waiting)))?.wait()?;
    Ok(())
}

fn records(pipeline: &Pipeline, selection: &Selection) -> Result<Vec<Record>, IntakeError> {
    let done: HashSet<String> = ids(&ask::rows(pipeline.store(), REPLAYED, "| fields quarantine_id", MOST)?);
    let wanted: HashSet<&str> = selection.ids.iter().map(String::as_str).collect();
    let mut out = Vec::new();
    let stages = "| dedup quarantine_id by asc _time | sort asc _time";
    for batch in ask::rows(pipeline.store(), QUARANTINE, stages, MOST)? {
        for row in 0..batch.num_rows() {
            let text = |name| ask::text(&batch, name, row).to_owned();
            let record = Record {
                id: text("quarantine_id"),
                source: text("source_name"),
                listener: text("listener"),
                raw: text("raw"),
            };
            let is_wanted = wanted.is_empty() || wanted.contains(record.id.as_str());
            let of_source = selection.source.as_ref().is_none_or(|source| *source == record.source);
            if is_wanted && of_source && !done.contains(&record.id) {
                out.push(record);
            }
        }
    }
    Ok(out)
}

fn ids(batches: &[RecordBatch]) -> HashSet<String> {
    let all = |batch: &RecordBatch| {
        (0..batch.num_rows()).map(|row| ask::text(batch, "quarantine_id", row).to_owned()).collect::<Vec<_>>()
    };
    batches.iter().flat_map(all).collect()
}

/// The row that takes a record off the list.
fn mark(record: &Record, mapped: &Mapped) -> Result<Part, IntakeError> {
    let columns = vec![
        ("quarantine_id", text(&record.id)),
        ("source_name", text(&mapped.source)),
        ("events", number(mapped.events as i64)),
    ];
    own_row(REPLAYED, columns)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use atalanta_store::{Store, StoreOptions};

    fn rows(pipeline: &Pipeline, dataset: &str) -> u64 {
        let snapshot = pipeline.store().snapshot();
        let found = snapshot.datasets.iter().find(|one| one.name == dataset);
        found.map_or(0, atalanta_store::DatasetSnapshot::rows)
    }

    #[test]
    fn what_can_be_mapped_leaves_the_list() {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(folder.path(), StoreOptions::default()).unwrap());
        let pipeline = Pipeline::new(store, [0; 32]);
        assert_eq!(replay(&pipeline, &Selection::default(), |_| true).unwrap().records, 0);
        // An audit line that was sent as the records of another source.
        let line = b"type=USER_LOGIN msg=audit(1795300000.123:42): pid=1 uid=0 res=success";
        let wrong = Target::parse("litellm_proxy").unwrap();
        let records: [(u64, &[u8]); 2] = [(1, line), (2, b"{\"broken\":")];
        let mapped = pipeline.map(&records, &wrong, "http/litellm_proxy").unwrap();
        pipeline.store_rows(&mapped).unwrap().wait().unwrap();
        assert_eq!(rows(&pipeline, QUARANTINE), 2);
        let again = replay(&pipeline, &Selection::default(), |_| true).unwrap();
        assert_eq!((again.records, again.events, again.failed.len()), (2, 0, 2));
        assert!(again.failed.iter().all(|(_, reason)| reason.contains("not JSON")), "{:?}", again.failed);
        assert_eq!(rows(&pipeline, QUARANTINE), 2);
        let as_audit = Selection { as_source: Some("linux_audit".to_owned()), ..Selection::default() };
        assert!(replay(&pipeline, &as_audit, |source| source == "otlp").is_err());
        let done = replay(&pipeline, &as_audit, |_| true).unwrap();
        assert_eq!((done.records, done.events, done.failed.len()), (2, 1, 1));
        assert_eq!((rows(&pipeline, crate::EVENTS), rows(&pipeline, REPLAYED)), (1, 1));
        assert_eq!(replay(&pipeline, &as_audit, |_| true).unwrap().records, 1);
        let other = Selection { source: Some("otlp".to_owned()), ..Selection::default() };
        assert_eq!(replay(&pipeline, &other, |_| true).unwrap().records, 0);
    }
}

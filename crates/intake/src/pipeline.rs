//! From records to an acknowledgement: which source, mapping, quarantine, store.

use std::sync::Arc;

use arrow::array::RecordBatch;
use atalanta_sources::decode::decoder;
use atalanta_sources::{MapOptions, Mapper, Registry, Source};
use atalanta_store::{Part, Receipt, Store};

use crate::counters::Counters;
use crate::error::IntakeError;
use crate::joins::{Joins, Turn};
use crate::quarantine::{self, QUARANTINE};
use crate::raw;

/// The dataset of mapped events.
pub const EVENTS: &str = "xdr_data";

/// Records that decide which source they are of.
const LOOK: usize = 20;

/// Share of them that must look like the source.
const CONFIDENT: f64 = 0.5;

/// Where records go.
#[derive(Clone, Debug)]
pub enum Target {
    /// Through the mapping of a source to events.
    Source(&'static Source),
    /// Through the mapping of the source that their content tells, else to a raw dataset.
    Detect(String),
    /// To a raw dataset as they are.
    Raw(String),
}

impl Target {
    /// What the word in an address stands for: the id of a source, `auto`, or a raw dataset `…_raw`.
    pub fn parse(word: &str) -> Result<Self, IntakeError> {
        if let Some(source) = Registry::builtin().get(word) {
            return Ok(Self::Source(source));
        }
        if word == "auto" {
            return Ok(Self::Detect("unknown_records_raw".to_owned()));
        }
        let named = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if word.ends_with("_raw")
            && word.len() <= 100
            && word.chars().all(named)
            && word.starts_with(char::is_alphabetic)
        {
            return Ok(Self::Raw(word.to_owned()));
        }
        Err(IntakeError::Source(unknown(word)))
    }

    /// The name to count under.
    pub fn name(&self) -> &str {
        match self {
            Self::Source(source) => &source.id,
            Self::Detect(_) => "auto",
            Self::Raw(dataset) => dataset,
        }
    }
}

fn unknown(word: &str) -> String {
    let ids: Vec<&str> = Registry::builtin().sources().iter().map(|source| source.id.as_str()).collect();
    let near = ids.iter().map(|id| (strsim::jaro_winkler(word, id), *id)).max_by(|a, b| a.0.total_cmp(&b.0));
    let near = near.filter(|(likeness, _)| *likeness > 0.8).map(|(_, id)| format!(", nearest is `{id}`"));
    let shown: String = word.chars().take(60).collect();
    format!(
        "no source is named `{}`{}; there are {}, `auto`, and raw datasets whose name ends with `_raw`",
        shown.escape_debug(),
        near.unwrap_or_default(),
        ids.join(", ")
    )
}

/// Mapped records, not stored yet.
#[derive(Debug, Default)]
pub struct Mapped {
    parts: Vec<Part>,
    /// Records that were read.
    pub records: u64,
    /// Events made of them.
    pub events: u64,
    /// Records for the quarantine.
    pub quarantined: u64,
    /// The source or raw dataset that took them.
    pub source: String,
    /// The streams that they belong to, held until they are stored.
    streams: Vec<Turn>,
}

/// Mapping and store behind all listeners.
#[derive(Debug)]
pub struct Pipeline {
    store: Arc<Store>,
    install_key: [u8; 32],
    /// Counts by source.
    pub counters: Counters,
    /// Streams whose records are joined.
    pub joins: Joins,
}

impl Pipeline {
    /// A pipeline into a store; `install_key` is the secret for hashes of API keys.
    pub fn new(store: Arc<Store>, install_key: [u8; 32]) -> Self {
        Self { store, install_key, counters: Counters::default(), joins: Joins::default() }
    }

    /// The store.
    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// Maps records, each with the line on which it starts; `place` says where they came from. Takes CPU time: not
    /// for an async thread.
    pub fn map(&self, records: &[(u64, &[u8])], target: &Target, place: &str) -> Result<Mapped, IntakeError> {
        let now = jiff::Timestamp::now().as_microsecond();
        let source = target.name().to_owned();
        let mut mapped = Mapped { records: records.len() as u64, source, ..Mapped::default() };
        if records.is_empty() {
            return Ok(mapped);
        }
        let source = match target {
            Target::Source(source) => Some(*source),
            Target::Detect(_) => detect(records),
            Target::Raw(_) => None,
        };
        match (source, target) {
            (Some(source), _) => {
                mapped.source.clone_from(&source.id);
                for batch in self.through_source(records, source, place, now)? {
                    mapped.take(batch)?;
                }
            }
            (None, Target::Detect(dataset) | Target::Raw(dataset)) => {
                mapped.source.clone_from(dataset);
                for batch in raw::rows(records, place, now)? {
                    mapped.events += batch.num_rows() as u64;
                    mapped.parts.push(Part { dataset: dataset.clone(), batch });
                }
            }
            (None, Target::Source(_)) => {}
        }
        Ok(mapped)
    }

    /// Maps what is inside of a protocol's records, through the source of `target` or that its content tells; if no
    /// source knows it, the whole records go to the raw dataset. For `stream` see [`Pipeline::map_joined`].
    pub(crate) fn map_or_whole<'i>(
        &self,
        inner: impl Iterator<Item = &'i [u8]>,
        whole: impl Iterator<Item = Vec<u8>>,
        target: Option<Target>,
        dataset: &str,
        place: &str,
        stream: &str,
    ) -> Result<Mapped, IntakeError> {
        let records: Vec<(u64, &[u8])> = (1..).zip(inner).collect();
        let target = target.unwrap_or_else(|| Target::Detect(dataset.to_owned()));
        let mapped = self.map_joined(&records, &target, place, stream)?;
        if mapped.source != dataset {
            return Ok(mapped);
        }
        let whole: Vec<Vec<u8>> = whole.collect();
        let records: Vec<(u64, &[u8])> = (1..).zip(whole.iter().map(Vec::as_slice)).collect();
        self.map(&records, &Target::Raw(dataset.to_owned()), place)
    }

    fn through_source(
        &self,
        records: &[(u64, &[u8])],
        source: &'static Source,
        place: &str,
        now: i64,
    ) -> Result<Vec<RecordBatch>, IntakeError> {
        let server =
            |error: &dyn std::fmt::Display| IntakeError::Server(format!("source {}: {error}", source.id));
        let mut mapper = self.mapper(source, place, now)?;
        for (line, bytes) in records {
            mapper.push(bytes, *line).map_err(|error| server(&error))?;
        }
        mapper.finish().map_err(|error| server(&error))?;
        Ok(mapper.take_batches())
    }

    /// As [`Pipeline::map`] for records of a stream: what a source joins may come in one call and the next. `stream`
    /// tells the streams of one source apart. One call at a time is in work for each stream, until what it mapped is
    /// stored or dropped; so a request must not map twice for one stream, and takes several in the order of their names.
    pub fn map_joined(
        &self,
        records: &[(u64, &[u8])],
        target: &Target,
        place: &str,
        stream: &str,
    ) -> Result<Mapped, IntakeError> {
        let source = match target {
            Target::Source(source) => Some(*source),
            Target::Detect(_) => detect(records),
            Target::Raw(_) => None,
        };
        let joined =
            source.filter(|source| decoder(&source.decoder).is_some_and(|one| one.patience().is_some()));
        let Some(source) = joined.filter(|_| !records.is_empty()) else {
            return self.map(records, target, place);
        };
        let now = jiff::Timestamp::now().as_microsecond();
        let mut turn = self.joins.turn(&format!("{}/{stream}", source.id), source, place);
        let batches = turn.map(self, records, now)?;
        self.joined(turn, source, batches, records.len() as u64)
    }

    /// Maps what has waited for its counterpart for too long, or with `all` everything that waits, and stores it.
    pub fn settle(&self, all: bool) -> Result<(), IntakeError> {
        let now = jiff::Timestamp::now().as_microsecond();
        for mut turn in self.joins.due(all) {
            let source = turn.source();
            let batches = turn.finish(self, now)?;
            let mapped = self.joined(turn, source, batches, 0)?;
            self.store_rows(&mapped)?.wait()?;
            mapped.stored();
        }
        Ok(())
    }

    fn joined(
        &self,
        turn: Turn,
        source: &Source,
        batches: Vec<RecordBatch>,
        records: u64,
    ) -> Result<Mapped, IntakeError> {
        let mut mapped = Mapped { records, source: source.id.clone(), ..Mapped::default() };
        for batch in batches {
            mapped.take(batch)?;
        }
        if let Some(part) = turn.part(&self.joins)? {
            mapped.add(part);
        }
        mapped.streams.push(turn);
        Ok(mapped)
    }

    /// A mapper of a source's records.
    pub(crate) fn mapper(
        &self,
        source: &'static Source,
        place: &str,
        now: i64,
    ) -> Result<Mapper<'static>, IntakeError> {
        let options =
            MapOptions { ingest_time_us: now, install_key: self.install_key, path: Some(place.to_owned()) };
        let made = Mapper::new(source, options);
        made.map_err(|error| IntakeError::Server(format!("source {}: {error}", source.id)))
    }

    /// Gives mapped records to the store; they are durable when the receipt says so.
    pub fn store_rows(&self, mapped: &Mapped) -> Result<Receipt, IntakeError> {
        Ok(self.store.append(mapped.parts.clone())?)
    }
}

impl Mapped {
    /// Several results as one, to be stored together.
    pub fn together(all: Vec<Self>) -> Self {
        let mut whole = Self::default();
        for one in all {
            whole.parts.extend(one.parts);
            whole.records += one.records;
            whole.events += one.events;
            whole.quarantined += one.quarantined;
            whole.source = one.source;
            whole.streams.extend(one.streams);
        }
        whole
    }

    /// The rows are durable: the streams go on behind them. Without this call they go back to where they were.
    pub fn stored(self) {
        self.streams.into_iter().for_each(Turn::done);
    }

    /// Why the first record of the quarantine is there.
    pub(crate) fn first_reason(&self) -> Option<String> {
        let part = self.parts.iter().find(|part| part.dataset == QUARANTINE)?;
        Some(crate::ask::text(&part.batch, "reason", 0).to_owned())
    }

    /// Adds rows that are stored together with the mapped ones.
    pub(crate) fn add(&mut self, part: Part) {
        self.parts.push(part);
    }

    fn take(&mut self, batch: RecordBatch) -> Result<(), IntakeError> {
        let (events, bad) = quarantine::split(batch)?;
        if events.num_rows() > 0 {
            self.events += events.num_rows() as u64;
            self.parts.push(Part { dataset: EVENTS.to_owned(), batch: events });
        }
        if let Some(batch) = bad {
            self.quarantined += batch.num_rows() as u64;
            self.parts.push(Part { dataset: QUARANTINE.to_owned(), batch });
        }
        Ok(())
    }
}

fn detect(records: &[(u64, &[u8])]) -> Option<&'static Source> {
    let sample: Vec<&[u8]> = records.iter().take(LOOK).map(|(_, bytes)| *bytes).collect();
    let found = Registry::builtin().detect(&sample).filter(|found| found.confidence >= CONFIDENT)?;
    Registry::builtin().get(&found.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use atalanta_store::{StoreOptions, verify};

    #[test]
    fn events_and_quarantine_are_stored_together() {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(folder.path(), StoreOptions::default()).unwrap());
        let pipeline = Pipeline::new(Arc::clone(&store), [0; 32]);
        let good = std::fs::read(
            std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("../../content/sources/litellm_proxy/samples/standard_logging_payload.jsonl"),
        )
        .unwrap();
        let mut records: Vec<(u64, &[u8])> = crate::body::split(&good, atalanta_sources::Framing::Lines);
        records.push((99, b"{\"broken\":"));
        let target = Target::parse("litellm_proxy").unwrap();
        let mapped = pipeline.map(&records, &target, "test").unwrap();
        assert_eq!((mapped.quarantined, mapped.records), (1, records.len() as u64));
        assert!(mapped.events >= mapped.records - 1);
        let events = mapped.events;
        pipeline.store_rows(&mapped).unwrap().wait().unwrap();
        let rows = |name: &str| {
            let snapshot = store.snapshot();
            snapshot
                .datasets
                .iter()
                .find(|dataset| dataset.name == name)
                .map_or(0, atalanta_store::DatasetSnapshot::rows)
        };
        assert_eq!((rows(EVENTS), rows(QUARANTINE)), (events, 1));
        store.close().unwrap();
        assert_eq!(verify(folder.path(), true).unwrap().errors, Vec::<String>::new());
    }

    #[test]
    fn names_of_targets() {
        assert!(matches!(Target::parse("otlp"), Ok(Target::Source(_))));
        assert!(matches!(Target::parse("acme_gateway_raw"), Ok(Target::Raw(_))));
        let error = Target::parse("otpl").unwrap_err().to_string();
        assert!(error.contains("nearest is `otlp`"), "{error}");
        for bad in ["../x_raw", "_raw", "X_raw", "xdr_data", "atalanta_quarantine"] {
            assert!(Target::parse(bad).is_err(), "{bad}");
        }
    }
}

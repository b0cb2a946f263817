//! Records that only mean something together, in requests that come one after the other: an MCP request and its
//! answer, the lines of one audit event.
//!
//! For each stream (a source and who sends it) the decoder is kept between requests. What waits in it for a
//! counterpart is acknowledged and so must be durable: its raw records are a row of the dataset [`WAITING`], stored in
//! one log record with the rows of the request, and the newest row of a stream says what waits. A stream is worked on
//! by one request at a time; when rows cannot be stored it goes back to what is stored. What waits too long is mapped
//! without its counterpart.
//!
//! State is bounded: [`STREAMS`] streams, [`RECORDS`] records and [`BYTES`] bytes that wait in each.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use atalanta_sources::decode::decoder;
use atalanta_sources::{Mapper, Registry, Source};
use atalanta_store::{Part, Store};
use tokio::sync::OwnedMutexGuard;

use crate::ask;
use crate::error::IntakeError;
use crate::own_row::{number, own_row, text};
use crate::pipeline::Pipeline;

/// Name of the dataset.
pub const WAITING: &str = "atalanta_waiting";

/// Streams that are kept.
const STREAMS: usize = 1000;
/// Records of a stream that wait.
const RECORDS: usize = 1000;
/// Bytes of a stream's records that wait.
const BYTES: usize = 4 << 20;

/// Line and text of a record.
type Raw = (u64, Arc<str>);

/// All streams.
#[derive(Debug, Default)]
pub struct Joins {
    streams: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Stream>>>>,
    sequence: AtomicI64,
}

struct Stream {
    key: String,
    source: &'static Source,
    place: String,
    /// None when the stream must be taken up from what waits.
    mapper: Option<Mapper<'static>>,
    /// What waits by what is stored.
    waiting: Vec<Raw>,
    last: Instant,
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stream")
            .field("key", &self.key)
            .field("waiting", &self.waiting.len())
            .finish_non_exhaustive()
    }
}

/// The turn of one request on a stream.
#[derive(Debug)]
pub struct Turn {
    stream: OwnedMutexGuard<Stream>,
    /// What will wait when this turn is stored.
    next: Vec<Raw>,
    done: bool,
}

impl Joins {
    /// Reads what waited when the process ended.
    pub fn load(&self, store: &Store) -> Result<(), IntakeError> {
        let newest = "| dedup stream by desc sequence";
        for batch in ask::rows(store, WAITING, newest, STREAMS * 10)? {
            for row in 0..batch.num_rows() {
                self.take(&batch, row);
            }
        }
        Ok(())
    }

    fn take(&self, batch: &RecordBatch, row: usize) {
        let sequence =
            batch.column_by_name("sequence").and_then(|column| column.as_primitive_opt::<Int64Type>());
        let sequence = sequence.filter(|column| column.is_valid(row)).map_or(0, |column| column.value(row));
        self.sequence.fetch_max(sequence, Ordering::Relaxed);
        let waiting: Vec<(u64, String)> =
            serde_json::from_str(ask::text(batch, "records", row)).unwrap_or_default();
        let key = ask::text(batch, "stream", row);
        let source = key.split('/').next().and_then(|id| Registry::builtin().get(id));
        let Some(source) = source.filter(|_| !waiting.is_empty()) else { return };
        let waiting = waiting.into_iter().map(|(line, text)| (line, text.into())).collect();
        let stream = Stream { waiting, ..Stream::new(key, source, ask::text(batch, "place", row)) };
        let mut all = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(key.to_owned(), Arc::new(tokio::sync::Mutex::new(stream)));
    }

    /// The next turn on a stream; waits until the one before it is stored or dropped. Not for an async thread.
    pub(crate) fn turn(&self, key: &str, source: &'static Source, place: &str) -> Turn {
        let stream = {
            let mut all = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
            if all.len() >= STREAMS && !all.contains_key(key) {
                forget_oldest(&mut all);
            }
            let new = || Arc::new(tokio::sync::Mutex::new(Stream::new(key, source, place)));
            Arc::clone(all.entry(key.to_owned()).or_insert_with(new))
        };
        Turn { stream: stream.blocking_lock_owned(), next: Vec::new(), done: false }
    }

    /// Turns on the streams in which something has waited for too long, or waits at all.
    pub(crate) fn due(&self, all: bool) -> Vec<Turn> {
        let streams: Vec<_> = {
            let streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
            streams.values().cloned().collect()
        };
        let mut due = Vec::new();
        for stream in streams {
            // One that is being worked on is not idle.
            let Ok(stream) = stream.try_lock_owned() else { continue };
            if !stream.waiting.is_empty() && (all || stream.last.elapsed() >= stream.patience()) {
                due.push(Turn { stream, next: Vec::new(), done: false });
            }
        }
        due
    }
}

/// Makes room by a stream in which nothing waits; the other ones are settled soon.
fn forget_oldest(all: &mut HashMap<String, Arc<tokio::sync::Mutex<Stream>>>) {
    let idle = |stream: &Arc<tokio::sync::Mutex<Stream>>| {
        let stream = stream.try_lock().ok()?;
        stream.waiting.is_empty().then_some(stream.last)
    };
    let oldest = all.iter().filter_map(|(key, stream)| Some((idle(stream)?, key.clone()))).min();
    if let Some((_, key)) = oldest {
        all.remove(&key);
    }
}

impl Stream {
    fn new(key: &str, source: &'static Source, place: &str) -> Self {
        Self {
            key: key.to_owned(),
            source,
            place: place.to_owned(),
            mapper: None,
            waiting: Vec::new(),
            last: Instant::now(),
        }
    }

    fn patience(&self) -> Duration {
        decoder(&self.source.decoder).and_then(|decoder| decoder.patience()).unwrap_or_default()
    }
}

impl Turn {
    pub(crate) fn source(&self) -> &'static Source {
        self.stream.source
    }

    /// Maps records behind those that wait; the rows that are complete.
    pub(crate) fn map(
        &mut self,
        pipeline: &Pipeline,
        records: &[(u64, &[u8])],
        now: i64,
    ) -> Result<Vec<RecordBatch>, IntakeError> {
        let mut mapper = self.mapper(pipeline, now)?;
        let fail = |error: &dyn std::fmt::Display| IntakeError::Server(format!("joined records: {error}"));
        for (line, bytes) in records {
            mapper.push(bytes, *line).map_err(|error| fail(&error))?;
        }
        mapper.pause().map_err(|error| fail(&error))?;
        self.next = mapper.waiting();
        let bytes: usize = self.next.iter().map(|(_, text)| text.len()).sum();
        if self.next.len() > RECORDS || bytes > BYTES {
            mapper.finish().map_err(|error| fail(&error))?;
            self.next.clear();
        }
        let batches = mapper.take_batches();
        self.stream.mapper = Some(mapper);
        self.stream.last = Instant::now();
        Ok(batches)
    }

    /// Maps what waits without its counterpart.
    pub(crate) fn finish(&mut self, pipeline: &Pipeline, now: i64) -> Result<Vec<RecordBatch>, IntakeError> {
        let mut mapper = self.mapper(pipeline, now)?;
        let finished = mapper.finish();
        finished.map_err(|error| IntakeError::Server(format!("joined records: {error}")))?;
        let batches = mapper.take_batches();
        self.stream.mapper = Some(mapper);
        Ok(batches)
    }

    fn mapper(&mut self, pipeline: &Pipeline, now: i64) -> Result<Mapper<'static>, IntakeError> {
        if let Some(mut mapper) = self.stream.mapper.take() {
            mapper.arrived(now);
            return Ok(mapper);
        }
        let mut mapper = pipeline.mapper(self.stream.source, &self.stream.place, now)?;
        for (line, text) in &self.stream.waiting {
            let pushed = mapper.push(text.as_bytes(), *line);
            pushed.map_err(|error| IntakeError::Server(format!("joined records: {error}")))?;
        }
        Ok(mapper)
    }

    /// The row that says what waits behind this turn, if that changes.
    pub(crate) fn part(&self, joins: &Joins) -> Result<Option<Part>, IntakeError> {
        if self.next == self.stream.waiting {
            return Ok(None);
        }
        let records: Vec<(u64, &str)> = self.next.iter().map(|(line, text)| (*line, &**text)).collect();
        let records = serde_json::to_string(&records)
            .map_err(|error| IntakeError::Server(format!("joined records: {error}")))?;
        let sequence = joins.sequence.fetch_add(1, Ordering::Relaxed) + 1;
        let columns = vec![
            ("stream", text(&self.stream.key)),
            ("place", text(&self.stream.place)),
            ("sequence", number(sequence)),
            ("records", text(&records)),
        ];
        own_row(WAITING, columns).map(Some)
    }

    /// What this turn mapped is stored.
    pub(crate) fn done(mut self) {
        self.stream.waiting = std::mem::take(&mut self.next);
        self.done = true;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !self.done {
            // The decoder is ahead of what is stored: it is built again from what waits.
            self.stream.mapper = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::{EVENTS, Target};
    use atalanta_store::StoreOptions;
    use serde_json::{Value, json};

    fn open(folder: &std::path::Path) -> Pipeline {
        let store = Arc::new(Store::open(folder, StoreOptions::default()).unwrap());
        let pipeline = Pipeline::new(Arc::clone(&store), [0; 32]);
        pipeline.joins.load(&store).unwrap();
        pipeline
    }

    fn message(id: u64, direction: &str, message: &Value) -> Vec<u8> {
        json!({ "ts_ns": 1_795_300_000_000_000_000_u64 + id, "seq": id, "connection_id": "c1", "transport": "stdio",
            "direction": direction, "server_label": "files", "message": message })
        .to_string()
        .into_bytes()
    }

    fn request(id: u64) -> Vec<u8> {
        let call = json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call",
            "params": { "name": "read_file", "arguments": { "path": "/etc/passwd" } } });
        message(id, "client_to_server", &call)
    }

    fn answer(id: u64) -> Vec<u8> {
        let result = json!({ "jsonrpc": "2.0", "id": id,
            "result": { "content": [{ "type": "text", "text": "root:x:0" }], "isError": false } });
        message(id, "server_to_client", &result)
    }

    fn map(pipeline: &Pipeline, record: &[u8]) -> crate::Mapped {
        let target = Target::parse("mcp_tap").unwrap();
        pipeline.map_joined(&[(1, record)], &target, "http/mcp_tap", "token/127.0.0.1").unwrap()
    }

    fn keep(pipeline: &Pipeline, record: &[u8]) {
        let mapped = map(pipeline, record);
        pipeline.store_rows(&mapped).unwrap().wait().unwrap();
        mapped.stored();
    }

    /// Raw records of the events, in order.
    fn events(pipeline: &Pipeline) -> Vec<String> {
        let batches = ask::rows(pipeline.store(), EVENTS, "| sort asc _time | fields raw", 1000).unwrap();
        let rows = |batch: &RecordBatch| {
            (0..batch.num_rows()).map(|row| ask::text(batch, "raw", row).to_owned()).collect::<Vec<_>>()
        };
        batches.iter().flat_map(rows).collect()
    }

    fn text(record: &[u8]) -> String {
        String::from_utf8(record.to_vec()).unwrap()
    }

    #[test]
    fn a_request_and_its_answer_are_one_event() {
        let folder = tempfile::tempdir().unwrap();
        let pipeline = open(folder.path());
        keep(&pipeline, &request(1));
        assert!(events(&pipeline).is_empty());
        keep(&pipeline, &answer(1));
        let joined = format!("{}\n{}", text(&request(1)), text(&answer(1)));
        assert_eq!(events(&pipeline), [joined]);
        // Over a restart, by the end of the process, with nothing but the log.
        keep(&pipeline, &request(2));
        drop(pipeline);
        let pipeline = open(folder.path());
        assert_eq!(events(&pipeline).len(), 1);
        keep(&pipeline, &answer(2));
        assert_eq!(events(&pipeline)[1], format!("{}\n{}", text(&request(2)), text(&answer(2))));
    }

    #[test]
    fn rows_that_were_not_stored_do_not_count() {
        let folder = tempfile::tempdir().unwrap();
        let pipeline = open(folder.path());
        keep(&pipeline, &request(1));
        // The store refused the answer: it will be sent again.
        drop(map(&pipeline, &answer(1)));
        drop(map(&pipeline, &request(2)));
        keep(&pipeline, &answer(1));
        assert_eq!(events(&pipeline).len(), 1);
        assert!(events(&pipeline)[0].contains('\n'));
        pipeline.settle(true).unwrap();
        assert_eq!(events(&pipeline).len(), 1);
    }

    #[test]
    fn what_waits_too_long_is_mapped_alone() {
        let folder = tempfile::tempdir().unwrap();
        let pipeline = open(folder.path());
        keep(&pipeline, &request(1));
        pipeline.settle(false).unwrap();
        assert!(events(&pipeline).is_empty());
        drop(pipeline);
        let pipeline = open(folder.path());
        pipeline.settle(true).unwrap();
        assert_eq!(events(&pipeline), [text(&request(1))]);
        pipeline.settle(true).unwrap();
        drop(pipeline);
        let pipeline = open(folder.path());
        pipeline.settle(true).unwrap();
        assert_eq!(events(&pipeline).len(), 1);
    }

    #[test]
    fn more_than_may_wait_does_not_wait() {
        let folder = tempfile::tempdir().unwrap();
        let pipeline = open(folder.path());
        let all: Vec<Vec<u8>> = (0..=RECORDS as u64).map(request).collect();
        let records: Vec<(u64, &[u8])> = (1..).zip(all.iter().map(Vec::as_slice)).collect();
        let target = Target::parse("mcp_tap").unwrap();
        let mapped = pipeline.map_joined(&records, &target, "http/mcp_tap", "x").unwrap();
        assert_eq!(mapped.events, RECORDS as u64 + 1);
    }
}

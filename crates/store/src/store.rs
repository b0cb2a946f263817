//! The store of one data folder, open for writing.
//!
//! Rows take three steps. [`Store::append`] makes them fit their dataset and queues them; the log thread writes and
//! syncs what has queued up as one group, makes the rows visible to queries and only then acknowledges; the flush
//! thread moves them into Parquet files and commits these together with the log position. What an ended process leaves
//! behind the position is read from the log again.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use atalanta_engine::scan::{FileMemory, PageCounts};
use atalanta_objects::{Bucket, Counts};
use tokio::sync::oneshot;

use crate::catalog::{Catalog, Tables};
use crate::columns::{Columns, Conflict};
use crate::error::StoreError;
use crate::flush;
use crate::frame::{Part, decode, encode};
use crate::hot::Hot;
use crate::log::{self, Log, LogProblem};
use crate::segment::MAX_PAYLOAD;
use crate::snapshot::Snapshot;

/// Bytes of queued records that are written at once.
const GROUP_BYTES: usize = 8 << 20;

/// Requests that wait for the log thread.
const QUEUE: usize = 4096;

/// Longest time that the last flush may take while the store is being closed; the log has the rows.
const CLOSING: Duration = Duration::from_secs(20);

/// Sizes and times of a store.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// Size at which the log goes on in a new segment.
    pub segment_bytes: u64,
    /// Size of rows in memory at which they are moved to tables.
    pub flush_bytes: usize,
    /// Age of the oldest row in memory at which rows are moved to tables.
    pub flush_interval: Duration,
    /// Size of rows in memory at which no more are taken.
    pub memory_limit: usize,
    /// Where the files of the tables are: an address such as `s3://bucket/prefix`. Without one they are where the
    /// catalog says, in the data folder if it is new.
    pub tables: Option<String>,
    /// Where the catalog is: an address such as `postgres://user@host/database`. Without one it is where the folder says,
    /// in `catalog.sqlite` if it is new.
    pub catalog: Option<String>,
    /// Records with higher numbers stay in the log although their rows are in tables, see [`Store::hold`].
    pub keep_above: Option<u64>,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            segment_bytes: 64 << 20,
            flush_bytes: 64 << 20,
            flush_interval: Duration::from_secs(30),
            memory_limit: 256 << 20,
            tables: None,
            catalog: None,
            keep_above: None,
        }
    }
}

/// A store that is open for writing.
#[derive(Debug)]
pub struct Store {
    shared: Arc<Shared>,
    queue: Mutex<Option<SyncSender<Work>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    problems: Vec<LogProblem>,
    _lock: File,
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub folder: PathBuf,
    pub options: StoreOptions,
    pub state: Mutex<State>,
    pub changed: Condvar,
    /// Held during every change of the catalog.
    pub catalog: Mutex<Catalog>,
    /// What queries found out about files.
    pub memory: Arc<FileMemory>,
    /// Requests to an object store, and to the server of a catalog, are to end.
    pub stopping: Arc<AtomicBool>,
    /// The object store of the tables.
    bucket: Option<Arc<Bucket>>,
}

#[derive(Debug)]
pub(crate) struct State {
    pub columns: Columns,
    /// Conflicts whose rows the catalog has counted.
    pub counted: BTreeMap<Conflict, u64>,
    /// The same once the rows that are being written are in tables.
    pub counting: BTreeMap<Conflict, u64>,
    /// Rows since the last flush began.
    pub active: Hot,
    /// Rows that are being written to files.
    pub flushing: Option<Arc<Hot>>,
    pub tables: Arc<Tables>,
    /// Size of what is queued for the log.
    queued: usize,
    /// When the oldest row came that no flush has begun to write.
    pub since: Option<Instant>,
    /// A flush was asked for.
    pub wanted: bool,
    /// Somebody waits for it, and not for the pause after a failure.
    pub urgent: bool,
    /// Records above this number are still to be read by somebody.
    pub held_above: Option<u64>,
    pub closing: bool,
    /// Why the last flush failed.
    pub trouble: Option<String>,
    pub flushes: u64,
    pub failed_flushes: u64,
    pub groups: u64,
    pub records: u64,
}

/// What the log thread does.
pub(crate) enum Work {
    Append { parts: Vec<Part>, payload: Vec<u8>, size: usize, done: oneshot::Sender<Result<u64, StoreError>> },
    Forget(u64),
}

/// The promise of an acknowledgement.
#[derive(Debug)]
pub struct Receipt(oneshot::Receiver<Result<u64, StoreError>>);

impl Receipt {
    /// Waits until the rows are on disk; the number of their log record.
    pub async fn durable(self) -> Result<u64, StoreError> {
        self.0.await.unwrap_or(Err(StoreError::Closed))
    }

    /// The same for a thread outside of any async runtime.
    pub fn wait(self) -> Result<u64, StoreError> {
        self.0.blocking_recv().unwrap_or(Err(StoreError::Closed))
    }
}

/// Sizes and counts for a metrics page.
#[derive(Clone, Debug, Default)]
pub struct Gauges {
    /// Bytes of rows in memory, with those on their way to the log.
    pub memory_bytes: u64,
    /// Rows in memory.
    pub hot_rows: u64,
    /// Rows in tables.
    pub stored_rows: u64,
    /// Files of all tables.
    pub files: u64,
    /// Bytes of these files.
    pub file_bytes: u64,
    /// Number of the catalog's snapshot.
    pub snapshot: i64,
    /// Flushes since the start.
    pub flushes: u64,
    /// Attempts at a flush that failed since the start.
    pub failed_flushes: u64,
    /// Synced groups since the start.
    pub groups: u64,
    /// Log records since the start.
    pub records: u64,
    /// Why the last flush failed, if it did.
    pub trouble: Option<String>,
    /// Pages of files that queries have read and skipped since the start.
    pub pages: PageCounts,
    /// Requests to the object store of the tables, if they are in one.
    pub objects: Option<Counts>,
}

pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every change under these locks is whole before anything can panic.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Store {
    /// Opens the store of a folder, which is created if it is not there; reads back what the log holds.
    pub fn open(folder: &Path, options: StoreOptions) -> Result<Self, StoreError> {
        let folder = create(folder)?;
        let lock = lock(&folder)?;
        let stopping = Arc::new(AtomicBool::new(false));
        let mut catalog = Catalog::open(&folder, &options, &stopping)?;
        catalog.files().forget_outgoing()?;
        let tables = catalog.tables()?;
        let mut contents = log::read(&folder.join("log"), tables.position)?;
        let mut log = Log::open(&folder.join("log"), options.segment_bytes, &mut contents)?;
        // Segments whose rows the last process had moved to tables before it ended.
        log.forget(options.keep_above.map_or(tables.position, |above| above.min(tables.position)))?;
        let mut columns = Columns::default();
        for table in tables.tables.values() {
            columns.know(&table.name, table.columns.iter().map(|column| (column.name.as_str(), &column.ty)));
        }
        let mut problems = std::mem::take(&mut contents.problems);
        let active = replay(&folder, &contents.records, &mut columns, &mut problems)?;
        let since = (!active.is_empty()).then(Instant::now);
        let state = State {
            counted: columns.conflicts.clone(),
            counting: BTreeMap::new(),
            columns,
            active,
            flushing: None,
            tables: Arc::new(tables),
            queued: 0,
            since,
            wanted: false,
            urgent: false,
            held_above: options.keep_above,
            closing: false,
            trouble: None,
            flushes: 0,
            failed_flushes: 0,
            groups: 0,
            records: 0,
        };
        let shared = Arc::new(Shared {
            folder,
            options,
            state: Mutex::new(state),
            changed: Condvar::new(),
            bucket: catalog.files().bucket().cloned(),
            catalog: Mutex::new(catalog),
            memory: Arc::default(),
            stopping,
        });
        let (queue, threads) = start(&shared, log)?;
        Ok(Self {
            shared,
            queue: Mutex::new(Some(queue)),
            threads: Mutex::new(threads),
            problems,
            _lock: lock,
        })
    }

    /// What was wrong with the log when the store was opened.
    pub fn problems(&self) -> &[LogProblem] {
        &self.problems
    }

    /// The data folder.
    pub fn folder(&self) -> &Path {
        &self.shared.folder
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Queues rows for the log. All parts become durable and visible together, or none of them.
    pub fn append(&self, mut parts: Vec<Part>) -> Result<Receipt, StoreError> {
        parts.retain(|part| part.batch.num_rows() > 0);
        let limit = self.shared.options.memory_limit;
        {
            let mut state = self.with_room()?;
            for part in &mut parts {
                part.batch = state.columns.conform(&part.dataset, &part.batch)?;
            }
        }
        let payload = encode(&parts)?;
        if payload.len() > MAX_PAYLOAD {
            let message =
                format!("{} MiB at once, the log takes {} MiB", payload.len() >> 20, MAX_PAYLOAD >> 20);
            return Err(StoreError::Rows(message));
        }
        let size = payload.len() + parts.iter().map(|part| part.batch.get_array_memory_size()).sum::<usize>();
        let (done, receipt) = oneshot::channel();
        let queue = locked(&self.queue).clone().ok_or(StoreError::Closed)?;
        locked(&self.shared.state).queued += size;
        if queue.try_send(Work::Append { parts, payload, size, done }).is_err() {
            let mut state = locked(&self.shared.state);
            state.queued = state.queued.saturating_sub(size);
            return Err(busy(state.held(), limit));
        }
        Ok(Receipt(receipt))
    }

    /// Whether rows would be taken now; asked before the work of making them.
    ///
    /// # Errors
    /// [`StoreError::Busy`] while the rows in memory have reached their limit; the flush that makes room is under way.
    pub fn has_room(&self) -> Result<(), StoreError> {
        self.with_room().map(drop)
    }

    fn with_room(&self) -> Result<MutexGuard<'_, State>, StoreError> {
        let mut state = locked(&self.shared.state);
        let (held, limit) = (state.held(), self.shared.options.memory_limit);
        if held >= limit {
            state.wanted = true;
            self.shared.changed.notify_all();
            return Err(busy(held, limit));
        }
        Ok(state)
    }

    /// The newest state for queries.
    pub fn snapshot(&self) -> Snapshot {
        self.snapshot_at().0
    }

    /// The newest state for queries, and the number of the newest record in it.
    pub fn snapshot_at(&self) -> (Snapshot, u64) {
        let state = locked(&self.shared.state);
        let snapshot = Snapshot::new(
            &state.tables,
            state.flushing.as_deref().into_iter().chain(std::iter::once(&state.active)),
            &self.shared.memory,
        );
        (snapshot, state.last())
    }

    /// Keeps records above a number in the log, for a reader that has not seen them; `None` lets all go.
    pub fn hold(&self, above: Option<u64>) {
        locked(&self.shared.state).held_above = above;
    }

    /// Number of the newest record whose rows are visible.
    pub fn last(&self) -> u64 {
        locked(&self.shared.state).last()
    }

    /// Waits until there is a record above `number`, at most `time`; the number of the newest.
    pub fn wait_above(&self, number: u64, time: Duration) -> u64 {
        let until = Instant::now() + time;
        let mut state = locked(&self.shared.state);
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if state.last() > number || state.closing || left.is_zero() {
                return state.last();
            }
            let waited = self.shared.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Moves all rows that are visible now to tables; returns once they are there, or the reason why not.
    pub fn flush(&self) -> Result<(), StoreError> {
        self.flush_until(None)
    }

    fn flush_until(&self, until: Option<Instant>) -> Result<(), StoreError> {
        let mut state = locked(&self.shared.state);
        let last = state.active.last;
        state.trouble = None;
        while state.tables.position < last {
            if let Some(trouble) = &state.trouble {
                return Err(StoreError::Environment(trouble.clone()));
            }
            if state.closing {
                return Err(StoreError::Closed);
            }
            if until.is_some_and(|until| Instant::now() >= until) {
                let seconds = CLOSING.as_secs();
                let message = format!("rows did not get into tables within {seconds} s");
                return Err(StoreError::Environment(message));
            }
            // Who waits for a flush that is under way does not ask for one more behind it.
            state.wanted |= state.flushing.is_none();
            state.urgent = true;
            self.shared.changed.notify_all();
            let waited = self.shared.changed.wait_timeout(state, Duration::from_millis(200));
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(())
    }

    /// Sizes and counts.
    pub fn gauges(&self) -> Gauges {
        let state = locked(&self.shared.state);
        let files = || state.tables.tables.values().flat_map(|table| &table.files);
        Gauges {
            memory_bytes: state.held() as u64,
            hot_rows: state.active.rows() + state.flushing.as_ref().map_or(0, |hot| hot.rows()),
            stored_rows: files().map(|file| file.rows).sum(),
            files: files().count() as u64,
            file_bytes: files().map(|file| file.bytes).sum(),
            snapshot: state.tables.snapshot,
            flushes: state.flushes,
            failed_flushes: state.failed_flushes,
            groups: state.groups,
            records: state.records,
            trouble: state.trouble.clone(),
            pages: self.shared.memory.counts(),
            objects: self.shared.bucket.as_ref().map(|bucket| bucket.counts()),
        }
    }

    /// Flushes and ends the threads. What cannot be flushed stays in the log.
    pub fn close(&self) -> Result<(), StoreError> {
        let flushed = self.flush_until(Some(Instant::now() + CLOSING));
        self.stop();
        flushed
    }

    pub(crate) fn stop(&self) {
        locked(&self.queue).take();
        locked(&self.shared.state).closing = true;
        self.shared.stopping.store(true, Ordering::Relaxed);
        self.shared.changed.notify_all();
        for thread in locked(&self.threads).drain(..) {
            // A thread that panicked has nothing more to say; the log has the rows.
            let _ = thread.join();
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.stop();
    }
}

impl State {
    fn last(&self) -> u64 {
        self.active.last.max(self.tables.position)
    }

    fn held(&self) -> usize {
        self.queued + self.active.bytes + self.flushing.as_ref().map_or(0, |hot| hot.bytes)
    }
}

fn busy(held: usize, limit: usize) -> StoreError {
    StoreError::Busy {
        held: (held >> 20) as u64,
        limit: (limit >> 20) as u64,
        retry_after: Duration::from_secs(1),
    }
}

/// The folder with its parts, as an absolute path.
fn create(folder: &Path) -> Result<PathBuf, StoreError> {
    let log = folder.join("log");
    std::fs::create_dir_all(&log).map_err(|error| StoreError::io(&log, "create the folder", error))?;
    let absolute = folder.canonicalize().map_err(|error| StoreError::io(folder, "find the folder", error))?;
    log::sync_folder(&absolute)?;
    Ok(absolute)
}

/// One process writes.
fn lock(folder: &Path) -> Result<File, StoreError> {
    let path = folder.join("lock");
    let file = File::options().create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(|error| StoreError::io(&path, "open the lock", error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(StoreError::Locked(format!(
            "{}: another process writes to this folder; send the data to it or end it first",
            folder.display()
        ))),
        Err(std::fs::TryLockError::Error(error)) => Err(StoreError::io(&path, "lock the folder", error)),
    }
}

/// The rows of the log; a record that cannot be read is kept as a file of its own.
fn replay(
    folder: &Path,
    records: &[(u64, Vec<u8>)],
    columns: &mut Columns,
    problems: &mut Vec<LogProblem>,
) -> Result<Hot, StoreError> {
    let mut hot = Hot::default();
    for (number, bytes) in records {
        let read = decode(bytes).and_then(|mut parts| {
            for part in &mut parts {
                part.batch = columns.conform(&part.dataset, &part.batch)?;
            }
            Ok(parts)
        });
        match read {
            Ok(parts) => hot.push(*number, parts)?,
            Err(error) => {
                let kept = folder.join("log/quarantine");
                let path = kept.join(format!("record-{number}.bin"));
                std::fs::create_dir_all(&kept)
                    .and_then(|()| std::fs::write(&path, bytes))
                    .map_err(|error| StoreError::io(&path, "keep an unreadable record", error))?;
                let message = format!("log record {number}: {error}; its bytes are in {}", path.display());
                problems.push(LogProblem { message, loss: true });
                hot.last = hot.last.max(*number);
            }
        }
    }
    Ok(hot)
}

fn start(shared: &Arc<Shared>, log: Log) -> Result<(SyncSender<Work>, Vec<JoinHandle<()>>), StoreError> {
    let (queue, work) = sync_channel(QUEUE);
    let fail = |error| StoreError::Environment(format!("cannot start a thread: {error}"));
    let own = Arc::clone(shared);
    let writer = std::thread::Builder::new().name("log".to_owned());
    let writer = writer.spawn(move || write_log(&own, log, &work)).map_err(fail)?;
    let (own, forget) = (Arc::clone(shared), queue.clone());
    let flusher = std::thread::Builder::new().name("flush".to_owned());
    let flusher = flusher.spawn(move || flush::when_due(&own, forget)).map_err(fail)?;
    Ok((queue, vec![flusher, writer]))
}

/// The log thread: what has queued up while the last group was written is the next group.
fn write_log(shared: &Shared, mut log: Log, work: &Receiver<Work>) {
    while let Ok(first) = work.recv() {
        let mut group = Vec::new();
        let mut bytes = 0;
        let mut next = Some(first);
        while let Some(item) = next {
            match item {
                Work::Append { parts, payload, size, done } => {
                    bytes += payload.len();
                    group.push((parts, payload, size, done));
                }
                Work::Forget(through) => {
                    if let Err(error) = log.forget(through) {
                        tracing::warn!(%error, "log segments that are no longer needed stay");
                    }
                }
            }
            next = if bytes < GROUP_BYTES { work.try_recv().ok() } else { None };
        }
        if group.is_empty() {
            continue;
        }
        let written = log.append(group.iter().map(|(_, payload, _, _)| payload.as_slice()));
        publish(shared, group, written);
    }
}

type Queued = (Vec<Part>, Vec<u8>, usize, oneshot::Sender<Result<u64, StoreError>>);

/// Makes a written group visible, then acknowledges it.
fn publish(shared: &Shared, group: Vec<Queued>, written: Result<u64, StoreError>) {
    let mut answers = Vec::with_capacity(group.len());
    {
        let mut state = locked(&shared.state);
        let count = group.len() as u64;
        for (place, (parts, _, size, done)) in (0..).zip(group) {
            state.queued = state.queued.saturating_sub(size);
            let answer = match &written {
                Ok(last) => {
                    let number = last + 1 + place - count;
                    state.active.push(number, parts).map(|()| number)
                }
                Err(error) => Err(error.clone()),
            };
            answers.push((done, answer));
        }
        if written.is_ok() {
            state.groups += 1;
            state.records += count;
            state.since.get_or_insert_with(Instant::now);
        }
        shared.changed.notify_all();
    }
    for (done, answer) in answers {
        // Whoever asked may have gone; the rows stay.
        let _ = done.send(answer);
    }
}

/// Whether an address can be that of a catalog in Postgres, with the error that says why not. Nothing is sent to it.
pub fn expect_catalog(address: &str) -> Result<(), StoreError> {
    crate::catalog::expect_address(address)
}

/// Whether an address can be that of tables, with the error that says why not. Nothing is sent to it.
pub fn expect_address(address: &str) -> Result<(), StoreError> {
    Ok(Bucket::at(address).map(|_| ())?)
}

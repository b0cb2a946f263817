//! Files, folders and topics that the server reads by itself, each on a thread of its own.
//!
//! How far each was read is a row of the dataset [`PLACES`], stored in one log record with the rows that were
//! read: after any end of the process it goes on exactly behind what is stored. While the store takes nothing, an
//! input waits; nothing is skipped.

mod folder;
pub mod kafka;
mod places;
mod tail;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use atalanta_engine::input::RawRecord;

use crate::error::IntakeError;
use crate::pipeline::{Mapped, Pipeline, Target};
use places::{Place, Places};

pub use places::PLACES;
pub use tail::{Cursor, Tail};

/// Dataset of records that a mapping could not take because of a fault of the program.
const UNMAPPED: &str = "unmapped_records_raw";

/// Records, and bytes of them, that are stored together.
const BATCH: usize = 5000;
const BATCH_BYTES: usize = 4 << 20;

/// Something to read.
#[derive(Clone, Debug)]
pub struct Input {
    /// File or folder; of a topic what [`kafka::Topic::place`] says.
    pub path: PathBuf,
    /// Where its records go.
    pub target: Target,
    /// What it is.
    pub kind: InputKind,
}

/// What an input is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputKind {
    /// A file of lines that grows and is rotated.
    File,
    /// A folder whose files are taken once each.
    Folder {
        /// How often it is looked at.
        interval: Duration,
    },
    /// A topic of Kafka.
    Kafka(kafka::Topic),
}

impl InputKind {
    /// Its section in the configuration.
    pub fn name(&self) -> &'static str {
        match self {
            Self::File => "files",
            Self::Folder { .. } => "folders",
            Self::Kafka(_) => "kafka",
        }
    }

    /// What its records are counted under.
    fn listener(&self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Folder { .. } => "folder",
            Self::Kafka(_) => "kafka",
        }
    }
}

/// The threads that read.
#[derive(Debug)]
pub struct Inputs {
    stop: Arc<Stop>,
    threads: Vec<JoinHandle<()>>,
}

impl Inputs {
    /// Begins to read, each input where it was left.
    pub fn start(pipeline: &Arc<Pipeline>, inputs: Vec<Input>) -> Result<Self, IntakeError> {
        let stop = Arc::new(Stop::default());
        let mut started = Self { stop: Arc::clone(&stop), threads: Vec::new() };
        if inputs.is_empty() {
            return Ok(started);
        }
        let places = Arc::new(Places::load(pipeline)?);
        for input in inputs {
            let reader = Reader {
                pipeline: Arc::clone(pipeline),
                places: Arc::clone(&places),
                stop: Arc::clone(&stop),
                input,
            };
            let thread = std::thread::Builder::new().name("input".to_owned());
            let thread = thread.spawn(move || reader.run());
            let fail = |error| IntakeError::Server(format!("cannot start a thread: {error}"));
            started.threads.push(thread.map_err(fail)?);
        }
        Ok(started)
    }

    /// Ends the threads; what they have read is stored or will be read again.
    pub fn stop(&mut self) {
        self.stop.now();
        for thread in self.threads.drain(..) {
            // A thread that panicked has nothing more to store.
            let _ = thread.join();
        }
    }
}

impl Drop for Inputs {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The sign to end.
#[derive(Debug, Default)]
struct Stop {
    set: Mutex<bool>,
    changed: Condvar,
}

impl Stop {
    fn now(&self) {
        *self.set.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_all();
    }

    fn is_set(&self) -> bool {
        *self.set.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits; whether it is time to end.
    fn wait(&self, time: Duration) -> bool {
        let set = self.set.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(set, time, |set| !*set);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// What the thread of an input works with.
struct Reader {
    pipeline: Arc<Pipeline>,
    places: Arc<Places>,
    stop: Arc<Stop>,
    input: Input,
}

impl Reader {
    fn run(&self) {
        match &self.input.kind {
            InputKind::File => tail::run(self),
            InputKind::Folder { interval } => folder::run(self, *interval),
            #[cfg(feature = "kafka")]
            InputKind::Kafka(topic) => kafka::run(self, topic),
            #[cfg(not(feature = "kafka"))]
            InputKind::Kafka(topic) => tracing::error!(topic = topic.name, "this program cannot read topics"),
        }
    }

    /// Stores records and the place behind them together; false if it is time to end, with nothing stored then.
    fn store(&self, records: &[RawRecord], target: &mut Target, place: &mut Place) -> bool {
        let bytes: u64 = records.iter().map(|record| record.bytes.len() as u64).sum();
        let listener = self.input.kind.listener();
        let mut mapped = self.map(records, target, &place.path);
        // The first records of a file decide for the rest.
        if let (false, Ok(found)) = (records.is_empty(), Target::parse(&mapped.source)) {
            *target = found;
            place.source.clone_from(&mapped.source);
        }
        let counted = (mapped.events, mapped.quarantined, mapped.source.clone());
        match self.places.part(&self.input.path, place) {
            Ok(part) => mapped.add(part),
            Err(error) => tracing::error!(%error, "the place in a file cannot be kept"),
        }
        let stored = self.until_stored(&mapped);
        if stored == Some(true) {
            mapped.stored();
        }
        if stored == Some(true) || stored.is_none() {
            self.pipeline.counters.count(listener, &counted.2, |counts| {
                counts.requests += 1;
                counts.bytes += bytes;
                counts.records += records.len() as u64;
                if stored.is_some() {
                    counts.stored += counted.0 + counted.1;
                    counts.quarantined += counted.1;
                } else {
                    counts.dropped += records.len() as u64;
                }
            });
        }
        stored != Some(false)
    }

    fn map(&self, records: &[RawRecord], target: &Target, path: &str) -> Mapped {
        let lines: Vec<(u64, &[u8])> =
            records.iter().map(|record| (record.line, record.bytes.as_slice())).collect();
        let mapped = self.pipeline.map_joined(&lines, target, path, path);
        let error = match mapped {
            Ok(mapped) => return mapped,
            Err(error) => error,
        };
        tracing::error!(%error, path, "records could not be mapped and are kept as they are in {UNMAPPED}");
        let raw = self.pipeline.map(&lines, &Target::Raw(UNMAPPED.to_owned()), path);
        raw.unwrap_or_else(|error| {
            tracing::error!(%error, path, "records are lost");
            Mapped::default()
        })
    }

    /// Tries until the rows are durable: true; false if it is time to end; none if the store will never take them.
    fn until_stored(&self, mapped: &Mapped) -> Option<bool> {
        loop {
            let stored = self.pipeline.store_rows(mapped);
            let stored = stored.and_then(|receipt| receipt.wait().map_err(IntakeError::from));
            let Err(error) = stored else { return Some(true) };
            let Some(seconds) = error.retry_after() else {
                tracing::error!(%error, path = %self.input.path.display(), "records are refused by the store");
                return None;
            };
            error.log();
            if self.stop.wait(Duration::from_secs(seconds)) {
                return Some(false);
            }
        }
    }
}

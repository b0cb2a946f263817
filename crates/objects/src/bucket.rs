//! The files below one address of an object store.

use std::collections::BTreeMap;
use std::future::Future;
use std::io::Read;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use tokio::runtime::Runtime;

use crate::client::Address;
use crate::error::ObjectError;

/// Files beyond this size are sent in parts of it, each of which has the time of a request.
const PART: usize = 8 << 20;

/// How often it is looked whether whoever waits still wants the answer.
const GLANCE: Duration = Duration::from_millis(50);

/// How patient a bucket is.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Longest time of a request.
    pub request: Duration,
    /// How often it is tried before it has failed.
    pub attempts: u32,
    /// Time until the second attempt; four times as long until each further one.
    pub pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { request: Duration::from_secs(30), attempts: 3, pause: Duration::from_millis(250) }
    }
}

/// What a bucket did since the process began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Operations that were begun.
    pub requests: u64,
    /// Attempts that failed or took too long and were repeated.
    pub retries: u64,
    /// Operations that failed for good.
    pub failures: u64,
    /// Bytes that were read.
    pub read_bytes: u64,
    /// Bytes that were written.
    pub written_bytes: u64,
}

#[derive(Debug, Default)]
struct Counters {
    requests: AtomicU64,
    retries: AtomicU64,
    failures: AtomicU64,
    read_bytes: AtomicU64,
    written_bytes: AtomicU64,
}

/// Files below one address, such as `s3://bucket/prefix`. A process has one of each, whoever asks for it.
pub struct Bucket {
    url: String,
    prefix: Path,
    store: Arc<dyn ObjectStore>,
    patience: Patience,
    counters: Counters,
}

impl std::fmt::Debug for Bucket {
    /// The address alone: a client may show its credentials.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Bucket").field(&self.url).finish()
    }
}

static BUCKETS: Mutex<BTreeMap<String, Arc<Bucket>>> = Mutex::new(BTreeMap::new());

/// The threads on which requests run.
static THREADS: OnceLock<Result<Runtime, String>> = OnceLock::new();

fn threads() -> Result<&'static Runtime, String> {
    let start = || {
        let threads = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("objects")
            .enable_all()
            .build();
        threads.map_err(|error| format!("cannot start threads: {error}"))
    };
    THREADS.get_or_init(start).as_ref().map_err(Clone::clone)
}

impl Bucket {
    /// The bucket of an address, with a client as the environment says. Nothing is sent before the first request.
    pub fn at(url: &str) -> Result<Arc<Self>, ObjectError> {
        let address = Address::parse(url)?;
        let mut buckets = BUCKETS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = buckets.get(&address.url()) {
            return Ok(Arc::clone(bucket));
        }
        let bucket = Arc::new(Self::new(&address, address.client()?, Patience::default())?);
        buckets.insert(address.url(), Arc::clone(&bucket));
        Ok(bucket)
    }

    /// Gives the process an object store of its own for an address, for programs that bring their client with them.
    pub fn provide(
        url: &str,
        store: Arc<dyn ObjectStore>,
        patience: Patience,
    ) -> Result<Arc<Self>, ObjectError> {
        let address = Address::parse(url)?;
        let bucket = Arc::new(Self::new(&address, store, patience)?);
        let mut buckets = BUCKETS.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.insert(address.url(), Arc::clone(&bucket));
        Ok(bucket)
    }

    /// Whether a text is an address rather than a folder: it has a scheme.
    pub fn is_address(text: &str) -> bool {
        text.contains("://")
    }

    fn new(address: &Address, store: Arc<dyn ObjectStore>, patience: Patience) -> Result<Self, ObjectError> {
        // Begun here and not by the first request: who opens a bucket learns that there are no threads to be had.
        threads().map_err(ObjectError::Address)?;
        Ok(Self {
            url: address.url(),
            prefix: address.prefix.clone(),
            store,
            patience,
            counters: Counters::default(),
        })
    }

    /// The address, without a slash at its end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What was done so far.
    pub fn counts(&self) -> Counts {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Counts {
            requests: load(&self.counters.requests),
            retries: load(&self.counters.retries),
            failures: load(&self.counters.failures),
            read_bytes: load(&self.counters.read_bytes),
            written_bytes: load(&self.counters.written_bytes),
        }
    }

    /// Reads a part of an object, all of it.
    pub fn read(&self, key: &str, range: Range<u64>) -> Result<Bytes, ObjectError> {
        Ok(self.read_all(key, &[range])?.pop().unwrap_or_default())
    }

    /// Reads parts of an object, several at a time, each of them whole.
    pub fn read_all(&self, key: &str, ranges: &[Range<u64>]) -> Result<Vec<Bytes>, ObjectError> {
        let (path, limit) = (self.path(key)?, self.patience.request);
        let parts = self.call("read", key, None, || {
            let (store, path, ranges) = (Arc::clone(&self.store), path.clone(), ranges.to_vec());
            async move { timed(limit, store.get_ranges(&path, &ranges)).await }
        })?;
        let came: u64 = parts.iter().map(|part| part.len() as u64).sum();
        let lengths = || ranges.iter().map(|range| range.end - range.start);
        if !parts.iter().map(|part| part.len() as u64).eq(lengths()) {
            let why = format!("{came} bytes came, {} were asked for", lengths().sum::<u64>());
            return Err(ObjectError::Failed { place: self.place(key), doing: "read", why });
        }
        self.counters.read_bytes.fetch_add(came, Ordering::Relaxed);
        Ok(parts)
    }

    /// The length of an object in bytes.
    pub fn length(&self, key: &str) -> Result<u64, ObjectError> {
        let (path, limit) = (self.path(key)?, self.patience.request);
        self.call("ask for the length", key, None, || {
            let (store, path) = (Arc::clone(&self.store), path.clone());
            async move { timed(limit, store.head(&path)).await.map(|about| about.size) }
        })
    }

    /// Writes a file on disk as an object; when this returns the object is there, complete and durable. Ends with
    /// [`ObjectError::Stopped`] soon after `stop` is set.
    pub fn upload(&self, key: &str, file: &std::path::Path, stop: &AtomicBool) -> Result<u64, ObjectError> {
        let (path, limit) = (self.path(key)?, self.patience.request);
        let bytes = self.call("write", key, Some(stop), || {
            let (store, path, file) = (Arc::clone(&self.store), path.clone(), file.to_path_buf());
            async move { send(store.as_ref(), &path, &file, limit).await }
        })?;
        self.counters.written_bytes.fetch_add(bytes, Ordering::Relaxed);
        Ok(bytes)
    }

    /// Removes an object; one that is not there is no error.
    pub fn remove(&self, key: &str) -> Result<(), ObjectError> {
        let (path, limit) = (self.path(key)?, self.patience.request);
        let removed = self.call("remove", key, None, || {
            let (store, path) = (Arc::clone(&self.store), path.clone());
            async move { timed(limit, store.delete(&path)).await }
        });
        match removed {
            Err(ObjectError::Missing(_)) => Ok(()),
            other => other,
        }
    }

    /// The keys of all objects below the address.
    pub fn list(&self) -> Result<Vec<String>, ObjectError> {
        let limit = self.patience.request;
        let found = self.call("list the objects", "", None, || {
            let (store, prefix) = (Arc::clone(&self.store), self.prefix.clone());
            async move {
                let mut found = Vec::new();
                let mut stream = store.list(Some(&prefix));
                // The time is that of a page of the list, of which there may be many.
                while let Some(object) = timed(limit, stream.try_next()).await? {
                    found.push(object.location);
                }
                Ok(found)
            }
        })?;
        let below = |path: &Path| {
            let path = path.as_ref().strip_prefix(self.prefix.as_ref())?;
            Some(path.trim_start_matches('/').to_owned())
        };
        Ok(found.iter().filter_map(below).collect())
    }

    fn path(&self, key: &str) -> Result<Path, ObjectError> {
        let whole = match self.prefix.as_ref() {
            "" => key.to_owned(),
            prefix => format!("{prefix}/{key}"),
        };
        Path::parse(&whole).map_err(|error| {
            ObjectError::Address(format!("{}: cannot be the key of an object: {error}", self.place(key)))
        })
    }

    fn place(&self, key: &str) -> String {
        if key.is_empty() { self.url.clone() } else { format!("{}/{key}", self.url) }
    }

    /// Runs an operation until it succeeds, at most as often as the patience allows.
    fn call<T, F>(
        &self,
        doing: &'static str,
        key: &str,
        stop: Option<&AtomicBool>,
        attempt: impl Fn() -> F,
    ) -> Result<T, ObjectError>
    where
        T: Send + 'static,
        F: Future<Output = object_store::Result<T>> + Send + 'static,
    {
        self.counters.requests.fetch_add(1, Ordering::Relaxed);
        let mut pause = self.patience.pause;
        let mut left = self.patience.attempts.max(1);
        loop {
            left -= 1;
            let error = match self.wait(doing, key, stop, attempt()) {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            if left == 0 || error.is_lasting() {
                let asked = !matches!(error, ObjectError::Stopped(_) | ObjectError::Missing(_));
                self.counters.failures.fetch_add(u64::from(asked), Ordering::Relaxed);
                return Err(error);
            }
            self.counters.retries.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(%error, "a request to the object store failed, it is tried again");
            rest(pause, stop);
            pause = pause.saturating_mul(4);
        }
    }

    /// Runs one attempt on a thread for requests and waits for it.
    fn wait<T: Send + 'static>(
        &self,
        doing: &'static str,
        key: &str,
        stop: Option<&AtomicBool>,
        attempt: impl Future<Output = object_store::Result<T>> + Send + 'static,
    ) -> Result<T, ObjectError> {
        let failed = |why: String| ObjectError::Failed { place: self.place(key), doing, why };
        let (done, answer) = sync_channel(1);
        let task = threads().map_err(failed)?.spawn(async move {
            // Whoever asked may have gone.
            let _ = done.send(attempt.await);
        });
        loop {
            if is_set(stop) {
                task.abort();
                return Err(ObjectError::Stopped(self.place(key)));
            }
            match answer.recv_timeout(GLANCE) {
                Ok(Ok(value)) => return Ok(value),
                Ok(Err(error)) => return Err(ObjectError::new(self.place(key), doing, &error)),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(failed("the request ended without an answer".to_owned()));
                }
            }
        }
    }
}

fn is_set(stop: Option<&AtomicBool>) -> bool {
    stop.is_some_and(|stop| stop.load(Ordering::Relaxed))
}

/// Sleeps, but not on when nobody waits any more.
fn rest(time: Duration, stop: Option<&AtomicBool>) {
    let mut left = time;
    while !left.is_zero() && !is_set(stop) {
        let some = left.min(GLANCE);
        std::thread::sleep(some);
        left -= some;
    }
}

/// A request with a time limit.
async fn timed<T>(
    limit: Duration,
    request: impl Future<Output = object_store::Result<T>>,
) -> object_store::Result<T> {
    tokio::time::timeout(limit, request).await.unwrap_or_else(|_| {
        Err(object_store::Error::Generic {
            store: "object",
            source: format!("no answer within {} ms", limit.as_millis()).into(),
        })
    })
}

/// Sends a file, in parts if it is large; gives its length.
async fn send(
    store: &dyn ObjectStore,
    path: &Path,
    file: &std::path::Path,
    limit: Duration,
) -> object_store::Result<u64> {
    let fail = |error: std::io::Error| object_store::Error::Generic {
        store: "object",
        source: format!("{}: cannot be read: {error}", file.display()).into(),
    };
    let mut file = std::fs::File::open(file).map_err(fail)?;
    let first = part(&mut file).map_err(fail)?;
    let mut length = first.len() as u64;
    if first.len() < PART {
        timed(limit, store.put(path, PutPayload::from(first))).await?;
        return Ok(length);
    }
    let mut upload = timed(limit, store.put_multipart(path)).await?;
    let mut next = first;
    let sent = loop {
        if next.is_empty() {
            break timed(limit, upload.complete()).await.map(|_| length);
        }
        if let Err(error) = timed(limit, upload.put_part(PutPayload::from(next))).await {
            break Err(error);
        }
        next = match part(&mut file) {
            Ok(bytes) => bytes,
            Err(error) => break Err(fail(error)),
        };
        length += next.len() as u64;
    };
    if sent.is_err() {
        // Parts that stay behind cost money; rules of the bucket remove those that cannot be removed now.
        let _ = timed(limit, upload.abort()).await;
    }
    sent
}

/// The next bytes of a file, as many as a part has; none at its end.
fn part(file: &mut std::fs::File) -> std::io::Result<Bytes> {
    let mut bytes = Vec::new();
    file.take(PART as u64).read_to_end(&mut bytes)?;
    Ok(bytes.into())
}

#[cfg(test)]
mod tests {
    use object_store::memory::InMemory;

    use super::*;

    fn bucket(url: &str) -> Arc<Bucket> {
        Bucket::provide(url, Arc::new(InMemory::new()), Patience::default()).unwrap()
    }

    #[test]
    fn files_come_back_whether_sent_at_once_or_in_parts() {
        let bucket = bucket("s3://parts/some/where");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x");
        for length in [0, 1000, PART, 2 * PART + 17] {
            let bytes: Vec<u8> = (0..length).map(|at| (at % 253) as u8).collect();
            std::fs::write(&file, &bytes).unwrap();
            let sent = bucket.upload("a/b.parquet", &file, &AtomicBool::new(false)).unwrap();
            assert_eq!((sent, bucket.length("a/b.parquet").unwrap()), (length as u64, length as u64));
            if length > 0 {
                assert_eq!(bucket.read("a/b.parquet", 0..length as u64).unwrap(), bytes);
            }
        }
        assert_eq!(bucket.list().unwrap(), ["a/b.parquet"]);
        bucket.remove("a/b.parquet").unwrap();
        bucket.remove("a/b.parquet").unwrap();
        assert_eq!(bucket.list().unwrap(), Vec::<String>::new());
        assert!(matches!(bucket.length("a/b.parquet"), Err(ObjectError::Missing(_))));
    }

    #[test]
    fn who_asks_for_an_address_twice_gets_one_bucket() {
        let first = bucket("s3://one/x/");
        assert!(Arc::ptr_eq(&first, &Bucket::at("s3://one/x").unwrap()));
    }

    #[test]
    fn an_object_that_is_shorter_than_said_is_an_error() {
        let bucket = bucket("s3://short");
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), b"0123456789").unwrap();
        bucket.upload("x", file.path(), &AtomicBool::new(false)).unwrap();
        let error = bucket.read("x", 5..20).unwrap_err().to_string();
        assert!(error.contains("5 bytes came, 15 were asked for"), "{error}");
    }
}

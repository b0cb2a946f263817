//! Tables in an object store: the whole way of a row there and back, and stores that fail, stall and recover.

use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use atalanta_objects::object_store::memory::InMemory;
use atalanta_objects::object_store::path::Path as Key;
use atalanta_objects::object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use atalanta_objects::{Bucket, Patience};
use futures::stream::{BoxStream, StreamExt};

use crate::store_tests::{append, ask, commands, fill_two_days, ids, part};
use crate::testing::DAY;
use crate::{Retention, Snapshot, Store, StoreError, StoreOptions, export_delta, show, verify};

/// How an object store behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    Fine,
    /// Every request fails at once.
    Failing,
    /// Nothing is answered.
    Stalling,
    /// Writes are done, and their answer is lost.
    Forgetful,
    /// Every third request fails.
    Flaky,
}

/// An object store in memory with faults.
#[derive(Debug)]
struct Moody {
    inner: InMemory,
    mood: Mutex<Mood>,
    requests: AtomicU64,
}

impl std::fmt::Display for Moody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("moody")
    }
}

fn broken() -> Error {
    Error::Generic { store: "moody", source: "internal error at https://host/x?sig=SECRET".into() }
}

impl Moody {
    fn mood(&self) -> Mood {
        *self.mood.lock().unwrap()
    }

    fn be(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    async fn begin(&self) -> Result<()> {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        while self.mood() == Mood::Stalling {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let fails = self.mood() == Mood::Failing || self.mood() == Mood::Flaky && number.is_multiple_of(3);
        if fails { Err(broken()) } else { Ok(()) }
    }
}

#[async_trait]
impl ObjectStore for Moody {
    async fn put_opts(&self, at: &Key, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.begin().await?;
        let done = self.inner.put_opts(at, payload, options).await;
        if self.mood() == Mood::Forgetful { Err(broken()) } else { done }
    }

    async fn put_multipart_opts(
        &self,
        at: &Key,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.begin().await?;
        self.inner.put_multipart_opts(at, options).await
    }

    async fn get_opts(&self, at: &Key, options: GetOptions) -> Result<GetResult> {
        self.begin().await?;
        self.inner.get_opts(at, options).await
    }

    async fn get_ranges(&self, at: &Key, ranges: &[Range<u64>]) -> Result<Vec<bytes::Bytes>> {
        self.begin().await?;
        self.inner.get_ranges(at, ranges).await
    }

    fn delete_stream(&self, keys: BoxStream<'static, Result<Key>>) -> BoxStream<'static, Result<Key>> {
        if self.mood() == Mood::Fine {
            return self.inner.delete_stream(keys);
        }
        futures::stream::once(async { Err(broken()) }).boxed()
    }

    fn list(&self, prefix: Option<&Key>) -> BoxStream<'static, Result<ObjectMeta>> {
        if self.mood() == Mood::Failing {
            return futures::stream::once(async { Err(broken()) }).boxed();
        }
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Key>) -> Result<ListResult> {
        self.begin().await?;
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Key, to: &Key, options: CopyOptions) -> Result<()> {
        self.begin().await?;
        self.inner.copy_opts(from, to, options).await
    }
}

/// Gives up after tenths of a second.
const HASTY: Patience =
    Patience { request: Duration::from_millis(100), attempts: 2, pause: Duration::from_millis(5) };

/// An object store under an address of its own.
fn objects(url: &str, patience: Patience) -> (Arc<Moody>, Arc<Bucket>) {
    let inner = InMemory::new();
    let store = Arc::new(Moody { inner, mood: Mutex::new(Mood::Fine), requests: AtomicU64::new(0) });
    let client: Arc<dyn ObjectStore> = Arc::clone(&store) as _;
    let bucket = Bucket::provide(url, client, patience).unwrap();
    (store, bucket)
}

fn options(url: &str) -> StoreOptions {
    let tables = Some(url.to_owned());
    StoreOptions { tables, flush_interval: Duration::from_hours(1), ..StoreOptions::default() }
}

fn open(folder: &Path, url: &str) -> Store {
    Store::open(folder, options(url)).unwrap()
}

#[test]
fn every_operation_works_on_objects() {
    let url = "s3://operations/lake";
    let (_, bucket) = objects(url, Patience::default());
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), url);
    fill_two_days(&store);
    let before = ids(&store.snapshot());
    assert_eq!((before.len(), ids(&Snapshot::read(folder.path()).unwrap())), (11, before.clone()));
    assert_eq!(store.compact(false).unwrap().before, 10);
    assert_eq!((store.gauges().files, ids(&store.snapshot())), (2, before.clone()));
    let later = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(3600);
    assert_eq!(store.clean(Duration::ZERO, later).unwrap(), 10);
    let keys = bucket.list().unwrap();
    assert!(
        keys.len() == 2 && keys.iter().all(|key| key.starts_with("main/xdr_data/year=2026/")),
        "{keys:?}"
    );
    assert!(!folder.path().join("tables").exists());
    assert_eq!(std::fs::read_dir(folder.path().join("outgoing")).unwrap().count(), 0);
    let report = show(folder.path()).unwrap().remove(0);
    assert_eq!((report.rows, report.files), (11, 2));
    let out = tempfile::tempdir().unwrap();
    let exported = export_delta(folder.path(), out.path(), None, DAY + 2 * 86_400_000_000).unwrap();
    assert_eq!((exported[0].added, exported[0].rows), (2, 11));
    let now = jiff::Timestamp::from_microsecond(DAY + 86_400_000_000 * 4).unwrap();
    let retention = Retention::from([("xdr_data".to_owned(), Duration::from_hours(72))]);
    assert_eq!(store.retain(&retention, now).unwrap().rows, 10);
    store.close().unwrap();
    drop(store);
    // The catalog says where the tables are.
    let store = Store::open(folder.path(), StoreOptions::default()).unwrap();
    assert_eq!(ids(&store.snapshot()), ["next day"]);
    let verified = verify(folder.path(), true).unwrap();
    assert_eq!((verified.errors, verified.leftovers, verified.rows), (vec![], vec![], 1));
}

#[test]
fn maps_and_bloom_filters_are_asked_in_objects() {
    let url = "s3://maps";
    let (_, bucket) = objects(url, Patience::default());
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), url);
    store.append(commands(30_000, 20_000)).unwrap().wait().unwrap();
    store.flush().unwrap();
    store.append(commands(16_000, -1)).unwrap().wait().unwrap();
    store.flush().unwrap();
    let first = ask(&store.snapshot(), "filter command contains \"invoke-mimikatz\" | fields user_id");
    assert_eq!((first.rows, first.pages.read, first.pages.by_maps), (1, 1, 2));
    let user = ask(&store.snapshot(), "filter user_id = \"USER-2999\" | fields user_id");
    assert_eq!((user.rows, user.pages.read), (10, 2), "the bloom filter of the second file");
    // What is known of objects is not asked for again: nothing but the pages themselves is read.
    let before = bucket.counts();
    let again = ask(&store.snapshot(), "filter command contains \"invoke-mimikatz\" | fields user_id");
    let after = bucket.counts();
    assert_eq!((again.rows, again.pages.by_memory), (1, 2));
    assert!(after.requests - before.requests <= 4, "{before:?} {after:?}");
    let found = verify(folder.path(), true).unwrap();
    assert_eq!((found.errors, found.mapped), (vec![], 2));
}

#[test]
fn a_store_that_fails_loses_nothing_and_is_made_up_for() {
    let url = "s3://failing";
    let (moody, _) = objects(url, HASTY);
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), url);
    append(&store, &[(0, "a")]);
    moody.be(Mood::Failing);
    let error = store.flush().unwrap_err().to_string();
    assert!(error.contains("s3://failing/main/xdr_data/") && error.contains("internal error"), "{error}");
    assert!(!error.contains("SECRET"), "{error}");
    append(&store, &[(1, "b")]);
    assert_eq!(ids(&store.snapshot()), ["a", "b"]);
    let gauges = store.gauges();
    assert!(gauges.failed_flushes >= 1 && gauges.trouble.is_some(), "{gauges:?}");
    assert!(gauges.objects.unwrap().failures >= 1);
    drop(store);
    // A restart while the store fails.
    let store = open(folder.path(), url);
    append(&store, &[(2, "c")]);
    assert_eq!(ids(&store.snapshot()), ["a", "b", "c"]);
    moody.be(Mood::Fine);
    store.flush().unwrap();
    assert_eq!((store.gauges().stored_rows, store.gauges().hot_rows), (3, 0));
    assert_eq!(
        (ids(&store.snapshot()), store.gauges().trouble),
        (vec!["a".into(), "b".into(), "c".into()], None)
    );
    assert_eq!(verify(folder.path(), true).unwrap().leftovers, Vec::<String>::new());
}

#[test]
fn a_store_that_stalls_delays_nobody_for_long() {
    let url = "s3://stalling";
    let (moody, _) = objects(url, HASTY);
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), url);
    append(&store, &[(0, "a")]);
    moody.be(Mood::Stalling);
    let error = store.flush().unwrap_err().to_string();
    assert!(error.contains("no answer within 100 ms"), "{error}");
    // Rows are taken and found while it stalls.
    append(&store, &[(1, "b")]);
    assert_eq!(ids(&store.snapshot()), ["a", "b"]);
    moody.be(Mood::Fine);
    store.flush().unwrap();
    assert_eq!(store.gauges().stored_rows, 2);
}

#[test]
fn a_store_that_stalls_does_not_hold_up_the_end() {
    let url = "s3://patient";
    let (moody, _) = objects(url, Patience { request: Duration::from_hours(1), ..Patience::default() });
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), url);
    append(&store, &[(0, "a")]);
    moody.be(Mood::Stalling);
    std::thread::scope(|scope| {
        scope.spawn(|| assert!(matches!(store.flush(), Err(StoreError::Closed))));
        std::thread::sleep(Duration::from_millis(100));
        let begun = Instant::now();
        store.stop();
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    });
    drop(store);
    moody.be(Mood::Fine);
    let store = open(folder.path(), url);
    store.flush().unwrap();
    assert_eq!(ids(&store.snapshot()), ["a"]);
}

#[test]
fn an_answer_that_was_lost_repeats_nothing() {
    let url = "s3://forgetful";
    let (moody, bucket) = objects(url, HASTY);
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), url);
    append(&store, &[(0, "a"), (86_400, "b")]);
    moody.be(Mood::Forgetful);
    assert!(store.flush().is_err());
    assert_eq!(bucket.list().unwrap().len(), 1, "the object is there, the catalog does not know it");
    moody.be(Mood::Fine);
    store.flush().unwrap();
    assert_eq!(ids(&store.snapshot()), ["a", "b"]);
    assert_eq!(ids(&Snapshot::read(folder.path()).unwrap()), ["a", "b"]);
    let verified = verify(folder.path(), true).unwrap();
    assert_eq!((verified.errors, verified.rows, verified.leftovers), (vec![], 2, vec![]));
}

#[test]
fn a_full_memory_says_so_before_it_grows() {
    let url = "s3://full";
    let (moody, _) = objects(url, HASTY);
    let folder = tempfile::tempdir().unwrap();
    let limit = 1 << 20;
    let small = StoreOptions { memory_limit: limit, flush_bytes: limit / 4, ..options(url) };
    let store = Store::open(folder.path(), small).unwrap();
    moody.be(Mood::Failing);
    let mut taken = 0;
    let full = loop {
        let ids: Vec<String> = (taken..taken + 500).map(|number| format!("{number:06}")).collect();
        let values: Vec<(i64, &str)> = ids.iter().map(|id| (0, id.as_str())).collect();
        match store.append(part(&values)) {
            Ok(receipt) => receipt.wait().unwrap(),
            Err(error) => break error,
        };
        taken += 500;
        assert!(store.gauges().memory_bytes < 2 * limit as u64);
    };
    assert!(matches!(full, StoreError::Busy { .. }), "{full}");
    assert!(matches!(store.append(part(&[(0, "more")])), Err(StoreError::Busy { .. })));
    moody.be(Mood::Fine);
    store.flush().unwrap();
    append(&store, &[(0, "more")]);
    assert_eq!(ids(&store.snapshot()).len(), taken + 1);
}

#[test]
fn faults_and_restarts_at_any_moment_keep_every_row_once() {
    let url = "s3://flaky/x";
    let (moody, _) = objects(url, HASTY);
    let folder = tempfile::tempdir().unwrap();
    let mut expected = Vec::new();
    for round in 0..24 {
        moody.be([Mood::Flaky, Mood::Failing, Mood::Fine, Mood::Forgetful, Mood::Stalling][round % 5]);
        let store = open(folder.path(), url);
        for number in 0..5 {
            let id = format!("{round:02}-{number}");
            append(&store, &[(round as i64 * 10_000 + number, &id)]);
            expected.push(id);
            if number % 2 == round as i64 % 2 {
                // It may fail: what counts is what is found afterwards.
                let _ = store.flush();
            }
        }
        let _ = store.compact(true);
        let _ = store.clean(Duration::ZERO, jiff::Timestamp::now());
    }
    moody.be(Mood::Fine);
    let store = open(folder.path(), url);
    store.flush().unwrap();
    assert_eq!(ids(&store.snapshot()), expected);
    let verified = verify(folder.path(), true).unwrap();
    assert_eq!((verified.errors, verified.rows, verified.log_rows), (vec![], expected.len() as u64, 0));
}

#[test]
fn a_query_over_a_store_that_fails_is_an_error_and_not_a_shorter_answer() {
    let url = "s3://unreadable";
    let (moody, _) = objects(url, HASTY);
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), url);
    append(&store, &[(0, "a")]);
    store.flush().unwrap();
    moody.be(Mood::Failing);
    let mut session =
        atalanta_engine::session::Session::new(atalanta_engine::session::SessionOptions::default()).unwrap();
    let error = store.snapshot().fill(&mut session).unwrap_err().to_string();
    assert!(error.contains("s3://unreadable/main") && !error.contains("SECRET"), "{error}");
    let errors = verify(folder.path(), false).unwrap().errors;
    assert!(errors.len() == 2 && errors.iter().all(|error| error.contains("internal error")), "{errors:?}");
}

#[test]
fn tables_stay_where_their_files_are() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = ("s3://one-place/x", "s3://other-place/x");
    objects(one, Patience::default());
    objects(other, Patience::default());
    // Without files the place may change.
    drop(open(folder.path(), one));
    let store = open(folder.path(), other);
    append(&store, &[(0, "a")]);
    store.flush().unwrap();
    drop(store);
    let error = Store::open(folder.path(), options(one)).unwrap_err().to_string();
    assert!(error.contains("have files in s3://other-place/x/"), "{error}");
    let secret = Store::open(folder.path(), options("s3://key:SECRET@bucket/x")).unwrap_err().to_string();
    assert!(secret.contains("credentials come from the environment") && !secret.contains("SECRET"));
    assert_eq!(ids(&open(folder.path(), other).snapshot()), ["a"]);
}

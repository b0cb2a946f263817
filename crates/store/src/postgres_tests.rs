//! Catalogs in Postgres: a server that ends, falls silent, loses answers, and processes that come in each other's way.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::store_tests::{append, ids, quiet};
use crate::testing::cluster::Cluster;
use crate::testing::proxy::{CUT_COMMIT, HOLD_COMMIT, LOSE_COMMIT, PASS, Proxy, REFUSE, STALL};
use crate::testing::shared_cluster;
use crate::{Retention, Snapshot, Store, StoreError, StoreOptions, show, verify};

/// A data folder with a catalog behind a proxy.
struct Lake {
    cluster: Arc<Cluster>,
    proxy: Proxy,
    folder: TempDir,
    database: &'static str,
}

impl Lake {
    /// With a database of its own; none where there is no Postgres.
    fn new(database: &'static str) -> Option<Self> {
        Some(Self::on(shared_cluster()?, database))
    }

    fn on(cluster: Arc<Cluster>, database: &'static str) -> Self {
        cluster.database(database);
        let proxy = Proxy::to(cluster.tcp);
        Self { proxy, cluster, folder: tempfile::tempdir().unwrap(), database }
    }

    /// Answers are waited for for two seconds; what takes twice as long, the server ends.
    fn address(&self) -> String {
        format!("postgres://atalanta@{}/{}?timeout=2", self.proxy.at, self.database)
    }

    fn options(&self) -> StoreOptions {
        StoreOptions { catalog: Some(self.address()), ..quiet() }
    }

    /// Opens the folder. On a machine with much to do the server may need longer than the two seconds: then once more.
    fn open(&self) -> Store {
        self.open_while(Duration::from_mins(1), |error| matches!(error, StoreError::Unreachable(_)))
    }

    /// Opens the folder, also when the server still holds what an earlier process left.
    fn open_at_last(&self) -> Store {
        self.open_while(Duration::from_secs(30), |_| true)
    }

    fn open_while(&self, patience: Duration, passes: impl Fn(&StoreError) -> bool) -> Store {
        let begun = Instant::now();
        loop {
            match Store::open(self.path(), self.options()) {
                Ok(store) => return store,
                Err(error) => assert!(begun.elapsed() < patience && passes(&error), "{error}"),
            }
        }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn sql(&self, text: &str) -> String {
        self.cluster.sql(self.database, text)
    }

    fn verified(&self) -> (u64, Vec<String>, Vec<String>) {
        let path = self.path().canonicalize().unwrap();
        let found =
            (0..10).find_map(|_| verify(&path, true).ok()).expect("the server answers in time at last");
        (found.rows, found.errors, found.leftovers)
    }
}

/// Flushes until it succeeds.
fn flush(store: &Store) {
    let begun = Instant::now();
    while let Err(error) = store.flush() {
        assert!(begun.elapsed() < Duration::from_mins(1), "{error}");
    }
}

/// Copies a folder whose store is open: segments that were flushed go away meanwhile.
fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
            continue;
        }
        match std::fs::copy(entry.path(), target) {
            Err(gone) if gone.kind() == std::io::ErrorKind::NotFound => {}
            copied => drop(copied.unwrap()),
        }
    }
}

#[test]
fn tables_are_those_that_duckdb_makes() {
    let Some(lake) = Lake::new("tables") else { return };
    let catalog = Some(lake.cluster.address("tables"));
    drop(Store::open(lake.path(), StoreOptions { catalog, ..quiet() }).unwrap());
    let columns = lake.sql(
        "SELECT table_name || ' ' || column_name || ' ' || data_type || ' ' || is_nullable
         FROM information_schema.columns WHERE table_schema = 'public' AND table_name LIKE 'ducklake%'
         ORDER BY table_name, ordinal_position",
    );
    // Asked of a catalog that DuckDB 1.5.5 had made, without its tables for rows inside the catalog.
    assert_eq!(columns, include_str!("testing/ducklake_in_postgres.txt").trim_end());
    let keys =
        "SELECT string_agg(conrelid::regclass::text, ' ' ORDER BY conrelid::regclass::text COLLATE \"C\")
                FROM pg_constraint WHERE contype = 'p' AND conrelid::regclass::text LIKE 'ducklake%'";
    assert_eq!(
        lake.sql(keys),
        "ducklake_data_file ducklake_delete_file ducklake_schema ducklake_snapshot ducklake_snapshot_changes"
    );
}

#[test]
fn a_server_that_ends_and_comes_back_loses_nothing() {
    // Not that of other tests, which would lose it too.
    let Some(cluster) = Cluster::start() else { return };
    let lake = Lake::on(Arc::new(cluster), "restarts");
    let store = lake.open();
    append(&store, &[(0, "a")]);
    flush(&store);
    lake.cluster.stop();
    append(&store, &[(1, "b")]);
    let error = store.flush().unwrap_err().to_string();
    assert!(error.contains("catalog postgres://atalanta@127.0.0.1:"), "{error}");
    assert_eq!(ids(&store.snapshot()), ["a", "b"]);
    assert!(store.gauges().failed_flushes >= 1 && store.gauges().trouble.is_some());
    let error = Snapshot::read(lake.path()).unwrap_err();
    assert!(matches!(error, StoreError::Unreachable(_)), "{error}");
    lake.cluster.run();
    flush(&store);
    assert_eq!((store.gauges().stored_rows, store.gauges().trouble), (2, None));
    // Between two flushes, when the next transaction is the first to notice.
    lake.cluster.stop();
    lake.cluster.run();
    append(&store, &[(2, "c")]);
    flush(&store);
    store.close().unwrap();
    assert_eq!(ids(&Snapshot::read(lake.path()).unwrap()), ["a", "b", "c"]);
    assert_eq!(lake.verified(), (3, vec![], vec![]));
}

#[test]
fn a_server_that_falls_silent_delays_nobody_for_long() {
    let Some(lake) = Lake::new("silent") else { return };
    let store = lake.open();
    append(&store, &[(0, "a")]);
    lake.proxy.be(STALL);
    let begun = Instant::now();
    let error = store.flush().unwrap_err().to_string();
    assert!(error.contains("no answer within 2 s"), "{error}");
    append(&store, &[(1, "b")]);
    assert_eq!(ids(&store.snapshot()), ["a", "b"]);
    assert!(Snapshot::read(lake.path()).unwrap_err().to_string().contains("no answer within 2 s"));
    assert!(show(lake.path()).is_err() && verify(lake.path(), false).is_err());
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    lake.proxy.be(PASS);
    flush(&store);
    assert_eq!(store.gauges().stored_rows, 2);
    // Nor does it hold up the end.
    append(&store, &[(2, "c")]);
    lake.proxy.be(STALL);
    let begun = Instant::now();
    store.stop();
    drop(store);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    lake.proxy.be(PASS);
    assert_eq!(ids(&lake.open().snapshot()), ["a", "b", "c"]);
}

#[test]
fn a_commit_whose_answer_was_lost_is_found_out() {
    for (mood, database) in
        [(LOSE_COMMIT, "lost_answer"), (CUT_COMMIT, "lost_commit"), (HOLD_COMMIT, "late_commit")]
    {
        let Some(lake) = Lake::new(database) else { return };
        let store = lake.open();
        append(&store, &[(0, "a"), (86_400, "b")]);
        lake.proxy.be(mood);
        assert!(store.flush().is_err(), "{database}");
        assert_eq!(ids(&store.snapshot()), ["a", "b"], "{database}");
        append(&store, &[(1, "c")]);
        lake.proxy.be(PASS);
        flush(&store);
        assert_eq!(ids(&store.snapshot()), ["a", "b", "c"], "{database}");
        assert_eq!(store.gauges().stored_rows, 3, "{database}");
        append(&store, &[(2, "d")]);
        flush(&store);
        // The same of a merge, which queries must outlive.
        lake.proxy.be(mood);
        assert!(store.compact(true).is_err(), "{database}");
        assert_eq!(ids(&store.snapshot()), ["a", "b", "c", "d"], "{database}");
        lake.proxy.be(PASS);
        std::thread::sleep(Duration::from_secs(4));
        assert_eq!(store.retain(&Retention::new(), jiff::Timestamp::now()).unwrap().files, 0);
        store.compact(true).unwrap();
        append(&store, &[(3, "e")]);
        flush(&store);
        assert_eq!(ids(&store.snapshot()), ["a", "b", "c", "d", "e"], "{database}");
        store.close().unwrap();
        drop(store);
        assert_eq!(lake.verified(), (5, vec![], vec![]), "{database}");
        assert_eq!(ids(&lake.open().snapshot()), ["a", "b", "c", "d", "e"], "{database}");
    }
}

#[test]
fn a_process_that_ends_while_its_commit_is_on_the_way_repeats_nothing() {
    let Some(lake) = Lake::new("ended") else { return };
    let store = lake.open();
    append(&store, &[(0, "a")]);
    lake.proxy.be(HOLD_COMMIT);
    assert!(store.flush().is_err());
    // Gone before the server has the commit.
    store.stop();
    drop(store);
    lake.proxy.be(PASS);
    let store = lake.open_at_last();
    assert_eq!(ids(&store.snapshot()), ["a"]);
    store.close().unwrap();
    assert_eq!(lake.verified(), (1, vec![], vec![]));
}

#[test]
fn one_process_writes_also_from_a_copy_of_the_folder() {
    let Some(lake) = Lake::new("takeover") else { return };
    let store = lake.open();
    append(&store, &[(0, "a")]);
    flush(&store);
    let copy = tempfile::tempdir().unwrap();
    copy_folder(lake.path(), copy.path());
    let own = StoreOptions { catalog: Some(lake.cluster.address("takeover")), ..quiet() };
    let error = Store::open(copy.path(), own.clone()).unwrap_err();
    assert!(matches!(&error, StoreError::Locked(_)), "{error}");
    // The first is cut off, the second takes over, the first comes back.
    lake.proxy.be(REFUSE);
    std::thread::sleep(Duration::from_millis(200));
    let second = Store::open(copy.path(), own).unwrap();
    append(&second, &[(1, "second")]);
    second.flush().unwrap();
    drop(second);
    lake.proxy.be(PASS);
    append(&store, &[(2, "first")]);
    let error = store.flush().unwrap_err().to_string();
    assert!(error.contains("another process has taken over"), "{error}");
    assert!(store.compact(true).is_ok() || store.retain(&Retention::new(), jiff::Timestamp::now()).is_err());
    assert_eq!(lake.sql("SELECT sum(record_count) FROM ducklake_data_file WHERE end_snapshot IS NULL"), "2");
}

#[test]
fn a_catalog_belongs_to_one_folder() {
    let Some(lake) = Lake::new("belongs") else { return };
    let store = lake.open();
    append(&store, &[(0, "a")]);
    store.close().unwrap();
    drop(store);
    let other = tempfile::tempdir().unwrap();
    let refused = |folder: &Path, catalog: String| {
        Store::open(folder, StoreOptions { catalog: Some(catalog), ..quiet() }).unwrap_err().to_string()
    };
    let error = refused(other.path(), lake.address());
    assert!(error.contains("that of another data folder"), "{error}");
    // A schema of its own is fine.
    let own = format!("{}&schema=other", lake.address());
    drop(Store::open(other.path(), StoreOptions { catalog: Some(own), ..quiet() }).unwrap());
    assert_eq!(lake.sql("SELECT count(*) FROM other.ducklake_snapshot"), "1");
    // An empty database is not taken for that of a folder which had one.
    let empty = lake.cluster.database("belongs_to_nobody");
    let error = refused(lake.path(), empty);
    assert!(error.contains("none of this data folder"), "{error}");
    lake.sql("CREATE SCHEMA foreigner CREATE TABLE ducklake_metadata(key VARCHAR)");
    let third = tempfile::tempdir().unwrap();
    let error = refused(third.path(), format!("{}&schema=foreigner", lake.address()));
    assert!(error.contains("a DuckLake of another program"), "{error}");
    // The same database under another address is known by the folder's id, and remembered.
    let address = lake.cluster.address("belongs");
    let moved = StoreOptions { catalog: Some(address.clone()), ..quiet() };
    assert_eq!(ids(&Store::open(lake.path(), moved).unwrap().snapshot()), ["a"]);
    let note = std::fs::read_to_string(lake.path().join("catalog.json")).unwrap();
    assert!(note.contains("host="), "{note}");
    assert_eq!(ids(&Snapshot::read(lake.path()).unwrap()), ["a"]);
}

#[test]
fn a_catalog_that_went_back_in_time_is_not_written_to() {
    let Some(lake) = Lake::new("restored") else { return };
    let store = lake.open();
    append(&store, &[(0, "a")]);
    flush(&store);
    // As a backup would leave it that is older than the folder.
    lake.sql("UPDATE atalanta_log SET position = 0");
    append(&store, &[(1, "b")]);
    let error = store.flush().unwrap_err().to_string();
    assert!(error.contains("holds the log up to record 0, expected 1"), "{error}");
    assert_eq!(ids(&store.snapshot()), ["a", "b"]);
}

#[test]
fn what_is_wrong_with_the_server_is_said() {
    let Some(lake) = Lake::new("wrong") else { return };
    let said = |address: String| {
        let folder = tempfile::tempdir().unwrap();
        let options = StoreOptions { catalog: Some(address), ..quiet() };
        Store::open(folder.path(), options).unwrap_err().to_string()
    };
    let at = lake.proxy.at;
    let absent = said(format!("postgres://atalanta@{at}/absent"));
    assert!(absent.contains("createdb --owner atalanta absent"), "{absent}");
    let plain = said(format!("postgres://atalanta@{at}/wrong?sslmode=require"));
    assert!(plain.contains("sslmode=disable"), "{plain}");
    let password = said(format!("postgres://keeper@{at}/wrong"));
    assert!(password.contains("PGPASSWORD"), "{password}");
    lake.sql("CREATE ROLE visitor LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC");
    let right = said(format!("postgres://visitor@{at}/wrong"));
    assert!(right.contains("user visitor needs the right"), "{right}");
}

#[test]
fn faults_and_restarts_at_any_moment_keep_every_row_once() {
    let Some(lake) = Lake::new("faults") else { return };
    let moods = [PASS, LOSE_COMMIT, REFUSE, CUT_COMMIT, STALL, HOLD_COMMIT];
    let mut expected = Vec::new();
    for (round, mood) in (0..12).zip(moods.into_iter().cycle()) {
        lake.proxy.be(PASS);
        let store = lake.open_at_last();
        for number in 0..4 {
            let id = format!("{round:02}-{number}");
            append(&store, &[(round * 10_000 + number, &id)]);
            expected.push(id);
            if number % 2 == round % 2 {
                lake.proxy.be(mood);
                // It may fail: what counts is what is found afterwards.
                let _ = store.flush();
                lake.proxy.be(PASS);
            }
        }
        let _ = store.compact(true);
        let _ = store.clean(Duration::ZERO, jiff::Timestamp::now());
    }
    std::thread::sleep(Duration::from_secs(4));
    let store = lake.open();
    flush(&store);
    assert_eq!(ids(&store.snapshot()), expected);
    store.close().unwrap();
    let (rows, errors, _) = lake.verified();
    assert_eq!((rows, errors), (expected.len() as u64, vec![]));
}

//! The store as a whole: acknowledgement, restart, flush, compaction, retention, verification.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, ListBuilder, RecordBatch, StringViewArray,
    StringViewBuilder, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Schema};
use atalanta_engine::session::{Outcome, Session, SessionOptions};
use atalanta_engine::types::timestamp_type;
use tempfile::TempDir;

use crate::testing::cluster::Cluster;
use crate::testing::{DAY, rows, shared_cluster};
use crate::{
    Part, Retention, Snapshot, Store, StoreError, StoreOptions, export_delta, is_data_folder, show, verify,
};

pub(crate) fn quiet() -> StoreOptions {
    StoreOptions { flush_interval: Duration::from_hours(1), ..StoreOptions::default() }
}

/// A data folder with a catalog of one of the kinds.
struct Lake {
    folder: TempDir,
    _cluster: Option<Arc<Cluster>>,
}

impl Lake {
    fn with_sqlite() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), _cluster: None }
    }

    /// None where there is no Postgres.
    fn with_postgres(test: &str) -> Option<Self> {
        let cluster = shared_cluster()?;
        let folder = tempfile::tempdir().unwrap();
        let catalog = Some(cluster.database(&test[..test.len().min(60)]));
        // From now on the folder knows it.
        drop(Store::open(folder.path(), StoreOptions { catalog, ..quiet() }).unwrap());
        Some(Self { folder, _cluster: Some(cluster) })
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn open(&self) -> Store {
        Store::open(self.path(), quiet()).unwrap()
    }
}

/// Runs tests with each kind of catalog.
macro_rules! on_each_catalog {
    ($($test:ident),* $(,)?) => {
        mod on_sqlite {
            $(#[test] fn $test() { super::$test(&super::Lake::with_sqlite()); })*
        }
        mod on_postgres {
            $(#[test] fn $test() {
                if let Some(lake) = super::Lake::with_postgres(stringify!($test)) {
                    super::$test(&lake);
                }
            })*
        }
    };
}

on_each_catalog!(
    rows_are_visible_at_once_and_after_each_step,
    a_process_that_ends_at_once_loses_nothing_and_repeats_nothing,
    a_log_that_holds_rows_of_the_tables_repeats_nothing,
    a_file_that_was_not_committed_does_not_count,
    verify_names_a_damaged_and_a_missing_file,
    one_process_writes,
    small_files_are_merged_and_removed_later,
    old_days_end,
    a_full_store_says_so,
    a_failed_flush_keeps_the_rows_and_is_made_up_for,
    a_report_counts_rows_and_values,
    many_writers_share_a_sync,
    needles_are_read_in_their_page_and_repeated_queries_read_less,
    damaged_maps_are_found_and_not_believed,
    columns_come_and_change_their_type,
    sealed_days_are_exported_once_and_merged_files_take_the_place_of_theirs,
);

pub(crate) fn part(values: &[(i64, &str)]) -> Vec<Part> {
    vec![Part { dataset: "xdr_data".to_owned(), batch: rows(values) }]
}

pub(crate) fn append(store: &Store, values: &[(i64, &str)]) -> u64 {
    store.append(part(values)).unwrap().wait().unwrap()
}

/// Ids and how often each is there, by a query of the engine.
pub(crate) fn ids(snapshot: &Snapshot) -> Vec<String> {
    let mut session = Session::new(SessionOptions::default()).unwrap();
    snapshot.fill(&mut session).unwrap();
    let checked =
        atalanta_xql::check("dataset = xdr_data | fields event_id | sort asc event_id", &session.env());
    let outcome = session.prepare(&checked.resolved.plan).unwrap().run().unwrap();
    let mut out = Vec::new();
    for batch in &outcome.batches {
        let column = batch.column_by_name("event_id").unwrap();
        let column = arrow::array::AsArray::as_string_view(column);
        out.extend(column.iter().flatten().map(str::to_owned));
    }
    out
}

fn rows_are_visible_at_once_and_after_each_step(lake: &Lake) {
    let store = lake.open();
    append(&store, &[(0, "a"), (1, "b")]);
    assert_eq!(ids(&store.snapshot()), ["a", "b"]);
    assert_eq!(ids(&Snapshot::read(lake.path()).unwrap()), ["a", "b"]);
    store.flush().unwrap();
    append(&store, &[(2, "c")]);
    assert_eq!(store.gauges().stored_rows, 2);
    assert_eq!(ids(&store.snapshot()), ["a", "b", "c"]);
    assert_eq!(ids(&Snapshot::read(lake.path()).unwrap()), ["a", "b", "c"]);
    assert!(is_data_folder(lake.path()));
}

fn a_process_that_ends_at_once_loses_nothing_and_repeats_nothing(lake: &Lake) {
    for round in 0..6 {
        let store = lake.open();
        assert!(store.problems().is_empty(), "{:?}", store.problems());
        append(&store, &[(round, &format!("{round}-a"))]);
        if round % 2 == 1 {
            store.flush().unwrap();
        }
        append(&store, &[(round, &format!("{round}-b"))]);
        // Dropped without a flush: what is in memory alone is in the log.
    }
    let expected: Vec<String> =
        (0..6).flat_map(|round| [format!("{round}-a"), format!("{round}-b")]).collect();
    let store = lake.open();
    assert_eq!(ids(&store.snapshot()), expected);
    store.close().unwrap();
    let verified = verify(lake.path(), true).unwrap();
    assert_eq!((verified.errors, verified.rows, verified.log_rows), (vec![], 12, 0));
}

fn a_log_that_holds_rows_of_the_tables_repeats_nothing(lake: &Lake) {
    let store = lake.open();
    append(&store, &[(0, "a")]);
    let log = lake.path().join("log");
    let saved: Vec<_> = std::fs::read_dir(&log)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.clone(), std::fs::read(path).unwrap()))
        .collect();
    store.close().unwrap();
    drop(store);
    // As if the process had ended between the commit and the removal of the segments.
    for (path, bytes) in saved {
        std::fs::write(path, bytes).unwrap();
    }
    let store = lake.open();
    assert_eq!(ids(&store.snapshot()), ["a"]);
}

fn a_file_that_was_not_committed_does_not_count(lake: &Lake) {
    let store = lake.open();
    append(&store, &[(0, "a")]);
    store.close().unwrap();
    drop(store);
    let day = lake.path().join("tables/main/xdr_data/year=2026/month=11/day=20");
    let file = std::fs::read_dir(&day).unwrap().next().unwrap().unwrap().path();
    std::fs::copy(&file, day.join("atalanta-unfinished.parquet")).unwrap();
    let store = lake.open();
    assert_eq!(ids(&store.snapshot()), ["a"]);
    let verified = verify(&lake.path().canonicalize().unwrap(), true).unwrap();
    assert_eq!((verified.errors.len(), verified.leftovers.len()), (0, 1));
}

fn verify_names_a_damaged_and_a_missing_file(lake: &Lake) {
    let store = lake.open();
    append(&store, &[(0, "a"), (86_400, "b")]);
    store.close().unwrap();
    let tables = lake.path().join("tables/main/xdr_data/year=2026/month=11");
    let only = |day: &str| std::fs::read_dir(tables.join(day)).unwrap().next().unwrap().unwrap().path();
    std::fs::remove_file(only("day=20")).unwrap();
    let path = only("day=21");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.truncate(bytes.len() - 1);
    std::fs::write(&path, bytes).unwrap();
    let errors = verify(lake.path(), false).unwrap().errors;
    assert_eq!(errors.len(), 2);
    assert!(errors[0].contains("cannot be read") && errors[1].contains("the catalog says"), "{errors:?}");
}

fn one_process_writes(lake: &Lake) {
    let _store = lake.open();
    assert!(matches!(Store::open(lake.path(), quiet()), Err(StoreError::Locked(_))));
}

/// Ten files of one day and one of the next.
pub(crate) fn fill_two_days(store: &Store) {
    for number in 0..10 {
        append(store, &[(number, &format!("{number}"))]);
        store.flush().unwrap();
    }
    append(store, &[(86_400, "next day")]);
    store.flush().unwrap();
}

fn small_files_are_merged_and_removed_later(lake: &Lake) {
    let store = lake.open();
    fill_two_days(&store);
    let before = ids(&store.snapshot());
    let old = store.snapshot();
    let done = store.compact(false).unwrap();
    assert_eq!((done.before, done.after, done.rows), (10, 1, 10));
    assert_eq!((store.gauges().files, ids(&store.snapshot())), (2, before.clone()));
    // A query that began before reads on.
    assert_eq!(ids(&old), before);
    let now = jiff::Timestamp::now();
    assert_eq!(store.clean(Duration::from_mins(1), now).unwrap(), 0);
    let later = now + jiff::SignedDuration::from_secs(3600);
    assert_eq!(store.clean(Duration::ZERO, later).unwrap(), 10);
    assert_eq!(ids(&store.snapshot()), before);
    store.close().unwrap();
    let verified = verify(&lake.path().canonicalize().unwrap(), true).unwrap();
    assert_eq!((verified.errors, verified.leftovers, verified.files), (vec![], vec![], 2));
}

fn old_days_end(lake: &Lake) {
    let store = lake.open();
    append(&store, &[(0, "old"), (86_400 * 5, "new")]);
    store.flush().unwrap();
    let now = jiff::Timestamp::from_microsecond(DAY + 86_400_000_000 * 6).unwrap();
    let retention = Retention::from([("xdr_data".to_owned(), Duration::from_hours(72))]);
    assert_eq!(store.retain(&retention, now).unwrap().rows, 1);
    assert_eq!(ids(&store.snapshot()), ["new"]);
    assert_eq!(store.retain(&retention, now).unwrap().rows, 0);
}

fn a_full_store_says_so(lake: &Lake) {
    let options = StoreOptions { memory_limit: 1, ..quiet() };
    let store = Store::open(lake.path(), options).unwrap();
    store.has_room().unwrap();
    append(&store, &[(0, "a")]);
    for full in [store.append(part(&[(1, "b")])).map(drop), store.has_room()] {
        assert!(matches!(full, Err(StoreError::Busy { .. })), "{full:?}");
    }
    store.flush().unwrap();
    store.has_room().unwrap();
    append(&store, &[(1, "b")]);
    assert_eq!(ids(&store.snapshot()), ["a", "b"]);
}

fn a_failed_flush_keeps_the_rows_and_is_made_up_for(lake: &Lake) {
    let store = lake.open();
    append(&store, &[(0, "a")]);
    // Where the table's folder should be there is a file.
    let tables = lake.path().join("tables");
    std::fs::write(&tables, b"").unwrap();
    assert!(store.flush().is_err());
    append(&store, &[(1, "b")]);
    assert_eq!(ids(&store.snapshot()), ["a", "b"]);
    std::fs::remove_file(&tables).unwrap();
    store.flush().unwrap();
    assert_eq!(
        (store.gauges().stored_rows, ids(&store.snapshot())),
        (2, vec!["a".to_owned(), "b".to_owned()])
    );
}

fn a_report_counts_rows_and_values(lake: &Lake) {
    let store = lake.open();
    append(&store, &[(0, "a"), (5, "b")]);
    store.flush().unwrap();
    append(&store, &[(9, "c")]);
    let report = show(lake.path()).unwrap().remove(0);
    assert_eq!((report.rows, report.hot_rows, report.files), (3, 1, 1));
    assert_eq!(report.times, Some((DAY, DAY + 9_000_000)));
    assert_eq!(report.filled, [("_time".to_owned(), 3), ("event_id".to_owned(), 3)]);
}

fn many_writers_share_a_sync(lake: &Lake) {
    let store = lake.open();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let store = &store;
            scope.spawn(move || {
                for number in 0..50 {
                    append(store, &[(number, &format!("{thread}-{number:02}"))]);
                }
            });
        }
    });
    let found = ids(&store.snapshot());
    assert_eq!(found.len(), 400);
    assert!(found.windows(2).all(|pair| pair[0] != pair[1]));
    let gauges = store.gauges();
    assert_eq!(gauges.records, 400);
    assert!(gauges.groups <= 400, "{} groups", gauges.groups);
}

/// A row with columns beside `_time` and the id.
fn wide(id: &str, more: Vec<(&str, ArrayRef)>) -> Vec<Part> {
    let narrow = rows(&[(0, id)]);
    let mut fields: Vec<Field> =
        narrow.schema().fields().iter().map(|field| field.as_ref().clone()).collect();
    let mut columns = narrow.columns().to_vec();
    for (name, column) in more {
        fields.push(Field::new(name, column.data_type().clone(), true));
        columns.push(column);
    }
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap();
    vec![Part { dataset: "xdr_data".to_owned(), batch }]
}

fn columns_come_and_change_their_type(lake: &Lake) {
    let text = |text: &str| -> ArrayRef { Arc::new(StringViewArray::from(vec![text])) };
    let mut tags = ListBuilder::new(StringViewBuilder::new());
    tags.append_value([Some("a"), None, Some("b'\\")]);
    let store = lake.open();
    append(&store, &[(0, "a")]);
    store.flush().unwrap();
    let more: Vec<(&str, ArrayRef)> = vec![
        ("n", Arc::new(Int64Array::from(vec![i64::MIN]))),
        ("f", Arc::new(Float64Array::from(vec![-0.5]))),
        ("ok", Arc::new(BooleanArray::from(vec![false]))),
        ("tags", Arc::new(tags.finish())),
        ("it's \"?1\" \\ $1\0;--\u{1f980}", text("odd")),
    ];
    store.append(wide("b", more)).unwrap().wait().unwrap();
    store.flush().unwrap();
    store.append(wide("c", vec![("n", text("text")), ("f", text("more"))])).unwrap().wait().unwrap();
    store.flush().unwrap();
    store.append(wide("d", vec![("n", text("again"))])).unwrap().wait().unwrap();
    store.close().unwrap();
    drop(store);
    let store = lake.open();
    append(&store, &[(1, "e")]);
    store.flush().unwrap();
    store.compact(true).unwrap();
    assert_eq!(ids(&store.snapshot()), ["a", "b", "c", "d", "e"]);
    let report = show(lake.path()).unwrap().remove(0);
    let filled: Vec<(&str, u64)> =
        report.filled.iter().map(|(name, count)| (name.as_str(), *count)).collect();
    let odd = "it's \"?1\" \\ $1\u{2400};--\u{1f980}";
    let expected = [
        ("_time", 5),
        ("event_id", 5),
        ("n", 1),
        ("f", 1),
        ("ok", 1),
        ("tags", 2),
        (odd, 1),
        ("n__text", 2),
        ("f__text", 1),
    ];
    assert_eq!(filled, expected);
    let conflict = |column: &str, rows| (column.to_owned(), format!("{column}__text"), rows);
    assert_eq!(report.conflicts, [conflict("f", 1), conflict("n", 2)]);
    assert_eq!(verify(lake.path(), true).unwrap().errors, Vec::<String>::new());
}

/// Command lines that differ, one of them with a needle, and a user for each; [`DAY`] and later.
pub(crate) fn commands(count: i64, needle: i64) -> Vec<Part> {
    let schema = Schema::new(vec![
        Field::new("_time", timestamp_type(), true),
        Field::new("user_id", DataType::Utf8View, true),
        Field::new("command", DataType::Utf8View, true),
    ]);
    let times = TimestampMicrosecondArray::from_iter_values((0..count).map(|at| DAY + at * 1_000_000));
    let command = |at: i64| {
        // Texts that do not compress well, as command lines do not.
        let noise = (at.wrapping_mul(0x9E37_79B9_7F4A_7C15_u64.cast_signed()) >> 8) & 0xff_ffff_ffff;
        let what = if at == needle { "Invoke-MimiKatz" } else { "python3 train.py" };
        format!("{what} --run {noise} --out s3://models/{at}/checkpoint.pt")
    };
    let columns: Vec<ArrayRef> = vec![
        Arc::new(times.with_data_type(timestamp_type())),
        Arc::new(StringViewArray::from_iter_values((0..count).map(|at| format!("user-{}", at / 10)))),
        Arc::new(StringViewArray::from_iter_values((0..count).map(command))),
    ];
    let batch = RecordBatch::try_new(Arc::new(schema), columns).unwrap();
    vec![Part { dataset: "calls_raw".to_owned(), batch }]
}

pub(crate) fn ask(snapshot: &Snapshot, stages: &str) -> Outcome {
    let mut session = Session::new(SessionOptions::default()).unwrap();
    snapshot.fill(&mut session).unwrap();
    let checked = atalanta_xql::check(&format!("dataset = calls_raw | {stages}"), &session.env());
    session.prepare(&checked.resolved.plan).unwrap().run().unwrap()
}

fn needles_are_read_in_their_page_and_repeated_queries_read_less(lake: &Lake) {
    let store = lake.open();
    // Two pages in the first file, one in the second.
    store.append(commands(30_000, 20_000)).unwrap().wait().unwrap();
    store.flush().unwrap();
    store.append(commands(16_000, -1)).unwrap().wait().unwrap();
    store.flush().unwrap();
    let needle = "filter command contains \"invoke-mimikatz\" | fields user_id";
    let first = ask(&store.snapshot(), needle);
    assert_eq!((first.rows, first.pages.read, first.pages.by_maps), (1, 1, 2));
    let user = ask(&store.snapshot(), "filter user_id = \"USER-2999\" | fields user_id");
    assert_eq!((user.rows, user.pages.read), (10, 2), "the bloom filter of the second file");
    // Nothing that maps know: the first run reads all, the second what has rows.
    let ending = "filter command ~= \"[1-9]/checkpoint\" and len(command) > 80 | fields user_id";
    let first = ask(&store.snapshot(), ending);
    assert_eq!((first.rows, first.pages.read), (0, 3));
    let again = ask(&store.snapshot(), ending);
    assert_eq!((again.rows, again.pages.read, again.pages.by_memory), (0, 0, 3));
    store.append(commands(2_000, 7)).unwrap().wait().unwrap();
    assert_eq!(ask(&store.snapshot(), ending).pages.read, 0, "rows in memory are not in pages");
    store.flush().unwrap();
    let more = ask(&store.snapshot(), ending);
    assert_eq!((more.pages.read, more.pages.by_memory), (1, 3), "the new file is read");
    assert_eq!(ask(&store.snapshot(), needle).rows, 2);
    // Merged files have maps of their own.
    store.compact(true).unwrap();
    let merged = ask(&store.snapshot(), needle);
    assert_eq!((store.gauges().files, merged.rows), (1, 2));
    assert!(merged.pages.by_maps >= 1, "{:?}", merged.pages);
    assert!(store.gauges().pages.by_memory >= 6);
    store.close().unwrap();
    let found = verify(lake.path(), true).unwrap();
    assert_eq!((found.errors, found.mapped), (vec![], 1));
    assert!(found.map_bytes > 0 && found.map_bytes * 50 <= found.bytes, "{} bytes", found.map_bytes);
}

fn damaged_maps_are_found_and_not_believed(lake: &Lake) {
    let store = lake.open();
    store.append(commands(30_000, 20_000)).unwrap().wait().unwrap();
    store.close().unwrap();
    drop(store);
    let path =
        Snapshot::read(lake.path()).unwrap().datasets[0].files[0].place.on_disk().unwrap().to_path_buf();
    let mut bytes = std::fs::read(&path).unwrap();
    let entry = b"atalanta.grams";
    let at = bytes.windows(entry.len()).rposition(|window| window == entry).unwrap();
    let text = String::from_utf8_lossy(&bytes[at + entry.len()..at + entry.len() + 40]).into_owned();
    let maps: usize = text.split(' ').nth(2).unwrap().parse().unwrap();
    bytes[maps..maps + 2000].fill(0);
    std::fs::write(&path, bytes).unwrap();
    let errors = verify(lake.path(), false).unwrap().errors;
    assert!(errors.len() == 1 && errors[0].contains("text maps are not used"), "{errors:?}");
    let found = ask(&Snapshot::read(lake.path()).unwrap(), "filter command contains \"mimikatz\"");
    assert_eq!(found.rows, 1);
    assert!(found.pages.damaged > 0);
}

/// The rows that the files of an exported table hold by its log, and the files.
fn exported(table: &Path) -> (u64, Vec<String>) {
    let mut files = std::collections::BTreeMap::new();
    let mut commits: Vec<_> =
        std::fs::read_dir(table.join("_delta_log")).unwrap().map(|one| one.unwrap().path()).collect();
    commits.sort();
    for line in commits.iter().flat_map(|path| {
        let text = std::fs::read_to_string(path).unwrap();
        text.lines().map(ToOwned::to_owned).collect::<Vec<_>>()
    }) {
        let action: serde_json::Value = serde_json::from_str(&line).unwrap();
        if let Some(path) = action["add"]["path"].as_str() {
            let stats: serde_json::Value =
                serde_json::from_str(action["add"]["stats"].as_str().unwrap()).unwrap();
            files.insert(path.to_owned(), stats["numRecords"].as_u64().unwrap());
        }
        if let Some(path) = action["remove"]["path"].as_str() {
            files.remove(path).unwrap();
        }
    }
    for path in files.keys() {
        assert!(table.join(path).is_file(), "{path}");
    }
    (files.values().sum(), files.into_keys().collect())
}

fn sealed_days_are_exported_once_and_merged_files_take_the_place_of_theirs(lake: &Lake) {
    let out = tempfile::tempdir().unwrap();
    let store = lake.open();
    let day = 86_400;
    append(&store, &[(0, "a"), (day, "later")]);
    store.flush().unwrap();
    append(&store, &[(1, "b")]);
    store.flush().unwrap();
    let export = |today: i64| {
        let done = export_delta(lake.path(), out.path(), None, DAY + today * day * 1_000_000).unwrap();
        assert_eq!(done.len(), 1);
        done[0].clone()
    };
    let table = out.path().join("xdr_data");
    assert_eq!((export(0).added, exported(&table).0), (0, 0));
    let first = export(1);
    assert_eq!((first.version, first.added, first.removed, first.rows), (1, 2, 0, 2));
    assert_eq!(exported(&table).0, 2);
    let again = export(1);
    assert_eq!((again.version, again.added, again.removed), (1, 0, 0));
    store.compact(true).unwrap();
    let merged = export(2);
    assert_eq!((merged.version, merged.added, merged.removed, merged.rows), (2, 2, 2, 3));
    let (rows, files) = exported(&table);
    assert_eq!(rows, 3);
    assert!(
        files[0].starts_with("_day=2026-11-20/") && files[1].starts_with("_day=2026-11-21/"),
        "{files:?}"
    );
    let unknown = export_delta(lake.path(), out.path(), Some("nothing"), DAY).unwrap_err().to_string();
    assert!(unknown.contains("there are xdr_data"), "{unknown}");
}

#[test]
fn a_catalog_of_another_version_is_refused_also_to_readers() {
    let lake = Lake::with_sqlite();
    drop(lake.open());
    let catalog = rusqlite::Connection::open(lake.path().join("catalog.sqlite")).unwrap();
    catalog.execute("UPDATE ducklake_metadata SET value = '2.7' WHERE key = 'version'", []).unwrap();
    let said = "catalog.sqlite: is of DuckLake 2.7, expected version 1.0";
    for error in [
        Store::open(lake.path(), quiet()).err(),
        Snapshot::read(lake.path()).err(),
        show(lake.path()).err(),
        verify(lake.path(), false).err(),
    ] {
        assert!(error.as_ref().is_some_and(|error| error.to_string().ends_with(said)), "{error:?}");
    }
}

#[test]
fn a_catalog_that_is_gone_is_not_made_anew() {
    let lake = Lake::with_sqlite();
    let store = lake.open();
    append(&store, &[(0, "a"), (1, "b")]);
    store.close().unwrap();
    drop(store);
    let (catalog, aside) = (lake.path().join("catalog.sqlite"), lake.path().join("aside"));
    std::fs::rename(&catalog, &aside).unwrap();
    let error = Store::open(lake.path(), quiet()).unwrap_err().to_string();
    assert!(error.contains("catalog.sqlite: is missing, but the folder has a log"), "{error}");
    assert!(!catalog.exists());
    std::fs::rename(&aside, &catalog).unwrap();
    assert_eq!(lake.open().gauges().stored_rows, 2);
}

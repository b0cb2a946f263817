//! Queries that would need unbounded memory end with the limit and say what to change.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringViewArray, TimestampMicrosecondArray};
use atalanta_engine::session::{Session, SessionOptions};

use super::toy::ask;

const ROWS: i64 = 120_000;

/// Many rows, each with a text of its own, and little memory.
fn session(memory_limit: usize) -> Session {
    let options = SessionOptions { threads: 2, memory_limit, ..SessionOptions::default() };
    let mut session = Session::new(options).unwrap();
    for from in (0..ROWS).step_by(8_000) {
        let numbers = from..from + 8_000;
        let times = TimestampMicrosecondArray::from_iter_values(numbers.clone().map(|n| n * 1_000_000));
        let text = |n: i64| format!("a text that is long enough to need memory of its own, number {n}");
        let columns: [(&str, ArrayRef); 3] = [
            ("_time", Arc::new(times.with_timezone("UTC"))),
            ("n", Arc::new(Int64Array::from_iter_values(numbers.clone()))),
            ("text", Arc::new(StringViewArray::from_iter_values(numbers.map(text)))),
        ];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        session.add_batches("many_raw", batch.schema(), vec![batch]).unwrap();
    }
    session
}

#[test]
fn stages_that_gather_rows_end_with_the_memory_limit() {
    let session = session(4 << 20);
    let gathering = [
        "windowcomp count() as c | comp max(c) as c, count(text) as t",
        "windowcomp last_value(text) sort asc n between null and null as c | comp count(c) as c",
        "join conflict_strategy = both (dataset = many_raw) as r r.n = n | comp max(text) as t, max(text_joined_12) as u",
        "alter k = 1 | transaction k maxevents = 1000000 | comp count() as c",
        "comp values(text) as v | comp count(v) as c",
    ];
    for stages in gathering {
        let query = format!("dataset = many_raw | {stages}");
        let error = ask(&session, &query).err().unwrap_or_else(|| panic!("{stages}: no error"));
        assert!(error.contains("more memory than allowed"), "{stages}: {error}");
        assert!(error.contains("`fields`") && error.contains("memory limit"), "{stages}: {error}");
    }
}

#[test]
fn the_same_stages_run_within_their_memory() {
    let session = session(512 << 20);
    let count =
        |stages: &str| ask(&session, &format!("dataset = many_raw | {stages} | comp count() as rows"));
    assert_eq!(count("windowcomp count() as c").unwrap(), [ROWS.to_string()]);
    assert_eq!(count("join (dataset = many_raw) as r r.n = n").unwrap(), [ROWS.to_string()]);
    assert_eq!(count("transaction n").unwrap(), [ROWS.to_string()]);
    assert_eq!(count("alter k = 1 | transaction k maxevents = 1000000").unwrap(), ["1"]);
}

#[test]
fn grouping_goes_to_disk() {
    let session = session(6 << 20);
    let groups = ask(&session, "dataset = many_raw | transaction n | comp count() as c");
    assert_eq!(groups.unwrap(), [ROWS.to_string()]);
}

#[test]
fn a_query_ends_with_its_time() {
    let options = SessionOptions {
        threads: 2,
        timeout: Some(std::time::Duration::from_millis(200)),
        ..SessionOptions::default()
    };
    let mut session = Session::new(options).unwrap();
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..40_000));
    let batch = RecordBatch::try_from_iter([("n", numbers)]).unwrap();
    session.add_batches("n_raw", batch.schema(), vec![batch]).unwrap();
    let endless = "dataset = n_raw | join (dataset = n_raw) as r r.n < n | comp count() as c";
    let started = std::time::Instant::now();
    let error = ask(&session, endless).unwrap_err();
    assert!(started.elapsed().as_secs() < 120, "{:?}", started.elapsed());
    assert!(error.contains("max_runtime_minutes"), "{error}");
}

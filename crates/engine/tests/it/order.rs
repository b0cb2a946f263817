//! Rows that were sorted stay so through the stages behind, with more rows than one batch holds and several threads.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch};
use arrow::datatypes::Int64Type;
use atalanta_engine::session::{Session, SessionOptions};
use atalanta_xql::resolve::resolve;
use atalanta_xql::syntax::parse;

const ROWS: i64 = 60_000;

/// All numbers below [`ROWS`] in an order that is none, and every third of them.
fn session() -> Session {
    let mut session = Session::new(SessionOptions { threads: 2, ..SessionOptions::default() }).unwrap();
    for (name, step) in [("many_raw", 1), ("some_raw", 3)] {
        // The factor has no divisor in common with the count.
        let numbers: Vec<i64> = (0..ROWS).map(|n| n * 7_919 % ROWS).filter(|n| n % step == 0).collect();
        for part in numbers.chunks(5_000) {
            let column: ArrayRef = Arc::new(Int64Array::from(part.to_vec()));
            let batch = RecordBatch::try_from_iter([("n", column)]).unwrap();
            session.add_batches(name, batch.schema(), vec![batch]).unwrap();
        }
    }
    session
}

fn numbers(session: &Session, stages: &str) -> Vec<i64> {
    let query = parse(&format!("dataset = many_raw | sort desc n | {stages}"));
    let plan = resolve(&query.query, &session.env()).plan;
    let outcome = session.prepare(&plan).unwrap().run().unwrap();
    let column = |batch: &RecordBatch| {
        batch.column_by_name("n").unwrap().as_primitive::<Int64Type>().values().to_vec()
    };
    outcome.batches.iter().flat_map(column).collect()
}

#[test]
fn what_is_computed_from_sorted_rows_keeps_their_order() {
    let session = session();
    let all: Vec<i64> = (0..ROWS).rev().collect();
    let some: Vec<i64> = (0..ROWS).rev().filter(|n| n % 3 == 0).collect();
    for (stages, expected) in [
        ("alter double = multiply(n, 2)", &all),
        ("alter double = multiply(n, 2) | filter double >= 0", &all),
        ("alter hit = n in (dataset = some_raw | fields n)", &all),
        ("filter n in (dataset = some_raw | fields n)", &some),
        (
            "filter n in (dataset = some_raw | fields n) or n = 1",
            &[&some[..some.len() - 1], &[1, 0]].concat(),
        ),
        ("fields n | filter n >= 0 | alter hit = if(n in (dataset = some_raw | fields n), 1, 0)", &all),
    ] {
        assert!(numbers(&session, stages) == *expected, "{stages}");
        assert!(
            numbers(&session, &format!("{stages} | limit 30000"))[..]
                == expected[..30_000.min(expected.len())],
            "{stages} | limit"
        );
    }
}

/// A replay reads rows one batch after the other, on a thread of its own that belongs to no runtime.
#[test]
fn rows_of_several_partitions_are_given_one_batch_after_the_other() {
    let session = session();
    let query = parse("dataset = many_raw | filter n > 99 | alter m = add(n, 1)");
    let plan = resolve(&query.query, &session.env()).plan;
    let mut rows = 0;
    let counted = session.prepare(&plan).unwrap().for_each(&mut |batch| {
        rows += batch.num_rows();
        Ok(std::ops::ControlFlow::Continue(()))
    });
    counted.unwrap();
    assert_eq!(rows as i64, ROWS - 100);
}

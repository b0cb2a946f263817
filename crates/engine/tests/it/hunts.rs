//! Every query of the operating procedure is planned and runs, as written and repaired, whatever columns the
//! data have.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringViewArray, TimestampMicrosecondArray};
use atalanta_engine::session::{Session, SessionOptions};

use super::toy::ask;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../content/hunts/sop")
}

fn session() -> Session {
    let mut session = Session::new(SessionOptions { threads: 2, ..SessionOptions::default() }).unwrap();
    let time: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![0, 1]).with_timezone("UTC"));
    let kind: ArrayRef = Arc::new(StringViewArray::from(vec!["NETWORK", "PROCESS"]));
    let batch = RecordBatch::try_from_iter([("_time", time), ("event_type", kind)]).unwrap();
    session.add_batches("xdr_data", batch.schema(), vec![batch]).unwrap();
    session
}

#[test]
fn all_queries_run() {
    let session = session();
    let mut queries = 0;
    let mut failed = Vec::new();
    for entry in std::fs::read_dir(folder()).unwrap() {
        for name in ["as_written.xql", "repaired.xql"] {
            let path = entry.as_ref().unwrap().path().join(name);
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            queries += 1;
            match ask(&session, &text) {
                Ok(rows) if rows.is_empty() => {}
                Ok(rows) => failed.push(format!("{}: {} rows of nothing", path.display(), rows.len())),
                Err(error) => failed.push(format!("{}: {error}", path.display())),
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert_eq!(queries, 70);
}

//! Rows, servers and connections for the tests of this crate.

pub(crate) mod cluster;
pub(crate) mod proxy;

use std::sync::{Arc, Mutex, Weak};

use arrow::array::{RecordBatch, StringViewArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Schema};
use atalanta_engine::types::timestamp_type;

/// 2026-11-20 00:00:00 UTC in µs.
pub(crate) const DAY: i64 = 1_795_132_800_000_000;

/// Rows of `_time` (seconds after [`DAY`]) and a text.
pub(crate) fn rows(values: &[(i64, &str)]) -> RecordBatch {
    let schema = Schema::new(vec![
        Field::new("_time", timestamp_type(), true),
        Field::new("event_id", DataType::Utf8View, true),
    ]);
    let times =
        TimestampMicrosecondArray::from_iter_values(values.iter().map(|(at, _)| DAY + at * 1_000_000));
    let ids = StringViewArray::from_iter_values(values.iter().map(|(_, id)| *id));
    let times = Arc::new(times.with_data_type(timestamp_type()));
    RecordBatch::try_new(Arc::new(schema), vec![times, Arc::new(ids)]).unwrap()
}

/// The Postgres of all tests of this process that run at a time; none where there is no Postgres.
pub(crate) fn shared_cluster() -> Option<Arc<cluster::Cluster>> {
    static SHARED: Mutex<Weak<cluster::Cluster>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap();
    if let Some(running) = shared.upgrade() {
        return Some(running);
    }
    let started = Arc::new(cluster::Cluster::start()?);
    *shared = Arc::downgrade(&started);
    Some(started)
}

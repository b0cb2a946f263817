//! `GET /api/v1/datasets`: the datasets with their columns, against which a client checks queries.
//!
//! `{"datasets": [{"name": "xdr_data", "rows": 1, "columns": [["_time", "timestamp"], …], "empty": ["user_agent", …]}]}`; types are
//! those of XQL, and the empty columns are null on every row.

use std::path::Path;

use atalanta_engine::error::EngineError;
use atalanta_engine::session::{Session, SessionOptions};
use atalanta_intake::EVENTS;
use atalanta_store::Snapshot;
use serde_json::{Value, json};

use crate::Shared;

/// Gives a session what is stored and the alerts. Events are a dataset from the start, so that a question that is asked
/// before the first one has an answer.
pub(crate) fn fill(session: &mut Session, snapshot: &Snapshot, folder: &Path) -> Result<(), EngineError> {
    snapshot.fill(session)?;
    if !session.dataset_names().contains(&EVENTS) {
        session.add_batches(EVENTS, atalanta_sources::event_schema(), Vec::new())?;
    }
    atalanta_detect::dataset::fill(session, folder)
}

pub(crate) fn list(shared: &Shared) -> Result<Value, EngineError> {
    let snapshot = shared.store.snapshot();
    let mut session = Session::new(SessionOptions { threads: 1, ..SessionOptions::default() })?;
    fill(&mut session, &snapshot, shared.store.folder())?;
    let alerts = atalanta_detect::dataset::count(shared.store.folder())?;
    let rows = |name: &str| {
        if name == atalanta_detect::dataset::ALERTS {
            return alerts;
        }
        snapshot.datasets.iter().find(|one| one.name == name).map_or(0, atalanta_store::DatasetSnapshot::rows)
    };
    let datasets: Vec<Value> = session
        .env()
        .inputs
        .iter()
        .map(|input| {
            let columns: Vec<Value> =
                input.columns.iter().map(|(name, ty)| json!([name, ty.to_string()])).collect();
            let mut empty: Vec<&String> = input.empty.iter().collect();
            empty.sort();
            json!({ "name": input.name, "rows": rows(&input.name), "columns": columns, "empty": empty })
        })
        .collect();
    Ok(json!({ "datasets": datasets }))
}

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

/// Gives a session what is stored, the alerts and the lookups of rules. Events are a dataset from the start, so that a question that is asked
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
    let kept = atalanta_detect::dataset::sizes(shared.store.folder())?;
    let rows = |name: &str| {
        let stored = snapshot.datasets.iter().find(|one| one.name == name);
        let stored = stored.map(atalanta_store::DatasetSnapshot::rows);
        stored.or_else(|| kept.get(name).copied()).unwrap_or(0)
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

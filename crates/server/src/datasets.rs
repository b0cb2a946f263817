//! `GET /api/v1/datasets`: the datasets with their columns, against which a client checks queries.
//!
//! `{"datasets": [{"name": "xdr_data", "rows": 1, "columns": [["_time", "timestamp"], …], "empty": ["user_agent", …]}]}`; types are
//! those of XQL, and the empty columns are null on every row.

use atalanta_engine::error::EngineError;
use atalanta_engine::session::{Session, SessionOptions};
use serde_json::{Value, json};

use crate::Shared;

pub(crate) fn list(shared: &Shared) -> Result<Value, EngineError> {
    let snapshot = shared.store.snapshot();
    let mut session = Session::new(SessionOptions { threads: 1, ..SessionOptions::default() })?;
    snapshot.fill(&mut session)?;
    atalanta_detect::dataset::fill(&mut session, shared.store.folder())?;
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

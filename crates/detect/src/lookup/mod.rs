//! Lookups that rules maintain: small tables, which queries and other rules read as datasets.
//!
//! A rule with an [`Action`] raises no alerts: each of its hits adds an entry to a lookup, takes entries out, or saves
//! its row to a dataset. Entries are in the book, so that they and the position of the log behind the events that led
//! to them are one transaction: after a crash none is missing and none is there twice.

mod columns;
mod dataset;
mod entry;
mod stored;

use atalanta_schema::{Catalog, DatasetKind};
use serde_json::{Map, Value};

pub(crate) use columns::Columns;
pub use columns::Kind;
pub use dataset::fill;
pub(crate) use dataset::{add, add_shared};
pub(crate) use entry::{Entry, of_hit};
pub(crate) use stored::{Lookups, SCHEMA, declared};

use crate::compile::Compiled;

/// Most bytes of the entries of one lookup, as JSON: as many as a lookup may have that a `target` writes.
pub const MOST_BYTES: u64 = atalanta_engine::store::LOOKUP_BYTES;

/// What a rule does with its hits instead of raising alerts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// The kind of change.
    pub change: Change,
    /// Name of the lookup or dataset, lower case.
    pub lookup: String,
    /// Fields of the lookup (lower case), each with the column of the result that fills it; all columns of the result
    /// under their own names if there are none.
    pub columns: Vec<(String, String)>,
}

/// A change of a lookup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// An entry is added. One that is there already, by the fields of the key, takes the values of the later event;
    /// without a key entries are the same if all fields are.
    Add {
        /// Fields that tell entries apart.
        key: Vec<String>,
    },
    /// Entries whose fields have the values of the row are taken out.
    Remove,
    /// The row is saved with the time of its hit.
    Save,
}

impl Action {
    /// An action, names in lower case; else what is wrong with it: the word, and why.
    pub fn new(
        change: Change,
        lookup: &str,
        columns: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, (String, String)> {
        let columns: Vec<(String, String)> =
            columns.into_iter().map(|(field, column)| (field.to_lowercase(), column)).collect();
        let wrong = |word: &str, why: String| Err((word.to_owned(), why));
        let known = Catalog::builtin().dataset(&lookup.to_lowercase());
        if known.is_some_and(|dataset| dataset.kind != DatasetKind::Lookup)
            || lookup == crate::dataset::ALERTS
        {
            return wrong(lookup, format!("`{lookup}` holds events or alerts, which rules do not change"));
        }
        let names = std::iter::once(lookup).chain(columns.iter().map(|(field, _)| field.as_str()));
        if let Some(bad) = names.into_iter().find(|name| !is_name(name)) {
            return wrong(
                bad,
                format!("`{bad}` is no name: letters, digits and underscores, no digit first"),
            );
        }
        match &change {
            Change::Remove if columns.is_empty() => {
                return wrong(lookup, "a removal needs `columns`, by which it finds the entries".to_owned());
            }
            Change::Add { key } if !columns.is_empty() => {
                let is_field =
                    |name: &&String| columns.iter().any(|(field, _)| field.eq_ignore_ascii_case(name));
                if let Some(bad) = key.iter().find(|name| !is_field(name)) {
                    return wrong(bad, format!("the key `{bad}` is no field of `columns`"));
                }
            }
            _ => {}
        }
        let change = match change {
            Change::Add { key } => Change::Add { key: key.iter().map(|name| name.to_lowercase()).collect() },
            other => other,
        };
        Ok(Self { change, lookup: lookup.to_lowercase(), columns })
    }
}

impl Change {
    /// As people say it, before the name of the lookup.
    pub fn words(&self) -> &'static str {
        match self {
            Self::Add { .. } => "adds to the lookup",
            Self::Remove => "removes from the lookup",
            Self::Save => "saves to the dataset",
        }
    }
}

/// What a rule has done instead of raising alerts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acted {
    /// Id of the rule.
    pub rule: String,
    /// What it does.
    pub action: Action,
    /// Its hits.
    pub hits: u64,
}

impl Acted {
    /// So many hits of a rule; none if it raises alerts.
    pub(crate) fn of(rule: &Compiled, hits: u64) -> Option<Self> {
        let action = rule.rule.action.clone()?;
        Some(Self { rule: rule.rule.id.clone(), action, hits })
    }
}

/// Whether a text can name a lookup or one of its fields: letters, digits and underscores, no digit first.
pub fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 128
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// An entry as JSON text; its fields stand in the order of their names.
fn body(entry: &Map<String, Value>) -> String {
    // Texts as keys and plain values are always JSON.
    serde_json::to_string(entry).unwrap_or_default()
}

//! The end of old rows, and the removal of files that nobody reads.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::catalog::{Change, TableChange};
use crate::error::StoreError;
use crate::store::{Store, locked};

/// How long rows are kept, by dataset; a dataset that is not named keeps its rows for ever.
pub type Retention = BTreeMap<String, Duration>;

/// What a run of the retention did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retained {
    /// Files that left their tables.
    pub files: u64,
    /// Rows in them.
    pub rows: u64,
}

impl Store {
    /// Takes files out of their tables all of whose rows are older than the dataset keeps them. They stay readable
    /// for queries that have begun; [`Store::clean`] removes them.
    pub fn retain(&self, retention: &Retention, now: jiff::Timestamp) -> Result<Retained, StoreError> {
        let shared = self.shared();
        let mut catalog = locked(&shared.catalog);
        let tables = catalog.tables()?;
        let mut done = Retained::default();
        let mut change = Change::default();
        for (dataset, age) in retention {
            let Some(table) = tables.tables.get(dataset) else { continue };
            let age = i64::try_from(age.as_micros()).unwrap_or(i64::MAX);
            let oldest = now.as_microsecond().saturating_sub(age);
            let is_old = |latest: i64| latest < oldest;
            let ended: Vec<_> = table
                .files
                .iter()
                .filter(|file| file.times.is_some_and(|(_, latest)| is_old(latest)))
                .cloned()
                .collect();
            if ended.is_empty() {
                continue;
            }
            done.files += ended.len() as u64;
            done.rows += ended.iter().map(|file| file.rows).sum::<u64>();
            let columns = table.columns.clone();
            change.tables.push(TableChange { dataset: dataset.clone(), columns, added: Vec::new(), ended });
        }
        // Also what an earlier run did whose answer was lost.
        shared.adopt(if change.tables.is_empty() { tables } else { catalog.commit(&change)? });
        Ok(done)
    }

    /// Forgets snapshots older than `grace` and removes files that no snapshot has read for that long: the time that
    /// a query may go on with files that have left their table. Gives the number of removed files. What cannot be
    /// removed stays scheduled.
    pub fn clean(&self, grace: Duration, now: jiff::Timestamp) -> Result<u64, StoreError> {
        let grace = i64::try_from(grace.as_micros()).unwrap_or(i64::MAX);
        let before = now.as_microsecond().saturating_sub(grace);
        let (expired, files) = {
            let mut catalog = locked(&self.shared().catalog);
            (catalog.expire(before)?, catalog.files().clone())
        };
        // Flushes go on meanwhile: no snapshot names these files any more.
        let mut removed = Vec::new();
        for (id, path) in expired {
            match files.remove(&path) {
                Ok(()) => removed.push(id),
                Err(error) => {
                    tracing::warn!(%error, "an expired file cannot be removed");
                    if files.bucket().is_some() {
                        // The store does not answer; the others would wait as long for nothing.
                        break;
                    }
                }
            }
        }
        locked(&self.shared().catalog).removed(&removed)?;
        Ok(removed.len() as u64)
    }
}

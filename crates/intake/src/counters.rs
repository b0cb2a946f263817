//! What became of the records of each source, for the metrics page.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Counts since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests or datagrams.
    pub requests: u64,
    /// Bytes of their records.
    pub bytes: u64,
    /// Records.
    pub records: u64,
    /// Rows that are on disk.
    pub stored: u64,
    /// Records in quarantine.
    pub quarantined: u64,
    /// Records that were refused or lost, the producer knows of all but those that came by UDP.
    pub dropped: u64,
}

/// By (listener, source).
#[derive(Debug, Default)]
pub struct Counters(Mutex<BTreeMap<(&'static str, String), Counts>>);

/// Most sources that are told apart; names beyond them are counted together, as producers choose them.
const SOURCES: usize = 500;

impl Counters {
    /// Changes the counts of a source.
    pub fn count(&self, listener: &'static str, source: &str, change: impl FnOnce(&mut Counts)) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.len() < SOURCES || all.contains_key(&(listener, source.to_owned()));
        let source = if known { source } else { "other" };
        change(all.entry((listener, source.to_owned())).or_default());
    }

    /// All counts.
    pub fn all(&self) -> Vec<(&'static str, String, Counts)> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().map(|((listener, source), counts)| (*listener, source.clone(), *counts)).collect()
    }
}

//! Errors of the store, sorted by what the caller can do about them.

use std::path::Path;
use std::time::Duration;

/// Why the store did not do what was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// Too much waits to be written; the same rows can be given again later.
    #[error("the store holds {held} MiB of rows that are not in tables yet, its limit is {limit} MiB")]
    Busy {
        /// MiB in memory.
        held: u64,
        /// MiB allowed.
        limit: u64,
        /// When it is worth another try.
        retry_after: Duration,
    },
    /// Rows that no table can hold.
    #[error("{0}")]
    Rows(String),
    /// Another process writes to the folder.
    #[error("{0}")]
    Locked(String),
    /// The disk or the machine failed.
    #[error("{0}")]
    Environment(String),
    /// The server of the catalog does not answer; it may later.
    #[error("{0}")]
    Unreachable(String),
    /// The folder's content contradicts itself.
    #[error("{0}")]
    Damaged(String),
    /// The store is being closed.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    /// A failed operation on a path.
    pub(crate) fn io(path: &Path, doing: &str, error: impl std::fmt::Display) -> Self {
        Self::Environment(format!("{}: cannot {doing}: {error}", path.display()))
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Environment(format!("catalog: {error}"))
    }
}

impl From<arrow::error::ArrowError> for StoreError {
    fn from(error: arrow::error::ArrowError) -> Self {
        Self::Rows(format!("rows cannot be read or put together: {error}"))
    }
}

//! What a producer is told when its data are not taken.

use std::time::Duration;

use atalanta_store::StoreError;

/// Why data were not taken. Nothing of the request is kept then, and the producer may send it again.
#[derive(Clone, Debug, thiserror::Error)]
pub enum IntakeError {
    /// The request is not what the listener expects.
    #[error("{0}")]
    Request(String),
    /// There is no such source.
    #[error("{0}")]
    Source(String),
    /// Larger than allowed.
    #[error("{0}")]
    TooLarge(String),
    /// More than can be held now.
    #[error("{message}")]
    Busy {
        /// What is full.
        message: String,
        /// When it is worth another try.
        retry_after: Duration,
    },
    /// The data folder cannot be written now: a full disk, a folder that became read-only, a server that ends.
    #[error("{0}; nothing of this request was kept, it can be sent again")]
    Storage(String),
    /// The machine, or a fault of the program.
    #[error("{0}")]
    Server(String),
}

/// Seconds until it is worth another try when the data folder could not be written.
const STORAGE_RETRY: u64 = 5;

impl IntakeError {
    /// Seconds until another try, where one makes sense.
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Busy { retry_after, .. } => Some(retry_after.as_secs().max(1)),
            Self::Storage(_) => Some(STORAGE_RETRY),
            _ => None,
        }
    }

    /// Writes what the operator of the server should know to the log.
    pub(crate) fn log(&self) {
        match self {
            Self::Storage(message) => tracing::error!(%message, "rows could not be stored"),
            Self::Server(message) => tracing::error!(%message, "a request failed"),
            _ => {}
        }
    }
}

impl From<StoreError> for IntakeError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy { retry_after, .. } => Self::Busy { message: error.to_string(), retry_after },
            StoreError::Rows(message) => Self::Request(message),
            other => Self::Storage(other.to_string()),
        }
    }
}

impl From<arrow::error::ArrowError> for IntakeError {
    fn from(error: arrow::error::ArrowError) -> Self {
        Self::Server(format!("rows cannot be put together: {error}"))
    }
}

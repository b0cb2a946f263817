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
    /// Disk or machine.
    #[error("{0}")]
    Server(String),
}

impl From<StoreError> for IntakeError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy { retry_after, .. } => Self::Busy { message: error.to_string(), retry_after },
            StoreError::Rows(message) => Self::Request(message),
            other => Self::Server(other.to_string()),
        }
    }
}

impl From<arrow::error::ArrowError> for IntakeError {
    fn from(error: arrow::error::ArrowError) -> Self {
        Self::Server(format!("rows cannot be put together: {error}"))
    }
}

//! Mapping rules as something that runs on batches.

use arrow::array::RecordBatch;

/// A compiled statement.
pub(crate) trait Rules: Send {
    /// Rows that the statement lets through, with the columns it assigned.
    fn run(&self, batch: &RecordBatch) -> Result<Vec<RecordBatch>, RulesError>;
}

/// Why rules could not be compiled or run.
#[derive(Debug, thiserror::Error)]
#[error("mapping rules of source `{source_id}`: {message}")]
pub struct RulesError {
    /// The source.
    pub source_id: String,
    /// What was found.
    pub message: String,
}

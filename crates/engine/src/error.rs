//! Errors of the engine, sorted by who can mend them.

use arrow::error::ArrowError;
use datafusion::error::DataFusionError;

/// What to do about a query that needs too much memory.
const MORE_MEMORY: &str = "filter earlier, keep fewer columns with `fields`, shorten the time frame, group by \
                           fewer values, or raise the memory limit";

/// Why a query did not run to its end.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The query asks for something that this version does not execute.
    #[error("{0}")]
    Unsupported(String),
    /// The query is wrong: a literal, a pattern, a path.
    #[error("{0}")]
    Query(String),
    /// A file or the machine failed.
    #[error("{0}")]
    Environment(String),
    /// A limit was reached; the text names it.
    #[error("{0}")]
    Limit(String),
    /// An invariant of ours is broken.
    #[error("internal error: {0} (please report it with the query)")]
    Internal(String),
}

impl EngineError {
    /// A stage or function that is not executed.
    pub fn unsupported(what: impl Into<String>) -> Self {
        Self::Unsupported(what.into())
    }

    /// A broken invariant.
    pub fn internal(what: impl Into<String>) -> Self {
        Self::Internal(what.into())
    }
}

impl From<DataFusionError> for EngineError {
    fn from(error: DataFusionError) -> Self {
        let text = error.strip_backtrace();
        match error.find_root() {
            DataFusionError::ResourcesExhausted(_) => {
                Self::Limit(format!("the query needs more memory than allowed; {MORE_MEMORY} ({text})"))
            }
            DataFusionError::Internal(_) => Self::Internal(text),
            DataFusionError::IoError(_)
            | DataFusionError::ObjectStore(_)
            | DataFusionError::ParquetError(_) => Self::Environment(text),
            // Of what a query does wrong the library's own words for its kind say nothing more.
            DataFusionError::Execution(reason) | DataFusionError::Plan(reason) => Self::Query(reason.clone()),
            DataFusionError::ArrowError(cause, _) => match &**cause {
                ArrowError::ComputeError(reason) | ArrowError::ArithmeticOverflow(reason) => {
                    Self::Query(reason.clone())
                }
                _ => Self::Query(text),
            },
            _ => Self::Query(text),
        }
    }
}

impl From<ArrowError> for EngineError {
    fn from(error: ArrowError) -> Self {
        Self::from(DataFusionError::from(error))
    }
}

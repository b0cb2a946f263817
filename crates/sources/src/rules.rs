//! Mapping rules as something that runs on batches.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use atalanta_engine::error::EngineError;
use atalanta_engine::program::Program;
use atalanta_xql::facts::FactKind;

/// A compiled statement.
pub(crate) trait Rules: Send + Sync {
    /// Rows that the statement lets through, with the columns it assigned.
    fn run(&self, batch: &RecordBatch) -> Result<Vec<RecordBatch>, RulesError>;
}

/// Why rules could not be compiled or run.
#[derive(Clone, Debug, thiserror::Error)]
#[error("mapping rules of source `{source_id}`: {message}")]
pub struct RulesError {
    /// The source.
    pub source_id: String,
    /// What was found.
    pub message: String,
}

/// Compiles a file with one statement. A name or type that the resolver does not accept is an error: the
/// fields of a source are declared, so nothing about its rules is left to guess.
pub(crate) fn compile(text: &str, source_id: &str, input: &Schema) -> Result<Arc<dyn Rules>, RulesError> {
    let error = |message: String| RulesError { source_id: source_id.to_owned(), message };
    let (program, compiled) = Program::compile(text, input).map_err(|found| error(found.to_string()))?;
    if let Some(first) = compiled.diagnostics.first() {
        return Err(error(first.message.clone()));
    }
    let unknown = compiled.facts.iter().find_map(|fact| match &fact.kind {
        FactKind::UnknownField { name, .. } => Some(name.clone()),
        _ => None,
    });
    if let Some(name) = unknown {
        return Err(error(format!("unknown field `{name}`")));
    }
    Ok(Arc::new(Compiled { program, source_id: source_id.to_owned() }))
}

/// A statement in the engine.
struct Compiled {
    program: Program,
    source_id: String,
}

impl Rules for Compiled {
    fn run(&self, batch: &RecordBatch) -> Result<Vec<RecordBatch>, RulesError> {
        let error =
            |found: EngineError| RulesError { source_id: self.source_id.clone(), message: found.to_string() };
        self.program.run(batch).map_err(error)
    }
}

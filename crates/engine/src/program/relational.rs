//! Stages of parsing rules that do more than compute over one row: `join` with a lookup, `arrayexpand`, `iploc`.
//!
//! They are planned as in a query, over the batch at hand; the session has the lookups and the places of addresses.
//! Planning costs about a millisecond per batch, which only statements that have such a stage pay.

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::{Schema, SchemaRef};
use atalanta_xql::ir::{self, OperationKind};
use datafusion::logical_expr::LogicalPlan;
use std::sync::Arc;

use crate::error::EngineError;
use crate::plan::lower_one;
use crate::session::Session;

/// One such stage.
#[derive(Clone, Debug)]
pub(super) struct Relational {
    operation: ir::Operation,
    after: SchemaRef,
}

impl Relational {
    /// Whether an operation is one of these.
    pub(super) fn is(operation: &ir::Operation) -> bool {
        use OperationKind::{ArrayExpand, IpLoc, Join};
        matches!(operation.kind, Join { .. } | ArrayExpand { .. } | IpLoc { .. })
    }

    /// The stage over rows of a schema.
    pub(super) fn new(
        operation: &ir::Operation,
        input: &Schema,
        session: &Session,
    ) -> Result<Self, EngineError> {
        let none = RecordBatch::new_empty(Arc::new(input.clone()));
        let mut stage = Self { operation: operation.clone(), after: Arc::new(Schema::empty()) };
        stage.after = Arc::new(stage.plan(&none, session)?.schema().as_arrow().clone());
        Ok(stage)
    }

    /// The columns that it gives.
    pub(super) fn schema(&self) -> &SchemaRef {
        &self.after
    }

    /// Its rows.
    pub(super) fn run(&self, batch: &RecordBatch, session: &Session) -> Result<RecordBatch, EngineError> {
        let plan = self.plan(batch, session)?;
        let batches = session.run_logical(&plan)?;
        let rows = concat_batches(&Arc::new(plan.schema().as_arrow().clone()), &batches)?;
        // Nullability may differ from batch to batch; the later stages know one schema.
        Ok(RecordBatch::try_new(Arc::clone(&self.after), rows.columns().to_vec())?)
    }

    fn plan(&self, batch: &RecordBatch, session: &Session) -> Result<LogicalPlan, EngineError> {
        lower_one(session.rows(batch.clone())?, &self.operation, &session.lowering_context())
    }
}

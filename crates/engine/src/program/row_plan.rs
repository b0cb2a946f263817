//! A query whose stages look at one row at a time, compiled once and run over any number of batches.
//!
//! A planned query ([`crate::session::Session::prepare`]) costs milliseconds before its first row; a rule that looks
//! at each arriving batch cannot afford that. The expressions are lowered as for any query, so the verdict is the
//! same.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use arrow::array::{ArrayRef, AsArray, RecordBatch, UInt32Array};
use arrow::datatypes::{DataType, Field, Schema, UInt32Type};
use atalanta_xql::ir::{self, ExprKind, Operation, OperationKind};
use datafusion::prelude::SessionContext;

use super::statement::Statement;
use crate::error::EngineError;

/// Column that carries a row's place through the stages.
const PLACE: &str = "__place";

/// Where expressions become physical ones; making it costs more than compiling a plan.
static CONTEXT: LazyLock<SessionContext> = LazyLock::new(SessionContext::new);

/// Functions whose value depends on when the query runs.
const OF_THE_CLOCK: [&str; 2] = ["current_time", "time_frame_end"];

/// The row-wise operations of a query over rows of one schema.
#[derive(Debug)]
pub struct RowPlan {
    statement: Statement,
}

/// The operations at the head of a plan that look at one row at a time, without the source. The second value says
/// whether they are the whole plan; a `sort` or `limit` at its end is only how rows are shown and does not count.
pub fn row_wise(plan: &ir::Plan) -> (&[Operation], bool) {
    let operations = plan.operations.get(1..).unwrap_or_default();
    let head = operations.iter().take_while(|operation| is_row_wise(operation)).count();
    let rest = operations.get(head..).unwrap_or_default();
    let shown = |operation: &Operation| {
        use OperationKind::{Keep, Limit, Project, Sort};
        matches!(operation.kind, Sort(_) | Limit(_) | Keep | Project(_))
    };
    let whole = rest.iter().all(shown) && plan.transpose.is_none() && plan.target.is_none();
    (operations.get(..head).unwrap_or_default(), whole)
}

fn is_row_wise(operation: &Operation) -> bool {
    match &operation.kind {
        OperationKind::Filter(condition) => is_plain(condition),
        OperationKind::Assign(assigns) => assigns.iter().all(|(_, value)| is_plain(value)),
        OperationKind::Project(_) | OperationKind::Keep => true,
        _ => false,
    }
}

/// Neither a sub-query nor the clock.
fn is_plain(expr: &ir::Expr) -> bool {
    let mut plain = true;
    expr.walk(&mut |expr| match &expr.kind {
        ExprKind::InQuery { .. } => plain = false,
        ExprKind::Call { function, .. } if OF_THE_CLOCK.contains(&function.as_str()) => plain = false,
        _ => {}
    });
    plain
}

impl RowPlan {
    /// Compiles row-wise operations for rows of a schema.
    pub fn compile(operations: &[Operation], input: &Schema) -> Result<Self, EngineError> {
        let mut fields: Vec<Field> = input.fields().iter().map(|field| field.as_ref().clone()).collect();
        fields.push(Field::new(PLACE, DataType::UInt32, false));
        let operations = operations.iter().cloned().map(carrying_the_place).collect();
        let plan = ir::Plan { operations, ..ir::Plan::default() };
        let statement = Statement::compile(&plan, &Schema::new(fields), &CONTEXT, None, None)?;
        Ok(Self { statement })
    }

    /// The rows that come through, with their places in the batch.
    pub fn run(&self, batch: &RecordBatch) -> Result<(RecordBatch, Vec<u32>), EngineError> {
        let count = u32::try_from(batch.num_rows()).unwrap_or(u32::MAX);
        let mut fields: Vec<Field> =
            batch.schema_ref().fields().iter().map(|field| field.as_ref().clone()).collect();
        fields.push(Field::new(PLACE, DataType::UInt32, false));
        let mut columns: Vec<ArrayRef> = batch.columns().to_vec();
        columns.push(std::sync::Arc::new(UInt32Array::from_iter_values(0..count)));
        let input = RecordBatch::try_new(std::sync::Arc::new(Schema::new(fields)), columns)?;
        let output = self.statement.run(&input, None, None)?;
        let at = output.schema_ref().index_of(PLACE)?;
        let places = output.column(at).as_primitive::<UInt32Type>().values().to_vec();
        let kept: Vec<usize> = (0..output.num_columns()).filter(|index| *index != at).collect();
        Ok((output.project(&kept)?, places))
    }
}

fn carrying_the_place(mut operation: Operation) -> Operation {
    if let OperationKind::Project(columns) = &mut operation.kind {
        columns.push((PLACE.to_owned(), PLACE.to_owned()));
    }
    operation
}

/// Names of the columns that operations can have use of, lower case; none if their result has every column of the rows.
pub fn column_names(operations: &[Operation]) -> Option<BTreeSet<String>> {
    let keeps_all = |operation: &Operation| !matches!(operation.kind, OperationKind::Project(_));
    if operations.iter().all(keeps_all) {
        return None;
    }
    Some(names_read(operations))
}

/// Names of the columns that operations read or name, lower case.
pub fn names_read(operations: &[Operation]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let plan = ir::Plan { operations: operations.to_vec(), ..ir::Plan::default() };
    crate::plan::referenced(&plan, &mut names);
    for operation in operations {
        if let OperationKind::Project(columns) = &operation.kind {
            names.extend(columns.iter().map(|(from, _)| from.to_lowercase()));
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int64Array, StringViewArray};
    use atalanta_schema::Type;
    use atalanta_xql::env::{Env, Input, Mode};

    use super::*;

    fn batch() -> RecordBatch {
        let name: ArrayRef =
            Arc::new(StringViewArray::from(vec![Some("Bash"), None, Some("vim"), Some("bash")]));
        let size: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), Some(2), Some(3), None]));
        RecordBatch::try_from_iter_with_nullable([("name", name, true), ("size", size, true)]).unwrap()
    }

    fn plan(text: &str) -> ir::Plan {
        let columns = vec![("name".to_owned(), Type::String), ("size".to_owned(), Type::Int)];
        let inputs = vec![Input { name: "t".to_owned(), columns, ..Input::default() }];
        let env = Env { inputs, with_data: true, ..Env::new(Mode::Compat) };
        let checked = atalanta_xql::check(text, &env);
        assert!(checked.diagnostics.iter().all(|one| one.severity != atalanta_diag::Severity::Error));
        checked.resolved.plan
    }

    #[test]
    fn rows_keep_their_places_through_every_stage() {
        let plan = plan(
            "dataset = t | filter name = \"bash\" | alter n = add(size, 1) | fields n | sort desc n | limit 3",
        );
        let (operations, whole) = row_wise(&plan);
        assert!(whole);
        let compiled = RowPlan::compile(operations, batch().schema_ref()).unwrap();
        let (output, places) = compiled.run(&batch()).unwrap();
        assert_eq!(places, [0, 3]);
        assert!(output.column_by_name(PLACE).is_none());
        assert_eq!(output.num_rows(), 2);
    }

    #[test]
    fn what_needs_more_than_a_row_ends_the_head() {
        let counted = plan("dataset = t | filter size > 1 | comp count() as n by name | filter n > 1");
        let (operations, whole) = row_wise(&counted);
        assert_eq!((operations.len(), whole), (1, false));
        let clock = plan("dataset = t | filter size > 1 | alter now = current_time()");
        assert_eq!(row_wise(&clock).0.len(), 1);
        assert!(!row_wise(&clock).1);
    }
}

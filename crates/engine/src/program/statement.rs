//! One statement of a rules file as steps over batches.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, RecordBatch, new_null_array};
use arrow::compute::{concat, filter_record_batch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use atalanta_diag::{Diagnostic, Span};
use atalanta_xql::ir::{self, OperationKind};
use atalanta_xql::rules::codes;
use datafusion::common::{DFSchema, DFSchemaRef};
use datafusion::logical_expr::{Expr, ExprSchemable};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::prelude::SessionContext;

use super::relational::Relational;
use crate::error::EngineError;
use crate::functions::json::together::Together;
use crate::plan::expr::ExprContext;
use crate::plan::typed_null;
use crate::session::Session;

/// Collects what could not be done. Without one the first failure ends the work.
pub(super) type Problems<'a> = Option<&'a mut Vec<Diagnostic>>;

#[derive(Debug)]
pub(super) struct Statement {
    steps: Vec<Step>,
    output: SchemaRef,
}

#[derive(Debug)]
enum Step {
    /// Keeps rows for which the condition is true.
    Filter(Computed),
    /// Replaced or appended columns.
    Assign(Box<Assigned>),
    /// Kept columns by position.
    Project(Vec<usize>, SchemaRef),
    /// A stage that is planned over each batch.
    Relational(Box<Relational>),
    /// Keeps no row: a condition that cannot be computed holds for none.
    Nothing,
}

/// The assignments of one stage.
#[derive(Debug)]
struct Assigned {
    /// The position of each value among the columns after the step.
    places: Vec<usize>,
    /// The values; what several read of one JSON text is extracted once.
    values: Together,
    /// The same values, to be computed one by one should one of them fail.
    lowered: Vec<Lowered>,
    before: SchemaRef,
    after: SchemaRef,
}

#[derive(Debug)]
struct Lowered {
    expr: Expr,
    span: Span,
    what: String,
}

/// A value of each row.
#[derive(Debug)]
struct Computed {
    expr: Arc<dyn PhysicalExpr>,
    ty: DataType,
    span: Span,
    /// What it is, for messages.
    what: String,
}

impl Statement {
    /// Compiles the operations of a resolved statement for rows of a schema. Without a session, stages that are not
    /// row-wise are refused.
    pub(super) fn compile(
        plan: &ir::Plan,
        input: &Schema,
        context: &SessionContext,
        session: Option<&Session>,
        mut problems: Problems<'_>,
    ) -> Result<Self, EngineError> {
        let mut compiler = Compiler { context, session, schema: Arc::new(input.clone()), steps: Vec::new() };
        for operation in &plan.operations {
            match compiler.operation(operation, problems.as_deref_mut()) {
                Ok(()) => {}
                Err(error) => match &mut problems {
                    Some(list) => list.push(problem(operation.span, error.to_string())),
                    None => return Err(error),
                },
            }
        }
        Ok(Self { steps: compiler.steps, output: compiler.schema })
    }

    /// The rows that the statement lets through. With a list for problems, a value that fails is null in the rows
    /// where it fails.
    pub(super) fn run(
        &self,
        batch: &RecordBatch,
        session: Option<&Session>,
        mut problems: Problems<'_>,
    ) -> Result<RecordBatch, EngineError> {
        let mut current = batch.clone();
        for step in &self.steps {
            if current.num_rows() == 0 {
                return Ok(RecordBatch::new_empty(Arc::clone(&self.output)));
            }
            current = step.run(&current, session, problems.as_deref_mut())?;
        }
        Ok(current)
    }

    /// The columns that it gives.
    pub(super) fn schema(&self) -> &SchemaRef {
        &self.output
    }
}

fn problem(span: Span, message: String) -> Diagnostic {
    Diagnostic::warning(codes::VALUE, span, message)
}

struct Compiler<'a> {
    context: &'a SessionContext,
    session: Option<&'a Session>,
    schema: SchemaRef,
    steps: Vec<Step>,
}

impl Compiler<'_> {
    fn operation(&mut self, operation: &ir::Operation, problems: Problems<'_>) -> Result<(), EngineError> {
        match &operation.kind {
            OperationKind::Filter(condition) => {
                self.filter(condition, problems)?;
            }
            OperationKind::Assign(assigns) => self.assign(assigns, problems)?,
            OperationKind::Project(columns) => self.project(columns),
            OperationKind::Source { .. } | OperationKind::Keep => {}
            _ if Relational::is(operation) && self.session.is_some() => self.relational(operation)?,
            _ => {
                let word =
                    "only filter, alter, fields, drop and call can stand in a rule that is run over events";
                return Err(EngineError::unsupported(word));
            }
        }
        Ok(())
    }

    fn relational(&mut self, operation: &ir::Operation) -> Result<(), EngineError> {
        let Some(session) = self.session else { return Ok(()) };
        let stage = Relational::new(operation, &self.schema, session)?;
        self.schema = Arc::clone(stage.schema());
        self.steps.push(Step::Relational(Box::new(stage)));
        Ok(())
    }

    fn filter(&mut self, condition: &ir::Expr, problems: Problems<'_>) -> Result<(), EngineError> {
        let df_schema = Arc::new(DFSchema::try_from(self.schema.as_ref().clone())?);
        let what = "the condition".to_owned();
        let computed = lower(condition, &df_schema, false)
            .and_then(|expr| Computed::new(expr, condition.span, what, &df_schema, self.context));
        match (computed, problems) {
            (Ok(computed), _) if computed.ty == DataType::Boolean => self.steps.push(Step::Filter(computed)),
            // A bare null holds for no row.
            (Ok(_), _) => self.steps.push(Step::Nothing),
            (Err(error), None) => return Err(error),
            (Err(error), Some(list)) => {
                let message = format!("the condition cannot be computed and holds for no row: {error}");
                list.push(problem(condition.span, message));
                self.steps.push(Step::Nothing);
            }
        }
        Ok(())
    }

    fn assign(
        &mut self,
        assigns: &[(String, ir::Expr)],
        mut problems: Problems<'_>,
    ) -> Result<(), EngineError> {
        let mut lowered = Vec::with_capacity(assigns.len());
        for (name, value) in assigns {
            let what = format!("`{name}`");
            let expr = match (self.compilable(value), problems.as_deref_mut()) {
                (Ok(expr), _) => expr,
                (Err(error), None) => return Err(error),
                (Err(error), Some(list)) => {
                    list.push(problem(value.span, format!("{what} cannot be computed and is null: {error}")));
                    typed_null(&value.ty)
                }
            };
            lowered.push(Lowered { expr, span: value.span, what });
        }
        let exprs = lowered.iter().map(|one| one.expr.clone()).collect();
        let values = Together::new(exprs, &self.schema, self.context)?;
        let mut fields: Vec<Arc<Field>> = self.schema.fields().iter().cloned().collect();
        let mut places = Vec::with_capacity(assigns.len());
        for ((name, _), ty) in assigns.iter().zip(values.types()) {
            let at = fields.iter().position(|field| field.name().eq_ignore_ascii_case(name));
            let index = at.unwrap_or(fields.len());
            let shown = at.map_or(name.clone(), |at| fields[at].name().clone());
            let field = Arc::new(Field::new(shown, ty.clone(), true));
            if index < fields.len() {
                fields[index] = field;
            } else {
                fields.push(field);
            }
            places.push(index);
        }
        let before = std::mem::replace(&mut self.schema, Arc::new(Schema::new(fields)));
        let after = Arc::clone(&self.schema);
        self.steps.push(Step::Assign(Box::new(Assigned { places, values, lowered, before, after })));
        Ok(())
    }

    /// The lowered form of a value, if it can be computed over these rows.
    fn compilable(&self, value: &ir::Expr) -> Result<Expr, EngineError> {
        let df_schema = Arc::new(DFSchema::try_from(self.schema.as_ref().clone())?);
        let lowered = lower(value, &df_schema, true)?;
        lowered.get_type(&df_schema)?;
        self.context.create_physical_expr(lowered.clone(), &df_schema)?;
        Ok(lowered)
    }

    fn project(&mut self, columns: &[(String, String)]) {
        let (mut kept, mut fields) = (Vec::new(), Vec::new());
        for (from, to) in columns {
            let at = self.schema.fields().iter().position(|field| field.name().eq_ignore_ascii_case(from));
            if let Some(at) = at {
                kept.push(at);
                fields.push(Arc::new(self.schema.field(at).clone().with_name(to)));
            }
        }
        self.schema = Arc::new(Schema::new(fields));
        self.steps.push(Step::Project(kept, Arc::clone(&self.schema)));
    }
}

impl Step {
    fn run(
        &self,
        batch: &RecordBatch,
        session: Option<&Session>,
        problems: Problems<'_>,
    ) -> Result<RecordBatch, EngineError> {
        match self {
            Self::Filter(condition) => {
                let mask = condition.evaluate(batch, problems)?;
                let mask: &BooleanArray = mask.as_boolean();
                Ok(filter_record_batch(batch, mask)?)
            }
            Self::Assign(assigned) => assigned.run(batch, problems),
            Self::Project(kept, schema) => {
                let columns = kept.iter().map(|index| Arc::clone(batch.column(*index))).collect();
                Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
            }
            Self::Relational(stage) => match session {
                Some(session) => stage.run(batch, session),
                None => Err(EngineError::internal("a stage that needs a session runs without one")),
            },
            Self::Nothing => Ok(batch.slice(0, 0)),
        }
    }
}

impl Assigned {
    fn run(&self, batch: &RecordBatch, problems: Problems<'_>) -> Result<RecordBatch, EngineError> {
        let computed = match (self.values.evaluate(batch), problems) {
            (Ok(computed), _) => computed,
            (Err(error), None) => return Err(error.into()),
            (Err(_), Some(list)) => self.one_by_one(batch, list)?,
        };
        let mut columns: Vec<ArrayRef> = batch.columns().to_vec();
        for (index, array) in self.places.iter().zip(computed) {
            if *index < columns.len() {
                columns[*index] = array;
            } else {
                columns.push(array);
            }
        }
        Ok(RecordBatch::try_new(Arc::clone(&self.after), columns)?)
    }

    /// Some value failed: each is computed by itself, so that the others are not lost.
    fn one_by_one(
        &self,
        batch: &RecordBatch,
        problems: &mut Vec<Diagnostic>,
    ) -> Result<Vec<ArrayRef>, EngineError> {
        let context = SessionContext::new();
        let df_schema = Arc::new(DFSchema::try_from(self.before.as_ref().clone())?);
        let mut computed = Vec::with_capacity(self.lowered.len());
        for one in &self.lowered {
            let value = Computed::new(one.expr.clone(), one.span, one.what.clone(), &df_schema, &context)?;
            computed.push(value.evaluate(batch, Some(&mut *problems))?);
        }
        Ok(computed)
    }
}

impl Computed {
    fn new(
        expr: Expr,
        span: Span,
        what: String,
        schema: &DFSchemaRef,
        context: &SessionContext,
    ) -> Result<Self, EngineError> {
        let ty = expr.get_type(schema)?;
        Ok(Self { expr: context.create_physical_expr(expr, schema)?, ty, span, what })
    }

    fn evaluate(&self, batch: &RecordBatch, problems: Problems<'_>) -> Result<ArrayRef, EngineError> {
        match (evaluate(&self.expr, batch), problems) {
            (Ok(array), _) => Ok(array),
            (Err(error), None) => Err(error),
            (Err(error), Some(list)) => self.row_by_row(batch, &error, list),
        }
    }

    /// The values of the rows for which it can be computed.
    fn row_by_row(
        &self,
        batch: &RecordBatch,
        error: &EngineError,
        problems: &mut Vec<Diagnostic>,
    ) -> Result<ArrayRef, EngineError> {
        let mut rows: Vec<ArrayRef> = Vec::with_capacity(batch.num_rows());
        let mut failed = 0usize;
        for row in 0..batch.num_rows() {
            let value = evaluate(&self.expr, &batch.slice(row, 1));
            failed += usize::from(value.is_err());
            rows.push(value.unwrap_or_else(|_| new_null_array(&self.ty, 1)));
        }
        let message = format!(
            "{} cannot be computed in {failed} of {} rows and is null there: {error}",
            self.what,
            batch.num_rows()
        );
        problems.push(problem(self.span, message));
        let rows: Vec<_> = rows.iter().map(AsRef::as_ref).collect();
        Ok(concat(&rows)?)
    }
}

fn lower(expr: &ir::Expr, schema: &DFSchemaRef, typed: bool) -> Result<Expr, EngineError> {
    let lowering = ExprContext { lowering: None, schema, now: None, sides: None };
    if typed { lowering.lower_typed(expr) } else { lowering.lower(expr) }
}

fn evaluate(expr: &Arc<dyn PhysicalExpr>, batch: &RecordBatch) -> Result<ArrayRef, EngineError> {
    Ok(expr.evaluate(batch)?.into_array(batch.num_rows())?)
}

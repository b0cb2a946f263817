//! From a row of an aggregated result back to the records behind it.
//!
//! The stages before the first aggregation are run again with the row's group keys as a filter; their rows carry
//! `_path` and `_line`. Joined rows carry the places of both sides.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Int64Type, TimestampMicrosecondType};
use atalanta_xql::ir::{self, ExprKind, OperationKind};
use datafusion::common::ScalarValue;
use datafusion::functions_aggregate::expr_fn as agg;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, SortExpr, cast, lit};

use crate::error::EngineError;
use crate::plan::{Context, column, existing, hidden_columns, lower, project_over};
use crate::session::Session;
use crate::tables::{LINE, PATH};

/// The event's own time, kept beside a `_time` that `bin` replaces.
const EVENT_TIME: &str = "__event_time";

/// The records behind a result row.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// How many there are.
    pub total: u64,
    /// Earliest `_time`, µs since the epoch.
    pub first: Option<i64>,
    /// Latest `_time`, µs.
    pub last: Option<i64>,
    /// Some of them, earliest first.
    pub rows: Vec<EvidenceRow>,
}

/// One record.
#[derive(Clone, Debug)]
pub struct EvidenceRow {
    /// File.
    pub path: String,
    /// Line of the file, or row of a Parquet file, from 1.
    pub line: u64,
    /// `_time`, µs.
    pub time: Option<i64>,
    /// The columns that the query names, without nulls, as one-row batch.
    pub row: RecordBatch,
}

impl Session {
    /// The records behind row `row` of the result of `plan`; none if the plan has no aggregation.
    pub fn evidence(
        &self,
        plan: &ir::Plan,
        result: &RecordBatch,
        row: usize,
        limit: usize,
    ) -> Result<Evidence, EngineError> {
        let split = plan.operations.iter().position(|op| matches!(op.kind, OperationKind::Aggregate { .. }));
        let Some(split) = split else { return Ok(Evidence::default()) };
        let OperationKind::Aggregate { keys, .. } = &plan.operations[split].kind else {
            return Ok(Evidence::default());
        };
        let before = self.before(plan, split)?;
        let filtered = restrict(before, keys, result, row)?;
        let shown = named_columns(plan);
        let summary = self.run_logical(&summary_plan(&filtered)?)?;
        let mut evidence = read_summary(&summary);
        let rows = self.run_logical(&rows_plan(&filtered, &shown, limit)?)?;
        for batch in &rows {
            evidence.rows.extend((0..batch.num_rows()).map(|row| evidence_row(batch, row)));
        }
        Ok(evidence)
    }

    /// The stages before the aggregation, with provenance and the unbinned time.
    fn before(&self, plan: &ir::Plan, split: usize) -> Result<LogicalPlan, EngineError> {
        let mut plan = ir::Plan { operations: plan.operations[..split].to_vec(), ..plan.clone() };
        let span = plan.operations[0].span;
        let time = ir::Expr {
            kind: ExprKind::Column("_time".to_owned()),
            ty: atalanta_schema::Type::Timestamp,
            span,
        };
        let mut keep_time = plan.operations[0].clone();
        keep_time.kind = OperationKind::Assign(vec![(EVENT_TIME.to_owned(), time)]);
        plan.operations.insert(1, keep_time);
        let context = Context { provenance: true, ..self.lowering_context() };
        lower(&plan, &context)
    }
}

/// Keeps the rows whose keys equal those of the result row; null keys equal each other.
fn restrict(
    plan: LogicalPlan,
    keys: &[(String, ir::Expr)],
    result: &RecordBatch,
    row: usize,
) -> Result<LogicalPlan, EngineError> {
    let mut builder = LogicalPlanBuilder::from(plan.clone());
    for (name, key) in keys {
        let ExprKind::Column(source) = &key.kind else { continue };
        let (Some(source), Some(values)) = (existing(&plan, source), find(result, name)) else { continue };
        let value = ScalarValue::try_from_array(values, row)?;
        let test = if value.is_null() { column(&source).is_null() } else { equal(&plan, &source, value)? };
        builder = builder.filter(test)?;
    }
    Ok(builder.build()?)
}

fn equal(plan: &LogicalPlan, name: &str, value: ScalarValue) -> Result<Expr, EngineError> {
    let ty = column(name).get_type(plan.schema())?;
    Ok(column(name).eq(lit(value.cast_to(&ty)?)))
}

fn find<'a>(batch: &'a RecordBatch, name: &str) -> Option<&'a dyn Array> {
    let schema = batch.schema();
    let at = schema.fields().iter().position(|field| field.name().eq_ignore_ascii_case(name))?;
    Some(batch.column(at).as_ref())
}

/// Names of the columns that conditions and groups of the query use, in order of appearance.
fn named_columns(plan: &ir::Plan) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut note = |expr: &ir::Expr| {
        expr.walk(&mut |expr| {
            if let ExprKind::Column(name) = &expr.kind
                && !names.contains(name)
            {
                names.push(name.clone());
            }
        });
    };
    for operation in &plan.operations {
        match &operation.kind {
            OperationKind::Filter(condition) => note(condition),
            OperationKind::Aggregate { keys, aggregates } => {
                keys.iter().for_each(|(_, key)| note(key));
                aggregates.iter().filter_map(|(_, call)| call.argument.as_ref()).for_each(&mut note);
                break;
            }
            _ => {}
        }
    }
    names
}

fn summary_plan(plan: &LogicalPlan) -> Result<LogicalPlan, EngineError> {
    let time = || match existing(plan, EVENT_TIME) {
        Some(name) => column(&name),
        None => lit(ScalarValue::TimestampMicrosecond(None, Some("UTC".into()))),
    };
    let aggregates = vec![
        agg::count(lit(1_i64)).alias("total"),
        agg::min(time()).alias("first"),
        agg::max(time()).alias("last"),
    ];
    let none: Vec<Expr> = Vec::new();
    Ok(LogicalPlanBuilder::from(plan.clone()).aggregate(none, aggregates)?.build()?)
}

fn read_summary(batches: &[RecordBatch]) -> Evidence {
    let Some(batch) = batches.iter().find(|batch| batch.num_rows() > 0) else { return Evidence::default() };
    let total = batch.column(0).as_primitive_opt::<Int64Type>().map_or(0, |total| total.value(0));
    let time = |index: usize| {
        let times = batch.column(index).as_primitive_opt::<TimestampMicrosecondType>()?;
        times.is_valid(0).then(|| times.value(0))
    };
    let (first, last) = (time(1), time(2));
    Evidence { total: u64::try_from(total).unwrap_or(0), first, last, rows: Vec::new() }
}

fn rows_plan(plan: &LogicalPlan, shown: &[String], limit: usize) -> Result<LogicalPlan, EngineError> {
    let mut plan = plan.clone();
    if let Some(line) = existing(&plan, LINE) {
        plan = project_over(plan, vec![(line.clone(), cast(column(&line), DataType::Int64))])?;
    }
    let hidden = hidden_columns(&plan);
    let names = shown.iter().filter_map(|name| existing(&plan, name));
    let mut exprs: Vec<Expr> = Vec::new();
    let mut seen: Vec<String> = Vec::new();
    for name in names.chain(hidden).chain(existing(&plan, EVENT_TIME)) {
        if !seen.contains(&name) {
            exprs.push(column(&name));
            seen.push(name);
        }
    }
    let mut builder = LogicalPlanBuilder::from(plan.clone());
    if let Some(time) = existing(&plan, EVENT_TIME) {
        builder = builder.sort(vec![SortExpr::new(column(&time), true, false)])?;
    }
    Ok(builder.limit(0, Some(limit))?.project(exprs)?.build()?)
}

fn evidence_row(batch: &RecordBatch, row: usize) -> EvidenceRow {
    let one = batch.slice(row, 1);
    let time = find(&one, EVENT_TIME)
        .and_then(|times| times.as_primitive_opt::<TimestampMicrosecondType>())
        .and_then(|times| times.is_valid(0).then(|| times.value(0)));
    let (path, line) = place(&one, 0);
    EvidenceRow { path, line, time, row: shown_columns(&one) }
}

/// The row without the columns that only say where it came from.
fn shown_columns(row: &RecordBatch) -> RecordBatch {
    let schema = row.schema();
    let hidden = |name: &str| name == EVENT_TIME || name.starts_with(PATH) || name.starts_with(LINE);
    let kept: Vec<usize> =
        (0..schema.fields().len()).filter(|index| !hidden(schema.field(*index).name())).collect();
    row.project(&kept).unwrap_or_else(|_| row.clone())
}

/// Path and line of a row that carries them.
pub fn place(batch: &RecordBatch, row: usize) -> (String, u64) {
    let path = find(batch, PATH)
        .and_then(|paths| arrow::util::display::array_value_to_string(paths, row).ok())
        .unwrap_or_default();
    let line = find(batch, LINE)
        .and_then(|lines| lines.as_primitive_opt::<Int64Type>())
        .and_then(|lines| lines.is_valid(row).then(|| lines.value(row)))
        .unwrap_or(0);
    (path, u64::try_from(line).unwrap_or(0))
}

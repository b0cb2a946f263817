//! From a row of an aggregated result back to the records behind it.
//!
//! The stages before the first aggregation are run again with the row's group keys as a filter; their rows carry
//! `_path` and `_line`. Joined rows carry the places of both sides.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Int64Type, TimestampMicrosecondType};
use atalanta_xql::ir::{self, ExprKind, OperationKind};
use datafusion::common::ScalarValue;
use datafusion::functions_aggregate::expr_fn as agg;
use datafusion::functions_window::expr_fn::row_number;
use datafusion::logical_expr::{
    Expr, ExprFunctionExt as _, ExprSchemable, LogicalPlan, LogicalPlanBuilder, Operator, SortExpr, cast, lit,
};

use crate::error::EngineError;
use crate::plan::expr::balanced;
use crate::plan::{Context, column, existing, hidden_columns, lower_named, project_over};
use crate::session::Session;
use crate::tables::{LINE, PATH};

/// The event's own time, kept beside a `_time` that `bin` replaces.
const EVENT_TIME: &str = "__event_time";

/// The place of a record in its group.
const NUMBER: &str = "__number";

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
        let shown = named_columns(plan);
        let before = self.before(plan, split, &shown)?;
        let filtered = restrict(before, keys, result, row)?;
        let summary = self.run_logical(&summary_plan(&filtered, Vec::new())?)?;
        let summary = summary.iter().find(|batch| batch.num_rows() > 0);
        let mut evidence = summary.map(read_summary).unwrap_or_default();
        let rows = self.run_logical(&rows_plan(&filtered, &shown, limit)?)?;
        for batch in &rows {
            evidence.rows.extend((0..batch.num_rows()).map(|row| evidence_row(batch, row)));
        }
        Ok(evidence)
    }

    /// The records behind each of the first `rows` rows of a result, in that order. Two queries for all of them: planning
    /// two for each row takes far longer than running them.
    pub fn evidence_of_all(
        &self,
        plan: &ir::Plan,
        result: &RecordBatch,
        rows: usize,
        limit: usize,
    ) -> Result<Vec<Evidence>, EngineError> {
        let rows = rows.min(result.num_rows());
        let one_by_one = || (0..rows).map(|row| self.evidence(plan, result, row, limit)).collect();
        let split = plan.operations.iter().position(|op| matches!(op.kind, OperationKind::Aggregate { .. }));
        let Some(split) = split.filter(|_| rows > 1) else { return one_by_one() };
        let OperationKind::Aggregate { keys, .. } = &plan.operations[split].kind else { return one_by_one() };
        let shown = named_columns(plan);
        let before = self.before(plan, split, &shown)?;
        let groups = Groups::new(&before, keys, result, rows)?;
        if groups.names.is_empty() {
            return one_by_one();
        }
        let filtered = LogicalPlanBuilder::from(before).filter(groups.any()?)?.build()?;
        let mut all = vec![Evidence::default(); rows];
        for batch in &self.run_logical(&summary_plan(&filtered, groups.columns())?)? {
            for row in 0..batch.num_rows() {
                let width = groups.names.len();
                let found = read_summary(&batch.project(&[width, width + 1, width + 2])?.slice(row, 1));
                groups.of(batch, row)?.for_each(|group| all[group] = found.clone());
            }
        }
        for batch in &self.run_logical(&first_rows_plan(&filtered, &shown, &groups, limit)?)? {
            for row in 0..batch.num_rows() {
                let found = evidence_row(&batch.slice(row, 1), 0);
                groups.of(batch, row)?.for_each(|group| all[group].rows.push(found.clone()));
            }
        }
        // Nulls come last there, too.
        all.iter_mut().for_each(|one| one.rows.sort_by_key(|row| row.time.unwrap_or(i64::MAX)));
        Ok(all)
    }

    /// The stages before the aggregation, with provenance and the unbinned time.
    fn before(&self, plan: &ir::Plan, split: usize, shown: &[String]) -> Result<LogicalPlan, EngineError> {
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
        let of_use = shown.iter().map(|name| name.to_lowercase()).chain(["_time".to_owned()]).collect();
        lower_named(&plan, &of_use, &context)
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

fn summary_plan(plan: &LogicalPlan, groups: Vec<Expr>) -> Result<LogicalPlan, EngineError> {
    let time = || match existing(plan, EVENT_TIME) {
        Some(name) => column(&name),
        None => lit(ScalarValue::TimestampMicrosecond(None, Some("UTC".into()))),
    };
    let aggregates = vec![
        agg::count(lit(1_i64)).alias("total"),
        agg::min(time()).alias("first"),
        agg::max(time()).alias("last"),
    ];
    Ok(LogicalPlanBuilder::from(plan.clone()).aggregate(groups, aggregates)?.build()?)
}

fn read_summary(batch: &RecordBatch) -> Evidence {
    let total = batch.column(0).as_primitive_opt::<Int64Type>().map_or(0, |total| total.value(0));
    let time = |index: usize| {
        let times = batch.column(index).as_primitive_opt::<TimestampMicrosecondType>()?;
        times.is_valid(0).then(|| times.value(0))
    };
    let (first, last) = (time(1), time(2));
    Evidence { total: u64::try_from(total).unwrap_or(0), first, last, rows: Vec::new() }
}

fn rows_plan(plan: &LogicalPlan, shown: &[String], limit: usize) -> Result<LogicalPlan, EngineError> {
    let plan = with_lines(plan.clone())?;
    let exprs = shown_exprs(&plan, shown, Vec::new());
    let mut builder = LogicalPlanBuilder::from(plan.clone());
    if let Some(time) = existing(&plan, EVENT_TIME) {
        builder = builder.sort(vec![SortExpr::new(column(&time), true, false)])?;
    }
    Ok(builder.limit(0, Some(limit))?.project(exprs)?.build()?)
}

/// The same for each group.
fn first_rows_plan(
    plan: &LogicalPlan,
    shown: &[String],
    groups: &Groups,
    limit: usize,
) -> Result<LogicalPlan, EngineError> {
    let plan = with_lines(plan.clone())?;
    let exprs = shown_exprs(&plan, shown, groups.names.clone());
    let mut number = row_number().partition_by(groups.columns());
    if let Some(time) = existing(&plan, EVENT_TIME) {
        number = number.order_by(vec![SortExpr::new(column(&time), true, false)]);
    }
    let number = number.build()?.alias(NUMBER);
    let numbered = LogicalPlanBuilder::from(plan).window(vec![number])?;
    Ok(numbered.filter(column(NUMBER).lt_eq(lit(limit as u64)))?.project(exprs)?.build()?)
}

/// Line numbers of one type.
fn with_lines(plan: LogicalPlan) -> Result<LogicalPlan, EngineError> {
    match existing(&plan, LINE) {
        Some(line) => project_over(plan, vec![(line.clone(), cast(column(&line), DataType::Int64))]),
        None => Ok(plan),
    }
}

fn shown_exprs(plan: &LogicalPlan, shown: &[String], further: Vec<String>) -> Vec<Expr> {
    let mut seen: Vec<String> = Vec::new();
    let names = shown.iter().filter_map(|name| existing(plan, name));
    for name in names.chain(hidden_columns(plan)).chain(existing(plan, EVENT_TIME)).chain(further) {
        if !seen.contains(&name) {
            seen.push(name);
        }
    }
    seen.iter().map(|name| column(name)).collect()
}

/// The groups of some result rows: what their records have in common.
struct Groups {
    /// Columns of the records.
    names: Vec<String>,
    /// Their values, by result row.
    values: Vec<Vec<ScalarValue>>,
}

impl Groups {
    fn new(
        plan: &LogicalPlan,
        keys: &[(String, ir::Expr)],
        result: &RecordBatch,
        rows: usize,
    ) -> Result<Self, EngineError> {
        let mut groups = Self { names: Vec::new(), values: vec![Vec::new(); rows] };
        for (name, key) in keys {
            let ExprKind::Column(source) = &key.kind else { continue };
            let (Some(source), Some(values)) = (existing(plan, source), find(result, name)) else { continue };
            if groups.names.contains(&source) {
                continue;
            }
            let ty = column(&source).get_type(plan.schema())?;
            for (row, own) in groups.values.iter_mut().enumerate() {
                own.push(ScalarValue::try_from_array(values, row)?.cast_to(&ty)?);
            }
            groups.names.push(source);
        }
        Ok(groups)
    }

    fn columns(&self) -> Vec<Expr> {
        self.names.iter().map(|name| column(name)).collect()
    }

    /// Records of one of the groups; null keys equal each other.
    fn any(&self) -> Result<Expr, EngineError> {
        let test = |(name, value): (&String, &ScalarValue)| {
            if value.is_null() { column(name).is_null() } else { column(name).eq(lit(value.clone())) }
        };
        let group =
            |own: &Vec<ScalarValue>| balanced(self.names.iter().zip(own).map(test).collect(), Operator::And);
        let groups = self.values.iter().filter_map(group).collect();
        balanced(groups, Operator::Or).ok_or_else(|| EngineError::internal("evidence of no group"))
    }

    /// The result rows whose group a record belongs to.
    fn of(&self, batch: &RecordBatch, row: usize) -> Result<impl Iterator<Item = usize>, EngineError> {
        let mut own = Vec::with_capacity(self.names.len());
        for name in &self.names {
            let values =
                find(batch, name).ok_or_else(|| EngineError::internal("a record without its key"))?;
            own.push(ScalarValue::try_from_array(values, row)?);
        }
        let same = self.values.iter().enumerate().filter(move |(_, values)| **values == own);
        Ok(same.map(|(group, _)| group))
    }
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array, StringViewArray, TimestampMicrosecondArray};

    use super::*;
    use crate::session::SessionOptions;

    #[test]
    fn all_groups_at_once_have_the_evidence_of_each() {
        let users = [Some("ana"), None, Some("ben"), Some("ana"), None, Some("ana"), Some("cy"), Some("ana")];
        let times: ArrayRef = Arc::new(
            TimestampMicrosecondArray::from_iter_values((0..8).map(|row| (7 * row) % 8 * 600_000_000))
                .with_timezone("UTC"),
        );
        let users: ArrayRef = Arc::new(StringViewArray::from(users.to_vec()));
        let ports: ArrayRef = Arc::new(Int64Array::from_iter_values(0..8));
        let batch = RecordBatch::try_from_iter_with_nullable([
            ("_time", times, true),
            ("user", users, true),
            ("port", ports, true),
            ("unnamed", Arc::new(Int64Array::from_iter_values(0..8)) as ArrayRef, true),
        ])
        .unwrap();
        // One thread: all groups of a result are then in one batch.
        let mut session = Session::new(SessionOptions { threads: 1, ..SessionOptions::default() }).unwrap();
        session.add_batches("calls_raw", batch.schema(), vec![batch]).unwrap();
        let cases = [
            ("comp count() as n by user", 4, 3),
            ("bin _time span = 30m | comp sum(port) as n by _time, user | sort asc n", 6, 3),
            ("comp count() as n by user | filter n > 3", 1, 2),
            ("comp count() as n", 1, 2),
            ("alter name = uppercase(user) | comp values(port) as p by name", 4, 2),
        ];
        for (query, groups, columns) in cases {
            let text = format!("dataset = calls_raw | filter port >= 0 | {query}");
            let plan = atalanta_xql::check(&text, &session.env()).resolved.plan;
            let outcome = session.prepare(&plan).unwrap().run().unwrap();
            let result = &outcome.batches[0];
            let all = session.evidence_of_all(&plan, result, 10, 3).unwrap();
            assert_eq!(all.len(), groups, "{query}");
            for (row, found) in all.iter().enumerate() {
                let alone = session.evidence(&plan, result, row, 3).unwrap();
                assert_eq!(format!("{found:?}"), format!("{alone:?}"), "{query}");
                assert!(found.rows.iter().all(|one| one.row.num_columns() <= columns), "{found:?}");
            }
        }
    }
}

//! `in` with a sub-query.
//!
//! DataFusion runs such a test as a semi-join where it is a condition of a filter, alone or below `and`, `or` and
//! `not`. Everywhere else (a value of `alter`, an argument of `if` or of an aggregate, a key) the distinct values are
//! joined to the rows first, and the test becomes a column which the stage reads and which ends with it.
//!
//! The values' nulls are left out: they say nothing of other values, as with a list.

use atalanta_schema::Type;
use atalanta_xql::ir::{self, ExprKind, OperationKind};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, JoinType};
use datafusion::logical_expr::{Case, Expr, LogicalPlan, LogicalPlanBuilder, SortExpr, cast, lit};

use super::expr::ExprContext;
use super::{Lowering, build, column, hidden_columns};
use crate::error::EngineError;

/// Qualifier of the values of a sub-query, and their column.
const VALUES: &str = "__values";
/// Column of the result of the test, with its number behind it.
const TEST: &str = "__member_";

impl ExprContext<'_> {
    /// A test in a condition of a filter.
    pub(super) fn in_query(
        &self,
        value: &ir::Expr,
        query: &ir::Plan,
        negated: bool,
    ) -> Result<Expr, EngineError> {
        let Some(lowering) = self.lowering else {
            return Err(EngineError::unsupported("a sub-query cannot stand in a mapping rule"));
        };
        let value = self.lower(value)?;
        // Under no name of its own DataFusion takes the column twice where the test stands beside others with `or`.
        let values = build(LogicalPlanBuilder::from(lowering.values(self, &value, query)?).alias(VALUES))?;
        let inside = datafusion::logical_expr::expr_fn::in_subquery(value, super::shared(values));
        Ok(if negated { Expr::IsNotTrue(Box::new(inside)) } else { inside })
    }
}

impl Lowering<'_> {
    /// The one column of a sub-query, of the type of the tested value and without nulls.
    fn values(
        &self,
        context: &ExprContext<'_>,
        value: &Expr,
        query: &ir::Plan,
    ) -> Result<LogicalPlan, EngineError> {
        let plan = self.inner(query)?;
        let hidden = hidden_columns(&plan);
        let names = plan.schema().fields().iter().map(|field| field.name().clone());
        let shown: Vec<String> = names.filter(|name| !hidden.contains(name)).collect();
        // System columns do not count; the first other column is the one.
        let is_system = |name: &&String| atalanta_schema::Catalog::builtin().is_system_field(name);
        let Some(name) = shown.iter().find(|name| !is_system(name)).or(shown.first()) else {
            return Err(EngineError::Query("the sub-query of `in` has no column".to_owned()));
        };
        let ty = context.type_of(value, &Type::String);
        let one = cast(column(name), ty).alias(VALUES);
        let plan = LogicalPlanBuilder::from(plan).filter(column(name).is_not_null());
        build(plan.and_then(|plan| plan.project([one])))
    }

    /// An operation whose tests with sub-queries are columns, and its input with these columns; none if it has none
    /// that need it.
    pub(super) fn with_tests(
        &self,
        input: &LogicalPlan,
        operation: &ir::Operation,
    ) -> Result<Option<(LogicalPlan, ir::Operation)>, EngineError> {
        if !needs_tests(&operation.kind) {
            return Ok(None);
        }
        let mut operation = operation.clone();
        let mut tests = Vec::new();
        for expr in expressions(&mut operation.kind) {
            take_tests(expr, &mut tests);
        }
        let mut plan = input.clone();
        for (number, test) in tests.iter().enumerate() {
            plan = self.tested(plan, test, &format!("{TEST}{number}"))?;
        }
        Ok(Some((plan, operation)))
    }

    /// The rows with the result of a test as a further column.
    fn tested(&self, input: LogicalPlan, test: &ir::Expr, name: &str) -> Result<LogicalPlan, EngineError> {
        let ExprKind::InQuery { value, query, negated } = &test.kind else {
            return Err(EngineError::internal("a test without a sub-query"));
        };
        if reads_element(value) {
            let message =
                "a sub-query cannot be asked for each element of an array: `arrayexpand` the array first";
            return Err(EngineError::Query(message.to_owned()));
        }
        let context = self.exprs(&input);
        let value = context.lower(value)?;
        let values = LogicalPlanBuilder::from(self.values(&context, &value, query)?).distinct();
        let values = build(values.and_then(|values| values.alias(VALUES)))?;
        let found = Expr::Column(Column::new(Some(VALUES), VALUES));
        // Of a null nothing is known, except that it is not found where the test is negated.
        let known = if *negated { found.clone().is_null() } else { found.clone().is_not_null() };
        let unknown = if *negated { lit(true) } else { lit(datafusion::common::ScalarValue::Boolean(None)) };
        let result = Case::new(
            None,
            vec![(Box::new(value.clone().is_null()), Box::new(unknown))],
            Some(Box::new(known)),
        );
        let mut shown: Vec<Expr> = input.schema().columns().into_iter().map(Expr::Column).collect();
        shown.push(Expr::Case(result).alias(name));
        let order = order(&input);
        let joined = LogicalPlanBuilder::from(input).join_on(values, JoinType::Left, [value.eq(found)]);
        in_order(build(joined.and_then(|joined| joined.project(shown)))?, order)
    }
}

/// The keys by which rows are sorted, if they still have them. DataFusion's joins keep no order.
pub(super) fn order(plan: &LogicalPlan) -> Option<Vec<SortExpr>> {
    match plan {
        LogicalPlan::Sort(sort) => Some(sort.expr.clone()),
        LogicalPlan::Filter(filter) => order(&filter.input),
        LogicalPlan::Limit(limit) => order(&limit.input),
        LogicalPlan::Projection(projection) => {
            // Names of columns are unique here, whatever table DataFusion says they are of.
            let is = |expr: &Expr, name: &str| matches!(expr, Expr::Column(own) if own.name == name);
            let passes = |column: &&Column| {
                projection.expr.iter().any(|expr| match expr {
                    Expr::Alias(alias) => alias.name == column.name && is(&alias.expr, &column.name),
                    expr => is(expr, &column.name),
                })
            };
            let keys = order(&projection.input)?;
            keys.iter().all(|key| key.expr.column_refs().iter().all(passes)).then_some(keys)
        }
        _ => None,
    }
}

/// Rows behind a join in the order that they had before it.
pub(super) fn in_order(plan: LogicalPlan, keys: Option<Vec<SortExpr>>) -> Result<LogicalPlan, EngineError> {
    let Some(keys) = keys else { return Ok(plan) };
    let bare = |key: SortExpr| {
        let expr = key.expr.transform(|expr| {
            Ok(match expr {
                Expr::Column(own) => Transformed::yes(column(&own.name)),
                other => Transformed::no(other),
            })
        });
        Ok(SortExpr::new(expr?.data, key.asc, key.nulls_first))
    };
    let keys = keys.into_iter().map(bare).collect::<Result<Vec<_>, EngineError>>()?;
    build(LogicalPlanBuilder::from(plan).sort(keys))
}

/// The rows without the columns of tests.
pub(super) fn without_tests(plan: LogicalPlan) -> Result<LogicalPlan, EngineError> {
    let columns = plan.schema().columns();
    let shown: Vec<Expr> =
        columns.iter().filter(|column| !column.name.starts_with(TEST)).cloned().map(Expr::Column).collect();
    if shown.len() == columns.len() { Ok(plan) } else { build(LogicalPlanBuilder::from(plan).project(shown)) }
}

/// Whether an operation asks a sub-query where DataFusion takes none.
pub(super) fn needs_tests(kind: &OperationKind) -> bool {
    match kind {
        OperationKind::Filter(condition) => condition_needs_tests(condition),
        OperationKind::Assign(assigns) => assigns.iter().any(|(_, value)| asks(value)),
        OperationKind::Sort(keys) => keys.iter().any(|(key, _)| asks(key)),
        OperationKind::Aggregate { keys, aggregates } => {
            keys.iter().any(|(_, key)| asks(key))
                || aggregates.iter().any(|(_, call)| call.argument.as_ref().is_some_and(asks))
        }
        OperationKind::Window(items) => {
            items.iter().any(|(_, item)| item.call.argument.as_ref().is_some_and(asks))
        }
        _ => false,
    }
}

fn condition_needs_tests(condition: &ir::Expr) -> bool {
    match &condition.kind {
        ExprKind::And(operands) | ExprKind::Or(operands) => operands.iter().any(condition_needs_tests),
        ExprKind::Not(inner) => condition_needs_tests(inner),
        ExprKind::InQuery { value, .. } => asks(value),
        _ => asks(condition),
    }
}

pub(super) fn asks(expr: &ir::Expr) -> bool {
    let mut found = false;
    expr.walk(&mut |expr| found |= matches!(expr.kind, ExprKind::InQuery { .. }));
    found
}

fn reads_element(expr: &ir::Expr) -> bool {
    let mut found = false;
    expr.walk(&mut |expr| found |= expr.kind == ExprKind::Element);
    found
}

/// The expressions that an operation computes over its rows. Those of a join are conditions over two sides, and those
/// of a transaction mark its ends; neither can be tested before.
fn expressions(kind: &mut OperationKind) -> Vec<&mut ir::Expr> {
    match kind {
        OperationKind::Filter(condition) => conditions(condition),
        OperationKind::Assign(assigns) => assigns.iter_mut().map(|(_, value)| value).collect(),
        OperationKind::Sort(keys) => keys.iter_mut().map(|(key, _)| key).collect(),
        OperationKind::Aggregate { keys, aggregates } => {
            let calls = aggregates.iter_mut().flat_map(|(_, call)| call.argument.iter_mut());
            keys.iter_mut().map(|(_, key)| key).chain(calls).collect()
        }
        OperationKind::Window(items) => {
            items.iter_mut().flat_map(|(_, item)| item.call.argument.iter_mut()).collect()
        }
        _ => Vec::new(),
    }
}

/// The parts of a condition in which DataFusion takes no sub-query.
fn conditions(condition: &mut ir::Expr) -> Vec<&mut ir::Expr> {
    if !matches!(
        condition.kind,
        ExprKind::And(_) | ExprKind::Or(_) | ExprKind::Not(_) | ExprKind::InQuery { .. }
    ) {
        return vec![condition];
    }
    let tested = matches!(condition.kind, ExprKind::InQuery { .. });
    let parts = condition.children_mut().into_iter();
    if tested { parts.collect() } else { parts.flat_map(conditions).collect() }
}

/// Replaces tests by columns, the innermost first: the value of one may hold another.
fn take_tests(expr: &mut ir::Expr, tests: &mut Vec<ir::Expr>) {
    for child in expr.children_mut() {
        take_tests(child, tests);
    }
    if matches!(expr.kind, ExprKind::InQuery { .. }) {
        let column = ExprKind::Column(format!("{TEST}{}", tests.len()));
        let test = std::mem::replace(&mut expr.kind, column);
        tests.push(ir::Expr { kind: test, ty: expr.ty.clone(), span: expr.span });
    }
}

//! Resolved plan to DataFusion's logical plan.
//!
//! Every operation of [`ir::Plan`] becomes one or two logical nodes; DataFusion's optimizer then moves
//! filters, projections and limits to the scan. String tests become our kernels ([`crate::kernels`]), which
//! DataFusion evaluates like any other predicate.

mod aggregate;
mod apart;
pub(crate) mod bucket;
pub(crate) mod expr;
mod framed;
mod join;
mod locate;
mod membership;
mod role;
mod row_text;
mod search;
mod source;
mod transaction;
mod value_groups;
mod values;
mod window;

use std::collections::BTreeSet;
use std::sync::Arc;

use atalanta_schema::Type;
use atalanta_xql::ir::{self, OperationKind};
use atalanta_xql::resolve::limits::RAW_ROWS;
use datafusion::common::{Column, UnnestOptions};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, Operator, SortExpr, lit};

use crate::error::EngineError;
use crate::geo::Geo;
use crate::kernels::predicate_udf::Test;
use crate::tables::{Dataset, LINE, PATH};
use expr::{ExprContext, balanced};

/// Most operations of one query; deeper plans are refused rather than planned slowly.
pub const MAX_OPERATIONS: usize = 500;

/// What the planner needs to know of the session.
pub(crate) struct Context<'a> {
    pub datasets: &'a [Dataset],
    /// Places of addresses.
    pub geo: &'a Arc<Geo>,
    /// Query start, µs since the epoch.
    pub now: i64,
    /// Whether `_path` and `_line` are carried along.
    pub provenance: bool,
}

/// Lowers a plan.
pub(crate) fn lower(plan: &ir::Plan, context: &Context<'_>) -> Result<LogicalPlan, EngineError> {
    let mut needed = BTreeSet::new();
    referenced(plan, &mut needed);
    let logical = Lowering { context, needed: &needed, timeframe: None, narrow: false }.pipeline(plan)?;
    if plan.transpose.is_some() { as_texts(logical) } else { Ok(logical) }
}

/// Lowers a plan whose result is looked at by the names of some columns only: those that `of_use` has, lower case, and
/// those that the plan names itself. Others may be left out.
pub(crate) fn lower_named(
    plan: &ir::Plan,
    of_use: &BTreeSet<String>,
    context: &Context<'_>,
) -> Result<LogicalPlan, EngineError> {
    let mut needed = of_use.clone();
    referenced(plan, &mut needed);
    let narrow = plan.operations.iter().all(|operation| names_what_it_reads(&operation.kind));
    Lowering { context, needed: &needed, timeframe: None, narrow }.pipeline(plan)
}

/// Lowers one operation over rows that are at hand; no projection, which alone asks for the row type before it.
pub(crate) fn lower_one(
    input: LogicalPlan,
    operation: &ir::Operation,
    context: &Context<'_>,
) -> Result<LogicalPlan, EngineError> {
    let mut needed = BTreeSet::new();
    let alone = ir::Plan { operations: vec![operation.clone()], ..ir::Plan::default() };
    referenced(&alone, &mut needed);
    Lowering { context, needed: &needed, timeframe: None, narrow: false }.operation(
        input,
        operation,
        &operation.row,
    )
}

/// Every column as text.
fn as_texts(plan: LogicalPlan) -> Result<LogicalPlan, EngineError> {
    let shown = crate::functions::lookup("to_string")
        .ok_or_else(|| EngineError::internal("to_string is not registered"))?;
    let texts = row_text::visible(&plan);
    let texts: Vec<Expr> = texts.iter().map(|name| shown.call(vec![column(name)]).alias(name)).collect();
    build(LogicalPlanBuilder::from(plan).project(texts))
}

/// State of lowering one pipeline.
pub(crate) struct Lowering<'a> {
    pub context: &'a Context<'a>,
    /// Folded names of all columns that some expression names: they exist even if the data lack them.
    pub needed: &'a BTreeSet<String>,
    /// The time range inherited from the outer query, µs.
    pub timeframe: Option<(i64, i64)>,
    /// Whether the needed columns are all that is looked at: planning takes the longer the more columns there are, and
    /// a store has some hundred.
    pub narrow: bool,
}

impl Lowering<'_> {
    pub(crate) fn pipeline(&self, plan: &ir::Plan) -> Result<LogicalPlan, EngineError> {
        if plan.operations.len() > MAX_OPERATIONS {
            return Err(EngineError::Limit(format!(
                "the query has {} stages, at most {MAX_OPERATIONS} are executed",
                plan.operations.len()
            )));
        }
        let own = source::time_range(plan.timeframe.as_ref(), self.context.now)?;
        let inner =
            Self { timeframe: own.or(self.timeframe), narrow: self.narrow || is_closed(plan), ..*self };
        let mut operations = plan.operations.iter().peekable();
        let Some(first) = operations.next() else {
            return Err(EngineError::Query("the query is empty".to_owned()));
        };
        let mut logical = match &first.kind {
            OperationKind::Source { datasets } => inner.source(datasets, &first.row)?,
            OperationKind::Search { texts, datasets, merged, mode } => {
                inner.search(texts, datasets, *merged, *mode, &first.row)?
            }
            OperationKind::Unsupported(word) => return Err(unsupported_stage(word)),
            _ => return Err(EngineError::internal("a plan starts with a source")),
        };
        let mut row = &first.row;
        while let Some(operation) = operations.next() {
            if let Some(condition) = plain_filter(operation) {
                let mut conditions = vec![condition];
                while let Some(next) = operations.peek().and_then(|next| plain_filter(next)) {
                    conditions.push(next);
                    operations.next();
                }
                logical = inner.filter(logical, &conditions)?;
                continue;
            }
            logical = inner.operation(logical, operation, row)?;
            row = &operation.row;
        }
        Ok(logical)
    }

    /// A plan inside of this one, whose result is looked at by columns that this one need not name.
    pub(crate) fn inner(&self, plan: &ir::Plan) -> Result<LogicalPlan, EngineError> {
        Self { narrow: false, ..*self }.pipeline(plan)
    }

    fn operation(
        &self,
        input: LogicalPlan,
        operation: &ir::Operation,
        row: &ir::Row,
    ) -> Result<LogicalPlan, EngineError> {
        match self.with_tests(&input, operation)? {
            Some((input, operation)) => {
                membership::without_tests(self.plain_operation(input, &operation, row)?)
            }
            None => self.plain_operation(input, operation, row),
        }
    }

    /// An operation whose sub-queries, if there are any, stand where DataFusion takes them.
    fn plain_operation(
        &self,
        input: LogicalPlan,
        operation: &ir::Operation,
        row: &ir::Row,
    ) -> Result<LogicalPlan, EngineError> {
        match &operation.kind {
            OperationKind::Source { .. } | OperationKind::Search { .. } => {
                Err(EngineError::internal("a second source in a pipeline"))
            }
            OperationKind::IpLoc { column, outputs } => self.locate(input, column, outputs),
            OperationKind::GetRole { column, name } => self.roles(input, column, name),
            OperationKind::Transaction(transaction) => self.transaction(input, transaction),
            OperationKind::Filter(condition) => self.filter(input, &[condition]),
            OperationKind::Assign(assigns) => self.assign(input, assigns),
            OperationKind::Project(columns) => self.project(input, columns, row),
            OperationKind::Aggregate { keys, aggregates } => self.aggregate(input, keys, aggregates),
            OperationKind::Window(items) => self.window(input, items),
            OperationKind::Sort(keys) => self.sort(input, keys),
            OperationKind::Limit(count) => limit(input, *count),
            OperationKind::Dedup { keys, by, then } => dedup(input, keys, by.as_ref(), then),
            OperationKind::Bin { column, bucket } => bucket::apply(input, column, bucket),
            OperationKind::Join { kind, right, condition, output, .. } => {
                self.join(input, *kind, right, condition, output)
            }
            OperationKind::Union(right) => self.union(input, right, &operation.row),
            OperationKind::ArrayExpand { column, limit } => array_expand(input, column, *limit),
            OperationKind::Top { count, column, by, count_as, percent_as } => {
                let names =
                    aggregate::TopNames { count: count_as.as_deref(), percent: percent_as.as_deref() };
                aggregate::top(input, *count, column, by, &names)
            }
            OperationKind::Keep => Ok(input),
            OperationKind::Unsupported(word) => Err(unsupported_stage(word)),
        }
    }

    pub(crate) fn exprs<'b>(&'b self, input: &'b LogicalPlan) -> ExprContext<'b> {
        ExprContext { lowering: Some(self), schema: input.schema(), now: Some(self.context.now), sides: None }
    }

    /// Filters in a row hold together; several tests of one text column become one predicate.
    fn filter(&self, input: LogicalPlan, conditions: &[&ir::Expr]) -> Result<LogicalPlan, EngineError> {
        let mut conjuncts: Vec<&ir::Expr> = Vec::new();
        conditions.iter().for_each(|condition| flatten(condition, &mut conjuncts));
        let context = self.exprs(&input);
        let mut predicates = Vec::with_capacity(conjuncts.len());
        let mut done = vec![false; conjuncts.len()];
        for index in 0..conjuncts.len() {
            if done[index] {
                continue;
            }
            let together: Vec<usize> = match text_test(conjuncts[index]) {
                Some((name, _)) => (index..conjuncts.len())
                    .filter(|other| text_test(conjuncts[*other]).is_some_and(|(column, _)| column == name))
                    .collect(),
                None => vec![index],
            };
            together.iter().for_each(|other| done[*other] = true);
            let group: Vec<&ir::Expr> = together.iter().map(|other| conjuncts[*other]).collect();
            predicates.push(context.all_of(&group)?);
        }
        let predicate = balanced(predicates, Operator::And).unwrap_or_else(|| lit(true));
        let joins = conditions.iter().any(|condition| membership::asks(condition));
        let order = if joins { membership::order(&input) } else { None };
        membership::in_order(build(LogicalPlanBuilder::from(input).filter(predicate))?, order)
    }

    fn assign(&self, input: LogicalPlan, assigns: &[(String, ir::Expr)]) -> Result<LogicalPlan, EngineError> {
        let mut new: Vec<(String, Expr)> = Vec::with_capacity(assigns.len());
        for (name, value) in assigns {
            new.push((name.clone(), self.exprs(&input).lower_typed(value)?));
        }
        project_over(input, new)
    }

    fn project(
        &self,
        input: LogicalPlan,
        columns: &[(String, String)],
        _row: &ir::Row,
    ) -> Result<LogicalPlan, EngineError> {
        let mut exprs: Vec<Expr> = Vec::with_capacity(columns.len() + 2);
        let mut names: Vec<&str> = Vec::new();
        for (from, to) in columns {
            if let Some(existing) = existing(&input, from) {
                exprs.push(column(&existing).alias(to));
                names.push(to);
            }
        }
        for hidden in hidden_columns(&input) {
            if self.context.provenance && !names.contains(&hidden.as_str()) {
                exprs.push(column(&hidden));
            }
        }
        build(LogicalPlanBuilder::from(input).project(exprs))
    }

    fn sort(&self, input: LogicalPlan, keys: &[(ir::Expr, bool)]) -> Result<LogicalPlan, EngineError> {
        let mut sorts = Vec::with_capacity(keys.len());
        for (key, descending) in keys {
            let key = self.exprs(&input).lower(key)?;
            // Nulls come first in ascending order and last in descending order.
            sorts.push(SortExpr::new(key, !descending, !descending));
        }
        build(LogicalPlanBuilder::from(input).sort(sorts))
    }
}

/// The condition of a filter that needs nothing computed before.
fn plain_filter(operation: &ir::Operation) -> Option<&ir::Expr> {
    match &operation.kind {
        OperationKind::Filter(condition) if !membership::needs_tests(&operation.kind) => Some(condition),
        _ => None,
    }
}

fn flatten<'a>(condition: &'a ir::Expr, conjuncts: &mut Vec<&'a ir::Expr>) {
    match &condition.kind {
        ir::ExprKind::And(operands) => operands.iter().for_each(|operand| flatten(operand, conjuncts)),
        _ => conjuncts.push(condition),
    }
}

/// The column and the test, if the condition is one of the string tests that can be run together.
pub(crate) fn text_test(condition: &ir::Expr) -> Option<(&str, Test<'_>)> {
    let ir::ExprKind::Matches { value, pattern, fold } = &condition.kind else { return None };
    let (ir::ExprKind::Column(name), Type::String | Type::Json) = (&value.kind, &value.ty) else {
        return None;
    };
    let test = match pattern {
        ir::Pattern::Contains(needle) => Test::Contains(needle, *fold),
        ir::Pattern::Wildcard(pattern) => Test::Wildcard(pattern, *fold),
        ir::Pattern::Regex(pattern) => Test::Regex(pattern),
        ir::Pattern::Equals(_) => return None,
    };
    Some((name, test))
}

fn unsupported_stage(word: &str) -> EngineError {
    if word == "datamodel" {
        return EngineError::Query(
            "`datamodel` finds no modelling rules for these datasets: give them with `--rules RULES.xif`"
                .to_owned(),
        );
    }
    EngineError::unsupported(format!(
        "the stage `{word}` is read and checked, but this version does not run it"
    ))
}

/// An unqualified column, whatever characters its name has.
pub(crate) fn column(name: &str) -> Expr {
    Expr::Column(Column::new_unqualified(name))
}

/// The stored spelling of a column, ignoring case.
pub(crate) fn existing(plan: &LogicalPlan, name: &str) -> Option<String> {
    let fields = plan.schema().fields();
    let exact = fields.iter().find(|field| field.name() == name);
    let found = exact.or_else(|| fields.iter().find(|field| field.name().eq_ignore_ascii_case(name)))?;
    Some(found.name().clone())
}

/// `_path`, `_line` and their copies of joined sides.
pub(crate) fn hidden_columns(plan: &LogicalPlan) -> Vec<String> {
    let hidden = |name: &str| name.starts_with(PATH) || name.starts_with(LINE);
    let fields = plan.schema().fields();
    fields.iter().filter(|field| hidden(field.name())).map(|field| field.name().clone()).collect()
}

pub(crate) fn build(
    builder: datafusion::common::Result<LogicalPlanBuilder>,
) -> Result<LogicalPlan, EngineError> {
    Ok(builder?.build()?)
}

/// Keeps all columns, replaces those of the same name in place and appends the rest.
pub(crate) fn project_over(
    input: LogicalPlan,
    mut new: Vec<(String, Expr)>,
) -> Result<LogicalPlan, EngineError> {
    let mut exprs = Vec::with_capacity(input.schema().fields().len() + new.len());
    for field in input.schema().fields() {
        let replaced = new.iter().rposition(|(name, _)| name.eq_ignore_ascii_case(field.name()));
        match replaced {
            Some(index) => {
                let (_, value) = new.swap_remove(index);
                exprs.push(value.alias(field.name()));
            }
            None => exprs.push(column(field.name())),
        }
    }
    exprs.extend(new.into_iter().map(|(name, value)| value.alias(name)));
    build(LogicalPlanBuilder::from(input).project(exprs))
}

fn limit(input: LogicalPlan, count: u64) -> Result<LogicalPlan, EngineError> {
    let Ok(count) = usize::try_from(count) else { return Ok(input) };
    build(LogicalPlanBuilder::from(input).limit(0, Some(count)))
}

fn dedup(
    input: LogicalPlan,
    keys: &[String],
    by: Option<&(String, bool)>,
    then: &[(String, bool)],
) -> Result<LogicalPlan, EngineError> {
    let keys: Vec<Expr> =
        keys.iter().filter_map(|key| existing(&input, key)).map(|key| column(&key)).collect();
    if keys.is_empty() {
        return limit(input, 1);
    }
    let all: Vec<Expr> = input.schema().fields().iter().map(|field| column(field.name())).collect();
    // The row kept is the smallest or largest non-null one where there is one.
    let ordered = |(name, descending): &(String, bool)| {
        existing(&input, name).map(|name| SortExpr::new(column(&name), !descending, false))
    };
    let kept: Vec<SortExpr> = by.into_iter().chain(then).filter_map(ordered).collect();
    let groups = keys.iter().map(|key| SortExpr::new(key.clone(), true, true));
    let order = (!kept.is_empty()).then(|| groups.chain(kept).collect::<Vec<_>>());
    build(LogicalPlanBuilder::from(input).distinct_on(keys, all, order))
}

fn array_expand(input: LogicalPlan, name: &str, limit: Option<u64>) -> Result<LogicalPlan, EngineError> {
    let Some(name) = existing(&input, name) else { return self::limit(input, 0) };
    let mut plan = input;
    if let Some(limit) = limit {
        let range = crate::functions::lookup("arrayrange")
            .ok_or_else(|| EngineError::internal("arrayrange is not registered"))?;
        let most = i64::try_from(limit).unwrap_or(i64::MAX);
        let cut = range.call(vec![column(&name), lit(0_i64), lit(most)]);
        plan = project_over(plan, vec![(name.clone(), cut)])?;
    }
    let options = UnnestOptions::new().with_preserve_nulls(false);
    build(LogicalPlanBuilder::from(plan).unnest_column_with_options(Column::new_unqualified(name), options))
}

/// Whether the columns of a plan's result are those that it names, from a stage on before which every stage names what
/// it reads.
fn is_closed(plan: &ir::Plan) -> bool {
    let mut before = plan.operations.iter().map(|operation| &operation.kind);
    let closing = before.find(|kind| !names_what_it_reads(kind));
    match closing {
        Some(OperationKind::Project(_) | OperationKind::Top { .. }) => true,
        Some(OperationKind::Aggregate { aggregates, .. }) => {
            aggregates.iter().all(|(_, call)| call.function != RAW_ROWS)
        }
        _ => false,
    }
}

/// Whether an operation looks at no other columns than those that [`referenced`] gives, and passes the others on.
fn names_what_it_reads(kind: &OperationKind) -> bool {
    match kind {
        OperationKind::Source { .. }
        | OperationKind::Filter(_)
        | OperationKind::Assign(_)
        | OperationKind::Window(_)
        | OperationKind::Sort(_)
        | OperationKind::Limit(_)
        | OperationKind::Bin { .. }
        | OperationKind::Keep => true,
        OperationKind::Project(_)
        | OperationKind::Aggregate { .. }
        | OperationKind::Dedup { .. }
        | OperationKind::Join { .. }
        | OperationKind::Union(_)
        | OperationKind::ArrayExpand { .. }
        | OperationKind::Top { .. }
        | OperationKind::Search { .. }
        | OperationKind::IpLoc { .. }
        | OperationKind::GetRole { .. }
        | OperationKind::Transaction(_)
        | OperationKind::Unsupported(_) => false,
    }
}

/// Folded names of all columns that a plan names outside of "everything there is".
pub(crate) fn referenced(plan: &ir::Plan, names: &mut BTreeSet<String>) {
    for operation in &plan.operations {
        let mut note = |name: &str| {
            names.insert(name.to_lowercase());
        };
        match &operation.kind {
            OperationKind::Filter(condition) => expression_names(condition, names),
            OperationKind::Assign(assigns) => {
                assigns.iter().for_each(|(_, value)| expression_names(value, names));
            }
            OperationKind::Project(columns) => columns.iter().for_each(|(from, _)| note(from)),
            OperationKind::Aggregate { keys, aggregates } => {
                keys.iter().for_each(|(_, key)| expression_names(key, names));
                aggregates.iter().for_each(|(_, call)| call_names(call, names));
                let ordered = ["first", "last", "earliest", "latest"];
                if aggregates.iter().any(|(_, call)| ordered.contains(&call.function.as_str())) {
                    names.insert("_time".to_owned());
                }
            }
            OperationKind::Window(items) => {
                for (_, item) in items {
                    item.by.iter().for_each(|name| note(name));
                    item.sort.iter().for_each(|(name, _)| note(name));
                }
                items.iter().for_each(|(_, item)| call_names(&item.call, names));
            }
            OperationKind::Sort(keys) => keys.iter().for_each(|(key, _)| expression_names(key, names)),
            OperationKind::Dedup { keys, by, then } => {
                keys.iter().for_each(|name| note(name));
                then.iter().for_each(|(name, _)| note(name));
                by.iter().for_each(|(name, _)| note(name));
            }
            OperationKind::Bin { column, .. } | OperationKind::ArrayExpand { column, .. } => note(column),
            OperationKind::Top { column, by, .. } => {
                note(column);
                by.iter().for_each(|name| note(name));
            }
            OperationKind::Join { right, condition, .. } => {
                expression_names(condition, names);
                referenced(right, names);
            }
            OperationKind::Union(right) => referenced(right, names),
            OperationKind::IpLoc { column, .. } | OperationKind::GetRole { column, .. } => note(column),
            OperationKind::Transaction(transaction) => transaction_names(transaction, names),
            OperationKind::Source { .. }
            | OperationKind::Search { .. }
            | OperationKind::Limit(_)
            | OperationKind::Keep
            | OperationKind::Unsupported(_) => {}
        }
    }
    if plan.timeframe.is_some() {
        names.insert("_time".to_owned());
    }
}

fn transaction_names(transaction: &ir::Transaction, names: &mut BTreeSet<String>) {
    names.extend(transaction.keys.iter().map(|key| key.to_lowercase()));
    names.insert("_time".to_owned());
    for mark in [&transaction.starts, &transaction.ends] {
        if let Some(ir::Mark::Condition(condition)) = mark {
            expression_names(condition, names);
        }
    }
}

fn call_names(call: &ir::AggregateCall, names: &mut BTreeSet<String>) {
    call.argument.iter().chain(&call.parameters).for_each(|argument| expression_names(argument, names));
}

fn expression_names(expr: &ir::Expr, names: &mut BTreeSet<String>) {
    expr.walk(&mut |expr| match &expr.kind {
        ir::ExprKind::Column(name) | ir::ExprKind::RightColumn(name) => {
            names.insert(name.to_lowercase());
        }
        ir::ExprKind::InQuery { query, .. } => referenced(query, names),
        _ => {}
    });
}

/// A null of the Arrow type that holds an XQL type.
pub(crate) fn typed_null(ty: &Type) -> Expr {
    let arrow = crate::types::arrow_type(ty);
    let scalar = datafusion::common::ScalarValue::try_from(&arrow)
        .unwrap_or(datafusion::common::ScalarValue::Utf8View(None));
    lit(scalar)
}

/// Shared handle of a plan, for sub-queries.
pub(crate) fn shared(plan: LogicalPlan) -> Arc<LogicalPlan> {
    Arc::new(plan)
}

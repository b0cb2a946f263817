//! `comp` and `top`.

use arrow::datatypes::DataType;
use atalanta_xql::ir::{self, ExprKind};
use atalanta_xql::resolve::limits::RAW_ROWS;
use datafusion::functions_aggregate::expr_fn as agg;
use datafusion::functions_window::expr_fn::row_number;
use datafusion::logical_expr::{
    Expr, ExprFunctionExt, ExprSchemable, LogicalPlan, LogicalPlanBuilder, SortExpr, cast, lit, try_cast,
};

use super::value_groups::collects;
use super::values::{count_distinct_udaf, element_type, list_udaf, values_udaf};
use super::{Lowering, build, column, existing, typed_null};
use crate::error::EngineError;
use crate::functions::aggregates::{approx_count, approx_quantiles, approx_top};
use crate::types::arrow_type;

/// Most fields of an object of `addrawdata`; its rows are bounded as those of `list`.
pub const RAW_FIELDS: usize = 50;

impl Lowering<'_> {
    pub(super) fn aggregate(
        &self,
        input: LogicalPlan,
        keys: &[(String, ir::Expr)],
        aggregates: &[(String, ir::AggregateCall)],
    ) -> Result<LogicalPlan, EngineError> {
        let mut groups = Vec::with_capacity(keys.len());
        let mut shown: Vec<Expr> = Vec::new();
        for (index, (name, key)) in keys.iter().enumerate() {
            let key = self.exprs(&input).lower(key)?;
            let internal = format!("__key{index}");
            groups.push(key.alias(&internal));
            shown.push(column(&internal).alias(name));
        }
        let mut calls = Vec::with_capacity(aggregates.len());
        for (index, (name, call)) in aggregates.iter().enumerate() {
            if call.function == "count_distinct"
                && let Some(values) = values_of(call.argument.as_ref(), aggregates)
            {
                shown.push(length(column(&format!("__agg{values}")))?.alias(name));
                continue;
            }
            let internal = format!("__agg{index}");
            let result = match self.grouped_distinct(&input, call, keys.is_empty())? {
                Some(distinct) => distinct,
                None => self.aggregate_expr(&input, call)?,
            };
            calls.push(result.alias(&internal));
            shown.push(finish(call, column(&internal)).alias(name));
        }
        let grouped = build(LogicalPlanBuilder::from(input).aggregate(groups, calls))?;
        build(LogicalPlanBuilder::from(grouped).project(shown))
    }

    /// `count_distinct` by groups, where values of all groups can be counted together. Without groups DataFusion's
    /// own set is as small.
    fn grouped_distinct(
        &self,
        input: &LogicalPlan,
        call: &ir::AggregateCall,
        one_group: bool,
    ) -> Result<Option<Expr>, EngineError> {
        let Some(argument) = call.argument.as_ref().filter(|_| call.function == "count_distinct") else {
            return Ok(None);
        };
        let value = self.exprs(input).lower(argument)?;
        let counted = !one_group && collects(&element_type(&value.get_type(input.schema())?));
        Ok(counted.then(|| count_distinct_udaf().call(vec![value])))
    }

    /// The DataFusion aggregate behind a call.
    pub(super) fn aggregate_expr(
        &self,
        input: &LogicalPlan,
        call: &ir::AggregateCall,
    ) -> Result<Expr, EngineError> {
        let argument = match &call.argument {
            Some(argument) => Some(self.exprs(input).lower(argument)?),
            None => None,
        };
        if call.function == RAW_ROWS {
            let names = super::row_text::visible(input).into_iter().take(RAW_FIELDS).collect();
            return Ok(list_udaf().call(vec![super::row_text::row_text(names)]));
        }
        let Some(value) = argument else {
            if call.function == "count" {
                return Ok(agg::count(lit(1_i64)));
            }
            return Err(EngineError::Query(format!("`{}` needs a field", call.function)));
        };
        let number = || numeric(value.clone(), input);
        if let Some(sketch) = self.sketch(input, call, &value)? {
            return Ok(sketch);
        }
        Ok(match call.function.as_str() {
            "count" => agg::count(value),
            "count_distinct" => agg::count_distinct(value),
            "sum" => agg::sum(number()),
            "avg" => agg::avg(number()),
            "min" => agg::min(value),
            "max" => agg::max(value),
            "median" => agg::median(cast(number(), DataType::Float64)),
            "stddev_population" => agg::stddev_pop(number()),
            "stddev_sample" => agg::stddev(number()),
            "var" => agg::var_pop(number()),
            "values" => values_udaf().call(vec![value]),
            "list" => list_udaf().call(vec![value]),
            "earliest" | "first" => {
                by_time(agg::first_value(value.clone(), Vec::new()), &value, input, true)?
            }
            "latest" | "last" => by_time(agg::first_value(value.clone(), Vec::new()), &value, input, false)?,
            other => {
                return Err(EngineError::unsupported(format!(
                    "the aggregate `{other}` is read and checked, but this version does not run it"
                )));
            }
        })
    }
}

impl Lowering<'_> {
    /// The approximate aggregates; their parameters are literals.
    fn sketch(
        &self,
        input: &LogicalPlan,
        call: &ir::AggregateCall,
        value: &Expr,
    ) -> Result<Option<Expr>, EngineError> {
        let int = |index: usize| match call.parameters.get(index).map(|parameter| &parameter.kind) {
            None => Ok(None),
            Some(ExprKind::Int(number)) => Ok(Some(*number)),
            Some(_) => Err(EngineError::Query(format!(
                "argument {} of `{}` must be a whole number",
                index + 2,
                call.function
            ))),
        };
        let sketch = match call.function.as_str() {
            "approx_count" => approx_count::udaf().call(vec![value.clone()]),
            "approx_quantiles" => {
                let distinct =
                    matches!(call.parameters.get(1), Some(ir::Expr { kind: ExprKind::Bool(true), .. }));
                let parts = int(0)?.ok_or_else(|| {
                    EngineError::Query("`approx_quantiles` needs a number of parts".to_owned())
                })?;
                approx_quantiles::udaf(parts, distinct)?.call(vec![value.clone()])
            }
            "approx_top" => {
                let values = int(0)?.unwrap_or(approx_top::DEFAULT_VALUES);
                let mut arguments = vec![value.clone()];
                if let Some(weight) = call.parameters.get(1) {
                    arguments.push(self.exprs(input).lower(weight)?);
                }
                approx_top::udaf(values, arguments.len() == 2)?.call(arguments)
            }
            _ => return Ok(None),
        };
        Ok(Some(sketch))
    }
}

/// The position of `values` over the same argument: what `count_distinct` counts is then collected already.
fn values_of(argument: Option<&ir::Expr>, aggregates: &[(String, ir::AggregateCall)]) -> Option<usize> {
    let same = |call: &ir::AggregateCall| {
        call.function == "values"
            && matches!(
                (&call.argument, argument),
                (
                    Some(ir::Expr { kind: ExprKind::Column(left), .. }),
                    Some(ir::Expr { kind: ExprKind::Column(right), .. })
                ) if left == right
            )
    };
    aggregates.iter().position(|(_, call)| same(call))
}

/// The number of elements of an array that `values` gave, which is never null.
fn length(array: Expr) -> Result<Expr, EngineError> {
    let function = crate::functions::lookup("array_length")
        .ok_or_else(|| EngineError::internal("the function `array_length` is not there"))?;
    Ok(function.call(vec![array]))
}

/// Numbers stay, text is read as a number where it is one.
fn numeric(value: Expr, input: &LogicalPlan) -> Expr {
    match value.get_type(input.schema()) {
        Ok(ty) if ty.is_numeric() => value,
        _ => try_cast(value, DataType::Float64),
    }
}

/// The value on the chronologically first or last row that has one.
fn by_time(call: Expr, value: &Expr, input: &LogicalPlan, first: bool) -> Result<Expr, EngineError> {
    let order = SortExpr::new(column(&time_of(input)?), first, false);
    Ok(call.order_by(vec![order]).filter(value.clone().is_not_null()).build()?)
}

/// The column by which rows are earlier and later.
pub(super) fn time_of(input: &LogicalPlan) -> Result<String, EngineError> {
    let missing =
        || EngineError::Query("`earliest`, `latest`, `first` and `last` need the column `_time`".to_owned());
    existing(input, "_time").ok_or_else(missing)
}

/// The type that XQL gives the result.
fn finish(call: &ir::AggregateCall, value: Expr) -> Expr {
    match call.function.as_str() {
        "count" | "count_distinct" | "approx_count" => cast(value, DataType::Int64),
        "sum" if call.ty == atalanta_schema::Type::Int => cast(value, DataType::Int64),
        "min" | "max" if matches!(&call.argument, Some(ir::Expr { kind: ExprKind::Null, .. })) => {
            typed_null(&call.ty)
        }
        "values" | "list" => value,
        _ if matches!(call.ty, atalanta_schema::Type::Float) => cast(value, arrow_type(&call.ty)),
        _ => value,
    }
}

/// Names of the columns that `top` adds; those without a name are not shown.
pub(super) struct TopNames<'a> {
    pub count: Option<&'a str>,
    pub percent: Option<&'a str>,
}

/// The most frequent values of a column, by group.
pub(super) fn top(
    input: LogicalPlan,
    count: u64,
    name: &str,
    by: &[String],
    names: &TopNames<'_>,
) -> Result<LogicalPlan, EngineError> {
    let Some(name) = existing(&input, name) else {
        return Err(EngineError::internal("top over a column that does not exist"));
    };
    let by: Vec<String> = by.iter().filter_map(|key| existing(&input, key)).collect();
    let by_exprs: Vec<Expr> = by.iter().map(|key| column(key)).collect();
    let groups: Vec<Expr> = by_exprs.iter().cloned().chain([column(&name)]).collect();
    let present = build(LogicalPlanBuilder::from(input).filter(column(&name).is_not_null()))?;
    let counted = build(
        LogicalPlanBuilder::from(present).aggregate(groups, vec![agg::count(lit(1_i64)).alias("__count")]),
    )?;
    let order =
        vec![SortExpr::new(column("__count"), false, false), SortExpr::new(column(&name), true, true)];
    let rank = row_number().partition_by(by_exprs.clone()).order_by(order).build()?.alias("__rank");
    let total = datafusion::functions_aggregate::sum::sum_udaf().call(vec![column("__count")]);
    let total = super::window::over(total, by_exprs)?.alias("__total");
    let ranked = build(LogicalPlanBuilder::from(counted).window(vec![rank]))?;
    let windowed = build(LogicalPlanBuilder::from(ranked).window(vec![total]))?;
    let most = column("__rank").lt_eq(lit(count));
    let ranked = build(LogicalPlanBuilder::from(windowed).filter(most))?;
    let ordered = build(LogicalPlanBuilder::from(ranked).sort(vec![
        SortExpr::new(column("__count"), false, false),
        SortExpr::new(column(&name), true, true),
    ]))?;
    let mut shown: Vec<Expr> = by.iter().map(|key| column(key)).chain([column(&name)]).collect();
    if let Some(alias) = names.count {
        shown.push(cast(column("__count"), DataType::Int64).alias(alias));
    }
    if let Some(alias) = names.percent {
        let share = cast(column("__count"), DataType::Float64) * lit(100.0)
            / cast(column("__total"), DataType::Float64);
        shown.push(share.alias(alias));
    }
    build(LogicalPlanBuilder::from(ordered).project(shown))
}

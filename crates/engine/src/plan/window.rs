//! `windowcomp`.

use atalanta_xql::ir::{self, WindowCall};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::expr::WindowFunction;
use datafusion::logical_expr::{
    Expr, ExprFunctionExt, LogicalPlan, LogicalPlanBuilder, SortExpr, WindowFrame, WindowFrameBound,
    WindowFrameUnits, WindowFunctionDefinition,
};

use super::aggregate::time_of;
use super::{Lowering, build, column, existing, framed, project_over};
use crate::error::EngineError;
use crate::types::arrow_type;

impl Lowering<'_> {
    pub(super) fn window(
        &self,
        input: LogicalPlan,
        items: &[(String, WindowCall)],
    ) -> Result<LogicalPlan, EngineError> {
        let before = input.clone();
        let mut windowed = input;
        // One node each: DataFusion wants equal sort keys within a node.
        for (index, (_, item)) in items.iter().enumerate() {
            let call = self.window_expr(&before, item)?.alias(format!("__window{index}"));
            windowed = build(LogicalPlanBuilder::from(windowed).window(vec![call]))?;
        }
        let values: Vec<(String, Expr)> = items
            .iter()
            .enumerate()
            .map(|(index, (name, _))| (name.clone(), column(&format!("__window{index}"))))
            .collect();
        let widened = project_over(windowed, values)?;
        // Only the helper columns go; everything else stays.
        let mut shown: Vec<Expr> =
            before.schema().fields().iter().map(|field| column(field.name())).collect();
        let added = items.iter().filter(|(name, _)| existing(&before, name).is_none());
        shown.extend(added.map(|(name, _)| column(name)));
        build(LogicalPlanBuilder::from(widened).project(shown))
    }

    fn window_expr(&self, input: &LogicalPlan, item: &WindowCall) -> Result<Expr, EngineError> {
        let function = self.window_function(input, &item.call)?;
        let by: Vec<Expr> =
            item.by.iter().filter_map(|key| existing(input, key)).map(|key| column(&key)).collect();
        let order: Vec<SortExpr> = item
            .sort
            .iter()
            .filter_map(|(key, descending)| {
                existing(input, key).map(|key| SortExpr::new(column(&key), !descending, !descending))
            })
            .collect();
        let frame = frame(item, order.is_empty())?;
        let mut builder = function.partition_by(by);
        // Sorting by fields that are gone is no sorting; an empty list would ask for a range over nothing.
        if !order.is_empty() {
            builder = builder.order_by(order);
        }
        if !matches!(item.call.function.as_str(), "row_number" | "rank" | "dense_rank" | "lag") {
            builder = builder.window_frame(frame);
        }
        Ok(builder.build()?)
    }

    fn window_function(&self, input: &LogicalPlan, call: &ir::AggregateCall) -> Result<Expr, EngineError> {
        use datafusion::functions_window::expr_fn as window;
        match call.function.as_str() {
            "row_number" => return Ok(window::row_number()),
            "rank" => return Ok(window::rank()),
            "dense_rank" => return Ok(window::dense_rank()),
            _ => {}
        }
        if let Some(argument) = call.argument.as_ref().filter(|_| is_navigation(&call.function)) {
            let value = self.exprs(input).lower(argument)?;
            return Ok(match call.function.as_str() {
                "lag" => window::lag(value, Some(lag_offset(call)), self.lag_default(input, call)?),
                "first_value" => window::first_value(value),
                _ => window::last_value(value),
            });
        }
        match self.framed(input, call)? {
            Some(framed) => aggregate_over(framed),
            None => aggregate_over(self.aggregate_expr(input, call)?),
        }
    }

    /// Aggregates that need a form of their own over frames. What is approximate over groups is exact here.
    fn framed(&self, input: &LogicalPlan, call: &ir::AggregateCall) -> Result<Option<Expr>, EngineError> {
        let Some(argument) = &call.argument else { return Ok(None) };
        let value = || self.exprs(input).lower(argument);
        Ok(Some(match call.function.as_str() {
            "count_distinct" | "approx_count" => framed::count_distinct(value()?),
            "earliest" | "first" => framed::earliest(value()?, column(&time_of(input)?)),
            "latest" | "last" => framed::latest(value()?, column(&time_of(input)?)),
            _ => return Ok(None),
        }))
    }

    /// The value of `lag` where there is no such row, in the type of its field.
    fn lag_default(
        &self,
        input: &LogicalPlan,
        call: &ir::AggregateCall,
    ) -> Result<Option<ScalarValue>, EngineError> {
        let Some(default) = call.parameters.get(1) else { return Ok(None) };
        match self.exprs(input).lower(default)? {
            Expr::Literal(value, _) => Ok(Some(value.cast_to(&arrow_type(&call.ty)).unwrap_or(value))),
            _ => Err(EngineError::Query("the default of `lag` must be a literal".to_owned())),
        }
    }
}

fn is_navigation(function: &str) -> bool {
    matches!(function, "lag" | "first_value" | "last_value")
}

/// DataFusion reads a missing offset as none at all.
fn lag_offset(call: &ir::AggregateCall) -> i64 {
    match call.parameters.first().map(|parameter| &parameter.kind) {
        Some(ir::ExprKind::Int(offset)) => *offset,
        _ => 1,
    }
}

/// An aggregate expression made into a window expression.
fn aggregate_over(expr: Expr) -> Result<Expr, EngineError> {
    let Expr::AggregateFunction(call) = expr else {
        return Err(EngineError::internal("a window call that is no aggregate"));
    };
    // DataFusion takes no notice of either over frames: `framed.rs` has what needs them.
    if call.params.distinct || !call.params.order_by.is_empty() {
        return Err(EngineError::internal("an aggregate with an order or `distinct` over frames"));
    }
    let function = WindowFunctionDefinition::AggregateUDF(call.func);
    let mut window = WindowFunction::new(function, call.params.args);
    window.params.filter = call.params.filter;
    Ok(Expr::from(window))
}

/// An aggregate over the whole partition.
pub(super) fn over(expr: Expr, by: Vec<Expr>) -> Result<Expr, EngineError> {
    let whole = WindowFrame::new(None);
    Ok(aggregate_over(expr)?.partition_by(by).window_frame(whole).build()?)
}

/// No `sort` and no `between`: the whole partition. `sort` alone: up to the current row.
fn frame(item: &WindowCall, unordered: bool) -> Result<WindowFrame, EngineError> {
    let Some((start, end, range)) = item.frame else {
        if unordered {
            return Ok(WindowFrame::new(None));
        }
        let start = WindowFrameBound::Preceding(ScalarValue::UInt64(None));
        return Ok(WindowFrame::new_bounds(WindowFrameUnits::Rows, start, WindowFrameBound::CurrentRow));
    };
    if let (Some(start), Some(end)) = (start, end)
        && end < start
    {
        return Err(EngineError::Query(format!(
            "the frame `between {start} and {end}` ends before it starts"
        )));
    }
    if range && unordered {
        // Without a sort key that is left, all rows are peers.
        return Ok(WindowFrame::new(None));
    }
    let units = if range { WindowFrameUnits::Range } else { WindowFrameUnits::Rows };
    let start = bound(start, true, range);
    let end = bound(end, false, range);
    Ok(WindowFrame::new_bounds(units, start, end))
}

fn bound(offset: Option<i64>, start: bool, range: bool) -> WindowFrameBound {
    let scalar = |distance: i64| {
        if range {
            ScalarValue::Int64(Some(distance))
        } else {
            ScalarValue::UInt64(Some(distance.unsigned_abs()))
        }
    };
    match offset {
        None if start => WindowFrameBound::Preceding(ScalarValue::UInt64(None)),
        None => WindowFrameBound::Following(ScalarValue::UInt64(None)),
        Some(0) => WindowFrameBound::CurrentRow,
        Some(n) if n < 0 => WindowFrameBound::Preceding(scalar(n.saturating_neg())),
        Some(n) => WindowFrameBound::Following(scalar(n)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_follow_the_manual() {
        assert_eq!(bound(Some(-2), true, false), WindowFrameBound::Preceding(ScalarValue::UInt64(Some(2))));
        assert_eq!(bound(Some(0), false, false), WindowFrameBound::CurrentRow);
        assert_eq!(bound(None, false, true), WindowFrameBound::Following(ScalarValue::UInt64(None)));
    }
}

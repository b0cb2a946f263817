//! `join` and `union`.

use atalanta_xql::ir::{self, JoinColumn};
use atalanta_xql::syntax::ast::JoinKind;
use datafusion::common::{Column, JoinType};
use datafusion::logical_expr::utils::split_conjunction_owned;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, cast};

use super::expr::{ExprContext, LEFT, RIGHT, first_set};
use super::{Lowering, build, column, existing, hidden_columns, typed_null};
use crate::error::EngineError;
use crate::types::arrow_type;

impl Lowering<'_> {
    pub(super) fn join(
        &self,
        input: LogicalPlan,
        kind: JoinKind,
        right: &ir::Plan,
        condition: &ir::Expr,
        output: &[JoinColumn],
    ) -> Result<LogicalPlan, EngineError> {
        let right = self.inner(right)?;
        let left = build(LogicalPlanBuilder::from(input).alias(LEFT))?;
        let right = build(LogicalPlanBuilder::from(right).alias(RIGHT))?;
        let context = ExprContext {
            lowering: Some(self),
            schema: left.schema(),
            now: Some(self.context.now),
            sides: Some((left.schema(), right.schema())),
        };
        let condition = context.lower(condition)?;
        let join_type = match kind {
            JoinKind::Inner => JoinType::Inner,
            JoinKind::Left => JoinType::Left,
            JoinKind::Right => JoinType::Right,
        };
        let shown = self.join_columns(&left, &right, output);
        let on = split_conjunction_owned(condition);
        let joined = build(LogicalPlanBuilder::from(left).join_on(right, join_type, on))?;
        build(LogicalPlanBuilder::from(joined).project(shown))
    }

    fn join_columns(&self, left: &LogicalPlan, right: &LogicalPlan, output: &[JoinColumn]) -> Vec<Expr> {
        let mut shown: Vec<Expr> = Vec::with_capacity(output.len());
        let mut names: Vec<String> = Vec::new();
        for join_column in output {
            let (side, plan, other_side, other) =
                if join_column.from_right { (RIGHT, right, LEFT, left) } else { (LEFT, left, RIGHT, right) };
            let Some(name) = existing(plan, &join_column.source) else { continue };
            let mut value = qualified(side, &name);
            let fallback = join_column.fallback.as_ref().and_then(|name| existing(other, name));
            if let Some(fallback) = fallback {
                let both = vec![value, qualified(other_side, &fallback)];
                value = first_set(both).unwrap_or_else(|| qualified(side, &name));
            }
            shown.push(value.alias(&join_column.name));
            names.push(join_column.name.to_lowercase());
        }
        if self.context.provenance {
            shown.extend(hidden_sides(left, right));
        }
        shown
    }

    pub(super) fn union(
        &self,
        input: LogicalPlan,
        right: &ir::Plan,
        row: &ir::Row,
    ) -> Result<LogicalPlan, EngineError> {
        let right = self.inner(right)?;
        let hidden = hidden_columns(&input);
        let names: Vec<(String, Option<atalanta_schema::Type>)> = row
            .columns
            .iter()
            .filter(|c| existing(&input, &c.name).is_some() || existing(&right, &c.name).is_some())
            .map(|c| (c.name.clone(), Some(c.ty.clone())))
            .chain(hidden.into_iter().map(|name| (name, None)))
            .collect();
        let left = shaped(input, &right, &names)?;
        let right = shaped(right, &left, &names)?;
        build(LogicalPlanBuilder::from(left).union(right))
    }
}

/// Where the joined rows came from: the left side keeps its names, the right side's get the next free number.
fn hidden_sides(left: &LogicalPlan, right: &LogicalPlan) -> Vec<Expr> {
    let left_hidden = hidden_columns(left);
    let mut shown: Vec<Expr> = left_hidden.iter().map(|name| qualified(LEFT, name).alias(name)).collect();
    let number = left_hidden.len() / 2 + 1;
    for name in hidden_columns(right) {
        let base =
            if name.starts_with(crate::tables::PATH) { crate::tables::PATH } else { crate::tables::LINE };
        let offset = name.strip_prefix(base).and_then(|rest| rest.parse::<usize>().ok()).unwrap_or(1) - 1;
        shown.push(qualified(RIGHT, &name).alias(format!("{base}{}", number + offset)));
    }
    shown
}

fn qualified(side: &str, name: &str) -> Expr {
    Expr::Column(Column::new(Some(side), name))
}

/// The columns of a union in one order, of one type.
fn shaped(
    plan: LogicalPlan,
    other: &LogicalPlan,
    names: &[(String, Option<atalanta_schema::Type>)],
) -> Result<LogicalPlan, EngineError> {
    let mut exprs = Vec::with_capacity(names.len());
    for (name, ty) in names {
        let known = ty.as_ref().filter(|ty| !matches!(ty, atalanta_schema::Type::Any)).map(arrow_type);
        let wanted = known.or_else(|| {
            let twin = existing(other, name).or_else(|| existing(&plan, name))?;
            let schema = if existing(other, name).is_some() { other.schema() } else { plan.schema() };
            schema.fields().iter().find(|field| *field.name() == twin).map(|field| field.data_type().clone())
        });
        let value = match existing(&plan, name) {
            Some(found) => column(&found),
            None => typed_null(ty.as_ref().unwrap_or(&atalanta_schema::Type::String)),
        };
        exprs.push(match wanted {
            Some(wanted) => cast(value, wanted).alias(name),
            None => value.alias(name),
        });
    }
    build(LogicalPlanBuilder::from(plan).project(exprs))
}

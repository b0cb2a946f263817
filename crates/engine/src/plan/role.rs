//! `getrole`: the roles of a user or host, from the lookup dataset `asset_roles`.
//!
//! Cortex assigns roles by an engine of its own. Here they are a table with one row for each pair: `asset`, a user
//! (`NETBIOS\sam`) or an agent id, and `role`. Without the table no asset has a role.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field};
use datafusion::common::{Column, JoinType, ScalarValue};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, cast, lit};

use super::expr::first_set;
use super::values::values_udaf;
use super::{Lowering, build, column, existing, project_over};
use crate::error::EngineError;
use crate::functions;

/// The dataset that holds the roles.
pub const ROLE_TABLE: &str = "asset_roles";

const LEFT: &str = "__left";
const KEY: &str = "__asset";
const ROLES: &str = "__roles";

impl Lowering<'_> {
    pub(super) fn roles(
        &self,
        input: LogicalPlan,
        asset: &str,
        name: &str,
    ) -> Result<LogicalPlan, EngineError> {
        let known = self.context.datasets.iter().any(|dataset| dataset.name == ROLE_TABLE);
        let Some(asset) = existing(&input, asset).filter(|_| known) else {
            return project_over(input, vec![(name.to_owned(), no_roles())]);
        };
        let table = self.role_table()?;
        let fields: Vec<String> = input.schema().fields().iter().map(|field| field.name().clone()).collect();
        let left = build(LogicalPlanBuilder::from(input).alias(LEFT))?;
        let of_left = |name: &str| Expr::Column(Column::new(Some(LEFT), name));
        let on = folded(of_left(&asset))?.eq(column(KEY));
        let joined = build(LogicalPlanBuilder::from(left).join_on(table, JoinType::Left, [on]))?;
        let roles = first_set(vec![column(ROLES), no_roles()])
            .ok_or_else(|| EngineError::internal("two values have a first one"))?;
        let mut shown: Vec<Expr> = Vec::with_capacity(fields.len() + 1);
        let mut placed = false;
        for field in &fields {
            let replaced = field.eq_ignore_ascii_case(name);
            placed |= replaced;
            shown.push(if replaced { roles.clone() } else { of_left(field) }.alias(field));
        }
        if !placed {
            shown.push(roles.alias(name));
        }
        build(LogicalPlanBuilder::from(joined).project(shown))
    }

    /// One row for each asset with the array of its roles.
    fn role_table(&self) -> Result<LogicalPlan, EngineError> {
        let outside_time = Self { timeframe: None, narrow: false, ..*self };
        let rows = outside_time.source(&[ROLE_TABLE.to_owned()], &atalanta_xql::ir::Row::default())?;
        let (Some(asset), Some(role)) = (existing(&rows, "asset"), existing(&rows, "role")) else {
            let text = format!("the dataset `{ROLE_TABLE}` needs the columns `asset` and `role`");
            return Err(EngineError::Query(text));
        };
        let shown =
            vec![folded(column(&asset))?.alias(KEY), cast(column(&role), DataType::Utf8View).alias("__role")];
        let rows = build(LogicalPlanBuilder::from(rows).project(shown))?;
        let rows = build(LogicalPlanBuilder::from(rows).filter(column(KEY).is_not_null()))?;
        let roles = values_udaf().call(vec![column("__role")]).alias(ROLES);
        build(LogicalPlanBuilder::from(rows).aggregate(vec![column(KEY)], vec![roles]))
    }
}

/// Names of accounts and hosts do not depend on letter case.
fn folded(value: Expr) -> Result<Expr, EngineError> {
    let lower =
        functions::lookup("lowercase").ok_or_else(|| EngineError::internal("lowercase is not registered"))?;
    Ok(lower.call(vec![cast(value, DataType::Utf8View)]))
}

fn no_roles() -> Expr {
    let field = Arc::new(Field::new_list_field(DataType::Utf8View, true));
    let empty = ScalarValue::new_list_nullable(&[], field.data_type());
    lit(ScalarValue::List(empty))
}

//! Where filters run: inside the scan with late materialization, or above it.
//!
//! Inside the scan a filter decodes only its own columns first and the other columns only for the rows that
//! pass. That pays for tests of text, which are dear to decode and usually selective; it costs two to three
//! times as much for cheap tests of numbers that many rows pass (`ENGINE.md` section 3, hunt H08). Row groups
//! and pages are skipped by their statistics either way.

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{Expr, LogicalPlan};

/// Names of the string predicates of [`crate::kernels::predicate_udf`].
const STRING_PREDICATES: &[&str] = &[
    "all_of",
    "contains_ci",
    "contains",
    "wildcard_ci",
    "wildcard",
    "equals_ci",
    "in_list_ci",
    "in_list",
    "regex_match",
];

/// Whether some filter of the plan tests text.
pub(crate) fn filters_text(plan: &LogicalPlan) -> bool {
    let mut found = false;
    let visit = |node: &LogicalPlan| {
        let predicates: Vec<&Expr> = match node {
            LogicalPlan::Filter(filter) => vec![&filter.predicate],
            LogicalPlan::TableScan(scan) => scan.filters.iter().collect(),
            _ => Vec::new(),
        };
        found |= predicates.into_iter().any(tests_text);
        Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    };
    // The visitor cannot fail, and without an answer the safe choice is to filter above the scan.
    plan.apply_with_subqueries(visit).is_ok() && found
}

fn tests_text(predicate: &Expr) -> bool {
    predicate
        .exists(|expr| {
            let Expr::ScalarFunction(call) = expr else { return Ok(false) };
            Ok(STRING_PREDICATES.contains(&call.func.name()))
        })
        .unwrap_or(false)
}

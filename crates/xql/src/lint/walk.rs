//! Visits the stages and expressions of a query, its sub-queries included.

use crate::syntax::ast::{Expr, ExprKind, JoinSide, Query, Stage, StageKind};

/// Calls `visit` for every query of the tree, outermost first.
pub(super) fn queries<'a>(query: &'a Query, visit: &mut dyn FnMut(&'a Query)) {
    visit(query);
    for stage in &query.stages {
        match &stage.kind {
            StageKind::Join(join) => side(&join.right, visit),
            StageKind::Union(union) => side(&union.right, visit),
            _ => {}
        }
        for expr in stage_expressions(stage) {
            expr.walk(&mut |expr| {
                if let ExprKind::InQuery { query, .. } = &expr.kind {
                    queries(query, visit);
                }
            });
        }
    }
}

fn side<'a>(side: &'a JoinSide, visit: &mut dyn FnMut(&'a Query)) {
    if let JoinSide::Query(query) = side {
        queries(query, visit);
    }
}

/// Every stage of the query and its sub-queries.
pub(super) fn stages(query: &Query) -> Vec<&Stage> {
    let mut out = Vec::new();
    queries(query, &mut |query| out.extend(&query.stages));
    out
}

/// Every expression of these stages, parents before children.
pub(super) fn expressions<'a>(stages: &[&'a Stage]) -> Vec<&'a Expr> {
    let mut out = Vec::new();
    for &stage in stages {
        for expr in stage_expressions(stage) {
            expr.walk(&mut |expr| out.push(expr));
        }
    }
    out
}

/// The expressions that stand directly in a stage.
pub(super) fn stage_expressions(stage: &Stage) -> Vec<&Expr> {
    match &stage.kind {
        StageKind::Filter(condition) | StageKind::Drop(condition) => vec![condition],
        StageKind::Alter(assigns) => assigns.iter().map(|assign| &assign.value).collect(),
        StageKind::Comp(comp) => comp.aggregates.iter().flat_map(|a| &a.arguments).collect(),
        StageKind::Window(items) => items.iter().flat_map(|item| &item.call.arguments).collect(),
        StageKind::Join(join) => join.condition.iter().collect(),
        StageKind::ReplaceNull { value, .. } => vec![value],
        _ => Vec::new(),
    }
}

/// The conditions of the filter stages of one pipeline, split at `and`.
pub(super) fn conjuncts(query: &Query) -> Vec<(usize, &Expr)> {
    let mut out = Vec::new();
    for (at, stage) in query.stages.iter().enumerate() {
        if let StageKind::Filter(condition) = &stage.kind {
            split(at, condition, &mut out);
        }
    }
    out
}

fn split<'a>(at: usize, expr: &'a Expr, out: &mut Vec<(usize, &'a Expr)>) {
    match &expr.unparen().kind {
        ExprKind::Logic { and: true, operands } => {
            for operand in operands {
                split(at, operand, out);
            }
        }
        _ => out.push((at, expr)),
    }
}

//! # What it does
//! Reports columns that a join overwrites although the query tested them before.
//! # Why it matters
//! Under the default conflict strategy the joined row wins for every column of the same name. Filters
//! behind the join then test the joined event, and values of the first event are gone from the result.
//! # Example
//! ```xql
//! filter event_type = NETWORK
//! | join (dataset = xdr_data) as r r.session_id = session_id
//! | filter event_type = PROCESS
//! ```
//! # Instead
//! ```xql
//! filter event_type = NETWORK
//! | join (
//!     dataset = xdr_data
//!     | filter event_type = PROCESS
//!     | fields session_id, action_process_command_line
//!   ) as r r.session_id = session_id
//! ```
//! # Limits
//! Only joins of a dataset or of a query without a `fields` stage are looked at. The repair is offered by
//! the lint for joins without a time bound.

use std::collections::BTreeSet;

use atalanta_diag::{Code, Diagnostic, Severity};

use crate::lint::{Context, Group, Rule, walk};
use crate::syntax::ast::{Expr, ExprKind, Join, JoinSide, Stage, StageKind, Strategy};

pub(crate) const RULE: Rule = Rule {
    code: Code("XN007"),
    name: "overwritten-by-join",
    severity: Severity::Warning,
    strict: Severity::Warning,
    group: Group::Names,
    summary: "columns of the first event are overwritten by a join",
    source: include_str!("overwritten_by_join.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let stages = &context.query().stages;
    let mut out = Vec::new();
    for (at, stage) in stages.iter().enumerate() {
        let StageKind::Join(join) = &stage.kind else { continue };
        if !brings_whole_rows(join) || matches!(join.strategy, Some((Strategy::Left | Strategy::Both, _))) {
            continue;
        }
        let before = tested(&stages[..at]);
        let lost: Vec<_> =
            used(&stages[at + 1..]).intersection(&before).map(|name| format!("`{name}`")).collect();
        if lost.is_empty() {
            continue;
        }
        let message = format!("behind the join {} belong to the joined row", lost.join(", "));
        out.push(
            RULE.report(context, stage.keyword, message)
                .note("the default conflict strategy takes the joined row's value for every common column")
                .help("filter inside the joined query and list the columns that the result needs"),
        );
    }
    out
}

/// Whether the joined side has all columns of its dataset.
pub(crate) fn brings_whole_rows(join: &Join) -> bool {
    match &join.right {
        JoinSide::Dataset(_) => true,
        JoinSide::Query(query) => query.stages.iter().all(|stage| {
            matches!(stage.kind, StageKind::Source(_) | StageKind::Filter(_) | StageKind::Config(_))
        }),
        JoinSide::Missing(_) => false,
    }
}

/// Fields that the filters of these stages test, lower case.
pub(crate) fn tested(stages: &[Stage]) -> BTreeSet<String> {
    let filters = stages.iter().filter(|stage| matches!(stage.kind, StageKind::Filter(_)));
    filters.flat_map(walk::stage_expressions).flat_map(left_names).collect()
}

fn left_names(condition: &Expr) -> Vec<String> {
    let mut out = Vec::new();
    condition.walk(&mut |expr| {
        if let ExprKind::Binary { left, .. } | ExprKind::In { left, .. } = &expr.kind {
            out.extend(left.as_name().map(str::to_lowercase));
        }
    });
    out
}

/// Fields that these stages test or show, lower case.
fn used(stages: &[Stage]) -> BTreeSet<String> {
    let mut out = tested(stages);
    for stage in stages {
        if let StageKind::Fields(fields) = &stage.kind {
            out.extend(fields.items.iter().map(|item| item.pattern.folded()));
        }
    }
    out
}

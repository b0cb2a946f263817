//! # What it does
//! Reports a sort direction behind its field, once per stage.
//! # Why it matters
//! Cortex XQL writes the direction before the field.
//! # Example
//! ```xql
//! sort action_network_bytes_out desc
//! ```
//! # Instead
//! ```xql
//! sort desc action_network_bytes_out
//! ```
//! # Limits
//! A key without a direction is ascending and not reported.

use atalanta_diag::{Code, Diagnostic, Edit, Fix, Severity};

use crate::lint::{Context, Group, Rule};
use crate::syntax::ast::{SortKey, StageKind};

pub(crate) const RULE: Rule = Rule {
    code: Code("XC008"),
    name: "sort-direction",
    severity: Severity::Warning,
    strict: Severity::Error,
    group: Group::Cortex,
    summary: "sort direction behind the field",
    source: include_str!("sort_direction.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    for stage in context.stages() {
        let StageKind::Sort(keys) = &stage.kind else { continue };
        let reversed: Vec<_> = keys.iter().filter(|key| key.direction_after).collect();
        let Some(first) = reversed.first() else { continue };
        let edits = reversed.iter().map(|key| Edit::new(key.span, standard(context, key))).collect();
        let title = format!("write `{}`", standard(context, first));
        let report = RULE.report(context, first.span, "the sort direction stands before its field");
        out.push(report.fix(Fix::safe(title, edits)));
    }
    out
}

fn standard(context: &Context<'_>, key: &SortKey) -> String {
    let direction = if key.descending == Some(true) { "desc" } else { "asc" };
    format!("{direction} {}", context.slice(key.field.span))
}

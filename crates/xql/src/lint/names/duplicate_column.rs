//! # What it does
//! Reports two result columns of one name in a stage.
//! # Why it matters
//! Only one of them can be kept, and which one is not evident from the text.
//! # Example
//! ```xql
//! comp count() as n, sum(action_network_bytes_out) as n
//! ```
//! # Instead
//! ```xql
//! comp count() as n, sum(action_network_bytes_out) as total
//! ```
//! # Limits
//! Columns of the two sides of a join follow the conflict strategy and are not reported.

use atalanta_diag::{Code, Diagnostic, Severity};

use crate::facts::FactKind;
use crate::lint::{Context, Group, Rule};

pub(crate) const RULE: Rule = Rule {
    code: Code("XN005"),
    name: "duplicate-column",
    severity: Severity::Warning,
    strict: Severity::Error,
    group: Group::Names,
    summary: "two columns of one name",
    source: include_str!("duplicate_column.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    for fact in context.facts() {
        if let FactKind::DuplicateColumn { name } = &fact.kind {
            out.push(RULE.report(context, fact.span, format!("two columns of this stage are named `{name}`")));
        }
    }
    out
}

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

use atalanta_diag::{Code, Diagnostic, Severity, Span};

use crate::facts::FactKind;
use crate::lint::{Context, Group, Rule};
use crate::syntax::ast::{Name, StageKind};

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
    let mut found: Vec<(Span, &str)> = Vec::new();
    for fact in context.facts() {
        if let FactKind::DuplicateColumn { name } = &fact.kind {
            found.push((fact.span, name));
        }
    }
    for stage in context.stages() {
        let StageKind::Comp(comp) = &stage.kind else { continue };
        let mut seen: Vec<&Name> = comp.by.iter().collect();
        for aggregate in &comp.aggregates {
            let Some(alias) = &aggregate.alias else { continue };
            let known = found.iter().any(|(span, _)| *span == aggregate.span);
            if !known && !alias.is("*") && seen.iter().any(|other| other.folded() == alias.folded()) {
                found.push((alias.span, &alias.text));
            }
            seen.push(alias);
        }
    }
    let report =
        |(span, name)| RULE.report(context, span, format!("two columns of this stage are named `{name}`"));
    found.into_iter().map(report).collect()
}

//! # What it does
//! Reports fields that are reached by another name of their column.
//! # Why it matters
//! `event_time_ts` and other invented names do not exist in Cortex. Names that Cortex has are read here
//! as the column with the same meaning; nothing has to change for them.
//! # Example
//! ```xql
//! sort desc event_time_ts
//! ```
//! # Instead
//! ```xql
//! sort desc _time
//! ```
//! # Limits
//! Only a name that Cortex does not know is reported, once per name.

use std::collections::BTreeMap;

use atalanta_diag::{Code, Diagnostic, Edit, Fix, Severity, Span};
use atalanta_schema::Catalog;

use crate::facts::FactKind;
use crate::lint::{Context, Group, Rule};

pub(crate) const RULE: Rule = Rule {
    code: Code("XC010"),
    name: "field-alias",
    severity: Severity::Warning,
    strict: Severity::Error,
    group: Group::Cortex,
    summary: "another name of a column",
    source: include_str!("field_alias.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut names: BTreeMap<(&str, &str), Vec<Span>> = BTreeMap::new();
    for fact in context.facts() {
        if let FactKind::AliasField { alias, column, alias_is_cortex: false } = &fact.kind {
            names.entry((alias, column)).or_default().push(fact.span);
        }
    }
    // A lost field keeps the name that was written: it is renamed together with the others.
    for fact in context.facts() {
        let FactKind::LostField { name, .. } = &fact.kind else { continue };
        let Some(found) = context.dataset.and_then(|dataset| dataset.field(name)) else { continue };
        if found.via_alias.is_some() && !Catalog::builtin().is_cortex_field(name) {
            names.entry((name, &found.field.name)).or_default().push(fact.span);
        }
    }
    let mut out = Vec::new();
    for ((alias, column), mut spans) in names {
        spans.sort();
        spans.dedup();
        let Some(first) = spans.first().copied() else { continue };
        let edits = spans.iter().map(|span| Edit::new(*span, column)).collect();
        let report =
            RULE.report(context, first, format!("Cortex has no field `{alias}`; the column is `{column}`"));
        out.push(report.fix(Fix::safe(format!("write `{column}`"), edits)));
    }
    out
}
